// @ts-check
/** From seconds to a range that a person can read, leaning to the late side. Pure. */

/** @typedef {import("./protocol.js").WaitRange} WaitRange */

/**
 * What to say. Minutes in `low` and `high`; `soon` is what is left when the promised time has
 * passed.
 * @typedef {{kind: "unknown", why: string} | {kind: "soon"} | {kind: "less", high: number}
 *   | {kind: "up_to", high: number} | {kind: "range", low: number, high: number}
 *   | {kind: "more", low: number}} WaitWords
 */

/** Ends that are told, as the server does, in seconds; then every quarter of an hour. */
const STEPS_S = [60, 120, 180, 300, 420, 600, 900, 1200, 1500, 1800, 2400, 3000, 3600];
const LONG_S = 900;

/** Above this more precision is pretence. */
const MOST_S = 10_800;

/** "Less than" sounds better for few minutes, "up to" for many. */
const FEW_S = 300;

/** @param {number} wait_s */
function stepUp(wait_s) {
  return STEPS_S.find((step) => wait_s <= step) ?? Math.ceil(wait_s / LONG_S) * LONG_S;
}

/** The last step before, 0 before the first. @param {number} wait_s */
function stepDown(wait_s) {
  if (wait_s >= (STEPS_S.at(-1) ?? 0)) return Math.floor(wait_s / LONG_S) * LONG_S;
  return STEPS_S.findLast((step) => step <= wait_s) ?? 0;
}

/**
 * Counted down between two snapshots. The upper end is rounded up, so it never is below what the
 * server would say now, and a new snapshot without a cause never makes it rise. The lower end waits
 * for a snapshot until its time has passed: counted down from a step, it would fall at once.
 * @param {WaitRange} wait as the snapshot had it
 * @param {number} elapsed_s since the snapshot came
 * @returns {WaitWords}
 */
export function waitWords(wait, elapsed_s) {
  if (!wait.known) return { kind: "unknown", why: wait.why ?? "" };
  const left_s = wait.high_s - elapsed_s;
  if (left_s <= 0) return { kind: "soon" };
  const high_s = stepUp(left_s);
  const first_s = elapsed_s < wait.low_s ? stepDown(wait.low_s) : 0;
  const low_s = Math.min(first_s, stepDown(high_s - 1));
  if (low_s >= MOST_S) return { kind: "more", low: MOST_S / 60 };
  const high = high_s / 60;
  if (low_s <= 0) return { kind: high_s <= FEW_S ? "less" : "up_to", high };
  return { kind: "range", low: low_s / 60, high };
}

/** "4:07" for a clock that runs up or down. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
