// @ts-check
/**
 * How good is the connection? Pure: WebRTC's figures in, a word out.
 *
 * "good" is what the trade's pre-call tests ask for (loss under 5 %, round trip under 300 ms);
 * "poor" is where talk breaks up: syllables go missing, people talk over each other.
 */

/** @typedef {"good" | "fair" | "poor"} Grade */

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

/** Null when nothing comes: silence has neither loss nor quality. @param {Figures} figures @returns {Grade | null} */
export function grade({ receiving, loss, rtt_ms }) {
  if (!receiving) return null;
  if (loss < GOOD.loss && rtt_ms < GOOD.rtt_ms) return "good";
  if (loss < FAIR.loss && rtt_ms < FAIR.rtt_ms) return "fair";
  return "poor";
}
