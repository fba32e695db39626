"""Chinese words that no passage has: a run of strange characters where the passage says something else."""

import re
from itertools import pairwise

from bot import lexicon, synonyms
from bot.alignment import Case
from bot.drafting import HAN_STOP
from bot.tokens import CJK_CHARACTER

_BOUND = re.compile("|".join(word for word, _ in (*lexicon.CHINESE_BOUNDS_BEFORE, *lexicon.CHINESE_BOUNDS_AFTER)))
_TOWN = re.compile("([\u3400-\u9fff]{2})(?:市区|市内|市(?!场|面|价|民|售)|省(?!去|下|钱|心|略)|县)")
_WHERE = re.compile(
    "(?:在|凭)([\u3400-\u9fff]{2,8}?)(?:证明|证件|凭证|购买|办理|领取|领|集合|取件|签到|缴费|寄存|租|停车|停放|登船|上车|入场|排队)"
)
LONGEST = 2  # strange characters in a row that may be another way to say it


def stranger(case: Case) -> str:
    if CJK_CHARACTER.search(case.claim.text) is None:
        return ""
    known = _characters(case)
    told = "".join(unit.text for unit in (*case.reading.units, case.reading.title, case.asked))
    if town := next((name for name in _TOWN.findall(case.claim.text) if name not in told), ""):
        return f"name: {town}"
    if item := _unlisted(case.claim.text, told):
        return f"name: {item}"
    for place in _WHERE.findall(synonyms.plain_chinese(case.claim.text)):
        if any(one not in known and other not in known for one, other in pairwise(place)):
            return f"name: {place}"
    run = ""
    for character in _BOUND.sub("", HAN_STOP.sub("", synonyms.plain_chinese(case.claim.text))) + "。":
        if CJK_CHARACTER.match(character) and character not in known:
            run += character
        elif run and (len(run) > LONGEST or any(thing in run for thing in lexicon.CHINESE_THINGS)):
            return f"name: {run}"
        else:
            run = ""
    return ""


_LIST = re.compile("[\u3400-\u9fffA-Za-z0-9]{1,12}(?:、[\u3400-\u9fffA-Za-z0-9]{1,12})+")
_PAIR = 2  # characters: what stands before a list's first item and behind its last is not cut off


def _unlisted(claim: str, told: str) -> str:
    """One that the passage does not name, in a list of which it names others: 杭州、萧山、富阳."""
    for found in _LIST.finditer(claim):
        first, *middle, last = found[0].split("、")
        items = [first[-_PAIR:], *middle, last[:_PAIR]]
        strange = [item for item in items if len(item) >= _PAIR and item not in told]
        if strange and len(strange) < len(items):
            return strange[0]
    return ""


def _characters(case: Case) -> frozenset[str]:
    texts = [unit.text for unit in (*case.reading.units, case.reading.title, case.asked)]
    return frozenset(synonyms.plain_chinese("".join(texts))) | synonyms.LIGHT_HAN
