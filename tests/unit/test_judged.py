from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import judged
from bot.errors import Refused
from bot.judged import Entry, Query, Row, Said

QRELS = "query-id\tcorpus-id\tscore\nq1\ta.md#x\t1\nq1\tb.md#y\t2\nq2\ta.md#x\t0\n"


def test_qrels_are_read_as_grades_by_query() -> None:
    assert judged.qrels(QRELS) == {"q1": {"a.md#x": 1, "b.md#y": 2}}


@pytest.mark.parametrize("text", [QRELS, "\ufeff" + QRELS, QRELS.replace("\n", "\r\n"), QRELS + "\n  \n", QRELS[:-1]])
def test_marks_and_line_ends_do_not_change_qrels(text: str) -> None:
    assert judged.qrels(text) == judged.qrels(QRELS)


def test_a_quotation_mark_in_an_id_does_not_swallow_lines() -> None:
    assert judged.qrels('"q1\ta\t1\nq2\tb"\t1\n') == {'"q1': {"a": 1}, "q2": {'b"': 1}}


def test_chinese_ids_and_decimal_grades_are_fine() -> None:
    assert judged.qrels("问1\tfaqs/zh/退换货.md#怎么退货\t1.0\n") == {"问1": {"faqs/zh/退换货.md#怎么退货": 1}}


@pytest.mark.parametrize(
    "line", ["q1 a 1", "q1\ta", "q1\ta\tyes", "q1\t0\ta\t1", "q1\ta\tnan", "q1\ta\tinf", "q1\ta\t"]
)
def test_a_bad_line_of_qrels_is_named_by_its_number(line: str) -> None:
    with pytest.raises(Refused, match=r"^qrels\.tsv:2: expected query-id, corpus-id and score"):
        judged.qrels(f"query-id\tcorpus-id\tscore\n{line}\n")


def test_queries_know_what_is_relevant() -> None:
    text = '{"_id": "q1", "text": "how?", "language": "en", "kind": "typo"}\n\n{"_id": 2, "text": "why?"}'
    assert judged.queries(text, judged.qrels(QRELS)) == [
        Query("q1", "how?", (), {"a.md#x": 1, "b.md#y": 2}, "en", "typo"),
        Query("2", "why?"),
    ]


@pytest.mark.parametrize("role", ["customer", "user", "User", "human"])
def test_a_history_keeps_who_said_what(role: str) -> None:
    turns = [{"role": role, "text": "Tents?"}, {"role": "bot", "text": "Yes."}]
    assert judged.history(turns, "x:1") == (Said(True, "Tents?"), Said(False, "Yes."))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "this line is not JSON"),
        ("[1]", "each line is one JSON object"),
        ("null", "each line is one JSON object"),
        ("[" * 100_000, "this line is not JSON"),
        ('{"text": "a"}', "_id is missing"),
        ('{"_id": true, "text": "a"}', "_id is missing"),
        ('{"_id": "a"}', "text is missing"),
        ('{"_id": "a", "text": 1.5}', "text is missing"),
        ('{"_id": "a", "text": "b", "language": ["en"]}', "language is missing"),
        ('{"_id": "a", "text": "b", "history": "c"}', "history is a list"),
        ('{"_id": "a", "text": "b", "history": ["c"]}', "history is a list"),
        ('{"_id": "a", "text": "b", "history": [{"text": "c"}]}', "role is missing"),
    ],
)
def test_a_bad_query_is_named_by_its_line(line: str, sentence: str) -> None:
    with pytest.raises(Refused, match=rf"^queries\.jsonl:3: {sentence}"):
        judged.queries('{"_id": "ok", "text": "ok"}\n\n' + line, {})


def test_entries_may_lack_a_title_or_a_text() -> None:
    assert judged.entries('\ufeff{"_id": "a", "title": "T"}\r\n{"_id": "b", "text": "x\\u2028y"}\r\n') == [
        Entry("a", "T", ""),
        Entry("b", "", "x\u2028y"),
    ]


def test_a_line_separator_inside_a_text_does_not_end_the_line() -> None:
    assert judged.entries('{"_id": "a", "text": "x\u2028y\x85z"}') == [Entry("a", "", "x\u2028y\x85z")]


def test_rows_take_passages_with_and_without_titles() -> None:
    text = '{"question": "q", "passages": ["p", {"title": "t", "text": "u"}], "answer": null}'
    assert judged.rows(text, "r") == [Row("q", (("", "p"), ("t", "u")), "")]


@pytest.mark.parametrize("passages", ["null", '"p"', "[1]", '[{"title": "t"}]'])
def test_a_row_without_texts_to_answer_from_is_refused(passages: str) -> None:
    with pytest.raises(Refused, match=r"^r:1: "):
        judged.rows(f'{{"question": "q", "passages": {passages}}}', "r")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (judged.entries, judged.qrels):
        with suppress(Refused):
            read(text)
