import json

import pytest

from bot import faq
from bot.adapters.reader_html import Html
from bot.content import Page

HOW = {"@type": "Question", "name": "How long?", "acceptedAnswer": {"@type": "Answer", "text": "30 days."}}
WHO = {"@type": "Question", "name": "Who pays?", "acceptedAnswer": {"@type": "Answer", "text": "<p>You.</p>"}}


def read(published: object, inner: str = "", written: str = "") -> list[Page]:
    script = written or json.dumps(published, indent=1)
    head = f'<html lang="en"><head><title>FAQ</title></head><body>{inner}\n<script type="application/ld+json">'
    html = f"{head}\n{script}\n</script></body></html>"
    return [page for page in Html().read("a.html", html.encode()) if isinstance(page, Page)]


def asked(pages: list[Page]) -> list[tuple[str, str]]:
    return [(one.title, one.text) for page in pages for one in faq.parse_page(page).passages]


PAGE = {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": [HOW, WHO]}
BOTH = [("How long?", "30 days."), ("Who pays?", "You.")]


@pytest.mark.parametrize(
    "published",
    [
        PAGE,
        [{"@type": "Organization"}, PAGE],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, PAGE]},
        {"@type": "WebPage", "hasPart": [PAGE]},
        {"@type": "WebPage", "mainEntity": {**PAGE, "@type": ["WebPage", "FAQPage"]}},
        {**PAGE, "@type": "https://schema.org/FAQPage"},
        {**PAGE, "mainEntity": [HOW, {"@type": "Question", "name": "Who pays?", "text": "You."}]},
        {**PAGE, "mainEntity": [HOW, {**WHO, "acceptedAnswer": [{"text": "You."}]}]},
        {**PAGE, "mainEntity": [HOW, {**WHO, "name": "<b>Who</b> pays?"}, HOW]},
        {**PAGE, "mainEntity": [HOW, {**WHO, "acceptedAnswer": "You."}, {"name": 7}, None, "x", {"name": "Nothing?"}]},
    ],
)
def test_published_questions_are_found_wherever_they_stand(published: object) -> None:
    assert asked(read(published)) == BOTH


def test_answers_in_html_are_written_as_ours() -> None:
    answer = "&lt;b&gt; &amp; <ul><li>one</li><li><a href='https://x.y'>two</a></li></ul><h3>Then</h3>three"
    page = {**PAGE, "mainEntity": {**HOW, "acceptedAnswer": {"text": answer}}}
    assert asked(read(page)) == [("How long?", "<b> &\n\n- one\n- [two](https://x.y)\n\n**Then**\n\nthree")]


def test_every_question_stands_where_it_is_said_to() -> None:
    (page,) = read(PAGE)
    html = json.dumps(PAGE, indent=1).split("\n")
    for passage in faq.parse_page(page).passages:
        line = int(passage.source.removeprefix("a.html:"))
        assert passage.title in html[line - 3]  # the page has two lines more above them, and lines count from 1


def test_questions_the_page_shows_too_are_taken_once_and_its_other_text_still() -> None:
    inner = (
        "<main><h1>FAQ</h1><p>We are here for you every day.</p><h2>How long?</h2><p>30 days.</p>"
        "<button aria-expanded=false>Who pays?</button><div>You.</div>"
        "<h2>Only here?</h2><p>Yes, only on the page.</p></main>"
    )
    first, rest = read(PAGE, inner)
    assert asked([first]) == BOTH
    assert (first.path, rest.path) == ("a.html", "a.html#text")
    assert "every day" in rest.text
    assert "Only here?" in rest.text
    assert not any(text in rest.text for text in ("30 days", "How long?", "Who pays?", "You."))


def test_an_answer_that_stands_elsewhere_on_the_page_stays_there() -> None:
    inner = "<main><h2>Guarantee</h2><p>30 days.</p><h2>How long?</h2><p>30 days.</p></main>"
    _, rest = read(PAGE, inner)
    assert rest.text == "## Guarantee\n\n30 days."


def test_languages_of_questions_are_kept_apart() -> None:
    page = {**PAGE, "inLanguage": "en", "mainEntity": [HOW, {**WHO, "name": "谁付款？", "inLanguage": "zh-CN"}]}
    first, second = read(page)
    assert (first.fields["language"], second.fields["language"]) == ("en", "zh-CN")
    assert first.path != second.path


@pytest.mark.parametrize(
    "written", ["{", "[1, 2", "nonsense", "[" * 100_000, '{"@type": "FAQPage"}', '{"a": ' + "9" * 9999 + "}"]
)
def test_what_is_published_wrongly_leaves_the_page_as_it_is(written: str) -> None:
    assert asked(read(None, "<h2>How?</h2><p>So.</p>", written)) == [("How?", "So.")]
