// @ts-check
/**
 * The ring: a soft chime and, on phones, vibration.
 *
 * The whole ring is laid out on the audio clock in one go. A timer would be late exactly when it
 * matters: browsers slow the timers of a page that is not in sight to one a minute.
 */

const CHIME_EVERY_S = 2.4;
const TONES = [
  { at_s: 0, hz: 659.26 },
  { at_s: 0.18, hz: 830.61 },
  { at_s: 0.36, hz: 987.77 },
];
const TONE_S = 1.3;
const LOUDNESS = 0.22;
const BUZZ_MS = [350, 250, 350, 1450];

/** Browsers allow it after a tap only, and complain of every other try. @param {number | number[]} pattern */
function buzz(pattern) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(pattern);
}

export class Ring {
  /** @type {AudioContext | null} */ #audio = null;
  /** @type {GainNode | null} of the present ring */ #output = null;

  /** Browsers let a page sound only after a tap or a key: call this from one. */
  async unlock() {
    this.#audio ??= new AudioContext();
    await this.#audio.resume().catch(() => {});
  }

  get audible() {
    return this.#audio?.state === "running";
  }

  get ringing() {
    return this.#output !== null;
  }

  /** @param {number} seconds */
  start(seconds) {
    this.stop();
    const chimes = Math.ceil(seconds / CHIME_EVERY_S);
    buzz(Array.from({ length: chimes }, () => BUZZ_MS).flat());
    if (!this.#audio) return;
    this.#output = this.#audio.createGain();
    this.#output.gain.value = LOUDNESS;
    this.#output.connect(this.#audio.destination);
    const now = this.#audio.currentTime;
    for (let chime = 0; chime < chimes; chime += 1) {
      for (const { at_s, hz } of TONES) this.#tone(now + chime * CHIME_EVERY_S + at_s, hz);
    }
  }

  stop() {
    buzz(0);
    this.#output?.disconnect();
    this.#output = null;
  }

  /** @param {number} at_s @param {number} hz */
  #tone(at_s, hz) {
    const audio = /** @type {AudioContext} */ (this.#audio);
    const tone = audio.createOscillator();
    const shape = audio.createGain();
    tone.type = "sine";
    tone.frequency.value = hz;
    shape.gain.setValueAtTime(0, at_s);
    shape.gain.linearRampToValueAtTime(1, at_s + 0.02);
    shape.gain.exponentialRampToValueAtTime(0.001, at_s + TONE_S);
    tone.connect(shape).connect(/** @type {GainNode} */ (this.#output));
    tone.start(at_s);
    tone.stop(at_s + TONE_S);
  }
}
