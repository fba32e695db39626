"""What a change would make disagree: the passages that come, against all that would be live then.

The findings are those of `bot kb lint`, in its words. Nothing is changed; what is embedded for it is put by, so that
the ingest itself need not embed it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bot import duplicates, indexing, retrieval
from bot.checks import NEAR_ASKED, NEAR_SAID, NEIGHBOURS, NearPairs, opening, titled
from bot.disagreements import has_numbers
from bot.duplicates import Near, question_keys
from bot.errors import IndexDamaged, IndexMismatch, NoIndex, Unavailable
from bot.indexes import Retriever
from bot.indexing import Progress, silent
from bot.knowledge import Passage, Piece, script_of
from bot.lint import Finding, in_order
from bot.planning import Planned
from bot.ports import Bot, Store

MOST = 2_000  # passages that come and are compared by meaning; more of them are left to `bot kb lint`


@dataclass(frozen=True, slots=True)
class Conflicts:
    """`left_out` passages hold numbers and were not compared by meaning."""

    findings: tuple[Finding, ...] = ()
    left_out: int = 0


async def conflicts(bot: Bot, planned: Planned, near_pairs: NearPairs, progress: Progress = silent) -> Conflicts:
    """Loads the index; embeds what of `planned` no generation knows, if it is not too much."""
    if not planned.added:
        return Conflicts()
    passages = await staying(bot.store, planned)
    if not may_disagree(passages, planned):
        found: Conflicts = await bot.run(without_meaning, passages, planned)
        return found
    near, left_out = await near_those_that_come(bot, planned, passages, near_pairs, progress)
    return Conflicts(tuple(await bot.run(among, passages, planned, near)), left_out)


def may_disagree(passages: Sequence[Passage], planned: Planned) -> bool:
    """Whether it is worth loading a model for: there are two with numbers, and not too many to be compared."""
    others = (passage for passage in passages if has_numbers(passage.text))
    return 0 < len(numbered(planned)) <= MOST and len(list(islice(others, 2))) == 2


def without_meaning(passages: Sequence[Passage], planned: Planned) -> Conflicts:
    """What can be told without a model: questions asked twice, word for word. Blocks."""
    n = len(numbered(planned))
    return Conflicts(tuple(among(passages, planned)), n if n > MOST else 0)


async def staying(store: Store, planned: Planned) -> list[Passage]:
    """All passages that would be live: those that come at the end."""
    other = {passage.id for passage in (*planned.removed, *planned.added)}
    return [*(one for one in await store.live_passages() if one.id not in other), *planned.added]


def among(passages: Sequence[Passage], planned: Planned, near: Sequence[Near] = ()) -> list[Finding]:
    """`passages` are all there would be. Without `near`, questions that are asked twice are still compared."""
    fresh = {passage.id for passage in planned.added}
    keys = {key for passage in planned.added for key in question_keys(passage)}
    alike = [one for one in passages if one.id in fresh or not keys.isdisjoint(question_keys(one))]
    found = duplicates.pair_findings(alike, near)
    return in_order(one for one in found if one.code == "conflict" and not fresh.isdisjoint(one.passages))


# ── by meaning ──


def numbered(planned: Planned) -> list[Passage]:
    """Those of what comes that can have other numbers than somebody else."""
    return [passage for passage in planned.added if has_numbers(passage.text)]


async def near_those_that_come(
    bot: Bot, planned: Planned, passages: Sequence[Passage], near_pairs: NearPairs, progress: Progress = silent
) -> tuple[list[Near], int]:
    """What lies near the passages that come, and how many of them could not be compared."""
    coming = [passage for passage in numbered(planned) if retrieval.reads(bot, passage.language)]
    left_out = len(numbered(planned)) - len(coming)
    if not coming:
        return [], left_out
    try:
        await _embedded(bot, coming, progress)
    except Unavailable:  # a server that embeds, and does not answer now: nobody waits for it to look at a difference
        return [], left_out + len(coming)
    there = {passage.id: passage for passage in passages}
    dense = await bot.run(_dense, bot)
    near = await bot.run(_near, bot, dense, coming, there, near_pairs)
    is_all = dense is not None or len(passages) == len(planned.added)
    return near, left_out if is_all else left_out + len(coming)


async def _embedded(bot: Bot, passages: Sequence[Passage], progress: Progress) -> None:
    wanted = {piece.id: piece for passage in passages for piece in _pieces(passage)}
    every = tuple(wanted.values())
    vectors, words = await bot.run(bot.indexes.vectors, every), await bot.run(bot.indexes.words, every)
    missing = [piece for id, piece in wanted.items() if id not in vectors or id not in words]
    await indexing.embed(bot, missing, progress)


def _pieces(passage: Passage) -> tuple[Piece, Piece]:
    return Piece(passage.id, titled(passage)), Piece(passage.id, opening(passage))


def _dense(bot: Bot) -> Retriever | None:
    try:
        return bot.indexes.current().dense
    except (NoIndex, IndexMismatch, IndexDamaged):
        return None


def _near(
    bot: Bot, dense: Retriever | None, coming: Sequence[Passage], there: Mapping[str, Passage], near_pairs: NearPairs
) -> list[Near]:
    """Each with what the index finds near it, and with the others that come. Blocks."""
    own = bot.indexes.vectors([piece for passage in coming for piece in _pieces(passage)])
    beside = {passage.id: _beside(dense, passage, own, there) for passage in coming}
    involved = {one.id: one for one in (*coming, *(other for some in beside.values() for other in some))}
    vectors = bot.indexes.vectors([piece for passage in involved.values() for piece in _pieces(passage)])
    asked, said = dict[frozenset[str], float](), dict[frozenset[str], float]()
    for pairs, place, floor in ((asked, 0, NEAR_ASKED), (said, 1, NEAR_SAID)):
        held = {id: vectors[ref] for id, one in involved.items() if (ref := _pieces(one)[place].id) in vectors}
        for group in (*([one, *beside[one.id]] for one in coming), *_by_script(coming)):
            ids = [one.id for one in group if one.id in held]
            found = near_pairs([held[id] for id in ids], floor, NEIGHBOURS)
            pairs |= {frozenset((ids[a], ids[b])): cosine for a, b, cosine in found}
    fresh = {passage.id for passage in coming}
    both = [pair for pair in dict.fromkeys((*asked, *said)) if pair & fresh]
    return [_pair([involved[id] for id in sorted(pair)], asked.get(pair, 0.0), said.get(pair, 0.0)) for pair in both]


def _pair(passages: Sequence[Passage], asked: float, said: float) -> Near:
    return Near(passages[0], passages[1], asked, said)


def _beside(
    dense: Retriever | None, passage: Passage, vectors: Mapping[int, Any], there: Mapping[str, Passage]
) -> list[Passage]:
    """What of the live index would stay and is nearest to its question, or to its text, in its language."""
    if dense is None:
        return []
    asked = [vectors[piece.id] for piece in _pieces(passage) if piece.id in vectors]
    found = dict.fromkeys(id for vector in asked for id, _ in dense.search("", [vector], NEIGHBOURS))
    others = [there[id] for id in found if id in there and id != passage.id]
    return [other for other in others if script_of(other.language) == script_of(passage.language)]


def _by_script(passages: Iterable[Passage]) -> list[list[Passage]]:
    groups: dict[str, list[Passage]] = {}
    for passage in passages:
        groups.setdefault(script_of(passage.language), []).append(passage)
    return list(groups.values())
