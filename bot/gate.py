"""The publish gate: the shop's judged questions, asked to what is live and to what would be, before anything changes.

Each question comes out in one of four ways, worst first: answered from a page that does not answer it; passed on; its
answer offered; answered. What was answered and would not even be offered is lost, and so is what was not answered
wrongly and would be.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from bot import evaluate
from bot.errors import NoIndex
from bot.evaluate import Ranked
from bot.indexes import Index
from bot.judged import Query
from bot.knowledge import Passage
from bot.planning import Planned
from bot.ports import Bot, Store

OFFERED = 3  # near questions a customer is shown
RISES = 1e-9

Progress = Callable[[int, int], None]


class Came(IntEnum):
    """How a judged question comes out."""

    WRONG = 0
    PASSED_ON = 1
    OFFERED = 2
    RIGHT = 3


@dataclass(frozen=True, slots=True)
class Moved:
    """A question that comes out another way."""

    query: Query
    before: Came
    after: Came
    instead: str = ""  # the anchor that stands first now

    @property
    def is_lost(self) -> bool:
        return self.after is Came.WRONG or (self.before is Came.RIGHT and self.after is Came.PASSED_ON)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`error` is the share of answers that are wrong; `max_error` the owner's limit, where there is one."""

    n_queries: int
    better: tuple[Moved, ...]
    worse: tuple[Moved, ...]
    error_before: float
    error_after: float
    answered_before: float
    answered_after: float
    max_error: float | None = None

    @property
    def lost(self) -> tuple[Moved, ...]:
        return tuple(one for one in self.worse if one.is_lost)

    @property
    def is_over(self) -> bool:
        rises = self.error_after > self.error_before + RISES
        return self.max_error is not None and rises and self.error_after > self.max_error

    @property
    def refuses(self) -> bool:
        return bool(self.lost) or self.is_over


async def judge(
    before: Bot, after: Bot, queries: Sequence[Query], max_error: float | None = None,
    progress: Progress = lambda done, total: None,
) -> Verdict:  # fmt: skip
    """Raises what a search raises, but for a knowledge base that has no index yet: there nothing is lost."""
    total = 2 * len(queries)
    try:
        old = await evaluate.judge(before, queries, lambda done, _: progress(done, total))
    except NoIndex:
        old = [Ranked(query, (), (), 0.0, 0.0, "handoff") for query in queries]
    new = await evaluate.judge(after, queries, lambda done, _: progress(len(queries) + done, total))
    moved = [_moved(one, other) for one, other in zip(old, new, strict=True) if came(one) is not came(other)]
    better = tuple(one for one in moved if one.after > one.before)
    worse = tuple(sorted((one for one in moved if one.after < one.before), key=lambda one: not one.is_lost))
    return Verdict(len(queries), better, worse, _error(old), _error(new), _answered(old), _answered(new), max_error)


def came(ranked: Ranked) -> Came:
    if ranked.decision == "answer":
        return Came.RIGHT if ranked.is_right else Came.WRONG
    is_near = any(id in ranked.query.relevant for id in ranked.ids[:OFFERED])
    # Nothing answers it: to offer near questions is as good as passing it on.
    return Came.OFFERED if ranked.decision == "clarify" and is_near else Came.PASSED_ON


def _moved(old: Ranked, new: Ranked) -> Moved:
    return Moved(new.query, came(old), came(new), new.ids[0] if new.ids else "")


def _error(ranked: Sequence[Ranked]) -> float:
    answered = [one for one in ranked if one.decision == "answer"]
    return sum(not one.is_right for one in answered) / len(answered) if answered else 0.0


def _answered(ranked: Sequence[Ranked]) -> float:
    return sum(one.decision == "answer" for one in ranked) / len(ranked) if ranked else 0.0


# ── a bot over what would be ──


def with_candidate(bot: Bot, index: Index, planned: Planned) -> Bot:
    """The same bot, as if the plan had been carried out. It must not change anything."""
    store: Any = _Then(bot.store, planned)
    indexes: Any = _Candidate(bot.indexes, index)
    return replace(bot, store=store, indexes=indexes)


class _Then:
    """A store in which a plan was carried out, for reading."""

    def __init__(self, store: Store, planned: Planned) -> None:
        self._store = store
        self._gone = {passage.id for passage in planned.removed}
        self._new = {passage.id: passage for passage in (*planned.added, *planned.updated)}

    async def passages(self, ids: Sequence[str]) -> Mapping[str, Passage]:
        wanted = tuple(ids)
        live = await self._store.passages(id for id in wanted if id not in self._gone and id not in self._new)
        return {**live, **{id: self._new[id] for id in wanted if id in self._new}}


class _Candidate:
    """Indexes of which a candidate is the current one, for reading."""

    def __init__(self, indexes: Any, index: Index) -> None:
        self._indexes = indexes
        self._index = index

    def current(self) -> Index:
        return self._index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._indexes, name)
