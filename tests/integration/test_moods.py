"""Moods by meaning: the regression on vectors small enough to reckon with, then on the model that comes along."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.adapters.mood_file import examples
from bot.adapters.mood_model import MoodModel
from bot.adapters.sbert import SentenceTransformerEmbedder
from bot.indexes import Reading
from bot.mood import FEWEST, FEWEST_ORDINARY, ORDINARY, Example, Heard, Mood
from tests.bench.moods import JUDGED, Row, alarms, heard_in, lines, read, table

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Axes:
    """A fake: each word of a few has an axis of its own, and every text a little noise of its own."""

    def __init__(self, *words: str, languages: frozenset[str] = frozenset({"en", "zh"})) -> None:
        self.name, self.dimension, self.languages = "axes", len(words) + len(LETTERS), languages
        self.embedded: list[str] = []
        self._words = words

    def embed(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Any:
        assert is_query, "a message is compared with messages"
        self.embedded += texts
        held = [
            [3.0 * (word in text) for word in self._words] + [letter == text[-1:] for letter in LETTERS]
            for text in texts
        ]
        vectors = np.array(held, dtype=np.float32)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        return Reading(self.embed(texts, is_query=is_query), [()] * len(texts))


def said(name: str, word: str, count: int, language: str = "en") -> list[Example]:
    return [Example(name, language, f"{word} {letter}") for letter in LETTERS[:count]]


FEW = [
    *said(ORDINARY, "order", FEWEST_ORDINARY),
    *said(Mood.ASKED, "person", FEWEST),
    *said(Mood.LEGAL, "court", FEWEST),
]
CHINESE = [*said(ORDINARY, "订单", FEWEST_ORDINARY, "zh"), *said(Mood.LEGAL, "法院", FEWEST, "zh")]
WORDS = ("order", "person", "court", "订单", "法院")


def model(*words: str, few: Sequence[Example] = FEW, cache: Path | None = None) -> MoodModel:
    return MoodModel(Axes(*(words or WORDS)), few, cache)


def test_what_is_near_a_moods_examples_is_in_that_mood() -> None:
    moods = model()
    assert moods.hear(["person z"]) == Heard(Mood.ASKED)
    assert moods.hear(["court z"]) == Heard(Mood.LEGAL)


def test_each_language_is_told_by_its_own_examples() -> None:
    moods = model(few=[*FEW, *CHINESE])
    assert moods.hear(["法院 z"]) == moods.hear(["court z"]) == Heard(Mood.LEGAL)
    assert model().hear(["法院 z"]) is None
    assert model(few=CHINESE).hear(["court z"]) is None


def test_what_is_near_the_ordinary_is_in_no_mood_and_nothing_said_is_none() -> None:
    moods = model()
    assert moods.hear(["order z"]) is moods.hear([]) is None


def test_the_nearer_to_the_ordinary_the_less_certain_a_mood() -> None:
    ordinary = [*FEW, *said(ORDINARY, "person order", 4)]
    found = [
        model(few=few).hear(["person order z"]) for few in (FEW, ordinary, [*ordinary, *said(ORDINARY, "person", 3)])
    ]
    assert found[0] == Heard(Mood.ASKED)
    assert found[-1] is None


def test_a_mood_in_one_sentence_of_several_is_heard() -> None:
    assert model().hear(["order z. order y. person x", "order z", "order y", "person x"]) == Heard(Mood.ASKED)


def test_the_whole_message_is_embedded_by_itself_as_the_search_will_do() -> None:
    embedder = Axes(*WORDS)
    moods = MoodModel(embedder, FEW)
    moods.prepare()
    embedder.embedded.clear()
    moods.hear(["person x. order y", "person x", "order y"])
    assert embedder.embedded == ["person x. order y", "person x", "order y"]


def test_an_ordinary_example_takes_a_false_alarm_back() -> None:
    few = [*FEW, *said(Mood.CANCEL, "everything", FEWEST)]
    assert model(*WORDS, "everything", few=few).hear(["everything z"]) == Heard(Mood.CANCEL)
    corrected = [*few, *said(ORDINARY, "everything", 9)]
    found = model(*WORDS, "everything", few=corrected).hear(["everything z"])
    assert found is None or not found.is_certain


def test_too_few_examples_tell_nothing() -> None:
    assert (
        model(few=[*said(ORDINARY, "order", FEWEST_ORDINARY - 1), *said(Mood.ASKED, "person", 9)]).hear(["person z"])
        is None
    )
    assert model(few=said(ORDINARY, "order", FEWEST_ORDINARY)).hear(["person z"]) is None
    assert model(few=[*FEW, *said(Mood.CANCEL, "all", FEWEST - 1)]).hear(["person z"]) == Heard(Mood.ASKED)


def test_examples_in_a_language_the_embedder_does_not_read_are_left_out() -> None:
    embedder = Axes(*WORDS, languages=frozenset({"en"}))
    MoodModel(embedder, [*FEW, *CHINESE]).prepare()
    assert len(embedder.embedded) == len(FEW)
    assert not [text for text in embedder.embedded if "法院" in text]


# ── the vectors that are kept ──


def test_the_examples_are_embedded_once_for_all_starts(tmp_path: Path) -> None:
    cache = tmp_path / "var" / "moods.npz"
    model(cache=cache).prepare()
    embedder = Axes(*WORDS)
    again = MoodModel(embedder, FEW, cache)
    assert again.hear(["person z"]) == Heard(Mood.ASKED)
    assert embedder.embedded == ["person z"]
    assert [path.name for path in cache.parent.iterdir()] == ["moods.npz"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", b"\x93NUMPY"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    cache = tmp_path / "moods.npz"
    cache.write_bytes(damage)
    assert model(cache=cache).hear(["person z"]) == Heard(Mood.ASKED)
    assert cache.read_bytes() != damage


def test_other_examples_or_another_model_are_embedded_anew(tmp_path: Path) -> None:
    cache = tmp_path / "moods.npz"
    model(cache=cache).prepare()
    more = Axes(*WORDS)
    MoodModel(more, [*FEW, *said(Mood.ANGRY, "court order", FEWEST)], cache).prepare()
    assert len(more.embedded) == len(FEW) + FEWEST
    other = Axes(*WORDS)
    other.name = "other"
    MoodModel(other, [*FEW, *said(Mood.ANGRY, "court order", FEWEST)], cache).prepare()
    assert len(other.embedded) == len(FEW) + FEWEST


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert model(cache=tmp_path / "file" / "moods.npz").hear(["person z"]) == Heard(Mood.ASKED)


# ── the measure ──


def test_the_table_counts_what_was_heard_and_as_what(tmp_path: Path) -> None:
    file = tmp_path / "judged.jsonl"
    file.write_text(
        '{"text": "person z", "mood": "asked_for_person"}\n\n{"text": "order z", "mood": "asked_for_person"}\n'
        '{"text": "court z", "mood": "asked_for_person"}\n{"text": "order z", "mood": ""}\n'
        '{"text": "where is the court z", "mood": ""}\n'
    )
    judged = read(file)
    assert table(judged, model()) == [Row("ordinary", 2, 1, 1), Row("asked_for_person", 3, 2, 1)]
    assert alarms(judged, model()) == {"legal": 1}
    assert list(lines(judged, model()))[-1] == "ordinary questions taken for: legal 1"


# ── the examples that come along, on the model that comes along ──


@pytest.fixture(scope="module")
def moods() -> MoodModel:
    return MoodModel(SentenceTransformerEmbedder("minilm"), examples())


def share(rows: Sequence[Row], mood: str) -> float:
    row = next(row for row in rows if row.mood == mood)
    return (row.heard if mood == "ordinary" else row.as_it) / row.sentences


def test_wishes_for_a_person_are_heard_in_free_words_and_ordinary_questions_are_left_alone(moods: MoodModel) -> None:
    judged = [row for row in read(JUDGED) if row.language == "en"]
    rows = table(judged, moods)
    assert share(rows, "asked_for_person") >= 0.94
    straight = [mood for mood in alarms(judged, moods).elements() if not mood.endswith("?")]
    assert len(straight) <= 0.02 * sum(row.mood == "" for row in judged), straight
    assert share(rows, "ordinary") <= 0.06  # the others: the pages are asked first


@pytest.mark.parametrize(
    ("mood", "least"), [("self_harm", 1.0), ("cancel", 0.85), ("legal", 0.85), ("complaint", 0.75), ("angry", 0.5)]
)
def test_each_mood_is_heard(moods: MoodModel, mood: str, least: float) -> None:
    assert share(table([row for row in read(JUDGED) if row.language == "en"], moods), mood) >= least


def test_without_a_model_the_keyword_rules_hear_what_is_said_plainly_in_chinese() -> None:
    rows = table([row for row in read(JUDGED) if row.language == "zh"], None)
    assert share(rows, "asked_for_person") >= 0.6
    assert share(rows, "self_harm") >= 0.6
    assert share(rows, "ordinary") <= 0.03


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("is there anyone real there", "asked_for_person"),
        ("get me your manager", "asked_for_person"),
        ("I'd rather speak with someone", "asked_for_person"),
        ("My parcel is lost. The tracking says nothing. Could one of your people look at this?", "asked_for_person"),
        ("how do I cancel my order?", ""),
        ("Where is my damn parcel", ""),
        ("How do I close my account?", ""),
    ],
)
def test_what_a_shop_hears_every_day(moods: MoodModel, text: str, mood: str) -> None:
    assert heard_in(text, moods) == mood
