"""Personal data taken out of a text before it goes to somebody else's machine, and put back into what comes from there.

Wider than `personal`, which looks for what should not stand on a public page: here anything that may be somebody's is
taken, and nothing is lost by one too many, for it comes back. Order numbers and the like stay, as they are what is
asked about.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.personal import IBAN_LENGTHS, is_chinese_id, is_luhn, personal

LONGEST = 24  # characters of a placeholder: what is longer is none
_PLACEHOLDER = re.compile(r"\[([A-Z]+(?:-[A-Z]+)?-\d+)\]")
_OPEN = re.compile(rf"\[[A-Z0-9-]{{0,{LONGEST - 2}}}\Z")
_RESERVED = re.compile(r"\[(?=[A-Z]+(?:-[A-Z]+)?-\d+\])")  # what somebody wrote that only looks like one

E_MAIL, PHONE, CARD, ACCOUNT, IDENTITY, ADDRESS = "E-MAIL", "PHONE", "CARD", "ACCOUNT", "ID", "IP"
KINDS = {
    "an e-mail address": E_MAIL,
    "a card number": CARD,
    "a bank account": ACCOUNT,
    "an identity number": IDENTITY,
    "a social security number": IDENTITY,
    "a phone number": PHONE,
}

_EMAIL = re.compile(
    r"(?<![\wÀ-ɏ.%+-])[\wÀ-ɏ%+-]{1,64}(?:\.[\wÀ-ɏ%+-]{1,64}){0,8}\s?[@＠]\s?(?:[\wÀ-ɏ-]{1,63}\.){1,6}[a-z]{2,24}"
    r"(?![\w-])",
    re.ASCII | re.I,
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}", re.ASCII)
_LONG_NUMBER = re.compile(r"(?<!\d[.,])(?<![\w+-])\d(?:[ .-]?\d){11,18}(?![\w]|[.,]\d)", re.ASCII)
_CARD_LENGTHS = range(12, 20)
_CARD_WORDS = re.compile(r"card|credit|debit|visa|master|amex|maestro|\bcc\b|卡", re.I)
_NO_MONEY = re.compile(r"gift card|loyalty card|礼品卡|会员卡", re.I)
_CARD_BEGINS = re.compile(r"[2-6]|1800")  # no scheme begins otherwise; bar codes often do
_CHINESE_ID = re.compile(r"(?<!\d)[1-8]\d{5}(?:19|20)\d{9}[\dXx](?![\dA-Za-z])", re.ASCII)
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])", re.ASCII)
_PAPERS = re.compile(
    r"(?:passport|licen[cs]e|national insurance|social security|identity card|id card|\bssn|护照|身份证|驾照|社保)"
    r"(?:\s?(?:no|number|nr|is|was|号码?|是|为)\b\.?)*[\s:：#.=-]*"
    r"((?=[A-Z-]{0,6}\d)[A-Z0-9](?:[ -]?[A-Z0-9]){5,17})(?![A-Za-z0-9])",
    re.I,
)
_IP = re.compile(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]*\d)"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])",
    re.ASCII | re.I,
)

# A stretch of digits as phone numbers are written. Whether it is one is asked of its shape and of the words before it.
_DIALLED = re.compile(
    r"(?<!\d[.,])(?<![\w/#€$£¥+-])(?:\+|\(?\d)(?:[ ]?[()./-]?[ ]?\(?\d){5,15}"
    r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?!\w|[.,]\d|[%€£¥])",
    re.ASCII | re.I,
)
_SHAPES = (
    re.compile(r"(?:\+|00)[1-9][\d ()./-]{6,20}(?:x\d{1,6})?"),  # with its country
    re.compile(r"(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}"),  # a mobile phone in China
    re.compile(
        r"(?:1[-. ])?(?:\(\d{3}\)|\d{3}[-. ])[-. ]?\d{3}[-. ]\d{4}(?:\s?(?:x|ext\.?)\s?\d{1,6})?", re.I
    ),  # North America
    re.compile(r"\(0\d{1,4}\)[\d ./-]{5,12}|0\d{1,4}(?:[ ./-]\d{2,8}){1,5}|0[1-9]\d{8,9}"),  # a trunk prefix
    re.compile(r"\(\d{2,4}\)[ -]?\d{3,4}[ -]?\d{3,4}"),
    re.compile(r"\d{2,3}(?:[ .-]\d{2,3}){2,4}|\d{3}-\d{4}"),  # groups
)
_SPOKEN_OF = re.compile(
    r"phone|\btel\b|telephone|mobile|\bcell|\bcall|dial|reach|text me|answering|whatsapp|\bsms\b|fax|"
    r"contact|hotline|\bdesk|\boffice|电话|手机|联系|致电|拨打|微信",
    re.I,
)
_SAID_TO_BE = re.compile(r"\W{0,3}(?:office|fax|mobile|cell|phone|home|work|手机|电话)", re.I)
_CODE = re.compile(
    r"(?:order|invoice|tracking|parcel|shipment|reference|\bref|case|ticket|serial|model|article|item|sku|part|\bean|"
    r"isbn|batch|voucher|coupon|gift card|customer|booking|account)"
    r"(?:\s?(?:no|number|nr|id|code|is|was|are)\b\.?)*[\s:#.=-]*$|[#№]\s?$|(?:订单|单号|运单|快递|型号|货号|编号|序列)(?:号|号码)?(?:是|为)?[\s:：]*$",
    re.I,
)
_DATE = re.compile(
    r"(?:19|20)\d\d([-./ ])\d{1,2}\1\d{1,2}(?:[ ]\d{1,2}[.]\d\d)?|\d{1,2}([-./ ])\d{1,2}\2(?:19|20)?\d\d"
    r"|(?:19|20)\d\d\s?[-/]\s?(?:19|20)\d\d"
)
_BEFORE = 48  # characters in front of a number that say what it is


@dataclass(frozen=True, slots=True)
class Redacted:
    """`text` as it may leave; `values` is what stood where each placeholder stands."""

    text: str
    values: Mapping[str, str] = field(default_factory=dict)  # "[PHONE-1]" → "01 234 5678"


@dataclass(frozen=True, slots=True)
class Found:
    kind: str
    start: int
    end: int


def found(text: str) -> list[Found]:
    """Everything in `text` that may be a person's, in order; no two overlap, the surer kind goes first."""
    taken: list[Found] = []
    for one in _candidates(text):
        if not any(other.start < one.end and one.start < other.end for other in taken):
            taken.append(one)
    return sorted(taken, key=lambda one: one.start)


