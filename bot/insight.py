"""What can be asked of a generator whose weights are at hand, besides a draft."""

from typing import Protocol

from bot.attention import Looks


class Insight(Protocol):
    """Thread-safe; blocks."""

    name: str  # as the generator's, with the digest of its weights

    def looks(self, prompt: str, draft: str) -> Looks:
        """Raises Refused for a draft that does not fit behind its prompt."""
        ...

    def handoff(self, prompt: str) -> float | None:
        """How likely its first word is a hand-off; None of a model that does not know ours."""
        ...
