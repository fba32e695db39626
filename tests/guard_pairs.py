"""Pairs for the fact guard: what a passage says and what it does not, each in words of its own.

`unit/data/guard_truths.jsonl`, a passage a line: `half`, `language`, `title`, `text` and `pairs` of `sentence`,
`carried`, `kind` and, where it matters, `question`. Of the halves `dev` was looked at while the guard was made and
`held` only counted; `strange` are shops that were counted first and then looked at, `last` were counted alone.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.grounding import Verdict, check

PAIRS = Path(__file__).parent / "unit" / "data" / "guard_truths.jsonl"


@dataclass(frozen=True, slots=True)
class Pair:
    half: str
    language: str
    passage: str
    question: str
    sentence: str
    carried: bool
    kind: str

    def verdict(self) -> Verdict:
        return check(self.sentence, [self.passage], self.question)


@dataclass(frozen=True, slots=True)
class Count:
    n: int
    passed: int

    def __str__(self) -> str:
        return f"{self.passed} of {self.n}"

    @property
    def share(self) -> float:
        return self.passed / self.n if self.n else 0.0


def pairs(path: Path = PAIRS) -> Iterator[Pair]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        passage = f"{row['title']}\n{row['text']}"
        for one in row["pairs"]:
            asked = one.get("question", "")
            yield Pair(row["half"], row["language"], passage, asked, one["sentence"], one["carried"], one["kind"])


def counts(found: list[tuple[Pair, bool]], *fields: str) -> dict[tuple[Any, ...], Count]:
    """How many there are and how many passed, by the named fields of a pair."""
    n: Counter[tuple[Any, ...]] = Counter()
    passed: Counter[tuple[Any, ...]] = Counter()
    for pair, is_carried in found:
        key = tuple(getattr(pair, name) for name in fields)
        n[key] += 1
        passed[key] += is_carried
    return {key: Count(n[key], passed[key]) for key in sorted(n)}
