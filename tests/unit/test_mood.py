"""The examples of moods a shop may edit, and what of a message is listened to."""

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from bot import smalltalk
from bot.adapters.mood_file import BUILT_IN, examples
from bot.conversation import Reason
from bot.errors import Refused
from bot.mood import LONGEST_EXAMPLE, MOST_EXAMPLES, ORDINARY, TABLES, Example, Mood, parse, readable, spoken

ASKED, CANCEL = "asked_for_person", "cancel"
ENOUGH: dict[str, object] = {
    ORDINARY: {"en": [f"question {letter}" for letter in "abcdefghijklmnopqrstuvw"]},
    ASKED: {"en": [f"person {letter}" for letter in "abcde"], "zh": ["来个人"]},
}
JUDGED = Path(__file__).parent / "data" / "moods_judged.jsonl"


def texts(found: tuple[Example, ...], table: str) -> list[str]:
    return [example.text for example in found if example.table == table]


def refused(tables: dict[str, object], built_in: tuple[Example, ...] = ()) -> str:
    with pytest.raises(Refused) as caught:
        parse(tables, "moods.toml", built_in)
    return str(caught.value)


# ── a shop's file ──


def test_every_example_is_read_with_its_mood_and_language() -> None:
    found = parse(ENOUGH, "moods.toml")
    assert len(found) == 29
    assert found[-1] == Example(ASKED, "zh", "来个人")


def test_a_shops_examples_come_on_top_of_the_built_in_ones() -> None:
    found = parse({ASKED: {"en": ["ring the bell"]}}, "own.toml", parse(ENOUGH, "moods.toml"))
    assert texts(found, ASKED) == [
        "person a",
        "person b",
        "person c",
        "person d",
        "person e",
        "来个人",
        "ring the bell",
    ]
    assert len(texts(found, ORDINARY)) == 23


def test_a_table_that_says_so_takes_the_place_of_the_built_in_one() -> None:
    own = {ASKED: {"replace": True, "en": list("vwxyz")}}
    assert texts(parse(own, "own.toml", parse(ENOUGH, "moods.toml")), ASKED) == list("vwxyz")


def test_an_empty_table_that_replaces_switches_a_mood_off() -> None:
    assert texts(parse({ASKED: {"replace": True}}, "own.toml", parse(ENOUGH, "moods.toml")), ASKED) == []


def test_an_example_given_twice_counts_once_and_blanks_are_nothing() -> None:
    found = parse({**ENOUGH, ASKED: {"en": ["a  person", " a person\n", *"bcde"]}}, "moods.toml")
    assert texts(found, ASKED) == ["a person", *"bcde"]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"happy": {"en": ["hooray"]}}, "moods.toml: “happy” is not a mood: write one of asked_for_person, complaint,"),
        (
            {ASKED: ["hello"]},
            "moods.toml: “asked_for_person” must be a table: write [asked_for_person] above its lists",
        ),
        ({ASKED: {"fr": ["allô"]}}, "moods.toml: “fr” in [asked_for_person] is neither a language of the bot (en, zh)"),
        ({ASKED: {"en": "hello"}}, "moods.toml: “en” in [asked_for_person] must be a list of texts in quotes"),
        ({ASKED: {"en": [7]}}, "moods.toml: “en” in [asked_for_person] must be a list of texts in quotes"),
        ({ASKED: {"en": ["!?"]}}, "moods.toml: “en” in [asked_for_person] holds an example without words: “!?”"),
        ({ASKED: {"replace": 1}}, "moods.toml: “replace” in [asked_for_person] must be true or false"),
        ({CANCEL: {"en": ["all"]}}, "moods.toml: [cancel] has 1 examples: 5 at least, or none to ignore it"),
        ({ORDINARY: {"en": ["where is it"]}}, "moods.toml: [ordinary] has 1 examples: 20 at least"),
        (
            {CANCEL: {"en": ["Question A", *"vwxyz"]}},
            "moods.toml: “Question A” stands in [ordinary] and in [cancel]",
        ),
        (
            {ASKED: {"en": ["x" * (LONGEST_EXAMPLE + 1)]}},
            "moods.toml: “en” in [asked_for_person] holds an example of 301 characters: 300 at most",
        ),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_place(table: dict[str, object], sentence: str) -> None:
    assert refused({**ENOUGH, **table}).startswith(sentence)


