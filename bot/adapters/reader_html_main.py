"""What of a saved web page is its content: navigation, banners, forms and what is hidden are taken off."""

import re
from collections.abc import Iterator
from itertools import islice

from lxml.html import HtmlElement

from bot.adapters.reader_html_inline import said

_NEVER = ("nav", "footer", "dialog", "noscript")
_ROLES = frozenset("navigation banner contentinfo search complementary dialog alertdialog menu menubar toolbar".split())
_NOTE = re.compile(r"\b(?:note|notice|warning|tip|info|important|caution|callout|admonition|alert)\b")
# Words of class names, joined by one blank: "article-votes" and "articleVotes" are both "article votes".
_NOISE = re.compile(
    r"\b(?:breadcrumbs?|bread crumbs?|cookies? (?:banner|bar|consent|notice|popup|overlay|law|policy banner|message)|"
    r"cookiebanner|cookieconsent|onetrust|gdpr|consent (?:banner|manager)|social (?:share|links|icons|media)|"
    r"share (?:buttons?|links?|bar|icons?|this)|article share|sharing|addtoany|addthis|"
    r"related (?:articles?|posts?|links?|content|topics|questions|products|reading)|article relatives|"
    r"recent(?:ly viewed)? articles?|article (?:author|meta|votes?|feedback|comments?|footer|return to top|subscribe)|"
    r"(?:was this )?helpful|feedback (?:form|widget|buttons?)|newsletter|subscribe|side ?bar|side ?nav|"
    r"toc|table of contents|on this page|pagination|pager|prev(?:ious)? next|skip (?:link|nav|to content|to main)|"
    r"sr only|visually hidden|screen reader text|comments?(?: list| form| section)?|disqus|adverts?|advertisement|"
    r"ad slot|nav ?bar|nav menu|main menu|mega menu|navigation|site (?:header|footer|nav)|"
    r"page footer|popup|lightbox|edit link|headerlink|print only|"
    r"byline|(?:post|entry) (?:meta|date|author)|author bio)\b"
)
_NOISE_ALONE = frozenset({"share", "social", "ads", "ad", "menu", "nav", "footer", "sidebar", "promo", "modal"})
_LEFT_OUT_BELOW = re.compile(
    r"(?:related (?:articles?|posts?|topics|content|questions|reading|links)|recently viewed(?: articles)?|"
    r"you (?:may|might) also like|share this(?: (?:article|page|post))?|on this page|table of contents|"
    r"articles in this section|comments|相关文章|相关问题|相关阅读|猜你喜欢|分享到|目录)[\s:：.…]*",
    re.I,
)
_ASIDE = re.compile(
    r"(?:(?:was|is|did|have) (?:this|you) [^?]{0,40}(?:helpful|useful|find (?:this|it) helpful|answer your question)\??"
    r"(?:\s*(?:yes|no|👍|👎|/)){0,4}|"
    r"\d+ out of \d+ found this helpful|(?:这篇文章|此文章?|本文|以上内容)[^？?]{0,12}(?:帮助|有用)[^？?]{0,6}[？?]?|"
    r"have more questions\? submit a request\.?|(?:return|back) to top|skip to (?:main )?content|"
    r"返回顶部|\d+ comments?)",
    re.I,
)
_PRESSED = re.compile(r"(?:share|facebook|twitter|linkedin|x|e-?mail|copy link|yes|no|print|是|否|有|没有)", re.I)
_BUTTON = re.compile(r"\b(?:btn|button|vote|share)\b")
_CONTENT = (
    "//*[@itemprop='articleBody']", "//main", "//*[@role='main']", "//article",
    "//*[@id='main-content' or @id='content' or @id='main' or @id='mw-content-text' or @id='page-content']",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' article-body ')]",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' entry-content ')]",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' post-content ')]",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' markdown-body ')]",
)  # fmt: skip
_ENOUGH = 0.5  # of a page's text: what holds less is not its content, whatever it is called
_MOST_OF_IT = 0.85


def main_content(root: HtmlElement) -> HtmlElement:
    """The element that holds the content; everything else inside it is gone from the tree."""
    body = next(root.iter("body"), root)
    _take_off(body)
    whole = _weight(body)
    for where in _CONTENT:
        found = [element for element in root.xpath(where) if _weight(element) >= _ENOUGH * whole]
        if found:
            return max(found, key=_weight) if len(found) > 1 else found[0]
    return _densest(body, whole)


def _densest(body: HtmlElement, whole: int) -> HtmlElement:
    """Down from the body for as long as one child holds nearly all of the text that is not links."""
    element = body
    while True:
        heaviest = max((child for child in element if isinstance(child.tag, str)), key=_weight, default=None)
        if not whole or heaviest is None or heaviest.tag in ("p", "ul", "ol", "table", "dl", "details", "pre", "tbody"):
            return element
        if _weight(heaviest) < _MOST_OF_IT * whole or next(element.iter("h1"), None) not in (
            None,
            *heaviest.iter("h1"),
        ):
            return element
        element = heaviest


def _weight(element: HtmlElement) -> int:
    """Characters of text outside links."""
    return len(said(element)) - sum(len(said(link)) for link in element.iter("a"))


