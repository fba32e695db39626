"""Tickets once and soon, identities signed and short, sockets from our own pages."""

import time
from typing import Any

import jwt
import pytest

from bot.errors import Refused
from bot.ports import Session
from bot.web.auth import (
    csrf_token,
    hashed,
    is_csrf_token,
    is_own_origin,
    is_own_page,
    new_secret,
    verified_customer,
)

SESSION = Session("s1", "ann", "c1")
SECRET = "a shop's own key of thirty-two bytes or more"


# ── secrets and tickets ──


def test_secrets_are_long_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(200)}
    assert len(secrets) == 200
    assert all(len(secret) >= 43 and secret.isascii() for secret in secrets)
    assert hashed("a") == hashed("a") != hashed("b")
    assert "secret" not in hashed("secret")


# ── the token of a page of ours ──


def test_a_csrf_token_belongs_to_one_secret_and_does_not_tell_it() -> None:
    mine, other = new_secret(), new_secret()
    token = csrf_token(mine)
    assert is_csrf_token(token, mine)
    assert not is_csrf_token(token, other)
    assert token not in (mine, hashed(mine)), "neither the cookie nor what the database holds will do"


@pytest.mark.parametrize("token", ["", "x", "é" * 64, "\ud800", "0" * 64, csrf_token("")])
def test_a_made_up_csrf_token_is_none(token: str) -> None:
    assert not is_csrf_token(token, new_secret())
    assert not is_csrf_token(token, "")


# ── a customer the shop signed in ──


def signed(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    now = time.time()
    claims = {"external_user_id": "42", "iat": now, "exp": now + 600, "aud": "answerdesk"} | changes
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, secret, algorithm=algorithm)


def test_the_shops_own_id_comes_out_of_what_it_signed() -> None:
    assert verified_customer(signed(), SECRET, "answerdesk") == "42"
    assert verified_customer(signed(aud=["other", "answerdesk"]), SECRET, "answerdesk") == "42"


NOW = time.time()


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"iat": None},
        {"aud": None},
        {"external_user_id": None},
        {"exp": NOW - 120},
        {"exp": NOW + 7_200},
        {"exp": NOW + 3_600, "iat": NOW - 3_600},
        {"iat": NOW + 600},
        {"nbf": NOW + 600},
        {"aud": "elsewhere"},
        {"external_user_id": ""},
        {"external_user_id": 42},
        {"external_user_id": "x" * 129},
        {"external_user_id": ["42"]},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"iat": float("nan")},
        {"iat": {}},
    ],
    ids=str,
)
def test_any_claim_that_is_not_right_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        verified_customer(signed(**changes), SECRET, "answerdesk")


def test_a_clock_a_little_off_is_forgiven() -> None:
    now = time.time()
    assert verified_customer(signed(exp=now - 30, iat=now - 600), SECRET, "answerdesk") == "42"


@pytest.mark.parametrize("algorithm", ["HS512", "HS384"])
def test_only_one_algorithm_is_taken(algorithm: str) -> None:
    with pytest.raises(Refused):
        verified_customer(signed(SECRET * 2, algorithm), SECRET * 2, "answerdesk")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "é.é.é",
        "eyJhbGciOiJub25lIn0.eyJleHRlcm5hbF91c2VyX2lkIjoiNDIifQ.",
        jwt.encode({"external_user_id": "42"}, "", algorithm="none"),
        signed(secret="another key, just as long as the first one"),
    ],
)
def test_what_nobody_signed_is_refused(token: str) -> None:
    with pytest.raises(Refused):
        verified_customer(token, SECRET, "answerdesk")


def test_without_a_secret_nobody_is_verified() -> None:
    with pytest.raises(Refused, match="BOT_IDENTITY_SECRET"):
        verified_customer(jwt.encode({"external_user_id": "42"}, SECRET), "", "answerdesk")


# ── origins ──


@pytest.mark.parametrize(
    ("origin", "host", "public_url"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", ""),
        ("https://chat.shop.com", "chat.shop.com", ""),
        ("https://chat.shop.com", "internal:8000", "https://chat.shop.com"),
        ("https://chat.shop.com", "internal:8000", "https://chat.shop.com/"),
        ("https://chat.shop.com", "internal:8000", "https://Chat.Shop.com"),
        ("http://[::1]:8000", "[::1]:8000", ""),
        (None, "127.0.0.1:8000", ""),
    ],
)
def test_our_own_pages_may_connect(origin: str | None, host: str, public_url: str) -> None:
    assert is_own_origin(origin, host, public_url)


