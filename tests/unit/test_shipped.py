"""The decision that comes with the bot: for whom it is, and what it says of questions as plain as can be."""

from bot import shipped

LARGE = shipped.SMALL + 1
MINILM = "all-MiniLM-L6-v2@53aa51172d14"
PLAIN = {
    "dense": 0.85, "lexical": 0.5, "coverage": 0.9, "lead": 0.25, "agrees": 1.0, "rivals": 0.0, "missed": 0.0,
    "length": 1.4, "support": 0.9, "words": 0.95, "weakest": 0.85,
}  # fmt: skip
FOREIGN = {
    "dense": 0.25, "lexical": 0.05, "coverage": 0.1, "lead": 0.01, "agrees": 0.0, "rivals": 1.0, "missed": 1.6,
    "length": 1.6, "support": 0.1, "words": 0.5, "weakest": 0.25,
}  # fmt: skip


def test_it_is_for_english_as_minilm_reads_it_alone_or_beside_another_model() -> None:
    assert shipped.curves(MINILM, "en", LARGE)
    assert shipped.curves(f"{MINILM}+multilingual@1", "en", LARGE)
    assert shipped.curves(MINILM, "zh", LARGE) is None
    assert shipped.curves("multilingual@1", "en", LARGE) is None


def test_chinese_has_curves_where_e5_reads_it_and_pages_are_few_and_is_held_to_more() -> None:
    both = f"{MINILM}+multilingual-e5-small-q4@1571fc982750"
    assert shipped.curves(both, "zh", shipped.SMALL)
    assert shipped.curves(both, "zh", LARGE) is None
    assert shipped.curves(MINILM, "zh", shipped.SMALL) is None
    assert shipped.thresholds("zh").answer > shipped.thresholds("en").answer


def test_a_plain_paraphrase_is_answered_and_a_foreign_question_handed_off() -> None:
    curves = shipped.curves(MINILM, "en", LARGE)
    assert curves is not None
    assert curves.right.probability(PLAIN) > 0.9
    assert curves.right.probability(FOREIGN) < 0.1
    assert curves.known.probability(FOREIGN) < shipped.THRESHOLDS.suggest < curves.known.probability(PLAIN)


def test_a_search_that_shows_no_pieces_is_judged_by_the_other_signs() -> None:
    curves = shipped.curves(MINILM, "en", LARGE)
    assert curves is not None
    plain, foreign = ({k: v for k, v in s.items() if k != "support"} for s in (PLAIN, FOREIGN))
    assert curves.right.probability(plain) > 0.8 > 0.2 > curves.right.probability(foreign)


def test_a_question_without_rivals_is_not_answered_for_want_of_them() -> None:
    alone = {**FOREIGN, "dense": 0.4, "lead": 0.18, "agrees": 1.0, "rivals": 0.0, "support": 1.0, "lexical": 0.19}
    large, small = (shipped.curves(MINILM, "en", n) for n in (LARGE, shipped.SMALL))
    assert large is not None
    assert small is not None
    assert small.right.probability(alone) < shipped.THRESHOLDS.answer < large.right.probability(alone)
    assert small.known.probability(alone) < shipped.THRESHOLDS.suggest
    assert small.right.probability(PLAIN) > 0.9
