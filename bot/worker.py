"""One task per conversation that owes an answer: it belongs to the conversation, not to any socket.

Different conversations go on beside each other, each one in order. A failure to commit (the database is away) is tried
again with growing pauses; the question stays in SQL until it is answered, so a restart resumes it too.

Of several processes the one that holds the conversation's lease answers. When it dies its lease runs out, and whoever
resumes next takes it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot import reply
from bot.errors import BotError, NotFound
from bot.ports import Bot

log = logging.getLogger(__name__)
PAUSES_S = (0.5, 1, 2, 4, 8, 15, 30)
LEASE_S, RENEW_S = 15.0, 4.0
BESIDE_S = 0.5  # before a second look at a conversation that another process answers


class Worker:
    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._bot: Bot | None = None

    def start(self, bot: Bot) -> None:
        self._bot = bot

    def wake(self, conversation: str) -> None:
        """See to this conversation; returns at once. Called again while at it, it looks once more at the end."""
        if self._bot is None:
            return
        if conversation in self._tasks:
            self._again.add(conversation)
            return
        task = asyncio.create_task(self._serve(self._bot, conversation), name=f"answer {conversation}")
        self._tasks[conversation] = task
        task.add_done_callback(lambda done: self._finished(conversation, done))

    def _finished(self, conversation: str, task: "asyncio.Task[None]") -> None:
        del self._tasks[conversation]
        if not task.cancelled() and task.exception() is not None:
            log.error("answering %s stopped", conversation, exc_info=task.exception())
        if conversation in self._again:
            self._again.discard(conversation)
            self.wake(conversation)

    async def _serve(self, bot: Bot, conversation: str) -> None:
        failures = 0
        while True:
            try:
                if not await _answer(bot, conversation):
                    return
                failures = 0
            except NotFound:
                return
            except Exception:
                pause = PAUSES_S[min(failures, len(PAUSES_S) - 1)]
                failures += 1
                log.exception("could not answer %s, trying again in %s s", conversation, pause)
                await asyncio.sleep(pause)

    async def resume(self) -> int:
        """Wake every conversation that was left with an open question; returns how many."""
        assert self._bot is not None
        owing = await self._bot.store.owing()
        for conversation in owing:
            if conversation not in self._tasks:
                self.wake(conversation)
        return len(owing)

    async def stop(self) -> None:
        """Drop what is under way: it is owed still, and the next start resumes it."""
        self._bot = None
        tasks = list(self._tasks.values())
        self._again.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Wait until nothing is being answered."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await asyncio.sleep(0)


async def _answer(bot: Bot, conversation: str) -> bool:
    """False when nothing is owed here (any more), or another process is at it."""
    for pause in (BESIDE_S, 0):
        async with _lease(bot, f"answer {conversation}") as is_ours:
            if is_ours:
                return await reply.answer(bot, conversation)
        await asyncio.sleep(pause)  # it may have been about to let go, not knowing of this question
    return False


@asynccontextmanager
async def _lease(bot: Bot, name: str) -> AsyncIterator[bool]:
    """Whether it is ours, and kept for as long as the block lasts."""
    if not await bot.shared.take(name, LEASE_S):
        yield False
        return
    keeping = asyncio.create_task(_keep(bot, name))
    try:
        yield True
    finally:
        keeping.cancel()
        await asyncio.shield(_let_go(bot, name))


async def _keep(bot: Bot, name: str) -> None:
    while True:
        await asyncio.sleep(RENEW_S)
        try:
            await bot.shared.take(name, LEASE_S)
        except BotError as error:  # whoever takes it over commits no second answer
            log.warning("the lease %s was not renewed: %s", name, error)


async def _let_go(bot: Bot, name: str) -> None:
    try:
        await bot.shared.release(name)
    except BotError:
        log.warning("the lease %s was not given back: it runs out", name)
