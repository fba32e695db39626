import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import faq, faq_table
from bot.adapters.reader_json import Json
from bot.content import Found, Page, Problem, Table, Unreadable


def read(value: object) -> list[Found]:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return list(Json().read("f.json", text.encode()))


def pages(value: object) -> list[Page]:
    return [one for one in read(value) if isinstance(one, Page)]


def entries(value: object) -> list[tuple[str, str]]:
    (table,) = (one for one in read(value) if isinstance(one, Table))
    return [(passage.title, passage.text) for passage in faq_table.parse_table(table).passages]


ROWS = [{"question": "How?", "answer": "So."}, {"question": "Why?", "answer": "Thus."}]


@pytest.mark.parametrize(
    "value",
    [
        ROWS,
        {"faqs": ROWS},
        {"version": 3, "name": "x", "items": ROWS, "meta": {"n": 2}},
        "\n".join(map(json.dumps, ROWS)),
        "\ufeff" + "\r\n".join(map(json.dumps, ROWS)) + "\r\n\r\n",
        ",\n".join(map(json.dumps, ROWS)),
        [{"Question": "How?", "Answer": "So."}, {"问题": "Why?", "答案": "Thus."}],
        [ROWS],
    ],
)
def test_entries_are_found_in_a_list_or_one_a_line(value: object) -> None:
    found = [one for one in read(value) if isinstance(one, Table)]
    assert [row.cells[0] or row.cells[2] for row in found[0].rows] == ["How?", "Why?"]


def test_one_entry_written_over_several_lines_is_read() -> None:
    assert entries(json.dumps(ROWS[0], indent=2)) == [("How?", "So.")]


def test_fields_of_an_entry_are_those_of_a_table() -> None:
    entry = {
        "question": "How\nlong?", "answer": "30 days.\n\nTruly.", "phrasings": ["what window", "how many days"],
        "tags": ["a", "b"], "enabled": True, "valid_to": "2026-12-31", "n": 1.50, "nested": {"x": 1}, "none": None,
    }  # fmt: skip
    (table,) = (one for one in read([entry]) if isinstance(one, Table))
    parsed = faq_table.parse_table(table)
    (passage,) = parsed.passages
    assert parsed.problems == ()
    assert (passage.title, passage.text) == ("How long?", "30 days.\n\nTruly.")
    assert set(passage.phrasings) == {"what window", "how many days"}
    assert passage.valid_to == "2026-12-31"
    assert parsed.documents[0].tags == ("a", "b")
    assert "nested" not in table.header


def test_every_entry_and_article_knows_its_line() -> None:
    (table,) = (one for one in read(json.dumps(ROWS, indent=1)) if isinstance(one, Table))
    assert [row.place for row in table.rows] == ["f.json:2", "f.json:6"]
    articles = {"articles": [{"id": n, "title": "T", "body": "<p>x</p><p>y</p>"} for n in (1, 2)]}
    assert [set(page.places) for page in pages(json.dumps(articles, indent=1))] == [{"f.json:3"}, {"f.json:8"}]


ARTICLE = {
    "id": 360012, "title": "Returns", "locale": "en-us", "draft": False, "section_id": 1, "label_names": ["a", "b"],
    "html_url": "https://shop.example/hc/360012", "url": "https://shop.zendesk.com/api/v2/x.json",
    "updated_at": "2026-01-01T00:00:00Z", "user_segment_id": None,
    "body": "<h2>Window</h2><p>30 <b>days</b>.</p><ul><li>unworn</li></ul>",
}  # fmt: skip


@pytest.mark.parametrize("value", [{"articles": [ARTICLE], "count": 1}, [ARTICLE], json.dumps(ARTICLE), ARTICLE])
def test_articles_of_zendesk_are_pages_by_their_id(value: object) -> None:
    (page,) = pages(value)
    assert page.path == "f.json#360012"
    assert page.text == "## Window\n\n30 **days**.\n\n- unworn"
    assert page.fields == {
        "title": "Returns", "language": "en-us", "tags": "a, b", "url": "https://shop.example/hc/360012"
    }  # fmt: skip


def test_drafts_are_no_content_and_articles_for_some_are_for_agents() -> None:
    assert read([{**ARTICLE, "draft": True}]) == []
    (page,) = pages([{**ARTICLE, "user_segment_id": 77}])
    assert page.fields["audience"] == "agents"


def test_an_id_that_comes_again_in_another_language_is_another_page() -> None:
    french = {**ARTICLE, "locale": "fr", "body": "<p>30 jours</p>"}
    found = read([ARTICLE, french, {**french, "body": "<p>x</p>"}])
    assert [one.path for one in found if isinstance(one, Page)] == ["f.json#360012", "f.json#360012/fr"]
    assert [str(one) for one in found if isinstance(one, Problem)] == [
        "f.json:1: a second article has the id 360012; this one is left out"
    ]


def test_an_article_without_text_is_a_problem() -> None:
    assert [str(one) for one in read([{**ARTICLE, "body": "<p> </p>"}, {**ARTICLE, "id": 2, "body": None}])] == [
        "f.json:1: the article “Returns” has no text"
    ] * 2


