// @ts-check
/**
 * The worker that all encoded frames of an encrypted visit pass through (RTCRtpScriptTransform).
 *
 * It holds the keys and lets nothing out that is not sealed, and nothing in that does not open: a
 * frame without a key is dropped and counted. All streams are in this one worker, for they share
 * the counter of the own key.
 *
 * In: `{send: FrameKey | null}`, `{receive: FrameKey, from}`, `{forget: id, from}`, `{empty: true}`,
 * `{count: n}`. Out: `{ready: true}` once, `{counted: n, figures}`, and `{wanted: id}` where a browser
 * lets only the page ask an encoder for a key frame.
 */
import { Dropped, isKeyFrame, Opener, readTrailer, Sealer } from "./e2ee-frames.js";

/** @typedef {import("./e2ee-frames.js").Kind} Kind */
/** @typedef {import("./e2ee-frames.js").FrameKey} FrameKey */
/** @typedef {{data: ArrayBuffer, getMetadata(): {mimeType?: string}}} Frame */
/** @typedef {{way: "send" | "receive", kind: Kind, from: string, id: number}} Options `from`: whose frames, of a receiver; `id`: of a sender */

/** Asking again sooner gives no other key frame: one takes a round trip. */
const KEY_FRAME_PAUSE_MS = 500;

const CODECS = { audio: "audio/opus", video: "video/vp8" };

/** @type {Sealer | null} */ let sealer = null;
/** @type {Map<string, Map<number, Opener>>} by participant, by key id */ const openers = new Map();
/** @type {Record<string, number>} */ const figures = { sealed: 0, opened: 0 };

const scope = /** @type {any} */ (self);

/** @param {string} name */
function count(name) {
  figures[name] = (figures[name] ?? 0) + 1;
}

scope.onmessage = (/** @type {MessageEvent} */ { data }) => {
  if ("send" in data) sealer = data.send && new Sealer(data.send);
  if ("receive" in data) keysOf(data.from).set(data.receive.id, new Opener(data.receive));
  if ("forget" in data) keysOf(data.from).delete(data.forget);
  if ("empty" in data) {
    sealer = null;
    openers.clear();
  }
  if ("count" in data) scope.postMessage({ counted: data.count, figures: { ...figures } });
};

/** @param {string} from */
function keysOf(from) {
  const found = openers.get(from) ?? new Map();
  openers.set(from, found);
  return found;
}

scope.onrtctransform = (/** @type {any} */ { transformer }) => {
  const { way, kind, from, id } = /** @type {Options} */ (transformer.options);
  const work = way === "send" ? sending(transformer, kind, id) : receiving(transformer, kind, from);
  const pass = new TransformStream({
    async transform(frame, out) {
      try {
        check(frame, kind);
        frame.data = (await work(new Uint8Array(frame.data))).buffer;
        count(way === "send" ? "sealed" : "opened");
      } catch (error) {
        return count(error instanceof Dropped ? error.reason : "failed"); // and it goes no further
      }
      out.enqueue(frame);
    },
  });
  // Ends with the connection, in Chromium by an abort.
  transformer.readable.pipeThrough(pass).pipeTo(transformer.writable).catch(() => {});
};

/** Of another codec we do not know which bytes may be sealed. Browsers that say none have ours. @param {Frame} frame @param {Kind} kind */
function check(frame, kind) {
  const mime = frame.getMetadata().mimeType?.toLowerCase();
  if (mime && mime !== CODECS[kind]) throw new Dropped("codec");
}

/** @param {any} transformer @param {Kind} kind @param {number} id */
function sending(transformer, kind, id) {
  let whole = kind === "audio"; // the picture begins with a key frame, for what came before was dropped
  const ask = seldom(() => (transformer.generateKeyFrame ? transformer.generateKeyFrame() : scope.postMessage({ wanted: id })));
  return async (/** @type {Uint8Array} */ frame) => {
    if (!sealer) {
      whole = kind === "audio";
      throw new Dropped("no_key");
    }
    if (!whole && !isKeyFrame(frame)) {
      ask();
      throw new Dropped("no_key_frame");
    }
    whole = true;
    return sealer.seal(kind, frame);
  };
}

/** @param {any} transformer @param {Kind} kind @param {string} from */
function receiving(transformer, kind, from) {
  let whole = true;
  const ask = seldom(() => transformer.sendKeyFrameRequest());
  return async (/** @type {Uint8Array} */ frame) => {
    try {
      const opened = await openOne(kind, from, frame);
      if (!whole && kind === "video" && !isKeyFrame(frame)) ask();
      whole = true;
      return opened;
    } catch (error) {
      whole = false;
      throw error;
    }
  };
}

/** @param {Kind} kind @param {string} from @param {Uint8Array} frame */
async function openOne(kind, from, frame) {
  const known = keysOf(from).get(readTrailer(frame).id);
  if (!known) throw new Dropped("unknown_key");
  return known.open(kind, frame);
}

scope.postMessage({ ready: true });

/** Not every browser has it for every stream; whoever misses a picture also asks by RTCP. @param {() => unknown} act */
function seldom(act) {
  let last = -Infinity;
  return () => {
    const now = performance.now();
    if (now - last < KEY_FRAME_PAUSE_MS) return;
    last = now;
    try {
      Promise.resolve(act()).catch(() => {});
    } catch {
      return;
    }
  };
}
