"""Passages → an excerpt and a checked draft: the generator writes, the guard reads along, and only whole checked
sentences leave.

The generator runs in a thread; a queue carries its text to the event loop. A draft is cut at the first
sentence no passage carries. Nothing here decides what is sent: `dialogue.settle` does.
"""

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter

from bot import chooser, grounding, prompt
from bot.budget import Spending
from bot.conversation import MAX_TEXT
from bot.dialogue import Policy, join, standing
from bot.errors import Unavailable
from bot.excerpt import Excerpt
from bot.extraction import extract
from bot.grounding import Verdict
from bot.knowledge import Hit, script_of
from bot.ports import Bot, Generator, Sampling, Speaks
from bot.prompt import Turn

_MAY_END = re.compile(r"[.!?;:。！？；：\n].|<\|", re.S)  # a sentence ends where another begins, or at a marker
_MARKER = re.compile("|".join(map(re.escape, prompt.MARKERS)))  # at the first one the reply is over
LONGEST_HELD = 400  # characters without the end of a sentence
STOPPED_S = 1.0  # for the generator to see that nobody reads on; one that does not holds nobody up
OnSentence = Callable[[str, Sequence[Verdict]], None]  # the checked text so far, and its verdicts


@dataclass(frozen=True, slots=True)
class Draft:
    """What the generator wrote and what the guard said of it, sentence by sentence."""

    prompt: str = ""
    text: str = ""
    verdicts: tuple[Verdict, ...] = ()
    first_ms: float | None = None  # until what was checked could be shown
    total_ms: float = 0.0
    guard_ms: float = 0.0
    excerpt_ms: float = 0.0
    error: str = ""
    excerpt: Excerpt | None = None  # of the best passage: what is sent when nothing of the draft stands

    @property
    def stands(self) -> bool:
        """Is there something to show?"""
        return self.first_ms is not None


def writes(generator: Generator, language: str) -> bool:
    """What a model writes in a language it was not taught is no draft, only time."""
    taught = generator.languages if isinstance(generator, Speaks) else frozenset()
    return not taught or script_of(language) in {script_of(known) for known in taught}


async def compose(
    bot: Bot,
    question: str,
    hits: Sequence[Hit],
    history: Sequence[Turn],
    on_sentence: OnSentence = lambda text, verdicts: None,
    conversation: str = "",
) -> Draft:
    """The first of `policy.drafts` drafts that says something a passage carries; else the last one tried.

    With the day's budget used up none is written: what comes back says so, and the passage speaks for itself.
    """
    # A prompt of several passages tempts a small model to mix them; the budget leaves room for the draft itself.
    shown = [(hit.passage.title, hit.passage.text) for hit in hits]
    room = bot.generator.context - bot.sampling.max_tokens
    text = await bot.run(
        lambda: prompt.build(question, shown, history, count_tokens=bot.generator.count_tokens, budget=room)
    )
    started = perf_counter()
    is_asked = not hits or writes(bot.generator, hits[0].passage.language)
    excerpt = await extract(bot, question, hits[0].passage, text if is_asked else "") if hits else None
    draft = Draft(text, excerpt=excerpt, excerpt_ms=_ms(started))
    if not is_asked:
        return draft
    try:
        spending = await bot.budget.begin(conversation, bot.sampling.max_tokens * max(1, bot.policy.drafts))
    except Unavailable as nothing_left:
        return replace(draft, error=str(nothing_left), total_ms=_ms(started))
    passages = tuple(f"{title}\n{body}" for title, body in shown)
    try:
        return await _first_that_stands(bot, draft, _Asked(question, hits, passages, spending), on_sentence, started)
    finally:
        bot.budget.settle(spending)


async def _first_that_stands(
    bot: Bot, nothing: Draft, asked: "_Asked", on_sentence: OnSentence, started: float
) -> Draft:
    draft = nothing
    for n in range(max(1, bot.policy.drafts)):
        sampling = bot.sampling if n == 0 else _varied(bot.sampling, n)
        draft = await _one(bot, nothing, asked, sampling, started, on_sentence)
        if draft.stands or draft.error or perf_counter() - started > bot.policy.first_sentence_s:
            break
    return replace(draft, total_ms=_ms(started))


def _varied(sampling: Sampling, n: int) -> Sampling:
    """Another draft needs some heat, or it is the same one."""
    return replace(sampling, temperature=max(sampling.temperature, 0.7), seed=sampling.seed + n)


