// @ts-check
/**
 * A call without pictures, by choice or because the connection is poor: the camera goes off, and the
 * other person's picture is not sent here any more. Sound then has the whole line.
 */
import { Patience } from "./quality.js";

/** Durations in ms: who wants the picture back has it for so long, however poor it is. */
const TRUCE_MS = 60_000;

/** Events: `change`. */
export class SoundOnly extends EventTarget {
  on = false;
  /** Not by choice, but because the connection was poor. */ forced = false;
  #cameraWasOff = false;
  #truceUntil = 0;
  #patience = new Patience();
  /** @type {import("./media.js").Leg | import("./direct.js").DirectLeg | null} */ #leg = null;

  /** @param {import("./devices.js").LocalMedia} media */
  constructor(media) {
    super();
    this.media = media;
  }

  /**
   * The leg of the call that begins; null when it is over.
   * @param {import("./media.js").Leg | import("./direct.js").DirectLeg | null} leg
   * @param {boolean} [goesOn] it is the same call, and stays as it is
   */
  use(leg, goesOn = false) {
    this.#leg = leg;
    if (leg && goesOn) {
      leg.soundOnly = this.on;
      return;
    }
    this.on = this.forced = false;
    this.#truceUntil = 0;
    this.#patience.renew();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {boolean} on @param {boolean} [forced] */
  async set(on, forced = false) {
    if (on === this.on || !this.#leg) return;
    this.on = on;
    this.forced = on && forced;
    if (on) this.#cameraWasOff = this.media.cameraOff;
    else this.#truceUntil = performance.now() + TRUCE_MS;
    this.#patience.renew();
    this.#leg.setSoundOnly(on);
    this.dispatchEvent(new Event("change"));
    await this.media.setCameraOff(on || this.#cameraWasOff);
  }

  /** How the connection is, about once a second. @param {import("./quality.js").Verdict | null} verdict */
  judge(verdict) {
    const now = performance.now();
    if (this.on || now < this.#truceUntil) return;
    if (this.#patience.isOver(verdict, now)) void this.set(true, true);
  }
}
