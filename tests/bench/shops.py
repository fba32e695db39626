"""Two dozen small shops and what their customers ask: `python -m tests.bench.shops [SHOP…]`.

Each folder of `tests/bench/shops` is a shop of 8 to 80 entries, as its owner would hand it over, and `questions.jsonl`:
what its pages answer (and where), what only a person can (`handoff`), and what could mean several things (`either`).
All of them were written for this, by writers who had not seen how the bot decides; five shops are Chinese. `needs` are
the sentences of its passage that a right answer cannot do without, `also` those without which it would mislead. Each
shop is ingested into a place of its own; printed is what the bot decides, by language: what is answered and how much of
that from another passage, where it asks "did you mean" and whether the right passage is among those, what it passes on.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from bot import bootstrap, calibrate, dialogue, ingest_commands, metrics, retrieval, shipped
from bot.calibrate import Seen
from bot.content import CsvFormat
from bot.conversation import Author, Event, Kind
from bot.decision import Curves
from bot.dialogue import Ask
from bot.ingest_commands import Wish
from bot.knowledge import Passage, language_of
from bot.output import Output
from bot.ports import Bot
from bot.settings import Settings

SHOPS = Path(__file__).parent / "shops"
FETCHED = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a shop, searched for: what is to be known of it, and what was found."""

    shop: str
    expect: str  # answer | handoff | either
    seen: Seen
    score: float  # as the bot itself weighs it
    known: float


async def searched(settings: Settings, names: Sequence[str] = ()) -> list[Asked]:
    own = settings.model_copy(update={"generator": "none"})
    return [one async for bot, folder in opened(own, names) async for one in _questions(bot, folder)]


async def opened(settings: Settings, names: Sequence[str] = ()) -> AsyncIterator[tuple[Bot, Path]]:
    """Each shop, ingested, with its folder."""
    for folder in sorted(SHOPS.iterdir()):
        if names and folder.name not in names:
            continue
        with bootstrap.temporary_folder() as place:
            own = bootstrap.own_settings(settings, place)
            files = sorted(path for path in folder.iterdir() if path.suffix in (".md", ".csv"))
            with redirect_stdout(StringIO()) as said:
                code = await ingest_commands.run(own, Output(), Wish(files, CsvFormat()))
            if code:
                raise SystemExit(f"{folder}: {said.getvalue()}")
            async with bootstrap.assembled(own) as bot:
                yield bot, folder
        print(f"asked {folder.name}", file=sys.stderr, flush=True)


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def asks_of(row: Mapping[str, Any], at: datetime) -> tuple[Ask, ...]:
    before = [
        Event(n, Kind.MESSAGE, Author.CUSTOMER, at, text=text) for n, text in enumerate(row.get("before", ()), start=1)
    ]
    return dialogue.asks_of(row["text"], before)


def sources(row: Mapping[str, Any], live: Iterable[Passage]) -> list[Passage]:
    """The passages that answer a question. Raises SystemExit where the row names one that is not there."""
    found = [p for p in live if any(_is(p, *source) for source in row["sources"])]
    if row["expect"] == "answer" and not found:
        raise SystemExit(f"{row['id']}: no passage is {row['sources']}")
    return found


async def _questions(bot: Bot, folder: Path) -> AsyncIterator[Asked]:
    """Those that are one question; of several in one message it is not said which passage answers which."""
    live = await bot.store.live_passages()
    for row in rows(folder):
        asks = asks_of(row, bot.now())
        if len(asks) > 1:
            continue
        language = language_of(row["text"])
        found = await retrieval.search(bot, asks[0].question, language=language, k=FETCHED, context=asks[0].context)
        relevant = frozenset(passage.anchor for passage in sources(row, live))
        weighed = retrieval.weigh(bot, found, language)
        for seen in calibrate.seen_in(found, relevant, folder.name, language, "judged"):
            yield Asked(folder.name, row["expect"], seen, weighed.score, weighed.known)


def _is(passage: Passage, document: str, heading: str) -> bool:
    return document in passage.document and heading in (passage.title.rpartition(" › ")[2], *passage.phrasings)


# ── what comes of it ──


@dataclass(frozen=True, slots=True)
class Came:
    """Shares of the questions of one kind."""

    n: int
    answered: float
    offered: float
    passed_on: float
    wrong: float  # answered from a passage that does not
    within_reach: float  # offered, with the passage that answers


def judged(asked: Sequence[Asked], expect: str, curves: Mapping[str, Curves] | None = None) -> Came:
    """By the bot's own figures, or by curves for each shop."""
    rows = [one for one in asked if one.expect == expect]
    answered, offered, wrong, reached = 0, 0, 0, 0
    for one in rows:
        cut = shipped.thresholds(one.seen.language)
        score, known = one.score, one.known
        if curves is not None:
            outcome = calibrate.judged_by(curves[one.shop], one.seen)
            score, known = outcome.score, outcome.known
        if score >= cut.answer:
            answered += 1
            wrong += not one.seen.is_right
        elif known >= cut.suggest:
            offered += 1
            reached += one.seen.is_near
    n = max(1, len(rows))
    return Came(len(rows), answered / n, offered / n, (len(rows) - answered - offered) / n, wrong / n, reached / n)


def table(asked: Sequence[Asked], curves: Mapping[str, Curves] | None = None) -> Iterator[str]:
    yield "| asked | questions | answered | of them wrong | offered | the answer among these | passed on |"
    yield "|---|---|---|---|---|---|---|"
    for expect in ("answer", "either", "handoff"):
        came = judged(asked, expect, curves)
        wrong = came.wrong / came.answered if came.answered else 0.0
        among = came.within_reach / came.offered if came.offered else 0.0
        yield (
            f"| {expect} | {came.n} | {came.answered:.2f} | {wrong:.2f} | {came.offered:.2f} | {among:.2f} | "
            f"{came.passed_on:.2f} |"
        )


def auroc(asked: Sequence[Asked]) -> str:
    right = [one.score for one in asked if one.seen.is_right]
    wrong = [one.score for one in asked if not one.seen.is_right]
    known = [one.known for one in asked if one.expect != "handoff"]
    unknown = [one.known for one in asked if one.expect == "handoff"]
    return f"AUROC right {metrics.auroc(right, wrong) or 0:.3f}, known {metrics.auroc(known, unknown) or 0:.3f}"


def main() -> None:
    asked = asyncio.run(searched(Settings(), sys.argv[1:]))
    for language in ("en", "zh"):
        rows = [one for one in asked if one.seen.language == language]
        if rows:
            print(f"\n{language}: {len({one.shop for one in rows})} shops, {auroc(rows)}", *table(rows), sep="\n")


if __name__ == "__main__":
    main()
