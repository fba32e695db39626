"""Plain text → a page. A line is taken for a heading only where it can be nothing else."""

import re
from collections.abc import Iterator, Sequence

from bot.adapters.reader_encoding import decoded
from bot.content import Found, Page, Unreadable

_CODE = tuple(
    ".js .ts .css .py .java .c .h .cpp .go .rs .rb .php .sh .sql .yml .yaml .toml .ini .cfg .conf .log .lock .bat .ps1"
    " .xml .svg .tex".split()
)
_DRAWN = re.compile(r"[-=_*~#+.·]{3,}")
_NUMBERED = re.compile(r"\d{1,2}[.)]\s+")
_MARKED = re.compile(r"(?:Q|Question|问|问题)\s?\d{0,4}\s?[:：.]", re.I)
_MARKS = ("# ", "## ", "### ", "> ", "```", "~~~", "===", "|")
_LONGEST_HEADING = 90
_LONGEST_QUESTION = 160


class PlainText:
    name = "plain text"

    def reads(self, path: str, data: bytes) -> bool:
        return not path.lower().endswith(_CODE)

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        text = decoded(path, data).replace("\f", "\n\n")
        if _is_noise(text):
            raise Unreadable("most of this file is not text")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        yield Page(path, "\n".join(with_headings(lines)))


def unmarked(text: str) -> str:
    """A paragraph of a document that is no Markdown, without what would make it a heading, code or a quotation."""
    if _DRAWN.fullmatch(text.strip()):
        return ""
    return text.lstrip("#>`~=| ") if text.startswith(_MARKS) else text


def _is_noise(text: str) -> bool:
    head = text[:20_000]
    odd = sum((character < " " and character not in "\t\n\r\v\f\x1b") or character == "\x7f" for character in head)
    return 20 * odd > len(head)


def with_headings(lines: Sequence[str]) -> list[str]:
    """The same lines, with a mark before those that are headings: alone, short, and in capitals or a question."""
    return [_heading(lines, n) or ("" if _DRAWN.fullmatch(line.strip()) else line) for n, line in enumerate(lines)]


def _heading(lines: Sequence[str], n: int) -> str:
    line = lines[n].strip()
    if not line or line.startswith(("#", "|", "- ", "* ", ">", "`")) or not _begins(lines, n):
        return ""
    if _is_underlined(lines, n) or is_shouted(line):
        return f"# {line}" if _alone(lines, n) else ""
    if line.endswith(("?", "？")) and not _MARKED.match(line) and _asks(lines, n):
        return f"## {_NUMBERED.sub('', line, count=1)}"
    return ""


def _begins(lines: Sequence[str], n: int) -> bool:
    return n == 0 or not lines[n - 1].strip() or bool(_DRAWN.fullmatch(lines[n - 1].strip()))


def _is_underlined(lines: Sequence[str], n: int) -> bool:
    below = lines[n + 1].strip() if n + 1 < len(lines) else ""
    return bool(_DRAWN.fullmatch(below)) and below[0] in "=-~_*" and len(lines[n].strip()) <= _LONGEST_HEADING


def is_shouted(line: str) -> bool:
    letters = [character for character in line if character.isalpha()]
    if len(letters) < 4 or len(line) > _LONGEST_HEADING or line.endswith((".", ",", "!", ";")):
        return False
    return all(character.isupper() for character in letters)


def _alone(lines: Sequence[str], n: int) -> bool:
    """Nothing but a blank or drawn line below it."""
    below = lines[n + 1].strip() if n + 1 < len(lines) else ""
    return not below or bool(_DRAWN.fullmatch(below))


def _asks(lines: Sequence[str], n: int) -> bool:
    """A question on a line of its own, with its answer below: not one of several, nor the end of a sentence."""
    line = lines[n].strip()
    if len(line) > _LONGEST_QUESTION or re.search(r"[.!?。！？]\s", line[:-1].removeprefix(_numbered(line))):
        return False
    following = next((below.strip() for below in lines[n + 1 : n + 4] if below.strip()), "")
    return bool(following) and not (following.endswith(("?", "？")) and not _alone(lines, n))


def _numbered(line: str) -> str:
    found = _NUMBERED.match(line)
    return found[0] if found else ""
