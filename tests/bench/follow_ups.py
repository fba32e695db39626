"""Follow-ups: `python -m tests.bench.follow_ups [DIR]`, DIR holding the public development sets.

Prints, for each way of searching for a message with a history, how often the first passage answers: on follow-ups
(judged ones of the sample shop; fresh ones in two halves, of which the weights saw only the first; DSTC11; CAsT, whose
"passages" are the questions as people rewrote them), and on questions that stand by themselves, with somebody else's
conversation put before them.
"""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot import bootstrap, bootstrap_content, dialogue, evaluate, ingest, judged, metrics, retrieval, smalltalk
from bot.follow_up import NOTHING, Context
from bot.judged import Query, Said
from bot.knowledge import Document, Passage, language_of
from bot.ports import Bot
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "unit" / "data"
MOST = 300  # questions of one set
Searched = tuple[str, Context]
Way = Callable[["Case"], Searched]


@dataclass(frozen=True, slots=True)
class Case:
    """A judged message with its history, and what it means when spelt out by hand."""

    query: Query
    rewrite: str

    @property
    def asked(self) -> list[str]:
        return [said.text for said in self.query.history if said.is_customer]


Sets = dict[str, list[Case]]


# ── ways of searching ──


def _by_rules(case: Case) -> Searched:
    """A message that is elliptical by a list of rules is searched with the question before it."""
    text = smalltalk.without_pleasantries(case.query.text)
    return (f"{case.asked[-1]} {text}" if case.asked and smalltalk.is_elliptical(text) else text), NOTHING


def _as_built(case: Case) -> Searched:
    """The part of the message that a conversation would search for first."""
    history = case.query.history
    ask = dialogue.asks_of(case.query.text, evaluate.earlier(history, datetime.now(UTC)))[0]
    return ask.question, ask.context


WAYS: dict[str, Way] = {
    "rewritten by hand": lambda case: (case.rewrite, NOTHING),
    "last turn alone": lambda case: (case.query.text, NOTHING),
    "last question in front": lambda case: (" ".join([*case.asked[-1:], case.query.text]), NOTHING),
    "last two turns in front": lambda case: (
        " ".join([*(said.text for said in case.query.history[-2:]), case.query.text]),
        NOTHING,
    ),
    "last question, by rules": _by_rules,
    "as built": _as_built,
}


async def _is_first(bot: Bot, case: Case, way: Way) -> float:
    text, context = way(case)
    found = await retrieval.search(bot, text, language=language_of(case.query.text), context=context)
    return float(bool(found.hits) and found.hits[0].passage.anchor in case.query.relevant)


async def measured(bot: Bot, sets: Sets) -> dict[str, dict[str, float]]:
    """Set → way → share of messages whose first passage answers."""
    return {
        name: {way: metrics.average([await _is_first(bot, case, WAYS[way]) for case in cases]) for way in WAYS}
        for name, cases in sets.items()
    }


# ── the sample shop ──


def sample_sets() -> Sets:
    folder = ROOT / "knowledge_base" / "judged"
    relevant = judged.qrels((folder / "qrels.tsv").read_text(encoding="utf-8"))
    queries = judged.queries((folder / "queries.jsonl").read_text(encoding="utf-8"), relevant)
    rewrites = json.loads((DATA / "follow_up_rewrites.json").read_text(encoding="utf-8"))
    sets: Sets = {}
    for language in ("en", "zh"):
        own = [query for query in queries if query.language == language]
        sets[f"judged, {language}"] = [Case(query, rewrites[query.id]) for query in own if query.id in rewrites]
        for half in ("tune", "report"):
            sets[f"fresh, {language}, {half}"] = _fresh(language, half, True)
        sets[f"new topic, {language}"] = [*_fresh(language, "tune", False), *_fresh(language, "report", False)]
        standing = [query for query in own if query.relevant and not query.history]
        sets[f"strangers, {language}"] = after_strangers(standing)
    return sets


