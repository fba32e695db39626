"""The generator's drafts against quoting, on the same passages."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.abstaining import COMBINED
from bot.attention import Looks
from bot.evaluate import Phrased
from bot.grounded import (
    DRAFT,
    FIRST_WORD,
    OWN,
    PASSAGE,
    REPLY,
    RETRIEVAL,
    SENTENCE,
    UNEXPECTED,
    WAYS,
    Compared,
    abstentions,
    compare,
    shares,
    table,
)
from bot.judged import Row
from bot.ports import Likelihood
from tests.fakes import FakeGenerator, fake_bot, plays

TEXT = "Bring the receipt with you. Delivery takes 4 days. You can return unused items within 30 days."


def phrased(draft: str = "", answer: str = "Within 30 days.", **changes: Any) -> Phrased:
    row = Row("How do I return a lamp?", (("Returns", TEXT),), answer, source=changes.pop("source", "shop"))
    fields = {"reply": TEXT, "source": "verbatim", "carried": (True,) * 3, "shown": (("Returns", TEXT),)} | changes
    return Phrased(row, ms=1.0, first_ms=None, draft=draft, error="", **fields)


async def compared(draft: str, *all_phrased: Phrased) -> list[Compared]:
    return await compare(fake_bot(plays(draft)), all_phrased)


async def test_each_row_is_answered_by_draft_passage_sentence_and_reply() -> None:
    [one] = await compared("You can return unused items within 30 days.", phrased())
    assert one.said == {
        DRAFT: "You can return unused items within 30 days.",
        PASSAGE: TEXT,
        SENTENCE: "You can return unused items within 30 days.",
        REPLY: TEXT,
    }
    assert one.ms[PASSAGE] == 0.0
    assert one.ms[REPLY] == 1.0
    assert one.ms[DRAFT] > 0.0


async def test_a_draft_is_judged_whole_before_the_guard_has_cut_it() -> None:
    strayed = "You can return unused items within 90 days. Delivery takes 4 days."
    [one] = await compared(strayed, phrased(draft="You can return unused items within 90 days."))
    assert one.said[DRAFT] == strayed
    assert one.carried[DRAFT] == (False, True)
    assert one.carried[PASSAGE] == (True, True, True)


async def test_a_hand_off_as_a_draft_says_nothing() -> None:
    [one] = await compared("<|handoff|>", phrased())
    assert (one.said[DRAFT], one.carried[DRAFT]) == ("", ())


async def test_rows_that_nothing_answers_are_not_compared() -> None:
    assert await compared("Yes.", phrased(answer="<|handoff|>"), phrased(answer=" ")) == []


async def test_without_passages_nothing_can_be_quoted() -> None:
    [one] = await compared("It is free.", phrased(shown=(), reply="", carried=()))
    assert one.said == {DRAFT: "It is free.", PASSAGE: "", SENTENCE: "", REPLY: ""}
    assert one.carried[DRAFT] == (False,)


async def test_what_a_generator_was_not_taught_is_no_draft_of_its() -> None:
    generator = plays("Within 30 days.")
    generator.languages = frozenset(["en"])
    chinese = phrased(shown=(("退货", "未使用的商品可在 30 天内退货。"),), source="zh")
    lines = table(await compare(fake_bot(generator), [phrased(source="en"), chinese]))
    assert [(line.source, line.rows) for line in lines if line.way == DRAFT] == [("en", 1), ("all", 1)]
    assert [(line.source, line.rows) for line in lines if line.way == REPLY] == [("en", 1), ("zh", 1), ("all", 2)]


async def test_a_rival_drafts_once_and_goes_through_the_same_guard() -> None:
    rival = FakeGenerator([["Delivery takes 4 days. ", "Lamps are returned within 99 days."]], name="other@1234")
    [one] = await compare(fake_bot(plays("")), [phrased()], rival=rival)
    assert len(rival.prompts) == 1
    assert one.said["draft of other"] == "Delivery takes 4 days. Lamps are returned within 99 days."
    assert one.carried["draft of other"] == (True, False)
    assert "99" not in one.said["reply of other"]
    assert one.ms["reply of other"] >= one.ms["draft of other"]
    assert [line.way for line in table([one])][:6] == [*WAYS, "draft of other", "reply of other"]


async def test_progress_counts_what_is_compared() -> None:
    seen: list[tuple[int, int]] = []
    rows = [phrased(), phrased(answer=""), phrased()]
    await compare(fake_bot(plays("")), rows, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def one_of(source: str, draft: str, answer: str, carried: tuple[bool, ...]) -> Compared:
    said = dict.fromkeys(WAYS, answer) | {DRAFT: draft}
    ms = dict.fromkeys(WAYS, 2.0) | {DRAFT: 10.0 * len(draft)}
    return Compared(source, answer, said, dict.fromkeys(WAYS, (True,)) | {DRAFT: carried}, ms)


def test_the_table_by_hand() -> None:
    lines = table(
        [
            one_of("b", "30 days", "within 30 days", (True, False)),
            one_of("a", "", "yes", ()),
            one_of("a", "no", "yes", (False,)),
        ]
    )
    assert [(line.source, line.way) for line in lines] == [(s, way) for s in ("a", "b", "all") for way in WAYS]
    drafts = {line.source: line for line in lines if line.way == DRAFT}
    assert (drafts["b"].token_f1, drafts["b"].rouge_l, drafts["b"].words) == (0.8, 0.8, 2.0)
    assert [drafts[source].ms for source in ("b", "a", "all")] == [70.0, 10.0, 20.0]
    assert [drafts[source].carried for source in ("b", "a")] == [0.5, 0.0]
    assert drafts["all"].carried == pytest.approx(1 / 3, abs=1e-4)
    assert (drafts["a"].token_f1, drafts["a"].words, drafts["a"].rows) == (
        0.0,
        1.0,
        2,
    )  # what says nothing has no length
    assert all(line.token_f1 == 1.0 for line in lines if line.way != DRAFT)


def test_rows_without_a_source_are_counted_together_alone() -> None:
    assert {line.source for line in table([one_of("", "yes", "yes", (True,))])} == {"all"}


def test_replies_are_shared_out_by_source_over_answerable_rows() -> None:
    rows = [phrased(reply="x", source="shop"), phrased(answer="<handoff>")]
    generated = replace(rows[0], source="generated")
    handed_off = replace(rows[0], source="handoff", row=replace(rows[0].row, source="blog"))
    found = {one.source: (one.rows, one.by) for one in shares([rows[0], generated, handed_off, rows[1]])}
    assert found == {
        "blog": (1, {"generated": 0.0, "handoff": 1.0, "verbatim": 0.0}),
        "shop": (2, {"generated": 0.5, "handoff": 0.0, "verbatim": 0.5}),
        "all": (3, {"generated": 0.3333, "handoff": 0.3333, "verbatim": 0.3333}),
    }


class Weighing(FakeGenerator):
    """Reads between one and 64 tokens."""

    def likelihoods(self, prompt: str, texts: Sequence[str], first: int = 0) -> list[Likelihood]:
        assert 1 <= first <= 64
        return [Likelihood(-2.0 * first, first)]


class Unsure:
    """Sure of a hand-off where the prompt asks about lamps."""

    name = "unsure"

    def looks(self, prompt: str, draft: str) -> Looks:
        raise NotImplementedError

    def handoff(self, prompt: str) -> float | None:
        return 0.9 if "lamp" in prompt else 0.1


class Reads(FakeGenerator):
    """Expects a question whose last word the passages hold, and knows no question without them."""

    def likelihoods(self, prompt: str, texts: Sequence[str], first: int = 0) -> list[Likelihood]:
        self.prompts.append(prompt)
        is_known = texts[0].rstrip("?").split()[-1] in prompt.lower()
        return [Likelihood(first * (-1.0 if is_known else -5.0), first)]


def searched(n: int, *, best: float) -> dict[str, float]:
    return {"dense": best - n / 50, "coverage": 0.5, "missed": 0.7, "length": 1.0}


def either_kind() -> list[Phrased]:
    """Twenty that are answered, and twenty about lamps; the search finds little between them."""
    answered = replace(phrased().row, question="How long is delivery?")
    some = [replace(phrased(), row=answered, signs=searched(n, best=0.8)) for n in range(20)]
    return [*some, *(replace(phrased(answer="<handoff>"), signs=searched(n, best=0.7)) for n in range(20))]


async def test_a_hand_off_is_told_by_the_generator_by_the_search_and_by_both() -> None:
    told = {one.sign: one for one in await abstentions(fake_bot(plays("")), either_kind(), Unsure())}
    assert list(told) == [FIRST_WORD, RETRIEVAL, COMBINED]
    assert told[FIRST_WORD].recall == 1.0
    assert told[RETRIEVAL].recall < 1.0
    assert told[COMBINED].recall == 1.0
    [alone] = await abstentions(fake_bot(plays("")), either_kind())
    assert alone.sign == RETRIEVAL


async def test_a_generator_that_weighs_is_asked_whether_its_passages_lead_to_the_question() -> None:
    reads = Reads()
    told = {one.sign: one for one in await abstentions(fake_bot(reads), either_kind())}
    assert list(told) == [UNEXPECTED, RETRIEVAL, COMBINED]
    assert told[UNEXPECTED].recall == 1.0
    behind, alone = reads.prompts[:2]
    assert (TEXT in behind, TEXT in alone) == (True, False)
    assert "How long" not in behind + alone
    both = await abstentions(fake_bot(Reads()), either_kind(), Unsure())
    assert [one.sign for one in both] == [FIRST_WORD, UNEXPECTED, OWN, RETRIEVAL, COMBINED]


async def test_a_long_question_is_read_in_part_and_none_at_all_stops_nothing() -> None:
    """Twenty rows of each kind whose question is as long as the context, and as many that ask nothing."""
    for question in ("delivery " * 3_000, " "):
        rows = [replace(one, row=replace(one.row, question=question)) for one in either_kind()]
        told = {one.sign: one.auroc for one in await abstentions(fake_bot(Weighing()), rows)}
        assert told[UNEXPECTED] == 0.5


async def test_rows_without_passages_tell_nothing_of_a_generator() -> None:
    rows = [phrased(answer=answer, shown=()) for answer in ("<handoff>", "Yes.")] * 20
    assert await abstentions(fake_bot(plays("")), rows, Unsure()) == []
