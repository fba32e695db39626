"""A knowledge base in SQLite with generations on disk: what was published, compared, and gone back to."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot import bootstrap, kb, retrieval
from bot.indexes import WORD_DIMENSIONS, Reading
from bot.indexing import rebuild
from bot.kb_commands import kb_app, shelf
from bot.knowledge import Passage
from bot.ports import Bot
from bot.settings import Settings
from tests.fakes import AT, DELIVERY, RETURNS, WARRANTY, FakeEmbedder, document

LONGER = replace(RETURNS, text="You can return unused items within 60 days. Bring the receipt with you.")


class Embedder(FakeEmbedder):
    def read(self, texts: Sequence[str], *, is_query: bool, progress: Any = None) -> Reading:
        vectors = np.asarray(self.embed(texts, is_query=is_query), np.float32)
        return Reading(vectors, [np.zeros((1, WORD_DIMENSIONS), np.int8)] * len(texts))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "var"))
    return Settings(generator="none")


async def published(bot: Bot, added: Sequence[Passage], removed: Sequence[Passage] = ()) -> str:
    await bot.store.apply([document(one) for one in added], added, [one.id for one in removed], AT)
    return (await rebuild(bot))[1].generation


async def grown(settings: Settings) -> list[str]:
    await bootstrap.migrated(settings)
    async with bootstrap.assembled(settings, embedder=Embedder()) as bot:
        return [
            await published(bot, [RETURNS, WARRANTY]),
            await published(bot, [LONGER], [RETURNS]),
            await published(bot, [DELIVERY], [WARRANTY]),
        ]


async def answerable(bot: Bot, query: str) -> set[str]:
    found = await retrieval.search(bot, query, language="en")
    return {hit.passage.text for hit in found.hits}


async def gone_back(settings: Settings) -> None:
    first, *_ = await grown(settings)
    async with bootstrap.assembled(settings, embedder=Embedder()) as server:
        assert await answerable(server, "How do I return something?") >= {LONGER.text}
        async with shelf(settings) as bot:
            made = await kb.rollback(bot, first, by="ann", reason="wrong number")
        found = await answerable(server, "How do I return something?")
        assert RETURNS.text in found
        assert LONGER.text not in found
        assert await answerable(server, "What does the warranty cover?") >= {WARRANTY.text}
        assert DELIVERY.text not in await answerable(server, "How long does delivery take?")
        assert server.indexes.live() == made.manifest.generation
        assert (await kb.status(server, everything=True)).is_current
        live = {one.id for one in await server.store.live_passages()}
        assert set(server.indexes.passages(made.manifest.generation)) == live


def test_what_went_is_answerable_again_and_what_came_is_not_at_once_in_a_running_server(settings: Settings) -> None:
    asyncio.run(gone_back(settings))


def test_going_back_costs_no_embedding_and_publishing_again_none_either(settings: Settings) -> None:
    async def back_and_forth() -> None:
        first, *_ = await grown(settings)
        async with shelf(settings) as bot:
            await kb.rollback(bot, first)
            assert (await rebuild(bot))[0] == 0
        async with bootstrap.assembled(settings, embedder=Embedder()) as bot:
            assert (await rebuild(bot))[0] == 0

    asyncio.run(back_and_forth())


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(kb_app, arguments)


def test_all_of_it_at_the_command_line(settings: Settings) -> None:
    names = asyncio.run(grown(settings))
    assert f"live: {names[2]}, 2 passages" in ran("status", "--verify").output
    assert "~ faqs/returns.md#how" in ran("diff", "2", "1").output
    assert "[-30-]{+60+}" in ran("diff", names[0], names[2], "--words").output
    assert "2 passages are back, 2 are gone" in ran("rollback", "2", "--reason", "wrong number").output
    past = json.loads(ran("history", "--json").stdout)["generations"]
    assert [one["name"] for one in past[:3]] == names
    assert (past[3]["action"], past[3]["reason"], past[3]["back"]) == ("rollback", "wrong number", 0)
    assert ran("status").exit_code == 0
    assert ran("prune", "--keep", "1").output == f"removed: {', '.join(names)}\n"
    assert [entry.name for entry in (settings.index_dir).glob("2*")] == [past[3]["name"]]
    (settings.index_dir / past[3]["name"] / "bm25.npz").write_bytes(b"")
    done = ran("status")
    assert done.exit_code == 1
    assert "bm25.npz does not match its checksum" in done.output


def test_what_another_embedder_made_is_not_gone_back_to(settings: Settings) -> None:
    old = asyncio.run(grown(settings))[-1]

    async def moved() -> None:
        async with bootstrap.assembled(settings, embedder=Embedder(name="another")) as bot:
            await published(bot, [RETURNS])

    asyncio.run(moved())
    done = ran("rollback", old)
    assert done.exit_code == 1
    assert "the index was built with keywords" in done.output
    assert "changed" in ran("diff", old, "0").output, "but compared with"
    assert ran("status", "--verify").exit_code == 0
