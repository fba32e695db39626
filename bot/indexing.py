"""The index, built from what SQL holds (or would hold): only what no generation knows is embedded."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot import retrieval
from bot.errors import Conflict, IndexDamaged, IndexMismatch, NoIndex
from bot.indexes import Manifest, Reading
from bot.knowledge import Passage, Piece, pieces
from bot.planning import Planned
from bot.ports import Bot

ROUNDS = 5  # of publishing, while other ingests go on changing what should be published
BATCH = 256  # pieces embedded between two signs of progress

Progress = Callable[[str, int, int], None]  # stage, done, total


def silent(stage: str, done: int, total: int) -> None:
    pass


async def rebuild(bot: Bot, progress: Progress = silent, **how: str) -> tuple[int, Manifest]:
    """Bring the index to what SQL holds; only pieces no generation knows are embedded.

    Nothing is written when the current generation already holds exactly this, so a half-finished ingest is finished
    by running it again, and a finished one costs nothing. `how` it came about is recorded with it.
    """
    passages = await bot.store.live_passages()
    current = await _current(bot)
    if current is not None and current.content == content_digest(passages):
        return 0, current
    embedded = 0
    for _ in range(ROUNDS):
        made = await _embedded(bot, passages, progress)
        manifest: Manifest = await bot.run(bot.indexes.publish, *made.parts, partial(progress, "publish"))
        await bot.store.record_generation(manifest, **how)
        progress("publish", 1, 1)
        embedded += made.fresh
        passages = await bot.store.live_passages()
        if manifest.content == content_digest(passages):
            break  # else another ingest changed SQL meanwhile: the last to publish must hold what both did
    return embedded, manifest


async def candidate(bot: Bot, planned: Planned, progress: Progress) -> tuple[int, Manifest, str]:
    """What the index would be, complete and not current, and the generation it would take the place of."""
    instead_of: str = await bot.run(bot.indexes.live)
    leaving = {passage.id for passage in planned.removed}
    passages = [one for one in await bot.store.live_passages() if one.id not in leaving] + list(planned.added)
    made = await _embedded(bot, passages, progress)
    manifest: Manifest = await bot.run(bot.indexes.build, *made.parts, partial(progress, "publish"))
    return made.fresh, manifest, instead_of


async def made_current(bot: Bot, built: Manifest, instead_of: str) -> Manifest | None:
    """None when somebody published meanwhile: what the candidate was made from is not what SQL holds."""
    try:
        manifest: Manifest = await bot.run(bot.indexes.make_current, built.generation, instead_of)
    except Conflict:
        return None
    return manifest


@dataclass(frozen=True, slots=True)
class _Made:
    """What an index is built of: passages, pieces, vectors, one hash over all, words."""

    parts: tuple[Any, ...]
    fresh: int  # pieces that had to be embedded


async def _embedded(bot: Bot, passages: Sequence[Passage], progress: Progress) -> _Made:
    # A vector of text the embedder cannot read says nothing, and is never asked for: such passages are found by words.
    read = [passage for passage in passages if retrieval.reads(bot, passage.language)]
    wanted = {piece.id: piece for passage in read for piece in pieces(passage)}
    every = tuple(wanted.values())
    vectors, words = await bot.run(bot.indexes.vectors, every), await bot.run(bot.indexes.words, every)
    missing = [piece for id, piece in wanted.items() if id not in vectors or id not in words]
    held = await embed(bot, missing, progress)
    progress("publish", 0, 1)
    if missing:  # most of it was put by, and is asked for piece by piece
        vectors, words = await bot.run(bot.indexes.vectors, every), await bot.run(bot.indexes.words, every)
    ids = tuple(wanted)
    in_order = _Each(ids, vectors, {id: vector for id, (vector, _) in held.items()})
    words_in_order = _Each(ids, words, {id: read for id, (_, read) in held.items()})
    return _Made((passages, every, in_order, content_digest(passages), words_in_order), len(missing))


@dataclass(frozen=True, slots=True)
class _Each(Sequence[Any]):
    """What belongs to each of `ids`, in order: from memory, or else from where it was put by."""

    ids: Sequence[int]
    known: Mapping[int, Any]
    held: Mapping[int, Any]

    def __getitem__(self, row: Any) -> Any:
        id = self.ids[row]
        return self.held[id] if id in self.held else self.known[id]

    def __len__(self) -> int:
        return len(self.ids)


async def _current(bot: Bot) -> Manifest | None:
    try:
        index = await bot.run(bot.indexes.current)
    except (NoIndex, IndexMismatch, IndexDamaged):
        return None
    manifest: Manifest = index.manifest
    return manifest


async def embed(bot: Bot, missing: Sequence[Piece], progress: Progress = silent) -> dict[int, tuple[Any, Any]]:
    """Of each piece that could not be put by, its vector and its words."""
    found: dict[int, tuple[Any, Any]] = {}
    same: dict[str, list[Piece]] = {}
    for piece in missing:  # sections cut in two have one title, and answers are written twice
        same.setdefault(piece.text, []).append(piece)
    # Near lengths together: a batch costs as much as its longest piece.
    by_length = sorted(same, key=len)
    done = 0
    for start in range(0, len(by_length), BATCH):
        texts = by_length[start : start + BATCH]
        made = await bot.run(partial(bot.embedder.read, texts, is_query=False))
        batch = [(piece, n) for n, text in enumerate(texts) for piece in same[text]]
        pieces_of, rows = [piece for piece, _ in batch], [n for _, n in batch]
        each = Reading([made.vectors[n] for n in rows], [made.words[n] for n in rows])
        if not await bot.run(bot.indexes.keep, pieces_of, each):  # what is stopped goes on from here
            found.update((piece.id, (made.vectors[n], made.words[n])) for piece, n in batch)
        done += len(batch)
        progress("embed", done, len(missing))
    return found


def content_digest(passages: Iterable[Passage]) -> str:
    """One hash over the ids of all passages: what a generation must hold to agree with SQL."""
    return digest_of_ids(passage.id for passage in passages)


def digest_of_ids(ids: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(ids)).encode()).hexdigest()
