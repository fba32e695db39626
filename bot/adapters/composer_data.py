"""Grounded rows → examples for the composer: the prompt exactly as it is built for a customer, then the reply.

Rows are JSON lines `{history, question, passages: [{title, text}], answer, answerable, source, kind}`.
"""

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.prompt import END, HANDOFF, Turn, build

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_COMMON = frozenset(
    _WORD.findall(
        "the a an of to in for and or is are be can if you your it this that on with by from as at will not we our do"
    )
)
_ASKS = ("{}?", "{}", "what about {}?", "tell me about {}", "how does {} work?", "question about {}")


@dataclass(frozen=True, slots=True)
class Row:
    question: str
    passages: tuple[tuple[str, str], ...]
    history: tuple[Turn, ...]
    answer: str
    answerable: bool
    source: str
    kind: str


@dataclass(frozen=True, slots=True)
class DataConfig:
    passages: int
    distractor_words: int
    sentence_share: float
    handoff_share: float
    disguise_share: float
    short_tokens: int
    long_tokens: int
    skip: Sequence[str]
    skip_kinds: Sequence[str]
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of prompt and reply together; the reply begins at `reply`."""

    ids: list[int]
    reply: int


Encode = Callable[[str], list[int]]


def read_rows(path: Path, skip: Sequence[str] = (), skip_kinds: Sequence[str] = ()) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [_row(json.loads(line)) for line in lines]
    return [r for r in rows if not r.source.startswith(tuple(skip)) and r.kind not in skip_kinds]


def _row(data: Mapping[str, object]) -> Row:
    fields: dict[str, object] = dict(data)
    fields["passages"] = tuple((p["title"], p["text"]) for p in data["passages"])  # type: ignore[attr-defined]
    fields["history"] = tuple(Turn(t["role"] == "user", t["text"]) for t in data["history"])  # type: ignore[attr-defined]
    return Row(**fields)  # type: ignore[arg-type]


def draw(
    rows: Sequence[Row], config: DataConfig, rng: random.Random, make: Callable[[Row], Example | None]
) -> Iterator[Example]:
    """Examples for ever, by source weight, with the configured shares of hand-offs and of single sentences.

    `make` may refuse a row that is too long; another of the same kind then takes its place. Otherwise hand-offs,
    whose passages are all cut short, would take over when only short examples are wanted.
    """
    answerable = _Weighted([r for r in rows if r.answerable], config.weights, rng)
    handoff = _Weighted([r for r in rows if not r.answerable], config.weights, rng)
    while True:
        lot, made = rng.random(), None
        while made is None:
            row = (handoff if lot < config.handoff_share else answerable).draw()
            if config.handoff_share <= lot < config.handoff_share + config.sentence_share:
                row = ask_for_a_sentence(row, rng)
            made = make(select_passages(row, config, rng))
        yield made


class _Weighted:
    def __init__(self, rows: Sequence[Row], weights: Mapping[str, float], rng: random.Random) -> None:
        self._rows, self._rng, self._totals = rows, rng, list[float]()
        total = 0.0
        for row in rows:
            total += weights.get(row.source, 1.0)
            self._totals.append(total)

    def draw(self) -> Row:
        return self._rng.choices(self._rows, cum_weights=self._totals)[0]


def ask_for_a_sentence(row: Row, rng: random.Random) -> Row:
    """The same passages, asked by some of one sentence's content words; that sentence is the answer."""
    sentences = [s for _, text in row.passages for s in _SENTENCE.split(text) if 5 <= len(s.split()) <= 32]
    if not sentences:
        return row
    answer = rng.choice(sentences).strip()
    content = [w for w in _WORD.findall(answer) if w.lower() not in _COMMON]
    kept = [w for w in content if rng.random() < 0.6] or content
    if rng.random() < 0.3:
        rng.shuffle(kept)
    question = rng.choice(_ASKS).format(" ".join(kept[:8]).lower())
    return replace(row, question=question, history=(), answer=answer)


def select_passages(row: Row, config: DataConfig, rng: random.Random) -> Row:
    """A few of the row's passages, the one that carries the answer among them and most often first, as when served."""
    count = rng.choice([1, 2, 2, config.passages]) if row.answerable else rng.randint(1, config.passages)
    if not row.answerable:
        kept = [_shorten(p, config.distractor_words) for p in row.passages[:count]]
        return replace(row, passages=tuple(kept))
    first = max(range(len(row.passages)), key=lambda i: _carried(row.answer, row.passages[i]))
    others = [_shorten(p, config.distractor_words) for i, p in enumerate(row.passages) if i != first]
    kept = rng.sample(others, min(count - 1, len(others)))
    kept.insert(0 if rng.random() < 0.6 else rng.randint(0, len(kept)), row.passages[first])
    return replace(row, passages=tuple(kept))


def _carried(answer: str, passage: tuple[str, str]) -> int:
    return len(set(_WORD.findall(answer.lower())) & set(_WORD.findall(" ".join(passage).lower())))


def _shorten(passage: tuple[str, str], words: int) -> tuple[str, str]:
    title, text = passage
    kept = re.match(rf"(\s*\S+){{0,{words}}}", text)
    return title, kept.group() if kept else text


def example(row: Row, encode: Encode, limit: int) -> Example | None:
    """None when prompt and reply are longer than `limit` tokens: a cut could remove what carries the answer."""

    def count(text: str) -> int:
        return len(encode(text))

    prompt = encode(build(row.question, row.passages, row.history, count_tokens=count, budget=10 * limit))
    reply = encode(f"{row.answer.strip()}{END}" if row.answerable else HANDOFF + END)
    return Example(prompt + reply, len(prompt)) if len(prompt) + len(reply) <= limit else None


def disguise(made: Example, tokens: Sequence[int], rng: random.Random) -> Example:
    """Some of the example's ordinary tokens become others, the same everywhere: only copying still finds the reply.

    Keeps the composer able to copy words it never saw in training.
    """
    low, high = tokens[0], tokens[-1]
    seen = sorted({i for i in made.ids if low <= i <= high})
    becomes = {i: rng.choice(tokens) for i in seen if rng.random() < 0.3}
    return replace(made, ids=[becomes.get(i, i) for i in made.ids])


def batches(
    examples: Iterator[Example], batch_tokens: int, rng: random.Random, pool: int = 16
) -> Iterator[list[Example]]:
    """Batches of about `batch_tokens`, each of examples of similar length: little padding."""
    while True:
        drawn, size = list[Example](), 0
        while size < pool * batch_tokens:
            drawn.append(next(examples))
            size += len(drawn[-1].ids)
        groups = list(grouped(sorted(drawn, key=lambda e: len(e.ids)), batch_tokens))
        rng.shuffle(groups)
        yield from groups


def grouped(examples: Sequence[Example], batch_tokens: int) -> Iterator[list[Example]]:
    """Neighbours together, as many as fit `batch_tokens` when padded to the longest; `examples` are by length."""
    group: list[Example] = []
    for made in examples:
        if group and (len(group) + 1) * len(made.ids) > batch_tokens:
            yield group
            group = []
        group.append(made)
    if group:
        yield group
