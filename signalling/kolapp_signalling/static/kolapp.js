// @ts-check
import { Link } from "./link.js";
import { isTerminal, KolappError, terminalReason } from "./protocol.js";

export { CLIENT_TYPES, KolappError, SERVER_TYPES, SUBPROTOCOL } from "./protocol.js";

/** @typedef {import("./protocol.js").Requests} Requests */
/** @typedef {import("./protocol.js").ServerMessage} ServerMessage */
/** @typedef {import("./protocol.js").Welcome} Welcome */
/** @typedef {import("./protocol.js").TicketSnapshot} TicketSnapshot */
/** @typedef {import("./protocol.js").DutySnapshot} DutySnapshot */

/** @typedef {"idle" | "connecting" | "open" | "waiting" | "closed"} LinkState */

/** Every duration of the client, in ms. */
export const TIMING = Object.freeze({
  open_within_ms: 8_000,
  pong_within_ms: 5_000,
  check_within_ms: 2_000,
  request_within_ms: 15_000,
  backoff_base_ms: 250,
  backoff_cap_ms: 8_000,
  stable_after_ms: 5_000, // a link that lived this long starts the back-off afresh
});

/** Requests under way at once; more means that the page is out of its mind: code `busy`. */
const PENDING_LIMIT = 32;

/** What may not be sent again on the next connection: a ping asks about this one. */
const UNREPEATABLE = new Set(["ping"]);

/**
 * @typedef {{
 *   message: {type: string, id: number},
 *   resolve: (reply: any) => void,
 *   reject: (error: KolappError) => void,
 *   timer: ReturnType<typeof setTimeout>,
 * }} Pending
 */

/**
 * A person's session with Kolapp: one connection after the other, with the newest snapshots.
 *
 * Events (CustomEvent, `detail`): `welcome` (Welcome), `ticket` (TicketSnapshot), `duty`
 * (DutySnapshot), `state` ({state, reason}): `waiting` is between two connections, `closed` is for
 * good with the reason in a word.
 *
 * No DOM in here: what wakes it (page shown, network back) is handed in as `wakes`.
 *
 *     const client = new KolappClient({ url: "wss://care.example/ws", token: () => freshToken() });
 *     client.addEventListener("ticket", ({ detail }) => show(detail));
 *     client.connect();
 *     await client.request("join", { queue: "drop-in" });
 */
export class KolappClient extends EventTarget {
  /** @type {LinkState} */ state = "idle";
  /** @type {Welcome | null} */ welcome = null;
  /** @type {TicketSnapshot | null} the newest there was */ ticket = null;
  /** @type {DutySnapshot | null} the newest there was */ duty = null;

  /** @type {Link | null} */ #link = null;
  /** @type {Map<number, Pending>} in the order of asking */ #pending = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #retry;
  #lastId = 0;
  #attempt = 0;
  #openedAt = 0;
  #generation = 0; // of the dialling: an answer to an older one is not wanted any more

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {string | (() => string | Promise<string>)} options.token asked anew for every connection
   * @param {[EventTarget, string][]} [options.wakes] targets and events after which to look
   * @param {Partial<typeof TIMING>} [options.timing]
   * @param {() => number} [options.random] for the jitter, from 0 to 1
   * @param {typeof WebSocket} [options.WebSocket]
   */
  constructor({ url, token, wakes = [], timing = {}, random = Math.random, ...others }) {
    super();
    this.url = url;
    this.token = token;
    this.wakes = wakes;
    this.timing = { ...TIMING, ...timing };
    this.random = random;
    this.WebSocket = others.WebSocket ?? globalThis.WebSocket;
  }

  connect() {
    if (this.state !== "idle" && this.state !== "closed") return;
    this.#attempt = 0;
    for (const [target, name] of this.wakes) target.addEventListener(name, this.wake);
    this.#dial();
  }

  /** End the session here; the place in the line is not given up by this. */
  close() {
    if (this.state === "closed") return;
    this.#link?.drop();
    this.#finish("done");
  }

  /** The person or the network is back: connect now, or make sure that we still are. */
  wake = () => {
    if (this.state === "waiting") this.#dial();
    else this.#link?.check();
  };

