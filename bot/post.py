"""Sends the letters that are due: at least once each, and one that cannot go out holds up no other."""

import asyncio
import logging
from collections.abc import Sequence

from bot.conversation import Event
from bot.errors import BotError, Refused
from bot.letters import letters
from bot.ports import Bot

log = logging.getLogger(__name__)
EVERY_S = 2.0
LEASE_S = 60.0  # longer than a letter may take
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 900.0
MOST_TRIES = 100  # about a day
EVENTS = 100  # read at once


class Post:
    """What is due stands in the database; how often something failed is only known here."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._failed: dict[str, tuple[int, float]] = {}  # conversation → (tries, not before)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.send_due()
            except Exception as error:
                log.warning("the letters that are due are not known: %s", error)
            await asyncio.sleep(EVERY_S)

    async def send_due(self) -> None:
        if not await self._bot.shared.take("post", LEASE_S):
            return  # another process sends
        now = asyncio.get_running_loop().time()
        for id, mailed in await self._bot.inbox.unmailed():
            if self._failed.get(id, (0, 0.0))[1] <= now:
                await self._send_for(id, mailed)

    async def _send_for(self, id: str, mailed: int) -> None:
        events = await self._bot.store.events(id, mailed, EVENTS)
        try:
            if events and self._bot.mail is not None:
                await self._send(id, events)
        except Refused as error:  # no letter anybody could send
            log.warning("a letter for %s cannot be sent: %s", id, error)
        except BotError as error:
            if self._try_again(id, error):
                return
        self._failed.pop(id, None)
        if events:
            await self._bot.inbox.mailed(id, events[-1].seq)

    async def _send(self, id: str, events: Sequence[Event]) -> None:
        assert self._bot.mail is not None
        conversation = await self._bot.store.conversation(id)
        is_reading = self._bot.presence.is_reading(id)
        for through, letter in letters(conversation, events, self._bot.house, is_reading):
            await self._bot.mail.send(letter)
            await self._bot.inbox.mailed(id, through)

    def _try_again(self, id: str, error: BotError) -> bool:
        tries = self._failed.get(id, (0, 0.0))[0] + 1
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (tries - 1))
        log.warning("a letter for %s did not go out (%s): try %s, next in %s s", id, error, tries, pause)
        if tries >= MOST_TRIES:
            return False
        self._failed[id] = tries, asyncio.get_running_loop().time() + pause
        return True
