"""FAQ and policy text → passages; and what an ingest would add and remove. Pure: text in, values out."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from bot import markdown
from bot.knowledge import Document, Kind, Passage, language_of
from bot.markdown import FrontMatter, Section

PASSAGE_WORDS = 120
_WORD = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\s\u3400-\u9fff\uf900-\ufaff]+")
TRUE_WORDS = frozenset({"", "1", "true", "yes", "y", "on", "enabled", "active", "是", "对", "启用", "已启用"})
FALSE_WORDS = frozenset({"0", "false", "no", "n", "off", "disabled", "inactive", "否", "禁用", "停用", "未启用"})
LANGUAGES = {"english": "en", "英文": "en", "英语": "en", "chinese": "zh", "中文": "zh", "汉语": "zh", "cn": "zh"}
QUESTION_COLUMNS = ("question", "问题")
ANSWER_COLUMNS = ("answer", "答案")
COLUMNS = {"分类": "category", "标签": "tags", "语言": "language", "启用": "enabled", "链接": "url"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the content, as `file:line: sentence`."""

    source: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.source}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Parsed:
    documents: tuple[Document, ...] = ()
    passages: tuple[Passage, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Diff:
    added: tuple[Passage, ...]
    removed: tuple[str, ...]
    unchanged: int


def diff(known: Mapping[str, Passage], wanted: Sequence[Passage]) -> Diff:
    """What must be added to and retired from `known` (by id) so that it holds exactly `wanted`."""
    by_id = {passage.id: passage for passage in wanted}
    return Diff(
        tuple(passage for id, passage in by_id.items() if id not in known),
        tuple(id for id in known if id not in by_id),
        sum(id in known for id in by_id),
    )


# ── Markdown ──


def parse(text: str, path: str) -> Parsed:
    """One Markdown file. `path` is its place below the ingested folder: it names the documents and anchors."""
    lines = _lines(markdown.without_comments(text.lstrip("\ufeff")))
    matter = markdown.front_matter(lines)
    found = markdown.sections(lines[matter.length :], first_line=matter.length + 1)
    problems = [Problem(f"{path}:{matter.bad_line}", "this line of the front matter is not `key: value`")] * bool(
        matter.bad_line
    )
    if not any(section.text for section in found):
        return Parsed(problems=(*problems, Problem(f"{path}:1", "there is no text to answer from")))
    parsed = _faq(found, matter, path) if _kind(found, matter) == "faq" else _policy(found, matter, path)
    return replace(parsed, problems=(*problems, *parsed.problems))


def _lines(text: str) -> list[str]:
    """As an editor counts them: other separators (form feed, U+2028) do not end a line."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _kind(found: Sequence[Section], matter: FrontMatter) -> Kind:
    """As the front matter says; else an FAQ when most headings that have text are questions."""
    if matter.values.get("kind") in ("faq", "policy"):
        return "faq" if matter.values["kind"] == "faq" else "policy"
    with_text = [section for section in merged(found) if section.level and section.text]
    asked = sum(section.is_question for section in with_text)
    return "faq" if with_text and 2 * asked >= len(with_text) else "policy"


def _title(found: Sequence[Section], matter: FrontMatter, path: str) -> str:
    """Front matter, else the one top heading, else the file's name."""
    if title := matter.values.get("title"):
        return title
    first = next((section for section in found if section.heading), None)
    if first is not None and not first.is_question and first.level <= 2:
        return first.heading
    return PurePosixPath(path).stem.replace("-", " ").replace("_", " ")


class _Anchors:
    """`file#heading` ids, unique within the file: a second same heading gets `-1`."""

    def __init__(self, path: str) -> None:
        self._path, self._seen = path, dict[str, int]()

    def take(self, heading: str) -> str:
        slug = markdown.slug(heading)
        anchor, n = slug, self._seen.get(slug, 0)
        while anchor in self._seen:  # a heading may itself end in -1
            n += 1
            anchor = f"{slug}-{n}"
        self._seen[slug] = n
        self._seen.setdefault(anchor, 0)
        return f"{self._path}#{anchor}"


def _faq(found: Sequence[Section], matter: FrontMatter, path: str) -> Parsed:
    anchors = _Anchors(path)
    documents: list[Document] = []
    passages: list[Passage] = []
    problems: list[Problem] = []
    for section in merged(found):
        phrasings, answer = _phrasings(section) if _asks(section, matter) else ((), section.text)
        anchor = anchors.take(section.heading or _title(found, matter, path))
        if not answer:
            if section.is_question:
                sentence = f"the question “{section.heading}” has no answer"
                problems.append(Problem(f"{path}:{section.line}", sentence))
            continue
        title = section.heading or _title(found, matter, path)
        document = _document(anchor, title, "faq", answer, matter, f"{path}:{section.line}")
        documents.append(document)
        passages.append(
            Passage(document.key, anchor, title, answer, document.language, "faq", phrasings, document.url,
                    source=document.source)
        )  # fmt: skip
    return Parsed(tuple(documents), tuple(passages), tuple(problems))


def _asks(section: Section, matter: FrontMatter) -> bool:
    """In a file that says it is an FAQ every heading is a question, asked with a mark or without."""
    return section.is_question or (section.level > 0 and matter.values.get("kind") == "faq")


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


def _policy(found: Sequence[Section], matter: FrontMatter, path: str) -> Parsed:
    title = _title(found, matter, path)
    whole = "\n\n".join(part for section in found for part in (section.heading, section.text) if part)
    document = _document(path, title, "policy", whole, matter, f"{path}:{found[0].line}")
    anchors = _Anchors(path)
    passages: list[Passage] = []
    trail: list[Section] = []
    for section in found:
        trail = [above for above in trail if above.level < section.level] + [section]
        anchor = anchors.take(section.heading or title)
        headings = dict.fromkeys([title, *(above.heading for above in trail if above.heading)])
        for text in split(section.lines):
            passages.append(
                Passage(path, anchor, " › ".join(headings), text, document.language, "policy", (), document.url,
                        len(passages), f"{path}:{section.line}")
            )  # fmt: skip
    return Parsed((document,), tuple(passages))


def _document(key: str, title: str, kind: Kind, text: str, matter: FrontMatter, source: str) -> Document:
    language = _language(matter.values.get("language", "")) or language_of(f"{title} {text}")
    return Document(key, title, kind, language, text, source, matter.values.get("category", ""),
                    matter.listed("tags"), matter.values.get("url", ""))  # fmt: skip


def _language(written: str) -> str:
    """zh for zh-CN, zh_Hans and 中文: passages and questions must name a language alike."""
    name = written.strip().lower()
    return LANGUAGES.get(name) or re.split("[-_]", name)[0]


def split(lines: Sequence[str], most: int = PASSAGE_WORDS) -> Iterator[str]:
    """A section in passages of at most `most` words, cut between blocks; a table stays whole, however long."""
    held: list[str] = []
    used = 0.0
    for block in markdown.blocks(lines):
        for part in [block] if markdown.is_table(block) else _fitting(block, most):
            weight = _load(part)
            if held and used + weight > most:
                yield _joined(held)
                held, used = [], 0.0
            held.append(part)
            used += weight
    if held:
        yield _joined(held)


def _joined(blocks: Sequence[str]) -> str:
    """Blocks as they were written: list items on following lines, anything else apart."""
    text = ""
    for block in blocks:
        is_item = re.match(r"^\s{0,3}(?:[-*+]|\d+[.)])\s+", block)
        text += ("\n" if is_item and text else "\n\n" if text else "") + block
    return text


def _fitting(block: str, most: int) -> Iterator[str]:
    """A paragraph cut between sentences; a sentence longer than the limit between words."""
    held, used = "", 0.0
    for sentence in re.findall(r".+?(?:[.!?](?=\s)|[。！？]|$)\s*", block, re.S):
        for run in _runs(sentence, most):
            weight = _load(run)
            if held and used + weight > most:
                yield held.strip()
                held, used = "", 0.0
            held += run
            used += weight
    if held.strip():
        yield held.strip()


def _runs(text: str, most: int) -> Iterator[str]:
    """`text` in runs of at most `most` words."""
    start, used = 0, 0.0
    for found in _WORD.finditer(text):
        used += _weight(found[0])
        if used > most:
            yield text[start : found.start()]
            start, used = found.start(), _weight(found[0])
    yield text[start:]


def count_words(text: str) -> int:
    """Words; Chinese has no blanks, and about three characters carry what two English words do."""
    return round(_load(text))


def _load(text: str) -> float:
    return sum(map(_weight, _WORD.findall(text)))


def _weight(token: str) -> float:
    return 0.6 if "\u3400" <= token <= "\u9fff" or "\uf900" <= token <= "\ufaff" else 1.0


# ── CSV ──


def parse_csv(text: str, path: str, *, delimiter: str = ",", has_header: bool = True) -> Parsed:
    """An FAQ table. The question cell may hold several phrasings, one a line; the first is the question."""
    text = text.lstrip("\ufeff")
    if not text.strip():
        return Parsed(problems=(Problem(f"{path}:1", "the file is empty"),))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    problems: list[Problem] = []
    line = 1
    try:
        for row in reader:
            if rows or any(cell.strip() for cell in row):  # blank lines may stand above the header
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        problems.append(Problem(f"{path}:{line}", f"this row is not valid CSV ({error}); it and what follows is left"))
    header = [_column(cell) for cell in rows.pop(0)[1]] if has_header and rows else ["question", "answer"]
    if not {"question", "answer"} <= set(header):
        hint = f"a header with the columns question and answer (or 问题 and 答案) is needed; found: {', '.join(header)}"
        if delimiter == "," and any(";" in cell for cell in header):
            hint += "; for semicolons use --delimiter ';'"
        return Parsed(problems=(Problem(f"{path}:1", hint),))
    return _rows(rows, header, path, problems)


def _column(cell: str) -> str:
    name = cell.strip().lower()
    if name in QUESTION_COLUMNS:
        return "question"
    return "answer" if name in ANSWER_COLUMNS else COLUMNS.get(name, name)


def _rows(rows: Sequence[tuple[int, list[str]]], header: list[str], path: str, problems: list[Problem]) -> Parsed:
    anchors = _Anchors(path)
    documents: list[Document] = []
    passages: list[Passage] = []
    seen: dict[tuple[str, str], int] = {}
    for line, row in rows:
        while row and not row[-1].strip() and len(row) > len(header):
            row = row[:-1]  # spreadsheets pad rows with empty cells
        if not any(cell.strip() for cell in row):
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        sentence = _wrong_with(row, cells, header, seen)
        if sentence:
            problems.append(Problem(f"{path}:{line}", sentence))
            continue
        phrasings = [asked.strip() for asked in cells["question"].splitlines() if asked.strip()]
        seen[phrasings[0].casefold(), cells["answer"]] = line
        if cells.get("enabled", "").lower() in FALSE_WORDS:
            continue
        matter = FrontMatter({key: value for key, value in cells.items() if value})
        document = _document(anchors.take(phrasings[0]), phrasings[0], "faq", cells["answer"], matter, f"{path}:{line}")
        documents.append(document)
        passages.append(
            Passage(document.key, document.key, document.title, document.text, document.language, "faq",
                    tuple(dict.fromkeys(phrasings[1:])), document.url, source=document.source)
        )  # fmt: skip
    return Parsed(tuple(documents), tuple(passages), tuple(problems))


def _wrong_with(
    row: Sequence[str], cells: Mapping[str, str], header: Sequence[str], seen: Mapping[tuple[str, str], int]
) -> str:
    if len(row) > len(header):
        return f"{len(row)} cells, but the header has {len(header)}: is a comma inside a cell not quoted?"
    if not cells.get("question"):
        return "the question is missing"
    if not cells.get("answer"):
        return "the answer is missing"
    if cells.get("enabled", "").lower() not in TRUE_WORDS | FALSE_WORDS:
        return f"“{cells['enabled']}” in the column enabled is neither yes nor no"
    first = cells["question"].splitlines()[0].strip().casefold()
    if (line := seen.get((first, cells["answer"]))) is not None:
        return f"the same question and answer as in line {line}; this row is left out"
    return ""
