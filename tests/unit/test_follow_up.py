"""Messages that lean on what was said before: how much, on what, and what is found for them."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from types import SimpleNamespace
from typing import Any

import pytest

from bot import calibrate, dialogue, evaluate, follow_up, judged, reply, retrieval
from bot.conversation import Author, Event, Kind
from bot.follow_up import NOTHING, Context, Said
from bot.house import House
from bot.indexes import Index, Manifest
from bot.judged import Query
from bot.knowledge import Passage
from tests.fakes import FakeEmbedder, FakeRetriever

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
JUDGED = [json.loads(line) for line in (Path(__file__).parent / "data" / "follow_ups.jsonl").read_text().splitlines()]


def asks(text: str) -> Said:
    return Said(True, text)


def tells(text: str) -> Said:
    return Said(False, text)


# ── how much ──


@pytest.mark.parametrize(
    "text",
    ["and for headphones?", "How long does that take?", "is that free?", "why?", "and to Ireland?",
     "What about Brazil?", "does it come in blue?", "the first one", "what if they are broken?",
     "mine is swollen though", "Ok, and express?", "那耳机呢？", "要多久", "它防水吗", "这个收费吗", "澳大利亚呢"],
)  # fmt: skip
def test_what_says_half_of_what_it_means_leans(text: str) -> None:
    assert follow_up.leaning(text) >= follow_up.LEANS


@pytest.mark.parametrize(
    "text",
    ["Where is my order?", "How do I return a tent that leaks?", "And do you ship to Canada by express?",
     "how long does it take to get my money back?", "Which payment methods do you accept?",
     "好的谢谢，另外怎么退订营销邮件", "羽绒睡袋和羽绒服可以用洗衣机洗吗", "收到货后多少天内可以退货"],
)  # fmt: skip
def test_what_says_all_of_what_it_means_does_not(text: str) -> None:
    assert follow_up.leaning(text) < follow_up.LEANS


def test_unseen_follow_ups_and_new_topics_are_told_apart() -> None:
    unseen = [row for row in JUDGED if row["half"] == "report"]
    leans = [follow_up.leaning(row["text"]) for row in unseen if row["_id"][0] in "fz"]
    stands = [follow_up.leaning(row["text"]) for row in unseen if row["_id"][0] in "sy"]
    above = [(one > other) + 0.5 * (one == other) for one in leans for other in stands]
    assert sum(above) / len(above) >= 0.9
    assert sum(lean >= follow_up.FAINT for lean in leans) / len(leans) >= 0.9


def test_rewritten_by_hand_they_lean_less() -> None:
    pairs = [(row["text"], row["rewrite"]) for row in JUDGED if row["_id"][0] in "fz"]
    assert sum(follow_up.leaning(text) > follow_up.leaning(rewrite) for text, rewrite in pairs) >= 0.95 * len(pairs)


def test_a_long_message_says_what_it_means() -> None:
    assert follow_up.leaning("and it " * 100) == 0.0


def test_the_longest_message_costs_next_to_nothing() -> None:
    text = "it takes that one " * (follow_up.LONGEST // 18)
    started = process_time()
    for _ in range(20):
        follow_up.leaning(text)
    assert (process_time() - started) / 20 < 0.005


# ── on what ──


def test_a_follow_up_leans_on_the_last_question_and_the_last_reply() -> None:
    earlier = [
        asks("Do you ship to Japan?"),
        tells("Yes."),
        asks("What does fast delivery cost?"),
        tells("€12.95 a parcel."),
    ]
    found = follow_up.context("and to Ireland?", earlier)
    assert (found.asked, found.told) == ("What does fast delivery cost?", "€12.95 a parcel.")
    assert found.asked_weight > found.told_weight > 0
    assert found.spelt_out("and to Ireland?") == "What does fast delivery cost? and to Ireland?"


def test_what_stands_by_itself_leans_on_nothing() -> None:
    assert follow_up.context("How do I reset my password?", [asks("Do you ship to Japan?"), tells("Yes.")]) == NOTHING
    assert NOTHING.spelt_out("How do I reset my password?") == "How do I reset my password?"


def test_with_nothing_before_it_a_follow_up_is_searched_as_it_is() -> None:
    found = follow_up.context("and for headphones?", [])
    assert (found.asked_weight, found.told_weight) == (0.0, 0.0)
    assert found.spelt_out("and for headphones?") == "and for headphones?"


def test_questions_that_lean_themselves_bring_what_they_lean_on() -> None:
    earlier = [asks("How much is delivery to Austria?"), tells("€5.95."), asks("is it insured?"), tells("Yes.")]
    assert follow_up.context("up to what value?", earlier).asked == "How much is delivery to Austria? is it insured?"


def test_another_thing_put_in_the_same_place_is_left_out() -> None:
    earlier = [asks("How do I return a tent?"), asks("and boots?")]
    assert follow_up.context("and hats?", earlier).asked == "How do I return a tent?"


def test_no_more_than_a_few_questions_are_taken_along() -> None:
    earlier = [asks(f"is it {colour}?") for colour in ("red", "blue", "green", "pink", "grey")]
    assert follow_up.context("why?", earlier).asked == "is it green? is it pink? is it grey?"


def test_thanks_and_greetings_are_not_leant_on() -> None:
    earlier = [asks("Hello! Can I return boots?"), tells("Yes."), asks("thank you"), tells("You're welcome.")]
    assert follow_up.context("until when?", earlier).asked == "Can I return boots?"


def test_a_message_with_a_question_of_its_own_asks_what_the_bot_named() -> None:
    earlier = [asks("a hotel in the centre please"), tells("I would recommend the Gonville.")]
    rich = follow_up.context("does it have comfortable beds and breakfast?", earlier)
    short = follow_up.context("is it free?", earlier)
    assert rich.told_weight > short.told_weight
    assert short.asked_weight > rich.asked_weight
    assert (rich.is_rich, short.is_rich) == (True, False)


def test_another_language_is_not_leant_on() -> None:
    found = follow_up.context("那耳机呢？", [asks("Can I return a tent?"), tells("Yes, within 30 days.")])
    assert (found.asked_weight, found.told_weight) == (0.0, 0.0)


def test_what_is_leant_on_is_cut_to_size() -> None:
    found = follow_up.context("why?", [asks("word " * 800), tells("word " * 800)])
    assert len(found.asked) <= follow_up.LONGEST_CONTEXT >= len(found.told)


# ── from a conversation ──


def message(author: Author, text: str, **data: Any) -> Event:
    return Event(1, Kind.MESSAGE, author, AT, text=text, data=data)


def test_what_an_agent_wrote_is_not_searched_with() -> None:
    earlier = [
        message(Author.CUSTOMER, "Do you have a shop in Utrecht?"),
        message(Author.BOT, "Yes, at Oudegracht 140."),
        message(Author.AGENT, "Between you and me, it closes in May."),
    ]
    [ask] = dialogue.asks_of("is it open on Sundays?", earlier)
    assert (ask.context.asked, ask.context.told) == ("Do you have a shop in Utrecht?", "Yes, at Oudegracht 140.")


def test_the_bots_own_lines_are_not_searched_with() -> None:
    earlier = [
        message(Author.CUSTOMER, "Do you have a shop in Utrecht?"),
        message(Author.BOT, "Yes, at Oudegracht 140."),
        message(Author.CUSTOMER, "thanks"),
        message(Author.BOT, "You are welcome!", source="canned"),
    ]
    [ask] = dialogue.asks_of("is it open on Sundays?", earlier)
    assert ask.context.told == "Yes, at Oudegracht 140."


class Searched(Exception):
    """Raised in place of a search, with what was searched for."""


@pytest.mark.parametrize("use", ["a conversation", "bot evaluate", "bot calibrate"])
async def test_whoever_searches_for_a_follow_up_says_what_it_leans_on(
    use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def search(bot: Any, query: str, *, context: Context, **_: Any) -> None:
        raise Searched(query, context.asked)

    monkeypatch.setattr(retrieval, "search", search)
    bot: Any = SimpleNamespace(now=lambda: AT, moods=None)
    query = Query("1", "and to Ireland?", (judged.Said(True, "How much is express?"), judged.Said(False, "€12.95.")))
    uses: dict[str, Callable[[], Awaitable[object]]] = {
        "a conversation": lambda: reply.ask(bot, query.text, evaluate.earlier(query.history, AT)),
        "bot evaluate": lambda: evaluate.judge(bot, [query]),
        "bot calibrate": lambda: calibrate.judged_searches(bot, [query]),
    }
    with pytest.raises(Searched) as searched:
        await uses[use]()
    assert searched.value.args == ("and to Ireland?", "How much is express?")


# ── what is found ──

SHIPPING = Passage("d1", "shipping", "How long is shipping to Ireland?", "Shipping to Ireland takes six days.", "en")
PARIS = Passage("d2", "paris", "Beds at the Paris", "The Paris has soft beds.", "en")
RITZ = Passage("d3", "ritz", "Beds at the Ritz", "The Ritz has soft beds.", "en")
RETURNS = Passage("d4", "returns", "May I return things to Ireland?", "Returns from Ireland are free.", "en")
ALL = (SHIPPING, PARIS, RITZ, RETURNS)


class Parts:
    """As much of a Bot as a search needs, its passages in memory."""

    reranker = None
    house = House()

    @staticmethod
    def now() -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def __init__(self) -> None:
        self.embedder = FakeEmbedder(("ireland", "shipping", "return", "beds"))
        self.read: list[str] = []
        vectors = dict(zip(ALL, self.embedder.embed([p.title + p.text for p in ALL], is_query=False), strict=True))
        dense = FakeRetriever(lambda query, vector: {p.id: _dot(row, vector) for p, row in vectors.items()})
        lexical = FakeRetriever(lambda query, vector: {p.id: _share(query, p) for p in ALL})
        manifest = Manifest("20261122T005959-ab12cd", self.embedder.name, 4, 4, 4, "", {})
        self.index = Index(manifest, dense, lexical)
        self.indexes = self.store = self

    def current(self) -> Index:
        return self.index

    async def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        return {passage.id: passage for passage in ALL if passage.id in ids}

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    async def first(self, text: str, context: Context = NOTHING) -> Passage:
        found = await retrieval.search(self, text, language="en", context=context)  # type: ignore[arg-type]
        return found.hits[0].passage


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _share(query: str, passage: Passage) -> float:
    words = _words(query)
    return len(words & _words(passage.text)) / (len(words) or 1)


def _words(text: str) -> set[str]:
    return {word for word in text.lower().replace("?", " ").replace(".", " ").split() if len(word) > 3}


async def test_half_a_question_finds_what_both_halves_mean() -> None:
    context = follow_up.context("and to Ireland?", [asks("How long does shipping take?"), tells("Two days.")])
    assert await Parts().first("and to Ireland?", context) == SHIPPING
    context = follow_up.context("and to Ireland?", [asks("May I return a gift?"), tells("Yes.")])
    assert await Parts().first("and to Ireland?", context) == RETURNS


@pytest.mark.parametrize(("named", "expected"), [("Ritz", RITZ), ("Paris", PARIS)])
async def test_what_the_bot_named_last_is_what_it_means(named: str, expected: Passage) -> None:
    context = follow_up.context("does it have soft beds?", [asks("a nice hotel please"), tells(f"Try the {named}.")])
    assert await Parts().first("does it have soft beds?", context) == expected


async def test_the_hits_carry_signs_of_the_whole_meaning() -> None:
    context = Context("shipping", "", 1.4, 0.0, True)
    found = await retrieval.search(Parts(), "ireland", language="en", context=context)  # type: ignore[arg-type]
    assert found.query == "shipping ireland"
    assert found.hits[0].dense == pytest.approx(0.948, abs=0.01), "a cosine with the vector between both"
    assert found.hits[0].coverage == 1.0
    assert all(0.0 <= hit.lexical <= 1.0 for hit in found.hits)


async def test_a_message_that_leans_on_nothing_is_searched_as_ever() -> None:
    plain = await retrieval.search(Parts(), "ireland", language="en")  # type: ignore[arg-type]
    again = await retrieval.search(Parts(), "ireland", language="en", context=Context("shipping", "beds"))  # type: ignore[arg-type]
    assert [(hit.passage, hit.score) for hit in plain.hits] == [(hit.passage, hit.score) for hit in again.hits]
    assert plain.query == again.query == "ireland"


async def test_the_passage_just_quoted_gains_no_more_than_others_of_its_kind() -> None:
    quoted = Context("", "The Ritz has soft beds, and so on", 0.0, 0.5)
    found = await retrieval.search(Parts(), "paris beds", language="en", context=quoted)  # type: ignore[arg-type]
    assert found.hits[0].passage == PARIS


async def test_a_passage_the_bot_named_is_looked_at_however_far_down_it_stood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "CANDIDATES", 1)
    context = Context("", "Try the Ritz.", 0.0, 0.5)
    found = await retrieval.search(Parts(), "beds", language="en", k=1, context=context)  # type: ignore[arg-type]
    assert found.hits[0].passage == RITZ
