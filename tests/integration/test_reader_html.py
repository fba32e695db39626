import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import faq
from bot.adapters.reader_html import Html
from bot.content import Page, Unreadable

SITE = """<!doctype html>
<html lang="en-GB">
<head><title>Returning things – Help – Acme</title><meta property="og:site_name" content="Acme">
<link rel="canonical" href="https://acme.example/help/returns"><style>p {color: red}</style></head>
<body class="has-sidebar cookies-accepted">
<header><a href="/">Acme</a><nav><ul><li><a href="/shop">Shop</a></li></ul></nav></header>
<div class="cookie-banner"><h2>Cookies</h2><p>We use cookies. Do you accept?</p><button>Yes</button></div>
<main>
<ol class="breadcrumbs"><li><a href="/">Home</a></li><li>Help</li></ol>
<article>
<header><h1>Returning things</h1><p class="meta">For all orders</p></header>
<p>You have <b>30 days</b> from delivery, see <a href="/terms">our terms</a>.<br>Write to
<a href="mailto:help@acme.example">help@acme.example</a>.</p>
<h2>How do I pack it?</h2>
<p>In its box: <img src="box.png" alt="A box"></p>
<ul><li>with the label<ul><li>outside</li></ul></li><li>without <i>ice</i></li></ul>
<h2>What does it cost?</h2>
<table><thead><tr><th>To</th><th>Price</th></tr></thead>
<tr><td>Germany</td><td>€5</td></tr>
<tr><td>France</td><td>€7</td></tr></table>
<pre>
RMA 12345
  Acme
</pre>
<p hidden>Old price: €3</p><p style="display: none">Older price: €2</p><script>var a = "€1"</script>
</article>
<div class="share-buttons"><a href="https://x.example">Share</a></div>
<h3>Was this article helpful?</h3><button>Yes</button><button>No</button>
<h2>Related articles</h2><ul><li><a href="/a">Shipping</a></li><li><a href="/b">Repairs</a></li></ul>
<form><label>Search</label><input name="q"></form>
</main>
<aside>Buy more tents!</aside>
<footer>© Acme. Call +1 555 0100</footer>
</body></html>
"""


def read(html: str | bytes, path: str = "a.html") -> Page:
    (page,) = Html().read(path, html if isinstance(html, bytes) else html.encode())
    assert isinstance(page, Page)
    return page


def body(inner: str) -> list[str]:
    return [line for line in read(f"<html><body>{inner}</body></html>").text.split("\n") if line]


def test_a_saved_page_is_its_content_and_nothing_around_it() -> None:
    assert read(SITE).text == (
        "# Returning things\n\nFor all orders\n\n"
        "You have **30 days** from delivery, see [our terms](https://acme.example/terms).\n"
        "Write to help@acme.example.\n\n"
        "## How do I pack it?\n\nIn its box:\n\n- with the label\n  - outside\n- without _ice_\n\n"
        "## What does it cost?\n\n| To | Price |\n|---|---|\n| Germany | €5 |\n| France | €7 |\n\n"
        "```\nRMA 12345\n  Acme\n```"
    )


def test_a_page_says_its_title_language_and_address() -> None:
    assert read(SITE).fields == {
        "title": "Returning things", "language": "en-GB", "url": "https://acme.example/help/returns"
    }  # fmt: skip


def test_every_line_stands_where_it_is_said_to() -> None:
    page, written = read(SITE), SITE.split("\n")
    for line, place in zip(page.text.split("\n"), page.places, strict=True):
        number = int(place.removeprefix("a.html:"))
        words = [word for word in line.replace("|", " ").replace("*", " ").split() if word.isalnum()]
        assert not words or words[0] in " ".join(written[number - 1 : number + 1]), (line, place)
    by_line = dict(zip(page.text.split("\n"), page.places, strict=True))
    assert by_line["## What does it cost?"] == "a.html:17"
    assert by_line["| France | €7 |"] == "a.html:20"


