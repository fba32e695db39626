"""`bot why`, and `--why` and `--attention` of `bot ask`: what led to a reply, from what was kept with it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import attention, bootstrap, bootstrap_insight
from bot.desk import Turn
from bot.errors import NotFound, Refused
from bot.insight import Insight
from bot.output import Output
from bot.prompt import REPLY
from bot.settings import Settings
from bot.shell import run, settings

BECAME = {
    "generated": "sent, with its citations",
    "extractive": "not sent: sentences of the passage were sent instead",
    "verbatim": "not sent: the passage was quoted instead",
    "handoff": "not sent: a person was asked instead",
}
ONE_OF_SEVERAL = "of the drafts for this message at least one was sent"


def command(
    conversation: Annotated[str, typer.Argument(help="The conversation's id, as the console shows it.")],
    seq: Annotated[int, typer.Argument(help="Number of the question or of the reply; without it, the last one.")] = 0,
    attention: Annotated[
        Path | None, typer.Option(help="Draw which passage words each word of the draft attended to into this PNG.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Tell what led to a reply of the bot: hits, scores, prompt, draft, verdicts."""
    run(why(settings(), Output(json), conversation, seq, attention))


async def why(settings: Settings, output: Output, conversation: str, seq: int, picture: Path | None) -> int:
    """Needs the database only; a picture needs the generator too."""
    if picture is not None:
        await asyncio.to_thread(check_drawing, settings, conversation, picture)
    if settings.is_sqlite:
        await bootstrap.migrated(settings)
    desk = bootstrap.make_desk(settings)
    try:
        await desk["store"].check()
        turn = await _turn(desk["inbox"], conversation, seq)
        said = {event.seq: event.text for event in await desk["store"].events(conversation, turn.question_seq - 1, 500)}
    finally:
        await desk["store"].close()
    output.line(f"{turn.question_seq}  {said.get(turn.question_seq, '')}", "bold")
    output.line(f"{turn.reply_seq}  {said.get(turn.reply_seq, '')}")
    output.line()
    show_evidence(output, turn.evidence)
    if picture is not None:
        await draw_attention(settings, output, turn.evidence, picture)
    output.result({**asdict(turn), "question": said.get(turn.question_seq), "reply": said.get(turn.reply_seq)})
    return 0


async def _turn(inbox: Any, conversation: str, seq: int) -> Turn:
    if seq:
        turn: Turn = await inbox.turn(conversation, seq)
        return turn
    await inbox.row(conversation)
    turns: Sequence[Turn] = await inbox.turns(conversation)
    if not turns:
        raise NotFound("the bot has answered nothing in this conversation yet")
    return turns[-1]


def show_evidence(output: Output, evidence: Mapping[str, Any]) -> None:
    thresholds = evidence.get("thresholds") or {}
    output.line(f"decision {evidence.get('decision')}, source {evidence.get('source')}, score "
                f"{evidence.get('score') or 0:.3f} (answers from {thresholds.get('answer', 0):.2f}, "
                f"offers from {thresholds.get('suggest', 0):.2f})")  # fmt: skip
    output.line(f"query: {evidence.get('query')}")
    measures = ("score", "dense", "lexical", "coverage")
    rows = [[h["anchor"], *(f"{h.get(k) or 0:.3f}" for k in measures)] for h in evidence.get("hits") or ()]
    output.table(["passage", *measures], rows)
    for name in ("prompt", "draft", "error"):
        if text := evidence.get(name):
            output.line(f"{name}: {text}")
    for verdict in evidence.get("verdicts") or ():
        mark = "carried" if verdict["is_carried"] else f"refused ({verdict['reason']})"
        output.line(f"  {mark}: {verdict['sentence']}")
    timings = evidence.get("timings") or {}
    output.line("timings: " + ", ".join(f"{stage} {ms:.0f} ms" for stage, ms in timings.items()))


# ── attention ──


def check_drawing(settings: Settings, of: str, picture: Path) -> None:
    """Raises Refused for what cannot come to anything, before any model is loaded."""
    if not of.strip():
        raise Refused("--attention draws one draft: name the question")
    if picture.suffix.lower() != ".png":
        raise Refused(f"{picture}: the picture is a PNG, name a file that ends in .png")
    if not picture.parent.is_dir():
        raise Refused(f"{picture}: there is no folder {picture.parent}")
    bootstrap_insight.check_insight(settings)


async def draw_attention(settings: Settings, output: Output, evidence: Mapping[str, Any], picture: Path) -> None:
    """A picture for each question of the message: FILE.png, FILE-2.png … Raises Refused where none can be drawn."""
    drafts = drafts_of(evidence)
    insight = await asyncio.to_thread(bootstrap_insight.make_insight, settings)
    written_by = (evidence.get("models") or {}).get("generator", "")
    if insight.name != written_by:
        raise Refused(
            f"this draft was written by {written_by or 'an unknown model'}, and the generator is {insight.name} now: "
            "where another model looked cannot be told; set BOT_GENERATOR to the one that wrote it"
        )
    source = str(evidence.get("source"))
    became = ONE_OF_SEVERAL if source == "generated" and len(drafts) > 1 else BECAME.get(source, "not sent")
    about = f"Drafted by {written_by}; {became}."
    for n, (prompt, draft) in enumerate(drafts, start=1):
        file = picture if n == 1 else picture.with_stem(f"{picture.stem}-{n}")
        await asyncio.to_thread(_draw, insight, prompt, draft, about, file)
        output.line(f"attention: {file}")


def _draw(insight: Insight, prompt: str, draft: str, about: str, file: Path) -> None:
    png = bootstrap_insight.attention_picture(attention.attended(prompt, insight.looks(prompt, draft)), about)
    try:
        file.write_bytes(png)
    except OSError as error:
        raise Refused(f"{file}: the picture could not be written ({error.strerror})") from None


def drafts_of(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(prompt, draft) of each question for which words were drafted. Raises Refused where there are none."""
    kept = evidence.get("drafts") or [{"prompt": evidence.get("prompt") or "", "draft": evidence.get("draft") or ""}]
    if len(kept) == 1 and kept[0]["prompt"].count(REPLY) > 1:
        raise Refused("of a message with several questions the drafts were kept as one, which cannot be told apart")
    drafts = [(one["prompt"], attention.drafted(one["draft"])) for one in kept]
    if not any(prompt and draft for prompt, draft in drafts):
        raise Refused("nothing was drafted for this reply, so there is no attention to draw")
    return [(prompt, draft) for prompt, draft in drafts if prompt and draft]
