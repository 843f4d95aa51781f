// @ts-check
/** The clinician's screens, drawn from the newest snapshot. No requests are made in here. */
import { revisitLink } from "./revisit.js";
import { servedNow } from "./serving.js";
import { announce, byId, make, setText } from "./ui.js";
import { clock } from "./wait.js";

/** @typedef {import("./protocol.js").DutySnapshot} DutySnapshot */
/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./protocol.js").Welcome} Welcome */
/** @typedef {import("./serving.js").Choice} Choice */
/** @typedef {import("./texts.js").Texts} Texts */

/** Which screen the desk wants. Pure. @param {DutySnapshot | null} duty */
export function screenOf(duty) {
  if (!duty) return "loading";
  if (duty.visit?.state === "called") return "calling";
  return duty.visit ? "call" : "desk";
}

/**
 * Why "next patient" cannot be pressed; null when it can. Pure.
 * @param {DutySnapshot} duty @param {Choice} choice @param {Texts} t
 * @param {boolean} online @param {boolean} pulling
 */
export function whyNot(duty, choice, t, online, pulling) {
  if (pulling) return "";
  if (!online) return t.next_why_offline;
  if (!duty.on_duty) return t.next_why_paused;
  return mine(duty, choice) === 0 ? t.next_why_empty : null;
}

/** Those who wait where I serve. @param {DutySnapshot} duty @param {Choice} choice */
function mine(duty, choice) {
  const { queues } = servedNow(duty, choice);
  return duty.queues.filter(({ name }) => queues.includes(name)).reduce((sum, queue) => sum + queue.waiting, 0);
}

/**
 * @param {DutySnapshot} duty @param {Choice} choice @param {Texts} t
 * @param {string | null} why the next patient cannot be taken
 * @param {boolean} unreachable none of those who wait could be called just now
 */
export function drawDesk(duty, choice, t, why, unreachable) {
  const ready = byId("ready");
  ready.setAttribute("aria-checked", String(duty.on_duty));
  setText(byId("duty-title"), duty.on_duty ? t.ready : t.paused);
  for (const [id, hidden] of Object.entries({ "shift-end": !duty.on_duty, "back-at": duty.on_duty })) {
    /** @type {HTMLElement} */ (byId(id).parentElement).hidden = hidden;
  }
  setText(byId("duty-lead"), duty.on_duty ? t.ready_lead : t.paused_lead);
  const waiting = mine(duty, choice);
  setText(byId("waiting"), String(waiting));
  byId("waiting").hidden = waiting === 0; // the words say it better than a nought
  setText(byId("waiting-words"), t.desk_waiting(waiting));
  setText(byId("desk-lead"), !duty.on_duty ? t.desk_paused_lead : waiting ? t.desk_lead : t.desk_empty);
  /** @type {HTMLButtonElement} */ (byId("next")).disabled = why !== null;
  setText(byId("next-why"), why ?? (unreachable ? t.next_why_away : ""));
  const over = duty.ended ? overWords(duty.ended, t) : "";
  if (over !== byId("outcome").textContent) announce(over);
  setText(byId("outcome"), over);
  byId("outcome").hidden = !over;
  drawOutcome(duty.ended?.outcome ?? "");
}

/** What became of the visit; there is nothing to say of a call that was not answered. @param {string} outcome */
function drawOutcome(outcome) {
  byId("outcome-row").hidden = !outcome;
  const select = /** @type {HTMLSelectElement} */ (byId("outcome-is"));
  if (outcome && document.activeElement !== select) select.value = outcome;
}

/** What the patient wrote; text, never markup. @param {string} text */
export function drawIntake(text) {
  byId("intake").hidden = !text;
  setText(byId("intake-text"), text);
}

/** Only where a queue lets patients ask for one clinician. @param {Welcome | null} welcome @param {string} origin */
export function drawRevisit(welcome, origin) {
  byId("revisit").hidden = !welcome?.queues.some(({ needs }) => needs?.clinician);
  /** @type {HTMLInputElement} */ (byId("revisit-link")).value = revisitLink(origin, welcome?.person ?? "");
}

/** @param {number} left_s of the time for notes @param {Texts} t */
export function drawWrapUp(left_s, t) {
  byId("wrap-up").hidden = left_s <= 0;
  setText(byId("wrap-up-left"), t.wrap_up(clock(Math.ceil(left_s))));
}

/** A direct call has so long to connect before it looks as if nobody was there. */
const DIRECT_PATIENCE_S = 8;

/**
 * Whether the patient was there and is not any more: of a direct visit only my own leg knows.
 * @param {VisitInfo} visit @param {string} leg its state @param {number} age_s of what is known of the visit
 */
function isLost({ mode, participants, live_ms = 0 }, leg, age_s) {
  if (mode !== "direct") return participants.find(({ role }) => role === "patient")?.media === "lost";
  return leg === "reconnecting" || (leg === "connecting" && live_ms / 1000 + age_s > DIRECT_PATIENCE_S);
}

/**
 * What can be done with a visit beside the call itself.
 * @param {DutySnapshot} duty @param {Texts} t @param {number} age_s of the snapshot
 */
export function drawTools(duty, t, age_s) {
  const visit = duty.visit;
  byId("visit-tools").hidden = !visit;
  if (!visit) return;
  const others = duty.queues.filter(({ name }) => name !== visit.queue);
  byId("move").hidden = others.length === 0;
  byId("ring-again").hidden = visit.state !== "live" || !isLost(visit, byId("call").dataset.leg ?? "", age_s);
  const select = byId("move-to");
  const wanted = JSON.stringify([others.map(({ name, title }) => [name, title]), t.language]);
  if (select.dataset.shown === wanted) return;
  select.dataset.shown = wanted;
  select.replaceChildren(...others.map(({ name, title }) => make("option", { value: name }, title)));
}

/** How the visit before this one ended. @param {VisitInfo} ended @param {Texts} t */
function overWords({ number, reason = "" }, t) {
  const say = /** @type {Record<string, (n: number) => string>} */ ({
    clinician_hung_up: t.over_completed,
    patient_hung_up: t.over_completed,
    missed_call: t.over_missed,
    declined: t.over_declined,
    left: t.over_left,
    given_back: t.over_given_back,
    undone: t.over_given_back,
    transferred: t.over_transferred,
    clinician_gone: t.over_gone,
  });
  return (say[reason] ?? t.over_other)(number);
}

/** @param {VisitInfo} visit @param {Texts} t @param {number} left_s @param {number} whole_s */
export function drawCalling(visit, t, left_s, whole_s) {
  setText(byId("calling-number"), t.number(visit.number));
  setText(byId("seconds"), String(Math.max(0, Math.ceil(left_s))));
  const gone = whole_s > 0 ? 100 * (1 - Math.max(0, left_s) / whole_s) : 100;
  byId("ring-left").setAttribute("stroke-dashoffset", gone.toFixed(1));
}

/** Both put the patient back; undoing says that the pull was a mistake. @param {number} left_s */
export function drawUndo(left_s) {
  byId("undo").hidden = left_s <= 0;
}
