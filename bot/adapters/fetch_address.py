"""Which addresses may be fetched from: those of the public internet, spelled plainly."""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

PORTS = {"http": 80, "https": 443}
MAX_URL = 2_000

# Public by their looks, but they stand for other addresses, which a translator on the way would be asked for.
NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24", "192.88.99.0/24", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",
        "2001::/32", "2002::/16", "fec0::/10",
    )
)  # fmt: skip

Resolve = Callable[[str, int], Sequence[str]]  # a name and a port → addresses; raises OSError


class Forbidden(OSError):
    """An address that is not fetched from. The sentence can be shown."""

    def __init__(self, sentence: str) -> None:
        super().__init__(1, sentence)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked for, and the addresses that were checked: no name is looked up a second time."""

    url: str
    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]
    path: str  # with its query, as the request line has it


def resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def target(url: str, resolve: Resolve) -> Target:
    """Raises Forbidden, or OSError when there is no such host."""
    parts = _split(url)
    port = PORTS[parts.scheme]
    host = _host(parts)
    try:
        addresses = [host] if _is_address(host) else resolve(host, port)
    except (OSError, UnicodeError):
        raise OSError(113, f"there is no host {host}") from None
    if not addresses:
        raise OSError(113, f"there is no host {host}")
    for address in addresses:  # one private address among public ones is one too many
        _check(address, host)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{_query(parts.query)}" if parts.query else "")
    return Target(url, parts.scheme, host, port, tuple(addresses), path)


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL:
        raise Forbidden(f"the address is longer than {MAX_URL:,} characters")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise Forbidden("the address has blanks, backslashes or control characters in it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Forbidden("this is no address of a page") from None
    if parts.scheme not in PORTS:
        raise Forbidden("only http and https addresses are fetched")
    if "@" in parts.netloc:
        raise Forbidden("an address with a user name or password in it is not fetched")
    if port not in (None, PORTS[parts.scheme]):
        raise Forbidden("only ports 80 (http) and 443 (https) are fetched from")
    return parts


def _query(query: str) -> str:
    return quote(query, safe="/%:@!$&'()*+,;=~-._?")


def _host(parts: SplitResult) -> str:
    """In ASCII. A number in any other spelling than the usual one is meant to be misread."""
    host = (parts.hostname or "").rstrip(".")
    if not host:
        raise Forbidden("the address names no host")
    last = host.rpartition(".")[2]
    if re.fullmatch(r"\d+|0x[0-9a-f]*", last) and not _is_address(host):
        raise Forbidden("a host is written as a name, or as four plain numbers")
    if _is_address(host):
        return host
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        raise Forbidden("this is no name of a host") from None
    if not re.fullmatch(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", name) or name == "localhost" or name.endswith(".localhost"):
        raise Forbidden("this is no name of a host on the internet")
    if name != host and re.fullmatch(r"\d+|0x[0-9a-f]*", name.rpartition(".")[2]):
        raise Forbidden("a host is written as a name, or as four plain numbers")  # full-width digits become plain ones
    return name


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _check(address: str, host: str) -> None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        found = None
    if found is None or not _is_public(found):
        raise Forbidden(f"{host} is not on the public internet, and nothing else is fetched from")


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if getattr(address, "scope_id", None) or any(address in network for network in NOT_PUBLIC):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
