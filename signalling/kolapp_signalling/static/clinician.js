// @ts-check
import { Board } from "./board.js";
import { drawBlocked, unblock } from "./blocked.js";
import { Call } from "./call.js";
import { CallView } from "./call-view.js";
import { Chat } from "./chat.js";
import { ChatView } from "./chat-view.js";
import {
  drawCalling, drawDesk, drawIntake, drawRevisit, drawTools, drawUndo, drawWrapUp, screenOf, whyNot,
} from "./clinician-view.js";
import { DeskPeople } from "./desk-people.js";
import { LocalMedia } from "./devices.js";
import { buildFrame } from "./frame.js";
import { KolappError } from "./kolapp.js";
import { Preview } from "./preview.js";
import { drawQueues, readChoice, readyFor, recallChoice } from "./serving.js";
import { newClient, sayError, watchConnection } from "./session.js";
import { Moment } from "./moment.js";
import { Shortcuts } from "./shortcuts.js";
import { StandIn } from "./stand-in.js";
import { announce, byId, confirmed, setText, showScreen, Toast, Words } from "./ui.js";
import { Warm } from "./warm.js";

/** @typedef {import("./protocol.js").DutySnapshot} DutySnapshot */

/** @type {DutySnapshot | null} what the page shows; the client's own goes when a session does */
let duty = null;
let dutyAt = 0;
let ringWhole_s = 0;
let visitId = "";
let intakeOf = ""; // the visit that it was read for
let blocked = "";
let pulling = false;
let choice = recallChoice();
/** Of a pull that was not answered yet: asked again with the same key, it gives the same patient. */
let pullKey = "";
/** The queues as they were when a pull found nobody: they wait, yet nobody could be called. */
let unreachable = "";

buildFrame();
const words = new Words(byId("language"), () => {
  call.view.renderOwn();
  chatView.render();
  render();
});
const media = new LocalMedia({ standIn: new StandIn() });
const client = newClient("clinician");
const preview = new Preview(byId("check"), media, words);
const warm = new Warm(client, media, "clinician");
const call = new Call(client, media, new CallView(byId("call"), media, words), "clinician", warm);
const chat = new Chat(client, "clinician");
const chatView = new ChatView(byId("call"), chat, words);
const people = new DeskPeople(client, byId("call"), words);
const toast = new Toast(byId("toast"));
words.fill(byId("check"));

client.addEventListener("duty", () => client.duty && follow(client.duty));
client.addEventListener("state", (event) => {
  if (client.state === "closed") {
    blocked = /** @type {CustomEvent} */ (event).detail.reason;
    call.end();
    warm.stop();
  }
  render();
});
media.addEventListener("change", renderSelf);
const renewBanner = watchConnection(client, () => (call.goesOn ? words.t.offline_call : words.t.offline_plain));

byId("ready").addEventListener("click", () => void switchDuty());
byId("revisit-copy").addEventListener("click", () => void copyLink());
byId("queues").addEventListener("change", () => void serveOthers());
byId("next").addEventListener("click", () => void next());
byId("give-back").addEventListener("click", () => void giveBack());
byId("hang-up").addEventListener("click", hangUp);
byId("undo").addEventListener("click", () => void act("undo"));
byId("ring-again").addEventListener("click", () => void ringAgain());
byId("move").addEventListener("submit", (event) => {
  event.preventDefault();
  void transfer();
});
byId("wrap-up-done").addEventListener("click", () => void client.request("end_wrap_up", {}).catch(tell));
byId("outcome-is").addEventListener("change", () => void sayOutcome());
byId("unblock").addEventListener("click", () => {
  const reason = blocked;
  blocked = "";
  unblock(reason, client, "clinician");
});
const shiftEnd = new Moment(/** @type {HTMLInputElement} */ (byId("shift-end")), () => void sayReady());
const back = new Moment(/** @type {HTMLInputElement} */ (byId("back-at")), () => void sayBack());
const board = new Board(client, words, () => (screenOf(duty) === "desk" && duty?.on_duty ? duty.serves : []), tell);
new Shortcuts(byId("shortcuts-on"), {
  n: byId("next"),
  r: byId("ready"),
  b: byId("give-back"),
  m: byId("mute"),
  c: byId("camera"),
  "shift+h": byId("hang-up"),
});
setInterval(render, 500);
client.connect();

/** @param {DutySnapshot} snapshot */
function follow(snapshot) {
  const couldPull = duty?.on_duty && !duty.visit;
  duty = snapshot;
  dutyAt = performance.now();
  const visit = snapshot.visit ?? null;
  if (visit && visit.id !== visitId) ringWhole_s = (visit.ring_ms ?? 0) / 1000;
  visitId = visit?.id ?? "";
  void readIntake();
  if (!couldPull && snapshot.on_duty && !visit) void board.look();
  if (visit) call.follow(visit);
  else call.end();
  if (visit) chat.follow(visit);
  else chat.end();
  people.follow(visit);
  render();
}

/** On duty a leg is ready for the next patient, at the media node of the first queue served. */
function stayReady() {
  const queue = duty?.on_duty && duty.serves.find((name) => warm.fits(name));
  if (queue) warm.keep(queue);
  else if (warm.leg) warm.stop();
}

function render() {
  shiftEnd.tick();
  back.tick();
  const { t } = words;
  const screen = blocked ? "blocked" : screenOf(duty);
  if (blocked) drawBlocked(blocked, t);
  if (screen !== "desk" && preview.isOpen) preview.leave();
  byId("check").hidden = screen !== "desk";
  if (screen === "desk") stayReady();
  if (duty) drawAll(duty, screen);
  showScreen(screen);
  renewBanner();
}

