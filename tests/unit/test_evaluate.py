"""Figures that can be worked out by hand, on a corpus of three entries and a keyword embedder."""

import pytest

from bot.evaluate import Phrased, Ranked, index_corpus, is_answerable, judge, phrase, phrasing, summary
from bot.judged import Entry, Query, Row, Said
from bot.knowledge import pieces
from bot.ports import Bot
from tests.fakes import FakeGenerator, fake_bot, plays, writes

CORPUS = (
    Entry("returns", "How do I return something?", "You can return unused items within 30 days."),
    Entry("delivery", "How long does delivery take?", "Delivery takes 2 to 4 working days."),
    Entry("gift", "", "A gift card is valid for three years."),
)


async def corpus_bot(generator: FakeGenerator | None = None) -> Bot:
    bot = fake_bot(generator)
    await index_corpus(bot, CORPUS, lambda stage, done, total: None)
    return bot


def query(id: str, text: str, *relevant: str, history: tuple[Said, ...] = ()) -> Query:
    return Query(id, text, history, dict.fromkeys(relevant, 1))


# ── retrieval ──


async def test_each_query_is_ranked_and_decided_as_in_a_conversation() -> None:
    bot = await corpus_bot()
    right, unknown = await judge(
        bot, [query("q1", "How do I return a lamp?", "returns"), query("q2", "Do you sell live penguins?")]
    )
    assert right.ids[0] == "returns"
    assert right.is_right
    assert right.decision == "answer"
    assert list(right.scores) == sorted(right.scores, reverse=True)
    assert len(right.ids) == len(set(right.ids))
    assert unknown.decision == "handoff"
    assert not unknown.is_right
    assert right.score > unknown.score


async def test_a_follow_up_is_searched_with_its_history() -> None:
    bot = await corpus_bot()
    history = (Said(True, "How long does delivery take?"), Said(False, "2 to 4 working days."))
    [ranked] = await judge(bot, [query("q1", "and for lamps?", "delivery", history=history)])
    assert ranked.ids[0] == "delivery"


async def test_a_document_in_many_pieces_counts_once() -> None:
    bot = fake_bot()
    long = "\n\n".join(f"Return number {n}: " + "word " * 120 for n in range(4))
    await index_corpus(bot, [Entry("long", "Returns", long), *CORPUS], lambda stage, done, total: None)
    [passage] = [one for one in await bot.store.live_passages() if one.anchor == "long"]
    assert len(list(pieces(passage))) > 4
    [ranked] = await judge(bot, [query("q1", "How do I return a lamp?", "long")])
    assert ranked.ids.count("long") == 1


async def test_progress_counts_queries() -> None:
    seen: list[tuple[int, int]] = []
    await judge(await corpus_bot(), [query("q", "delivery?")] * 2, lambda *step: seen.append(step))
    assert seen == [(1, 2), (2, 2)]


def ranked(ids: str, relevant: str, score: float, decision: str = "answer") -> Ranked:
    scores = tuple(1.0 / n for n in range(1, len(ids) + 1))
    return Ranked(query("q", "text", *relevant), tuple(ids), scores, score, score, decision)


