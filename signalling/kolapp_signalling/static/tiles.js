// @ts-check
/**
 * The others of a call: one of them fills the stage, two or three have a tile each with their name.
 * Whoever it is, their video element stays the same when their leg or mine is another one.
 */
import { showsStandIn } from "./stand-in.js";
import { othersOf } from "./slots.js";
import { icon, make, setIcon, setText } from "./ui.js";

/** @typedef {import("./roster.js").Person} Person */
/** @typedef {import("./roster.js").Shown} Shown */
/** @typedef {import("./slots.js").Slot} Slot */

/** As many as there are seats beside one's own. */
const MOST = 3;

class Tile {
  video;
  picture = icon("person");
  note = make("p", { class: "tile-note" });
  off = make("div", { class: "tile-off", hidden: true }, this.picture, this.note);
  name = make("span", { class: "tile-name" });
  said = make("span", { class: "tile-said" });
  plate = make("p", { class: "tile-plate" }, this.name, this.said);

  /** @param {number} index */
  constructor(index) {
    this.video = make("video", { id: "remote", autoplay: true, playsinline: true });
    if (index) this.video.id += `-${index + 1}`;
    this.root = make("div", { class: "tile", hidden: index > 0 }, this.video, this.off, this.plate);
  }

  /** @returns {Shown} */
  get shown() {
    if (!this.video.srcObject || !this.video.videoWidth) return "nothing";
    return showsStandIn(this.video) ? "stand_in" : "picture";
  }

  /**
   * Tracks are changed within one stream: another stream would show nothing until its first picture.
   * @param {MediaStream | null} stream @returns {boolean} whether there is something new to play
   */
  give(stream) {
    const { srcObject } = this.video;
    if (!stream || !(srcObject instanceof MediaStream)) {
      this.video.srcObject = stream && new MediaStream(stream.getTracks());
      return stream !== null;
    }
    const before = srcObject.getTracks();
    const now = stream.getTracks();
    const fresh = now.filter((track) => !before.includes(track));
    for (const track of fresh) srcObject.addTrack(track);
    for (const track of before) if (!now.includes(track)) srcObject.removeTrack(track);
    return fresh.length > 0;
  }

  /** @param {Person} person @param {string} picture what their picture is called */
  draw({ name, note, icon: iconName }, picture) {
    this.root.hidden = false;
    setText(this.name, name);
    setText(this.note, note);
    setText(this.said, note && ` · ${note}`);
    this.video.setAttribute("aria-label", picture);
    this.off.hidden = !iconName && !note;
    this.root.classList.toggle("bare", iconName !== "");
    this.picture.toggleAttribute("hidden", !iconName);
    if (iconName) setIcon(this.picture, iconName);
  }
}

export class Tiles {
  #tiles = Array.from({ length: MOST }, (_, index) => new Tile(index));
  /** @type {Map<string, MediaStream>} what is received, by role */ #streams = new Map();
  root = make("div", { class: "call-stage", "data-others": "1" }, ...this.#tiles.map(({ root }) => root));
  /** @type {string[]} who has which tile */ #seats = [];
  /** @type {Map<string, string>} who has which role now, by `id` */ #present = new Map();

  /**
   * @param {() => void} changed some picture came, went or is another one
   * @param {() => void} forbidden the browser gives no sound until somebody taps
   */
  constructor(changed, forbidden) {
    this.forbidden = forbidden;
    for (const { video } of this.#tiles) {
      for (const event of ["resize", "emptied"]) video.addEventListener(event, changed);
    }
  }

  /** The element of the first seat: the other person, where there is one other. */
  get first() {
    return /** @type {Tile} */ (this.#tiles[0]).video;
  }

  /** @param {string} role mine */
  seat(role) {
    this.#seats = othersOf(role);
  }

  /** @param {string} who @returns {Tile | undefined} */
  #of(who) {
    return this.#tiles[this.#seats.indexOf(who)];
  }

  /** @param {string} role @returns {Shown} */
  shown(role) {
    return this.#of(role)?.shown ?? "nothing";
  }

  /** What is received of somebody, whether they are there yet or not. @param {Slot} slot */
  give({ who, stream }) {
    if (!who) return;
    this.#streams.set(who, stream);
    if (this.#present.has(who)) this.#attach(who);
  }

  /** The call is over: nobody is seen any more. */
  clear() {
    this.#streams.clear();
    this.draw([]);
    for (const tile of this.#tiles) tile.give(null);
  }

  /**
   * Whose picture is not among these is forgotten: the seat's next one is somebody else.
   * @param {Person[]} people @param {(name: string) => string} [pictureOf] what somebody's picture is called
   */
  draw(people, pictureOf = (name) => name) {
    const before = this.#present;
    this.#present = new Map(people.map(({ role, id }) => [role, id]));
    this.root.dataset.others = String(Math.max(1, people.length));
    this.root.classList.toggle("several", people.length > 1);
    for (const [index, tile] of this.#tiles.entries()) {
      const role = this.#seats[index] ?? "";
      if (before.get(role) !== this.#present.get(role)) tile.give(null);
      if (this.#present.has(role)) continue;
      tile.root.hidden = index > 0 || people.length > 0;
      tile.off.hidden = true;
    }
    for (const person of people) {
      if (before.get(person.role) !== person.id) this.#attach(person.role);
      this.#of(person.role)?.draw(person, pictureOf(person.name));
    }
  }

  /** @param {string} who */
  #attach(who) {
    const tile = this.#of(who);
    const stream = this.#streams.get(who);
    if (tile && stream && tile.give(stream)) void this.#play(tile.video);
  }

  /** After somebody has tapped. */
  play() {
    for (const { video } of this.#tiles) if (video.srcObject) void this.#play(video);
  }

  /** After a reload nobody has tapped here yet, and browsers then forbid sound: the picture runs without. @param {HTMLVideoElement} video */
  async #play(video) {
    video.muted = false;
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      video.muted = true;
      this.forbidden();
      await video.play().catch(() => {});
    }
  }
}
