// @ts-check
/** Which queues a clinician serves and how much a wait counts there: chosen here, kept on this device. */
import { byId, make, recall, remember, setText } from "./ui.js";

/** @typedef {import("./protocol.js").DutySnapshot} DutySnapshot */
/** @typedef {import("./protocol.js").QueueLoad} QueueLoad */
/** @typedef {import("./texts.js").Texts} Texts */
/** @typedef {{skipped: string[], weights: Record<string, number>}} Choice */

const KEY = "kolapp.serving";
/** What the page offers; the protocol takes every whole number to 1,000. */
const WEIGHTS = [1, 2, 3, 5];

/** @returns {Choice} what was chosen last on this device; all queues alike at first */
export function recallChoice() {
  try {
    const { skipped, weights } = JSON.parse(recall(KEY) ?? "");
    return { skipped: [...skipped], weights: { ...weights } };
  } catch {
    return { skipped: [], weights: {} };
  }
}

/**
 * What "ready" asks for. Never nothing: where all are skipped, the choice is from other queues. Pure.
 * @param {string[]} names the queues there are @param {Choice} choice
 */
export function readyFor(names, { skipped, weights }) {
  const chosen = names.filter((name) => !skipped.includes(name));
  const queues = chosen.length ? chosen : names;
  return { queues, weights: Object.fromEntries(queues.flatMap((name) => (weights[name] > 1 ? [[name, weights[name]]] : []))) };
}

/** On duty the server's word holds: another tab may have chosen otherwise. Pure.
 * @param {DutySnapshot} duty @param {Choice} choice @returns {{queues: string[], weights: Record<string, number>}} */
export function servedNow(duty, choice) {
  if (duty.on_duty) return { queues: duty.serves, weights: duty.weights ?? {} };
  return readyFor(duty.queues.map(({ name }) => name), choice);
}

/** @param {DutySnapshot} duty @param {Choice} choice @param {Texts} t */
export function drawQueues(duty, choice, t) {
  const list = byId("queues");
  const wanted = JSON.stringify([duty.queues.map(({ name, title }) => [name, title]), t.language]);
  if (list.dataset.shown !== wanted) list.replaceChildren(...duty.queues.map((queue) => row(queue, duty.queues.length > 1, t)));
  list.dataset.shown = wanted;
  const { queues, weights } = servedNow(duty, choice);
  duty.queues.forEach(({ name, waiting, on_duty }, index) => {
    const item = /** @type {HTMLElement} */ (list.children[index]);
    item.classList.toggle("served", queues.includes(name));
    setText(part(item, ".on-duty"), t.on_duty(on_duty));
    setText(part(item, ".waiting"), String(waiting));
    if (duty.queues.length > 1) fill(item, queues.includes(name), queues.length === 1, weights[name] ?? 1, t);
  });
}

/** Made once and filled often, so that an open list of choices stays open when somebody joins.
 * @param {QueueLoad} queue @param {boolean} choosable @param {Texts} t */
function row({ name, title }, choosable, t) {
  const box = make("input", { type: "checkbox", id: `serve-${name}`, value: name, "aria-label": t.serve(title) });
  const weight = make("select", { id: `weight-${name}`, "aria-label": t.weight_of(title) }, ...WEIGHTS.map((value) => option(value, t)));
  return make("li", { "data-queue": name },
    make("span", { class: "queue-name" }, title),
    make("span", { class: "on-duty" }),
    make("strong", { class: "waiting" }),
    make("span", { class: "waiting-label" }, t.waiting_count),
    ...(choosable ? [make("span", { class: "serving" }, make("label", { class: "serve" }, box, t.serve_here), weight)] : []));
}

/** @param {HTMLElement} item @param {boolean} on @param {boolean} alone the last one cannot be left @param {number} weight @param {Texts} t */
function fill(item, on, alone, weight, t) {
  Object.assign(part(item, "input"), { checked: on, disabled: on && alone });
  const select = part(item, "select");
  if (!select.querySelector(`[value="${weight}"]`)) select.append(option(weight, t));
  Object.assign(select, { disabled: !on });
  if (document.activeElement !== select) Object.assign(select, { value: String(weight) });
}

/** @param {number} value @param {Texts} t */
function option(value, t) {
  return make("option", { value: String(value) }, t.weight(value));
}

/** @param {HTMLElement} item @param {string} selector @returns {HTMLElement} */
function part(item, selector) {
  return /** @type {HTMLElement} */ (item.querySelector(selector));
}

/** The choice as the list's fields say; kept. @returns {Choice} */
export function readChoice() {
  const boxes = [...byId("queues").querySelectorAll("input")];
  const weights = [...byId("queues").querySelectorAll("select")];
  const choice = {
    skipped: boxes.filter(({ checked }) => !checked).map(({ value }) => value),
    weights: Object.fromEntries(weights.map(({ id, value }) => [id.slice("weight-".length), Number(value)])),
  };
  remember(KEY, JSON.stringify(choice));
  return choice;
}