@pytest.mark.parametrize(
    ("head", "inner", "title"),
    [
        ("<title>Returns | Acme</title>", "<p>text</p>", "Returns"),
        ("<title>Returns - Sending back - Acme</title>", "<p>text</p>", "Returns - Sending back"),
        ("<title>退货说明_某某商城</title>", "<p>text</p>", "退货说明"),
        ("<title>Returns</title>", "<p>text</p>", "Returns"),
        ('<title>x</title><meta property="og:title" content="Returns">', "<p>text</p>", "Returns"),
        ("<title>Acme – Returns</title><meta property='og:site_name' content='Acme'>", "<p>text</p>", "Returns"),
        ("<title>x – Acme</title>", "<h1>Returns</h1><p>text</p>", "Returns"),
        ("<title>Two-year warranty</title>", "<p>text</p>", "Two-year warranty"),
        ("<title>Questions – Acme</title>", "<h1>How?</h1><p>So.</p><h1>Why?</h1><p>Thus.</p>", "Questions"),
        ("", "<p>text</p>", None),
    ],
)
def test_the_title_is_the_pages_and_not_the_sites(head: str, inner: str, title: str | None) -> None:
    page = read(f"<html><head>{head}</head><body><main>{inner}</main></body></html>")
    assert page.fields.get("title") == title


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ("<details><summary>Who pays?</summary><p>You.</p></details>", [("Who pays?", "You.")]),
        ("<details><summary><h3>Who pays?</h3></summary>You.</details>", [("Who pays?", "You.")]),
        ("<dl><dt>Who pays?</dt><dd>You.</dd><dt>Why?</dt><dd>So.</dd></dl>", [("Who pays?", "You."), ("Why?", "So.")]),
        ("<p><strong>Who pays?</strong></p><p>You.</p>", [("Who pays?", "You.")]),
        ("<h3><button aria-expanded='false'>Who pays?</button></h3><div>You.</div>", [("Who pays?", "You.")]),
        ("<button aria-expanded='false' aria-controls='a'>Who pays?</button><div id='a' hidden>You.</div>",
         [("Who pays?", "You.")]),
        ("<input type=checkbox id=x><label for=x>Who pays?</label><div class=answer style='display:none'>You.</div>",
         [("Who pays?", "You.")]),
        ("<h2>Who pays?</h2><h3>Inside</h3><p>You.</p>", [("Who pays?", "**Inside**\n\nYou.")]),
    ],
)  # fmt: skip
def test_questions_are_found_however_the_page_folds_them(inner: str, found: list[tuple[str, str]]) -> None:
    passages = faq.parse_page(read(f"<html><body><main>{inner}</main></body></html>")).passages
    assert [(passage.title, passage.text.strip()) for passage in passages] == found


def test_what_follows_a_folded_answer_is_not_part_of_it() -> None:
    inner = "<h2>Costs</h2><details><summary>Who pays?</summary>You.</details><p>Prices are in euros.</p>"
    assert body(inner) == ["## Costs", "Prices are in euros.", "Q: Who pays?", "You."]


def test_terms_that_ask_nothing_stay_a_list() -> None:
    assert body("<dl><dt>Weight</dt><dd>2 kg</dd><dt>Colour</dt><dd>red</dd><dd>blue</dd></dl>") == [
        "- **Weight**: 2 kg", "- **Colour**: red blue",
    ]  # fmt: skip


def test_a_cell_over_several_rows_or_columns_keeps_the_others_below_their_heads() -> None:
    table = (
        "<table><tr><th>Zone</th><th>Days</th><th>Price</th></tr>"
        "<tr><td rowspan=2>EU</td><td>3</td><td>€5</td></tr><tr><td>4</td><td>€6</td></tr>"
        "<tr><td>US</td><td colspan=2>ask us</td></tr></table>"
    )
    assert body(table)[2:] == ["| EU | 3 | €5 |", "| EU | 4 | €6 |", "| US | ask us |  |"]


def test_a_table_that_only_arranges_the_page_is_unfolded() -> None:
    assert body("<table><tr><td><h2>Left</h2><p>one</p></td><td><h2>Right</h2><p>two</p></td></tr></table>") == [
        "## Left", "one", "## Right", "two",
    ]  # fmt: skip
    assert body("<table role=presentation><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>") == list(
        "abcd"
    )


