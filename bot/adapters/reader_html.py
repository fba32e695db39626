"""Saved web pages → pages: the main content in Markdown, and the questions it publishes for machines."""

import re
from collections.abc import Iterator, Sequence

from lxml.html import HtmlElement

from bot.adapters.reader_encoding import beginning, declared, decoded
from bot.adapters.reader_html_about import about
from bot.adapters.reader_html_lines import Line, lines_of, tidy
from bot.adapters.reader_html_main import main_content
from bot.adapters.reader_html_questions import Question, questions
from bot.adapters.reader_html_tree import tree
from bot.content import Found, Page, Unreadable

_SUFFIXES = (".html", ".htm", ".xhtml", ".xht")
_DOCUMENT = re.compile(
    r"\s{0,99}(?:<\?xml[^>]{0,200}\?>\s{0,99}|<!--[^>]{0,2000}-->\s{0,99}){0,9}<(?:!doctype html|html|head|body)\b",
    re.I,
)
_ELEMENT = re.compile(
    r"<(?:p|div|h[1-6]|ul|ol|li|table|section|article|main|span|br|a|details|dl|title|meta)\b[^>]{0,999}>", re.I
)
_MOST_LINES = 65_535
_CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s{0,9}=\s{0,9}["']?([\w-]{2,40})""", re.I)


class Html:
    name = "web page (HTML)"

    def reads(self, path: str, data: bytes) -> bool:
        start = beginning(data)
        if _DOCUMENT.match(start):
            return True
        named = path.lower().endswith(_SUFFIXES)
        return (
            bool(_ELEMENT.search(start)) if named else bool(_ELEMENT.match(start.lstrip())) and not _is_markdown(path)
        )

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        root = _tree(_text(path, data))
        published = questions(root)
        main = main_content(root)
        fields = about(root, main)
        if fields.get("url"):
            main.make_links_absolute(fields["url"], handle_failures="ignore")
        lines = lines_of(main)
        if published:
            yield from _published(path, published, fields)
            lines = tidy(_without(lines, published))
        if _has_text(lines):
            yield _page(f"{path}#text" if published else path, path, lines, fields)
        elif not published:
            raise Unreadable("there is no text in this web page: perhaps it was saved without what its scripts load")


def _is_markdown(path: str) -> bool:
    return path.lower().endswith((".md", ".markdown", ".mdown", ".csv", ".tsv", ".json", ".jsonl"))


def _text(path: str, data: bytes) -> str:
    """UTF-8 where it is valid, else as the page says it is written, else as any other text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        named = _CHARSET.search(data[:4096])
        text = declared(data, named[1].decode("ascii", "ignore")) if named and b"\0" not in data[:64] else None
        return decoded(path, data) if text is None else text


def _tree(text: str) -> HtmlElement:
    return tree(re.sub(r"^\s{0,99}<\?xml[^>]{0,200}\?>", "", text.lstrip("\ufeff")))


def _page(name: str, path: str, lines: Sequence[Line], fields: dict[str, str]) -> Page:
    text = "\n".join(line.text for line in lines)
    return Page(name, text, fields, tuple(_place(path, line.line) for line in lines))


def _place(path: str, line: int) -> str:
    """libxml2 counts no further than 65,535 lines: below them, no line rather than a wrong one."""
    return f"{path}:{line}" if line < _MOST_LINES else path


def _published(path: str, published: Sequence[Question], fields: dict[str, str]) -> Iterator[Page]:
    """The page's questions, a page for each language they are in."""
    for language in dict.fromkeys(one.language for one in published):
        lines: list[Line] = []
        for one in published:
            if one.language == language:
                lines += [Line(f"## {one.asked}", one.line), Line("", one.line)]
                lines += [*(Line(_in_answer(text), one.line) for text in one.answer), Line("", one.line)]
        own = {**fields, "kind": "faq"} | ({"language": language} if language else {})
        yield _page(path if language == published[0].language else f"{path}#{language}", path, lines[:-1], own)


def _in_answer(line: str) -> str:
    """A heading inside an answer is a bold line of it, for below it would begin another question."""
    if found := re.match(r"(?:#{1,6}|Q:) (.+)$", line):
        return f"**{found[1]}**"
    return line


def _without(lines: Sequence[Line], published: Sequence[Question]) -> list[Line]:
    """The lines less the questions that are taken already, each with as much below it as its answer says."""
    answers = {_letters(one.asked): _letters(" ".join(one.answer)) for one in published}
    kept: list[Line] = []
    answer = ""
    for line in lines:
        letters = _letters(line.text)
        if letters in answers:
            answer = answers[letters]
        elif not letters or not answer or letters not in answer:
            kept.append(line)
            answer = "" if re.match(r"#{1,6} |Q: ", line.text) else answer
    return kept


def _letters(text: str) -> str:
    """What two ways of writing the same have in common; addresses of links are left out."""
    text = re.sub(r"\]\([^()\s]{0,2000}\)", "", text).removeprefix("Q: ")
    return "".join(filter(str.isalnum, text.casefold()))


def _has_text(lines: Sequence[Line]) -> bool:
    return any(line.text.strip("#-| ") and not re.match(r"#{1,6} ", line.text) for line in lines)
