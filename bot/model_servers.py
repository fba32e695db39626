"""What an embedder or a generator can do besides when it is behind a server."""

from typing import Protocol, runtime_checkable

from bot.breaker import State


@runtime_checkable
class Breaks(Protocol):
    """It is left alone for a while when its server fails.

    Without the embedder questions are searched by their words alone, without the generator passages are quoted.
    """

    @property
    def state(self) -> State: ...


@runtime_checkable
class Checks(Protocol):
    """It can be asked whether its server does what is needed."""

    def check(self) -> str:
        """One call; returns a line for `bot doctor`. Raises Unavailable."""
        ...

    def close(self) -> None: ...
