// @ts-check
/** Norsk bokmål. */

/** @param {number} minutes */
function duration(minutes) {
  if (minutes < 60) return `${minutes} minutter`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const words = hours === 1 ? "1 time" : `${hours} timer`;
  return rest ? `${hours} t ${rest} min` : words;
}

/** For a range: both ends must fit on one line of a phone. @param {number} minutes */
function short(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours && `${hours} t`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
}

/** @param {number} n */
const people = (n) => (n === 1 ? "1 person" : `${n} personer`);

/** @type {import("./texts.js").Texts} */
export default {
  language: "Norsk",
  emergency: "I en nødsituasjon, ring",
  language_label: "Språk",
  loading: "Kobler til…",

  join_title: "Møt helsepersonell på video",
  join_lead: "Ingen timebestilling. Trekk en kølapp, la siden være åpen, så ringer vi her når det er din tur.",
  join: "Trekk en kølapp",
  join_again: "Trekk en ny kølapp",
  waiting_now: (n) => (n === 0 ? "Ingen venter" : `${people(n)} venter`),
  promise_place: "Du ser hele tiden plassen din i køen",
  promise_private: "Samtalen er privat og blir aldri tatt opp",
  promise_free: "Du kan forlate køen når du vil",

  your_number: "Ditt nummer",
  ahead_label: "Foran deg",
  ahead: (n) => (n === 0 ? "Du er nestemann" : people(n)),
  ahead_spoken: (n) => (n === 0 ? "Du er nestemann." : `${people(n)} foran deg.`),
  wait_label: "Ventetid",
  wait_less: (high) => `Mindre enn ${duration(high)}`,
  wait_up_to: (high) => `Opptil ${duration(high)}`,
  wait_range: (low, high) =>
    high < 60 ? `Omtrent ${low}–${high} minutter` : `Omtrent ${short(low)} – ${short(high)}`,
  wait_range_spoken: (low, high) => `Omtrent ${duration(low)} til ${duration(high)}`,
  wait_more: (low) => `Mer enn ${duration(low)}`,
  wait_late: "Det tar lengre tid enn vi trodde. Du beholder plassen din.",
  wait_unknown: "Ikke kjent ennå",
  wait_nobody_on_duty: "Ingen helsepersonell er på vakt akkurat nå.",
  given_back: "Helsepersonellet ble forhindret. Du er først i køen igjen.",

  next_title: "Dette skjer videre",
  next_1: "La siden være åpen. Du beholder plassen selv om nettet blir borte en stund.",
  next_2: "Når det er din tur, ringer det her. Da har du en liten stund på deg til å svare.",
  next_3: "Svar, så er du i videosamtalen.",
  sound_off: "Ringelyden er av til du trykker her.",
  sound_on: "Slå på lyd",
  leave: "Forlat køen",
  leave_title: "Vil du forlate køen?",
  leave_text: "Du mister nummeret ditt. Kommer du tilbake, stiller du bakerst.",
  leave_yes: "Ja, forlat køen",
  leave_no: "Bli i køen",

  check_title: "Kamera og lyd",
  check_lead: "Bruk tiden til å se hvordan du ser ut og høres. Ingen andre kan se deg ennå.",
  check_open: "Test kamera og lyd",
  check_close: "Slå av kameraet",
  check_level: "Si noe. Stolpen beveger seg når vi hører deg.",
  camera: "Kamera",
  microphone: "Mikrofon",
  problem_denied: "Nettleseren får ikke bruke kamera eller mikrofon. Tillat det i innstillingene ved adressefeltet, og prøv igjen.",
  problem_missing: "Fant verken kamera eller mikrofon.",
  problem_missing_video: "Fant ikke noe kamera. Du kan likevel snakke.",
  problem_missing_audio: "Fant ingen mikrofon. Den andre hører deg ikke.",
  problem_denied_video: "Kameraet er ikke tillatt. Du kan likevel snakke.",
  problem_denied_audio: "Mikrofonen er ikke tillatt. Den andre hører deg ikke.",
  problem_busy: "Et annet program bruker kameraet eller mikrofonen. Lukk det og prøv igjen.",
  problem_insecure: "Kamera og mikrofon krever en sikker side (https).",

  your_turn: "Det er din tur",
  turn_lead: "Helsepersonell er klar til å møte deg.",
  answer_within: (s) => `Svar innen ${s} sekunder.`,
  seconds_left: "sekunder til å svare",
  answer: "Svar",
  decline: "Avslå",
  decline_title: "Vil du avslå?",
  decline_text: "Du gir fra deg plassen i køen.",
  decline_yes: "Ja, avslå",
  decline_no: "Tilbake til samtalen",

  missed_title: "Vi ringte, men fikk ikke svar",
  missed_lead: "Du beholder plassen. Trykk på knappen, så er du nestemann.",
  missed_warning: "Går du glipp av neste samtale også, gjelder ikke nummeret lenger.",
  here: "Jeg er her",

  connecting: "Kobler til…",
  connecting_patient: "Du kobles til helsepersonellet.",
  connecting_clinician: "Du kobles til pasienten.",
  waiting_other: "Venter på den andre…",
  reconnecting: "Kobler til igjen…",
  reconnecting_lead: "Samtalen fortsetter så snart forbindelsen er tilbake.",
  other_lost: "Den andres forbindelse er borte en stund.",
  call_failed: "Samtalen kunne ikke kobles opp. Legg på og prøv igjen.",
  clinician: "Helsepersonell",
  patient: "Pasient",
  number: (n) => `Nr. ${n}`,
  mute: "Lyd av",
  unmute: "Lyd på",
  camera_off: "Kamera av",
  camera_on: "Kamera på",
  settings: "Innstillinger",
  hang_up: "Legg på",
  close: "Ferdig",
  self_view: "Ditt eget bilde",
  remote_view: "Bildet av den andre",
  hear: "Trykk for å høre",
  quality_good: "God forbindelse",
  quality_fair: "Ustabil forbindelse",
  quality_poor: "Dårlig forbindelse",

  ended_completed: "Konsultasjonen er over",
  ended_completed_text: "Takk for besøket. Ta vare på deg selv.",
  ended_left: "Du har forlatt køen",
  ended_left_text: "Du er velkommen tilbake når du trenger oss.",
  ended_declined: "Du avslo samtalen",
  ended_declined_text: "Nummeret ditt gjelder ikke lenger. Du er velkommen til å trekke et nytt.",
  ended_no_show: "Vi fikk ikke tak i deg",
  ended_no_show_text: "Vi ringte to ganger uten svar, så nummeret gjelder ikke lenger. Du er velkommen til å trekke et nytt.",
  ended_expired: "Nummeret ditt gjelder ikke lenger",
  ended_expired_text: "Vi hadde ikke kontakt med denne siden på for lenge. Du er velkommen til å trekke et nytt nummer.",

  offline_place: "Ingen forbindelse akkurat nå. Vi prøver igjen, og du beholder plassen.",
  offline_plain: "Ingen forbindelse akkurat nå. Vi prøver igjen.",
  blocked_taken_over: "Kolapp er åpen et annet sted",
  blocked_taken_over_text: "Du fortsatte i et annet vindu eller på en annen enhet. Bare den nyeste er tilkoblet.",
  use_here: "Bruk her",
  blocked_bad_token: "Innloggingen din er utløpt",
  blocked_bad_token_text: "Logg inn igjen for å fortsette.",
  sign_in: "Logg inn igjen",
  blocked_refused: "Siden kan ikke koble til",
  blocked_refused_text: "Last siden på nytt. Hjelper ikke det, kontakt helsetjenesten.",
  reload: "Last på nytt",

  error_unknown_queue: "Denne køen er ikke åpen lenger.",
  error_nobody_waiting: "Ingen venter lenger.",
  error_timeout: "Serveren svarte ikke. Prøv igjen.",
  error_other: "Det gikk ikke. Prøv igjen.",

  ready: "Klar",
  paused: "Pause",
  ready_or_pause: "Klar, pause",
  ready_lead: "Du regnes som på vakt.",
  paused_lead: "Du regnes ikke som på vakt.",
  queues: "Køer",
  waiting_count: "venter",
  on_duty: (n) => `${n} på vakt`,
  desk_waiting: (n) => (n === 0 ? "Ingen venter" : n === 1 ? "person venter" : "personer venter"),
  desk_lead: "Den som har ventet lengst, er nestemann.",
  desk_empty: "Du er klar.",
  desk_paused_lead: "Slå om til klar for å ta neste pasient.",
  next: "Neste pasient",
  next_why_paused: "Du har pause.",
  next_why_empty: "Kan trykkes så snart noen stiller seg i køen.",
  next_why_offline: "Ingen forbindelse akkurat nå.",
  calling: "Det ringer hos pasienten",
  calling_lead: "Konsultasjonen begynner når pasienten svarer.",
  give_back: "Gi tilbake",
  give_back_hint: "Pasienten settes først i køen igjen.",
  over_completed: (n) => `Konsultasjonen med nr. ${n} er over.`,
  over_missed: (n) => `Nr. ${n} svarte ikke.`,
  over_declined: (n) => `Nr. ${n} avslo samtalen.`,
  over_left: (n) => `Nr. ${n} forlot køen.`,
  over_given_back: (n) => `Nr. ${n} er først i køen igjen.`,
  over_other: (n) => `Samtalen til nr. ${n} er over.`,
  shortcuts: "Hurtigtaster",
  clinician_desk: "Helsepersonell",

  title_waiting: (ahead, n) => (ahead === 0 ? `Nestemann · Nr. ${n}` : `${ahead} foran · Nr. ${n}`),
  title_called: "Din tur!",
  title_call: "I samtale",
  title_desk: (n) => `${n} venter`,
};
