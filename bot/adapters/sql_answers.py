"""Answers on their way into the knowledge base, in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, insert, select, update

from bot.adapters import tables as t
from bot.adapters.sql_database import Database, one, whole
from bot.answer_draft import AnswerDraft, DraftStatus
from bot.desk import DraftStep

MOST = 500  # in one list


class SqlAnswers:
    """The Drafts port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def database(self) -> Database:
        return self._database

    @whole()
    async def add_draft(self, draft: AnswerDraft) -> None:
        async with self.database.writing() as connection:
            await connection.execute(insert(t.answer_draft).values(_row(draft)))

    @whole()
    async def draft(self, id: str) -> AnswerDraft:
        async with self.database.reading() as connection:
            return _as_draft(await one(connection, _by_id(id), "answer"))

    @whole()
    async def drafts(self, status: str = "") -> Sequence[AnswerDraft]:
        c = t.answer_draft.c
        query = select(t.answer_draft).order_by(c.created_at.desc(), c.id).limit(MOST)
        async with self.database.reading() as connection:
            found = await connection.execute(query.where(c.status == status) if status else query)
            return tuple(map(_as_draft, found))

    @whole()
    async def change_draft(self, id: str, step: DraftStep) -> AnswerDraft:
        async with self.database.writing() as connection:
            after = step(_as_draft(await one(connection, _by_id(id).with_for_update(), "answer")))
            await connection.execute(update(t.answer_draft).where(t.answer_draft.c.id == id).values(_row(after)))
            return after


def _by_id(id: str) -> Select[Any]:
    return select(t.answer_draft).where(t.answer_draft.c.id == id)


def _row(draft: AnswerDraft) -> dict[str, object]:
    return {
        "id": draft.id,
        "status": draft.status.value,
        "question": draft.question,
        "answer": draft.answer,
        "language": draft.language,
        "phrasings": list(draft.phrasings),
        "category": draft.category,
        "conversation_id": draft.conversation,
        "agent_id": draft.agent_id,
        "agent_name": draft.agent_name,
        "passage": draft.passage,
        "document": draft.document,
        "created_at": draft.created_at,
        "published_at": draft.published_at,
    }


def _as_draft(row: Row[Any]) -> AnswerDraft:
    return AnswerDraft(
        id=row.id,
        status=DraftStatus(row.status),
        question=row.question,
        answer=row.answer,
        language=row.language,
        phrasings=tuple(row.phrasings),
        category=row.category,
        conversation=row.conversation_id,
        agent_id=row.agent_id,
        agent_name=row.agent_name,
        passage=row.passage,
        document=row.document,
        created_at=row.created_at,
        published_at=row.published_at,
    )
