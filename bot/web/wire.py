"""The frames of `bot.v1`: the only module that turns values into JSON for sockets and back.

Parsing bounds everything before anything else sees it; an unknown field is ignored, an unknown type is an error.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from bot.conversation import Event, Kind
from bot.errors import Conflict, Forbidden, NotFound, Refused, StorageFull, TooLarge, Unavailable
from bot.events import INTERNAL
from bot.hub import Draft, Place, Shown, Typing

SUBPROTOCOL = "bot.v1"
MAX_FRAME = 64 * 1024  # bytes
MAX_RESUMED = 50  # conversations in one hello
PAGE = 100  # events in one sync
REPLAY = 300  # events replayed on resume; more than that is a resync

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")  # stored once, half a surrogate pair would break every later resume

CLOSE = {
    "binary": 1003, "too_big": 1009, "shutting_down": 4001, "too_slow": 4002, "no_pong": 4003, "server_error": 4004,
    "overloaded": 4005, "rate": 4006, "auth_expired": 4007, "bad_ticket": 4500, "malformed": 4501, "no_hello": 4502,
    "too_many_connections": 4504, "blocked": 4505, "revoked": 4506, "too_many_errors": 4507,
}  # fmt: skip


class Malformed(Refused):
    """Not a frame of this protocol; `code` goes to the client."""

    def __init__(self, sentence: str, code: str = "bad_request", ref: str | None = None) -> None:
        super().__init__(sentence)
        self.code, self.ref = code, ref


# ── client → server ──


@dataclass(frozen=True, slots=True)
class Position:
    conversation: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Hello:
    ticket: str
    resume: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Send:
    id: str
    conversation: str
    cid: str
    text: str


@dataclass(frozen=True, slots=True)
class Sync:
    id: str
    conversation: str
    epoch: str
    since: int
    limit: int


@dataclass(frozen=True, slots=True)
class Read:
    conversation: str
    seq: int


@dataclass(frozen=True, slots=True)
class TypingOn:
    conversation: str
    on: bool


@dataclass(frozen=True, slots=True)
class Rate:
    id: str
    conversation: str
    cid: str
    score: int
    seq: int | None
    comment: str


@dataclass(frozen=True, slots=True)
class AskPerson:
    id: str
    conversation: str
    cid: str


@dataclass(frozen=True, slots=True)
class LeaveEmail:
    id: str
    conversation: str
    cid: str
    email: str


@dataclass(frozen=True, slots=True)
class End:
    """The customer ends the conversation."""

    id: str
    conversation: str
    cid: str


@dataclass(frozen=True, slots=True)
class Pong:
    n: int


Frame = Hello | Send | Sync | Read | TypingOn | Rate | AskPerson | LeaveEmail | End | Pong


class Fields:
    """One frame's fields, each taken by type and bound; a wrong one names itself."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def ident(self, name: str) -> str:
        value = self._values.get(name)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise Malformed(f"{name} must be 1 to 64 letters, digits or . _ : -")
        return value

    def text(self, name: str, most: int, default: str | None = None) -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str):
            raise Malformed(f"{name} must be text")
        if _NO_TEXT.search(value):
            raise Malformed(f"{name} holds characters that are not text")
        if len(value) > most:
            raise Malformed(f"{name} is longer than {most} characters", "too_large")
        return value

    def whole(self, name: str, least: int, most: int, default: int | None = None) -> int:
        value = self._values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Malformed(f"{name} must be a whole number from {least} to {most}")
        return value

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise Malformed(f"{name} must be true or false")
        return value

    def texts(self, name: str, most: int, longest: int) -> tuple[str, ...]:
        values = self._values.get(name, [])
        if not isinstance(values, list) or len(values) > most:
            raise Malformed(f"{name} must be a list of at most {most} texts")
        return tuple(Fields({name: value}).text(name, longest) for value in values)

    def object(self, name: str) -> "Fields | None":
        value = self._values.get(name)
        if value is not None and not isinstance(value, dict):
            raise Malformed(f"{name} must be an object")
        return None if value is None else Fields(value)

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def positions(self) -> tuple[Position, ...]:
        values = self._values.get("resume", [])
        if not isinstance(values, list) or len(values) > MAX_RESUMED:
            raise Malformed(f"resume must be a list of at most {MAX_RESUMED} positions")
        return tuple(_position(value) for value in values)


