// @ts-check
/**
 * What lets a guest in: the code of the link until it is used, then the pass that the server gave for
 * it. This tab only, gone with it, so that a reload comes back and nobody else does.
 */
import { KolappError } from "./protocol.js";

const KEY = "kolapp.guest";

/** The server may be slow, but not for ever. */
const REDEEM_WITHIN_MS = 10_000;

/** A code is checked by the server; this only tells one from a mistyped address. */
const CODE = /^[A-Za-z0-9._~-]{16,2000}$/;

/**
 * `key` makes a repeat safe: a code works once, but as often as its answer is lost on the way.
 * @typedef {{code: string, kind: string, key: string, pass: string, camera: boolean}} Invitation
 */
/** @typedef {"in" | "refused" | "busy" | "unreachable"} Redeemed */

/** Also on a page that is not secure, which says so in words. */
const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** What this tab has, or null. @returns {Invitation | null} */
export function recallInvitation() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Invitation} invitation */
export function keepInvitation(invitation) {
  sessionStorage.setItem(KEY, JSON.stringify(invitation));
}

/**
 * Read the link, and take the code out of the address: there it would be seen over a shoulder and
 * stay in the history. The same link again is the same invitation.
 * @returns {Invitation | null}
 */
export function takeInvitation() {
  const [code = "", rest = ""] = location.hash.slice(1).split("&");
  if (location.hash) history.replaceState(null, "", location.pathname);
  const kept = recallInvitation();
  if (!code || kept?.code === code) return kept;
  if (!CODE.test(code)) return null;
  const kind = new URLSearchParams(rest).get("as") ?? "";
  const invitation = { code, kind, key: random(), pass: "", camera: true };
  keepInvitation(invitation);
  return invitation;
}

/** Use the code. @param {Invitation} invitation @returns {Promise<Redeemed>} */
export async function redeem(invitation) {
  const { code, key } = invitation;
  try {
    const response = await fetch("/api/v1/guest", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code, key }),
      signal: AbortSignal.timeout(REDEEM_WITHIN_MS),
    });
    if (response.status === 429) return "busy";
    if (response.status >= 500) return "unreachable";
    if (!response.ok) return "refused";
    invitation.pass = (await response.json()).token;
  } catch {
    return "unreachable";
  }
  keepInvitation(invitation);
  return "in";
}

/** For the client: there is one pass, and no other after it. @param {string} refused */
export function passOf(refused) {
  const pass = recallInvitation()?.pass ?? "";
  if (!pass || pass === refused) throw new KolappError("bad_token", "The pass has ended.");
  return pass;
}