def test_figures_by_hand() -> None:
    figures = summary(
        [
            ranked("abc", "a", 0.9),  # right
            ranked("abc", "b", 0.8),  # found second
            ranked("abc", "xc", 0.4, "handoff"),  # one of two, found third
            ranked("abc", "", 0.3, "answer"),  # cannot be answered, but is
        ],
        seconds=1.234,
    )
    assert figures["hit_at_1"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["hit_at_5"] == 1.0
    assert figures["mrr_at_10"] == pytest.approx((1 + 1 / 2 + 1 / 3) / 3, abs=1e-4)
    assert figures["recall_at_10"] == pytest.approx((1 + 1 + 1 / 2) / 3, abs=1e-4)
    assert figures["auroc"] == 1.0, "every answerable one scores above the other"
    assert figures["coverage"] == 0.75
    assert figures["error"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["coverage_at_p90"] == 0.25
    assert (figures["n_queries"], figures["n_unanswerable"], figures["seconds"]) == (4, 1, 1.23)


def test_nothing_to_judge_is_no_division_by_zero() -> None:
    figures = summary([], 0.0)
    assert figures["n_queries"] == 0
    assert figures["auroc"] is None
    assert all(value in (0, 0.0, None) for value in figures.values())
    assert phrasing([], 0.0)["n_rows"] == 0


def test_only_unanswerable_queries_have_no_ranking_figures() -> None:
    figures = summary([ranked("abc", "", 0.3, "handoff")], 0.0)
    assert (figures["hit_at_1"], figures["coverage"], figures["error"], figures["n_unanswerable"]) == (0, 0, 0, 1)


# ── phrasing ──

RETURNS = ("How do I return something?", "You can return unused items within 30 days. Bring the receipt with you.")
DELIVERY = ("How long does delivery take?", "Delivery takes 2 to 4 working days.")


async def phrased(generator: FakeGenerator, row: Row) -> Phrased:
    [one] = await phrase(fake_bot(generator), [row])
    return one


async def test_a_reply_is_composed_from_exactly_the_given_passages() -> None:
    row = Row("How do I return a lamp?", (DELIVERY, RETURNS), "Within 30 days.")
    one = await phrased(writes("You can return unused items within 30 days."), row)
    assert (one.reply, one.source, one.carried) == (
        "You can return unused items within 30 days.", "generated", (True,),
    )  # fmt: skip
    assert one.error == ""
    assert one.first_ms is not None
    assert one.ms >= one.first_ms


async def test_a_draft_that_lies_gives_way_to_the_passage() -> None:
    row = Row("How do I return a lamp?", (RETURNS,), "Within 30 days.")
    one = await phrased(writes("You can return unused items within 90 days."), row)
    assert (one.reply, one.source) == (RETURNS[1], "verbatim")
    assert one.carried == (True, True), "a passage carries itself"
    assert "90 days" in one.draft


async def test_a_failing_generator_is_on_record() -> None:
    one = await phrased(plays(RuntimeError("broken")), Row("How do I return a lamp?", (RETURNS,), "x"))
    assert (one.source, one.error) == ("verbatim", "RuntimeError: broken")


async def test_without_passages_there_is_nothing_to_say() -> None:
    one = await phrased(writes("Everything is free."), Row("Is it free?", (), "<|handoff|>"))
    assert (one.reply, one.source, one.carried) == ("", "handoff", ())


def test_phrasing_figures_by_hand() -> None:
    def one(reply: str, answer: str, source: str, carried: tuple[bool, ...], ms: float) -> Phrased:
        return Phrased(Row("q", (), answer), reply, source, carried, ms, None, "", "")

    figures = phrasing(
        [
            one("within 30 days", "within 30 days", "generated", (True, True), 10),
            one("30 days", "within 30 days", "verbatim", (True,), 20),
            one("", "five years", "handoff", (), 30),
            one("made up", "<|handoff|>", "generated", (False,), 40),
        ],
        seconds=2.0,
    )
    assert figures["token_f1"] == pytest.approx((1 + 0.8 + 0) / 3, abs=1e-4)
    assert (figures["generated"], figures["verbatim"], figures["handed_off"]) == (0.5, 0.25, 0.25)
    assert figures["carried"] == 0.75
    assert (figures["median_ms"], figures["p95_ms"]) == (25, 40)
    assert (figures["n_rows"], figures["n_answerable"]) == (4, 3)


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [("Within 30 days.", True), ("<|handoff|>", False), ("<handoff>", False), ("", False), ("  ", False)],
)
def test_a_row_without_an_answer_is_for_a_person(answer: str, is_one: bool) -> None:
    assert is_answerable(Row("q", (), answer)) is is_one
