// @ts-check
/** A link that a clinician gives to a patient: who joins by it may wait for that clinician alone. */

/**
 * In the fragment, which no browser sends: it stands in no server's log. Pure.
 * @param {string} origin @param {string} person of the clinician's welcome
 */
export function revisitLink(origin, person) {
  return `${origin}/patient#clinician=${person}`;
}

/** The clinician whom the page's address names; "" if none. Pure. @param {string} hash */
export function namedIn(hash) {
  return /^#clinician=([A-Za-z0-9_-]{1,64})$/.exec(hash)?.[1] ?? "";
}
