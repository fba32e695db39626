"""Lines as they are drawn on pages → paragraphs, headings and list items of one running text."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from bot.adapters.reader_text import unmarked

EDGE_LINES = 2  # at the top and at the bottom of a page, which may repeat on every page
_LARGER = 1.12  # than the body, to be a heading
_LONGEST_HEADING = 140
_LONGEST_QUESTION = 160
_LEADING = 1.6  # of the size of letters: lines of one paragraph are hardly further apart
_WIDER_GAP = 1.35  # than between lines of a paragraph
_NUMBER = re.compile(
    r"(?:(?:page|seite|p\.|第)\s?)?[-–—|]?\s?(?:\d{1,4}|[ivxl]{1,6})\s?[-–—|]?(?:\s?(?:of|/|von|de|共)\s?\d{1,4})?\s?页?",
    re.I,
)
_CONTENTS = re.compile(r"(?:\. ?){5}\s?\d{1,4}$")  # a line of the table of contents
_BULLET = re.compile(r"(?:[•●▪■◦‣⁃∙·*–—-]|o(?= [A-Z]))\s+(?=\S)")
_BULLET_ALONE = re.compile(r"[•●▪■◦‣⁃∙·]")
_NUMBERED = re.compile(
    r"(?:\d{1,2}[.)]|\d{1,2}(?:\.\d{1,2}){1,3}[.)]?|\([a-z0-9]{1,4}\)|[a-z]\))\s+\S|[QA][:.]\s|[问答][：:]", re.I
)
_FIRST = re.compile(r"(?:1[.)]|\(?[ai1]\))\s")
_ENDS = (".", "!", "?", ":", ";", "。", "！", "？", "：", "；", "”", ")", "）")
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line; `down` is how far it is from the top of the page, in points. A line without text parts paragraphs."""

    text: str
    size: float
    is_bold: bool
    down: float
    page: int = 0


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    page: int


@dataclass(frozen=True, slots=True)
class _Look:
    """How the document is set: the size of its body, the gap between its lines, its heading sizes from the largest."""

    size: float
    gap: float
    larger: tuple[float, ...]
    is_mostly_bold: bool
    width: float  # of a full line, in characters

    def level(self, line: Drawn) -> int:
        """Of a heading, 1 to 6; 0 for other lines."""
        text = line.text
        if not 1 < len(text) <= _LONGEST_HEADING or sum(map(str.isalpha, text)) < 2 or _BULLET.match(text):
            return 0
        if line.size in self.larger:
            return min(self.larger.index(line.size) + 1, 4)
        is_title = line.is_bold and not self.is_mostly_bold and line.size >= self.size * 0.9
        if is_title and len(text) <= 100 and not text.endswith((".", ",", ";", ":")) and text[0] not in '(“"‘':
            return min(len(self.larger), 4) + 1
        return 0


def paragraphs(pages: Sequence[Sequence[Drawn]]) -> list[Paragraph]:
    """The running text, without what repeats at the edges of pages."""
    lines = list(_without_edges(pages))
    if not any(line.text for line in lines):
        return []
    look = _look(lines)
    words = Counter(re.findall(r"[\w-]+", " ".join(line.text for line in lines).lower()))
    made = [_set(block, look, words) for block in _blocks(lines, look)]
    return list(_with_questions([one for one in made if one.text.strip("-# ")]))


def _without_edges(pages: Sequence[Sequence[Drawn]]) -> Iterator[Drawn]:
    repeated = Counter(key for page in pages for key in {_key(line.text) for line in _edges(page)})
    most = max(2, round(0.4 * len(pages)))
    sizes = Counter[float]()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    seen = set[str]()
    counted = Counter(offset for n, page in enumerate(pages, 1) for offset in _on_edges(page, n))
    offsets = {offset for offset, times in counted.items() if times >= max(3, most)}
    for n, page in enumerate(pages, start=1):
        edges = {id(line) for line in _edges(page)}
        for line in page:
            key = _key(line.text)
            is_running = repeated[key] >= most or bool(offsets & _offsets(line.text, n))
            is_edge = id(line) in edges and (_NUMBER.fullmatch(line.text) or is_running)
            is_title = line.size > _LARGER * body and key not in seen and not _NUMBER.fullmatch(line.text)
            if (not is_edge or is_title) and not _CONTENTS.search(line.text):
                seen.add(key)
                yield replace(line, page=n)


def _on_edges(page: Sequence[Drawn], n: int) -> set[int]:
    return set().union(*(_offsets(line.text, n) for line in _edges(page)))


def _offsets(text: str, page: int) -> set[int]:
    """How far the number a line ends with is from the page's own: running titles count along; “Step 3” does not."""
    found = re.search(r"(?<=[^\W\d])[^\w.]{1,9}(\d{1,4})$", text)
    return {int(found[1]) - page} if found and len(text.split()) > 3 else set()


