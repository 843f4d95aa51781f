// @ts-check
import { drawBlocked } from "./blocked.js";
import { Call } from "./call.js";
import { CallView } from "./call-view.js";
import { Chat } from "./chat.js";
import { ChatView } from "./chat-view.js";
import { LocalMedia } from "./devices.js";
import { buildFrame } from "./frame.js";
import { keepInvitation, passOf, redeem, takeInvitation } from "./guest-pass.js";
import { drawEnded, drawInvited } from "./guest-view.js";
import { PeopleView } from "./people-view.js";
import { Preview } from "./preview.js";
import { kindName } from "./roster.js";
import { newClient, watchConnection } from "./session.js";
import { StandIn } from "./stand-in.js";
import { byId, showScreen, Words } from "./ui.js";
import { keepAwake } from "./wake-lock.js";

/** @typedef {import("./protocol.js").GuestSnapshot} GuestSnapshot */
/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */

/** A guest's leg begins with the visit. */
const NEVER_WARM = { handOver: () => null, protect: null };

/** Of a client that is closed for good: the pass is no good any more, for whatever reason. */
const OUT = /** @type {Record<string, string>} */ ({ removed: "removed", bad_token: "over" });

/** @type {{you: string, visit: VisitInfo} | null} */ let now = null;
let ended = ""; // why this guest is not in the call (any more)
let blocked = "";
let joining = false;
let failed = ""; // why the last try to join did not work

const invitation = takeInvitation();
if (!invitation) ended = "no_link";
addEventListener("hashchange", () => location.reload()); // another link in the same tab

buildFrame();
const words = new Words(byId("language"), () => {
  call.view.renderOwn();
  chatView.render();
  render();
});
const media = new LocalMedia({ standIn: new StandIn() });
const client = newClient("guest", passOf);
const preview = new Preview(byId("check"), media, words);
const call = new Call(client, media, new CallView(byId("call"), media, words), "guest1", NEVER_WARM);
const chat = new Chat(client, "guest1");
const chatView = new ChatView(byId("call"), chat, words);
const people = new PeopleView(byId("call"), words);
const withoutCamera = /** @type {HTMLInputElement} */ (byId("no-camera"));
call.view.hangUp.label.setAttribute("data-t", "leave_call");
words.fill(byId("call"));
words.fill(byId("check"));

client.addEventListener("guest", () => client.guest && follow(client.guest));
client.addEventListener("state", (event) => {
  if (client.state === "closed") close(/** @type {CustomEvent} */ (event).detail.reason);
  render();
});
media.addEventListener("change", keepCamera);
const renewBanner = watchConnection(client, () => (call.goesOn ? words.t.offline_call : words.t.offline_plain));

byId("join").addEventListener("click", () => void join());
withoutCamera.addEventListener("change", () => preview.isOpen && void media.setCameraOff(withoutCamera.checked));
byId("hang-up").addEventListener("click", () => now && call.hangUp(now.visit.id));
byId("unblock").addEventListener("click", () => {
  if (blocked !== "taken_over") return location.reload();
  blocked = "";
  client.connect();
  render();
});
setInterval(render, 500);
if (invitation?.pass) enter();
render();

/** Everything that somebody is told stands on the page before this: from here on it happens. */
async function join() {
  if (!invitation || joining) return;
  joining = true;
  failed = "";
  render();
  const found = await redeem(invitation);
  joining = false;
  if (found === "in") {
    invitation.camera = !withoutCamera.checked;
    keepInvitation(invitation);
    enter();
  } else if (found === "refused") end("refused");
  else failed = found;
  render();
}

function enter() {
  media.cameraOff = invitation?.camera === false;
  client.connect();
}

/** Whoever came without a picture, or switched it off, is not seen after a reload either. */
function keepCamera() {
  if (!invitation?.pass || !now) return;
  invitation.camera = !media.cameraOff;
  keepInvitation(invitation);
}

/** @param {GuestSnapshot} snapshot */
function follow(snapshot) {
  const { you, state, visit } = snapshot;
  if (state !== "in") return end(state);
  if (!visit) return;
  now = { you, visit };
  call.role = chat.role = you;
  call.follow(visit);
  chat.follow(visit);
  render();
}

/** @param {string} why */
function end(why) {
  now = null;
  ended = why;
  call.end();
  chat.end();
  if (preview.isOpen) preview.close();
  if (client.state !== "idle") client.close();
  render();
}

/** @param {string} reason of a client that is closed for good */
function close(reason) {
  if (ended) return;
  if (OUT[reason]) return end(OUT[reason]);
  blocked = reason;
  call.end();
}

function screenNow() {
  if (blocked) return "blocked";
  if (ended) return "ended";
  if (now) return "call";
  return invitation?.pass ? "loading" : "invited";
}

function render() {
  const { t } = words;
  const screen = screenNow();
  if (screen === "call" && preview.isOpen) preview.leave();
  if (screen === "blocked") drawBlocked(blocked, t);
  if (screen === "invited") drawInvited(t, invitation?.kind ?? "", joining, failed);
  if (screen === "ended") drawEnded(t, ended);
  if (screen === "call") call.render();
  people.draw(call.company.people, nameOfMine());
  document.title = `${screen === "call" ? t.title_call : t.guest_title} – Kolapp`;
  keepAwake(screen === "call");
  showScreen(screen);
  renewBanner();
}

function nameOfMine() {
  const mine = now?.visit.participants.find(({ role }) => role === now?.you);
  return kindName(words.t, mine?.kind ?? "");
}
