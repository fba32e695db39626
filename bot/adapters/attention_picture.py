"""The attention behind a draft as a PNG: the draft's words down the left, the passages' words in lines at the right.

The darker a passage's word, the more of the whole draft's attention fell on it. Each word of the draft has a number;
beside it stand the words it looked at most, and its number stands above the one it looked at most of all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from bot.adapters.picture_fonts import Fonts, installed
from bot.attention import Attended, Read, Word, words_of

WIDTH, MARGIN, GUTTER = 1560, 56, 56
LEFT = 540  # pixels of the draft's column
TEXT, SMALL, TINY = 25, 19, 14  # sizes of fonts
LINE, ROW, LABEL = 58, 38, 16  # heights: of a passage's line, of a word of the draft, and where numbers stand
FAINTEST = 0.12  # of the darkest word; what is fainter is everywhere, and only in the way
WHITE, INK, GREY, RULE, DEEP = (255, 255, 255), (32, 38, 36), (112, 120, 117), (224, 229, 227), (31, 111, 84)
RUST = (168, 76, 16)

FELL = (("passages", "fell on the passages"), ("question", "on the question"), ("draft", "on the draft so far"),
        ("else", "elsewhere"))  # fmt: skip
EXPLAINED = (
    "Left: the draft's words, each with the words it looked at most (shares of what it gave to the passages). "
    "Mean of all heads and layers.",
    "Right: the darker a word, the more of the whole draft's attention it got. Number above: the draft's word that "
    "looked there most.",
    "It shows where the model looked while it wrote, not whether what it wrote is so: "
    "that is checked by the fact guard.",
)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word with its left upper corner."""

    text: str
    x: float
    y: float
    width: float
    index: int


def draw(found: Attended, about: str, files: Sequence[Path] | None = None) -> bytes:
    """`about` is a line below the question: who wrote the draft, and what became of it.

    Raises Unavailable where no font (of `files`, or of this computer) can write the words.
    """
    return _Picture(found, about, installed() if files is None else files).png()


