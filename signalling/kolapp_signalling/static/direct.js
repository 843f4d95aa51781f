// @ts-check
import { DirectPeer } from "./direct-peer.js";
import { LegMeter } from "./leg-meter.js";
import { LEG_TIMING } from "./leg-timing.js";
import { KolappError } from "./protocol.js";
import { watchSilence } from "./silence.js";
import { renewSent, slotsOf } from "./slots.js";

/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./protocol.js").Word} Word */
/** @typedef {import("./protocol.js").SignalNow} SignalNow */
/** @typedef {import("./media.js").LegState} LegState */
/** @typedef {import("./slots.js").Slot} Slot */

/** After these nothing that is said goes through; a new snapshot decides what is next. */
const FINAL = new Set(["bad_sdp", "no_visit", "stale_epoch", "wrong_state", "forbidden", "closed"]);

/** Two who send nothing only ask each other every few seconds whether they are there. */
const SILENCE = Object.freeze({ look: 500, quiet: 1_000, silent: 4_000 });

/**
 * The connection of the two people of a visit in direct mode, with the face of a `Leg`.
 *
 * The clinician offers and the patient answers, so there is no glare. A broken connection is replaced
 * by one of the next generation: the clinician makes it, the patient asks for it (`renew`). Words may
 * get lost, so whoever waits for one asks again; what comes twice does nothing twice. The connection
 * that is replaced lives on until the new one is there.
 *
 * Events: `state`, `stream`, `quality`, as of a `Leg`.
 */
export class DirectLeg extends EventTarget {
  mode = "direct";
  /** @type {LegState} */ state = "idle";
  /** For the face of a `Leg`. */ crowded = false;
  soundOnly = false;
  /** @type {DirectPeer | null} the newest */ #peer = null;
  /** @type {DirectPeer | null} the one it replaces */ #old = null;
  /** @type {DirectPeer | null} whose picture was given out */ #shown = null;
  #seen = 0; // the newest generation of either side
  #attempt = 0;
  #madeAt = -Infinity;
  #wasConnected = false;
  /** @type {VisitInfo} */ #visit;
  /** Words go out one after the other, and are heard so. */ #saying = Promise.resolve();
  #hearing = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #unlisten = () => {};
  #meter = new LegMeter(() => this.#connected, (measure) => this.#emit("quality", measure));

  /**
   * @param {object} options
   * @param {VisitInfo} options.visit
   * @param {string} options.role mine
   * @param {import("./kolapp.js").KolappClient} options.client says words, and hears them
   * @param {(kind: import("./devices.js").Kind) => MediaStreamTrack | null} options.track what I send
   * @param {(visit: string, atLeast: number) => number} options.nextGeneration grows over reloads
   * @param {(visit: VisitInfo) => Promise<RTCIceServer[]>} [options.iceServers] relays, if there are any
   * @param {(pc: RTCPeerConnection) => void} [options.protect] encrypts what goes through it
   * @param {Partial<typeof LEG_TIMING>} [options.timing]
   * @param {typeof RTCPeerConnection} [options.RTCPeerConnection]
   */
  constructor(options) {
    super();
    this.options = options;
    this.offers = options.role === "clinician";
    this.other = this.offers ? "patient" : "clinician";
    this.timing = { ...LEG_TIMING, ...options.timing };
    this.PeerConnection = options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    this.#visit = options.visit;
  }

