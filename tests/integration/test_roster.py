"""What every roster promises, asked of the fake, of SQLite and of PostgreSQL alike."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.access import Agent, AgentSession, Role
from bot.adapters.sql_database import Database
from bot.adapters.sql_roster import DEVICES, SqlRoster
from bot.desk import Canned, Roster
from bot.errors import BotError, Conflict, NotFound
from tests.fake_roster import FakeRoster

AT = datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)
HOSTILE = "\u200fمرحبا 🤷🏽\u200d♀️ e\u0301 'quoted' \"twice\" \\ -- ; DROP TABLE agent; %s :name $1 <b>退货"


@pytest.fixture(scope="module", params=["fake", "sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "fake" else str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def rosters(url: str) -> AsyncIterator[tuple[Roster, Roster]]:
    """Two on one database: the second is another process to it. The fake has no second."""
    if not url:
        fake = FakeRoster()
        yield fake, fake
        return
    databases = Database(url), Database(url)
    yield SqlRoster(databases[0]), SqlRoster(databases[1])
    for database in databases:
        await database.close()


@pytest.fixture
def roster(rosters: tuple[Roster, Roster]) -> Roster:
    return rosters[0]


def unique() -> str:
    """The tests share one database of each kind."""
    return uuid.uuid4().hex


async def hired(roster: Roster, **fields: object) -> Agent:
    agent = replace(Agent(unique(), unique(), "Ann"), **fields)  # type: ignore[arg-type]
    await roster.add_agent(agent, "hash", AT)
    return agent


async def seated(roster: Roster, agent: Agent, at: datetime = AT) -> AgentSession:
    id = unique()
    await roster.start_session(agent.id, id, f"secret of {id}", at, "Firefox, Linux", "10.0.0.7")
    return await roster.session(f"secret of {id}")


# ── agents ──


@pytest.mark.parametrize(
    "fields",
    [{}, {"name": HOSTILE}, {"role": Role.ADMIN, "capacity": 1, "is_active": False}, {"role": Role.SUPERVISOR}],
    ids=str,
)
async def test_an_agent_comes_back_as_they_were(rosters: tuple[Roster, Roster], fields: dict[str, object]) -> None:
    one, other = rosters
    agent = await hired(one, **fields)
    assert await other.agent_by_login(agent.login) == (agent, "hash")
    assert agent in await other.agents()


async def test_logins_are_compared_in_lower_case(roster: Roster) -> None:
    name = f"Ann.{unique()}"
    agent = await hired(roster, login=name)
    assert (await roster.agent_by_login(name.upper()))[0] == replace(agent, login=name.lower())
    with pytest.raises(Conflict, match=f"login {name.upper()} is taken"):
        await hired(roster, login=name.upper())


async def test_of_many_who_want_one_login_at_once_one_gets_it(rosters: tuple[Roster, Roster]) -> None:
    name = unique()
    tries = [hired(rosters[n % 2], login=name, name=f"Ann {n}") for n in range(10)]
    got = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(one) is Conflict for one in got) == [False] + [True] * 9
    winner = next(one for one in got if isinstance(one, Agent))
    assert (await rosters[0].agent_by_login(name))[0] == winner


async def test_agents_are_listed_by_login(roster: Roster) -> None:
    for login in ("zoe", "ann", "mia"):
        await hired(roster, login=f"{login}{unique()}")
    logins = [agent.login for agent in await roster.agents()]
    assert logins == sorted(logins)
    assert len(logins) >= 3


@pytest.mark.parametrize(
    "change", [{"role": Role.ADMIN}, {"is_active": False}, {"name": HOSTILE}, {"capacity": 0}, {}], ids=str
)
async def test_only_what_is_named_changes(rosters: tuple[Roster, Roster], change: dict[str, object]) -> None:
    one, other = rosters
    agent, bystander = await hired(one), await hired(one)
    changed = await one.change_agent(agent.id, **change)  # type: ignore[arg-type]
    assert changed == replace(agent, **change)  # type: ignore[arg-type]
    assert await other.agent_by_login(agent.login) == (changed, "hash")
    assert await other.agent_by_login(bystander.login) == (bystander, "hash")


async def test_a_new_password_replaces_the_old_one(roster: Roster) -> None:
    agent = await hired(roster)
    assert await roster.change_agent(agent.id, password_hash="another") == agent
    assert await roster.agent_by_login(agent.login) == (agent, "another")


@pytest.mark.parametrize("name", ["nobody", "", "%", "' OR 1=1 --"])
async def test_who_is_not_there_is_not_found(roster: Roster, name: str) -> None:
    await hired(roster)
    with pytest.raises(NotFound):
        await roster.agent_by_login(name)
    with pytest.raises(NotFound):
        await roster.change_agent(name, is_active=False)
    with pytest.raises(NotFound):
        await roster.change_agent(name)


# ── sessions ──


async def test_a_session_is_found_by_its_secret_and_by_nothing_else(rosters: tuple[Roster, Roster]) -> None:
    agent = await hired(rosters[0], name=HOSTILE, role=Role.SUPERVISOR)
    session = await seated(rosters[0], agent)
    assert session == AgentSession(session.id, agent, AT, AT, "Firefox, Linux", "10.0.0.7")
    assert await rosters[1].session(f"secret of {session.id}") == session
    for wrong in (session.id, agent.id, "", "%"):
        with pytest.raises(NotFound):
            await rosters[1].session(wrong)


async def test_a_session_shows_its_agent_as_they_are_now(rosters: tuple[Roster, Roster]) -> None:
    session = await seated(rosters[0], await hired(rosters[0]))
    changed = await rosters[1].change_agent(session.agent.id, is_active=False, role=Role.ADMIN)
    assert (await rosters[0].session(f"secret of {session.id}")).agent == changed


async def test_a_secret_opens_one_session(roster: Roster) -> None:
    session = await seated(roster, await hired(roster))
    other = await hired(roster)
    with pytest.raises(BotError):
        await roster.start_session(other.id, unique(), f"secret of {session.id}", AT)
    assert (await roster.session(f"secret of {session.id}")).agent == session.agent


async def test_nobody_has_no_session(roster: Roster) -> None:
    with pytest.raises(BotError):
        await roster.start_session("nobody", unique(), unique(), AT)


async def test_use_is_written_down_for_one_session(roster: Roster) -> None:
    agent = await hired(roster)
    first, second = await seated(roster, agent), await seated(roster, agent)
    later = (AT + timedelta(minutes=5)).astimezone(timezone(timedelta(hours=9)))
    await roster.touch(f"secret of {first.id}", later)
    await roster.touch("no such secret", later)
    assert await roster.session(f"secret of {first.id}") == replace(first, last_seen=later)
    assert await roster.session(f"secret of {second.id}") == second


async def test_sessions_are_listed_the_last_used_first(roster: Roster) -> None:
    agent = await hired(roster)
    made = [await seated(roster, agent, AT + timedelta(minutes=n)) for n in (2, 0, 1)]
    await seated(roster, await hired(roster))
    assert list(await roster.sessions(agent.id)) == [made[0], made[2], made[1]]
    assert list(await roster.sessions("nobody")) == []


async def test_a_session_that_was_ended_is_gone_for_every_process(rosters: tuple[Roster, Roster]) -> None:
    agent = await hired(rosters[0])
    first, second = await seated(rosters[0], agent), await seated(rosters[0], agent)
    await rosters[1].end_session(first.id)
    await rosters[1].end_session(first.id)
    assert list(await rosters[0].sessions(agent.id)) == [second]
    with pytest.raises(NotFound):
        await rosters[0].session(f"secret of {first.id}")


async def test_all_of_ones_sessions_end_but_the_one_to_keep(roster: Roster) -> None:
    agent, other = await hired(roster), await hired(roster)
    mine, hers = [await seated(roster, agent) for _ in range(3)], await seated(roster, other)
    await roster.end_sessions(agent.id, keep=mine[1].id)
    assert list(await roster.sessions(agent.id)) == [mine[1]]
    await roster.end_sessions(agent.id)
    assert list(await roster.sessions(agent.id)) == []
    assert list(await roster.sessions(other.id)) == [hers]


# ── devices ──


async def test_a_device_is_known_for_the_agent_it_was_added_for(roster: Roster) -> None:
    agent, other, secret = await hired(roster), await hired(roster), unique()
    assert not await roster.is_device(agent.id, secret)
    for _ in range(2):
        await roster.add_device(agent.id, secret, AT)
    assert await roster.is_device(agent.id, secret)
    assert not await roster.is_device(other.id, secret)
    assert not await roster.is_device("", secret)


async def test_the_newest_devices_are_remembered(roster: Roster) -> None:
    agent, other = await hired(roster), await hired(roster)
    secrets, hers = [unique() for _ in range(DEVICES + 3)], unique()
    await roster.add_device(other.id, hers, AT - timedelta(days=9))
    for n, secret in enumerate(secrets):
        await roster.add_device(agent.id, secret, AT + timedelta(minutes=n))
    known = [await roster.is_device(agent.id, secret) for secret in secrets]
    assert known == [False] * 3 + [True] * DEVICES
    assert await roster.is_device(other.id, hers)


# ── canned replies ──

GREETING = Canned("hi", "Greeting", "Hello {customer}, this is {agent}.")


async def test_canned_replies_are_replaced_all_at_once(rosters: tuple[Roster, Roster]) -> None:
    chinese = replace(GREETING, text=HOSTILE, language="zh")
    bye = Canned("bye", "Good-bye", "Bye!")
    await rosters[0].replace_canned([chinese, GREETING, bye])
    assert list(await rosters[1].canned()) == [bye, GREETING, chinese]
    await rosters[1].replace_canned([GREETING])
    assert list(await rosters[0].canned()) == [GREETING]
    await rosters[0].replace_canned([])
    assert list(await rosters[1].canned()) == []


async def test_a_shortcut_used_twice_is_refused_and_nothing_is_lost(roster: Roster) -> None:
    await roster.replace_canned([GREETING])
    with pytest.raises(Conflict, match="same shortcut"):
        await roster.replace_canned([replace(GREETING, shortcut="a"), replace(GREETING, shortcut="a", title="Other")])
    assert list(await roster.canned()) == [GREETING]


async def test_two_who_replace_them_at_once_do_not_mix(rosters: tuple[Roster, Roster]) -> None:
    sets = [[replace(GREETING, shortcut=f"s{i}", title=f"of {n}") for i in range(5)] for n in range(8)]
    await asyncio.gather(*(rosters[n % 2].replace_canned(replies) for n, replies in enumerate(sets)))
    assert list(await rosters[0].canned()) in sets
