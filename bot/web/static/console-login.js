/** The login form. What it says is the same whether the name or the password is wrong. */

import { icon } from "./icons.js";
import { logIn } from "./console-http.js";
import { build, setText } from "./messages.js";

/** Calls `done(me)` once the server let somebody in. */
export function loginForm(texts, done, { login = "" } = {}) {
  const name = field(texts.login, { name: "login", autocomplete: "username", autocapitalize: "none", required: true });
  const hidden = { type: "password", autocomplete: "current-password" };
  const secret = field(texts.password, { name: "password", required: true, ...hidden });
  const says = build("p", { class: "says", role: "alert" });
  const button = build("button", { class: "primary", type: "submit" }, texts.logIn);
  const form = build("form", { class: "login" }, name.label, secret.label, says, button);
  name.input.value = login;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    setText(says, "");
    try {
      done(await logIn(name.input.value.trim(), secret.input.value));
    } catch (error) {
      setText(says, whyNot(texts, error));
      secret.input.select();
    }
    button.disabled = false;
  });
  form.start = () => (name.input.value ? secret : name).input.focus();
  return form;
}

export function whyNot(texts, { status, says, afterMs }) {
  if (status === 429) return texts.tooManyTries(Math.max(1, Math.ceil(afterMs / 1_000)));
  if (status === 401) return texts.wrongLogin;
  return says || (status === 0 ? texts.noServer : texts.failed);
}

/** {label, input}: a label around its input. */
export function field(words, attributes = {}) {
  const input = build("input", { type: "text", spellcheck: "false", ...attributes });
  return { input, label: build("label", { class: "field" }, build("span", {}, words), input) };
}

/** The page that stands there as long as nobody is logged in. */
export function loginPage(texts, form) {
  const mark = build("span", { class: "mark", "aria-hidden": "true" }, icon("person", 22));
  const card = build("div", { class: "card" }, mark, build("h1", {}, texts.logInTitle), form);
  return build("main", { class: "door" }, card);
}
