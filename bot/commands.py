"""What the commands do, one coroutine each; returns the exit code."""

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import uvicorn

from bot import bootstrap, bootstrap_storage, reply
from bot.agent_commands import first_agent_line
from bot.conversation import Author, Event, Kind
from bot.errors import BotError, StorageBroken, Unavailable
from bot.indexing import content_digest
from bot.model_servers import Checks
from bot.output import Output
from bot.ports import Bot, Store
from bot.reply import Outcome
from bot.settings import Settings
from bot.web.app import create_app
from bot.web.lean import LeanSocket
from bot.web.patience import Prompt, allow_sockets
from bot.web.server import Server
from bot.web.wire import MAX_FRAME
from bot.why_commands import check_drawing, draw_attention, show_evidence

GRACE_S = 5
TCP_USER_TIMEOUT_MS = 20_000
SEND_BUFFER = 128 * 1024  # bytes; filled ten times a second it carries more than a chat ever says


async def ready(settings: Settings) -> None:
    """A SQLite file is brought up to date by itself; a server's database only by `bot migrate`."""
    if settings.is_sqlite:
        await bootstrap.migrated(settings)


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """For a command that needs no more than that."""
    store = bootstrap.make_store(settings)
    try:
        yield store
    finally:
        await store.close()


# ── serve ──


