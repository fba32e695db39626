"""A generator or an embedder whose server is left alone for a while when it fails: no customer waits for one that is
known to be away."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from bot.breaker import RULES, Breaker, Rules, State
from bot.errors import ServerFails
from bot.indexes import Reading, Vectors
from bot.ports import Embedder, Generator, Sampling

log = logging.getLogger(__name__)


class _Line:
    """To one server. Thread-safe."""

    def __init__(self, what: str, rules: Rules, clock: Callable[[], float]) -> None:
        self._what, self._clock = what, clock
        self._breaker = Breaker(rules)
        self._turning = threading.Lock()

    @property
    def state(self) -> State:
        with self._turning:
            return self._breaker.state(self._clock())

    def begin(self) -> None:
        """Raises ServerFails when no call may go out."""
        with self._turning:
            now = self._clock()
            if not self._breaker.allows(now):
                raise ServerFails(f"the {self._what}'s server failed; it is left alone for {self._wait(now)} s")
            self._breaker = self._breaker.called(now)

    def succeeded(self) -> None:
        self._turn(lambda breaker, now: breaker.succeeded(now))

    def failed(self, error: ServerFails) -> None:
        self._turn(lambda breaker, now: breaker.failed(now, error.after_s), str(error))

    def given_up(self) -> None:
        self._turn(lambda breaker, now: breaker.given_up())

    def _turn(self, step: Callable[[Breaker, float], Breaker], why: str = "") -> None:
        with self._turning:
            now = self._clock()
            was, self._breaker = self._breaker, step(self._breaker, now)
            is_open, was_open = self._breaker.open_until is not None, was.open_until is not None
            wait = self._wait(now)
        if is_open and self._breaker.n_opened > was.n_opened:
            log.warning("%s; it is left alone for %s s", why, wait)
        elif was_open and not is_open:
            log.info("the %s's server is back", self._what)

    def _wait(self, now: float) -> int:
        return int(self._breaker.wait_s(now)) + 1


class _Broken:
    """What both have in common: whatever else the wrapped part can do, it can."""

    def __init__(self, part: Any, what: str, rules: Rules, clock: Callable[[], float]) -> None:
        self._part, self._line = part, _Line(what, rules, clock)

    @property
    def state(self) -> State:
        return self._line.state

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_part":
            raise AttributeError(name)
        return getattr(self._part, name)


class BreakingGenerator(_Broken):
    name: str
    context: int

    def __init__(
        self, generator: Generator, rules: Rules = RULES, clock: Callable[[], float] = monotonic
    ) -> None:  # fmt: skip
        super().__init__(generator, "generator", rules, clock)

    def count_tokens(self, text: str) -> int:
        return int(self._part.count_tokens(text))

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        """A draft nobody wanted any more shows nothing of the server, unless some of it had come."""
        self._line.begin()
        has_come = False
        try:
            for text in self._part.generate(prompt, sampling, cancelled):
                has_come = True
                yield text
        except ServerFails as error:
            self._line.failed(error)
            raise
        except BaseException:
            self._ended(has_come)
            raise
        self._ended(has_come or not cancelled())

    def _ended(self, shows_it_lives: bool) -> None:
        if shows_it_lives:
            self._line.succeeded()
        else:
            self._line.given_up()


class BreakingEmbedder(_Broken):
    name: str
    dimension: int
    languages: frozenset[str]

    def __init__(
        self, embedder: Embedder, rules: Rules = RULES, clock: Callable[[], float] = monotonic
    ) -> None:  # fmt: skip
        super().__init__(embedder, "embedder", rules, clock)

    def embed(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Vectors:
        with self._called():
            made: Vectors = self._part.embed(texts, is_query=is_query, progress=progress)
        return made

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        with self._called():
            made: Reading = self._part.read(texts, is_query=is_query, progress=progress)
        return made

    @contextmanager
    def _called(self) -> Iterator[None]:
        self._line.begin()
        try:
            yield
        except ServerFails as error:
            self._line.failed(error)
            raise
        except BaseException:
            self._line.given_up()
            raise
        self._line.succeeded()
