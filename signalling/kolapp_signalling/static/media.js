// @ts-check
import { KolappError } from "./protocol.js";
import { LegMeter } from "./leg-meter.js";
import { LEG_TIMING } from "./leg-timing.js";
import { watchSilence } from "./silence.js";
import { addSections, configOf, isTooSmall, othersOf, renewSent, slotsOf } from "./slots.js";

/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./protocol.js").Requests} Requests */
/** @typedef {import("./devices.js").Kind} Kind */
/** @typedef {"idle" | "connecting" | "connected" | "reconnecting" | "failed" | "closed"} LegState */

/** After these another offer would be refused as well; a new snapshot decides what is next. */
const FINAL = new Set(["bad_sdp", "no_visit", "stale_epoch", "wrong_state", "forbidden", "closed", "too_early", "no_ticket", "not_on_duty"]);

/**
 * This person's connection to the media node, for as long as the visit lasts.
 *
 * A broken connection is never repaired but replaced: a new RTCPeerConnection offers with the next
 * generation, and the old one is dropped when the new one is connected. The client always
 * offers, so there is no glare; it does not wait for candidates, since the node uses none.
 *
 * Events: `state` (detail LegState), `stream` (a Slot: who, and what is received of them; one event
 * for each place of the leg), `quality` ({grade, figures, senders}).
 */
export class Leg extends EventTarget {
  mode = "bridge";
  /** @type {LegState} */ state = "idle";
  /** The newest offer was refused because every media node is full; it is made again. */ crowded = false;
  /** No picture of the other person is wanted. */ soundOnly = false;
  /** @type {RTCPeerConnection | null} the newest one */ #pc = null;
  /** @type {RTCPeerConnection | null} the one it replaces, until it is connected */ #old = null;
  /** @type {Set<RTCPeerConnection>} replaced, and seen for a moment yet */ #retired = new Set();
  /** @type {RTCPeerConnection | null} whose picture was given out */ #shown = null;
  /** @type {VisitInfo} */ #visit;
  /** @type {"none" | "offering" | "answered"} of the newest connection */ #step = "none";
  #answeredEpoch = 0;
  #attempt = 0;
  #making = 0; // counts the connections that were begun
  #madeAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #unlisten = () => {};
  #meter = new LegMeter(() => this.#connected, (measure) => this.#emit("quality", measure));
  /** @type {string[]} who is received where, as the server said with the answer */ #names = [];

  /**
   * @param {object} options
   * @param {VisitInfo} options.visit
   * @param {string} options.role mine: whose `media` in the snapshots is about this leg
   * @param {(fields: Requests["offer"][0]) => Promise<import("./protocol.js").SdpAnswer>} options.offer
   * @param {(kind: Kind) => MediaStreamTrack | null} options.track what I send
   * @param {(visit: string, atLeast: number) => number} options.nextGeneration grows over reloads
   * @param {(visit: VisitInfo) => Promise<RTCIceServer[]>} [options.iceServers] relays, if there are any
   * @param {(pc: RTCPeerConnection) => void} [options.protect] encrypts what goes through it (e2ee.js)
   * @param {import("./silence.js").Timing} [options.silence] how long nothing may come
   * @param {Partial<typeof LEG_TIMING>} [options.timing]
   * @param {typeof RTCPeerConnection} [options.RTCPeerConnection]
   */
  constructor(options) {
    super();
    this.options = options;
    this.timing = { ...LEG_TIMING, ...options.timing };
    this.PeerConnection = options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    this.#visit = options.visit;
  }

  start() {
    if (this.state !== "idle") return;
    this.#meter.start(this.timing.stats_every_ms);
    void this.#make();
  }

