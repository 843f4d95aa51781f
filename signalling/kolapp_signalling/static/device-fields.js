// @ts-check
/** Choosing camera, microphone and speaker; and what to say when one cannot be had. */
import { make } from "./ui.js";

/** @typedef {import("./devices.js").LocalMedia} LocalMedia */
/** @typedef {import("./devices.js").Kind} Kind */
/** @typedef {import("./devices.js").Problem} Problem */
/** @typedef {import("./texts.js").Texts} Texts */
/** @typedef {import("./ui.js").Words} Words */

/**
 * Fill `root` with one select a kind of device.
 * @param {HTMLElement} root
 * @param {LocalMedia} media
 * @param {Words} words
 */
export async function deviceFields(root, media, words) {
  const devices = await media.devices();
  for (const kind of /** @type {Kind[]} */ (["video", "audio"])) {
    const mine = devices.filter((device) => device.kind === kind && device.id);
    const select = field(root, kind, words, (id) => void media.choose(kind, id));
    renewOptions(select, mine);
  }
}

/**
 * The select of that kind, made on the first call.
 * @param {HTMLElement} root @param {Kind} kind @param {Words} words @param {(id: string) => void} choose
 */
function field(root, kind, words, choose) {
  const present = root.querySelector(`select[data-kind="${kind}"]`);
  if (present) return /** @type {HTMLSelectElement} */ (present);
  const select = make("select", { "data-kind": kind });
  const label = make("span", { "data-t": kind === "video" ? "camera" : "microphone" });
  root.append(make("label", { class: "field" }, label, select));
  words.fill(root);
  select.addEventListener("change", () => choose(select.value));
  return select;
}

/** @param {HTMLSelectElement} select @param {{id: string, label: string, chosen: boolean}[]} devices */
function renewOptions(select, devices) {
  const wanted = devices.map(({ id, label }) => `${id} ${label}`).join("\n");
  if (select.dataset.shown !== wanted) {
    select.dataset.shown = wanted;
    select.replaceChildren(...devices.map(({ id, label }) => make("option", { value: id }, label)));
  }
  const chosen = devices.find((device) => device.chosen);
  if (chosen) select.value = chosen.id;
  const parent = select.closest(".field");
  if (parent instanceof HTMLElement) parent.hidden = devices.length === 0;
}

/**
 * What is wrong with the devices, in words; "" when nothing is.
 * @param {Record<Kind, Problem>} problems
 * @param {Texts} t
 */
export function problemWords({ audio, video }, t) {
  if (audio && video) return t[`problem_${audio}`];
  if (video) return video === "denied" ? t.problem_denied_video : video === "missing" ? t.problem_missing_video : t.problem_busy;
  if (audio) return audio === "denied" ? t.problem_denied_audio : audio === "missing" ? t.problem_missing_audio : t.problem_busy;
  return "";
}

