"""From a command line to an exit code: settings that cannot be read, what goes wrong on purpose, an interrupt."""

import asyncio
import getpass
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import typer
from pydantic import ValidationError

from bot.errors import BotError
from bot.settings import Settings


def settings(**given: Any) -> Settings:
    """Exits with a line for each setting that is wrong."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for wrong in error.errors():
            name = "BOT_" + "_".join(map(str, wrong["loc"][:1])).upper()
            print(f"{name}: {wrong['msg']}", file=sys.stderr)
        raise typer.Exit(2) from None


def run(work: Coroutine[Any, Any, int]) -> None:
    guarded(lambda: asyncio.run(work))


def guarded(work: Callable[[], int]) -> None:
    """Run a command; what goes wrong on purpose is a sentence, and an interrupt is no accident."""
    try:
        code = work()
    except BotError as error:
        print(f"bot: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


def who() -> str:
    """Whoever runs the command, as the system calls them; nothing for a user without a name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
