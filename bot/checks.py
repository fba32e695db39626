"""`bot kb lint`, `bot kb expiring`: the live content looked through. Nothing is embedded anew, nothing is changed."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from bot import duplicates, validity
from bot.duplicates import Near
from bot.knowledge import Passage, Piece, script_of, windows
from bot.lint import MOST_WORDS, Finding, in_order, passage_findings
from bot.ports import Bot
from bot.validity import Expiring

NEAR_ASKED, NEAR_SAID = 0.6, 0.65  # cosines; farther apart two passages may agree on a subject by chance
NEIGHBOURS = 12  # of one passage that are compared with it

Progress = Callable[[str, int, int], None]  # stage, done, total
Step = Callable[[int, int], None]


class NearPairs(Protocol):
    """Finds the rows that lie near each other: (row, later row, cosine). Blocks."""

    def __call__(
        self, vectors: Sequence[Any], floor: float, most: int, progress: Step = ...
    ) -> list[tuple[int, int, float]]: ...


@dataclass(frozen=True, slots=True)
class Linted:
    """`compared` of the `passages` have vectors, and so were compared with their neighbours by meaning."""

    findings: tuple[Finding, ...]
    passages: int
    compared: int

    @property
    def must(self) -> int:
        return sum(not one.is_hint for one in self.findings)


def _silent(stage: str, done: int, total: int) -> None:
    pass


async def lint(
    bot: Bot, near_pairs: NearPairs, *, most_words: int = MOST_WORDS, progress: Progress = _silent
) -> Linted:
    """Everything that is wrong with the live passages."""
    passages = sorted(await bot.store.live_passages(), key=lambda one: (one.document, one.position))
    documents = [document.key for document in await bot.store.documents()]
    near, compared = await _near(bot, passages, near_pairs, progress)
    now = bot.now().astimezone(bot.house.hours.zone)

    def look() -> list[Finding]:
        return in_order(_all(passages, near, partial(passage_findings, passages, now, most_words=most_words,
                                                     documents=documents), progress))  # fmt: skip

    return Linted(tuple(await bot.run(look)), len(passages), compared)


def _all(
    passages: Sequence[Passage],
    near: Sequence[Near],
    of_each: Callable[..., Iterator[Finding]],
    progress: Progress,
) -> Iterator[Finding]:
    yield from of_each(progress=partial(progress, "reading"))
    yield from duplicates.pair_findings(passages, near, partial(progress, "comparing"))


async def expiring(bot: Bot, days: int) -> list[Expiring]:
    now = bot.now().astimezone(bot.house.hours.zone)
    return validity.expiring(await bot.store.live_passages(), now, days)


# ── neighbours by meaning ──


async def _near(
    bot: Bot, passages: Sequence[Passage], near_pairs: NearPairs, progress: Progress
) -> tuple[list[Near], int]:
    """Within one language only: vectors of two languages need not mean the same. Titles and first words of the texts
    are compared apart, so that two ways to ask one thing are seen as near whatever they are answered."""
    asked: dict[tuple[int, int], float] = {}
    said: dict[tuple[int, int], float] = {}
    compared = set[int]()
    for own in _by_language(passages):
        for pairs, text, floor in ((asked, titled, NEAR_ASKED), (said, opening, NEAR_SAID)):
            held = await bot.run(_held, bot, passages, own, text)
            compared.update(row for row, _ in held)
            rows = [vector for _, vector in held]
            found = await bot.run(near_pairs, rows, floor, NEIGHBOURS, partial(progress, "neighbours"))
            pairs |= {(held[a][0], held[b][0]): cosine for a, b, cosine in found}
    both = sorted({*asked, *said})
    near = [Near(passages[a], passages[b], asked.get((a, b), 0.0), said.get((a, b), 0.0)) for a, b in both]
    return near, len(compared)


def _by_language(passages: Sequence[Passage]) -> Iterator[list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, passage in enumerate(passages):
        rows[script_of(passage.language)].append(row)
    yield from rows.values()


def titled(passage: Passage) -> str:
    return passage.title


def opening(passage: Passage) -> str:
    return next(windows(passage.text), passage.title)


def _held(
    bot: Bot, passages: Sequence[Passage], rows: Sequence[int], text: Callable[[Passage], str]
) -> list[tuple[int, Any]]:
    pieces = [(row, Piece(passages[row].id, text(passages[row]))) for row in rows]
    vectors = bot.indexes.vectors([piece for _, piece in pieces])
    return [(row, vectors[piece.id]) for row, piece in pieces if piece.id in vectors]
