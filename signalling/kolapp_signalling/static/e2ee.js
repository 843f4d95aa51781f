// @ts-check
/**
 * End-to-end encryption as a page has it: joins the keys of a visit, the worker and the legs.
 *
 * A leg is protected in the same turn in which its connection is made: later Chromium takes no
 * transform, and would send in clear for good. Without a key the worker lets nothing out.
 */
import { firstId, frameKey, newFrameKey, newInstance } from "./e2ee-crypto.js";
import { Keys } from "./e2ee-keys.js";
import { encode, seated } from "./e2ee-words.js";
import { SILENCE_TIMING } from "./leg-timing.js";
import { othersOf } from "./slots.js";

/** @typedef {import("./kolapp.js").KolappClient} KolappClient */
/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./e2ee-keys.js").KeysState} KeysState */

const TICK_MS = 250;

/** While I send nothing, the node has nothing to report either: only consent to send is asked for. */
const SILENT_MS = 6_000;

/** Words of a visit that I have not heard of yet: the other one's snapshot came sooner. */
const MOST_EARLY = 16;

/** @typedef {{visit: string, sender: string, data: {kind: string, payload?: string}}} KeyWord */

/** Whether this browser can do it at all. */
export function canEncrypt() {
  return typeof globalThis.RTCRtpScriptTransform === "function" && typeof globalThis.crypto?.subtle === "object";
}

/** Events: `state`, when `state` is another one. */
export class Encryption extends EventTarget {
  /** Of an encrypted visit, if this browser can take part in it. @type {KeysState | null} */ state = null;
  /** @type {Worker | null} */ #worker = null;
  /** @type {VisitInfo | null} */ #visit = null;
  /** @type {Keys | null} */ #keys = null;
  /** The visit was answered. */ #begun = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #ticking;
  /** By the ids that the worker knows them by. @type {Map<number, RTCRtpSender>} */ #senders = new Map();
  /** @type {WeakSet<RTCPeerConnection>} */ #protected = new WeakSet();
  /** @type {KeyWord[]} */ #early = [];
  /** Whether the worker runs; null while nobody knows. @type {boolean | null} */ #works = null;
  #lastId = 0;

  /** For legs. @type {import("./silence.js").Timing} */
  silence = Object.defineProperty({ ...SILENCE_TIMING }, "silent", {
    get: () => (this.state && !this.state.sending ? SILENT_MS : SILENCE_TIMING.silent),
  });

