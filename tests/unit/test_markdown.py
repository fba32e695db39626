import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import markdown


def headings(text: str) -> list[tuple[int, str, int]]:
    return [(s.level, s.heading, s.line) for s in markdown.sections(text.split("\n")) if s.heading]


# ── headings ──


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# One\ntext\n## Two", [(1, "One", 1), (2, "Two", 3)]),
        ("###### Six ######", [(6, "Six", 1)]),
        ("   ## Indented", [(2, "Indented", 1)]),
        ("## C#", [(2, "C#", 1)]),
        ("## C# ##", [(2, "C#", 1)]),
        ("# 退换货", [(1, "退换货", 1)]),
        ("Returns\n=======\ntext", [(1, "Returns", 1)]),
        ("text\n\nReturns\n---\ntext", [(2, "Returns", 3)]),
        ("Q: How long?\nA: 30 days", [(7, "How long?", 1)]),
        ("**Q1:** How long?\nA: 30 days", [(7, "How long?", 1)]),
        ("问：怎么退货？\n答：联系我们", [(7, "怎么退货？", 1)]),
        ("问题 2：怎么退货？", [(7, "怎么退货？", 1)]),
    ],
)
def test_headings_are_found_with_their_level_and_line(text: str, found: list[tuple[int, str, int]]) -> None:
    assert headings(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "#hashtag",
        "####### seven",
        "    # code",
        "#",
        "# #",
        "two lines\nof text\n---",
        "- item\n---",
        "| a | b |\n---",
        "> quoted\n---",
        "\n---\n",
        "text\n\n---\n\ntext",
        "```\n# comment\n```",
        "~~~\n# comment\n```\n# comment\n~~~",
        "````\n```\n# still inside\n````",
        "```sh\n# unclosed",
        "```\nTitle\n---\nQ: inside?\n```",
        "```\n\n```\n---",
        "A question: why?",
        "Quality: good",
        "Anfrage: ja",
    ],
)
def test_what_only_looks_like_a_heading_stays_text(text: str) -> None:
    assert headings(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "```\ncode\n```\n# After",
        "~~~ sh\n```\n~~~\n# After",
        "```npm install``` in one line\n# After",
        "```\n~~~\n```\n# After",
    ],
)
def test_a_heading_after_a_closed_fence_is_one(text: str) -> None:
    assert [heading for _, heading, _ in headings(text)] == ["After"]


def test_text_before_the_first_heading_is_kept() -> None:
    first, second = markdown.sections(["hello", "", "# One", "text"])
    assert (first.level, first.heading, first.text) == (0, "", "hello")
    assert second.text == "text"


def test_line_numbers_go_on_below_front_matter() -> None:
    assert markdown.sections(["# One"], first_line=5)[0].line == 5


@given(st.lists(st.sampled_from(["# a", "b", "", "---", "```", "~~~", "| c |", "- d", "Q: e?", "A: f", "===", "> g"])))
def test_every_line_is_in_exactly_one_section(lines: list[str]) -> None:
    found = markdown.sections(lines)
    kept = sum(len(s.lines) for s in found)
    is_underlined = sum(s.level in (1, 2) and not lines[s.line - 1].startswith("#") for s in found)
    n_headings = sum(bool(s.heading) for s in found)
    blank_start = 0 if not found or found[0].line == 1 else found[0].line - 1
    if found:
        assert kept + n_headings + is_underlined + blank_start == len(lines)
    assert [s.line for s in found] == sorted(s.line for s in found)


# ── front matter ──


def test_front_matter_is_read_with_its_comments_and_lists() -> None:
    matter = markdown.front_matter(
        [
            "---",
            "language: en   # English",
            'title: "C # for all"',
            "Tags: [a, 'b c', ]",
            "",
            "# note",
            "url: https://x/#top",
            "---",
            "text",
        ]
    )
    assert dict(matter.values) == {
        "language": "en",
        "title": "C # for all",
        "tags": "[a, 'b c', ]",
        "url": "https://x/#top",
    }
    assert matter.listed("tags") == ("a", "b c")
    assert matter.listed("none") == ()
    assert (matter.length, matter.bad_line) == (8, None)


def test_a_bad_line_of_front_matter_is_named() -> None:
    assert markdown.front_matter(["---", "a: 1", "what is this", "---"]).bad_line == 3


@pytest.mark.parametrize("lines", [[], ["text"], ["---", "a: 1"], ["----", "a: 1", "----"], ["", "---", "a: 1", "---"]])
def test_what_is_not_front_matter_is_left_to_the_text(lines: list[str]) -> None:
    assert markdown.front_matter(lines) == markdown.FrontMatter()


# ── inline ──


@pytest.mark.parametrize(
    ("heading", "plain"),
    [
        ("**How** do I *pay*?", "How do I pay?"),
        ("See [our page](https://x.example) now", "See our page now"),
        ("![logo](a.png) Shop", "logo Shop"),
        ("`code` here", "code here"),
        ("Title {#anchor}", "Title"),
        ("snake_case stays", "snake_case stays"),
        ("3 * 4 = 12", "3 * 4 = 12"),
        ("[not a link]", "[not a link]"),
        ("", ""),
    ],
)
def test_a_heading_is_shown_without_its_markup(heading: str, plain: str) -> None:
    assert markdown.plain(heading) == plain


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("How long do I have?", "how-long-do-i-have"),
        ("Cancellation by Alder & Volt", "cancellation-by-alder-volt"),
        ("怎么退货？", "怎么退货"),
        ("???", ""),
        ("a-b_c", "a-b_c"),
    ],
)
def test_anchors_are_lower_case_with_hyphens(heading: str, slug: str) -> None:
    assert markdown.slug(heading) == slug


