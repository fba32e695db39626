"""`bot kb lint` and `bot kb expiring`: lines for people, one object for programs, and an exit code that says enough."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot import lint_commands
from bot.errors import Refused
from bot.knowledge import Passage
from bot.lint import CODES
from bot.output import Output
from bot.ports import Bot
from tests.fakes import DELIVERY, SHOP, document, fake_bot, passage, stock
from tests.unit.test_checks import FAQ, POLICY, near_pairs

OPEN = passage("faqs/o.md#new", "What is new?", "TBD", source="faqs/o.md:4")


async def shop(*passages: Passage) -> Bot:
    bot = fake_bot()
    await stock(bot, passages)
    return bot


async def lint(*passages: Passage, is_json: bool = False, **options: Any) -> int:
    return await lint_commands.lint(await shop(*passages), Output(is_json), near_pairs, **options)


async def test_what_must_be_put_right_fails_and_a_hint_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert await lint(FAQ, POLICY, OPEN) == 1
    said = capsys.readouterr().out
    assert "numbers that cannot both be right: 1" in said
    assert "  faqs/r.md:3: " in said
    assert "3 passages: 1 to be put right, 1 to look at" in said
    assert await lint(OPEN) == 0
    assert "  faqs/o.md:4: “What is new?” has no answer yet" in capsys.readouterr().out


async def test_a_clean_shop_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert await lint(*SHOP) == 0
    assert capsys.readouterr().out == "3 passages: 0 to be put right, 0 to look at\n"


async def test_programs_read_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert await lint(FAQ, POLICY, OPEN, is_json=True) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["passages"], said["must"], said["counts"]) == (3, 1, {"conflict": 1, "no-answer": 1})
    first = said["findings"][0]
    assert (first["code"], first["source"], first["must"]) == ("conflict", "faqs/r.md:3", True)
    assert first["passages"] == [FAQ.id, POLICY.id]


async def test_what_was_not_compared_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    bot = fake_bot()
    await bot.store.apply([document(DELIVERY)], [DELIVERY], (), bot.now())
    assert await lint_commands.lint(bot, Output(), near_pairs) == 0
    assert "1 of them were not compared by meaning" in capsys.readouterr().out


async def test_limits_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(Refused, match="--max-words"):
        await lint(OPEN, max_words=0)
    with pytest.raises(Refused, match="--days"):
        await lint_commands.expiring(await shop(), Output(), -1)


def test_every_finding_has_a_title() -> None:
    assert set(lint_commands.TITLES) == set(CODES)


async def test_what_begins_and_ends_is_listed_by_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    bot = await shop(
        replace(FAQ, valid_to="2026-03-10"),  # it is 1 March 2026
        replace(DELIVERY, valid_to="2026-02-01"),
        replace(POLICY, text="Order until 1 February 2026 to get it.", valid_from="2026-01-01"),
        replace(OPEN, valid_from="2026-03-20"),
    )
    assert await lint_commands.expiring(bot, Output(), 14) == 0
    said = capsys.readouterr().out
    assert "soon over: 1" in said
    assert "2026-03-10\tHow long may a return take?\tfaqs/r.md:3" in said
    assert "over already, and answered no more: 1" in said
    assert "naming a day that has passed: 1" in said
    assert "until 1 February 2026" in said
    assert "soon answered" not in said  # in 19 days
    assert await lint_commands.expiring(bot, Output(True), 30) == 0
    rows = json.loads(capsys.readouterr().out)["expiring"]
    assert [row["what"] for row in rows] == ["ended", "ends", "begins", "says"]


async def test_nothing_to_tell_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert await lint_commands.expiring(await shop(*SHOP), Output(), 7) == 0
    assert capsys.readouterr().out == "nothing begins or ends within 7 days, and nothing is over\n"
