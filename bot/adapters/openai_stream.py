"""Server-sent events with pieces of a draft in them, read strictly: what is not as it should be ends the draft."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST_LINE = 64 << 10  # bytes
_LINE_END = re.compile(r"\r\n|\n|\r")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Misread(Exception):
    """The stream is none of ours; the sentence says what it does ("writes …")."""


class Pieces:
    """Fed with bytes as they come, gives the pieces of text in them. `is_over` when the server said so."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""
        self._data: list[str] = []
        self.is_over = False

    def fed(self, part: bytes) -> Iterator[str]:
        for line in self._lines(part):
            if line:
                self._field(line)
            elif self._data:
                data, self._data = "\n".join(self._data), []
                if text := self._piece(data):
                    yield text
            if self.is_over:
                return

    def _lines(self, part: bytes) -> Iterator[str]:
        try:
            self._rest += self._decoder.decode(part)
        except UnicodeDecodeError:
            raise Misread("writes what is not UTF-8") from None
        if self._rest.endswith("\r"):  # its \n may be under way
            whole, self._rest = self._rest[:-1], "\r"
        else:
            whole, self._rest = self._rest, ""
        *lines, last = _LINE_END.split(whole)
        self._rest = last + self._rest
        if any(len(line) > LONGEST_LINE for line in (*lines, self._rest)):
            raise Misread("writes a line that is far too long")
        yield from lines

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
            if sum(map(len, self._data)) > LONGEST_LINE:
                raise Misread("writes an event that is far too long")
        elif name not in ("", "event", "id", "retry"):  # "": a comment
            raise Misread("writes what is no event stream")

    def _piece(self, data: str) -> str:
        if data.strip() == "[DONE]":
            self.is_over = True
            return ""
        try:
            held = json.loads(data)
        except (ValueError, RecursionError):
            raise Misread("writes what is not JSON") from None
        if not isinstance(held, dict) or held.get("error"):
            raise Misread("reports an error in the middle of its answer")
        choices = held.get("choices")
        if not isinstance(choices, list):
            raise Misread("writes an event without choices")
        return self._chosen(choices[0]) if choices else ""  # without any: what it has cost

    def _chosen(self, choice: Any) -> str:
        if not isinstance(choice, dict):
            raise Misread("writes a choice that is none")
        self.is_over = bool(choice.get("finish_reason"))
        delta = choice.get("delta", choice)
        text = delta.get("content", choice.get("text")) if isinstance(delta, dict) else None
        if text is not None and not isinstance(text, str):
            raise Misread("writes text that is none")
        return _SURROGATE.sub("\ufffd", text or "").replace("\0", "")
