/** Who is here, with how much on their hands; and whether I am. */

import { avatar, item, menu } from "./console-shell.js";
import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";

export class People {
  #agents = [];

  /** `say(isAway)` tells the server. */
  constructor({ texts, me, say }) {
    Object.assign(this, { texts, me, say, isAway: false });
    this.count = build("span", { class: "people-count" });
    const attributes = { type: "button", class: "icon people", "aria-label": texts.people, title: texts.people };
    this.button = build("button", attributes, icon("people"), this.count);
    this.element = menu(this.button, () => this.#items(), { label: texts.people });
  }

  get agents() {
    return this.#agents;
  }

  set agents(agents) {
    this.#agents = agents;
    const online = agents.filter((agent) => agent.online).length;
    setText(this.count, online ? String(online) : "");
    this.button.title = this.texts.online(online);
    this.element.classList.toggle("is-away", this.isAway);
  }

  #items() {
    const { texts } = this;
    const away = () => {
      this.isAway = !this.isAway;
      this.element.classList.toggle("is-away", this.isAway);
      this.say(this.isAway);
      toggle.setAttribute("aria-checked", String(this.isAway));
    };
    const toggle = item(texts.away, away, { checked: this.isAway, detail: texts.awayWhat });
    const byName = (one, other) => (one.name < other.name ? -1 : 1);
    const sorted = [...this.#agents].sort((one, other) => other.online - one.online || byName(one, other));
    return [toggle, build("hr"), build("ul", { class: "persons" }, ...sorted.map((agent) => this.#person(agent)))];
  }

  #person({ id, name, online, away, load, capacity }) {
    const { texts, me } = this;
    const state = away ? "away" : online ? "online" : "offline";
    const shown = id === me.agent.id ? `${plain(name)} (${texts.you})` : plain(name);
    const presence = build("span", { class: `presence ${state}` }, texts.presence[state]);
    const full = build("span", { class: "detail" }, texts.load(load, capacity));
    const who = build("span", { class: "words", dir: "auto" }, shown);
    return build("li", { class: `person ${state}` }, avatar(name), who, full, presence);
  }
}
