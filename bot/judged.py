"""Judged questions and corpora in BEIR's shape, read from text with the line number of what is wrong."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.errors import Refused


@dataclass(frozen=True, slots=True)
class Said:
    """An earlier message of a judged question."""

    is_customer: bool
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    id: str
    text: str
    history: tuple[Said, ...] = ()
    relevant: Mapping[str, int] = field(default_factory=dict)  # empty: cannot be answered
    language: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A question with the passages to answer from and the answer people gave."""

    question: str
    passages: tuple[tuple[str, str], ...]  # title, text
    answer: str
    history: tuple[Said, ...] = ()
    source: str = ""  # where the row is from, for figures by source


def objects(text: str, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(line number, object) for each line of a JSONL file."""
    for n, line in enumerate(text.lstrip("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Refused(f"{name}:{n}: this line is not JSON ({error})") from None
        if not isinstance(value, dict):
            raise Refused(f"{name}:{n}: each line is one JSON object")
        yield n, value


def _text(value: Mapping[str, Any], key: str, place: str, *, required: bool = True) -> str:
    found = value.get(key)
    if found is None and not required:
        return ""
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str):
        raise Refused(f"{place}: {key} is missing or is not text")
    return found


def history(value: Any, place: str) -> tuple[Said, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Refused(f"{place}: history is a list of {{role, text}}")
    turns = []
    for turn in value:
        if not isinstance(turn, dict):
            raise Refused(f"{place}: history is a list of {{role, text}}")
        role = _text(turn, "role", place).lower()
        turns.append(Said(role in ("customer", "user", "u", "human"), _text(turn, "text", place)))
    return tuple(turns)


def entries(text: str, name: str = "corpus.jsonl") -> list[Entry]:
    return [
        Entry(
            _text(value, "_id", f"{name}:{n}"),
            _text(value, "title", f"{name}:{n}", required=False),
            _text(value, "text", f"{name}:{n}", required=False),
        )
        for n, value in objects(text, name)
    ]


def queries(text: str, qrels: Mapping[str, Mapping[str, int]], name: str = "queries.jsonl") -> list[Query]:
    found = []
    for n, value in objects(text, name):
        place = f"{name}:{n}"
        id = _text(value, "_id", place)
        found.append(
            Query(id, _text(value, "text", place), history(value.get("history"), place), qrels.get(id, {}),
                  _text(value, "language", place, required=False), _text(value, "kind", place, required=False))
        )  # fmt: skip
    return found


def qrels(text: str, name: str = "qrels.tsv") -> dict[str, dict[str, int]]:
    """query id → relevant document id → grade; lines with a grade of 0 say nothing is relevant and are left out."""
    found: dict[str, dict[str, int]] = {}
    for n, row in enumerate(_cells(text), start=1):
        if not any(cell.strip() for cell in row) or row[0] == "query-id":
            continue
        try:
            query, document, grade = row[0], row[1], int(float(row[2]))
        except (IndexError, ValueError, OverflowError):
            raise Refused(f"{name}:{n}: expected query-id, corpus-id and score, separated by tabs") from None
        if grade > 0:
            found.setdefault(query, {})[document] = grade
    return found


def _cells(text: str) -> Iterator[list[str]]:
    """Tab-separated lines as they stand: a quotation mark is a character like any other."""
    for line in text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        yield line.split("\t")


def rows(text: str, name: str) -> list[Row]:
    """Grounded rows; `<handoff>` or no answer at all means a person should take it."""
    found = []
    for n, value in objects(text, name):
        place = f"{name}:{n}"
        passages = value.get("passages")
        if not isinstance(passages, list):
            raise Refused(f"{place}: passages is a list of texts, or of {{title, text}}")
        found.append(
            Row(_text(value, "question", place), tuple(_passage(p, place) for p in passages),
                _text(value, "answer", place, required=False), history(value.get("history"), place),
                _text(value, "source", place, required=False))
        )  # fmt: skip
    return found


def _passage(value: Any, place: str) -> tuple[str, str]:
    if isinstance(value, str):
        return "", value
    if isinstance(value, dict):
        return _text(value, "title", place, required=False), _text(value, "text", place)
    raise Refused(f"{place}: passages is a list of texts, or of {{title, text}}")
