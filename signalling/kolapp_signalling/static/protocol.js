// @ts-check
/**
 * Protocol v1 as a client sees it. PROTOCOL.md explains it; `messages.py` and `codes.py` are the
 * source, and a test holds the lists below against them.
 */

export const SUBPROTOCOL = "kolapp.v1.json";

/** Every type a client may send. */
export const CLIENT_TYPES = Object.freeze([
  "hello", "renew", "ping", "queues", "find", "join", "leave", "intake", "answer", "decline",
  "ready", "pause", "pull", "give_back", "undo", "end_wrap_up", "transfer", "ring_again", "outcome",
  "board", "pull_ticket", "take_over", "read_intake", "invite", "remove_guest",
  "offer", "hang_up", "say", "hear", "relays", "prepare", "echo", "enter",
  "signal",
]);

/** Every type this client understands; others are ignored, so that a newer server can add some. */
export const SERVER_TYPES = Object.freeze([
  "welcome", "pong", "token", "reconnect", "queues", "ticket", "duty", "guest", "invited", "board", "intake", "said", "relays", "quality", "sdp_answer", "entered", "echo",
  "signalled", "signal", "error",
]);

/** Close codes of this range want a person; everything else wants another connection. */
const TERMINAL = { from: 4500, to: 4999 };

/** The one of them that a fresh token may mend. */
export const TOKEN_REFUSED = 4501;

/** Why the server will not have us back, in one word the pages can show. */
const TERMINAL_REASONS = Object.freeze(/** @type {Record<number, string>} */ ({
  4500: "hello_expected",
  [TOKEN_REFUSED]: "bad_token",
  4502: "taken_over",
  4503: "too_many_errors",
  4504: "bad_subprotocol",
  4505: "flood",
  4506: "weak_login",
  4507: "removed",
}));

/** @param {number} code */
export function isTerminal(code) {
  return code >= TERMINAL.from && code <= TERMINAL.to;
}

/** @param {number} code */
export function terminalReason(code) {
  return TERMINAL_REASONS[code] ?? "refused";
}

/**
 * A request that was not done. `code` is one of codes.py, or one of ours: `timeout` (no reply in
 * time), `closed` (the connection ended for good), `busy` (too many requests under way), `lost`
 * (the connection went and the request may not be repeated).
 */
export class KolappError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {string} [field] where in the message the fault is, if the server said so
   * @param {string} [opens] with a refused join: when the queue opens next (RFC 3339)
   */
  constructor(code, message, field = "", opens = "") {
    super(message);
    this.name = "KolappError";
    this.code = code;
    this.field = field;
    this.opens = opens;
  }
}

