"""The console's door over HTTP: cookies, CSRF, roles, what ends a session, and what an attacker sees."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from bot import login
from bot.access import MAY, Action, Agent, Role
from bot.adapters.sql_database import Database
from bot.adapters.sql_roster import SqlRoster
from bot.attempts import Attempts
from bot.limits import OwnLimits
from bot.login import NOBODY
from bot.tickets import OwnTickets
from bot.web.auth import AgentTickets, csrf_token, hashed, new_secret
from bot.web.console_login import DEVICE, GUEST, SESSION, Denied, browser_name, denied, may, router
from tests.desks import FakeDesk, Hands

HOME = "https://console.test"
PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Desk(FakeDesk):
    house: Any = field(default_factory=lambda: SimpleNamespace(claim_s=120, reply_s=300))


@dataclass
class Shop:
    app: FastAPI
    desk: Desk

    @property
    def hands(self) -> Hands:
        return self.desk.hands

    @property
    def tickets(self) -> AgentTickets:
        tickets: AgentTickets = self.app.state.served.agent_tickets
        return tickets


class Browser(httpx.AsyncClient):
    """The console's page in somebody's browser: it keeps cookies, and sends the token it was given last."""

    def __init__(self, shop: Shop, address: str = "10.0.0.7") -> None:
        super().__init__(
            base_url=HOME,
            transport=httpx.ASGITransport(shop.app, client=(address, 4711)),
            headers={"origin": HOME, "sec-fetch-site": "same-origin", "user-agent": FIREFOX},
        )
        self.csrf = ""

    async def me(self) -> httpx.Response:
        answer = await self.get("/v1/console/me")
        self.csrf = answer.json().get("csrf", "")
        return answer

    async def say(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {"x-csrf-token": self.csrf, "content-type": "application/json"} | given
        content = json.dumps(body if body is not None else {})  # in ASCII: it may hold half a surrogate pair
        answer = await self.post(f"/v1/console/{path}", content=content, headers=named)
        if answer.content and isinstance(said := answer.json(), dict):
            self.csrf = said.get("csrf", self.csrf)
        return answer

    async def log_in(self, name: str = "ann", password: str = PASSWORD) -> httpx.Response:
        await self.me()
        return await self.say("login", {"login": name, "password": password})


@pytest.fixture
async def shop(own_sqlite_url: str) -> AsyncIterator[Shop]:
    database = Database(own_sqlite_url)
    desk = Desk(SqlRoster(database))
    app = FastAPI()
    app.include_router(router)
    app.add_exception_handler(Denied, denied)
    app.add_exception_handler(RequestValidationError, lambda request, wrong: JSONResponse({}, 422))
    for action in Action:
        app.add_api_route(f"/v1/console/may/{action}", _nothing, dependencies=[Depends(may(action))], methods=VERBS)
    app.state.served = SimpleNamespace(
        bot=desk,
        settings=SimpleNamespace(shop_name="Alder & Volt", accent="#1f6f54", public_url=""),
        attempts=Attempts(OwnLimits(desk.hands.monotonic)),
        agent_tickets=OwnTickets(_itself, desk.hands.monotonic),
    )
    yield Shop(app, desk)
    await database.close()


VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


async def _nothing() -> dict[str, Any]:
    return {}


async def _itself(secret_hash: str) -> str:
    return secret_hash


@pytest.fixture
async def ann(shop: Shop) -> Agent:
    return await login.add_agent(shop.desk, "ann", "Ann", PASSWORD)


@pytest.fixture
async def browser(shop: Shop, ann: Agent) -> AsyncIterator[Browser]:
    """Where Ann is logged in."""
    async with Browser(shop) as hers:
        assert (await hers.log_in()).status_code == 200
        yield hers


@pytest.fixture
async def stranger(shop: Shop) -> AsyncIterator[Browser]:
    async with Browser(shop, "10.6.6.6") as made:
        yield made


def cookies_of(answer: httpx.Response) -> dict[str, Any]:
    return {
        name: morsel
        for line in answer.headers.get_list("set-cookie")
        for name, morsel in SimpleCookie[Any](line).items()
    }


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/v1/console/sessions")).status_code == 200


# ── logging in ──


async def test_who_is_nobody_gets_a_token_to_log_in_with(stranger: Browser) -> None:
    answer = await stranger.me()
    assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")
    guest = cookies_of(answer)[GUEST]
    assert answer.json() == {"error": "unauthorized", "csrf": csrf_token(guest.value)}
    assert (await stranger.me()).json() == answer.json(), "a second tab does not undo the first one's token"


async def test_who_logs_in_is_told_who_they_are(shop: Shop, ann: Agent, stranger: Browser) -> None:
    answer = await stranger.log_in(" ANN ")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {
        "agent": {"id": ann.id, "login": "ann", "name": "Ann", "role": "agent", "capacity": 6},
        "actions": ["claim", "read", "recall", "reply", "suggest"],
        "csrf": csrf_token(stranger.cookies[SESSION]),
        "shop": {"name": "Alder & Volt", "accent": "#1f6f54"},
        "t1_s": 120,
        "t2_s": 300,
        "now": shop.hands.now().isoformat(),
    }
    assert (await stranger.me()).json() == answer.json()


@pytest.mark.parametrize("role", Role)
async def test_the_page_is_told_what_the_role_may(shop: Shop, stranger: Browser, role: Role) -> None:
    await login.add_agent(shop.desk, "bob", "Bob", PASSWORD, role)
    assert set((await stranger.log_in("bob")).json()["actions"]) == {action.value for action in MAY[role]}


async def test_every_cookie_is_for_this_host_over_https_and_out_of_scripts_reach(shop: Shop, ann: Agent) -> None:
    async with Browser(shop) as hers:
        made = {**cookies_of(await hers.me()), **{k: v for k, v in cookies_of(await hers.log_in()).items() if v.value}}
    assert set(made) == {SESSION, DEVICE, GUEST}
    for name, cookie in made.items():
        assert name.startswith("__Host-"), "the browser itself refuses it without Secure, or with a domain"
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
        assert cookie["samesite"] == ("lax" if name == SESSION else "strict")
        assert len(cookie.value) == 43, "256 bits"
    assert made[SESSION]["max-age"] == "", "it goes when the browser does"
    assert int(made[DEVICE]["max-age"]) > 300 * 24 * 3_600


async def test_secrets_are_not_in_the_database(shop: Shop, browser: Browser, ann: Agent) -> None:
    for name in (SESSION, DEVICE):
        secret = browser.cookies[name]
        assert secret not in str(await shop.desk.roster.sessions(ann.id))
        assert not await shop.desk.roster.is_device(ann.id, secret)
    assert (await shop.desk.roster.session(hashed(browser.cookies[SESSION]))).agent == ann


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"login": "ann", "password": "wrong password"}, 401),
        ({"login": "nobody", "password": PASSWORD}, 401),
        ({"login": "", "password": ""}, 401),
        ({"login": "ann", "password": "x" * 4_096}, 401),
        ({"login": "\ud800", "password": "\udfff"}, 422),
        ({"login": "ann"}, 422),
        ({"login": ["ann"], "password": PASSWORD}, 422),
        ({"login": "ann", "password": None}, 422),
        ({"login": "a" * 201, "password": PASSWORD}, 422),
        ([], 422),
    ],
    ids=lambda one: str(one)[:60].encode("ascii", "replace").decode(),
)
async def test_anything_else_opens_nothing(ann: Agent, stranger: Browser, body: Any, status: int) -> None:
    await stranger.me()
    answer = await stranger.say("login", body)
    assert answer.status_code == status
    assert SESSION not in cookies_of(answer)
    assert DEVICE not in cookies_of(answer)
    assert not await is_in(stranger)


async def test_unknown_disabled_and_wrong_look_the_same(shop: Shop, ann: Agent, stranger: Browser) -> None:
    await login.add_agent(shop.desk, "gone", "Gone", PASSWORD)
    await login.disable(shop.desk, "gone")
    answers = []
    for name in ("ann", "gone", "nobody", "no login at all"):
        shop.desk.passwords.asked.clear()
        answer = await stranger.log_in(name, "wrong password")
        answers.append((answer.status_code, answer.content, sorted(answer.headers), len(shop.desk.passwords.asked)))
    assert answers == [(401, b'{"error":"unauthorized"}', answers[0][2], 1)] * 4
    assert shop.desk.passwords.asked == [(NOBODY, "wrong password")]


async def test_too_many_guesses_wait_and_are_told_how_long(shop: Shop, ann: Agent, stranger: Browser) -> None:
    codes = [(await stranger.log_in("ann", f"guess {n}")).status_code for n in range(10)]
    assert codes == [401] * 5 + [429] * 5
    answer = await stranger.log_in()
    assert answer.json() == {"error": "too_fast", "after_ms": 900_001}
    assert answer.headers["retry-after"] == "901"
    shop.hands.go(milliseconds=answer.json()["after_ms"])
    assert (await stranger.log_in()).status_code == 200


async def test_guessing_elsewhere_does_not_lock_out_a_browser_that_was_in_before(
    browser: Browser, stranger: Browser
) -> None:
    await browser.say("logout")
    for n in range(30):
        await stranger.log_in("ann", f"guess {n}")
    assert (await stranger.log_in()).status_code == 429
    assert (await browser.log_in()).status_code == 200


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        (["10.6.6.6"], 20),
        (["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::9"], 20),
        (["::ffff:10.6.6.6", "10.6.6.6"], 20),
        (["127.0.0.1"], 30),
        (["10.6.6.6", "10.6.6.7"], 30),
        (["2001:db8:0:1::1", "2001:db8:0:2::1"], 30),
    ],
    ids=str,
)
async def test_an_address_has_its_own_limit_but_this_machine_none(
    shop: Shop, addresses: list[str], allowed: int
) -> None:
    """Behind a proxy on this machine everybody would have the same address; an IPv6 address is one of 2⁶⁴."""
    codes = []
    for n in range(30):
        async with Browser(shop, addresses[n % len(addresses)]) as made:
            codes.append((await made.log_in(f"agent{n}", "password123")).status_code)
    assert codes.count(401) == allowed
    assert codes.count(429) == 30 - allowed


# ── a session's life ──


async def test_a_planted_cookie_is_useless(shop: Shop, ann: Agent, stranger: Browser) -> None:
    """Session fixation: whatever a browser came with, who logs in gets a secret nobody had before."""
    planted = {name: new_secret() for name in (SESSION, GUEST, DEVICE)}
    for name, secret in planted.items():
        stranger.cookies.set(name, secret, domain="console.test", path="/")
    await stranger.log_in()
    assert await is_in(stranger)
    for secret in planted.values():
        async with Browser(shop) as thief:
            thief.cookies.set(SESSION, secret, domain="console.test", path="/")
            assert not await is_in(thief)
    assert cookies_of(await stranger.log_in())[SESSION].value not in planted.values()


async def test_logging_in_again_ends_the_session_before(shop: Shop, browser: Browser, ann: Agent) -> None:
    before = browser.cookies[SESSION]
    assert (await browser.log_in()).status_code == 200
    assert browser.cookies[SESSION] != before
    assert await login.still_valid(shop.desk, hashed(before)) is None
    assert len(await shop.desk.roster.sessions(ann.id)) == 1


async def test_the_token_changes_with_the_session(browser: Browser) -> None:
    old = browser.csrf
    await browser.log_in()
    assert browser.csrf != old
    assert (await browser.say("ticket", x_csrf_token=old)).status_code == 403
    assert (await browser.say("ticket")).status_code == 200


async def test_logging_out_ends_it_on_both_sides(browser: Browser) -> None:
    secret = browser.cookies[SESSION]
    answer = await browser.say("logout")
    assert answer.status_code == 204
    assert SESSION not in browser.cookies
    assert DEVICE in browser.cookies
    browser.cookies.set(SESSION, secret, domain="console.test", path="/")
    assert not await is_in(browser)
    assert (await browser.say("logout")).status_code == 401


async def test_half_an_hour_without_a_request_ends_it(shop: Shop, browser: Browser) -> None:
    for _ in range(4):
        shop.hands.go(minutes=29)
        assert await is_in(browser)
    shop.hands.go(minutes=30)
    assert not await is_in(browser)
    assert (await browser.say("ticket")).status_code == 401
    assert (await browser.me()).status_code == 401
    assert (await browser.log_in()).status_code == 200


async def test_twelve_hours_end_it_whatever_happens(shop: Shop, browser: Browser) -> None:
    for _ in range(35):
        shop.hands.go(minutes=20)
        assert await is_in(browser)
    shop.hands.go(minutes=20)
    assert not await is_in(browser)


@pytest.mark.parametrize("change", ["disable", "change_role", "reset_password"])
async def test_what_another_process_does_to_an_agent_ends_it(
    shop: Shop, browser: Browser, own_sqlite_url: str, change: str
) -> None:
    database = Database(own_sqlite_url)
    elsewhere = FakeDesk(SqlRoster(database))
    besides = {"change_role": [Role.ADMIN], "reset_password": ["another password"]}.get(change, [])
    await getattr(login, change)(elsewhere, "ann", *besides)
    await database.close()
    assert not await is_in(browser)
    assert (await browser.say("ticket")).status_code == 401
    assert await login.still_valid(shop.desk, hashed(browser.cookies[SESSION])) is None


async def test_one_sees_where_one_is_logged_in_and_ends_it(shop: Shop, browser: Browser) -> None:
    async with Browser(shop, "10.0.0.8") as phone:
        phone.headers["user-agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1"
        shop.hands.go(minutes=1)
        await phone.log_in()
        listed = (await browser.get("/v1/console/sessions")).json()["sessions"]
        shown = {(one["device"], one["address"], one["current"]) for one in listed}
        assert shown == {("Safari, iPhone", "10.0.0.8", False), ("Firefox, Linux", "10.0.0.7", True)}
        assert all(set(one) == {"id", "created_at", "last_seen", "device", "address", "current"} for one in listed)
        other = next(one["id"] for one in listed if not one["current"])
        assert (await browser.say(f"sessions/{other}/revoke")).status_code == 204
        assert not await is_in(phone)
    assert await is_in(browser)
    assert (await browser.say(f"sessions/{other}/revoke")).status_code == 404


async def test_a_colleagues_session_is_not_there(shop: Shop, browser: Browser, stranger: Browser) -> None:
    await login.add_agent(shop.desk, "bob", "Bob", PASSWORD, Role.ADMIN)
    await stranger.log_in("bob")
    hers = (await browser.get("/v1/console/sessions")).json()["sessions"][0]["id"]
    answer = await stranger.say(f"sessions/{hers}/revoke")
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})
    assert await is_in(browser)


# ── one's own password ──


async def test_a_new_password_keeps_this_browser_and_no_other(shop: Shop, browser: Browser) -> None:
    async with Browser(shop) as other:
        await other.log_in()
        answer = await browser.say("password", {"old": PASSWORD, "new": "another password"})
        assert answer.status_code == 204
        assert await is_in(browser)
        assert not await is_in(other)
        assert (await other.log_in()).status_code == 401
        assert (await other.log_in("ann", "another password")).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("not it", "another password", "old password is not right"),
        (PASSWORD, "short", "at least 10"),
        (PASSWORD, "p" * 2_000, "at most 1024"),
        (PASSWORD, "ann" + " " * 10, "something else than the login"),
    ],
    ids=["wrong", "short", "long", "login"],
)
async def test_what_is_wrong_with_a_new_password_is_said(browser: Browser, old: str, new: str, says: str) -> None:
    answer = await browser.say("password", {"old": old, "new": new})
    assert answer.status_code == 422
    assert answer.json()["error"] == "bad_request"
    assert says in answer.json()["says"]
    assert (await browser.log_in()).status_code == 200


async def test_who_sits_at_a_stolen_session_cannot_guess_the_password(browser: Browser) -> None:
    guesses = [await browser.say("password", {"old": f"guess {n}", "new": "another password"}) for n in range(7)]
    assert [answer.status_code for answer in guesses] == [422] * 5 + [429] * 2


# ── tickets ──


async def test_a_ticket_is_a_session_for_one_socket(shop: Shop, browser: Browser, ann: Agent) -> None:
    answer = (await browser.say("ticket")).json()
    assert answer["expires_in"] == 30
    secret_hash = await shop.tickets.redeem(answer["ticket"])
    assert secret_hash == hashed(browser.cookies[SESSION])
    session = await login.still_valid(shop.desk, secret_hash)
    assert session is not None
    assert session.agent == ann
    assert await shop.tickets.redeem(answer["ticket"]) is None


# ── requests that are not from our page ──

CHANGES = ["logout", "sessions/s1/revoke", "password", "ticket", *(f"may/{action}" for action in MAY[Role.AGENT])]
NOT_OURS = {
    "no token": {"x-csrf-token": ""},
    "a token in capitals": {"x-csrf-token": "{CSRF}"},
    "another session's token": {"x-csrf-token": csrf_token(new_secret())},
    "a token that is not ASCII": {"x-csrf-token": "\xe9" * 64},
    "the secret of nobody": {"x-csrf-token": csrf_token("")},
    "a form": {"content-type": "application/x-www-form-urlencoded"},
    "a form with files": {"content-type": "multipart/form-data; boundary=x"},
    "plain text": {"content-type": "text/plain"},
    "JSON by another name": {"content-type": "text/plain; application/json"},
    "no type": {"content-type": ""},
    "another site's page": {"origin": "https://evil.test"},
    "a page that hides its origin": {"origin": "null"},
    "an empty origin": {"origin": ""},
    "a name that begins like ours": {"origin": "https://console.test.evil.test"},
    "another port": {"origin": "https://console.test:8443"},
    "our name without https": {"origin": "http://console.test"},
    "a fetch across sites": {"sec-fetch-site": "cross-site"},
    "a fetch from a sister site": {"sec-fetch-site": "same-site"},
    "a claim to be a GET": {"x-csrf-token": "", "x-http-method-override": "GET"},
}


@pytest.mark.parametrize("wrong", NOT_OURS, ids=str)
async def test_a_change_that_is_not_from_our_page_is_forbidden(browser: Browser, wrong: str) -> None:
    headers = {"x-csrf-token": browser.csrf, "content-type": "application/json", **NOT_OURS[wrong]}
    headers = {name: value.replace("{CSRF}", browser.csrf.upper()) for name, value in headers.items()}
    for path in CHANGES:
        answer = await browser.post(f"/v1/console/{path}", content=b"{}", headers=_bytes(headers))
        assert (answer.status_code, answer.json()) == (403, {"error": "forbidden"}), path
    for verb in VERBS[1:]:
        answer = await browser.request(verb, "/v1/console/may/read", content=b"{}", headers=_bytes(headers))
        assert answer.status_code == 403, verb
    assert await is_in(browser)


def _bytes(headers: dict[str, str]) -> dict[str, bytes]:
    return {name: value.encode("latin-1") for name, value in headers.items()}


@pytest.mark.parametrize("wrong", NOT_OURS, ids=str)
async def test_nobody_is_logged_in_by_another_site(ann: Agent, stranger: Browser, wrong: str) -> None:
    """Login CSRF: else a page could log somebody in as its own author, and read what they write."""
    await stranger.me()
    headers = {"x-csrf-token": stranger.csrf, "content-type": "application/json", **NOT_OURS[wrong]}
    headers = {name: value.replace("{CSRF}", stranger.csrf.upper()) for name, value in headers.items()}
    body = b'{"login": "ann", "password": "correct horse battery"}'
    answer = await stranger.post("/v1/console/login", content=body, headers=_bytes(headers))
    assert answer.status_code in (403, 422)
    assert SESSION not in cookies_of(answer)


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "Application/JSON; charset=utf-8"}, {"sec-fetch-site": "none"}],
    ids=str,
)
async def test_our_own_page_may(browser: Browser, headers: dict[str, str]) -> None:
    assert (await browser.say("ticket", **headers)).status_code == 200
    del browser.headers["origin"], browser.headers["sec-fetch-site"]  # an older browser sends neither
    assert (await browser.say("ticket", **headers)).status_code == 200


async def test_the_token_of_the_log_in_page_is_not_the_sessions(browser: Browser) -> None:
    guest = new_secret()
    browser.cookies.set(GUEST, guest, domain="console.test", path="/")
    assert (await browser.say("ticket", x_csrf_token=csrf_token(guest))).status_code == 403


async def test_behind_a_proxy_the_public_address_is_ours(shop: Shop, ann: Agent, stranger: Browser) -> None:
    shop.app.state.served.settings.public_url = "https://help.shop.test/"
    assert (await stranger.log_in()).status_code == 403
    stranger.headers["origin"] = "https://help.shop.test"
    assert (await stranger.log_in()).status_code == 200


# ── roles ──


@pytest.mark.parametrize("role", Role)
async def test_each_role_gets_what_the_table_says(shop: Shop, stranger: Browser, role: Role) -> None:
    await login.add_agent(shop.desk, "bob", "Bob", PASSWORD, role)
    await stranger.log_in("bob")
    for action in Action:
        for verb in VERBS:
            answer = await stranger.request(
                verb, f"/v1/console/may/{action}", json={}, headers={"x-csrf-token": stranger.csrf}
            )
            assert answer.status_code == (200 if action in MAY[role] else 403), (action, verb)
            if answer.status_code == 403:
                assert answer.json() == {"error": "forbidden"}


@pytest.mark.parametrize("secret", ["", "x", "é", new_secret(), "a" * 4_000], ids=lambda one: one[:4].encode().hex())
async def test_without_a_session_there_is_nothing(stranger: Browser, secret: str) -> None:
    headers = {"x-csrf-token": csrf_token(secret), "cookie": f"{SESSION}={secret}".encode()}
    for path in ["sessions", *(f"may/{action}" for action in Action)]:
        answer = await stranger.get(f"/v1/console/{path}", headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    for path in CHANGES:
        answer = await stranger.post(f"/v1/console/{path}", json={"old": "", "new": ""}, headers=headers)
        assert answer.status_code == 401, path


def test_every_route_but_the_door_asks_who_it_is() -> None:
    """A route that forgets to ask is found here."""
    open_to_all = {"/v1/console/me", "/v1/console/login"}
    for route in router.routes:
        asked = {dependency.call for dependency in route.dependant.dependencies}  # type: ignore[attr-defined]
        seats = [call for call in asked if getattr(call, "__name__", "") == "seat" or hasattr(call, "action")]
        assert bool(seats) != (route.path in open_to_all), route.path  # type: ignore[attr-defined]


# ── what browsers call themselves ──


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Version/19.0 Safari/605.1.15", "Safari, macOS"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("<script>\x07alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 1_000, "x" * 60),
        ("", ""),
    ],
)
def test_a_browser_is_named_so_that_its_owner_knows_it(agent: str, name: str) -> None:
    assert browser_name(agent) == name
