"""Pages of FAQs and policies → passages; and what an ingest would add and remove. Pure: text in, values out."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from bot import fields, markdown
from bot.content import Page, Problem
from bot.fields import Fields
from bot.invisible import counted, without_invisible
from bot.knowledge import Document, Kind, Passage, language_of
from bot.markdown import Section
from bot.splitting import split

_COMMENT = re.compile(r"\s*<!--([^<>]*)-->\s*")


@dataclass(frozen=True, slots=True)
class Parsed:
    documents: tuple[Document, ...] = ()
    passages: tuple[Passage, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()  # what was set right without asking, and is told
    is_unread: bool = False  # it could not be read: what was ingested from it before stays


@dataclass(frozen=True, slots=True)
class Diff:
    added: tuple[Passage, ...]
    removed: tuple[str, ...]
    unchanged: int
    updated: tuple[Passage, ...] = ()  # the same words, at another place or for another time or audience


def diff(known: Mapping[str, Passage], wanted: Sequence[Passage]) -> Diff:
    """What must be added to and retired from `known` (by id) so that it holds exactly `wanted`."""
    by_id = {passage.id: passage for passage in wanted}
    return Diff(
        tuple(passage for id, passage in by_id.items() if id not in known),
        tuple(id for id in known if id not in by_id),
        sum(id in known for id in by_id),
        tuple(passage for id, passage in by_id.items() if id in known and _differ(known[id], passage)),
    )


def _differ(one: Passage, other: Passage) -> bool:
    return one != other or one.source != other.source


# ── pages ──


def parse(text: str, path: str) -> Parsed:
    """One Markdown file. `path` is its place below the ingested folder: it names the documents and anchors."""
    return parse_page(Page(path, text))


def parse_page(page: Page) -> Parsed:
    """What is wrong with a field of the whole page keeps the page as it was: it may be the day it expires."""
    clean, removed = without_invisible(page.text.lstrip("\ufeff"))
    read = _read(page, clean)
    notes = [Problem(read.place(1), "removed " + counted(removed))] * bool(removed)
    return replace(_parsed(read), notes=tuple(notes))


@dataclass(frozen=True, slots=True)
class _Text:
    """A page cut at its headings, with what it says of itself."""

    page: Page
    found: tuple[Section, ...]
    values: Mapping[str, str]  # by the names of fields
    said: Mapping[int, Mapping[str, str]]  # the same for one entry, by the line of the comment that says it
    bad_line: int | None = None

    def place(self, line: int) -> str:
        """Where a line of the page stands in its file."""
        places = self.page.places
        return places[min(line, len(places)) - 1] if places else f"{self.page.path}:{line}"


def _read(page: Page, text: str) -> _Text:
    raw = _lines(text)
    lines = _lines(markdown.without_comments(text))
    matter = markdown.front_matter(lines)
    found = markdown.sections(lines[matter.length :], first_line=matter.length + 1)
    values = {**fields.named(page.fields), **fields.named(matter.values)}
    values.pop("phrasings", None)  # no two entries are asked alike
    said = {n: one for n, line in enumerate(raw, start=1) if (one := _said(line))}
    return _Text(page, tuple(found), values, said, matter.bad_line)


def _said(line: str) -> dict[str, str]:
    """`<!-- valid_to: 2026-12-31; always_a_person: yes -->` below a heading speaks for that entry; else nothing."""
    comment = _COMMENT.fullmatch(line) if "<!--" in line else None
    pairs = [part.partition(":") for part in comment[1].split(";")] if comment else []
    said = {fields.name_of(name): value.strip() for name, colon, value in pairs if colon}
    return said if len(said) == len(pairs) and said.keys() <= set(fields.NAMES.values()) else {}


def _parsed(text: _Text) -> Parsed:
    problems: list[Problem] = []
    if text.bad_line:
        problems.append(Problem(text.place(text.bad_line), "this line of the front matter is not `key: value`"))
    try:
        of_page = fields.fields(text.values)
    except ValueError as error:
        sentence = f"{error}; what was ingested from it before is kept"
        return Parsed(problems=(*problems, Problem(text.place(1), sentence)), is_unread=True)
    if not of_page.is_enabled:
        return Parsed(problems=tuple(problems))
    if not any(section.text for section in text.found):
        return Parsed(problems=(*problems, Problem(text.place(1), "there is no text to answer from")))
    parsed = _faq(text, of_page) if _kind(text.found, of_page) == "faq" else _policy(text, of_page)
    return replace(parsed, problems=(*problems, *parsed.problems))


def _lines(text: str) -> list[str]:
    """As an editor counts them: other separators (form feed, U+2028) do not end a line."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _kind(found: Sequence[Section], of_page: Fields) -> Kind:
    """As the front matter says; else an FAQ when most headings that have text are questions."""
    if of_page.kind in ("faq", "policy"):
        return "faq" if of_page.kind == "faq" else "policy"
    with_text = [section for section in merged(found) if section.level and section.text]
    asked = sum(section.is_question for section in with_text)
    return "faq" if with_text and 2 * asked >= len(with_text) else "policy"


