"""The fact guard against true sentences, against the same sentences with one fact changed, and against people's pairs.

`data/guard_passages*.jsonl` are shop policies; each of their sentences is true, and each change below makes it false.
`data/guard_pairs.jsonl` are pairs written by hand: `{"passage", "sentence", "question"?, "carried", "kind"}`.
"""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.grounding import check, complete_sentences, sentences

DATA = Path(__file__).parent / "data"


def _rows(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def _passages(name):
    return [f"{row['title']}\n{row['text']}" for row in _rows(name)]


ENGLISH = _passages("guard_passages.jsonl")
CHINESE = _passages("guard_passages_zh.jsonl")
PAIRS = _rows("guard_pairs.jsonl")
TRUE = [(passage, sentence) for passage in ENGLISH + CHINESE for sentence in sentences(passage.partition("\n")[2])]

# ── one fact changed ──

_SWAPS = {
    "number": [
        (r"(?<![\w.-])(\d+)(?![\d:]|-\d)", lambda m: str(int(m[1]) + 3)), (r"\bthree\b", "four"),
        (r"\btwo\b", "five"), (r"\bten\b", "twelve"), (r"三年", "五年"), (r"两", "三"), (r"九折", "七折"),
    ],
    "unit": [
        (r"(?<=\d )(business )?days?\b", "hours"), (r"\bhours?\b", "days"), (r"\bminutes\b", "hours"),
        (r"(?<=\d )months\b", "years"), (r"\byears\b", "months"), (r"\bbusiness days\b", "days"), (r"\bkg\b", "g"),
        (r"(?<=\d) %", " euro"), (r"€", "$"), (r"£", "€"), (r"(?<=\d)天", "小时"), (r"小时", "天"),
        (r"分钟", "小时"), (r"(?<=\d)个月", "年"), (r"欧元", "美元"), (r"英镑", "欧元"), (r"个工作日", "天"),
    ],
    "negation": [
        (r"\bcannot\b", "can"), (r"\b(do|does|is|are|has|were) not\b", r"\1"), (r"\bnever\b", "often"),
        (r"\bnot\b", ""), (r"\bcan\b", "cannot"), (r"\b(is|are|may|must|will)\b(?! not)", r"\1 not"),
        (r"不能|不可|无法", "可以"), (r"不(?=接受|支持|提供|寄|退还|向|参加|会|包括|适用)", ""), (r"从不", ""),
        (r"可以|可(?=在|免)", "不可以"),
    ],
    "place": [
        (r"\b(Norway|Switzerland|Belgium|France|Germany|Poland|Spain|United Kingdom|Ghent|Lyon)\b", "Portugal"),
        (r"\b(European|EU)\b", "Chinese"), (r"法国|德国|荷兰|挪威|瑞士|英国|比利时|欧盟", "巴西"),
    ],
    "date": [
        (r"\bMonday\b", "Tuesday"), (r"\bFriday\b", "Thursday"), (r"\bSunday\b", "Wednesday"),
        (r"\bSaturday\b", "Sunday"), (r"\b(January|November|December|March)\b", "June"), (r"周[一五六日]", "周三"),
        (r"\d+月", "8月"),
    ],
    "time": [
        (r"\b(\d\d?):00\b", lambda m: f"{int(m[1]) + 1}:00"), (r"\b(\d\d?):00\b", r"\1:30"),
    ],
    "direction": [
        (r"\bbefore\b", "after"), (r"\bafter\b", "before"), (r"\bover\b", "under"), (r"\babove\b", "below"),
        (r"\bup to\b", "at least"), (r"\bat least\b", "at most"), (r"\bwithin\b", "after"), (r"\buntil\b", "after"),
        (r"满", "不满"), (r"最多", "至少"), (r"超过", "低于"), (r"(?<=\d天)内", "后"), (r"(?<=\d小时)内", "后"),
        (r"(?<=00)前", "后"),
    ],
    "link": [
        (r"shop\.example", "shopp.example"), (r"giftcard", "voucher"), (r"(care|match|privacy|plants)@", "info@"),
        (r"\+32 9 555 01 23", "+32 9 555 01 24"), (r"400-123-4567", "400-123-4568"), (r"STUDENT10", "STUDENT20"),
    ],
    "name": [
        (r"\bAlpine\b", "Summit"), (r"\bRidge\b", "Alpine"), (r"\b(Visa|Mastercard|PayPal|Bancontact)\b", "Klarna"),
        (r"\bAmerican Express\b", "Diners Club"), (r"\b[Ww]atches\b", "cameras"), (r"\b[Ss]hoes\b", "jackets"),
        (r"\b[Mm]attress\b", "sofa"), (r"\btents\b", "jackets"), (r"\b[Hh]elmets\b", "Gloves"),
        (r"\b[Ss]kis\b", "Tents"), (r"\bElectronics\b", "Shoes"), (r"手表|鞋子|洗衣机|耳机", "帐篷"),
        (r"支付宝|微信", "PayPal"), (r"礼品卡", "优惠券"),
    ],
    "promise": [
        (r"\bMost\b", "All"), (r"\bmay (?=take|contain|change)", "will "), (r"\bpaid\b", "always paid"),
        (r"最多", "保证"),
    ],
}  # fmt: skip


def _changed(sentence: str) -> Iterator[tuple[str, str]]:
    """The sentence with one fact changed, one place at a time."""
    for kind, swaps in _SWAPS.items():
        for pattern, replacement in swaps:
            for match in re.finditer(pattern, sentence):
                new = replacement(match) if callable(replacement) else match.expand(replacement)
                yield kind, sentence[: match.start()] + new + sentence[match.end() :]


CHANGED = [(kind, p, s, changed) for p, s in TRUE for kind, changed in _changed(s) if changed != s]


def _passes(row) -> bool:
    return check(row["sentence"], [row["passage"]], row.get("question", "")).is_carried


def test_every_sentence_of_a_passage_is_carried_by_it():
    refused = [(s, v.reason) for p, s in TRUE if not (v := check(s, [p])).is_carried]
    assert not refused


def test_no_sentence_passes_with_one_fact_changed():
    passed = [(kind, changed, s) for kind, p, s, changed in CHANGED if check(changed, [p]).is_carried]
    print("\nchanged:", dict(Counter(kind for kind, *_ in CHANGED)), f"passed: {len(passed)} of {len(CHANGED)}")
    assert len(CHANGED) > 500
    assert not passed


def test_no_changed_sentence_passes_among_the_other_passages_either():
    chosen = random.Random(7).sample(CHANGED, 120)
    others = random.Random(8).sample(ENGLISH + CHINESE, 4)
    passed = [changed for _, p, _, changed in chosen if check(changed, [*others, p]).is_carried]
    assert not passed


def test_the_rates_on_pairs_written_by_people():
    carried = [row for row in PAIRS if row["carried"]]
    false = [row for row in PAIRS if not row["carried"]]
    faithful = sum(map(_passes, carried)) / len(carried)
    passed = [row["sentence"] for row in false if _passes(row)]
    print(f"\nfaithful pass: {faithful:.3f} of {len(carried)}; false pass: {len(passed)} of {len(false)}")
    assert len(PAIRS) >= 150
    assert faithful >= 0.95
    assert not passed


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TRUE), st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_a_number_that_no_passage_states_is_refused(true, number, choice):
    passage, sentence = true
    spots = list(re.finditer(r"(?<![\w.,:-])\d+(?![\w:-]|[.,]\d)", sentence))
    if not spots or re.search(rf"(?<!\d){number}(?!\d)", passage):
        return
    spot = choice.choice(spots)
    assert not check(f"{sentence[: spot.start()]}{number}{sentence[spot.end() :]}", [passage]).is_carried


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(TRUE), st.sampled_from(TRUE))
def test_a_sentence_of_one_passage_is_carried_among_others(true, other):
    passage, sentence = true
    verdict = check(sentence, [other[0], passage])
    assert verdict.is_carried
    assert verdict.passage is not None


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=60))
@example("\ufdfa" * 20, "|" * 50 + "\n|", "?")
@example("²³ ①② ½ ٣ days", "٣ days\n٣ days", "")
def test_any_text_gets_a_verdict(sentence, passage, question):
    verdict = check(sentence, [passage], question)
    assert verdict.sentence == sentence
    assert 0.0 <= verdict.support <= 1.0
    assert verdict.is_carried == (verdict.reason in ("", "courtesy"))


