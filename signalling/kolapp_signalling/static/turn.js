// @ts-check
/** "Your turn": the ring, its clock, and answering it, also over a connection that is gone. */
import { KolappError } from "./kolapp.js";
import { Ring } from "./ring.js";

/** @typedef {import("./protocol.js").TicketSnapshot} TicketSnapshot */

/** How long after the end of a ring the server has to say what became of it, in seconds. */
const LATE_S = 2;

export class Turn {
  /** The patient has answered; the snapshot has not said so yet. */
  answering = false;
  whole_s = 0; // of this ring, when it began
  ring = new Ring();

  /** @type {TicketSnapshot | null} while it rings */ #rung = null;
  #at = 0;
  #asked = false; // whether anybody is there, at the end of the ring

  /**
   * @param {import("./kolapp.js").KolappClient} client
   * @param {import("./devices.js").LocalMedia} media
   * @param {() => void} render
   * @param {(error: unknown) => void} tell
   */
  constructor(client, media, render, tell) {
    this.client = client;
    this.media = media;
    this.render = render;
    this.tell = tell;
  }

  /** The newest snapshot. @param {TicketSnapshot | null} ticket */
  follow(ticket) {
    const call = ticket?.call ?? null;
    if (call?.visit !== this.#rung?.call?.visit || ticket?.state !== this.#rung?.state) {
      this.answering = this.#asked = false;
      this.whole_s = (call?.answer_within_ms ?? 0) / 1000;
    }
    this.#rung = call ? ticket : null;
    this.#at = performance.now();
  }

  get #called() {
    return this.#rung?.state === "called" ? this.#rung : null;
  }

  /** Of the ring; below 0 when its time is over. */
  get left_s() {
    return (this.#rung?.call?.answer_within_ms ?? 0) / 1000 - (performance.now() - this.#at) / 1000;
  }

  /** The time is over, and nobody has told us yet what became of the call. */
  get isOver() {
    if (!this.#called) return false;
    if (this.client.state !== "open") return this.left_s <= 0;
    return !this.answering && this.left_s <= -LATE_S;
  }

  /** The clinician calls a patient whom the visit has lost; who is back has answered by that. */
  get isAgain() {
    return this.#rung?.state === "in_visit" && this.left_s > 0;
  }

  /** About twice a second. */
  tick() {
    if (!this.#called || this.left_s > 0) return;
    if (this.client.state !== "open") this.answering = false; // too late, whenever it is back
    if (!this.#asked) this.client.wake(); // the word that is due now may be stuck on a dead network
    this.#asked = true;
  }

  /** As long as it rings, a silent server is no answer to the answer. */
  async answer() {
    const [ticket, call] = [this.#called, this.#called?.call];
    if (!ticket || !call || this.answering) return;
    this.answering = true;
    void this.media.open(); // the browser may ask; the visit begins meanwhile
    this.render();
    while (this.answering) {
      const error = await this.client.request("answer", { ticket: ticket.ticket, epoch: call.epoch })
        .then(() => null, (refusal) => refusal);
      if (!error || !this.answering) return;
      if (error instanceof KolappError && error.code === "timeout" && this.left_s > 0) continue;
      this.answering = false;
      this.tell(error);
      this.render();
    }
  }

  async decline() {
    const [ticket, call] = [this.#called, this.#called?.call];
    if (!ticket || !call) return;
    await this.client.request("decline", { ticket: ticket.ticket, epoch: call.epoch }).catch(this.tell);
  }
}
