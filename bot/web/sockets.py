"""The customer's socket."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket

from bot import customer, line, reply
from bot.conversation import MAX_TEXT, Author, Conversation, Status
from bot.errors import NotFound
from bot.hub import Shown, Typing
from bot.ports import Bot, Changed, Session
from bot.web import wire
from bot.web.auth import AgentTickets, Tickets, is_own_origin
from bot.web.limits import Allowance, Buckets, Counters, is_limited
from bot.web.peer import Following, Peer, first_frame, hang_up, is_welcome
from bot.web.wire import CLOSE

HEARTBEAT_S = 25.0
SOCKETS_PER_SESSION = 5
SOCKETS_PER_ADDRESS = 50
MESSAGES = Allowance(burst=10, every_s=2.0)
TYPING = Allowance(burst=1, every_s=1.0)
Writing = wire.Send | wire.AskPerson | wire.Rate | wire.LeaveEmail | wire.End
LIMITS = {"text": MAX_TEXT, "frame": wire.MAX_FRAME, "page": wire.PAGE}


@dataclass(frozen=True, slots=True)
class Doors:
    """What all sockets of one process share."""

    bot: Bot
    tickets: Tickets[Session]
    agent_tickets: AgentTickets
    clock: Callable[[], float]
    public_url: str = ""
    per_session: Counters = field(default_factory=Counters)
    per_address: Counters = field(default_factory=Counters)
    open: set[Peer] = field(default_factory=set)
    heartbeat_s: float = HEARTBEAT_S
    messages: Buckets = field(init=False)
    typing: Buckets = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "messages", Buckets(MESSAGES, self.clock))
        object.__setattr__(self, "typing", Buckets(TYPING, self.clock))

    def shut(self) -> None:
        """Tell every client to come back later, and close."""
        for peer in tuple(self.open):
            peer.outbox.put({"type": "bye", "code": CLOSE["shutting_down"], "retry_after_ms": 1_000})
            peer.outbox.close(CLOSE["shutting_down"])


async def serve(websocket: WebSocket, doors: Doors) -> None:
    """The life of one socket."""
    if not await is_welcome(websocket, lambda origin, host: is_own_origin(origin, host, doors.public_url)):
        return
    address = websocket.client.host if websocket.client else ""
    await websocket.accept(subprotocol=wire.SUBPROTOCOL)
    with ExitStack() as places:
        if is_limited(address) and not places.enter_context(doors.per_address.hold(address, SOCKETS_PER_ADDRESS)):
            await websocket.close(CLOSE["too_many_connections"])
            return
        hello = await first_frame(websocket, wire.parse, wire.Hello)
        if hello is None:
            return
        if (session := doors.tickets.redeem(hello.ticket)) is None:
            await hang_up(websocket, CLOSE["bad_ticket"])
            return
        if not places.enter_context(doors.per_session.hold(session.id, SOCKETS_PER_SESSION)):
            await websocket.close(CLOSE["too_many_connections"])
            return
        with doors.bot.presence.reading(session.conversation):
            await Customer(websocket, doors, session, hello.resume).live(doors.open)


class Customer(Peer):
    """One customer's open socket."""

    def __init__(
        self, websocket: WebSocket, doors: Doors, session: Session, resume: Sequence[wire.Position] = ()
    ) -> None:
        super().__init__(websocket, doors.bot, doors.heartbeat_s)
        self._doors, self._session, self._resume = doors, session, resume
        self._conversation = Following(doors.bot, session.conversation, self.outbox, self._show)

    def _show(self, conversation: str, item: Shown) -> dict[str, Any] | None:
        if isinstance(item, Typing) and item.author is Author.CUSTOMER:
            return None
        return wire.item(conversation, item, self._session.customer)

    def _following(self) -> Sequence[Following]:
        return (self._conversation,)

    async def _converse(self) -> None:
        """Welcome, then what was missed, then what happened meanwhile: subscribed before the past is read."""
        id = self._session.conversation
        with self._conversation.watch() as draft:
            asked = next((position for position in self._resume if position.conversation == id), None)
            state, past = await self._conversation.past(asked)
            self.outbox.put(
                wire.welcome(secrets.token_hex(8), self._bot.now(), self._doors.heartbeat_s, LIMITS, [state])
            )
            if draft is None and self._conversation.is_owed:  # another process may be at it
                draft = await self._bot.shared.draft(id)
            await self._conversation.begin(past, draft)
            if state["status"] == Status.WAITING:
                await self._show_place(await self._bot.store.conversation(id))
            await self._read()

    async def _show_place(self, conversation: Conversation) -> None:
        if conversation.status is Status.WAITING and conversation.queue_at is not None:
            here = await line.standing(self._bot, conversation.queue_at, but=conversation.id)
            self.outbox.put(wire.queue(conversation.id, here.place))

    # ── what the customer sends ──

    def _parse(self, raw: str) -> wire.Frame:
        return wire.parse(raw)

    def _authorise(self, frame: wire.Frame) -> None:
        """A customer may name only its own conversation; anything else is not there, in the same time."""
        named = getattr(frame, "conversation", self._session.conversation)
        if named != self._session.conversation:
            raise NotFound("no such conversation")

    async def _obey(self, frame: wire.Frame) -> None:
        match frame:
            case wire.Send() | wire.AskPerson() | wire.Rate() | wire.LeaveEmail() | wire.End():
                if self._may_write(frame.id):
                    await self._write(frame)
            case wire.Sync():
                await self._conversation.sync(frame)
            case wire.TypingOn():
                if not self._doors.typing.take(self._session.customer):
                    self._bot.hub.publish(frame.conversation, Typing(Author.CUSTOMER, frame.on))
            case wire.Pong():
                self._ponged = max(self._ponged, frame.n)
            case wire.Hello():
                raise wire.Malformed("hello comes once, first")
            case wire.Read():
                pass  # it may be dropped

    def _may_write(self, ref: str) -> bool:
        wait = self._doors.messages.take(self._session.customer)
        if wait:
            # Going too fast is not a fault of the frame: it does not count towards closing the socket.
            self.outbox.put(wire.error("too_fast", ref=ref, retry=True, after_ms=int(wait * 1_000) + 1))
        return not wait

    async def _write(self, frame: Writing) -> None:
        changed = await self._change(frame)
        seq = changed.events[-1].seq if changed.events else changed.conversation.head
        self._acknowledge(frame.id, frame.conversation, frame.cid, seq, changed.is_duplicate)

    async def _change(self, frame: Writing) -> Changed:
        bot, id, cid, sender = self._bot, frame.conversation, frame.cid, self._session.customer
        match frame:
            case wire.Send():
                return await reply.receive(bot, id, frame.text, sender=sender, cid=cid)
            case wire.AskPerson():
                return await customer.ask_person(bot, id, sender=sender, cid=cid)
            case wire.LeaveEmail():
                return await customer.leave_email(bot, id, frame.email, sender=sender, cid=cid)
            case wire.End():
                return await customer.end(bot, id, sender=sender, cid=cid)
            case wire.Rate(score=score, seq=about, comment=comment):
                return await customer.rate(bot, id, score, about=about, comment=comment, sender=sender, cid=cid)
