/**
 * What every page of the agents has in common: asking the server, the bar at the top, and the door.
 *
 *   requireLogin(root, (me) => {
 *     const texts = textsFor(locale());
 *     root.replaceChildren(header(me, "answers", texts), …);
 *   });
 *   await api("POST", "answers/x/publish", {})      rejects with HttpError {status, code, says, afterMs}
 */

import { openPassword, openSessions } from "./console-account.js";
import { api, door, HttpError, logOut, whoAmI } from "./console-http.js";
import { loginForm, loginPage } from "./console-login.js";
import { item, menu, openDialog } from "./console-menu.js";
import { Prefs } from "./console-prefs.js";
import { textsFor } from "./console-texts.js";
import { icon } from "./icons.js";
import { Look } from "./look.js";
import { plain } from "./markup.js";
import { build } from "./messages.js";
import { countInto } from "./recall-count.js";
import { localeOf } from "./texts.js";

export { api, door, HttpError, item, menu, openDialog, whoAmI };

const PAGES = [
  { name: "inbox", href: "/console", mark: "inbox" },
  { name: "recall", href: "/console/recall", mark: "undo", action: "recall" },
  { name: "answers", href: "/console/answers", mark: "book", action: "publish" },
  { name: "knowledge", href: "/console/knowledge", mark: "page" },
  { name: "metrics", href: "/console/metrics", mark: "chart", action: "metrics" },
];
const THEMES = ["auto", "light", "dark"];
const RETRY_AFTER = 3_000;

const prefs = new Prefs();
let look;

/** "en" or "zh": as chosen here, else as the browser says. */
export function locale() {
  return localeOf(prefs.of("locale") || navigator.language);
}

/** Theme and language on the page; the accent follows when the shop is known. */
function dress(accent = "") {
  document.documentElement.lang = locale() === "zh" ? "zh-CN" : "en";
  look ??= new Look(document.documentElement, { theme: prefs.of("theme", "auto") });
  look.setAccent(accent);
}

// ── the door ──

/** Shows the login form in `root` until somebody is logged in, then calls `onReady(me)`, once. When the session ends
 * later, the form opens above the page, which stays as it is: nothing that was typed is lost. */
export async function requireLogin(root, onReady) {
  dress();
  const texts = textsFor(locale());
  const ready = (me) => {
    dress(me.shop.accent);
    guard(me, texts);
    onReady(me);
  };
  try {
    ready(await whoAmI());
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (error.status === 401) showLogin(root, texts, ready);
    else showTrouble(root, texts, () => requireLogin(root, onReady));
  }
}

function showLogin(root, texts, ready) {
  document.title = texts.logInTitle;
  const form = loginForm(texts, ready);
  root.replaceChildren(loginPage(texts, form));
  form.start();
}

function showTrouble(root, texts, again) {
  root.replaceChildren(build("main", { class: "door" }, build("p", { role: "alert" }, texts.noServer)));
  setTimeout(again, RETRY_AFTER);
}

let isGuarded = false;

function guard(me, texts) {
  if (isGuarded) return;
  isGuarded = true;
  let dialog = null;
  door.addEventListener("out", () => (dialog ??= askAgain(me, texts, () => (dialog = null))));
}

/** Somebody else who logs in here, or who may do something else now, gets a page of their own. */
function askAgain(me, texts, done) {
  const goOn = (next) => {
    if (next.agent.id !== me.agent.id || String(next.actions) !== String(me.actions)) return location.reload();
    dialog.close("in");
    return done();
  };
  const form = loginForm(texts, goOn, { login: me.agent.login });
  const words = build("p", { class: "quiet" }, texts.loggedOut);
  const dialog = openDialog(texts.logInTitle, () => [words, form], { isLock: true });
  form.start();
  return dialog;
}

// ── the bar at the top ──

/** The bar: shop, pages by what `me` may do, theme, language, log-out. Its `.extras` is free for the page. */
export function header(me, currentPage, texts = textsFor(locale())) {
  const name = plain(me.shop.name) || texts.console;
  const mark = build("span", { class: "mark", "aria-hidden": "true" }, [...name][0]);
  const shop = build("span", { class: "shop" }, mark, build("span", { class: "shop-name", title: name }, name));
  const pages = PAGES.filter(({ action }) => !action || me.actions.includes(action));
  const nav = build("nav", { "aria-label": texts.pages }, ...pages.map((page) => pageLink(page, currentPage, texts)));
  const extras = build("div", { class: "extras" });
  return build("header", { class: "top" }, shop, nav, build("span", { class: "space" }), extras, account(me, texts));
}

function pageLink({ name, href, mark }, currentPage, texts) {
  const attributes = name === currentPage ? { "aria-current": "page" } : {};
  const link = build("a", { href, ...attributes }, icon(mark, 18), build("span", {}, texts.page[name]));
  if (name === "recall") countInto(link, texts.toCorrect);
  return link;
}

function account(me, texts) {
  const name = plain(me.agent.name);
  const label = texts.accountOf(name);
  const button = build("button", { type: "button", class: "icon me", "aria-label": label, title: label }, avatar(name));
  return menu(button, (whole) => accountItems(me, texts, whole), { label });
}

/** The first letter of a name on a quiet ground. */
export function avatar(name) {
  const letters = plain(name).trim().split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("");
  return build("span", { class: "avatar", "aria-hidden": "true" }, letters.toUpperCase() || "?");
}

function accountItems(me, texts, whole) {
  const close = (act) => () => {
    whole.toggle(false);
    act();
  };
  const who = build("div", { class: "who" }, build("strong", {}, plain(me.agent.name)));
  who.append(build("span", {}, `${plain(me.agent.login)} · ${texts.role[me.agent.role] ?? me.agent.role}`));
  return [
    who,
    choice(texts.theme, THEMES, prefs.of("theme", "auto"), (theme) => texts.themes[theme], setTheme),
    choice(texts.language, ["en", "zh"], locale(), (code) => texts.languages[code], setLocale),
    build("hr"),
    item(texts.sessions, close(() => openSessions(texts)), { mark: "screen" }),
    item(texts.changePassword, close(() => openPassword(texts, me)), { mark: "key" }),
    item(texts.logOut, close(() => leave(texts)), { mark: "leave" }),
  ];
}

/** One of a few: radio buttons that look like one control. */
function choice(label, values, current, words, choose) {
  const option = (value) => {
    const input = build("input", { type: "radio", name: label, value, checked: value === current });
    input.addEventListener("change", () => choose(value));
    return build("label", {}, input, build("span", {}, words(value)));
  };
  return build("fieldset", { class: "choice" }, build("legend", {}, label), ...values.map(option));
}

function setTheme(theme) {
  prefs.set("theme", theme);
  look.theme = theme;
  look.apply();
}

function setLocale(code) {
  prefs.set("locale", code);
  location.reload();
}

/** Nothing of the customers stays on the screen; what was typed stays in this browser's storage. */
async function leave(texts) {
  try {
    await logOut();
    location.reload();
  } catch {
    openDialog(texts.logOut, () => [build("p", { role: "alert" }, texts.failed)], { close: texts.close });
  }
}
