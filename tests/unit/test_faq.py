import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import faq, markdown, splitting
from bot.content import Page
from bot.faq import Parsed
from bot.knowledge import Passage

FAQ = """---
language: en
category: Returns
tags: [returns, refunds]
url: https://shop.example/returns
---
# Returns

## How long do I have?
> Can I send it back after three weeks?
> what's the return window

You have **30 days** from delivery.

- unworn
- with the label

## Who pays?
You do.
"""


def titles(parsed: Parsed) -> list[str]:
    return [passage.title for passage in parsed.passages]


def texts(parsed: Parsed) -> list[str]:
    return [passage.text for passage in parsed.passages]


def sentences(parsed: Parsed) -> list[str]:
    return [str(problem) for problem in parsed.problems]


# ── Markdown FAQs ──


def test_each_question_is_one_document_and_one_passage() -> None:
    parsed = faq.parse(FAQ, "faqs/en/returns.md")
    first, second = parsed.passages
    assert first.title == "How long do I have?"
    assert first.text == "You have **30 days** from delivery.\n\n- unworn\n- with the label"
    assert first.phrasings == ("Can I send it back after three weeks?", "what's the return window")
    assert first.anchor == first.document == "faqs/en/returns.md#how-long-do-i-have"
    assert (first.kind, first.language, first.url) == ("faq", "en", "https://shop.example/returns")
    assert (first.source, second.source) == ("faqs/en/returns.md:9", "faqs/en/returns.md:18")
    assert [document.tags for document in parsed.documents] == [("returns", "refunds")] * 2
    assert parsed.problems == ()


@pytest.mark.parametrize(
    "written", [FAQ.replace("\n", "\r\n"), FAQ.replace("\n", "\r"), "\ufeff" + FAQ, FAQ.rstrip("\n"), FAQ + "\n\n"]
)
def test_line_ends_and_marks_do_not_change_what_is_read(written: str) -> None:
    was, wanted = faq.parse(written, "a.md"), faq.parse(FAQ, "a.md")
    assert [(p.id, p.source) for p in was.passages] == [(p.id, p.source) for p in wanted.passages]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Q: How long?\nA: 30 days.\n\nQ: Who pays?\nA: You.", [("How long?", "30 days."), ("Who pays?", "You.")]),
        ("**Q1:** How long?\n**A1:** 30 days.", [("How long?", "30 days.")]),
        ("Q. How long?\nA. 30 days.", [("How long?", "30 days.")]),
        ("问：怎么退货？\n答：联系我们。", [("怎么退货？", "联系我们。")]),
        ("## Which paper size?\nA4. Always.", [("Which paper size?", "A4. Always.")]),
        ("## Which steps?\na. print\nb. send", [("Which steps?", "a. print\nb. send")]),
        ("How long?\n=====\n30 days.", [("How long?", "30 days.")]),
        ("## How?\n### By post\nSend it.\n### In a shop\nBring it.",
         [("How?", "**By post**\nSend it.\n\n**In a shop**\nBring it.")]),
        ("## How?\n```\n## Not a heading?\n```\nSo.", [("How?", "```\n## Not a heading?\n```\nSo.")]),
        ("## How? <!-- todo: ask legal -->\nSo.<!--\nhidden\n-->", [("How?", "So.")]),
        ("# Group\n## How?\nSo.", [("How?", "So.")]),
        ("## How?\n> only a quotation", [("How?", "only a quotation")]),
    ],
)  # fmt: skip
def test_questions_are_found_however_they_are_written(text: str, found: list[tuple[str, str]]) -> None:
    parsed = faq.parse(text, "a.md")
    assert [(p.title, p.text) for p in parsed.passages] == found


def test_a_question_without_an_answer_is_a_problem_with_its_line() -> None:
    parsed = faq.parse("# Returns\n\n## How long?\n\n## Who pays?\nYou.", "a.md")
    assert titles(parsed) == ["Who pays?"]
    assert sentences(parsed) == ["a.md:3: the question “How long?” has no answer"]


@pytest.mark.parametrize(
    "text", ["", "\ufeff", "  \n\n", "# Only a heading", "---\nlanguage: en\n---\n", "<!-- all -->"]
)
def test_a_file_without_text_is_a_problem(text: str) -> None:
    parsed = faq.parse(text, "a.md")
    assert parsed.passages == ()
    assert "a.md:1: there is no text to answer from" in sentences(parsed)


