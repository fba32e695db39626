"""Conversation: who holds it, what was said, and the transitions between. Pure values; time comes from the caller.

    bot ──handoff──► waiting ──claim──► agent ──return──► bot
     ▲                  ▲ │               │ │
     │                  └─┼── requeue ────┘ │
     └── customer writes again ── closed ◄──┴── close (from any status)

Each method checks that the change is allowed and returns a new conversation with the events it caused in `fresh`; what
the events do to the state is `after`, the only place that changes it. So a snapshot and the events since always make
the newest state. Positions (`seq`) count from 1 without holes, so `head` is also the number of events.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.errors import Conflict, Refused
from bot.events import MAX_TEXT, Author, Event, Evidence, Kind, Line, Reason, Status, check_text
from bot.knowledge import Citation, language_of

__all__ = ["MAX_TEXT", "Author", "Conversation", "Event", "Evidence", "Kind", "Line", "Reason", "Status", "check_text"]

WINDOW = 60  # how many of the newest events a store loads: more than any rule below looks back
LINE = 200  # code points of the last message that a list shows
FIRST = timedelta(days=400)  # the head start of whoever must be first in line: nobody waits that long
MOST_TAGS, TAG = 20, 40  # tags of one conversation; code points of one

# Whoever is in danger, angry, or has asked twice, waits shorter: as if they had come this much earlier.
HEAD_START: Mapping[str, timedelta] = {
    Reason.SELF_HARM: timedelta(days=1),
    Reason.ANGRY: timedelta(minutes=10),
    Reason.LEGAL: timedelta(minutes=5),
    Reason.COMPLAINT: timedelta(minutes=5),
    Reason.TOPIC: timedelta(minutes=5),
    Reason.REPEATED: timedelta(minutes=5),
    Reason.CANCEL: timedelta(minutes=2),
    Reason.ASKED: timedelta(minutes=2),
    Reason.FAILURE: timedelta(minutes=2),
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything said between one customer and us; `events` holds the newest WINDOW of them, in order."""

    id: str
    customer: str
    epoch: str
    status: Status = Status.BOT
    version: int = 0  # counts changes of hands: whoever acts on what they see is not disturbed by talk, tags, ratings
    head: int = 0
    language: str = "en"  # the customer's, as last written
    agent: str | None = None
    agent_name: str = ""
    bot_from: int = 0  # questions at or below this seq are not the bot's to answer (a person had them)
    events: tuple[Event, ...] = ()
    page: str = ""  # where on the shop's site it began
    reason: str = ""  # of the last hand-off
    tags: tuple[str, ...] = ()
    email: str = ""
    score: int | None = None  # the customer's, of the whole
    waiting_since: datetime | None = None  # in line for a person
    queue_at: datetime | None = None  # its place in line: the earliest is next
    owed_since: datetime | None = None  # the customer waits for the agent who has it
    is_delayed: bool = False  # told already that it takes longer
    last: Line | None = None
    asked: int = 0  # seq of the customer's last message
    created_at: datetime | None = None
    fresh: tuple[Event, ...] = ()  # what this change added, to be committed and then published

    # ── saying something ──

    def said(self, text: str, *, sender: str, cid: str, at: datetime) -> "Conversation":
        """The customer wrote. A closed conversation opens again, with the bot."""
        check_text(text)
        base = self._reopened(at)
        language = _spoken(text)
        data = {"language": language} if language and language != self.language else {}
        return base._added(Event(base.head + 1, Kind.MESSAGE, Author.CUSTOMER, at, sender, cid, text, data=data))

    def said_by_agent(
        self, text: str, *, agent: str, name: str, cid: str, at: datetime, citations: tuple[Citation, ...] = ()
    ) -> "Conversation":
        """The agent who holds it wrote."""
        check_text(text)
        self._require(Status.AGENT)
        self._require_holder(agent)
        return self._added(
            Event(self.head + 1, Kind.MESSAGE, Author.AGENT, at, agent, cid, text, citations=citations,
                  data={"agent": name})
        )  # fmt: skip

    def corrected(
        self, text: str, corrects: Mapping[str, Any], *, agent: str, name: str, cid: str, at: datetime,
        citations: tuple[Citation, ...] = (),
    ) -> "Conversation":  # fmt: skip
        """An agent puts right what the customer was told before, whoever holds it now, and if it is closed.

        That answers nothing and changes no hands. `corrects` names the passage, so that no two agents correct the same.
        """
        check_text(text)
        if any(event.data.get("corrects") == corrects for event in self.events):
            raise Conflict("a colleague has corrected this already", "settled")
        data = {"agent": name, "corrects": dict(corrects)}
        return self._added(
            Event(self.head + 1, Kind.MESSAGE, Author.AGENT, at, agent, cid, text, citations=citations, data=data)
        )

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
        data: Mapping[str, Any] | None = None,
    ) -> "Conversation":
        """Pass it to people. Asked for twice it stays where it is: a person is already coming.

        That the customer asked is kept all the same, so that a retry after the person has left asks for nobody.
        """
        if self.status in (Status.WAITING, Status.AGENT):
            again = Event(self.head + 1, Kind.ASKED_AGAIN, Author.CUSTOMER, at, sender, cid)
            return self._added(again) if cid else self
        base = self._reopened(at)
        return base._added(
            Event(base.head + 1, Kind.HANDED_OFF, Author.SYSTEM, at, sender, cid, text, answers,
                  data={"reason": reason.value, **(data or {})}, evidence=evidence)
        )  # fmt: skip

    def claimed(self, agent: str, name: str = "", *, at: datetime, text: str = "") -> "Conversation":
        """An agent takes it: out of the inbox, or from under the bot."""
        self._require(Status.WAITING, Status.BOT)
        waited = {"waited_s": (at - self.waiting_since).total_seconds()} if self.waiting_since else {}
        return self._system(Kind.CLAIMED, at, text, agent=name or agent, agent_id=agent, **waited)

    def transferred(
        self, to: str, name: str, *, at: datetime, text: str = "", note: str = "", by: str | None = None
    ) -> "Conversation":
        """From one agent to another. `by`, here and below: the agent who must hold it; None overrules."""
        self._require(Status.AGENT)
        self._require_holder(by)
        if note:
            check_text(note)
        if to == self.agent:
            raise Conflict(f"{name} has this conversation already", "holder")
        return self._system(Kind.TRANSFERRED, at, text, agent=name, agent_id=to, **{"from": self.agent_name},
                            **_given(note=note))  # fmt: skip

    def requeued(
        self, why: str, *, at: datetime, text: str = "", note: str = "", by: str | None = None
    ) -> "Conversation":
        """From the agent back into line, as the first: the customer has waited once already."""
        self._require(Status.AGENT)
        self._require_holder(by)
        if note:
            check_text(note)
        return self._system(Kind.REQUEUED, at, text, why=why, agent=self.agent_name, **_given(note=note))

    def returned(self, *, at: datetime, text: str = "", by: str | None = None) -> "Conversation":
        """Back to the bot, which answers the customer's last message if no agent did, and what is asked from now on."""
        self._require(Status.AGENT, Status.WAITING)
        self._require_holder(by)
        return self._system(Kind.RETURNED, at, text)

    def closed(
        self, *, at: datetime, text: str = "", author: Author = Author.AGENT, name: str = "", by: str | None = None
    ) -> "Conversation":
        self._require(Status.BOT, Status.WAITING, Status.AGENT)
        self._require_holder(by)
        return self._system(Kind.CLOSED, at, text, by=author.value, **_given(agent=name))

    def delayed(self, *, at: datetime, text: str = "") -> "Conversation":
        """Nobody came in time: the customer is told once, and may leave an e-mail address."""
        self._require(Status.WAITING)
        if self.is_delayed:
            return self
        return self._system(Kind.DELAYED, at, text, **({} if self.email else {"offer": "email"}))

    def email_left(self, email: str, *, sender: str, cid: str, at: datetime, text: str = "") -> "Conversation":
        event = Event(self.head + 1, Kind.EMAIL_LEFT, Author.CUSTOMER, at, sender, cid, text, data={"email": email})
        return self._added(event)

    # ── among agents ──

    def noted(self, text: str, *, agent: str, name: str, cid: str, at: datetime) -> "Conversation":
        """An internal note: no customer ever reads it."""
        check_text(text)
        data = {"agent": name, "agent_id": agent}
        return self._added(Event(self.head + 1, Kind.NOTED, Author.AGENT, at, agent, cid, text, data=data))

    def tagged(self, tags: Sequence[str], *, agent: str, name: str, cid: str, at: datetime) -> "Conversation":
        """The conversation's tags are now these. The same ones again change nothing."""
        wanted = _checked_tags(tags)
        if wanted == self.tags:
            return self
        data = {"tags": list(wanted), "agent": name}
        return self._added(Event(self.head + 1, Kind.TAGGED, Author.AGENT, at, agent, cid, data=data))

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

    # ── what an event does to the state: the only place that changes it ──

    def after(self, event: Event) -> "Conversation":
        """The state once `event`, the next one, has happened."""
        kept = replace(self, head=event.seq, events=(*self.events, event)[-WINDOW:])
        if event.kind is Kind.MESSAGE:
            return _after_message(kept, event)
        if event.kind in (Kind.NOTED, Kind.ASKED_AGAIN):
            return kept
        made = _CHANGES[event.kind](kept, event)
        return replace(kept, version=kept.version + (event.kind in MOVES), **made)

    def _reopened(self, at: datetime) -> "Conversation":
        if self.status is not Status.CLOSED:
            return self
        return self._added(Event(self.head + 1, Kind.REOPENED, Author.SYSTEM, at))

    def _added(self, event: Event) -> "Conversation":
        return replace(self.after(event), fresh=(*self.fresh, event))

    def _system(self, kind: Kind, at: datetime, text: str, **data: Any) -> "Conversation":
        return self._added(Event(self.head + 1, kind, Author.SYSTEM, at, text=text, data=data))

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

    @property
    def is_first_in_line(self) -> bool:
        return bool(self.queue_at and self.waiting_since and self.waiting_since - self.queue_at >= FIRST)

    def _require(self, *allowed: Status) -> None:
        if self.status not in allowed:
            raise Conflict(f"expected the conversation to be {' or '.join(allowed)}, but it is {self.status}", "status")

    def _require_holder(self, agent: str | None) -> None:
        if agent is not None and self.status is Status.AGENT and self.agent != agent:
            raise Conflict(f"{self.agent_name} has this conversation", "holder")