def test_a_cell_of_several_paragraphs_is_one_line() -> None:
    rows = "<tr><th>a</th><th>b|c</th></tr><tr><td><p>One.</p><p>Two</p></td><td><ul><li>x<li>y</ul></td></tr>"
    table = f"<table>{rows}</table>"
    assert body(table) == ["| a | b/c |", "|---|---|", "| One. Two | x; y |"]


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        ("<p>a<br>b</p>", ["a", "b"]),
        ("<p>10 m<sup>2</sup></p>", ["10 m²"]),
        ("<p># no heading</p>", ["no heading"]),
        ("<p>```</p><h2>A</h2><p>b</p>", ["## A", "b"]),
        ("<p>---</p><p>a</p>", ["a"]),
        ("<p>&gt; no quotation</p>", ["no quotation"]),
        ("<blockquote>quoted</blockquote>", ["quoted"]),
        ("<ol start=3><li>c<li>d</ol>", ["3. c", "4. d"]),
        ("<p><a href='javascript:alert(1)'>press</a></p>", ["press"]),
        ("<p><a href='#below'>below</a></p>", ["below"]),
        ("<p><a href='https://x.y'>https://x.y</a></p>", ["https://x.y"]),
        ("<p>was <del>30</del> 14 days</p>", ["was 14 days"]),
        ("<p>a\u00adb &nbsp; c</p>", ["ab c"]),
        ("<pre>a\n```\nb</pre>", ["````", "a", "```", "b", "````"]),
        ("<div>one<div>two</div>three</div>", ["one", "two", "three"]),
        ("<p>Did this help? Then <span>share</span> it.</p>", ["Did this help? Then share it."]),
        ("<td>Yes</td>", ["Yes"]),
    ],
)
def test_small_things_are_written_as_they_are_meant(inner: str, shown: list[str]) -> None:
    assert body(inner) == shown


@pytest.mark.parametrize(
    "inner",
    [
        "<section id='cookies'><h2>Cookies</h2><p>{}</p></section>",
        "<div class='sidebar-layout sidebar'><p>{}</p></div>",
        "<form action='/x'><p>{}</p><input></form>",
        "<div class='content' aria-hidden='true'><p>{}</p></div>",
        "<div class='comments'><h2>Comments we make on orders</h2><p>{}</p></div>",
        "<aside class='note'><p>{}</p></aside><p>More.</p>",
        "<section><header><h2>Title</h2><p>{}</p></header></section>",
    ],
)
def test_content_is_kept_whatever_it_is_called(inner: str) -> None:
    text = "We send every order within two working days, and tell you when we have. " * 5
    assert text.strip() in body(inner.format(text))


NESTED = ["div", "b", "span", "ul><li", "table><tr><td", "blockquote", "details", "dl><dd", "font", "section"]


@pytest.mark.parametrize("tag", NESTED)
def test_what_is_nested_deeper_than_anyone_writes_is_still_read(tag: str) -> None:
    started = time.process_time()
    page = read("<p>before</p>" + f"<{tag}>" * 400 + "deep inside")
    assert "before" in page.text
    assert "deep inside" in page.text
    assert time.process_time() - started < 10


@pytest.mark.parametrize("tag", NESTED)
def test_what_is_nested_without_end_is_refused_and_not_read_in_part(tag: str) -> None:
    with pytest.raises(Unreadable, match="nested too deeply"):
        read("<p>before</p>" + f"<{tag}>" * 50_000 + "deep inside")


@pytest.mark.parametrize(
    "html",
    ["", "<html></html>", "<!doctype html><html><body><script>x()</script><nav>a</nav></body></html>", "<!-- -->"],
)
def test_a_page_without_text_is_said_to_be_one(html: str) -> None:
    with pytest.raises(Unreadable, match="no text in this web page"):
        read(html)


def test_a_page_is_read_in_the_encoding_it_names() -> None:
    page = "<html><head><meta charset={}></head><body><h1>{}</h1><p>x</p></body></html>"
    assert read(page.format("gb2312", "怎么退货").encode("gb18030")).fields["title"] == "怎么退货"
    assert read(page.format("iso-8859-1", "“Größe”").encode("cp1252")).fields["title"] == "“Größe”"
    assert read(page.format("iso-8859-1", "Größe").encode()).fields["title"] == "Größe"  # it says so wrongly
    assert read(page.format("utf-16", "Größe").encode("utf-16")).fields["title"] == "Größe"


@pytest.mark.parametrize(
    ("path", "data", "is_read"),
    [
        ("a.html", b"<p>x</p>", True), ("a.html", b"# Markdown", False), ("a.txt", b"<!DOCTYPE html><p>", True),
        ("a", b"\n<html lang=en>", True), ("a.md", b"<div>x</div>", False), ("a.txt", b"<p>x</p>", True),
        ("a.txt", b"a < b", False), ("a.htm", "<html>".encode("utf-16"), True),
    ],
)  # fmt: skip
def test_pages_are_known_by_what_is_in_them(path: str, data: bytes, is_read: bool) -> None:
    assert Html().reads(path, data) is is_read


