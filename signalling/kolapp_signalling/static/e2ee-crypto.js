// @ts-check
/**
 * What a round of keys is made of: P-256, SHA-256, HKDF and AES-GCM, by the browser's WebCrypto. Pure.
 *
 * P-256 and not X25519: every browser that can transform encoded frames has it. Everything that is
 * hashed is the JSON of a list of texts and numbers behind a label of its own, so that no two
 * things have the same bytes.
 */

/** @typedef {import("./e2ee-frames.js").FrameKey} FrameKey */
/** @typedef {{name: string, instance: string, open: string}} Public one participant's public key, base64url */

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const LABEL = "kolapp e2ee 1";
const CODE_DIGITS = 6;
const KEY_BYTES = 16;
const SALT_BYTES = 12;
const IV_BYTES = 12;

/** @param {...unknown} parts */
const bytes = (...parts) => new TextEncoder().encode(JSON.stringify([LABEL, ...parts]));

/** @param {number} count */
const random = (count) => crypto.getRandomValues(new Uint8Array(count));

/** @param {ArrayBuffer | Uint8Array} data */
export function toText(data) {
  const binary = String.fromCharCode(...new Uint8Array(data));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text base64url @returns {Uint8Array} throws for what is none */
export function fromText(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
}

/** Who somebody is as long as the page lives: a page that was loaded again is somebody new. */
export const newInstance = () => toText(random(12));

/** Key ids begin anywhere, so that a page that was loaded again has others. */
export const firstId = () => new DataView(random(4).buffer).getUint32(0);

/** A pair of keys for one round. */
export async function newPair() {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  return { secret: pair.privateKey, open: toText(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

/** @param {...unknown} parts */
const hash = async (...parts) => toText(await crypto.subtle.digest("SHA-256", bytes(...parts)));

/**
 * What somebody says of a public key before showing it.
 * @param {string} visit @param {number} round @param {Public} who
 */
export const commitment = (visit, round, { name, instance, open }) => hash("commit", visit, round, name, instance, open);

/**
 * All that a round agreed on, as one text: who was there, and with which keys.
 * @param {string} visit @param {number} round @param {Public[]} people in the order of seats
 */
export const transcript = (visit, round, people) =>
  hash("transcript", visit, round, people.map(({ name, instance, open }) => [name, instance, open]));

/** The digits that people read to each other. @param {string} agreed the transcript */
export async function shortCode(agreed) {
  const digest = await crypto.subtle.digest("SHA-256", bytes("code", agreed));
  const number = new DataView(digest).getBigUint64(0) % 10n ** BigInt(CODE_DIGITS);
  return String(number).padStart(CODE_DIGITS, "0");
}

/**
 * The two keys between two people: what one seals, the other opens.
 * @param {CryptoKey} secret mine @param {string} open theirs @param {string} agreed the transcript
 * @param {string} me @param {string} other
 * @returns {Promise<{seals: CryptoKey, opens: CryptoKey}>} throws for what is no point of the curve
 */
export async function pairKeys(secret, open, agreed, me, other) {
  const theirs = await crypto.subtle.importKey("raw", fromText(open), CURVE, false, []);
  const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, secret, 256);
  const root = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const derive = (/** @type {string} */ from, /** @type {string} */ to, /** @type {KeyUsage} */ usage) =>
    crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: bytes("salt", agreed), info: bytes("seal", from, to) },
      root, { name: "AES-GCM", length: 128 }, false, [usage],
    );
  return { seals: await derive(me, other, "encrypt"), opens: await derive(other, me, "decrypt") };
}

/** A new key for frames, as it is told to others. @param {number} id */
export function newFrameKey(id) {
  const told = random(4 + KEY_BYTES + SALT_BYTES);
  new DataView(told.buffer).setUint32(0, id);
  return told;
}

/** @param {Uint8Array} told @param {KeyUsage} usage @returns {Promise<FrameKey>} */
export async function frameKey(told, usage) {
  if (told.length !== 4 + KEY_BYTES + SALT_BYTES) throw new RangeError("no key for frames");
  const key = await crypto.subtle.importKey("raw", told.slice(4, 4 + KEY_BYTES), "AES-GCM", false, [usage]);
  return { id: new DataView(told.buffer, told.byteOffset).getUint32(0), key, salt: told.slice(4 + KEY_BYTES) };
}

/** @param {CryptoKey} seals @param {Uint8Array} told */
export async function sealKey(seals, told) {
  const iv = random(IV_BYTES);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, seals, told);
  return `${toText(iv)}.${toText(sealed)}`;
}

/** @param {CryptoKey} opens @param {string} sealed throws for what was sealed by somebody else, or for somebody else */
export async function openKey(opens, sealed) {
  const [iv = "", body = ""] = sealed.split(".");
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: fromText(iv) }, opens, fromText(body)));
}
