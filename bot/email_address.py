"""An e-mail address as somebody typed it: is it one that we can write to?

Not a whole RFC 5322, on purpose: quoted names, comments and addresses at bare numbers are typing mistakes in a chat.
The sentences never repeat the address, which must not end up in a log.
"""

import unicodedata

from bot.errors import Refused

LONGEST = 254  # RFC 5321's 256 octets with its two brackets
LONGEST_LOCAL = 64
MUCH = 2_000  # more than any address with the name and the blanks pasted around it
_SPECIAL = frozenset('()<>[]:;,\\"@')
_FULL_WIDTH = {code + 0xFEE0: chr(code) for code in range(0x21, 0x7F)} | dict.fromkeys(map(ord, "。｡"), ".")


def checked_address(text: str) -> str:
    """The address without what was pasted around it, its domain in lower case. Raises Refused with a sentence."""
    address = _bare(text) if len(text) < MUCH else text
    if not address:
        raise Refused("the e-mail address is empty")
    if len(address) > LONGEST:
        raise Refused(f"the e-mail address is longer than {LONGEST} characters")
    if any(sign.isspace() or not sign.isprintable() for sign in address):
        raise Refused("the e-mail address holds a blank or an invisible character")
    local, _, domain = address.partition("@")
    if address.count("@") != 1:
        raise Refused("an e-mail address has exactly one @")
    _check_local(local)
    domain = domain.lower()
    if len(local.encode()) + 1 + len(ascii_domain(domain)) > LONGEST:
        raise Refused(f"the e-mail address is longer than {LONGEST} characters")
    return f"{local}@{domain}"


def ascii_domain(domain: str) -> str:
    """The domain as mail servers spell it: 例子.com → xn--fsqu00a.com. Raises Refused when it cannot be one."""
    labels = [_ascii_label(label) for label in domain.lower().split(".")]
    if len(labels) < 2:
        raise Refused("the part of the e-mail address after the @ has no dot, as in name@example.com")
    if not any(sign.isalpha() for sign in labels[-1]):
        raise Refused("the e-mail address must end in a name, as in name@example.com, not in a number")
    return ".".join(labels)


def _bare(text: str) -> str:
    """What stands in <…> when a mail program put it there; full-width signs from a Chinese keyboard made plain."""
    text = text.strip().translate(_FULL_WIDTH)
    name, bracket, address = text.rpartition("<")
    if bracket and address.endswith(">") and name.isprintable() and "@" not in name:
        text = address[:-1].strip()
    return unicodedata.normalize("NFC", text)


def _check_local(local: str) -> None:
    if not local:
        raise Refused("the e-mail address has nothing before the @")
    if len(local.encode()) > LONGEST_LOCAL:
        raise Refused(f"the part of the e-mail address before the @ is longer than {LONGEST_LOCAL} characters")
    if "=?" in local or not _SPECIAL.isdisjoint(local):  # =? begins an encoded word, which could hide any of them
        raise Refused("the part of the e-mail address before the @ holds a sign that does not belong there")
    if not all(local.split(".")):
        raise Refused("the part of the e-mail address before the @ has a dot too many")


def _ascii_label(label: str) -> str:
    if not label:
        raise Refused("the part of the e-mail address after the @ has a dot too many")
    if unicodedata.category(label[0])[0] == "M" or not all(map(_is_of_a_name, label)):
        raise Refused("the part of the e-mail address after the @ holds a sign that does not belong there")
    # As IDNA 2008 spells it: Python's own codec would turn ß into ss, which is somebody else's domain.
    written = label if label.isascii() else "xn--" + label.encode("punycode").decode()
    if len(written) > 63 or "-" in (label[0], label[-1]):
        raise Refused("the part of the e-mail address after the @ is not the name of a site")
    return written


def _is_of_a_name(sign: str) -> bool:
    return sign == "-" or unicodedata.category(sign)[0] in "LMN"
