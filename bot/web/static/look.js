/** Theme and accent: the shop's colour made legible wherever it is used. */

const PAPER = { light: "#ffffff", dark: "#161a18" }; // as in tokens.css
const LEGIBLE = 4.5; // WCAG AA for text

function channels(hex) {
  const short = /^#([\da-f])([\da-f])([\da-f])$/i.exec(hex);
  const long = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(hex);
  if (short) return short.slice(1).map((digit) => parseInt(digit + digit, 16));
  return long ? long.slice(1).map((pair) => parseInt(pair, 16)) : null;
}

export function isColour(value) {
  return channels(String(value)) !== null;
}

function luminance(hex) {
  const [red, green, blue] = channels(hex).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** White or black, whichever can be read on it: one of the two always reaches 4.5 : 1. */
export function textOn(accent) {
  return contrast(accent, "#ffffff") >= LEGIBLE ? "#ffffff" : "#000000";
}

function mix(one, other, share) {
  const [from, to] = [channels(one), channels(other)];
  const mixed = from.map((channel, index) => Math.round(channel + (to[index] - channel) * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** The accent as text on paper: moved towards black or white until it can be read, on tinted grounds too. */
export function inkOf(accent, theme) {
  const paper = PAPER[theme];
  const towards = theme === "dark" ? "#ffffff" : "#000000";
  for (let share = 0; share < 1; share += 0.05) {
    const ink = mix(accent, towards, share);
    if (contrast(ink, paper) >= LEGIBLE + 0.7) return ink;
  }
  return towards;
}

/** Sets `data-theme` and the accent's variables on the page, again whenever the system's theme changes. */
export class Look {
  #dark = globalThis.matchMedia("(prefers-color-scheme: dark)");

  constructor(root, { theme = "auto", accent = "" }) {
    Object.assign(this, { root, theme, accent });
    this.#dark.addEventListener("change", () => this.apply());
    this.apply();
  }

  setAccent(accent) {
    if (isColour(accent)) this.accent = accent;
    this.apply();
  }

  /** What the loader needs to dress the launcher and the panel around the chat. */
  get colours() {
    const colours = { paper: PAPER[this.root.dataset.theme] };
    return isColour(this.accent) ? { ...colours, accent: this.accent, "on-accent": textOn(this.accent) } : colours;
  }

  apply() {
    const system = this.#dark.matches ? "dark" : "light";
    const theme = this.theme === "light" || this.theme === "dark" ? this.theme : system;
    this.root.dataset.theme = theme;
    if (!isColour(this.accent)) return;
    this.root.style.setProperty("--accent", this.accent);
    this.root.style.setProperty("--on-accent", textOn(this.accent));
    this.root.style.setProperty("--accent-ink", inkOf(this.accent, theme));
  }
}
