// @ts-check
/** One connection between the two of a direct visit: what is told about it, and heard of the other. */
import { addSections, configOf, renewSent, VIDEO_BITRATE } from "./slots.js";

/** @typedef {import("./protocol.js").Word} Word */
/** @typedef {import("./devices.js").Kind} Kind */

/**
 * @typedef {{
 *   config: RTCConfiguration,
 *   soundOnly: boolean,
 *   track: (kind: Kind) => MediaStreamTrack | null,
 *   protect?: (pc: RTCPeerConnection) => void,
 *   say: (peer: DirectPeer, word: Word) => void,
 *   changed: (peer: DirectPeer) => void,
 *   PeerConnection: typeof RTCPeerConnection,
 * }} PeerOptions
 */

export class DirectPeer {
  /** Both sides have described themselves. */ agreed = false;
  /** What came before it could be used. @type {RTCIceCandidateInit[]} */ #early = [];

  /** @param {number} generation @param {PeerOptions} options */
  constructor(generation, options) {
    this.generation = generation;
    this.options = options;
    this.pc = new options.PeerConnection({ ...configOf([], options.protect), ...options.config });
    this.pc.onicecandidate = ({ candidate }) => candidate && this.#tell(candidate);
    this.pc.onconnectionstatechange = () => options.changed(this);
  }

  /** The clinician's side. */
  async offer() {
    const { soundOnly, track, protect } = this.options;
    addSections(this.pc, { slots: 1, soundOnly, track });
    protect?.(this.pc);
    await this.pc.setLocalDescription();
    this.describe("offer");
  }

  /** The patient's side. @param {string} sdp the offer */
  async answer(sdp) {
    const { protect, soundOnly, track } = this.options;
    protect?.(this.pc); // before anything can come, and again for what is to be sent
    await this.pc.setRemoteDescription({ type: "offer", sdp });
    protect?.(this.pc);
    for (const transceiver of this.pc.getTransceivers()) {
      const picture = transceiver.receiver.track.kind === "video";
      transceiver.direction = picture && soundOnly ? "sendonly" : "sendrecv";
      if (picture) await limit(transceiver.sender);
    }
    await renewSent(this.pc, track);
    await this.pc.setLocalDescription();
    this.agreed = true;
    this.describe("answer");
    await this.#useEarly();
  }

  /** @param {string} sdp the answer */
  async accept(sdp) {
    if (this.agreed) return; // said again
    this.agreed = true;
    await this.pc.setRemoteDescription({ type: "answer", sdp });
    await this.#useEarly();
  }

  /** As it is now, with the candidates found so far. @param {"offer" | "answer"} sdp_type */
  describe(sdp_type) {
    const sdp = this.pc.localDescription?.sdp;
    if (sdp) this.options.say(this, { kind: "description", generation: this.generation, sdp_type, sdp });
  }

  /** @param {Extract<Word, {kind: "candidate"}>} word */
  async add({ candidate, mid, line }) {
    const found = { candidate, sdpMid: mid || null, sdpMLineIndex: line ?? 0 };
    if (this.pc.remoteDescription) await this.pc.addIceCandidate(found).catch(() => {});
    else this.#early.push(found);
  }

  close() {
    this.pc.onicecandidate = this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  async #useEarly() {
    for (const candidate of this.#early.splice(0)) await this.pc.addIceCandidate(candidate).catch(() => {});
  }

  /** @param {RTCIceCandidate} found */
  #tell({ candidate, sdpMid, sdpMLineIndex }) {
    const { generation } = this;
    this.options.say(this, { kind: "candidate", generation, candidate, mid: sdpMid ?? "", line: sdpMLineIndex ?? 0 });
  }
}

/** @param {RTCRtpSender} sender */
async function limit(sender) {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) encoding.maxBitrate = VIDEO_BITRATE;
  await sender.setParameters(parameters).catch(() => {});
}
