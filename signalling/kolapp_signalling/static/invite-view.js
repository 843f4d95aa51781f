// @ts-check
/** The clinician's part of the panel of people: who is invited, whom to invite, and the newest link. */
import { drawCode } from "./qr-view.js";
import { kindName, KINDS } from "./roster.js";
import { sayError } from "./session.js";
import { announce, confirmed, icon, make, setText } from "./ui.js";

/** @typedef {import("./invitations.js").Invitations} Invitations */
/** @typedef {import("./roster.js").Person} Person */
/** @typedef {import("./ui.js").Words} Words */

export class InviteView {
  waiting = make("ul", { id: "invited", class: "people-list" });
  title = make("h3", { "data-t": "invite" });
  lead = make("p", { class: "people-lead" });
  kinds = make("div", { id: "invite-kinds", class: "invite-kinds" });
  field = make("input", { id: "invite-link", type: "text", readonly: true, "data-label": "invite_link" });
  copy = make("button", { id: "invite-copy", class: "secondary", type: "button" }, make("span", { "data-t": "revisit_copy" }));
  share = make("button", { id: "invite-share", class: "secondary", type: "button", "data-t": "invite_share", hidden: !navigator.share });
  code = make("div", { class: "invite-code" });
  linkLead = make("p", { class: "people-lead" });
  link = make("section", { id: "invite-new", class: "invite-new", hidden: true }, this.linkLead, this.field,
    make("div", { class: "invite-buttons" }, this.copy, this.share), this.code);
  error = make("p", { id: "invite-error", class: "people-error", role: "alert" });
  ask = make("h2", { id: "remove-title" });
  dialog = make("dialog", { id: "remove-dialog", class: "dialog", "aria-labelledby": "remove-title" },
    make("form", { method: "dialog" }, this.ask, make("p", { "data-t": "remove_text" }),
      make("div", { class: "dialog-buttons" },
        make("button", { id: "remove-no", class: "secondary", value: "no", "data-t": "cancel", autofocus: true }),
        make("button", { id: "remove-yes", class: "danger", value: "yes", "data-t": "remove_yes" }))));
  #shown = "";
  #drawn = "";

  /** @param {HTMLElement} root @param {Invitations} invitations @param {Words} words */
  constructor(root, invitations, words) {
    this.invitations = invitations;
    this.words = words;
    for (const kind of KINDS) {
      const button = make("button", { "data-kind": kind, class: "secondary", type: "button" }, icon("people"), make("span", { "data-t": kind }));
      button.addEventListener("click", () => void invitations.invite(kind));
      this.kinds.append(button);
    }
    root.append(this.waiting, this.link, this.title, this.lead, this.kinds, this.error);
    document.body.append(this.dialog);
    words.fill(root);
    words.fill(this.dialog);
    this.copy.addEventListener("click", () => void this.#copy());
    this.share.addEventListener("click", () => void this.#share());
    invitations.addEventListener("change", () => this.render());
  }

  /** What stands beside somebody in the list: a guest can be removed. @param {Person} person */
  beside = ({ role, name, guest }) => (guest ? this.#remover(role, name) : null);

  /** @param {string} role @param {string} name */
  #remover(role, name) {
    const { t } = this.words;
    const button = make("button", { class: "people-remove", type: "button", "data-remove": role, "aria-label": t.remove_whom(name) }, t.remove);
    button.addEventListener("click", () => void this.#remove(role, name));
    return button;
  }

  /** @param {string} role @param {string} name */
  async #remove(role, name) {
    setText(this.ask, this.words.t.remove_ask(name));
    if (await confirmed(this.dialog)) await this.invitations.remove(role);
  }

  /** Where the browser does not let the page copy, the link stands there selected, to be copied by hand. */
  async #copy() {
    this.field.select();
    await navigator.clipboard?.writeText(this.field.value).then(() => {
      setText(this.linkLead, this.words.t.revisit_copied);
      announce(this.words.t.revisit_copied);
    }, () => {});
  }

  async #share() {
    await navigator.share({ url: this.field.value }).catch(() => {}); // who thinks better of it
  }

  render() {
    const { invitations, words: { t } } = this;
    const { link, error, full, busy, open } = invitations;
    this.title.hidden = this.kinds.hidden = !open;
    this.kinds.hidden ||= full;
    this.lead.hidden = !open;
    setText(this.lead, full ? t.invite_full : t.invite_lead);
    for (const button of this.kinds.children) button.toggleAttribute("disabled", busy);
    setText(this.error, error ? (sayError(error, t) ?? t.error_other) : "");
    this.#renderWaiting();
    this.link.hidden = !link;
    if (!link || link.url === this.#shown) return;
    this.#shown = link.url;
    this.field.value = link.url;
    setText(this.linkLead, t.invite_made(kindName(t, link.kind), Math.round((link.until - performance.now()) / 60_000)));
    announce(this.linkLead.textContent ?? "");
    drawCode(this.code, link.url, t.invite_code);
    this.copy.focus();
    this.link.scrollIntoView({ block: "nearest" });
  }

  #renderWaiting() {
    const { invitations, words: { t } } = this;
    const rows = invitations.invited.map((one) => ({ ...one, name: kindName(t, one.kind), left: invitations.minutesLeft(one) }));
    const wanted = JSON.stringify([rows.map(({ role, name, left }) => [role, name, left]), t.language]);
    if (wanted === this.#drawn) return; // a row that is replaced loses the focus and the tap
    this.#drawn = wanted;
    this.waiting.replaceChildren(...rows.map(({ role, name, left }) => make("li", { "data-who": role }, icon("clock"),
      make("span", { class: "people-name" }, make("span", {}, name), make("span", { class: "people-note" }, t.invite_left(left))),
      this.#remover(role, name))));
  }
}
