// @ts-check
/** Camera and microphone of this person: opened when asked, released when not needed. */

/** 640x480 is what a face needs, and what a weak phone can encode for an hour. */
const VIDEO = {
  width: { ideal: 640, max: 1280 },
  height: { ideal: 480, max: 720 },
  frameRate: { ideal: 30, max: 30 },
};
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const NO_STAND_IN = { get: () => null, stop: () => {} };

/** @typedef {"audio" | "video"} Kind */
/** @typedef {"" | "denied" | "missing" | "busy" | "insecure"} Problem */

/** @param {unknown} error @returns {Problem} */
function problemOf(error) {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "busy"; // NotReadableError, AbortError: another program holds it
}

/**
 * Events: `change`, after anything a view shows has changed.
 *
 * Camera off means that the camera is released and its light goes out; what is sent instead is
 * `standIn`, a track that says so, because a black picture looks like a fault.
 */
export class LocalMedia extends EventTarget {
  /** @type {Record<Kind, MediaStreamTrack | null>} what the devices give */
  #tracks = { audio: null, video: null };
  /** @type {Record<Kind, string>} chosen devices; "" is the system's choice */
  #chosen = { audio: "", video: "" };
  /** @type {Record<Kind, Problem>} */
  problems = { audio: "", video: "" };
  muted = false;
  cameraOff = false;
  /** @type {Promise<void> | null} */ #opening = null;
  #closed = false;

  /**
   * @param {object} [options]
   * @param {MediaDevices} [options.mediaDevices]
   * @param {{get: () => MediaStreamTrack | null, stop: () => void}} [options.standIn]
   */
  constructor({ mediaDevices = globalThis.navigator?.mediaDevices, standIn = NO_STAND_IN } = {}) {
    super();
    this.mediaDevices = mediaDevices; // undefined on a page that is not secure
    this.standIn = standIn;
    mediaDevices?.addEventListener("devicechange", this.#devicesChanged);
  }

  /** Ask for what is not open yet. Never rejects: `problems` says what could not be had. */
  open() {
    this.#closed = false;
    this.#opening ??= this.#openMissing().finally(() => (this.#opening = null));
    return this.#opening;
  }

  /** What goes to the other person. @param {Kind} kind */
  outgoing(kind) {
    if (kind === "audio") return this.#tracks.audio;
    return this.#tracks.video ?? this.standIn.get();
  }

  /** What the devices give, for the self view and the meter. @param {Kind} kind */
  own(kind) {
    return this.#tracks[kind];
  }

  /** @param {boolean} muted */
  async setMuted(muted) {
    this.muted = muted;
    if (this.#tracks.audio) this.#tracks.audio.enabled = !muted;
    else if (!muted) await this.open();
    this.#changed();
  }

  /** @param {boolean} off */
  async setCameraOff(off) {
    this.cameraOff = off;
    if (off) this.#release("video");
    else await this.open();
    this.#changed();
  }

  /** @param {Kind} kind @param {string} deviceId */
  async choose(kind, deviceId) {
    if (this.#chosen[kind] === deviceId && this.#tracks[kind]) return;
    this.#chosen[kind] = deviceId;
    this.#release(kind); // many phones cannot open two cameras at once
    await this.open();
    this.#changed();
  }

  /** @returns {Promise<{kind: Kind, id: string, label: string, chosen: boolean}[]>} */
  async devices() {
    const all = (await this.mediaDevices?.enumerateDevices()) ?? [];
    return all.flatMap(({ kind, deviceId, label }) => {
      const mine = kind === "audioinput" ? "audio" : kind === "videoinput" ? "video" : null;
      if (!mine) return [];
      const used = this.#tracks[mine]?.getSettings().deviceId ?? this.#chosen[mine];
      return [{ kind: mine, id: deviceId, label, chosen: deviceId === used }];
    });
  }

  /** Release everything; the lights go out. */
  close() {
    this.#closed = true;
    this.#release("audio");
    this.#release("video");
    this.standIn.stop();
    this.muted = this.cameraOff = false;
    this.#changed();
  }

  async #openMissing() {
    const wanted = /** @type {Kind[]} */ (["audio", "video"]).filter((kind) => this.#wants(kind));
    if (wanted.length === 0) return;
    const problem = await this.#get(wanted);
    // One prompt for both is kinder; but a missing camera must not cost the voice.
    if (problem && wanted.length === 2) for (const kind of wanted) await this.#get([kind]);
    this.#changed();
  }

  /** @param {Kind} kind */
  #wants(kind) {
    return !this.#tracks[kind] && !(kind === "video" && this.cameraOff);
  }

  /** @param {Kind[]} kinds @returns {Promise<Problem>} */
  async #get(kinds) {
    let problem = /** @type {Problem} */ ("");
    try {
      if (!this.mediaDevices) throw new DOMException("", "insecure");
      const stream = await this.mediaDevices.getUserMedia(this.#constraints(kinds));
      for (const track of stream.getTracks()) this.#keep(track);
    } catch (error) {
      problem = this.mediaDevices ? problemOf(error) : "insecure";
    }
    for (const kind of kinds) this.problems[kind] = problem;
    return problem;
  }

  /** @param {Kind[]} kinds @returns {MediaStreamConstraints} */
  #constraints(kinds) {
    /** @param {Kind} kind @param {MediaTrackConstraints} base */
    const of = (kind, base) => {
      if (!kinds.includes(kind)) return false;
      const id = this.#chosen[kind];
      return id ? { ...base, deviceId: { exact: id } } : base;
    };
    return { audio: of("audio", AUDIO), video: of("video", { ...VIDEO, facingMode: "user" }) };
  }

  /** @param {MediaStreamTrack} track */
  #keep(track) {
    const kind = /** @type {Kind} */ (track.kind);
    // The person may have hung up or switched the camera off while the prompt was open.
    if (this.#closed || !this.#wants(kind)) return track.stop();
    if (kind === "audio") track.enabled = !this.muted;
    track.onended = () => this.#lost(kind, track);
    this.#tracks[kind] = track;
  }

  /** A device was pulled out: go on with another one. @param {Kind} kind @param {MediaStreamTrack} track */
  #lost(kind, track) {
    if (this.#tracks[kind] !== track) return;
    this.#tracks[kind] = null;
    this.#chosen[kind] = "";
    this.#changed();
    void this.open();
  }

  /** @param {Kind} kind */
  #release(kind) {
    const track = this.#tracks[kind];
    this.#tracks[kind] = null;
    if (track) track.onended = null;
    track?.stop();
  }

  #devicesChanged = () => this.#changed();

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