def redacted(text: str, known: Mapping[str, str] | None = None, public: str = "") -> Redacted:
    """`known` are placeholders given out already for the same letter; what stands in `public` anyway is no secret."""
    return _replaced(text, [one for one in found(text) if text[one.start : one.end] not in public], known or {})


def page_redacted(text: str, known: Mapping[str, str] | None = None) -> Redacted:
    """A page of the shop's: its own addresses and hotlines stay, what should never have come onto it does not."""
    spans, at = list[Found](), dict[str, int]()
    for one in personal(text):
        start = text.find(one.value, at.get(one.value, 0))
        at[one.value] = start + len(one.value)
        spans.append(Found(KINDS[one.kind], start, start + len(one.value)))
    return _replaced(text, sorted(spans, key=lambda span: span.start), known or {})


def _replaced(text: str, spans: list[Found], known: Mapping[str, str]) -> Redacted:
    values, parts, done = dict(known), list[str](), 0
    for one in spans:
        parts += [_defused(text[done : one.start]), _placeholder(one.kind, text[one.start : one.end], values)]
        done = one.end
    return Redacted("".join([*parts, _defused(text[done:])]), values)


def _defused(text: str) -> str:
    return _RESERVED.sub("[ ", text)


def _placeholder(kind: str, value: str, values: dict[str, str]) -> str:
    """The same value has the same placeholder throughout."""
    given = next((name for name, held in values.items() if held == value and name.startswith(f"[{kind}-")), "")
    if given:
        return given
    name = f"[{kind}-{sum(held.startswith(f'[{kind}-') for held in values) + 1}]"
    values[name] = value
    return name


