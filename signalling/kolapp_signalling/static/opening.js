// @ts-check
/** What a queue's card says before joining: open until when, closed until when, full. Pure. */

/** @typedef {import("./protocol.js").QueueInfo} QueueInfo */
/** @typedef {import("./texts.js").Texts} Texts */

/** Nearer than this a day of the week says which day is meant. */
const NEAR_DAYS = 6;

/** @param {QueueInfo} queue @param {string} language */
export function titleIn(queue, language) {
  return queue.titles?.[language] ?? queue.title;
}

/** Can a number be drawn now, as far as we know? @param {QueueInfo} queue */
export function drawsNumbers(queue) {
  return (queue.state ?? "open") === "open" && !queue.full;
}

/**
 * One or two sentences; "" for a queue that is open around the clock.
 * @param {QueueInfo} queue @param {Texts} t @param {string} language BCP 47 @param {Date} now
 */
export function sayOpening(queue, t, language, now) {
  const when = (/** @type {string} */ moment) => sayMoment(moment, language, now);
  if ((queue.state ?? "open") !== "open") {
    const closed = queue.early ? t.queue_closed_early : t.queue_closed;
    return queue.opens ? `${closed} ${t.queue_opens(when(queue.opens))}` : closed;
  }
  if (queue.full) return t.queue_full;
  if (!queue.closes) return "";
  const until = t.queue_open_until(when(queue.closes));
  return queue.last_number ? `${until} ${t.queue_last_number(when(queue.last_number))}` : until;
}

/**
 * As short as it can be understood today, on the reader's own clock.
 * @param {string} moment RFC 3339 @param {string} language @param {Date} now
 */
export function sayMoment(moment, language, now) {
  const then = new Date(moment);
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const days = Math.round((midnight(then) - midnight(now)) / 86_400_000);
  const day = days === 0 ? {} : days > 0 && days <= NEAR_DAYS ? { weekday: "long" } : { day: "numeric", month: "long" };
  const options = /** @type {Intl.DateTimeFormatOptions} */ ({ ...time, ...day });
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, options).format(then);
}

/** @param {Date} moment */
function midnight(moment) {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}
