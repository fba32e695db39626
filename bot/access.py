"""Who works here and what each may do: one table, deny by default. The tests are generated from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Action(StrEnum):
    READ = "read"  # the inbox, conversations with their evidence, the knowledge base
    CLAIM = "claim"
    REPLY = "reply"  # and note, tag, return, transfer, close what one holds
    OVERRULE = "overrule"  # act on what a colleague holds
    RECALL = "recall"  # see whose answer has changed since, and correct it
    SUGGEST = "suggest"  # an answer for the knowledge base
    PUBLISH = "publish"  # or dismiss it
    KNOWLEDGE = "knowledge"  # edit and disable entries, upload files
    CANNED = "canned"
    METRICS = "metrics"
    EXPORT = "export"


_AGENT = frozenset({Action.READ, Action.CLAIM, Action.REPLY, Action.RECALL, Action.SUGGEST})
_SUPERVISOR = _AGENT | {Action.OVERRULE, Action.PUBLISH, Action.KNOWLEDGE, Action.CANNED, Action.METRICS, Action.EXPORT}
MAY: Mapping[Role, frozenset[Action]] = {
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: frozenset(Action),
}


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who answers customers. `capacity` is how many conversations they take at once."""

    id: str
    login: str
    name: str
    role: Role = Role.AGENT
    capacity: int = 6
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class AgentSession:
    """One browser an agent is logged in with."""

    id: str
    agent: Agent
    created_at: datetime
    last_seen: datetime
    device: str = ""  # what the browser calls itself
    address: str = ""


def may(agent: Agent, action: Action) -> bool:
    return agent.is_active and action in MAY.get(agent.role, frozenset())
