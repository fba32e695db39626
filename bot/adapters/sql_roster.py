"""The roster in SQL: agents, the browsers they are logged in with, and the replies they keep for each other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access import Agent, AgentSession, Role
from bot.adapters import tables as t
from bot.adapters.database import Taken
from bot.adapters.sql_database import Database, one, whole
from bot.desk import Canned
from bot.errors import Conflict

DEVICES = 20  # browsers remembered for one agent: the newest


class SqlRoster:
    """The Roster port."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # ── agents ──

    @whole()
    async def add_agent(self, agent: Agent, password_hash: str, at: datetime) -> None:
        row = {"id": agent.id, "login": agent.login.lower(), "name": agent.name, "role": agent.role.value,
               "capacity": agent.capacity, "is_active": agent.is_active}  # fmt: skip
        try:
            async with self.database.writing() as connection:
                await connection.execute(insert(t.agent).values(**row, password_hash=password_hash, created_at=at))
        except Taken:
            raise Conflict(f"the login {agent.login} is taken") from None

    @whole()
    async def agents(self) -> Sequence[Agent]:
        async with self.database.reading() as connection:
            rows = await connection.execute(select(t.agent).order_by(t.agent.c.login))
            return tuple(_agent(row) for row in rows)

    @whole()
    async def agent_by_login(self, login: str) -> tuple[Agent, str]:
        async with self.database.reading() as connection:
            row = await one(connection, select(t.agent).where(t.agent.c.login == login.lower()), "agent")
        return _agent(row), row.password_hash

    @whole()
    async def change_agent(
        self,
        agent_id: str,
        *,
        role: Role | None = None,
        is_active: bool | None = None,
        password_hash: str | None = None,
        name: str | None = None,
        capacity: int | None = None,
    ) -> Agent:
        given = {"role": role and role.value, "is_active": is_active, "password_hash": password_hash, "name": name,
                 "capacity": capacity}  # fmt: skip
        values = {column: value for column, value in given.items() if value is not None}
        async with self.database.writing() as connection:
            if values:
                await connection.execute(update(t.agent).where(t.agent.c.id == agent_id).values(values))
            return _agent(await one(connection, select(t.agent).where(t.agent.c.id == agent_id), "agent"))

    # ── sessions ──

    @whole()
    async def start_session(
        self, agent_id: str, session_id: str, secret_hash: str, at: datetime, device: str = "", address: str = ""
    ) -> None:
        row = {"secret_hash": secret_hash, "id": session_id, "agent_id": agent_id, "device": device,
               "address": address, "created_at": at, "last_seen": at}  # fmt: skip
        async with self.database.writing() as connection:
            await connection.execute(insert(t.agent_session).values(row))

    @whole()
    async def session(self, secret_hash: str) -> AgentSession:
        wanted = _sessions().where(t.agent_session.c.secret_hash == secret_hash)
        async with self.database.reading() as connection:
            return _session(await one(connection, wanted, "session"))

    @whole()
    async def touch(self, secret_hash: str, at: datetime) -> None:
        c = t.agent_session.c
        async with self.database.writing() as connection:
            await connection.execute(update(t.agent_session).where(c.secret_hash == secret_hash).values(last_seen=at))

    @whole()
    async def sessions(self, agent_id: str) -> Sequence[AgentSession]:
        """Those last used first."""
        c = t.agent_session.c
        own = _sessions().where(c.agent_id == agent_id).order_by(c.last_seen.desc(), c.id)
        async with self.database.reading() as connection:
            return tuple(_session(row) for row in await connection.execute(own))

    @whole()
    async def end_session(self, session_id: str) -> None:
        async with self.database.writing() as connection:
            await connection.execute(delete(t.agent_session).where(t.agent_session.c.id == session_id))

    @whole()
    async def end_sessions(self, agent_id: str, keep: str = "") -> None:
        c = t.agent_session.c
        async with self.database.writing() as connection:
            await connection.execute(delete(t.agent_session).where(c.agent_id == agent_id, c.id != keep))

    # ── devices ──

    @whole()
    async def add_device(self, agent_id: str, secret_hash: str, at: datetime) -> None:
        """The newest DEVICES are remembered. One that is known already stays as it is."""
        c = t.agent_device.c
        newest = select(c.secret_hash).where(c.agent_id == agent_id).order_by(c.created_at.desc(), c.secret_hash)
        async with self.database.writing() as connection:
            if await _is_there(connection, select(c.agent_id).where(c.secret_hash == secret_hash)):
                return
            await connection.execute(
                insert(t.agent_device).values(secret_hash=secret_hash, agent_id=agent_id, created_at=at)
            )
            kept = list(await connection.scalars(newest.limit(DEVICES)))
            await connection.execute(delete(t.agent_device).where(c.agent_id == agent_id, c.secret_hash.not_in(kept)))

    @whole()
    async def is_device(self, agent_id: str, secret_hash: str) -> bool:
        c = t.agent_device.c
        known = select(c.agent_id).where(c.secret_hash == secret_hash, c.agent_id == agent_id)
        async with self.database.reading() as connection:
            return await _is_there(connection, known)

    # ── canned replies ──

    @whole()
    async def canned(self) -> Sequence[Canned]:
        c = t.canned.c
        async with self.database.reading() as connection:
            rows = await connection.execute(select(t.canned).order_by(c.language, c.shortcut))
            return tuple(Canned(row.shortcut, row.title, row.text, row.language) for row in rows)

    @whole()
    async def replace_canned(self, canned: Sequence[Canned]) -> None:
        """All of them at once; two who do so at the same time come one after the other."""
        rows = [{"shortcut": c.shortcut, "title": c.title, "text": c.text, "language": c.language} for c in canned]
        try:
            async with self.database.writing() as connection:
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("LOCK TABLE canned IN SHARE ROW EXCLUSIVE MODE"))
                await connection.execute(delete(t.canned))
                if rows:
                    await connection.execute(insert(t.canned), rows)
        except Taken:
            raise Conflict("two canned replies in one language have the same shortcut") from None


async def _is_there(connection: AsyncConnection, query: Select[Any]) -> bool:
    return (await connection.execute(query)).first() is not None


def _sessions() -> Select[Any]:
    s, a = t.agent_session, t.agent
    own = (s.c.id.label("session_id"), s.c.created_at.label("started_at"), s.c.last_seen, s.c.device, s.c.address)
    return select(a, *own).join_from(s, a, s.c.agent_id == a.c.id)


def _session(row: Row[Any]) -> AgentSession:
    return AgentSession(row.session_id, _agent(row), row.started_at, row.last_seen, row.device, row.address)


def _agent(row: Row[Any]) -> Agent:
    return Agent(row.id, row.login, row.name, Role(row.role), row.capacity, row.is_active)
