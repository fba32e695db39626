"""A shop of a handful of pages, with the models that come with the bot, unconfigured: who asks it is mostly helped.

The shops are some of `python -m tests.bench.shops`, where the figures of all of them are.
"""

import asyncio

import pytest

from bot.settings import Settings
from tests.bench import shops
from tests.bench.shops import Asked, judged


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("shops"))
    return asyncio.run(shops.searched(settings, ["jiazheng", "library"]))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_most_questions_that_the_pages_answer_are_answered_or_the_right_page_is_offered(
    asked: list[Asked], language: str
) -> None:
    came = judged([one for one in asked if one.seen.language == language], "answer")
    assert came.n >= 15
    assert came.answered - came.wrong >= 0.35
    assert came.answered - came.wrong + came.within_reach >= 0.7
    assert came.wrong <= 0.1


def test_most_questions_that_no_page_answers_are_not_answered(asked: list[Asked]) -> None:
    came = judged(asked, "handoff")
    assert came.n >= 20
    assert came.answered <= 0.25
    assert came.passed_on >= 0.35


def test_a_word_or_two_are_no_reason_to_pass_on(asked: list[Asked]) -> None:
    came = judged(asked, "either")
    assert came.n >= 6
    assert came.passed_on <= 0.35