  start() {
    if (this.state !== "idle") return;
    this.options.client.addEventListener("signal", this.#take);
    this.#meter.start(this.timing.stats_every_ms);
    this.#setState("connecting");
    if (this.#isLive) this.#begin();
  }

  /** The newest snapshot of the visit. @param {VisitInfo} visit */
  follow(visit) {
    const before = this.#isLive;
    this.#visit = visit;
    if (this.state === "idle" || this.state === "closed" || !this.#isLive) return;
    if (!before) this.#begin();
    else if (this.state === "failed") this.#repair(); // refused before; things have changed
  }

  /** Before the answer nothing may be said, and in a visit that has gone over to a bridge neither. */
  get #isLive() {
    return ["live", "held"].includes(this.#visit.state) && this.#visit.mode === "direct";
  }

  /** What is received is negotiated, so another connection changes it. @param {boolean} only */
  setSoundOnly(only) {
    this.soundOnly = only;
    if (this.#isLive && this.state !== "idle") this.#repair();
  }

  /** The other one, whenever connected. @returns {Slot[]} */
  get slots() {
    return this.#connected ? slotsOf(this.#connected.pc, this.#connected.names) : [];
  }

  /** The browser's own figures. @returns {Promise<any[]>} */
  async stats() {
    const reports = await this.#peer?.pc.getStats().catch(() => null);
    return reports ? [...reports.values()] : [];
  }

  /** Something that I send changed: another camera, or none. No negotiation is needed. */
  async renewTracks() {
    for (const peer of [this.#peer, this.#old]) if (peer?.pc.localDescription) await renewSent(peer.pc, this.options.track);
  }

  close() {
    clearTimeout(this.#timer);
    this.#meter.stop();
    this.#unlisten();
    this.options.client.removeEventListener("signal", this.#take);
    for (const peer of [this.#old, this.#peer]) peer?.close();
    this.#old = this.#peer = null;
    this.#setState("closed");
  }

  #begin(atLeast = 1) {
    if (this.offers) void this.#offer(atLeast);
    else this.#ask();
  }

  /** @param {number} atLeast */
  async #offer(atLeast) {
    const peer = await this.#replace(this.options.nextGeneration(this.#visit.id, Math.max(atLeast, this.#seen + 1)));
    await peer?.offer().catch(() => {}); // closed meanwhile, or the timer makes another one
  }

  /** Until there is an offer. */
  #ask() {
    this.#say(null, { kind: "renew", generation: this.#seen });
    this.#later(Math.max(this.#pause(), this.timing.repair_base_ms), () => this.#repair());
  }

  /**
   * A new connection in the place of the present one.
   * @param {number} generation @returns {Promise<DirectPeer | null>} null: another one is newer
   */
  async #replace(generation) {
    this.#seen = generation;
    const visit = this.#visit;
    const iceServers = this.options.iceServers ? await this.options.iceServers(visit) : [];
    if (generation !== this.#seen || this.state === "closed") return null;
    const peer = new DirectPeer(generation, {
      config: { iceServers, iceTransportPolicy: visit.relay_only ? "relay" : "all" },
      soundOnly: this.soundOnly,
      track: this.options.track,
      protect: this.options.protect,
      say: (from, word) => this.#say(from, word),
      changed: (which) => this.#changed(which),
      PeerConnection: this.PeerConnection,
    });
    this.#madeAt = performance.now();
    if (this.#old) this.#peer?.close(); // never connected: of no use to anybody
    else this.#old = this.#peer;
    this.#peer = peer;
    this.#later(this.timing.connect_within_ms, () => this.#repair());
    return peer;
  }

  /** Another connection, at once the first time, then after growing pauses. */
  #repair() {
    if (this.state === "closed" || !this.#isLive) return;
    const pause = this.#pause();
    this.#attempt += 1;
    this.#setState(this.#wasConnected ? "reconnecting" : "connecting");
    this.#later(pause, () => this.#begin());
  }

  #pause() {
    const { repair_base_ms, repair_cap_ms } = this.timing;
    const ceiling = Math.min(repair_cap_ms, repair_base_ms * 2 ** this.#attempt);
    return this.#attempt === 0 ? 0 : ceiling * (0.5 + Math.random() / 2);
  }

  /** @param {DirectPeer} peer */
  #changed(peer) {
    const { connectionState } = peer.pc;
    if (peer !== this.#peer) return;
    if (connectionState === "connected") {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#wasConnected = true;
      this.#old?.close();
      this.#old = null;
      this.#setState("connected");
      void this.renewTracks(); // what I send may have changed meanwhile
      this.#unlisten();
      this.#unlisten = watchSilence(peer.pc, () => peer === this.#peer && this.state === "connected" && this.#repair(), SILENCE);
      this.#show(peer);
    } else if (connectionState === "disconnected") {
      this.#setState("reconnecting");
      this.#later(this.timing.disconnected_grace_ms, () => this.#repair());
    } else if (connectionState === "failed") {
      this.#repair();
    }
  }

  /** @param {DirectPeer | null} from whose word it is: a connection's that was given up is not said @param {Word} word */
  #say(from, word) {
    this.#saying = this.#saying.then(async () => {
      if (this.state === "closed" || (from && from !== this.#peer)) return;
      const { id: visit, epoch } = this.#visit;
      await this.options.client.request("signal", { visit, epoch, to: this.other, data: word }).catch((error) => this.#refused(error));
    });
  }

  /** What else is not said in time is said again: the timers are running. @param {unknown} error */
  #refused(error) {
    if (!(error instanceof KolappError) || !FINAL.has(error.code) || this.state === "closed") return;
    clearTimeout(this.#timer);
    if (this.state !== "connected") this.#setState("failed");
  }

  #take = (/** @type {Event} */ event) => {
    const { visit, sender, data } = /** @type {CustomEvent<SignalNow>} */ (event).detail;
    if (visit !== this.#visit.id || sender !== this.other) return;
    this.#hearing = this.#hearing.then(() => this.#hear(data)).catch(() => {}); // what cannot be used is as good as lost
  };

  /** @param {Word} word */
  async #hear(word) {
    if (this.state === "closed" || word.kind === "key") return;
    const present = word.generation === this.#peer?.generation ? this.#peer : null;
    if (word.kind === "candidate") await present?.add(word);
    else if (word.kind === "renew") await this.#asked(word.generation);
    else if (word.sdp_type === "answer") await present?.accept(word.sdp);
    else await this.#offered(word.generation, word.sdp);
  }

  /** The patient waits for a connection newer than this one. @param {number} generation */
  async #asked(generation) {
    if (!this.#isLive) return;
    if (this.#peer && !this.#peer.agreed && generation < this.#peer.generation) return this.#peer.describe("offer");
    const soon = this.#madeAt + this.timing.repair_base_ms - performance.now();
    if (soon > 0) return this.#later(soon, () => this.#begin(generation + 1)); // however often it is said
    if (this.state === "connected") this.#setState("reconnecting");
    await this.#offer(generation + 1);
  }

  /** @param {number} generation @param {string} sdp */
  async #offered(generation, sdp) {
    if (generation < this.#seen) return this.#say(null, { kind: "renew", generation: this.#seen });
    if (generation === this.#seen) return; // answered, or about to be
    if (this.#wasConnected) this.#setState("reconnecting");
    await (await this.#replace(generation))?.answer(sdp);
  }

  /** Once a connection. @param {DirectPeer} peer */
  #show(peer) {
    if (this.#shown === peer) return;
    this.#shown = peer;
    for (const slot of this.slots) this.#emit("stream", slot);
  }

  get #connected() {
    return this.#peer && this.state === "connected" ? { pc: this.#peer.pc, names: [this.other] } : null;
  }

  /** One timer is enough: whatever is planned last is what matters. @param {number} ms @param {() => void} act */
  #later(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
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

/**
 * The leg of before goes when the one after it is there, or after a while: no gap in the call.
 * @param {{close: () => void} | null} before @param {EventTarget & {state: LegState}} after @param {number} [within_ms]
 */
export function handOver(before, after, within_ms = 8_000) {
  if (!before) return;
  const timer = setTimeout(() => before.close(), within_ms);
  const look = () => {
    if (!["connected", "closed"].includes(after.state)) return;
    clearTimeout(timer);
    after.removeEventListener("state", look);
    before.close();
  };
  after.addEventListener("state", look);
}
