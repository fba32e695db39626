"""Agents, their passwords and their sessions."""

from dataclasses import replace
from typing import Any

import pytest

from bot import login
from bot.access import Agent, AgentSession, Role
from bot.attempts import PER_ACCOUNT, PER_NETWORK, Attempts
from bot.errors import BotError, Conflict, NotFound, Refused
from bot.limits import OwnLimits
from bot.login import ABSOLUTE, IDLE, MOST_SESSIONS, NOBODY, Browser, TooFast, WrongLogin
from tests.desks import FakeDesk, Hands
from tests.fake_roster import FakeRoster

PASSWORD = "correct horse battery"
LAPTOP = Browser("Firefox, Linux", "10.0.0.7", "10.0.0.7", device="the laptop's secret")
ELSEWHERE = Browser("curl", "10.6.6.6", "10.6.6.6")


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(FakeRoster())


@pytest.fixture
def hands(desk: FakeDesk) -> Hands:
    return desk.hands


@pytest.fixture
def attempts(hands: Hands) -> Attempts:
    return Attempts(OwnLimits(hands.monotonic))


@pytest.fixture
async def ann(desk: FakeDesk) -> Agent:
    return await login.add_agent(desk, "ann", "Ann", PASSWORD)


class Door:
    """Somebody who tries to log in; each try asks for a session with a new secret."""

    def __init__(self, desk: FakeDesk, attempts: Attempts) -> None:
        self.desk, self.attempts, self.tried = desk, attempts, 0

    async def __call__(self, name: str = "ann", password: str = PASSWORD, browser: Browser = ELSEWHERE) -> AgentSession:
        self.tried += 1
        return await login.log_in(self.desk, self.attempts, name, password, self.secret_hash, browser)

    @property
    def secret_hash(self) -> str:
        return f"secret {self.tried}"

    async def says(self, *arguments: Any, **named: Any) -> str:
        """in | wrong | wait"""
        try:
            await self(*arguments, **named)
        except WrongLogin:
            return "wrong"
        except TooFast:
            return "wait"
        return "in"


@pytest.fixture
def door(desk: FakeDesk, attempts: Attempts) -> Door:
    return Door(desk, attempts)


async def lasts(desk: FakeDesk, secret_hash: str) -> bool:
    return await login.still_valid(desk, secret_hash) is not None


# ── agents ──


async def test_an_agent_is_kept_as_they_were_made(desk: FakeDesk) -> None:
    made = await login.add_agent(desk, " Ann.B@Shop ", "  Ann B. ", PASSWORD, Role.SUPERVISOR, 3)
    assert replace(made, id="") == Agent("", "ann.b@shop", "Ann B.", Role.SUPERVISOR, 3)
    found, stored = await desk.roster.agent_by_login("ANN.B@shop")
    assert found == made
    assert stored == f"hash of {PASSWORD}"


