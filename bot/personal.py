"""Personal data that got into the content: somebody's e-mail address, card, account, identity or phone number.

What a shop publishes of itself is no personal data: its role addresses and those beside them at its own domain, its
hotlines, the account customers pay into, numbers that are known from examples. `answer_remarks` is broader: it looks
at one answer that was written to one customer.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain


@dataclass(frozen=True, slots=True)
class Personal:
    """`shown` tells it without giving it away: a report may end up anywhere."""

    kind: str  # "an e-mail address", as a sentence says it
    value: str
    shown: str
    is_sure: bool = True


_EMAIL = re.compile(
    r"(?<![\w.+%-])([\w+%-]{1,64}(?:\.[\w+%-]{1,64}){0,8})@((?:[\w-]{1,63}\.){1,6}[a-z]{2,24})(?![\w-])",
    re.ASCII | re.I,
)
_ROLES = frozenset(
    """
    abuse accessibility accounting accounts admin adoptions affiliates ambassador ask b2b billing bonjour booking
    bookings business care careers claims compliance concierge contact customer customercare customers
    customerservice customerservices data delivery desk dpo dsar editor editorial education enquiries enquiry events
    feedback finance gdpr general giftcards git hallo hello help helpdesk hey hi hola hotline hr info information
    inquiries inquiry investors invoice invoices it jobs kefu kontakt legal licensing loyalty mail mailbox mailer
    marketing media member members membership moderation news newsletter no noreply notifications office online
    operations order orders partner partners parts payment payments people post postmaster pr press privacy
    procurement product products questions reception recruiting recruitment refund refunds repair repairs reply
    request requests reservations retail returns sales school schools security service services shipping shop spam
    store studio subscribe subscriptions suggestions support system team tech technical techsupport tickets training
    unsubscribe user warranty webmaster webshop wholesale willkommen
    """.split()
)
_EVERYBODYS = frozenset(
    """
    gmail googlemail outlook hotmail live msn yahoo ymail icloud me mac aol gmx web t-online proton protonmail pm zoho
    mail email yandex qq foxmail vip 163 126 yeah sina sohu 139 189 21cn aliyun tom naver
    """.split()
)
_EXAMPLES = re.compile(
    r"(?:^|\.)(?:example|examples|test|invalid|localhost|domain|yourdomain|email|company|sample)\.", re.I
)
_PLACEHOLDERS = frozenset(
    """
    you your yourname name firstname lastname user username someone somebody email e-mail me x xxx example jane.doe
    john.doe janedoe johndoe first.last foo bar test
    """.split()
)

_CARD = re.compile(r"(?<![\w.,/+-])\d(?:[ -]?\d){11,18}(?![\w/]|[.,-]\d)", re.ASCII)
_CARD_WORDS = re.compile(r"card|credit|debit|visa|master|amex|maestro|\bcc\b|卡号|银行卡|信用卡|储蓄卡", re.I)
# Scheme → how it begins and how long it is; a number of 13 or 12 digits is more often a bar code.
_SCHEMES = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11}|"
    r"6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)
_LOOSE_SCHEMES = re.compile(r"4\d{12}|(?:5[0678]|6\d)\d{10,17}|35\d{14}|(?:2131|1800)\d{11}")
_TEST_CARDS = frozenset(
    """
    4111111111111111 4242424242424242 4012888888881881 4000056655665556 5555555555554444 5105105105105100
    5200828282828210 2223003122003222 378282246310005 371449635398431 6011111111111117 6011000990139424 30569309025904
    38520000023237 3530111333300000 3566002020360505 4000000000000002 4000002500003155 4917610000000000
    """.split()
)

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])", re.ASCII)
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
    "XK": 20,
}  # fmt: skip
_EXAMPLE_IBANS = frozenset({"DE89370400440532013000", "GB29NWBK60161331926819", "GB82WEST12345698765432",
                            "BE68539007547034", "NL91ABNA0417164300", "FR1420041010050500013M02606"})  # fmt: skip
_OWN_ACCOUNT = re.compile(
    r"\b(?:our (?:bank )?(?:account|iban)|to us|transfer (?:\w+ ){0,3}to|payable|beneficiary|pay (?:\w+ ){0,2}to)\b"
    r"|收款|我们的|本店|我司|转账[至到]|汇款[至到]",
    re.I,
)

_CHINESE_ID = re.compile(r"(?<!\d)[1-8]\d{5}(?:19|20)\d{9}[\dXx](?![\dA-Za-z])", re.ASCII)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", re.ASCII)

_PHONES = (
    re.compile(r"(?<![\w.])(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\w)", re.ASCII),  # a mobile phone in China
    re.compile(r"(?<![\w.,/-])(?:\+|00)[1-9](?:[ ()./-]{0,2}\d){6,13}(?!\w)", re.ASCII),
    re.compile(r"(?<![\w.,/-])\(?0\d{1,4}\)?(?:[ ./-]?\d{2,4}){2,4}(?!\w)", re.ASCII),
    re.compile(r"(?<![\w.,/-])\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?![\w-])", re.ASCII),
)
# A phone number is the shop's own unless it is said to be a person's.
_PERSONS = re.compile(
    r"\b(?:mobile|cell(?:phone)?|private|personal|home (?:phone|number)|my (?:phone|number)|his|her|their)\b"
    r"|\b(?:Mr|Mrs|Ms|Dr)\b\.? ?[A-Z]|手机|私人|本人|我的电话|家里电话|(?:先生|女士|小姐|经理|师傅)"
)
_HOTLINE = re.compile(
    r"客服|热线|服务|咨询|门店|店铺|微信|whatsapp|hotline|helpline|support|service|toll|customer|store|shop", re.I
)
_CHINESE_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")
_NUMBER = re.compile(r"\d(?:[\W_]{0,3}[A-Za-z]{0,4}\d){6}")
BEFORE = 40  # characters in front of a number that say whose it is


def personal(text: str, own_domains: Collection[str] = ()) -> Iterator[Personal]:
    """What is in `text`, each stretch once. Addresses at `own_domains` are the shop's."""
    taken: list[tuple[int, int]] = []
    numbers = (_accounts(text), _identities(text), _cards(text), _phones(text)) if _NUMBER.search(text) else ()
    for span, found in chain(_emails(text, own_domains) if "@" in text else (), *numbers):
        if not any(start < span[1] and span[0] < end for start, end in taken):
            taken.append(span)
            yield found


