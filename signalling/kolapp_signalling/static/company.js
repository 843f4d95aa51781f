// @ts-check
/** Who is with me in a call, as the newest snapshot and my own leg tell, and what is said of them. */
import { newsOf, peopleOf } from "./roster.js";

/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./slots.js").Senders} Senders */

export class Company {
  /** @type {import("./roster.js").Person[]} the others */ people = [];
  /** @type {VisitInfo | null} */ #visit = null;
  /** @type {Senders | null} */ #senders = null;
  /** @type {Set<string>} heard or seen on this leg */ #known = new Set();

  /** @param {import("./call-view.js").CallView} view */
  constructor(view) {
    this.view = view;
  }

  /** @param {VisitInfo} visit @param {string} role mine */
  follow(visit, role) {
    this.view.tiles.seat(role);
    const before = this.#visit;
    this.#visit = visit;
    if (before?.id !== visit.id) return;
    const news = newsOf(this.view.words.t, before, visit, role);
    if (news) this.view.showNews(news);
  }

  /** @param {Senders | null} senders on my leg */
  measured(senders) {
    this.#senders = senders;
    for (const who of senders?.heard ?? []) this.#known.add(who);
  }

  /** Another leg: what was measured was of the one before. */
  remeasure() {
    this.#senders = null;
  }

  end() {
    this.#visit = this.#senders = null;
    this.#known.clear();
    this.people = [];
    this.view.tiles.clear();
  }

  /** @param {string} role mine @param {boolean} soundOnly */
  draw(role, soundOnly) {
    const { view } = this;
    if (!this.#visit) return;
    const now = { shown: (/** @type {string} */ who) => view.tiles.shown(who), senders: this.#senders, known: this.#known, soundOnly };
    this.people = peopleOf(view.words.t, this.#visit, role, now);
    for (const who of this.#known) if (!this.people.some((one) => one.role === who)) this.#known.delete(who);
    view.tiles.draw(this.people, view.words.t.picture_of);
  }
}
