"""`bot why` over a database: a turn that was answered is drawn later, as long as the same model is there."""

import asyncio
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from bot import bootstrap
from bot.adapters.gpt2 import Gpt2Generator
from bot.errors import NotFound, Refused
from bot.output import Output
from bot.ports import Generator
from bot.reply import answer, receive
from bot.settings import Settings
from bot.why_commands import why
from tests.fakes import begin, fake_bot, stock, writes

DRAFT = "You can return unused items within 30 days."


@pytest.fixture
def own(own_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(bootstrap, "migrated", AsyncMock())  # it is
    return Settings(data_dir=tmp_path, database_url=own_sqlite_url)


async def answered(settings: Settings, generator: Generator) -> str:
    """A conversation with one question, in the database of `settings`."""
    desk = bootstrap.make_desk(settings)
    bot = fake_bot(generator, store=desk["store"], inbox=desk["inbox"])
    await stock(bot)
    conversation = await begin(bot)
    await receive(bot, conversation, "How do I return something?", sender="s", cid="1")
    await answer(bot, conversation)
    await desk["store"].close()
    return conversation


async def test_a_turn_of_yesterday_is_drawn_from_what_was_kept(own: Settings, tmp_path: Path) -> None:
    conversation = await answered(own, await asyncio.to_thread(Gpt2Generator))
    assert await why(own, Output(), conversation, 2, tmp_path / "why.png") == 0
    assert (await asyncio.to_thread((tmp_path / "why.png").read_bytes)).startswith(b"\x89PNG")


async def test_a_turn_of_another_model_is_told_and_not_drawn(
    own: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation = await answered(own, writes(DRAFT))
    with pytest.raises(Refused, match="written by scripted, and the generator is composer@"):
        await why(own, Output(), conversation, 0, tmp_path / "why.png")
    assert f"carried: {DRAFT}" in capsys.readouterr().out
    assert not await asyncio.to_thread((tmp_path / "why.png").exists)


async def test_an_unknown_turn_is_a_sentence(own: Settings) -> None:
    conversation = await answered(own, writes(DRAFT))
    with pytest.raises(NotFound):
        await why(own, Output(), conversation, 7, None)
    with pytest.raises(NotFound):
        await why(own, Output(), "no-such-conversation", 0, None)
