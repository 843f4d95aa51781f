// @ts-check
/** Words of guests: who is in the call, inviting somebody, and the guest's own page. */

export const en = {
  guardian: "Guardian",
  interpreter: "Interpreter",
  colleague: "Colleague",
  guest: "Guest",
  came: /** @param {string} who */ (who) => `${who} is in the call now, invited by the clinic.`,
  went: /** @param {string} who */ (who) => `${who} is not in the call any more.`,
  tile_reconnecting: "Reconnecting…",
  tile_interrupted: "Interrupted",
  tile_camera_off: "Camera off",
  connecting_guest: "You are being connected to the others.",
};

/** @type {typeof en} */
export const sv = {
  guardian: "Vårdnadshavare",
  interpreter: "Tolk",
  colleague: "Kollega",
  guest: "Gäst",
  came: (who) => `${who} är med i samtalet nu, inbjuden av mottagningen.`,
  went: (who) => `${who} är inte längre med i samtalet.`,
  tile_reconnecting: "Ansluter igen…",
  tile_interrupted: "Avbrott",
  tile_camera_off: "Kameran är av",
  connecting_guest: "Du ansluts till de andra.",
};

/** @type {typeof en} */
export const nb = {
  guardian: "Foresatt",
  interpreter: "Tolk",
  colleague: "Kollega",
  guest: "Gjest",
  came: (who) => `${who} er med i samtalen nå, invitert av klinikken.`,
  went: (who) => `${who} er ikke lenger med i samtalen.`,
  tile_reconnecting: "Kobler til igjen…",
  tile_interrupted: "Avbrudd",
  tile_camera_off: "Kameraet er av",
  connecting_guest: "Du kobles til de andre.",
};
