"""What the bot learns from judged questions and those it makes: on a shop of three pages, and on made-up searches."""

import random
from dataclasses import replace

import pytest

from bot import calibrate, decision, risk
from bot.calibrate import Seen, gather, judged_searches
from bot.decision import Curve, Curves, Model
from bot.dialogue import Thresholds
from bot.errors import Refused
from bot.judged import Query, Said
from bot.knowledge import Hit
from bot.ports import Bot
from bot.retrieval import Found
from tests.fakes import DELIVERY, RETURNS, WARRANTY, passage, shop_bot

ASKED = replace(RETURNS, phrasings=("May I give a jacket back?", "return window"))
TWIN = passage("policies/returns.md#how", "Return policy", f"{RETURNS.text} How do I return something?", kind="policy")

LABELS = passage("faqs/labels.md#lost", "Lost label for return, refund, gift or warranty?", "Print it once more.")


def query(id: str, text: str, *relevant: str, history: tuple[Said, ...] = ()) -> Query:
    return Query(id, text, history, dict.fromkeys(relevant, 1))


def origins(seen: list[Seen]) -> list[tuple[str, bool, bool]]:
    return [(one.origin, one.is_right, one.is_known) for one in seen]


# ── judged questions, and foreign ones ──


async def test_a_judged_search_is_right_when_its_first_passage_is_a_judged_one() -> None:
    seen = await judged_searches(
        await shop_bot(),
        [
            query("q1", "How do I return a lamp?", RETURNS.anchor),
            query("q2", "How do I return a lamp?", DELIVERY.anchor),
            query("q3", "Does the warranty cover rain?"),
        ],
    )
    assert origins(seen) == [("judged", True, True), ("judged", False, True), ("judged", False, False)]
    assert [one.group for one in seen] == [RETURNS.anchor, DELIVERY.anchor, "q3"]


async def test_a_follow_up_is_searched_with_what_it_leans_on() -> None:
    history = (Said(True, "How long does delivery take?"), Said(False, "2 to 4 working days."))
    [seen] = await judged_searches(await shop_bot(), [query("q", "and for lamps?", DELIVERY.anchor, history=history)])
    assert seen.is_right


async def test_of_two_questions_that_have_no_answer_together_nothing_is_learnt() -> None:
    both = "How do I return a lamp? And is there a warranty on delivery?"
    assert await judged_searches(await shop_bot(), [query("q", both)]) == []
    assert len(await judged_searches(await shop_bot(), [query("q", both, RETURNS.anchor)])) == 2


async def test_nothing_foreign_is_ever_right() -> None:
    seen = await gather(await shop_bot(), [], ["return of the king", "zzz"])
    assert origins([one for one in seen if one.origin == "out of scope"]) == [("out of scope", False, False)]


async def test_progress_counts_every_search() -> None:
    steps: list[tuple[int, int]] = []
    await gather(await shop_bot(), [query("q", "return?")], ["king"], lambda *step: steps.append(step))
    assert steps == [(n, 4) for n in (1, 2, 3, 4)]  # and the titles of two FAQs


# ── questions of its own making ──


async def made(bot: Bot, group: str) -> list[Seen]:
    return [one for one in await gather(bot, [], []) if one.group == group]


async def test_an_faq_held_out_leaves_its_question_without_an_answer() -> None:
    bot = await shop_bot(passages=(ASKED, TWIN, DELIVERY, LABELS))
    seen = [one for one in await made(bot, ASKED.anchor) if one.origin == "held out"]
    assert seen
    assert not any(one.is_right or one.is_known or one.is_near for one in seen)
    assert max(one.shown["dense"] for one in seen) < 0.75, "neither it nor its twin was found"


async def test_what_is_like_the_faq_is_held_out_with_it() -> None:
    bot = await shop_bot(passages=(ASKED, TWIN, DELIVERY, LABELS))
    assert await calibrate._twins(bot, ASKED) == {ASKED.id, TWIN.id}


async def test_a_phrasing_does_not_find_itself_by_its_own_words() -> None:
    way = "refund of a gift"
    faq = replace(RETURNS, phrasings=(way,))
    bot = await shop_bot(passages=(faq, LABELS))
    hits = (Hit(faq, 1.3, 1.0, 1.0, 1.0), Hit(LABELS, 0.65, 0.5, 0.5, 0.5))
    nearest = [(faq.id, 1.0), (LABELS.id, 0.5), (faq.id, 0.2)]
    bare = calibrate._left_out(bot, Found(hits, "g1", {}, way, nearest), faq, way)
    first, last = bare.hits
    assert first.passage == LABELS
    assert (last.passage.title, last.passage.phrasings) == (faq.title, ())
    assert (last.dense, last.lexical, last.coverage) == (0.0, 0.0, 0.0)
    assert last.score == pytest.approx(0.0)
    assert list(bare.nearest) == [(LABELS.id, 0.5), (last.passage.id, 0.2)]


async def test_an_faq_with_one_question_only_is_not_asked_for_with_it() -> None:
    assert {one.origin for one in await made(await shop_bot(), RETURNS.anchor)} <= {"held out"}


async def test_policies_ask_no_questions() -> None:
    assert await made(await shop_bot(passages=(WARRANTY,)), WARRANTY.anchor) == []


def test_of_many_questions_the_same_ones_are_asked_every_time() -> None:
    many = [passage(f"p{n}", f"Question {n}?", "Answer.") for n in range(calibrate.MADE + 50)]
    chosen = calibrate._questions(many)
    assert len(chosen) == calibrate.MADE
    assert calibrate._questions(many[::-1]) == chosen