# ── what each kind of event changes ──

State = dict[str, Any]
MOVES = frozenset({
    Kind.HANDED_OFF, Kind.CLAIMED, Kind.TRANSFERRED, Kind.REQUEUED, Kind.RETURNED, Kind.CLOSED, Kind.REOPENED,
})  # fmt: skip
_AROUND = "?!.,;:()\"'“”"  # what stands around a word
_NOBODY: State = {"agent": None, "agent_name": "", "owed_since": None}
_NOT_IN_LINE: State = {"waiting_since": None, "queue_at": None, "is_delayed": False}


def _after_message(c: Conversation, event: Event) -> Conversation:
    if event.is_correction:  # whatever was last said still waits for its answer
        return c
    line = Line(event.author, event.text[:LINE], event.at, event.seq)
    if event.author is Author.CUSTOMER:
        owed = (c.owed_since or event.at) if c.status is Status.AGENT else None
        language = event.data.get("language", c.language)
        return replace(c, last=line, asked=event.seq, owed_since=owed, language=language)
    if event.author is Author.AGENT:
        return replace(c, last=line, owed_since=None)
    return replace(c, last=line)


def _handed_off(c: Conversation, event: Event) -> State:
    reason = event.data["reason"]
    place = event.at - HEAD_START.get(reason, timedelta())
    return {"status": Status.WAITING, "bot_from": event.seq, "reason": reason, "waiting_since": event.at,
            "queue_at": place, "is_delayed": event.data.get("offer") == "email"}  # fmt: skip