def restored(text: str, values: Mapping[str, str]) -> str:
    """Placeholders given out are their values again; others stay, and no guard lets them pass."""
    return _PLACEHOLDER.sub(lambda name: values.get(name[0], name[0]), text)


def ready(text: str) -> tuple[str, str]:
    """What of a text that is still coming may be restored now, and what may yet become a placeholder."""
    begun = _OPEN.search(text)
    return (text[: begun.start()], text[begun.start() :]) if begun else (text, "")


# ── what may be a person's ──


def _candidates(text: str) -> Iterator[Found]:
    if "@" in text or "＠" in text:
        yield from (Found(E_MAIL, *one.span()) for one in _EMAIL.finditer(text))
    if not any(character.isdigit() for character in text):
        return
    yield from _accounts(text)
    yield from _identities(text)
    yield from _cards(text)
    yield from (Found(ADDRESS, *one.span()) for one in _IP.finditer(text))
    yield from _phones(text)


def _accounts(text: str) -> Iterator[Found]:
    for one in _IBAN.finditer(text):
        n = _account_length(one[0])
        if n and is_iban(one[0][:n]):
            yield Found(ACCOUNT, one.start(), one.start() + n)


def _account_length(written: str) -> int:
    """As long as accounts of that country are: a word may follow behind a blank. 0 for what cannot be one."""
    wanted, seen = IBAN_LENGTHS.get(written[:2].upper(), 0), 0
    for n, sign in enumerate(written, start=1):
        seen += sign.isalnum()
        if wanted and seen == wanted:
            return 0 if written[n : n + 1].isalnum() else n
    return 0


def is_iban(written: str) -> bool:
    plain = re.sub(r"[^A-Z0-9]", "", written.upper())
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _identities(text: str) -> Iterator[Found]:
    for one in _CHINESE_ID.finditer(text):
        if is_chinese_id(one[0].upper()):
            yield Found(IDENTITY, *one.span())
    for one in _SSN.finditer(text):
        if not _is_code(text, one.start()):
            yield Found(IDENTITY, *one.span())
    yield from (Found(IDENTITY, *one.span(1)) for one in _PAPERS.finditer(text))


def _cards(text: str) -> Iterator[Found]:
    """By their checksum, which one number in ten has by chance: whatever is called an order number is none."""
    for one in _LONG_NUMBER.finditer(text):
        digits, before = re.sub(r"\D", "", one[0]), _before(text, one.start())
        if len(digits) not in _CARD_LENGTHS or not is_luhn(digits) or len(set(digits)) == 1:
            continue
        is_called_so = bool(_CARD_WORDS.search(before)) and not _NO_MONEY.search(before)
        if is_called_so or (_CARD_BEGINS.match(digits) and not _is_code(text, one.start())):
            yield Found(CARD, *one.span())


def _phones(text: str) -> Iterator[Found]:
    for one in _DIALLED.finditer(text):
        digits = len(re.sub(r"\D", "", one[0]))
        if not 7 <= digits <= 19 or _DATE.fullmatch(one[0].strip()) or _is_code(text, one.start()):
            continue
        said = _SPOKEN_OF.search(_before(text, one.start())) or _SAID_TO_BE.match(text, one.end())
        if said or any(shape.fullmatch(one[0]) for shape in _SHAPES):
            yield Found(PHONE, *one.span())


def _is_code(text: str, start: int) -> bool:
    return bool(_CODE.search(_before(text, start)))


def _before(text: str, start: int) -> str:
    """The words in front, of the same line; a label may stand on a line of its own."""
    return text[max(0, start - _BEFORE) : start].rstrip("\n").rpartition("\n")[2]
