// @ts-check
/** What the pages of an encrypted visit say to each other about keys: the payload of `key`. Pure. */
import { fromText, toText } from "./e2ee-crypto.js";
import { SEATS } from "./slots.js";

/**
 * Each word names its round, its people and the page that says it. `commit`: the hash of my public
 * key. `reveal`: that key. `keys`: my frames' key, sealed for each, and what I hold to be agreed on.
 * `have`: whose frames I can open. `ask`: whose words I miss. `unable`: this browser cannot encrypt.
 * @typedef {{round: number, roster: string[], instance: string}} Where
 * @typedef {{kind: "commit", hash: string} | {kind: "reveal", open: string}
 *   | {kind: "keys", sealed: Record<string, string>, agreed: string} | {kind: "have", of: string[]}
 *   | {kind: "ask", of: string[]} | {kind: "unable"}} Content
 * @typedef {Where & Content} Word
 */

const VERSION = 1;
const MOST_ROUNDS = 2 ** 31;
const MOST_TEXT = 512;

/** @param {Word} word */
export function encode(word) {
  return toText(new TextEncoder().encode(JSON.stringify({ v: VERSION, ...word })));
}

/** @param {unknown} payload @returns {Word | null} null for what is no word of ours */
export function decode(payload) {
  try {
    const word = JSON.parse(new TextDecoder().decode(fromText(String(payload))));
    return word.v === VERSION && isPlaced(word) && isWhole(word) ? word : null;
  } catch {
    return null;
  }
}

/** In the one order that all pages have. @param {string[]} names */
export const seated = (names) => SEATS.filter((seat) => names.includes(seat));

/** @param {unknown} value */
const isText = (value) => typeof value === "string" && value.length > 0 && value.length <= MOST_TEXT;

/** @param {unknown} value */
const areSeats = (value) => Array.isArray(value) && value.every((name) => SEATS.includes(name)) && seated(value).length === value.length;

/** @param {any} word */
function isPlaced({ round, roster, instance }) {
  return Number.isInteger(round) && round > 0 && round < MOST_ROUNDS && isText(instance)
    && areSeats(roster) && String(seated(roster)) === String(roster);
}

/** @param {any} word */
function isWhole(word) {
  switch (word.kind) {
    case "commit":
      return isText(word.hash);
    case "reveal":
      return isText(word.open);
    case "keys":
      return isText(word.agreed) && typeof word.sealed === "object" && areSeats(Object.keys(word.sealed)) && Object.values(word.sealed).every(isText);
    case "have":
    case "ask":
      return areSeats(word.of);
    default:
      return word.kind === "unable";
  }
}
