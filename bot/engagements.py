"""Facts → engagements: one conversation's events without their texts, cut into what the figures count.

An engagement begins when the customer writes or asks for a person. It ends when the conversation is closed, or when
the bot holds it and nothing has been said for QUIET: a customer who writes after that has come back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.events import Author, Kind

QUIET = timedelta(hours=24)  # nothing said for so long: the customer had what they came for, or has given up
RETURN = timedelta(days=7)  # coming back sooner means that it was not resolved
ANSWERS = frozenset({"generated", "extractive", "verbatim"})  # sources of a reply that rests on a passage
THUMB_UP, THUMB_DOWN = 4, 2  # a score of at least, at most

Ratings = Mapping[int, int | None]  # the newest score of each reply, by its seq


@dataclass(frozen=True, slots=True)
class Fact:
    """One event as the figures need it: never what was said."""

    conversation: str
    seq: int
    kind: str
    author: str
    at: datetime
    customer: str = ""
    language: str = ""
    reason: str = ""  # of a hand-off
    source: str = ""  # of a bot reply
    score: int | None = None
    about: int | None = None  # the seq of the reply that was rated; None: the whole
    answers: int | None = None  # the seq of the question that was answered, or handed off
    agent_id: str = ""  # who wrote or took it
    agent_name: str = ""

    @property
    def is_message(self) -> bool:
        return self.kind == Kind.MESSAGE

    def is_said_by(self, author: Author) -> bool:
        return self.is_message and self.author == author


@dataclass(frozen=True, slots=True)
class Question:
    """A customer's question that the bot looked up."""

    seq: int
    at: datetime
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Response:
    """How long the customer waited after a hand-off for an agent's first message."""

    seconds: float
    agent: str


@dataclass(frozen=True, slots=True)
class Engagement:
    conversation: str
    customer: str
    language: str
    start: datetime
    end: datetime  # the last message, or the close
    is_closed: bool
    is_reopened: bool = False  # it was closed, and the customer wrote again
    is_bots: bool = False  # the bot replied, and it never went to people
    is_answered: bool = False  # the last thing the bot looked up it answered, and nothing is left without a reply
    questions: tuple[Question, ...] = ()
    reasons: tuple[str, ...] = ()  # of its hand-offs, in order
    waits: tuple[float, ...] = ()  # seconds from each hand-off to the claim
    responses: tuple[Response, ...] = ()
    replies: Mapping[str, int] = field(default_factory=dict)  # agent's messages by agent
    names: Mapping[str, str] = field(default_factory=dict)  # of the agents who took part, first one first
    last_agent: str = ""
    thumbs_up: int = 0
    thumbs_down: int = 0
    csat: int | None = None

    @property
    def has_agent(self) -> bool:
        return bool(self.names)

    def is_decided(self, now: datetime) -> bool:
        """Nothing more is to come of it, or people have it."""
        return self.is_closed or self.has_agent or bool(self.reasons) or now - self.end >= QUIET

    def is_auto_resolved(self, now: datetime) -> bool:
        """Evidence, not hope: answered from a passage, without people, and nobody said that it did not help."""
        is_over = self.is_closed or now - self.end >= QUIET
        is_content = not self.thumbs_down and (self.csat is None or self.csat > THUMB_DOWN)
        return is_over and self.is_bots and self.is_answered and is_content


def engagements(facts: Sequence[Fact]) -> list[Engagement]:
    """Those of one conversation, from its facts in order of seq."""
    parts = list(_cut(facts))
    ratings = {fact.about: fact.score for fact in facts if fact.kind == Kind.RATED and fact.about is not None}
    return [_measured(part, ratings, is_last=part is parts[-1]) for part in parts]


# ── cutting ──


def _cut(facts: Sequence[Fact]) -> Iterator[list[Fact]]:
    part: list[Fact] = []
    is_open, is_begun, is_bots = False, False, True
    said: datetime | None = None  # when somebody last wrote
    for fact in facts:
        is_quiet = is_bots and said is not None and fact.at - said >= QUIET
        if _begins(fact) and (not is_open or is_quiet):
            if is_begun:
                yield part
                part = []
            is_open, is_begun = True, True
        part.append(fact)
        is_open = is_open and fact.kind != Kind.CLOSED
        is_bots = _is_bots_after(fact, is_bots)
        said = fact.at if fact.is_message or fact.kind == Kind.HANDED_OFF else said
    if is_begun:
        yield part


def _begins(fact: Fact) -> bool:
    """A hand-off does, but not one that answers a question: that comes late after an outage, and belongs to it."""
    is_call = fact.kind == Kind.HANDED_OFF and fact.answers is None
    return fact.is_said_by(Author.CUSTOMER) or fact.kind == Kind.REOPENED or is_call


