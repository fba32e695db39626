"""FAQ tables: columns in two languages, phrasings in a cell, and what is wrong with a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import Row, Table
from bot.faq import Parsed
from bot.faq_table import is_header, parse_table


def table(header: str, *rows: list[str]) -> Table:
    return Table(
        "f.csv", tuple(header.split(",")), tuple(Row(tuple(row), f"f.csv:{n}") for n, row in enumerate(rows, 2))
    )


def titles(parsed: Parsed) -> list[str]:
    return [passage.title for passage in parsed.passages]


def sentences(parsed: Parsed) -> list[str]:
    return [str(problem) for problem in parsed.problems]


def test_a_row_is_a_question_with_its_other_phrasings() -> None:
    row = [
        "How long?\nWhat is the window?\nHow long?",
        'You have "30" days,\nfrom delivery.',
        "Returns",
        "a, b",
        "https://x",
    ]
    parsed = parse_table(table("question,answer,category,tags,url", row))
    (passage,) = parsed.passages
    assert (passage.title, passage.text) == ("How long?", 'You have "30" days,\nfrom delivery.')
    assert passage.phrasings == ("What is the window?", "How long?")
    assert (passage.anchor, passage.source, passage.url) == ("f.csv#how-long", "f.csv:2", "https://x")
    assert (parsed.documents[0].category, parsed.documents[0].tags) == ("Returns", ("a", "b"))
    assert parsed.problems == ()


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Question , ANSWER", ["How?", "So."]),
        ("answer,question", ["So.", "How?"]),
        ("question,answer,notes", ["How?", "So.", "internal"]),
        ("question,answer", ["How?", "So.", "", "", ""]),
        ("question,answer,,", ["How?", "So.", "", ""]),
        ("\ufeffquestion,answer", ["How?", " So. "]),
        ("问题,答案", ["How?", "So."]),
        ("标准问题,回答,分类,标签,语言,启用,链接", ["How?", "So.", "", "", "", "是", ""]),
    ],
)
def test_tables_are_read_however_their_columns_are_called(header: str, row: list[str]) -> None:
    parsed = parse_table(table(header, row))
    assert [(p.title, p.text) for p in parsed.passages] == [("How?", "So.")]
    assert parsed.problems == ()


def test_a_column_of_similar_questions_holds_phrasings_too() -> None:
    parsed = parse_table(table("问题,相似问题,答案", ["怎么退货?", "如何退货\n退货流程", "在订单里点退货。"]))
    assert parsed.passages[0].phrasings == ("如何退货", "退货流程")


@pytest.mark.parametrize(
    ("header", "row", "sentence"),
    [
        ("question,answer", ["", "So."], "f.csv:2: the question is missing"),
        ("question,answer", ["How?", ""], "f.csv:2: the answer is missing"),
        ("question,answer", ["How?"], "f.csv:2: the answer is missing"),
        ("question,answer", ["How", "when?", "So."], "f.csv:2: 3 cells, but the header has 2: is a comma inside"),
        ("question,answer,enabled", ["How?", "So.", "perhaps"], "f.csv:2: “perhaps” for enabled is neither yes nor no"),
        ("question,answer,valid_to", ["How?", "So.", "soon"], "f.csv:2: “soon” for valid_to is no date"),
        ("question,reply text", ["How?", "So."], "f.csv:1: a header with the columns question and answer"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(header: str, row: list[str], sentence: str) -> None:
    found = sentences(parse_table(table(header, row)))
    assert len(found) == 1
    assert sentence in found[0]


def test_a_row_twice_is_said_and_taken_once() -> None:
    parsed = parse_table(table("question,answer", ["How?", "So."], ["how?", "So."]))
    assert titles(parsed) == ["How?"]
    assert sentences(parsed) == ["f.csv:3: the same question and answer as in f.csv:2; this row is left out"]


def test_a_bad_row_does_not_take_the_good_ones_with_it() -> None:
    parsed = parse_table(table("question,answer", ["How?", "So."], ["", ""], ["", "So."], ["Why?", "Thus."]))
    assert titles(parsed) == ["How?", "Why?"]
    assert len(parsed.problems) == 1


@pytest.mark.parametrize("cell", ["no", "FALSE", " 0 ", "否", "停用"])
def test_a_row_that_is_switched_off_is_not_answered_from(cell: str) -> None:
    assert parse_table(table("question,answer,enabled", ["How?", "So.", cell])) == Parsed()


@pytest.mark.parametrize("cell", ["", "yes", "TRUE", "1", "是", "启用"])
def test_a_row_that_is_switched_on_or_says_nothing_is(cell: str) -> None:
    assert titles(parse_table(table("question,answer,enabled", ["How?", "So.", cell]))) == ["How?"]


def test_the_same_question_with_another_answer_is_another_document() -> None:
    parsed = parse_table(table("question,answer", ["How?", "So."], ["How?", "Thus."]))
    assert [passage.anchor for passage in parsed.passages] == ["f.csv#how", "f.csv#how-1"]


def test_a_table_without_its_columns_keeps_what_it_held() -> None:
    assert parse_table(table("a,b", ["How?", "So."])).is_unread
    assert is_header(["问题", "答案"])
    assert not is_header(["question", "notes"])


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=6))
def test_what_is_not_read_is_told(rows: list[tuple[str, str]]) -> None:
    parsed = parse_table(table("question,answer", *(list(row) for row in rows)))
    filled = [(q, a) for q, a in rows if q.strip() and a.strip()]
    assert len(parsed.passages) == len(filled) or parsed.problems or parsed.notes
