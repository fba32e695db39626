"""Just enough Markdown to find headings, questions, paragraphs and tables, each with its line number."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.*)$")
_CLOSING = re.compile(r"(?:^|(?<=[ \t]))#+$")  # the optional marks at the end of a heading; `C#` keeps its own
_UNDERLINE = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(?P<mark>```+(?=[^`]*$)|~~~+)(?P<info>.*)$")
_ASKED = re.compile(r"^(?:[*_]{0,2})(?:Q|Question|问|问题)\s?\d*[*_]{0,2}\s?[:：.][*_]{0,2}\s*(\S.*?)[*_]{0,2}$", re.I)
_ANSWERED = re.compile(r"^[*_]{0,2}(?:A|Answer|答|回答)[*_]{0,2}\s?[:：][*_]{0,2}\s*", re.I)
_NUMBERED_ANSWER = re.compile(r"^[*_]{0,2}(?:A|Answer|答|回答)\s?\d*[*_]{0,2}\s?[:：.][*_]{0,2}\s*")
_QUOTED = re.compile(r"""\"((?:[^"\\]|\\.)*)\"|'((?:[^']|'')*)'""")
DEEPEST = 7  # the level of a `Q:` line: below every heading


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the lines up to the next one. `line` counts from 1; the text before any heading has level 0."""

    level: int
    heading: str
    line: int
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()

    @property
    def is_question(self) -> bool:
        return self.level == DEEPEST or self.heading.rstrip("*_ ").endswith(("?", "？"))


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """`key: value` lines between two `---`; a value may be a list in brackets."""

    values: Mapping[str, str] = field(default_factory=dict)
    length: int = 0  # lines, both fences included
    bad_line: int | None = None

    def listed(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, "").strip("[]")
        return tuple(item.strip(" \"'") for item in value.split(",") if item.strip(" \"'"))


def front_matter(lines: Sequence[str]) -> FrontMatter:
    if not lines or lines[0].strip() != "---":
        return FrontMatter()
    values: dict[str, str] = {}
    bad = None
    for n, line in enumerate(lines[1:], start=1):
        if line.strip() == "---":
            return FrontMatter(values, n + 1, bad)
        if (found := re.match(r"^([\w-]+)\s*:\s*(.*)$", line)) is not None:
            values[found[1].lower()] = _value(found[2])
        elif line.strip() and not line.lstrip().startswith(("#", "- ")):
            bad = bad or n + 1
    return FrontMatter()  # no closing fence: a thematic break, not front matter


def _value(written: str) -> str:
    """A value without its comment; in quotation marks a # is no comment."""
    written = written.strip()
    if quoted := _QUOTED.match(written):
        return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted[1] is not None else quoted[2].replace("''", "'")
    comment = re.search(r"(?:^|(?<=\s))#", written)
    return (written[: comment.start()] if comment else written).strip().strip("\"'")


def sections(lines: Sequence[str], first_line: int = 1) -> list[Section]:
    """Cut a document at its headings (`#`, underlined, or a `Q:` line); code fences hide theirs."""
    found: list[Section] = []
    heading, level, start = "", 0, first_line
    body: list[str] = []
    fence = ""

    def close() -> None:
        if heading or any(line.strip() for line in body):
            found.append(Section(level, heading, start, tuple(body)))

    for n, line in enumerate(lines):
        was_in, fence = fence, _fence_after(line, fence)
        starts = None if fence or was_in else _heading(line, body)
        if starts is None:
            body.append(line)
            continue
        new_level, new_heading, taken = starts
        del body[len(body) - taken :]
        close()
        heading, level, start, body = new_heading, new_level, first_line + n - taken, []
    close()
    return found


def _fence_after(line: str, fence: str) -> str:
    """The fence that is open below `line`, or nothing: one closes only by its own mark, at least as long, alone."""
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found["mark"]
    closes = found["mark"][0] == fence[0] and len(found["mark"]) >= len(fence) and not found["info"].strip()
    return "" if closes else fence


def _heading(line: str, body: Sequence[str]) -> tuple[int, str, int] | None:
    """(level, heading, lines of the body it takes) when `line` makes a heading."""
    if found := _HEADING.match(line):
        if heading := plain(_CLOSING.sub("", found[2].rstrip())):
            return len(found[1]), heading, 0
        return None
    if (found := _UNDERLINE.match(line)) and body and body[-1].strip() and _may_be_underlined(body):
        return (1 if found[1][0] == "=" else 2), plain(body[-1]), 1
    if found := _ASKED.match(line.strip()):
        return DEEPEST, plain(found[1]), 0
    return None


def _may_be_underlined(body: Sequence[str]) -> bool:
    """A heading stands alone; a line of dashes after a paragraph, list or table row is something else."""
    alone = len(body) < 2 or not body[-2].strip()
    return alone and not body[-1].lstrip().startswith(("|", "- ", "* ", ">", "#", "`" * 3, "~" * 3))


def as_body(lines: Sequence[str]) -> list[str]:
    """The lines with none among them that would begin a section or leave a code fence open below them.

    A heading becomes a bold line; do it again until nothing changes, for a bold line may be a `Q:` line.
    """
    body: list[str] = []
    fence = ""
    for line in lines:
        was_in, fence = fence, _fence_after(line, fence)
        starts = None if fence or was_in else _heading(line, body)
        if starts is None:
            body.append(line)
            continue
        _, heading, taken = starts
        del body[len(body) - taken :]
        body += [f"**{heading}**"] * bool(heading)
    return [*body, fence] if fence else body


def without_answer_mark(text: str, is_numbered: bool = False) -> str:
    """`A:` off an answer. `A1:` and `A.` are marks only below a `Q` line; elsewhere they may be A4, or a list's a."""
    return (_NUMBERED_ANSWER if is_numbered else _ANSWERED).sub("", text, count=1)


def without_comments(text: str) -> str:
    """HTML comments blanked, line numbers kept."""
    shown, rest = list[str](), text
    while True:
        before, opening, inside = rest.partition("<!--")
        comment, closing, after = inside.partition("-->")
        if not closing:
            return "".join([*shown, before, opening, inside])
        shown += [before, "\n" * comment.count("\n")]
        rest = after


def plain(text: str) -> str:
    """A heading without emphasis, links and trailing anchors."""
    text = re.sub(r"!?\[([^\[\]]*)\]\([^()]*\)", r"\1", text)
    text = re.sub(r"\{#[^{}]*\}$", "", text.rstrip()).rstrip()
    return re.sub(r"(\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))", "", text).strip()


def slug(heading: str) -> str:
    """The anchor of a heading: lower case, punctuation dropped, blanks to one hyphen (GitHub writes one for each)."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower()).strip()
    return re.sub(r"\s+", "-", kept)


def blocks(lines: Sequence[str]) -> Iterator[str]:
    """Paragraphs, list items and whole tables, in order: what may be parted, and what may not."""
    current: list[str] = []

    def flush() -> Iterator[str]:
        if current:
            yield "\n".join(current)
            current.clear()

    for line in lines:
        is_row = line.lstrip().startswith("|")
        was_row = bool(current) and current[-1].lstrip().startswith("|")
        is_item = bool(re.match(r"^\s{0,3}(?:[-*+]|\d+[.)])\s+", line))
        if not line.strip():
            yield from flush()
            continue
        if current and (is_row != was_row or is_item):
            yield from flush()
        current.append(line.rstrip())
    yield from flush()


def is_table(block: str) -> bool:
    return block.lstrip().startswith("|")
