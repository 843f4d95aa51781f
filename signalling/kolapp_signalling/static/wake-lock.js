// @ts-check
/**
 * Keep the phone's screen on while somebody waits here: a locked phone is the commonest reason to
 * miss one's turn. Not every browser can; then the page's advice to keep it open has to do.
 */

/** @type {WakeLockSentinel | null} */
let lock = null;
let wanted = false;
let asking = false;

/** @param {boolean} on */
export function keepAwake(on) {
  wanted = on;
  if (!on) {
    void lock?.release();
    lock = null;
  } else if (!lock && !asking && document.visibilityState === "visible") {
    void ask();
  }
}

async function ask() {
  asking = true;
  try {
    lock = (await navigator.wakeLock?.request("screen")) ?? null;
    // The browser takes it back when the page is hidden; the next `keepAwake` asks again.
    lock?.addEventListener("release", () => (lock = null));
    if (!wanted) void lock?.release();
  } catch {
    lock = null; // low battery, or not allowed: a comfort, not a need
  } finally {
    asking = false;
  }
}