def test_a_bad_line_of_front_matter_is_a_problem_and_the_rest_is_read() -> None:
    parsed = faq.parse("---\nlanguage en\n---\n## How?\nSo.", "a.md")
    assert sentences(parsed) == ["a.md:2: this line of the front matter is not `key: value`"]
    assert titles(parsed) == ["How?"]


def test_anchors_are_unique_even_when_a_heading_looks_like_a_numbered_one() -> None:
    parsed = faq.parse("## How?\na\n## How?\nb\n## How 1?\nc\n## How?\nd\n## ???\ne\n## !?\nf", "a.md")
    anchors = [passage.anchor for passage in parsed.passages]
    assert anchors == ["a.md#how", "a.md#how-1", "a.md#how-1-1", "a.md#how-2", "a.md#", "a.md#-1"]
    assert len({passage.id for passage in parsed.passages}) == len(anchors)


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh_Hans", "zh"),
        ("ZH", "zh"),
        ("中文", "zh"),
        ("en-GB", "en"),
        ("English", "en"),
    ],
)
def test_languages_are_named_alike_however_they_are_written(written: str, language: str) -> None:
    assert faq.parse(f"---\nlanguage: {written}\n---\n## How?\nSo.", "a.md").passages[0].language == language


def test_the_language_is_detected_for_each_question() -> None:
    parsed = faq.parse("## How?\nSo.\n## 怎么退货？\n联系我们。", "a.md")
    assert [passage.language for passage in parsed.passages] == ["en", "zh"]


def test_the_kind_is_the_front_matters_or_what_most_headings_are() -> None:
    policy = "# Terms\nWe sell tents.\n## Returns\nYou may return them.\n## Why?\nBecause."
    assert {p.kind for p in faq.parse(policy, "a.md").passages} == {"policy"}
    assert {p.kind for p in faq.parse(f"---\nkind: faq\n---\n{policy}", "a.md").passages} == {"faq"}
    assert {p.kind for p in faq.parse("Just text.", "a.md").passages} == {"policy"}


def test_in_a_file_that_says_it_is_an_faq_every_heading_may_have_other_phrasings() -> None:
    text = "Hello.\n\n## Refund status\n> where is my money\n\nUnder **Orders**.\n\n## Opening hours\nDaily.\n"
    lead, first, second = faq.parse(f"---\nkind: faq\n---\n{text}", "a.md").passages
    assert (lead.title, lead.text, lead.phrasings) == ("Refund status", "Hello.", ())
    assert (first.title, first.text, first.phrasings) == ("Refund status", "Under **Orders**.", ("where is my money",))
    assert (second.title, second.text, second.phrasings) == ("Opening hours", "Daily.", ())
    policy = faq.parse(f"---\nkind: policy\n---\n{text}", "a.md").passages
    assert [passage.phrasings for passage in policy] == [(), (), ()]
    assert "where is my money" in policy[1].text


# ── policies ──


def test_a_policy_is_one_document_and_its_sections_carry_their_path() -> None:
    parsed = faq.parse(
        "# Returns\nAll goods.\n## Electronics\n### Phones\n14 days.\n## Tents\n60 days.", "policies/r.md"
    )
    (document,) = parsed.documents
    assert (document.key, document.title, document.kind) == ("policies/r.md", "Returns", "policy")
    assert titles(parsed) == ["Returns", "Returns › Electronics › Phones", "Returns › Tents"]
    assert [p.position for p in parsed.passages] == [0, 1, 2]
    assert parsed.passages[1].anchor == "policies/r.md#phones"
    assert parsed.passages[1].source == "policies/r.md:4"
    assert all(word in document.text for word in ("Electronics", "14 days.", "60 days."))


def test_a_policy_without_a_heading_is_named_after_its_file() -> None:
    assert titles(faq.parse("Some text. More text.", "policies/data_and-privacy.md")) == ["data and privacy"]


def test_a_table_stays_whole_with_its_header_however_long() -> None:
    rows = "\n".join(f"| country {n} | {n} euros and some more words |" for n in range(60))
    table = f"| to | price |\n|---|---|\n{rows}"
    parsed = faq.parse(f"# Shipping\nPrices are below.\n\n{table}\n\nThat is all.", "a.md")
    assert table in texts(parsed)


def test_a_long_section_is_cut_between_sentences() -> None:
    text = " ".join(f"Sentence number {n} has exactly seven words." for n in range(40))
    found = texts(faq.parse(f"# Terms\n{text}", "a.md"))
    assert len(found) == 3
    assert all(part.endswith("words.") for part in found)
    assert " ".join(found) == text


# ── splitting ──

