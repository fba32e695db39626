"""A small line chart as a PNG, for the curve of risk: no drawing library is worth one picture."""

import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise
from math import ceil

WIDTH, HEIGHT = 640, 420
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 20, 36  # margins, in pixels
WHITE, GREY, BLACK = (255, 255, 255), (225, 225, 225), (40, 40, 40)
COLOURS = ((31, 111, 84), (196, 92, 24), (60, 90, 180), (150, 50, 110))
TICKS = 5
DOT = 2  # pixels to one dot of a figure; a figure is 3 × 5 dots, each row three bits

_FIGURES = {
    "0": (7, 5, 5, 5, 7), "1": (2, 6, 2, 2, 7), "2": (7, 1, 7, 4, 7), "3": (7, 1, 7, 1, 7), "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7), "6": (7, 4, 7, 5, 7), "7": (7, 1, 1, 2, 2), "8": (7, 5, 7, 5, 7), "9": (7, 5, 7, 1, 7),
    "%": (5, 1, 2, 4, 5),
}  # fmt: skip

Colour = tuple[int, int, int]
Line = Sequence[tuple[float, float]]  # (x, y), both shares from 0 to 1


class _Canvas:
    def __init__(self, top: float) -> None:
        self._rows = [bytearray(WHITE * WIDTH) for _ in range(HEIGHT)]
        self._top = top  # the share that stands at the upper edge

    def place(self, x: float, y: float) -> tuple[int, int]:
        across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return LEFT + round(x * across), TOP + round((1 - min(y, self._top) / self._top) * down)

    def box(self, x: int, y: int, width: int, height: int, colour: Colour) -> None:
        for row in self._rows[max(0, y) : max(0, y + height)]:
            begin, end = max(0, x), min(WIDTH, x + width)
            row[3 * begin : 3 * end] = bytes(colour * max(0, end - begin))

    def stroke(self, begin: tuple[int, int], end: tuple[int, int], colour: Colour) -> None:
        steps = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]), 1)
        for n in range(steps + 1):
            x = begin[0] + (end[0] - begin[0]) * n // steps
            self.box(x - 1, begin[1] + (end[1] - begin[1]) * n // steps - 1, 2, 2, colour)

    def write(self, x: int, y: int, text: str) -> None:
        for n, figure in enumerate(text):
            for down, row in enumerate(_FIGURES[figure]):
                for across in range(3):
                    if row >> (2 - across) & 1:
                        self.box(x + (4 * n + across) * DOT, y + down * DOT, DOT, DOT, BLACK)

    def png(self) -> bytes:
        raw = b"".join(b"\0" + bytes(row) for row in self._rows)
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
        parts = (b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def chart(lines: Sequence[Line], marks: Sequence[tuple[float, float] | None] = ()) -> bytes:
    """Each line in its own colour, with a mark on it; the upper edge is as high as the lines need, in steps of 5 %."""
    highest = max((y for line in lines for _, y in line), default=0.0)
    canvas = _Canvas(max(0.05, ceil(highest * 20) / 20))
    _axes(canvas, max(0.05, ceil(highest * 20) / 20))
    for n, line in enumerate(lines):
        colour = COLOURS[n % len(COLOURS)]
        places = [canvas.place(x, y) for x, y in line]
        for begin, end in pairwise(places):
            canvas.stroke(begin, end, colour)
        if n < len(marks) and (mark := marks[n]) is not None:
            x, y = canvas.place(*mark)
            canvas.box(x - 5, y - 5, 10, 10, colour)
    return canvas.png()


def _axes(canvas: _Canvas, top: float) -> None:
    """Shares of questions answered across, shares of wrong answers upwards, in per cent."""
    for n in range(TICKS + 1):
        share = n / TICKS
        left, y = canvas.place(0, share * top)
        canvas.box(left, y, WIDTH - LEFT - RIGHT, 1, GREY)
        canvas.write(4, y - 5, f"{share * top * 100:.0f}%")
        x, bottom = canvas.place(share, 0)
        canvas.box(x, TOP, 1, bottom - TOP, GREY)
        canvas.write(x - 12, bottom + 12, f"{share * 100:.0f}%")
