"""Who a browser is: session secrets, the shop's signed identity, and the socket's origin."""

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import jwt

from bot.access import Agent
from bot.errors import Refused
from bot.tickets import Tickets

LONGEST_TOKEN_S = 3_600
LEEWAY_S = 60
_NAME = re.compile(r"[a-z0-9._:-]+")  # of a host, as a browser writes it


def new_secret() -> str:
    """256 bits, fit for a header."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is stored of a secret; it is random enough that a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent at the console: the session they are logged in with."""

    agent: Agent
    session_id: str
    secret_hash: str


AgentTickets = Tickets[str]  # each is the hash of a session's secret: whether that lasts is asked again and again


def csrf_token(secret: str) -> str:
    """What a page of ours sends along with its cookie: a page of others has the cookie sent, but cannot know this."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def is_csrf_token(token: str, secret: str) -> bool:
    return bool(secret) and hmac.compare_digest(token.encode(errors="replace"), csrf_token(secret).encode())


def verified_customer(token: str, secret: str, audience: str) -> str:
    """The `external_user_id` of a JWT the shop signed: HS256, an hour at most, our `aud`. Raises Refused."""
    if not secret:
        raise Refused("this server does not take signed customer identities: BOT_IDENTITY_SECRET is not set")
    try:
        claims: Mapping[str, object] = jwt.decode(
            token, secret, algorithms=["HS256"], audience=audience, leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "aud", "external_user_id"]},
        )  # fmt: skip
    except jwt.PyJWTError:
        raise Refused("the customer's signed identity is not valid") from None
    customer, expires, issued = claims["external_user_id"], claims["exp"], claims["iat"]
    if not isinstance(customer, str) or not 1 <= len(customer) <= 128:
        raise Refused("external_user_id must be a text of 1 to 128 characters")
    if (
        not isinstance(expires, int | float)
        or not isinstance(issued, int | float)
        or expires - issued > LONGEST_TOKEN_S
    ):
        raise Refused("the customer's signed identity may last an hour at most")
    return customer


def is_own_origin(origin: str | None, host: str | None, public_url: str) -> bool:
    """A page of ours opened the socket: inside an iframe the Origin is the iframe's host, never the shop's.

    A client that is no browser sends no Origin; it proves itself by the ticket, and rides on nobody's cookies.
    """
    if origin is None:
        return True
    try:
        asked = urlsplit(origin)
        own = urlsplit(public_url) if public_url else None
    except ValueError:
        return False
    if asked.scheme not in ("http", "https") or asked.path or asked.query or asked.username:
        return False
    if own is not None:
        return (asked.scheme, asked.netloc.lower()) == (own.scheme, own.netloc.lower())
    return bool(host) and asked.netloc.lower() == str(host).lower()


def is_own_page(origin: str | None, host: str | None, public_url: str) -> bool:
    """A page of ours, by its Origin, which must be there: the console is opened by browsers only.

    An Origin is what a browser writes, letter for letter, so it is compared and never taken apart. Without a public
    address only a page over https is ours, or one on this machine: no other keeps the console's cookies.
    """
    try:
        own = {_origin(public_url)} if public_url else _origins(str(host or ""))
    except ValueError:
        return False
    return origin in own


def _origins(host: str) -> set[str]:
    secure = _origin(f"https://{host}")
    return {secure, _origin(f"http://{host}")} if _is_this_machine(urlsplit(secure).hostname or "") else {secure}


def _origin(url: str) -> str:
    """As a browser writes it. Raises ValueError for what has none."""
    parts = urlsplit(url)
    name = (parts.hostname or "").encode("idna").decode()
    if parts.scheme not in ("http", "https") or not _NAME.fullmatch(name) or parts.username is not None:
        raise ValueError("this is no address of a page")
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}{port}"


def _is_this_machine(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
