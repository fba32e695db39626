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
    const vouched = { role: "img", "aria-label": texts.isVerified, title: texts.isVerified };
    this.trust = build("span", { class: "trust-mark", ...vouched }, icon("verified", 18));
    this.state = build("p", { class: "talk-state" });
    this.tags = build("ul", { class: "tags" });
    const name = build("div", { class: "talk-name" }, this.name, this.trust);
    const names = build("div", { class: "talk-names" }, name, this.state);
    const toList = button("back", texts.back, back, "back");
    const toPacket = button("panel", texts.packet, packet, "to-packet");
    this.element = build("header", { class: "talk-head" }, toList, names, this.tags, toPacket);
  }

  draw(row, now) {
    setText(this.name, plain(row.name));
    this.name.title = plain(row.name);
    this.trust.hidden = !row.verified;
    this.element.className = `talk-head ${row.status}`;
    setText(this.state, this.#stateOf(row, now).filter(Boolean).join(" · "));
    const tag = (name) => build("li", { class: "tag", title: plain(name) }, build("span", {}, plain(name)));
    const names = (row.tags ?? []).join("\n");
    if (this.tags.dataset.names !== names) this.tags.replaceChildren(...(row.tags ?? []).map(tag));
    this.tags.dataset.names = names;
  }

  #stateOf(row, now) {
    const { texts, me } = this;
    const { status, agent, reason, score, waiting_since: waiting, owed_since: owed } = row;
    const clock = (since) => texts.clock((now - Date.parse(since)) / 1_000);
    const isMine = agent?.id === me.agent.id;
    const holder = status === "agent" && (isMine ? texts.withYou : texts.heldBy(plain(agent?.name)));
    const wait = waiting ? texts.hasWaited(clock(waiting)) : holder || texts.status[status];
    const why = status !== "closed" && (texts.reason[reason] ?? plain(reason));
    return [wait, isMine && owed && texts.owedFor(clock(owed)), why, score && texts.rated(score)];
  }
}