# ── courtesies, yes and no ──

RETURNS = "Returns\nYou may return unused items within 30 days of delivery. Opened earphones cannot be returned."


@pytest.mark.parametrize("text", ["Happy to help!", "Thanks for asking.", "您好！", "Sure!", "I hope this helps."])
def test_a_courtesy_passes_but_is_no_answer(text):
    verdict = check(text, [RETURNS])
    assert (verdict.is_carried, verdict.passage, verdict.reason) == (True, None, "courtesy")


def test_a_sign_without_words_is_no_courtesy():
    assert check("...", [RETURNS]).reason == "courtesy"
    assert check("❌", [RETURNS]).reason == "characters"


def test_a_courtesy_before_a_claim_does_not_carry_it():
    assert check("Happy to help! You may return unused items within 30 days of delivery.", [RETURNS]).passage == 0
    assert not check("Happy to help! You may return unused items within 60 days of delivery.", [RETURNS]).is_carried
    assert not check("Thanks for asking, you may return opened earphones.", [RETURNS]).is_carried


def test_yes_and_no_must_fit_what_follows_and_what_was_asked():
    asked = "Can I return opened earphones?"
    assert check("No, opened earphones cannot be returned.", [RETURNS], asked).is_carried
    assert check("Yes, opened earphones cannot be returned.", [RETURNS], asked).reason == "certainty: yes"
    assert not check("Yes.", [RETURNS], asked).is_carried
    assert check("No, you may return unused items within 30 days of delivery.", [RETURNS]).reason == "certainty: no"
    assert not check("Yes, opened earphones.", [RETURNS], "Do you sell bicycles in Canada?").is_carried


