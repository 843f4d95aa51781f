// @ts-check
/** A page's connection: whose token, what wakes it, and the banner when it is gone for a while. */
import { KolappClient, KolappError } from "./kolapp.js";
import { byId, setText } from "./ui.js";

/** @typedef {"patient" | "clinician" | "guest"} Role */

/** Shorter gaps are nobody's business: a false alarm costs more trust than it saves. */
const BANNER_AFTER_MS = 3_000;

/** The server of demo tokens may be slow, but not for ever. */
const TOKEN_WITHIN_MS = 6_000;

/**
 * The embedding app puts the token here, and a newer one before it runs out; this tab only, gone
 * with it.
 * @param {Role} role
 */
const tokenKey = (role) => `kolapp.token.${role}`;

/** @param {Role} role */
export function forgetToken(role) {
  sessionStorage.removeItem(tokenKey(role));
}

/**
 * The token of this tab; in development the server hands out one to those who have none.
 * @param {Role} role
 * @param {string} refused what the server does not take any more: never given twice
 * @returns {Promise<string>} rejects with `bad_token` when there is none to be had here
 */
async function token(role, refused) {
  const kept = sessionStorage.getItem(tokenKey(role));
  if (kept && kept !== refused) return kept;
  const response = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ role, name: demoName(role) }),
    signal: AbortSignal.timeout(TOKEN_WITHIN_MS),
  });
  if (response.status >= 500) throw new Error("The server cannot answer now.");
  if (!response.ok) throw new KolappError("bad_token", "Nobody is signed in here.");
  const { token: fresh } = await response.json();
  sessionStorage.setItem(tokenKey(role), fresh);
  return fresh;
}

/** Who this tab is in development: the same person with each new token. @param {Role} role */
function demoName(role) {
  const key = `kolapp.name.${role}`;
  const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join("");
  const name = sessionStorage.getItem(key) ?? random();
  sessionStorage.setItem(key, name);
  return name;
}

/** @param {Role} role @param {(refused: string) => string | Promise<string>} [ask] for a token, where it is not this tab's */
export function newClient(role, ask = (refused) => token(role, refused)) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return new KolappClient({
    url: `${scheme}://${location.host}/ws`,
    token: ask,
    wakes: [
      [document, "visibilitychange"],
      [window, "pageshow"],
      [window, "online"],
    ],
  });
}

/**
 * Show the banner while the connection is gone, after a short grace.
 * @param {KolappClient} client
 * @param {() => string} words for the screen that is shown now
 * @returns {() => void} to be called when those words may have changed
 */
export function watchConnection(client, words) {
  const banner = byId("offline");
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  const renew = () => {
    if (!banner.hidden) setText(byId("offline-text"), words());
  };
  const show = (/** @type {boolean} */ on) => {
    banner.hidden = !on;
    renew();
  };
  client.addEventListener("state", () => {
    if (client.state !== "open" && client.state !== "closed") {
      timer ??= setTimeout(() => show(true), BANNER_AFTER_MS);
      return;
    }
    clearTimeout(timer);
    timer = undefined;
    show(false);
  });
  return renew;
}

/**
 * What to tell about a request that failed, or null when the screens already tell it.
 * @param {unknown} error
 * @param {import("./texts.js").Texts} t
 */
export function sayError(error, t) {
  const code = error instanceof KolappError ? error.code : "";
  if (code === "closed" || code === "stale_epoch" || code === "wrong_state" || code === "too_late") {
    return null;
  }
  if (code === "unknown_queue") return t.error_unknown_queue;
  if (code === "queue_closed") return t.error_queue_closed;
  if (code === "queue_full") return t.error_queue_full;
  if (code === "past_closing") return t.error_past_closing;
  if (code === "needs_not_allowed") return t.error_needs_not_allowed;
  if (code === "too_long") return t.error_too_long;
  if (code === "intake_unreadable") return t.error_intake_unreadable;
  if (code === "guests_full") return t.error_guests_full;
  if (code === "patient_busy") return t.error_patient_busy;
  if (code === "nobody_waiting") return t.error_nobody_waiting;
  if (code === "timeout" || code === "store_unavailable") return t.error_timeout;
  return t.error_other;
}
