"""The other processes on the same database: what happens there is shown here, and what happens here is told there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from bot.conversation import Author, Event, Status
from bot.errors import NotFound
from bot.hub import Draft, Head, Item, Typing
from bot.ports import Bot
from bot.shared import Bus, Here, News, What

log = logging.getLogger(__name__)
TICK_S = 0.25
LOOK_S, SELDOM_S = 1.0, 5.0  # between looks into the database: without a bus, and with one that may have lost something
BEAT_S, GONE_S = 10.0, 30.0  # a process says that it lives; not heard of for so long, it does not
OWED_S = 5.0  # between looks for questions whose process is gone
MOST_ERRANDS = 1_000  # at once, of what only has to be shown: more is dropped


class Neighbours:
    def __init__(self, bot: Bot, bus: Bus, resume: Callable[[], Awaitable[object]]) -> None:
        """`resume` sees to every conversation that owes an answer."""
        self._bot, self._bus, self._resume = bot, bus, resume
        self._drafts: dict[str, Draft | None] = {}  # to write down; None: to take away
        self._written: set[str] = set()
        self._drafting, self._people = asyncio.Event(), asyncio.Event()
        self._errands: set[asyncio.Task[None]] = set()
        self._inbox: tuple[str, int] = ("", 0)
        self._told = Here()

    async def run(self) -> None:
        """Until cancelled; then the others are told that this process is gone."""
        try:
            with self._bot.hub.observe(self._observe), self._bot.presence.watch(self._people.set):
                async with asyncio.TaskGroup() as duties:
                    duties.create_task(self._bus.run(self._hear))
                    duties.create_task(self._write_drafts())
                    duties.create_task(_every(self._between_looks, self.look))
                    duties.create_task(_every(lambda: OWED_S, self._resume))
                    duties.create_task(_every(self._between_says, self._say, self._people))
                    duties.create_task(_every(self._between_looks, self._meet))
        finally:
            for errand in self._errands:
                errand.cancel()
            await asyncio.shield(_unfailing(self._bot.shared.leave))

    def _between_looks(self) -> float:
        return SELDOM_S if self._bus.is_up else LOOK_S

    def _between_says(self) -> float:
        return BEAT_S if self._bot.presence.own.readers == self._told.readers else LOOK_S

    # ── what happens here ──

    def _observe(self, conversation: str, item: Item) -> None:
        match item:
            case Event(seq=seq):
                self._bus.tell(News(What.EVENT, conversation, seq))
                if conversation in self._written and self._bot.hub.draft(conversation) is None:
                    self._put_draft(conversation, None)
            case Draft():
                self._put_draft(conversation, item)
            case Typing(author, on):
                self._bus.tell(News(What.TYPING, conversation, int(on), author))

    def _put_draft(self, conversation: str, draft: Draft | None) -> None:
        self._drafts[conversation] = draft
        self._drafting.set()

    async def _write_drafts(self) -> None:
        while True:
            await self._drafting.wait()
            self._drafting.clear()
            while self._drafts:  # of several sentences that came meanwhile only the last state is written
                conversation, draft = self._drafts.popitem()
                await _unfailing(partial(self._write_draft, conversation, draft))

    async def _write_draft(self, conversation: str, draft: Draft | None) -> None:
        if draft is None:
            self._written.discard(conversation)
            await self._bot.shared.drop_draft(conversation)
            return
        self._written.add(conversation)
        await self._bot.shared.put_draft(conversation, draft)
        self._bus.tell(News(What.DRAFT, conversation, draft.n))

    async def _say(self) -> None:
        own = self._bot.presence.own
        await self._bot.shared.say(own)
        if own.agents != self._told.agents:
            self._bus.tell(News(What.PEOPLE))
        self._told = own

    # ── what happens there ──

    def _hear(self, news: News) -> None:
        match news.what:
            case What.EVENT:
                self._bot.hub.relay(news.conversation, Head(news.n))
                self._bot.hub.wake()
            case What.DRAFT:
                self._run_for(news.conversation, self._show_draft)
            case What.TYPING:
                self._run_for(news.conversation, partial(self._show_typing, news.who, bool(news.n)))
            case What.PEOPLE:
                self._run_for("", lambda _: self._meet())

    def _run_for(self, conversation: str, errand: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        if (conversation and conversation not in self._bot.hub.watched) or len(self._errands) >= MOST_ERRANDS:
            return
        task = asyncio.create_task(_unfailing(partial(errand, conversation)))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _show_draft(self, conversation: str) -> None:
        if draft := await self._bot.shared.draft(conversation):
            self._bot.hub.relay(conversation, draft)

    async def _show_typing(self, who: str, on: bool, conversation: str) -> None:
        name = ""
        if who == Author.AGENT:  # whose name it is stands in the database: a name off the wire is nobody's
            held = (await self._bot.inbox.row(conversation)).conversation
            if held.status is not Status.AGENT:
                return
            name = held.agent_name
        self._bot.hub.relay(conversation, Typing(Author(who), on, name))

    async def look(self) -> None:
        """What no news told, or nobody could tell."""
        heads = await self._bot.shared.heads(tuple(self._bot.hub.watched))
        for conversation, seq in heads.items():
            self._bot.hub.relay(conversation, Head(seq))
        inbox = await self._bot.inbox.position()
        if inbox != self._inbox:
            self._inbox = inbox
            self._bot.hub.wake()

    async def _meet(self) -> None:
        self._bot.presence.meet(await self._bot.shared.others(GONE_S))


async def _every(
    interval: Callable[[], float], duty: Callable[[], Awaitable[object]], sooner: asyncio.Event | None = None
) -> None:
    """Does its duty again and again; the interval may change while it waits."""
    loop, done = asyncio.get_running_loop(), float("-inf")
    while True:
        is_sooner = sooner is not None and sooner.is_set()
        if is_sooner or loop.time() - done >= interval():
            if sooner is not None:
                sooner.clear()
            await _unfailing(duty)
            done = loop.time()
        await asyncio.sleep(TICK_S)


async def _unfailing(duty: Callable[[], Awaitable[object]]) -> None:
    """What fails now (the database is away) comes again."""
    try:
        await duty()
    except (NotFound, ValueError):
        log.debug("news of what is not there")
    except Exception as error:
        log.warning("what other processes do is not known at the moment: %s", error)