async def _one(
    bot: Bot,
    draft: Draft,
    asked: "_Asked",
    sampling: Sampling,
    started: float,
    on_sentence: OnSentence,
) -> Draft:
    """One draft, read along until it ends, strays from the passages, or is late."""
    unread = ""
    stream = _stream(bot, draft.prompt, sampling, asked.spending)
    try:
        async with aclosing(stream):
            while True:
                async with asyncio.timeout(_time_left(bot.policy, draft, started)):
                    chunk = await anext(stream, None)
                draft = replace(draft, text=draft.text + (chunk or ""))
                is_last = chunk is None or _MARKER.search(unread + chunk) is not None
                finished, unread = _finished(unread + (chunk or ""), is_last=is_last)
                for sentence in finished:
                    draft = _checked(draft, sentence, asked, started)
                    if not draft.verdicts[-1].is_carried:
                        return draft
                    if draft.stands:
                        on_sentence(join([v.sentence for v in draft.verdicts]), draft.verdicts)
                if is_last:
                    return draft
                if len(draft.text) > MAX_TEXT:
                    return replace(draft, error="too long")
    except TimeoutError:
        return replace(draft, error="deadline")
    except Exception as error:  # any failure of a model ends as the passage itself, and the evidence says why
        return replace(draft, error=f"{type(error).__name__}: {error}"[:500])


def _finished(text: str, *, is_last: bool) -> tuple[list[str], str]:
    text = _MARKER.split(text, maxsplit=1)[0]
    return (grounding.sentences(text), "") if is_last else grounding.complete_sentences(text)


def _checked(draft: Draft, sentence: str, asked: "_Asked", started: float) -> Draft:
    checking = perf_counter()
    verdicts = (*draft.verdicts, asked.verdict(sentence))
    may_be_shown = draft.stands or bool(standing(verdicts, asked.hits, asked.question, draft.excerpt))
    guard_ms = draft.guard_ms + _ms(checking)
    return replace(draft, verdicts=verdicts, first_ms=draft.first_ms or (_ms(started) if may_be_shown else None),
                   guard_ms=guard_ms)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a draft is held against, and what it may cost."""

    question: str
    hits: Sequence[Hit]
    passages: tuple[str, ...]
    spending: Spending

    def verdict(self, sentence: str) -> Verdict:
        """The guard's, and where that is content, whether it reads as the best passage does."""
        verdict = grounding.check(sentence, self.passages, self.question)
        if not verdict.is_carried or verdict.passage is None:
            return verdict
        best = self.hits[0].passage.text
        if verdict.passage == 0 and chooser.reads_well(sentence, best, self.question):
            return verdict
        return replace(verdict, is_carried=False, reason="wording" if verdict.passage == 0 else "beside the point")


def _time_left(policy: Policy, draft: Draft, started: float) -> float:
    limit = policy.deadline_s if draft.first_ms is not None else policy.first_sentence_s
    return max(0.0, limit - (perf_counter() - started))


def _ms(started: float) -> float:
    return (perf_counter() - started) * 1_000


async def _stream(bot: Bot, text: str, sampling: Sampling, spending: Spending) -> AsyncGenerator[str, None]:
    """The generator's text, a sentence or so at a time. Leaving early stops the generator at its next token.

    Token by token the event loop would wake a hundred times a second, and slow down what it waits for.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | BaseException | None] = asyncio.Queue()
    left = threading.Event()

    def put(item: str | BaseException | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def work() -> int:
        """How many tokens it wrote."""
        if left.is_set():
            return 0
        held, written = "", []
        try:
            for chunk in bot.generator.generate(text, sampling, left.is_set):
                written.append(chunk)
                held += chunk
                if len(held) > LONGEST_HELD or _MAY_END.search(held):
                    put(held)
                    held = ""
            put(held)
            put(None)
        except BaseException as error:
            put(held)
            put(error)
        return bot.generator.count_tokens("".join(written))

    def ended(task: "asyncio.Future[int]") -> None:
        error = None if task.cancelled() else task.exception()
        queue.put_nowait(error)  # an executor may refuse the work itself
        if not task.cancelled() and error is None:
            spending.used += task.result()
            spending.n_open -= 1

    await bot.room.enter()
    spending.n_open += 1
    running = asyncio.ensure_future((bot.write or bot.run)(work))
    running.add_done_callback(ended)
    running.add_done_callback(lambda _: bot.room.leave())  # only now: one that does not hear still takes its place
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        left.set()
        await asyncio.wait({running}, timeout=STOPPED_S)
