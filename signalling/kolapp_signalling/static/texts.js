// @ts-check
import * as e2ee from "./texts-e2ee.js";
import * as ended from "./texts-ended.js";
import * as guests from "./texts-guests.js";
import * as ready from "./texts-ready.js";
import enPages from "./texts-en.js";
import nbPages from "./texts-nb.js";
import svPages from "./texts-sv.js";

const en = { ...enPages, ...ended.en, ...ready.en, ...guests.en, ...e2ee.en };

/** @typedef {typeof en} Texts */
/** @typedef {keyof Texts} TextKey */
/** Keys whose text needs no figures. @typedef {{[K in TextKey]: Texts[K] extends string ? K : never}[TextKey]} PlainKey */

/** @type {Record<string, Texts>} by BCP 47 language, in the order of the switch */
export const LANGUAGES = {
  en,
  sv: { ...svPages, ...ended.sv, ...ready.sv, ...guests.sv, ...e2ee.sv },
  nb: { ...nbPages, ...ended.nb, ...ready.nb, ...guests.nb, ...e2ee.nb },
};

/** What a browser may call it, where that differs: Norwegian without a written form is bokmål. */
const ALIASES = /** @type {Record<string, string>} */ ({ no: "nb", nn: "nb" });

/**
 * The first of the wished languages that we speak; English if none.
 * @param {readonly string[]} wished BCP 47 tags, best first
 */
export function bestLanguage(wished) {
  for (const tag of wished) {
    const primary = tag.toLowerCase().split("-")[0] ?? "";
    const language = ALIASES[primary] ?? primary;
    if (language in LANGUAGES) return language;
  }
  return "en";
}

/**
 * The waiting time in words.
 * @param {Texts} t
 * @param {import("./wait.js").WaitWords} words
 * @param {boolean} [spoken] for a voice, which reads no dash
 */
export function sayWait(t, words, spoken = false) {
  switch (words.kind) {
    case "unknown":
      return t.wait_unknown;
    case "soon":
      return t.wait_soon;
    case "less":
      return t.wait_less(words.high);
    case "up_to":
      return t.wait_up_to(words.high);
    case "more":
      return t.wait_more(words.low);
    case "range":
      return (spoken ? t.wait_range_spoken : t.wait_range)(words.low, words.high);
  }
}

/**
 * Why there are more people ahead than there were; "" for a cause that we do not know.
 * @param {Texts} t
 * @param {string} cause of the place
 */
export function sayCause(t, cause) {
  const words = /** @type {Record<string, string>} */ ({
    urgent: t.cause_urgent,
    given_back: t.cause_given_back,
    transferred_in: t.cause_transferred_in,
    returned: t.cause_returned,
    clinician_came: t.cause_clinician_came,
    clinician_left: t.cause_clinician_left,
  });
  return words[cause] ?? "";
}

/**
 * Why the waiting time is not known, or that it has passed; "" otherwise, or when the reason is not
 * one we know.
 * @param {Texts} t
 * @param {import("./wait.js").WaitWords} words
 */
export function sayWhy(t, words) {
  if (words.kind === "soon") return t.wait_late;
  return words.kind === "unknown" && words.why === "nobody_on_duty" ? t.wait_nobody_on_duty : "";
}

/**
 * Why it takes longer than was said; "" if it does not, or if the place says why already.
 * @param {Texts} t
 * @param {import("./protocol.js").PlaceInfo} place
 */
export function sayLonger(t, place) {
  const cause = place.wait.known ? (place.wait.cause ?? "") : "";
  if (!cause || cause === place.cause) return "";
  if (cause === "forecast") return t.wait_longer_forecast;
  return cause === "clinician_left" ? t.wait_longer_left : t.wait_longer_others;
}