/** @param {DutySnapshot} now @param {string} screen */
function drawAll(now, screen) {
  const { t } = words;
  drawQueues(now, choice, t);
  const nobody = unreachable === JSON.stringify(now.queues);
  drawDesk(now, choice, t, whyNot(now, choice, t, client.state === "open", pulling), nobody);
  const age_s = (performance.now() - dutyAt) / 1000;
  drawTools(now, t, age_s);
  drawWrapUp((now.wrap_up_ms ?? 0) / 1000 - age_s, t);
  if (screen === "calling" && now.visit) {
    drawCalling(now.visit, t, (now.visit.ring_ms ?? 0) / 1000 - age_s, ringWhole_s);
    drawUndo((now.visit.undo_ms ?? 0) / 1000 - age_s);
  }
  if (screen === "call") call.render();
  people.render(call.company.people);
  board.render();
  drawRevisit(client.welcome, location.origin);
  const waiting = now.queues.reduce((sum, queue) => sum + queue.waiting, 0);
  document.title = `${screen === "call" ? t.title_call : t.title_desk(waiting)} – Kolapp`;
}

function renderSelf() {
  const video = /** @type {HTMLVideoElement} */ (byId("self-calling"));
  video.muted = true;
  video.srcObject = call.view.self.srcObject;
}

async function switchDuty() {
  if (!duty) return;
  back.clear(); // of the pause before
  await (duty.on_duty ? client.request("pause", {}) : client.request("ready", chosen())).catch(tell);
}

function chosen() {
  return { ...readyFor((duty?.queues ?? []).map(({ name }) => name), choice), leaves_in_s: shiftEnd.in_s };
}

/** Where the browser does not let the page copy, the link stands there selected, to be copied by hand. */
async function copyLink() {
  const field = /** @type {HTMLInputElement} */ (byId("revisit-link"));
  field.select();
  await navigator.clipboard?.writeText(field.value).then(() => toast.show(words.t.revisit_copied), () => {});
}

async function serveOthers() {
  choice = readChoice();
  await sayReady();
}

/** Said in a pause: the queues are those to come back to. */
async function sayBack() {
  if (!duty || duty.on_duty) return;
  await client.request("pause", { queues: chosen().queues, back_in_s: back.in_s }).catch(tell);
}

/** Again, when what was chosen is another. */
async function sayReady() {
  if (duty?.on_duty) await client.request("ready", chosen()).catch(tell);
  render();
}

async function next() {
  if (!duty || pulling || !duty.on_duty) return;
  pulling = true;
  pullKey ||= crypto.randomUUID();
  render();
  try {
    await client.request("pull", { key: pullKey });
    pullKey = "";
  } catch (error) {
    // Only when the answer is not known may the same key be asked again.
    if (!isUncertain(error)) pullKey = "";
    if (error instanceof KolappError && error.code === "nobody_waiting") sayNobody();
    else tell(error);
  } finally {
    pulling = false;
    render();
  }
}

/** The counts may say otherwise, for they count those who are away or want somebody else, too. */
function sayNobody() {
  const some = duty?.queues.some(({ waiting }) => waiting > 0);
  unreachable = some ? JSON.stringify(duty?.queues) : "";
  say(some ? words.t.next_why_away : words.t.error_nobody_waiting, !some);
}

/** @param {unknown} error */
function isUncertain(error) {
  const code = error instanceof KolappError ? error.code : "";
  return code === "timeout" || code === "store_unavailable" || code === "internal";
}

async function giveBack() {
  const visit = duty?.visit;
  if (!visit || visit.state !== "called") return;
  await client.request("give_back", { visit: visit.id, epoch: visit.epoch }).catch(tell);
}

/** Once a visit, from the answer on: each reading stands in the audit. */
async function readIntake() {
  const visit = duty?.visit;
  if (visit?.state !== "live") {
    intakeOf = "";
    return drawIntake("");
  }
  if (intakeOf === visit.id) return;
  intakeOf = visit.id;
  const read = await client.request("read_intake", { visit: visit.id, epoch: visit.epoch }).catch(tell);
  if (read && intakeOf === visit.id) drawIntake(read.text);
}

/** What needs nothing but the visit. @param {"undo" | "ring_again"} step */
async function act(step) {
  const visit = duty?.visit;
  if (!visit) return false;
  const done = client.request(step, { visit: visit.id, epoch: visit.epoch });
  return done.then(() => true, (error) => (tell(error), false));
}

async function ringAgain() {
  if (await act("ring_again")) toast.show(words.t.ringing_again);
}

async function transfer() {
  const visit = duty?.visit;
  const select = /** @type {HTMLSelectElement} */ (byId("move-to"));
  const queue = select.value;
  if (!visit || !queue) return;
  const title = select.selectedOptions[0]?.textContent ?? "";
  setText(byId("move-ask"), words.t.move_ask(visit.number, title));
  if (!(await confirmed(byId("move-dialog")))) return;
  await client.request("transfer", { visit: visit.id, epoch: visit.epoch, queue }).catch(tell);
}

async function sayOutcome() {
  const visit = duty?.ended;
  const outcome = /** @type {HTMLSelectElement} */ (byId("outcome-is")).value;
  if (!visit) return;
  await client.request("outcome", { visit: visit.id, epoch: visit.epoch, outcome }).catch(tell);
}

function hangUp() {
  const visit = duty?.visit;
  if (visit?.state === "live") call.hangUp(visit.id);
}

/** @param {unknown} error */
function tell(error) {
  const text = sayError(error, words.t);
  if (text) say(text);
}

/** @param {string} text @param {boolean} [passing] shown as a toast; else it stands on the desk */
function say(text, passing = true) {
  if (passing) toast.show(text);
  announce(text);
}
