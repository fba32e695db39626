"""What can happen to a conversation, and who does it: values shared by everything that tells or hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.errors import Refused, TooLarge
from bot.knowledge import Citation

MAX_TEXT = 4_000  # code points in one message


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
    ASKED_AGAIN = "conversation.asked_again"  # for a person, who is coming already
    CLAIMED = "conversation.claimed"
    TRANSFERRED = "conversation.transferred"
    REQUEUED = "conversation.requeued"
    RETURNED = "conversation.returned"
    CLOSED = "conversation.closed"
    REOPENED = "conversation.reopened"
    DELAYED = "conversation.delayed"  # nobody came in time
    EMAIL_LEFT = "conversation.email_left"
    RATED = "conversation.rated"
    TAGGED = "conversation.tagged"
    NOTED = "note.created"


INTERNAL = frozenset(
    {Kind.TAGGED, Kind.NOTED, Kind.ASKED_AGAIN}
)  # the customer learns that something was here, and nothing of it


class Reason(StrEnum):
    """Why a conversation went to people: a code for the console and the metrics, never a word in generated text."""

    ASKED = "asked_for_person"
    NO_ANSWER = "no_answer"
    REPEATED = "asked_again"
    ANGRY = "angry"
    COMPLAINT = "complaint"
    CANCEL = "cancel"
    LEGAL = "legal"
    SELF_HARM = "self_harm"
    TOPIC = "always_a_person"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that led to a bot reply, kept with it so that the console can show it and a command can replay it."""

    question: str
    query: str
    decision: str
    source: str  # generated | extractive | verbatim | canned | handoff
    hits: tuple[Mapping[str, Any], ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    score: float = 0.0
    prompt: str = ""
    draft: str = ""
    drafts: tuple[Mapping[str, str], ...] = ()  # `prompt` and `draft` of each question, where a message asked several
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

    @property
    def is_correction(self) -> bool:
        """An agent's, of what was told before: no reply to anything."""
        return "corrects" in self.data

    @property
    def is_agents_reply(self) -> bool:
        return self.kind is Kind.MESSAGE and self.author is Author.AGENT and not self.is_correction


@dataclass(frozen=True, slots=True)
class Line:
    """The last message, as a list shows it."""

    author: Author
    text: str
    at: datetime
    seq: int


def name_of(customer: str) -> tuple[str, bool]:
    """(how people call a customer, did the shop vouch for it?)"""
    kind, _, id = customer.partition(":")
    return (id, True) if kind == "shop" else (f"Visitor {id[:4].upper()}", False)


def check_text(text: str) -> None:
    if not text.strip():
        raise Refused("the message is empty")
    if len(text) > MAX_TEXT:
        raise TooLarge(f"the message is longer than {MAX_TEXT} characters")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused("the message holds characters that are not text")
