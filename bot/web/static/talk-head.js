/** What stands above a thread: who it is, how it stands, the ways to the list and to the background. */

import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";

export class TalkHead {
  constructor({ texts, me, back, packet }) {
    Object.assign(this, { texts, me });
    const button = (mark, label, onclick, kind) => {
      const attributes = { type: "button", class: `icon ${kind}`, "aria-label": label, title: label, onclick };
      return build("button", attributes, icon(mark));
    };
    this.name = build("h2", { dir: "auto" });
    this.trust = build("span", { class: "trust-mark", role: "img", "aria-label": texts.isVerified, title: texts.isVerified });
    this.trust.append(icon("verified", 18));
    this.state = build("p", { class: "talk-state" });
    this.tags = build("ul", { class: "tags" });
    const names = build("div", { class: "talk-names" }, build("div", { class: "talk-name" }, this.name, this.trust), this.state);
    const packetButton = button("panel", texts.packet, packet, "to-packet");
    this.element = build("header", { class: "talk-head" }, button("back", texts.back, back, "back"), names, this.tags, packetButton);
  }

  draw(row, now) {
    const { texts, me } = this;
    setText(this.name, plain(row.name));
    this.name.title = plain(row.name);
    this.trust.hidden = !row.verified;
    this.element.className = `talk-head ${row.status}`;
    const isMine = row.agent?.id === me.agent.id;
    const holder = row.status === "agent" ? (isMine ? texts.withYou : texts.heldBy(plain(row.agent?.name))) : texts.status[row.status];
    const parts = [holder];
    if (row.reason && row.status !== "closed") parts.push(texts.reason[row.reason] ?? plain(row.reason));
    const clock = (since) => texts.clock((now - Date.parse(since)) / 1_000);
    if (row.waiting_since) parts.push(texts.waitsFor(clock(row.waiting_since)));
    else if (row.owed_since && isMine) parts.push(texts.owedFor(clock(row.owed_since)));
    if (row.score) parts.push(texts.rated(row.score));
    setText(this.state, parts.join(" · "));
    const tag = (name) => build("li", { class: "tag", title: plain(name) }, build("span", {}, plain(name)));
    const names = (row.tags ?? []).join("\n");
    if (this.tags.dataset.names !== names) this.tags.replaceChildren(...(row.tags ?? []).map(tag));
    this.tags.dataset.names = names;
  }
}
