// @ts-check
/**
 * The check before the call: own sound and picture to the media node and back, a few seconds long,
 * and what its figures mean. Loss and delay say more than bit rates: a small picture needs little.
 */

/** @typedef {import("./devices.js").Problem} Problem */
/** @typedef {"good" | "stutter" | "blocked" | "no_camera" | "denied"} Finding */
/**
 * @typedef {object} Measured
 * @property {number} up_kbps what arrived at the node and came back, or was sent at least
 * @property {number} down_kbps
 * @property {number} rtt_ms
 * @property {number} loss_up 0 to 1
 * @property {number} loss_down
 */

/** Durations in ms; both together stay below ten seconds. */
export const CHECK_TIMING = Object.freeze({ connect: 3_500, listen: 5_000, settle: 1_000 });

/** Above these a picture stands still now and then, however small it is. */
const MOST = { loss: 0.03, rtt_ms: 400 };
/** Below it a face is a blur. Not more: a browser's guess begins low and rises slowly, and on a busy
 *  machine slower still; a line too narrow for the call loses packets, or holds them up. */
const LEAST_KBPS = 200;

/**
 * What to tell. Without a camera the call is possible, and so it is said after what the network is.
 * @param {{audio: Problem, video: Problem}} problems
 * @param {Measured | null} measured null: no connection came about
 * @returns {Finding}
 */
export function finding(problems, measured) {
  if (problems.audio === "denied" || problems.video === "denied") return "denied";
  if (!measured) return "blocked";
  if (problems.audio || problems.video) return "no_camera";
  const loss = Math.max(measured.loss_up, measured.loss_down);
  const narrow = measured.up_kbps < LEAST_KBPS;
  return loss > MOST.loss || measured.rtt_ms > MOST.rtt_ms || narrow ? "stutter" : "good";
}

/**
 * Sums of one moment. @param {Iterable<any>} reports the values of an RTCStatsReport
 */
export function sums(reports) {
  const sum = { sent: 0, lost_up: 0, up: 0, received: 0, lost_down: 0, bytes: 0, rtt_ms: 0, room_kbps: Infinity };
  for (const report of reports) {
    if (report.type === "outbound-rtp") {
      sum.sent += report.packetsSent ?? 0;
      sum.up += report.bytesSent ?? 0;
    } else if (report.type === "remote-inbound-rtp") {
      sum.lost_up += Math.max(0, report.packetsLost ?? 0);
    } else if (report.type === "inbound-rtp") {
      sum.received += report.packetsReceived ?? 0;
      sum.lost_down += Math.max(0, report.packetsLost ?? 0);
      sum.bytes += report.bytesReceived ?? 0;
    } else if (report.type === "candidate-pair" && report.nominated) {
      sum.rtt_ms = Math.max(sum.rtt_ms, (report.currentRoundTripTime ?? 0) * 1000);
      if (report.availableOutgoingBitrate) sum.room_kbps = report.availableOutgoingBitrate / 1000;
    }
  }
  return sum;
}

/**
 * @param {ReturnType<typeof sums>} before @param {ReturnType<typeof sums>} now @param {number} ms in between
 * @returns {Measured}
 */
export function between(before, now, ms) {
  const share = (/** @type {number} */ lost, /** @type {number} */ whole) => (whole > 0 ? Math.max(0, lost) / whole : 0);
  const sent = now.sent - before.sent;
  const lost = now.lost_down - before.lost_down;
  return {
    up_kbps: Math.round(Math.min(now.room_kbps, Number.MAX_SAFE_INTEGER)),
    down_kbps: Math.round(((now.bytes - before.bytes) * 8) / ms),
    rtt_ms: Math.round(now.rtt_ms),
    loss_up: share(now.lost_up - before.lost_up, sent),
    loss_down: share(lost, now.received - before.received + lost),
  };
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Until the leg is connected, or for so long. @param {import("./warm.js").Warm} warm @param {number} ms */
async function connected(warm, ms) {
  const limit = performance.now() + ms;
  while (warm.state !== "connected" && performance.now() < limit) await pause(50);
  return warm.state === "connected";
}

/**
 * Null when the network lets no call through. Raises KolappError when the server does not answer.
 * @param {import("./warm.js").Warm} warm started
 * @param {(stage: "connecting" | "listening") => void} tell
 * @param {typeof CHECK_TIMING} [timing]
 * @returns {Promise<Measured | null>}
 */
export async function measure(warm, tell, timing = CHECK_TIMING) {
  tell("connecting");
  if (!(await connected(warm, timing.connect))) return null;
  await warm.send(true);
  await echo(warm, true);
  tell("listening");
  try {
    await pause(timing.settle);
    const leg = warm.leg;
    const before = sums((await leg?.stats()) ?? []);
    const since = performance.now();
    await pause(timing.listen);
    const now = sums((await leg?.stats()) ?? []);
    if (leg !== warm.leg || warm.state !== "connected") return null;
    return between(before, now, performance.now() - since);
  } finally {
    await warm.send(false);
    await echo(warm, false).catch(() => {});
  }
}

/** The node tells the server that we are connected about when we know it: ask again in a moment. @param {import("./warm.js").Warm} warm @param {boolean} on */
async function echo(warm, on) {
  for (let left = 5; ; left -= 1) {
    try {
      return await warm.client.request("echo", { on });
    } catch (error) {
      if (left === 0) throw error;
      await pause(100);
    }
  }
}
