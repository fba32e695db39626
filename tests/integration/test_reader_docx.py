import io
import zipfile
from typing import Any

import docx
import pytest
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn

from bot import faq, faq_table
from bot.adapters.reader_docx import Docx
from bot.content import Found, Page, Table, Unreadable


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def found(data: bytes) -> list[Found]:
    return list(Docx().read("a.docx", data))


def lines(document: Any) -> list[str]:
    (page,) = (one for one in found(saved(document)) if isinstance(one, Page))
    return [line for line in page.text.split("\n") if line]


def manual() -> Any:
    document = docx.Document()
    document.add_heading("Returns", 0)
    document.add_paragraph("All goods may be returned.")
    document.add_heading("How long do I have?", 2)
    document.add_paragraph("30 days, when they are")
    document.add_paragraph("unworn", style="List Bullet")
    document.add_paragraph("with the label", style="List Bullet")
    table = document.add_table(2, 2)
    for n, text in enumerate(("To", "Price", "EU", "€5|each")):
        table.cell(n // 2, n % 2).text = text
    document.add_paragraph("That is all.")
    return document


def test_headings_lists_and_tables_come_in_their_order() -> None:
    assert lines(manual()) == [
        "# Returns", "All goods may be returned.", "## How long do I have?", "30 days, when they are", "- unworn",
        "- with the label", "| To | Price |", "|---|---|", "| EU | €5/each |", "That is all.",
    ]  # fmt: skip


def test_every_line_says_its_paragraph_or_row() -> None:
    (page,) = (one for one in found(saved(manual())) if isinstance(one, Page))
    by_line = dict(zip(page.text.split("\n"), page.places, strict=True))
    paragraphs = manual().paragraphs
    for line, place in by_line.items():
        if place.startswith("a.docx:paragraph ") and line:
            assert paragraphs[int(place.split(" ")[1]) - 1].text == line.lstrip("#- ")
    assert by_line["| EU | €5/each |"] == "a.docx:table 1, row 2"
    assert [passage.source for passage in faq.parse_page(page).passages] == ["a.docx:paragraph 1", "a.docx:paragraph 3"]


def test_a_table_of_questions_and_answers_is_a_table() -> None:
    document = docx.Document()
    table = document.add_table(3, 2)
    for n, text in enumerate(("Question", "Answer", "How?", "So.", "Why?", "")):
        table.cell(n // 2, n % 2).text = text
    (made,) = found(saved(document))
    assert isinstance(made, Table)
    parsed = faq_table.parse_table(made)
    assert [(one.title, one.text, one.source) for one in parsed.passages] == [("How?", "So.", "a.docx:table 1, row 2")]
    assert [str(one) for one in parsed.problems] == ["a.docx:table 1, row 3: the answer is missing"]


def test_numbered_lists_count_and_are_indented() -> None:
    document = docx.Document()
    for text, style in (("one", "List Number"), ("two", "List Number"), ("in", "List Bullet 2")):
        document.add_paragraph(text, style=style)
    assert [line.strip() for line in lines(document)] == ["- one", "- two", "- in"]
    numbered = docx.Document()
    for text, level in (("first", 0), ("deeper", 1), ("second", 0)):
        paragraph = numbered.add_paragraph(text)
        numbering = parse_xml(
            f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{_decimal(numbered)}"/></w:numPr>'
        )
        paragraph._p.get_or_add_pPr().append(numbering)
    assert lines(numbered)[0] == "1. first"
    assert lines(numbered)[-1] == "2. second"


def _decimal(document: Any) -> str:
    """A list of the template that counts."""
    part = document.part.numbering_part.element
    counting = {
        one.get(qn("w:abstractNumId")) for one in part.iter(qn("w:abstractNum"))
        if one.find(qn("w:lvl")).find(qn("w:numFmt")).get(qn("w:val")) == "decimal"
    }  # fmt: skip
    return next(str(num.get(qn("w:numId"))) for num in part.iter(qn("w:num"))
                if num.find(qn("w:abstractNumId")).get(qn("w:val")) in counting)  # fmt: skip


def test_changes_are_read_as_accepted_and_what_is_hidden_is_not() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("You have ")
    for xml in (
        '<w:del {0} w:id="1" w:author="a"><w:r><w:delText>14</w:delText></w:r></w:del>',
        '<w:ins {0} w:id="2" w:author="a"><w:r><w:t>30</w:t></w:r></w:ins>',
        '<w:r {0}><w:rPr><w:vanish/></w:rPr><w:t> secret</w:t></w:r>',
        '<w:r {0}><w:t xml:space="preserve"> days</w:t><w:tab/><w:t>now</w:t><w:br/><w:t>or never</w:t></w:r>',
    ):  # fmt: skip
        paragraph._p.append(parse_xml(xml.format(nsdecls("w"))))
    assert lines(document) == ["You have 30 days now", "or never"]


def test_content_controls_and_links_are_read() -> None:
    document = docx.Document()
    link = OxmlElement("w:hyperlink")
    link.set(
        qn("r:id"),
        document.part.relate_to(
            "https://x.y/z",
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink",
            is_external=True,
        ),
    )
    link.append(parse_xml(f"<w:r {nsdecls('w')}><w:t>our page</w:t></w:r>"))
    document.add_paragraph("See ")._p.append(link)
    control = (
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>In a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    document.element.body.insert(1, parse_xml(control))
    assert lines(document) == ["See [our page](https://x.y/z)", "In a control"]


def test_what_is_written_is_no_markdown_and_no_front_matter() -> None:
    document = docx.Document()
    for text in ("---", "enabled: no", "---", "# 1 reason", "```", "> said"):
        document.add_paragraph(text)
    assert lines(document) == ["enabled: no", "1 reason", "said"]


def test_bold_questions_are_headings_and_bold_sentences_are_not() -> None:
    document = docx.Document()
    for text in ("Who pays?", "RETURNS AND REFUNDS", "This matters."):
        document.add_paragraph().add_run(text).bold = True
    assert lines(document) == ["## Who pays?", "# RETURNS AND REFUNDS", "This matters."]


def changed(data: bytes, name: str, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in old.namelist():
            archive.writestr(entry, new if entry == name else old.read(entry))
    return out.getvalue()


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (saved(docx.Document()), "no text in this document"),
        (saved(manual())[:-400], "damaged|cut off"),
        (changed(saved(manual()), "word/document.xml", LAUGHS), "declares entities"),
        (changed(saved(manual()), "word/document.xml", b"<no"), "damaged"),
        (changed(saved(manual()), "[Content_Types].xml", b"<x/>"), "damaged"),
        (changed(saved(manual()), "word/document.xml", b"\0" * 3_000_000), "100 times its size"),
    ],
)
def test_what_cannot_be_read_is_said_plainly(data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        found(data)
