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

from bot.adapters import composer_rows
from bot.adapters.composer_places import Places, find_places
from bot.adapters.composer_rows import Row
from bot.adapters.composer_shop import shop_row
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
    one_passage_share: float = 0.25  # rows with the passage that answers alone, as it is served
    easy_keep: float = 1.0  # share that is kept of the rows whose answer shares most words with the question …
    loose_keep: float = 1.0  # … and of those whose reply is not made of the passages' own sentences
    shop_share: float = 0.0  # rows made from shop_talk.txt
    yes_no_share: float = 0.0  # rows asked with "Can I …?" about a sentence that says what one can or cannot
    shuffled_share: float = 0.0  # rows whose sentences stand in another order
    distracted_share: float = 0.0  # rows with a misleading sentence put into the passage that answers
    customer_share: float = 0.0  # rows whose passage says "the customer" and whose reply says "you"
    typed_share: float = 0.0  # questions as people type them
    opening_share: float = 0.0  # questions with a greeting, thanks or a complaint


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of prompt and reply together; the reply begins at `reply`."""

    ids: list[int]
    reply: int
    places: Places | None = None  # where its sentences stand, for heads that are taught where to look


Encode = Callable[[str], list[int]]
Offsets = Callable[[str], list[tuple[int, int]]]  # of the characters of each token


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
    """Examples for ever, by source weight, with the configured shares of each kind.

    `make` may refuse a row that is too long; another of the same kind then takes its place. Otherwise hand-offs,
    whose passages are all cut short, would take over when only short examples are wanted.
    """
    answerable = _Weighted([r for r in rows if r.answerable], config, rng)
    handoff = _Weighted([r for r in rows if not r.answerable], config, rng)
    kinds: list[tuple[float, Callable[[], Row]]] = [
        (config.handoff_share, handoff.draw),
        (config.sentence_share, lambda: ask_for_a_sentence(answerable.draw(), rng)),
        (config.yes_no_share, lambda: composer_rows.asked_yes_or_no(answerable.draw(), rng)),
        (config.shop_share, lambda: shop_row(rng, config.handoff_share)),
    ]
    while True:
        kind, made = _lot(kinds, rng) or answerable.draw, None
        while made is None:
            made = make(select_passages(_harder(kind(), config, rng), config, rng))
        yield made


def _lot(kinds: Sequence[tuple[float, Callable[[], Row]]], rng: random.Random) -> Callable[[], Row] | None:
    lot = rng.random()
    for share, kind in kinds:
        if lot < share:
            return kind
        lot -= share
    return None


def _harder(row: Row, config: DataConfig, rng: random.Random) -> Row:
    steps = [
        (config.shuffled_share, composer_rows.shuffled),
        (config.distracted_share, composer_rows.distracted),
        (config.customer_share, composer_rows.said_to_the_customer),
        (config.opening_share, composer_rows.with_opening),
        (config.typed_share, composer_rows.typed),
    ]
    return composer_rows.chained(row, steps, rng)


class _Weighted:
    def __init__(self, rows: Sequence[Row], config: DataConfig, rng: random.Random) -> None:
        self._rows, self._config, self._rng, self._totals = rows, config, rng, list[float]()
        total = 0.0
        for row in rows:
            total += config.weights.get(row.source, 1.0)
            self._totals.append(total)

    def draw(self) -> Row:
        while True:
            row = self._rng.choices(self._rows, cum_weights=self._totals)[0]
            if self._rng.random() < self._keep(row):
                return row

    def _keep(self, row: Row) -> float:
        """Copied answers that must be looked for teach most; an answer that embellishes teaches to make things up."""
        if not row.answerable or (self._config.easy_keep == 1 and self._config.loose_keep == 1):
            return 1.0
        if not composer_rows.is_exact(row):
            return self._config.loose_keep
        return 1.0 if composer_rows.is_hard(row) else self._config.easy_keep


def ask_for_a_sentence(row: Row, rng: random.Random) -> Row:
    """The same passages, asked by some of one sentence's content words; that sentence is the answer."""
    sentences = [s for _, text in row.passages for s in _SENTENCE.split(text) if 5 <= len(s.split()) <= 32]
    if not sentences:
        return row
    answer = rng.choice(sentences).strip().lstrip("-*• ")
    content = [w for w in _WORD.findall(answer) if w.lower() not in _COMMON]
    kept = [w for w in content if rng.random() < 0.6] or content
    if rng.random() < 0.3:
        rng.shuffle(kept)
    question = rng.choice(_ASKS).format(" ".join(kept[:8]).lower())
    return replace(row, question=question, history=(), answer=answer)


def select_passages(row: Row, config: DataConfig, rng: random.Random) -> Row:
    """A few of the row's passages, the one that carries the answer among them and most often first, as when served."""
    count = rng.randint(1, config.passages)
    if row.answerable:
        count = 1 if rng.random() < config.one_passage_share else rng.choice([2, 2, config.passages])
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


def example(row: Row, encode: Encode, limit: int, offsets: Offsets | None = None) -> Example | None:
    """None when prompt and reply are longer than `limit` tokens: a cut could remove what carries the answer."""

    def count(text: str) -> int:
        return len(encode(text))

    text = build(row.question, row.passages, row.history, count_tokens=count, budget=10 * limit)
    prompt = encode(text)
    reply = encode(f"{row.answer.strip()}{END}" if row.answerable else HANDOFF + END)
    ids = prompt + reply
    if len(ids) > limit:
        return None
    said = row.answer if row.answerable else ""
    return Example(ids, len(prompt), find_places(text, offsets(text), ids, said) if offsets else None)


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
