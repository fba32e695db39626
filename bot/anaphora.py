""" "After that", "above that", 超过的: which period or amount is meant is said before; here it is put in its place."""

import re
from collections.abc import Iterator, Sequence

from bot.facts import Fact
from bot.finding import facts_of

_MEANT = re.compile(
    r"\b(?P<relation>after|above|over|beyond|below|under|before|until) (?:that|this|then|it)\b(?! point)"
    r"|(?P<later>\b(?:thereafter|later|by then)\b|(?<=; )then\b)"
    r"|(?P<comparison>heavier|longer|larger|bigger|older)\b(?! than)"
    r"|(?P<chinese>超过|超出|不足|不满|不到|低于)(?=[的者，,则就时需收部按要])|(?P<overdue>逾期|此后|之后)(?=[未的不，,])",
    re.IGNORECASE,
)
_DIMENSIONS = (
    "duration", "money", "time", "date", "count", "kg", "g", "lb", "m", "cm", "km", "mile", "litre", "GB", "MB", "age",
    "stage", "piece",
)  # fmt: skip
_BOUND = re.compile(r"(?:以内|以上|之内|以下|内|后|前|起|\bor (?:more|less|over|under))$")


def spelled_out(lines: Sequence[str]) -> Iterator[str]:
    """The sentences that lean on a figure said before, with that figure in them."""
    before = ""
    for line in lines:
        match = _MEANT.search(line)
        if (
            match is not None
            and not _is_measured(match, line)
            and (figure := _last_figure(line[: match.start()]) or _last_figure(before))
        ):
            yield line[: match.start()] + _with(match, figure) + line[match.end() :]
        before = line


def _is_measured(match: re.Match[str], line: str) -> bool:
    """ "Two days longer": by how much is said, not than what."""
    before = facts_of(line[: match.start()]) if match["comparison"] else ()
    return bool(before) and line[: match.start()].rstrip().endswith(before[-1].shown)


def _last_figure(text: str) -> str:
    figures = [fact for fact in facts_of(text) if _can_be_meant(fact)]
    return _BOUND.sub("", figures[-1].shown) if figures else ""


def _can_be_meant(fact: Fact) -> bool:
    return fact.kind in ("number", "time", "date") and fact.dimension in _DIMENSIONS


def _with(match: re.Match[str], figure: str) -> str:
    if match["relation"]:
        return f"{match['relation']} {figure}"
    if match["comparison"]:
        return f"{match['comparison']} than {figure}"
    if match["later"]:
        return f"after {figure}"
    return f"{match['chinese']}{figure}" if match["chinese"] else f"超过{figure}"
