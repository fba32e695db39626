"""The console's door: who is logged in, logging in and out, one's own sessions and password, tickets for the socket.

Every other console route asks `may(action)`. A request that changes something needs the session's cookie and besides
it what only a page of ours can send: the CSRF token, JSON, and no other Origin than our own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bot import access, login
from bot.access import MAY, Action, Agent, AgentSession
from bot.errors import NotFound, Refused
from bot.login import Browser, TooFast, WrongLogin
from bot.tickets import TICKET_S
from bot.web.auth import Seat, csrf_token, hashed, is_csrf_token, is_own_page, new_secret
from bot.web.limits import network
from bot.web.served import served

__all__ = ["Denied", "Seat", "Seated", "denied", "may", "router", "seat"]

SESSION, DEVICE, GUEST = "__Host-answerdesk", "__Host-answerdesk-device", "__Host-answerdesk-guest"
DEVICE_S = 400 * 24 * 3_600  # the longest a browser keeps a cookie
OURS = frozenset({"application/json", "application/octet-stream"})  # what no form of another page can send
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class Denied(Exception):
    """The request ends here: a status and a code, and perhaps a sentence for people."""

    def __init__(self, status: int, code: str, **besides: Any) -> None:
        self.status, self.body = status, {"error": code, **besides}


def denied(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, Denied)
    headers = {"cache-control": "no-store"}
    if after_ms := wrong.body.get("after_ms"):
        headers["retry-after"] = str(-(-after_ms // 1_000))
    return JSONResponse(wrong.body, wrong.status, headers)


# ── what the other routes ask ──


async def seat(request: Request) -> Seat:
    """Who is logged in. Raises Denied: 401, or 403 for a change that did not come from a page of ours."""
    session = await _session(request)
    if request.method not in SAFE:
        _must_be_ours(request, _secret(request, SESSION))
    return Seat(session.agent, session.id, hashed(_secret(request, SESSION)))


@dataclass(frozen=True, slots=True)
class Allowed:
    """A dependency: the seat of an agent whose role may do `action`."""

    action: Action

    async def __call__(self, request: Request) -> Seat:
        found = await seat(request)
        if not access.may(found.agent, self.action):
            raise Denied(403, "forbidden")
        return found


def may(action: Action) -> Allowed:
    return Allowed(action)


Seated = Annotated[Seat, Depends(seat)]
Reader = Annotated[Seat, Depends(may(Action.READ))]


async def _session(request: Request) -> AgentSession:
    secret = _secret(request, SESSION)
    session = await login.use(served(request).bot, hashed(secret)) if secret else None
    if session is None:
        raise Denied(401, "unauthorized")
    return session


def _secret(request: Request, cookie: str) -> str:
    """A secret of ours, or ""."""
    value = request.cookies.get(cookie, "")
    return value if _SECRET.fullmatch(value) else ""


def _must_be_ours(request: Request, *secrets: str) -> None:
    headers = request.headers
    origin, public_url = headers.get("origin"), served(request).settings.public_url
    is_json = headers.get("content-type", "").partition(";")[0].strip().lower() in OURS
    is_near = headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    is_home = origin is None or is_own_page(origin, headers.get("host"), public_url)
    token = headers.get("x-csrf-token", "")
    if not (is_json and is_near and is_home and any(is_csrf_token(token, secret) for secret in secrets)):
        raise Denied(403, "forbidden")


# ── the routes ──


async def _unstored(response: Response) -> None:
    response.headers["cache-control"] = "no-store"


router = APIRouter(prefix="/v1/console", dependencies=[Depends(_unstored)])


class Credentials(BaseModel):
    login: str = Field(max_length=200)
    password: str = Field(max_length=4_096)


class NewPassword(BaseModel):
    old: str = Field(max_length=4_096)
    new: str = Field(max_length=4_096)


@router.get("/me")
async def me(request: Request, response: Response) -> dict[str, Any]:
    try:
        found = await seat(request)
    except Denied as nobody:
        response.status_code = nobody.status
        guest = _secret(request, GUEST) or new_secret()
        _keep(response, GUEST, guest, "strict")
        return {**nobody.body, "csrf": csrf_token(guest)}
    return _me(request, found.agent, _secret(request, SESSION))


@router.post("/login")
async def log_in(request: Request, response: Response, asked: Credentials) -> dict[str, Any]:
    before = _secret(request, SESSION)
    _must_be_ours(request, _secret(request, GUEST), before)
    here, secret, browser = served(request), new_secret(), _browser(request)
    try:
        session = await login.log_in(here.bot, here.attempts, asked.login, asked.password, hashed(secret), browser)
    except (TooFast, WrongLogin) as wrong:
        raise _denial(wrong) from None
    if before and (replaced := await login.still_valid(here.bot, hashed(before))):
        await login.log_out(here.bot, replaced.id)
    _keep(response, SESSION, secret, "lax")
    _keep(response, DEVICE, browser.device, "strict", DEVICE_S)
    _drop(response, GUEST)
    return _me(request, session.agent, secret)


@router.post("/logout", status_code=204)
async def log_out(request: Request, response: Response, who: Seated) -> None:
    await login.log_out(served(request).bot, who.session_id)
    _drop(response, SESSION)


@router.get("/sessions")
async def sessions(request: Request, who: Seated) -> dict[str, Any]:
    every = await login.sessions(served(request).bot, who.agent.id)
    return {"sessions": [_shown(session, who) for session in every]}


@router.post("/sessions/{id}/revoke", status_code=204)
async def revoke(request: Request, id: str, who: Seated) -> None:
    try:
        await login.revoke(served(request).bot, who.agent.id, id)
    except NotFound:
        raise Denied(404, "not_found") from None


@router.post("/password", status_code=204)
async def password(request: Request, asked: NewPassword, who: Seated) -> None:
    here = served(request)
    try:
        await login.change_password(here.bot, here.attempts, who.agent, who.session_id, asked.old, asked.new)
    except (Refused, WrongLogin) as wrong:
        raise Denied(422, "bad_request", says=str(wrong)) from None
    except TooFast as wrong:
        raise _denial(wrong) from None


@router.post("/ticket")
async def ticket(request: Request, who: Reader) -> dict[str, Any]:
    return {"ticket": await served(request).agent_tickets.issue(who.secret_hash), "expires_in": TICKET_S}


# ── what they say ──


def _denial(wrong: TooFast | WrongLogin) -> Denied:
    if isinstance(wrong, TooFast):
        return Denied(429, "too_fast", after_ms=int(wrong.after_s * 1_000) + 1)
    return Denied(401, "unauthorized")


def _me(request: Request, agent: Agent, secret: str) -> dict[str, Any]:
    here = served(request)
    return {
        "agent": {
            "id": agent.id, "login": agent.login, "name": agent.name, "role": agent.role.value,
            "capacity": agent.capacity,
        },
        "actions": sorted(action.value for action in MAY.get(agent.role, ())),
        "csrf": csrf_token(secret),
        "shop": {"name": here.settings.shop_name, "accent": here.settings.accent},
        "t1_s": here.bot.house.claim_s,
        "t2_s": here.bot.house.reply_s,
        "now": here.bot.now().isoformat(),
    }  # fmt: skip


def _shown(session: AgentSession, who: Seat) -> Mapping[str, Any]:
    return {
        "id": session.id,
        "created_at": session.created_at.isoformat(),
        "last_seen": session.last_seen.isoformat(),
        "device": session.device,
        "address": session.address,
        "current": session.id == who.session_id,
    }


def _keep(response: Response, name: str, secret: str, same_site: Any, seconds: int | None = None) -> None:
    response.set_cookie(name, secret, seconds, path="/", secure=True, httponly=True, samesite=same_site)


def _drop(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


# ── where a request comes from ──

_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
            ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


def _browser(request: Request) -> Browser:
    address = request.client.host if request.client else ""
    device = _secret(request, DEVICE) or new_secret()
    return Browser(browser_name(request.headers.get("user-agent", "")), address, network(request), device)


def browser_name(agent: str) -> str:
    """Enough to recognise one's own: "Firefox, Linux"."""
    found = [next((name for sign, name in signs if sign in agent), "") for signs in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, found)) or "".join(filter(str.isprintable, agent))[:60]
