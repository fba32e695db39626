"""The generator's drafts against quoting, and against another generator's: the same passages, by source.

Each question of the grounded rows is answered in several ways from the passages that the generator was shown: its whole
draft, before any guard; the best passage as it stands; the one sentence nearest to the question by the embedder; the
reply a customer gets; and, with a rival, its drafts and what guard and chooser make of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from bot import abstaining, dialogue, evaluate, grounding, metrics, prompt
from bot.abstaining import Told
from bot.compose import writes
from bot.evaluate import Phrased, is_answerable
from bot.insight import Insight
from bot.knowledge import language_of
from bot.ports import Bot, Generator, Sampling, Weighs
from bot.prompt import HANDOFF, Turn
from bot.retrieval import dot
from bot.sentences import sentences

DRAFT, PASSAGE, SENTENCE, REPLY = "draft", "passage", "nearest sentence", "reply"
WAYS = (DRAFT, PASSAGE, SENTENCE, REPLY)
# Signs that nothing answers. Of the search's only those of the passage that is shown: how far it leads over the others
# of a row says how the row was put together.
FIRST_WORD, UNEXPECTED, OWN, RETRIEVAL = "hand-off as first word", "unexpected question", "generator", "retrieval"
SEARCHED = ("dense", "coverage", "missed", "length")
GROUPS = {FIRST_WORD: (FIRST_WORD,), UNEXPECTED: (UNEXPECTED,), OWN: (FIRST_WORD, UNEXPECTED), RETRIEVAL: SEARCHED}
READ = 64  # tokens of a question
EVERYTHING = "all"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Compared:
    """One answerable row, answered each way; how many sentences of each are carried by what was shown; milliseconds."""

    source: str
    answer: str
    said: Mapping[str, str]
    carried: Mapping[str, tuple[bool, ...]]
    ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. A way that said nothing scores 0; `words` and `carried` count what was said."""

    source: str
    way: str
    rows: int
    token_f1: float
    rouge_l: float
    words: float
    carried: float
    ms: float  # median


@dataclass(frozen=True, slots=True)
class Share:
    """How the replies to answerable rows of a source came about, from 0 to 1."""

    source: str
    rows: int
    by: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    ms: float
    carried: tuple[bool, ...] | None = None  # where that is known already, held against what it cites


def _silent(done: int, total: int) -> None:
    pass


async def compare(
    bot: Bot, phrased: Sequence[Phrased], progress: Progress = _silent, rival: Generator | None = None
) -> list[Compared]:
    answerable = [one for one in phrased if is_answerable(one.row)]
    compared = []
    for n, one in enumerate(answerable, start=1):
        said = await _said(bot, one) | (await _rivals(bot, one, rival) if rival else {})
        compared.append(
            Compared(
                one.row.source,
                one.row.answer,
                {way: what.text for way, what in said.items()},
                {way: _carried(what, one) for way, what in said.items()},
                {way: what.ms for way, what in said.items()},
            )
        )
        progress(n, len(answerable))
    return compared


async def _said(bot: Bot, one: Phrased) -> dict[str, _Said]:
    first = one.shown[0][1] if one.shown else ""
    draft = (await _drafted(bot, bot.generator, one))[1] if writes(bot.generator, language_of(first)) else None
    return {
        **({} if draft is None else {DRAFT: draft}),
        PASSAGE: _Said(first, 0.0),
        SENTENCE: await _nearest_sentence(bot, one),
        REPLY: _Said(one.reply, one.ms, one.carried),
    }


async def _drafted(bot: Bot, generator: Generator, one: Phrased) -> tuple[str, _Said]:
    """The prompt, and all that the generator writes for it: nothing is cut where it strays."""

    def write() -> tuple[str, _Said]:
        asked, started = _prompt(bot, generator, one), perf_counter()
        text = "".join(generator.generate(asked, bot.sampling))
        return asked, _Said(text.split(HANDOFF)[0].strip(), _ms(started))

    written: tuple[str, _Said] = await bot.run(write)
    return written


def _prompt(bot: Bot, generator: Generator, one: Phrased) -> str:
    turns = [Turn(said.is_customer, said.text) for said in one.row.history[-dialogue.HISTORY :]]
    room = generator.context - bot.sampling.max_tokens
    return prompt.build(one.row.question, one.shown, turns, count_tokens=generator.count_tokens, budget=room)


async def _rivals(bot: Bot, one: Phrased, rival: Generator) -> dict[str, _Said]:
    """Its draft, and what our guard and chooser make of it: they are given what it wrote, as it was written."""
    asked, draft = await _drafted(bot, rival, one)
    echo = _Echo(rival.name, rival.context, rival.count_tokens, {asked: draft.text})
    [reply] = await evaluate.phrase(replace(bot, generator=echo), [one.row])
    name = rival.name.split("@")[0]
    return {f"draft of {name}": draft, f"reply of {name}": _Said(reply.reply, draft.ms + reply.ms, reply.carried)}


