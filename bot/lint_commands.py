"""`bot kb lint` and `bot kb expiring`: what is wrong with the live content, and what is about to be."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from bot import checks
from bot.checks import NearPairs
from bot.errors import Refused
from bot.lint import MOST_WORDS, Finding, names_of
from bot.output import Output
from bot.ports import Bot
from bot.validity import Expiring

DAYS = 30
TITLES = {
    "conflict": "numbers that cannot both be right",
    "personal-data": "personal data",
    "injection": "text that speaks to the machine",
    "no-answer": "no answer",
    "same-question": "one question, two answers",
    "duplicate": "the same answer twice",
    "near-duplicate": "nearly the same answer twice",
    "expired": "over",
    "validity": "days that cannot be meant",
    "past-date": "days in the text that have passed",
    "mixed-languages": "two languages",
    "dead-link": "links that lead nowhere",
    "invisible": "characters nobody sees",
    "too-long": "longer than anyone reads",
    "phone-number": "perhaps somebody's phone number",
}
HAPPENS = {
    "ended": "over already, and answered no more",
    "ends": "soon over",
    "begins": "soon answered",
    "says": "naming a day that has passed",
}


async def lint(bot: Bot, output: Output, near_pairs: NearPairs, max_words: int = MOST_WORDS) -> int:
    """1 when something would mislead a customer or tells on somebody; hints alone are 0."""
    if max_words < 1:
        raise Refused("--max-words must be 1 or more")
    with output.progress("reading") as bar:
        found = await checks.lint(bot, near_pairs, most_words=max_words, progress=bar.staged)
    for code, some in groupby(found.findings, key=lambda one: one.code):
        _show(output, code, list(some))
    for line in _summary(found):
        output.line(line, "bold")
    output.result({
        "passages": found.passages, "compared": found.compared, "must": found.must, "counts": names_of(found.findings),
        "findings": [_about(one) for one in found.findings],
    })  # fmt: skip
    return 1 if found.must else 0


def _show(output: Output, code: str, findings: Sequence[Finding]) -> None:
    output.line(f"{TITLES[code]}: {len(findings)}", "yellow" if findings[0].is_hint else "bold red")
    for one in findings:
        output.line(f"  {one}")


def _summary(found: checks.Linted) -> list[str]:
    hints = len(found.findings) - found.must
    lines = [f"{found.passages} passages: {found.must} to be put right, {hints} to look at"]
    if found.compared < found.passages:
        missing = found.passages - found.compared
        lines.append(f"{missing} of them were not compared by meaning: run `bot ingest` first, in a language it reads")
    return lines


def _about(one: Finding) -> dict[str, Any]:
    return {**asdict(one), "must": not one.is_hint}


async def expiring(bot: Bot, output: Output, days: int = DAYS) -> int:
    if days < 0:
        raise Refused("--days must be 0 or more")
    found = await checks.expiring(bot, days)
    for what, happens in HAPPENS.items():
        rows = [[one.on, one.passage.title, one.passage.source, one.said] for one in found if one.what == what]
        if rows:
            output.line(f"{happens}: {len(rows)}", "bold")
            output.table(["day", "title", "where", "as it says"], rows)
    if not found:
        output.line(f"nothing begins or ends within {days} days, and nothing is over")
    output.result({"days": days, "expiring": [_row(one) for one in found]})
    return 0


def _row(one: Expiring) -> dict[str, str]:
    return {
        "what": one.what, "on": one.on, "said": one.said, "title": one.passage.title, "source": one.passage.source,
        "anchor": one.passage.anchor, "passage": one.passage.id,
    }  # fmt: skip
