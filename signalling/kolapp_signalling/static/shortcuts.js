// @ts-check
/**
 * Single-key shortcuts, which can be switched off: people who speak to their computer or whose
 * hand rests on the keys must be able to (WCAG 2.1.4).
 */
import { recall, remember } from "./ui.js";

const KEY = "kolapp.shortcuts";

export class Shortcuts {
  /**
   * @param {HTMLInputElement} toggle
   * @param {Record<string, HTMLElement>} buttons by key, "shift+" before it if wanted
   */
  constructor(toggle, buttons) {
    this.toggle = toggle;
    this.buttons = buttons;
    toggle.checked = recall(KEY) !== "off";
    toggle.addEventListener("change", () => {
      remember(KEY, toggle.checked ? "on" : "off");
      this.#show();
    });
    addEventListener("keydown", (event) => this.#pressed(event));
    this.#show();
  }

  #show() {
    document.body.classList.toggle("no-shortcuts", !this.toggle.checked);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (!this.toggle.checked || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target instanceof Element && event.target.closest('input:not([type="checkbox"]), select, textarea, dialog')) return;
    const button = this.buttons[(event.shiftKey ? "shift+" : "") + event.key.toLowerCase()];
    // What cannot be seen cannot be pressed: `click` would work on a hidden button too.
    if (button?.checkVisibility()) button.click();
  }
}
