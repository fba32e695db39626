/** Line icons, 1.5 px in the text's colour, built by DOM calls: no markup is parsed. */

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  close: ["M6 6l12 12M18 6L6 18"],
  send: ["M12 20V5M5.5 11.5L12 5l6.5 6.5"],
  person: ["M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5"],
  up: ["M4 11h3v9H4zM7 11l4-7.5c1.8 0 2.7 1.3 2.3 3L12.6 10H18a2 2 0 0 1 2 2.4l-1.1 6A2 2 0 0 1 17 20H7"],
  down: ["M20 13h-3V4h3zM17 13l-4 7.5c-1.8 0-2.7-1.3-2.3-3l.7-3.5H6a2 2 0 0 1-2-2.4l1.1-6A2 2 0 0 1 7 4h10"],
  out: ["M14 5h5v5M19 5l-8.5 8.5", "M10 6H6.5A1.5 1.5 0 0 0 5 7.5v10A1.5 1.5 0 0 0 6.5 19h10a1.5 1.5 0 0 0 1.5-1.5V14"],
  latest: ["M12 5v14M5.5 12.5L12 19l6.5-6.5"],
  next: ["M9.5 6l6 6-6 6"],
};

export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = {
    viewBox: "0 0 24 24", width: size, height: size, fill: "none", stroke: "currentColor", "stroke-width": 1.5,
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", focusable: "false",
  };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
