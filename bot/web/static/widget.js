/**
 * The loader a shop embeds:
 *
 *   <script>window.AnswerdeskSettings = { baseURL: "https://chat.example.com" };</script>
 *   <script async src="https://chat.example.com/widget.js"></script>
 *
 * Settings, all optional: baseURL, locale ("en", "zh"), theme ("light", "dark", "auto"), accent ("#1f6f54"),
 * position ("right", "left"), userToken (a JWT the shop signed). It adds one element and one global, `answerdesk`:
 * open close toggle setUser setLocale reset, and on(event, fn) for ready, open, close and unread. To call it before
 * this script came: `(window.answerdesk = window.answerdesk || []).push(["open"])`.
 */
(() => {
  "use strict";

  const early = Array.isArray(window.answerdesk) ? window.answerdesk : [];
  if (window.answerdesk && window.answerdesk !== early) return; // already on this page

  const settings = { ...window.AnswerdeskSettings };
  const base = new URL(settings.baseURL || document.currentScript?.src || location.href, location.href).origin;
  const PHONE = matchMedia("(max-width: 479px)");
  const OPEN_KEY = "answerdesk.open";
  const SVG = "http://www.w3.org/2000/svg";

  const STYLE = `
    :host { all: initial !important; }
    @media print { :host { display: none !important; } }
    [hidden] { display: none !important; }
    * { box-sizing: border-box; }
    .launcher {
      position: fixed; z-index: 2147483001; bottom: calc(16px + env(safe-area-inset-bottom, 0px));
      width: 56px; height: 56px; padding: 0; margin: 0; border: 0; border-radius: 50%; cursor: pointer;
      display: grid; place-items: center; background: var(--accent); color: var(--on-accent);
      box-shadow: 0 1px 2px rgb(20 24 22 / 16%), 0 6px 20px rgb(20 24 22 / 24%); transition: transform 120ms;
      -webkit-tap-highlight-color: transparent;
    }
    .right .launcher { right: calc(16px + env(safe-area-inset-right, 0px)); }
    .left .launcher { left: calc(16px + env(safe-area-inset-left, 0px)); }
    .launcher:hover { transform: translateY(-1px); }
    .launcher:active { transform: none; }
    .launcher:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
    .badge {
      position: absolute; top: -4px; right: -4px; min-width: 22px; height: 22px; padding: 0 6px; border-radius: 11px;
      font: 600 13px/22px system-ui, sans-serif; text-align: center; background: #b3261e; color: #fff;
      box-shadow: 0 0 0 2px #fff;
    }
    .panel {
      position: fixed; z-index: 2147483000; bottom: calc(84px + env(safe-area-inset-bottom, 0px));
      width: 384px; max-width: calc(100vw - 32px); height: min(640px, calc(100vh - 104px)); overflow: hidden;
      height: min(640px, calc(100dvh - 104px)); border-radius: 16px; background: var(--paper);
      box-shadow: 0 0 0 1px rgb(128 134 130 / 20%), 0 12px 40px rgb(20 24 22 / 24%); animation: rise 160ms ease-out;
    }
    .right .panel { right: calc(16px + env(safe-area-inset-right, 0px)); }
    .left .panel { left: calc(16px + env(safe-area-inset-left, 0px)); }
    .panel iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: normal; }
    @keyframes rise { from { opacity: 0; transform: translateY(8px); } }
    @media (max-width: 479px) {
      .right .panel, .left .panel {
        inset: 0 auto auto 0; width: 100%; max-width: none; border-radius: 0; box-shadow: none;
        top: var(--top, 0px); height: var(--height, 100dvh);
        padding: env(safe-area-inset-top, 0px) env(safe-area-inset-right, 0px)
          env(safe-area-inset-bottom, 0px) env(safe-area-inset-left, 0px);
      }
      .is-open .launcher { display: none; }
    }
    @media (prefers-reduced-motion: reduce) {
      .panel { animation: none; }
      .launcher { transition: none; }
    }
  `;

  // ── the elements: in a shadow root, where the shop's styles do not reach ──

  function make(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function icon(d) {
    const svg = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    const attributes = {
      viewBox: "0 0 24 24", width: 26, height: 26, fill: "none", stroke: "currentColor", "stroke-width": 1.5,
      "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
    };
    for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
    path.setAttribute("d", d);
    svg.append(path);
    return svg;
  }

  function dress(root) {
    try {
      const sheet = new CSSStyleSheet(); // a shop's own content policy does not forbid this one
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } catch {
      root.append(make("style", { textContent: STYLE }));
    }
  }

  function address() {
    const url = new URL("/chat", base);
    const { theme, accent } = settings;
    const wanted = { origin: location.origin, locale: locale(), theme, accent };
    for (const [key, value] of Object.entries(wanted)) if (value) url.searchParams.set(key, value);
    return url.href;
  }

  function locale() {
    return settings.locale || document.documentElement.lang || navigator.language || "en";
  }

  const host = document.createElement("answerdesk-widget");
  const badge = make("span", { className: "badge", hidden: true });
  const bubble = icon("M20 11.5a7.5 7.5 0 0 1-7.5 7.5c-1.3 0-2.5-.3-3.6-.9L4 20l1.8-4.5A7.5 7.5 0 1 1 20 11.5z");
  const down = icon("M6 9.5l6 6 6-6");
  const launcher = make("button", { className: "launcher", type: "button", hidden: true }, bubble, down, badge);
  const frame = make("iframe", { allow: "clipboard-write" });
  const panel = make("div", { className: "panel", hidden: true }, frame);
  const box = make("div", { className: settings.position === "left" ? "left" : "right" }, panel, launcher);

  // ── state ──

  let isReady = false;
  let isOpen = false;
  let wantsOpen = false; // asked for before the chat was ready
  let unread = 0;
  let labels = { open: "Open chat", close: "Close chat", title: "Chat", unread: "" };
  const listeners = { ready: new Set(), open: new Set(), close: new Set(), unread: new Set() };

  function emit(name, detail) {
    for (const listener of listeners[name]) {
      try {
        listener(detail);
      } catch (error) {
        console.error(error); // the shop's own code
      }
    }
    window.dispatchEvent(new CustomEvent(`answerdesk:${name}`, { detail }));
  }

  function tell(type, detail = {}) {
    frame.contentWindow?.postMessage({ ...detail, answerdesk: type }, base);
  }

  function draw() {
    panel.hidden = !isOpen;
    launcher.hidden = !isReady;
    box.classList.toggle("is-open", isOpen);
    bubble.toggleAttribute("hidden", isOpen);
    down.toggleAttribute("hidden", !isOpen);
    badge.hidden = isOpen || unread === 0;
    badge.textContent = unread > 9 ? "9+" : String(unread);
    const news = badge.hidden ? "" : `, ${labels.unread}`;
    launcher.setAttribute("aria-label", isOpen ? labels.close : labels.open + news);
    launcher.setAttribute("aria-expanded", String(isOpen));
    frame.title = labels.title;
  }

  function remember() {
    try {
      if (isOpen) sessionStorage.setItem(OPEN_KEY, "1");
      else sessionStorage.removeItem(OPEN_KEY);
    } catch {
      // the shop's storage is closed to us: the panel starts closed on the next page
    }
  }

  function wasOpen() {
    try {
      return !PHONE.matches && sessionStorage.getItem(OPEN_KEY) === "1";
    } catch {
      return false;
    }
  }

  /** `focus` is false when the panel only stays open over a change of page: the shop's page keeps the focus. */
  function show(open, focus = true) {
    wantsOpen = open;
    if (!isReady || open === isOpen) return;
    isOpen = open;
    remember();
    draw();
    fit();
    if (open && focus) frame.focus();
    if (!open) launcher.focus({ preventScroll: true });
    tell("shown", { visible: open, focus });
    emit(open ? "open" : "close");
  }

  /** On a phone the panel is what the keyboard leaves of the screen. */
  function fit() {
    const view = window.visualViewport;
    if (!isOpen || !view || !PHONE.matches) return;
    panel.style.setProperty("--height", `${view.height}px`);
    panel.style.setProperty("--top", `${view.offsetTop}px`);
  }

  // ── what the chat says ──

  const heard = {
    hello: () => tell("setup", { page: location.href.slice(0, 2_000), userToken: settings.userToken }),
    ready(data) {
      const isFirst = !isReady;
      isReady = true;
      paint(data);
      if (!isFirst) return tell("shown", { visible: isOpen, focus: false }); // the frame was loaded again
      emit("ready");
      if (wantsOpen) show(true);
      else if (wasOpen()) show(true, false);
      return undefined;
    },
    paint,
    close: () => show(false),
    unread(data) {
      unread = Number(data.count) || 0;
      labels = { ...labels, unread: String(data.label) };
      draw();
      emit("unread", unread);
    },
  };

  function paint({ colours = {}, labels: words = {} }) {
    for (const name of ["accent", "on-accent", "paper"]) {
      if (/^#([\da-f]{3}){1,2}$/i.test(colours[name])) box.style.setProperty(`--${name}`, colours[name]);
    }
    labels = { ...labels, ...words };
    draw();
  }

  window.addEventListener("message", ({ source, origin, data }) => {
    if (!source || source !== frame.contentWindow || origin !== base) return;
    if (data && Object.hasOwn(heard, data.answerdesk)) heard[data.answerdesk](data);
  });

  // ── the one global ──

  const api = {
    open: () => show(true),
    close: () => show(false),
    toggle: () => show(!(isReady ? isOpen : wantsOpen)),
    setUser(token) {
      settings.userToken = token;
      if (isReady) tell("user", { userToken: token });
    },
    setLocale(wanted) {
      settings.locale = wanted;
      if (isReady) tell("locale", { locale: wanted });
    },
    reset() {
      settings.userToken = undefined;
      if (isReady) tell("reset");
      else api.on("ready", () => tell("reset"));
    },
    on(name, listener) {
      if (!listeners[name]) throw new TypeError(`answerdesk has no event "${name}"`);
      listeners[name].add(listener);
      if (name === "ready" && isReady) queueMicrotask(listener);
      return () => listeners[name].delete(listener);
    },
    push: ([name, ...values]) => api[name]?.(...values),
  };
  window.answerdesk = Object.freeze(api);
  for (const call of early) {
    try {
      api.push(call);
    } catch (error) {
      console.error(error);
    }
  }

  function begin() {
    const root = host.attachShadow({ mode: "open" });
    dress(root);
    root.append(box);
    draw();
    frame.src = address();
    document.body.append(host);
    launcher.addEventListener("click", api.toggle);
    window.visualViewport?.addEventListener("resize", fit);
    window.visualViewport?.addEventListener("scroll", fit);
  }

  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin, { once: true });
})();
