// @ts-check
/** What it is about, for the clinician: it stays in the field and can be changed as long as they wait. */
import { byId } from "./ui.js";

export class Intake {
  /**
   * @param {import("./kolapp.js").KolappClient} client
   * @param {() => import("./protocol.js").TicketSnapshot | null} ticket
   * @param {() => void} sent @param {(error: unknown) => void} tell
   */
  constructor(client, ticket, sent, tell) {
    this.form = /** @type {HTMLFormElement} */ (byId("intake"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const now = ticket();
      const text = /** @type {HTMLTextAreaElement} */ (byId("intake-text")).value;
      if (now) void client.request("intake", { ticket: now.ticket, text }).then(sent, tell);
    });
  }

  /** Not for who uses this device next. */
  forget() {
    this.form.reset();
  }
}