/**
 * A ticket's `call` is there while it is called, and in a visit that has lost its patient while the
 * clinician calls again.
 *
 * @typedef {{known: boolean, low_s: number, high_s: number, why?: string,
 *   cause?: string}} WaitRange
 * @typedef {{low_s: number, high_s: number}} ForecastRange
 * @typedef {{position: number, waiting: number, wait: WaitRange, cause?: string,
 *   stale?: boolean}} PlaceInfo
 * @typedef {{name: string, title: string, place?: PlaceInfo | null,
 *   titles?: Record<string, string>, state?: "open" | "draining" | "closed", early?: boolean,
 *   full?: boolean, past_closing?: boolean, opens?: string, closes?: string,
 *   last_number?: string, checks?: string[], needs?: NeedsOffered | null,
 *   notices?: string[], ready_from?: number, mode?: "bridge" | "direct",
 *   slots?: number, encrypted?: boolean, rehearsal?: number}} QueueInfo
 * @typedef {{professions?: string[], languages?: string[], skills?: string[], ages?: number[],
 *   clinician?: boolean}} NeedsOffered
 * @typedef {{profession?: string, language?: string, skills?: string[], age?: number | null,
 *   clinician?: string}} AskedNeeds
 * @typedef {{visit: string, epoch: number, answer_within_ms: number, encrypted?: boolean}} CallInfo
 * @typedef {{role: string, media: "none" | "connecting" | "connected" | "lost", kind?: string,
 *   id?: string}} ParticipantInfo
 * @typedef {{id: string, epoch: number, state: "called" | "live" | "held" | "ended", queue: string,
 *   number: number, media_epoch: number, participants: ParticipantInfo[], ring_ms?: number,
 *   live_ms?: number, reason?: string, undo_ms?: number, held_ms?: number,
 *   outcome?: string, said?: number, slots?: number, mode?: "bridge" | "direct",
 *   relay_only?: boolean, encrypted?: boolean, invited?: InvitedInfo[]}} VisitInfo
 * @typedef {{role: string, kind: string, valid_ms: number}} InvitedInfo
 * @typedef {{name: string, title: string, waiting: number, on_duty: number}} QueueLoad
 *
 * @typedef {{type: "welcome", re?: number, role: string, session: string, person: string,
 *   resume: string, resumed: boolean, node: string, version: string, queues: QueueInfo[], ping_every_ms: number,
 *   relays?: boolean}} Welcome
 * @typedef {{type: "pong", re?: number}} Pong
 * @typedef {{type: "token", re?: number, valid_ms: number}} TokenNow
 * @typedef {{type: "reconnect", re?: number, after_ms: number}} Reconnect
 * @typedef {{type: "queues", re?: number, queues: QueueInfo[]}} QueuesNow
 * @typedef {{type: "ticket", re?: number, version: number, ticket: string, queue: string,
 *   number: number, state: string, place?: PlaceInfo | null, call?: CallInfo | null,
 *   visit?: VisitInfo | null, missed?: number, away?: boolean, reason?: string,
 *   notices?: string[], moved_to?: string, moved_from?: string, signed?: string,
 *   forecast?: ForecastRange | null}} TicketSnapshot
 * @typedef {{type: "duty", re?: number, version: number, on_duty: boolean, queues: QueueLoad[],
 *   serves: string[], weights?: Record<string, number>, visit?: VisitInfo | null,
 *   ended?: VisitInfo | null, wrap_up_ms?: number}} DutySnapshot
 * @typedef {{type: "guest", re?: number, version: number, you: string,
 *   state: "in" | "left" | "removed" | "over", visit?: VisitInfo | null}} GuestSnapshot
 * @typedef {{type: "invited", re?: number, visit: string, guest: string, code: string, valid_ms: number}} Invited
 * @typedef {{ticket: string, number: number, waited_s: number, away?: boolean, missed?: number,
 *   urgent?: boolean, needs?: string[], aside?: boolean}} BoardTicket
 * @typedef {{visit: string, number: number, live_ms: number}} HeldVisit
 * @typedef {{type: "board", re?: number, queue: string, may_pull: boolean,
 *   tickets?: BoardTicket[], more?: number, held?: HeldVisit[]}} BoardNow
 * @typedef {{type: "intake", re?: number, visit: string, text: string}} IntakeText
 * @typedef {{number: number, role: string, text: string}} ChatLine
 * @typedef {{urls: string[], username: string, credential: string}} RelayServer
 * @typedef {{type: "relays", re?: number, visit: string, servers: RelayServer[], ttl_ms: number}} RelaysNow
 * @typedef {{type: "said", re?: number, visit: string, lines: ChatLine[], said: number}} SaidNow
 * @typedef {{loss: number, jitter_ms: number, kbps: number}} FlowInfo
 * @typedef {{role: string, round_trip_ms: number, up: FlowInfo, down: FlowInfo,
 *   limit_kbps: number, silent_ms?: number}} LegInfo
 * @typedef {{type: "quality", re?: number, visit: string, legs: LegInfo[]}} QualityNow
 * @typedef {{type: "sdp_answer", re?: number, visit: string, generation: number,
 *   media_epoch: number, sdp: string, slots?: string[]}} SdpAnswer
 * @typedef {{type: "entered", re?: number, visit: string, generation: number, media_epoch: number,
 *   slots?: string[]}} Entered
 * @typedef {{type: "echo", re?: number, on: boolean}} EchoNow
 * @typedef {{kind: "description", generation: number, sdp_type: "offer" | "answer", sdp: string}
 *   | {kind: "candidate", generation: number, candidate: string, mid?: string, line?: number}
 *   | {kind: "renew", generation: number} | {kind: "key", payload: string}} Word
 * @typedef {{type: "signalled", re?: number, visit: string}} Signalled
 * @typedef {{type: "signal", re?: number, visit: string, sender: string, data: Word}} SignalNow
 * @typedef {{type: "error", re?: number, code: string, message: string, field?: string,
 *   opens?: string}} ServerError
 * @typedef {Welcome | Pong | TokenNow | Reconnect | QueuesNow | TicketSnapshot | DutySnapshot | GuestSnapshot | Invited | BoardNow | IntakeText | SaidNow | RelaysNow | QualityNow | SdpAnswer | Entered | EchoNow | Signalled | SignalNow | ServerError} ServerMessage
 */

