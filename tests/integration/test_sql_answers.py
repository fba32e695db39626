"""The Drafts contract: in memory, on SQLite and on PostgreSQL."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.sql_answers import SqlAnswers
from bot.adapters.sql_database import Database
from bot.answer_draft import AnswerDraft, DraftStatus
from bot.desk import Drafts
from bot.errors import Conflict, NotFound
from tests.fake_drafts import FakeDrafts

AT = datetime(2026, 3, 1, 9, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture(scope="module", params=["fake", "sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "fake" else str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def drafts(url: str) -> AsyncIterator[Drafts]:
    if not url:
        yield FakeDrafts()
        return
    database = Database(url)
    yield SqlAnswers(database)
    await database.close()


def draft(**fields: object) -> AnswerDraft:
    one = AnswerDraft(
        secrets.token_hex(16), DraftStatus.DRAFT, "可以包装吗？", "Yes.\n\n- **a**", "zh", ("gift", "wrap"), "Gifts",
        agent_name="Ann", created_at=AT,
    )  # fmt: skip
    return replace(one, **fields)  # type: ignore[arg-type]


async def test_what_is_added_is_found_whole(drafts: Drafts) -> None:
    one = draft(passage="p" * 32, document="a.md#b", published_at=AT + timedelta(days=1), status=DraftStatus.PUBLISHED)
    await drafts.add_draft(one)
    assert await drafts.draft(one.id) == one
    with pytest.raises(NotFound):
        await drafts.draft("nobody")


async def test_an_id_is_taken_once(drafts: Drafts) -> None:
    one = draft()
    await drafts.add_draft(one)
    with pytest.raises(Conflict):
        await drafts.add_draft(replace(one, question="Another?"))
    assert await drafts.draft(one.id) == one


async def test_lists_are_newest_first_and_by_status(drafts: Drafts) -> None:
    old, new = draft(created_at=AT), draft(created_at=AT + timedelta(hours=1), status=DraftStatus.DISMISSED)
    for one in (old, new):
        await drafts.add_draft(one)
    ids = [one.id for one in await drafts.drafts() if one.id in (old.id, new.id)]
    assert ids == [new.id, old.id]
    assert new.id in {one.id for one in await drafts.drafts("dismissed")}
    assert old.id not in {one.id for one in await drafts.drafts("dismissed")}


async def test_a_step_works_on_the_newest_state_and_what_it_raises_changes_nothing(drafts: Drafts) -> None:
    one = draft(answer="")
    await drafts.add_draft(one)

    def longer(before: AnswerDraft) -> AnswerDraft:
        return replace(before, answer=before.answer + "x")

    await asyncio.gather(*(drafts.change_draft(one.id, longer) for _ in range(8)))
    assert (await drafts.draft(one.id)).answer == "x" * 8

    def fails(before: AnswerDraft) -> AnswerDraft:
        raise Conflict("no")

    with pytest.raises(Conflict, match="no"):
        await drafts.change_draft(one.id, fails)
    assert (await drafts.draft(one.id)).answer == "x" * 8
    with pytest.raises(NotFound):
        await drafts.change_draft("nobody", longer)


async def test_a_draft_names_no_conversation_that_is_not_there(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    one = draft(conversation="nowhere")
    with pytest.raises(Conflict):
        await SqlAnswers(database).add_draft(one)
    with pytest.raises(NotFound):
        await SqlAnswers(database).draft(one.id)
    await database.close()
