// @ts-check
import { drawBlocked, unblock } from "./blocked.js";
import { Call } from "./call.js";
import { CallView } from "./call-view.js";
import { Chat } from "./chat.js";
import { ChatView } from "./chat-view.js";
import { keepCopy, recallCopy } from "./copies.js";
import { LocalMedia } from "./devices.js";
import { buildFrame } from "./frame.js";
import { Intake } from "./intake.js";
import { KolappError } from "./kolapp.js";
import { titleIn } from "./opening.js";
import { drawEnd, drawQueues, drawRing, drawRung, drawTicket, screenOf, titleOf } from "./patient-view.js";
import { PeopleView } from "./people-view.js";
import { Preview, showOwn } from "./preview.js";
import { Ready } from "./ready.js";
import { newClient, sayError, watchConnection } from "./session.js";
import { StandIn } from "./stand-in.js";
import { Turn } from "./turn.js";
import { announce, byId, confirmed, showScreen, Toast, Words } from "./ui.js";
import { keepAwake } from "./wake-lock.js";
import { Warm } from "./warm.js";

/** @typedef {import("./protocol.js").TicketSnapshot} TicketSnapshot */

/** How long "right now" may stand beside a queue. */
const FRESH_MS = 60_000;

/** How often the queues are looked at again while the patient has no number yet. */
const LOOK_MS = 30_000;

/** When a screen reader says again how long is left to answer, in seconds. */
const SAY_LEFT_S = [15, 5];

/** @type {TicketSnapshot | null} what the page shows; the client's own goes when a session does */
let ticket = null;
let ticketAt = 0;
/** @type {import("./protocol.js").QueueInfo[]} as they were at `queuesAt` */ let queues = [];
let queuesAt = 0;
/** @type {Set<string>} ended tickets that the patient has put away */ const dismissed = new Set();
let looking = true; // for the ticket there may be from before this page was opened
let blocked = "";
let told = "";
let shown = "loading";

buildFrame();
const words = new Words(byId("language"), () => {
  told = "";
  call.view.renderOwn();
  chatView.render();
  render();
});
const media = new LocalMedia({ standIn: new StandIn() });
const client = newClient("patient");
const preview = new Preview(byId("check"), media, words);
const warm = new Warm(client, media, "patient");
const ready = new Ready(byId("get-ready"), media, warm, words);
const call = new Call(client, media, new CallView(byId("call"), media, words), "patient", warm);
const chat = new Chat(client, "patient");
const chatView = new ChatView(byId("call"), chat, words);
const people = new PeopleView(byId("call"), words);
const turn = new Turn(client, media, () => render(), (error) => tell(error));
const toast = new Toast(byId("toast"));
words.fill(byId("check"));
words.fill(byId("get-ready"));

client.addEventListener("welcome", () => void find());
client.addEventListener("ticket", () => client.ticket && follow(client.ticket));
client.addEventListener("state", (event) => {
  if (client.state !== "closed") return render();
  blocked = /** @type {CustomEvent} */ (event).detail.reason;
  call.end();
  warm.stop();
  render();
});
media.addEventListener("change", () => showOwn(/** @type {HTMLVideoElement} */ (byId("self-called")), media));
const renewBanner = watchConnection(client, offlineWords);

const intake = new Intake(client, () => ticket, () => toast.show(words.t.intake_sent), tell);
byId("here").addEventListener("click", () => void rejoin());
byId("leave").addEventListener("click", () => void leave());
byId("answer").addEventListener("click", () => {
  call.answered();
  void turn.answer();
});
byId("decline").addEventListener("click", () => void decline());
byId("hang-up").addEventListener("click", hangUp);
byId("again").addEventListener("click", () => {
  if (ticket) dismissed.add(ticket.ticket);
  showTicket(null);
  void lookAround();
});
byId("unblock").addEventListener("click", () => {
  const reason = blocked;
  blocked = "";
  unblock(reason, client, "patient");
});
for (const gesture of ["pointerdown", "keydown"]) {
  addEventListener(gesture, () => void turn.ring.unlock().then(render), { passive: true });
}
setInterval(render, 500);
setInterval(() => void lookAround(), LOOK_MS);
document.addEventListener("visibilitychange", () => void lookAround());
client.connect();

/** @param {import("./protocol.js").QueueInfo[]} seen */
function keepQueues(seen) {
  queues = seen;
  queuesAt = performance.now();
}

/** A queue opens, fills and closes while somebody reads this page. */
async function lookAround() {
  if (document.hidden || client.state !== "open" || screenNow() !== "welcome") return;
  const now = await client.request("queues", {}).catch(() => null);
  if (now) keepQueues(now.queues);
  render();
}

/** The ticket from before a reload or a lost session; never draws a new one. */
async function find() {
  keepQueues(client.welcome?.queues ?? []);
  for (const { name } of queues) {
    if (known()) break;
    const signed = recallCopy(name);
    await client.request("find", { queue: name, ...(signed && { signed }) }).catch(notFound);
  }
  looking = false;
  if (!known() && !ended()) showTicket(null);
  render();
}

/** Whether this session has a ticket that is of any interest still. */
function known() {
  return client.ticket !== null && !dismissed.has(client.ticket.ticket);
}

/** @param {unknown} error */
function notFound(error) {
  if (error instanceof KolappError && error.code === "no_ticket") return;
  tell(error);
}

/** @param {TicketSnapshot} snapshot */
function follow(snapshot) {
  keepCopy(snapshot);
  if (dismissed.has(snapshot.ticket)) return;
  showTicket(snapshot);
}