def _is_bots_after(fact: Fact, before: bool) -> bool:
    if fact.kind in (Kind.HANDED_OFF, Kind.CLAIMED):
        return False
    return before or fact.kind in (Kind.RETURNED, Kind.CLOSED, Kind.REOPENED)


# ── measuring ──


def _measured(part: Sequence[Fact], ratings: Ratings, *, is_last: bool) -> Engagement:
    first = next(fact for fact in part if _begins(fact))
    ends = [fact.at for fact in part if fact.is_message or fact.kind == Kind.CLOSED]
    is_closed = any(fact.kind == Kind.CLOSED for fact in part)
    reasons = tuple(fact.reason for fact in part if fact.kind == Kind.HANDED_OFF)
    names = _names(part)
    wrote = [fact.agent_id for fact in part if fact.is_said_by(Author.AGENT)]
    has_reply = any(fact.is_said_by(Author.BOT) for fact in part)
    thumbs = [ratings.get(fact.seq) for fact in part if fact.is_said_by(Author.BOT)]
    csats = [fact.score for fact in part if fact.kind == Kind.RATED and fact.about is None]
    return Engagement(
        first.conversation, first.customer, first.language, first.at,
        end=max([first.at, *ends]),
        is_closed=is_closed,
        is_reopened=is_closed and not is_last,
        is_bots=has_reply and not reasons and not names,
        is_answered=_is_answered(part),
        questions=tuple(_questions(part, ratings)),
        reasons=reasons,
        waits=tuple(_waits(part)),
        responses=tuple(_responses(part)),
        replies={agent: wrote.count(agent) for agent in dict.fromkeys(wrote)},
        names=names,
        last_agent=(wrote or list(names) or [""])[-1],
        thumbs_up=sum(score is not None and score >= THUMB_UP for score in thumbs),
        thumbs_down=sum(score is not None and score <= THUMB_DOWN for score in thumbs),
        csat=csats[-1] if csats else None,
    )  # fmt: skip


def _names(part: Sequence[Fact]) -> dict[str, str]:
    """The agents who claimed it, were given it, or wrote; by their newest name."""
    took = [f for f in part if f.kind in (Kind.CLAIMED, Kind.TRANSFERRED) or f.is_said_by(Author.AGENT)]
    return {fact.agent_id: fact.agent_name for fact in took}


def _is_answered(part: Sequence[Fact]) -> bool:
    looked_up = [f.source for f in part if f.is_said_by(Author.BOT) and f.source != "canned"]
    replied = {fact.answers for fact in part}
    is_owing = any(fact.is_said_by(Author.CUSTOMER) and fact.seq not in replied for fact in part)
    return bool(looked_up) and looked_up[-1] in ANSWERS and not is_owing


def _questions(part: Sequence[Fact], ratings: Ratings) -> Iterator[Question]:
    asked_at = {fact.seq: fact.at for fact in part if fact.is_said_by(Author.CUSTOMER)}
    for fact in part:
        if fact.answers not in asked_at or not _was_looked_up(fact):
            continue
        score = ratings.get(fact.seq)
        is_down = score is not None and score <= THUMB_DOWN
        yield Question(fact.answers, asked_at[fact.answers], fact.source in ANSWERS and not is_down)


def _was_looked_up(fact: Fact) -> bool:
    if fact.kind == Kind.HANDED_OFF:
        return fact.reason == "no_answer"
    return fact.is_said_by(Author.BOT) and (fact.source in ANSWERS or fact.source == "clarify")


def _waits(part: Sequence[Fact]) -> Iterator[float]:
    since: datetime | None = None
    for fact in part:
        if fact.kind == Kind.HANDED_OFF:
            since = fact.at
        elif fact.kind in (Kind.CLAIMED, Kind.RETURNED, Kind.CLOSED):
            if since and fact.kind == Kind.CLAIMED:
                yield _seconds(since, fact.at)
            since = None


def _responses(part: Sequence[Fact]) -> Iterator[Response]:
    since: datetime | None = None
    for fact in part:
        if fact.kind == Kind.HANDED_OFF:
            since = fact.at
        elif fact.kind in (Kind.RETURNED, Kind.CLOSED):
            since = None
        elif since and fact.is_said_by(Author.AGENT):
            yield Response(_seconds(since, fact.at), fact.agent_id)
            since = None


def _seconds(since: datetime, until: datetime) -> float:
    return max(0.0, (until - since).total_seconds())  # a clock that was set back must not make a wait negative
