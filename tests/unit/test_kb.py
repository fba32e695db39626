"""The knowledge base over time: told as it was, compared as people read it, and brought back exactly."""

from dataclasses import replace
from typing import Any

import pytest

from bot import kb
from bot.decision import Model
from bot.errors import Conflict, IndexDamaged, IndexMismatch, NotFound, Refused
from bot.indexes import Manifest
from bot.indexing import rebuild
from bot.knowledge import Passage
from bot.ports import Bot
from tests.fakes import AT, DELIVERY, RETURNS, SHOP, WARRANTY, FakeIndexes, document, fake_bot, shop_bot

LONGER = replace(RETURNS, text="You can return unused items within 60 days. Bring the receipt with you.")
GIFTS = replace(RETURNS, document="faqs/gifts.md", anchor="faqs/gifts.md#cards", title="Do you sell gift cards?")


async def change(bot: Bot, added: Passage | None = None, removed: Passage | None = None) -> str:
    await bot.store.apply(
        [document(added)] if added else [], [added] if added else [], [removed.id] if removed else [], AT
    )
    return (await rebuild(bot))[1].generation


async def shop_over_time() -> Bot:
    """g1: the shop; g2: 60 days instead of 30; g3: gift cards instead of the warranty."""
    bot = await shop_bot()
    await change(bot, LONGER, RETURNS)
    await change(bot, GIFTS, WARRANTY)
    return bot


async def live(bot: Bot) -> set[str]:
    return {passage.id for passage in await bot.store.live_passages()}


def indexes(bot: Bot) -> FakeIndexes:
    assert isinstance(bot.indexes, FakeIndexes)
    return bot.indexes


# ── telling ──


async def test_the_status_says_what_is_live_and_that_it_is_what_the_database_holds() -> None:
    bot = await shop_over_time()
    found = await kb.status(bot)
    assert found.live is not None
    assert (found.live.name, found.kept, found.n_passages) == ("g3", ("g1", "g2", "g3"), 3)
    assert (found.is_current, dict(found.damage)) == (True, {})


async def test_the_status_says_when_the_database_holds_something_else() -> None:
    bot = await shop_bot()
    await bot.store.apply((), (), [RETURNS.id], AT)
    assert not (await kb.status(bot)).is_current


async def test_before_anything_was_published_there_is_a_status_too() -> None:
    found = await kb.status(fake_bot())
    assert (found.live, found.kept, found.is_current) == (None, (), False)


async def test_damage_is_told_of_the_live_generation_and_of_all_when_all_are_asked_for() -> None:
    bot, looked_at = await shop_over_time(), list[str]()

    def verify(name: str) -> Manifest:
        looked_at.append(name)
        raise IndexDamaged(f"{name}/vectors.faiss")

    indexes(bot).verify = verify  # type: ignore[method-assign]
    assert list((await kb.status(bot)).damage) == looked_at == ["g3"]
    damage = (await kb.status(bot, everything=True)).damage
    assert list(damage) == ["g1", "g2", "g3"]
    assert "g1/vectors.faiss" in damage["g1"]


async def test_the_history_remembers_what_is_no_longer_kept_and_who_did_what() -> None:
    bot = await shop_over_time()
    await kb.rollback(bot, "g1", by="ann", reason="wrong number")
    await kb.prune(bot, 2)
    past = await kb.history(bot)
    assert [(one.name, one.back) for one in past] == [("g1", None), ("g2", None), ("g3", 1), ("g4", 0)]
    last = past[-1].published
    assert (last.action, last.by, last.reason) == ("rollback", "ann", "wrong number")
    assert {one.published.action for one in past[:3]} == {"publish"}


async def test_a_generation_the_database_has_never_heard_of_is_in_the_history_all_the_same() -> None:
    bot = await shop_over_time()
    bot.store.published.clear()  # type: ignore[attr-defined]
    assert [one.back for one in await kb.history(bot)] == [2, 1, 0]


@pytest.mark.parametrize(
    ("which", "name"), [("0", "g3"), ("1", "g2"), ("2", "g1"), ("g1", "g1"), ("g10", None), ("3", None), ("", None)]
)
async def test_a_generation_is_named_or_counted_back(which: str, name: str | None) -> None:
    bot = await shop_over_time()
    if name:
        assert await kb.named(bot, which) == name
    else:
        with pytest.raises(NotFound, match="bot kb history"):
            await kb.named(bot, which)


async def test_the_beginning_of_a_name_is_enough_when_it_is_the_only_one() -> None:
    bot = await shop_over_time()
    with pytest.raises(Refused, match="3 names"):
        await kb.named(bot, "g")
    await kb.prune(bot, 1)
    assert await kb.named(bot, "g") == "g3"


# ── comparing ──


async def test_what_changed_has_the_same_anchor_and_another_text() -> None:
    bot = await shop_over_time()
    found = await kb.diff(bot, "g1", "g3")
    assert found.changed == ((RETURNS, LONGER),)
    assert (found.added, found.removed, found.n_same, found.n_unknown) == ((GIFTS,), (WARRANTY,), 1, 0)


async def test_the_other_way_round_everything_is_the_other_way_round() -> None:
    bot = await shop_over_time()
    found = await kb.diff(bot, "g3", "g1")
    assert (found.changed, found.added, found.removed) == (((LONGER, RETURNS),), (WARRANTY,), (GIFTS,))


async def test_a_generation_does_not_differ_from_itself() -> None:
    bot = await shop_bot()
    found = await kb.diff(bot, "g1", "g1")
    assert (found.added, found.removed, found.changed, found.n_same) == ((), (), (), len(SHOP))


