"""What a change would make disagree: what comes against all that stays, in the words of `bot kb lint`."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot import checks, conflicts, ingest
from bot.conflicts import Conflicts
from bot.errors import IndexDamaged, Unavailable
from bot.knowledge import Passage
from bot.planning import Planned
from bot.ports import Bot
from tests.fakes import DELIVERY, FakeEmbedder, document, fake_bot, passage, stock
from tests.unit.test_checks import FAQ, POLICY, near_pairs

YES = passage("faqs/gifts.md#back", "Can I return a gift?", "Yes, any gift can be returned.", source="faqs/gifts.md:1")
NO = passage("faqs/other.md#back", "Can I return a gift?", "No, a gift cannot be returned.", source="faqs/other.md:1")


def planned(*added: Passage, removed: Sequence[Passage] = ()) -> Planned:
    return Planned(tuple(document(one) for one in added), added, tuple(removed))


async def found(bot: Bot, change: Planned) -> Conflicts:
    return await conflicts.conflicts(bot, change, near_pairs)


def embedded(bot: Bot) -> list[str]:
    assert isinstance(bot.embedder, FakeEmbedder)
    return bot.embedder.embedded


async def stocked(*passages: Passage) -> Bot:
    bot = fake_bot()
    await stock(bot, passages)
    embedded(bot).clear()
    return bot


async def test_a_number_that_cannot_be_right_beside_a_live_one_is_told_as_lint_would_tell_it() -> None:
    bot = await stocked(FAQ, DELIVERY)
    told = await found(bot, planned(POLICY))
    assert [one.code for one in told.findings] == ["conflict"]
    await stock(bot, [FAQ, DELIVERY, POLICY])
    assert told.findings == (await checks.lint(bot, near_pairs)).findings


async def test_two_that_come_together_are_held_against_each_other_without_any_index() -> None:
    told = await found(fake_bot(), planned(FAQ, POLICY, DELIVERY))
    assert [one.passages for one in told.findings] == [(FAQ.id, POLICY.id)]
    assert told.left_out == 0


async def test_what_it_takes_the_place_of_is_no_conflict() -> None:
    bot = await stocked(FAQ)
    newer = replace(FAQ, text="You have 14 days from delivery to return it.")
    assert await found(bot, planned(newer, removed=[FAQ])) == Conflicts()


async def test_live_passages_that_disagree_already_are_not_told_again() -> None:
    bot = await stocked(FAQ, POLICY)
    assert await found(bot, planned(DELIVERY)) == Conflicts()


async def test_a_question_asked_twice_is_told_without_anything_being_embedded() -> None:
    bot = await stocked(YES)
    told = await found(bot, planned(NO))
    assert [one.code for one in told.findings] == ["conflict"]
    assert "answered twice" in told.findings[0].sentence
    assert embedded(bot) == []


async def test_nothing_is_embedded_for_passages_without_numbers_or_for_none() -> None:
    bot = await stocked(FAQ, POLICY)
    plain = passage("a.md#b", "How do I return a gift?", "Bring it to any of our stores.")
    assert await found(bot, planned(plain)) == Conflicts()
    assert await found(bot, planned(removed=[POLICY])) == Conflicts()
    assert embedded(bot) == []


async def test_what_was_embedded_to_look_is_not_embedded_again_to_publish() -> None:
    bot = await stocked(FAQ)
    await found(bot, planned(POLICY))
    assert sorted(embedded(bot)) == sorted((POLICY.title, POLICY.text))
    await ingest.publish(bot, planned(POLICY))
    assert len(embedded(bot)) == 2


async def test_once_it_is_published_the_same_is_told() -> None:
    bot = await stocked(FAQ)
    before = await found(bot, planned(POLICY))
    await ingest.publish(bot, planned(POLICY))
    assert await found(bot, planned(POLICY)) == before
    assert before.findings


async def test_too_many_are_not_compared_by_meaning_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflicts, "MOST", 1)
    bot = await stocked(FAQ, YES)
    told = await found(bot, planned(POLICY, NO, DELIVERY))
    assert (told.left_out, embedded(bot)) == (2, [])
    assert ["answered twice" in one.sentence for one in told.findings] == [True]


async def test_languages_the_embedder_does_not_read_are_counted_and_not_embedded() -> None:
    bot = await stocked(FAQ)
    assert isinstance(bot.embedder, FakeEmbedder)
    bot.embedder.languages = frozenset({"en"})
    chinese = passage("zh.md#a", "退货期限是多久？", "签收后 14 天内可以退货。", language="zh")
    assert await found(bot, planned(chinese)) == Conflicts((), 1)
    assert embedded(bot) == []


async def test_with_a_damaged_index_what_comes_counts_as_not_compared_with_the_rest() -> None:
    bot = await stocked(FAQ)
    bot.indexes.fails = IndexDamaged("vectors")  # type: ignore[attr-defined]
    assert await found(bot, planned(POLICY)) == Conflicts((), 1)


async def test_when_what_embeds_does_not_answer_the_rest_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise Unavailable("no answer")

    bot = await stocked(FAQ, YES)
    monkeypatch.setattr(bot.embedder, "read", silent)
    told = await found(bot, planned(POLICY, NO))
    assert (told.left_out, [one.code for one in told.findings]) == (1, ["conflict"])


async def test_languages_are_not_held_against_each_other() -> None:
    bot = await stocked(FAQ)
    chinese = passage("zh.md#a", "return 退货期限是多久？", "签收后 14 天内可以退货。", language="zh")
    assert await found(bot, planned(chinese)) == Conflicts()
