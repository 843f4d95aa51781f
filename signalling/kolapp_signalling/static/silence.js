// @ts-check
/**
 * Notices that nothing at all comes through a connection any more, seconds before the browser's own
 * ICE does: the address has changed, or a network has gone. The node says something twice a second,
 * so a silence is no silence of the other person.
 */
import { SILENCE_TIMING } from "./leg-timing.js";

/** @typedef {Readonly<Record<"look" | "quiet" | "silent", number>>} Timing */

/** @param {RTCPeerConnection} pc @returns {number} when the newest packet of media came, in ms of `performance.timeOrigin` */
function newestMedia(pc) {
  const times = pc.getReceivers().flatMap((receiver) => receiver.getSynchronizationSources?.() ?? []);
  return Math.max(0, ...times.map(({ timestamp }) => timestamp));
}

/** @param {RTCPeerConnection} pc @returns {Promise<number>} packets of any kind so far */
async function packets(pc) {
  const reports = await pc.getStats();
  let sum = 0;
  for (const report of reports.values()) {
    if (report.type === "transport") sum += report.packetsReceived ?? 0;
    if (report.type === "candidate-pair" && report.nominated) sum += report.responsesReceived + report.requestsReceived;
  }
  return sum;
}

/**
 * @param {RTCPeerConnection} pc @param {() => void} silent called once
 * @param {Timing} [timing]
 * @returns {() => void} ends it
 */
export function watchSilence(pc, silent, timing = SILENCE_TIMING) {
  let media = 0;
  let mediaAt = performance.now();
  let sum = -1;
  let heardAt = performance.now();
  let busy = false;
  const look = async () => {
    if (busy) return;
    busy = true;
    const now = performance.now();
    const newest = newestMedia(pc);
    if (newest !== media) [media, mediaAt, heardAt, sum] = [newest, now, now, -1];
    else if (now - mediaAt >= timing.quiet) {
      const found = await packets(pc).catch(() => sum);
      // The first figure says nothing about when it came about.
      if (found !== sum) [sum, heardAt] = [found, sum < 0 ? heardAt : performance.now()];
      else if (performance.now() - heardAt >= timing.silent) end(), silent();
    }
    busy = false;
  };
  const timer = setInterval(() => void look(), timing.look);
  const end = () => clearInterval(timer);
  return end;
}
