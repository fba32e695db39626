"""The customer's socket: one reader, one sender, and nothing between them but the store and the hub.

The reader writes to the store; the sender reads what the hub brings. Acks, errors and history go through the same
outbox as events, so that nothing overtakes anything.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from bot import reply
from bot.conversation import MAX_TEXT, Author, Event
from bot.errors import NotFound, Refused, Unavailable
from bot.hub import Item, Typing
from bot.ports import Bot, Session
from bot.web import wire
from bot.web.auth import Tickets, is_own_origin
from bot.web.limits import Allowance, Buckets, Counters, is_limited
from bot.web.outbox import Outbox
from bot.web.wire import CLOSE

log = logging.getLogger(__name__)

HELLO_S = 10.0
HEARTBEAT_S = 25.0
PONG_S = 20.0
MOST_ERRORS = 20  # frames refused on one socket before it is closed
SOCKETS_PER_SESSION = 5
SOCKETS_PER_ADDRESS = 50
MESSAGES = Allowance(burst=10, every_s=2.0)
TYPING = Allowance(burst=1, every_s=1.0)
LIMITS = {"text": MAX_TEXT, "frame": wire.MAX_FRAME, "page": wire.PAGE}


@dataclass(frozen=True, slots=True)
class Doors:
    """What all sockets of one process share."""

    bot: Bot
    tickets: Tickets
    clock: Callable[[], float]
    public_url: str = ""
    per_session: Counters = field(default_factory=Counters)
    per_address: Counters = field(default_factory=Counters)
    open: "set[Customer]" = field(default_factory=set)
    heartbeat_s: float = HEARTBEAT_S
    messages: Buckets = field(init=False)
    typing: Buckets = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "messages", Buckets(MESSAGES, self.clock))
        object.__setattr__(self, "typing", Buckets(TYPING, self.clock))

    def shut(self) -> None:
        """Tell every client to come back later, and close."""
        for customer in tuple(self.open):
            customer.outbox.put({"type": "bye", "code": CLOSE["shutting_down"], "retry_after_ms": 1_000})
            customer.outbox.close(CLOSE["shutting_down"])


async def serve(websocket: WebSocket, doors: Doors) -> None:
    """The life of one socket."""
    if wire.SUBPROTOCOL not in websocket.scope.get("subprotocols", []):
        await websocket.send_denial_response(PlainTextResponse("ask for the subprotocol bot.v1", 400))
        return
    headers = websocket.headers
    if not is_own_origin(headers.get("origin"), headers.get("host"), doors.public_url):
        await websocket.send_denial_response(PlainTextResponse("this origin may not connect", 403))
        return
    address = websocket.client.host if websocket.client else ""
    await websocket.accept(subprotocol=wire.SUBPROTOCOL)
    with ExitStack() as places:
        if is_limited(address) and not places.enter_context(doors.per_address.hold(address, SOCKETS_PER_ADDRESS)):
            await websocket.close(CLOSE["too_many_connections"])
            return
        session, resume = await _hello(websocket, doors)
        if session is None:
            return
        if not places.enter_context(doors.per_session.hold(session.id, SOCKETS_PER_SESSION)):
            await websocket.close(CLOSE["too_many_connections"])
            return
        await Customer(websocket, doors, session).live(resume)


async def _hello(websocket: WebSocket, doors: Doors) -> tuple[Session | None, tuple[wire.Position, ...]]:
    """The first frame, with its ticket; closes the socket when it is not right."""
    code = CLOSE["no_hello"]
    try:
        async with asyncio.timeout(HELLO_S):
            frame = wire.parse(await _text(websocket))
        if isinstance(frame, wire.Hello):
            if (session := doors.tickets.redeem(frame.ticket)) is not None:
                return session, frame.resume
            code = CLOSE["bad_ticket"]
    except wire.Malformed:
        code = CLOSE["malformed"]
    except _Binary:
        code = CLOSE["binary"]
    except (TimeoutError, WebSocketDisconnect):
        pass
    if websocket.client_state is WebSocketState.CONNECTED:
        await websocket.close(code)
    return None, ()


class _Binary(Exception):
    pass


async def _text(websocket: WebSocket) -> str:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text")
    if text is None:
        raise _Binary
    return str(text)


class Customer:
    """One customer's open socket."""

    def __init__(self, websocket: WebSocket, doors: Doors, session: Session) -> None:
        self._websocket, self._doors, self._bot, self._session = websocket, doors, doors.bot, session
        self.outbox = Outbox()
        self._errors = 0
        self._ponged = 0
        self._sent_to = 0  # the seq the client has, or is about to get

    async def live(self, resume: tuple[wire.Position, ...]) -> None:
        """Until either side leaves: greet, then read and send beside each other."""
        self._doors.open.add(self)
        try:
            async with asyncio.TaskGroup() as tasks:
                sender = tasks.create_task(self._send())
                others = [tasks.create_task(self._converse(resume)), tasks.create_task(self._heartbeat())]
                code = await sender
                for task in others:
                    task.cancel()
            await self._close(code)
        except* Exception as group:
            log.error("a customer's socket failed", exc_info=group)
            await self._close(CLOSE["server_error"])
        finally:
            self._doors.open.discard(self)

    async def _send(self) -> int:
        try:
            return await self.outbox.drain(self._websocket.send_text)
        except (WebSocketDisconnect, RuntimeError):
            return 1001  # the other side is gone: there is nothing left to close

    async def _close(self, code: int) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED and (
            self._websocket.client_state is WebSocketState.CONNECTED
        ):
            try:
                async with asyncio.timeout(2):
                    await self._websocket.close(code)
            except (RuntimeError, TimeoutError, WebSocketDisconnect):
                pass

    async def _converse(self, resume: tuple[wire.Position, ...]) -> None:
        try:
            with self._bot.hub.watch(self._session.conversation, self._deliver_later) as draft:
                await self._greet(resume)
                if draft is not None:
                    self._deliver(self._session.conversation, draft)
                while self.outbox.close_code is None:
                    await self._handle(await _text(self._websocket))
        except _Binary:
            self.outbox.close(CLOSE["binary"])
        except WebSocketDisconnect:
            self.outbox.close(1000)
        except Exception:
            log.exception("a customer's socket failed")
            self.outbox.close(CLOSE["server_error"])

    # ── what the hub brings ──

    _held: list[tuple[str, Item]] | None = None

    def _deliver_later(self, conversation: str, item: Item) -> None:
        """While the past is being read, hold what happens; afterwards pass it on."""
        if self._held is None:
            self._deliver(conversation, item)
        else:
            self._held.append((conversation, item))

    def _deliver(self, conversation: str, item: Item) -> None:
        if isinstance(item, Event):
            if item.seq <= self._sent_to:
                return  # the replay had it
            self._sent_to = item.seq
        if isinstance(item, Typing) and item.author is Author.CUSTOMER:
            return
        self.outbox.put(wire.item(conversation, item, self._session.customer))

    async def _greet(self, resume: tuple[wire.Position, ...]) -> None:
        """Welcome, then what was missed, then what happened meanwhile: subscribed before the past is read."""
        self._held = []
        id = self._session.conversation
        conversation = await self._bot.store.conversation(id)
        asked = next((position for position in resume if position.conversation == id), None)
        past, is_whole = await self._past(conversation.epoch, conversation.head, asked)
        state = {"conversation": id, "epoch": conversation.epoch, "head": conversation.head,
                 "status": conversation.status.value, "resumed": is_whole}  # fmt: skip
        self.outbox.put(wire.welcome(secrets.token_hex(8), self._bot.now(), self._doors.heartbeat_s, LIMITS, [state]))
        # Not resumed: the client drops its list and pages `sync` from 0; live events from here on still come.
        self._sent_to = past[-1].seq if past else conversation.head
        await self._put_past(past)
        held, self._held = self._held, None
        for missed in held:
            self._deliver(*missed)

    async def _put_past(self, events: Sequence[Event]) -> None:
        """History goes as fast as it is read: more of it than the outbox holds must not close the socket."""
        for event in events:
            await self.outbox.room()
            self.outbox.put(wire.event(self._session.conversation, event, self._session.customer))

    async def _past(self, epoch: str, head: int, asked: wire.Position | None) -> tuple[list[Event], bool]:
        """(events after the client's position, does that make its list whole?)"""
        since = asked.seq if asked else 0
        if asked and since and asked.epoch != epoch:
            return [], False
        if since > head or head - since > wire.REPLAY:
            return [], False
        return list(await self._bot.store.events(self._session.conversation, since, wire.REPLAY + 60)), True

    async def _heartbeat(self) -> None:
        n = 0
        while True:
            await asyncio.sleep(self._doors.heartbeat_s)
            n += 1
            await self._catch_up()
            self.outbox.put({"type": "ping", "n": n, "heads": {self._session.conversation: self._sent_to}})
            await asyncio.sleep(min(PONG_S, self._doors.heartbeat_s))
            if self._ponged < n:
                self.outbox.close(CLOSE["no_pong"])

    async def _catch_up(self) -> None:
        """What another process committed never came through this hub: the database is the truth."""
        try:
            missed = await self._bot.store.events(self._session.conversation, self._sent_to, wire.PAGE)
        except Unavailable:
            return  # the next heartbeat asks again
        for event in missed:
            self._deliver(self._session.conversation, event)

    # ── what the customer sends ──

    async def _handle(self, raw: str) -> None:
        ref: str | None = None
        try:
            frame = wire.parse(raw)
            ref = getattr(frame, "id", None)
            self._authorise(frame)
            await self._obey(frame)
        except Exception as wrong:
            if not isinstance(wrong, Refused | NotFound):
                log.warning("a frame failed: %s", type(wrong).__name__, exc_info=wrong)
            self._refuse(wire.error_for(wrong, ref))

    def _authorise(self, frame: wire.Frame) -> None:
        """A customer may name only its own conversation; anything else is not there, in the same time."""
        named = getattr(frame, "conversation", self._session.conversation)
        if named != self._session.conversation:
            raise NotFound("no such conversation")

    def _refuse(self, error: dict[str, Any]) -> None:
        self._errors += not error["retry"]  # what is our own fault is not held against the client
        self.outbox.put(error)
        if self._errors >= MOST_ERRORS:
            self.outbox.close(CLOSE["too_many_errors"])

    async def _obey(self, frame: wire.Frame) -> None:
        match frame:
            case wire.Send():
                if self._may_write(frame.id):
                    await self._say(frame)
            case wire.AskPerson():
                if self._may_write(frame.id):
                    await self._ask_person(frame)
            case wire.Rate():
                if self._may_write(frame.id):
                    await self._rate(frame)
            case wire.Sync():
                await self._sync(frame)
            case wire.TypingOn():
                if not self._doors.typing.take(self._session.customer):
                    self._bot.hub.publish(frame.conversation, Typing(Author.CUSTOMER, frame.on))
            case wire.Pong():
                self._ponged = max(self._ponged, frame.n)
            case wire.Hello():
                raise wire.Malformed("hello comes once, first")
            case wire.Read():
                pass  # kept for the agents' console: it may be dropped

    def _may_write(self, ref: str) -> bool:
        wait = self._doors.messages.take(self._session.customer)
        if wait:
            # Going too fast is not a fault of the frame: it does not count towards closing the socket.
            self.outbox.put(wire.error("too_fast", ref=ref, retry=True, after_ms=int(wait * 1_000) + 1))
        return not wait

    async def _say(self, frame: wire.Send) -> None:
        changed = await reply.receive(
            self._bot, frame.conversation, frame.text, sender=self._session.customer, cid=frame.cid
        )
        self._acknowledge(frame.id, frame.conversation, frame.cid, changed.events[-1].seq, changed.is_duplicate)

    async def _ask_person(self, frame: wire.AskPerson) -> None:
        changed = await reply.ask_person(self._bot, frame.conversation, sender=self._session.customer, cid=frame.cid)
        seq = changed.events[-1].seq if changed.events else changed.conversation.head
        self._acknowledge(frame.id, frame.conversation, frame.cid, seq, changed.is_duplicate)

    async def _rate(self, frame: wire.Rate) -> None:
        sender = self._session.customer
        changed = await self._bot.change(
            frame.conversation,
            lambda c: c.rated(
                frame.score, sender=sender, cid=frame.cid, at=self._bot.now(), about=frame.seq, comment=frame.comment
            ),
            sender=sender,
            cid=frame.cid,
        )
        self._acknowledge(frame.id, frame.conversation, frame.cid, changed.events[-1].seq, changed.is_duplicate)

    def _acknowledge(self, ref: str, conversation: str, cid: str, seq: int, duplicate: bool) -> None:
        self.outbox.put(wire.ack(ref, conversation, cid, seq, duplicate))

    async def _sync(self, frame: wire.Sync) -> None:
        conversation = await self._bot.store.conversation(frame.conversation)
        if frame.epoch and frame.epoch != conversation.epoch:
            why = "epoch"
            self.outbox.put(wire.resync(frame.conversation, conversation.epoch, conversation.head, why))
            return
        await self._put_past(await self._bot.store.events(frame.conversation, frame.since, frame.limit))
        self.outbox.put(wire.synced(frame.id, frame.conversation, conversation.head))
