"""The ports of the agents' side: who works here, what is in the inbox, and the letters that leave the house."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.access import Agent, AgentSession, Role
from bot.answer_draft import AnswerDraft
from bot.conversation import Conversation
from bot.engagements import Fact
from bot.knowledge import Passage


@dataclass(frozen=True, slots=True)
class Canned:
    """A reply kept for "/": `{customer}`, `{agent}` and `{shop}` are filled in."""

    shortcut: str
    title: str
    text: str
    language: str = "en"


class Roster(Protocol):
    """Agents, their sessions, and the canned replies they share. Every method is one transaction."""

    async def add_agent(self, agent: Agent, password_hash: str, at: datetime) -> None:
        """Raises Conflict when the login is taken."""
        ...

    async def agents(self) -> Sequence[Agent]: ...
    async def agent_by_login(self, login: str) -> tuple[Agent, str]:
        """The agent with their password's hash; logins are compared in lower case. Raises NotFound."""
        ...

    async def change_agent(
        self,
        agent_id: str,
        *,
        role: Role | None = None,
        is_active: bool | None = None,
        password_hash: str | None = None,
        name: str | None = None,
        capacity: int | None = None,
    ) -> Agent: ...

    async def start_session(
        self, agent_id: str, session_id: str, secret_hash: str, at: datetime, device: str = "", address: str = ""
    ) -> None: ...
    async def session(self, secret_hash: str) -> AgentSession: ...
    async def touch(self, secret_hash: str, at: datetime) -> None: ...
    async def sessions(self, agent_id: str) -> Sequence[AgentSession]: ...
    async def end_session(self, session_id: str) -> None: ...
    async def end_sessions(self, agent_id: str, keep: str = "") -> None:
        """All of them but the one with the id `keep`."""
        ...

    async def add_device(self, agent_id: str, secret_hash: str, at: datetime) -> None: ...
    async def is_device(self, agent_id: str, secret_hash: str) -> bool:
        """Did this agent log in from this browser before?"""
        ...

    async def canned(self) -> Sequence[Canned]: ...
    async def replace_canned(self, canned: Sequence[Canned]) -> None: ...


# ── the inbox ──


class View(StrEnum):
    WAITING = "waiting"
    MINE = "mine"
    ALL = "all"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation as the inbox lists it: without its events. `position` is that of its last change in the feed."""

    conversation: Conversation
    position: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations to list. Empty fields do not filter."""

    view: View = View.WAITING
    asker: str = ""  # the agent who looks: "mine" is theirs
    reason: str = ""
    language: str = ""
    tag: str = ""
    agent: str = ""
    text: str = ""  # said somewhere in the conversation, by anyone
    before: str = ""  # the `next` of the page before
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """`position` was read before the rows: following the feed from there misses nothing."""

    rows: Sequence[Row]
    next: str
    epoch: str
    position: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with the reply (or hand-off) that answers it, and the evidence."""

    question_seq: int
    reply_seq: int
    evidence: Mapping[str, Any]


class Inbox(Protocol):
    """Conversations as agents look for them. Reads only; what agents do goes through `Bot.change`."""

    async def page(self, wanted: Wanted) -> Page:
        """The waiting in line order, others newest first. Raises Refused for a `before` that is none."""
        ...

    async def row(self, id: str) -> Row: ...
    async def position(self) -> tuple[str, int]:
        """(epoch, last position) of the feed; an epoch that changed makes every older position worthless."""
        ...

    async def since(self, position: int, limit: int) -> Sequence[Row]:
        """What changed after `position`, each once in its newest state, in the order of the feed."""
        ...

    async def counts(self, agent: str) -> Mapping[str, int]:
        """How many there are: waiting, mine, agent (held by anyone), bot, closed."""
        ...

    async def tags(self) -> Sequence[str]: ...
    async def held(self) -> Mapping[str, int]:
        """How many conversations each agent holds."""
        ...

    async def line(self) -> Sequence[Row]:
        """Everybody who waits, next one first."""
        ...

    async def waits(self, since: datetime, limit: int) -> Sequence[float]:
        """Seconds from hand-off to claim, of the newest claims."""
        ...

    async def late(self, waiting_before: datetime, owed_before: datetime) -> Sequence[str]:
        """Those in line since then who were not told yet, and those whose agent has been silent since then."""
        ...

    async def unmailed(self) -> Sequence[tuple[str, int]]:
        """(conversation, seq up to which letters went out) where an address was left and something happened since."""
        ...

    async def mailed(self, id: str, seq: int) -> None: ...
    async def earlier(self, customer: str, but: str, limit: int) -> Sequence[Row]:
        """The customer's other conversations, newest first."""
        ...

    async def turns(self, id: str) -> Sequence[Turn]: ...
    async def turn(self, id: str, seq: int) -> Turn:
        """By the seq of its question or of its reply. Raises NotFound."""
        ...

    async def passages_ever(self, ids: Sequence[str]) -> Mapping[str, tuple[Passage, bool]]:
        """(passage, is it live?): evidence may rest on what was retired since."""
        ...


