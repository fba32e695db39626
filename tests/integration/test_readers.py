import io
import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest

from bot import faq, faq_table
from bot.adapters import readers
from bot.content import CsvFormat, Found, Member, Page, Problem, Table, Unreadable

HTML = b"<!doctype html><html><body><main><h2>How?</h2><p>So.</p></main></body></html>"
JSON = b'[{"question": "How?", "answer": "So."}]'
MARKDOWN = b"## How?\n\nSo.\n"
CSV = b"question;answer\nHow?;So.\n"
TEXT = b"How?\nSo.\n"


def word() -> bytes:
    document, out = docx.Document(), io.BytesIO()
    document.add_heading("How?", 2)
    document.add_paragraph("So.")
    document.save(out)
    return out.getvalue()


def excel() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["question", "answer"])
    book.active.append(["How?", "So."])
    book.save(out)
    return out.getvalue()


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in files.items():
            packed.writestr(name.replace("_", "."), data)
    return out.getvalue()


def found(path: str, data: bytes) -> list[Found]:
    return list(readers.found(path, data))


def asked(path: str, data: bytes) -> list[tuple[str, str]]:
    parsed = [
        faq_table.parse_table(one) if isinstance(one, Table) else faq.parse_page(one)
        for one in found(path, data) if isinstance(one, Page | Table)
    ]  # fmt: skip
    return [(passage.title, passage.text) for one in parsed for passage in one.passages]


NAMES = ["a.md", "a.txt", "a.html", "a.json", "a.pdf", "a.docx", "a", "a.xlsx", "a.zip"]
# What calls itself JSON and is none is damaged JSON, rather than a table or a text.
PAIRS = [
    (name, data) for name in NAMES for data in (HTML, JSON, CSV, word(), excel()) if (name, data) != ("a.json", CSV)
]


@pytest.mark.parametrize(("name", "data"), PAIRS)
def test_what_a_file_holds_decides_and_not_what_it_is_called(name: str, data: bytes) -> None:
    assert asked(name, data) == [("How?", "So.")]


@pytest.mark.parametrize("data", [CSV, TEXT])
def test_what_calls_itself_json_and_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"neither one JSON value|not valid JSON"):
        found("a.json", data)


@pytest.mark.parametrize(("name", "data"), [("a.txt", MARKDOWN), ("a.html", MARKDOWN), ("a.md", MARKDOWN), ("a", TEXT)])
def test_text_is_markdown_where_it_is_marked_so(name: str, data: bytes) -> None:
    assert asked(name, data) == [("How?", "So.")]


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.md", b"", "the file is empty"),
        ("a.md", b" \n\t\r\n", "the file is empty"),
        ("a.md", b"\xef\xbb\xbf\n", "the file is empty"),
        ("a.md", b"\xff\xfe\n\0", "the file is empty"),
        ("a.pdf", b"\0" * 500, "the file is empty"),
        ("a.md", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "a picture"),
        ("a.pdf", b"\xff\xd8\xff\xe0" + b"\0" * 99, "a picture"),
        ("a.docx", b"RIFF\0\0\0\0WEBPVP8", "a picture"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an old Word document"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an old Excel workbook"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "protected with a pass",
        ),
        ("a.zip", b"\x1f\x8b\x08\0\0\0\0\0", "an archive of another kind"),
        ("a.tar", b"a.md".ljust(257, b"\0") + b"ustar\0" + b"\0" * 300, "an archive of another kind"),
        ("a.rtf", b"{\\rtf1 hello}", "rich text"),
        ("a.odt", archive(mimetype=b"x", content_xml=b"<x/>"), "an OpenDocument file"),
        ("a.mht", b"From: <Saved by Blink>\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\n", "a web archive"),
        ("sitemap.xml", b'<?xml version="1.0"?><urlset></urlset>', "a sitemap"),
        ("feed.xml", b'<?xml version="1.0"?><rss></rss>', "XML of another kind"),
        ("a.js", b"alert(1)\n", "a format that is not read; what can be read: Markdown, HTML"),
        ("a.bin", bytes(range(256)) * 4, "a format that is not read"),
        ("a.txt", b"ab\0cd\1ef" * 99, "a format that is not read"),
    ],
)
def test_what_is_not_read_is_named_with_what_can_be_done(name: str, data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        found(name, data)


def test_an_archive_gives_its_files_to_be_read_like_any_other() -> None:
    inner = archive(b_md=MARKDOWN)
    first, second, nested = found("kb.zip", archive(a_csv=CSV, a_docx=word(), x=inner))
    assert isinstance(first, Member)
    assert isinstance(second, Member)
    assert asked(first.path, first.data) == asked(second.path, second.data) == [("How?", "So.")]
    assert str(nested) == "kb.zip/x: is an archive within an archive, which is not read; it is left out"


def test_the_shops_delimiter_reaches_its_tables() -> None:
    (table,) = readers.found("a.csv", b"How, when?|So.", CsvFormat("|", has_header=False))
    assert isinstance(table, Table)
    assert table.rows[0].cells == ("How, when?", "So.")


def test_nothing_that_no_database_stores_comes_through() -> None:
    (page,) = found("a.json", json.dumps([{"id": 1, "title": "a\ud800", "body": "b\udfff\0c"}]).encode())
    assert isinstance(page, Page)
    assert (page.fields["title"], page.text) == ("a?", "b?c")
    (table,) = found("b.json", b'[{"question": "a\\ud800?", "answer": "b\\u0000c"}]')
    assert isinstance(table, Table)
    assert table.rows[0].cells == ("a??", "bc")


def test_answers_in_tables_may_be_html() -> None:
    assert asked("a.csv", b'question,answer\nHow?,"<p>So.</p><ul><li>one</li></ul>"\n<b>Why?</b>,5 < 6\n') == [
        ("How?", "So.\n\n- one"), ("**Why?**", "5 < 6"),
    ]  # fmt: skip


SEEDS = {
    "a.html": HTML,
    "a.json": JSON,
    "a.md": MARKDOWN,
    "a.csv": CSV,
    "a.docx": word(),
    "a.xlsx": excel(),
    "a.zip": archive(a_md=b"x"),
}


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize("n", range(12))
def test_a_file_with_bytes_changed_is_read_or_refused(name: str, n: int) -> None:
    data = bytearray(SEEDS[name])
    for at in range(n, len(data), 12 * 7):
        data[at] ^= 0xFF >> (n % 8)
    try:
        for one in readers.found(name, bytes(data)):
            assert isinstance(one, Page | Table | Member | Problem)
    except Unreadable as error:
        assert error.args[0].strip()  # noqa: PT017 – either is right, silence is not


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html", "a.csv", "a.json"])
@pytest.mark.parametrize(
    "unit", [b"a", b"<", b"[", b"{", b'"', b"\n", b"| a ", b"Q: ", b"?\n\n", b"- ", b"(", b"&", b"\\", b"A\n==\n"]
)
def test_a_lot_of_one_thing_is_done_with_in_seconds(name: str, unit: bytes) -> None:
    started = time.process_time()
    try:
        for _ in readers.found(name, b"x\n" + unit * (200_000 // len(unit))):
            pass
    except Unreadable:
        pass
    assert time.process_time() - started < 6


def test_heavy_libraries_are_loaded_only_for_their_own_files() -> None:
    program = (
        "import sys; from bot.adapters import readers; list(readers.found('a.md', b'# A')); "
        "print(*({'pypdf', 'docx', 'openpyxl', 'charset_normalizer'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
