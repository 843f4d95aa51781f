// @ts-check
/** TURN servers for the legs of a visit, asked for once and used for as long as they may be. */

/** @typedef {import("./kolapp.js").KolappClient} KolappClient */

/** Of the time in which new connections may be made: later ones ask again. */
const FRESH = 0.5;

export class Relays {
  #visit = "";
  #until = 0;
  /** @type {Promise<RTCIceServer[]>} */ #servers = Promise.resolve([]);

  /** @param {KolappClient} client */
  constructor(client) {
    this.client = client;
  }

  /** Without an answer none: the leg tries the straight way. @param {string} visit @param {number} epoch */
  of(visit, epoch) {
    if (!this.client.welcome?.relays) return Promise.resolve([]);
    if (visit !== this.#visit || performance.now() > this.#until) {
      this.#visit = visit;
      this.#until = Infinity;
      this.#servers = this.#ask(visit, epoch);
    }
    return this.#servers;
  }

  /** @param {string} visit @param {number} epoch */
  async #ask(visit, epoch) {
    try {
      const { servers, ttl_ms } = await this.client.request("relays", { visit, epoch });
      this.#until = performance.now() + FRESH * ttl_ms;
      return servers;
    } catch {
      this.#until = 0;
      return [];
    }
  }
}
