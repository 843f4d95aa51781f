// @ts-check
/** The clinician's panel of people: who is in the call, and the invitations into it. */
import { Invitations } from "./invitations.js";
import { InviteView } from "./invite-view.js";
import { PeopleView } from "./people-view.js";

/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./ui.js").Words} Words */

export class DeskPeople {
  /** @param {import("./kolapp.js").KolappClient} client @param {HTMLElement} root the call @param {Words} words */
  constructor(client, root, words) {
    this.words = words;
    this.invitations = new Invitations(client, location.origin);
    this.view = new PeopleView(root, words);
    this.invite = new InviteView(this.view.more, this.invitations, words);
  }

  /** @param {VisitInfo | null} visit */
  follow(visit) {
    this.invitations.follow(visit);
  }

  /** Also once a second, for what is left of invitations. @param {import("./roster.js").Person[]} others */
  render(others) {
    const { open, invited } = this.invitations;
    const guests = others.some(({ guest }) => guest) || invited.length > 0;
    this.view.draw(others, this.words.t.clinician, open || guests ? this.invite.beside : null);
    this.invite.render();
  }
}
