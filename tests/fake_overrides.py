"""The fake of the Overrides port, in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bot.overrides import Override


class FakeOverrides:
    def __init__(self) -> None:
        self.held: dict[str, Override] = {}

    async def overrides(self) -> Sequence[Override]:
        await asyncio.sleep(0)
        return tuple(self.held[anchor] for anchor in sorted(self.held))

    async def put(self, override: Override) -> None:
        await asyncio.sleep(0)
        self.held[override.anchor] = override

    async def settle(self, kept: Sequence[Override], dropped: Sequence[Override]) -> None:
        await asyncio.sleep(0)
        for one in (*kept, *dropped):
            mine = self.held.get(one.anchor)
            if mine is None or mine.at != one.at:
                continue
            if one in dropped:
                del self.held[one.anchor]
            else:
                self.held[one.anchor] = replace(mine, file=one.file)