@pytest.mark.parametrize(
    ("origin", "host", "public_url"),
    [
        ("https://evil.com", "chat.shop.com", ""),
        ("https://chat.shop.com.evil.com", "chat.shop.com", ""),
        ("https://evil.com", "chat.shop.com", "https://chat.shop.com"),
        ("http://chat.shop.com", "chat.shop.com", "https://chat.shop.com"),
        ("https://chat.shop.com", "chat.shop.com", "https://chat.shop.com:8443"),
        ("https://chat.shop.com@evil.com", "evil.com", ""),
        ("https://evil.com/chat.shop.com", "evil.com", ""),
        ("null", "null", ""),
        ("", "", ""),
        ("file://", "", ""),
        ("chrome-extension://abc", "abc", ""),
        ("https://[::1", "[::1", ""),
        ("https://chat.shop.com", None, ""),
        ("https://chat.shop.com", "", ""),
    ],
)
def test_pages_of_others_may_not(origin: str, host: str | None, public_url: str) -> None:
    assert not is_own_origin(origin, host, public_url)


# ── the console's pages: their Origin must be there, and ours to the letter ──

SHOP = "https://help.shop.example"


@pytest.mark.parametrize(
    ("origin", "host", "public_url"),
    [
        ("https://help.shop.example", "help.shop.example", ""),
        ("https://help.shop.example:8443", "help.shop.example:8443", ""),
        ("https://help.shop.example", "Help.Shop.Example", ""),
        ("https://help.shop.example", "help.shop.example:443", ""),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", ""),
        ("http://localhost:8000", "localhost:8000", ""),
        ("http://console.localhost", "console.localhost", ""),
        ("http://[::1]:8000", "[::1]:8000", ""),
        (SHOP, "internal:8000", SHOP),
        (SHOP, "internal:8000", "https://Help.Shop.Example:443/"),
        ("http://help.shop.example", None, "http://help.shop.example"),
        ("https://xn--bcher-kva.example", "internal", "https://bücher.example"),
    ],
)
def test_the_consoles_own_pages_may_connect(origin: str, host: str | None, public_url: str) -> None:
    assert is_own_page(origin, host, public_url)


OTHERS = [
    None,
    "",
    " ",
    "null",
    "undefined",
    "*",
    "help.shop.example",
    "//help.shop.example",
    "https://",
    "https://evil.example",
    "https://help.shop.example.evil.example",
    "https://evil-help.shop.example",
    "https://evil.help.shop.example",
    "https://shop.example",
    "https://help.shop.example:8443",
    "https://help.shop.example:443",
    "https://help.shop.example:",
    "http://help.shop.example",
    "http://help.shop.example:443",
    "wss://help.shop.example",
    "file://help.shop.example",
    "chrome-extension://help.shop.example",
    "javascript:alert(1)",
    "HTTPS://HELP.SHOP.EXAMPLE",
    "https://Help.shop.example",
    "https://help.shop.example/",
    "https://help.shop.example/console",
    "https://help.shop.example?x",
    "https://help.shop.example#x",
    "https://help.shop.example@evil.example",
    "https://evil.example@help.shop.example",
    "https://help.shop.example.",
    "https://help.shop.example\n",
    "https://help.shop.example https://evil.example",
    "https://help.shop.example,https://evil.example",
    "https://һelp.shop.example",
    "https://xn--elp-nld.shop.example",
    "https://help%2eshop.example",
    "https://[::1]",
    "http://127.0.0.1",
    "http://localhost",
]


@pytest.mark.parametrize("origin", OTHERS)
@pytest.mark.parametrize("public_url", ["", SHOP])
def test_no_other_page_reaches_the_console(origin: str | None, public_url: str) -> None:
    assert len(OTHERS) >= 30
    assert not is_own_page(origin, "help.shop.example", public_url)


@pytest.mark.parametrize("host", [None, "", " ", "[::1", "a" * 300, "x:y", "x:99999", "a@b", "/"])
def test_without_a_usable_host_or_address_nothing_is_ours(host: str | None) -> None:
    for origin in ("", "null", "https://", "https://None", f"https://{host}", f"http://{host}"):
        assert not is_own_page(origin, host, "")
    assert not is_own_page("null", "x", "nonsense")
    assert not is_own_page(None, "x", "file:///etc")
