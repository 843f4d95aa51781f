// @ts-check
/** The chat of a visit. The server keeps its lines until the visit ends; this page just as long. */
import { KolappError } from "./protocol.js";

/** @typedef {import("./kolapp.js").KolappClient} KolappClient */
/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./protocol.js").ChatLine} ChatLine */
/**
 * A line of mine on its way. `failed`: the server refused it or did not answer; it waits for a press.
 * `number`: the server has it.
 * @typedef {{key: string, text: string, failed: boolean, number: number}} Outgoing
 */

/** Lines on their way at once; who writes more is asked to wait. */
const MOST_UNSENT = 20;

/** Fires `change`, and `line` (detail: the line) for each that somebody else wrote. */
export class Chat extends EventTarget {
  /** @type {ChatLine[]} from number 1 on, without a gap */ lines = [];
  /** @type {Outgoing[]} */ unsent = [];
  /** @type {KolappError | null} why the first of `unsent` failed */ error = null;
  /** @type {VisitInfo | null} */ #visit = null;
  #hearing = false;
  #saying = false;

  /** @param {KolappClient} client @param {string} role in the visit; a guest learns it with the first snapshot */
  constructor(client, role) {
    super();
    this.client = client;
    this.role = role;
  }

  get open() {
    return this.#visit !== null;
  }

  get visit() {
    return this.#visit;
  }

  /** More than one other person may have written a line. */
  get several() {
    return (this.#visit?.participants.length ?? 0) > 2 || this.lines.some(({ role }) => role.startsWith("guest"));
  }

  get full() {
    return this.unsent.length >= MOST_UNSENT;
  }

  /** What is not among `lines` yet. */
  get onTheirWay() {
    return this.unsent.filter(({ number }) => number > this.lines.length);
  }

  /** The newest snapshot of the visit. @param {VisitInfo} visit */
  follow(visit) {
    if (this.#visit?.id !== visit.id) this.end();
    if (visit.state !== "live" && visit.state !== "held") return this.end();
    const first = this.#visit === null;
    this.#visit = visit;
    if (first) this.#changed();
    if ((visit.said ?? 0) > this.lines.length) void this.#hear(visit.id);
  }

  end() {
    if (!this.#visit) return;
    this.#visit = this.error = null;
    this.lines = [];
    this.unsent = [];
    this.#changed();
  }

  /** @param {string} text not empty */
  say(text) {
    if (!this.#visit || this.full) return;
    this.unsent.push({ key: crypto.randomUUID(), text, failed: false, number: Infinity });
    this.#changed();
    void this.#send();
  }

  /** Those that failed, once more: the same key, so none can be there twice. */
  again() {
    for (const line of this.unsent) line.failed = false;
    this.error = null;
    this.#changed();
    void this.#send();
  }

  async #send() {
    if (this.#saying) return;
    this.#saying = true;
    for (let next = this.unsent[0]; next && !next.failed && this.#visit; next = this.unsent[0]) {
      await this.#sendOne(next, this.#visit);
    }
    this.#saying = false;
  }

  /** @param {Outgoing} line @param {VisitInfo} visit */
  async #sendOne(line, { id, epoch }) {
    const { key, text } = line;
    try {
      const reply = await this.client.request("say", { visit: id, epoch, key, text });
      if (this.#visit?.id !== id) return;
      line.number = reply.lines[0]?.number ?? 0;
      await this.#hear(id); // what the other wrote meanwhile stands before it
      this.unsent = this.unsent.filter((other) => other !== line);
    } catch (error) {
      for (const each of this.unsent) each.failed = true;
      this.error = error instanceof KolappError ? error : null;
    }
    this.#changed();
  }

  /** @param {string} visit */
  async #hear(visit) {
    while (this.#hearing) await this.#heard;
    this.#hearing = true;
    this.#heard = this.#read(visit).finally(() => (this.#hearing = false));
    await this.#heard;
  }

  /** @type {Promise<void>} */ #heard = Promise.resolve();

  /** Everything there is that this page does not have. @param {string} visit */
  async #read(visit) {
    for (let said = Infinity; this.#visit?.id === visit && this.lines.length < said; ) {
      const after = this.lines.length;
      const reply = await this.client.request("hear", { visit, after }).catch(() => null);
      if (!reply || this.#visit?.id !== visit) return; // the next snapshot asks again
      said = reply.said;
      for (const line of reply.lines) this.#take(line);
      if (!reply.lines.length) return;
    }
  }

  /** @param {ChatLine} line */
  #take(line) {
    if (line.number !== this.lines.length + 1) return;
    this.lines.push(line);
    if (line.role !== this.role) this.dispatchEvent(new CustomEvent("line", { detail: line }));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
