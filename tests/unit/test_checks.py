"""The live content looked through: by the vectors that are held, within one language, changing nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot import checks
from bot.checks import Linted
from bot.hours import Hours
from bot.house import House
from bot.knowledge import Passage
from bot.ports import Bot
from tests.fakes import DELIVERY, SHOP, document, fake_bot, passage, stock

FAQ = passage("faqs/r.md#time", "How long may a return take?", "You have 30 days from delivery to return it.",
              source="faqs/r.md:3")  # fmt: skip
POLICY = passage("policies/r.md#time", "Return period", "Goods may be returned within 14 days of delivery.",
                 kind="policy", source="policies/r.md:8")  # fmt: skip
CHINESE = passage("faqs/zh.md#t", "return 退货期限是多久？", "签收后 14 天内可以退货。", language="zh")


def near_pairs(
    vectors: Sequence[Any], floor: float, most: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[tuple[int, int, float]]:
    cosines = [
        (a, b, sum(x * y for x, y in zip(vectors[a], vectors[b], strict=True)))
        for a in range(len(vectors))
        for b in range(a + 1, len(vectors))
    ]
    progress(len(vectors), len(vectors))
    return [found for found in cosines if found[2] >= floor]


async def linted(*passages: Passage, **options: Any) -> Linted:
    bot = fake_bot()
    await stock(bot, passages)
    return await checks.lint(bot, near_pairs, **options)


def codes(found: Linted) -> list[str]:
    return [one.code for one in found.findings]


async def test_a_clean_shop_has_no_findings() -> None:
    found = await linted(*SHOP)
    assert (found.findings, found.passages, found.compared, found.must) == ((), 3, 3, 0)


async def test_numbers_of_two_pages_that_lie_near_by_meaning_are_compared() -> None:
    found = await linted(FAQ, POLICY, DELIVERY)
    assert codes(found) == ["conflict"]
    assert found.must == 1
    assert found.findings[0].passages == (FAQ.id, POLICY.id)


async def test_languages_are_not_compared_with_each_other() -> None:
    assert codes(await linted(FAQ, CHINESE)) == []


async def test_nothing_is_embedded_for_it_and_what_has_no_vector_is_counted() -> None:
    bot = fake_bot()
    await stock(bot, [FAQ])
    before = list(bot.embedder.embedded)  # type: ignore[attr-defined]
    await bot.store.apply([document(POLICY)], [POLICY], (), bot.now())  # in SQL, in no index yet
    found = await checks.lint(bot, near_pairs)
    assert (codes(found), found.passages, found.compared) == ([], 2, 1)
    assert bot.embedder.embedded == before  # type: ignore[attr-defined]


async def test_without_any_index_everything_else_is_still_found() -> None:
    bot = fake_bot()
    held = [FAQ, passage("a.md#b", "What is new?", "TBD")]
    await bot.store.apply([document(one) for one in held], held, (), bot.now())
    found = await checks.lint(bot, near_pairs)
    assert (codes(found), found.compared) == (["no-answer"], 0)


async def test_an_empty_knowledge_base_is_in_order() -> None:
    assert await linted() == Linted((), 0, 0)


async def test_what_must_be_put_right_comes_before_the_hints() -> None:
    long = passage("a.md#l", "What is it like?", "It is long. " * 100)
    found = await linted(long, FAQ, POLICY)
    assert codes(found) == ["conflict", "too-long"]
    assert codes(await linted(long, most_words=300)) == []


async def test_progress_names_what_is_done() -> None:
    stages = list[str]()
    await linted(*SHOP, progress=lambda stage, done, total: stages.append(stage))
    assert list(dict.fromkeys(stages)) == ["neighbours", "reading", "comparing"]


async def test_days_are_the_shops_own() -> None:
    ends = replace(FAQ, valid_to="2026-06-14")
    at = datetime(2026, 6, 14, 18, tzinfo=UTC)  # the 15th already in Shanghai

    def bot_in(zone: str) -> Bot:
        return replace(fake_bot(), now=lambda: at, house=House(hours=Hours.parse("", ZoneInfo(zone), "")))

    for zone, what, code in (("UTC", "ends", []), ("Asia/Shanghai", "ended", ["expired"])):
        bot = bot_in(zone)
        await stock(bot, [ends])
        assert [one.what for one in await checks.expiring(bot, 30)] == [what]
        assert codes(await checks.lint(bot, near_pairs)) == code
