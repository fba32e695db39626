"""JSON and JSON Lines → our own entries (a table), or help-centre articles (pages), each with the line it begins on."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from bot.adapters.reader_encoding import beginning, decoded
from bot.adapters.reader_json_articles import Articles, is_article
from bot.content import Found, Problem, Row, Table, Unreadable
from bot.faq_table import ANSWER, QUESTION, column

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_column = lru_cache(1024)(column)
_BLANK = re.compile(r"[ \t\r\n,]*")
_SHAPES = (
    "what can be read: a list of {question, answer} objects (or one a line), Zendesk Guide or Intercom articles, "
    "or objects with a title and a text"
)


@dataclass(frozen=True, slots=True)
class _Record:
    value: dict[str, object]
    line: int


class Json:
    name = "JSON"

    def reads(self, path: str, data: bytes) -> bool:
        if path.lower().endswith(_SUFFIXES):
            return True
        start = beginning(data, 65536).lstrip()
        return (
            start[:1] in ("{", "[")
            and bool(re.match(r"\[?\s{0,999}\{\s{0,999}\"|\[\s{0,999}\]", start))
            and _begins(start)
        )

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        try:
            yield from list(_found(path, decoded(path, data).lstrip("\ufeff")))  # all of it, or nothing
        except RecursionError:
            raise Unreadable("the JSON is nested too deeply") from None


def _begins(start: str) -> bool:
    """Whether a JSON value stands there, as far as it can be seen."""
    try:
        _DECODER.raw_decode(start)
    except json.JSONDecodeError as error:
        return error.pos > len(start) - 100 or len(start) > 30_000
    except (ValueError, RecursionError):
        return True
    return True


def _number(written: str) -> str:
    return written[:100]


# A number is kept as it is written: it may have more digits than Python turns into an int, and 1.10 is no 1.1.
_DECODER = json.JSONDecoder(strict=False, parse_int=_number, parse_float=_number, parse_constant=lambda written: None)


def _found(path: str, text: str) -> Iterator[Found]:
    if not text.strip():
        raise Unreadable("the file is empty", f"{path}:1")
    problems: list[Problem] = []
    records = _Records(path, text, problems)
    first = next(records, None)
    if first is None:
        yield from problems
        raise Unreadable(f"there is nothing in this JSON to answer from; {_SHAPES}", f"{path}:1")
    every = chain([first], records)
    entries: list[_Record] = []
    articles = Articles(path)
    unknown: list[_Record] = []
    for record in every:
        if _is_entry(record.value):
            entries.append(record)
        elif is_article(record.value):
            yield from articles.read(record.value, record.line)
        else:
            unknown.append(record)
    if not entries and not articles.n_seen:
        raise Unreadable(f"this JSON has another shape; {_SHAPES}", f"{path}:{unknown[0].line if unknown else 1}")
    if entries:
        yield _table(path, entries)
    if unknown:
        more = f" (and {len(unknown) - 1:,} more)" if len(unknown) > 1 else ""
        yield Problem(f"{path}:{unknown[0].line}", f"this is neither an entry nor an article{more}; it is left out")
    yield from problems


class _Records:
    """The objects of the file, one at a time: of a list, of each list in one object, or one a line."""

    def __init__(self, path: str, text: str, problems: list[Problem]) -> None:
        self._path, self._text, self._problems = path, text, problems
        self._at, self._line, self._counted = 0, 1, 0
        self._records = self._all()

    def __iter__(self) -> "_Records":
        return self

    def __next__(self) -> _Record:
        return next(self._records)

    def _all(self) -> Iterator[_Record]:
        self._skip()
        if self._text.startswith("[", self._at):
            yield from self._listed()
            return
        start = self._at
        value = self._value()
        self._skip()
        if self._at >= len(self._text) and isinstance(value, dict) and _is_known(value):
            yield _Record(value, self._text.count("\n", 0, start) + 1)
            return
        if self._at < len(self._text) or not isinstance(value, dict):
            self._at, self._line, self._counted = start, 1, 0
            yield from self._line_by_line()
            return
        yield from self._inside(start)

    def _skip(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _where(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _value(self) -> object:
        """Raises Unreadable."""
        try:
            value, self._at = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            line = self._text.count("\n", 0, error.pos) + 1
            raise Unreadable(f"this is not valid JSON ({error.msg})", f"{self._path}:{line}") from None
        except ValueError:
            raise Unreadable("this is not valid JSON", f"{self._path}:{self._where()}") from None
        return value

    def _listed(self) -> Iterator[_Record]:
        """The objects of the list that begins here."""
        self._at += 1
        while True:
            self._skip()
            if self._at >= len(self._text):
                raise Unreadable("the JSON ends in the middle of a list", f"{self._path}:{self._where()}")
            if self._text[self._at] == "]":
                self._at += 1
                return
            line = self._where()
            yield from self._records_of(self._value(), line)

    def _records_of(self, value: object, line: int) -> Iterator[_Record]:
        if isinstance(value, dict):
            yield _Record(value, line)
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    yield _Record(one, line)

    def _inside(self, start: int) -> Iterator[_Record]:
        """The lists of an object ({"articles": […]}), found again so that each article knows its line."""
        self._at, self._line, self._counted = start + 1, 1, 0
        while True:
            self._skip()
            if self._at >= len(self._text) or self._text[self._at] == "}":
                return
            self._value()
            self._at = self._text.index(":", self._at) + 1
            self._skip()
            line = self._where()
            if self._text.startswith("[", self._at):
                yield from self._listed()
            else:
                value = self._value()
                yield from ([_Record(value, line)] if isinstance(value, dict) and _is_known(value) else [])

    def _line_by_line(self) -> Iterator[_Record]:
        """JSON Lines: a line that is not JSON is left out, and the others are read."""
        for n, row in enumerate(self._text.split("\n"), start=1):
            if not row.strip() or row.strip() in ("[", "]", ","):
                continue
            try:
                value = _DECODER.decode(row.strip().rstrip(","))
            except ValueError as error:
                if n == 1:
                    self._at = 0
                    self._value_or_all(error)
                self._problems.append(Problem(f"{self._path}:{n}", "this line is not valid JSON, and is left out"))
                continue
            yield from self._records_of(value, n)

    def _value_or_all(self, error: ValueError) -> None:
        """Values over several lines, one behind the other: no format that anything writes on purpose."""
        where = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise Unreadable("this is neither one JSON value nor one a line", f"{self._path}:{where}") from None


def _is_known(value: dict[str, object]) -> bool:
    return _is_entry(value) or is_article(value)


def _is_entry(value: dict[str, object]) -> bool:
    return {QUESTION, ANSWER} <= {_column(name) for name in value}


def _table(path: str, entries: list[_Record]) -> Table:
    names = list(dict.fromkeys(name for record in entries for name in record.value if _is_cell(record.value[name])))
    rows = (Row(tuple(_cell(record.value, name) for name in names), f"{path}:{record.line}") for record in entries)
    return Table(path, tuple(names), tuple(rows))


def _is_cell(value: object) -> bool:
    return not isinstance(value, dict)


def _cell(record: dict[str, object], name: str) -> str:
    value = record.get(name)
    if isinstance(value, list):
        between = "\n" if _column(name) in (QUESTION, "phrasings") else ", "
        return between.join(_line(one) for one in value if _written(one).strip())
    return _line(value) if _column(name) == QUESTION else _written(value)


def _line(value: object) -> str:
    return " ".join(_written(value).split())


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""
