"""The Markdown files that published answers stand in, as text: an entry added or replaced, all else byte for byte.

Nothing is trusted here: what was composed is parsed as `bot ingest` would, and must give exactly the entry wanted and
every other entry as it was.
"""

import re
from dataclasses import dataclass

from bot import faq, markdown
from bot.answer_draft import AnswerDraft
from bot.errors import Refused
from bot.knowledge import Passage

NAMES = {"en": "answers-en.md", "zh": "answers-zh.md"}
TITLES = {"en": "Answers from our team", "zh": "客服解答"}
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
LOOK = "look there for a comment or a block of code that is left open, or for nearly the same question"
_COMMENT = re.compile(r"<!--.*?-->", re.S)


@dataclass(frozen=True, slots=True)
class Entry:
    """One question with its answer, where it stands in a file: lines `first` to before `last`, from 0."""

    passage: Passage
    first: int
    last: int


def entries(text: str, path: str) -> dict[str, Entry]:
    """The entries of a file by their anchors (`slug of the heading`)."""
    lines = markdown.without_comments(text.lstrip("\ufeff")).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    matter = markdown.front_matter(lines)
    found = markdown.sections(lines[matter.length :], first_line=matter.length + 1)
    starts = [section.line - 1 for section in faq.merged(found)]
    ends = dict(zip(starts, [*starts[1:], len(lines)], strict=False))
    placed: dict[str, Entry] = {}
    for passage in faq.parse(text, path).passages:
        first = int(passage.source.rpartition(":")[2]) - 1
        if passage.kind == "faq":
            placed[anchor_of(passage)] = Entry(passage, first, ends[first])
    return placed


def anchor_of(passage: Passage) -> str:
    return passage.anchor.partition("#")[2]


# ── writing ──


@dataclass(frozen=True, slots=True)
class Composed:
    text: str
    passage: Passage  # as `bot ingest` will read it


def composed(before: str | None, draft: AnswerDraft, path: str, instead_of: str = "") -> Composed:
    """The file with this draft's entry at its end, or in place of the entry with the anchor `instead_of`.

    Raises Refused when that could not be read back as it is meant.
    """
    name = path.rpartition("/")[2]
    old = before if before and before.strip() else _empty(draft.language)
    standing = entries(old, path)
    own = standing.get(instead_of)
    anchor = markdown.slug(draft.question)
    if anchor in standing and anchor != instead_of:
        raise Refused(f"“{standing[anchor].passage.title}” is answered in {name} already: change that answer instead.")
    text = _with_entry(old, _entry(draft), own)
    return Composed(text, _read_back(old, text, draft, path, own))


def _empty(language: str) -> str:
    return f"---\nkind: faq\nlanguage: {language}\ntitle: {TITLES[language]}\n---\n"


def _entry(draft: AnswerDraft) -> str:
    quoted = "".join(f"> {phrasing}\n" for phrasing in _other_phrasings(draft))
    return f"## {draft.question}\n{quoted}\n{draft.answer}\n"


def _other_phrasings(draft: AnswerDraft) -> tuple[str, ...]:
    return tuple(phrasing for phrasing in draft.phrasings if phrasing != draft.question)


def _with_entry(old: str, entry: str, own: Entry | None) -> str:
    """Comments that stood inside the entry it replaces are a person's: they stay, below it."""
    lines = _LINE.findall(old)
    above, mine, below = (lines, [], []) if own is None else _parted(lines, own)
    end = "\r\n" if "\r\n" in old else "\n"
    kept = "".join(f"{end}{comment}{end}" for comment in _COMMENT.findall("".join(mine)))
    return "".join(above) + _gap(above, end) + entry.replace("\n", end) + kept + end * bool(below) + "".join(below)


def _parted(lines: list[str], own: Entry) -> tuple[list[str], list[str], list[str]]:
    return lines[: own.first], lines[own.first : own.last], lines[own.last :]


def _gap(above: list[str], end: str) -> str:
    """What it takes for a heading to stand below a blank line."""
    if not above or not above[-1].strip():
        return ""
    return end if above[-1].endswith(("\n", "\r")) else 2 * end


# ── reading back ──


def _read_back(old: str, new: str, draft: AnswerDraft, path: str, own: Entry | None) -> Passage:
    name = path.rpartition("/")[2]
    others = [passage for passage in faq.parse(old, path).passages if own is None or passage.id != own.passage.id]
    read = {passage.id: passage for passage in faq.parse(new, path).passages}
    if lost := next((passage for passage in others if passage.id not in read), None):
        raise Refused(f"With this answer in {name}, “{lost.title}” there would be read differently: {LOOK}.")
    fresh = [passage for id, passage in read.items() if id not in {other.id for other in others}]
    if len(fresh) != 1 or not _is(fresh[0], draft):
        raise Refused(
            f"This answer would not be read back from {name} as it stands here: {LOOK}, {_front_matter(draft)}."
        )
    return fresh[0]


def _is(passage: Passage, draft: AnswerDraft) -> bool:
    return (
        passage.kind == "faq"
        and (passage.title, passage.text) == (draft.question, draft.answer)
        and passage.phrasings == _other_phrasings(draft)
        and passage.language == draft.language
    )


def _front_matter(draft: AnswerDraft) -> str:
    return f"or for a first part that does not say kind: faq and language: {draft.language}"
