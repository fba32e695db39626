"""What the console reads by HTTP: lists, packets, evidence, colleagues. Changes go through the socket."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.websockets import WebSocket

from bot.access import Action
from bot.desk import Canned, View, Wanted
from bot.errors import Refused
from bot.packet import inquiry, packet
from bot.ports import Bot
from bot.web import agent_socket, agent_wire
from bot.web.console_login import Seat, may
from bot.web.served import served

MOST_CANNED = 200
router = APIRouter(prefix="/v1/console")
Reader = Annotated[Seat, Depends(may(Action.READ))]
Editor = Annotated[Seat, Depends(may(Action.CANNED))]
Id = Annotated[str, "the id of a conversation"]


async def _unstored(response: Response) -> None:
    """What customers said stays out of caches."""
    response.headers["cache-control"] = "no-store"


def _bot(request: Request) -> Bot:
    return served(request).bot


class Filters(BaseModel):
    view: View = View.WAITING
    reason: str = Field("", max_length=64)
    language: str = Field("", max_length=16)
    tag: str = Field("", max_length=64)
    agent: str = Field("", max_length=64)
    q: str = Field("", max_length=200)
    before: str = Field("", max_length=128)
    limit: int = Field(50, ge=1, le=100)


@router.get("/conversations", dependencies=[Depends(_unstored)])
async def conversations(request: Request, who: Reader, asked: Annotated[Filters, Query()]) -> dict[str, Any]:
    inbox = _bot(request).inbox
    wanted = Wanted(
        asked.view, who.agent.id, asked.reason, asked.language, asked.tag, asked.agent, asked.q, asked.before,
        asked.limit,
    )  # fmt: skip
    page = await inbox.page(wanted)
    return {
        "epoch": page.epoch,
        "position": page.position,
        "counts": dict(await inbox.counts(who.agent.id)),
        "rows": [agent_wire.row_of(row) for row in page.rows],
        "next": page.next or None,
        "tags": list(await inbox.tags()),
    }


@router.get("/conversations/{id}", dependencies=[Depends(_unstored)])
async def conversation(request: Request, who: Reader, id: Id) -> dict[str, Any]:
    return agent_wire.row_of(await _bot(request).inbox.row(id))


@router.get("/conversations/{id}/packet", dependencies=[Depends(_unstored)])
async def conversation_packet(request: Request, who: Reader, id: Id) -> dict[str, Any]:
    return agent_wire.packet_of(await packet(_bot(request), id))


@router.get("/conversations/{id}/turns/{seq}", dependencies=[Depends(_unstored)])
async def turn(request: Request, who: Reader, id: Id, seq: int) -> dict[str, Any]:
    return agent_wire.turn_of(id, await inquiry(_bot(request), id, max(seq, 0)))


@router.get("/agents", dependencies=[Depends(_unstored)])
async def agents(request: Request, who: Reader) -> dict[str, Any]:
    bot = _bot(request)
    return {"agents": agent_wire.colleagues(await bot.roster.agents(), bot.presence, await bot.inbox.held())}


# ── canned replies ──


class CannedReply(BaseModel):
    shortcut: str = Field(pattern=r"^[\w-]{1,32}$")
    title: str = Field("", max_length=80)
    text: str = Field(min_length=1, max_length=4_000)
    language: str = Field("en", pattern="^(en|zh)$")


class CannedReplies(BaseModel):
    canned: list[CannedReply] = Field(max_length=MOST_CANNED)


@router.get("/canned")
async def canned(request: Request, who: Reader) -> dict[str, Any]:
    return {"canned": [_shown(one) for one in await _bot(request).roster.canned()]}


@router.put("/canned")
async def replace_canned(request: Request, who: Editor, asked: CannedReplies) -> dict[str, Any]:
    wanted = [Canned(one.shortcut, one.title or one.shortcut, one.text, one.language) for one in asked.canned]
    if len({(one.shortcut, one.language) for one in wanted}) < len(wanted):
        raise Refused("two canned replies have the same shortcut")
    await _bot(request).roster.replace_canned(wanted)
    return await canned(request, who)


def _shown(one: Canned) -> dict[str, str]:
    return {"shortcut": one.shortcut, "title": one.title, "text": one.text, "language": one.language}


@router.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    await agent_socket.serve(websocket, served(websocket).doors)
