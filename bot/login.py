"""Who works here, and who is at the door: agents, their passwords, and the sessions they hold.

A session ends half an hour after it was last used and twelve hours after it began, whatever happens; at once when it is
logged out or revoked, or when its agent is disabled, gets another role, or a new password. It is looked up at each
request and every half second by an open socket, so it ends there too when another process ended it.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.access import Agent, AgentSession, Role
from bot.attempts import Attempts, Counted
from bot.desk import Passwords, Roster
from bot.errors import BotError, NotFound, Refused, Unavailable

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
TOUCH = timedelta(minutes=1)  # how often the use of a session is written down
MOST_SESSIONS = 20  # of one agent: one more ends the one longest unused
LEAST_PASSWORD, MOST_PASSWORD = 10, 1_024  # characters; bytes
MOST_NAME, MOST_CAPACITY, CAPACITY = 80, 100, 6

# What an unknown login is checked against, so that it takes as long as a known one. Nobody has its password.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$wxZP43x7g7OFJS71seYwuA$M5LcdTfp8Ka7ZS11N0bVLMVJFFNBUvUaTKr/I0Gkxs4"

_LOGIN = re.compile(r"[a-z0-9._@-]{3,64}")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class WrongLogin(BotError):
    """No such agent, a disabled one, or another password: which of them is nobody's business."""

    def __init__(self, sentence: str = "the login or the password is wrong") -> None:
        super().__init__(sentence)


class TooFast(BotError):
    def __init__(self, after_s: float) -> None:
        self.after_s = after_s
        super().__init__(f"too many tries: the next one is possible in {after_s:.0f} s")


class Desk(Protocol):
    """What is needed here: a Bot has it, and so has a command that loads no models."""

    @property
    def roster(self) -> Roster: ...
    @property
    def passwords(self) -> Passwords: ...
    @property
    def now(self) -> Callable[[], datetime]: ...


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody logs in from."""

    name: str = ""  # what it calls itself
    address: str = ""
    network: str = ""  # whose tries it uses up; "" for loopback, which has none of its own
    device: str = ""  # the secret of its long-lived cookie


# ── agents ──


async def add_agent(
    desk: Desk, login: str, name: str, password: str, role: Role = Role.AGENT, capacity: int = CAPACITY
) -> Agent:
    """Raises Refused with a sentence for what is not right, and Conflict when the login is taken."""
    check_agent(login, name, capacity)
    agent = Agent(secrets.token_hex(16), login.strip().lower(), name.strip(), role, capacity)
    await desk.roster.add_agent(agent, await _new_hash(desk, password, agent.login), desk.now())
    return agent


async def change_role(desk: Desk, login: str, role: Role) -> Agent:
    agent, _ = await find_agent(desk, login)
    return await _changed(desk, await desk.roster.change_agent(agent.id, role=role))


async def disable(desk: Desk, login: str) -> Agent:
    agent, _ = await find_agent(desk, login)
    return await _changed(desk, await desk.roster.change_agent(agent.id, is_active=False))


async def enable(desk: Desk, login: str) -> Agent:
    agent, _ = await find_agent(desk, login)
    return await desk.roster.change_agent(agent.id, is_active=True)


async def reset_password(desk: Desk, login: str, password: str) -> Agent:
    agent, _ = await find_agent(desk, login)
    new = await _new_hash(desk, password, agent.login)
    return await _changed(desk, await desk.roster.change_agent(agent.id, password_hash=new))


async def change_password(desk: Desk, attempts: Attempts, who: Agent, session_id: str, old: str, new: str) -> None:
    """By the agent, who stays logged in here and nowhere else. Raises TooFast, WrongLogin or Refused."""
    agent, stored = await find_agent(desk, who.login)
    check_password(new, agent.login)
    # Not the account's tries: whoever sits at a stolen session could lock the log-in, or guess beside it.
    tried = await attempts.count(agent.login, device=f"session {session_id}")
    if not await _is_right(desk, tried, stored, old):
        raise WrongLogin("the old password is not right")
    await tried.give_back()
    await desk.roster.change_agent(agent.id, password_hash=await _new_hash(desk, new, agent.login))
    await desk.roster.end_sessions(agent.id, keep=session_id)


async def find_agent(desk: Desk, login: str) -> tuple[Agent, str]:
    """The agent and the hash of their password. Raises NotFound."""
    wanted = login.strip().lower()
    if not _LOGIN.fullmatch(wanted):
        raise NotFound("there is no agent with this login")
    try:
        return await desk.roster.agent_by_login(wanted)
    except NotFound:
        raise NotFound(f"there is no agent with the login {wanted}") from None


async def _changed(desk: Desk, agent: Agent) -> Agent:
    """After a change that everybody who is logged in as this agent has to meet at the door."""
    await desk.roster.end_sessions(agent.id)
    return agent


# ── sessions ──


async def log_in(
    desk: Desk, attempts: Attempts, login: str, password: str, secret_hash: str, browser: Browser
) -> AgentSession:
    """A new session, known by `secret_hash`. Raises TooFast or WrongLogin.

    The same steps are taken, and one password is checked, whether or not there is such an agent.
    """
    agent, stored = await _agent_or_nobody(desk, login)
    device = _device(agent, browser.device)
    is_known = await desk.roster.is_device(agent.id if agent else "", device)
    account = login.strip().lower()[:64]
    tried = await attempts.count(account, device=device if is_known else "", network=browser.network)
    is_right = await _is_right(desk, tried, stored, password)
    if agent is None or not agent.is_active or not is_right:
        raise WrongLogin
    await tried.give_back()
    if browser.device and not is_known:
        await desk.roster.add_device(agent.id, device, desk.now())
    return await _start(desk, agent, stored, secret_hash, browser)


async def still_valid(desk: Desk, secret_hash: str) -> AgentSession | None:
    """The session, while it lasts. One query, and no trace of it: for sockets that ask all the time."""
    try:
        session = await desk.roster.session(secret_hash)
    except NotFound:
        return None
    return session if _lasts(session, desk.now()) and session.agent.is_active else None


async def use(desk: Desk, secret_hash: str) -> AgentSession | None:
    """The session, while it lasts; that somebody used it is written down, once a minute at most."""
    session = await still_valid(desk, secret_hash)
    if session is not None and desk.now() - session.last_seen >= TOUCH:
        await desk.roster.touch(secret_hash, desk.now())
    return session


async def sessions(desk: Desk, agent_id: str) -> Sequence[AgentSession]:
    """Those that last, the last used first."""
    now = desk.now()
    return [session for session in await desk.roster.sessions(agent_id) if _lasts(session, now)]


async def revoke(desk: Desk, agent_id: str, session_id: str) -> None:
    """Raises NotFound for a session that is somebody else's, or over."""
    if session_id not in {session.id for session in await desk.roster.sessions(agent_id)}:
        raise NotFound("there is no such session")
    await desk.roster.end_session(session_id)


