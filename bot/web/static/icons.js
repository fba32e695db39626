/** Line icons, 1.5 px in the text's colour, built by DOM calls: no markup is parsed. */

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  close: ["M6 6l12 12M18 6L6 18"],
  send: ["M12 20V5M5.5 11.5L12 5l6.5 6.5"],
  person: ["M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5"],
  up: ["M4 11h3v9H4zM7 11l4-7.5c1.8 0 2.7 1.3 2.3 3L12.6 10H18a2 2 0 0 1 2 2.4l-1.1 6A2 2 0 0 1 17 20H7"],
  down: ["M20 13h-3V4h3zM17 13l-4 7.5c-1.8 0-2.7-1.3-2.3-3l.7-3.5H6a2 2 0 0 1-2-2.4l1.1-6A2 2 0 0 1 7 4h10"],
  out: ["M14 5h5v5M19 5l-8.5 8.5",
    "M10 6H6.5A1.5 1.5 0 0 0 5 7.5v10A1.5 1.5 0 0 0 6.5 19h10a1.5 1.5 0 0 0 1.5-1.5V14"],
  latest: ["M12 5v14M5.5 12.5L12 19l6.5-6.5"],
  next: ["M9.5 6l6 6-6 6"],
  back: ["M14.5 6l-6 6 6 6"],
  open: ["M6 9.5l6 6 6-6"],
  inbox: ["M4 13.5l2.6-7.2A2 2 0 0 1 8.5 5h7a2 2 0 0 1 1.9 1.3L20 13.5V17a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2z",
    "M4 13.5h4.5l1.5 2.5h4l1.5-2.5H20"],
  book: ["M12 6.5C10.3 5.2 8 4.8 5 5v13c3-.2 5.3.2 7 1.5 1.7-1.3 4-1.7 7-1.5V5c-3-.2-5.3.2-7 1.5z", "M12 6.5V19.5"],
  chart: ["M5 19V5M5 19h14", "M9 15.5v-4M13 15.5V8M17 15.5v-6"],
  screen: ["M5.5 5h13A1.5 1.5 0 0 1 20 6.5v8a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 14.5v-8A1.5 1.5 0 0 1 5.5 5z",
    "M9 19.5h6"],
  key: ["M15 4.5a4.5 4.5 0 1 1-3.2 7.7L5 19H8v-2.5h2.5V14", "M15.6 8.4h.01"],
  leave: ["M10 5H6.5A1.5 1.5 0 0 0 5 6.5v11A1.5 1.5 0 0 0 6.5 19H10", "M14.5 8.5L18 12l-3.5 3.5M18 12h-8"],
  search: ["M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z", "M15.5 15.5L20 20"],
  filter: ["M5 7h14M8 12h8M10.5 17h3"],
  bell: ["M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 1.5h-15z", "M10 20a2.2 2.2 0 0 0 4 0"],
  note: ["M6 4.5h12A1.5 1.5 0 0 1 19.5 6v8.5l-5 5H6A1.5 1.5 0 0 1 4.5 18V6A1.5 1.5 0 0 1 6 4.5z", "M14.5 19.5v-5h5",
    "M8 9h8M8 12.5h4"],
  tag: ["M4.5 4.5h7l8 8-7 7-8-8z", "M8.5 8.5h.01"],
  robot: ["M7 8.5h10a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2z",
    "M12 8.5V5M9.5 13v1M14.5 13v1"],
  undo: ["M8.5 5L4.5 9l4 4", "M5 9h9a5.5 5.5 0 0 1 0 11H9"],
  swap: ["M5 9h13l-3.5-3.5M19 15H6l3.5 3.5"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  verified: ["M12 3.5l7 2.5v5.5c0 4.3-2.9 7.4-7 9-4.1-1.6-7-4.7-7-9V6z", "M8.8 12l2.3 2.3 4.2-4.5"],
  panel: ["M5.5 5h13A1.5 1.5 0 0 1 20 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5v-11A1.5 1.5 0 0 1 5.5 5z",
    "M14.5 5v14"],
  insert: ["M19 6v5a3 3 0 0 1-3 3H5M9 9.5L4.5 14 9 18.5"],
  star: ["M12 4l2.4 5 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.7 9.6 9z"],
  mail: ["M5.5 6h13A1.5 1.5 0 0 1 20 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 16.5v-9A1.5 1.5 0 0 1 5.5 6z",
    "M4.5 7l7.5 6 7.5-6"],
  page: ["M7 4h7l4 4v12H7z", "M14 4v4h4"],
  people: ["M9.5 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z", "M3.5 19c.6-3 3-4.7 6-4.7s5.4 1.7 6 4.7",
    "M15.5 4.9a3.5 3.5 0 0 1 0 6.3M17.5 14.7c1.7.7 2.7 2.2 3 4.3"],
  help: ["M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z", "M9.7 9.6a2.4 2.4 0 1 1 3.5 2.2c-.8.4-1.2.9-1.2 1.7M12 16.2h.01"],
  clock: ["M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z", "M12 7.5V12l3 2"],
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
