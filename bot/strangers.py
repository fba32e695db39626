"""Chinese words that no passage has: a run of strange characters where the passage says something else."""

import re

from bot import lexicon, synonyms
from bot.alignment import Case
from bot.drafting import HAN_STOP
from bot.tokens import CJK_CHARACTER

_BOUND = re.compile("|".join(word for word, _ in (*lexicon.CHINESE_BOUNDS_BEFORE, *lexicon.CHINESE_BOUNDS_AFTER)))
_TOWN = re.compile("([\u3400-\u9fff]{2})(?:市区|市内|市(?!场|面|价|民|售)|省(?!去|下|钱|心|略)|县)")
LONGEST = 2  # strange characters in a row that may be another way to say it


def stranger(case: Case) -> str:
    if CJK_CHARACTER.search(case.claim.text) is None:
        return ""
    known = _characters(case)
    told = "".join(unit.text for unit in (*case.reading.units, case.reading.title, case.asked))
    if town := next((name for name in _TOWN.findall(case.claim.text) if name not in told), ""):
        return f"name: {town}"
    run = ""
    for character in _BOUND.sub("", HAN_STOP.sub("", synonyms.plain_chinese(case.claim.text))) + "。":
        if CJK_CHARACTER.match(character) and character not in known:
            run += character
        elif run and (len(run) > LONGEST or any(thing in run for thing in lexicon.CHINESE_THINGS)):
            return f"name: {run}"
        else:
            run = ""
    return ""


def _characters(case: Case) -> frozenset[str]:
    texts = [unit.text for unit in (*case.reading.units, case.reading.title, case.asked)]
    return frozenset(synonyms.plain_chinese("".join(texts))) | synonyms.LIGHT_HAN