def test_more_examples_than_can_be_compared_in_time_are_refused() -> None:
    many = [f"question number {n} of a great many" for n in range(MOST_EXAMPLES)]
    assert "examples are too many: 5000 at most" in refused({**ENOUGH, ORDINARY: {"en": many}})


def test_a_file_is_read_and_what_is_wrong_with_it_said(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('\ufeff[asked_for_person]\nen = ["is the captain aboard"]\n', encoding="utf-8")
    assert Example(ASKED, "en", "is the captain aboard") in examples(str(own))
    own.write_text("[asked_for_person\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"own\.toml: "):
        examples(str(own))
    with pytest.raises(Refused, match=r"missing\.toml: No such file"):
        examples(str(tmp_path / "missing.toml"))
    own.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refused, match=r"own\.toml: "):
        examples(str(own))


# ── the built-in examples ──


def test_each_mood_has_a_dozen_examples_in_each_language() -> None:
    counted = Counter((example.table, example.language) for example in examples())
    assert {(table, language) for table in TABLES for language in ("en", "zh")} == {
        place for place, count in counted.items() if count >= 12
    }


def test_every_mood_but_abuse_is_the_reason_of_a_hand_off() -> None:
    assert {mood.value for mood in Mood} - {reason.value for reason in Reason} == {"abuse"}


def test_no_ordinary_example_is_known_to_the_keyword_rules_as_something_else() -> None:
    ordinary = texts(examples(), ORDINARY)
    rules = (smalltalk.wants_person, smalltalk.is_angry, smalltalk.threatens, smalltalk.is_in_danger)
    assert [text for text in ordinary if any(rule(text) for rule in rules)] == []


def test_what_is_judged_is_not_among_the_examples() -> None:
    judged = {json.loads(line)["text"].casefold() for line in JUDGED.read_text(encoding="utf-8").splitlines()}
    assert len(judged) > 400
    assert [example.text for example in examples() if example.text.casefold() in judged] == []


def test_the_built_in_file_has_no_table_that_replaces() -> None:
    assert not [name for name, table in tomllib.loads(BUILT_IN.read_text("utf-8")).items() if "replace" in table]


# ── what is compared ──


@pytest.mark.parametrize(
    ("languages", "read"),
    [({"en"}, {"en"}), ({"de"}, {"en"}), ({"zh"}, {"zh"}), ({"en", "zh"}, {"en", "zh"}), ((), ())],
)
def test_only_examples_in_a_language_the_embedder_reads_are_compared(languages: set[str], read: set[str]) -> None:
    found = readable(examples(), frozenset(languages))
    assert {example.language for example in found} == set(read)


def test_a_message_of_one_sentence_is_listened_to_as_it_will_be_searched() -> None:
    assert spoken("4711") == spoken("?!") == ()
    assert spoken("Hello! Is anyone real there?") == ("Is anyone real there?",)


def test_each_sentence_of_a_longer_message_is_listened_to_as_well() -> None:
    said = "My parcel is late again. Nobody answers me. Is anyone real there?"
    assert spoken(said) == (said, "My parcel is late again.", "Nobody answers me.", "Is anyone real there?")


def test_sentences_of_one_word_are_not_listened_to_by_themselves() -> None:
    assert spoken("Yes. It is the blue lamp.") == ("Yes. It is the blue lamp.",)
    assert spoken("包裹又晚了。来个人。") == ("包裹又晚了。来个人。", "包裹又晚了。", "来个人。")


def test_of_a_very_long_message_the_first_and_last_sentences_are_listened_to() -> None:
    found = spoken(" ".join(f"This is sentence number {n} of the story." for n in range(60)))
    assert len(found) == 9
    assert found[-1] == "This is sentence number 59 of the story."