INTERCOM = {
    "type": "article", "id": "9", "title": "Returns", "description": "In short.", "body": "<p>30 days.</p>",
    "state": "published", "url": "https://help.example/9", "default_locale": "en",
    "translated_content": {
        "type": "article_translated_content",
        "en": {"title": "Returns", "body": "<p>30 days.</p>", "state": "published"},
        "fr": {"title": "Retours", "body": "<p>30 jours.</p>", "state": "published", "url": "https://help.example/fr/9"},
        "de": {"title": "Rückgabe", "body": "<p>30 Tage.</p>", "state": "draft"},
        "it": None,
    },
}  # fmt: skip


def test_articles_of_intercom_are_a_page_for_each_published_translation() -> None:
    english, french = pages({"type": "list", "data": [INTERCOM]})
    assert (english.path, french.path) == ("f.json#9", "f.json#9/fr")
    assert english.text == "In short.\n\n30 days."
    assert english.fields == {"title": "Returns", "language": "en", "url": "https://help.example/9"}
    assert french.fields == {"title": "Retours", "language": "fr", "url": "https://help.example/fr/9"}


def test_what_is_not_published_in_intercom_is_no_content() -> None:
    assert [page.path for page in pages([{**INTERCOM, "state": "draft"}])] == ["f.json#9/en", "f.json#9/fr"]
    assert read([{**INTERCOM, "state": "draft", "translated_content": None}]) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "# A\n\nSee <kbd>x</kbd>.\n\n<table><tr><th>a</th><th>b</th></tr></table>",
            "# A\n\nSee `x`.\n\n\n| a | b |\n|---|---|\n",
        ),
        ("plain\n\ntext", "plain\n\ntext"),
        ("one<br>two", "one\ntwo"),
        ("Fish &amp; chips", "Fish & chips"),
        ("---\nenabled: no\n---\ntext", "\nenabled: no\n---\ntext"),
    ],
)
def test_bodies_may_be_html_or_markdown_or_text(body: str, text: str) -> None:
    (page,) = pages([{"id": 1, "title": "T", "text": body}])
    assert page.text == text
    assert faq.parse_page(page).passages


@pytest.mark.parametrize(
    ("text", "sentence", "place"),
    [
        ("", "the file is empty", "f.json:1"),
        ("[]", "nothing in this JSON", "f.json:1"),
        ("{}", "nothing in this JSON", "f.json:1"),
        ("null", "nothing in this JSON", "f.json:1"),
        ('{"a": {"b": ["c"]}}', "nothing in this JSON", "f.json:1"),
        ('[{"a": 1}]', "this JSON has another shape", "f.json:1"),
        ('[\n{"question": "a?", "answer": "b"},\n{"question"', "this is not valid JSON", "f.json:3"),
        ('[{"question": "a?", "answer": "b"}', "ends in the middle", "f.json:1"),
        ("[" * 100_000, "nested too deeply", ""),
        ('{"a":' * 100_000, "nested too deeply", ""),
        ('{"a": 1', "not valid JSON", "f.json:1"),
        ("{a: 1}", "not valid JSON", "f.json:1"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_of_it_taken(text: str, sentence: str, place: str) -> None:
    with pytest.raises(Unreadable, match=sentence) as error:
        read(text)
    assert error.value.place == place


def test_a_line_that_is_no_json_is_left_out_and_named() -> None:
    text = f"{json.dumps(ROWS[0])}\nnonsense\n{json.dumps(ROWS[1])}\n"
    assert entries(text) == [("How?", "So."), ("Why?", "Thus.")]
    assert [str(one) for one in read(text) if isinstance(one, Problem)] == [
        "f.json:2: this line is not valid JSON, and is left out"
    ]


def test_objects_of_another_kind_are_counted_and_named() -> None:
    found = read([ROWS[0], {"x": 1}, {"y": 2}])
    assert [str(one) for one in found if isinstance(one, Problem)] == [
        "f.json:1: this is neither an entry nor an article (and 1 more); it is left out"
    ]


def test_odd_numbers_and_doubled_keys_do_no_harm() -> None:
    odd = '[{"question": "a?", "answer": "x", "answer": "y", "n": NaN, "m": -Infinity, "k": 1e999, "l": %s}]' % (
        "9" * 5000
    )
    assert entries(odd) == [("a?", "y")]


NAMES = ["id", "title", "body", "question", "answer", "state", "draft", "translated_content", "x"]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_any_json_at_all_is_read_or_refused(value: object) -> None:
    try:
        found = read(value)
    except Unreadable:
        return
    assert all(len(one.places) == len(one.text.split("\n")) for one in found if isinstance(one, Page))


@pytest.mark.parametrize(
    ("path", "data", "is_read"),
    [("a.json", b"x", True), ("a.txt", b' [{"a": 1}]', True), ("a.md", b"[link](https://x.y)\n", False),
     ("a.txt", b"{braces} in text", False), ("a.txt", b'{"a": "' + b"x" * 99_999, True), ("a.txt", b"[]", True)],
)  # fmt: skip
def test_json_is_known_by_how_it_begins(path: str, data: bytes, is_read: bool) -> None:
    assert Json().reads(path, data) is is_read
