/** A change of the knowledge base: begun, asked after while it runs, and what it came to; refused, it asks for a reason. */

import { api, HttpError } from "./console-shell.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";
import { foldable } from "./page-parts.js";
import { whyFailed } from "./page-texts.js";

const EVERY = 500; // ms between two questions how far it is

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the job came to. Rejects with HttpError; `tell(job)` hears how far it is. */
export async function runJob(path, body, tell) {
  let job = await api("POST", `knowledge/${path}`, body);
  while (!job.is_over) {
    tell(job);
    await sleep(EVERY);
    job = await again(job);
  }
  if (job.error) throw new HttpError(400, { ...job, error: job.error === "conflict" ? "changed" : job.error });
  return job.result;
}

/** A line that drops for a moment ends nothing. */
async function again(job) {
  try {
    return await api("GET", `knowledge/jobs/${job.job}`);
  } catch (error) {
    if (error.status !== 0 && error.status !== 401) throw error;
    return job;
  }
}

/** `on.busy(isBusy)`, `on.changed()`: somebody changed it meanwhile; `on.again(path, body)`: a reason was given. */
export class Change {
  isBusy = false;

  constructor({ texts, on }) {
    Object.assign(this, { texts, on });
    this.state = build("p", { class: "quiet", role: "status" });
    this.meter = build("progress", { hidden: true, "aria-label": texts.starting });
    this.says = build("p", { class: "says", role: "alert" });
    this.verdict = build("div");
    this.element = build("div", { class: "change" }, this.meter, this.state, this.says, this.verdict);
  }

  /** Resolves to the result, or to null when it came to nothing; then it says why. */
  async run(path, body) {
    if (this.isBusy) return null;
    this.#busy(true);
    setText(this.says, "");
    this.verdict.replaceChildren();
    try {
      const result = await runJob(path, body, (job) => this.#tell(job));
      if (!result.is_refused) return result;
      this.verdict.replaceChildren(...this.#refused(result.verdict, path, body));
      this.verdict.querySelector("textarea").focus();
      this.verdict.scrollIntoView({ block: "nearest" });
    } catch (error) {
      setText(this.says, plain(whyFailed(this.texts, error)));
      if (error.code === "changed") this.on.changed?.();
    } finally {
      this.#busy(false);
    }
    return null;
  }

  #busy(on) {
    this.isBusy = on;
    this.meter.hidden = !on;
    this.meter.removeAttribute("value");
    setText(this.state, on ? this.texts.starting : "");
    this.on.busy?.(on);
  }

  #tell({ stage, done, total }) {
    const { texts } = this;
    setText(this.state, [texts.stages[stage] ?? texts.starting, texts.steps(done, total)].filter(Boolean).join(" · "));
    if (total > 1) {
      this.meter.max = total;
      this.meter.value = done;
    } else this.meter.removeAttribute("value");
  }

  // ── refused ──

  #refused(verdict, path, body) {
    const { texts } = this;
    const reason = build("textarea", { rows: "2", maxlength: "1000", required: true, "aria-label": texts.reason, placeholder: texts.reason }); // prettier-ignore
    const button = build("button", { type: "submit" }, texts.force);
    const form = build("form", { class: "reason" }, reason, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (reason.value.trim()) this.on.again(path, { ...body, reason: reason.value.trim() });
    });
    const head = build("p", { class: "refused" }, build("strong", {}, texts.refused));
    return [build("div", { class: "verdict", role: "group" }, head, ...verdictOf(texts, verdict), form)];
  }
}

export function verdictOf(texts, verdict) {
  const share = (value) => `${(value * 100).toFixed(1)} %`;
  const row = (name, before, after) => build("li", {}, `${name}: ${share(before)} → ${share(after)}`);
  const figures = build("ul", { class: "figures" },
    row(texts.answered, verdict.answered_before, verdict.answered_after),
    row(texts.wrong, verdict.error_before, verdict.error_after)); // prettier-ignore
  return [
    build("p", {}, texts.verdict(verdict.questions)),
    figures,
    verdict.worse.length ? moved(texts, texts.worse(verdict.worse.length), verdict.worse, true) : "",
    verdict.better.length ? moved(texts, texts.better(verdict.better.length), verdict.better, false) : "",
  ].filter(Boolean);
}

function moved(texts, title, some, isOpen) {
  const lines = some.map(({ question, before, after, is_lost: isLost }) => {
    const badge = isLost ? build("span", { class: "badge trouble" }, texts.lost) : "";
    const way = build("span", { class: "quiet" }, `${texts.came[before]} → ${texts.came[after]}`);
    return build("li", {}, build("span", { dir: "auto" }, plain(question)), way, badge);
  });
  const fold = foldable(title, build("ul", { class: "moved" }, ...lines));
  fold.open = isOpen;
  return fold;
}

