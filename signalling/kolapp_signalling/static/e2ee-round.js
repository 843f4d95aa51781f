// @ts-check
/**
 * One round: everybody of a roster agrees on keys once. Pure: words in, words out.
 *
 * First all commit to their public keys, and only who has everybody's commitment shows the own key
 * (as ZRTP does for two, RFC 6189, 4.4.1.1): somebody in the middle must so choose all false keys
 * blindly, and hits the same short code on both sides once in a million rounds. Then each seals the
 * key of the own frames for each other, and uses it once all have it.
 */
import {
  commitment, frameKey, newFrameKey, newPair, openKey, pairKeys, sealKey, shortCode, transcript,
} from "./e2ee-crypto.js";

/** @typedef {import("./e2ee-frames.js").FrameKey} FrameKey */
/** @typedef {import("./e2ee-words.js").Word} Word */
/** @typedef {import("./e2ee-words.js").Content} Content */
/**
 * A key that is not the one committed to; a second commitment; a sealed key that does not open. And
 * `mixed`, which is nobody's fault: of somebody whose page was loaded again, I have heard the one
 * page and another participant the other.
 * @typedef {"commitment" | "changed" | "sealed" | "mixed"} Fault
 */

/** Why a round cannot be trusted. */
export class Broken extends Error {
  /** @param {Fault} fault @param {string} who */
  constructor(fault, who) {
    super(fault);
    this.fault = fault;
    this.who = who;
  }
}

export class Round {
  /** @type {string} empty until all have shown their keys */ code = "";
  /** @type {FrameKey | null} of my own frames */ own = null;
  /** Whether my public key was shown. */ revealed = false;
  /** @type {Map<string, FrameKey>} of the others' frames */ keys = new Map();
  /** @type {Map<string, {instance: string, hash: string}>} */ #commits = new Map();
  /** @type {Map<string, string>} */ #opens = new Map();
  /** @type {Map<string, {sealed: string, agreed: string}>} for me */ #sealed = new Map();
  /** @type {Record<string, string>} by me */ #mine = {};
  /** Who can open my frames. @type {Set<string>} */ #having = new Set();
  /** @type {Map<string, {seals: CryptoKey, opens: CryptoKey}>} */ #pairs = new Map();
  #agreed = "";
  #thanked = false;

  /**
   * @param {string} visit @param {number} number @param {string[]} roster in the order of seats
   * @param {{name: string, instance: string}} me @param {Awaited<ReturnType<typeof newPair>>} pair
   */
  constructor(visit, number, roster, me, pair) {
    this.visit = visit;
    this.number = number;
    this.roster = roster;
    this.me = me;
    this.pair = pair;
    this.others = roster.filter((name) => name !== me.name);
  }

  /** @param {string} visit @param {number} number @param {string[]} roster @param {{name: string, instance: string}} me */
  static async begin(visit, number, roster, me) {
    const round = new Round(visit, number, roster, me, await newPair());
    const hash = await commitment(visit, number, { ...me, open: round.pair.open });
    round.#commits.set(me.name, { instance: me.instance, hash });
    round.#opens.set(me.name, round.pair.open);
    return round;
  }

