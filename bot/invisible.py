"""Characters nobody sees: what a text carries to be read otherwise than it looks, or to carry more than it shows.

Lines are kept, so that a place in the text stays the place it was. What writing needs stays too: the joiners inside
words of Persian or Hindi, and those, the variation selector and the tags that make one emoji of several characters.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

ZERO_WIDTH, DIRECTION, TAG, HYPHEN = "zero-width character", "direction control", "tag character", "soft hyphen"
SELECTOR, CONTROL, OTHER = "variation selector", "control character", "invisible character"

_JOINERS = "\u200c\u200d"
_BLANK_CONTROLS = frozenset("\x0b\x0c\x1c\x1d\x1e\x1f\x85")  # they part words and pages: a blank goes on doing that
_NAMES = (
    (ZERO_WIDTH, "\u200b-\u200d\u2060\ufeff\u180e"),
    (DIRECTION, "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"),
    (TAG, "\U000e0000-\U000e007f"),
    (HYPHEN, "\u00ad"),
    (SELECTOR, "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"),
    (CONTROL, "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"),
    # Format characters, fillers and what Unicode says to show as nothing; halves of characters, and no characters.
    (OTHER, "\u034f\u115f\u1160\u17b4\u17b5\u2061-\u2065\u206a-\u206f\u3164\uffa0\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff"
            "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"),
)  # fmt: skip
_INVISIBLE = re.compile(f"[{''.join(signs for _, signs in _NAMES)}]+")
_NAMED = tuple((name, re.compile(f"[{signs}]")) for name, signs in _NAMES)

_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_KEYCAP = "\u20e3"
_BLACK_FLAG = "\U0001f3f4"
_COUNTRY = re.compile(  # England, Scotland, Wales: letters spelled in tags behind a black flag
    "\U000e0067\U000e0062"
    "(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_MONGOLIAN = re.compile("[\u1820-\u18aa]")
# Arabic to N'Ko and its extensions, the scripts of India, Myanmar, Khmer, Mongolian: their joiners change letters.
_JOINING = re.compile("[\u0620-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1820-\u18aa\ufb50-\ufdcf\ufe70-\ufefc]")


def without_invisible(text: str) -> tuple[str, Mapping[str, int]]:
    """`text` as it looks, and how many characters of which kind were taken out. Doing it again changes nothing."""
    if not _INVISIBLE.search(text):
        return text, {}
    kept: list[str] = []
    removed: Counter[str] = Counter()
    done = 0
    for run in _INVISIBLE.finditer(text):
        kept.append(text[done : run.start()])
        done = run.end()
        kept += _kept_of(run[0], text[run.start() - 1 : run.start()], text[done : done + 1], removed)
    kept.append(text[done:])
    return "".join(kept), {name: n for name, n in removed.items() if n}


def _kept_of(run: str, before: str, after: str, removed: Counter[str]) -> Iterator[str]:
    """What stays of a run of invisible characters between two that are seen."""
    country = _COUNTRY.match(run) if before == _BLACK_FLAG else None
    if country:
        yield country[0]
        run, before = run[country.end() :], country[0][-1]
    for sign, following in zip(run, run[1:] + (after or " "), strict=False):
        stays = sign if _is_needed(sign, before, following) else _instead(sign)
        removed[_name(sign)] += stays != sign
        before = stays or before
        yield stays


def _is_needed(sign: str, before: str, after: str) -> bool:
    """Whether `sign` makes one character of what stands before and after it. Never two in a row."""
    if sign in _JOINERS and _JOINING.match(before):
        return True
    if sign == "\u200d":
        return bool(_EMOJI.match(before) or before == "\ufe0f") and bool(_EMOJI.match(after))
    if sign in "\ufe0e\ufe0f":
        is_keycap = sign == "\ufe0f" and after == _KEYCAP and bool(re.match("[0-9#*]", before))
        return is_keycap or bool(_EMOJI.match(before))
    if "\ufe00" <= sign <= "\ufe02" or "\U000e0100" <= sign <= "\U000e01ef":
        return bool(_IDEOGRAPH.match(before))
    return sign in "\u180b\u180c\u180d\u180f" and bool(_MONGOLIAN.match(before))


def _instead(sign: str) -> str:
    return " " if sign in _BLANK_CONTROLS else ""


@cache
def _name(sign: str) -> str:
    return next(name for name, signs in _NAMED if signs.match(sign))


def counted(removed: Mapping[str, int]) -> str:
    """ "2 zero-width characters and 1 soft hyphen"."""
    parts = [f"{n} {name}{'s' * (n != 1)}" for name, n in removed.items()]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