@pytest.mark.parametrize(
    ("text", "is_numbered", "answer"),
    [
        ("A: Yes.", False, "Yes."),
        ("**A:** Yes.", False, "Yes."),
        ("**Answer**: Yes.", False, "Yes."),
        ("答：可以。", False, "可以。"),
        ("A1: Yes.", True, "Yes."),
        ("A. Yes.", True, "Yes."),
        # a paper size, a lettered list, a road: not marks
        ("A4. Always.", False, "A4. Always."),
        ("A4: 210 mm", False, "A4: 210 mm"),
        ("a. first\nb. second", False, "a. first\nb. second"),
        ("a. first\nb. second", True, "a. first\nb. second"),
        ("A tent: yes.", True, "A tent: yes."),
        ("All: yes", False, "All: yes"),
    ],
)
def test_an_answer_mark_goes_and_an_answer_stays(text: str, is_numbered: bool, answer: str) -> None:
    assert markdown.without_answer_mark(text, is_numbered) == answer


def test_comments_go_and_line_numbers_stay() -> None:
    text = "a <!-- one\ntwo --> b\n<!-- c --><!-- d -->\ne"
    assert markdown.without_comments(text) == "a \n b\n\ne"
    assert markdown.without_comments("a <!-- never closed\nb") == "a <!-- never closed\nb"
    assert markdown.without_comments("a --> b") == "a --> b"


# ── blocks ──


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("one\ntwo\n\nthree", ["one\ntwo", "three"]),
        ("- a\n- b\n  more b\n1. c", ["- a", "- b\n  more b", "1. c"]),
        ("- a\n    - nested\n    - more\n- b", ["- a\n    - nested\n    - more", "- b"]),
        ("before\n| a |\n|---|\n| 1 |\nafter", ["before", "| a |\n|---|\n| 1 |", "after"]),
        ("\n\n \n", []),
        ("- not-an-item", ["- not-an-item"]),
        ("-5 degrees\n-6 degrees", ["-5 degrees\n-6 degrees"]),
    ],
)
def test_text_falls_into_paragraphs_items_and_tables(text: str, blocks: list[str]) -> None:
    assert list(markdown.blocks(text.split("\n"))) == blocks


@given(st.lists(st.sampled_from(["a b", "", "  ", "| x |", "- y", "1) z", "    deep"])))
def test_no_word_is_lost_between_blocks(lines: list[str]) -> None:
    assert " ".join(markdown.blocks(lines)).split() == " ".join(lines).split()


# ── hostile input ──


@pytest.mark.parametrize(
    "text",
    [
        "# a" + " " * 50_000 + "b",
        "# " + "#" * 50_000,
        "# " + "# " * 25_000,
        "# " + "[" * 50_000,
        "# " + "[a](" * 12_500,
        "# " + "{#" * 25_000,
        "# a" + "\t" * 50_000 + "{#b}x",
        "# " + "*" * 50_000,
        "<!--" * 12_500,
        "<!-- -->" * 6_000,
        "Q:" + " " * 50_000 + "x",
        "**Q1**" * 8_000,
        "=" * 50_000,
        "`" * 50_000,
        "```" + "a" * 50_000 + "`",
        "---\nkey: " + " " * 50_000 + "#x\n---\n",
        "\x00\u202e\ufeff" * 15_000,
        "- " * 25_000,
        "|" * 50_000,
        "\n" * 50_000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_fifty_thousand_characters_of_anything_are_read_at_once(text: str) -> None:
    def seconds() -> float:
        started = time.process_time()
        lines = markdown.without_comments(text).split("\n")
        markdown.front_matter(lines)
        for section in markdown.sections(lines):
            list(markdown.blocks(section.lines))
            markdown.slug(section.heading)
        return time.process_time() - started

    assert any(seconds() < 0.3 for _ in range(3))


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["# Fees", "Two euros."], ["**Fees**", "Two euros."]),
        (["Fees", "---", "Two euros."], ["**Fees**", "Two euros."]),
        (["Q: Fees?", "A: Two euros."], ["**Fees?**", "A: Two euros."]),
        (["Text", "more text", "---", "| a |", "|---|"], ["Text", "more text", "---", "| a |", "|---|"]),
        (["```", "# code"], ["```", "# code", "```"]),
        (["```", "# code", "```", "# Fees"], ["```", "# code", "```", "**Fees**"]),
        (["**", "---", "x"], ["x"]),
        ([], []),
    ],
)
def test_the_body_of_a_section_begins_no_other(lines: list[str], body: list[str]) -> None:
    assert markdown.as_body(lines) == body
    assert all(not section.heading for section in markdown.sections(body))


def test_a_quotation_mark_in_a_value_is_written_with_a_backslash_or_twice() -> None:
    matter = markdown.front_matter(["---", r'title: "Error: \"X\" # happens"', "category: 'it''s'", "---"])
    assert matter.values == {"title": 'Error: "X" # happens', "category": "it's"}
