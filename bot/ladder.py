"""The steps that follow when nobody comes: each is due by what the database says, so a restart forgets none.

Waited too long for a claim: told so, and offered to leave an address. The agent silent too long: back in line, as the
first. What follows when an address was left is in post.py.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from bot import line
from bot.conversation import Conversation, Status
from bot.errors import Conflict, NotFound
from bot.hub import Place
from bot.ports import Bot

log = logging.getLogger(__name__)
EVERY_S = 1.0


class Ladder:
    """One per process. Two at once do no harm: each step looks at the newest state."""

    def __init__(self, bot: Bot, every_s: float = EVERY_S) -> None:
        self._bot, self._every_s = bot, every_s
        self._told: dict[str, Place] = {}  # the last place each waiting customer was shown
        self._news = True  # the line may have moved

    async def run(self) -> None:
        """Until cancelled."""
        with self._bot.hub.follow(self._hear), self._bot.presence.watch(self._hear):
            while True:
                for duty in (self.see_to_late, self.show_places):
                    await _unfailing(duty)
                await asyncio.sleep(self._every_s)

    def _hear(self) -> None:
        self._news = True

    async def see_to_late(self) -> None:
        """T1 and T2."""
        house, now = self._bot.house, self._bot.now()
        unclaimed = now - timedelta(seconds=house.claim_s)
        silent = now - timedelta(seconds=house.reply_s)
        for id in await self._bot.inbox.late(unclaimed, silent):
            with suppress(Conflict, NotFound):  # somebody was faster
                await self._bot.change(id, self._overdue)

    def _overdue(self, c: Conversation) -> Conversation:
        house, now = self._bot.house, self._bot.now()
        if c.status is Status.WAITING and c.waiting_since and (now - c.waiting_since).total_seconds() >= house.claim_s:
            return c.delayed(at=now, text=house.texts.say("delayed_known" if c.email else "delayed", c.language))
        if c.status is Status.AGENT and c.owed_since and (now - c.owed_since).total_seconds() >= house.reply_s:
            return c.requeued("silent", at=now, text=house.texts.say("requeued", c.language, agent=c.agent_name))
        return c

    async def show_places(self) -> None:
        """Tell each waiting customer where they stand, when that has changed."""
        if not self._news and not self._told:
            return
        self._news = False
        places = await line.places(self._bot)
        for id, place in places.items():
            if self._told.get(id) != place:
                self._bot.hub.publish(id, place)
        self._told = dict(places)


async def _unfailing(duty: Callable[[], Awaitable[None]]) -> None:
    """What fails now (the database is away) is due again at the next round."""
    try:
        await duty()
    except Exception as error:
        log.warning("%s failed: %s", getattr(duty, "__name__", "a duty"), error)
