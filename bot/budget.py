"""What may be generated in a day: drafts of one conversation, and tokens of all together. Then passages are quoted.

The longest a draft may become is set aside before it is written, and what it did not use is given back: so the limit
holds however many are written at once.
"""

import asyncio
from dataclasses import dataclass, field

from bot.errors import Unavailable
from bot.limits import Draw, Limits, OwnLimits, Quota


@dataclass(slots=True)
class Spending:
    """Tokens set aside for one reply. Told how many were used; those it was not told of stay spent."""

    draw: Draw | None
    n_open: int = 0  # drafts that may still be at it
    used: int = 0


@dataclass(slots=True)
class Budget:
    """0: no limit. What is outside any conversation (`bot ask`, `bot evaluate`) is not counted."""

    limits: Limits = field(default_factory=OwnLimits)
    tokens: int = 0
    drafts: int = 0
    _settling: set[asyncio.Task[None]] = field(default_factory=set)

    async def begin(self, conversation: str, tokens: int) -> Spending:
        """Raises Unavailable when there is nothing left."""
        if not conversation or not (self.tokens or self.drafts):
            return Spending(None)
        whole = Draw("tokens", "all", Quota(self.tokens), tokens) if self.tokens else None
        own = Draw("drafts", conversation, Quota(self.drafts)) if self.drafts else None
        if await self.limits.take(*(draw for draw in (own, whole) if draw)):
            raise Unavailable("what may be generated in a day is used up")
        return Spending(whole)

    def settle(self, spending: Spending) -> None:
        """Returns at once. A draft that is still being written keeps what was set aside."""
        draw = spending.draw
        if draw is None or spending.n_open or spending.used >= draw.n:
            return
        unused = Draw(draw.what, draw.key, draw.of, draw.n - spending.used)
        task = asyncio.ensure_future(self.limits.give_back(unused))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