def _fresh(language: str, half: str, leans: bool) -> list[Case]:
    rows = [json.loads(line) for line in (DATA / "follow_ups.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        Case(_query(row, row["history"], row["relevant"]), row["rewrite"])
        for row in rows
        if (row["language"], row["half"], row["_id"][0] in "fz") == (language, half, leans)
    ]


def _query(row: dict[str, Any], history: Sequence[dict[str, str]], relevant: Sequence[str]) -> Query:
    said = judged.history([{"role": one["role"], "text": one["text"]} for one in history], "follow_ups")
    return Query(str(row.get("_id", "")), row.get("text") or row["question"], said, dict.fromkeys(relevant, 1))


def after_strangers(queries: Sequence[Query]) -> list[Case]:
    """Each question with another's before it, and a reply to that one."""
    draw = random.Random(5)
    cases = []
    for query in draw.sample(list(queries), min(MOST, len(queries))):
        other = draw.choice([one for one in queries if not one.relevant.keys() & query.relevant.keys()])
        history = (Said(True, other.text), Said(False, f"You find that under {next(iter(other.relevant))}."))
        cases.append(Case(replace(query, history=history), query.text))
    return cases


# ── public sets ──


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def stackfaq(folder: Path) -> tuple[list[Passage], Sets]:
    rows = _lines(folder / "faq_stackfaq.docs.jsonl")
    asked = _lines(folder / "faq_stackfaq.queries.jsonl")
    queries = [
        Query(str(n), row["query"], relevant=dict.fromkeys(row["positive_ids"], 1)) for n, row in enumerate(asked)
    ]
    passages = [Passage(row["id"], row["id"], row["question"], row["answer"], "en") for row in rows]
    told = {row["id"]: row["answer"] for row in rows}
    return passages, {"StackFAQ after strangers": [_with_answer(case, told) for case in after_strangers(queries)]}


def _with_answer(case: Case, told: dict[str, str]) -> Case:
    asked, pointed = case.query.history
    answer = next((text for id, text in told.items() if id in pointed.text), "")
    return replace(case, query=replace(case.query, history=(asked, Said(False, answer))))


def dstc11(folder: Path) -> tuple[list[Passage], Sets]:
    """Turns that an FAQ of a hotel or restaurant answers; which of 143 houses is meant, only the history says."""
    rows = _lines(folder / "faq_dstc11.docs.jsonl")
    passages = [Passage(r["id"], r["id"], f"{r['entity'].title()}: {r['question']}", r["answer"], "en") for r in rows]
    ids = {f"{row['entity']} FAQ: {row['question']} {row['answer']}": row["id"] for row in rows}
    cases = []
    for row in _lines(folder / "grounded_dstc11_val.jsonl"):
        if relevant := [ids[passage] for passage in row["passages"] if passage in ids]:
            cases.append(Case(_query(row, row["history"], relevant), row["question"]))
    return passages, {"DSTC11": cases}


def cast(folder: Path) -> tuple[list[Passage], Sets]:
    rows = _lines(folder / "rewrite_cast.jsonl")
    ids = {row["rewrite"]: f"cast-{n}" for n, row in enumerate(rows)}
    passages = [Passage(id, id, rewrite, "", "en") for rewrite, id in ids.items()]
    cases = [
        Case(_query(row, row["history"], [ids[row["rewrite"]]]), row["rewrite"])
        for row in rows
        if row["history"] and row["question"].strip() != row["rewrite"].strip()
    ]
    return passages, {"CAsT": random.Random(5).sample(cases, MOST)}


# ── running ──


async def _ingested(bot: Bot) -> None:
    with bootstrap_content.make_sandbox() as sandbox:
        found = bootstrap_content.found_files(Settings(), [ROOT / "knowledge_base"], [], sandbox)
        await ingest.ingest(bot, found.files, found.scopes, parse=sandbox.parsed)


async def _indexed(passages: Sequence[Passage], bot: Bot) -> None:
    documents = [Document(p.document, p.title, "faq", "en", p.text, p.document) for p in passages]
    await bot.store.apply(documents, passages, (), bot.now())
    await ingest.rebuild(bot)


async def _in_a_new_place(embedder: Any, fill: Callable[[Bot], Awaitable[None]], sets: Sets) -> None:
    with bootstrap.temporary_folder() as place:
        settings = bootstrap.own_settings(Settings(), place, generator="none")
        await bootstrap.migrated(settings)
        async with bootstrap.assembled(settings, embedder=embedder) as bot:
            await fill(bot)
            show(sets, await measured(bot, sets))


def show(sets: Sets, figures: dict[str, dict[str, float]]) -> None:
    for name, shares in figures.items():
        print(f"\n{name} ({len(sets[name])})")
        for way, share in shares.items():
            print(f"  {way:<26} {share:.3f}", flush=True)


def _public(folder: Path) -> Iterator[tuple[list[Passage], Sets]]:
    yield stackfaq(folder)
    yield cast(folder)
    yield dstc11(folder)


async def main() -> None:
    embedder = await asyncio.to_thread(
        bootstrap.make_embedder, Settings().model_copy(update={"embedder": "multilingual"})
    )
    await _in_a_new_place(embedder, _ingested, sample_sets())
    for folder in map(Path, sys.argv[1:]):
        for passages, sets in _public(folder):
            await _in_a_new_place(embedder, partial(_indexed, passages), sets)


if __name__ == "__main__":
    asyncio.run(main())
