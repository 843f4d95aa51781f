// @ts-check
/**
 * How good is the connection? Pure: WebRTC's figures in, a word out.
 *
 * "good" is what the trade's pre-call tests ask for (loss under 5 %, round trip under 300 ms);
 * "poor" is where talk breaks up: syllables go missing, people talk over each other.
 */

/** @typedef {"good" | "fair" | "poor"} Grade */
/** @typedef {import("./protocol.js").QualityNow} QualityNow */

/**
 * What the node says of both legs. Null: nothing of that leg.
 * @typedef {{mine: Grade | null, theirs: Grade | null, gone: boolean}} Told `gone`: nothing comes from them
 */

/** @typedef {{grade: Grade, whose: "mine" | "theirs" | ""}} Verdict */

/**
 * @typedef {object} Totals counters since the leg began, and the newest gauges
 * @property {number} received packets that came
 * @property {number} lost packets that did not
 * @property {number} bytes received
 * @property {number} out_loss share of ours that the other end misses, 0 to 1
 * @property {number} answers of the node to our connectivity checks
 * @property {number} rtt_ms
 * @property {number} at_ms when this was read
 */

/**
 * @typedef {object} Figures between two readings
 * @property {number} rtt_ms
 * @property {number} loss the worse direction, 0 to 1
 * @property {number} kbps received
 * @property {boolean} receiving whether anything of the other person came at all
 * @property {boolean} answering whether the node answered: then a silence is not our own network's
 */

const GOOD = { loss: 0.05, rtt_ms: 300 };
const FAIR = { loss: 0.15, rtt_ms: 800 };

/** The node's word about a browser that is gone, in ms of silence. */
const GONE_MS = 3_000;

/** What the node told is worth so long: it tells every five seconds. */
export const TOLD_FOR_MS = 12_000;

/** So long a poor connection is tried with a picture, in ms. */
const POOR_FOR_MS = 10_000;

/** Whether my connection has been poor for so long that sound alone is better. */
export class Patience {
  /** @type {number | null} */ #since = null;

  /** @param {Verdict | null} verdict @param {number} now_ms */
  isOver(verdict, now_ms) {
    const poor = verdict?.grade === "poor" && verdict.whose !== "theirs";
    this.#since = poor ? (this.#since ?? now_ms) : null;
    return this.#since !== null && now_ms - this.#since >= POOR_FOR_MS;
  }

  /** From the beginning again. */
  renew() {
    this.#since = null;
  }
}

/** @type {Record<Grade, number>} */
const RANK = { good: 0, fair: 1, poor: 2 };

/**
 * @param {Iterable<any>} reports the values of an RTCStatsReport
 * @param {number} at_ms
 * @returns {Totals}
 */
export function totals(reports, at_ms) {
  const sum = { received: 0, lost: 0, bytes: 0, out_loss: 0, answers: 0, rtt_ms: 0, at_ms };
  for (const report of reports) {
    if (report.type === "inbound-rtp") {
      sum.received += report.packetsReceived ?? 0;
      sum.lost += report.packetsLost ?? 0;
      sum.bytes += report.bytesReceived ?? 0;
    } else if (report.type === "remote-inbound-rtp") {
      sum.out_loss = Math.max(sum.out_loss, report.fractionLost ?? 0);
    } else if (report.type === "candidate-pair" && report.nominated) {
      sum.rtt_ms = Math.max(sum.rtt_ms, (report.currentRoundTripTime ?? 0) * 1000);
      sum.answers += report.responsesReceived ?? 0;
    }
  }
  return sum;
}

/**
 * @param {Totals} before
 * @param {Totals} now
 * @returns {Figures}
 */
export function between(before, now) {
  const received = Math.max(0, now.received - before.received);
  const lost = Math.max(0, now.lost - before.lost); // late packets make it fall
  const in_loss = received + lost > 0 ? lost / (received + lost) : 0;
  const seconds = Math.max(0.001, (now.at_ms - before.at_ms) / 1000);
  return {
    rtt_ms: now.rtt_ms,
    loss: Math.max(in_loss, now.out_loss),
    kbps: (Math.max(0, now.bytes - before.bytes) * 8) / 1000 / seconds,
    receiving: received > 0,
    answering: now.answers > before.answers,
  };
}

/** Figures are of this many readings, so that they are steady and yet fresh. */
const READINGS = 3;

/** The last readings of one connection. */
export class Readings {
  /** @type {Totals[]} the newest last */ #kept = [];

  /** @param {any[]} reports @param {number} at_ms @returns {Figures | null} null until there are enough */
  add(reports, at_ms) {
    const now = totals(reports, at_ms);
    this.#kept = [...this.#kept.slice(1 - READINGS), now];
    const [first] = this.#kept;
    return first && this.#kept.length === READINGS ? between(first, now) : null;
  }
}

/** Null when nothing comes: silence has neither loss nor quality. @param {Pick<Figures, "receiving" | "loss" | "rtt_ms">} figures @returns {Grade | null} */
export function grade({ receiving, loss, rtt_ms }) {
  if (!receiving) return null;
  if (loss < GOOD.loss && rtt_ms < GOOD.rtt_ms) return "good";
  if (loss < FAIR.loss && rtt_ms < FAIR.rtt_ms) return "fair";
  return "poor";
}

/** Of several others the worst that is not gone counts. @param {QualityNow} word @param {string} role mine @returns {Told} */
export function told(word, role) {
  const graded = (/** @type {import("./protocol.js").LegInfo | undefined} */ leg) =>
    leg ? grade({ receiving: true, loss: Math.max(leg.up.loss, leg.down.loss), rtt_ms: leg.round_trip_ms }) : null;
  const others = word.legs.filter((leg) => leg.role !== role);
  const there = others.filter(({ silent_ms = 0 }) => silent_ms < GONE_MS);
  const [worst = null] = there.map(graded).sort((a, b) => (b ? RANK[b] : 0) - (a ? RANK[a] : 0));
  return { mine: graded(word.legs.find((leg) => leg.role === role)), theirs: worst, gone: others.length > there.length && !there.length };
}

/**
 * The word to show, and whose connection it is about: loss on their way to the node looks here like
 * loss on mine, and loss on the node's way to them does not show here at all.
 * @param {Grade | null} own as measured here; null when nothing comes
 * @param {Told | null} node what the node told, if that is fresh
 * @returns {Verdict | null}
 */
export function verdict(own, node) {
  if (!own || node?.gone) return null;
  const mine = node?.mine ?? "good";
  const theirs = node?.theirs ?? "good";
  if (RANK[theirs] > RANK[mine] && RANK[theirs] >= RANK[own]) return { grade: theirs, whose: "theirs" };
  if (own === "good" && mine === "good") return { grade: "good", whose: "" };
  return RANK[mine] >= RANK[own] ? { grade: mine, whose: "mine" } : { grade: own, whose: "" };
}
