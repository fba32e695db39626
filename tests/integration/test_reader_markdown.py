import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import faq
from bot.adapters.reader_markdown import Markdown
from bot.content import Page


def read(text: str) -> Page:
    (page,) = Markdown().read("a.md", text.encode())
    assert isinstance(page, Page)
    return page


def lines(text: str) -> list[str]:
    return [line for line in read(text).text.split("\n") if line.strip()]


def test_markdown_is_taken_as_it_is_written() -> None:
    text = "---\nlanguage: en\n---\n# Returns\n\n## How?\n> other words\n\nSo [here](https://x.y) `a<b>`.\n\n- one\n"
    page = read(text)
    assert page == Page("a.md", text)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Press <kbd>Ctrl</kbd> <b>now</b>", "Press `Ctrl` **now**"),
        ('See <a href="https://x.y">this</a>.', "See [this](https://x.y)."),
        ("Enter <name> and `<b>` here", "Enter <name> and `<b>` here"),
        ("Versions &lt;= 1.3", "Versions <= 1.3"),
        ("One<br>two", "One two"),
        ("Click ![the icon](img/a.png) **Verify**", "Click  **Verify**"),
        ("![a [b] c](img/a.png)", ""),
        ("[![logo](a.png)](https://x.y)", ""),
        ("[Here](https://x.y){.link-external}", "[Here](https://x.y)"),
        ("See [below](#boards).", "See below."),
        ("Go to [`a` b](#c)", "Go to `a` b"),
        ("[Mail us]({{ site.email }})", "Mail us"),
        ("Write to <help@shop.example>", "Write to help@shop.example"),
        ("Fine[^1].", "Fine."),
        ("[^1]: Only here.", "Only here."),
        (r"the \<port\>", "the <port>"),
        ("{: .center}", ""),
        ("[Back to top](#top)", ""),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("I <3 it", "I <3 it"),
    ],
)
def test_what_is_meant_for_a_browser_is_taken_off(written: str, shown: str) -> None:
    assert read(written).text.strip() == shown


def test_an_alert_is_a_remark_and_never_another_way_to_ask() -> None:
    page = read("## How?\n> [!NOTE]\n> Only in May.\n> Truly.\n\nSo.\n\n> [!TIP] Press.\n")
    (passage,) = faq.parse_page(page).passages
    assert passage.phrasings == ()
    assert passage.text == "**Note:**\nOnly in May.\nTruly.\n\nSo.\n\n**Tip:** Press."


def test_tables_in_html_become_ours_and_everything_keeps_its_place() -> None:
    rows = "<tr><th>To</th><th>Days</th></tr>\n\n<tr><td rowspan=2>EU</td><td>3</td></tr>\n<tr><td>4</td></tr>"
    text = f"# T\n\n<table>\n{rows}\n</table>\n\n## How?\nSo.\n"
    page = read(text)
    assert "| To | Days |\n|---|---|\n| EU | 3 |\n| EU | 4 |" in page.text
    assert [passage.source for passage in faq.parse_page(page).passages] == ["a.md:1", "a.md:10"]
    assert dict(zip(page.text.split("\n"), page.places, strict=True))["| EU | 4 |"] == "a.md:7"


def test_headings_and_questions_in_html_are_found() -> None:
    assert lines('<h2 class="x">Costs</h2>\n<p>\n  Five\n  euros.\n</p>\n') == ["## Costs", "Five euros."]
    assert lines("<details>\n<summary>Who pays?</summary>\n\nYou.\n</details>\n\nAfter.") == [
        "Q: Who pays?",
        "You.",
        "After.",
    ]


def test_markdown_within_a_div_stays_markdown() -> None:
    assert lines('<div class="note">\n\n**Bold** and\n\n- one\n\n</div>\nEnd') == ["**Bold** and", "- one", "End"]


def test_code_is_left_alone_also_in_a_list() -> None:
    text = "1. Do:\n    ```\n    <b>x</b>\n    # no heading\n    ```\n2. Then\n\n# Heading\ntext\n"
    page = read(text)
    assert "    <b>x</b>" in page.text
    assert [passage.title for passage in faq.parse_page(page).passages][-1] == "Heading"


def test_contents_and_drawn_lines_answer_nothing() -> None:
    text = "# A\nIn this article:\n\n* [One](#one)\n* [Two](#two)\n\n---\n\nText.\n\nHeading\n---\nmore\n"
    assert lines(text) == ["# A", "Text.", "Heading", "---", "more"]


def test_a_picture_whose_words_go_over_lines_goes_whole() -> None:
    assert lines("Before\n![There was\nan error](a.png)\nAfter") == ["Before", "After"]
    page = read("![There was\nan error](a.png)\nAfter")
    assert page.text.split("\n").index("After") == 2


def test_comments_that_speak_of_their_entry_are_passed_on() -> None:
    (passage,) = faq.parse_page(read("## How?\n<!-- audience: agents -->\nSo.<!-- not this -->\n")).passages
    assert passage.audience == "agents"
    assert passage.text == "So."


def test_a_comment_over_lines_hides_the_html_in_it() -> None:
    assert (
        "secret"
        not in faq.parse_page(read("# A\n<!--\n<table><tr><td>secret</td></tr></table>\n-->\ntext")).passages[0].text
    )


@pytest.mark.parametrize(
    "unit",
    [
        "<table>",
        "<div>\n",
        "![",
        "![[",
        "[",
        "[](",
        "<a ",
        "`",
        "```\n",
        "> [!NOTE]\n",
        "{%",
        "<!--",
        "[^",
        "<b>x",
        "&lt;",
    ],
)
def test_fifty_thousand_characters_are_read_at_once(unit: str) -> None:
    started = time.process_time()
    read("# T\n" + unit * (50_000 // len(unit)))
    assert time.process_time() - started < 5


@given(st.text(alphabet=st.sampled_from("<>table/div bra=\"'![](){}#`\n&;*_-|x"), max_size=120))
def test_any_text_at_all_is_read_line_for_line(text: str) -> None:
    page = read(text)
    assert not page.places or len(page.places) == len(page.text.split("\n"))
