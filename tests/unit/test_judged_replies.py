"""The sample shop's replies written by hand: each says what its passages say, and these are the shop's still."""

import re
from pathlib import Path

import pytest

from bot import judged
from bot.evaluate import is_answerable

ROOT = Path(__file__).parents[2] / "knowledge_base"
TEXT = (ROOT / "judged" / "replies.jsonl").read_text(encoding="utf-8")
ROWS = judged.rows(TEXT, "replies.jsonl")
RAW = [value for _, value in judged.objects(TEXT, "replies.jsonl")]
QRELS = judged.qrels((ROOT / "judged" / "qrels.tsv").read_text(encoding="utf-8"))
ANSWERED = [(row, raw) for row, raw in zip(ROWS, RAW, strict=True) if is_answerable(row)]
FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_there_are_enough_of_each_kind() -> None:
    spoken = [raw["language"] for _, raw in ANSWERED]
    assert spoken.count("en") >= 80
    assert spoken.count("zh") >= 30
    assert len(ROWS) - len(ANSWERED) >= 25
    assert len({raw["_id"] for raw in RAW}) == len(RAW)


@pytest.mark.parametrize(("row", "raw"), ANSWERED, ids=[raw["_id"] for _, raw in ANSWERED])
def test_every_figure_of_a_reply_stands_in_its_passages_or_its_question(row: judged.Row, raw: dict[str, str]) -> None:
    known = set(FIGURE.findall(" ".join([row.question, *(f"{title} {text}" for title, text in row.passages)])))
    assert set(FIGURE.findall(row.answer)) <= known


@pytest.mark.parametrize(("row", "raw"), ANSWERED, ids=[raw["_id"] for _, raw in ANSWERED])
def test_every_address_of_a_reply_stands_in_its_passages(row: judged.Row, raw: dict[str, str]) -> None:
    shown = " ".join(text for _, text in row.passages)
    assert all(address in shown for address in re.findall(r"[\w.]+@[\w.]+\w", row.answer))


@pytest.mark.parametrize("raw", RAW, ids=[raw["_id"] for raw in RAW])
def test_each_question_is_a_judged_one_and_its_passages_hold_what_answers_it(
    raw: dict[str, list[dict[str, str]]],
) -> None:
    named = {passage["anchor"] for passage in raw["passages"]}
    relevant = QRELS.get(str(raw["_id"]), {})
    assert bool(named & relevant.keys()) == bool(relevant) == (raw["answer"] != "<handoff>")


@pytest.mark.parametrize("file", sorted({p["anchor"].split("#")[0] for raw in RAW for p in raw["passages"]}))
def test_the_passages_are_what_the_knowledge_base_says(file: str) -> None:
    page = squeezed((ROOT / file).read_text(encoding="utf-8"))
    for raw in RAW:
        for passage in raw["passages"]:
            if passage["anchor"].startswith(f"{file}#"):
                assert all(squeezed(line) in page for line in passage["text"].split("\n")), passage["anchor"]


def test_replies_are_short_and_not_whole_passages() -> None:
    for row, _ in ANSWERED:
        assert len(row.answer) <= 260
        assert squeezed(row.answer) not in {squeezed(text) for _, text in row.passages}
