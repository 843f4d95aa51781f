// @ts-check
/** The guest's screens beside the call: what the invitation is, and how it ended. */
import { byId, setIcon, setText } from "./ui.js";

/** @typedef {import("./texts.js").Texts} Texts */

/** @param {Texts} t @param {string} kind what the link says; the server decides @returns {string} */
function leadOf(t, kind) {
  if (kind === "guardian") return t.guest_lead_guardian;
  if (kind === "interpreter") return t.guest_lead_interpreter;
  return kind === "colleague" ? t.guest_lead_colleague : t.guest_lead;
}

/** @param {Texts} t @param {string} kind @param {boolean} joining @param {string} failed */
export function drawInvited(t, kind, joining, failed) {
  setText(byId("guest-lead"), leadOf(t, kind));
  byId("join").setAttribute("aria-busy", String(joining));
  setText(byId("join-words"), joining ? t.connecting : t.guest_join);
  setText(byId("join-error"), failed === "busy" ? t.guest_busy : failed ? t.guest_unreachable : "");
}

/** @param {Texts} t @param {string} why no_link, refused, left, removed or over */
export function drawEnded(t, why) {
  const words = /** @type {Record<string, [string, string, string]>} */ ({
    no_link: [t.guest_no_link, t.guest_no_link_text, "people"],
    refused: [t.guest_refused, t.guest_refused_text, "lock"],
    left: [t.guest_left, t.guest_left_text, "check"],
    removed: [t.guest_removed, t.guest_removed_text, "door"],
  });
  const [title, text, picture] = words[why] ?? [t.guest_over, t.guest_over_text, "check"];
  setText(byId("ended-title"), title);
  setText(byId("ended-text"), text);
  setIcon(byId("ended-icon"), picture);
}
