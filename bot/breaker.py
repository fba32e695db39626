"""When to leave a server alone: after some failures in a short time for a while, then one call sees if it is back.

Values only: whoever calls the server says what came of it, and when.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"  # calls pass
    OPEN = "open"  # none does
    HALF_OPEN = "half-open"  # one may, and decides


@dataclass(frozen=True, slots=True)
class Rules:
    failures: int = 3
    window_s: float = 30.0  # in which so many failures are too many
    pause_s: float = 5.0  # before the first trial; twice as long after each that fails
    longest_pause_s: float = 60.0
    trial_s: float = 120.0  # a trial nobody has told the end of is given up


RULES = Rules()


@dataclass(frozen=True, slots=True)
class Breaker:
    """One server as its calls have shown it. Times are seconds of a clock that never goes back."""

    rules: Rules = RULES
    failed_at: tuple[float, ...] = ()  # lately, while closed
    open_until: float | None = None  # None: closed
    n_opened: int = 0  # in a row, without a success between
    trial_at: float | None = None  # since when one call is trying

    def state(self, at: float) -> State:
        if self.open_until is None:
            return State.CLOSED
        return State.OPEN if at < self.open_until else State.HALF_OPEN

    def allows(self, at: float) -> bool:
        """Whether a call may go out now. Whoever sends it must say so by `called`."""
        return self.state(at) is State.CLOSED or (self.state(at) is State.HALF_OPEN and not self._is_trying(at))

    def called(self, at: float) -> "Breaker":
        return self if self.open_until is None else replace(self, trial_at=at)

    def succeeded(self, at: float) -> "Breaker":
        """One that went out before the failures proves nothing; a trial does."""
        if self.state(at) is State.OPEN and self.trial_at is None:
            return self
        return Breaker(self.rules)

    def failed(self, at: float, after_s: float = 0.0) -> "Breaker":
        """`after_s`: how long the server asks to be left alone, which it is, within reason."""
        if self.open_until is not None and self.trial_at is None:
            return self  # a straggler
        lately = tuple(when for when in self.failed_at if at - when < self.rules.window_s)
        lately = (*lately, at)[-self.rules.failures :]
        if self.open_until is None and not after_s and len(lately) < self.rules.failures:
            return replace(self, failed_at=lately)
        return self._opened(at, after_s)

    def given_up(self) -> "Breaker":
        """The call ended before it showed anything: if it was the trial, the next one is."""
        return replace(self, trial_at=None)

    def wait_s(self, at: float) -> float:
        """Until a call may be tried."""
        return max(0.0, (self.open_until or 0.0) - at)

    def _is_trying(self, at: float) -> bool:
        return self.trial_at is not None and at - self.trial_at < self.rules.trial_s

    def _opened(self, at: float, after_s: float) -> "Breaker":
        doubled = self.rules.pause_s * 2.0 ** min(self.n_opened, 30)
        pause = min(max(doubled, after_s), self.rules.longest_pause_s)
        return Breaker(self.rules, (), at + pause, self.n_opened + 1)