class Passwords(Protocol):
    """Slow on purpose, and bounded: at most two at once, never on the event loop."""

    async def hash(self, password: str) -> str: ...
    async def verify(self, password_hash: str, password: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    subject: str
    text: str
    reply_to: str = ""


class Mail(Protocol):
    async def send(self, letter: Letter) -> None:
        """Raises Unavailable when the mail server does not take it."""
        ...


# ── what the numbers are counted from ──


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A customer's question that the knowledge base had nothing good for, and the passage that came nearest."""

    conversation: str
    seq: int
    text: str
    language: str
    at: datetime
    best_title: str = ""
    best_score: float = 0.0  # the decision score: what the thresholds are compared with


class Records(Protocol):
    """What happened, read for the figures. Reads only, and nothing that is long."""

    def facts(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Fact]]:
        """Every conversation in which something happened from `since` to before `until`: each whole, by seq."""
        ...

    async def unanswered(self, since: datetime, limit: int) -> Sequence[Unanswered]:
        """The newest questions that were handed off for want of an answer, were met with "did you mean", or whose
        reply got a thumbs down."""
        ...

    async def statuses(self) -> Mapping[str, int]:
        """How many conversations there are in each status; those nobody has written in are none."""
        ...


# ── answers that people write for the knowledge base ──

DraftStep = Callable[[AnswerDraft], AnswerDraft]


class Drafts(Protocol):
    """Answers on their way into the knowledge base. Every method is one transaction."""

    async def add_draft(self, draft: AnswerDraft) -> None: ...
    async def draft(self, id: str) -> AnswerDraft: ...
    async def drafts(self, status: str = "") -> Sequence[AnswerDraft]:
        """Newest first; of one status, or of all."""
        ...

    async def change_draft(self, id: str, step: DraftStep) -> AnswerDraft:
        """Lock it, run the pure `step` on its newest state, write what came out. What `step` raises rolls back."""
        ...


@dataclass(frozen=True, slots=True)
class AnswerSource:
    """How `bot ingest` of the folder names one of its files: `path` below the `origin`."""

    origin: str
    path: str
    gone: frozenset[str] = frozenset()  # origins that are no longer there: they may be this one, before it was moved


class AnswerFiles(Protocol):
    """The Markdown files that published answers stand in. People may edit them too."""

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Held from reading a file to writing it, against other tasks and processes. Raises Unavailable."""
        ...

    async def read(self, name: str) -> str | None:
        """The text as it is, line ends and all; None when there is no such file."""
        ...

    async def write(self, name: str, text: str) -> None:
        """The whole file or nothing of it, on the disk when this returns. Raises Refused or Unavailable."""
        ...

    async def source(self, name: str, origins: Sequence[str]) -> AnswerSource:
        """`origins` are those the knowledge base was ingested from so far."""
        ...
