// @ts-check
/** What a patient may ask of a clinician when joining: the fields of a queue's card. */
import { namedIn } from "./revisit.js";
import { make } from "./ui.js";

/** @typedef {import("./protocol.js").NeedsOffered} NeedsOffered */
/** @typedef {import("./protocol.js").AskedNeeds} AskedNeeds */
/** @typedef {import("./texts.js").Texts} Texts */

/**
 * A form with a field for each thing that may be asked for; the one there is, if it still is right,
 * with what is filled in.
 * @param {string} queue @param {NeedsOffered} offered @param {Texts} t @param {string} language BCP 47
 */
export function needsForm(queue, offered, t, language) {
  const shown = JSON.stringify([queue, offered, language]);
  for (const form of document.querySelectorAll("form")) if (form.dataset.shown === shown) return form;
  const form = make("form", { class: "needs", "data-shown": shown });
  form.addEventListener("submit", (event) => event.preventDefault());
  if (offered.ages?.length) form.append(ageField(offered.ages, t));
  if (offered.languages?.length) {
    form.append(choice("language", t.needs_language, offered.languages, t, languageNames(language)));
  }
  if (offered.professions?.length) {
    form.append(choice("profession", t.needs_profession, offered.professions, t, plain));
  }
  for (const skill of offered.skills ?? []) {
    const box = make("input", { type: "checkbox", name: "skill", value: skill });
    form.append(make("label", { class: "tick" }, box, plain(skill)));
  }
  const named = offered.clinician ? namedIn(location.hash) : "";
  if (named) {
    const box = make("input", { type: "checkbox", name: "clinician", value: named, checked: true });
    form.append(make("label", { class: "tick" }, box, t.needs_clinician));
  }
  return form;
}

/** @param {HTMLFormElement} form @returns {AskedNeeds | null} null while the form is not filled in */
export function readNeeds(form) {
  if (!form.reportValidity()) return null;
  const said = new FormData(form);
  const text = (/** @type {string} */ name) => String(said.get(name) ?? "");
  return {
    ...(text("language") && { language: text("language") }),
    ...(text("profession") && { profession: text("profession") }),
    ...(said.has("skill") && { skills: said.getAll("skill").map(String) }),
    ...(text("clinician") && { clinician: text("clinician") }),
    ...(text("age") && { age: Number(text("age")) }),
  };
}

/** What a language is called; one that has no code, such as sign_language, is called as it is written. @param {string} language BCP 47 */
export function languageNames(language) {
  const names = new Intl.DisplayNames([language], { type: "language", fallback: "code" });
  return (/** @type {string} */ code) => {
    try {
      return names.of(code) ?? plain(code);
    } catch {
      return plain(code);
    }
  };
}

/** Names have no words of their own yet. @param {string} name */
export function plain(name) {
  const words = name.replaceAll(/[_-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {string} name @param {string} label @param {string[]} values @param {Texts} t
 * @param {(value: string) => string} say
 */
function choice(name, label, values, t, say) {
  const options = values.map((value) => make("option", { value }, say(value)));
  const select = make("select", { name }, make("option", { value: "" }, t.needs_any), ...options);
  return make("label", {}, label, select);
}

/** @param {number[]} ages @param {Texts} t */
function ageField([youngest = 0, oldest = 130], t) {
  const limits = { min: String(youngest), max: String(oldest) };
  const field = make("input", { type: "number", name: "age", inputmode: "numeric", required: true, ...limits });
  return make("label", {}, t.needs_age(youngest, oldest), field);
}
