"""The roster in memory: what the one in SQL promises, in microseconds. One suite holds both to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.access import Agent, AgentSession
from bot.desk import Canned
from bot.errors import Conflict, NotFound


@dataclass
class FakeRoster:
    known: dict[str, tuple[Agent, str]] = field(default_factory=dict)  # by id
    open: dict[str, AgentSession] = field(default_factory=dict)  # by the hash of its secret
    devices: list[tuple[str, str]] = field(default_factory=list)
    replies: tuple[Canned, ...] = ()

    async def add_agent(self, agent: Agent, password_hash: str, at: datetime) -> None:
        if agent.login.lower() in {other.login for other, _ in self.known.values()}:
            raise Conflict(f"the login {agent.login} is taken")
        self.known[agent.id] = replace(agent, login=agent.login.lower()), password_hash

    async def agents(self) -> Sequence[Agent]:
        return sorted((agent for agent, _ in self.known.values()), key=lambda agent: agent.login)

    async def agent_by_login(self, login: str) -> tuple[Agent, str]:
        for agent, password_hash in self.known.values():
            if agent.login == login.lower():
                return agent, password_hash
        raise NotFound("there is no such agent")

    async def change_agent(self, agent_id: str, *, password_hash: str | None = None, **changes: Any) -> Agent:
        if agent_id not in self.known:
            raise NotFound("there is no such agent")
        agent, before = self.known[agent_id]
        agent = replace(agent, **{name: value for name, value in changes.items() if value is not None})
        self.known[agent_id] = agent, password_hash or before
        return agent

    async def start_session(
        self, agent_id: str, session_id: str, secret_hash: str, at: datetime, device: str = "", address: str = ""
    ) -> None:
        if secret_hash in self.open or agent_id not in self.known:
            raise Conflict("it is there already, or what it belongs to is not")
        self.open[secret_hash] = AgentSession(session_id, self.known[agent_id][0], at, at, device, address)

    async def session(self, secret_hash: str) -> AgentSession:
        if secret_hash not in self.open:
            raise NotFound("there is no such session")
        return self._now(self.open[secret_hash])

    async def touch(self, secret_hash: str, at: datetime) -> None:
        if secret_hash in self.open:
            self.open[secret_hash] = replace(self.open[secret_hash], last_seen=at)

    async def sessions(self, agent_id: str) -> Sequence[AgentSession]:
        own = [self._now(session) for session in self.open.values() if session.agent.id == agent_id]
        return sorted(own, key=lambda session: session.last_seen, reverse=True)

    async def end_session(self, session_id: str) -> None:
        self.open = {key: session for key, session in self.open.items() if session.id != session_id}

    async def end_sessions(self, agent_id: str, keep: str = "") -> None:
        self.open = {k: s for k, s in self.open.items() if s.agent.id != agent_id or s.id == keep}

    async def add_device(self, agent_id: str, secret_hash: str, at: datetime) -> None:
        if (agent_id, secret_hash) not in self.devices:
            others = [device for device in self.devices if device[0] != agent_id]
            own = [device for device in self.devices if device[0] == agent_id][-19:]
            self.devices = [*others, *own, (agent_id, secret_hash)]

    async def is_device(self, agent_id: str, secret_hash: str) -> bool:
        return (agent_id, secret_hash) in self.devices

    async def canned(self) -> Sequence[Canned]:
        return sorted(self.replies, key=lambda reply: (reply.language, reply.shortcut))

    async def replace_canned(self, canned: Sequence[Canned]) -> None:
        if len({(reply.language, reply.shortcut) for reply in canned}) < len(canned):
            raise Conflict("two canned replies in one language have the same shortcut")
        self.replies = tuple(canned)

    def _now(self, session: AgentSession) -> AgentSession:
        return replace(session, agent=self.known[session.agent.id][0])