def _take_off(body: HtmlElement) -> None:
    for button in list(body.iter("button")):
        heading = next(button.iterancestors("h1", "h2", "h3", "h4", "h5", "h6"), None)
        if heading is not None and said(heading) != said(button):
            button.drop_tree()  # what copies or folds the heading; one that is the heading stays
    whole = len(said(body))
    opened = _opened_by_something(body)
    for element in list(body.iter()):
        if not isinstance(element.tag, str) or element is body or element.getparent() is None:
            continue
        if _is_noise(element, opened) and not _holds_the_page(element, whole):
            element.drop_tree()
    for heading in list(body.iter("h1", "h2", "h3", "h4", "h5", "h6")):
        if _LEFT_OUT_BELOW.fullmatch(said(heading)[:80]):
            _drop_section(heading)
    for element in list(body.iter("p", "div", "span", "li", "legend", "h2", "h3", "h4", "h5", "strong", "a")):
        if element.getparent() is not None and _is_aside(element):
            element.drop_tree()


def _is_aside(element: HtmlElement) -> bool:
    """“Was this helpful?” and its kind. A word of a sentence, of an answer or of a cell is none, whatever it says."""
    if len(list(islice(element.iter(), 13))) > 12:
        return False
    text = said(element)
    if not 0 < len(text) < 90:
        return False
    if _PRESSED.fullmatch(text):
        return element.get("role") == "button" or bool(_BUTTON.search(_words(element.get("class", ""))))
    inside = any(above.tag in ("td", "th", "dd", "details") for above in element.iterancestors())
    return not inside and element.tag not in ("span", "strong", "a") and bool(_ASIDE.fullmatch(text))


def _holds_the_page(element: HtmlElement, whole: int) -> bool:
    """Nothing that holds much of the text is noise: whole sites stand in a form, or in a class called sidebar."""
    if element.tag in ("main", "article", "h1") or next(element.iter("main"), None) is not None:
        return True
    return 2 * len(said(element)) > whole and _weight(element) > 200


def _is_noise(element: HtmlElement, opened: frozenset[str]) -> bool:
    if element.tag in _NEVER or element.get("role", "").lower() in _ROLES:
        return True
    if element.tag == "header":
        return next(element.iterancestors("main", "article", "section"), None) is None
    if element.tag in ("div", "section") and _is_edge_of_page(element):
        return True
    if element.tag == "aside":
        return not _NOTE.search(_words(element.get("class", "")))
    if element.tag == "form":
        return True
    return _is_hidden(element, opened) or _is_called_noise(element)


def _is_edge_of_page(element: HtmlElement) -> bool:
    """Shop systems call the head and foot of a page so, high up in it, and write them without elements of their own."""
    named = _words(f"{element.get('id', '')} {element.get('class', '')}")
    if (
        not re.search(r"\b(?:header|footer|announcement bar)\b", named)
        or len(list(islice(element.iterancestors(), 6))) > 5
    ):
        return False
    return next(element.iter("h1"), None) is None or next(element.iter("nav"), None) is not None


def _is_hidden(element: HtmlElement, opened: frozenset[str]) -> bool:
    """Not what an accordion opens: such an answer is hidden until it is asked for."""
    style = re.sub(r"\s", "", element.get("style", "")[:500].lower())
    hidden = "display:none" in style or "visibility:hidden" in style or element.get("hidden") is not None
    if not hidden and element.get("aria-hidden", "").lower() != "true":
        return False
    return (
        element.get("id", "") not in opened
        and element.get("role") not in ("region", "tabpanel")
        and not _answers(element)
    )


def _answers(element: HtmlElement) -> bool:
    words = _words(element.get("class", ""))
    return bool(re.search(r"\b(?:accordion|answer|collapse|collapsible|panel|faq|toggle|content)\b", words))


def _opened_by_something(body: HtmlElement) -> frozenset[str]:
    names = ("aria-controls", "data-target", "data-bs-target", "href", "for")
    found = (element.get(name, "") for element in body.iter() if isinstance(element.tag, str) for name in names)
    return frozenset(part.lstrip("#") for value in found for part in value.split() if part.lstrip("#"))


def _is_called_noise(element: HtmlElement) -> bool:
    if element.tag in (
        "body",
        "html",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "td",
        "th",
        "li",
        "dt",
        "dd",
        "details",
    ):
        return False
    names = element.get("class", "")
    if _NOISE.search(_words(names)) or _NOISE_ALONE & set(names.lower().split()):
        return not _has_own_heading(element)
    # An id may be what a heading is linked by: only what is no subject of a policy counts.
    return bool(
        re.match(
            r"(?:onetrust|cookie-?(?:banner|consent|bar)|breadcrumbs?$|sidebar$|disqus)", element.get("id", ""), re.I
        )
    )


def _has_own_heading(element: HtmlElement) -> bool:
    """A section about comments or newsletters has a heading and text below it: that is content."""
    heading = next(element.iter("h1", "h2"), None)
    if heading is None or _LEFT_OUT_BELOW.fullmatch(said(heading)[:80]) or _ASIDE.fullmatch(said(heading)[:90]):
        return False
    return _weight(element) > 200


def _words(names: str) -> str:
    return re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", names[:500])).lower()


def _drop_section(heading: HtmlElement) -> None:
    """A heading with what follows it up to the next, when that is a list of links."""
    following = list(_up_to_next(heading))
    text = sum(len(said(element)) for element in following)
    links = sum(len(said(link)) for element in following for link in element.iter("a"))
    if 2 * links >= text or text < 80:
        for element in (heading, *following):
            element.drop_tree()


def _up_to_next(heading: HtmlElement) -> Iterator[HtmlElement]:
    for element in heading.itersiblings():
        if isinstance(element.tag, str):
            if re.fullmatch(r"h[1-6]", element.tag) and element.tag <= heading.tag:
                return
            yield element
