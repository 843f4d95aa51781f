// @ts-check
/** When a clinician means to stop, or to be back: the waiting times go by it. Kept in this tab, forgotten when it is over. */

/**
 * The next moment at which clocks here show that time. Pure.
 * @param {string} clock such as "16:30", or "" @param {Date} now @returns {number} ms since 1970, 0 for ""
 */
export function nextAt(clock, now) {
  const [hours, minutes] = clock.split(":").map(Number);
  if (hours === undefined || minutes === undefined || !(hours >= 0) || !(minutes >= 0)) return 0;
  const today = new Date(now);
  today.setHours(hours, minutes, 0, 0);
  if (today <= now) today.setDate(today.getDate() + 1);
  return today.getTime();
}

export class Moment {
  #key = "";
  #at = 0;

  /** @param {HTMLInputElement} field a time; its id is the name it is kept by @param {() => void} changed */
  constructor(field, changed) {
    this.field = field;
    this.#key = `kolapp.${field.id}`;
    this.#at = Number(sessionStorage.getItem(this.#key) ?? 0);
    if (this.in_s > 0) {
      const at = new Date(this.#at);
      field.value = [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
    }
    field.addEventListener("change", () => {
      this.#keep(nextAt(field.value, new Date()));
      changed();
    });
  }

  /** From now; 0 when nothing is said. */
  get in_s() {
    return Math.max(0, Math.round((this.#at - Date.now()) / 1000));
  }

  /** What was said and is over is not for tomorrow. */
  tick() {
    if (this.#at && this.in_s === 0) this.clear();
  }

  clear() {
    this.#keep(0);
    this.field.value = "";
  }

  /** @param {number} at */
  #keep(at) {
    this.#at = at;
    sessionStorage.setItem(this.#key, String(at));
  }
}
