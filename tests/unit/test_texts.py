import re
from string import Formatter

import pytest

from bot import smalltalk
from bot.conversation import Reason
from bot.texts import TEXTS, say


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_says_the_same_things() -> None:
    assert {language: sorted(texts) for language, texts in TEXTS.items()} == {
        language: sorted(TEXTS["en"]) for language in TEXTS
    }


@pytest.mark.parametrize("key", sorted(TEXTS["en"]))
def test_every_language_fills_in_the_same_values(key: str) -> None:
    assert {frozenset(fields(texts[key])) for texts in TEXTS.values()} == {frozenset(fields(TEXTS["en"][key]))}


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("language", TEXTS)
def test_every_hand_off_is_announced_with_its_reason(reason: Reason, language: str) -> None:
    assert TEXTS[language][f"handoff.{reason}"].strip()


@pytest.mark.parametrize("said", ["hi", "thanks", "bye", "how are you", "are you a bot", "help", "ok"])
def test_every_kind_of_small_talk_has_a_line(said: str) -> None:
    kind = smalltalk.small_talk(said)
    assert kind
    assert all(kind in texts for texts in TEXTS.values())


def test_no_line_claims_a_fact_about_the_shop() -> None:
    lines = [line for texts in TEXTS.values() for line in texts.values()]
    assert [line for line in lines if re.search(r"[\d€$£%@]|https?:", line)] == []


def test_an_unknown_language_hears_english() -> None:
    assert say("thanks", "fr") == say("thanks", "en")


def test_a_customers_braces_are_data() -> None:
    assert "{0.__class__} {x}" in say("partly", "en", question="{0.__class__} {x}")
    assert "“{question}”" in say("partly", "zh", question="{question}")


def test_an_unknown_line_is_an_error_and_not_silence() -> None:
    with pytest.raises(KeyError):
        say("no such line", "en")
