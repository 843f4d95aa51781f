// @ts-check
/** How a leg does, as the browser itself measures it, about once a second while it is connected. */
import { grade, Readings } from "./quality.js";
import { SenderWatch } from "./slots.js";

/** @typedef {{grade: import("./quality.js").Grade | null, figures: import("./quality.js").Figures, senders: import("./slots.js").Senders | null}} Measure */

export class LegMeter {
  /** @type {RTCPeerConnection | null} whose readings these are */ #pc = null;
  #readings = new Readings();
  #senders = new SenderWatch();
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;

  /**
   * @param {() => {pc: RTCPeerConnection, names: string[]} | null} now null while nothing is connected
   * @param {(measure: Measure) => void} tell
   */
  constructor(now, tell) {
    this.now = now;
    this.tell = tell;
  }

  /** @param {number} every_ms */
  start(every_ms) {
    this.#timer = setInterval(() => void this.#look(), every_ms);
  }

  stop() {
    clearInterval(this.#timer);
  }

  async #look() {
    const { pc, names } = this.now() ?? { pc: null, names: [] };
    if (!pc) return;
    if (pc !== this.#pc) this.#renew(pc);
    const reports = [...((await pc.getStats().catch(() => null))?.values() ?? [])];
    if (!reports.length || pc !== this.now()?.pc) return;
    const figures = this.#readings.add(reports, performance.now());
    const senders = this.#senders.add(pc, reports, names);
    if (figures) this.tell({ grade: grade(figures), figures, senders });
  }

  /** @param {RTCPeerConnection} pc */
  #renew(pc) {
    this.#pc = pc;
    this.#readings = new Readings();
    this.#senders = new SenderWatch();
  }
}
