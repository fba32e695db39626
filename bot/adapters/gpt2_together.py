"""Several drafts in step: the weights are read once for a token of each.

A small model's token costs the reading of its weights from memory, so one more draft beside it costs far less than the
first. A loop is a thread that lasts while there are drafts; one joins or leaves between two tokens.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import torch
from torch import Tensor

from bot.adapters.gpt2_lean import Cache, LeanGpt2

HEARD_S = 0.05  # a draft that waits for a place, or for the next token, hears so soon that nobody reads on
AT_ONCE = 8  # drafts in step in one loop; more wait for one of them to end
Take = Callable[[Tensor], tuple[int, bool]]  # logits → the token that is written, and whether it is the last


@dataclass(slots=True, eq=False)
class _Draft:
    prompt: Sequence[int]
    room: int
    take: Take
    written: SimpleQueue[int | Exception | None] = field(default_factory=SimpleQueue)
    token: int = 0
    cache: Cache | None = None
    is_written: bool = False
    is_left: bool = False  # nobody reads on

    @property
    def is_over(self) -> bool:
        return self.is_written or self.is_left

    def go_on(self, logits: Tensor) -> None:
        """What fails here is this draft's own affair."""
        try:
            self.token, self.is_written = self.take(logits)
            self.written.put(self.token)
        except Exception as error:
            self.end(error)
        if self.is_written:
            self.written.put(None)

    def end(self, error: Exception) -> None:
        self.is_written = True
        self.written.put(error)


class Together:
    """Up to `loops` at once, each with `threads` of torch's. Thread-safe."""

    def __init__(self, model: LeanGpt2, *, loops: int = 1, threads: int = 1) -> None:
        self._loops = [_Loop(model, threads) for _ in range(loops)]

    def tokens(
        self, prompt: Sequence[int], room: int, take: Take, cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[int]:
        """The tokens of one draft as they are written. `take` runs in the loop; what it raises is raised here."""
        draft = _Draft(prompt, room, take)
        min(self._loops, key=lambda loop: loop.n_drafts).join(draft)
        try:
            while (item := _heard(draft.written, cancelled)) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            draft.is_left = True


def _heard(written: "SimpleQueue[int | Exception | None]", cancelled: Callable[[], bool]) -> int | Exception | None:
    while True:
        with suppress(Empty):
            return written.get(timeout=HEARD_S)
        if cancelled():
            return None


class _Loop:
    def __init__(self, model: LeanGpt2, threads: int) -> None:
        self._model, self._threads = model, threads
        self._changing = threading.Lock()
        self._waiting: list[_Draft] = []
        self._drafts: list[_Draft] = []
        self._is_running = False

    @property
    def n_drafts(self) -> int:
        return len(self._waiting) + len(self._drafts)

    def join(self, draft: _Draft) -> None:
        with self._changing:
            if not self._is_running:
                threading.Thread(target=self._run, name="drafts").start()  # one that cannot be started changes nothing
                self._is_running = True
            self._waiting.append(draft)

    def _run(self) -> None:
        torch.set_num_threads(self._threads)  # counts for the calling thread alone
        while self._goes_on():
            try:
                self._step()
            except Exception as error:  # of the model itself: all that are under way share it
                for draft in self._drafts:
                    draft.end(error)

    def _goes_on(self) -> bool:
        """Lets one draft in and those out that are over. One at a time: reading a prompt holds the others up."""
        with self._changing:
            self._drafts = [draft for draft in self._drafts if not draft.is_over]
            joins = self._waiting.pop(0) if self._waiting and len(self._drafts) < AT_ONCE else None
            if joins is not None:  # counts from now on: where a prompt is being read another draft had better not go
                self._drafts.append(joins)
            self._is_running = bool(self._drafts)
            if not self._is_running:
                return False
        if joins is not None and not joins.is_over:
            self._begin(joins)
        return True

    def _begin(self, draft: _Draft) -> None:
        try:
            logits, draft.cache = self._model.begun(draft.prompt, draft.room)
        except Exception as error:
            draft.end(error)
            return
        draft.go_on(logits)

    def _step(self) -> None:
        under_way = [(draft, draft.cache) for draft in self._drafts if draft.cache and not draft.is_over]
        if len(under_way) == 1:
            draft, cache = under_way[0]
            draft.go_on(self._model.read([draft.token], cache))
        elif under_way:
            drafts, caches = zip(*under_way, strict=True)
            for draft, logits in zip(drafts, self._model.step([one.token for one in drafts], caches), strict=True):
                draft.go_on(logits)
