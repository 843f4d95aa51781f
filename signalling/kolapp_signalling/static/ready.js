// @ts-check
/**
 * Getting ready before the turn: the check of camera, microphone and network, and a leg that stays
 * warm until the call. Camera and microphone are released after the check, unless the patient wants
 * them to stay on.
 */
import { finding, measure } from "./check.js";
import { announce, icon, make, setIcon, setText } from "./ui.js";

/** @typedef {import("./check.js").Finding} Finding */
/** @typedef {import("./check.js").Measured} Measured */
/** @typedef {import("./devices.js").LocalMedia} LocalMedia */
/** @typedef {import("./ui.js").Words} Words */
/** @typedef {"" | "devices" | "connecting" | "listening" | "done"} Step */

export class Ready {
  /** The patient got ready, and stays so until the call. */ wanted = false;
  /** @type {Step} */ #step = "";
  /** @type {Finding | ""} */ #found = "";
  /** @type {Measured | null} */ #measured = null;
  #run = 0; // counts the checks: an older one that ends late says nothing
  #queue = "";

  /** @param {HTMLElement} root @param {LocalMedia} media @param {import("./warm.js").Warm} warm @param {Words} words */
  constructor(root, media, warm, words) {
    this.root = root;
    this.media = media;
    this.warm = warm;
    this.words = words;
    this.video = make("video", { id: "ready-echo", autoplay: true, playsinline: true, "data-label": "ready_echo", hidden: true });
    this.stage = make("p", { id: "ready-stage", class: "quiet", role: "status", hidden: true });
    this.bar = make("div", { class: "ready-bar", "aria-hidden": "true", hidden: true }, make("i"));
    this.mark = icon("check");
    this.title = make("strong");
    this.advice = make("span");
    this.figures = make("small");
    this.result = make("div", { id: "ready-result", class: "ready-result", hidden: true }, this.mark,
      make("p", {}, this.title, this.advice, this.figures));
    this.keep = make("input", { id: "ready-keep", type: "checkbox" });
    this.keepLabel = make("label", { class: "ready-keep", hidden: true }, this.keep, make("span", { "data-t": "ready_keep" }));
    this.openButton = make("button", { id: "ready-open", class: "primary", type: "button" }, icon("camera"),
      make("span", { "data-t": "ready_start" }));
    this.againButton = make("button", { id: "ready-again", class: "secondary", type: "button", "data-t": "ready_again", hidden: true });
    this.stopButton = make("button", { id: "ready-stop", class: "quiet-button", type: "button", "data-t": "ready_stop", hidden: true });
    root.append(make("h2", { "data-t": "ready_title" }), make("p", { class: "quiet", "data-t": "ready_invited" }), this.video,
      this.stage, this.bar, this.result, this.keepLabel,
      make("div", { class: "ready-buttons" }, this.openButton, this.againButton, this.stopButton));
    this.openButton.addEventListener("click", () => void this.check());
    this.againButton.addEventListener("click", () => void this.check());
    this.stopButton.addEventListener("click", () => this.stop());
    this.keep.addEventListener("change", () => this.#hold());
    warm.addEventListener("state", () => this.#renew());
  }

  /** Whether camera and microphone are in use here. */
  get isOpen() {
    return this.#running || (this.wanted && this.keep.checked);
  }

  get #running() {
    return this.#step !== "" && this.#step !== "done";
  }

  /**
   * About twice a second while the patient waits. Whether this stands on the page now.
   * @param {import("./protocol.js").TicketSnapshot} ticket @param {import("./protocol.js").QueueInfo[]} queues
   */
  follow({ queue, place, away }, queues) {
    const near = queues.find(({ name }) => name === queue)?.ready_from ?? 0;
    const invited = !away && (place?.position ?? Infinity) <= near;
    this.#queue = queue;
    this.root.hidden = !invited && !this.wanted;
    if (this.wanted && !this.#running) this.warm.keep(queue);
    this.#render();
    return !this.root.hidden;
  }

  /** @param {string} scene of the page */
  enter(scene) {
    if (scene !== "waiting") this.#leave();
    if (["waiting", "called", "call", "again"].includes(scene)) return;
    this.wanted = false;
    this.warm.stop();
  }

  /** At most ten seconds. */
  async check() {
    const run = ++this.#run;
    const mine = () => run === this.#run;
    this.wanted = true;
    this.#go("devices");
    await this.media.open();
    if (!mine()) return;
    this.warm.keep(this.#queue);
    const measured = await measure(this.warm, (step) => mine() && this.#go(step)).catch(() => null);
    if (!mine()) return;
    this.#measured = measured;
    this.#found = finding(this.media.problems, measured);
    this.#go("done");
    announce(`${this.title.textContent} ${this.advice.textContent}`);
    this.#hold();
  }

  /** Not ready any more, and the lights go out. */
  stop() {
    this.#leave();
    this.wanted = this.keep.checked = false;
    this.#found = "";
    this.warm.stop();
    this.media.close();
    this.openButton.focus();
  }

  /** The call begins, or the place is gone: whatever is under way ends; the devices are not ours. */
  #leave() {
    this.#run += 1;
    void this.warm.send(false);
    this.#go(this.#found ? "done" : "");
  }

  /** Devices as the patient chose for the time until the call. */
  #hold() {
    if (this.#running) return;
    if (this.keep.checked) void this.media.open();
    else this.media.close();
  }

  /** The leg is another one, or the check has begun: show what comes back. */
  #renew() {
    const stream = this.#step === "listening" ? (this.warm.leg?.slots[0]?.stream ?? null) : null;
    if ((this.video.srcObject === null) !== (stream === null)) this.video.srcObject = stream;
    this.#render();
  }

  /** @param {Step} step */
  #go(step) {
    this.#step = step;
    this.root.dataset.step = step;
    this.#renew();
  }

  #render() {
    const { t } = this.words;
    const running = this.#running;
    this.video.hidden = this.#step !== "listening";
    this.stage.hidden = this.bar.hidden = !running;
    setText(this.stage, this.#step === "listening" ? t.ready_listening : running ? t.ready_connecting : "");
    this.openButton.hidden = this.#step !== "";
    this.againButton.hidden = this.#step !== "done";
    this.keepLabel.hidden = this.#step !== "done" || this.#found === "denied" || this.#found === "no_camera";
    this.stopButton.hidden = this.#step === "";
    this.result.hidden = this.#step !== "done";
    if (this.#step === "done" && this.#found) this.#renderResult(this.#found);
  }

  /** @param {Finding} found */
  #renderResult(found) {
    const { t } = this.words;
    this.result.dataset.finding = found;
    setIcon(this.mark, found === "good" ? "check" : found === "stutter" || found === "blocked" ? "bell" : "camera-off");
    setText(this.title, t[`ready_${found}`]);
    setText(this.advice, t[`ready_${found}_text`]);
    setText(this.figures, this.#measured ? t.ready_figures(figuresOf(this.#measured)) : "");
  }
}

/** @param {Measured} measured */
function figuresOf({ up_kbps, down_kbps, rtt_ms, loss_up, loss_down }) {
  const percent = (/** @type {number} */ share) => (share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0);
  return { up: up_kbps, down: down_kbps, delay: rtt_ms, up_loss: percent(loss_up), down_loss: percent(loss_down) };
}
