"""What the product needs from heavy, slow or remote things; and `Bot`, the assembled parts.

A port is written only where the real thing needs a stand-in. Each is held to one contract suite, fake and real alike.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from bot.budget import Budget
from bot.catalogue import Catalogue
from bot.content import Source, Sources
from bot.conversation import Conversation, Event
from bot.desk import AnswerFiles, Drafts, Inbox, Mail, Passwords, Records, Roster
from bot.dialogue import Policy
from bot.errors import Unavailable
from bot.house import House
from bot.hub import Hub
from bot.indexes import Indexes, Manifest, Reading, Vectors
from bot.knowledge import Document, Passage
from bot.limits import Limits, OwnLimits
from bot.mood import Heard
from bot.overrides import Overrides
from bot.presence import Presence
from bot.recalled import Recalled
from bot.shared import Alone, Shared
from bot.tickets import Counterfoils
from bot.uploaded import Uploads
from bot.waiting import Room


class Embedder(Protocol):
    """Encodes text so that near meanings lie near. Thread-safe; blocks."""

    name: str  # with a digest of the weights: an index built by another name refuses to load
    dimension: int
    languages: frozenset[str]  # what its vectors mean something for

    def embed(
        self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None
    ) -> Vectors: ...

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        """As `embed`, and each topic word by itself."""
        ...


class Reranker(Protocol):
    """Scores (query, text) pairs, higher is better. Thread-safe; blocks."""

    name: str

    def score(self, query: str, texts: Sequence[str]) -> Sequence[float]: ...


class Moods(Protocol):
    """Hears who wants a person, and in what mood. Thread-safe; blocks."""

    def hear(self, texts: Sequence[str]) -> Heard | None:
        """The strongest mood in any of these texts, which together are one message."""
        ...

    def prepare(self) -> object:
        """Do now what would else be done for the first message."""
        ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a draft is drawn. Temperature 0 takes the likeliest token each time."""

    temperature: float = 0.0
    top_p: float = 0.9
    max_tokens: int = 96
    seed: int = 0
    from_prompt: bool = True  # only words of the passages and the question, and words that carry no fact