def test_the_customer_becomes_you():
    passage = "Customs\nThe customer pays import duty to the carrier."
    assert check("You pay import duty to the carrier.", [passage]).is_carried
    assert check("We pay import duty to the carrier.", [passage]).reason == "name: we"


# ── reasons and the passage ──


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("You may return unused items within 45 days of delivery.", "number: 45 days"),
        ("You may not return unused items within 30 days of delivery.", "negation"),
        ("You may return opened earphones.", "negation"),
        ("You may return unused items to Norway within 30 days of delivery.", "name: Norway"),
        ("You may always return unused items within 30 days of delivery.", "certainty: always"),
        ("You may only return unused items within 30 days of delivery.", "condition: only"),
        ("Return unused items at shop.example within 30 days of delivery.", "url: shop.example"),
        ("Our bakery sells fresh bread.", "words: 0.00"),
    ],
)
def test_a_refusal_names_what_offended(sentence, reason):
    assert check(sentence, [RETURNS]).reason == reason


def test_a_refusal_among_no_passages_is_a_refusal():
    assert not check("You may return unused items.", []).is_carried
    assert check("Thanks!", []).is_carried


def test_the_verdict_names_the_passage_that_carries_it():
    other = "Delivery\nStandard delivery costs €4.95."
    assert check("Opened earphones cannot be returned.", [other, RETURNS]).passage == 1


def test_a_rule_for_one_thing_in_another_passage_is_not_overridden():
    """The general rule stands in one passage, the stricter one for electronics in the next."""
    general = "Returns\nYou can return items within 30 days."
    special = "Electronics\nElectronics can be returned within 14 days."
    assert not check("Electronics can be returned within 30 days.", [general, special]).is_carried
    assert check("Electronics can be returned within 14 days.", [general, special]).passage == 1


def test_text_that_hides_characters_is_refused():
    assert check("You may return \u202eunused items.", [RETURNS]).reason == "characters"
    assert check("You may return unused\u200b items within 30 days of delivery.", [RETURNS]).is_carried


def test_typography_makes_no_difference():
    passage = "Delivery\nDelivery takes 2–4 business days and doesn’t cost **more than** €4,95."
    assert check("Delivery takes 2-4 business days and doesn't cost more than €4.95.", [passage]).is_carried
    assert check("Delivery takes 2 to 4 business days.", [passage]).is_carried


def test_a_very_long_sentence_is_refused_soon():
    begun = time.perf_counter()
    for text in ("a, " * 3_000, "1 " * 5_000, "不" * 10_000, "no " * 3_000):
        assert not check(text, [RETURNS]).is_carried
    assert time.perf_counter() - begun < 5


def test_a_check_takes_a_few_milliseconds():
    passages = [f"Passage {n}\n" + " ".join(p.partition("\n")[2] for p in ENGLISH[4 * n : 4 * n + 4]) for n in range(5)]
    long = "You may return unused items within 30 days of delivery, and electronics must be sent back within 14 days."
    check("Warm up.", passages)
    times = []
    for n in range(40):
        begun = time.perf_counter()
        check(f"{long} Or in {n} weeks.", passages)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.02


# ── where sentences end ──


def test_the_splitter_is_the_guards_own():
    assert sentences("It costs €4.95. Order by 18:00.") == ["It costs €4.95.", "Order by 18:00."]
    assert complete_sentences("It costs €4.95. Order") == (["It costs €4.95."], "Order")
