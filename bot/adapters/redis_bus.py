"""Redis Pub/Sub wakes the other processes.

Redis forgets what is published while a subscriber is away, and a connection that hangs looks like one where nothing
happens. So each process publishes a probe several times a second and expects to hear it through its own subscription:
when it does not, the connection is made again, and meanwhile the bus says that it is down.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from redis.exceptions import RedisError

from bot.adapters.redis_client import client
from bot.errors import Unavailable
from bot.shared import News, What

log = logging.getLogger(__name__)
CHANNEL = "answerdesk"
PROBE, PROBE_S = "probe", 0.4
ALIVE_S = 1.25  # three probes missed
CONNECT_S = 2.0
PAUSES_S = (0.1, 0.2, 0.5, 1.0)
MOST = 10_000  # news that wait to be sent; older ones are dropped, as their conversations are looked at anyway
LONGEST = 1_024  # characters of one message


class RedisBus:
    """`own` names this process. Raises Refused for an address that cannot be read."""

    def __init__(self, url: str, own: str, clock: Callable[[], float] = monotonic) -> None:
        self._redis = client(
            url, socket_timeout=CONNECT_S, socket_connect_timeout=CONNECT_S, decode_responses=True
        )  # fmt: skip
        self._own, self._clock = own, clock
        self._waiting: deque[News] = deque(maxlen=MOST)
        self._news = asyncio.Event()
        self._heard = float("-inf")

    @property
    def is_up(self) -> bool:
        return self._clock() - self._heard < ALIVE_S

    def tell(self, news: News) -> None:
        if self.is_up:
            self._waiting.append(news)
            self._news.set()

    async def run(self, hear: Callable[[News], None]) -> None:
        failures = 0
        try:
            while not _is_cancelled():
                try:
                    await self._connected(hear)
                except (RedisError, OSError, TimeoutError) as error:
                    failures = 0 if self.is_up else failures + 1
                    if failures <= 1:
                        log.warning("Redis does not answer (%s): looking into the database instead", _said(error))
                self._heard = float("-inf")
                self._waiting.clear()
                await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
        finally:
            self._heard = float("-inf")
            await self._close(self._redis)

    async def check(self) -> str:
        try:
            async with asyncio.timeout(CONNECT_S):
                about = await self._redis.info("server")
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(f"Redis does not answer: {_said(error)}") from None
        finally:
            await self._close(self._redis)
        return f"Redis {about['redis_version']}"

    async def _connected(self, hear: Callable[[News], None]) -> None:
        """Until something breaks: the first of the two that fails ends the other."""
        subscription = self._redis.pubsub(ignore_subscribe_messages=True)
        try:
            async with asyncio.timeout(CONNECT_S):
                await subscription.subscribe(CHANNEL)
            duties = [asyncio.create_task(self._send()), asyncio.create_task(self._receive(subscription, hear))]
            try:
                await asyncio.wait(duties, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for duty in duties:
                    duty.cancel()
                outcomes = await asyncio.gather(*duties, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, Exception):
                    raise outcome
        finally:
            await self._close(subscription)

    async def _send(self) -> None:
        while not _is_cancelled():
            self._news.clear()
            while self._waiting:
                await self._publish(_written(self._own, self._waiting.popleft()))
            await self._publish(json.dumps([self._own, PROBE]))
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE_S):
                    await self._news.wait()

    async def _publish(self, text: str) -> None:
        async with asyncio.timeout(CONNECT_S):
            await self._redis.publish(CHANNEL, text)

    async def _receive(self, subscription: Any, hear: Callable[[News], None]) -> None:
        while not _is_cancelled():
            async with asyncio.timeout(CONNECT_S):
                message = await subscription.get_message(timeout=None)
            if message is None:
                continue
            origin, news = _read(message.get("data"))
            if origin == self._own:
                if not self.is_up:
                    log.info("Redis answers")
                self._heard = self._clock()
            elif news is not None:
                hear(news)

    async def _close(self, part: Any) -> None:
        with suppress(RedisError, OSError, TimeoutError):  # it is gone already
            async with asyncio.timeout(CONNECT_S):
                await part.aclose()


def _is_cancelled() -> bool:
    """A cancellation that comes while redis-py reads an answer can be lost in it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _written(own: str, news: News) -> str:
    return json.dumps([own, news.what, news.conversation, news.n, news.who])


def _read(data: object) -> tuple[str, News | None]:
    """(the process it came from, its news). Anybody may publish here: what is no news is nobody's."""
    if not isinstance(data, str) or len(data) > LONGEST:
        return "", None
    try:
        match json.loads(data):
            case [str(origin), "probe"]:
                return origin, None
            case [str(origin), str(what), str(conversation), int(n), str(who)] if 0 <= n < 2**53:
                return origin, News(What(what), conversation, n, who)
    except (ValueError, RecursionError):
        pass
    return "", None


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