BESIDE = ["<a href=x>", "<p>a", "<h2>Related articles</h2>", "<div class=share>a</div>", "<li>Was this helpful?"]


@pytest.mark.parametrize("unit", BESIDE)
def test_ten_thousand_elements_beside_each_other_are_read_in_seconds(unit: str) -> None:
    started = time.process_time()
    read("<p>before</p>" + unit * 10_000)
    assert time.process_time() - started < 10


PARTS = (
    "<p> </p> <td> <table> </table> <ul> <li> <dl> <dt> <dd> <details> <summary> <tr> a? b <h2> </h2> <b> <!-- --> & "
    "<body> <rowspan=2> <pre> <form> <article> <aside>"
).split(" ")


@given(st.lists(st.sampled_from([*PARTS, "\n", "<a href=x>", "<td rowspan=3 colspan=2>"]), max_size=40))
def test_any_page_at_all_is_read_or_refused(parts: list[str]) -> None:
    try:
        page = read("<html>" + "".join(parts))
    except Unreadable:
        return
    assert len(page.places) == len(page.text.split("\n"))


def test_what_unfolds_a_part_of_the_page_is_no_question() -> None:
    assert body("<details><summary>Show more</summary><p>Hidden at first.</p></details>") == ["Hidden at first."]
    assert body("<h2>Costs <a href='#costs'>§</a><button>Copy link</button></h2><p>None.</p>") == ["## Costs", "None."]
    assert body("<dl><dt>free_<wbr>delivery</dt><dd>yes</dd></dl>") == ["- **free_delivery**: yes"]


HELP_CENTRE = """<!doctype html><html lang="en-US"><head><title>How do I return it? – Acme Help</title></head><body>
<a class="skip-navigation" href="#main-content">Skip to main content</a>
<main role="main"><div class="sub-nav"><ol class="breadcrumbs"><li>Returns</li></ol></div>
<aside class="article-sidebar"><h2>Articles in this section</h2><ul><li><a href="/b">Refunds</a></li></ul></aside>
<article id="main-content"><header class="article-header"><h1>How do I return it?</h1>
<div class="article-author"><a href="/jane">Jane</a><div class="meta-data">Updated 3 months ago</div></div>
<button class="article-subscribe">Follow</button></header>
<div class="article-body"><p>You have 30 days.</p><div class="callout warning"><p>Not for gift cards.</p></div></div>
<section class="article-votes">
<h2>Was this article helpful?</h2><span>12 out of 15 found this helpful</span></section>
<div class="article-more-questions">Have more questions? <a href="/new">Submit a request</a>
</div><div class="article-relatives"><h2>Related articles</h2><ul><li><a href="/r">Refunds</a></li></ul></div>
<div class="article-comments"><h2>Comments</h2><p>0 comments</p></div></article></main></body></html>"""
SHOP = """<html lang="de"><head><title>Fragen | Shop</title></head><body>
<div id="shopify-section-header"><a href="/">Shop</a><p>Jetzt 10 % sparen</p></div><div class="page-width">
<h1>Fragen</h1>
<div class="faq-question">Was kostet der Versand?</div>
<div class="faq-answer" style="display:none">Ab 50 € nichts.</div>
<h3 class="accordion__title"><button aria-expanded="false" aria-controls="p1">Wie lange dauert er?</button></h3>
<div id="p1" role="region" hidden>2–3 Tage.</div></div>
<div id="shopify-section-footer"><p>Newsletter abonnieren</p><ul><li><a href="/imp">Impressum</a></li></ul>
</div></body></html>"""


def test_pages_of_help_centres_and_shops_are_read_as_they_are_built() -> None:
    assert read(HELP_CENTRE).text == "# How do I return it?\n\nYou have 30 days.\n\nNot for gift cards."
    passages = faq.parse_page(read(SHOP)).passages
    assert [(one.title, one.text) for one in passages] == [
        ("Was kostet der Versand?", "Ab 50 € nichts."), ("Wie lange dauert er?", "2–3 Tage."),
    ]  # fmt: skip


def test_where_lines_are_no_longer_counted_none_is_said() -> None:
    page = read("<html><body><main>" + "<p>line\n</p>" * 66_000 + "<h2>Last</h2></main></body></html>")
    assert page.places[0] == "a.html:1"
    assert page.places[65_000 * 2] == "a.html:65001"
    assert page.places[-1] == "a.html"
