/** What an agent may do about themselves: see where they are logged in, end that, change the password. */

import { icon } from "./icons.js";
import { api } from "./console-http.js";
import { field, whyNot } from "./console-login.js";
import { openDialog } from "./console-menu.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";

export function openSessions(texts) {
  const list = build("ul", { class: "sessions" }, build("li", { class: "quiet" }, texts.loading));
  const says = build("p", { class: "says", role: "alert" });
  const load = async () => {
    try {
      const { sessions } = await api("GET", "sessions");
      list.replaceChildren(...sessions.map((session) => line(texts, session, () => revoke(session))));
    } catch (error) {
      setText(says, whyNot(texts, error));
    }
  };
  const revoke = async ({ id }) => {
    const path = `sessions/${encodeURIComponent(id)}/revoke`;
    await api("POST", path, {}).catch((error) => setText(says, whyNot(texts, error)));
    await load();
  };
  const what = build("p", { class: "quiet" }, texts.sessionsWhat);
  openDialog(texts.sessions, () => [what, list, says], { close: texts.close });
  load();
}

function line(texts, { device, address, last_seen: seen, current }, revoke) {
  const name = plain(device) || texts.unknownDevice;
  const words = build("span", { class: "words" }, build("span", { title: name }, name));
  const detail = [plain(address), texts.date(new Date(seen))].filter(Boolean).join(" · ");
  words.append(build("span", { class: "detail" }, detail));
  const here = build("span", { class: "chip-plain" }, texts.thisOne);
  const button = build("button", { type: "button", class: "small", onclick: revoke }, texts.endSession);
  return build("li", {}, icon("screen", 20), words, current ? here : button);
}

export function openPassword(texts, me) {
  const name = build("input", { type: "text", autocomplete: "username", hidden: true, value: me.agent.login });
  const old = field(texts.oldPassword, { type: "password", autocomplete: "current-password", required: true });
  const rules = { autocomplete: "new-password", minlength: "10" };
  const fresh = field(texts.newPassword, { type: "password", required: true, ...rules });
  const says = build("p", { class: "says", role: "alert" });
  const button = build("button", { type: "submit", class: "primary" }, texts.changePassword);
  const form = build("form", { class: "stack" }, name, old.label, fresh.label, says, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await api("POST", "password", { old: old.input.value, new: fresh.input.value });
      form.replaceChildren(build("p", { role: "status" }, texts.passwordChanged));
    } catch (error) {
      setText(says, error.status === 401 ? texts.wrongPassword : whyNot(texts, error));
    }
    button.disabled = false;
  });
  openDialog(texts.changePassword, () => [form], { close: texts.close });
}
