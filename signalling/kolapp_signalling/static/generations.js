// @ts-check
/** Which leg of mine is the newest: numbers that grow. */

const KEY = "kolapp.generation";

/**
 * The next generation of my leg in this visit. It must grow over a reload of the page too, or the
 * node takes the new page's leg for the old one's shadow.
 * @param {string} visit @param {number} atLeast
 */
export function nextGeneration(visit, atLeast) {
  const [keptVisit, kept] = (sessionStorage.getItem(KEY) ?? "").split(" ");
  const last = keptVisit === visit ? Number(kept) : 0;
  const next = Math.max(last + 1, atLeast);
  sessionStorage.setItem(KEY, `${visit} ${next}`);
  return next;
}
