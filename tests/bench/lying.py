"""A generator that lies, behind the real pipeline: `python -m tests.bench.lying [--questions 300] [--words]`.

Ingests the sample shop into a folder of its own, asks its judged questions, prints what became of the lies: how many
the guard let pass, and how many a customer would have read. With `--words` passages are found by hashed words
instead of the embedder, which takes seconds.
"""

import argparse
import asyncio
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot import bootstrap, bootstrap_content, grounding, reply
from bot.dialogue import Policy, Thresholds
from bot.indexes import Reading
from bot.ingest import ingest
from bot.ports import Bot, Embedder
from bot.reply import Outcome
from bot.settings import Settings
from tests.lying import Liar, Lie, Slip, judged

ROOT = Path(__file__).parents[2]
# Everything is answered, several passages are shown and each question gets three drafts: more occasions to lie.
EAGER = Policy(
    Thresholds(-1, -1), Thresholds(-1, -1), passages=3, closeness=0.3, drafts=3, insists=frozenset({"en", "zh"})
)


class HashedWords:
    """An embedder without a model: each word, and each pair of ideographs, has a place of its own, more or less."""

    name, dimension, languages = "hashed-words", 256, frozenset({"en", "zh"})

    def embed(
        self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None
    ) -> list[list[float]]:
        return [self._vector(text) for text in texts]

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        return Reading(self.embed(texts, is_query=is_query, progress=progress), [()] * len(texts))

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self.dimension
        for word in re.findall(r"[a-z]{3,}|(?=([\u3400-\u9fff]{2}))", text.lower()):
            vector[int(hashlib.sha256(word.encode()).hexdigest()[:8], 16) % self.dimension] += 1.0
        norm = sum(one * one for one in vector) ** 0.5 or 1.0
        return [one / norm for one in vector]


@dataclass
class Trial:
    """What became of the lies."""

    liar: Liar
    outcomes: list[Outcome] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)
    passed: list[Lie] = field(default_factory=list)  # the guard alone would have let them through

    def table(self) -> Iterator[str]:
        yield "| lie | told | passed the guard | reached the customer |\n|---|---|---|---|"
        for kind in sorted({lie.kind for lie in self.liar.lies}):
            told, passed, sent = (
                sum(one.kind == kind for one in ones) for ones in (self.liar.lies, self.passed, self.slips)
            )
            yield f"| {kind} | {told} | {passed} | {sent} |"
        yield f"| all | {len(self.liar.lies)} | {len(self.passed)} | {len(self.slips)} |"
        sources = [outcome.source for outcome in self.outcomes]
        counted = ", ".join(f"{sources.count(source)} {source}" for source in sorted(set(sources)))
        yield f"\n{len(self.outcomes)} questions, {self.liar.n_drafts} drafts; replies: {counted}"


async def trial(settings: Settings, n: int, embedder: Embedder | None = None) -> Trial:
    liar = Liar()
    await bootstrap.migrated(settings)
    async with bootstrap.assembled(settings, embedder=embedder, generator=liar) as assembled:
        bot = replace(assembled, policy=EAGER)
        with bootstrap_content.make_sandbox() as sandbox:
            content = bootstrap_content.found_files(settings, [ROOT / "knowledge_base"], [], sandbox)
            await ingest(bot, content.files, content.scopes, parse=sandbox.parsed)
        found = Trial(liar)
        for question in questions(n):
            await _ask(bot, question, found)
    return found


def questions(n: int) -> list[str]:
    lines = (ROOT / "knowledge_base" / "judged" / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in random.Random(11).sample(lines, n)]


async def _ask(bot: Bot, question: str, found: Trial) -> None:
    begun = len(found.liar.lies)
    outcome = await reply.ask(bot, question)
    lies = found.liar.lies[begun:]
    found.outcomes.append(outcome)
    found.slips += judged(outcome, lies, [f"{one.title}\n{one.text}" for one in outcome.citations])
    found.passed += [lie for lie in lies if grounding.check(lie.said, lie.passages, lie.question).is_carried]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lying")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--words", action="store_true")
    chosen = parser.parse_args()
    with bootstrap.temporary_folder() as place:
        settings = bootstrap.own_settings(Settings(), place)
        found = asyncio.run(trial(settings, chosen.questions, HashedWords() if chosen.words else None))
    print("\n".join(found.table()))
    for lie in found.passed:
        print(f"passed the guard: {lie.kind} | {lie.said} | instead of: {lie.instead_of}")
    for slip in found.slips:
        print(f"REACHED THE CUSTOMER: {slip.kind} | {slip.sent} | instead of: {slip.instead_of} | {slip.question}")


if __name__ == "__main__":
    main()