class _Picture:
    def __init__(self, found: Attended, about: str, files: Sequence[Path]) -> None:
        self._found, self._about = found, about
        self._text, self._small, self._tiny = (Fonts(size, files) for size in (TEXT, SMALL, TINY))
        said = " ".join([found.question, *(one.word.text for one in found.draft)])
        self._text.check(said + " ".join(word.text for passage in found.passages for word in passage.words))
        self._numbers = _numbers(found)
        self._most = max((weight for passage in found.passages for weight in passage.weights), default=0.0)

    def png(self) -> bytes:
        height = self._drawn(ImageDraw.Draw(Image.new("RGB", (1, 1))))  # once to learn how high it gets
        image = Image.new("RGB", (WIDTH, height), WHITE)
        self._drawn(ImageDraw.Draw(image))
        file = BytesIO()
        image.save(file, "PNG", optimize=True)
        return file.getvalue()

    def _drawn(self, on: ImageDraw.ImageDraw) -> int:
        y = self._head(on)
        left, right = self._draft(on, y), self._passages(on, y)
        on.line([(MARGIN + LEFT + GUTTER // 2, y), (MARGIN + LEFT + GUTTER // 2, max(left, right))], RULE, 2)
        return self._foot(on, max(left, right) + 24)

    def _head(self, on: ImageDraw.ImageDraw) -> float:
        question = [word for _, word in words_of(self._found.question)]
        y = self._lines(on, question, self._text, MARGIN, INK)
        y = self._lines(on, [one.word for one in self._found.draft], self._text, y + 6, DEEP)
        y = self._lines(on, [word for _, word in words_of(self._about)], self._small, y + 6, GREY) + 14
        on.line([(MARGIN, y), (WIDTH - MARGIN, y)], RULE, 2)
        return y + 22

    def _lines(self, on: ImageDraw.ImageDraw, words: Sequence[Word], fonts: Fonts, y: float, ink: Colour) -> float:
        for placed in _set(words, fonts, MARGIN, y, WIDTH - 2 * MARGIN, fonts.size + 13):
            self._write(on, placed.x, placed.y, placed.text, fonts, ink, WIDTH - 2 * MARGIN)
            y = placed.y
        return y + fonts.size + 13

    def _draft(self, on: ImageDraw.ImageDraw, y: float) -> float:
        """Numbered, a line each; the first source as dark as its share."""
        column = min(max((self._text.width(one.word.text) for one in self._found.draft), default=0.0), 200.0)
        for number, one in enumerate(self._found.draft, start=1):
            self._write(on, MARGIN, y + 8, str(number), self._tiny, RUST)
            self._write(on, MARGIN + 34, y, one.word.text, self._text, INK, 200)
            x = MARGIN + 34 + column + 24
            for source in one.sources:
                text = self._found.passages[source.passage].words[source.word].text
                told = f"{source.share:.0%}"
                width = self._small.width(text) + self._tiny.width(told) + 24
                if x + width > MARGIN + LEFT:
                    break
                on.rounded_rectangle([x, y, x + width, y + ROW - 8], 6, _shade(source.share))
                ink = _ink(source.share)
                self._write(on, x + 8, y + 4, text, self._small, ink)
                self._write(on, x + width - 8 - self._tiny.width(told), y + 9, told, self._tiny, ink)
                x += width + 8
            y += ROW
        return y

    def _passages(self, on: ImageDraw.ImageDraw, y: float) -> float:
        for n, passage in enumerate(self._found.passages):
            y = self._passage(on, n, passage, y) + 26
        return y

    def _passage(self, on: ImageDraw.ImageDraw, n: int, passage: Read, y: float) -> float:
        x, width = MARGIN + LEFT + GUTTER, WIDTH - 2 * MARGIN - LEFT - GUTTER
        for placed in _set(passage.words, self._text, x, y + LABEL, width, LINE):
            share = (passage.weights[placed.index] / self._most) if self._most else 0.0
            if share >= FAINTEST:
                edge = 3 if passage.words[placed.index].gap else 0
                box = [placed.x - edge, placed.y - 2, placed.x + placed.width + edge, placed.y + TEXT + 9]
                on.rounded_rectangle(box, 2 * edge, _shade(share))
            self._write(on, placed.x, placed.y, placed.text, self._text, _ink(share), width)
            numbers = self._fitting(self._numbers.get((n, placed.index), ()), placed.width)
            self._write(on, placed.x, placed.y - LABEL - 1, numbers, self._tiny, RUST)
            y = placed.y
        return y + TEXT + 12

    def _fitting(self, numbers: Sequence[int], width: float) -> str:
        """As many as have room above their word, the first in any case."""
        held = list(map(str, numbers))
        while len(held) > 1 and self._tiny.width(" ".join(held)) > width:
            held.pop()
        return " ".join(held)

    def _foot(self, on: ImageDraw.ImageDraw, y: float) -> int:
        on.line([(MARGIN, y), (WIDTH - MARGIN, y)], RULE, 2)
        for n in range(100):
            on.rectangle([MARGIN + 2 * n, y + 24, MARGIN + 2 * n + 1, y + 42], _shade(n / 99))
        x, shares = MARGIN + 216, self._found.shares
        fell = ", ".join(f"{shares.get(kind, 0):.0%} {where}" for kind, where in FELL)
        for n, line in enumerate((*EXPLAINED, f"Of all attention {fell}.")):
            self._write(on, x, y + 16 + n * (SMALL + 9), line, self._small, GREY, WIDTH - MARGIN - x)
        return int(y + 16 + 4 * (SMALL + 9) + MARGIN // 2)

    def _write(
        self, on: ImageDraw.ImageDraw, x: float, y: float, text: str, fonts: Fonts, ink: Colour, most: float = WIDTH
    ) -> None:
        """On one line whose upper edge is at `y`, whatever the font; at most so many pixels wide."""
        while fonts.width(text) > most:
            text = text[:-2].rstrip() + "…"
        for font, run in fonts.runs(text):
            on.text((x, y + fonts.size), run, ink, font, anchor="ls")
            x += font.getlength(run)


def _set(words: Sequence[Word], fonts: Fonts, x: float, y: float, width: float, line: float) -> Iterator[_Placed]:
    """Words in lines, as they read."""
    blank, at = fonts.width(" "), x
    for index, word in enumerate(words):
        long, gap = fonts.width(word.text), blank if word.gap else 0.0
        if index and (word.gap == "\n" or at + gap + long > x + width):
            at, y = x, y + line
        elif index:
            at += gap
        yield _Placed(word.text, at, y, min(long, width), index)
        at += long


def _numbers(found: Attended) -> dict[tuple[int, int], list[int]]:
    """For a word of a passage, which of the draft's words looked at it most."""
    held: dict[tuple[int, int], list[int]] = {}
    for number, one in enumerate(found.draft, start=1):
        if one.sources:
            held.setdefault((one.sources[0].passage, one.sources[0].word), []).append(number)
    return held


def _shade(share: float) -> Colour:
    part = min(1.0, max(0.0, share))
    red, green, blue = (round(light + (deep - light) * part) for light, deep in zip(WHITE, DEEP, strict=True))
    return red, green, blue


def _ink(share: float) -> Colour:
    return WHITE if share > 0.6 else INK
