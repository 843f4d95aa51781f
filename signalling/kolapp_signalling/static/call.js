// @ts-check
/** One visit after the other: joins the snapshots, the leg, the devices and the view. */
import { callStatus } from "./call-status.js";
import { Company } from "./company.js";
import { DirectLeg, handOver } from "./direct.js";
import { canEncrypt, Encryption } from "./e2ee.js";
import { EncryptionView } from "./e2ee-view.js";
import { nextGeneration } from "./generations.js";
import { HangUp } from "./hang-up.js";
import { Leg } from "./media.js";
import { TOLD_FOR_MS, told, verdict } from "./quality.js";
import { Relays } from "./relays.js";
import { othersIn } from "./roster.js";
import { isFor } from "./slots.js";
import { SoundOnly } from "./sound-only.js";
import { announce } from "./ui.js";

/** @typedef {import("./kolapp.js").KolappClient} KolappClient */
/** @typedef {import("./devices.js").LocalMedia} LocalMedia */
/** @typedef {import("./call-view.js").CallView} CallView */
/** @typedef {import("./call-view.js").Status} Status */
/** @typedef {import("./media.js").LegState} LegState */
/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./call-status.js").Flow} Flow */

/** Of a visit that nobody has answered: all that is known of it. @type {VisitInfo} */
const RINGING = { id: "", epoch: 0, state: "called", queue: "", number: 0, media_epoch: 0, participants: [] };

export class Call {
  /** @type {Leg | DirectLeg | null} */ #leg = null;
  /** @type {VisitInfo | null} */ #visit = null;
  /** @type {import("./quality.js").Grade | null} */ #grade = null;
  /** @type {import("./quality.js").Told | null} */ #told = null;
  #toldAt = 0;
  /** @type {Flow} */ #flow = "nothing";
  #visitAt = 0;
  #said = "";
  #sends = false; // before the answer nothing goes out
  /** The leg that came into a visit while it rang. @type {{visit: string, leg: Leg | null}} */ #rung = { visit: "", leg: null };

