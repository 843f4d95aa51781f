// @ts-check
/**
 * The keys of an encrypted visit: round after round, one whenever who is there has changed. Pure: no
 * DOM, no network, time is an argument.
 *
 * The design is put together from two standards. From ZRTP (RFC 6189): public keys that nobody keeps,
 * a commitment before each, and a short code of all of them that people read to each other, so that
 * no server need be trusted. From SFrame (RFC 9605): a key for each sender with an id in each frame, and
 * old keys kept for a moment when there are new ones. Words travel by the server, which may lose,
 * repeat, delay and change them, or say its own; what it cannot is to make the codes equal.
 *
 * Who misses a word asks again; a page that was loaded again is somebody new, and begins a round;
 * everybody follows the highest number that somebody of the same roster has said.
 */
import { firstId, newInstance } from "./e2ee-crypto.js";
import { Broken, Round } from "./e2ee-round.js";
import { decode, encode, seated } from "./e2ee-words.js";

/** @typedef {import("./e2ee-frames.js").FrameKey} FrameKey */
/** @typedef {import("./e2ee-words.js").Word} Word */
/** @typedef {import("./e2ee-words.js").Content} Content */

/** Durations in ms. */
export const KEYS_TIMING = Object.freeze({
  ask_base_ms: 1_000, // a word that has not come: ask for it, and again after twice as long
  ask_cap_ms: 8_000,
  slow_ms: 8_000, // then people are told that it takes long
  kept_ms: 10_000, // others' old keys, for frames under way and for who uses them a little longer
  retire_ms: 5_000, // my own key that somebody knows who has left
});

/**
 * In so many rounds of a visit I show a key. Each gives somebody in the middle one more chance in a
 * million, and rounds that break off are seen by nobody; so there must be an end.
 */
export const MOST_ROUNDS = 16;

/** Words of a roster that I have not heard of yet, for each sender. */
const MOST_EARLY = 8;

/** @typedef {import("./e2ee-round.js").Fault | "too_many" | "internal"} Failure */
/**
 * `alone`: nobody to agree with. `agreeing`; `agreed`: the code stands. `failed`: somebody may be in
 * the middle; nothing is sent until `again`. `code` is the newest, and `roster` who it is of.
 * @typedef {{phase: "alone" | "agreeing" | "agreed" | "failed", code: string, roster: string[],
 *   round: number, missing: string[], slow: boolean, unable: string[], failure: Failure | "", sending: boolean}} KeysState
 */
/**
 * What the machine does to the world. `use`: seal what I send with this, or send nothing.
 * @typedef {{say(payload: string): void, use(key: FrameKey | null): void,
 *   give(from: string, key: FrameKey): void, forget(from: string, id: number): void, changed(state: KeysState): void}} Ways
 */

export class Keys {
  /** @type {Round | null} */ #round = null;
  /** @type {string[]} */ #roster = [];
  /** @type {Map<string, Word[]>} */ #early = new Map();
  /** @type {Map<string, {from: string, id: number, until: number}>} others' keys that the worker has */ #given = new Map();
  /** @type {Set<string>} */ #unable = new Set();
  #highest = 0;
  #nextId = firstId();
  #code = "";
  /** Of the present round. @type {"none" | "usable" | "whole"} */ #reached = "none";
  #sending = false;
  #retire = Infinity; // when my own key ends, if there is no newer one by then
  #tries = 0; // rounds in which I have shown my key
  /** @type {Failure | ""} */ #failure = "";
  #begun = 0;
  #ask = { at: Infinity, pause: 0 };
  #slow = false;
  #shown = "";
  /** @type {Promise<void>} */ #work = Promise.resolve();

  /** @param {{visit: string, me: string, ways: Ways, timing?: Partial<typeof KEYS_TIMING>}} options `me`: my name in the visit */
  constructor({ visit, me, ways, timing = {} }) {
    this.visit = visit;
    this.ways = ways;
    this.timing = { ...KEYS_TIMING, ...timing };
    this.me = { name: me, instance: newInstance() };
  }

  /** Who is in the visit now. @param {string[]} names @param {number} now in ms */
  follow(names, now) {
    return this.#later(() => this.#follow(seated(names), now));
  }

  /** A word of somebody. @param {string} from @param {unknown} payload @param {number} now */
  hear(from, payload, now) {
    const word = decode(payload);
    if (!word || from === this.me.name || !seated([from]).length) return this.#work;
    return this.#later(() => this.#hear(from, word, now));
  }

  /** Time has passed. @param {number} now */
  tick(now) {
    return this.#later(() => this.#tick(now));
  }