@dataclass(slots=True)
class _Echo:
    """Says again what another generator wrote for a prompt: a draft that took seconds is not drawn twice."""

    name: str
    context: int
    count: Callable[[str], int]
    written: Mapping[str, str]

    def count_tokens(self, text: str) -> int:
        return self.count(text)

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        yield self.written.get(prompt, "")


async def _nearest_sentence(bot: Bot, one: Phrased) -> _Said:
    stated = [sentence for _, text in one.shown for sentence in sentences(text)]
    if not stated:
        return _Said("", 0.0)
    started = perf_counter()
    asked = await bot.run(lambda: bot.embedder.embed([one.row.question], is_query=True))
    vectors = await bot.run(lambda: bot.embedder.embed(stated, is_query=False))
    scores = [dot(asked[0], vector) for vector in vectors]
    return _Said(stated[scores.index(max(scores))], _ms(started))


def _carried(said: _Said, one: Phrased) -> tuple[bool, ...]:
    if said.carried is not None:
        return said.carried
    shown = [f"{title}\n{text}" for title, text in one.shown]
    return tuple(grounding.check(sentence, shown, one.row.question).is_carried for sentence in sentences(said.text))


def _ms(started: float) -> float:
    return (perf_counter() - started) * 1_000


# ── figures ──


def table(compared: Sequence[Compared]) -> list[Line]:
    """A line for each source and way, and each way over everything last."""
    ways = dict.fromkeys((*WAYS, *(way for one in compared for way in one.said)))
    return [
        _line(source, way, rows)
        for source, group in _by_source(compared)
        for way in ways
        if (rows := [one for one in group if way in one.said]) or not compared
    ]


def _by_source(compared: Sequence[Compared]) -> list[tuple[str, Sequence[Compared]]]:
    sources = sorted({one.source for one in compared} - {""})
    return [*((source, [one for one in compared if one.source == source]) for source in sources),
            (EVERYTHING, compared)]  # fmt: skip


def _line(source: str, way: str, rows: Sequence[Compared]) -> Line:
    said = [(one.said[way], one.answer) for one in rows]
    carried = [float(is_carried) for one in rows for is_carried in one.carried[way]]
    return Line(
        source,
        way,
        len(rows),
        round(metrics.average([metrics.token_f1(text, answer) for text, answer in said]), 4),
        round(metrics.average([metrics.rouge_l(text, answer) for text, answer in said]), 4),
        round(metrics.average([float(len(metrics.tokens(text))) for text, _ in said if text]), 1),
        round(metrics.average(carried), 4),
        round(metrics.middle([one.ms.get(way, 0.0) for one in rows]), 1),
    )


def shares(phrased: Sequence[Phrased]) -> list[Share]:
    """What customers would get for answerable questions, by source: a draft, a quotation, a person."""
    answerable = [one for one in phrased if is_answerable(one.row)]
    kinds = sorted({one.source for one in answerable})
    groups = [(name, [one for one in answerable if one.row.source == name])
              for name in sorted({one.row.source for one in answerable} - {""})]  # fmt: skip
    return [
        Share(name, len(rows), {k: round(metrics.average([float(one.source == k) for one in rows]), 4) for k in kinds})
        for name, rows in [*groups, (EVERYTHING, answerable)]
    ]


# ── questions that the passages do not answer ──


async def abstentions(bot: Bot, phrased: Sequence[Phrased], insight: Insight | None = None) -> list[Told]:
    """How well the generator's own signs, the search's, and both together tell them; nothing where there are few."""
    rows = []
    for one in phrased:
        if one.shown:
            signs = {**(await bot.run(_own_signs, bot, one, insight)), **{name: one.signs[name] for name in SEARCHED}}
            rows.append((signs, not is_answerable(one.row)))
    return abstaining.told(rows, GROUPS)


def _own_signs(bot: Bot, one: Phrased, insight: Insight | None) -> dict[str, float]:
    signs = {}
    likely = insight.handoff(_prompt(bot, bot.generator, one)) if insight else None
    if likely is not None:
        signs[FIRST_WORD] = abstaining.log_odds(likely)
    if isinstance(bot.generator, Weighs):
        signs[UNEXPECTED] = _unexpected(bot.generator, bot.generator.count_tokens, one)
    return signs


def _unexpected(generator: Weighs, count: Callable[[str], int], one: Phrased) -> float:
    """How much less likely a token of the question is without the passages than behind them, in nats below zero: a
    generator that has read what answers expects the words that ask for it."""
    asked = one.row.question.strip()
    n = min(max(1, count(asked)), READ)
    behind, alone = (
        generator.likelihoods(prompt.before_question(shown), [asked], n)[0] for shown in (one.shown, [("", "")])
    )
    return (alone.log_probability - behind.log_probability) / behind.n_tokens
