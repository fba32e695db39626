"""Drafts in step: each as it would be alone, whoever joins, leaves or fails beside it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import sleep
from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from bot.adapters.gpt2_lean import LeanGpt2, lean
from bot.adapters.gpt2_together import AT_ONCE, Take, Together

CONTEXT = 64


@pytest.fixture(scope="module")
def model() -> LeanGpt2:
    torch.manual_seed(4)
    gpt2: Any = GPT2LMHeadModel
    made = lean(gpt2(GPT2Config(vocab_size=80, n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=2)).eval())
    assert made is not None
    return made


def prompt(n: int) -> list[int]:
    return [(7 * n + at) % 80 for at in range(3 + n)]


def greedy(most: int, then: Callable[[int], None] = lambda n: None) -> Take:
    """`then` is told how many tokens there are, before each."""
    n = 0

    def take(logits: torch.Tensor) -> tuple[int, bool]:
        nonlocal n
        then(n)
        n += 1
        return int(logits.argmax()), n == most

    return take


def alone(model: LeanGpt2, n: int, most: int = 20) -> list[int]:
    logits, cache = model.begun(prompt(n), CONTEXT)
    tokens = [int(logits.argmax())]
    while len(tokens) < most:
        tokens.append(int(model.read(tokens[-1:], cache).argmax()))
    return tokens


def written(together: Together, n: int, then: Callable[[int], None] = lambda n: None) -> list[int]:
    return list(together.tokens(prompt(n), CONTEXT, greedy(20, then)))


def all_at_once(together: Together, takes: list[Take]) -> list[list[int]]:
    with ThreadPoolExecutor(len(takes)) as pool:
        return list(pool.map(lambda n: list(together.tokens(prompt(n), CONTEXT, takes[n])), range(len(takes))))


@pytest.mark.parametrize("loops", [1, 2])
@pytest.mark.parametrize("n_drafts", [1, 2, 5, 3 * AT_ONCE])
def test_drafts_at_once_are_those_written_alone(model: LeanGpt2, loops: int, n_drafts: int) -> None:
    """Of unlike length, and more of them than are let in at once."""
    lengths = [20 - n % 7 for n in range(n_drafts)]
    drafts = all_at_once(Together(model, loops=loops), [greedy(most) for most in lengths])
    assert drafts == [alone(model, n, most) for n, most in enumerate(lengths)]


def test_drafts_share_their_steps(model: LeanGpt2, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, step = list[int](), model.step

    def watched(ids: Any, caches: Any) -> torch.Tensor:
        sizes.append(len(ids))
        return step(ids, caches)

    monkeypatch.setattr(model, "step", watched)
    together, all_there = Together(model), threading.Event()

    def wait(n: int) -> None:
        assert all_there.wait(5)

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(written, together, n, wait) for n in range(4)]
        while len(together._loops[0]._waiting) < 3:  # the fourth is held up at its first token
            sleep(0.001)
        all_there.set()
        assert [one.result() for one in running] == [alone(model, n) for n in range(4)]
    assert max(sizes) == 4
    assert len(sizes) < 30  # for 80 tokens


def test_a_draft_goes_where_no_prompt_is_being_read(model: LeanGpt2, monkeypatch: pytest.MonkeyPatch) -> None:
    together, begun, threads = Together(model, loops=2), model.begun, list[int]()
    is_reading, both_read = threading.Event(), threading.Barrier(2, timeout=5)

    def watched(ids: Any, room: int) -> Any:
        threads.append(threading.get_ident())
        is_reading.set()
        both_read.wait()
        return begun(ids, room)

    monkeypatch.setattr(model, "begun", watched)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(written, together, 0)
        assert is_reading.wait(5)
        second = pool.submit(written, together, 1)
        assert len(first.result()) == len(second.result()) == 20
    assert len(set(threads)) == 2


def test_a_thread_that_cannot_be_started_fails_one_draft_and_none_after(
    model: LeanGpt2, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = Together(model)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda thread: exec("raise RuntimeError('no room for a thread')"))
        with pytest.raises(RuntimeError, match="no room"):
            written(together, 1)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(written, together, 0)
        try:
            assert running.result(5) == alone(model, 0)
        finally:
            for draft in together._loops[0]._waiting:
                draft.end(TimeoutError())


def test_a_failing_draft_hurts_no_other(model: LeanGpt2) -> None:
    def fail(n: int) -> None:
        if n == 4:
            raise ValueError("out of order")

    together = Together(model)
    with ThreadPoolExecutor(3) as pool:
        good = [pool.submit(written, together, n) for n in (0, 1)]
        bad = pool.submit(written, together, 2, fail)
        assert [one.result() for one in good] == [alone(model, n) for n in (0, 1)]
        with pytest.raises(ValueError, match="out of order"):
            bad.result()
    assert written(together, 2) == alone(model, 2)


def test_a_prompt_that_cannot_be_read_fails_its_own_draft_alone(model: LeanGpt2) -> None:
    together = Together(model)
    with pytest.raises(RuntimeError):
        list(together.tokens([1] * (CONTEXT + 1), CONTEXT, greedy(2)))
    assert written(together, 0) == alone(model, 0)


def test_a_model_that_fails_ends_all_drafts_under_way_and_none_after(
    model: LeanGpt2, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, both_begun = Together(model), threading.Event()

    def fail(*_: Any) -> torch.Tensor:
        raise ValueError("the weights are gone")

    def wait(n: int) -> None:
        assert both_begun.wait(5)

    with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(model, "step", fail)
        running = [pool.submit(written, together, n, wait) for n in range(2)]
        while together._loops[0].n_drafts < 2:
            sleep(0.001)
        both_begun.set()
        for one in running:
            with pytest.raises(ValueError, match="the weights are gone"):
                one.result(5)
    assert written(together, 0) == alone(model, 0)


def test_a_draft_nobody_reads_on_stops_within_a_token(model: LeanGpt2) -> None:
    together, n_taken = Together(model), 0
    read_on = threading.Event()

    def count(n: int) -> None:
        nonlocal n_taken
        n_taken = n + 1
        if n == 3:
            read_on.wait(5)

    tokens = together.tokens(prompt(1), CONTEXT, greedy(50, count))
    assert list(islice(tokens, 3)) == alone(model, 1, 3)
    tokens.close()  # type: ignore[attr-defined]
    read_on.set()
    assert written(together, 0) == alone(model, 0)
    assert n_taken <= 4  # one more may have been under way


def test_a_draft_that_waits_for_a_place_hears_that_nobody_reads_on(model: LeanGpt2) -> None:
    together, left, go_on = Together(model), threading.Event(), threading.Event()

    def wait(n: int) -> None:
        assert go_on.wait(10)

    with ThreadPoolExecutor(2) as pool:
        held_up = pool.submit(written, together, 0, wait)
        waiting = pool.submit(lambda: list(together.tokens(prompt(1), CONTEXT, greedy(20), left.is_set)))
        while not together._loops[0]._waiting:
            sleep(0.001)
        left.set()
        assert waiting.result(5) == []
        go_on.set()
        assert held_up.result(5) == alone(model, 0)


def test_no_thread_outlasts_its_drafts(model: LeanGpt2) -> None:
    before = threading.active_count()
    all_at_once(Together(model, loops=2), [greedy(5) for _ in range(4)])
    for thread in threading.enumerate():
        if thread.name == "drafts":
            thread.join(5)
    assert threading.active_count() <= before
