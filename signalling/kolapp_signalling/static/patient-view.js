// @ts-check
/** The patient's screens, drawn from the newest snapshot. No requests are made in here. */
import { needsForm, readNeeds } from "./needs.js";
import { drawsNumbers, sayOpening, titleIn } from "./opening.js";
import { sayCause, sayLonger, sayWait, sayWhy } from "./texts.js";
import { byId, icon, make, setIcon, setText } from "./ui.js";
import { waitWords } from "./wait.js";

/** @typedef {import("./protocol.js").TicketSnapshot} TicketSnapshot */
/** @typedef {import("./protocol.js").QueueInfo} QueueInfo */
/** @typedef {import("./protocol.js").PlaceInfo} PlaceInfo */
/** @typedef {import("./protocol.js").AskedNeeds} AskedNeeds */
/** @typedef {import("./texts.js").Texts} Texts */

/** More people ahead than this are a number, not a row of dots. */
const DOTS = 8;

/**
 * Which screen a ticket wants; null is no ticket. Pure.
 * @param {TicketSnapshot | null} ticket
 * @param {{answering: boolean, isOver: boolean}} turn what the page knows of the ring beside it
 */
export function screenOf(ticket, turn) {
  if (!ticket) return "welcome";
  switch (ticket.state) {
    case "waiting":
      return ticket.away && ticket.reason === "missed_call" ? "missed" : "waiting";
    case "called":
      if (turn.isOver) return "rung";
      return turn.answering ? "call" : "called";
    case "in_visit":
      return "call";
    case "transferring":
    case "transferred":
      return "moving"; // the ticket in the other queue follows at once
    default:
      return "ended";
  }
}

/**
 * One card a queue. `fresh` says whether the places of these queues may still be shown.
 * @param {QueueInfo[]} queues @param {Texts} t @param {string} language @param {boolean} fresh
 * @param {(queue: string, needs: AskedNeeds) => void} join
 */
export function drawQueues(queues, t, language, fresh, join) {
  byId("queues").replaceChildren(...queues.map((queue, index) => {
    const button = make("button", {
      class: "primary", type: "button", "data-queue": queue.name, disabled: !drawsNumbers(queue),
    }, icon("ticket-line"), t.join);
    if (index === 0) button.id = "join";
    const form = queue.needs && drawsNumbers(queue) ? needsForm(queue.name, queue.needs, t, language) : null;
    button.addEventListener("click", () => {
      const needs = form ? readNeeds(form) : {};
      if (needs) join(queue.name, needs);
    });
    const card = make("article", { class: "card queue" }, make("h2", {}, titleIn(queue, language)));
    card.append(...(queue.notices ?? []).map((words) => make("p", { class: "note said" }, words)));
    if (fresh && queue.place && drawsNumbers(queue)) card.append(placeNow(queue.place, t));
    const opening = sayOpening(queue, t, language, new Date());
    if (opening) card.append(make("p", { class: "opening" }, opening));
    if (queue.past_closing) card.append(make("p", { class: "note" }, t.queue_past_closing));
    if (form?.children.length) card.append(form);
    card.append(button);
    return card;
  }));
}

/** @param {PlaceInfo} place @param {Texts} t */
function placeNow(place, t) {
  const words = waitWords(place.wait, 0);
  return make("p", { class: "now" },
    make("span", {}, icon("people"), t.waiting_now(place.position - 1)),
    make("span", {}, icon("clock"), sayWhy(t, words) || sayWait(t, words)));
}

/**
 * @param {TicketSnapshot} ticket @param {string} title of the queue
 * @param {Texts} t @param {number} age_s of the snapshot
 * @returns {string} the same in one sentence, for a voice
 */
export function drawTicket(ticket, title, t, age_s) {
  setText(byId("queue-title"), title);
  setText(byId("number"), String(ticket.number));
  const note = byId("note");
  const why = sayBack(ticket, t);
  note.hidden = !why;
  setText(note, why);
  drawNotices(ticket.notices ?? [], t);
  return ticket.place ? drawPlace(ticket.place, t, age_s) : "";
}

/** Why the patient waits again after a call, and where. @param {TicketSnapshot} ticket @param {Texts} t */
function sayBack({ reason, place, moved_from = "" }, t) {
  const where = place?.position === 1 ? t.back_first : t.back_behind;
  if (reason === "given_back" || reason === "undone") return `${t.given_back} ${where}`;
  if (reason === "clinician_gone") return `${t.clinician_gone} ${where}`;
  return moved_from ? t.moved_here : "";
}

