// @ts-check
/** What has been asked and not answered yet: one reply a request, or an error in time. */
import { KolappError } from "./protocol.js";

/** @typedef {import("./protocol.js").ServerMessage} ServerMessage */

/** Requests under way at once; more means that the page is out of its mind: code `busy`. */
const LIMIT = 32;

/** What is not sent again on the next connection: they are about this one. */
const UNREPEATABLE = new Set(["ping", "renew"]);

/**
 * @typedef {{
 *   message: {type: string, id: number},
 *   resolve: (reply: any) => void,
 *   reject: (error: KolappError) => void,
 *   timer: ReturnType<typeof setTimeout>,
 * }} Pending
 */

export class PendingRequests {
  /** @type {Map<number, Pending>} in the order of asking */ #pending = new Map();

  /** @param {number} within_ms @param {() => void} onTimeout after a request had no answer in time */
  constructor(within_ms, onTimeout) {
    this.within_ms = within_ms;
    this.onTimeout = onTimeout;
  }

  /**
   * @param {{type: string, id: number}} message
   * @param {(reply: any) => void} resolve @param {(error: KolappError) => void} reject
   */
  add(message, resolve, reject) {
    if (this.#pending.size >= LIMIT) {
      throw new KolappError("busy", "Too many requests wait for their answer.");
    }
    const timer = setTimeout(() => this.#timeOut(message.id), this.within_ms);
    this.#pending.set(message.id, { message, resolve, reject, timer });
  }

  /** To be sent on a new connection, in the order of asking. */
  messages() {
    return [...this.#pending.values()].map(({ message }) => message);
  }

  /** @param {ServerMessage} reply what is no reply, or one that nobody waits for, is passed over */
  settle(reply) {
    const pending = this.#take(reply.re ?? 0);
    if (reply.type === "error") {
      pending?.reject(new KolappError(reply.code, reply.message, reply.field, reply.opens));
    } else {
      pending?.resolve(reply);
    }
  }

  /** The connection went. */
  rejectUnrepeatable() {
    for (const { type, id } of this.messages()) {
      if (!UNREPEATABLE.has(type)) continue;
      this.#take(id)?.reject(new KolappError("lost", "The connection was lost."));
    }
  }

  /** There will be no other connection. @param {string} reason */
  rejectAll(reason) {
    for (const { id } of this.messages()) {
      this.#take(id)?.reject(new KolappError("closed", `The connection has ended: ${reason}.`));
    }
  }

  /** @param {number} id */
  #take(id) {
    const pending = this.#pending.get(id);
    if (!pending) return null;
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    return pending;
  }

  /** @param {number} id */
  #timeOut(id) {
    this.#take(id)?.reject(new KolappError("timeout", "The server did not answer in time."));
    this.onTimeout();
  }
}