WORDS = st.sampled_from(["tent", "30", "days.", "why?", "退货", "三十天。", "a\u0301", "\u202e", "e.g.", "🎒", "！"])
BLOCKS = st.lists(
    st.one_of(
        st.lists(WORDS, min_size=1, max_size=400).map(" ".join),
        st.lists(WORDS, min_size=1, max_size=400).map("".join),
        st.lists(WORDS, min_size=1, max_size=30).map(lambda words: "- " + " ".join(words)),
        st.just(""),
    ),
    max_size=8,
)


@given(BLOCKS)
def test_splitting_loses_no_word_and_keeps_passages_short(lines: list[str]) -> None:
    found = list(splitting.split(lines))
    assert "".join("".join(found).split()) == "".join("".join(lines).split())
    assert all(splitting.count_words(text) <= splitting.PASSAGE_WORDS for text in found)
    assert all(text.strip() for text in found)


@given(BLOCKS, st.integers(1, 80))
def test_a_table_is_never_cut(lines: list[str], n_rows: int) -> None:
    table = [f"| row {n} | two words |" for n in range(n_rows)]
    found = list(splitting.split([*lines, "", *table, "", *lines]))
    assert sum("\n".join(table) in text for text in found) == 1
    assert all(splitting.count_words(text) <= splitting.PASSAGE_WORDS or "| row 0 |" in text for text in found)


def test_fractions_of_chinese_words_do_not_add_up_past_the_limit() -> None:
    """Two blocks of 59.4 and 61.2 words round to 59 and 61, but together they are 120.6."""
    lines = ["退" * 99, "", "货" * 102]
    assert [splitting.count_words(text) for text in splitting.split(lines)] == [59, 61]


def test_a_word_without_end_is_kept_whole() -> None:
    assert list(splitting.split(["x" * 50_000])) == ["x" * 50_000]


