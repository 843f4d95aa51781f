// @ts-check
/** A code to scan, drawn. */
import { qrCode } from "./qr.js";

const SVG = "http://www.w3.org/2000/svg";

/** Light modules around it that readers need. */
const MARGIN = 4;

/** Dark on light in every colour scheme: some readers know it in no other way. @param {HTMLElement} root @param {string} text @param {string} label */
export function drawCode(root, text, label) {
  const rows = qrCode(text);
  root.replaceChildren();
  if (!rows) return;
  const side = rows.length + 2 * MARGIN;
  const dark = rows.flatMap((row, y) => row.flatMap((cell, x) => (cell ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : [])));
  const picture = shape("svg", { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" });
  picture.append(shape("path", { d: `M0 0h${side}v${side}H0z`, fill: "#fff" }), shape("path", { d: dark.join(""), fill: "#000" }));
  root.append(picture);
}

/** @param {string} name @param {Record<string, string>} attributes */
function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
