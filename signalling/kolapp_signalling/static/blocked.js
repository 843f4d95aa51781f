// @ts-check
/** The screen for a connection that has ended for good, with the one way on. */
import { forgetToken } from "./session.js";
import { byId, setText } from "./ui.js";

/** @typedef {import("./texts.js").Texts} Texts */

/**
 * @param {string} reason of the client's `closed`
 * @param {Texts} t
 * @param {boolean} inLine somebody's place is at stake
 * @returns {{title: string, text: string, button: string}}
 */
function words(reason, t, inLine) {
  if (reason === "taken_over") {
    return { title: t.blocked_taken_over, text: t.blocked_taken_over_text, button: t.use_here };
  }
  if (reason === "bad_token") {
    const text = inLine ? t.blocked_bad_token_place : t.blocked_bad_token_text;
    return { title: t.blocked_bad_token, text, button: t.sign_in };
  }
  return { title: t.blocked_refused, text: t.blocked_refused_text, button: t.reload };
}

/** @param {string} reason @param {Texts} t @param {boolean} [inLine] */
export function drawBlocked(reason, t, inLine = false) {
  const { title, text, button } = words(reason, t, inLine);
  setText(byId("blocked-title"), title);
  setText(byId("blocked-text"), text);
  setText(byId("unblock"), button);
}

/** Where the provider's people sign in, as its server was told; "" if it was not. */
const signInAddress = () => /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="kolapp-sign-in"]'))?.content ?? "";

/**
 * @param {string} reason
 * @param {import("./kolapp.js").KolappClient} client
 * @param {import("./session.js").Role} role
 */
export function unblock(reason, client, role) {
  if (reason === "taken_over") return client.connect();
  if (reason === "bad_token") {
    forgetToken(role);
    const address = signInAddress();
    if (address) return location.assign(address);
  }
  location.reload();
}
