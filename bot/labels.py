"""What stands between quotation marks, or in a path of menus, is a label: it must stand in the passage just so."""

import re
from collections.abc import Iterator

from bot.alignment import Case

_QUOTED = re.compile(r'"([^"]{1,80})"|「([^」]{1,80})」|『([^』]{1,80})』|《([^》]{1,80})》|【([^】]{1,80})】')
_STEP = re.compile(r"\s*(?:->|[>→»›])\s*")
_PARTS = re.compile(r"\s*(?:->|[>→»›/|]|(?<=[^\W\d_])-(?=[^\W\d_])| - )\s*")
_WORD = re.compile(r"[^\W_]+")


def misquoted(case: Case) -> str:
    claim = case.claim.text.lower()
    if not _QUOTED.search(claim) and not _STEP.search(claim):
        return ""  # as a rule: the whole passage need not be put together
    told = " ".join(unit.text for unit in (case.reading.title, *case.reading.units, case.asked)).lower()
    for quoted in _QUOTED.finditer(claim):
        for part in _PARTS.split(next(filter(None, quoted.groups()))):
            if part.strip(" .,!?。，！？") not in told:
                return f"name: {part}"
    known = set(_steps(told))
    for step in _steps(claim):
        if step not in known if known else any(word not in told for word in step):
            return f"name: {step[1]}"
    return ""


def _steps(text: str) -> Iterator[tuple[str, str]]:
    """The word before and the word after each arrow of "Settings > My SIM > Bring my number"."""
    for arrow in _STEP.finditer(text):
        before, after = _WORD.findall(text[: arrow.start()][-40:]), _WORD.match(text, arrow.end())
        if before and after:
            yield before[-1], after[0]
