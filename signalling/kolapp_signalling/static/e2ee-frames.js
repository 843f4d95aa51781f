// @ts-check
/**
 * Encoded frames, sealed between the participants: the format, and nothing else. Pure.
 *
 * A sealed frame is
 *
 *     clear bytes | AES-128-GCM of the rest | tag (16) | counter (6) | key id (4) | version (1)
 *
 * The clear bytes are what packetizers and bridges look at: the first byte of Opus (RFC 6716, 3.1),
 * the first 3 of a VP8 frame or 10 of a key frame (RFC 6386, 9.1). They and the trailer are
 * authenticated. The nonce is the key's salt XOR (stream | counter), as in SFrame (RFC 9605, 4.4.3);
 * one counter goes over all streams of a key, so no nonce comes twice even if the streams were mixed up.
 * docs/encryption.md says more.
 */

/** @typedef {"audio" | "video"} Kind */
/** @typedef {{id: number, key: CryptoKey, salt: Uint8Array}} FrameKey `id` 0 to 2^32 - 1, `salt` 12 bytes */
/**
 * Why a frame was dropped: no own key yet, a delta frame before the first key frame, another codec
 * than ours; or, coming in, no frame of ours, a key that nobody has given us, one that came before,
 * one too old to tell, one that somebody has changed.
 * @typedef {"no_key" | "no_key_frame" | "codec" | "malformed" | "unknown_key" | "replayed" | "too_old" | "forged"} Drop
 */

export const VERSION = 0xe1;
export const TAG_BYTES = 16;
export const TRAILER_BYTES = 11;
export const NONCE_BYTES = 12;

/** How far behind the newest a frame may come: half a minute of sound and picture together. */
export const WINDOW = 2_048;

/** AES-GCM is not to be used more often with one key (NIST SP 800-38D, 8.3): 600 days of a call. */
export const MOST_FRAMES = 2 ** 32;

const STREAMS = { audio: 0, video: 1 };
const CLEAR = { audio: 1, key: 10, delta: 3 };

/** A frame that is dropped, with the reason. */
export class Dropped extends Error {
  /** @param {Drop} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Whether a VP8 frame can be shown by itself: the frame says so, whatever a browser tells about it. @param {Uint8Array} frame */
export function isKeyFrame(frame) {
  return frame.length > 0 && ((frame[0] ?? 1) & 1) === 0;
}

/** @param {Kind} kind @param {Uint8Array} frame @param {number} length of the frame before it was sealed */
function clearBytes(kind, frame, length) {
  const bytes = kind === "audio" ? CLEAR.audio : isKeyFrame(frame) ? CLEAR.key : CLEAR.delta;
  return Math.min(bytes, length);
}

/** @param {Uint8Array} salt @param {Kind} kind @param {number} counter */
function nonce(salt, kind, counter) {
  const iv = new Uint8Array(NONCE_BYTES);
  const view = new DataView(iv.buffer);
  view.setUint16(0, STREAMS[kind]);
  writeCounter(view, NONCE_BYTES - 6, counter);
  return iv.map((byte, i) => byte ^ (salt[i] ?? 0));
}

/** @param {DataView} view @param {number} at @param {number} counter */
function writeCounter(view, at, counter) {
  view.setUint16(at, Math.floor(counter / 2 ** 32));
  view.setUint32(at + 2, counter % 2 ** 32);
}

/** @param {number} counter @param {number} id */
function trailer(counter, id) {
  const bytes = new Uint8Array(TRAILER_BYTES);
  const view = new DataView(bytes.buffer);
  writeCounter(view, 0, counter);
  view.setUint32(6, id);
  bytes[10] = VERSION;
  return bytes;
}

/** @param {...Uint8Array} parts */
function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @param {FrameKey} key @param {Kind} kind @param {number} counter @param {Uint8Array} clear @param {Uint8Array} end */
function algorithm({ salt }, kind, counter, clear, end) {
  const additionalData = joined(clear, end);
  return { name: "AES-GCM", iv: nonce(salt, kind, counter), additionalData, tagLength: TAG_BYTES * 8 };
}

/** One own key, and how often it was used. Whoever makes a second one of the same key breaks it. */
export class Sealer {
  #counter = 0;

  /** @param {FrameKey} key */
  constructor(key) {
    this.key = key;
  }

  /** @param {Kind} kind @param {Uint8Array} frame @returns {Promise<Uint8Array>} throws `Dropped` */
  async seal(kind, frame) {
    if (this.#counter >= MOST_FRAMES) throw new Dropped("no_key");
    const counter = this.#counter++; // before anything is awaited
    const clear = frame.slice(0, clearBytes(kind, frame, frame.length));
    const end = trailer(counter, this.key.id);
    const how = algorithm(this.key, kind, counter, clear, end);
    const sealed = await crypto.subtle.encrypt(how, this.key.key, frame.slice(clear.length));
    return joined(clear, new Uint8Array(sealed), end);
  }
}

/** Which counters of one stream came already. */
class Window {
  #highest = -1;
  #seen = new Float64Array(WINDOW).fill(-1);

  /** @param {number} counter */
  check(counter) {
    if (counter <= this.#highest - WINDOW) throw new Dropped("too_old");
    if (this.#seen[counter % WINDOW] === counter) throw new Dropped("replayed");
  }

  /** Of an authentic frame only: else anybody could move the window. @param {number} counter */
  mark(counter) {
    this.check(counter);
    this.#seen[counter % WINDOW] = counter;
    this.#highest = Math.max(this.#highest, counter);
  }
}

/** One key of somebody else's, and what came under it. */
export class Opener {
  #windows = { audio: new Window(), video: new Window() };

  /** @param {FrameKey} key */
  constructor(key) {
    this.key = key;
  }

  /** @param {Kind} kind @param {Uint8Array} frame @returns {Promise<Uint8Array>} throws `Dropped` */
  async open(kind, frame) {
    const { counter } = readTrailer(frame);
    this.#windows[kind].check(counter);
    const clear = frame.slice(0, clearBytes(kind, frame, frame.length - TAG_BYTES - TRAILER_BYTES));
    const end = frame.slice(-TRAILER_BYTES);
    const body = frame.slice(clear.length, -TRAILER_BYTES);
    const how = algorithm(this.key, kind, counter, clear, end);
    const opened = await crypto.subtle.decrypt(how, this.key.key, body).catch(() => null);
    if (!opened) throw new Dropped("forged");
    this.#windows[kind].mark(counter);
    return joined(clear, new Uint8Array(opened));
  }
}

/** @param {Uint8Array} frame @returns {{counter: number, id: number}} throws `Dropped` for what is none of ours */
export function readTrailer(frame) {
  const start = frame.length - TRAILER_BYTES;
  if (start < TAG_BYTES || frame[frame.length - 1] !== VERSION) throw new Dropped("malformed");
  const view = new DataView(frame.buffer, frame.byteOffset + start, TRAILER_BYTES);
  return { counter: view.getUint16(0) * 2 ** 32 + view.getUint32(2), id: view.getUint32(6) };
}
