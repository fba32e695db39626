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
    "number": [(r"(?<![\w.-])(\d+)(?![\d:]|-\d)", lambda m: str(int(m[1]) + 3)), (r"\bthree\b", "four"), (r"\btwo\b", "five"),
               (r"\bten\b", "twelve"), (r"三年", "五年"), (r"两", "三"), (r"九折", "七折")],
    "unit": [(r"(?<=\d )(business )?days?\b", "hours"), (r"\bhours?\b", "days"), (r"\bminutes\b", "hours"),
             (r"(?<=\d )months\b", "years"), (r"\byears\b", "months"), (r"\bbusiness days\b", "days"), (r"\bkg\b", "g"),
             (r"(?<=\d) %", " euro"), (r"€", "$"), (r"£", "€"), (r"(?<=\d)天", "小时"), (r"小时", "天"), (r"分钟", "小时"),
             (r"(?<=\d)个月", "年"), (r"欧元", "美元"), (r"英镑", "欧元"), (r"个工作日", "天")],
    "negation": [(r"\bcannot\b", "can"), (r"\b(do|does|is|are|has|were) not\b", r"\1"), (r"\bnever\b", "often"),
                 (r"\bnot\b", ""), (r"\bcan\b", "cannot"), (r"\b(is|are|may|must|will)\b(?! not)", r"\1 not"),
                 (r"不能|不可|无法", "可以"), (r"不(?=接受|支持|提供|寄|退还|向|参加|会|包括|适用)", ""), (r"从不", ""), (r"可以|可(?=在|免)", "不可以")],
    "place": [(r"\b(Norway|Switzerland|Belgium|France|Germany|Poland|Spain|United Kingdom|Ghent|Lyon)\b", "Portugal"),
              (r"\b(European|EU)\b", "Chinese"), (r"法国|德国|荷兰|挪威|瑞士|英国|比利时|欧盟", "巴西")],
    "date": [(r"\bMonday\b", "Tuesday"), (r"\bFriday\b", "Thursday"), (r"\bSunday\b", "Wednesday"),
             (r"\bSaturday\b", "Sunday"), (r"\b(January|November|December|March)\b", "June"), (r"周[一五六日]", "周三"), (r"\d+月", "8月")],
    "time": [(r"\b(\d\d?):00\b", lambda m: f"{int(m[1]) + 1}:00"), (r"\b(\d\d?):00\b", r"\1:30")],
    "direction": [(r"\bbefore\b", "after"), (r"\bafter\b", "before"), (r"\bover\b", "under"), (r"\babove\b", "below"),
                  (r"\bup to\b", "at least"), (r"\bat least\b", "at most"), (r"\bwithin\b", "after"), (r"\buntil\b", "after"),
                  (r"满", "不满"), (r"最多", "至少"), (r"超过", "低于"), (r"(?<=\d天)内", "后"), (r"(?<=\d小时)内", "后"), (r"(?<=00)前", "后")],
    "link": [(r"shop\.example", "shopp.example"), (r"giftcard", "voucher"), (r"(care|match|privacy|plants)@", "info@"),
             (r"\+32 9 555 01 23", "+32 9 555 01 24"), (r"400-123-4567", "400-123-4568"), (r"STUDENT10", "STUDENT20")],
    "name": [(r"\bAlpine\b", "Summit"), (r"\bRidge\b", "Alpine"), (r"\b(Visa|Mastercard|PayPal|Bancontact)\b", "Klarna"),
             (r"\bAmerican Express\b", "Diners Club"), (r"\b[Ww]atches\b", "cameras"), (r"\b[Ss]hoes\b", "jackets"),
             (r"\b[Mm]attress\b", "sofa"), (r"\btents\b", "jackets"), (r"\b[Hh]elmets\b", "Gloves"), (r"\b[Ss]kis\b", "Tents"),
             (r"\bElectronics\b", "Shoes"), (r"手表|鞋子|洗衣机|耳机", "帐篷"), (r"支付宝|微信", "PayPal"), (r"礼品卡", "优惠券")],
    "promise": [(r"\bMost\b", "All"), (r"\bmay (?=take|contain|change)", "will "), (r"\bpaid\b", "always paid"), (r"最多", "保证")],
}  # fmt: skip


def _changed(sentence: str) -> Iterator[tuple[str, str]]:
    """The sentence with one fact changed, one place at a time."""
    for kind, swaps in _SWAPS.items():
        for pattern, replacement in swaps:
            for match in re.finditer(pattern, sentence):
                new = replacement(match) if callable(replacement) else match.expand(replacement)
                yield kind, sentence[: match.start()] + new + sentence[match.end() :]


CHANGED = [(kind, p, s, changed) for p, s in TRUE for kind, changed in _changed(s) if changed != s]


def test_every_sentence_of_a_passage_is_carried_by_it():
    refused = [(s, v.reason) for p, s in TRUE if not (v := check(s, [p])).is_carried]
    assert not refused


def test_no_sentence_passes_with_one_fact_changed():
    passed = [(kind, changed, s) for kind, p, s, changed in CHANGED if check(changed, [p]).is_carried]
    print("\nchanged facts:", dict(Counter(kind for kind, *_ in CHANGED)), "passed:", len(passed), "of", len(CHANGED))
    assert not passed
