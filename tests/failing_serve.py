"""`python -m tests.failing_serve serve`: the `bot` command, in a process that dies at a chosen moment, by kill -9.

    FAIL_AT=committing   a message was inserted, and is not committed
    FAIL_AT=committed    it is committed, and nobody was told
    FAIL_BY=customer     whose message; or `bot`

Only a conversation whose messages hold the word `DEADLY` is one that kills.
"""

import os
import signal
from typing import Any

from bot import cli
from bot.adapters import sql
from bot.adapters.sql import SqlStore
from bot.conversation import Event

DEADLY = "deadly"


def _die_with(events: tuple[Event, ...], window: tuple[Event, ...]) -> None:
    is_due = any(event.author.value == os.environ["FAIL_BY"] for event in events)
    if is_due and any(DEADLY in event.text for event in window):
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    save, change = sql._save, SqlStore.change

    async def saving(connection: Any, before: Any, after: Any) -> int:
        position = await save(connection, before, after)
        _die_with(after.fresh, after.events)
        return position

    async def changing(self: SqlStore, *arguments: Any, **named: Any) -> Any:
        changed = await change(self, *arguments, **named)
        if not changed.is_duplicate:
            _die_with(changed.events, changed.conversation.events)
        return changed

    if os.environ["FAIL_AT"] == "committing":
        sql._save = saving
    else:
        SqlStore.change = changing  # type: ignore[method-assign]
    cli.main()


if __name__ == "__main__":
    main()