def _claimed(c: Conversation, event: Event) -> State:
    is_awaited = c.status is Status.WAITING or (c.last is not None and c.last.author is Author.CUSTOMER)
    return {**_NOT_IN_LINE, "status": Status.AGENT, "agent": event.data["agent_id"],
            "agent_name": event.data["agent"], "bot_from": event.seq,
            "owed_since": event.at if is_awaited else None}  # fmt: skip


def _transferred(c: Conversation, event: Event) -> State:
    """Whoever takes over has as long to answer as the one before had."""
    return {"agent": event.data["agent_id"], "agent_name": event.data["agent"],
            "owed_since": c.owed_since and event.at}  # fmt: skip


def _requeued(c: Conversation, event: Event) -> State:
    return {**_NOBODY, "status": Status.WAITING, "waiting_since": event.at, "queue_at": event.at - FIRST,
            "is_delayed": False}  # fmt: skip


def _closed(c: Conversation, event: Event) -> State:
    return {**_NOBODY, **_NOT_IN_LINE, "status": Status.CLOSED, "bot_from": event.seq}


def _returned(c: Conversation, event: Event) -> State:
    """What was asked before people had it stays theirs: the bot has tried, or was stopped."""
    said = max((e.seq for e in c.events if e.is_agents_reply), default=0)
    return {**_NOBODY, **_NOT_IN_LINE, "status": Status.BOT, "bot_from": max(c.bot_from, said, c.asked - 1)}


_CHANGES: Mapping[Kind, Callable[[Conversation, Event], State]] = {
    Kind.HANDED_OFF: _handed_off,
    Kind.CLAIMED: _claimed,
    Kind.TRANSFERRED: _transferred,
    Kind.REQUEUED: _requeued,
    Kind.RETURNED: _returned,
    Kind.CLOSED: _closed,
    Kind.REOPENED: lambda c, event: {"status": Status.BOT, "reason": "", "score": None},
    Kind.DELAYED: lambda c, event: {"is_delayed": True},
    Kind.EMAIL_LEFT: lambda c, event: {"email": event.data["email"]},
    Kind.RATED: lambda c, event: {} if event.data.get("about") else {"score": event.data["score"]},
    Kind.TAGGED: lambda c, event: {"tags": tuple(event.data["tags"])},
}


def _given(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _spoken(text: str) -> str:
    """The language of a message that shows one: "ok" and "#4412" do not."""
    language = language_of(text)
    words = sum(word.strip(_AROUND).replace("'", "").replace("’", "").isalpha() for word in text.split())
    return language if language != "en" or words >= 3 else ""


def _checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))
    if len(wanted) > MOST_TAGS or any(len(tag) > TAG for tag in wanted):
        raise Refused(f"a conversation takes {MOST_TAGS} tags of {TAG} characters")
    return wanted
