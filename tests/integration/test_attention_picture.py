"""The picture holds what was looked at, as dark as it was looked at, in whatever script."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.adapters.attention_picture import DEEP, MARGIN, WIDTH, draw
from bot.adapters.picture_fonts import Fonts, installed
from bot.attention import Attended, Read, Source, Word, Written
from bot.errors import Unavailable


def found(*weights: float, text: str = "within thirty days") -> Attended:
    words = tuple(Word(word, " ") for word in text.split())
    written = tuple(Written(word, (Source(0, n, 0.4),)) for n, word in enumerate(words))
    return Attended("How long?", written, (Read(words, weights or (0.1, 0.2, 0.9)),), {"passages": 1.0})


def image(of: Attended, about: str = "Drafted by a test.") -> Image.Image:
    return Image.open(BytesIO(draw(of, about))).convert("RGB")


def n_pixels(of: Image.Image, colour: tuple[int, int, int]) -> int:
    return sum(count for count, held in of.getcolors(1 << 24) or () if held == colour)


def test_it_is_a_png_as_wide_as_ever_and_as_high_as_it_must_be() -> None:
    short, long = image(found()), image(found(*[0.1] * 60, text="word " * 60))
    assert short.width == long.width == WIDTH
    assert long.height > short.height + 40 * 30


def test_the_word_looked_at_most_is_the_darkest() -> None:
    legend = n_pixels(image(found(0.0, 0.0, 0.0)), DEEP)  # and the draft's own line
    assert n_pixels(image(found(0.0, 0.0, 0.9)), DEEP) > legend + 1_000


def test_nothing_is_drawn_beyond_the_edges() -> None:
    drawn = image(found(0.9, text="a" * 400), about="x" * 400)
    edge = drawn.crop((WIDTH - MARGIN // 2, 0, WIDTH, drawn.height))
    assert edge.getcolors() == [(edge.width * edge.height, (255, 255, 255))]


def test_without_any_attention_it_is_a_picture_still() -> None:
    nothing = Attended("", (Written(Word("Yes."), ()),), (Read((Word("No."),), (0.0,)),))
    assert image(nothing).width == WIDTH


@pytest.mark.skipif(not any("CJK" in file.name for file in installed()), reason="no font for Chinese on this computer")
def test_chinese_is_written_with_a_font_that_has_it() -> None:
    fonts = Fonts(20, installed())
    names = {font.getname()[0] for font, _ in fonts.runs("退货 30 days")}
    assert len(names) == 2
    assert image(found(0.1, 0.9, text="退货 三十天")).width == WIDTH


def test_where_no_font_can_write_the_words_it_says_what_to_install() -> None:
    with pytest.raises(Unavailable, match="fonts-noto-cjk"):
        draw(found(0.1, 0.9, text="退货 三十天"), "", files=())


def test_a_single_character_without_a_font_is_a_box_and_no_reason_to_refuse() -> None:
    assert draw(found(0.1, 0.2, 0.9, text="within thirty days\U0010fffe"), "", files=())


def test_a_font_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    damaged, dangling = tmp_path / "Arial.ttf", tmp_path / "DejaVuSans.ttf"
    damaged.write_bytes(b"no font")
    dangling.symlink_to(tmp_path / "nowhere")
    assert draw(found(), "", files=(damaged, dangling))


def test_a_font_is_found_anywhere_below_the_usual_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "DejaVuSans.ttf").touch()
    (tmp_path / "Unheard.ttf").touch()
    installed.cache_clear()
    monkeypatch.setattr("bot.adapters.picture_fonts.FOLDERS", (str(tmp_path), str(tmp_path / "nowhere")))
    try:
        assert installed() == (tmp_path / "deep" / "DejaVuSans.ttf",)
    finally:
        installed.cache_clear()
