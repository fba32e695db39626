"""Drafts against transformers' `model.generate`: the same weights, the same prompts, greedy, in 32 bits.

Prompts are questions of the sample shop over the passages that stand by them. Plain and ours take turns in one process,
with as many threads, so that what else the machine does falls on both. Ours ends a draft that goes in circles, and
hands off by a rule of its own: prompts where that makes a difference are left out, and counted. Alone:
`python -m tests.bench.drafting`.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from bot import faq
from bot.knowledge import Passage
from bot.ports import Sampling
from bot.prompt import build
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
AT_ONCE, ROUNDS, MOST = 8, 3, 96
AS_GREEDY = Sampling(max_tokens=MOST, from_prompt=False)


async def measure(settings: Settings, root: Path) -> dict[str, Any]:
    return await asyncio.to_thread(_measured, settings.model_workers, settings.model_threads, root)


def _measured(workers: int, threads: int, root: Path) -> dict[str, Any]:
    from bot.adapters.gpt2 import Gpt2Generator

    generator = Gpt2Generator(threads=threads)
    prompts = list(_prompts(root, generator.count_tokens))
    plain, ours = _plain(generator, threads), _ours(generator)
    drafts = {prompt: (plain(prompt), ours(prompt)) for prompt in prompts}  # burn-in as well
    same = {prompt: len(one) for prompt, (one, other) in drafts.items() if one == other}
    return {
        "tokens of a prompt, median": int(median(map(generator.count_tokens, prompts))),
        "drafts with the same tokens as plain": f"{len(same)} of {len(prompts)}",
        "tokens of those, median": int(median(same.values())),
        **_alone(plain, ours, same),
        **_at_once(plain, generator, dict(list(same.items())[:AT_ONCE]), workers, threads),
        **_in_permitted_words(generator, prompts),
    }


Drafts = Callable[[str], list[int]]


def _plain(generator: Any, threads: int) -> Drafts:
    import torch

    def drafted(prompt: str) -> list[int]:
        torch.set_num_threads(threads)
        ids = generator._encode(prompt)
        settings = {"max_new_tokens": MOST, "do_sample": False, "pad_token_id": generator._tokenizer.eos_token_id}
        drawn: list[int] = generator._model.generate(torch.tensor([ids]), **settings)[0, len(ids) :].tolist()
        return drawn

    return drafted


def _ours(generator: Any) -> Drafts:
    def drafted(prompt: str) -> list[int]:
        generator._lean.forget()  # else a prompt it has just read is not read again
        return list(generator._tokens(prompt, AS_GREEDY, lambda: False))

    return drafted


def _alone(plain: Drafts, ours: Drafts, n_tokens: Mapping[str, int]) -> dict[str, Any]:
    taken = [(_seconds(plain, prompt), _seconds(ours, prompt)) for _ in range(ROUNDS) for prompt in n_tokens]
    of_plain, of_ours = (ROUNDS * sum(n_tokens.values()) / sum(seconds) for seconds in zip(*taken, strict=True))
    return {
        "one customer: plain, tokens per processor second": round(of_plain, 1),
        "one customer: ours, tokens per processor second": round(of_ours, 1),
        "one customer: times as fast, goal >= 2": round(of_ours / of_plain, 2),
    }


def _at_once(plain: Drafts, generator: Any, n_tokens: Mapping[str, int], workers: int, threads: int) -> dict[str, Any]:
    """Plain one after the other, which is all that `generate` offers. Ours in step, by one thread and by more."""
    from bot.adapters.gpt2_together import Together

    ours, total = _ours(generator), sum(n_tokens.values())
    ways: dict[str, Callable[[], object]] = {
        "plain in turn": lambda: list(map(plain, n_tokens)),
        "ours in turn": lambda: list(map(ours, n_tokens)),
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for loops in sorted({1, workers}):
            together = Together(generator._lean, loops=loops, threads=threads)

            def in_step(together: Together = together) -> None:
                generator._together = together
                list(pool.map(ours, n_tokens))

            ways[f"ours in step, {loops} threads"] = in_step
        rounds = [{name: _seconds(way) for name, way in ways.items()} for _ in range(ROUNDS)]
    rates = {name: total / median(one[name] for one in rounds) for name in ways}
    return {
        **{
            f"{len(n_tokens)} at once: {name}, tokens per processor second": round(rate, 1)
            for name, rate in rates.items()
        },
        **{
            f"{len(n_tokens)} at once: {name}, times plain, goal >= 3": round(rate / rates["plain in turn"], 2)
            for name, rate in rates.items()
            if "step" in name
        },
    }


def _in_permitted_words(generator: Any, prompts: Sequence[str]) -> dict[str, Any]:
    """As a server drafts: the time to the first sentence, which is what is checked and shown, and to the last."""
    firsts, wholes = [], []
    for prompt in prompts:
        generator._lean.forget()
        started = perf_counter()
        times = [perf_counter() - started for _ in generator.generate(prompt, Sampling(max_tokens=MOST))]
        if times:
            firsts.append(times[0] * 1_000)
            wholes.append(times[-1] * 1_000)
    return {
        "to the first sentence, median ms": round(median(firsts)),
        "to the whole draft, median ms": round(median(wholes)),
        "to the whole draft, longest ms": round(max(wholes)),
    }


def _seconds(run: Callable[..., object], *given: Any) -> float:
    """Of processor time, all threads together: on a busy machine the clock on the wall says nothing."""
    started = process_time()
    run(*given)
    return process_time() - started


def _prompts(root: Path, count_tokens: Callable[[str], int]) -> Iterator[str]:
    """A question of each English page of the sample shop, over its own passage and a neighbour's."""
    for file in sorted((root / "knowledge_base").glob("faqs/en/*.md")):
        passages: Sequence[Passage] = faq.parse(file.read_text(), file.name).passages
        shown = [(passage.title, passage.text) for passage in passages[:2]]
        if len(shown) == 2:
            yield build(shown[0][0], shown, count_tokens=count_tokens, budget=400)


if __name__ == "__main__":
    for name, value in _measured(2, 1, ROOT).items():
        print(f"{name:<70} {value}")