  /** After a failure, when a person wants to try again. @param {number} now */
  again(now) {
    return this.#later(async () => {
      this.#failure = "";
      this.#tries = 0;
      if (this.#roster.length > 1) await this.#start(this.#highest + 1, now);
    });
  }

  /** One after the other: what is under way must not be overtaken. @param {() => Promise<void>} act */
  #later(act) {
    this.#work = this.#work.then(act).catch((error) => this.#fail(error)).then(() => this.#tell());
    return this.#work;
  }

  /** @param {string[]} roster @param {number} now */
  async #follow(roster, now) {
    if (String(roster) === String(this.#roster)) return;
    const left = this.#roster.filter((name) => !roster.includes(name));
    this.#roster = roster;
    for (const name of left) this.#forget((given) => given.from === name);
    for (const name of left) this.#unable.delete(name);
    if (left.length) this.#retire = Math.min(this.#retire, now + this.timing.retire_ms);
    if (roster.length < 2 || !roster.includes(this.me.name)) return this.#stop();
    if (this.#failure) return;
    await this.#start(this.#highest + 1, now);
    const early = [...this.#early];
    this.#early.clear();
    for (const [from, words] of early) for (const word of words) await this.#hear(from, word, now);
  }

  /** @param {number} number @param {number} now */
  async #start(number, now) {
    this.#abandon();
    if (this.#tries >= MOST_ROUNDS) return this.#fail("too_many");
    this.#highest = number;
    this.#reached = "none";
    this.#begun = now;
    this.#slow = false;
    this.#ask = { at: now + this.timing.ask_base_ms, pause: this.timing.ask_base_ms };
    this.#round = await Round.begin(this.visit, number, this.#roster, this.me);
    this.#say(this.#round, this.#round.repeated);
  }

  /** @param {string} from @param {Word} word @param {number} now */
  async #hear(from, word, now) {
    if (String(word.roster) !== String(this.#roster) || this.#failure) return this.#remember(from, word);
    const round = this.#round;
    if (!round) return;
    if (word.kind === "unable") return void this.#unable.add(from);
    this.#unable.delete(from);
    // Or a late word of the page before: then there is one round more, and the page that lives answers.
    const known = round.instanceOf(from);
    const reloaded = word.kind === "commit" && known !== "" && known !== word.instance;
    if (reloaded || word.round > round.number) {
      await this.#start(Math.max(word.round, round.number + 1), now);
    } else if (word.round < round.number) {
      // Somebody who is behind: what I say of this round takes them along.
      if (word.kind === "commit" || word.kind === "ask") this.#say(round, round.repeated);
      return;
    }
    await this.#take(from, word, now);
  }

  /** Of the present round. @param {string} from @param {Word} word @param {number} now */
  async #take(from, word, now) {
    const round = this.#round;
    if (!round || round.number !== word.round) return;
    if (word.kind === "ask") {
      if (word.of.includes(this.me.name)) this.#say(round, round.repeated);
      return;
    }
    try {
      await round.hear(from, word);
      this.#say(round, await round.advance(() => this.#nextId++ % 2 ** 32));
    } catch (error) {
      if (!(error instanceof Broken) || error.fault !== "mixed") throw error;
      return this.#start(round.number + 1, now);
    }
    this.#apply(round, now);
  }

  /** What a round has come to. @param {Round} round @param {number} now */
  #apply(round, now) {
    for (const [from, key] of round.keys) {
      const name = `${from} ${key.id}`;
      if (this.#given.has(name)) continue;
      this.#given.set(name, { from, id: key.id, until: Infinity });
      this.ways.give(from, key);
    }
    if (round.code) this.#code = round.code;
    if (this.#reached === "none" && round.usable) {
      this.#reached = "usable";
      this.#retire = Infinity;
      this.#sending = true;
      this.ways.use(round.own);
    }
    if (this.#reached === "usable" && round.whole) {
      this.#reached = "whole";
      for (const given of this.#given.values()) {
        if (round.keys.get(given.from)?.id !== given.id) given.until = Math.min(given.until, now + this.timing.kept_ms);
      }
    }
  }

  /** @param {number} now */
  async #tick(now) {
    this.#forget(({ until }) => until <= now);
    if (now >= this.#retire) this.#silence();
    const round = this.#round;
    if (!round || this.#failure) return;
    if (now - this.#begun >= this.timing.slow_ms) this.#slow = true;
    if (round.whole || now < this.#ask.at) return;
    const pause = Math.min(this.timing.ask_cap_ms, this.#ask.pause * 2);
    this.#ask = { at: now + pause, pause };
    // With what I have said: it may be that which was lost.
    this.#say(round, [...round.repeated, { kind: "ask", of: round.missing }]);
  }

  /** @param {string} from @param {Word} word */
  #remember(from, word) {
    const words = this.#early.get(from) ?? [];
    this.#early.set(from, [...words, word].slice(-MOST_EARLY));
  }

  #abandon() {
    if (this.#round?.revealed) this.#tries += 1;
    this.#round = null;
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#failure = error === "too_many" ? error : error instanceof Broken ? error.fault : "internal";
    this.#abandon();
    this.#silence();
  }

  #silence() {
    this.#retire = Infinity;
    if (this.#sending) this.ways.use(null);
    this.#sending = false;
  }

  /** Nobody is left, or I am not in it any more. */
  #stop() {
    this.#abandon();
    this.#silence();
    this.#forget(() => true);
    this.#code = "";
  }

  /** @param {(given: {from: string, id: number, until: number}) => boolean} which */
  #forget(which) {
    for (const [name, given] of this.#given) {
      if (!which(given)) continue;
      this.#given.delete(name);
      this.ways.forget(given.from, given.id);
    }
  }

  /** @param {Round} round @param {Content[]} contents */
  #say(round, contents) {
    const { number, roster } = round;
    for (const content of contents) this.ways.say(encode({ round: number, roster, instance: this.me.instance, ...content }));
  }

  /** @returns {KeysState} */
  get state() {
    const phase = this.#failure ? "failed" : !this.#round ? "alone" : this.#reached === "whole" ? "agreed" : "agreeing";
    return {
      phase, code: this.#code, roster: this.#roster, round: this.#highest, missing: this.#round?.missing ?? [],
      slow: this.#slow && phase === "agreeing", unable: [...this.#unable], failure: this.#failure, sending: this.#sending,
    };
  }

  #tell() {
    const shown = JSON.stringify(this.state);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.ways.changed(this.state);
  }
}
