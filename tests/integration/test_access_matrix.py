"""Who may do what, cell by cell: generated from the routes and the frames, so a new one without a row fails here."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute, Mount

from bot import access
from bot.access import MAY, Action, Role
from bot.adapters.answer_files import AnswerFolder
from bot.conversation import Author, Conversation, Reason
from bot.settings import Settings
from bot.web import peer, sockets, wire
from bot.web.agent_wire import AGENT_FRAMES
from bot.web.app import create_app
from bot.web.console_login import Allowed, seat
from bot.web.limits import Allowance, Rules
from tests.fakes import AT, stock, writes
from tests.site import Agent, Frame, Site, Tab, running

CONSOLE = "/v1/console/"

# What anybody may ask for, and what the answer to nothing in particular is.
PUBLIC = {
    "GET /": 200, "GET /chat": 200, "GET /widget.js": 200, "GET /console": 200, "GET /console/evidence": 200,
    "GET /console/answers": 200, "GET /console/metrics": 200, "GET /console/recall": 200,
    "GET /console/knowledge": 200, "GET /v1/config": 200, "GET /healthz": 200, "GET /readyz": 200,
    "GET /metrics": 200, "POST /v1/session": 201, "POST /v1/ticket": 401, "GET /v1/events": 401,
    "POST /v1/messages": 401,
}  # fmt: skip
SOCKETS = {"/v1/socket", "/v1/console/socket"}
FOLDERS = {"/static"}
LOGIN = {"GET /v1/console/me", "POST /v1/console/login"}  # for whoever is not logged in yet
OWN = {  # every agent's own business: no action is needed for it, only a session
    "POST /v1/console/logout", "GET /v1/console/sessions", "POST /v1/console/sessions/{id}/revoke",
    "POST /v1/console/password",
}  # fmt: skip


# ── the routes, as the application has them ──


@dataclass(frozen=True)
class Asked:
    """One method of one route, and the dependency that decides who may."""

    name: str
    action: Action | None = None
    is_seated: bool = False

    @property
    def method(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def path(self) -> str:
        """With something in place of what the path names, and nothing that exists."""
        return self.name.partition(" ")[2].replace("{id}", "made-up").replace("{seq}", "1")


def every(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        inner = getattr(route, "original_router", None)  # a router as it was included
        if inner is None:
            yield route
        else:
            yield from every(inner.routes)


ROUTES = list(every(create_app(Settings(), lambda worker: None).routes))  # type: ignore[arg-type,return-value]


def asked(route: APIRoute) -> Iterator[Asked]:
    calls = [dependency.call for dependency in route.dependant.dependencies]
    actions = [call.action for call in calls if isinstance(call, Allowed)]
    assert len(actions) <= 1, f"{route.path} asks for two actions"
    for method in sorted(route.methods or ()):
        yield Asked(f"{method} {route.path}", *actions[:1], is_seated=bool(actions) or seat in calls)


ASKED = [one for route in ROUTES if isinstance(route, APIRoute) for one in asked(route)]
CONSOLE_ROUTES = [one for one in ASKED if one.path.startswith(CONSOLE)]
GUARDED = [one for one in CONSOLE_ROUTES if one.name not in LOGIN]
CHANGING = [one for one in GUARDED if one.method != "GET"]


def test_every_route_is_in_a_row_or_asks_who_may() -> None:
    assert {one.name for one in ASKED if not one.path.startswith(CONSOLE)} == set(PUBLIC)
    assert {route.path for route in ROUTES if isinstance(route, APIWebSocketRoute)} == SOCKETS
    assert {route.path for route in ROUTES if isinstance(route, Mount)} == FOLDERS
    known = (APIRoute, APIWebSocketRoute, Mount)
    assert all(isinstance(route, known) for route in ROUTES), "a kind of route that nobody looks at here"
    assert len(GUARDED) >= 20


def test_every_console_route_asks_for_an_action_or_is_ones_own_business() -> None:
    assert {one.name for one in GUARDED if one.action is None} == OWN
    assert all(one.is_seated for one in GUARDED)
    assert not any(one.is_seated for one in CONSOLE_ROUTES if one.name in LOGIN)


def test_whatever_is_below_the_consoles_path_is_a_console_route() -> None:
    paths = [str(getattr(route, "path", "")) for route in ROUTES]
    assert all(path.startswith(CONSOLE) for path in paths if "console" in path and path.startswith("/v1"))


# ── who asks ──


@pytest.fixture
async def site(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    generator, files = writes("You can return unused items within 30 days."), AnswerFolder(tmp_path / "answers")
    async with running(sqlite_url, generator, answer_files=files) as site:
        await stock(site.bot)
        yield site


def told(status: int) -> str:
    """What a status says of access: the rest is about the input, which is empty or names nothing."""
    return {401: "unauthorized", 403: "forbidden"}.get(status, "allowed" if status < 500 else f"failed {status}")


def last_of_all(routes: list[Asked]) -> list[Asked]:
    """Logging out comes last: it would end the session of all that follows."""
    return sorted(routes, key=lambda one: one.name.endswith("/logout"))


async def answers(agent: Agent, routes: list[Asked], **headers: str) -> dict[str, str]:
    found = {}
    for one in last_of_all(routes):
        body = None if one.method == "GET" else {}
        answer = await agent.request(one.method, one.path.removeprefix(CONSOLE), body, **headers)
        found[one.name] = told(answer.status_code)
        if found[one.name] != "allowed":
            assert answer.json() == {"error": found[one.name]}, "a refusal tells nothing"
    return found


@pytest.mark.parametrize("role", Role)
async def test_each_role_reaches_what_the_table_gives_it(site: Site, role: Role) -> None:
    async with site.agent(f"the-{role.value}", role) as agent:
        expected = {
            one.name: "allowed" if one.action is None or one.action in MAY[role] else "forbidden" for one in GUARDED
        }
        assert await answers(agent, GUARDED) == expected


async def test_the_table_alone_decides(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one action taken out of it exactly the routes that ask for that one close."""
    async with site.agent("ana") as ana:
        for gone in sorted({one.action for one in GUARDED if one.action}):
            monkeypatch.setattr(access, "MAY", {Role.AGENT: frozenset(Action) - {gone}})
            routes = [one for one in GUARDED if one.action is not None]
            expected = {one.name: "forbidden" if one.action is gone else "allowed" for one in routes}
            assert await answers(ana, routes) == expected, gone