def _key(text: str) -> str:
    return re.sub(r"\d+", "#", text.casefold())


def _edges(page: Sequence[Drawn]) -> list[Drawn]:
    """By where they are drawn: a footer may come first in the file."""
    lines = sorted((line for line in page if line.text), key=lambda line: line.down)
    return [*lines[:EDGE_LINES], *lines[max(EDGE_LINES, len(lines) - EDGE_LINES) :]]


def _look(lines: Sequence[Drawn]) -> _Look:
    sizes, bold = Counter[float](), 0
    for line in lines:
        sizes[line.size] += len(line.text)
        bold += len(line.text) * line.is_bold
    body = sizes.most_common(1)[0][0]
    larger = sorted((size for size in sizes if size > _LARGER * body), reverse=True)
    pairs = [(line, below) for line, below in pairwise(lines) if line.text and below.text and line.page == below.page]
    gaps = [gap for line, below in pairs if 0 < (gap := below.down - line.down) < 5 * body]
    lengths = [len(line.text) for line in lines if line.size == body and line.text]
    return _Look(
        body,
        min(median(gaps or [_LEADING * body]), _LEADING * body),
        tuple(larger),
        2 * bold > sum(sizes.values()),
        median(lengths),
    )


def _blocks(lines: Sequence[Drawn], look: _Look) -> Iterator[list[Drawn]]:
    """Lines that belong together."""
    block: list[Drawn] = []
    was_blank = False
    for line in lines:
        if not line.text:
            was_blank = True
            continue
        if block and _parts(block, line, was_blank, look):
            yield block
            block = []
        block.append(line)
        was_blank = False
    if block:
        yield block


def _parts(block: Sequence[Drawn], line: Drawn, was_blank: bool, look: _Look) -> bool:
    """Whether a line begins something new."""
    last = block[-1]
    if _BULLET_ALONE.fullmatch(last.text):
        return False
    if look.level(last) != look.level(line):
        return True
    if _BULLET.match(line.text) or _BULLET_ALONE.fullmatch(line.text):
        return True
    if look.level(line):
        return (
            bool(_NUMBERED.match(line.text))
            or last.page != line.page
            or line.down - last.down > 1.6 * look.gap * max(1.0, line.size / look.size)
        )
    ended = last.text.endswith(_ENDS)
    if _NUMBERED.match(line.text) and (ended or was_blank or _FIRST.match(line.text) or _is_item(block[0])):
        return True
    if last.page != line.page:
        return ended or not (line.text[0].islower() or 2 * len(last.text) > look.width)  # else it goes on overleaf
    return (
        was_blank or line.down - last.down > _WIDER_GAP * look.gap or (line.down < last.down - 20 * look.size and ended)
    )


def _is_item(line: Drawn) -> bool:
    return bool(_BULLET.match(line.text) or _NUMBERED.match(line.text))


def _set(block: Sequence[Drawn], look: _Look, words: Counter[str]) -> Paragraph:
    text = block[0].text
    for line in block[1:]:
        text = _joined(text, line.text, words)
    level = look.level(block[0])
    if level:
        return Paragraph("#" * level + " " + text, block[0].page)
    return Paragraph(_BULLET.sub("- ", text, count=1) if _BULLET.match(text) else unmarked(text), block[0].page)


def _joined(text: str, more: str, words: Counter[str]) -> str:
    """A word that was parted at the end of a line is whole again; one written with a hyphen keeps it."""
    if found := re.search(r"([^\W\d_]{2,30})-$", text):
        rest = re.match(r"[^\W\d_]{1,30}", more)
        if rest is not None and rest[0][0].islower():
            hyphened = f"{found[1]}-{rest[0]}".lower()
            whole = f"{found[1]}{rest[0]}".lower()
            return text + more if words[hyphened] and not words[whole] else text[:-1] + more
    between = "" if text.endswith(("-", "/")) or (_CJK.search(text[-1]) and _CJK.match(more)) else " "
    return f"{text}{between}{more}"


def _with_questions(written: Sequence[Paragraph]) -> Iterator[Paragraph]:
    """A question that is a paragraph of its own, with something else below it, is a heading."""
    deepest = max((len(one.text) - len(one.text.lstrip("#")) for one in written), default=0)
    for n, one in enumerate(written):
        below = written[n + 1].text if n + 1 < len(written) else ""
        asks = (
            one.text.endswith(("?", "？"))
            and len(one.text) <= _LONGEST_QUESTION
            and not one.text.startswith(("#", "- "))
        )
        alone = not re.search(r"[.!?。！？]\s", one.text[3:-1]) and not re.match(r"[QA问答]\s?[:.：]", one.text)
        if asks and alone and below and not below.endswith(("?", "？")) and not below.startswith("#"):
            yield replace(one, text=f"{'#' * min(deepest + 1, 6)} {one.text}")
        else:
            yield one