def _position(value: Any) -> Position:
    if not isinstance(value, dict):
        raise Malformed("a position is an object")
    fields = Fields(value)
    return Position(fields.ident("conversation"), fields.text("epoch", 64, ""), fields.whole("seq", 0, 2**53, 0))


CLIENT: Mapping[str, Callable[[Fields], Frame]] = {
    "hello": lambda f: Hello(f.text("ticket", 128), f.positions()),
    "send": lambda f: Send(f.ident("id"), f.ident("conversation"), f.ident("cid"), f.text("text", MAX_FRAME)),
    "sync": lambda f: Sync(f.ident("id"), f.ident("conversation"), f.text("epoch", 64, ""),
                           f.whole("since", 0, 2**53), f.whole("limit", 1, PAGE, PAGE)),
    "read": lambda f: Read(f.ident("conversation"), f.whole("seq", 0, 2**53)),
    "typing": lambda f: TypingOn(f.ident("conversation"), f.flag("on")),
    "rate": lambda f: Rate(f.ident("id"), f.ident("conversation"), f.ident("cid") if f.has("cid") else f.ident("id"),
                           f.whole("score", 1, 5), f.whole("seq", 1, 2**53) if f.has("seq") else None,
                           f.text("comment", 1_000, "")),
    "handoff": lambda f: AskPerson(f.ident("id"), f.ident("conversation"), f.ident("cid")),
    "email": lambda f: LeaveEmail(f.ident("id"), f.ident("conversation"), f.ident("cid"), f.text("email", 320)),
    "close": lambda f: End(f.ident("id"), f.ident("conversation"), f.ident("cid")),
    "pong": lambda f: Pong(f.whole("n", 0, 2**53, 0)),
}  # fmt: skip

CLIENT_FRAMES = tuple(CLIENT)
F = TypeVar("F")


def parse(raw: str) -> Frame:
    """One client frame. Raises Malformed, with the frame's `id` when it had a usable one."""
    return parsed(raw, CLIENT)


def parsed(raw: str, frames: Mapping[str, Callable[[Fields], F]]) -> F:
    try:
        values = json.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("this is not JSON") from None
    if not isinstance(values, dict):
        raise Malformed("a frame is one JSON object")
    ref = values.get("id")
    ref = ref if isinstance(ref, str) and _ID.fullmatch(ref) else None
    make = frames.get(values["type"]) if isinstance(values.get("type"), str) else None
    if make is None:
        raise Malformed("unknown type of frame", "unknown_type", ref)
    try:
        return make(Fields(values))
    except Malformed as wrong:
        raise Malformed(str(wrong), wrong.code, ref) from None


# ── server → client ──

SERVER_FRAMES = ("welcome", "event", "ack", "error", "resync", "ping", "draft", "typing", "queue", "bye")
EPHEMERAL = frozenset({"draft", "typing", "queue", "presence"})
HIDDEN = "conversation.updated"  # what agents do among themselves: it has a position, and says nothing
SHOWN: Mapping[Kind, tuple[str, ...]] = {  # what of an event's data its customer reads
    Kind.MESSAGE: ("source", "agent"),
    Kind.HANDED_OFF: ("reason", "position", "wait_s", "opens_at", "offer"),
    Kind.CLAIMED: ("agent",),
    Kind.TRANSFERRED: ("agent",),
    Kind.CLOSED: ("by",),
    Kind.DELAYED: ("offer",),
    Kind.EMAIL_LEFT: ("email",),
    Kind.RATED: ("score", "about", "comment"),
}


