"""The publish gate: what a change loses is known before it is made."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bot import gate
from bot.evaluate import Ranked
from bot.gate import Came, Moved, Verdict, came, with_candidate
from bot.ingest import Gate, Report, publish
from bot.judged import Query
from bot.planning import Scope, plan
from bot.ports import Bot
from tests.fakes import FakeIndexes, fake_bot
from tests.unit.test_ingest import FAQ, OTHER, SCOPE, File, take, titles

RETURN = Query("q1", "How do I return a lamp?", language="en", relevant={"faqs/a.md#how-do-i-return-a-lamp": 1})
DELIVERY = Query(
    "q2", "How long does delivery take?", language="en", relevant={"faqs/a.md#how-long-does-delivery-take": 1}
)
NOBODY = Query("q3", "Do you repair bicycles?", language="en")
QUERIES = (RETURN, DELIVERY, NOBODY)


def ranked(query: Query, decision: str, *ids: str) -> Ranked:
    return Ranked(query, ids, (0.5,) * len(ids), 0.5, 0.5, decision)


ANCHOR = next(iter(RETURN.relevant))


@pytest.mark.parametrize(
    ("one", "how"),
    [
        (ranked(RETURN, "answer", ANCHOR), Came.RIGHT),
        (ranked(RETURN, "answer", "b", ANCHOR), Came.WRONG),
        (ranked(RETURN, "clarify", "b", ANCHOR), Came.OFFERED),
        (ranked(RETURN, "clarify", "b", "c", "d", ANCHOR), Came.PASSED_ON),
        (ranked(RETURN, "handoff"), Came.PASSED_ON),
        (ranked(NOBODY, "answer", "b"), Came.WRONG),
        (ranked(NOBODY, "clarify", "b"), Came.PASSED_ON),
        (ranked(NOBODY, "handoff", "b"), Came.PASSED_ON),
    ],
)
def test_a_question_comes_out_in_one_of_four_ways(one: Ranked, how: Came) -> None:
    assert came(one) is how


@pytest.mark.parametrize(
    ("before", "after", "is_lost"),
    [
        (Came.RIGHT, Came.WRONG, True),
        (Came.RIGHT, Came.PASSED_ON, True),
        (Came.RIGHT, Came.OFFERED, False),
        (Came.OFFERED, Came.WRONG, True),
        (Came.OFFERED, Came.PASSED_ON, False),
        (Came.PASSED_ON, Came.WRONG, True),
    ],
)
def test_what_was_answered_and_would_not_be_offered_is_lost_and_so_is_a_new_wrong_answer(
    before: Came, after: Came, is_lost: bool
) -> None:
    assert Moved(RETURN, before, after).is_lost is is_lost


@pytest.mark.parametrize(
    ("error_before", "error_after", "limit", "refuses"),
    [(0.1, 0.2, 0.15, True), (0.2, 0.2, 0.15, False), (0.1, 0.14, 0.15, False), (0.1, 0.9, None, False)],
)
def test_more_errors_than_the_owner_allows_are_refused_if_they_are_new(
    error_before: float, error_after: float, limit: float | None, refuses: bool
) -> None:
    assert Verdict(9, (), (), error_before, error_after, 0.5, 0.5, limit).refuses is refuses


# ── through an ingest ──


async def gated(bot: Bot, *files: File, reason: str = "", queries: Sequence[Query] = QUERIES) -> Report:
    return await publish(bot, await plan(bot.store, files, [SCOPE]), passing=Gate(queries, reason=reason), by="ana")


def names(bot: Bot) -> Mapping[str, Any]:
    return bot.store.published  # type: ignore[attr-defined, no-any-return]


async def stocked() -> Bot:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ))
    return bot


async def test_a_change_that_loses_an_answer_is_refused_and_changes_nothing() -> None:
    bot = await stocked()
    before = (await bot.run(bot.indexes.current)).manifest
    report = await gated(bot, File("faqs/a.md", OTHER))
    assert report.is_refused
    assert report.verdict is not None
    assert [moved.query for moved in report.verdict.lost] == [RETURN, DELIVERY]
    assert await titles(bot) == ["How do I return a lamp?", "How long does delivery take?"]
    assert (await bot.run(bot.indexes.current)).manifest == before
    assert list(names(bot)) == [before.generation]
    assert isinstance(bot.indexes, FakeIndexes)


async def test_with_a_reason_it_is_published_all_the_same_and_the_reason_is_kept() -> None:
    bot = await stocked()
    report = await gated(bot, File("faqs/a.md", OTHER), reason="we sell no lamps any more")
    assert not report.is_refused
    assert await titles(bot) == ["Do you sell gift cards?"]
    assert report.manifest is not None
    published = names(bot)[report.manifest.generation]
    assert (published.action, published.reason, published.by) == ("forced", "we sell no lamps any more", "ana")


async def test_a_change_that_loses_nothing_is_published_and_is_the_candidate_that_was_judged() -> None:
    bot = await stocked()
    report = await gated(bot, File("faqs/a.md", FAQ), File("faqs/b.md", OTHER))
    assert report.verdict is not None
    assert not report.verdict.refuses
    assert len(await titles(bot)) == 3
    live = (await bot.run(bot.indexes.current)).manifest
    assert report.manifest == live
    assert names(bot)[live.generation].action == "publish"
    assert len(names(bot)) == 2, "built once"


async def test_the_first_publication_has_nothing_to_lose_and_asks_nothing() -> None:
    bot = fake_bot()
    report = await gated(bot, File("faqs/a.md", OTHER))
    assert report.verdict is None
    assert await titles(bot) == ["Do you sell gift cards?"]


async def test_what_somebody_publishes_while_it_is_judged_is_not_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    bot = await stocked()
    judge = gate.judge

    async def overtaken(*arguments: Any) -> Verdict:
        await take(
            bot, File("more/c.md", "## Do you ship abroad?\n\nTo all of Europe.\n", "more"), scopes=[Scope("more")]
        )
        return await judge(*arguments)

    monkeypatch.setattr(gate, "judge", overtaken)
    await gated(bot, File("faqs/a.md", FAQ), File("faqs/b.md", OTHER))
    assert "Do you ship abroad?" in await titles(bot)
    assert (await bot.run(bot.indexes.current)).manifest.passages == 4


async def test_a_bot_over_a_candidate_reads_what_would_be_and_leaves_what_is() -> None:
    bot = await stocked()
    planned = await plan(bot.store, [File("faqs/a.md", FAQ.replace("30 days", "14 days"))], [SCOPE])
    then = with_candidate(bot, await bot.run(bot.indexes.current), planned)
    (old,), (new,) = planned.removed, planned.added
    assert list(await then.store.passages([old.id, new.id])) == [new.id]
    assert list(await bot.store.passages([old.id, new.id])) == [old.id]