/** What the staff says to everybody who waits; read out when it changes. @param {string[]} notices @param {Texts} t */
function drawNotices(notices, t) {
  const box = byId("notices");
  box.hidden = notices.length === 0;
  const wanted = JSON.stringify([notices, t.language]);
  if (box.dataset.shown === wanted) return;
  box.dataset.shown = wanted;
  const heading = make("h2", {}, icon("people"), t.notice_title);
  const words = notices.map((said) => make("p", { class: "said" }, said));
  box.replaceChildren(...(box.hidden ? [] : [heading, ...words]));
}

/** @param {PlaceInfo} place @param {Texts} t @param {number} age_s */
function drawPlace(place, t, age_s) {
  const ahead = place.position - 1;
  const words = waitWords(place.wait, age_s);
  const figure = byId("ahead");
  figure.dataset.ahead = String(ahead);
  setText(figure, t.ahead(ahead));
  const risen = place.stale ? t.place_stale : sayCause(t, place.cause ?? "");
  const why = sayWhy(t, words) || sayLonger(t, place);
  setText(byId("risen"), risen);
  setText(byId("wait"), sayWait(t, words));
  setText(byId("wait-why"), why);
  drawLine(ahead);
  const wait = `${t.wait_label}: ${sayWait(t, words, true)}.`;
  return [t.ahead_spoken(ahead), risen, wait, why].filter(Boolean).join(" ");
}

/**
 * The people ahead as dots, before the door. Those behind are not shown: knowing oneself last makes
 * people leave, and it is no business of theirs.
 * @param {number} ahead
 */
function drawLine(ahead) {
  const line = byId("line");
  if (line.dataset.ahead === String(ahead)) return;
  line.dataset.ahead = String(ahead);
  const dots = Array.from({ length: ahead > DOTS ? 0 : ahead }, () => make("i"));
  line.replaceChildren(make("i", { class: "door" }), ...dots, make("i", { class: "me" }));
  line.hidden = ahead > DOTS;
}

/** @param {TicketSnapshot} ticket @param {Texts} t @param {number} left_s @param {number} whole_s */
export function drawRing(ticket, t, left_s, whole_s) {
  setText(byId("turn-lead"), ticket.missed ? t.turn_again : t.turn_lead);
  setText(byId("ring-number"), t.number(ticket.number));
  setText(byId("seconds"), String(Math.max(0, Math.ceil(left_s))));
  const gone = whole_s > 0 ? 100 * (1 - Math.max(0, left_s) / whole_s) : 100;
  byId("ring-left").setAttribute("stroke-dashoffset", gone.toFixed(1));
}

/** The ring is over, and we do not know yet what became of it. @param {Texts} t @param {boolean} online */
export function drawRung(t, online) {
  setText(byId("rung-lead"), online ? t.rung_lead : t.rung_offline);
}

/** @param {TicketSnapshot} ticket @param {Texts} t */
export function drawEnd(ticket, t) {
  const [icon, title, text] = endWords(ticket, t);
  setText(byId("ended-title"), title);
  setText(byId("ended-text"), text);
  setIcon(byId("ended-icon"), icon);
  byId("ended-badge").classList.toggle("warm", icon !== "check" && icon !== "door");
}

/** Icon, title, text. @param {TicketSnapshot} ticket @param {Texts} t @returns {[string, string, string]} */
function endWords({ state, reason }, t) {
  switch (`${state} ${reason ?? ""}`) {
    case "completed clinician_gone":
      return ["bell", t.ended_gone, t.ended_gone_text];
    case "left declined":
      return ["bell", t.ended_declined, t.ended_declined_text];
    case "left erased":
      return ["bell", t.ended_expired, t.ended_erased_text];
    case "expired closed":
      return ["clock", t.ended_closed, t.ended_closed_text];
  }
  if (state === "completed") return ["check", t.ended_completed, t.ended_completed_text];
  if (state === "left") return ["door", t.ended_left, t.ended_left_text];
  if (state === "no_show") return ["bell", t.ended_no_show, t.ended_no_show_text];
  return ["bell", t.ended_expired, t.ended_expired_text];
}

/** The tab's title: what one sees of the page while doing something else. @param {string} screen @param {TicketSnapshot | null} ticket @param {Texts} t */
export function titleOf(screen, ticket, t) {
  if (screen === "called") return `${t.title_called} – Kolapp`;
  if (screen === "call") return `${t.title_call} – Kolapp`;
  if (screen === "waiting" && ticket?.place) {
    return `${t.title_waiting(ticket.place.position - 1, ticket.number)} – Kolapp`;
  }
  return "Kolapp";
}
