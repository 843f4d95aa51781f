// @ts-check
/** End-to-end encryption as it is shown over a call: a lock, the numbers to compare, and what is wrong. */
import { canEncrypt } from "./e2ee.js";
import { announce, icon, make, setText } from "./ui.js";

/** @typedef {import("./e2ee.js").Encryption} Encryption */
/** @typedef {import("./kolapp.js").KolappClient} KolappClient */
/** @typedef {import("./ui.js").Words} Words */
/** @typedef {import("./texts.js").Texts} Texts */

/** @param {string} id @param {string} kind @param {string} key */
const button = (id, kind, key) => make("button", { id, class: kind, type: "button", "data-t": key });

/** Read group by group. @param {string} code */
const grouped = (code) => `${code.slice(0, code.length / 2)} ${code.slice(code.length / 2)}`;

export class EncryptionView {
  lockWords = make("span");
  lock = make("button", { id: "e2ee", class: "call-pill e2ee", type: "button", "aria-controls": "e2ee-card", hidden: true },
    icon("lock"), this.lockWords);
  title = make("h2", { id: "e2ee-title", tabindex: "-1" });
  code = make("p", { id: "e2ee-code", class: "e2ee-code" });
  text = make("p", { id: "e2ee-text" });
  note = make("p", { id: "e2ee-note", class: "e2ee-note" });
  same = button("e2ee-same", "primary", "e2ee_same");
  differ = button("e2ee-differ", "secondary", "e2ee_differ");
  hangUp = button("e2ee-hang-up", "danger", "hang_up");
  again = button("e2ee-again", "secondary", "e2ee_again");
  compare = button("e2ee-compare", "secondary", "e2ee_compare");
  closer = make("button", { id: "e2ee-close", class: "chat-close", type: "button", "data-label": "close" }, icon("cross"));
  card = make("section", { id: "e2ee-card", class: "e2ee-card", "aria-labelledby": "e2ee-title", hidden: true },
    make("header", {}, this.title, this.closer), this.code, this.text, this.note,
    make("div", { class: "e2ee-buttons" }, this.same, this.differ, this.hangUp, this.again, this.compare));
  warning = make("p", { id: "e2ee-unable", class: "banner e2ee-unable", role: "alert", hidden: true },
    make("b", { "data-t": "e2ee_unable" }), make("span", { "data-t": "e2ee_unable_text" }));
  #open = false;
  /** What people found out about the numbers, and about which. */ #found = { code: "", verdict: "" };
  /** There were other numbers before. */ #renewed = false;
  /** What is wrong, and was shown. */ #trouble = "";
  #seen = "";
  #said = "";