async def test_a_login_is_taken_whatever_its_case(desk: FakeDesk, ann: Agent) -> None:
    with pytest.raises(Conflict, match="login ANN is taken"):
        await desk.roster.add_agent(replace(ann, id="other", login="ANN"), "hash", desk.now())
    with pytest.raises(Conflict):
        await login.add_agent(desk, "Ann", "Another Ann", PASSWORD)
    assert [agent.name for agent in await desk.roster.agents()] == ["Ann"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"login": "an"}, "3 to 64"),
        ({"login": "a" * 65}, "3 to 64"),
        ({"login": "an n"}, "letters"),
        ({"login": "ann\n.b"}, "letters"),
        ({"login": "анна"}, "letters"),
        ({"login": "ann\x00"}, "letters"),
        ({"login": "ann/../bob"}, "letters"),
        ({"name": "   "}, "1 to 80"),
        ({"name": "A" * 81}, "1 to 80"),
        ({"name": "Ann\tB"}, "control"),
        ({"name": "Ann\x00"}, "control"),
        ({"name": "Ann\u202egnp.exe"}, "control"),
        ({"name": "Ann\ud800"}, "control"),
        ({"password": "ninechars"}, "at least 10"),
        ({"password": ""}, "at least 10"),
        ({"password": "p" * 1_025}, "at most 1024"),
        ({"password": "ﷺ" * 100}, "at most 1024"),
        ({"password": "half a pair \ud83d"}, "not text"),
        ({"login": "annannannann", "password": "AnnAnnAnnAnn"}, "something else than the login"),
        ({"capacity": 0}, "1 to 100"),
        ({"capacity": 101}, "1 to 100"),
    ],
    ids=str,
)
async def test_what_is_not_right_is_said_and_nobody_is_added(
    desk: FakeDesk, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        await login.add_agent(desk, **{"login": "ann", "name": "Ann", "password": PASSWORD, **wrong})
    assert list(await desk.roster.agents()) == []


@pytest.mark.parametrize("name", ["Ann", "李小龙", "نگار‌ پارسی", "Zoë 👩‍💻", "O'Hara; DROP TABLE agent"])
async def test_people_are_called_as_they_are_called(desk: FakeDesk, name: str) -> None:
    await login.add_agent(desk, "ann", name, PASSWORD)
    assert [agent.name for agent in await desk.roster.agents()] == [name]


@pytest.mark.parametrize("password", ["ten chars!", "p" * 1_024, "correct horse 🐎 ", "密码密码密码密码密码"])
async def test_a_password_of_any_characters_opens_the_door(desk: FakeDesk, door: Door, password: str) -> None:
    await login.add_agent(desk, "ann", "Ann", password)
    assert await door.says("ann", password) == "in"
    assert await door.says("ann", password + "!") == "wrong"


async def test_an_accent_may_be_composed_either_way(desk: FakeDesk, door: Door) -> None:
    await login.add_agent(desk, "zoe", "Zoë", "zoe\u0308 zoe\u0308 zoe\u0308")
    assert await door.says("zoe", "zoë zoë zoë") == "in"


@pytest.mark.parametrize("change", ["disable", "enable", "reset_password", "change_role", "find_agent"])
async def test_nobody_by_that_login_is_said_so_to_whoever_runs_the_command(desk: FakeDesk, change: str) -> None:
    besides = {"reset_password": [PASSWORD], "change_role": [Role.ADMIN]}.get(change, [])
    for name in ("nobody", "no such login", "\x00\ud800"):
        with pytest.raises(NotFound, match="no agent with"):
            await getattr(login, change)(desk, name, *besides)


# ── logging in ──


async def test_the_right_password_opens_a_session(desk: FakeDesk, door: Door, ann: Agent) -> None:
    session = await door(" ANN ", browser=LAPTOP)
    assert session.agent == ann
    assert (session.device, session.address) == ("Firefox, Linux", "10.0.0.7")
    assert session.created_at == session.last_seen == desk.now()
    assert await login.still_valid(desk, door.secret_hash) == session
    assert await login.still_valid(desk, "another secret") is None


@pytest.mark.parametrize("name", ["ann", "nobody", "not a login", "\x00", "\ud800", "", "a" * 200])
@pytest.mark.parametrize("password", ["wrong password", "", "\ud800", "x" * 4_096])
async def test_anything_else_does_not(desk: FakeDesk, door: Door, ann: Agent, name: str, password: str) -> None:
    assert await door.says(name, password) == "wrong"
    assert await login.sessions(desk, ann.id) == []


async def test_unknown_disabled_and_wrong_take_the_same_steps(desk: FakeDesk, door: Door, ann: Agent) -> None:
    """What takes time is looking at a password: one is looked at, whoever is named."""
    await login.add_agent(desk, "gone", "Gone", PASSWORD)
    await login.disable(desk, "gone")
    stored = {"ann": f"hash of {PASSWORD}", "gone": f"hash of {PASSWORD}", "nobody": NOBODY, "not a login": NOBODY}
    for name, hashed in stored.items():
        desk.passwords.asked.clear()
        for n in range(8):
            assert await door.says(name, "wrong password") == ("wrong" if n < PER_ACCOUNT else "wait")
        assert desk.passwords.asked == [(hashed, "wrong password")] * PER_ACCOUNT


async def test_a_disabled_agents_right_password_is_as_wrong_as_any(desk: FakeDesk, door: Door, ann: Agent) -> None:
    await login.disable(desk, "ann")
    assert [await door.says() for _ in range(6)] == ["wrong"] * 5 + ["wait"]
    await login.enable(desk, "ann")
    desk.hands.go(minutes=15)
    assert await door.says() == "in"


async def test_rates_come_before_the_slow_part(desk: FakeDesk, door: Door, ann: Agent) -> None:
    said = [await door.says(password=f"guess number {n}") for n in range(1_000)]
    assert said == ["wrong"] * PER_ACCOUNT + ["wait"] * (1_000 - PER_ACCOUNT)
    assert len(desk.passwords.asked) == PER_ACCOUNT


async def test_a_sweep_over_accounts_from_one_network_is_stopped(door: Door, ann: Agent) -> None:
    said = [await door.says(f"agent{n}", "password123") for n in range(100)]
    assert said == ["wrong"] * PER_NETWORK + ["wait"] * (100 - PER_NETWORK)
    assert await door.says(browser=replace(ELSEWHERE, network="10.9.9.9")) == "in"


async def test_an_office_that_logs_in_one_after_another_is_not(desk: FakeDesk, door: Door) -> None:
    for n in range(PER_NETWORK + 10):
        await login.add_agent(desk, f"agent{n}", "Agent", PASSWORD)
        assert await door.says(f"agent{n}") == "in"


async def test_guessing_elsewhere_does_not_lock_out_a_known_device(desk: FakeDesk, door: Door, ann: Agent) -> None:
    assert await door.says(browser=LAPTOP) == "in"
    for n in range(50):
        await door.says(password=f"guess number {n}")
    assert await door.says() == "wait", "elsewhere even the right password waits"
    assert await door.says(browser=LAPTOP) == "in"
    assert await door.says() == "wait", "and its log-in does not help whoever guesses"


async def test_a_known_device_has_a_limit_too(door: Door, ann: Agent) -> None:
    await door(browser=LAPTOP)
    said = [await door.says("ann", f"guess number {n}", LAPTOP) for n in range(7)]
    assert said == ["wrong"] * PER_ACCOUNT + ["wait"] * 2


async def test_a_device_is_known_for_those_who_logged_in_from_it(desk: FakeDesk, door: Door, ann: Agent) -> None:
    bob = await login.add_agent(desk, "bob", "Bob", PASSWORD)
    for name in ("ann", "bob"):
        await door.says(name, browser=LAPTOP)
    eve = await login.add_agent(desk, "eve", "Eve", PASSWORD)
    known = [await desk.roster.is_device(agent.id, login._device(agent, LAPTOP.device)) for agent in (ann, bob, eve)]
    assert known == [True, True, False]
    await door.says("eve", "wrong password", replace(LAPTOP, device="never seen"))
    assert not await desk.roster.is_device(eve.id, login._device(eve, "never seen"))


async def test_a_wait_ends(desk: FakeDesk, door: Door, ann: Agent) -> None:
    for _ in range(PER_ACCOUNT):
        await door.says(password="wrong password")
    with pytest.raises(TooFast) as refused:
        await door()
    desk.hands.go(seconds=refused.value.after_s)
    assert await door.says() == "in"


async def test_a_full_line_before_the_hashing_is_a_short_wait_and_no_try(
    desk: FakeDesk, door: Door, ann: Agent
) -> None:
    desk.passwords.is_full = True
    assert {await door.says() for _ in range(50)} == {"wait"}
    desk.passwords.is_full = False
    assert await door.says() == "in"


class Meanwhile:
    """Passwords that let something happen while one is looked at."""

    def __init__(self, desk: FakeDesk, happens: Any) -> None:
        self._inner, self._happens = desk.passwords, happens
        desk.passwords = self  # type: ignore[assignment]

    async def hash(self, password: str) -> str:
        return await self._inner.hash(password)

    async def verify(self, password_hash: str, password: str) -> bool:
        is_right = await self._inner.verify(password_hash, password)
        await self._happens()
        return is_right


@pytest.mark.parametrize("change", ["disable", "reset_password"])
async def test_who_is_shut_out_while_logging_in_stays_out(desk: FakeDesk, door: Door, ann: Agent, change: str) -> None:
    besides = ["another password"] if change == "reset_password" else []
    Meanwhile(desk, lambda: getattr(login, change)(desk, "ann", *besides))
    assert await door.says() == "wrong"
    assert await login.sessions(desk, ann.id) == []
    assert not await lasts(desk, door.secret_hash)


# ── sessions ──


async def test_a_session_unused_for_half_an_hour_is_over(desk: FakeDesk, door: Door, ann: Agent) -> None:
    await door()
    desk.hands.go(seconds=IDLE.total_seconds() - 1)
    assert await lasts(desk, door.secret_hash)
    desk.hands.go(seconds=1)
    assert not await lasts(desk, door.secret_hash)
    assert await login.use(desk, door.secret_hash) is None
    assert await login.sessions(desk, ann.id) == []


async def test_a_session_in_use_is_over_after_twelve_hours(desk: FakeDesk, door: Door, ann: Agent) -> None:
    await door()
    hours = 0.0
    while await login.use(desk, door.secret_hash):
        desk.hands.go(minutes=29)
        hours += 29 / 60
    assert ABSOLUTE.total_seconds() / 3_600 <= hours < 12.5


async def test_looking_at_a_session_is_not_using_it(desk: FakeDesk, door: Door, ann: Agent) -> None:
    """An open socket asks all the time: that alone must not keep anybody logged in."""
    await door()
    for _ in range(30):
        desk.hands.go(minutes=1)
        await lasts(desk, door.secret_hash)
    assert not await lasts(desk, door.secret_hash)


async def test_use_is_written_down_once_a_minute(desk: FakeDesk, door: Door, ann: Agent) -> None:
    await door()
    written = []
    touch = desk.roster.touch

    async def counted(*arguments: Any) -> None:
        written.append(arguments)
        await touch(*arguments)

    desk.roster.touch = counted  # type: ignore[method-assign]
    for _ in range(600):
        assert await login.use(desk, door.secret_hash)
        desk.hands.go(seconds=1)
    assert len(written) == 9


async def test_logging_out_ends_this_session_only(desk: FakeDesk, door: Door, ann: Agent) -> None:
    await door()
    other, session = door.secret_hash, await door()
    await login.log_out(desk, session.id)
    assert not await lasts(desk, door.secret_hash)
    assert await lasts(desk, other)


async def test_one_revokes_ones_own_sessions_and_nobody_elses(desk: FakeDesk, door: Door, ann: Agent) -> None:
    bob = await login.add_agent(desk, "bob", "Bob", PASSWORD)
    session = await door()
    for not_hers in (bob.id, "", "nobody"):
        with pytest.raises(NotFound):
            await login.revoke(desk, not_hers, session.id)
    with pytest.raises(NotFound):
        await login.revoke(desk, ann.id, "no such session")
    assert await lasts(desk, door.secret_hash)
    await login.revoke(desk, ann.id, session.id)
    assert not await lasts(desk, door.secret_hash)


@pytest.mark.parametrize("change", ["disable", "reset_password", "change_role"])
async def test_who_is_changed_is_logged_out_everywhere(desk: FakeDesk, door: Door, ann: Agent, change: str) -> None:
    await login.add_agent(desk, "bob", "Bob", PASSWORD)
    await door("bob")
    bobs = door.secret_hash
    hers = []
    for _ in range(3):
        await door()
        hers.append(door.secret_hash)
    besides = {"reset_password": ["another password"], "change_role": [Role.ADMIN]}.get(change, [])
    await getattr(login, change)(desk, "Ann", *besides)
    assert [await lasts(desk, secret) for secret in hers] == [False] * 3
    assert await lasts(desk, bobs)


async def test_a_change_is_there_at_the_next_log_in(desk: FakeDesk, door: Door, ann: Agent) -> None:
    await login.change_role(desk, "ann", Role.SUPERVISOR)
    await login.reset_password(desk, "ann", "another password")
    assert await door.says() == "wrong"
    assert (await door(password="another password")).agent == replace(ann, role=Role.SUPERVISOR)


async def test_sessions_do_not_pile_up(desk: FakeDesk, door: Door, ann: Agent) -> None:
    for _ in range(MOST_SESSIONS + 5):
        desk.hands.go(seconds=1)
        await door()
    assert len(await desk.roster.sessions(ann.id)) == MOST_SESSIONS
    assert await lasts(desk, door.secret_hash)
    assert not await lasts(desk, "secret 1")
    desk.hands.go(hours=13)
    await door()
    assert len(await desk.roster.sessions(ann.id)) == 1


# ── one's own password ──


async def test_a_new_password_ends_the_other_sessions(
    desk: FakeDesk, door: Door, attempts: Attempts, ann: Agent
) -> None:
    await door()
    other, mine = door.secret_hash, await door()
    await login.change_password(desk, attempts, ann, mine.id, PASSWORD, "another password")
    assert await lasts(desk, door.secret_hash)
    assert not await lasts(desk, other)
    assert await door.says() == "wrong"
    assert await door.says(password="another password") == "in"


async def test_a_new_password_needs_the_old_one_and_sense(
    desk: FakeDesk, door: Door, attempts: Attempts, ann: Agent
) -> None:
    mine = await door()
    for old, new, wrong in (("not it", "another password", WrongLogin), (PASSWORD, "short", Refused)):
        with pytest.raises(wrong):
            await login.change_password(desk, attempts, ann, mine.id, old, new)
    assert await door.says() == "in"


async def test_guessing_the_old_password_is_limited_and_locks_no_log_in(
    desk: FakeDesk, door: Door, attempts: Attempts, ann: Agent
) -> None:
    mine = await door()
    wrong: list[type[BotError]] = []
    for n in range(8):
        with pytest.raises((WrongLogin, TooFast)) as refused:
            await login.change_password(desk, attempts, ann, mine.id, f"guess {n}", "another password")
        wrong.append(refused.type)
    assert wrong == [WrongLogin] * 5 + [TooFast] * 3
    assert await door.says() == "in"