Spotted = Iterator[tuple[tuple[int, int], Personal]]


def role_domains(texts: Iterator[str]) -> frozenset[str]:
    """The domains of role addresses: the shop's own, and those of its partners."""
    return frozenset(
        found[2].lower()
        for text in texts
        if "@" in text
        for found in _EMAIL.finditer(text)
        if _is_role(found[1]) and not _is_everybodys(found[2])
    )


# ── e-mail addresses ──


def _emails(text: str, own_domains: Collection[str]) -> Spotted:
    for found in _EMAIL.finditer(text):
        name, domain = found[1].lower(), found[2].lower()
        is_nobodys = name in _PLACEHOLDERS or bool(_EXAMPLES.search(domain))
        is_own = domain in own_domains or any(domain.endswith(f".{own}") for own in own_domains)
        if not (is_nobodys or is_own or _is_role(name)):
            yield found.span(), Personal("an e-mail address", found[0], f"{name[0]}…@{domain}")


def _is_role(name: str) -> bool:
    words = [word.rstrip("0123456789") for word in re.split(r"[._+-]", name.lower())]
    return any(word in _ROLES for word in words) or any(
        len(role) > 5 and (name.lower().startswith(role) or name.lower().endswith(role)) for role in _ROLES
    )


def _is_everybodys(domain: str) -> bool:
    return domain.lower().split(".")[0] in _EVERYBODYS


# ── numbers with a checksum ──


def _cards(text: str) -> Spotted:
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        is_card = bool(_SCHEMES.fullmatch(digits))
        if not is_card and _LOOSE_SCHEMES.fullmatch(digits):
            is_card = bool(_CARD_WORDS.search(_before(text, found.start())))
        if is_card and is_luhn(digits) and digits not in _TEST_CARDS and len(set(digits)) > 3:
            yield found.span(), Personal("a card number", found[0], f"…{digits[-4:]}")


def is_luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + n % 2) for n, digit in enumerate(reversed(digits)))
    return sum(n - 9 * (n > 9) for n in doubled) % 10 == 0


def _accounts(text: str) -> Spotted:
    for found in _IBAN.finditer(text):
        written = _cut_to_length(found[0])
        plain = written.replace(" ", "").upper()
        if not plain or plain in _EXAMPLE_IBANS or _OWN_ACCOUNT.search(_before(text, found.start())):
            continue
        if int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1:
            span = found.start(), found.start() + len(written)
            yield span, Personal("a bank account", written, f"{plain[:2]}…{plain[-4:]}")


def _cut_to_length(written: str) -> str:
    """As long as accounts of that country are: a word may follow behind a blank."""
    wanted, seen = IBAN_LENGTHS.get(written[:2].upper(), 0), 0
    for n, sign in enumerate(written):
        seen += sign != " "
        if seen == wanted:
            return written[: n + 1] if not written[n + 1 : n + 2].isalnum() else ""
    return ""


def _identities(text: str) -> Spotted:
    for found in _CHINESE_ID.finditer(text):
        if is_chinese_id(found[0].upper()):
            yield found.span(), Personal("an identity number", found[0], f"{found[0][:2]}…{found[0][-2:]}")
    for found in _SSN.finditer(text):
        if not _HOTLINE.search(_before(text, found.start())):
            yield found.span(), Personal("a social security number", found[0], f"…{found[0][-2:]}")


def is_chinese_id(written: str) -> bool:
    try:
        date(int(written[6:10]), int(written[10:12]), int(written[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(written[:17], _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == written[17]


# ── phone numbers ──


def _phones(text: str) -> Spotted:
    for pattern in _PHONES:
        for found in pattern.finditer(text):
            digits = re.sub(r"\D", "", found[0])
            before = _before(text, found.start())
            is_mobile = bool(_CHINESE_MOBILE.fullmatch(digits)) and not _HOTLINE.search(before)
            is_persons = bool(_PERSONS.search(before)) and not _HOTLINE.search(before)
            if 7 <= len(digits) <= 15 and (is_mobile or is_persons):
                yield found.span(), Personal("a phone number", found[0], f"…{digits[-3:]}", is_sure=False)


def _before(text: str, start: int) -> str:
    return text[max(0, start - BEFORE) : start].rpartition("\n")[2]