@pytest.mark.parametrize("unit", ["word ", "退", "Stop. ", "。", "a\n", "- a\n", "| a |\n", "\x00", "\n\n", ".", "x"])
def test_fifty_thousand_characters_are_split_at_once(unit: str) -> None:
    def seconds() -> float:
        started = time.process_time()
        faq.parse("# T\n" + unit * (50_000 // len(unit)), "a.md")
        return time.process_time() - started

    assert any(seconds() < 0.5 for _ in range(3))


@given(st.text(alphabet=st.sampled_from("#-=|>`~:：Q问A答? \n\ra退*_[](){}<!\x00\u202e\u2028"), max_size=80))
def test_any_text_at_all_is_parsed(text: str) -> None:
    parsed = faq.parse(text, "a.md")
    assert parsed.passages or parsed.problems or not any(character.isalnum() for character in text)
    assert len({passage.id for passage in parsed.passages}) == len(parsed.passages)
    assert all(passage.title.strip() and passage.text.strip() for passage in parsed.passages)


# ── what an ingest would change ──


def passages(*names: str) -> list[Passage]:
    return [Passage("d", f"d#{name}", name, f"text of {name}", "en") for name in names]


def test_an_ingest_adds_what_is_new_and_removes_what_is_gone() -> None:
    known = {passage.id: passage for passage in passages("a", "b")}
    found = faq.diff(known, passages("b", "c"))
    assert [passage.title for passage in found.added] == ["c"]
    assert found.removed == (passages("a")[0].id,)
    assert found.unchanged == 1


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_doing_what_the_diff_says_leaves_exactly_what_is_wanted(old: set[str], new: set[str]) -> None:
    known = {passage.id: passage for passage in passages(*old)}
    wanted = passages(*new)
    found = faq.diff(known, [*wanted, *wanted])
    after = (set(known) - set(found.removed)) | {passage.id for passage in found.added}
    assert after == {passage.id for passage in wanted}
    assert len(found.added) + found.unchanged == len(wanted)
    assert faq.diff({p.id: p for p in wanted}, wanted) == faq.Diff((), (), len(wanted))


def test_moving_an_answer_within_its_file_changes_nothing() -> None:
    before = faq.parse(FAQ, "a.md").passages
    moved = faq.parse(FAQ.replace("# Returns\n", "# Returns\n\n\n"), "a.md").passages
    found = faq.diff({p.id: p for p in before}, moved)
    assert (found.added, found.removed, found.unchanged) == ((), (), len(before))
    assert found.updated == tuple(moved)  # where they stand now


def test_blocks_know_their_tables() -> None:
    assert markdown.is_table("  | a |")
    assert not markdown.is_table("a | b")


def test_what_only_moved_or_holds_for_longer_is_updated_and_stays_the_same_passage() -> None:
    (before,) = faq.parse("## How?\n\nSo.\n", "a.md").passages
    (later,) = faq.parse("\n\n## How?\n<!-- valid_to: 2026-12-31 -->\n\nSo.\n", "a.md").passages
    found = faq.diff({before.id: before}, [later])
    assert (found.added, found.removed, found.unchanged, found.updated) == ((), (), 1, (later,))


# ── fields ──


def test_the_front_matter_speaks_for_every_entry_and_a_comment_below_a_heading_for_its_own() -> None:
    text = """---
valid_to: 2026-12-31
audience: agents
---
# Winter

## Is there a sale?

Yes.

## Can I order by phone?
<!-- always_a_person: yes; valid_to: 2027-01-31 18:00; audience: everybody -->
> ring you up

Of course.
"""
    sale, phone = faq.parse(text, "winter.md").passages
    assert (sale.valid_to, sale.audience, sale.needs_person) == ("2026-12-31", "agents", False)
    assert (phone.valid_to, phone.audience, phone.needs_person) == ("2027-01-31T18:00", "", True)
    assert (phone.phrasings, phone.text) == (("ring you up",), "Of course.")


def test_a_section_of_a_policy_has_fields_of_its_own() -> None:
    text = "# Delivery\n\nBy van.\n\n## Strike\n<!-- valid_to: 2026-11-30 -->\n\nTen days late.\n\n## Costs\n\n€5.\n"
    passages = faq.parse(text, "delivery.md").passages
    assert [(p.text, p.valid_to) for p in passages] == [("By van.", ""), ("Ten days late.", "2026-11-30"), ("€5.", "")]


def test_a_comment_that_is_none_of_ours_says_nothing() -> None:
    (passage,) = faq.parse("## How?\n<!-- note: ask Ana; valid_to: never -->\n\nSo.\n", "a.md").passages
    assert (passage.text, passage.valid_to) == ("So.", "")


def test_a_date_nobody_can_read_keeps_the_page_as_it_was() -> None:
    parsed = faq.parse("---\nvalid_to: 12/31/26\n---\n## How?\n\nSo.\n", "a.md")
    assert (parsed.is_unread, parsed.passages) == (True, ())
    assert sentences(parsed) == [
        "a.md:1: “12/31/26” for valid_to is no date such as 2026-12-31, or 2026-12-31 18:00; what was ingested from it "
        "before is kept"
    ]


def test_a_page_that_is_switched_off_holds_nothing_and_nothing_is_wrong_with_it() -> None:
    assert faq.parse("---\nenabled: no\n---\n## How?\n\nSo.\n", "a.md") == Parsed()


def test_pages_of_one_file_have_anchors_of_their_own_and_lines_their_own_places() -> None:
    page = Page("help.json#12", "## How?\n\nSo.", {"locale": "zh-CN", "html_url": "x"}, ("a", "b", "help.json:7"))
    (passage,) = faq.parse_page(page).passages
    assert (passage.anchor, passage.language, passage.source) == ("help.json#12/how", "zh", "a")


def test_characters_nobody_sees_are_taken_out_and_told() -> None:
    parsed = faq.parse("## How\u200b?\n\nS\u202eo.\n", "a.md")
    assert (titles(parsed), texts(parsed)) == (["How?"], ["So."])
    assert len(parsed.notes) == 1
    assert not parsed.problems


def test_a_passage_stays_the_same_when_the_text_around_it_changes() -> None:
    before = faq.parse("# Delivery\n\n## Costs\n\n€5.\n", "a.md").passages[-1]
    after = faq.parse("# Delivery\n\nBy van.\n\n## Times\n\nTwo days.\n\n## Costs\n\n€5.\n", "a.md").passages[-1]
    assert (before.id, before.anchor) == (after.id, after.anchor)


def test_a_line_across_the_page_is_no_passage() -> None:
    assert texts(faq.parse("# Terms\n\nOne.\n\n## Rest\n\n---\n\n* * *\n", "a.md")) == ["One."]


def test_a_long_section_of_a_file_with_pages_names_the_page_each_part_stands_on() -> None:
    lines = ["# Terms", "", *(f"Sentence {n} of many words that fill a page up to its end." for n in range(40))]
    page = Page("terms.pdf", "\n\n".join(lines), {}, tuple(f"terms.pdf:page {1 + n // 20}" for n in range(100)))
    places = [passage.source for passage in faq.parse_page(page).passages]
    assert places[0] == "terms.pdf:page 1"
    assert places == sorted(places, key=lambda place: int(place.rpartition(" ")[2]))
    assert places[-1] == "terms.pdf:page 4"
