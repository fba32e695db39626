"""Fonts for a picture: this computer's own, because one that can write Chinese is larger than this package."""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from bot.errors import Unavailable

FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/Library/Fonts",
    "/System/Library/Fonts", "/opt/homebrew/share/fonts", "C:/Windows/Fonts",
)  # fmt: skip
# The best first; those behind write what the ones before cannot.
WANTED = (
    "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf", "segoeui.ttf", "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "SourceHanSansSC-Regular.otf", "NotoSerifCJK-Regular.ttc",
    "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "PingFang.ttc", "STHeiti Light.ttc", "msyh.ttc",
    "simsun.ttc", "Arial Unicode.ttf",
)  # fmt: skip
UNWRITABLE = 0.1  # of a text's characters; with more of them missing a picture tells nothing
_NO_CHARACTER = "\U0010ffff"

Font = ImageFont.FreeTypeFont


class Fonts:
    """One size of them all: each character is written by the first that has it."""

    def __init__(self, size: int, files: Iterable[Path]) -> None:
        self.size = size
        self._fonts = [font for file in files for font in _read(file, size)] + _built_in(size)
        self._missing = [_shape(font, _NO_CHARACTER) for font in self._fonts]
        self._chosen: dict[str, int | None] = {}

    def runs(self, text: str) -> Iterator[tuple[Font, str]]:
        """Stretches of `text`, each with the font that writes it."""
        held, font = "", self._fonts[0]
        for character in text:
            index = self._font_of(character)
            chosen = self._fonts[index or 0]
            if held and chosen is not font:
                yield font, held
                held = ""
            held, font = held + character, chosen
        if held:
            yield font, held

    def width(self, text: str) -> float:
        return sum(font.getlength(run) for font, run in self.runs(text))

    def check(self, text: str) -> None:
        """Raises Unavailable where most would be empty boxes."""
        written = [character for character in text if not character.isspace()]
        lacking = [character for character in written if self._font_of(character) is None]
        if len(lacking) > UNWRITABLE * len(written):
            raise Unavailable(
                f"no font on this computer can write {''.join(dict.fromkeys(lacking))[:8]}: install one "
                "(on Debian and Ubuntu: apt install fonts-noto-cjk), then draw the picture again"
            )

    def _font_of(self, character: str) -> int | None:
        if character not in self._chosen:
            able = (
                n for n, font in enumerate(self._fonts)
                if character.isspace() or _shape(font, character) != self._missing[n]
            )  # fmt: skip
            self._chosen[character] = next(able, None)
        return self._chosen[character]


def _read(file: Path, size: int) -> list[Font]:
    """None of a file that is damaged, or is a link to nowhere."""
    try:
        return [_simplified(file, size)]
    except OSError:
        return []


def _simplified(file: Path, size: int) -> Font:
    """A collection's face for simplified Chinese, if it says so, else its first."""
    first = ImageFont.truetype(file, size)
    for index in range(1, 8 if file.suffix == ".ttc" else 1):
        try:
            face = ImageFont.truetype(file, size, index=index)
        except OSError:
            break
        if str(face.getname()[0]).endswith(" SC"):
            return face
    return first


def _built_in(size: int) -> list[Font]:
    font = ImageFont.load_default(size)  # letters without accents, no sign for the euro
    return [font] if isinstance(font, Font) else []


def _shape(font: Font, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)


@lru_cache(maxsize=1)
def installed() -> tuple[Path, ...]:
    """Those of WANTED that are on this computer, in that order."""
    found: dict[str, Path] = {}
    for folder in FOLDERS:
        for place, _, names in os.walk(Path(folder).expanduser()):
            found |= {name: Path(place, name) for name in names if name in WANTED and name not in found}
    return tuple(found[name] for name in WANTED if name in found)
