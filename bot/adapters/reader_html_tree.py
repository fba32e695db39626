"""HTML → its elements, each with the line it stands on."""

import re

from lxml import etree, html
from lxml.html import HtmlElement

from bot.content import Unreadable

_NO_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def tree(text: str) -> HtmlElement:
    """Forgiving, as browsers are. Raises Unreadable for what is nested so deep that the parser would leave it out."""
    # Characters that XML has no place for are left out; what the page says of its encoding is no longer true.
    kept = _NO_CHARACTERS.sub("", text)
    parser = html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = html.document_fromstring(kept.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        raise Unreadable("there is no text in this web page") from None
    if any("depth" in error.message.lower() for error in parser.error_log.filter_from_errors()):
        raise Unreadable("the elements of this web page are nested too deeply")
    return root


def fragment(text: str) -> HtmlElement:
    """A piece of a page. One line of it is one line of the tree."""
    root = tree(f"<!doctype html><body>{text}</body>")
    return next(root.iter("body"), root)
