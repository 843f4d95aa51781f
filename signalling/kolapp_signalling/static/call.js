// @ts-check
/** One visit after the other: joins the snapshots, the leg, the devices and the view. */
import { Leg } from "./media.js";
import { announce } from "./ui.js";

/** @typedef {import("./kolapp.js").KolappClient} KolappClient */
/** @typedef {import("./devices.js").LocalMedia} LocalMedia */
/** @typedef {import("./call-view.js").CallView} CallView */
/** @typedef {import("./call-view.js").Status} Status */
/** @typedef {import("./media.js").LegState} LegState */
/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./texts.js").Texts} Texts */

const GENERATION_KEY = "kolapp.generation";

/**
 * The next generation of my leg in this visit. It must grow over a reload of the page too, or the
 * node takes the new page's leg for the old one's shadow.
 * @param {string} visit @param {number} atLeast
 */
function nextGeneration(visit, atLeast) {
  const [keptVisit, kept] = (sessionStorage.getItem(GENERATION_KEY) ?? "").split(" ");
  const last = keptVisit === visit ? Number(kept) : 0;
  const next = Math.max(last + 1, atLeast);
  sessionStorage.setItem(GENERATION_KEY, `${visit} ${next}`);
  return next;
}

/**
 * What lies over the picture.
 * @param {Texts} t
 * @param {"patient" | "clinician"} role
 * @param {LegState} leg
 * @param {string} other the other participant's `media`
 * @param {boolean} flowing something of the other person is seen or heard
 * @param {boolean} [held] the clinician is gone; the visit waits
 * @returns {Status}
 */
export function callStatus(t, role, leg, other, flowing, held = false) {
  const connecting = role === "patient" ? t.connecting_patient : t.connecting_clinician;
  if (held && role === "patient") return { title: t.held, text: t.held_lead, busy: true };
  if (leg === "failed") return { title: t.call_failed, text: "", busy: false };
  if (leg === "reconnecting") return { title: t.reconnecting, text: t.reconnecting_lead, busy: true };
  if (leg !== "connected") return { title: t.connecting, text: connecting, busy: true };
  if (other === "lost") return { title: t.reconnecting, text: t.other_lost, busy: true };
  if (flowing) return null;
  if (other === "connected") return { title: t.connecting, text: connecting, busy: true };
  return { title: t.waiting_other, text: "", busy: true };
}

export class Call {
  /** @type {Leg | null} */ #leg = null;
  /** @type {VisitInfo | null} */ #visit = null;
  /** @type {import("./quality.js").Grade | null} */ #grade = null;
  #heard = false;
  #visitAt = 0;
  #said = "";

  /**
   * @param {KolappClient} client
   * @param {LocalMedia} media
   * @param {CallView} view
   * @param {"patient" | "clinician"} role
   */
  constructor(client, media, view, role) {
    this.client = client;
    this.media = media;
    this.view = view;
    this.role = role;
    media.addEventListener("change", () => void this.#leg?.renewTracks());
    view.remote.addEventListener("resize", () => this.render());
  }

  /** The newest snapshot of the visit: begin it, or go on with it. @param {VisitInfo} visit */
  follow(visit) {
    if (this.#visit?.id !== visit.id) this.end();
    this.#visit = visit;
    this.#visitAt = performance.now();
    if (this.#leg) this.#leg.follow(visit);
    else this.#begin(visit);
    this.render();
  }

  /** Over, or not mine any more: drop the leg, release camera and microphone. */
  end() {
    if (!this.#visit) return;
    this.#leg?.close();
    this.#leg = this.#visit = this.#grade = null;
    this.#heard = false;
    this.media.close();
    this.view.showRemote(null);
  }

  /** Also once a second, for the clock. */
  render() {
    const visit = this.#visit;
    if (!visit || !this.#leg) return;
    const { t } = this.view.words;
    const live_s = ((visit.live_ms ?? 0) + performance.now() - this.#visitAt) / 1000;
    const who = this.role === "patient" ? t.clinician : `${t.patient} · ${t.number(visit.number)}`;
    this.view.root.dataset.leg = this.#leg.state;
    this.view.showHead(who, visit.state === "called" ? null : live_s);
    this.view.showQuality(this.#leg.state === "connected" ? this.#grade : null);
    this.#renderStatus(visit, this.#leg);
  }

  /** @param {VisitInfo} visit */
  #begin(visit) {
    void this.media.open(); // the leg does not wait for the prompt: tracks join when they are there
    const leg = new Leg({
      visit,
      role: this.role,
      offer: (fields) => this.client.request("offer", fields),
      track: (kind) => this.media.outgoing(kind),
      nextGeneration,
      iceServers: this.client.welcome?.ice_servers ?? [],
    });
    leg.addEventListener("state", () => this.render());
    leg.addEventListener("stream", (event) => {
      this.view.showRemote(/** @type {CustomEvent} */ (event).detail);
      this.render();
    });
    leg.addEventListener("quality", (event) => this.#measured(/** @type {CustomEvent} */ (event)));
    this.#leg = leg;
    this.view.renderOwn();
    leg.start();
  }

  /** @param {CustomEvent} event */
  #measured({ detail: { grade, figures } }) {
    this.#heard ||= figures.receiving;
    this.#grade = grade;
    this.render();
  }

  /** @param {VisitInfo} visit @param {Leg} leg */
  #renderStatus(visit, leg) {
    const other = visit.participants.find(({ role }) => role !== this.role)?.media ?? "none";
    const flowing = this.view.hasPicture || this.#heard;
    const status = callStatus(this.view.words.t, this.role, leg.state, other, flowing, visit.state === "held");
    this.view.showStatus(status);
    const words = status ? `${status.title} ${status.text}` : "";
    if (words !== this.#said) announce(words);
    this.#said = words;
  }
}
