"""schema.org's FAQPage in JSON-LD: the questions a page publishes for machines."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from bot.adapters.reader_html_inline import flat, said
from bot.adapters.reader_html_lines import Line, lines_of
from bot.adapters.reader_html_tree import fragment

_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Question:
    asked: str
    answer: tuple[str, ...]  # lines of Markdown
    line: int
    language: str = ""


def questions(root: HtmlElement) -> list[Question]:
    """Each question once, in the order they are written. A script that is not JSON publishes none."""
    found: dict[tuple[str, tuple[str, ...]], Question] = {}
    for script in root.iter("script"):
        if "ld+json" in script.get("type", "").lower():
            for one in _published(script.text or "", int(script.sourceline or 1)):
                found.setdefault((one.asked, one.answer), one)
    return list(found.values())


def _published(written: str, line: int) -> Iterator[Question]:
    try:
        value = json.loads(written.strip().removeprefix("<!--").removesuffix("-->"), strict=False, parse_int=str)
    except (ValueError, RecursionError):
        return
    for page in _pages(value, 0):
        language = page.get("inLanguage")
        for one in _listed(page.get("mainEntity")):
            yield from _question(one, written, line, language if isinstance(language, str) else "")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _pages(value: object, depth: int) -> Iterator[dict[str, object]]:
    """The FAQPage nodes, wherever they are: at the top, in a @graph, in an array, as a part or main entity."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            yield from _pages(one, depth + 1)
    elif isinstance(value, dict):
        if _is_a(value, "FAQPage"):
            yield value
        for one in value.values():
            if isinstance(one, dict | list):
                yield from _pages(one, depth + 1)


def _is_a(node: dict[str, object], name: str) -> bool:
    return any(str(kind).rpartition("/")[2].rpartition(":")[2] == name for kind in _listed(node.get("@type")))


def _question(node: object, written: str, line: int, language: str) -> Iterator[Question]:
    if not isinstance(node, dict):
        return
    asked = node.get("name") or node.get("headline") or (node.get("text") if node.get("acceptedAnswer") else None)
    if not isinstance(asked, str) or not (asked := _line(asked)):
        return
    answer = tuple(line.text for line in _answer(node))
    own = node.get("inLanguage")
    if any(answer):
        yield Question(asked, answer, line + _where(written, asked), own if isinstance(own, str) else language)


def _where(written: str, asked: str) -> int:
    """The line within the script, from 0: found by the beginning of the question, as it is written there."""
    at = written.find(asked[:40])
    at = at if at >= 0 else written.find(json.dumps(asked)[1:40])
    return written.count("\n", 0, at) if at >= 0 else 0


def _answer(node: dict[str, object]) -> list[Line]:
    for one in (*_listed(node.get("acceptedAnswer")), *_listed(node.get("suggestedAnswer")), node):
        if isinstance(one, str):
            return lines_of_html(one)
        if (
            isinstance(one, dict)
            and isinstance(text := one.get("text") or one.get("description"), str)
            and text.strip()
        ):
            return lines_of_html(text)
    return []


def _line(text: str) -> str:
    return said(fragment(text)) if "<" in text or "&" in text else flat(text)


def lines_of_html(text: str) -> list[Line]:
    """A fragment of HTML, or plain text whose line ends are meant, as lines of an answer."""
    if "<" not in text and "&" not in text:
        return [Line(flat(row), n) for n, row in enumerate(text.strip().splitlines(), start=1)]
    return lines_of(fragment(text))
