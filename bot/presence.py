"""Who is here: agents with an open console who did not say that they are away, and customers with an open chat.

One process; nothing is kept.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.access import Agent


class Presence:
    def __init__(self) -> None:
        self._consoles: Counter[str] = Counter()  # an agent may have several open
        self._away: set[str] = set()
        self._readers: Counter[str] = Counter()  # conversation → customers' tabs that show it
        self._watching: set[Callable[[], None]] = set()

    @contextmanager
    def here(self, agent: Agent) -> Iterator[None]:
        """The agent is here for as long as the block lasts."""
        self._consoles[agent.id] += 1
        self._tell()
        try:
            yield
        finally:
            self._consoles[agent.id] -= 1
            if not self._consoles[agent.id]:
                del self._consoles[agent.id]
                self._away.discard(agent.id)
            self._tell()

    def go_away(self, agent_id: str, on: bool) -> None:
        (self._away.add if on else self._away.discard)(agent_id)
        self._tell()

    def is_online(self, agent_id: str) -> bool:
        return agent_id in self._consoles

    def is_away(self, agent_id: str) -> bool:
        return agent_id in self._away

    @property
    def available(self) -> frozenset[str]:
        return frozenset(self._consoles) - self._away

    @contextmanager
    def reading(self, conversation: str) -> Iterator[None]:
        """A customer's tab is open for as long as the block lasts."""
        self._readers[conversation] += 1
        try:
            yield
        finally:
            self._readers[conversation] -= 1
            if not self._readers[conversation]:
                del self._readers[conversation]

    def is_reading(self, conversation: str) -> bool:
        return conversation in self._readers

    @contextmanager
    def watch(self, wake: Callable[[], None]) -> Iterator[None]:
        """Be told when somebody comes, goes, or is away."""
        self._watching.add(wake)
        try:
            yield
        finally:
            self._watching.discard(wake)

    def _tell(self) -> None:
        for wake in tuple(self._watching):
            wake()
