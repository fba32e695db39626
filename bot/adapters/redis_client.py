"""Redis as its adapters reach it."""

from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.errors import Refused


def client(url: str, pool: type[ConnectionPool] = ConnectionPool, **options: Any) -> Any:
    """No second try: whoever asks has something else to fall back on. Raises Refused for what is no address.

    `driver_info`: else each connection reads redis-py's version from the disk.
    """
    try:
        return Redis.from_pool(pool.from_url(url, retry=Retry(NoBackoff(), 0), driver_info=None, **options))
    except (ValueError, RedisError):
        raise Refused("BOT_REDIS_URL cannot be read: write redis://host or rediss://host") from None
