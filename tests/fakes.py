"""Working stand-ins for the heavy ports, small enough that every score can be computed by hand."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import sqrt
from typing import Any

from bot.conversation import Conversation
from bot.decision import Model
from bot.dialogue import Policy, Thresholds
from bot.errors import Conflict, IndexMismatch, NoIndex, NotFound, Refused
from bot.hub import Hub
from bot.indexes import Index, Indexes, Manifest, Reading
from bot.indexing import rebuild
from bot.knowledge import Document, Passage, Piece
from bot.ports import Bot, Generator, Sampling, Session, Store
from tests.fake_inbox import FakeInbox
from tests.fake_overrides import FakeOverrides
from tests.fake_store import FakeStore

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
KEYWORDS = ("return", "delivery", "refund", "warranty", "gift", "退货", "配送")
POLICY = Policy(Thresholds(0.5, 0.35), Thresholds(0.5, 0.35))


class FakeEmbedder:
    """One axis for each keyword: the cosine of two texts is the share of keywords they have in common."""

    def __init__(self, keywords: Sequence[str] = KEYWORDS, name: str = "keywords") -> None:
        self.name, self.dimension = name, len(keywords)
        self.languages = frozenset({"en", "zh"})
        self.embedded: list[str] = []  # passages only
        self._keywords = keywords

    def embed(
        self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None
    ) -> list[list[float]]:
        if not is_query:
            self.embedded += texts
        return [self._vector(text.lower()) for text in texts]

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        return Reading(self.embed(texts, is_query=is_query, progress=progress), [()] * len(texts))

    def _vector(self, text: str) -> list[float]:
        held = [float(keyword in text) for keyword in self._keywords]
        return [one / (sqrt(sum(held)) or 1.0) for one in held]


@dataclass(frozen=True)
class FakeRetriever:
    """Scores every passage with one function; those at 0 are not found."""

    score: Callable[[str, Any], Mapping[str, float]]

    def search(self, query: str, vector: Any, k: int) -> list[tuple[str, float]]:
        found = self.score(query, vector[0] if vector is not None else None)
        ordered = sorted(((-score, id) for id, score in found.items() if score > 0))
        return [(id, -negative) for negative, id in ordered[:k]]


class FakeIndexes:
    """Generations in memory."""

    def __init__(self, embedder: str = "keywords") -> None:
        self.embedder = embedder
        self.published: list[Index] = []
        self.candidates: dict[str, Index] = {}
        self.fails: Exception | None = None
        self._n_made = 0
        self._held: dict[str, tuple[tuple[str, ...], dict[int, Any]]] = {}  # passages and vectors of each generation
        self._kept: dict[int, Any] = {}

    def current(self) -> Index:
        if self.fails is not None:
            raise self.fails
        if not self.published:
            raise NoIndex
        return self.published[-1]

    def vectors(self, wanted: Sequence[Piece]) -> Mapping[int, Any]:
        held = {**self._kept, **(self._held[self.live()][1] if self.published else {})}
        return {piece.id: held[piece.id] for piece in wanted if piece.id in held}

    def words(self, wanted: Sequence[Piece]) -> Mapping[int, Any]:
        return dict.fromkeys(self.vectors(wanted), ())

    def keep(self, pieces: Sequence[Piece], made: Reading) -> bool:
        self._kept |= {piece.id: made.vectors[n] for n, piece in enumerate(pieces)}
        return True

    def build(
        self,
        passages: Sequence[Passage],
        pieces: Sequence[Piece],
        vectors: Any,
        content: str = "",
        words: Any = (),
        progress: Any = None,
    ) -> Manifest:
        rows = list(vectors)
        assert len(rows) == len(pieces), "one vector for each piece"
        name = self._next_name()
        self._held[name] = (
            tuple(passage.id for passage in passages),
            {piece.id: row for piece, row in zip(pieces, rows, strict=True)},
        )
        manifest = Manifest(name, self.embedder, len(KEYWORDS), len(passages), len(pieces), AT.isoformat(), {}, content)
        owned = [(piece.passage, row) for piece, row in zip(pieces, rows, strict=True)]
        said = {passage.id: _words(f"{passage.title} {passage.text}") for passage in passages}
        dense, lexical = FakeRetriever(_nearest(owned)), FakeRetriever(_shared(said))
        known = self.published[-1].decision if self.published else None
        self.candidates[name] = Index(manifest, dense, lexical, decision=known)
        return manifest

    def again(self, generation: str) -> Manifest:
        old = self.load(generation)
        name = self._next_name()
        self._held[name] = self._held[generation]
        self.candidates[name] = replace(old, manifest=replace(old.manifest, generation=name))
        return self.candidates[name].manifest

    def load(self, generation: str) -> Index:
        found = self.candidates | {index.manifest.generation: index for index in self.published}
        if generation not in found:
            raise NotFound(f"there is no generation {generation}")
        if found[generation].manifest.embedder != self.embedder:
            raise IndexMismatch(found[generation].manifest.embedder, self.embedder)
        return found[generation]

    def make_current(self, generation: str, instead_of: str | None = None) -> Manifest:
        manifest = self.load(generation).manifest
        if generation == self.live():
            return manifest
        newer = self.published and _number(self.live()) > _number(generation)
        if newer or instead_of not in (None, self.live()) or generation not in self.candidates:
            raise Conflict("another index was published meanwhile", "version")
        self.published.append(self.candidates.pop(generation))
        return manifest

    def discard(self, generation: str) -> None:
        self.candidates.pop(generation, None)

    def publish(self, *arguments: Any, **options: Any) -> Manifest:
        return self.make_current(self.build(*arguments, **options).generation)

    def calibrate(self, model: Model, generation: str) -> Manifest:
        if self.current().manifest.generation != generation:
            raise Conflict("the index was replaced")
        manifest = self.again(generation)
        self.candidates[manifest.generation] = replace(self.candidates[manifest.generation], decision=model)
        return self.make_current(manifest.generation)

    def live(self) -> str:
        return self.published[-1].manifest.generation if self.published else ""

    def generations(self) -> Sequence[Manifest]:
        return [index.manifest for index in self.published]

    def passages(self, generation: str) -> tuple[str, ...]:
        if generation not in self._held:
            raise NotFound(f"there is no generation {generation}")
        return self._held[generation][0]

    def verify(self, generation: str) -> Manifest:
        return self.load(generation).manifest

    def prune(self, keep: int) -> Sequence[str]:
        if keep < 1:
            raise Refused("at least one generation is kept")
        removed = [index.manifest.generation for index in self.published[:-keep]]
        self.published = self.published[-keep:]
        return removed

    def _next_name(self) -> str:
        self._n_made += 1
        return f"g{self._n_made}"


def _number(name: str) -> int:
    return int(name.removeprefix("g"))


def _nearest(owned: Sequence[tuple[str, Sequence[float]]]) -> Callable[[str, Any], Mapping[str, float]]:
    def score(query: str, vector: Sequence[float]) -> Mapping[str, float]:
        best: dict[str, float] = {}
        for id, row in owned:
            best[id] = max(best.get(id, 0.0), sum(a * b for a, b in zip(row, vector, strict=True)))
        return best

    return score


def _shared(words: Mapping[str, frozenset[str]]) -> Callable[[str, Any], Mapping[str, float]]:
    def score(query: str, vector: object) -> Mapping[str, float]:
        shared = {id: len(_words(query) & held) for id, held in words.items()}
        most = max(shared.values(), default=0) or 1
        return {id: n / most for id, n in shared.items()}

    return score


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in text.lower().replace("?", " ").replace(".", " ").split() if len(word) > 3)


# ── a generator that does as told ──

Part = str | Exception | threading.Event | None
HANG = None  # writes nothing more until it is cancelled


class Deaf(threading.Event):
    """Waits for this event and does not look at `cancelled` meanwhile."""


@dataclass
class FakeGenerator:
    """Plays its scripts, one a draft and the last one again and again.

    A part is text, an exception to raise, an event to wait for, or HANG.
    """

    scripts: Sequence[Sequence[Part]] = ((),)
    name: str = "scripted"
    context: int = 2_000
    prompts: list[str] = field(default_factory=list)
    samplings: list[Sampling] = field(default_factory=list)
    n_cancelled: int = 0
    languages: frozenset[str] = frozenset()

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        self.prompts.append(prompt)
        self.samplings.append(sampling)
        for part in self.scripts[min(len(self.prompts), len(self.scripts)) - 1]:
            if isinstance(part, str):
                yield part
            elif isinstance(part, Exception):
                raise part
            elif isinstance(part, Deaf):
                part.wait(20)
            else:
                self._wait(part, cancelled)
            if cancelled():
                self.n_cancelled += 1
                return

    def _wait(self, until: threading.Event | None, cancelled: Callable[[], bool]) -> None:
        until = until or threading.Event()
        while not cancelled() and not until.wait(0.002):
            pass


def writes(*texts: str) -> FakeGenerator:
    """One draft for each text, given out word by word."""
    return FakeGenerator([[f"{word} " for word in text.split(" ")] for text in texts])


def plays(*parts: Part) -> FakeGenerator:
    return FakeGenerator([parts])


# ── a shop with two pages, and the Bot over it ──


def passage(key: str, title: str, text: str, **fields: Any) -> Passage:
    return Passage(key, key, title, text, fields.pop("language", "en"), **fields)


RETURNS = passage(
    "faqs/returns.md#how", "How do I return something?",
    "You can return unused items within 30 days. Bring the receipt with you.", url="/returns",
)  # fmt: skip
DELIVERY = passage("faqs/delivery.md#time", "How long does delivery take?", "Delivery takes 2 to 4 working days.")
WARRANTY = passage(
    "policies/warranty.md#cover", "Warranty › Cover", "The warranty covers defects for two years.", kind="policy"
)
SHOP = (RETURNS, DELIVERY, WARRANTY)


def document(of: Passage, origin: str = "kb") -> Document:
    return Document(of.document, of.title, of.kind, of.language, of.text, of.document, origin=origin)


def fake_bot(
    generator: Generator | None = None,
    *,
    store: Store | None = None,
    indexes: Indexes | None = None,
    embedder: FakeEmbedder | None = None,
    policy: Policy = POLICY,
    wake: Callable[[str], None] = lambda conversation: None,
    **parts: Any,
) -> Bot:
    store = store or FakeStore()
    parts.setdefault("overrides", FakeOverrides())
    if isinstance(store, FakeStore):
        parts.setdefault("inbox", FakeInbox(store))
    return Bot(
        store, indexes or FakeIndexes(), embedder or FakeEmbedder(), generator or FakeGenerator(),
        Hub(), policy, lambda: AT, asyncio.to_thread, wake=wake, **parts,
    )  # fmt: skip


async def shop_bot(generator: Generator | None = None, passages: Sequence[Passage] = SHOP, **parts: Any) -> Bot:
    """A Bot that knows `passages` and has them indexed."""
    bot = fake_bot(generator, **parts)
    await stock(bot, passages)
    return bot


async def stock(bot: Bot, passages: Sequence[Passage] = SHOP) -> None:
    await bot.store.apply([document(one) for one in passages], passages, (), AT)
    await rebuild(bot)


async def eventually(happened: Callable[[], object], seconds: float = 5) -> None:
    """Returns as soon as `happened()` is true; what never happens is a TimeoutError."""
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110 (what is waited for offers no event)
            await asyncio.sleep(0.002)


async def begin(bot: Bot, id: str = "c1", customer: str = "ann", **fields: Any) -> str:
    """A conversation of `customer`, reached by the session secret `secret-{id}`; returns its id."""
    secret_hash = hashlib.sha256(f"secret-{id}".encode()).hexdigest()
    conversation = Conversation(id, customer, "epoch-1", **fields)
    await bot.store.start(conversation, Session(f"session-{id}", customer, id), secret_hash, AT)
    return id
