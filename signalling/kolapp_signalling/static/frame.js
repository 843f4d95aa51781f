// @ts-check
/**
 * What every page has around its own screens. Built here once; the emergency line and the first
 * spinner stay in the page itself, which must show them before any code has come.
 */
import { icon, make } from "./ui.js";

/** Call it first: the rest of the page's code looks these elements up by their ids. */
export function buildFrame() {
  document.querySelector(".top")?.append(languageSwitch());
  const main = document.querySelector("main");
  main?.before(messages());
  main?.append(blockedScreen());
}

function languageSwitch() {
  return make("label", { class: "language" }, icon("globe"),
    make("span", { class: "sr-only", "data-t": "language_label" }), make("select", { id: "language" }));
}

/** The banner of a lost connection, a passing message, and what only a screen reader says. */
function messages() {
  return make("div", { class: "messages" },
    make("p", { id: "offline", class: "banner", role: "status", hidden: true },
      make("span", { class: "spinner", "aria-hidden": "true" }), make("span", { id: "offline-text" })),
    make("p", { id: "toast", class: "toast", role: "status", hidden: true }),
    make("p", { id: "say", class: "sr-only", "aria-live": "polite" }),
    make("p", { id: "say-now", class: "sr-only", "aria-live": "assertive" }));
}

/** A connection that has ended for good, with the one way on; `blocked.js` fills it. */
function blockedScreen() {
  return make("section", { "data-screen": "blocked", class: "screen center", hidden: true },
    make("span", { class: "badge" }, icon("pause")),
    make("h1", { id: "blocked-title", "data-focus": true, tabindex: "-1" }),
    make("p", { id: "blocked-text", class: "lead" }),
    make("button", { id: "unblock", class: "primary", type: "button" }));
}
