"""Text → tokens: one spelling of what looks the same, then words, numbers, links, times and ideographs."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot import measures

CJK = "\u3400-\u9fff\uf900-\ufaff"
CJK_CHARACTER = re.compile(f"[{CJK}]")
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff\ufe00-\ufe0f]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MARKUP = re.compile(r"\*\*|__|`|(?<![^\s(])[*_](?=\S)|(?<=\S)[*_](?![^\s.,;:!?)])")
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\(([^()\s]{0,500})\)")
_LETTERS = {ord(a): b for a, b in zip("‘’‚‛′“”„‟″‐‑‒–—―−～〜", "'" * 5 + '"' * 5 + "-" * 7 + "~~", strict=True)}


def has_controls(text: str) -> bool:
    """Characters that make a text look other than it reads."""
    return bool(_BIDI.search(text) or _CONTROL.search(text))


def clean(text: str) -> str:
    """One spelling of everything that looks the same; Markdown off; ASCII digits."""
    text = _BIDI.sub("", _INVISIBLE.sub("", text.replace("\u2026", "...")))
    text = unicodedata.normalize("NFKC", text.translate(_LETTERS)).translate(_LETTERS)
    text = _MARKUP.sub("", _LINK.sub(r"\1 \2", text))
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if not c.isascii() and c.isdecimal() else c for c in text)


# ── tokens ──

NUMERAL = "零〇一二两三四五六七八九十百千万"
_CJK_UNIT = "|".join(
    sorted((u for u in (*measures.UNITS, *measures.CURRENCIES) if re.match(f"[{CJK}]", u)), key=len, reverse=True)
)
_UNTIL_BLANK = rf"[^\s<>\"'()\[\]|{CJK}\u3000-\u303f\uff00-\uffef]"
_CLASSIFIER = "[张位名台种项份笔箱款双条本封家人层套步个]"
# Possessive and bounded throughout: no input makes it go back far.
_TOKEN = re.compile(
    rf"""
      (?P<email>[\w.+%-]{{1,64}}+@(?:[A-Za-z0-9-]{{1,63}}+\.?+){{1,6}}+)
    | (?P<url>
          (?:https?://|www\.){_UNTIL_BLANK}++
        | (?:[A-Za-z0-9-]{{1,63}}+\.(?=[A-Za-z0-9])){{1,5}}+[A-Za-z]{{2,24}}+(?![A-Za-z0-9])(?:/{_UNTIL_BLANK}*+)?
      )
    | (?P<date>
          (?<![\d.])(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[./]\d{{1,2}}[./](?:\d{{4}}|\d\d))(?![\d-])
        | (?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}[日号]
      )
    | (?P<time>
          (?<![\d:])\d{{1,2}}:\d{{2}}(?:\s?[apAP]\.?[mM]\b\.?)?(?![\d:])
        | (?<![\d.])\d{{1,2}}(?:\.\d\d)?\s?[apAP]\.?[mM]\b\.?
        | (?:上午|下午|晚上|早上|中午|凌晨)?(?<![\d.])\d{{1,2}}[点时](?:\d{{1,2}}分|半|整)?(?!间)
      )
    | (?P<phone>
          \+\d[\d ()./-]{{6,20}}\d
        | (?<![A-Za-z0-9_.])\(?0\d{{1,4}}\)?[ /-]\d[\d -]{{3,12}}\d(?![A-Za-z0-9_]|:\d|\s?[apAP]\.?[mM]\b)
        | (?<![A-Za-z0-9_.-])\d{{3,4}}[-. ]\d{{3,4}}[-. ]\d{{4}}(?![A-Za-z0-9_-])
      )
    | (?P<number>
          (?<![A-Za-z\d_-])(?<![A-Za-z]-)\d{{1,3}}(?:([., '])\d{{3}})(?:\2\d{{3}}){{0,6}}(?:[.,]\d{{1,2}})?(?!\d)
        | (?<![A-Za-z_])(?<![A-Za-z]-)\d++(?:[.,]\d++)?
      )
    | (?P<code>[A-Za-z]{{1,12}}+-?\d[A-Za-z0-9]*+(?:-[A-Za-z0-9]{{1,20}}+){{0,6}})
    | (?P<numeral>
          [{NUMERAL}]{{1,9}}+(?!分之)
          (?:(?=\s?(?:个|多个|余)?(?:{_CJK_UNIT}|月|号|日))|(?<=[二两三四五六七八九十百千万])(?={_CLASSIFIER}))
      )
    | (?P<han>[{CJK}])
    | (?P<word>[^\W\d_{CJK}]++(?:'[^\W\d_{CJK}]++)*+(?:-[^\W\d_{CJK}]++)*+)
    | (?P<sign>US\$|[€$£¥₹₩₺₽%°])
    | (?P<mark>[^\w\s])
    """,
    re.VERBOSE,
)


_COMES_APART = {*measures.WEEKDAYS, *measures.MONTHS, *measures.NUMBER_WORDS, *measures.UNITS, "non"} - {
    "in",
    "min",
    "m",
    "h",
}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str  # as written, after cleaning
    low: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The tokens of cleaned text. Hyphenated numbers ("30-day") come apart, other hyphenated words stay whole."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, written = match.lastgroup or "mark", match[0]
        if kind in ("url", "email"):
            written = written.rstrip(".,;:!?-~*")
        end = match.start() + len(written)
        token = Token(kind, written, written.lower(), match.start(), end)
        found += _apart(token) if kind == "word" and "-" in written else (token,)
        found += (Token("mark", mark, mark, n, n + 1) for n, mark in enumerate(match[0][len(written) :], start=end))
    return found


def _apart(token: Token) -> Iterator[Token]:
    """ "Mon-Fri", "thirty-day" and "non-refundable" are several words; "over-ear" and "twenty-one" are one."""
    parts = token.low.split("-")
    if all(part in measures.NUMBER_WORDS for part in parts) or not any(part in _COMES_APART for part in parts):
        yield token
        return
    start = token.start
    for n, part in enumerate(token.text.split("-")):
        if n:
            yield Token("mark", "-", "-", start - 1, start)
        yield Token("word", part, part.lower(), start, start + len(part))
        start += len(part) + 1


def written(found: Sequence[Token]) -> str:
    """Tokens as they stood in the text."""
    gaps = [" " if a.end < b.start else "" for a, b in pairwise(found)]
    return "".join(token.text + gap for token, gap in zip(found, [*gaps, ""], strict=True))
