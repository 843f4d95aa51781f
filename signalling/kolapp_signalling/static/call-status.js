// @ts-check
/** What those in a call are told about it, in words. Pure. */

/** @typedef {import("./call-view.js").Status} Status */
/** @typedef {import("./media.js").LegState} LegState */
/** @typedef {import("./texts.js").Texts} Texts */

/**
 * What comes of the other person. `silent`: something came before, and now nothing does although
 * the node answers us; `cut`: the node has not answered either.
 * @typedef {"nothing" | "flowing" | "silent" | "cut"} Flow
 */

/**
 * What lies over the picture.
 * @param {Texts} t
 * @param {string} role mine
 * @param {LegState} leg
 * @param {string} other the other participant's `media`; `several` when each has a tile that says it
 * @param {Flow} flow
 * @param {boolean} [held] the clinician is gone; the visit waits
 * @param {boolean} [crowded] every media node is full
 * @returns {Status}
 */
export function callStatus(t, role, leg, other, flow, held = false, crowded = false) {
  const connecting = role === "patient" ? t.connecting_patient : role === "clinician" ? t.connecting_clinician : t.connecting_guest;
  if (held && role !== "clinician") return { title: t.held, text: t.held_lead, busy: true };
  if (leg === "failed") return { title: t.call_failed, text: "", busy: false };
  if (crowded && leg !== "connected") return { title: t.crowded, text: t.crowded_lead, busy: true };
  if (leg === "reconnecting") return { title: t.reconnecting, text: t.reconnecting_lead, busy: true };
  if (leg !== "connected") return { title: t.connecting, text: connecting, busy: true };
  if (other === "several" && flow !== "cut") return null;
  if (other === "lost") return { title: t.reconnecting, text: t.other_lost, busy: true };
  if (flow === "silent") return { title: t.interrupted, text: t.interrupted_lead, busy: true };
  if (flow === "cut") return { title: t.reconnecting, text: t.reconnecting_lead, busy: true };
  if (flow === "flowing") return null;
  if (other === "connected") return { title: t.connecting, text: connecting, busy: true };
  return { title: t.waiting_other, text: "", busy: true };
}
