import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import faq_table
from bot.adapters.reader_csv import Csv
from bot.content import CsvFormat, Problem, Table, Unreadable


def read(text: str | bytes, csv_format: CsvFormat = CsvFormat(), path: str = "f.csv") -> tuple[Table, list[Problem]]:  # noqa: B008
    table, *problems = Csv(csv_format).read(path, text if isinstance(text, bytes) else text.encode())
    assert isinstance(table, Table)
    return table, [one for one in problems if isinstance(one, Problem)]


def pairs(table: Table) -> list[tuple[str, str]]:
    return [(passage.title, passage.text) for passage in faq_table.parse_table(table).passages]


@pytest.mark.parametrize(
    "text",
    [
        "question,answer\nHow?,So.",
        "\ufeffquestion,answer\r\nHow?,So.\r\n",
        "Question , ANSWER\nHow?,So.\n",
        "answer,question\nSo.,How?\n",
        "question,answer,notes\nHow?,So.,internal\n",
        "question,answer\nHow?,So.,,,\n",
        "question,answer,,\nHow?,So.,,\n",
        "\n\nquestion,answer\n\nHow?,So.\n\n",
        ",,\nquestion,answer\nHow?,So.",
        '"question","answer"\n"How?","So."',
        "问题,答案\nHow?,So.",
        "question;answer\nHow?;So.",
        "question\tanswer\nHow?\tSo.",
        "id;question;answer\n7;How?;So.",
    ],
)
def test_tables_are_read_however_a_spreadsheet_wrote_them(text: str) -> None:
    table, problems = read(text)
    assert pairs(table) == [("How?", "So.")]
    assert problems == []


def test_every_row_knows_its_line_even_below_cells_of_several_lines() -> None:
    table, _ = read('\nquestion,answer\n"A?\nB?","x\n\ny"\nC?,z\n\nD?,w\n')
    assert [row.place for row in table.rows if any(row.cells)] == ["f.csv:3", "f.csv:7", "f.csv:9"]
    assert table.rows[0].cells == ("A?\nB?", "x\n\ny")


def test_lines_that_end_in_a_carriage_return_alone_are_lines() -> None:
    table, _ = read("question,answer\rHow?,So.\rWhy?,Thus.\r")
    assert pairs(table) == [("How?", "So."), ("Why?", "Thus.")]


def test_a_delimiter_that_is_given_is_used_and_none_else() -> None:
    table, _ = read("question;answer\nHow, when?;So; there", CsvFormat(";"))
    assert table.rows[0].cells == ("How, when?", "So", " there")
    table, _ = read("question|answer\nHow?|So.", CsvFormat("|"))
    assert pairs(table) == [("How?", "So.")]


@pytest.mark.parametrize("text", ["How?,So.\nWhy?,Thus.", "How?;So, there.\nWhy?;Thus.", "How?\tSo.\nWhy?\tThus."])
def test_a_table_without_a_header_has_the_question_first(text: str) -> None:
    table, _ = read(text, CsvFormat(has_header=False))
    assert table.header == ("question", "answer")
    assert [passage.title for passage in faq_table.parse_table(table).passages] == ["How?", "Why?"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('question,answer\nHow?,So.\nWhy?,"open', "f.csv:3: this row is not valid CSV"),
        ('question,answer\nHow?,"So"x.', "f.csv:2: this row is not valid CSV"),
        ("question,answer\nHow?," + "x" * 140_000, "f.csv:2: this row is not valid CSV"),
    ],
)
def test_a_row_that_is_no_csv_is_a_problem_and_those_above_it_are_kept(text: str, sentence: str) -> None:
    table, (problem,) = read(text)
    assert sentence in str(problem)
    assert all(row.cells == ("How?", "So.") for row in table.rows)


@pytest.mark.parametrize("text", ["", "\ufeff \n", "\n\n,,\n"])
def test_a_table_without_a_row_is_an_empty_file(text: str) -> None:
    with pytest.raises(Unreadable, match="the file is empty") as error:
        read(text)
    assert error.value.place == "f.csv:1"


@pytest.mark.parametrize(("encoding", "delimiter"), [("gb18030", ","), ("utf-16", "\t"), ("utf-8-sig", ";")])
def test_what_excel_saves_in_china_is_read(encoding: str, delimiter: str) -> None:
    text = delimiter.join(("问题", "答案")) + "\r\n" + delimiter.join(("怎么退货？", "请联系客服。")) + "\r\n"
    table, _ = read(text.encode(encoding))
    assert pairs(table) == [("怎么退货？", "请联系客服。")]


def test_a_table_is_known_by_its_header_whatever_its_file_is_called() -> None:
    assert Csv().reads("faq.txt", b"question;answer\nHow?;So.")
    assert Csv().reads("faq.txt", "问题,答案\n".encode())
    assert not Csv().reads("faq.txt", b"What is a question, and what an answer?\n")


CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.sampled_from(",;\t"))
def test_what_a_spreadsheet_writes_comes_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows([("question", "answer"), *rows])
    table, problems = read(written.getvalue())
    assert problems == []
    assert [row.cells for row in table.rows if row.cells] == list(rows)


@given(st.text(alphabet=st.sampled_from('question,answer;"\n\r\t 问题答案a\x00\ufeff'), max_size=60))
def test_any_table_at_all_is_read_or_refused(text: str) -> None:
    try:
        table, problems = read(text)
    except Unreadable:
        return
    assert all(row.place.startswith("f.csv:") for row in table.rows)
    assert all(problem.source.startswith("f.csv:") for problem in problems)
