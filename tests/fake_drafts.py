"""Drafts in memory, held to the same contract as SQL."""

import asyncio
from collections.abc import Sequence

from bot.answer_draft import AnswerDraft
from bot.desk import DraftStep
from bot.errors import Conflict, NotFound


class FakeDrafts:
    def __init__(self) -> None:
        self.held: dict[str, AnswerDraft] = {}

    async def add_draft(self, draft: AnswerDraft) -> None:
        await asyncio.sleep(0)
        if draft.id in self.held:
            raise Conflict("it is there already")
        self.held[draft.id] = draft

    async def draft(self, id: str) -> AnswerDraft:
        await asyncio.sleep(0)
        if id not in self.held:
            raise NotFound("there is no such answer")
        return self.held[id]

    async def drafts(self, status: str = "") -> Sequence[AnswerDraft]:
        await asyncio.sleep(0)
        some = [draft for draft in self.held.values() if status in ("", draft.status)]
        return tuple(
            sorted(some, key=lambda draft: (-draft.created_at.timestamp() if draft.created_at else 0, draft.id))
        )

    async def change_draft(self, id: str, step: DraftStep) -> AnswerDraft:
        before = await self.draft(id)
        self.held[id] = step(before)
        return self.held[id]