async def test_passages_of_one_anchor_are_compared_in_their_order() -> None:
    parts = [replace(RETURNS, text=f"part {n}", position=n) for n in range(3)]
    bot = await shop_bot(passages=parts)
    shorter = [replace(RETURNS, text=f"new part {n}", position=n) for n in range(2)]
    await bot.store.apply((), shorter, [part.id for part in parts], AT)
    await rebuild(bot)
    found = await kb.diff(bot, "g1", "g2")
    assert found.changed == tuple(zip(parts, shorter, strict=False))
    assert (found.removed, found.added) == ((parts[2],), ())


async def test_passages_no_database_knows_any_more_are_counted() -> None:
    bot = await shop_over_time()
    del bot.store.known_passages[WARRANTY.id]  # type: ignore[attr-defined]
    found = await kb.diff(bot, "g1", "g3")
    assert (found.removed, found.n_unknown) == ((), 1)


# ── going back ──


async def test_going_back_makes_exactly_what_was_answerable_answerable_again() -> None:
    bot = await shop_over_time()
    made = await kb.rollback(bot, "g1")
    assert await live(bot) == {passage.id for passage in SHOP}
    assert {one.anchor for one in made.revived} == {RETURNS.anchor, WARRANTY.anchor}
    assert set(made.retired) == {LONGER, GIFTS}
    assert bot.indexes.live() == made.manifest.generation == "g4"
    assert bot.indexes.passages("g4") == bot.indexes.passages("g1")
    assert (await kb.status(bot)).is_current


async def test_going_back_and_back_again_is_where_one_was() -> None:
    bot = await shop_over_time()
    before = await live(bot)
    await kb.rollback(bot, await kb.named(bot, "2"))
    await kb.rollback(bot, await kb.named(bot, "1"))
    assert await live(bot) == before
    assert (await kb.status(bot)).is_current


async def test_the_database_is_changed_before_the_index() -> None:
    bot = await shop_over_time()
    seen: list[set[str]] = []
    make_current = indexes(bot).make_current

    def watched(*arguments: Any) -> Manifest:
        held = bot.store
        seen.append(set(held.known_passages) - held.retired)  # type: ignore[attr-defined]
        return make_current(*arguments)

    indexes(bot).make_current = watched  # type: ignore[method-assign]
    await kb.rollback(bot, "g1")
    assert seen == [{passage.id for passage in SHOP}]


async def test_where_only_the_calibration_differs_nothing_is_revived_or_retired() -> None:
    bot = await shop_bot()
    bot.indexes.calibrate(Model({}), "g1")
    made = await kb.rollback(bot, "g1")
    assert (made.revived, made.retired) == ((), ())
    assert bot.indexes.current().decision is None


async def test_what_is_live_cannot_be_gone_back_to() -> None:
    bot = await shop_bot()
    with pytest.raises(Refused, match="live already"):
        await kb.rollback(bot, "g1")


async def test_a_publication_meanwhile_is_gone_back_from_too() -> None:
    bot = await shop_over_time()
    load, others = indexes(bot).load, [DELIVERY]

    def publishing(name: str) -> Any:
        if others and name in indexes(bot).candidates:
            others.pop()
            indexes(bot).publish([DELIVERY], [], [])
        return load(name)

    indexes(bot).load = publishing  # type: ignore[method-assign]
    made = await kb.rollback(bot, "g1")
    assert bot.indexes.live() == made.manifest.generation
    assert await live(bot) == {passage.id for passage in SHOP}
    assert indexes(bot).candidates == {}
    assert [one.manifest.generation for one in await bot.store.generations()].count(made.manifest.generation) == 1


async def test_where_others_publish_without_end_it_is_said_so_and_nothing_is_left() -> None:
    bot = await shop_over_time()

    def never(*_: object) -> Manifest:
        raise Conflict("another index was published meanwhile")

    indexes(bot).make_current = never  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="try again"):
        await kb.rollback(bot, "g1")
    assert indexes(bot).candidates == {}


@pytest.mark.parametrize(
    ("method", "error"), [("again", IndexMismatch("a", "b")), ("again", IndexDamaged("x")), ("load", IndexDamaged("x"))]
)
async def test_what_would_not_load_changes_nothing(method: str, error: Exception) -> None:
    bot = await shop_over_time()
    before = await live(bot)

    def fails(name: str) -> Any:
        raise error

    setattr(indexes(bot), method, fails)
    with pytest.raises(type(error)):
        await kb.rollback(bot, "g1")
    assert (await live(bot), bot.indexes.live(), indexes(bot).candidates) == (before, "g3", {})


async def test_passages_that_are_in_no_database_any_more_cannot_come_back() -> None:
    bot = await shop_over_time()
    before = await live(bot)
    del bot.store.known_passages[WARRANTY.id]  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="1 of the 3 passages"):
        await kb.rollback(bot, "g1")
    assert (await live(bot), bot.indexes.live(), indexes(bot).candidates) == (before, "g3", {})


async def test_documents_keep_what_they_say() -> None:
    bot = await shop_over_time()
    before = {one.key: one for one in await bot.store.documents()}
    await kb.rollback(bot, "g2")
    after = {one.key: one for one in await bot.store.documents()}
    assert {key: one for key, one in after.items() if key in before} == {
        key: one for key, one in before.items() if key in after
    }


# ── pruning ──


async def test_pruning_names_what_went_and_keeps_the_live_one() -> None:
    bot = await shop_over_time()
    assert await kb.prune(bot, 1) == ("g1", "g2")
    assert await kb.prune(bot, 1) == ()
    with pytest.raises(Refused):
        await kb.prune(bot, 0)
