"""HTTP for customers who were told what is no longer so."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from bot import recall
from bot.access import Action
from bot.errors import Conflict
from bot.knowledge import Passage
from bot.ports import Bot
from bot.recall import DAYS, MOST_DAYS, SHOWN, Affected
from bot.web import agent_wire
from bot.web.console_login import Denied, Seat, may
from bot.web.served import served


async def _unstored(response: Response) -> None:
    response.headers["cache-control"] = "no-store"


router = APIRouter(prefix="/v1/console/recall", dependencies=[Depends(_unstored)])
Agent = Annotated[Seat, Depends(may(Action.RECALL))]
Days = Annotated[int, Query(ge=0, le=MOST_DAYS)]


class Named(BaseModel):
    """One case: a conversation, and the passage that is gone."""

    conversation: str = Field(max_length=64)
    passage: str = Field(max_length=64)


class Correction(Named):
    new: str = Field(max_length=64)  # the passage that says it now, as the agent saw it; "": none does
    text: str = Field(max_length=20_000)  # what is too long for a message is said in a sentence, not in a code
    cid: str = Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")


def _bot(request: Request) -> Bot:
    return served(request).bot


@router.get("")
async def affected(
    request: Request, who: Agent, days: Days = DAYS, limit: Annotated[int, Query(ge=1, le=500)] = SHOWN
) -> dict[str, Any]:
    n_cases, found = await recall.affected(_bot(request), days, limit)
    return {"count": n_cases, "days": days, "affected": [_shown(one) for one in found]}


@router.get("/count")
async def count(request: Request, who: Agent, days: Days = DAYS) -> dict[str, int]:
    return {"count": await recall.count(_bot(request), days)}


@router.post("/send")
async def send(request: Request, who: Agent, asked: Correction) -> dict[str, Any]:
    try:
        changed = await recall.send(
            _bot(request), who.agent, asked.conversation, asked.passage, asked.text, new=asked.new, cid=asked.cid
        )
    except Conflict as error:  # the code tells the page what to do
        raise Denied(409, error.why or "conflict", says=str(error)) from None
    return {"seq": changed.events[0].seq, "duplicate": changed.is_duplicate}


@router.post("/dismiss", status_code=204)
async def dismiss(request: Request, who: Agent, asked: Named) -> None:
    await recall.dismiss(_bot(request), who.agent, asked.conversation, asked.passage)


# ── what they say ──


def _shown(one: Affected) -> dict[str, Any]:
    row = agent_wire.row_of(one.row)
    told = one.case.told
    return {
        **{name: row[name] for name in ("conversation", "name", "status", "language", "agent", "email")},
        "seq": told.seq,
        "told_at": told.at.isoformat(),
        "changed_at": told.retired_at.isoformat(),
        "author": one.message.author.value,
        "text": one.message.text,
        "old": _passage(one.case.old),
        "new": _passage(one.case.new) if one.case.new else None,
        "correction": one.correction,
    }


def _passage(passage: Passage) -> dict[str, str]:
    return {
        "passage": passage.id, "title": passage.title, "text": passage.text, "url": passage.url,
        "source": passage.source,
    }  # fmt: skip