async def log_out(desk: Desk, session_id: str) -> None:
    await desk.roster.end_session(session_id)


async def _agent_or_nobody(desk: Desk, login: str) -> tuple[Agent | None, str]:
    try:
        return await find_agent(desk, login)
    except NotFound:
        return None, NOBODY


async def _is_right(desk: Desk, tried: Counted, stored: str, password: str) -> bool:
    """Raises TooFast: before the password is looked at, which is slow on purpose."""
    if tried.wait:
        raise TooFast(tried.wait)
    try:
        return await desk.passwords.verify(stored, _normal(password))
    except Unavailable:  # too many are being looked at: this one was not
        await tried.give_back()
        raise TooFast(1.0) from None


async def _start(desk: Desk, agent: Agent, stored: str, secret_hash: str, browser: Browser) -> AgentSession:
    await _end_old_sessions(desk, agent.id)
    id = secrets.token_hex(16)
    await desk.roster.start_session(agent.id, id, secret_hash, desk.now(), browser.name, browser.address)
    # Whoever disables an agent or resets a password ends the sessions they see: not one that begins right then.
    current, hash_now = await desk.roster.agent_by_login(agent.login)
    session_now = await still_valid(desk, secret_hash)
    if session_now is None or not current.is_active or hash_now != stored:
        await desk.roster.end_session(id)
        raise WrongLogin
    return session_now


async def _end_old_sessions(desk: Desk, agent_id: str) -> None:
    every, now = await desk.roster.sessions(agent_id), desk.now()
    lasting = [session for session in every if _lasts(session, now)][: MOST_SESSIONS - 1]
    for session in every:
        if session not in lasting:
            await desk.roster.end_session(session.id)


def _lasts(session: AgentSession, now: datetime) -> bool:
    return now - session.last_seen < IDLE and now - session.created_at < ABSOLUTE


def _device(agent: Agent | None, secret: str) -> str:
    """One browser may be several agents': it is known for each of them by itself."""
    return hashlib.sha256(f"{agent.id if agent else ''}:{secret}".encode()).hexdigest()


# ── what is not right ──


def check_agent(login: str, name: str, capacity: int) -> None:
    if not _LOGIN.fullmatch(login.strip().lower()):
        raise Refused("a login is 3 to 64 letters (a to z), digits, or . _ - @")
    if not name.strip() or len(name.strip()) > MOST_NAME:
        raise Refused(f"a name is 1 to {MOST_NAME} characters long")
    if _UNSEEN.search(name):
        raise Refused("a name is one line of text, without control characters")
    if not 1 <= capacity <= MOST_CAPACITY:
        raise Refused(f"an agent takes 1 to {MOST_CAPACITY} conversations at once")


def check_password(password: str, login: str) -> None:
    if len(password) < LEAST_PASSWORD:
        raise Refused(f"a password is at least {LEAST_PASSWORD} characters long")
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise Refused("the password holds characters that are not text")
    if len(password) > MOST_PASSWORD or len(_normal(password).encode()) > MOST_PASSWORD:
        raise Refused(f"a password is at most {MOST_PASSWORD} bytes long")
    if password.strip().lower() == login:
        raise Refused("the password must be something else than the login")


async def _new_hash(desk: Desk, password: str, login: str) -> str:
    check_password(password, login)
    return await desk.passwords.hash(_normal(password))


def _normal(password: str) -> str:
    """The same keys give the same password, whichever way a keyboard composes its accents."""
    return unicodedata.normalize("NFKC", password[: MOST_PASSWORD + 1])
