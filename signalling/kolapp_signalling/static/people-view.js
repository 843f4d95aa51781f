// @ts-check
/** Who is in the call, as a panel over it: everybody reads it, the clinician also invites and removes there. */
import { icon, make, setText } from "./ui.js";

/** @typedef {import("./roster.js").Person} Person */
/** @typedef {import("./ui.js").Words} Words */

export class PeopleView {
  label = make("span");
  toggle = make("button", {
    id: "people-open", class: "chat-open people-open", type: "button", "aria-expanded": "false", "aria-controls": "people", hidden: true,
  }, icon("people"), this.label);
  closer = make("button", { id: "people-close", class: "chat-close", type: "button", "data-label": "close" }, icon("cross"));
  list = make("ul", { id: "people-list", class: "people-list" });
  /** What the clinician can do beside reading. */ more = make("div", { class: "people-more" });
  panel = make("section", { id: "people", class: "chat people", "aria-labelledby": "people-title", hidden: true },
    make("header", {}, make("h2", { id: "people-title", tabindex: "-1", "data-t": "people_title" }), this.closer),
    make("div", { class: "people-scroll" }, this.list, this.more));
  #drawn = "";

  /** @param {HTMLElement} root the call @param {Words} words */
  constructor(root, words) {
    this.words = words;
    root.append(this.toggle, this.panel);
    words.fill(this.panel);
    this.toggle.addEventListener("click", () => this.show(this.panel.hidden));
    this.closer.addEventListener("click", () => this.show(false));
    this.panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.show(false));
    root.addEventListener("panel", ({ target }) => target !== this.panel && this.#hide());
  }

  /** @param {boolean} open */
  show(open) {
    this.#hide(!open);
    if (open) this.panel.dispatchEvent(new Event("panel", { bubbles: true })); // another one gives way
    (open ? /** @type {HTMLElement} */ (this.panel.querySelector("h2")) : this.toggle).focus();
  }

  #hide(hidden = true) {
    this.panel.hidden = hidden;
    this.toggle.setAttribute("aria-expanded", String(!hidden));
  }

  /**
   * @param {Person[]} others @param {string} me my own name
   * @param {((person: Person) => Node | null) | null} [extra] for who may invite: what stands beside somebody
   */
  draw(others, me, extra = null) {
    const { t } = this.words;
    const alone = others.length < 2;
    this.toggle.hidden = others.length === 0 || (alone && !extra);
    if (this.toggle.hidden) this.#hide();
    setText(this.label, alone && extra ? t.invite : t.people_title);
    // A row that is replaced loses the focus and the tap.
    const wanted = JSON.stringify([others.map(({ role, id, name }) => [role, id, name]), me, t.language]);
    if (wanted !== this.#drawn) {
      this.#drawn = wanted;
      const rows = others.map((person) => this.#row(person.role, person.name, extra?.(person) ?? null));
      this.list.replaceChildren(this.#row("me", `${me} (${t.you})`, null), ...rows);
    }
    for (const { role, note, guest } of others) {
      const element = this.list.querySelector(`[data-who="${role}"] .people-note`);
      if (element) setText(element, note || (guest ? t.invited : ""));
    }
  }

  /** @param {string} who @param {string} name @param {Node | null} extra */
  #row(who, name, extra) {
    const row = make("li", { "data-who": who }, icon("person"),
      make("span", { class: "people-name" }, make("span", {}, name), make("span", { class: "people-note" })));
    if (extra) row.append(extra);
    return row;
  }
}