def _title(text: _Text, of_page: Fields) -> str:
    """As the page says, else the one top heading, else the file's name."""
    if of_page.title:
        return of_page.title
    first = next((section for section in text.found if section.heading), None)
    if first is not None and not first.is_question and first.level <= 2:
        return first.heading
    return PurePosixPath(text.page.path.split("#")[0]).stem.replace("-", " ").replace("_", " ")


class Anchors:
    """`file#heading` ids, unique within the file: a second same heading gets `-1`."""

    def __init__(self, path: str) -> None:
        self._start, self._seen = f"{path}{'/' if '#' in path else '#'}", dict[str, int]()

    def take(self, heading: str) -> str:
        slug = markdown.slug(heading)
        anchor, n = slug, self._seen.get(slug, 0)
        while anchor in self._seen:  # a heading may itself end in -1
            n += 1
            anchor = f"{slug}-{n}"
        self._seen[slug] = n
        self._seen.setdefault(anchor, 0)
        return f"{self._start}{anchor}"


def _entries(text: _Text, sections: Sequence[Section]) -> Iterator[tuple[Section, Mapping[str, str]]]:
    """Each section with what is said of it by itself."""
    lines = sorted(text.said)
    starts = [bisect_left(lines, section.line) for section in sections] + [len(lines)]
    for section, first, last in zip(sections, starts, starts[1:], strict=False):
        yield section, {name: value for n in lines[first:last] for name, value in text.said[n].items()}


def _faq(text: _Text, of_page: Fields) -> Parsed:
    anchors = Anchors(text.page.path)
    entries: list[Entry] = []
    problems: list[Problem] = []
    for section, said in _entries(text, list(merged(text.found))):
        phrasings, answer = _phrasings(section) if _asks(section, of_page) else ((), section.text)
        title = section.heading or _title(text, of_page)
        anchor, place = anchors.take(title), text.place(section.line)
        if not answer:
            if section.is_question:
                problems.append(Problem(place, f"the question “{section.heading}” has no answer"))
            continue
        try:
            own = fields.fields({**text.values, **said})
        except ValueError as error:
            problems.append(Problem(place, f"{error}; this entry is left out"))
            continue
        if own.is_enabled:
            entries.append(entry(anchor, title, answer, own, place, phrasings))
    return Parsed(tuple(one.document for one in entries), tuple(one.passage for one in entries), tuple(problems))


def _asks(section: Section, of_page: Fields) -> bool:
    """In a file that says it is an FAQ every heading is a question, asked with a mark or without."""
    return section.is_question or (section.level > 0 and of_page.kind == "faq")


