import io
from contextlib import suppress

import pytest
from pypdf import PdfWriter

from bot import faq
from bot.adapters.reader_pdf import Pdf
from bot.adapters.reader_pdf_text import Drawn, paragraphs
from bot.content import Found, Page, Problem, Unreadable

Text = tuple[str, float, bool]  # what is drawn, its size, whether it is bold


def pdf(*pages: list[Text], gap: float = 14) -> bytes:
    """A PDF written by hand: the lines of each page from the top, an empty one leaves a gap."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", *(_font(name) for name in ("Helvetica", "Helvetica-Bold"))]
    kids = []
    for page in pages:
        stream = _drawn(page, gap)
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects)} 0 R"
            " /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    return _written(objects)


def _font(name: str) -> str:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"


def _drawn(page: list[Text], gap: float) -> str:
    y, parts = 800.0, list[str]()
    for text, size, bold in page:
        y = 40.0 if text.startswith("@bottom ") else y - max(gap, size * 1.2)
        shown = text.removeprefix("@bottom ").replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        parts.append(f"BT /F{2 if bold else 1} {size} Tf 1 0 0 1 60 {y} Tm ({shown}) Tj ET" if text else "")
    return "\n".join(parts)


def _written(objects: list[str]) -> bytes:
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for n, one in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(f"{n} 0 obj\n{one}\nendobj\n".encode("cp1252"))
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.write("".join(f"{offset:010} 00000 n \n" for offset in offsets).encode())
    out.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def body(*lines: str) -> list[Text]:
    return [(line, 11, False) for line in lines]


def found(data: bytes) -> list[Found]:
    return list(Pdf().read("a.pdf", data))


def lines(data: bytes) -> list[tuple[str, str]]:
    """The lines that hold text, with their places."""
    (page,) = (one for one in found(data) if isinstance(one, Page))
    shown = zip(page.text.split("\n"), page.places, strict=True)
    return [(text, place.removeprefix("a.pdf:")) for text, place in shown if text]


NONE: Text = ("", 11, False)
RUNNING: Text = ("Acme manual", 9, False)
FIRST = [
    RUNNING,
    ("Return policy", 20, True),
    NONE,
    *body("You may return every article within 30 days from deli-", "very, in its box, when it is un-", "worn."),
    NONE,
    ("What does it cost?", 14, True),
    NONE,
    *body("Nothing."),
    ("@bottom 1", 9, False),
]
SECOND = [
    RUNNING,
    *body(
        "Bring it to us:", "• with the label", "• without the ice", "and all its parts", "1. Pack it.", "2. Send it."
    ),
    NONE,
    *body("This goes on over the end of the page, where it has"),
    ("@bottom Page 2 of 3", 9, False),
]
THIRD = [
    RUNNING,
    *body("Acme, until here."),
    NONE,
    ("Warranty", 20, True),
    NONE,
    *body("Two years."),
    ("@bottom Page 3 of 3", 9, False),
]
MANUAL = pdf(FIRST, SECOND, THIRD)


def test_pages_are_paragraphs_headings_and_items_with_their_pages() -> None:
    assert lines(MANUAL) == [
        ("# Return policy", "page 1"),
        ("You may return every article within 30 days from delivery, in its box, when it is unworn.", "page 1"),
        ("## What does it cost?", "page 1"),
        ("Nothing.", "page 1"),
        ("Bring it to us:", "page 2"),
        ("- with the label", "page 2"),
        ("- without the ice and all its parts", "page 2"),
        ("1. Pack it.", "page 2"),
        ("2. Send it.", "page 2"),
        ("This goes on over the end of the page, where it has Acme, until here.", "page 2"),
        ("# Warranty", "page 3"),
        ("Two years.", "page 3"),
    ]


def test_passages_of_a_pdf_say_their_page() -> None:
    (page,) = (one for one in found(MANUAL) if isinstance(one, Page))
    assert [passage.source for passage in faq.parse_page(page).passages][-1] == "a.pdf:page 3"


def test_a_question_that_stands_alone_is_a_heading_in_any_size() -> None:
    written = pdf(
        [
            *body(
                "How long do I have?",
                "",
                "You have 30 days.",
                "",
                "Is it? Who knows.",
                "",
                "Why?",
                "",
                "Who?",
                "",
                "So.",
            )
        ]
    )
    assert [line for line, _ in lines(written)] == [
        "# How long do I have?", "You have 30 days.", "Is it? Who knows.", "Why?", "# Who?", "So.",
    ]  # fmt: skip


def test_a_numbered_heading_below_another_is_one_of_its_own() -> None:
    written = pdf(
        [("TERMS", 11, True), ("", 11, False), ("1. SCOPE", 11, True), *body("All of it is in the scope of this.")]
    )
    assert [line for line, _ in lines(written)] == ["# TERMS", "# 1. SCOPE", "All of it is in the scope of this."]


def test_words_that_are_written_with_a_hyphen_keep_it() -> None:
    written = pdf([*body("Our self-service is open, and its self-", "service point too, but never the deli-", "very.")])
    assert [line for line, _ in lines(written)] == [
        "Our self-service is open, and its self-service point too, but never the delivery."
    ]


def test_what_is_drawn_is_no_markdown() -> None:
    written = pdf([*body("# not a heading", "", "> not quoted.", "", "and text that is long enough.")])
    assert [line for line, _ in lines(written)] == [
        "not a heading", "not quoted.", "and text that is long enough.",
    ]  # fmt: skip


def test_running_titles_that_change_by_the_chapter_are_left_out() -> None:
    text = "This page says something of its own, and in the same words as any other: all of it."
    pages = [[(f"Chapter {n // 3}: Sending things back {n + 4}", 11, False), *body(text, text, f"Step {n}", text, text)]
             for n in range(7)]  # fmt: skip
    joined = "\n".join(line for line, _ in lines(pdf(*pages)))
    assert "Chapter" not in joined
    assert all(f"Step {n}" in joined for n in range(7))


def test_lines_of_a_table_of_contents_are_left_out() -> None:
    assert [
        line for line, _ in lines(pdf(body("Returns ........ 3", "Costs . . . . . . . 12", "Text of the page.")))
    ] == ["Text of the page."]


def encrypted(password: str) -> bytes:
    writer, out = PdfWriter(clone_from=io.BytesIO(MANUAL)), io.BytesIO()
    writer.encrypt(password, "owner", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def test_a_pdf_that_opens_without_a_password_is_read() -> None:
    assert lines(encrypted("")) == lines(MANUAL)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (encrypted("secret"), "protected with a password"),
        (pdf([]), "is it scanned"),
        (pdf([("@bottom 1", 9, False)], [("@bottom 2", 9, False)]), "is it scanned"),
        (b"%PDF-1.4\n", "damaged"),
        (b"%PDF-1.7\n" + b"\0" * 2000, "damaged"),
        (MANUAL[:300], "damaged|is it scanned"),
        (
            _written(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),
            "damaged|scanned",
        ),
        (pdf(body("".join(chr(n) for n in (1, 2, 3, 4, 5, 6, 7, 16, 17, 18)) * 9)), "its letters cannot be told"),
    ],
)
def test_what_cannot_be_read_is_said_plainly(data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        found(data)


def test_a_page_that_cannot_be_read_is_left_out_and_the_others_are_not() -> None:
    bad = "".join(chr(n) for n in (1, 2, 3, 4, 5, 6, 7, 16, 17, 18)) * 9
    both = found(pdf(body("Good text on this page."), body(bad)))
    assert [str(one) for one in both if isinstance(one, Problem)] == [
        "a.pdf:page 2: its letters cannot be told: the fonts in it do not say which they draw; it is left out"
    ]
    assert [one.text for one in both if isinstance(one, Page)] == ["Good text on this page."]


@pytest.mark.parametrize("start", range(15, len(MANUAL), 211))
def test_a_pdf_with_a_hole_in_it_is_read_or_refused(start: int) -> None:
    holed = MANUAL[:start] + b"\0" * 40 + MANUAL[start + 40 :]
    with suppress(Unreadable):
        assert found(holed)


def test_a_pdf_is_known_by_its_beginning_alone() -> None:
    assert Pdf().reads("a.txt", b"\n\n%PDF-1.4")
    assert not Pdf().reads("a.pdf", b"hello")


def test_chinese_lines_are_joined_without_a_blank() -> None:
    page = [Drawn("您可以在收到商品后三十天", 11, False, 100), Drawn("内退货。", 11, False, 114)]
    assert [one.text for one in paragraphs([page])] == ["您可以在收到商品后三十天内退货。"]