async def serve(settings: Settings, output: Output) -> int:
    logging.basicConfig(level="WARNING", format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("bot").setLevel(settings.log_level.upper())  # the libraries have little to say to a shop
    allow_sockets(settings.sockets)
    listening = _listen(settings.host, settings.port)
    with closing(listening), bootstrap_storage.serving(settings):
        await ready(settings)
        return await _serve(settings, output, listening)


async def _serve(settings: Settings, output: Output, listening: socket.socket) -> int:
    failures: list[StorageBroken] = []

    def stop(error: StorageBroken) -> None:
        """What cannot be kept must not be acknowledged: whatever started this process looks, or starts it again."""
        output.problem(f"bot: {error}")
        failures.append(error)
        server.should_exit = True

    base = settings.public_url or f"http://{settings.host}:{listening.getsockname()[1]}"
    app = create_app(settings, lambda worker: bootstrap.assembled(settings, worker.wake, broken=stop))
    server = Server(_uvicorn(app))
    output.line("loading the models …")
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():  # uvicorn offers a flag, no event
        await asyncio.wait({serving}, timeout=0.05)
    if server.started:
        output.line(f"demo shop with the widget:  {base}/")
        output.line(f"console for agents:         {base}/console")
        output.line(f'to embed it elsewhere:      <script async src="{base}/widget.js"></script>')
        if no_agents := await _no_agents_yet(settings, base):
            output.line(no_agents, "yellow")
        output.line("Ctrl-C stops it.")
        sys.stdout.flush()
    await serving
    return 0 if server.started and not failures else 1


async def _no_agents_yet(settings: Settings, base: str) -> str:
    async with bootstrap.staff(settings) as desk:
        return await first_agent_line(desk, base)


def _uvicorn(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=Prompt,
        ws=LeanSocket,
        ws_max_size=MAX_FRAME,
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        timeout_graceful_shutdown=GRACE_S,
        access_log=False,  # paths and addresses only tell on customers
        log_config=None,
        lifespan="on",
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted sockets inherit it. By itself the system would take megabytes for a reader who reads nothing of them.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # They inherit this too: a peer that stops reading is gone after 20 s; pings alone do not notice it.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise Unavailable(
            f"cannot listen on {host}:{port} ({error.strerror}): stop what uses it, or set BOT_PORT"
        ) from None
    return listening


# ── ask ──


async def ask(settings: Settings, output: Output, question: str, why: bool, picture: Path | None = None) -> int:
    if picture is not None:
        await asyncio.to_thread(check_drawing, settings, question, picture)
    await ready(settings)
    async with bootstrap.assembled(settings) as bot:
        await bot.store.check()
        if question.strip():
            outcome = await reply.ask(bot, question)
            _show(output, outcome, why)
            if picture is not None:
                await draw_attention(settings, output, asdict(outcome.evidence), picture)
            return 0
        return await _converse(bot, output, why)


async def _converse(bot: Bot, output: Output, why: bool) -> int:
    """Line by line, with what was said before; an empty line or end of file ends it."""
    said: list[Event] = []
    output.line("Ask away; an empty line ends.")
    while line := (await asyncio.to_thread(_read_line, sys.stdin.isatty() and not output.is_json)).strip():
        outcome = await reply.ask(bot, line, said)
        _show(output, outcome, why)
        said.append(Event(len(said) + 1, Kind.MESSAGE, Author.CUSTOMER, bot.now(), text=line))
        said.append(
            Event(len(said) + 1, Kind.MESSAGE, Author.BOT, bot.now(), text=outcome.text, answers=len(said),
                  citations=outcome.citations)
        )  # fmt: skip
    return 0


def _read_line(prompted: bool) -> str:
    if prompted:
        print("> ", end="", flush=True)
    return sys.stdin.readline()


def _show(output: Output, outcome: Outcome, why: bool) -> None:
    output.line(outcome.text, "bold")
    for option in outcome.options:
        output.line(f"  ○ {option}")
    for citation in outcome.citations:
        output.line(
            f"  [{citation.position}] {citation.title}  ({citation.document}, score {citation.score:.2f})", "dim"
        )
    evidence = outcome.evidence
    if why:
        output.line()
        show_evidence(output, asdict(evidence))
    output.result(
        {
            "text": outcome.text,
            "source": outcome.source,
            "citations": [asdict(citation) for citation in outcome.citations],
            "options": list(outcome.options),
            "reason": outcome.reason,
            **({"evidence": asdict(evidence)} if why else {"score": evidence.score}),
        }
    )


# ── train, migrate, doctor ──


def train(output: Output, config: Path, corpus: Path, target: Path, minutes: float | None, resume: bool) -> int:
    if not config.is_file():
        raise Unavailable(f"{config}: there is no such recipe; name one with --config")
    if not corpus.is_dir():
        raise Unavailable(f"{corpus}: there is no such folder; name the one with grounded.jsonl.gz with --corpus")
    bootstrap.train_composer(config, corpus, target, minutes, resume, output.line)
    output.line(f"the checkpoint is in {target}; use it with BOT_GENERATOR={target}")
    return 0


def migrate(settings: Settings, output: Output, revision: str) -> int:
    bootstrap.migrate(settings, revision)
    output.line(f"the database is at {revision}")
    return 0


async def doctor(settings: Settings, output: Output) -> int:
    """Each part on its own, so that one that is broken does not hide the next."""
    checks = {"python": _check_python, "embedder": _check_embedder, "generator": _check_generator,
              "database": _check_database, "redis": _check_redis, "index": _check_index}  # fmt: skip
    found: dict[str, dict[str, object]] = {}
    for name, check in checks.items():
        try:
            found[name] = {"ok": True, "says": await check(settings)}
        except BotError as error:
            found[name] = {"ok": False, "says": str(error)}
        except Exception as error:
            found[name] = {"ok": False, "says": f"{type(error).__name__}: {error}"}
        mark, style = ("ok  ", "green") if found[name]["ok"] else ("FIX ", "red")
        output.line(f"{mark}{name}: {found[name]['says']}", style)
    output.result(found)
    return 0 if all(one["ok"] for one in found.values()) else 1


async def _check_python(settings: Settings) -> str:
    missing = [name for name in ("torch", "faiss", "transformers", "sentence_transformers") if find_spec(name) is None]
    if missing:
        raise Unavailable(f"not installed: {', '.join(missing)}; run `make install`")
    return sys.version.split()[0]


async def _check_embedder(settings: Settings) -> str:
    bootstrap.quiet_libraries()
    embedder = await asyncio.to_thread(bootstrap.make_embedder, settings)
    if isinstance(embedder, Checks):
        try:
            await asyncio.to_thread(embedder.check)
        finally:
            await asyncio.to_thread(embedder.close)
    return f"{embedder.name}, {embedder.dimension} dimensions"


async def _check_generator(settings: Settings) -> str:
    generator = await asyncio.to_thread(bootstrap.make_generator, settings)
    if isinstance(generator, Checks):
        try:
            return await asyncio.to_thread(generator.check)
        finally:
            await asyncio.to_thread(generator.close)
    return f"{generator.name}, {generator.context} tokens of context"


async def _check_database(settings: Settings) -> str:
    async with opened_store(settings) as store:
        return await store.check()


async def _check_redis(settings: Settings) -> str:
    return await bootstrap.make_bus(settings).check()


async def _check_index(settings: Settings) -> str:
    started = perf_counter()
    async with bootstrap.assembled(settings.model_copy(update={"generator": "none"})) as bot:
        index = await bot.run(bot.indexes.current)
        live = await bot.store.live_passages()
    manifest = index.manifest
    if manifest.content and manifest.content != content_digest(live):
        raise Unavailable("the index and the database hold different passages: run `bot ingest` again")
    return f"generation {manifest.generation}, {manifest.passages} passages, read in {perf_counter() - started:.1f} s"