async def test_without_a_session_nothing_of_the_console_answers(site: Site) -> None:
    id = await site.customer()
    nobody = Agent(site, site.http)
    everybody_else = {
        "nothing": {},
        "a customer's secret": {"authorization": f"Bearer secret-{id}"},
        "a made-up cookie": {"cookie": f"__Host-answerdesk={'x' * 43}"},
        "the secret of a customer as a cookie": {"cookie": f"__Host-answerdesk=secret-{id}"},
    }
    for who, headers in everybody_else.items():
        found = await answers(nobody, GUARDED, **headers)
        assert found == dict.fromkeys(found, "unauthorized"), who


async def test_a_session_that_ended_is_none(site: Site) -> None:
    async with site.agent("ana", Role.AGENT) as ana:
        kept = dict(ana.cookies)
        await ana.post("logout")
        ana.cookies = kept
        found = await answers(ana, GUARDED)
        assert found == dict.fromkeys(found, "unauthorized")


async def test_what_is_public_is_so_for_everybody_and_gives_nothing_away(site: Site) -> None:
    found = {}
    for one in ASKED:
        if one.name in PUBLIC:
            body = None if one.method == "GET" else {}
            found[one.name] = (await site.http.request(one.method, one.path, json=body)).status_code
    assert found == PUBLIC


# ── requests that another page makes ──

FOREIGN: Mapping[str, dict[str, str]] = {
    "no token": {"x-csrf-token": ""},
    "another's token": {"x-csrf-token": "0" * 64},
    "a form": {"content-type": "application/x-www-form-urlencoded"},
    "a form with a file": {"content-type": "multipart/form-data; boundary=x"},
    "plain text": {"content-type": "text/plain"},
    "no type": {"content-type": ""},
    "nearly JSON": {"content-type": "application/json-patch+json"},
    "a page of others": {"sec-fetch-site": "cross-site"},
    "a neighbour": {"sec-fetch-site": "same-site"},
    "a foreign origin": {"origin": "https://evil.example"},
    "no origin to speak of": {"origin": "null"},
}


