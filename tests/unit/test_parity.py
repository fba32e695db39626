"""FAQs that work in one language only."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot import parity
from bot.errors import Refused
from bot.evaluate import Ranked
from bot.judged import Query
from bot.knowledge import Passage
from bot.parity import Parity, matched
from tests.fakes import FakeEmbedder, shop_bot

TOPICS = (("return", "退货"), ("delivery", "配送"), ("gift", "礼品"))


def faq(name: str, language: str = "en", **fields: Any) -> Passage:
    return Passage(name, name, name, f"About {name}.", language, **fields)


EN = [faq("return"), faq("delivery"), faq("invoice")]
ZH = [faq("退货", "zh"), faq("配送", "zh"), faq("礼品", "zh")]


class SpanningEmbedder(FakeEmbedder):
    def likeness(self, english: Any, chinese: Any) -> Sequence[Sequence[float]]:
        def same(one: Any, other: Any) -> float:
            return 0.8 if any(en in str(one) and zh in str(other) for en, zh in TOPICS) else 0.1

        return [[same(one, other) for other in chinese] for one in english]


async def compared(*passages: Passage, judged: Sequence[Ranked] = ()) -> Parity:
    bot = await shop_bot(passages=passages, embedder=SpanningEmbedder())
    return await parity.compare(bot, judged)


def anchors(found: Parity) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    return (
        [(pair.english.anchor, pair.chinese.anchor) for pair in found.pairs],
        [single.passage.anchor for single in found.english_only],
        [single.passage.anchor for single in found.chinese_only],
    )


async def test_entries_on_the_same_matter_are_pairs_and_the_rest_is_missing() -> None:
    found = await compared(*EN, *ZH)
    assert anchors(found) == ([("delivery", "配送"), ("return", "退货")], ["invoice"], ["礼品"])


@pytest.mark.parametrize("some", [EN, ZH, []])
async def test_with_one_language_all_is_missing_in_the_other(some: list[Passage]) -> None:
    found = await compared(*some)
    assert found.pairs == ()
    assert len(found.english_only) + len(found.chinese_only) == len(some)
    assert all(single.nearest is None for single in (*found.english_only, *found.chinese_only))


async def test_sections_of_policies_and_the_rest_of_a_long_answer_are_no_faqs() -> None:
    found = await compared(faq("terms", kind="policy"), faq("return", position=1), faq("return"))
    assert [(one.passage.anchor, one.passage.position) for one in found.english_only] == [("return", 0)]


async def test_an_embedder_of_one_language_is_refused_with_what_to_set() -> None:
    with pytest.raises(Refused, match="BOT_EMBEDDER=multilingual"):
        await parity.compare(await shop_bot(passages=EN))


# ── matching ──


def test_what_is_near_to_everything_is_nobodys_counterpart() -> None:
    likeness = [[0.6, 0.5, 0.1], [0.6, 0.1, 0.5]]
    found = matched(EN[:2], ZH, likeness, {})
    assert anchors(found)[0] == [("return", "配送"), ("delivery", "礼品")]


def test_two_that_are_far_apart_are_no_pair_though_nothing_is_nearer() -> None:
    found = matched(EN[:1], ZH[:1], [[parity.NEAR - 0.01]], {})
    assert found.pairs == ()
    assert [single.nearest for single in found.english_only] == ZH[:1]
    assert [single.likeness for single in found.chinese_only] == [parity.NEAR - 0.01]


def test_a_counterpart_is_taken_once() -> None:
    found = matched(EN[:2], ZH[:1], [[0.8], [0.7]], {})
    assert anchors(found) == ([("return", "退货")], ["delivery"], [])


# ── judged ──


def judged(anchor: str, *ids: str) -> Ranked:
    query = Query("q", "text", relevant={anchor: 1})
    return Ranked(query, ids, (1.0,) * len(ids), 0.9, 0.9, "answer")


@pytest.mark.parametrize(
    ("ranked", "is_lopsided"),
    [
        ([judged("return", "return"), judged("退货", "配送")], True),
        ([judged("return", "delivery"), judged("退货", "退货")], True),
        ([judged("return", "return"), judged("退货", "退货")], False),
        ([judged("return", "delivery"), judged("退货", "配送")], False),
        ([judged("return", "return")], False),  # nobody asked in Chinese
        ([judged("return", "return"), judged("退货", "退货"), judged("退货")], False),  # half of them is enough
        ([judged("return", "return"), judged("退货", "退货"), judged("退货"), judged("退货")], True),
    ],
)
async def test_pairs_are_told_apart_by_their_judged_questions(ranked: list[Ranked], is_lopsided: bool) -> None:
    found = await compared(EN[0], ZH[0], judged=ranked)
    assert [pair.is_lopsided for pair in found.pairs] == [is_lopsided]


async def test_programs_read_names_and_shares() -> None:
    ranked = [judged("return", "return"), judged("退货")]
    found = parity.as_mapping(await compared(EN[0], EN[2], ZH[0], judged=ranked))
    pair = {
        "english": "return", "chinese": "退货", "likeness": 0.8, "english_hit_at_1": 1.0, "chinese_hit_at_1": 0.0,
    }  # fmt: skip
    assert found == {
        "pairs": [pair],
        "one_language_only": [pair],
        "english_only": [{"anchor": "invoice", "title": "invoice", "nearest": "退货", "likeness": 0.1}],
        "chinese_only": [],
    }