def dump(frame: Mapping[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def item(conversation: str, item: Shown, sender: str) -> dict[str, Any]:
    """What the hub carries, as a frame for the browser known as `sender`."""
    match item:
        case Event():
            return event(conversation, item, sender)
        case Draft(answers, n, text, citations):
            return {"type": "draft", "conversation": conversation, "answers": answers, "n": n, "text": text,
                    "citations": [asdict(c) for c in citations]}  # fmt: skip
        case Typing(author, on):
            return {"type": "typing", "conversation": conversation, "author": author, "on": on}
        case Place():
            return queue(conversation, item)


def queue(conversation: str, place: Place) -> dict[str, Any]:
    opens_at = place.opens_at.isoformat() if place.opens_at else None
    return {"type": "queue", "conversation": conversation, "position": place.position, "wait_s": place.wait_s,
            "open": place.is_open, "opens_at": opens_at}  # fmt: skip


def event(conversation: str, event: Event, sender: str) -> dict[str, Any]:
    is_hidden = event.kind in INTERNAL
    frame: dict[str, Any] = {
        "type": "event", "conversation": conversation, "seq": event.seq,
        "kind": HIDDEN if is_hidden else event.kind.value,
        "author": "system" if is_hidden else event.author.value, "at": event.at.isoformat(),
        "body": {} if is_hidden else body(event, SHOWN.get(event.kind, ())),
    }  # fmt: skip
    if event.cid and event.sender == sender:
        frame["cid"] = event.cid
    return frame


def body(event: Event, shown: Iterable[str]) -> dict[str, Any]:
    """What of an event its readers may see: never evidence, never another browser's id."""
    made: dict[str, Any] = {} if event.kind in (Kind.REOPENED, Kind.RATED) else {"text": event.text}
    if event.answers is not None:
        made["answers"] = event.answers
    if event.citations or (event.answers is not None and event.kind is Kind.MESSAGE):
        made["citations"] = [asdict(citation) for citation in event.citations]
    if event.options:
        made["options"] = list(event.options)
    return made | {name: event.data[name] for name in shown if name in event.data}


def welcome(
    connection: str, now: datetime, heartbeat: float, limits: Mapping[str, int], resumed: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {"type": "welcome", "connection": connection, "now": now.isoformat(), "heartbeat": heartbeat,
            "limits": dict(limits), "conversations": [dict(one) for one in resumed]}  # fmt: skip


def ack(ref: str, conversation: str, cid: str, seq: int, duplicate: bool) -> dict[str, Any]:
    return {"type": "ack", "ref": ref, "conversation": conversation, "cid": cid, "seq": seq, "duplicate": duplicate}


def synced(ref: str, conversation: str, head: int) -> dict[str, Any]:
    """The end of a `sync`: its events were sent before it."""
    return {"type": "ack", "ref": ref, "conversation": conversation, "seq": head, "duplicate": False}


def resync(conversation: str, epoch: str, head: int, why: str) -> dict[str, Any]:
    return {"type": "resync", "conversation": conversation, "epoch": epoch, "head": head, "why": why}


def error(code: str, *, ref: str | None = None, retry: bool = False, after_ms: int | None = None) -> dict[str, Any]:
    frame: dict[str, Any] = {"type": "error", "code": code, "retry": retry}
    if ref is not None:
        frame["ref"] = ref
    if after_ms is not None:
        frame["after_ms"] = after_ms
    return frame


def error_for(wrong: Exception, ref: str | None) -> dict[str, Any]:
    """The code for an error, and never its text: that may hold SQL or paths."""
    match wrong:
        case Malformed():
            return error(wrong.code, ref=wrong.ref or ref)
        case TooLarge():
            return error("too_large", ref=ref)
        case Refused():
            return error("bad_request", ref=ref)
        case NotFound():
            return error("not_found", ref=ref)
        case Conflict(why=why):
            return error("conflict", ref=ref) | ({"why": why} if why else {})
        case Forbidden():
            return error("forbidden", ref=ref)
        case StorageFull():
            return error("storage_full", ref=ref, retry=True, after_ms=10_000)
        case Unavailable():
            return error("storage_unavailable", ref=ref, retry=True, after_ms=2_000)
        case _:
            return error("internal", ref=ref, retry=True, after_ms=2_000)
