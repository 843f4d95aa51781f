// @ts-check
/** Who waits, without names, and visits that want a clinician: the card beside the desk. */
import { languageNames, plain } from "./needs.js";
import { byId, make, setText } from "./ui.js";

/** @typedef {import("./kolapp.js").KolappClient} KolappClient */
/** @typedef {import("./protocol.js").BoardNow} BoardNow */
/** @typedef {import("./protocol.js").BoardTicket} BoardTicket */
/** @typedef {import("./ui.js").Words} Words */

/** How often the board is asked for while the desk is shown. */
const EVERY_MS = 3_000;

export class Board {
  /** @type {BoardNow[]} */ #queues = [];
  /** @type {{queue: string, ticket: string} | null} whom the dialog is about */ #wanted = null;
  #shown = "";
  #dialog = /** @type {HTMLDialogElement} */ (byId("board-dialog"));
  #reason = /** @type {HTMLInputElement} */ (byId("board-why"));

  /**
   * @param {KolappClient} client @param {Words} words
   * @param {() => string[]} serves the queues to show; none while there is a visit
   * @param {(error: unknown) => void} tell
   */
  constructor(client, words, serves, tell) {
    this.client = client;
    this.words = words;
    this.serves = serves;
    this.tell = tell;
    byId("board-reason").addEventListener("submit", () => void this.#pull());
    byId("board-cancel").addEventListener("click", () => this.#dialog.close());
    setInterval(() => void this.look(), EVERY_MS);
  }

  async look() {
    const asked = this.client.state === "open" && !document.hidden ? this.serves() : [];
    const found = await Promise.all(asked.map((queue) => this.client.request("board", { queue }).catch(() => null)));
    this.#queues = found.filter((board) => board !== null);
    this.render();
  }

  render() {
    const { t, language } = this.words;
    const rows = this.serves().length ? this.#queues.flatMap((board) => this.#rows(board)) : [];
    byId("board").hidden = rows.length === 0;
    const wanted = JSON.stringify([this.#queues, language, rows.length]);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    byId("board-rows").replaceChildren(...rows);
    setText(byId("board-title"), t.board_title);
  }

  /** @param {BoardNow} board */
  #rows(board) {
    const { t } = this.words;
    const held = (board.held ?? []).map(({ visit, number }) =>
      this.#row(t.number(number), [...this.#where(board.queue), t.board_held], t.take_over, () => void this.#takeOver(board.queue, visit)));
    const tickets = (board.tickets ?? []).map((ticket) =>
      this.#row(t.number(ticket.number), this.#facts(board.queue, ticket), t.board_take, () => this.#ask(board.queue, ticket)));
    const more = board.more ? [make("li", { class: "quiet" }, t.board_more(board.more))] : [];
    return [...held, ...tickets, ...more];
  }

  /** @param {string} title @param {string[]} facts @param {string} label @param {() => void} act */
  #row(title, facts, label, act) {
    const button = make("button", { class: "secondary", type: "button", "aria-label": `${label}: ${title}` }, label);
    button.addEventListener("click", act);
    return make("li", {}, make("strong", {}, title), button, make("span", { class: "quiet" }, facts.join(" · ")));
  }

  /** Each queue has its own numbers. @param {string} queue @returns {string[]} */
  #where(queue) {
    const all = this.client.duty?.queues ?? [];
    return all.length > 1 ? [all.find(({ name }) => name === queue)?.title ?? queue] : [];
  }

  /** @param {string} queue @param {BoardTicket} ticket */
  #facts(queue, ticket) {
    const { t, language } = this.words;
    const spoken = this.client.welcome?.queues.find(({ name }) => name === queue)?.needs?.languages ?? [];
    const called = languageNames(language);
    const needs = (ticket.needs ?? []).map((need) => (spoken.includes(need) ? called(need) : plain(need)));
    const facts = [...this.#where(queue), t.board_waited(Math.floor(ticket.waited_s / 60)), ...needs];
    if (ticket.urgent) facts.unshift(t.board_urgent);
    if (ticket.away) facts.push(t.board_away);
    return facts;
  }

  /** @param {string} queue @param {BoardTicket} ticket */
  #ask(queue, { ticket, number }) {
    this.#wanted = { queue, ticket };
    setText(byId("board-dialog-title"), this.words.t.board_ask(number));
    this.#reason.value = "";
    this.#dialog.showModal();
  }

  async #pull() {
    const reason = this.#reason.value.trim();
    if (!this.#wanted || !reason) return;
    await this.client.request("pull_ticket", { ...this.#wanted, reason, key: crypto.randomUUID() }).catch(this.tell);
    await this.look();
  }

  /** @param {string} queue @param {string} visit */
  async #takeOver(queue, visit) {
    await this.client.request("take_over", { queue, visit, key: crypto.randomUUID() }).catch(this.tell);
    await this.look();
  }
}
