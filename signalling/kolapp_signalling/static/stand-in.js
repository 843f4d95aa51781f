// @ts-check
/**
 * The picture that is sent while the camera is off or not there: a crossed-out camera.
 * Black would look like a fault, and no picture at all would freeze the last one.
 */

/** No camera gives this shape, so who receives it knows that the camera is off (PROTOCOL.md, Media). */
const SIZE = { width: 320, height: 160 };

/** A still picture gives no frames, and a late viewer would see nothing: paint it again and again. */
const REPAINT_MS = 500;

export class StandIn {
  /** @type {MediaStreamTrack | null} */ #track = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;

  /** @returns {MediaStreamTrack | null} */
  get = () => {
    if (!this.#track) this.#start();
    return this.#track;
  };

  stop() {
    clearInterval(this.#timer);
    this.#track?.stop();
    this.#track = null;
  }

  #start() {
    const canvas = Object.assign(document.createElement("canvas"), SIZE);
    const pen = canvas.getContext("2d");
    if (!pen) return;
    paint(pen);
    this.#timer = setInterval(() => paint(pen), REPAINT_MS);
    this.#track = canvas.captureStream().getVideoTracks()[0] ?? null;
  }
}

/** @param {CanvasRenderingContext2D} pen */
function paint(pen) {
  const { width, height } = SIZE;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = "#22322e";
  pen.fillRect(0, 0, width, height);
  pen.translate(0, (height - 240) / 2);
  pen.strokeStyle = "#8fa8a1";
  pen.lineWidth = 5;
  pen.lineJoin = pen.lineCap = "round";
  pen.beginPath();
  pen.roundRect(122, 98, 50, 44, 9);
  pen.moveTo(172, 113);
  pen.lineTo(196, 101);
  pen.lineTo(196, 139);
  pen.lineTo(172, 127);
  pen.moveTo(116, 86);
  pen.lineTo(202, 154);
  pen.stroke();
}

/** Whether what is received is such a picture. @param {{videoWidth: number, videoHeight: number}} video */
export const showsStandIn = ({ videoWidth, videoHeight }) => videoWidth === SIZE.width && videoHeight === SIZE.height;
