"""Settings → the parts behind a server, wired as the commands use them. No model is loaded."""

import asyncio
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import bootstrap, commands
from bot.breaker import State
from bot.errors import ServerFails
from bot.model_servers import Breaks
from bot.ports import Sampling
from bot.prompt import build
from bot.settings import Settings
from tests.fakes import FakeEmbedder, writes
from tests.model_server import Answering, ModelServer, chat_piece, model_server, openai_vectors, vllm

KEY = "sk-nobody-may-read-this"


def by_length(text: str) -> list[float]:
    return [float(len(text)), 1.0, 0.5]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as served:
        yield served


def settings(server: ModelServer, folder: Path, **more: object) -> Settings:
    told = {"generator": server.url, "generator_model": "tiny", "generator_key": KEY, "embedder": server.url,
            "embedder_model": "tiny-e5", "embedder_key": KEY, "data_dir": folder, **more}  # fmt: skip
    return Settings(_env_file=None, **told)  # type: ignore[arg-type]


def test_an_address_makes_parts_behind_a_server_and_loads_no_model(server: ModelServer, tmp_path: Path) -> None:
    server.answer = openai_vectors(by_length)
    held = settings(server, tmp_path, embedder_query_prefix="query: ", embedder_languages="en, zh")
    loaded = set(sys.modules)
    embedder, generator = bootstrap.make_embedder(held), bootstrap.make_generator(held)
    assert not {name for name in set(sys.modules) - loaded if name.split(".")[0] in ("torch", "transformers")}
    assert isinstance(embedder, Breaks)
    assert isinstance(generator, Breaks)
    assert embedder.languages == frozenset({"en", "zh"})
    embedder.embed(["hello"], is_query=True)
    assert server.last.body["input"] == ["query: hello"]
    assert (tmp_path / "embedder.json").is_file()
    embedder.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("redact", "leaves"), [("remote", True), ("never", True), ("always", False)])
def test_a_server_on_this_machine_sees_everything_unless_it_must_not(
    redact: str, leaves: bool, server: ModelServer, tmp_path: Path
) -> None:
    server.answer = vllm("Yes.")
    generator = bootstrap.make_generator(settings(server, tmp_path, redact=redact))
    text = build("Is it ann@x.ie?", [("A", "B.")], count_tokens=len, budget=999)
    assert "".join(generator.generate(text, Sampling())) == "Yes."
    assert ("ann@x.ie" in server.last.body["messages"][1]["content"]) is leaves
    generator.close()  # type: ignore[attr-defined]


def test_the_assembled_bot_ends_its_connections(server: ModelServer, tmp_path: Path) -> None:
    server.answer = openai_vectors(by_length)
    held = settings(server, tmp_path, generator_at_once=3, drafts_waiting=5)

    def one_that_hangs(to: Answering) -> None:
        to.begin()
        to.write(chat_piece("Yes. "))
        to.stall()

    async def used() -> Iterator[str]:
        async with bootstrap.assembled(held) as bot:
            server.answer = one_that_hangs
            written = bot.generator.generate(build("?", [], count_tokens=len, budget=99), Sampling())
            assert await bot.run(next, written) == "Yes. "
        return written

    written = asyncio.run(used())
    with pytest.raises(ServerFails):
        list(written)
    assert not [one for one in threading.enumerate() if one.name.startswith("calls to")]


@pytest.mark.parametrize(("at_once", "places", "thread"), [(16, 5, "draft"), (2, 2, "draft"), (0, 3, "model")])
def test_drafts_that_need_no_processor_have_threads_of_their_own(
    at_once: int, places: int, thread: str, tmp_path: Path
) -> None:
    """A model on this machine says how many it writes at once; one that says nothing takes a worker for each draft."""
    held = Settings(data_dir=tmp_path, model_workers=3, generator_at_once=5)
    generator = writes("Yes.")
    generator.at_once = at_once  # type: ignore[attr-defined]

    async def used() -> str:
        async with bootstrap.assembled(held, embedder=FakeEmbedder(), generator=generator) as bot:
            for _ in range(places):
                await bot.room.enter()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(bot.room.enter(), 0.01)
            writing: threading.Thread = await (bot.write or bot.run)(threading.current_thread)
            return writing.name

    assert asyncio.run(used()).startswith(thread)


async def test_the_doctor_asks_each_server_once(
    server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = settings(server, tmp_path)
    server.answer = vllm("ready")
    assert "tiny@127.0.0.1" in await commands._check_generator(held)
    assert len(server.asked) == 1
    server.answer = openai_vectors(by_length)
    assert "tiny-e5@" in await commands._check_embedder(held)
    server.answer = lambda to: to.status(401)
    with pytest.raises(ServerFails, match="BOT_EMBEDDER_KEY"):
        await commands._check_embedder(held)
    with pytest.raises(ServerFails, match="BOT_GENERATOR_KEY"):
        await commands._check_generator(held)


def test_keys_show_nowhere(server: ModelServer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    held = settings(server, tmp_path)
    server.answer = lambda to: to.status(401)
    with pytest.raises(ServerFails) as failed:
        bootstrap.make_embedder(held)
    assert KEY not in repr(held) + str(held) + held.model_dump_json() + str(failed.value) + caplog.text


def test_a_state_shows_through_all_wrappings(server: ModelServer, tmp_path: Path) -> None:
    server.answer = openai_vectors(by_length)
    embedder = bootstrap.make_embedder(settings(server, tmp_path, redact="always"))
    server.answer = lambda to: to.status(500)
    for n in range(3):
        with pytest.raises(ServerFails, match="fails"):
            embedder.embed([f"question {n}"], is_query=True)
    assert isinstance(embedder, Breaks)
    assert embedder.state is State.OPEN
    embedder.close()  # type: ignore[attr-defined]