def merged(found: Sequence[Section]) -> Iterator[Section]:
    """Headings inside an answer belong to it: a deeper heading that asks nothing is a bold line of the answer."""
    pending: Section | None = None
    for section in found:
        if pending and pending.is_question and pending.level < section.level and not section.is_question:
            pending = replace(pending, lines=(*pending.lines, "", f"**{section.heading}**", *section.lines))
            continue
        if pending:
            yield pending
        pending = section
    if pending:
        yield pending


def _phrasings(section: Section) -> tuple[tuple[str, ...], str]:
    """Quoted lines directly under the question are other ways to ask it, unless nothing else follows."""
    lines = list(section.lines)
    while lines and not lines[0].strip():
        lines.pop(0)
    quoted = []
    while lines and lines[0].lstrip().startswith(">"):
        quoted.append(lines.pop(0).lstrip()[1:].strip())
    answer = markdown.without_answer_mark("\n".join(lines).strip(), section.level == markdown.DEEPEST)
    if not answer:
        return (), "\n".join(quoted).strip()
    return tuple(dict.fromkeys(markdown.plain(line) for line in quoted if line)), answer


@dataclass(frozen=True, slots=True)
class Entry:
    """A question with its answer: a document of its own."""

    document: Document
    passage: Passage


def entry(anchor: str, title: str, answer: str, own: Fields, place: str, phrasings: Sequence[str] = ()) -> Entry:
    document = _document(anchor, title, "faq", answer, own, place)
    asked = tuple(dict.fromkeys((*phrasings, *own.phrasings)))
    passage = Passage(anchor, anchor, title, answer, document.language, "faq", asked, own.url, source=place)
    return Entry(document, _for(passage, own))


def _for(passage: Passage, own: Fields) -> Passage:
    """With when it holds, and for whom."""
    return replace(passage, valid_from=own.valid_from, valid_to=own.valid_to, audience=own.audience,
                   needs_person=own.needs_person)  # fmt: skip


def _policy(text: _Text, of_page: Fields) -> Parsed:
    path, title = text.page.path, _title(text, of_page)
    whole = "\n\n".join(part for section in text.found for part in (section.heading, section.text) if part)
    document = _document(path, title, "policy", whole, of_page, text.place(text.found[0].line))
    anchors = Anchors(path)
    passages: list[Passage] = []
    problems: list[Problem] = []
    trail: list[Section] = []
    for section, said in _entries(text, text.found):
        trail = [above for above in trail if above.level < section.level] + [section]
        anchor, place = anchors.take(section.heading or title), text.place(section.line)
        headings = dict.fromkeys([title, *(above.heading for above in trail if above.heading)])
        try:
            own = fields.fields({**text.values, **said})
        except ValueError as error:
            problems.append(Problem(place, f"{error}; this section is left out"))
            continue
        started = 0
        for part in split(section.lines) if own.is_enabled else ():
            started = _begins(part, section, started)
            passage = Passage(path, anchor, " › ".join(headings), part, document.language, "policy", (), own.url,
                              len(passages), _stands(text, section, started))  # fmt: skip
            passages.append(_for(passage, own))
    if not passages and not problems:  # lines across the page, or sections that are all switched off
        return Parsed()
    return Parsed((document,), tuple(passages), tuple(problems))


def _begins(part: str, section: Section, start: int) -> int:
    """The line of the section in which a part of it begins: at `start`, or below."""
    first = part.split("\n", 1)[0].strip()
    for n in range(start, len(section.lines)):
        line = section.lines[n].strip()
        if line and (line.startswith(first) or first.startswith(line)):
            return n
    return start


def _stands(text: _Text, section: Section, n: int) -> str:
    """A long section of a file with pages begins on one of them and goes on on others; in ours, its heading tells."""
    return text.place(section.line + n + bool(section.level) if text.page.places else section.line)


def _document(key: str, title: str, kind: Kind, text: str, own: Fields, source: str) -> Document:
    language = own.language or language_of(f"{title} {text}")
    return Document(key, title, kind, language, text, source, own.category, own.tags, own.url)
