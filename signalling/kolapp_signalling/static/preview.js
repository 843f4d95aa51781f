// @ts-check
/** The check of camera and sound before the turn: nobody else sees anything yet. */
import { deviceFields, problemWords } from "./device-fields.js";
import { icon, make, setText } from "./ui.js";

/** @typedef {import("./devices.js").LocalMedia} LocalMedia */
/** @typedef {import("./ui.js").Words} Words */

export class Preview {
  #open = false;
  /** @type {AudioContext | null} */ #audio = null;
  /** @type {MediaStreamTrack | null} whose level is shown */ #heard = null;

  /** @param {HTMLElement} root @param {LocalMedia} media @param {Words} words */
  constructor(root, media, words) {
    this.media = media;
    this.words = words;
    this.video = make("video", { id: "preview", muted: true, playsinline: true, autoplay: true, "data-label": "self_view" });
    this.video.muted = true; // the attribute alone does not silence an element made by a script
    this.level = make("div", { class: "level", "aria-hidden": "true" }, make("i"));
    this.problem = make("p", { class: "note", hidden: true, role: "status" });
    this.fields = make("div", { class: "devices" });
    this.openButton = make("button", { id: "preview-open", class: "secondary", type: "button" },
      icon("camera"), make("span", { "data-t": "check_open" }));
    this.closeButton = make("button", { id: "preview-close", class: "quiet-button", type: "button" });
    this.hint = make("p", { class: "quiet", "data-t": "check_level" });
    this.panel = make("div", { class: "check-panel", hidden: true }, this.video, this.problem,
      this.hint, this.level, this.fields, this.closeButton);
    root.append(make("h2", { "data-t": "check_title" }), make("p", { class: "quiet", "data-t": "check_lead" }),
      this.openButton, this.panel);
    this.openButton.addEventListener("click", () => void this.open());
    this.closeButton.addEventListener("click", () => this.close());
    media.addEventListener("change", () => this.#render());
  }

  get isOpen() {
    return this.#open;
  }

  async open() {
    this.#open = true;
    this.#render();
    this.closeButton.focus();
    await this.media.open();
  }

  close() {
    this.leave();
    this.media.close();
    this.openButton.focus();
  }

  /** Stop showing, but keep the devices open: the call takes them over. */
  leave() {
    this.#open = false;
    this.#render();
  }

  #render() {
    this.panel.hidden = !this.#open;
    this.openButton.hidden = this.#open;
    const camera = this.#open ? this.media.own("video") : null;
    this.video.srcObject = camera ? keepStream(this.video, camera) : null;
    this.video.hidden = !camera;
    const problem = problemWords(this.media.problems, this.words.t);
    setText(this.problem, problem);
    this.problem.hidden = !problem;
    const voice = this.#open ? this.media.own("audio") : null;
    this.hint.hidden = this.level.hidden = !voice;
    setText(this.closeButton, camera ? this.words.t.check_close : this.words.t.close);
    this.#listen(voice);
    if (this.#open) void deviceFields(this.fields, this.media, this.words);
  }

  /** @param {MediaStreamTrack | null} track */
  #listen(track) {
    if (track === this.#heard) return;
    this.#heard = track;
    void this.#audio?.close();
    this.#audio = track ? new AudioContext() : null;
    if (track && this.#audio) this.#showLevel(track, this.#audio);
  }

  /** @param {MediaStreamTrack} track @param {AudioContext} audio */
  #showLevel(track, audio) {
    const ear = audio.createAnalyser();
    ear.fftSize = 512;
    audio.createMediaStreamSource(new MediaStream([track])).connect(ear);
    const samples = new Float32Array(ear.fftSize);
    const draw = () => {
      if (audio !== this.#audio) return;
      ear.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      this.level.style.setProperty("--level", String(Math.min(1, Math.sqrt(power) * 4)));
      requestAnimationFrame(draw);
    };
    draw();
  }
}

/** My own picture in this element, or no element. @param {HTMLVideoElement} video @param {LocalMedia} media */
export function showOwn(video, media) {
  const camera = media.own("video");
  video.muted = true;
  video.srcObject = camera ? keepStream(video, camera) : null;
  video.hidden = !camera;
}

/** The element's stream if it already shows this track: a new one would make it blink. @param {HTMLVideoElement} video @param {MediaStreamTrack} track */
export function keepStream(video, track) {
  const shown = video.srcObject;
  if (shown instanceof MediaStream && shown.getTracks().includes(track)) return shown;
  return new MediaStream([track]);
}