  /** @param {import("./call-view.js").CallView} view @param {Encryption} encryption @param {KolappClient} client */
  constructor({ root, words, hangUp }, encryption, client) {
    this.root = root;
    this.encryption = encryption;
    this.words = words;
    root.querySelector(".call-head")?.append(this.lock);
    root.append(this.card);
    words.fill(this.card);
    this.lock.addEventListener("click", () => this.#toggle(!this.#open));
    root.addEventListener("panel", () => this.render());
    this.closer.addEventListener("click", () => this.#toggle(false));
    this.card.addEventListener("keydown", ({ key }) => key === "Escape" && this.#toggle(false));
    this.same.addEventListener("click", () => this.#find("same"));
    this.differ.addEventListener("click", () => this.#find("differ"));
    this.compare.addEventListener("click", () => this.#find(""));
    this.again.addEventListener("click", () => encryption.again());
    this.hangUp.addEventListener("click", () => hangUp.button.click());
    encryption.addEventListener("state", () => this.render());
    client.addEventListener("welcome", () => this.#warn(client));
    document.querySelector(".messages")?.append(this.warning);
    words.fill(this.warning);
  }

  /** Before a call, where calls are encrypted and this browser cannot do it. @param {KolappClient} client */
  #warn({ welcome }) {
    this.warning.hidden = canEncrypt() || !welcome?.queues.some(({ encrypted }) => encrypted);
  }

  /** @param {boolean} open */
  #toggle(open) {
    this.#open = open;
    if (open) this.card.dispatchEvent(new Event("panel", { bubbles: true })); // another one gives way
    this.render();
    (open ? this.title : this.lock).focus();
  }

  /** The chat or the list of people is open: numbers wait until it is closed. */
  get #covered() {
    return this.root.querySelector(".chat:not([hidden])") !== null;
  }

  /** @param {"" | "same" | "differ"} verdict */
  #find(verdict) {
    this.#found = { code: this.encryption.state?.code ?? "", verdict };
    this.#toggle(verdict !== "same");
  }

  /** Also when the language is another. */
  render() {
    const { state } = this.encryption;
    this.lock.hidden = !state || state.phase === "alone";
    if (!state || this.lock.hidden) {
      this.#open = this.#renewed = false;
      this.#seen = this.#said = this.#trouble = "";
      this.card.hidden = true;
      return;
    }
    const face = this.#face(state);
    if (state.phase === "agreed" && state.code !== this.#seen) {
      this.#renewed = this.#seen !== "";
      this.#seen = state.code;
      this.#open = true;
    }
    const trouble = face === "failed" ? face : face === "agreeing" && (state.unable.length || state.slow) ? "waiting" : "";
    const alarm = trouble && trouble !== this.#trouble;
    this.#trouble = trouble;
    if (alarm) {
      this.#open = true;
      this.card.dispatchEvent(new Event("panel", { bubbles: true }));
    }
    this.#draw(face, state);
  }

  /** @param {import("./e2ee-keys.js").KeysState} state @returns {"failed" | "agreeing" | "new" | "same" | "differ"} */
  #face({ phase, code }) {
    if (phase === "failed" || phase === "agreeing") return phase;
    const { verdict } = this.#found.code === code ? this.#found : { verdict: "" };
    return verdict === "same" || verdict === "differ" ? verdict : "new";
  }

  /** @param {ReturnType<EncryptionView["#face"]>} face @param {import("./e2ee-keys.js").KeysState} state */
  #draw(face, state) {
    const { t } = this.words;
    const shown = ["new", "same", "differ"].includes(face);
    this.card.hidden = !this.#open || this.#covered;
    this.card.dataset.face = this.lock.dataset.face = face;
    this.lock.setAttribute("aria-expanded", String(this.#open));
    setText(this.lockWords, face === "failed" ? t.e2ee_lock_failed : shown ? grouped(state.code) : t.e2ee_agreeing);
    const [title, text] = this.#words(face, state);
    setText(this.title, title);
    setText(this.text, text);
    this.code.hidden = !shown;
    setText(this.code, shown ? grouped(state.code) : "");
    setText(this.note, face === "new" && this.#renewed ? t.e2ee_renewed : face === "new" ? t.e2ee_people(state.roster.length) : "");
    for (const one of [this.same, this.differ]) one.hidden = face !== "new";
    this.hangUp.hidden = face !== "differ" && face !== "failed";
    this.again.hidden = face !== "failed";
    this.compare.hidden = face !== "same" && face !== "differ";
    const aloud = face === "failed" || face === "differ";
    const said = face === "agreeing" && !this.#trouble ? "" : `${title} ${shown ? [...state.code].join(" ") : ""} ${text}`;
    if (said !== this.#said && said) announce(said, aloud);
    this.#said = said;
  }

  /** @param {ReturnType<EncryptionView["#face"]>} face @param {import("./e2ee-keys.js").KeysState} state @returns {[string, string]} */
  #words(face, { slow, unable }) {
    const { t } = this.words;
    if (face === "failed") return [t.e2ee_failed, t.e2ee_failed_text];
    if (face === "differ") return [t.e2ee_differ_title, t.e2ee_differ_text];
    if (face === "same") return [t.e2ee_same_title, t.e2ee_same_text];
    if (face === "new") return [t.e2ee_read, t.e2ee_read_text];
    if (unable.length) return [t.e2ee_unable_other, t.e2ee_unable_other_text];
    return [t.e2ee_agreeing, slow ? t.e2ee_slow : t.e2ee_agreeing_text];
  }
}
