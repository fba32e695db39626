"""The parts behind a server as the bot uses them: left alone when they fail, and shown no personal data elsewhere."""

import ipaddress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from bot.adapters.breaking import BreakingEmbedder, BreakingGenerator
from bot.adapters.openai_calls import Calls
from bot.adapters.openai_embedder import Api as EmbedderApi
from bot.adapters.openai_embedder import OpenAiEmbedder
from bot.adapters.openai_generator import Api as GeneratorApi
from bot.adapters.openai_generator import OpenAiGenerator, Times
from bot.adapters.redacting import RedactingEmbedder, RedactingGenerator
from bot.ports import Embedder, Generator

Redact = Literal["always", "remote", "never"]
PATIENCE = 0.75  # of the time in which a sentence must stand: so much of it may pass before the server's first text


def is_address(model: str) -> bool:
    """Whether a setting names a server, not a model."""
    return model.lower().startswith(("http://", "https://"))


def generator(
    url: str, model: str, key: str, *, api: GeneratorApi, context: int, first_s: float, whole_s: float,
    connect_s: float, redact: Redact,
) -> Generator:  # fmt: skip
    """`first_s`: by when a checked sentence must stand. Nothing is asked of the server yet."""
    calls = Calls(url, key, what="BOT_GENERATOR", connect_s=connect_s)
    times = Times(PATIENCE * first_s, PATIENCE * first_s, whole_s)
    made: Generator = OpenAiGenerator(calls, model, api=api, context=context, times=times)
    return BreakingGenerator(RedactingGenerator(made) if _redacts(redact, url) else made)


def embedder(
    url: str, model: str, key: str, *, api: EmbedderApi, prefixes: tuple[str, str], languages: frozenset[str],
    seconds: float, connect_s: float, redact: Redact, remembered: Path,
) -> Embedder:  # fmt: skip
    """Asks the server which model it is; raises ServerFails when it is away and was never there before."""
    calls = Calls(url, key, what="BOT_EMBEDDER", connect_s=connect_s)
    try:
        made: Embedder = OpenAiEmbedder(
            calls, model, api=api, prefixes=prefixes, languages=languages, seconds=seconds, remembered=remembered
        )
    except BaseException:
        calls.close()
        raise
    return BreakingEmbedder(RedactingEmbedder(made) if _redacts(redact, url) else made)


def _redacts(redact: Redact, url: str) -> bool:
    return redact == "always" or (redact == "remote" and not is_here(url))


def is_here(url: str) -> bool:
    """By what is written: a name that is looked up may be another machine tomorrow."""
    host = urlsplit(url).hostname or ""
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
