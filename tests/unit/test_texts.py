import re
import tomllib
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import smalltalk
from bot.conversation import Reason
from bot.errors import Refused
from bot.texts import PLACEHOLDERS, TEXTS, Texts, say


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


# ── a shop's own wording ──

EVERY_VALUE = {name: f"<{name}>" for names in PLACEHOLDERS.values() for name in names}


def refused(tables: dict[str, object]) -> str:
    with pytest.raises(Refused) as caught:
        Texts.parse(tables, "texts.toml")
    return str(caught.value)


@pytest.mark.parametrize("key", sorted(TEXTS["en"]))
@pytest.mark.parametrize("language", TEXTS)
def test_a_shop_that_words_nothing_says_what_is_built_in(key: str, language: str) -> None:
    assert Texts().say(key, language, **EVERY_VALUE) == say(key, language, **EVERY_VALUE)


@pytest.mark.parametrize("key", sorted(TEXTS["en"]))
def test_every_line_can_be_reworded_and_switched_off_in_each_language(key: str) -> None:
    texts = Texts.parse({"en": {key: ""}, "zh": {key: "自己的话"}}, "texts.toml")
    assert (texts.say(key, "en", **EVERY_VALUE), texts.say(key, "zh", **EVERY_VALUE)) == ("", "自己的话")


def test_every_line_of_the_hand_off_is_there() -> None:
    steps = "delayed requeued requeued.transfer transferred claimed returned closed closed.customer email_left".split()
    line = [f"line.{name}" for name in "next position wait wait_short closed closed_unknown nobody".split()]
    mail = [f"ladder.{to}.{part}" for to in ("mail", "shop") for part in ("subject", "body")]
    assert {*steps, *line, *mail} <= set(TEXTS["en"])


def test_a_language_without_its_own_wording_keeps_the_built_in_one() -> None:
    texts = Texts.parse({"en": {"claimed": "Hi, it's {agent}."}}, "texts.toml")
    assert texts.say("claimed", "en", agent="Mia") == "Hi, it's Mia."
    assert texts.say("claimed", "zh", agent="Mia") == say("claimed", "zh", agent="Mia")


def test_an_unknown_language_hears_the_shops_english() -> None:
    assert Texts.parse({"en": {"thanks": "Any time."}}, "texts.toml").say("thanks", "fr") == "Any time."


def test_a_placeholder_the_shop_leaves_out_is_not_shown() -> None:
    texts = Texts.parse({"en": {"claimed": "Someone is here."}}, "texts.toml")
    assert texts.say("claimed", "en", agent="Mia") == "Someone is here."


def test_braces_written_twice_are_braces_with_and_without_values() -> None:
    texts = Texts.parse({"en": {"thanks": "{{hi}}", "claimed": "{{{agent}}}"}}, "texts.toml")
    assert (texts.say("thanks", "en"), texts.say("claimed", "en", agent="Mia")) == ("{hi}", "{Mia}")


def test_an_agents_braces_are_data() -> None:
    texts = Texts.parse({"en": {"claimed": "{agent} here"}}, "texts.toml")
    assert texts.say("claimed", "en", agent="{agent.__class__}") == "{agent.__class__} here"


def test_a_key_may_be_written_without_quotes() -> None:
    tables = tomllib.loads('[zh]\nline.next = "马上就到您。"\nladder.mail.subject = ""\n')
    texts = Texts.parse(tables, "texts.toml")
    assert (texts.say("line.next", "zh"), texts.say("ladder.mail.subject", "zh")) == ("马上就到您。", "")


def test_blanks_around_a_text_are_not_part_of_it() -> None:
    texts = Texts.parse({"en": {"thanks": "\n  Any time.\n", "greeting": " \n"}}, "texts.toml")
    assert (texts.say("thanks", "en"), texts.say("greeting", "en")) == ("Any time.", "")


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"fr": {"thanks": "De rien."}}, "texts.toml: “fr” is not a language of the bot: write [en] or [zh]"),
        ({"thanks": "Any time."}, "texts.toml: “thanks” is not a language of the bot: write [en] or [zh]"),
        ({"en": "hello"}, "texts.toml: “en” must be a table of texts: write [en] above them"),
        ({"en": {"thx": "Any time."}}, "texts.toml: “thx” in [en] is not one of the bot's texts"),
        ({"zh": {"line": {"nxt": "x"}}}, "texts.toml: “line.nxt” in [zh] is not one of the bot's texts"),
        ({"en": {"thanks": 7}}, "texts.toml: “thanks” in [en] must be a text in quotes"),
        ({"en": {"thanks": ["a"]}}, "texts.toml: “thanks” in [en] must be a text in quotes"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_place(tables: dict[str, object], sentence: str) -> None:
    assert refused(tables) == sentence


@pytest.mark.parametrize(
    "text",
    [
        "{name} is here",
        "{}",
        "{0}",
        "{agent.__class__}",
        "{agent[0]}",
        "{agent!r}",
        "{agent:>999999999}",
        "{agent:{x}}",
    ],
)
def test_a_placeholder_without_a_value_is_refused_when_the_file_is_read(text: str) -> None:
    assert refused({"en": {"claimed": text}}).startswith("texts.toml: “claimed” in [en] may hold {agent} in braces")


@pytest.mark.parametrize("text", ["{agent", "agent}", "{", "{agent!}", "a { b"])
def test_a_single_brace_is_refused_when_the_file_is_read(text: str) -> None:
    assert "claimed” in [en]" in refused({"en": {"claimed": text}})


def test_a_line_without_placeholders_takes_none() -> None:
    assert "may hold nothing in braces" in refused({"en": {"line.next": "{position}"}})


@pytest.mark.parametrize("text", ["a\x00b", "x" * 4_001])
def test_a_text_that_no_message_could_hold_is_refused(text: str) -> None:
    assert refused({"en": {"thanks": text}}).startswith("texts.toml: “thanks” in [en]: the message ")


@settings(deadline=None)
@given(st.text(alphabet="{}agent!:[].r0 x", max_size=24))
def test_whatever_was_accepted_can_be_said(text: str) -> None:
    try:
        texts = Texts.parse({"en": {"claimed": text}}, "texts.toml")
    except Refused:
        return
    plain = text.strip().replace("{agent}", "Mia").replace("{agent:}", "Mia")
    assert texts.say("claimed", "en", agent="Mia").replace("{", "").replace("}", "") == plain.replace("{", "").replace(
        "}", ""
    )


def test_no_placeholder_is_named_like_an_argument_of_say() -> None:
    assert not {"self", "key", "language"} & set(EVERY_VALUE)
