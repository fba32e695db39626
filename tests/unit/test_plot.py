"""The picture is a PNG that others can read, and its lines run where the figures say."""

import struct
import zlib

from bot import plot


def pixels(png: bytes) -> list[bytes]:
    """Rows of a PNG, after checking every checksum."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, held, header = 8, b"", b""
    while at < len(png):
        [length] = struct.unpack(">I", png[at : at + 4])
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length]) == (zlib.crc32(name + data),)
        header, held = (data if name == b"IHDR" else header), held + (data if name == b"IDAT" else b"")
        at += 12 + length
    width, height, depth, colours = struct.unpack(">IIBB", header[:10])
    assert (depth, colours) == (8, 2)
    raw = zlib.decompress(held)
    step = 1 + 3 * width
    assert len(raw) == step * height
    return [raw[n * step + 1 : (n + 1) * step] for n in range(height)]


def places(png: bytes, colour: tuple[int, int, int]) -> set[tuple[int, int]]:
    wanted = bytes(colour)
    rows = [(y, row) for y, row in enumerate(pixels(png)) if wanted in row]
    return {(x, y) for y, row in rows for x in range(len(row) // 3) if row[3 * x : 3 * x + 3] == wanted}


def test_a_rising_line_rises_from_corner_to_corner() -> None:
    found = places(plot.chart([[(0.0, 0.0), (1.0, 0.2)]]), plot.COLOURS[0])
    left, right = min(found), max(found)
    assert left[0] <= plot.LEFT <= left[0] + 2
    assert left[1] > plot.HEIGHT - plot.BOTTOM - 4
    assert right[0] >= plot.WIDTH - plot.RIGHT - 1
    assert right[1] < plot.TOP + 4


def test_each_line_has_its_own_colour_and_a_mark_makes_it_thicker() -> None:
    line = [(0.0, 0.1), (1.0, 0.1)]
    plain, marked = plot.chart([line, line[:1]]), plot.chart([line, line[:1]], [None, (0.5, 0.1)])
    assert places(plain, plot.COLOURS[0])
    assert not places(plain, plot.COLOURS[1])
    assert len(places(marked, plot.COLOURS[1])) == 100


def test_nothing_to_draw_is_a_picture_of_the_axes() -> None:
    png = plot.chart([])
    assert len(pixels(png)) == plot.HEIGHT
    assert places(png, plot.BLACK), "the axes have figures"
    assert places(png, plot.GREY)
