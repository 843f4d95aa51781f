// @ts-check
/** Who is in a call, in words. Pure. */

/** @typedef {import("./protocol.js").VisitInfo} VisitInfo */
/** @typedef {import("./protocol.js").ParticipantInfo} ParticipantInfo */
/** @typedef {import("./slots.js").Senders} Senders */
/** @typedef {import("./texts.js").Texts} Texts */
/** What the video element of somebody shows. @typedef {"nothing" | "stand_in" | "picture"} Shown */
/**
 * Somebody in the call. `note` says what is wrong or missing, `icon` stands in place of a picture.
 * `id` tells two who have one role after the other apart.
 * @typedef {{role: string, id: string, name: string, guest: boolean, note: string, icon: string}} Person
 */

/** What guests come as. */
export const KINDS = Object.freeze(/** @type {const} */ (["guardian", "interpreter", "colleague"]));

/** Everybody but me. @param {VisitInfo} visit @param {string} role mine */
export function othersIn(visit, role) {
  return visit.participants.filter((one) => one.role !== role);
}

/** @param {Texts} t @param {string} kind of a guest */
export function kindName(t, kind) {
  if (kind === "guardian") return t.guardian;
  if (kind === "interpreter") return t.interpreter;
  return kind === "colleague" ? t.colleague : t.guest;
}

/** Two of a kind are told apart by a number. @param {Texts} t @param {ParticipantInfo} one @param {ParticipantInfo[]} all of the visit */
export function nameOf(t, one, all) {
  if (one.role === "patient") return t.patient;
  if (one.role === "clinician") return t.clinician;
  const alike = all.filter(({ role, kind }) => role.startsWith("guest") && kind === one.kind);
  const name = kindName(t, one.kind ?? "");
  return alike.length > 1 ? `${name} ${alike.findIndex(({ role }) => role === one.role) + 1}` : name;
}

/** @param {Texts} t @param {string} role @param {VisitInfo | null} visit */
export function nameOfRole(t, role, visit) {
  const all = visit?.participants ?? [];
  const one = all.find((each) => each.role === role) ?? { role, media: "none", kind: "" };
  return nameOf(t, /** @type {ParticipantInfo} */ (one), all);
}

/**
 * What is said of each of the others.
 * @param {Texts} t @param {VisitInfo} visit @param {string} role mine
 * @param {object} now
 * @param {(role: string) => Shown} now.shown
 * @param {Senders | null} now.senders null: not measured yet
 * @param {Set<string>} now.known who was heard or seen at some time on this leg
 * @param {boolean} now.soundOnly I want no pictures
 * @returns {Person[]}
 */
export function peopleOf(t, visit, role, now) {
  return othersIn(visit, role).map((one) => ({
    role: one.role,
    id: one.id ?? "",
    name: nameOf(t, one, visit.participants),
    guest: one.role.startsWith("guest"),
    ...condition(t, one, now),
  }));
}

/** @param {Texts} t @param {ParticipantInfo} one @param {Parameters<typeof peopleOf>[3]} now @returns {{note: string, icon: string}} */
function condition(t, { role, media }, { shown, senders, known, soundOnly }) {
  const picture = shown(role);
  const icon = soundOnly ? "sound" : picture === "stand_in" ? "camera-off" : picture === "nothing" ? "person" : "";
  if (media === "lost") return { note: t.tile_reconnecting, icon };
  const there = media === "connected" || senders?.heard.has(role); // of a direct visit no node tells
  if (!there && picture === "nothing") return { note: t.connecting, icon };
  if (senders && known.has(role) && !senders.heard.has(role)) return { note: t.tile_interrupted, icon };
  if (soundOnly) return { note: "", icon };
  if (picture === "stand_in") return { note: t.tile_camera_off, icon };
  if (senders?.heard.has(role) && !senders.seen.has(role)) return { note: t.sound_only, icon: "sound" };
  return { note: "", icon };
}

/**
 * Who came and who went between two snapshots of one visit, in sentences.
 * @param {Texts} t @param {VisitInfo} before @param {VisitInfo} now @param {string} role mine
 */
export function newsOf(t, before, now, role) {
  const missing = (/** @type {VisitInfo} */ from, /** @type {VisitInfo} */ where) =>
    othersIn(from, role).filter((one) => !where.participants.some((other) => other.role === one.role && other.id === one.id));
  const came = missing(now, before).map((one) => t.came(nameOf(t, one, now.participants)));
  const went = missing(before, now).map((one) => t.went(nameOf(t, one, before.participants)));
  return [...went, ...came].join(" ");
}
