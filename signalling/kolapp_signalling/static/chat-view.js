// @ts-check
/** The chat over the call, on both pages: a button that counts, a panel with the lines. */
import { nameOfRole } from "./roster.js";
import { announce, icon, make, setText } from "./ui.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./ui.js").Words} Words */

const LONGEST = 2_000; // what the server takes of one line

export class ChatView {
  label = make("span", { class: "chat-label" });
  toggle = make("button", {
    id: "chat-open", class: "chat-open", type: "button", "aria-expanded": "false", "aria-controls": "chat",
  }, icon("chat"), this.label);
  title = make("h2", { id: "chat-title", "data-t": "chat" });
  closer = make("button", { id: "chat-close", class: "chat-close", type: "button", "data-label": "close" }, icon("cross"));
  list = make("ol", { id: "chat-lines", class: "chat-lines", tabindex: "0", "aria-labelledby": "chat-title" });
  empty = make("p", { class: "chat-note", "data-t": "chat_note" });
  failure = make("button", { id: "chat-again", class: "secondary", type: "button", hidden: true });
  field = make("input", { id: "chat-text", type: "text", maxlength: String(LONGEST), autocomplete: "off", enterkeyhint: "send", "data-label": "chat_write" });
  send = make("button", { id: "chat-send", class: "chat-send", "data-label": "chat_send" }, icon("arrow"));
  form = make("form", { class: "chat-form" }, this.field, this.send);
  panel = make("section", { id: "chat", class: "chat", "aria-labelledby": "chat-title", hidden: true },
    make("header", {}, this.title, this.closer), this.list, this.empty, this.failure, this.form);
  #unread = 0;
  #drawn = 0; // lines that stand in the list

  /** @param {HTMLElement} root the call @param {Chat} chat @param {Words} words */
  constructor(root, chat, words) {
    this.chat = chat;
    this.words = words;
    root.append(this.toggle, this.panel);
    words.fill(this.panel);
    this.toggle.addEventListener("click", () => this.#show(this.panel.hidden));
    this.closer.addEventListener("click", () => this.#show(false));
    this.panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.#show(false));
    root.addEventListener("panel", ({ target }) => target !== this.panel && this.#hide());
    this.failure.addEventListener("click", () => chat.again());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    chat.addEventListener("line", (event) => this.#came(/** @type {CustomEvent} */ (event).detail));
    chat.addEventListener("change", () => this.render());
    this.render();
  }

  #say() {
    const text = this.field.value.trim();
    if (!text || this.chat.full) return;
    this.chat.say(text);
    this.field.value = "";
  }

  /** @param {import("./protocol.js").ChatLine} line */
  #came({ role, text }) {
    if (this.panel.hidden) this.#unread += 1;
    announce(`${this.#nameOf(role)}: ${text}`);
  }

  /** @param {boolean} open */
  #show(open) {
    this.panel.hidden = !open;
    if (open) this.#unread = 0;
    if (open) this.panel.dispatchEvent(new Event("panel", { bubbles: true })); // another one gives way
    this.render();
    if (open) this.list.scrollTop = this.list.scrollHeight;
    (open ? this.field : this.toggle).focus();
  }

  #hide() {
    this.panel.hidden = true;
    this.render();
  }

  render() {
    const { chat } = this;
    const { t } = this.words;
    if (!chat.open) {
      this.#unread = 0;
      this.panel.hidden = true;
      this.field.value = ""; // not for who uses this device next
    }
    this.toggle.hidden = !chat.open;
    this.toggle.setAttribute("aria-expanded", String(!this.panel.hidden));
    setText(this.label, this.#unread ? t.chat_unread(this.#unread) : t.chat);
    this.toggle.classList.toggle("unread", this.#unread > 0);
    this.field.setAttribute("placeholder", t.chat_write);
    this.#drawLines();
    this.empty.hidden = chat.lines.length + chat.onTheirWay.length > 0;
    const failed = chat.unsent.some((line) => line.failed);
    this.failure.hidden = !failed;
    setText(this.failure, chat.error?.code === "chat_full" ? t.chat_full : t.chat_again);
    this.send.toggleAttribute("disabled", chat.full);
  }

  /** Lines are never changed: only what is new is drawn, and what is on its way. */
  #drawLines() {
    const { chat, list } = this;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    for (const waiting of list.querySelectorAll(".unsent")) waiting.remove();
    if (chat.lines.length < this.#drawn) {
      list.replaceChildren();
      this.#drawn = 0;
    }
    for (const line of chat.lines.slice(this.#drawn)) list.append(this.#line(line.text, line.role, ""));
    this.#drawn = chat.lines.length;
    for (const { text, failed } of chat.onTheirWay) list.append(this.#line(text, chat.role, failed ? "unsent failed" : "unsent"));
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  /** @param {string} role */
  #nameOf(role) {
    if (role === this.chat.role) return this.words.t.chat_mine;
    return this.chat.several ? nameOfRole(this.words.t, role, this.chat.visit) : this.words.t.chat_theirs;
  }

  /** Text, never markup. Who wrote it is seen too where it could be several. @param {string} text @param {string} role @param {string} kind */
  #line(text, role, kind) {
    const mine = role === this.chat.role;
    const seen = !mine && this.chat.several;
    const who = make("span", { class: seen ? "chat-who" : "sr-only" }, seen ? this.#nameOf(role) : `${this.#nameOf(role)}: `);
    return make("li", { class: `chat-line ${mine ? "mine" : "theirs"} ${kind}` }, who, text);
  }
}