@pytest.mark.parametrize("how", FOREIGN)
async def test_a_change_comes_from_a_page_of_ours_or_not_at_all(site: Site, how: str) -> None:
    async with site.agent("adm", Role.ADMIN) as admin:
        found = await answers(admin, CHANGING, **FOREIGN[how])
        assert set(found.values()) == {"forbidden"}, found
        credentials = {"login": "adm", "password": "correct horse battery"}
        logged_in = await admin.request("POST", "login", credentials, **FOREIGN[how])
        assert logged_in.status_code in (403, 422), "what is no JSON may be refused for that"
        assert "set-cookie" not in logged_in.headers
        assert (await admin.request("GET", "me")).status_code == 200, "still logged in"


async def test_no_route_changes_anything_by_another_method(site: Site) -> None:
    async with site.agent("adm", Role.ADMIN) as admin:
        for path in sorted({one.path for one in CONSOLE_ROUTES}):
            known = {one.method for one in CONSOLE_ROUTES if one.path == path}
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
                answer = await admin.request(method, path.removeprefix(CONSOLE), None if method == "GET" else {})
                assert answer.status_code in (404, 405), f"{method} {path}"


# ── agents' frames ──


@dataclass(frozen=True)
class Row:
    """What one type of frame does for the holder of a conversation, a colleague, and one who may overrule.

    "ack", an error's code (with its why), or "" for what is never answered.
    """

    needs: Action
    holder: str
    colleague: str
    overruling: str
    fields: Mapping[str, Any]


def row(needs: Action, holder: str, colleague: str = "", overruling: str = "", **fields: Any) -> Row:
    return Row(needs, holder, colleague or holder, overruling or colleague or holder, fields)


HELD = "conflict holder"
AGENTS: Mapping[str, Row] = {
    "hello": row(Action.READ, "bad_request", ticket="x"),
    "open": row(Action.READ, "ack"),
    "leave": row(Action.READ, "ack"),
    "sync": row(Action.READ, "ack", since=0),
    "read": row(Action.READ, "", seq=1),
    "typing": row(Action.READ, "", on=True),
    "pong": row(Action.READ, "", n=0),
    "away": row(Action.READ, "", on=False),
    "claim": row(Action.CLAIM, "conflict status", expect_version=2),
    "return": row(Action.REPLY, "ack", HELD, "ack", expect_version=2),
    "close": row(Action.REPLY, "ack", HELD, "ack", expect_version=2),
    "transfer": row(Action.REPLY, "ack", HELD, "ack", expect_version=2, to=""),
    "send": row(Action.REPLY, "ack", HELD, HELD, text="Hello."),
    "note": row(Action.REPLY, "ack", text="A note."),
    "tag": row(Action.REPLY, "ack", tags=["late"]),
}


def test_every_frame_of_the_agents_has_its_row() -> None:
    assert set(AGENTS) == set(AGENT_FRAMES)


async def held_by(site: Site, agent: str, name: str) -> str:
    id = await site.customer()

    def step(c: Conversation) -> Conversation:
        c = c.said("Where is my lamp?", sender="x", cid="q", at=AT).handed_off(Reason.NO_ANSWER, at=AT)
        return c.claimed(agent, name, at=AT)

    await site.bot.change(id, step)
    return id


async def answer_to(console: Tab, type: str, conversation: str, fields: Mapping[str, Any]) -> str:
    """ "ack", "code why", or "" when nothing came before the answer to the next frame."""
    ref = f"r-{type}"
    named = {} if type in ("pong", "away", "hello") else {"conversation": conversation}
    await console.tell(type, **{"id": ref, "cid": f"c-{type}", **named, **fields})
    await console.tell("leave", id="end", conversation="made-up")
    found = ""
    while True:
        frame = await console.next()
        if frame.get("ref") == "end":
            return found
        if frame["type"] == "ack" and frame["ref"] == ref:
            found = "ack"
        elif frame["type"] == "error" and frame.get("ref") in (ref, None):
            found = " ".join(filter(None, [frame["code"], frame.get("why")]))