/** @param {TicketSnapshot | null} snapshot */
function showTicket(snapshot) {
  ticket = snapshot;
  ticketAt = performance.now();
  turn.follow(ticket);
  if (ticket?.visit && ticket.state === "in_visit") call.follow(ticket.visit);
  else if (ticket?.call && ticket.state === "called") call.ring(ticket.call);
  else if (!turn.answering) call.end();
  if (ticket?.call) void call.relays.of(ticket.call.visit, ticket.call.epoch); // asked for while it rings
  if (ticket?.visit && ticket.state === "in_visit") chat.follow(ticket.visit);
  else chat.end();
  if (!ticket || ended()) intake.forget();
  render();
}

function ended() {
  return ticket !== null && screenOf(ticket, turn) === "ended";
}

function render() {
  turn.tick();
  const screen = screenNow();
  const scene = screen === "call" && turn.isAgain && !call.goesOn ? "again" : screen;
  if (scene !== shown) entered(scene);
  draw(screen);
  byId("sound-on").hidden = turn.ring.audible;
  document.title = titleOf(screen, ticket, words.t);
  keepAwake(["waiting", "called", "rung", "call"].includes(screen));
  showScreen(screen);
  renewBanner();
}

/** What rings, and what holds camera and microphone. @param {string} scene a screen, or `again` */
function entered(scene) {
  const { t } = words;
  if (preview.isOpen && scene !== "waiting") preview.leave();
  ready.enter(scene);
  if (!preview.isOpen && !ready.isOpen && !["called", "call", "again"].includes(scene)) media.close();
  if (scene === "called" && ready.wanted) void media.open(); // who got ready need not wait for it
  turn.ring.stop();
  announce("", true);
  if (scene === "called" || scene === "again") turn.ring.start(turn.left_s);
  if (scene === "called") announce(`${t.your_turn}. ${t.answer_within(Math.round(turn.left_s))}`, true);
  if (scene === "again") {
    toast.show(t.rung_again);
    announce(t.rung_again, true);
  }
  shown = scene;
}

/** @param {string} screen */
function draw(screen) {
  const { t } = words;
  const age_s = (performance.now() - ticketAt) / 1000;
  if (screen === "welcome") drawWelcome();
  if (screen === "blocked") drawBlocked(blocked, t, ticket?.state === "waiting");
  if (ticket && screen === "waiting") byId("check").hidden = ready.follow(ticket, queues);
  if (ticket && screen === "waiting") sayOnce(drawTicket(ticket, titleOfQueue(ticket), t, age_s));
  if (ticket && screen === "called") drawCalled(ticket);
  if (screen === "rung") drawRung(t, client.state === "open");
  if (ticket && screen === "ended") drawEnd(ticket, t);
  if (screen === "call") call.render();
  people.draw(call.company.people, t.patient);
}

function screenNow() {
  if (blocked) return "blocked";
  if (looking) return "loading";
  return screenOf(ticket, turn);
}

function offlineWords() {
  const { t } = words;
  if (call.goesOn) return t.offline_call;
  return ticket?.state === "waiting" ? t.offline_place : t.offline_plain;
}

let drawnWelcome = "";
function drawWelcome() {
  const fresh = performance.now() - queuesAt < FRESH_MS;
  const wanted = JSON.stringify([queues, fresh, words.language]);
  if (wanted === drawnWelcome) return; // a button that is replaced loses the focus and the tap
  if (document.activeElement?.closest(".needs")) return; // and so does what is being filled in
  drawnWelcome = wanted;
  drawQueues(queues, words.t, words.language, fresh, (queue, needs) => void join(queue, needs));
}

/** @param {TicketSnapshot} called */
function drawCalled(called) {
  const whole = Math.ceil(turn.left_s);
  if (SAY_LEFT_S.includes(whole)) announce(words.t.answer_within(whole), true);
  drawRing(called, words.t, turn.left_s, turn.whole_s);
}

/** @param {TicketSnapshot} of */
function titleOfQueue(of) {
  const queue = queues.find(({ name }) => name === of.queue);
  return queue ? titleIn(queue, words.language) : "";
}

/** @param {string} sentence */
function sayOnce(sentence) {
  if (sentence === told) return;
  told = sentence;
  announce(sentence);
}

/** @param {string} queue @param {import("./protocol.js").AskedNeeds} needs */
async function join(queue, needs) {
  const button = document.querySelector(`[data-queue="${CSS.escape(queue)}"]`);
  button?.setAttribute("aria-busy", "true");
  const asked = Object.keys(needs).length ? { needs } : {};
  await client.request("join", { queue, ...asked }).catch(refused);
  button?.removeAttribute("aria-busy");
}

/** What a refused join says is newer than the card. @param {unknown} error */
async function refused(error) {
  tell(error);
  await lookAround();
}

/** Joining again gives the ticket there is, and tells the queue that a person is here. */
async function rejoin() {
  if (ticket) await client.request("join", { queue: ticket.queue }).catch(tell);
}

async function leave() {
  if (!ticket || !(await confirmed(byId("leave-dialog")))) return;
  await client.request("leave", { ticket: ticket.ticket }).catch(tell);
}

async function decline() {
  if (await confirmed(byId("decline-dialog"))) await turn.decline();
}

function hangUp() {
  const visit = ticket?.visit?.id ?? ticket?.call?.visit;
  if (visit) call.hangUp(visit);
}

/** @param {unknown} error */
function tell(error) {
  const text = sayError(error, words.t);
  if (text) toast.show(text);
}
