"""A store in memory: the Store port for unit tests, held to the same contract as the real one."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.content import Source, Sources
from bot.conversation import WINDOW, Conversation, Event
from bot.errors import Conflict, NotFound
from bot.indexes import Manifest
from bot.knowledge import Document, Passage
from bot.ports import Changed, Published, Session, Step

K = TypeVar("K")
V = TypeVar("V")


class FakeStore:
    """Every method gives the loop a turn first, as a database would, and then does its work at once."""

    def __init__(self) -> None:
        self.conversations: dict[str, Conversation] = {}
        self.updated_at: dict[str, datetime] = {}
        self.positions: dict[str, int] = {}  # of each conversation's last change, in the inbox feed
        self.feed = 0  # its newest position
        self.epoch = "feed-1"
        self.log: dict[str, list[Event]] = {}
        self.sent: dict[tuple[str, str, str], Event] = {}  # (conversation, sender, cid) → the first event
        self.turns: dict[tuple[str, int], Mapping[str, Any]] = {}  # (conversation, question) → evidence
        self.replies: dict[tuple[str, int], int] = {}  # (conversation, question) → the seq of its reply
        self.sessions: dict[str, Session] = {}
        self.known_documents: dict[str, Document] = {}
        self.known_passages: dict[str, Passage] = {}
        self.retired: set[str] = set()
        self.published: dict[str, Published] = {}
        self.known_sources: dict[tuple[str, str], Source] = {}

    async def start(self, conversation: Conversation, session: Session, secret_hash: str, at: datetime) -> None:
        await asyncio.sleep(0)
        if conversation.id in self.conversations or secret_hash in self.sessions:
            raise Conflict("it is there already")
        self.sessions[secret_hash] = session
        self.log[conversation.id] = []
        self._write(replace(conversation, created_at=at.astimezone(UTC)))
        self.updated_at[conversation.id] = at.astimezone(UTC)

    async def session(self, secret_hash: str) -> Session:
        await asyncio.sleep(0)
        return _found(self.sessions, secret_hash)

    async def conversation(self, id: str) -> Conversation:
        await asyncio.sleep(0)
        return replace(_found(self.conversations, id), events=tuple(self.log[id][-WINDOW:]))

    async def position(self, id: str) -> tuple[str, int]:
        await asyncio.sleep(0)
        found = _found(self.conversations, id)
        return found.epoch, found.head

    async def change(self, id: str, step: Step, *, sender: str = "", cid: str = "") -> Changed:
        before = await self.conversation(id)
        if first := self.sent.get((id, sender, cid)):
            return Changed(before, (first,), is_duplicate=True)
        after = _signed(step(before), sender, cid)
        for event in after.fresh:
            if first := self.sent.get((id, event.sender, event.cid)):
                return Changed(before, (first,), is_duplicate=True)
            if event.evidence and (id, event.answers) in self.turns:
                raise Conflict("this question has its reply already")
        return Changed(replace(after, fresh=()), after.fresh, position=self._commit(before, after))

    def _commit(self, before: Conversation, after: Conversation) -> int:
        if after == before:
            return 0
        self._write(after)
        self.feed += 1
        self.positions[after.id] = self.feed
        return self.feed

    def _write(self, after: Conversation) -> None:
        self.conversations[after.id] = replace(after, events=(), fresh=())
        for event in after.fresh:
            self.log[after.id].append(replace(event, at=event.at.astimezone(UTC), evidence=None))
            self.updated_at[after.id] = event.at.astimezone(UTC)
            if event.cid:
                self.sent[after.id, event.sender, event.cid] = self.log[after.id][-1]
            if event.evidence and event.answers is not None:
                self.turns[after.id, event.answers] = json.loads(
                    json.dumps(asdict(event.evidence)), parse_constant=lambda name: None
                )
                self.replies[after.id, event.answers] = event.seq

    async def events(self, id: str, since: int, limit: int) -> Sequence[Event]:
        await asyncio.sleep(0)
        _found(self.conversations, id)
        return tuple(event for event in self.log[id] if event.seq > since)[: max(limit, 0)]

    async def owing(self) -> Sequence[str]:
        return tuple([id for id in list(self.conversations) if (await self.conversation(id)).unanswered])

    async def evidence(self, id: str, question: int) -> Mapping[str, Any]:
        await asyncio.sleep(0)
        return _found(self.turns, (id, question))

    async def passages(self, ids: Iterable[str]) -> Mapping[str, Passage]:
        await asyncio.sleep(0)
        return {id: self.known_passages[id] for id in ids if id in self.known_passages and id not in self.retired}

    async def live_passages(self) -> Sequence[Passage]:
        live = await self.passages(self.known_passages)
        return tuple(sorted(live.values(), key=lambda passage: (passage.document, passage.position, passage.id)))

    async def live_ids(self) -> Sequence[str]:
        return tuple(sorted(passage.id for passage in await self.live_passages()))

    async def documents(self) -> Sequence[Document]:
        live = {passage.document for passage in await self.live_passages()}
        return tuple(self.known_documents[key] for key in sorted(live))

    async def origins(self) -> Sequence[str]:
        await asyncio.sleep(0)
        return tuple(sorted({document.origin for document in self.known_documents.values()}))

    async def sources(self) -> Sequence[Source]:
        await asyncio.sleep(0)
        return tuple(self.known_sources[place] for place in sorted(self.known_sources))

    async def apply(
        self,
        documents: Sequence[Document],
        added: Sequence[Passage],
        removed: Sequence[str],
        at: datetime,
        sources: Sources | None = None,
    ) -> None:
        await asyncio.sleep(0)
        known = self.known_documents | {document.key: document for document in documents}
        if any(passage.document not in known for passage in added):
            raise Conflict("a passage's document is not there")
        self.known_documents = known
        self.retired |= set(removed) & set(self.known_passages)
        self.known_passages |= {passage.id: passage for passage in added}
        self.retired -= {passage.id for passage in added}
        kept = {} if sources is None else self.known_sources
        read, gone = (sources.read, sources.gone) if sources else ((), ())
        left = {(one.origin, one.path) for one in gone}
        now = {(one.origin, one.path): one for one in read}
        self.known_sources = {place: one for place, one in kept.items() if place not in left} | now

    async def retired_passages(self, ids: Iterable[str]) -> Mapping[str, Passage]:
        await asyncio.sleep(0)
        return {id: self.known_passages[id] for id in ids if id in self.known_passages}

    async def record_generation(
        self, manifest: Manifest, by: str = "", reason: str = "", action: str = "publish"
    ) -> None:
        await asyncio.sleep(0)
        at = datetime.fromisoformat(manifest.created_at)
        self.published[manifest.generation] = Published(manifest, at, by, reason, action)

    async def generations(self) -> Sequence[Published]:
        await asyncio.sleep(0)
        return tuple(sorted(self.published.values(), key=lambda one: one.at, reverse=True))

    async def check(self) -> str:
        return "in memory"

    async def close(self) -> None:
        pass


def _signed(after: Conversation, sender: str, cid: str) -> Conversation:
    """The client's id is on one of the new events, so that a retry finds it."""
    if not cid or any((event.sender, event.cid) == (sender, cid) for event in after.fresh):
        return after
    seq = next((event.seq for event in after.fresh if not event.cid), 0)
    events, fresh = (
        tuple(replace(event, sender=sender, cid=cid) if event.seq == seq else event for event in some)
        for some in (after.events, after.fresh)
    )
    return replace(after, events=events, fresh=fresh)


def _found(where: Mapping[K, V], key: K) -> V:
    if key not in where:
        raise NotFound("there is no such thing")
    return where[key]
