"""The agents' frames of `bot.v1`, and the objects their pages share with them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.access import Agent
from bot.conversation import Event
from bot.desk import Row, Turn
from bot.events import name_of
from bot.hub import Shown, Typing
from bot.packet import Card, Inquiry, Packet, first_seen
from bot.presence import Presence
from bot.web import wire
from bot.web.wire import Fields

MOST_PASSAGES = 5  # cited with one message
MOST_TAGS = 50  # in one frame; the conversation itself takes fewer


# ── agent → server ──


@dataclass(frozen=True, slots=True)
class AgentHello:
    ticket: str
    resume: tuple[wire.Position, ...]
    inbox_epoch: str
    inbox_position: int | None  # None: the client has no list yet


@dataclass(frozen=True, slots=True)
class Open:
    id: str
    conversation: str


@dataclass(frozen=True, slots=True)
class Leave:
    id: str
    conversation: str


@dataclass(frozen=True, slots=True)
class Act:
    """claim, return or close."""

    what: str
    id: str
    conversation: str
    cid: str
    expect_version: int


@dataclass(frozen=True, slots=True)
class Transfer:
    id: str
    conversation: str
    cid: str
    expect_version: int
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    id: str
    conversation: str
    cid: str
    text: str


@dataclass(frozen=True, slots=True)
class Tag:
    id: str
    conversation: str
    cid: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Say:
    id: str
    conversation: str
    cid: str
    text: str
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Away:
    on: bool


AgentFrame = AgentHello | Open | Leave | Act | Transfer | Note | Tag | Say | Away | wire.Frame


def _hello(f: Fields) -> AgentHello:
    inbox = f.object("inbox")
    where = None if inbox is None else inbox.whole("position", 0, 2**53, 0)
    return AgentHello(f.text("ticket", 128), f.positions(), inbox.text("epoch", 64, "") if inbox else "", where)


def _act(what: str) -> Callable[[Fields], Act]:
    return lambda f: Act(what, *_named(f), f.whole("expect_version", 0, 2**53))


def _named(f: Fields) -> tuple[str, str, str]:
    return f.ident("id"), f.ident("conversation"), f.ident("cid")


_AGENT: Mapping[str, Callable[[Fields], AgentFrame]] = {
    "hello": _hello,
    "open": lambda f: Open(f.ident("id"), f.ident("conversation")),
    "leave": lambda f: Leave(f.ident("id"), f.ident("conversation")),
    "claim": _act("claim"),
    "return": _act("return"),
    "close": _act("close"),
    "transfer": lambda f: Transfer(*_named(f), f.whole("expect_version", 0, 2**53), f.text("to", 64),
                                   f.text("text", wire.MAX_FRAME, "")),
    "note": lambda f: Note(*_named(f), f.text("text", wire.MAX_FRAME)),
    "tag": lambda f: Tag(*_named(f), f.texts("tags", MOST_TAGS, 1_000)),
    "send": lambda f: Say(*_named(f), f.text("text", wire.MAX_FRAME), f.texts("passages", MOST_PASSAGES, 64)),
    "away": lambda f: Away(f.flag("on")),
    **{name: wire.CLIENT[name] for name in ("sync", "read", "typing", "pong")},
}  # fmt: skip

AGENT_FRAMES = tuple(_AGENT)
AGENT_SERVER_FRAMES = ("inbox", "presence")


def parse(raw: str) -> AgentFrame:
    """One agent's frame. Raises Malformed."""
    return wire.parsed(raw, _AGENT)


# ── server → agent ──


def item(conversation: str, item: Shown, agent: Agent) -> dict[str, Any]:
    match item:
        case Event():
            return event(conversation, item, agent.id)
        case Typing(name=name):
            return wire.item(conversation, item, agent.id) | {"name": name}
        case _:
            return wire.item(conversation, item, agent.id)


def event(conversation: str, event: Event, sender: str) -> dict[str, Any]:
    """Agents read everything but evidence, which is fetched by itself."""
    frame: dict[str, Any] = {
        "type": "event", "conversation": conversation, "seq": event.seq, "kind": event.kind.value,
        "author": event.author.value, "at": event.at.isoformat(), "body": wire.body(event, event.data),
    }  # fmt: skip
    if event.cid and event.sender == sender:
        frame["cid"] = event.cid
    return frame


def inbox(
    epoch: str, position: int, rows: Sequence[Row], counts: Mapping[str, int], reset: bool = False
) -> dict[str, Any]:
    return {"type": "inbox", "epoch": epoch, "position": position, "rows": [row_of(row) for row in rows],
            "counts": dict(counts), "reset": reset}  # fmt: skip