  /**
   * @param {KolappClient} client
   * @param {LocalMedia} media
   * @param {CallView} view
   * @param {string} role of mine in visits; a guest learns it with the first snapshot
   * @param {Pick<import("./warm.js").Warm, "handOver" | "protect">} warm
   */
  constructor(client, media, view, role, warm) {
    this.client = client;
    this.media = media;
    this.view = view;
    this.role = role;
    this.warm = warm;
    this.relays = new Relays(client);
    this.left = new HangUp(client);
    this.company = new Company(view);
    this.encryption = new Encryption(client, role);
    this.lock = new EncryptionView(view, this.encryption, client);
    warm.protect = canEncrypt() ? this.encryption.protect : null;
    this.soundOnly = new SoundOnly(media);
    this.soundOnly.addEventListener("change", () => view.showSoundOnly(this.soundOnly));
    view.soundOnly.addEventListener("change", () => void this.soundOnly.set(view.soundOnly.checked));
    view.again.addEventListener("click", () => void this.soundOnly.set(false));
    client.addEventListener("quality", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
    media.addEventListener("change", () => void this.#leg?.renewTracks());
    view.onPictures = () => void (this.#leg && this.render());
  }

  /** Sound and picture come and go, whatever the connection to the server does. */
  get goesOn() {
    return this.#leg?.state === "connected" && this.#seen === "flowing";
  }

  /** A picture is there before it is measured. @returns {Flow} */
  get #seen() {
    return this.#flow === "nothing" && this.view.hasPicture ? "flowing" : this.#flow;
  }

  /** The newest snapshot of the visit: begin it, or go on with it. @param {VisitInfo} visit */
  follow(visit) {
    if (this.#visit?.id !== visit.id && this.left.visit !== visit.id) this.#over();
    this.#visit = visit;
    this.#visitAt = performance.now();
    this.company.follow(visit, this.role);
    if (!this.left.visit) this.encryption.follow(visit, this.role);
    if (this.left.visit) void this.left.tell(() => this.#visit);
    else if (this.#leg?.mode === (visit.mode ?? "bridge")) this.#leg.follow(visit);
    else if (!this.encryption.impossible) this.#begin(visit);
    this.render();
  }

  /**
   * Hang up: here at once, camera and microphone off; the server is told as soon as it can be.
   * @param {string} visit its id: the visit itself may still be on its way, with the answer
   */
  hangUp(visit) {
    const known = this.#visit;
    this.end();
    this.media.close();
    this.left.visit = visit;
    if (known) this.follow(known);
    else this.render();
  }

  /**
   * It rings: a warm leg goes into the visit now, so that nothing is left for the answer. It sends
   * nothing before that. @param {import("./protocol.js").CallInfo} call
   */
  ring({ visit, epoch, encrypted }) {
    if (this.#rung.visit === visit) return;
    this.#drop();
    const leg = this.warm.handOver(encrypted);
    this.#rung = { visit, leg };
    if (leg) void this.#enter(leg, { ...RINGING, id: visit, epoch, encrypted });
  }

  /** The patient has answered: what is ready begins to send. */
  answered() {
    this.#sends = true;
    void this.#rung.leg?.renewTracks();
  }

  /** It rings no more, and there is no visit. */
  #drop() {
    this.#rung.leg?.close();
    this.#rung = { visit: "", leg: null };
    this.#sends = false;
  }

  /** Over, or not mine any more: drop the leg, release camera and microphone. */
  end() {
    this.#drop();
    this.#over();
  }

  /** Nothing is left of the visit that there was. */
  #over() {
    this.left.forget();
    if (!this.#visit) return;
    this.soundOnly.use(null);
    this.#leg?.close();
    this.#leg = this.#visit = this.#grade = this.#told = null;
    this.#flow = "nothing";
    this.media.close();
    this.company.end();
    this.encryption.end();
    this.view.clear();
  }

  /** Also once a second, for the clock. */
  render() {
    const { t } = this.view.words;
    const online = this.client.state === "open";
    const visit = this.#visit;
    this.lock.render();
    if (this.left.visit) {
      this.#renderBare("closed", { title: t.hanging_up, text: online ? "" : t.hanging_up_offline, busy: true });
    } else if (this.encryption.impossible) {
      this.#renderBare("failed", { title: t.e2ee_unable, text: t.e2ee_unable_text, busy: false });
    } else if (!visit || !this.#leg) {
      const text = online ? t.connecting_patient : t.answer_offline;
      this.#renderBare("idle", { title: t.connecting, text, busy: true });
    } else {
      this.company.draw(this.role, this.soundOnly.on);
      const live_s = ((visit.live_ms ?? 0) + performance.now() - this.#visitAt) / 1000;
      this.view.root.dataset.leg = this.#leg.state;
      this.view.showHead(this.#who(visit), visit.state === "called" ? null : live_s);
      this.view.showQuality(this.#leg.state === "connected" ? verdict(this.#grade, this.#fresh) : null);
      this.#renderStatus(visit, this.#leg);
    }
  }

  /** Before there is a leg, or after it. @param {LegState} leg @param {Status} status */
  #renderBare(leg, status) {
    this.view.root.dataset.leg = leg;
    this.view.showHead(this.#who(this.#visit), null);
    this.view.showQuality(null);
    this.#say(status);
  }

  /** @param {VisitInfo | null} visit */
  #who(visit) {
    const { t } = this.view.words;
    const { people } = this.company;
    const who = people.length > 1 ? t.in_call(people.length + 1) : people[0]?.name;
    if (this.role !== "clinician" || !visit) return who ?? t.clinician;
    return `${who ?? t.patient} · ${t.number(visit.number)}`;
  }

  /** @param {VisitInfo} visit */
  #begin(visit) {
    void this.media.open(); // the leg does not wait for the prompt: tracks join when they are there
    const leg = visit.mode === "direct" ? this.#direct(visit) : this.#ready(visit);
    handOver(this.#leg, leg);
    this.soundOnly.use(leg, this.#leg !== null);
    leg.addEventListener("state", () => {
      if (leg.state !== "connected" && this.#flow !== "nothing") this.#flow = "flowing"; // until measured anew
      this.render();
    });
    leg.addEventListener("stream", (event) => {
      this.company.remeasure();
      this.view.tiles.give(/** @type {CustomEvent} */ (event).detail);
      this.render();
    });
    leg.addEventListener("quality", (event) => leg === this.#leg && this.#measured(/** @type {CustomEvent} */ (event)));
    this.#leg = leg;
    for (const slot of leg.slots) this.view.tiles.give(slot);
    this.view.renderOwn();
    leg.start();
  }

  /** The leg to begin with: one that came in while it rang, or is warm, or none of that. @param {VisitInfo} visit */
  #ready(visit) {
    this.#sends = true;
    const rung = this.#rung;
    this.#rung = { visit: "", leg: null };
    if (rung.visit === visit.id && rung.leg && isFor(rung.leg, visit)) {
      void rung.leg.renewTracks();
      rung.leg.follow(visit);
      return rung.leg;
    }
    rung.leg?.close();
    const warm = this.warm.handOver(visit.encrypted);
    if (warm) void this.#enter(warm, visit);
    return warm ?? new Leg({ visit, role: this.role, nextGeneration, ...this.#ways, ...this.#protection(visit) });
  }

  /** No media node is in between. @param {VisitInfo} visit */
  #direct(visit) {
    this.#drop();
    this.#sends = true;
    const known = { visit, role: this.role, client: this.client };
    return new DirectLeg({ ...known, nextGeneration, ...this.#ways, ...this.#protection(visit) });
  }

  /** @param {VisitInfo} visit */
  #protection({ encrypted }) {
    return encrypted ? { protect: this.encryption.protect, silence: this.encryption.silence } : {};
  }

  /** @param {Leg} leg @param {VisitInfo} visit */
  #enter(leg, visit) {
    const enter = (/** @type {import("./protocol.js").Requests["enter"][0]} */ fields) => this.client.request("enter", fields);
    return leg.enter(visit, { ...this.#ways, ...this.#protection(visit), enter });
  }

  /** What a leg of a visit needs of this page. @returns {Pick<Leg["options"], "offer" | "track" | "iceServers">} */
  get #ways() {
    return {
      offer: (fields) => this.client.request("offer", fields),
      track: (kind) => (this.#sends ? this.media.outgoing(kind) : null),
      iceServers: this.client.welcome?.relays ? ({ id, epoch }) => this.relays.of(id, epoch) : undefined,
    };
  }

  /** @param {import("./quality.js").QualityNow} word the node's, about both legs */
  #hear(word) {
    if (word.visit !== this.#visit?.id) return;
    this.#told = told(word, this.role);
    this.#toldAt = performance.now();
    this.render();
  }

  /** What the node told, unless it is old. */
  get #fresh() {
    return performance.now() - this.#toldAt < TOLD_FOR_MS ? this.#told : null;
  }

  /** @param {CustomEvent} event */
  #measured({ detail: { grade, figures, senders } }) {
    this.company.measured(senders);
    this.#flow = this.#flowOf(figures);
    this.#grade = grade;
    this.soundOnly.judge(verdict(this.#grade, this.#fresh));
    this.render();
  }

  /** Whose silence it is, one answer of the node settles for as long as it lasts. @param {import("./quality.js").Figures} figures @returns {Flow} */
  #flowOf({ receiving, answering }) {
    if (receiving) return "flowing";
    if (this.#flow === "nothing") return "nothing";
    return answering || this.#flow === "silent" ? "silent" : "cut";
  }

  /** @param {VisitInfo} visit @param {Leg} leg */
  #renderStatus(visit, leg) {
    const others = othersIn(visit, this.role);
    const other = others.length > 1 ? "several" : (others[0]?.media ?? "none");
    const held = visit.state === "held";
    this.#say(callStatus(this.view.words.t, this.role, leg.state, other, this.#seen, held, leg.crowded));
  }

  /** Over the picture, and to a screen reader. @param {Status} status */
  #say(status) {
    this.view.showStatus(status);
    const words = status ? `${status.title} ${status.text}` : "";
    if (words !== this.#said) announce(words);
    this.#said = words;
  }
}