  /** @param {KolappClient} client @param {string} role my name in visits; a guest learns it with the first one */
  constructor(client, role) {
    super();
    this.client = client;
    this.role = role;
    client.addEventListener("signal", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
  }

  /**
   * Nothing goes through this connection but by the worker; called again for sections that came with
   * an offer. For a leg that comes before its visit, a throw-away key of my own: what the node sends
   * back of it can be seen, by me.
   * @param {RTCPeerConnection} pc that was made, or has got its sections, in this very turn
   */
  protect = (pc) => {
    for (const [id, { transport }] of this.#senders) if (transport?.state === "closed") this.#senders.delete(id);
    for (const transceiver of pc.getTransceivers()) this.#guard(pc, transceiver);
    if (this.#protected.has(pc)) return;
    this.#protected.add(pc);
    // Again: Chromium now and then forgets the transform of a receiver that had no stream yet.
    pc.addEventListener("track", ({ transceiver }) => this.#guard(pc, transceiver));
    if (!this.#visit) void this.#alone();
  };

  /** The visit is encrypted, and this browser cannot do that: nothing may be sent. */
  get impossible() {
    return Boolean(this.#visit?.encrypted) && (!canEncrypt() || this.#works === false);
  }

  /** The newest snapshot of the visit that I am in. @param {VisitInfo} visit @param {string} role my name in it */
  follow(visit, role) {
    this.role = role;
    if (this.#visit?.id !== visit.id) this.end();
    this.#visit = visit;
    const answered = visit.state !== "called"; // before, nobody's words go through
    if (visit.encrypted && answered && !this.#begun) this.#begin(visit);
    void this.#keys?.follow(visit.participants.map(({ role }) => role), performance.now());
    for (const word of this.#early.splice(0)) this.#hear(word);
  }

  /** The visit is over, or not mine any more. */
  end() {
    clearInterval(this.#ticking);
    this.#keys = this.#visit = this.state = null;
    this.#begun = false;
    this.#worker?.postMessage({ empty: true });
    this.#changed();
  }

  /** After a failure. */
  again() {
    void this.#keys?.again(performance.now());
  }

  /** How many frames were sealed, opened and dropped, for what reason. @returns {Promise<Record<string, number>>} */
  figures() {
    const worker = this.#work();
    const mine = ++this.#lastId;
    return new Promise((resolve) => {
      const hear = (/** @type {MessageEvent} */ { data }) => {
        if (data.counted !== mine) return;
        worker.removeEventListener("message", hear);
        resolve(data.figures);
      };
      worker.addEventListener("message", hear);
      worker.postMessage({ count: mine });
    });
  }

  /** @param {RTCPeerConnection} pc @param {RTCRtpTransceiver} transceiver */
  #guard(pc, transceiver) {
    const { sender, receiver } = transceiver;
    const { kind } = receiver.track;
    const worker = this.#work();
    const slot = Math.floor(pc.getTransceivers().indexOf(transceiver) / 2);
    receiver.transform = new RTCRtpScriptTransform(worker, { way: "receive", kind, from: othersOf(this.role)[slot] ?? "", id: 0 });
    if (sender.transform) return;
    const id = ++this.#lastId;
    this.#senders.set(id, sender);
    sender.transform = new RTCRtpScriptTransform(worker, { way: "send", kind, from: "", id });
  }

  /** @param {VisitInfo} visit */
  #begin(visit) {
    this.#begun = true;
    if (!canEncrypt()) return this.#sayUnable(visit);
    const worker = this.#work();
    const keys = new Keys({
      visit: visit.id,
      me: this.role,
      ways: {
        say: (payload) => this.#say(payload),
        use: (key) => this.#current(keys) && worker.postMessage({ send: key }),
        give: (from, key) => this.#current(keys) && worker.postMessage({ receive: key, from }),
        forget: (from, id) => this.#current(keys) && worker.postMessage({ forget: id, from }),
        changed: (state) => {
          if (!this.#current(keys)) return;
          this.state = state;
          this.#changed();
        },
      },
    });
    this.#keys = keys;
    this.#ticking = setInterval(() => void keys.tick(performance.now()), TICK_MS);
  }

  /** Work of an ended visit may still be under way. @param {Keys} keys */
  #current = (keys) => this.#keys === keys;

  /** The others should know why they are not heard. @param {VisitInfo} visit */
  #sayUnable({ participants }) {
    const roster = seated(participants.map(({ role }) => role));
    this.#say(encode({ kind: "unable", round: 1, roster, instance: newInstance() }));
  }

  /** What is lost is asked for again. @param {string} payload */
  #say(payload) {
    if (!this.#visit || this.client.state !== "open") return;
    const { id: visit, epoch } = this.#visit;
    this.client.request("signal", { visit, epoch, to: "all", data: { kind: "key", payload } }).catch(() => {});
  }

  /** @param {KeyWord} word */
  #hear(word) {
    if (word.data.kind !== "key") return;
    if (!this.#begun) this.#early = [...this.#early, word].slice(-MOST_EARLY);
    else if (word.visit === this.#visit?.id) void this.#keys?.hear(word.sender, word.data.payload, performance.now());
  }

  async #alone() {
    const worker = this.#work();
    const told = newFrameKey(firstId());
    const [send, receive] = await Promise.all([frameKey(told, "encrypt"), frameKey(told, "decrypt")]);
    if (this.#visit) return;
    worker.postMessage({ empty: true });
    worker.postMessage({ send });
    worker.postMessage({ receive, from: othersOf(this.role)[0] });
  }

  /** One for the page's life: it costs a phone some megabytes, and legs of two visits overlap. */
  #work() {
    this.#worker ??= this.#newWorker();
    return this.#worker;
  }

  #newWorker() {
    const worker = new Worker(new URL("e2ee-worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => {
      if ("ready" in data) this.#works = true;
      if ("wanted" in data) void this.#askKeyFrame(data.wanted);
    });
    worker.addEventListener("error", () => this.#works ?? this.#fail());
    return worker;
  }

  /** Its code does not come, or this browser does not understand it: nothing goes out, and all should know. */
  #fail() {
    this.#works = false;
    if (this.#visit?.encrypted) this.#sayUnable(this.#visit);
    this.#changed();
  }

  /** Only Chromium's worker cannot ask for it, and only Chromium knows this option. @param {number} id */
  async #askKeyFrame(id) {
    const sender = this.#senders.get(id);
    if (!sender?.track) return;
    const setParameters = /** @type {(now: RTCRtpSendParameters, how: object) => Promise<void>} */ (sender.setParameters.bind(sender));
    const parameters = sender.getParameters();
    await setParameters(parameters, { encodingOptions: parameters.encodings.map(() => ({ keyFrame: true })) }).catch(() => {});
  }

  #changed() {
    this.dispatchEvent(new Event("state"));
  }
}
