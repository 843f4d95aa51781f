// @ts-check
/** The clinician's invitations into a visit: one link at a time is shown, and who has not come yet. */
import { KolappError } from "./protocol.js";

/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./protocol.js").InvitedInfo} InvitedInfo */
/** `until` is of `performance.now()`; `seen`: a snapshot has told of it. @typedef {{guest: string, kind: string, url: string, until: number, seen: boolean}} Link */

/** Codes after which the same key may be asked again: nobody knows whether it was done. */
const UNCERTAIN = new Set(["timeout", "store_unavailable", "internal", "lost"]);

/** Events: `change`. */
export class Invitations extends EventTarget {
  /** @type {Link | null} the newest that nobody has used yet */ link = null;
  /** @type {InvitedInfo[]} who has not come yet */ invited = [];
  /** @type {unknown} of the last step; null when it was done */ error = null;
  busy = false;
  /** @type {VisitInfo | null} */ #visit = null;
  #seenAt = 0;
  /** Of an invitation that was not answered yet. */ #asked = { kind: "", key: "" };

  /** @param {import("./kolapp.js").KolappClient} client @param {string} origin of the link */
  constructor(client, origin) {
    super();
    this.client = client;
    this.origin = origin;
  }

  /** A guest may come while the visit lives. */
  get open() {
    return this.#visit?.state === "live" && (this.#visit.slots ?? 1) > 1;
  }

  get full() {
    const guests = (this.#visit?.participants ?? []).filter(({ role }) => role.startsWith("guest"));
    return guests.length + this.invited.length >= (this.#visit?.slots ?? 1) - 1;
  }

  /** The newest snapshot; null when there is no visit. @param {VisitInfo | null} visit */
  follow(visit) {
    if (this.#visit?.id !== visit?.id) {
      this.link = this.error = null;
      this.#asked = { kind: "", key: "" };
    }
    this.#visit = visit;
    this.#seenAt = performance.now();
    this.invited = visit?.invited ?? [];
    if (this.link) this.#check(this.link);
    this.#changed();
  }

  /** The link of who has come, or was removed, is of no use to anybody. @param {Link} link */
  #check(link) {
    const awaited = this.invited.some(({ role }) => role === link.guest);
    if (link.seen && !awaited) this.link = null;
    link.seen ||= awaited;
  }

  /** How long an invitation still holds, in minutes, as of now. @param {InvitedInfo} invited */
  minutesLeft({ valid_ms }) {
    return Math.max(0, Math.ceil((valid_ms - (performance.now() - this.#seenAt)) / 60_000));
  }

  /** @param {string} kind */
  async invite(kind) {
    if (!this.#visit || this.busy) return;
    if (this.#asked.kind !== kind) this.#asked = { kind, key: crypto.randomUUID() };
    const { id: visit, epoch } = this.#visit;
    const reply = await this.#do(this.client.request("invite", { visit, epoch, kind, key: this.#asked.key }));
    if (!reply || this.#visit?.id !== visit) return;
    const { guest, code, valid_ms } = reply;
    this.link = { guest, kind, url: `${this.origin}/guest#${code}&as=${kind}`, until: performance.now() + valid_ms, seen: false };
    this.#check(this.link);
    this.#changed();
  }

  /** Somebody who is there, or an invitation. @param {string} guest */
  async remove(guest) {
    if (!this.#visit || this.busy) return;
    const { id: visit, epoch } = this.#visit;
    await this.#do(this.client.request("remove_guest", { visit, epoch, guest }));
  }

  /** @template T @param {Promise<T>} request @returns {Promise<T | null>} null when it was not done */
  async #do(request) {
    this.busy = true;
    this.#changed();
    this.error = null;
    const reply = await request.catch((error) => {
      this.error = error;
      return null;
    });
    const code = this.error instanceof KolappError ? this.error.code : "";
    if (!UNCERTAIN.has(code)) this.#asked = { kind: "", key: "" };
    this.busy = false;
    this.#changed();
    return reply;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
