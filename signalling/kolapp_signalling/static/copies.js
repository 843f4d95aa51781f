// @ts-check
/** The signed copy of a ticket: it restores the place if the store loses it. This tab only, gone with it. */

/** @typedef {import("./protocol.js").TicketSnapshot} TicketSnapshot */

/** States after which a ticket is not to come back. */
const OVER = new Set(["completed", "left", "no_show", "expired", "transferred"]);

/** @param {string} queue */
const keyOf = (queue) => `kolapp.copy.${queue}`;

/** @param {string} queue */
export function recallCopy(queue) {
  return sessionStorage.getItem(keyOf(queue)) ?? "";
}

/** @param {TicketSnapshot} snapshot */
export function keepCopy({ queue, signed, state }) {
  if (signed) sessionStorage.setItem(keyOf(queue), signed);
  if (OVER.has(state)) sessionStorage.removeItem(keyOf(queue));
}