def presence(agents: Sequence[Agent], here: Presence, held: Mapping[str, int]) -> dict[str, Any]:
    return {"type": "presence", "agents": colleagues(agents, here, held)}


def colleagues(agents: Sequence[Agent], here: Presence, held: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"id": agent.id, "name": agent.name, "role": agent.role.value, "online": here.is_online(agent.id),
         "away": here.is_away(agent.id), "load": held.get(agent.id, 0), "capacity": agent.capacity}
        for agent in agents
        if agent.is_active
    ]  # fmt: skip


# ── objects ──


def row_of(row: Row) -> dict[str, Any]:
    c = row.conversation
    name, is_verified = name_of(c.customer)
    last = c.last and {"author": c.last.author.value, "text": c.last.text, "at": c.last.at.isoformat(),
                       "seq": c.last.seq}  # fmt: skip
    return {
        "conversation": c.id, "seq": row.position, "status": c.status.value, "version": c.version, "head": c.head,
        "epoch": c.epoch, "name": name, "verified": is_verified, "language": c.language, "reason": c.reason,
        "tags": list(c.tags), "agent": {"id": c.agent, "name": c.agent_name} if c.agent else None,
        "waiting_since": _iso(c.waiting_since), "owed_since": _iso(c.owed_since), "queue_at": _iso(c.queue_at),
        "first_in_line": c.is_first_in_line, "email": c.email, "page": c.page, "last": last, "asked": c.asked,
        "created_at": _iso(c.created_at), "updated_at": _iso(row.updated_at), "score": c.score,
    }  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def packet_of(packet: Packet) -> dict[str, Any]:
    evidence = packet.turn.evidence if packet.turn else {}
    handed_off, question = packet.handed_off, packet.question
    return {
        "conversation": packet.row.conversation.id,
        "reason": packet.row.conversation.reason,
        "handed_off_at": _iso(handed_off.at) if handed_off else None,
        "question": {"seq": question.seq, "text": question.text} if question else None,
        **{name: evidence.get(name, "") for name in ("query", "decision", "source", "draft", "error")},
        "score": evidence.get("score"),
        "thresholds": evidence.get("thresholds") or {},
        "verdicts": list(evidence.get("verdicts") or ()),
        "passages": [_card(card) for card in packet.cards],
        "customer": _customer(packet),
        "earlier": [_earlier(row) for row in packet.earlier],
        "turns": [_short(turn) for turn in packet.turns],
    }


def _customer(packet: Packet) -> dict[str, Any]:
    c = packet.row.conversation
    name, is_verified = name_of(c.customer)
    return {"name": name, "id": c.customer.partition(":")[2], "verified": is_verified, "language": c.language,
            "page": c.page, "email": c.email, "first_seen": _iso(first_seen(packet.earlier, packet.row)),
            "conversations": 1 + len(packet.earlier)}  # fmt: skip


def _earlier(row: Row) -> dict[str, Any]:
    made = row_of(row)
    return {name: made[name] for name in ("conversation", "status", "reason", "created_at", "updated_at", "last",
                                          "score")}  # fmt: skip


def _short(turn: Turn) -> dict[str, Any]:
    evidence = turn.evidence
    return {"question_seq": turn.question_seq, "reply_seq": turn.reply_seq,
            **{name: evidence.get(name) for name in ("question", "decision", "source", "score")}}  # fmt: skip


def _card(card: Card) -> dict[str, Any]:
    passage = card.passage
    return {
        **{name: card.noted.get(name) for name in ("passage", "anchor", "title", "score", "dense", "lexical",
                                                   "coverage")},
        "text": passage.text if passage else "", "url": passage.url if passage else "", "live": card.is_live,
    }  # fmt: skip


def turn_of(conversation: str, inquiry: Inquiry) -> dict[str, Any]:
    evidence, question, reply = dict(inquiry.turn.evidence), inquiry.question, inquiry.reply
    cards = [_card(card) for card in inquiry.cards]
    verdicts = [
        {**verdict, "words": list(words), "passage_title": _title(verdict, cards)}
        for verdict, words in zip(evidence.get("verdicts") or (), inquiry.words, strict=True)
    ]
    return {
        "conversation": conversation,
        "question_seq": inquiry.turn.question_seq,
        "reply_seq": inquiry.turn.reply_seq,
        "question": question.text if question else "",
        "reply": {"text": reply.text, "citations": [asdict(one) for one in reply.citations]} if reply else None,
        "evidence": {**evidence, "hits": cards, "verdicts": verdicts},
    }


def _title(verdict: Mapping[str, Any], cards: Sequence[Mapping[str, Any]]) -> str:
    index = verdict.get("passage")
    return str(cards[index]["title"]) if index is not None and 0 <= index < len(cards) else ""
