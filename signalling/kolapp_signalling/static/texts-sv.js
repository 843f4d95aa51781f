// @ts-check
/** Svenska. */

/** @param {number} minutes */
function duration(minutes) {
  if (minutes < 60) return `${minutes} minuter`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const words = hours === 1 ? "1 timme" : `${hours} timmar`;
  return rest ? `${hours} h ${rest} min` : words;
}

/** For a range: both ends must fit on one line of a phone. @param {number} minutes */
function short(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours && `${hours} h`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
}

/** @param {number} n */
const people = (n) => (n === 1 ? "1 person" : `${n} personer`);

/** @type {import("./texts.js").Texts} */
export default {
  language: "Svenska",
  emergency: "Vid en nödsituation, ring",
  language_label: "Språk",
  loading: "Ansluter…",

  join_title: "Träffa vården via video",
  join_lead: "Ingen tidsbokning. Ta en kölapp, låt sidan vara öppen, så ringer vi här när det är din tur.",
  join: "Ta en kölapp",
  join_again: "Ta en ny kölapp",
  waiting_now: (n) => (n === 0 ? "Ingen väntar" : `${people(n)} väntar`),
  promise_place: "Du ser hela tiden din plats i kön",
  promise_private: "Samtalet är privat och spelas aldrig in",
  promise_free: "Lämna kön när du vill",

  your_number: "Ditt nummer",
  ahead_label: "Före dig",
  ahead: (n) => (n === 0 ? "Du är näst på tur" : people(n)),
  ahead_spoken: (n) => (n === 0 ? "Du är näst på tur." : `${people(n)} före dig.`),
  wait_label: "Väntetid",
  wait_less: (high) => `Mindre än ${duration(high)}`,
  wait_up_to: (high) => `Upp till ${duration(high)}`,
  wait_range: (low, high) =>
    high < 60 ? `Cirka ${low}–${high} minuter` : `Cirka ${short(low)} – ${short(high)}`,
  wait_range_spoken: (low, high) => `Cirka ${duration(low)} till ${duration(high)}`,
  wait_more: (low) => `Mer än ${duration(low)}`,
  wait_late: "Det tar längre tid än vi trodde. Du har kvar din plats.",
  wait_unknown: "Inte känd än",
  wait_nobody_on_duty: "Ingen vårdpersonal är i tjänst just nu.",
  given_back: "Vårdpersonalen fick förhinder. Du är först i kön igen.",

  next_title: "Så går det till",
  next_1: "Låt sidan vara öppen. Du har kvar din plats även om nätet försvinner en stund.",
  next_2: "När det är din tur ringer det här. Du har då en liten stund på dig att svara.",
  next_3: "Svara, så är du i videosamtalet.",
  sound_off: "Det hörs ingen signal förrän du trycker här.",
  sound_on: "Slå på ljudet",
  leave: "Lämna kön",
  leave_title: "Vill du lämna kön?",
  leave_text: "Du förlorar ditt nummer. Kommer du tillbaka får du ställa dig sist.",
  leave_yes: "Ja, lämna kön",
  leave_no: "Stanna i kön",

  check_title: "Kamera och ljud",
  check_lead: "Passa på att se hur du syns och hörs. Ingen annan kan se dig än.",
  check_open: "Testa kamera och ljud",
  check_close: "Stäng av kameran",
  check_level: "Säg något. Stapeln rör sig när vi hör dig.",
  camera: "Kamera",
  microphone: "Mikrofon",
  problem_denied: "Webbläsaren får inte använda kamera eller mikrofon. Tillåt det i adressfältets inställningar och försök igen.",
  problem_missing: "Ingen kamera eller mikrofon hittades.",
  problem_missing_video: "Ingen kamera hittades. Du kan ändå prata.",
  problem_missing_audio: "Ingen mikrofon hittades. Den andra hör dig inte.",
  problem_denied_video: "Kameran är inte tillåten. Du kan ändå prata.",
  problem_denied_audio: "Mikrofonen är inte tillåten. Den andra hör dig inte.",
  problem_busy: "Ett annat program använder kameran eller mikrofonen. Stäng det och försök igen.",
  problem_insecure: "Kamera och mikrofon kräver en säker sida (https).",

  your_turn: "Det är din tur",
  turn_lead: "Vårdpersonal är redo att träffa dig.",
  answer_within: (s) => `Svara inom ${s} sekunder.`,
  seconds_left: "sekunder att svara",
  answer: "Svara",
  decline: "Avböj",
  decline_title: "Vill du avböja?",
  decline_text: "Du ger upp din plats i kön.",
  decline_yes: "Ja, avböj",
  decline_no: "Tillbaka till samtalet",

  missed_title: "Vi ringde men fick inget svar",
  missed_lead: "Du har kvar din plats. Tryck på knappen så är du näst på tur.",
  missed_warning: "Missar du även nästa samtal gäller inte ditt nummer längre.",
  here: "Jag är här",

  connecting: "Ansluter…",
  connecting_patient: "Du kopplas till vårdpersonalen.",
  connecting_clinician: "Du kopplas till patienten.",
  waiting_other: "Väntar på den andra personen…",
  reconnecting: "Återansluter…",
  reconnecting_lead: "Samtalet fortsätter så snart anslutningen är tillbaka.",
  other_lost: "Den andra personens anslutning är borta en stund.",
  call_failed: "Samtalet gick inte att koppla upp. Lägg på och försök igen.",
  clinician: "Vårdpersonal",
  patient: "Patient",
  number: (n) => `Nr ${n}`,
  mute: "Ljud av",
  unmute: "Ljud på",
  camera_off: "Kamera av",
  camera_on: "Kamera på",
  settings: "Inställningar",
  hang_up: "Lägg på",
  close: "Klar",
  self_view: "Din egen bild",
  remote_view: "Den andra personens bild",
  hear: "Tryck för att höra",
  quality_good: "Bra anslutning",
  quality_fair: "Ojämn anslutning",
  quality_poor: "Dålig anslutning",

  ended_completed: "Besöket är slut",
  ended_completed_text: "Tack för ditt besök. Var rädd om dig.",
  ended_left: "Du har lämnat kön",
  ended_left_text: "Du är välkommen tillbaka när du behöver oss.",
  ended_declined: "Du avböjde samtalet",
  ended_declined_text: "Ditt nummer gäller inte längre. Du är välkommen att ta ett nytt.",
  ended_no_show: "Vi fick inte tag i dig",
  ended_no_show_text: "Vi ringde två gånger utan svar, så ditt nummer gäller inte längre. Du är välkommen att ta ett nytt.",
  ended_expired: "Ditt nummer gäller inte längre",
  ended_expired_text: "Vi hade ingen kontakt med den här sidan på för länge. Du är välkommen att ta ett nytt nummer.",

  offline_place: "Ingen anslutning just nu. Vi försöker igen, och du har kvar din plats.",
  offline_plain: "Ingen anslutning just nu. Vi försöker igen.",
  blocked_taken_over: "Kolapp är öppet någon annanstans",
  blocked_taken_over_text: "Du fortsatte i ett annat fönster eller på en annan enhet. Bara det senaste är anslutet.",
  use_here: "Använd här",
  blocked_bad_token: "Din inloggning har gått ut",
  blocked_bad_token_text: "Logga in igen för att fortsätta.",
  sign_in: "Logga in igen",
  blocked_refused: "Sidan kan inte ansluta",
  blocked_refused_text: "Ladda om sidan. Hjälper inte det, kontakta vårdgivaren.",
  reload: "Ladda om",

  error_unknown_queue: "Den här kön är inte öppen längre.",
  error_nobody_waiting: "Ingen väntar längre.",
  error_timeout: "Servern svarade inte. Försök igen.",
  error_other: "Det gick inte. Försök igen.",

  ready: "Redo",
  paused: "Pausad",
  ready_or_pause: "Redo, paus",
  ready_lead: "Du räknas som i tjänst.",
  paused_lead: "Du räknas inte som i tjänst.",
  queues: "Köer",
  waiting_count: "väntar",
  on_duty: (n) => `${n} i tjänst`,
  desk_waiting: (n) => (n === 0 ? "Ingen väntar" : n === 1 ? "person väntar" : "personer väntar"),
  desk_lead: "Den som har väntat längst är näst på tur.",
  desk_empty: "Du är redo.",
  desk_paused_lead: "Slå om till redo för att ta nästa patient.",
  next: "Nästa patient",
  next_why_paused: "Du är pausad.",
  next_why_empty: "Går att trycka så fort någon ställer sig i kön.",
  next_why_offline: "Ingen anslutning just nu.",
  calling: "Det ringer hos patienten",
  calling_lead: "Besöket börjar när patienten svarar.",
  give_back: "Lämna tillbaka",
  give_back_hint: "Patienten ställs först i kön igen.",
  over_completed: (n) => `Besöket med nr ${n} är slut.`,
  over_missed: (n) => `Nr ${n} svarade inte.`,
  over_declined: (n) => `Nr ${n} avböjde samtalet.`,
  over_left: (n) => `Nr ${n} lämnade kön.`,
  over_given_back: (n) => `Nr ${n} är först i kön igen.`,
  over_other: (n) => `Samtalet till nr ${n} är slut.`,
  shortcuts: "Kortkommandon",
  clinician_desk: "Vårdpersonal",

  title_waiting: (ahead, n) => (ahead === 0 ? `Näst på tur · Nr ${n}` : `${ahead} före · Nr ${n}`),
  title_called: "Din tur!",
  title_call: "I samtal",
  title_desk: (n) => `${n} väntar`,
};
