// @ts-check
/** English; the other languages have the same keys, and the type checker says so if not. */

/** @param {number} minutes */
function duration(minutes) {
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const words = hours === 1 ? "1 hour" : `${hours} hours`;
  return rest ? `${hours} h ${rest} min` : words;
}

/** For a range: both ends must fit on one line of a phone. @param {number} minutes */
function short(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours && `${hours} h`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
}

/** @param {number} n */
const people = (n) => (n === 1 ? "1 person" : `${n} people`);

export default {
  language: "English",
  emergency: "In an emergency, call",
  language_label: "Language",
  loading: "Connecting…",

  join_title: "See a clinician by video",
  join_lead: "No appointment. Take a number, keep this page open, and we ring you here when it is your turn.",
  join: "Take a number",
  join_again: "Take a new number",
  waiting_now: /** @param {number} n */ (n) => (n === 0 ? "Nobody is waiting" : `${people(n)} waiting`),
  queue_open_until: /** @param {string} when */ (when) => `Open until ${when}.`,
  queue_last_number: /** @param {string} when */ (when) => `Last number ${when}.`,
  queue_closed: "Closed right now.",
  queue_closed_early: "Closed early by the staff.",
  queue_opens: /** @param {string} when */ (when) => `Opens ${when}.`,
  queue_full: "The queue is full right now. Try again in a little while.",
  queue_past_closing: "So many are waiting that you may not be seen before closing time.",
  notice_title: "From the staff",
  promise_place: "You always see your place in the queue",
  promise_private: "The call is private and never recorded",
  promise_free: "Leave the queue whenever you like",

  your_number: "Your number",
  ahead_label: "Ahead of you",
  ahead: /** @param {number} n */ (n) => (n === 0 ? "You are next" : people(n)),
  ahead_spoken: /** @param {number} n */ (n) => (n === 0 ? "You are next." : `${people(n)} ahead of you.`),
  wait_label: "Waiting time",
  wait_less: /** @param {number} high */ (high) => `Less than ${duration(high)}`,
  wait_up_to: /** @param {number} high */ (high) => `Up to ${duration(high)}`,
  wait_range: /** @param {number} low @param {number} high */ (low, high) =>
    high < 60 ? `About ${low}–${high} minutes` : `About ${short(low)} – ${short(high)}`,
  wait_range_spoken: /** @param {number} low @param {number} high */ (low, high) =>
    `About ${duration(low)} to ${duration(high)}`,
  wait_more: /** @param {number} low */ (low) => `More than ${duration(low)}`,
  wait_late: "Longer than we thought. You keep your place.",
  wait_unknown: "Not known yet",
  wait_nobody_on_duty: "No clinician is on duty right now.",
  given_back: "The clinician had to step away. You are first in line again.",

  next_title: "What happens next",
  next_1: "Keep this page open. Your place is safe if the connection drops for a moment.",
  next_2: "When it is your turn, this page rings. You then have a little time to answer.",
  next_3: "Answer, and you are in the video call.",
  sound_off: "The ring is silent until you tap here.",
  sound_on: "Turn on sound",
  leave: "Leave the queue",
  leave_title: "Leave the queue?",
  leave_text: "You lose your number. If you come back, you start at the end of the line.",
  leave_yes: "Yes, leave",
  leave_no: "Stay in the queue",

  check_title: "Camera and sound",
  check_lead: "Use the time to see how you look and sound. Nobody else can see you yet.",
  check_open: "Try camera and sound",
  check_close: "Turn camera off",
  check_level: "Say something. The bar moves when we hear you.",
  camera: "Camera",
  microphone: "Microphone",
  problem_denied: "The browser may not use your camera or microphone. Allow it in the address bar's settings, then try again.",
  problem_missing: "No camera or microphone was found.",
  problem_missing_video: "No camera was found. You can still talk.",
  problem_missing_audio: "No microphone was found. The other person cannot hear you.",
  problem_denied_video: "The camera is not allowed. You can still talk.",
  problem_denied_audio: "The microphone is not allowed. The other person cannot hear you.",
  problem_busy: "Another program is using the camera or microphone. Close it and try again.",
  problem_insecure: "Camera and microphone need a secure (https) page.",

  your_turn: "It is your turn",
  turn_lead: "A clinician is ready to see you.",
  answer_within: /** @param {number} s */ (s) => `Answer within ${s} seconds.`,
  seconds_left: "seconds to answer",
  answer: "Answer",
  decline: "Decline",
  decline_title: "Decline the call?",
  decline_text: "You give up your place in the queue.",
  decline_yes: "Yes, decline",
  decline_no: "Back to the call",

  missed_title: "We rang, but got no answer",
  missed_lead: "We keep your place. Tap the button, and you are next.",
  missed_warning: "If you miss the next call too, your number ends.",
  here: "I am here",

  connecting: "Connecting…",
  connecting_patient: "You are being connected to the clinician.",
  connecting_clinician: "Connecting you to the patient.",
  waiting_other: "Waiting for the other person…",
  reconnecting: "Reconnecting…",
  reconnecting_lead: "The call goes on as soon as the connection is back.",
  other_lost: "The other person's connection is gone for a moment.",
  call_failed: "The call could not be connected. Hang up and try again.",
  clinician: "Clinician",
  patient: "Patient",
  number: /** @param {number} n */ (n) => `No. ${n}`,
  mute: "Mute",
  unmute: "Unmute",
  camera_off: "Camera off",
  camera_on: "Camera on",
  settings: "Settings",
  hang_up: "Hang up",
  close: "Done",
  self_view: "Your own picture",
  remote_view: "Picture of the other person",
  hear: "Tap to hear",
  quality_good: "Good connection",
  quality_fair: "Unsteady connection",
  quality_poor: "Poor connection",

  ended_completed: "The visit is over",
  ended_completed_text: "Thank you for your visit. Take care.",
  ended_left: "You have left the queue",
  ended_left_text: "You are welcome back whenever you need us.",
  ended_declined: "You declined the call",
  ended_declined_text: "Your number has ended. You are welcome to take a new one.",
  ended_no_show: "We could not reach you",
  ended_no_show_text: "We rang twice without an answer, so your number has ended. You are welcome to take a new one.",
  ended_expired: "Your number has ended",
  ended_expired_text: "We had no contact with this page for too long. You are welcome to take a new one.",

  offline_place: "No connection right now. We keep trying, and your place is kept.",
  offline_plain: "No connection right now. We keep trying.",
  blocked_taken_over: "Kolapp is open somewhere else",
  blocked_taken_over_text: "You went on in another window or on another device. Only the newest one is connected.",
  use_here: "Use it here",
  blocked_bad_token: "Your sign-in has ended",
  blocked_bad_token_text: "Sign in again to go on.",
  sign_in: "Sign in again",
  blocked_refused: "This page cannot connect",
  blocked_refused_text: "Reload the page. If that does not help, contact the care provider.",
  reload: "Reload",

  error_unknown_queue: "This queue is not open any more.",
  error_queue_closed: "No numbers can be taken right now.",
  error_queue_full: "The queue is full right now. Try again in a little while.",
  error_past_closing: "You would not be seen before closing time, so no number was taken.",
  error_nobody_waiting: "Nobody is waiting any more.",
  error_timeout: "The server did not answer. Please try again.",
  error_other: "That did not work. Please try again.",

  ready: "Ready",
  paused: "Paused",
  ready_or_pause: "Ready, pause",
  ready_lead: "You count as on duty.",
  paused_lead: "You do not count as on duty.",
  queues: "Queues",
  waiting_count: "waiting",
  on_duty: /** @param {number} n */ (n) => (n === 1 ? "1 clinician on duty" : `${n} clinicians on duty`),
  desk_waiting: /** @param {number} n @returns {string} */ (n) => (n === 0 ? "Nobody is waiting" : n === 1 ? "person waiting" : "people waiting"),
  desk_lead: "The one who has waited longest is next.",
  desk_empty: "You are ready.",
  desk_paused_lead: "Switch to ready to take the next patient.",
  next: "Next patient",
  next_why_paused: "You are paused.",
  next_why_empty: "Possible as soon as somebody joins.",
  next_why_offline: "No connection right now.",
  calling: "Ringing the patient",
  calling_lead: "The visit starts when the patient answers.",
  give_back: "Give back",
  give_back_hint: "The patient goes back to the front of the line.",
  over_completed: /** @param {number} n */ (n) => `The visit with no. ${n} is over.`,
  over_missed: /** @param {number} n */ (n) => `No. ${n} did not answer.`,
  over_declined: /** @param {number} n */ (n) => `No. ${n} declined the call.`,
  over_left: /** @param {number} n */ (n) => `No. ${n} left the queue.`,
  over_given_back: /** @param {number} n */ (n) => `No. ${n} is back at the front of the line.`,
  over_other: /** @param {number} n */ (n) => `The call to no. ${n} has ended.`,
  shortcuts: "Keyboard shortcuts",
  clinician_desk: "Clinician",

  title_waiting: /** @param {number} ahead @param {number} n */ (ahead, n) =>
    ahead === 0 ? `You are next · No. ${n}` : `${ahead} ahead · No. ${n}`,
  title_called: "Your turn!",
  title_call: "In the call",
  title_desk: /** @param {number} n */ (n) => `${n} waiting`,
};
