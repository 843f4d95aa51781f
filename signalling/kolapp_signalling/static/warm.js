// @ts-check
/**
 * The leg that is ready before there is a visit: connected to the queue's media node, sending nothing
 * until somebody wants it to. When the visit comes the call takes it over as it is.
 */
import { nextGeneration } from "./generations.js";
import { Leg } from "./media.js";
import { Relays } from "./relays.js";
import { isFor } from "./slots.js";

/** @typedef {import("./kolapp.js").KolappClient} KolappClient */
/** @typedef {import("./devices.js").LocalMedia} LocalMedia */

/** Where a warm leg is, in place of a visit. @type {import("./protocol.js").VisitInfo} */
const ROOM = { id: "room", epoch: 0, state: "called", queue: "", number: 0, media_epoch: 0, participants: [] };

/** After a refusal that another offer would get as well. */
const REFUSED_MS = 15_000;

/** Events: `state`, when the leg's has changed. */
export class Warm extends EventTarget {
  /** @type {Leg | null} */ leg = null;
  sending = false;
  /** Encrypts a leg of a queue whose calls are encrypted. @type {((pc: RTCPeerConnection) => void) | null} */ protect = null;
  #queue = "";
  #startedAt = 0;

  /** @param {KolappClient} client @param {LocalMedia} media @param {"patient" | "clinician"} role */
  constructor(client, media, role) {
    super();
    this.client = client;
    this.media = media;
    this.role = role;
    this.relays = new Relays(client);
    media.addEventListener("change", () => void this.leg?.renewTracks());
  }

  get state() {
    return this.leg?.state ?? "idle";
  }

  /** Be ready for this queue; asked again and again it goes on as it is. @param {string} queue */
  keep(queue) {
    if (this.client.state !== "open" || !this.fits(queue)) return;
    if (this.leg && this.#queue !== queue) this.stop();
    if (this.leg?.state === "failed" && performance.now() - this.#startedAt > REFUSED_MS) this.stop();
    if (!this.leg) this.#start(queue);
  }

  /** Whether a leg to a media node is of use there: those of a direct visit have none. @param {string} queue */
  fits(queue) {
    return this.client.welcome?.queues.find(({ name }) => name === queue)?.mode !== "direct";
  }

  stop() {
    const { leg } = this;
    this.leg = null;
    this.sending = false;
    leg?.close();
    this.#changed();
  }

  /** Whether sound and picture go to the node, which sends them back at most. @param {boolean} sending */
  async send(sending) {
    this.sending = sending;
    await this.leg?.renewTracks();
  }

  /** For the call: the leg as it is, if it is connected and right for it. Whoever has it closes it. @param {boolean} [encrypted] @returns {Leg | null} */
  handOver(encrypted) {
    const { leg } = this;
    if (leg?.state !== "connected" || !isFor(leg, { encrypted })) {
      this.stop();
      return null;
    }
    this.leg = null;
    this.sending = false;
    this.#changed();
    return leg;
  }

  /** @param {string} queue */
  #start(queue) {
    this.#queue = queue;
    this.#startedAt = performance.now();
    const { slots, encrypted } = this.client.welcome?.queues.find(({ name }) => name === queue) ?? {};
    if (encrypted && !this.protect) return; // this browser cannot, and is told so
    const leg = new Leg({
      visit: { ...ROOM, slots },
      role: this.role,
      ...(encrypted && { protect: this.protect ?? undefined }),
      offer: ({ generation, sdp }) => this.client.request("prepare", { queue, generation, sdp }),
      track: (kind) => (this.sending ? this.media.outgoing(kind) : null),
      nextGeneration,
      iceServers: () => this.relays.of(ROOM.id, ROOM.epoch),
    });
    leg.addEventListener("state", () => this.#changed());
    this.leg = leg;
    leg.start();
  }

  #changed() {
    document.body.dataset.warm = this.state;
    this.dispatchEvent(new Event("state"));
  }
}
