// @ts-check
/** What both pages need of the DOM: words, screens, dialogs, announcements. */
import { bestLanguage, LANGUAGES } from "./texts.js";

/** @typedef {import("./texts.js").Texts} Texts */
/** @typedef {import("./texts.js").PlainKey} PlainKey */

const LANGUAGE_KEY = "kolapp.language";

/**
 * The element of this id; it is in the page, or the page is broken.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no #${id}.`);
  return /** @type {any} */ (element);
}

/**
 * An element with attributes and children.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | boolean>} [attributes] true is an empty one, false is none
 * @param {...(Node | string)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon of icons.svg, mute for screen readers: the words beside it say what it is. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  svg.append(use);
  setIcon(svg, name);
  return svg;
}

/** @param {Element} svg @param {string} name */
export function setIcon(svg, name) {
  const address = `${new URL("icons.svg", import.meta.url).pathname}#${name}`;
  const use = svg.querySelector("use");
  if (use?.getAttribute("href") !== address) use?.setAttribute("href", address);
}

/** Only when it differs: rewriting the same words makes screen readers repeat them. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * The words of the page: the language of the browser, or the one chosen here before.
 * Calls `onChange` after every switch.
 */
export class Words {
  /** @type {Texts} */ t;

  /** @param {HTMLSelectElement} select @param {() => void} onChange */
  constructor(select, onChange) {
    const chosen = recall(LANGUAGE_KEY);
    this.language = bestLanguage(chosen ? [chosen] : navigator.languages);
    this.t = LANGUAGES[this.language];
    for (const [code, { language }] of Object.entries(LANGUAGES)) {
      select.append(make("option", { value: code, lang: code }, language));
    }
    select.value = this.language;
    select.addEventListener("change", () => {
      remember(LANGUAGE_KEY, select.value);
      this.#use(select.value);
      onChange();
    });
    this.#use(this.language);
  }

  /** @param {string} language */
  #use(language) {
    this.language = language;
    this.t = LANGUAGES[language] ?? LANGUAGES.en;
    document.documentElement.lang = language;
    this.fill(document);
  }

  /** Elements say which words they want: `data-t` their text, `data-label` their name. @param {ParentNode} root */
  fill(root) {
    for (const element of root.querySelectorAll("[data-t]")) {
      setText(element, this.plain(element.getAttribute("data-t") ?? ""));
    }
    for (const element of root.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", this.plain(element.getAttribute("data-label") ?? ""));
    }
  }

  /** @param {string} key */
  plain(key) {
    const text = this.t[/** @type {PlainKey} */ (key)];
    if (typeof text !== "string") throw new Error(`There are no plain words for "${key}".`);
    return text;
  }
}

/** Storage may be forbidden; then nothing is remembered, and that is fine. @param {string} key */
export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // see recall
  }
}

/**
 * Show one screen: body[data-state] says which; each `[data-screen]` lists the states it is for.
 * The focus moves to the new screen's heading, so that a screen reader begins there and no key
 * pressed a moment ago hits a new button.
 * @param {string} state
 */
export function showScreen(state) {
  if (document.body.dataset.state === state) return;
  document.body.dataset.state = state;
  for (const dialog of document.querySelectorAll("dialog[open]")) {
    /** @type {HTMLDialogElement} */ (dialog).close();
  }
  /** @type {HTMLElement | null} */ let shown = null;
  for (const screen of document.querySelectorAll("[data-screen]")) {
    const mine = (screen.getAttribute("data-screen") ?? "").split(" ").includes(state);
    screen.toggleAttribute("hidden", !mine);
    if (mine) shown = screen.querySelector("[data-focus]") ?? shown;
  }
  shown?.focus({ preventScroll: true });
  globalThis.scrollTo(0, 0);
}

/**
 * Ask before something that cannot be undone.
 * @param {HTMLDialogElement} dialog its buttons have values; "yes" is the one that does it
 * @returns {Promise<boolean>}
 */
export function confirmed(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Long enough to be read out; what stayed for good would be found later as if it were true still. */
const SAID_MS = 5_000;

/** @type {Map<Element, ReturnType<typeof setTimeout>>} */
const forgetting = new Map();

/** Say it to a screen reader. `urgent` interrupts. "" takes back what was said. @param {string} text @param {boolean} [urgent] */
export function announce(text, urgent = false) {
  const region = byId(urgent ? "say-now" : "say");
  clearTimeout(forgetting.get(region));
  forgetting.set(region, setTimeout(() => setText(region, ""), SAID_MS));
  setText(region, text);
}

/** A message that goes away by itself; it is announced too. */
export class Toast {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {HTMLElement} element @param {number} [shown_ms] */
  constructor(element, shown_ms = 7_000) {
    this.element = element;
    this.shown_ms = shown_ms;
  }

  /** @param {string} text */
  show(text) {
    clearTimeout(this.#timer);
    setText(this.element, text);
    this.element.hidden = false;
    this.#timer = setTimeout(() => this.hide(), this.shown_ms);
  }

  hide() {
    this.element.hidden = true;
    setText(this.element, "");
  }
}
