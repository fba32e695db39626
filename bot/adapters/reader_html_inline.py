"""HTML inside a line → our Markdown: emphasis, code, links with their address."""

import re
from collections.abc import Callable

from lxml.etree import iterwalk
from lxml.html import HtmlElement

DEEPEST = 200  # elements inside each other; what is nested deeper is taken as plain text
BREAK = "\v"  # a line break, until the lines are parted
DROPPED = frozenset(
    "audio canvas embed head iframe img input map math meta noscript object picture script select source style svg"
    " template textarea title track video link".split()
)
_WITHIN = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i ins kbd mark q s samp small span strike strong sub sup time tt u"
    " var wbr".split()
)
_SPACE = re.compile(r"[ \t\n\r\f\u00a0\u2002-\u200a\u202f\u3000]+")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LONGEST_ADDRESS = 2000


def flat(text: str) -> str:
    """One blank for any run of them, and no soft hyphens: as a browser shows it."""
    return _SPACE.sub(" ", text.replace("\u00ad", "").replace(BREAK, " ")).strip()


def said(element: HtmlElement) -> str:
    """All text of an element in one line, unmarked."""
    if element.tag in DROPPED:
        return ""
    return flat("".join(_texts(element)) if len(element) else element.text or "")


def _texts(element: HtmlElement) -> list[str]:
    parts: list[str] = []
    hidden = 0
    for event, one in iterwalk(element, events=("start", "end")):
        dropped = one.tag in DROPPED
        if event == "start":
            hidden += dropped
            parts += ["" if one.tag in _WITHIN else " ", one.text or ""] * (not hidden)
        else:
            hidden -= dropped
            parts += ["" if one.tag in _WITHIN else " ", one.tail or ""] * (not hidden and one is not element)
    return parts


def inline(element: HtmlElement, depth: int = 0) -> str:
    """Text within a line: emphasis and code are marked, a link is `[text](address)`, a break is a new line."""
    tag = element.tag
    if not isinstance(tag, str) or tag in DROPPED:
        return ""
    if tag == "br":
        return BREAK
    if depth > DEEPEST:
        return said(element)
    text = "".join([element.text or "", *(inline(child, depth + 1) + (child.tail or "") for child in element)])
    return _MARKS.get(tag, _unmarked)(text, element)


def _unmarked(text: str, element: HtmlElement) -> str:
    return text


def _wrapped(mark: str) -> Callable[[str, HtmlElement], str]:
    def wrap(text: str, element: HtmlElement) -> str:
        core = text.strip()
        if not any(map(str.isalnum, core)) or mark in core or BREAK in core:
            return text
        start = text.index(core)
        return f"{text[:start]}{mark}{core}{mark}{text[start + len(core) :]}"

    return wrap


def _link(text: str, element: HtmlElement) -> str:
    address, shown = (element.get("href") or "").strip(), flat(text)
    scheme = re.match(r"[a-z][a-z0-9+.-]{0,20}:", address, re.I)
    if not shown or not address or address.startswith("#") or len(address) > _LONGEST_ADDRESS:
        return text
    if (scheme and scheme[0].lower() not in _SCHEMES) or re.search(r"[\s()<>\[\]]", address):
        return text
    if _bare(address) == _bare(shown):
        return text  # it is its own text already
    return f"[{shown.replace('[', '(').replace(']', ')')}]({address})"


_SCHEMES = frozenset({"http:", "https:", "mailto:", "tel:"})


def _bare(address: str) -> str:
    return re.sub(r"\W", "", re.sub(r"^(?:https?://|mailto:|tel:)", "", address.lower()))


_MARKS: dict[str, Callable[[str, HtmlElement], str]] = {
    "b": _wrapped("**"), "strong": _wrapped("**"), "i": _wrapped("_"), "em": _wrapped("_"), "code": _wrapped("`"),
    "kbd": _wrapped("`"), "samp": _wrapped("`"), "tt": _wrapped("`"), "a": _link,
    "sup": lambda text, element: text.translate(_RAISED) if text.strip().isdigit() else text,
    "q": lambda text, element: f"“{text}”", "del": lambda text, element: "", "s": lambda text, element: "",
    "strike": lambda text, element: "",
}  # fmt: skip