@pytest.mark.parametrize("role", Role)
async def test_each_frame_does_for_each_role_what_its_row_says(site: Site, role: Role) -> None:
    async with site.agent(f"a-{role.value}", role, capacity=100) as agent, agent.console() as console:
        me = agent.me["agent"]["id"]
        found, expected = {}, {}
        for type, row in AGENTS.items():
            for whose, holder in (("own", me), ("a colleague's", "somebody")):
                id = await held_by(site, holder, "Eve")
                if type in ("sync", "typing"):
                    await console.tell("open", id="o", conversation=id)
                    await console.next("ack", ref="o")
                found[type, whose] = await answer_to(console, type, id, row.fields)
                other = row.overruling if Action.OVERRULE in MAY[role] else row.colleague
                expected[type, whose] = row.holder if whose == "own" else other
        assert found == expected


@pytest.mark.parametrize("left", [frozenset[Action](), frozenset({Action.READ}), frozenset(Action) - {Action.CLAIM}])
async def test_what_the_table_does_not_give_a_frame_does_not_take(
    site: Site, left: frozenset[Action], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "MOST_ERRORS", 1_000)
    async with site.agent("ana", capacity=100) as ana, ana.console() as console:
        id = await held_by(site, ana.me["agent"]["id"], "Ana")
        await console.tell("open", id="o", conversation=id)
        await console.next("ack", ref="o")
        monkeypatch.setattr(access, "MAY", {Role.AGENT: left})
        for type, row in AGENTS.items():
            if type == "pong":
                continue
            before = len(await site.events(id))
            found = await reply_to(console, type, id, row.fields)
            is_closed = Action.READ not in left or row.needs not in left
            assert (found == "forbidden") == is_closed, (type, found)
            if is_closed:
                assert len(await site.events(id)) == before, type


async def reply_to(console: Tab, type: str, id: str, fields: Mapping[str, Any]) -> str:
    """As `answer_to`, of a socket whose next frame may be forbidden too."""
    await console.tell(type, **{"id": "r", "cid": f"c-{type}", "conversation": id, **fields})
    await console.tell("made_up", id="end")
    found = ""
    while True:
        frame = await console.next()
        if frame.get("ref") == "end":
            return found
        if frame["type"] in ("ack", "error"):
            found = frame.get("code", "ack")


# ── customers' frames ──

CUSTOMERS: Mapping[str, Mapping[str, Any]] = {
    "send": {"text": "What did they say?"},
    "sync": {"since": 0},
    "read": {"seq": 1},
    "typing": {"on": True},
    "rate": {"score": 1},
    "handoff": {},
    "email": {"email": "eve@evil.example"},
    "close": {},
}
NAMELESS = {"hello", "pong"}  # they name no conversation; `hello` has a test of its own


def test_every_frame_of_the_customers_has_its_row() -> None:
    assert set(CUSTOMERS) | NAMELESS == set(wire.CLIENT_FRAMES)


async def error_to(tab: Tab, type: str, conversation: str) -> Frame:
    await tab.tell(type, **{"id": "r", "cid": f"c-{type}", "conversation": conversation, **CUSTOMERS[type]})
    return await tab.next("error")