# ── fit, judge, cut ──


def rows(n: int, seed: int = 1, origin: str = "judged", language: str = "en", skill: float = 9.0) -> list[Seen]:
    """Searches whose cosine tells, as well as `skill` says, whether the first hit is right."""
    rng = random.Random(seed)
    found = []
    for k in range(n):
        dense = rng.random()
        right = rng.random() < decision.logistic(skill * (dense - 0.4))
        found.append(Seen({"dense": dense}, right, right or rng.random() < 0.5, right, f"{seed}-{k}", language, origin))
    return found


def test_a_promise_is_kept_on_questions_that_come_later() -> None:
    found = calibrate.calibrate(rows(800), "en", 0.05)
    assert found.refusal == ""
    assert found.curves is not None
    assert found.thresholds is not None
    later = [one for one in rows(4_000, seed=2) if found.curves.right.probability(one.shown) >= found.thresholds.answer]
    assert sum(not one.is_right for one in later) / len(later) < 0.07
    assert len(later) > 1_000


def test_a_looser_promise_answers_more() -> None:
    strict = calibrate.calibrate(rows(500), "en", 0.05)
    loose = risk.chosen(strict.points, 0.15)
    assert strict.point is not None
    assert loose is not None
    assert strict.point.coverage < loose.coverage


def test_a_few_judged_questions_are_refused_with_how_many_more_are_needed() -> None:
    found = calibrate.calibrate(rows(20), "en", 0.05)
    right = sum(one.is_right for one in rows(20))
    assert f"judge at least {risk.needed(0.05) - right} more" in found.refusal
    assert (found.curves, found.thresholds) == (None, None)


def test_enough_questions_of_which_too_many_go_wrong_are_refused_with_what_else_to_do() -> None:
    found = calibrate.calibrate(rows(600, skill=0.5), "en", 0.01)
    assert found.curves is None
    assert "more" in found.refusal
    assert found.points, "the table is shown all the same"


def test_questions_of_ones_own_making_promise_nothing_where_people_asked_enough() -> None:
    easy = [replace(one, is_right=True, is_known=True) for one in rows(200, seed=3, origin="made")]
    found = calibrate.calibrate(rows(300) + easy, "en", 0.1)
    assert len(found.outcomes) == 300
    assert found.counts == {"judged": 300, "made": 200, "held out": 0, "out of scope": 0}
    assert len(calibrate.calibrate(rows(50) + easy, "en", 0.1).outcomes) == 250


def test_languages_are_kept_apart() -> None:
    both = rows(300) + rows(10, seed=2, language="zh")
    assert calibrate.calibrate(both, "en", 0.1).curves is not None
    assert calibrate.calibrate(both, "zh", 0.1).refusal.startswith("zh: ")


def test_no_question_is_judged_by_a_curve_that_saw_its_group() -> None:
    some = rows(200)
    odd = [replace(one, group="odd", shown={"dense": 0.5, "agrees": 1.0}, is_right=True) for one in rows(40, seed=5)]
    scored = calibrate.cross_validated(some + odd)
    folds = calibrate._folds(some + odd)
    blind = calibrate.fit([one for one in some + odd if folds[one.group] != folds["odd"]])
    assert {outcome.score for outcome in scored[200:]} == {blind.right.probability(odd[0].shown)}


def test_no_fold_is_without_questions_that_have_an_answer() -> None:
    few = [replace(one, is_known=True, group=f"page {n % 5}") for n, one in enumerate(rows(50))]
    none = [replace(one, is_known=False) for one in rows(200, seed=2)]
    folds = calibrate._folds(few + none)
    assert {folds[f"page {n}"] for n in range(5)} == set(range(calibrate.FOLDS))


def test_a_curve_to_start_from_shows_where_questions_are_few() -> None:
    start = calibrate.fit(rows(1_500, seed=9))
    few = rows(60)
    alone, helped = calibrate.calibrate(few, "en", 0.2), calibrate.calibrate(few, "en", 0.2, start)
    assert helped.curves is not None
    assert alone.curves is not None
    fresh = rows(2_000, seed=4)
    assert _loss(helped.curves, fresh) < _loss(alone.curves, fresh)


def _loss(curves: Curves, some: list[Seen]) -> float:
    return sum((calibrate.judged_by(curves, one).score - one.is_right) ** 2 for one in some)


# ── what is stored ──


def test_a_language_that_was_refused_keeps_what_it_had() -> None:
    known = Curves(Curve({}, 0.5), Curve({}, 0.5))
    before = Model({"en": known, "zh": known}, {"en": Thresholds(0.1, 0.1), "zh": Thresholds(0.2, 0.1)}, {"zh": 1})
    found = [calibrate.calibrate(rows(300), "en", 0.1), calibrate.calibrate([], "zh", 0.1)]
    stored = calibrate.model(found, before, {"en": 2})
    assert stored.curves["zh"] == known
    assert stored.curves["en"] == found[0].curves
    assert stored.thresholds == {"en": found[0].thresholds, "zh": Thresholds(0.2, 0.1)}
    assert stored.about == {"en": 2, "zh": 1}


@pytest.mark.parametrize("limit", [0.0, 5.0, -0.1, float("nan")])
def test_a_limit_that_is_no_share_is_refused(limit: float) -> None:
    with pytest.raises(Refused, match="allows one in twenty"):
        calibrate.checked_limit(limit)