class Generator(Protocol):
    """Writes a draft. Thread-safe; blocks; `generate` yields text as it comes and stops soon after `cancelled()`."""

    name: str
    context: int  # tokens of prompt and draft together

    def count_tokens(self, text: str) -> int: ...

    def generate(
        self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely a generator finds a reply, or its first tokens."""

    log_probability: float  # of these tokens together
    n_tokens: int


@runtime_checkable
class Speaks(Protocol):
    """A generator that knows which languages it was taught. One that does not, or has none here, is asked in any."""

    languages: frozenset[str]


@runtime_checkable
class Weighs(Protocol):
    """A generator that can say how likely it finds replies that others wrote. Thread-safe; blocks."""

    def likelihoods(self, prompt: str, texts: Sequence[str], first: int = 0) -> Sequence[Likelihood]:
        """Of each text as the whole reply, with the end that a reply has; or of its `first` tokens."""
        ...


Step = Callable[[Conversation], Conversation]


@dataclass(frozen=True, slots=True)
class Changed:
    """What one transaction did: the conversation after it, and the events it added (or the first one, for a retry)."""

    conversation: Conversation
    events: tuple[Event, ...]
    is_duplicate: bool = False
    position: int = 0  # in the inbox feed; 0 when nothing changed


@dataclass(frozen=True, slots=True)
class Session:
    """A customer's browser: its conversation, known by the hash of a secret."""

    id: str
    customer: str
    conversation: str
    is_verified: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """How a generation came about."""

    manifest: Manifest
    at: datetime
    by: str = ""
    reason: str = ""
    action: str = "publish"  # publish | forced | rollback | calibrate


class Store(Protocol):
    """Persistence; SQL is the truth. Every method is one transaction."""

    # conversations
    async def start(self, conversation: Conversation, session: Session, secret_hash: str, at: datetime) -> None: ...
    async def session(self, secret_hash: str) -> Session: ...
    async def conversation(self, id: str) -> Conversation: ...
    async def position(self, id: str) -> tuple[str, int]:
        """Where a conversation stands: its epoch and its newest seq, and nothing of what was said."""
        ...

    async def change(self, id: str, step: Step, *, sender: str = "", cid: str = "") -> Changed:
        """Lock the conversation, run the pure `step` on its newest state, write what it added.

        A `cid` this sender used before in this conversation runs no step and returns the first event. Errors that
        the step raises roll back and pass through.
        """
        ...

    async def events(self, id: str, since: int, limit: int) -> Sequence[Event]:
        """Events with seq > `since`, in order."""
        ...

    async def owing(self) -> Sequence[str]:
        """Conversations the bot may still owe a reply: what a restart resumes."""
        ...

    async def evidence(self, id: str, question: int) -> Mapping[str, Any]: ...

    # knowledge
    async def passages(self, ids: Iterable[str]) -> Mapping[str, Passage]:
        """Those of `ids` that are live: a retired passage is not answerable, whatever the index says."""
        ...

    async def live_passages(self) -> Sequence[Passage]: ...
    async def live_ids(self) -> Sequence[str]: ...
    async def retired_passages(self, ids: Iterable[str]) -> Mapping[str, Passage]:
        """Those of `ids` that were ever known, live or not, as they were."""
        ...

    async def documents(self) -> Sequence[Document]: ...
    async def origins(self) -> Sequence[str]: ...
    async def sources(self) -> Sequence[Source]: ...
    async def apply(
        self,
        documents: Sequence[Document],
        added: Sequence[Passage],
        removed: Sequence[str],
        at: datetime,
        sources: Sources | None = None,
    ) -> None:
        """Replace documents, add passages, retire (not delete) the removed ones, so that old citations still open.

        An added one that is live is updated. Without `sources` all are forgotten: what is live no longer follows from
        files alone.
        """
        ...

    async def record_generation(
        self, manifest: Manifest, by: str = "", reason: str = "", action: str = "publish"
    ) -> None: ...
    async def generations(self) -> Sequence[Published]: ...  # all that were ever published, newest first

    async def check(self) -> str: ...  # answers one query, with a line for `bot doctor`; raises Unavailable

    async def close(self) -> None: ...


class _Absent:
    """Stands in a Bot for a part it was assembled without."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unavailable("this command was started without the part that is needed for it")


ABSENT: Any = _Absent()


@dataclass(frozen=True, slots=True)
class Bot:
    """The assembled parts. Use cases are functions that take it first."""

    store: Store
    indexes: Indexes
    embedder: Embedder
    generator: Generator
    hub: Hub
    policy: Policy
    now: Callable[[], datetime]
    run: Callable[..., Awaitable[Any]]  # run(function, *arguments) in the one bounded model executor
    write: Callable[..., Awaitable[Any]] | None = None  # the same for drafts, where they need no processor of their own
    reranker: Reranker | None = None
    moods: Moods | None = None  # without it only the keyword rules are heard
    room: Room = field(default_factory=Room)  # for drafts
    limits: Limits = field(default_factory=OwnLimits)
    budget: Budget = field(default_factory=Budget)
    sampling: Sampling = field(default_factory=Sampling)
    wake: Callable[[str], None] = lambda conversation: None
    shared: Shared = field(default_factory=Alone)  # with the other processes on this database
    # The agents' side. A command that needs none of it is assembled without.
    house: House = field(default_factory=House)
    presence: Presence = field(default_factory=Presence)
    roster: Roster = ABSENT
    inbox: Inbox = ABSENT
    passwords: Passwords = ABSENT
    records: Records = ABSENT
    drafts: Drafts = ABSENT
    answer_files: AnswerFiles = ABSENT
    recalled: Recalled = ABSENT
    overrides: Overrides = ABSENT
    catalogue: Catalogue = ABSENT
    uploads: Uploads = ABSENT
    mail: Mail | None = None
    counterfoils: Counterfoils[Session] | None = None  # of tickets, where several processes share a database
    agent_counterfoils: Counterfoils[str] | None = None  # of agents' tickets: each is the hash of a session's secret

    async def change(self, id: str, step: Step, *, sender: str = "", cid: str = "") -> Changed:
        """The only writer of conversations: commit first, then publish what was committed."""
        # Shielded whole: a caller that is cancelled must not leave a committed event unpublished.
        return await asyncio.shield(self._commit_and_publish(id, step, sender, cid))

    async def _commit_and_publish(self, id: str, step: Step, sender: str, cid: str) -> Changed:
        changed = await self.store.change(id, step, sender=sender, cid=cid)
        if not changed.is_duplicate:
            for event in changed.events:
                self.hub.publish(id, event)
            if changed.events:
                self.hub.wake()
        return changed
