"""Who is here: agents with an open console who did not say that they are away, and customers with an open chat.

At this process, and, as far as it was told, at the others.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bot.access import Agent
from bot.shared import Here


class Presence:
    def __init__(self) -> None:
        self._consoles: Counter[str] = Counter()  # an agent may have several open
        self._away: dict[str, tuple[bool, int]] = {}  # of those here: (is away, which word of theirs that is)
        self._readers: Counter[str] = Counter()  # conversation → customers' tabs that show it
        self._others: Sequence[Here] = ()
        self._watching: set[Callable[[], None]] = set()

    @contextmanager
    def here(self, agent: Agent) -> Iterator[None]:
        """The agent is here for as long as the block lasts."""
        self._consoles[agent.id] += 1
        self._away.setdefault(agent.id, self._last_word(agent.id))
        self._tell()
        try:
            yield
        finally:
            self._consoles[agent.id] -= 1
            if not self._consoles[agent.id]:
                del self._consoles[agent.id]
                del self._away[agent.id]
            self._tell()

    def go_away(self, agent_id: str, on: bool) -> None:
        if agent_id in self._consoles:
            self._away[agent_id] = on, self._last_word(agent_id)[1] + 1
        self._tell()

    def _last_word(self, agent_id: str) -> tuple[bool, int]:
        """What the agent said last, at whichever process."""
        said = [here[agent_id] for here in (self._away, *(other.agents for other in self._others)) if agent_id in here]
        return max(said, key=lambda word: word[1], default=(False, 0))

    def is_online(self, agent_id: str) -> bool:
        return agent_id in self._online

    def is_away(self, agent_id: str) -> bool:
        return self._last_word(agent_id)[0]

    @property
    def _online(self) -> set[str]:
        return set(self._consoles).union(*(other.agents for other in self._others))

    @property
    def available(self) -> frozenset[str]:
        return frozenset(agent_id for agent_id in self._online if not self.is_away(agent_id))

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
        return conversation in self._readers or any(conversation in other.readers for other in self._others)

    # ── between processes ──

    @property
    def own(self) -> Here:
        """What the others are told: who is at this process."""
        return Here(dict(self._away), frozenset(self._readers))

    def meet(self, others: Sequence[Here]) -> None:
        """Who is at the other processes now. An agent may have a console at several: the last word counts at each."""
        if list(others) == list(self._others):
            return
        self._others = others
        self._away = {agent_id: self._last_word(agent_id) for agent_id in self._away}
        self._tell()

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