  /** Everybody has everybody's key. */
  get whole() {
    return this.all(this.keys) && this.all(this.#having);
  }

  /** All others can open what I send. */
  get usable() {
    return this.own !== null && this.all(this.#having);
  }

  /** @param {{has(name: string): boolean}} found */
  all = (found) => this.others.every((name) => found.has(name));

  /** Whose words are missing. */
  get missing() {
    const steps = [this.#commits, this.#opens, this.#sealed, this.#having];
    const step = steps.find((found) => !this.all(found));
    return step ? this.others.filter((name) => !step.has(name)) : [];
  }

  /** The page that somebody takes part with, if it has said so. @param {string} name */
  instanceOf(name) {
    return this.#commits.get(name)?.instance ?? "";
  }

  /** A word of this round. @param {string} from @param {Word} word throws `Broken` */
  async hear(from, word) {
    if (word.kind === "commit") return this.#hearCommit(from, word.instance, word.hash);
    if (this.instanceOf(from) !== word.instance) return; // asked for when it is missed
    if (word.kind === "reveal") await this.#hearReveal(from, word.open);
    if (word.kind === "keys" && !this.#sealed.has(from)) this.#hearKeys(from, word.sealed[this.me.name], word.agreed);
    if (word.kind === "have" && word.of.includes(this.me.name) && this.own) this.#having.add(from);
  }

  /** @param {string} from @param {string} instance @param {string} hash */
  #hearCommit(from, instance, hash) {
    const known = this.#commits.get(from);
    if (known && known.hash !== hash) throw new Broken("changed", from);
    this.#commits.set(from, known ?? { instance, hash });
  }

  /** @param {string} from @param {string} open */
  async #hearReveal(from, open) {
    const said = { name: from, instance: this.instanceOf(from), open };
    const fits = (await commitment(this.visit, this.number, said)) === this.#commits.get(from)?.hash;
    if (!fits) throw new Broken("commitment", from);
    this.#opens.set(from, open);
  }

  /** @param {string} from @param {string | undefined} sealed @param {string} agreed */
  #hearKeys(from, sealed, agreed) {
    if (sealed) this.#sealed.set(from, { sealed, agreed });
  }

  /** Whatever can be done now. @param {() => number} newId @returns {Promise<Content[]>} what is to be said; throws `Broken` */
  async advance(newId) {
    /** @type {Content[]} */ const said = [];
    if (!this.revealed && this.all(this.#commits)) {
      this.revealed = true;
      said.push(...this.#reveal);
    }
    if (this.revealed && !this.own && this.all(this.#opens)) {
      await this.#agree(newId());
      said.push(...this.#keys);
    }
    if (this.own) await this.#openAll();
    if (this.own && !this.#thanked && this.all(this.keys)) {
      this.#thanked = true;
      said.push(...this.#have);
    }
    return said;
  }

  /** Everything that I have said in this round, for who has lost some of it. @returns {Content[]} */
  get repeated() {
    return [...this.#commit, ...this.#reveal, ...this.#keys, ...this.#have];
  }

  /** @returns {Content[]} */
  get #commit() {
    return [{ kind: "commit", hash: this.#commits.get(this.me.name)?.hash ?? "" }];
  }

  /** @returns {Content[]} */
  get #reveal() {
    return this.revealed ? [{ kind: "reveal", open: this.pair.open }] : [];
  }

  /** @returns {Content[]} */
  get #keys() {
    return this.own ? [{ kind: "keys", sealed: this.#mine, agreed: this.#agreed }] : [];
  }

  /** @returns {Content[]} */
  get #have() {
    return this.keys.size ? [{ kind: "have", of: this.others.filter((name) => this.keys.has(name)) }] : [];
  }

  /** @param {number} id of my new key */
  async #agree(id) {
    const people = this.roster.map((name) => ({ name, instance: this.instanceOf(name), open: this.#opens.get(name) ?? "" }));
    this.#agreed = await transcript(this.visit, this.number, people);
    const told = newFrameKey(id);
    for (const { name, open } of people) {
      if (name === this.me.name) continue;
      const pair = await pairKeys(this.pair.secret, open, this.#agreed, this.me.name, name).catch(() => null);
      if (!pair) throw new Broken("commitment", name);
      this.#pairs.set(name, pair);
      this.#mine[name] = await sealKey(pair.seals, told);
    }
    this.own = await frameKey(told, "encrypt");
    this.code = await shortCode(this.#agreed);
  }

  async #openAll() {
    for (const [name, { sealed, agreed }] of this.#sealed) {
      const pair = this.#pairs.get(name);
      if (!pair || this.keys.has(name)) continue;
      if (agreed !== this.#agreed) throw new Broken("mixed", name);
      const key = await openKey(pair.opens, sealed).then((told) => frameKey(told, "decrypt")).catch(() => null);
      if (!key) throw new Broken("sealed", name);
      this.keys.set(name, key);
    }
  }
}
