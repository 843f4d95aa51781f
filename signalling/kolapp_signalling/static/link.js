// @ts-check
import { decode, SUBPROTOCOL } from "./protocol.js";

/** @typedef {import("./protocol.js").ServerMessage} ServerMessage */
/** @typedef {import("./protocol.js").Welcome} Welcome */

/**
 * Deadlines, in ms. A lost network gives no event for minutes, so silence is what we act on.
 * @typedef {object} LinkTiming
 * @property {number} open_within_ms socket opened and welcomed
 * @property {number} pong_within_ms any frame after a ping
 * @property {number} check_within_ms the same after a forced check: the person is looking, be quick
 * @property {number} quiet_ms a request after such a silence comes with a check
 */

/**
 * One WebSocket from its opening to its death, which is told exactly once: `onDown`.
 *
 * A link that is given up does not wait for the closing handshake: on a dead network it would
 * take longer than a new connection.
 */
export class Link {
  /** @type {WebSocket} */ #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #deadline;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #nextPing;
  #pingEveryMs = 0;
  #heardAt = 0;
  #dueAt = Infinity; // when silence means dead
  #dead = false;

  /**
   * @param {{
   *   url: string, token: string, resume: string | null, timing: LinkTiming,
   *   nextId: () => number, WebSocket: typeof WebSocket,
   *   onWelcome: (welcome: Welcome) => void,
   *   onMessage: (message: ServerMessage) => void,
   *   onDown: (code: number) => void,
   * }} options
   */
  constructor(options) {
    this.options = options;
    this.welcomed = false;
    this.#socket = new options.WebSocket(options.url, [SUBPROTOCOL]);
    this.#socket.onopen = () => this.#greet();
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#die(event.code);
    this.#expectFrame(options.timing.open_within_ms);
  }

  /** @param {object} message */
  send(message) {
    if (this.#socket.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /**
   * Send what somebody waits for. A network that has gone silent would swallow it for as long as
   * the next ping takes to notice, so ping first: what goes before is answered at once, however
   * long the request takes. Somebody who was heard just now is asked only if the answer tarries.
   * @param {object} message
   */
  ask(message) {
    const { quiet_ms, pong_within_ms } = this.options.timing;
    if (performance.now() - this.#heardAt >= quiet_ms) this.check();
    else this.#pingIn(quiet_ms, pong_within_ms);
    this.send(message);
  }

  /** Is anybody there? Ask now instead of at the next ping. */
  check() {
    if (this.welcomed) this.#ping(this.options.timing.check_within_ms);
  }

  /** End it without telling `onDown`. */
  drop() {
    this.#dead = true;
    this.#silence();
    this.#socket.close(1000);
  }

  #greet() {
    const { token, resume, nextId } = this.options;
    this.send({ type: "hello", id: nextId(), token, ...(resume ? { resume } : {}) });
  }

  /** @param {unknown} data */
  #receive(data) {
    const message = decode(data);
    if (this.welcomed) this.#restPing(); // any frame is a sign of life, not the pong alone
    if (!message) return;
    if (message.type === "welcome") this.#welcome(message);
    else if (this.welcomed) this.options.onMessage(message);
    else this.#die(1006); // refused to greet us, yet not for good: another try, after a pause
  }

  /** @param {Welcome} message */
  #welcome(message) {
    this.welcomed = true;
    this.#pingEveryMs = message.ping_every_ms;
    this.#restPing();
    this.options.onWelcome(message);
  }

  #restPing() {
    clearTimeout(this.#deadline);
    this.#heardAt = performance.now();
    this.#dueAt = Infinity;
    this.#pingIn(this.#pingEveryMs, this.options.timing.pong_within_ms);
  }

  /** @param {number} ms @param {number} within_ms */
  #pingIn(ms, within_ms) {
    clearTimeout(this.#nextPing);
    this.#nextPing = setTimeout(() => this.#ping(within_ms), ms);
  }

  /** @param {number} within_ms */
  #ping(within_ms) {
    clearTimeout(this.#nextPing);
    this.send({ type: "ping", id: this.options.nextId() });
    this.#expectFrame(within_ms);
  }

  /** The earliest deadline counts: asking again is no reason to wait longer. @param {number} within_ms */
  #expectFrame(within_ms) {
    const due = performance.now() + within_ms;
    if (due >= this.#dueAt) return;
    this.#dueAt = due;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#die(1006), within_ms);
  }

  /** @param {number} code */
  #die(code) {
    if (this.#dead) return;
    this.drop();
    this.options.onDown(code);
  }

  #silence() {
    clearTimeout(this.#deadline);
    clearTimeout(this.#nextPing);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
  }
}
