// @ts-check
/** The sections of a leg: what I send, and who is received where. */

/** @typedef {import("./devices.js").Kind} Kind */
/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** A participant's place in a leg; `who` is their role. @typedef {{who: string, stream: MediaStream}} Slot */
/** What came lately: who was heard or seen at all, and who was seen. @typedef {{heard: Set<string>, seen: Set<string>}} Senders */

/** Everybody there may be in a visit, in the order in which a leg receives the others. */
export const SEATS = Object.freeze(["patient", "clinician", "guest1", "guest2"]);

/** A face at 640x480 and 30 frames a second gains nothing above it. */
export const VIDEO_BITRATE = 1_200_000;

const KINDS = /** @type {Kind[]} */ (["audio", "video"]);

/** Readings over which somebody must have sent something to count as sending. */
const READINGS = 3;

/**
 * `encodedInsertableStreams` is Chromium's own: nothing goes through a section before it has a transform.
 * @param {RTCIceServer[]} iceServers @param {unknown} protect there is one if it is encrypted end to end
 * @returns {RTCConfiguration}
 */
export function configOf(iceServers, protect) {
  const config = { iceServers, bundlePolicy: /** @type {const} */ ("max-bundle") };
  return protect ? Object.assign(config, { encodedInsertableStreams: true }) : config;
}

/** A leg is encrypted end to end from its beginning, or never. @param {{options: {protect?: unknown}}} leg @param {{encrypted?: boolean}} visit */
export const isFor = (leg, { encrypted }) => Boolean(leg.options.protect) === Boolean(encrypted);

/** The others in the order of the slots, where nobody has said it. @param {string} role mine */
export function othersOf(role) {
  return SEATS.filter((seat) => seat !== role);
}

/**
 * One pair of sections that sends and receives, then pairs that only receive: who comes later needs
 * no other offer. Without pictures all sections stay where they are.
 * @param {RTCPeerConnection} pc
 * @param {{slots: number, soundOnly: boolean, track: (kind: Kind) => MediaStreamTrack | null}} options
 */
export function addSections(pc, { slots, soundOnly, track }) {
  for (let slot = 0; slot < slots; slot += 1) {
    for (const kind of KINDS) {
      const unseen = kind === "video" && soundOnly;
      if (slot > 0) {
        pc.addTransceiver(kind, { direction: unseen ? "inactive" : "recvonly" });
        continue;
      }
      const init = /** @type {RTCRtpTransceiverInit} */ ({ direction: unseen ? "sendonly" : "sendrecv" });
      if (kind === "video") init.sendEncodings = [{ maxBitrate: VIDEO_BITRATE }];
      pc.addTransceiver(track(kind) ?? kind, init);
    }
  }
}

/** Something that I send has changed; no negotiation is needed. @param {RTCPeerConnection} pc @param {(kind: Kind) => MediaStreamTrack | null} track */
export async function renewSent(pc, track) {
  for (const { sender, receiver } of pc.getTransceivers().slice(0, KINDS.length)) {
    const wanted = track(/** @type {Kind} */ (receiver.track.kind));
    if (sender.track !== wanted) await sender.replaceTrack(wanted).catch(() => {});
  }
}

/** Who is received where. @param {RTCPeerConnection} pc @param {string[]} names in the order of the slots @returns {Slot[]} */
export function slotsOf(pc, names) {
  const tracks = pc.getTransceivers().map(({ receiver }) => receiver.track);
  const pairs = Math.ceil(tracks.length / KINDS.length);
  return Array.from({ length: pairs }, (_, slot) => ({
    who: names[slot] ?? "",
    stream: new MediaStream(tracks.slice(slot * KINDS.length, (slot + 1) * KINDS.length)),
  }));
}

/** Somebody is there whom this leg has no place for, and the visit allows one. @param {VisitInfo} visit @param {string} role @param {string[]} names of the leg's slots */
export function isTooSmall({ participants, slots = 1 }, role, names) {
  return names.length < slots && participants.some((one) => one.role !== role && !names.includes(one.role));
}

/** Who has sent lately, from the browser's figures. */
export class SenderWatch {
  /** @type {Map<string, number>[]} packets by section, the newest last */ #kept = [];

  /**
   * @param {RTCPeerConnection} pc @param {any[]} reports @param {string[]} names
   * @returns {Senders | null} null until there are enough readings
   */
  add(pc, reports, names) {
    const now = new Map(reports.filter(({ type }) => type === "inbound-rtp").map((one) => [one.mid, one.packetsReceived ?? 0]));
    this.#kept = [...this.#kept.slice(1 - READINGS), now];
    const [first] = this.#kept;
    if (!first || this.#kept.length < READINGS) return null;
    const senders = { heard: new Set(), seen: new Set() };
    for (const [index, { mid, receiver }] of pc.getTransceivers().entries()) {
      const who = names[Math.floor(index / KINDS.length)];
      if (!who || !mid || (now.get(mid) ?? 0) <= (first.get(mid) ?? 0)) continue;
      senders.heard.add(who);
      if (receiver.track.kind === "video") senders.seen.add(who);
    }
    return senders;
  }
}