/**
 * What each request carries beside `type` and `id`, and what its promise gives.
 * @typedef {{
 *   ping: [{}, Pong],
 *   renew: [{token: string}, TokenNow],
 *   queues: [{}, QueuesNow],
 *   find: [{queue: string, signed?: string}, TicketSnapshot],
 *   join: [{queue: string, needs?: AskedNeeds | null}, TicketSnapshot],
 *   leave: [{ticket: string}, TicketSnapshot],
 *   intake: [{ticket: string, text: string}, TicketSnapshot],
 *   answer: [{ticket: string, epoch: number}, TicketSnapshot],
 *   decline: [{ticket: string, epoch: number}, TicketSnapshot],
 *   ready: [{queues: string[], weights?: Record<string, number>, leaves_in_s?: number}, DutySnapshot],
 *   pause: [{queues?: string[], back_in_s?: number}, DutySnapshot],
 *   pull: [{key: string}, DutySnapshot],
 *   give_back: [{visit: string, epoch: number}, DutySnapshot],
 *   undo: [{visit: string, epoch: number}, DutySnapshot],
 *   end_wrap_up: [{}, DutySnapshot],
 *   transfer: [{visit: string, epoch: number, queue: string}, DutySnapshot],
 *   ring_again: [{visit: string, epoch: number}, DutySnapshot],
 *   outcome: [{visit: string, epoch: number, outcome: string}, DutySnapshot],
 *   board: [{queue: string}, BoardNow],
 *   pull_ticket: [{queue: string, ticket: string, key: string, reason: string}, DutySnapshot],
 *   take_over: [{queue: string, visit: string, key: string}, DutySnapshot],
 *   relays: [{visit: string, epoch: number}, RelaysNow],
 *   say: [{visit: string, epoch: number, key: string, text: string}, SaidNow],
 *   hear: [{visit: string, after: number}, SaidNow],
 *   read_intake: [{visit: string, epoch: number}, IntakeText],
 *   offer: [{visit: string, epoch: number, generation: number, sdp: string}, SdpAnswer],
 *   prepare: [{queue: string, generation: number, sdp: string}, SdpAnswer],
 *   echo: [{on: boolean}, EchoNow],
 *   enter: [{visit: string, epoch: number, generation: number}, Entered],
 *   signal: [{visit: string, epoch: number, to: string, data: Word}, Signalled],
 *   invite: [{visit: string, epoch: number, kind: string, key: string}, Invited],
 *   remove_guest: [{visit: string, epoch: number, guest: string}, DutySnapshot],
 *   hang_up: [{visit: string, epoch: number}, TicketSnapshot | DutySnapshot | GuestSnapshot],
 * }} Requests
 */

/**
 * @param {unknown} text a frame
 * @returns {ServerMessage | null} null for what this client does not understand
 */
export function decode(text) {
  if (typeof text !== "string") return null;
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  return SERVER_TYPES.includes(message?.type) ? message : null;
}
