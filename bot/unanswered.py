"""Questions that found no good answer, grouped by what they mean: the list of what to write next.

The question with the most others near it becomes a group with all of them, and names it; then the next one, until
each has its group. A chain of half-likes is never drawn together, and the order of arrival changes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from bot.desk import Unanswered
from bot.indexes import Vectors
from bot.ports import Bot
from bot.retrieval import reads
from bot.smalltalk import small_talk, without_pleasantries
from bot.text import folded_terms, normalised

MOST = 1_000  # newest questions that are looked at
EXAMPLES = 5
BATCH = 32  # texts embedded in one turn of the model executor: a customer's question must not wait behind all
NEAR = 0.6  # cosine from which on two questions mean the same (MiniLM, typical and judged questions)
SHARED = 0.4  # share of terms from which on they do, where no vector tells

Links = Sequence[Sequence[int]]  # for each text those near it, itself included


@dataclass(frozen=True, slots=True)
class Group:
    """Questions of one meaning; `question` is the most typical of them. Newest members first."""

    question: str
    language: str
    members: tuple[Unanswered, ...]

    @property
    def count(self) -> int:
        return len(self.members)

    @property
    def conversations(self) -> int:
        """Whoever asks five times in a row is one who asks."""
        return len({member.conversation for member in self.members})

    @property
    def last_at(self) -> datetime:
        return self.members[0].at

    @property
    def examples(self) -> tuple[Unanswered, ...]:
        """The newest, each wording once."""
        worded = {normalised(member.text): member for member in reversed(self.members)}
        return tuple(sorted(worded.values(), key=_newest_first))[:EXAMPLES]

    @property
    def best(self) -> Unanswered | None:
        """The member that came nearest to a passage."""
        near = [member for member in self.members if member.best_title]
        return max(near, key=lambda member: member.best_score, default=None)


async def groups(bot: Bot, since: datetime) -> list[Group]:
    """Largest first: by how many conversations asked it, then how often, then how lately."""
    missed = await bot.records.unanswered(since, MOST)
    by_language: dict[str, list[Unanswered]] = defaultdict(list)
    for one in sorted(missed, key=_newest_first):
        if small_talk(one.text) is None:
            by_language[one.language].append(one)
    found: list[Group] = []
    for language, asked in by_language.items():
        found += await _grouped(bot, language, asked)
    return sorted(found, key=lambda g: (-g.conversations, -g.count, -g.last_at.timestamp(), g.question))


def _newest_first(one: Unanswered) -> tuple[float, str, int]:
    return -one.at.timestamp(), one.conversation, one.seq


async def _grouped(bot: Bot, language: str, asked: Sequence[Unanswered]) -> list[Group]:
    """The same words are one text, whoever said them; texts are grouped, and bring their questions along."""
    by_text: dict[str, list[Unanswered]] = defaultdict(list)
    for one in asked:
        by_text[_bare(one.text)].append(one)
    texts = list(by_text)
    weights = [len({one.conversation for one in by_text[text]}) for text in texts]
    if reads(bot, language):
        batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        embed = partial(bot.embedder.embed, is_query=True)
        vectors = [await bot.run(embed, batch) for batch in batches]
        clusters = await bot.run(_clusters_by_meaning, vectors, weights)
    else:
        clusters = await bot.run(_clusters_by_words, texts, weights)
    return [_group(language, [by_text[texts[n]] for n in cluster]) for cluster in clusters]


def _bare(text: str) -> str:
    """As it is compared: one form, no "hello" before and no "thanks" after it."""
    return normalised(without_pleasantries(text) or text).strip(" .?!？！。")


def _group(language: str, asked: Sequence[Sequence[Unanswered]]) -> Group:
    """The first text is the most typical one; of its spellings the commonest stands for all."""
    spellings = Counter(one.text for one in asked[0])
    members = sorted((one for same in asked for one in same), key=_newest_first)
    return Group(spellings.most_common(1)[0][0], language, tuple(members))


# ── clusters: pure, and blocking for a moment ──


def _clusters_by_meaning(vectors: Sequence[Vectors], weights: Sequence[int]) -> list[list[int]]:
    return clusters(_near(vectors), weights)


def _near(batches: Sequence[Vectors]) -> Links:
    rows = [batch[n] for batch in batches for n in range(len(batch))]
    return [[n for n, cosine in enumerate(_cosines(batches, row)) if cosine >= NEAR] for row in rows]


def _cosines(batches: Sequence[Any], row: Any) -> list[float]:
    """Of one row with every row: at once where the rows are an array."""
    if hasattr(row, "__matmul__"):
        return [float(cosine) for batch in batches for cosine in batch @ row]
    return [sum(a * b for a, b in zip(other, row, strict=True)) for batch in batches for other in batch]


def _clusters_by_words(texts: Sequence[str], weights: Sequence[int]) -> list[list[int]]:
    """Dice's coefficient of their terms; a text without any is like itself alone."""
    held = [frozenset(folded_terms(text)) for text in texts]
    where: Mapping[str, list[int]] = defaultdict(list)
    for n, terms in enumerate(held):
        for term in terms:
            where[term].append(n)
    return clusters([_sharing(n, held, where) for n in range(len(texts))], weights)


def _sharing(n: int, held: Sequence[frozenset[str]], where: Mapping[str, Sequence[int]]) -> list[int]:
    shared = Counter(other for term in held[n] for other in where[term])
    return [other for other, count in shared.items() if 2 * count >= SHARED * (len(held[n]) + len(held[other]))] or [n]


def clusters(links: Links, weights: Sequence[int]) -> list[list[int]]:
    """Each text once, the centre of its cluster first; what is near only to one already taken stands alone."""
    left = set(range(len(links)))
    found: list[list[int]] = []
    while left:
        sizes = {n: sum(weights[other] for other in links[n] if other in left) for n in left}
        centre = max(left, key=lambda n: (sizes[n], weights[n], -n))
        cluster = [centre, *(n for n in links[centre] if n in left and n != centre)]
        found.append(cluster)
        left.difference_update(cluster)
    return found
