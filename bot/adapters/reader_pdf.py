"""PDF → a page of text, each paragraph with the page it begins on."""

import io
import logging
import unicodedata
from collections.abc import Iterator
from typing import Any

from bot.adapters.reader_pdf_text import Drawn, paragraphs
from bot.content import Found, Page, Problem, Unreadable

MAX_PAGES = 3_000
_NO_LETTERS = "its letters cannot be told: the fonts in it do not say which they draw"
_ENCRYPTED = "it is protected with a password: save it without one"


class Pdf:
    name = "PDF"

    def reads(self, path: str, data: bytes) -> bool:
        return b"%PDF-" in data[:1024]

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it remarks on every oddity of a file
        pages = _pages(data)
        drawn: list[list[Drawn]] = []
        problems: list[Problem] = []
        for n in range(1, len(pages) + 1):
            try:
                lines = _drawn(pages[n - 1])
                sentence = _NO_LETTERS if _is_garbled(lines) else ""
            except Exception:  # whatever a damaged page makes of the parser, the others may be whole
                lines, sentence = [], "this page is damaged"
            problems += [Problem(f"{path}:page {n}", f"{sentence}; it is left out")] * bool(sentence)
            drawn.append([] if sentence else lines)
        yield from _found(path, drawn, problems)


def _found(path: str, drawn: list[list[Drawn]], problems: list[Problem]) -> Iterator[Found]:
    written = paragraphs(drawn)
    if not written:
        if len(problems) == len(drawn) and problems:
            garbled = _NO_LETTERS in problems[0].sentence
            raise Unreadable(_NO_LETTERS if garbled else "this PDF is damaged")
        raise Unreadable("there is no text in it: is it scanned? Pictures of text are not read")
    yield from problems
    lines = [line for one in written for line in (("", one.page), (one.text, one.page))][1:]
    text = "\n".join(text for text, _ in lines)
    yield Page(path, text, {}, tuple(f"{path}:page {page}" for _, page in lines))


def _pages(data: bytes) -> Any:
    """Raises Unreadable."""
    from pypdf import PdfReader  # 0.25 s, which other files need not wait for
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(_ENCRYPTED)
        n_pages = len(reader.pages)
    except Unreadable:
        raise
    except DependencyError:
        raise Unreadable(_ENCRYPTED) from None
    except Exception:  # pypdf raises whatever a damaged file leads it to
        raise Unreadable("this PDF is damaged, or cut off at the end") from None
    if not n_pages:
        raise Unreadable("there are no pages in this PDF")
    if n_pages > MAX_PAGES:
        raise Unreadable(f"there are {n_pages:,} pages in it, and at most {MAX_PAGES:,} are read")
    return reader.pages


def _drawn(page: Any) -> list[Drawn]:
    """The lines of a page as they are drawn: with size, weight and place."""
    lines: list[Drawn] = []
    parts: list[tuple[str, float, bool, float]] = []
    top = float(page.mediabox.top)

    def close() -> None:
        lines.append(_line(parts))
        parts.clear()

    def visit(text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:
        down = top - (tm[4] * cm[1] + tm[5] * cm[3] + cm[5])
        drawn = size * (abs(tm[3]) or abs(tm[1])) * (abs(cm[3]) or abs(cm[1]))
        for n, part in enumerate(text.split("\n")):
            if n:
                close()
            if part:
                parts.append((part, drawn, _is_bold(font), down))

    page.extract_text(visitor_text=visit)
    close()
    return lines


def _line(parts: list[tuple[str, float, bool, float]]) -> Drawn:
    text = _composed("".join(part for part, *_ in parts))
    shown = [(len(part.strip()), size, bold, down) for part, size, bold, down in parts if part.strip()]
    if not shown:
        return Drawn("", 0.0, False, 0.0)
    _, size, _, _ = max(shown)
    return Drawn(text, round(2 * size) / 2, all(bold for _, _, bold, _ in shown), shown[0][3])


def _composed(text: str) -> str:
    """No ligatures (ﬁ), no soft hyphens, one blank for any run of them."""
    parted = (unicodedata.normalize("NFKC", c) if "\ufb00" <= c <= "\ufb06" else c for c in text if c != "\u00ad")
    return " ".join("".join(parted).replace("\uf0b7", "•").replace("\uf0a7", "•").split())


def _is_bold(font: Any) -> bool:
    name = str(font.get("/BaseFont", "")).lower() if font else ""
    return any(word in name for word in ("bold", "black", "heavy", "semibold", "-demi"))


def _is_garbled(lines: list[Drawn]) -> bool:
    """Fonts without a table of letters come out as control characters and private ones."""
    text = "".join(line.text for line in lines)
    odd = sum(unicodedata.category(character) in ("Cc", "Co", "Cn") or character == "\ufffd" for character in text)
    return 20 * odd > len(text)
