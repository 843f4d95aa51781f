// @ts-check
/** The call as all pages show it. Draws what it is told; decides nothing. */
import { deviceFields, problemWords } from "./device-fields.js";
import { keepStream } from "./preview.js";
import { Tiles } from "./tiles.js";
import { icon, make, setIcon, setText } from "./ui.js";
import { clock } from "./wait.js";

/** @typedef {import("./devices.js").LocalMedia} LocalMedia */
/** @typedef {import("./quality.js").Verdict} Verdict */
/** @typedef {import("./ui.js").Words} Words */
/** @typedef {import("./texts.js").PlainKey} PlainKey */

/**
 * What lies over the picture; null is nothing. `busy` turns a wheel.
 * @typedef {{title: string, text: string, busy: boolean} | null} Status
 */

/** @param {string} id @param {string} iconName @param {string} key @param {string} [kind] */
function round(id, iconName, key, kind = "") {
  const label = make("span", { "data-t": key });
  const button = make("button", { id, class: `round ${kind}`, type: "button" },
    make("span", {}, icon(iconName)), label);
  return { button, label };
}

/** So long a word about who came or went stands there. */
const NEWS_MS = 8_000;

export class CallView {
  tiles = new Tiles(() => this.onPictures(), () => (this.hear.hidden = false));
  /** Some picture came, went or is another one. */ onPictures = () => {};
  self = make("video", { id: "self", autoplay: true, playsinline: true, "data-label": "self_view" });
  mute = round("mute", "mic", "mute");
  camera = round("camera", "camera", "camera_off");
  settings = round("settings", "gear", "settings");
  hangUp = round("hang-up", "hang-up", "hang_up", "end");
  who = make("h1", { class: "call-who", "data-focus": true, tabindex: "-1" });
  elapsed = make("span", { id: "elapsed", class: "call-pill", role: "timer", hidden: true });
  qualityWords = make("span", { class: "words" });
  quality = make("span", { id: "quality", class: "call-pill", role: "status", hidden: true },
    make("span", { class: "bars", "aria-hidden": "true" }, make("i"), make("i"), make("i")), this.qualityWords);
  problem = make("span", { class: "call-pill", role: "status", hidden: true });
  news = make("p", { id: "news", class: "call-pill call-news", role: "status" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #newsTimer;
  statusTitle = make("h2");
  statusText = make("p");
  wheel = make("span", { class: "spinner", "aria-hidden": "true" });
  status = make("div", { id: "call-status", class: "call-status" }, this.wheel, this.statusTitle, this.statusText);
  selfOff = make("span", { class: "off", hidden: true }, icon("camera-off"));
  selfMuted = make("span", { class: "muted", hidden: true }, icon("mic-off"));
  hear = make("button", { id: "hear", class: "primary", type: "button", hidden: true }, icon("sound"),
    make("span", { "data-t": "hear" }));
  soundOnly = make("input", { id: "sound-only", type: "checkbox" });
  again = make("button", { id: "video-again", class: "secondary", type: "button", "data-t": "video_again" });
  noVideoWords = make("p", { role: "status" });
  noVideo = make("div", { id: "no-video", class: "no-video", hidden: true }, icon("sound"), this.noVideoWords, this.again);
  fields = make("div", { class: "devices" });
  dialog = make("dialog", { id: "devices-dialog", class: "dialog", "aria-labelledby": "devices-title" },
    make("form", { method: "dialog" }, make("h2", { id: "devices-title", "data-t": "check_title" }), this.fields,
      make("label", { class: "ready-keep" }, this.soundOnly, make("span", { "data-t": "sound_only" })),
      make("div", { class: "dialog-buttons" }, make("button", { class: "primary", "data-t": "close" }))));

  /** @param {HTMLElement} root @param {LocalMedia} media @param {Words} words */
  constructor(root, media, words) {
    this.root = root;
    this.media = media;
    this.words = words;
    this.self.muted = true; // an attribute alone does not silence what a script has made
    root.append(
      this.tiles.root,
      make("div", { class: "call-shade" }),
      make("div", { class: "call-head" }, this.who, this.elapsed, this.quality, this.problem, this.news),
      this.noVideo,
      this.status,
      make("div", { class: "call-self" }, this.self, this.selfOff, this.selfMuted),
      this.hear,
      make("div", { class: "call-buttons" }, this.mute.button, this.camera.button, this.settings.button, this.hangUp.button),
    );
    document.body.append(this.dialog);
    words.fill(root);
    words.fill(this.dialog);
    this.#listen();
  }

  #listen() {
    const { media } = this;
    this.mute.button.addEventListener("click", () => void media.setMuted(!this.#silent));
    this.camera.button.addEventListener("click", () => void media.setCameraOff(!this.#unseen));
    this.settings.button.addEventListener("click", () => {
      void deviceFields(this.fields, media, this.words);
      this.dialog.showModal();
    });
    this.hear.addEventListener("click", () => {
      this.hear.hidden = true;
      this.tiles.play();
    });
    media.addEventListener("change", () => this.renderOwn());
  }

  /** Nothing of me is heard; a press asks for the microphone again if that is why. */
  get #silent() {
    return this.media.muted || !this.media.own("audio");
  }

  get #unseen() {
    return this.media.cameraOff || !this.media.own("video");
  }

  /** Whether there is a picture of the other person. */
  get hasPicture() {
    const { first } = this.tiles;
    return first.videoWidth > 0 && first.srcObject !== null;
  }

  /** Nobody is seen any more. */
  clear() {
    this.tiles.clear();
    this.hear.hidden = true;
    this.showNews("");
  }

  /** Who came or went; in the page, so that it can be read while it is said. @param {string} text */
  showNews(text) {
    clearTimeout(this.#newsTimer);
    setText(this.news, text);
    if (text) this.#newsTimer = setTimeout(() => setText(this.news, ""), NEWS_MS);
  }

  /** My own side: picture, buttons, what is wrong with the devices. */
  renderOwn() {
    const { media, words } = this;
    const camera = media.own("video");
    this.self.srcObject = camera ? keepStream(this.self, camera) : null;
    this.selfOff.hidden = camera !== null;
    this.selfMuted.hidden = !this.#silent;
    this.#toggle(this.mute, this.#silent, ["mic", "mic-off"], [words.t.mute, words.t.unmute]);
    this.#toggle(this.camera, this.#unseen, ["camera", "camera-off"], [words.t.camera_off, words.t.camera_on]);
    const problem = problemWords(media.problems, words.t);
    setText(this.problem, problem);
    this.problem.hidden = !problem;
    if (this.dialog.open) void deviceFields(this.fields, media, words);
  }

  /**
   * The words say what a press does, so no pressed state beside them: it would say the opposite.
   * @param {ReturnType<typeof round>} part @param {boolean} on
   * @param {[string, string]} icons @param {[string, string]} labels
   */
  #toggle({ button, label }, on, icons, labels) {
    button.classList.toggle("on", on);
    const picture = button.querySelector("svg");
    if (picture) setIcon(picture, icons[on ? 1 : 0] ?? "");
    setText(label, labels[on ? 1 : 0] ?? "");
  }

  /** @param {{on: boolean, forced: boolean}} state */
  showSoundOnly({ on, forced }) {
    this.noVideo.hidden = !on;
    this.soundOnly.checked = on;
    this.root.classList.toggle("sound-only", on);
    setText(this.noVideoWords, forced ? this.words.t.sound_only_forced : this.words.t.sound_only_on);
  }

  /** @param {Status} status */
  showStatus(status) {
    this.status.hidden = status === null;
    this.noVideo.classList.toggle("under", status !== null);
    this.root.dataset.over = this.hasPicture ? "picture" : "nothing";
    if (!status) return;
    setText(this.statusTitle, status.title);
    setText(this.statusText, status.text);
    this.wheel.hidden = !status.busy;
  }

  /** @param {string} who @param {number | null} elapsed_s null before the visit is live */
  showHead(who, elapsed_s) {
    setText(this.who, who);
    this.elapsed.hidden = elapsed_s === null;
    if (elapsed_s !== null) setText(this.elapsed, clock(elapsed_s));
  }

  /** @param {Verdict | null} verdict */
  showQuality(verdict) {
    this.quality.hidden = verdict === null;
    if (!verdict) return;
    const { grade, whose } = verdict;
    this.quality.dataset.grade = grade;
    const key = /** @type {PlainKey} */ (whose ? `quality_${grade}_${whose}` : `quality_${grade}`);
    setText(this.qualityWords, this.words.t[key]);
  }
}