async def test_what_belongs_to_another_visitor_is_as_if_it_were_not_there(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(site.doors, "rules", Rules(messages=Allowance(1_000, 0.001)))
    monkeypatch.setattr(sockets, "PERSON", Allowance(1_000, 0.001))
    own, theirs = await site.customer(), await held_by(site, "a1", "Ana")
    before = await site.bot.store.conversation(theirs)
    async with site.tab(own) as tab, site.tab(theirs) as victim:
        for type in CUSTOMERS:
            real, made_up = await error_to(tab, type, theirs), await error_to(tab, type, "0" * 32)
            assert real == made_up, type
            assert (real["code"], real["retry"]) == ("not_found", False), type
        assert [frame for frame in await victim.quiet() if frame["type"] == "typing"] == []
    assert await site.bot.store.conversation(theirs) == before
    assert await site.events(own) == []


async def test_the_owner_may_all_of_it(site: Site) -> None:
    id = await site.customer()
    async with site.tab(id) as tab:
        await tab.say("hello")
        await tab.event(author=Author.BOT.value)
        for type, fields in CUSTOMERS.items():
            await tab.tell(type, **{"id": f"r-{type}", "cid": f"c-{type}", **fields})
            if type not in ("read", "typing"):
                await tab.next("ack", ref=f"r-{type}")
        assert not [frame for frame in tab.seen if frame["type"] == "error"]


async def test_resuming_what_belongs_to_another_brings_nothing_of_it(site: Site) -> None:
    own, theirs = await site.customer(), await held_by(site, "a1", "Ana")
    async with site.connect() as socket:
        tab = Tab(socket, own)
        position = [{"conversation": theirs, "epoch": "epoch-1", "seq": 0}]
        await tab.tell("hello", ticket=await site.ticket(own), resume=position)
        welcome = await tab.next("welcome")
        assert [one["conversation"] for one in welcome["conversations"]] == [own]
        await site.bot.change(theirs, lambda c: c.said("my address is …", sender="x", cid="m9", at=AT))
        assert await tab.quiet(0.1) == []


async def test_without_a_session_no_frame_gets_an_answer(site: Site) -> None:
    id = await held_by(site, "a1", "Ana")
    for type, fields in CUSTOMERS.items():
        async with site.connect() as socket:
            tab = Tab(socket, id)
            await tab.tell(type, **{"id": "r", "cid": "c", **fields})
            assert await tab.closed() == wire.CLOSE["no_hello"], type
            assert tab.seen == []


async def test_customers_reach_only_their_own_conversation_by_http(site: Site) -> None:
    """No path names one; a frame does, and any but the own is not there."""
    assert [one.name for one in ASKED if "{" in one.name and not one.path.startswith(CONSOLE)] == []
    one, two = await site.customer(), await site.customer()
    first, second = await asyncio.gather(site.ticket(one), site.ticket(two))
    async with site.connect() as socket:
        tab = Tab(socket, one)
        await tab.tell("hello", ticket=second)
        assert (await tab.next("welcome"))["conversations"][0]["conversation"] == two, "the ticket says whose it is"
    assert first != second
    for secret in ("", "Bearer", f"Bearer {one}", "Bearer secret-", "Bearer " + "x" * 10_000):
        assert (await site.http.post("/v1/ticket", headers={"authorization": secret})).status_code == 401
        assert (await site.http.get("/v1/events", headers={"authorization": secret})).status_code == 401
    own = {"authorization": f"Bearer secret-{one}"}
    for other in (two, "made-up", ""):
        frame = {"type": "send", "id": "1", "cid": "1", "conversation": other, "text": "hello"}
        answer = await site.http.post("/v1/messages", json=frame, headers=own)
        assert answer.status_code in (400, 404), other
    assert [await site.events(id) for id in (one, two)] == [[], []]


# ── agents among themselves ──


async def test_an_agents_sessions_are_nobody_elses(site: Site) -> None:
    async with site.agent("ana") as ana, site.agent("adm", Role.ADMIN) as admin:
        of_ana = next(one for one in (await ana.get("sessions"))["sessions"] if one["current"])
        assert of_ana["id"] not in str(await admin.get("sessions"))
        real = await admin.post(f"sessions/{of_ana['id']}/revoke")
        made_up = await admin.post("sessions/made-up/revoke")
        assert (real.status_code, real.json()) == (made_up.status_code, made_up.json()) == (404, {"error": "not_found"})
        assert (await ana.request("GET", "me")).status_code == 200


async def test_a_conversation_that_is_not_there_is_not_found_everywhere(site: Site) -> None:
    paths = [one for one in GUARDED if one.path.startswith(f"{CONSOLE}conversations/")]
    assert len(paths) >= 3
    async with site.agent("ana") as ana:
        for id in ("made-up", "0" * 32, "'; DROP TABLE event; --", "%00", "%F0%9F%A4%B7", "a" * 500, "..%2f..%2fme"):
            for one in paths:
                answer = await ana.request("GET", one.path.removeprefix(CONSOLE).replace("made-up", id))
                assert answer.status_code in (400, 404), (one.name, id)
                assert "Traceback" not in answer.text
