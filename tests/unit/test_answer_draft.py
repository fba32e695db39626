"""What people type, as a Markdown file will give it back."""

from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import faq
from bot.answer_draft import LONGEST_QUESTION, as_phrasings, as_question, tidy_answer, tidy_line
from bot.errors import Refused


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("  How\tlong\u3000does it  take? ", "How long does it take?"),
        ("Do you ship **fast**?", "Do you ship fast?"),
        ("What is [this](https://x)? {#a}", "What is this?"),
        ("Why?<!-- note -->", "Why?"),
        ("Why <!-- open", "Why open"),
        ("Do you know C# or F #", "Do you know C# or F"),
        ("snake_case and 2 * 3", "snake_case and 2 * 3"),
        ("\u202eevil\u202c \ud83d\u200b?\x00", "evil ?"),
        ("👨‍👩‍👧 sizes?", "👨‍👩‍👧 sizes?"),
        ("**", ""),
    ],
)
def test_a_line_is_plain_text(typed: str, line: str) -> None:
    assert tidy_line(typed) == line


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        ("# Title\n\nText.", "**Title**\n\nText."),
        ("Title\n=====\nText.", "**Title**\nText."),
        ("First.\n\n---\n\nSecond.", "First.\n\n---\n\nSecond."),
        ("Q: Why?\nA: So.", "**Why?**\nA: So."),
        ("A: So.", "So."),
        ("> Quoted\n> more\n\nThen.", "Quoted\nmore\n\nThen."),
        ("First.\n> Quoted", "First.\n> Quoted"),
        ("a\r\nb\rc\u2028d\x0be", "a\nb\nc\nd\ne"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("- one\n- two", "- one\n- two"),
        ("So.\n```\n# code", "So.\n```\n# code\n```"),
        ("Also asked: this", "Also asked: this"),
        ("<!-- only -->", ""),
    ],
)
def test_an_answer_begins_no_section_and_hides_nothing(typed: str, body: str) -> None:
    assert tidy_answer(typed) == body


@given(st.text(max_size=80))
def test_what_is_tidy_stays_as_it_is(text: str) -> None:
    line, body = tidy_line(text), tidy_answer(text)
    assert (tidy_line(line), tidy_answer(body)) == (line, body)
    assert "\n" not in line
    (line + body).encode()


@given(st.text(min_size=1, max_size=80))
def test_an_answer_is_one_section_of_its_file(text: str) -> None:
    body = tidy_answer(text)
    if body:
        (passage,) = faq.parse(f"---\nkind: faq\n---\n## How?\n\n{body}\n", "a.md").passages
        assert (passage.title, passage.text, passage.phrasings) == ("How?", body, ())


def test_of_a_long_message_what_it_asks_is_kept_and_else_its_beginning() -> None:
    assert as_question("I bought a tent. " * 30 + "Does it leak? Bye.") == "Does it leak?"
    assert as_question("帐篷" * 200) == "帐篷" * (LONGEST_QUESTION // 2)
    cut = as_question("no question here " * 40)
    assert len(cut) <= LONGEST_QUESTION
    assert cut.endswith(("no", "question", "here"))


def test_phrasings_are_bounded_and_each_stands_once() -> None:
    assert as_phrasings(["a b", " a  b ", "", "c"]) == ("a b", "c")
    assert len(as_phrasings([f"way {n}" for n in range(99)])) == 20


@pytest.mark.parametrize("unit", ["<!--", "**", "#", "> ", "Q: ", "A: ", "```\n", "-\n", "[a](", "{#", "Q: ?\n---\n"])
def test_long_text_is_tidied_at_once_or_refused(unit: str) -> None:
    started = process_time()
    with suppress(Refused):
        tidy_answer(unit * (16_000 // len(unit)))
    assert process_time() - started < 2
