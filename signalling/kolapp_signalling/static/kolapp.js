// @ts-check
import { Link } from "./link.js";
import { isTerminal, KolappError, terminalReason, TOKEN_REFUSED } from "./protocol.js";
import { PendingRequests } from "./requests.js";
import { within } from "./within.js";

export { CLIENT_TYPES, KolappError, SERVER_TYPES, SUBPROTOCOL } from "./protocol.js";

/** @typedef {import("./protocol.js").Requests} Requests */
/** @typedef {import("./protocol.js").ServerMessage} ServerMessage */
/** @typedef {import("./protocol.js").Welcome} Welcome */
/** @typedef {import("./protocol.js").TicketSnapshot} TicketSnapshot */
/** @typedef {import("./protocol.js").DutySnapshot} DutySnapshot */
/** @typedef {import("./protocol.js").GuestSnapshot} GuestSnapshot */

/** @typedef {"idle" | "connecting" | "open" | "waiting" | "closed"} LinkState */

/** Every duration of the client, in ms. */
export const TIMING = Object.freeze({
  token_within_ms: 8_000,
  open_within_ms: 8_000,
  pong_within_ms: 5_000,
  check_within_ms: 2_000,
  quiet_ms: 1_000, // heard nothing for so long: look whether anybody is there before asking
  request_within_ms: 15_000,
  backoff_base_ms: 250,
  backoff_cap_ms: 8_000,
  stable_after_ms: 5_000, // a link that lived this long starts the back-off afresh
  tick_ms: 1_000,
  jump_ms: 5_000, // a clock that went on so far between two ticks: we slept, or it was set
});

/**
 * A person's session with Kolapp: one connection after the other, with the newest snapshots.
 *
 * Events (CustomEvent, `detail`): `welcome` (Welcome), `ticket` (TicketSnapshot), `duty`
 * (DutySnapshot), `guest` (GuestSnapshot), `state` ({state, reason}): `waiting` is between two connections, `closed` is for
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
  /** @type {GuestSnapshot | null} the newest there was */ guest = null;

  /** @type {Link | null} */ #link = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #retry;
  /** @type {PendingRequests} */ #pending;
  #lastId = 0;
  #attempt = 0;
  #openedAt = 0;
  #generation = 0; // of the dialling: an answer to an older one is not wanted any more
  #token = ""; // of the newest connection
  #refused = ""; // the token that a fresh one was got for
  #hint_ms = 0; // how soon the server wants us back, once
  /** @type {ReturnType<typeof setInterval> | undefined} */ #ticking;
  #tickedAt = 0;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {string | ((refused: string) => string | Promise<string>)} options.token asked anew for
   *   every connection, with the token that the server has just refused, or "", and once before
   *   the present one runs out, with that
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
    // A silence may be the connection's: find out before the next request waits as long.
    this.#pending = new PendingRequests(this.timing.request_within_ms, () => this.#link?.check());
  }

  connect() {
    if (this.state !== "idle" && this.state !== "closed") return;
    this.#attempt = 0;
    this.#refused = "";
    for (const [target, name] of this.wakes) target.addEventListener(name, this.wake);
    this.#tickedAt = Date.now();
    this.#ticking = setInterval(() => this.#tick(), this.timing.tick_ms);
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

  /** A phone that slept tells nobody, and its sockets are gone: the clock shows it. */
  #tick() {
    const now = Date.now();
    const gap = now - this.#tickedAt;
    this.#tickedAt = now;
    if (gap < 0 || gap > this.timing.jump_ms) this.wake();
  }

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
      const message = { type, id: this.#nextId(), ...fields };
      this.#pending.add(message, resolve, reject);
      if (this.state === "open") this.#link?.ask(message);
    });
  }

  #nextId = () => ++this.#lastId;

  async #dial() {
    clearTimeout(this.#retry);
    const generation = ++this.#generation;
    this.#setState("connecting");
    try {
      this.#token = await this.#askToken(this.#refused);
    } catch (error) {
      if (generation === this.#generation) this.#noToken(error);
      return;
    }
    if (generation === this.#generation) this.#openLink(this.#token);
  }

  /** @param {string} refused */
  async #askToken(refused) {
    if (typeof this.token !== "function") return this.token;
    return within(this.timing.token_within_ms, Promise.resolve(this.token(refused)));
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
    if (!welcome.resumed) this.ticket = this.duty = this.guest = null;
    this.welcome = welcome;
    // Before anybody hears of the welcome: what they ask then is sent by itself, once.
    for (const message of this.#pending.messages()) this.#link?.send(message);
    this.#setState("open");
    this.#emit("welcome", welcome);
  }

  /** @param {number} code */
  #down(code) {
    this.#link = null;
    if (this.state === "open") {
      this.#pending.rejectUnrepeatable();
      if (performance.now() - this.#openedAt >= this.timing.stable_after_ms) {
        this.#attempt = 0;
        this.#refused = "";
      }
    }
    if (this.#mayRenew(code)) {
      this.#refused = this.#token;
      return void this.#dial();
    }
    if (isTerminal(code)) return this.#finish(terminalReason(code));
    this.#retry = setTimeout(() => this.#dial(), this.#backoff());
    this.#setState("waiting");
  }

  /**
   * A token that has run out is worth a fresh one, once: if that is refused too, a person is needed.
   * @param {number} code
   */
  #mayRenew(code) {
    return code === TOKEN_REFUSED && typeof this.token === "function" && this.#refused === "";
  }

  /** Full jitter: after a node's death its clients come back spread over the whole interval. */
  #backoff() {
    const hint = this.#hint_ms;
    this.#hint_ms = 0;
    if (hint > 0) return this.random() * hint; // it knows better than we how soon somebody is there
    const { backoff_base_ms, backoff_cap_ms } = this.timing;
    const ceiling = Math.min(backoff_cap_ms, backoff_base_ms * 2 ** this.#attempt);
    this.#attempt += 1;
    return this.random() * ceiling;
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    if (message.type === "ticket" || message.type === "duty" || message.type === "guest") this.#keep(message);
    if (message.type === "reconnect") this.#hint_ms = message.after_ms;
    if (message.type === "token" && !message.re) void this.#renew();
    if (message.type === "quality" || message.type === "signal") this.#emit(message.type, message);
    this.#pending.settle(message);
  }

  /** Before the token runs out, so that the link lives on. Without a fresh one it does until then. */
  async #renew() {
    try {
      const fresh = await this.#askToken(this.#token);
      if (fresh === this.#token) return;
      await this.request("renew", { token: fresh });
      this.#token = fresh;
    } catch {
      return; // the close at the end, 4501, asks once more
    }
  }

  /** Versions count within one queue. @param {TicketSnapshot | DutySnapshot | GuestSnapshot} snapshot */
  #keep(snapshot) {
    const known = this[snapshot.type];
    const sameQueue = snapshot.type !== "ticket" || this.ticket?.queue === snapshot.queue;
    if (known && sameQueue && snapshot.version < known.version) return;
    Object.assign(this, { [snapshot.type]: snapshot });
    this.#emit(snapshot.type, snapshot);
  }

  /** @param {string} reason */
  #finish(reason) {
    this.#generation += 1;
    this.#link = null;
    clearTimeout(this.#retry);
    clearInterval(this.#ticking);
    for (const [target, name] of this.wakes) target.removeEventListener(name, this.wake);
    this.#setState("closed", reason);
    this.#pending.rejectAll(reason);
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