  /**
   * Ask and get the one reply. Without a connection it is sent when there is one again; the server
   * gives a repeated request the first answer, so a reply lost on the way costs nothing.
   *
   * @template {keyof Requests} T
   * @param {T} type
   * @param {Requests[T][0]} fields
   * @returns {Promise<Requests[T][1]>} rejects with a KolappError
   */
  request(type, fields) {
    return new Promise((resolve, reject) => {
      if (this.state === "closed") throw new KolappError("closed", "The connection has ended.");
      if (this.#pending.size >= PENDING_LIMIT) {
        throw new KolappError("busy", "Too many requests wait for their answer.");
      }
      const message = { type, id: this.#nextId(), ...fields };
      const timer = setTimeout(() => this.#timeOut(message.id), this.timing.request_within_ms);
      this.#pending.set(message.id, { message, resolve, reject, timer });
      if (this.state === "open") this.#link?.send(message);
    });
  }

  #nextId = () => ++this.#lastId;

  async #dial() {
    clearTimeout(this.#retry);
    const generation = ++this.#generation;
    this.#setState("connecting");
    let token;
    try {
      token = typeof this.token === "function" ? await this.token() : this.token;
    } catch (error) {
      if (generation === this.#generation) this.#noToken(error);
      return;
    }
    if (generation === this.#generation) this.#openLink(token);
  }

  /** A KolappError says that there will be none; anything else was the network. @param {unknown} error */
  #noToken(error) {
    if (error instanceof KolappError) this.#finish(error.code);
    else this.#down(1006);
  }

  /** @param {string} token */
  #openLink(token) {
    this.#link = new Link({
      url: this.url,
      token,
      resume: this.welcome?.resume ?? null,
      timing: this.timing,
      nextId: this.#nextId,
      WebSocket: this.WebSocket,
      onWelcome: (welcome) => this.#greeted(welcome),
      onMessage: (message) => this.#receive(message),
      onDown: (code) => this.#down(code),
    });
  }

  /** @param {Welcome} welcome */
  #greeted(welcome) {
    this.#openedAt = performance.now();
    // A session that was not found begins again, and so do its snapshots: after a store that lost
    // its last writes, clinging to the old version would hide the truth for ever.
    if (!welcome.resumed) this.ticket = this.duty = null;
    this.welcome = welcome;
    // Before anybody hears of the welcome: what they ask then is sent by itself, once.
    for (const { message } of this.#pending.values()) this.#link?.send(message);
    this.#setState("open");
    this.#emit("welcome", welcome);
  }

  /** @param {number} code */
  #down(code) {
    this.#link = null;
    if (isTerminal(code)) return this.#finish(terminalReason(code));
    if (this.state === "open") {
      this.#rejectUnrepeatable();
      if (performance.now() - this.#openedAt >= this.timing.stable_after_ms) this.#attempt = 0;
    }
    this.#retry = setTimeout(() => this.#dial(), this.#backoff());
    this.#setState("waiting");
  }

  /** Full jitter: after a node's death its clients come back spread over the whole interval. */
  #backoff() {
    const { backoff_base_ms, backoff_cap_ms } = this.timing;
    const ceiling = Math.min(backoff_cap_ms, backoff_base_ms * 2 ** this.#attempt);
    this.#attempt += 1;
    return this.random() * ceiling;
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    if (message.type === "ticket") this.#keepTicket(message);
    if (message.type === "duty") this.#keepDuty(message);
    if (message.re === undefined || message.re === null) return;
    const pending = this.#take(message.re);
    if (!pending) return;
    if (message.type === "error") {
      pending.reject(new KolappError(message.code, message.message, message.field, message.opens));
    } else {
      pending.resolve(message);
    }
  }

  /** @param {TicketSnapshot} ticket */
  #keepTicket(ticket) {
    const known = this.ticket;
    // Versions count within one queue.
    if (known && known.queue === ticket.queue && ticket.version < known.version) return;
    this.ticket = ticket;
    this.#emit("ticket", ticket);
  }

  /** @param {DutySnapshot} duty */
  #keepDuty(duty) {
    if (this.duty && duty.version < this.duty.version) return;
    this.duty = duty;
    this.#emit("duty", duty);
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
    // The silence may be the connection's: find out before the next request waits as long.
    if (this.state === "open") this.#link?.check();
  }

  #rejectUnrepeatable() {
    for (const { message } of [...this.#pending.values()]) {
      if (!UNREPEATABLE.has(message.type)) continue;
      this.#take(message.id)?.reject(new KolappError("lost", "The connection was lost."));
    }
  }

  /** @param {string} reason */
  #finish(reason) {
    this.#generation += 1;
    this.#link = null;
    clearTimeout(this.#retry);
    for (const [target, name] of this.wakes) target.removeEventListener(name, this.wake);
    this.#setState("closed", reason);
    for (const id of [...this.#pending.keys()]) {
      this.#take(id)?.reject(new KolappError("closed", `The connection has ended: ${reason}.`));
    }
  }

  /** @param {LinkState} state @param {string} [reason] */
  #setState(state, reason = "") {
    this.state = state;
    this.#emit("state", { state, reason });
  }

  /** @param {string} name @param {unknown} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
