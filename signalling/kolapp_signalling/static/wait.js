// @ts-check
/** From seconds to a range that a person can read, leaning to the late side. Pure. */

/** @typedef {import("./protocol.js").WaitRange} WaitRange */

/**
 * What to say. Minutes in `low` and `high`; `late` is the honest word when the time that was
 * shown has passed.
 * @typedef {{kind: "unknown", why: string} | {kind: "late"} | {kind: "less", high: number}
 *   | {kind: "up_to", high: number} | {kind: "range", low: number, high: number}
 *   | {kind: "more", low: number}} WaitWords
 */

/** Above this many minutes more precision is pretence. */
const MOST_MIN = 180;

/** How far past its end a range may be before we say so, in seconds. */
const LATE_S = 60;

/** The longer the wait, the coarser its steps. @param {number} minutes */
function step(minutes) {
  if (minutes <= 30) return 5;
  if (minutes <= 60) return 10;
  return minutes <= 120 ? 15 : 30;
}

/**
 * @param {WaitRange} wait as the snapshot had it
 * @param {number} elapsed_s since the snapshot came
 * @returns {WaitWords}
 */
export function waitWords(wait, elapsed_s) {
  if (!wait.known) return { kind: "unknown", why: wait.why ?? "" };
  const high_s = wait.high_s - elapsed_s;
  if (high_s < -LATE_S) return { kind: "late" };
  if (high_s <= 120) return { kind: "less", high: 2 };
  if (high_s <= 300) return { kind: "less", high: 5 };
  return range(Math.max(0, wait.low_s - elapsed_s) / 60, high_s / 60);
}

/**
 * The upper end is rounded up, the lower end to the nearest step: rounded down, "5-15 minutes"
 * would become "up to 15 minutes" after the first second of its countdown.
 * @param {number} low_min @param {number} high_min @returns {WaitWords}
 */
function range(low_min, high_min) {
  if (low_min >= MOST_MIN) return { kind: "more", low: MOST_MIN };
  const coarse = step(high_min);
  const high = Math.ceil(high_min / coarse) * coarse;
  const fine = step(low_min);
  const low = Math.min(Math.round(low_min / fine) * fine, high - coarse);
  return low <= 0 ? { kind: "up_to", high } : { kind: "range", low, high };
}

/** "4:07" for a clock that runs up or down. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
