"""Conversation: who holds it, what was said, and the transitions between. Pure values; time comes from the caller.

    bot ──handoff──► waiting ──claim──► agent ──return──► bot
     ▲                  │                 │
     └── customer writes again ── closed ◄┴── close (from any status)

Each method returns a new conversation whose `fresh` events are what the change caused. Positions (`seq`) count from 1
without holes, so `head` is also the number of events.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.errors import Conflict, Refused, TooLarge
from bot.knowledge import Citation

MAX_TEXT = 4_000  # code points in one message
WINDOW = 60  # how many of the newest events a store loads: more than any rule below looks back


class Status(StrEnum):
    BOT = "bot"
    WAITING = "waiting"
    AGENT = "agent"
    CLOSED = "closed"


class Author(StrEnum):
    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Kind(StrEnum):
    """The field's dotted nouns."""

    MESSAGE = "message.created"
    HANDED_OFF = "conversation.handed_off"
    CLAIMED = "conversation.claimed"
    RETURNED = "conversation.returned"
    CLOSED = "conversation.closed"
    REOPENED = "conversation.reopened"
    RATED = "conversation.rated"


class Reason(StrEnum):
    """Why a conversation went to people: a code for the console and the metrics, never a word in generated text."""

    ASKED = "asked_for_person"
    NO_ANSWER = "no_answer"
    REPEATED = "asked_again"
    ANGRY = "angry"
    TOPIC = "always_a_person"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that led to a bot reply, kept with it so that the console can show it and a command can replay it."""

    question: str
    query: str
    decision: str
    source: str  # generated | verbatim | canned | handoff
    hits: tuple[Mapping[str, Any], ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    score: float = 0.0
    prompt: str = ""
    draft: str = ""
    verdicts: tuple[Mapping[str, Any], ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)  # milliseconds by stage
    generation: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that must not be missed. `text` is what was said; `data` what else this kind carries."""

    seq: int
    kind: Kind
    author: Author
    at: datetime
    sender: str = ""
    cid: str = ""
    text: str = ""
    answers: int | None = None  # the seq of the question a reply answers
    citations: tuple[Citation, ...] = ()
    options: tuple[str, ...] = ()  # "did you mean": questions the customer may tap
    data: Mapping[str, Any] = field(default_factory=dict)
    evidence: Evidence | None = field(default=None, compare=False)  # written with the event, never loaded with it

    @property
    def is_question(self) -> bool:
        return self.kind is Kind.MESSAGE and self.author is Author.CUSTOMER


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything said between one customer and us; `events` holds the newest WINDOW of them, in order."""

    id: str
    customer: str
    epoch: str
    status: Status = Status.BOT
    version: int = 0
    head: int = 0
    language: str = "en"
    agent: str | None = None
    bot_from: int = 0  # questions at or below this seq are not the bot's to answer (a person had them)
    events: tuple[Event, ...] = ()
    page: str = ""  # where on the shop's site it began
    fresh: tuple[Event, ...] = ()  # what this change added, to be committed and then published

    # ── saying something ──

    def said(self, text: str, *, sender: str, cid: str, at: datetime) -> "Conversation":
        """The customer wrote. A closed conversation opens again, with the bot."""
        check_text(text)
        base = self
        if self.status is Status.CLOSED:
            base = self._moved(Status.BOT, Event(self.head + 1, Kind.REOPENED, Author.SYSTEM, at))
        return base._added(Event(base.head + 1, Kind.MESSAGE, Author.CUSTOMER, at, sender, cid, text))

    def replied(
        self,
        text: str,
        *,
        answers: int,
        at: datetime,
        citations: tuple[Citation, ...] = (),
        options: tuple[str, ...] = (),
        data: Mapping[str, Any] | None = None,
        evidence: Evidence | None = None,
    ) -> "Conversation":
        """The bot answers the question at `answers`. Raises Conflict when the bot may not (any more)."""
        self._require(Status.BOT)
        if answers not in {question.seq for question in self.unanswered}:
            raise Conflict(f"question {answers} is already answered, or is not the bot's to answer")
        return self._added(
            Event(self.head + 1, Kind.MESSAGE, Author.BOT, at, text=text, answers=answers, citations=citations,
                  options=options, data=data or {}, evidence=evidence)
        )  # fmt: skip

    # ── who holds it ──

    def handed_off(
        self,
        reason: Reason,
        *,
        at: datetime,
        text: str = "",
        sender: str = "",
        cid: str = "",
        answers: int | None = None,
        evidence: Evidence | None = None,
    ) -> "Conversation":
        """Pass it to people. Asked for twice it stays where it is: a person is already coming."""
        if self.status in (Status.WAITING, Status.AGENT):
            return self
        moved = self._moved(
            Status.WAITING,
            Event(self.head + 1, Kind.HANDED_OFF, Author.SYSTEM, at, sender, cid, text, answers,
                  data={"reason": reason.value}, evidence=evidence),
        )  # fmt: skip
        return replace(moved, bot_from=moved.head)

    def claimed(self, agent: str, *, at: datetime) -> "Conversation":
        """An agent takes it: out of the inbox, or from under the bot."""
        self._require(Status.WAITING, Status.BOT)
        event = Event(self.head + 1, Kind.CLAIMED, Author.SYSTEM, at, data={"agent": agent})
        return replace(self._moved(Status.AGENT, event), agent=agent, bot_from=event.seq)

    def returned(self, *, at: datetime) -> "Conversation":
        """Back to the bot, which answers what is asked from now on."""
        self._require(Status.AGENT, Status.WAITING)
        event = Event(self.head + 1, Kind.RETURNED, Author.SYSTEM, at)
        return replace(self._moved(Status.BOT, event), agent=None, bot_from=event.seq)

    def closed(self, *, at: datetime) -> "Conversation":
        self._require(Status.BOT, Status.WAITING, Status.AGENT)
        event = Event(self.head + 1, Kind.CLOSED, Author.SYSTEM, at)
        return replace(self._moved(Status.CLOSED, event), agent=None, bot_from=event.seq)

    def rated(
        self, score: int, *, sender: str, cid: str, at: datetime, about: int | None = None, comment: str = ""
    ) -> "Conversation":
        """Thumbs on one reply (`about` its seq), or a satisfaction score for the whole."""
        if not 1 <= score <= 5:
            raise Refused("a score is a whole number from 1 to 5")
        if about is not None and not 1 <= about <= self.head:
            raise Refused(f"there is no message {about} to rate")
        data = {"score": score, "about": about, "comment": comment[:1_000]}
        return self._added(Event(self.head + 1, Kind.RATED, Author.CUSTOMER, at, sender, cid, data=data))

    # ── what follows from it ──

    @property
    def unanswered(self) -> tuple[Event, ...]:
        """Customer messages the bot still owes a reply, oldest first; none while people hold the conversation."""
        if self.status is not Status.BOT:
            return ()
        answered = {event.answers for event in self.events}
        return tuple(e for e in self.events if e.is_question and e.seq > self.bot_from and e.seq not in answered)

    def before(self, seq: int) -> tuple[Event, ...]:
        """The messages said before position `seq`."""
        return tuple(e for e in self.events if e.seq < seq and e.kind is Kind.MESSAGE)

    def _require(self, *allowed: Status) -> None:
        if self.status not in allowed:
            raise Conflict(f"expected the conversation to be {' or '.join(allowed)}, but it is {self.status}")

    def _added(self, event: Event) -> "Conversation":
        return replace(
            self,
            head=event.seq,
            version=self.version + 1,
            events=(*self.events, event)[-WINDOW:],
            fresh=(*self.fresh, event),
        )

    def _moved(self, status: Status, event: Event) -> "Conversation":
        return replace(self._added(event), status=status)


def check_text(text: str) -> None:
    if not text.strip():
        raise Refused("the message is empty")
    if len(text) > MAX_TEXT:
        raise TooLarge(f"the message is longer than {MAX_TEXT} characters")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused("the message holds characters that are not text")