  /** The newest snapshot of the visit. @param {VisitInfo} visit */
  follow(visit) {
    this.#visit = visit;
    if (this.state === "idle" || this.state === "closed") return;
    if (this.state === "failed") return this.#repair(); // refused before; things have changed
    if (this.#step !== "answered") return;
    if (visit.media_epoch > this.#answeredEpoch) return this.#repair();
    if (isTooSmall(visit, this.options.role, this.#names)) return this.#repair();
    if (this.#saysLost() && this.state === "connected") {
      const age = performance.now() - this.#madeAt;
      this.#later(Math.max(0, this.timing.lost_grace_ms - age), () => {
        if (this.#saysLost()) this.#repair();
      });
    }
  }

  /**
   * A warm leg comes into a visit as it is. If the node does not take it, another one is made there.
   * @param {VisitInfo} visit
   * @param {Pick<Leg["options"], "offer" | "track" | "iceServers"> & {enter: (fields: Requests["enter"][0]) => Promise<import("./protocol.js").Entered>}} options
   */
  async enter(visit, options) {
    this.options = { ...this.options, ...options };
    this.#visit = visit;
    this.#step = "offering";
    void this.renewTracks();
    const pc = this.#pc;
    if (this.state !== "connected" || !pc) return this.#repair();
    const generation = this.options.nextGeneration(visit.id, 1);
    try {
      const { media_epoch, slots } = await options.enter({ visit: visit.id, epoch: visit.epoch, generation });
      if (pc !== this.#pc) return;
      this.#step = "answered";
      this.#answeredEpoch = media_epoch;
      this.#name(pc, slots);
      this.#listen(pc);
      if (this.#visit.media_epoch > media_epoch) this.#repair();
    } catch (error) {
      if (pc === this.#pc) this.#refused(error, generation);
    }
  }

  /** What is received is negotiated, so another leg changes it. @param {boolean} only */
  setSoundOnly(only) {
    this.soundOnly = only;
    this.#repair();
  }

  /** The others, whenever the leg is connected: for who takes a warm one over. @returns {import("./slots.js").Slot[]} */
  get slots() {
    return this.#connected ? slotsOf(this.#connected.pc, this.#names) : [];
  }

  /** The browser's own figures. @returns {Promise<any[]>} */
  async stats() {
    const reports = await this.#pc?.getStats().catch(() => null);
    return reports ? [...reports.values()] : [];
  }

  /** Something that I send changed: another camera, or none. No negotiation is needed. */
  async renewTracks() {
    for (const pc of [this.#pc, this.#old]) if (pc) await renewSent(pc, this.options.track);
  }

  close() {
    this.#making += 1;
    clearTimeout(this.#timer);
    this.#meter.stop();
    this.#unlisten();
    for (const pc of [...this.#retired, this.#old, this.#pc]) this.#drop(pc);
    this.#old = this.#pc = null;
    this.#setState("closed");
  }

  async #make(atLeast = 1) {
    clearTimeout(this.#timer);
    this.#setState(this.#answeredEpoch > 0 ? "reconnecting" : "connecting");
    const making = ++this.#making;
    const iceServers = this.options.iceServers ? await this.options.iceServers(this.#visit) : [];
    if (making !== this.#making) return; // closed meanwhile, or another one is made
    const pc = this.#connection(iceServers);
    this.#step = "offering";
    this.#madeAt = performance.now();
    const generation = this.options.nextGeneration(this.#visit.id, atLeast);
    try {
      await pc.setLocalDescription();
      const { id: visit, epoch } = this.#visit;
      const sdp = pc.localDescription?.sdp ?? "";
      const answer = await this.options.offer({ visit, epoch, generation, sdp });
      if (pc === this.#pc) await this.#answered(pc, answer);
    } catch (error) {
      if (pc === this.#pc) this.#refused(error, generation);
    }
  }

  /** A new connection in the place of the present one, which lives on until this one is connected. @param {RTCIceServer[]} iceServers */
  #connection(iceServers) {
    const pc = new this.PeerConnection(configOf(iceServers, this.options.protect));
    addSections(pc, { slots: this.#visit.slots ?? 1, soundOnly: this.soundOnly, track: this.options.track });
    this.options.protect?.(pc);
    pc.onconnectionstatechange = () => pc === this.#pc && this.#pcChanged(pc);
    if (this.#old) this.#drop(this.#pc); // never answered: of no use to anybody
    else this.#old = this.#pc;
    this.#pc = pc;
    return pc;
  }

  /** @param {RTCPeerConnection} pc @param {import("./protocol.js").SdpAnswer} answer */
  async #answered(pc, answer) {
    await pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    if (pc !== this.#pc) return;
    this.#step = "answered";
    this.crowded = false;
    this.#answeredEpoch = answer.media_epoch;
    this.#name(pc, answer.slots);
    if (this.#visit.media_epoch > answer.media_epoch) return this.#repair();
    // What I send may have changed while the offer was on its way.
    void this.renewTracks();
    if (pc.connectionState === "connected") return this.#pcChanged(pc);
    this.#later(this.timing.connect_within_ms, () => this.#repair());
  }

  /** @param {unknown} error @param {number} generation */
  #refused(error, generation) {
    const code = error instanceof KolappError ? error.code : "";
    this.#step = "none";
    this.#crowd(code === "media_full");
    if (FINAL.has(code)) return this.#setState("failed");
    // Another page of mine made legs that this one knows nothing of: go past them.
    this.#repair(code === "stale_leg" ? generation * 2 : 1);
  }

  /** @param {RTCPeerConnection} pc */
  #pcChanged(pc) {
    if (pc.connectionState === "connected") {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#step = "answered";
      this.#setState("connected");
      this.#listen(pc);
      this.#show(pc);
    } else if (pc.connectionState === "disconnected") {
      this.#setState("reconnecting");
      this.#later(this.timing.disconnected_grace_ms, () => this.#repair());
    } else if (pc.connectionState === "failed") {
      this.#repair();
    }
  }

  /** In a visit; a warm leg has time. @param {RTCPeerConnection} pc */
  #listen(pc) {
    this.#unlisten();
    if (this.#answeredEpoch) this.#unlisten = watchSilence(pc, () => pc === this.#pc && this.state === "connected" && this.#repair(), this.options.silence);
  }

  /** Who is where; a server from before there were guests does not say. @param {RTCPeerConnection} pc @param {string[]} [told] */
  #name(pc, told) {
    const names = told ?? othersOf(this.options.role);
    this.#names = slotsOf(pc, names).map(({ who }) => who);
  }

  /** Once a connection. @param {RTCPeerConnection} pc */
  #show(pc) {
    if (this.#shown === pc) return;
    this.#shown = pc;
    for (const slot of this.slots) this.#emit("stream", slot);
    this.#retire();
  }

  /** What it showed last stands until there is something new: a track that ends turns black. */
  #retire() {
    const old = this.#old;
    this.#old = null;
    if (!old) return;
    this.#retired.add(old);
    setTimeout(() => this.#retired.delete(old) && this.#drop(old), this.timing.retired_ms);
  }

  /** Another leg, at once the first time, then after growing pauses. */
  #repair(atLeast = 1) {
    if (this.state === "closed") return;
    this.#step = "none"; // snapshots about the leg that is being replaced plan nothing more
    const { repair_base_ms, repair_cap_ms } = this.timing;
    const ceiling = Math.min(repair_cap_ms, repair_base_ms * 2 ** this.#attempt);
    const pause = this.#attempt === 0 ? 0 : ceiling * (0.5 + Math.random() / 2);
    this.#attempt += 1;
    this.#setState(this.#answeredEpoch > 0 ? "reconnecting" : "connecting");
    this.#later(pause, () => void this.#make(atLeast));
  }

  /** @param {boolean} crowded */
  #crowd(crowded) {
    const before = this.crowded;
    this.crowded = crowded;
    if (before !== crowded) this.#emit("state", this.state);
  }

  #saysLost() {
    return this.#visit.participants.some(({ role, media }) => role === this.options.role && media === "lost");
  }

  get #connected() {
    return this.#pc && this.state === "connected" ? { pc: this.#pc, names: this.#names } : null;
  }

  /** One timer is enough: whatever is planned last is what matters. @param {number} ms @param {() => void} act */
  #later(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  /** @param {RTCPeerConnection | null} pc */
  #drop(pc) {
    if (pc) pc.onconnectionstatechange = null;
    pc?.close();
  }

  /** @param {LegState} state */
  #setState(state) {
    if (this.state === state) return;
    this.state = state;
    this.#emit("state", state);
  }

  /** @param {string} name @param {unknown} detail */
  #emit = (name, detail) => void this.dispatchEvent(new CustomEvent(name, { detail }));
}
