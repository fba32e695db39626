"""The customer's socket."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket

from bot import customer, line, reply
from bot.conversation import MAX_TEXT, Author, Conversation, Status
from bot.errors import NotFound, Refused, Unavailable
from bot.hub import Draft, Shown, Typing
from bot.limits import Buckets, Draw
from bot.ports import Bot, Changed, Session
from bot.tickets import Tickets
from bot.web import wire
from bot.web.auth import AgentTickets, is_own_origin
from bot.web.entrance import Entrance, refuse, turn_away
from bot.web.limits import COME_AGAIN_S, CUSTOMER_FRAMES, PERSON, TYPING, Rules, after_ms, network
from bot.web.outbox import Outbox
from bot.web.peer import Following, Peer, first_frame, hang_up, is_welcome
from bot.web.wire import CLOSE

HEARTBEAT_S = 25.0
LEAVE_S = 2.0  # as long as a socket that is cut off may take to give its place back
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
    rules: Rules = field(default_factory=Rules)
    heartbeat_s: float = HEARTBEAT_S
    entrance: Entrance = field(init=False)
    typing: Buckets = field(init=False)  # not shared: what is too much is dropped

    def __post_init__(self) -> None:
        object.__setattr__(self, "entrance", Entrance(self.rules.sockets))
        object.__setattr__(self, "typing", Buckets(TYPING, self.clock))

    @property
    def open(self) -> set[Peer]:
        return self.entrance.open

    def at_address(self, address: str) -> AbstractAsyncContextManager[float]:
        """A place among the connections from there, as `Limits.hold`."""
        most = self.rules.sockets_per_address
        return self.bot.limits.hold("address", address, most) if address else nullcontext(0.0)

    def of_session(self, session: Session) -> AbstractAsyncContextManager[float]:
        return self.bot.limits.hold("session", session.id, self.rules.sockets_per_session)

    def shut(self) -> None:
        """Tell every client to come back later, and close."""
        for peer in tuple(self.open):
            peer.leave({"type": "bye", "code": CLOSE["shutting_down"], "retry_after_ms": 1_000})


async def serve(websocket: WebSocket, doors: Doors) -> None:
    """The life of one socket."""
    if not await is_welcome(websocket, lambda origin, host: is_own_origin(origin, host, doors.public_url)):
        return
    async with AsyncExitStack() as places:
        if (found := await _introduced(websocket, doors, places)) is not None:
            session, hello = found
            with doors.bot.presence.reading(session.conversation):
                await Customer(doors, session, hello.resume).live(websocket, doors.open)


async def _introduced(websocket: WebSocket, doors: Doors, places: AsyncExitStack) -> tuple[Session, wire.Hello] | None:
    """Who it is, with a place among the sockets of their address and session; None when it was closed."""
    address = network(websocket)
    with doors.entrance.knock(address) as is_room:
        if not is_room:
            await turn_away(websocket)
            return None
        await websocket.accept(subprotocol=wire.SUBPROTOCOL)
        if await places.enter_async_context(doors.at_address(address)):
            await refuse(websocket, COME_AGAIN_S)
            return None
        hello = await first_frame(websocket, wire.parse, wire.Hello)
        session = await _redeemed(websocket, doors, hello.ticket) if hello else None
        if session is None:
            return None
        if wait := await _place(doors, session, places):
            await refuse(websocket, wait)
            return None
    return session, hello


async def _place(doors: Doors, session: Session, places: AsyncExitStack) -> float:
    """As `Limits.hold`, with a little patience: a page that comes anew may be here before its old socket is gone."""
    until = asyncio.get_running_loop().time() + LEAVE_S
    while True:
        async with AsyncExitStack() as place:
            if not (wait := await place.enter_async_context(doors.of_session(session))):
                await places.enter_async_context(place.pop_all())
                return 0.0
        if asyncio.get_running_loop().time() >= until:
            return wait
        await asyncio.sleep(LEAVE_S / 10)


async def _redeemed(websocket: WebSocket, doors: Doors, ticket: str) -> Session | None:
    try:
        session = await doors.tickets.redeem(ticket)
    except Unavailable:
        await hang_up(websocket, CLOSE["server_error"])
        return None
    if session is None:
        await hang_up(websocket, CLOSE["bad_ticket"])
    return session


class Customer(Peer):
    """One customer: an open socket, or one request (`polling_api`)."""

    FRAMES = CUSTOMER_FRAMES

    def __init__(
        self, doors: Doors, session: Session, resume: Sequence[wire.Position] = (), outbox: Outbox | None = None
    ) -> None:
        super().__init__(doors.bot, doors.heartbeat_s, outbox)
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
        with self._conversation.watch() as draft:
            await self._greet(draft)
            await self._read()

    async def _greet(self, draft: Draft | None) -> bool:
        """Whether the client's position could be resumed."""
        id = self._session.conversation
        asked = next((position for position in self._resume if position.conversation == id), None)
        conversation, state, past = await self._conversation.past(asked)
        self.outbox.put(wire.welcome(secrets.token_hex(8), self._bot.now(), self._doors.heartbeat_s, LIMITS, [state]))
        if draft is None and self._conversation.is_owed:  # another process may be at it
            draft = await self._bot.shared.draft(id)
        await self._conversation.begin(past, draft)
        if self._conversation.sent_to != conversation.head:  # something happened meanwhile
            conversation = await self._bot.store.conversation(id)
        await self._show_place(conversation)
        return bool(state["resumed"])

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

    async def _write(self, frame: Writing) -> None:
        wait = await self._wait(frame)
        if wait and (known := await self._known(frame, wait)):
            self._acknowledge_change(frame, known)
            return
        if wait:
            # Going too fast is not a fault of the frame: it does not count towards closing the socket.
            self.outbox.put(wire.error("too_fast", ref=frame.id, retry=True, after_ms=after_ms(wait)))
            return
        changed = await self._change(frame)
        if changed.is_duplicate and isinstance(frame, wire.Send):
            await self._bot.limits.give_back(*self._doors.rules.message(self._session.customer)[1:])
        self._acknowledge_change(frame, changed)

    def _acknowledge_change(self, frame: Writing, changed: Changed) -> None:
        seq = changed.events[-1].seq if changed.events else changed.conversation.head
        self._acknowledge(frame.id, frame.conversation, frame.cid, seq, changed.is_duplicate)

    async def _wait(self, frame: Writing) -> float:
        """Seconds until this may be sent. "Talk to a person" has an allowance that no message uses up."""
        take, who = self._bot.limits.take, self._session.customer
        now, today = self._doors.rules.message(who)
        if isinstance(frame, wire.AskPerson):
            return await take(Draw("person", who, PERSON))
        return await take(now, today) if isinstance(frame, wire.Send) else await take(now)

    async def _known(self, frame: Writing, wait: float) -> Changed | None:
        """What came in before the day's quota was used up is acknowledged as often as it is asked for."""
        now, _ = self._doors.rules.message(self._session.customer)
        if wait <= self._doors.rules.messages.every_s or await self._bot.limits.take(now):
            return None
        with suppress(Refused):
            return await self._bot.change(
                frame.conversation, _nothing_more, sender=self._session.customer, cid=frame.cid
            )
        return None

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


def _nothing_more(conversation: Conversation) -> Conversation:
    raise Refused("enough for today")
