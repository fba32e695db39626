"""What is embedded for an index, and where it is taken from when the index is written."""

from collections.abc import Sequence
from typing import Any

from bot import indexing
from bot.indexes import Reading
from bot.knowledge import Piece, pieces
from bot.ports import Bot
from tests.fakes import AT, RETURNS, SHOP, FakeEmbedder, FakeIndexes, document, fake_bot, passage


def embedded(bot: Bot) -> list[str]:
    assert isinstance(bot.embedder, FakeEmbedder)
    return bot.embedder.embedded


class NowhereToKeep(FakeIndexes):
    def keep(self, pieces: Sequence[Piece], made: Reading) -> bool:
        return False


class Written(FakeIndexes):
    """Remembers what it was given."""

    rows: Sequence[Any] = ()

    def publish(self, *arguments: Any, **options: Any) -> Any:
        self.rows = list(arguments[2])
        return super().publish(*arguments, **options)


async def test_a_text_that_stands_in_several_passages_is_embedded_once() -> None:
    bot = fake_bot()
    parts = [passage(f"a.md#{n}", "Delivery", f"Part {n}: by van.") for n in range(3)]
    await bot.store.apply([document(one) for one in parts], parts, (), AT)
    n_pieces, _ = await indexing.rebuild(bot)
    assert sorted(embedded(bot)) == ["Delivery", *(one.text for one in parts)]
    assert n_pieces == 6
    assert len(bot.indexes.vectors([Piece(one.id, "Delivery") for one in parts])) == 3


async def test_what_cannot_be_put_by_is_published_all_the_same() -> None:
    bot = fake_bot(indexes=NowhereToKeep())
    await bot.store.apply([document(one) for one in SHOP], SHOP, (), AT)
    await indexing.rebuild(bot)
    held = bot.indexes.vectors([Piece(RETURNS.id, RETURNS.title)])
    assert list(held.values()) == bot.embedder.embed([RETURNS.title], is_query=False)


async def test_each_piece_is_published_with_its_own_vector() -> None:
    indexes = Written()
    bot = fake_bot(indexes=indexes)
    await bot.store.apply([document(one) for one in SHOP], SHOP, (), AT)
    await indexing.rebuild(bot)
    every = [piece for one in await bot.store.live_passages() for piece in pieces(one)]
    assert indexes.rows == bot.embedder.embed([piece.text for piece in every], is_query=False)


async def test_progress_counts_pieces_up_to_all_of_them() -> None:
    told: list[tuple[str, int, int]] = []
    bot = fake_bot()
    await bot.store.apply([document(one) for one in SHOP], SHOP, (), AT)
    await indexing.rebuild(bot, lambda *one: told.append(one))
    assert [one for one in told if one[0] == "embed"] == [("embed", 6, 6)]
