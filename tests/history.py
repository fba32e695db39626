"""Histories as facts: what happened to one conversation, step by step."""

from datetime import datetime, timedelta
from typing import Any

from bot.engagements import QUIET, Engagement, Fact, engagements
from bot.events import Kind
from tests.fakes import AT


class History:
    """One conversation as it happens; each step `after` so many seconds."""

    def __init__(self, id: str = "c1", customer: str = "ann", language: str = "en", at: datetime = AT) -> None:
        self.facts: list[Fact] = []
        self._own = {"conversation": id, "customer": customer, "language": language}
        self._at = at

    def add(self, kind: Kind, author: str = "system", after: float = 10, **fields: Any) -> "History":
        self._at += timedelta(seconds=after)
        own = {**self._own, "seq": len(self.facts) + 1, "kind": kind.value, "author": author, "at": self._at}
        self.facts.append(Fact(**{**own, **fields}))
        return self

    def asks(self, after: float = 10) -> "History":
        return self.add(Kind.MESSAGE, "customer", after)

    def bot(self, source: str = "generated", after: float = 10) -> "History":
        return self.add(Kind.MESSAGE, "bot", after, source=source, answers=self._asked())

    def hands_off(self, reason: str = "no_answer", after: float = 10, *, asked: bool = True) -> "History":
        return self.add(Kind.HANDED_OFF, after=after, reason=reason, answers=self._asked() if asked else None)

    def claims(self, agent: str = "a1", after: float = 10) -> "History":
        return self.add(Kind.CLAIMED, after=after, agent_id=agent, agent_name=agent.upper())

    def agent(self, agent: str = "a1", after: float = 10) -> "History":
        return self.add(Kind.MESSAGE, "agent", after, agent_id=agent, agent_name=agent.upper())

    def rates(self, score: int, about: int | None = None) -> "History":
        return self.add(Kind.RATED, "customer", score=score, about=about)

    def closes(self, after: float = 10) -> "History":
        return self.add(Kind.CLOSED, after=after)

    def returns(self) -> "History":
        return self.add(Kind.RETURNED)

    def reopens(self, after: float = 10) -> "History":
        return self.add(Kind.REOPENED, after=after).asks(after=0)

    def _asked(self) -> int:
        return max(fact.seq for fact in self.facts if fact.author == "customer" and fact.is_message)

    def all(self) -> list[Engagement]:
        return engagements(self.facts)

    def one(self) -> Engagement:
        (only,) = self.all()
        return only

    def is_resolved(self, later: timedelta = QUIET) -> bool:
        return self.one().is_auto_resolved(self._at + later)
