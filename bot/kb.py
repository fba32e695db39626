"""The knowledge base over time: what is live and what was, what changed between two generations, and the way back.

Going back is publishing again: SQL is made to hold what the old generation held, and its files become a new one. So
what is found and what may be answered agree, names only go forward, and a running server follows as it always does.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.errors import Conflict, IndexDamaged, NotFound, Refused
from bot.indexes import Manifest
from bot.indexing import digest_of_ids
from bot.knowledge import Passage
from bot.ports import Bot, Published

ROUNDS = 5  # of going back, while others publish


@dataclass(frozen=True, slots=True)
class Generation:
    """One that was published. `back` counts from the live one, 0; None when its files are gone."""

    published: Published
    back: int | None

    @property
    def name(self) -> str:
        return self.published.manifest.generation


@dataclass(frozen=True, slots=True)
class Status:
    """`is_current`: the live generation holds what SQL holds. `damage` says by name what is wrong with what."""

    live: Generation | None
    kept: tuple[str, ...]
    n_passages: int
    is_current: bool
    damage: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed has the same anchor and another wording. `n_unknown` passages are in no database any more."""

    before: str
    after: str
    added: tuple[Passage, ...]
    removed: tuple[Passage, ...]
    changed: tuple[tuple[Passage, Passage], ...]
    n_same: int
    n_unknown: int = 0


@dataclass(frozen=True, slots=True)
class Return:
    """A rollback that was made."""

    manifest: Manifest
    to: str
    revived: tuple[Passage, ...]
    retired: tuple[Passage, ...]


# ── telling ──


async def status(bot: Bot, *, everything: bool = False) -> Status:
    """The live generation is verified; with `everything`, all that are kept."""
    past = await history(bot)
    kept = tuple(one.name for one in past if one.back is not None)
    live = next((one for one in past if one.back == 0), None)
    name: str = await bot.run(bot.indexes.live)
    damage = {one: await _damage(bot, one) for one in (kept if everything else [name] if name else [])}
    ids = await bot.store.live_ids()
    is_current = live is not None and live.published.manifest.content == digest_of_ids(ids)
    return Status(live, kept, len(ids), is_current, {one: said for one, said in damage.items() if said})


async def _damage(bot: Bot, name: str) -> str:
    try:
        await bot.run(bot.indexes.verify, name)
    except (IndexDamaged, NotFound) as error:
        return str(error)
    return ""


async def history(bot: Bot) -> tuple[Generation, ...]:
    """All that was published, oldest first: what SQL remembers, and what is on disk."""
    kept: Sequence[Manifest] = await bot.run(bot.indexes.generations)
    names = [manifest.generation for manifest in kept]
    live: str = await bot.run(bot.indexes.live)
    position = names.index(live) if live in names else len(names)
    known = {one.generation: Published(one, datetime.fromisoformat(one.created_at)) for one in kept}
    known |= {one.manifest.generation: one for one in await bot.store.generations()}
    back = {name: position - n for n, name in enumerate(names)}
    return tuple(Generation(known[name], back.get(name)) for name in sorted(known))


async def named(bot: Bot, which: str) -> str:
    """A generation that is kept: by its name, the beginning of it, or how many publications ago it was (live: 0)."""
    kept = {one.name: one.back for one in await history(bot) if one.back is not None}
    if which.isdecimal() and len(which) <= 4:
        found = [name for name, back in kept.items() if back == int(which)]
    else:
        found = [which] if which in kept else [name for name in kept if which and name.startswith(which)]
    if len(found) > 1:
        raise Refused(f"{which} is the beginning of {len(found)} names: write more of it")
    if not found:
        raise NotFound(f"no generation is kept as “{which}”: `bot kb history` lists them")
    return found[0]


async def diff(bot: Bot, a: str, b: str) -> Difference:
    """What somebody who knows generation `a` would have to learn of `b`."""
    before, after = dict.fromkeys(await _ids(bot, a)), dict.fromkeys(await _ids(bot, b))
    gone, new = [id for id in before if id not in after], [id for id in after if id not in before]
    texts = await bot.store.retired_passages([*gone, *new])
    changed, removed, added = _paired(*([texts[id] for id in some if id in texts] for some in (gone, new)))
    unknown = len(gone) + len(new) - len(removed) - len(added) - 2 * len(changed)
    return Difference(a, b, added, removed, changed, len(after) - len(new), unknown)


async def _ids(bot: Bot, generation: str) -> tuple[str, ...]:
    ids: tuple[str, ...] = await bot.run(bot.indexes.passages, generation)
    return ids


def _paired(
    gone: Sequence[Passage], new: Sequence[Passage]
) -> tuple[tuple[tuple[Passage, Passage], ...], tuple[Passage, ...], tuple[Passage, ...]]:
    """Those of one anchor belong together, in their order: a long section is several passages."""
    waiting: dict[str, list[Passage]] = defaultdict(list)
    for passage in _in_order(gone):
        waiting[passage.anchor].append(passage)
    changed, added = [], []
    for passage in _in_order(new):
        if before := waiting[passage.anchor]:
            changed.append((before.pop(0), passage))
        else:
            added.append(passage)
    removed = [passage for some in waiting.values() for passage in some]
    return tuple(changed), tuple(removed), tuple(added)


def _in_order(passages: Sequence[Passage]) -> list[Passage]:
    return sorted(passages, key=lambda one: (one.document, one.position, one.id))


# ── going back ──


async def rollback(bot: Bot, generation: str, by: str = "", reason: str = "") -> Return:
    """Make what `generation` held answerable again, exactly that, and nothing else.

    Raises IndexMismatch and IndexDamaged before anything is changed, as everything else that stands in the way.
    """
    for _ in range(ROUNDS):
        live: str = await bot.run(bot.indexes.live)
        if generation == live:
            raise Refused(f"{generation} is live already")
        manifest: Manifest = await bot.run(bot.indexes.again, generation)
        try:
            await bot.run(bot.indexes.load, manifest.generation)  # what would not load must not replace what does
            revived, retired = await _restore(bot, generation)
            await bot.run(bot.indexes.make_current, manifest.generation, live)
        except BaseException as error:
            await bot.run(bot.indexes.discard, manifest.generation)
            if not isinstance(error, Conflict):
                raise
            continue  # somebody published meanwhile: once more, from what is live now
        await bot.store.record_generation(manifest, by=by, reason=reason, action="rollback")
        return Return(manifest, generation, revived, retired)
    raise Conflict(f"others kept publishing while {generation} was to come back: try again when they are done")


async def _restore(bot: Bot, generation: str) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """SQL first, as in every publication: a retired passage is not answered, whatever an index still finds."""
    ids = await _ids(bot, generation)
    wanted = await bot.store.retired_passages(ids)
    if n_lost := len(set(ids) - set(wanted)):
        raise Refused(
            f"{n_lost} of the {len(ids)} passages of {generation} are in the database no more: nothing changed"
        )
    live = set(await bot.store.live_ids())
    revived = tuple(passage for id, passage in wanted.items() if id not in live)
    retired = await bot.store.retired_passages(live - set(wanted))
    if revived or retired:
        await bot.store.apply((), revived, tuple(retired), bot.now())
    return revived, tuple(retired.values())


async def prune(bot: Bot, keep: int) -> tuple[str, ...]:
    """Remove the files of all but the newest `keep`; SQL remembers that they were."""
    if keep < 1:
        raise Refused("at least one generation is kept")
    names: Sequence[str] = await bot.run(bot.indexes.prune, keep)
    return tuple(names)
