// @ts-check
/** Hanging up: done here at once; the server is told until it says that it has heard. */

/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */

/** Pauses before a hang-up that was not heard is told again. */
const TELL_AGAIN = { base_ms: 1_000, cap_ms: 8_000 };

export class HangUp {
  /** Id of the visit that I have hung up, whether the server knows it or not; "" for none. */ visit = "";
  #telling = false;
  #untold = 0; // in a row

  /** @param {import("./kolapp.js").KolappClient} client */
  constructor(client) {
    this.client = client;
  }

  forget() {
    this.visit = "";
    this.#untold = 0;
  }

  /** Until a snapshot says that it is over: a hang-up that nobody heard is no hang-up. @param {() => VisitInfo | null} newest */
  async tell(newest) {
    if (this.#telling) return;
    this.#telling = true;
    for (let now = newest(); this.visit && now; now = newest()) {
      const { id: visit, epoch } = now;
      const told = await this.client.request("hang_up", { visit, epoch }).then(() => true, () => false);
      if (told || this.client.state === "closed") break;
      await new Promise((resolve) => setTimeout(resolve, this.#pause()));
    }
    this.#telling = false;
  }

  #pause() {
    this.#untold += 1;
    return Math.min(TELL_AGAIN.cap_ms, TELL_AGAIN.base_ms * 2 ** (this.#untold - 1));
  }
}
