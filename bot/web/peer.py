"""One open socket, whoever is at the other end: one reader, one sender, and a heartbeat beside them.

The reader writes to the store; the sender reads what the hub brings. Acks, errors and history go through the same
outbox as events, so that nothing overtakes anything.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from bot.conversation import Conversation, Event
from bot.errors import Forbidden, NotFound, Refused, Unavailable
from bot.hub import ENDS_DRAFT, Draft, Head, Item, Shown
from bot.limits import Allowance, Buckets
from bot.ports import Bot
from bot.web import wire
from bot.web.outbox import MOST_FRAMES, Outbox
from bot.web.wire import CLOSE

log = logging.getLogger(__name__)
HELLO_S = 10.0
PONG_S = 20.0
MOST_ERRORS = 20  # frames refused on one socket before it is closed
HANDFUL = 8  # events read at once for a `sync`
Show = Callable[[str, Shown], Mapping[str, Any] | None]


class Binary(Exception):
    """A frame that is not text."""


async def text_of(websocket: WebSocket) -> str:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text")
    if text is None:
        raise Binary
    return str(text)


async def is_welcome(websocket: WebSocket, is_own: Callable[[str | None, str | None], bool]) -> bool:
    """Speaks our protocol, from a page of ours? Answers 400 or 403 before anything is accepted."""
    if wire.SUBPROTOCOL not in websocket.scope.get("subprotocols", []):
        await websocket.send_denial_response(PlainTextResponse("ask for the subprotocol bot.v1", 400))
        return False
    if not is_own(websocket.headers.get("origin"), websocket.headers.get("host")):
        await websocket.send_denial_response(PlainTextResponse("this origin may not connect", 403))
        return False
    return True


async def first_frame(websocket: WebSocket, parse: Callable[[str], Any], hello: type[Any]) -> Any:
    """The `hello`, within its time; None when the socket was closed for another."""
    code = CLOSE["no_hello"]
    try:
        async with asyncio.timeout(HELLO_S):
            frame = parse(await text_of(websocket))
        if isinstance(frame, hello):
            return frame
    except wire.Malformed:
        code = CLOSE["malformed"]
    except Binary:
        code = CLOSE["binary"]
    except (TimeoutError, WebSocketDisconnect):
        pass
    await hang_up(websocket, code)
    return None


async def hang_up(websocket: WebSocket, code: int) -> None:
    """Close, if there is still something to close."""
    if websocket.application_state is not WebSocketState.CONNECTED:
        return
    if websocket.client_state is not WebSocketState.CONNECTED:
        return
    try:
        async with asyncio.timeout(2):
            await websocket.close(code)
    except (RuntimeError, TimeoutError, WebSocketDisconnect):
        pass


class Following:
    """One conversation as one socket receives it: each event once and in order, from the past or from the hub.

    What happened in another process comes as the place where the conversation stands now, and what of it is missing
    here is read; so is what one process told sooner than another.
    """

    def __init__(self, bot: Bot, id: str, outbox: Outbox, show: Show) -> None:
        self._bot, self.id, self._outbox, self._show = bot, id, outbox, show
        self.sent_to = 0  # the seq the client has, or is about to get
        self._held: list[Item] | None = []  # while the past is read
        self.is_owed = False  # an answer, when the past was read
        self._known = 0  # the newest seq heard of
        self._settled = 0  # drafts that answer this or older are over
        self._filling: asyncio.Task[None] | None = None

    @contextmanager
    def watch(self) -> Iterator[Draft | None]:
        """Subscribe; what happens is held until `begin`."""
        with self._bot.hub.watch(self.id, self._hear) as draft:
            try:
                yield draft
            finally:
                if self._filling is not None:
                    self._filling.cancel()

    def _hear(self, _: str, item: Item) -> None:
        if self._held is None:
            self._deliver(item)
        elif len(self._held) < MOST_FRAMES:
            self._held.append(item)
        else:  # a database that takes for ever: the client resumes
            self._outbox.close(CLOSE["too_slow"])

    def _deliver(self, item: Item) -> None:
        match item:
            case Event(seq=seq) if seq <= self.sent_to + 1:
                self._put_event(item)
            case Event(seq=seq) | Head(seq):
                self._known = max(self._known, seq)
                self._fill()
            case Draft(answers=answers) if answers <= self._settled:
                pass  # it comes late: its reply is there
            case _:
                self._put(item)

    def _put_event(self, event: Event) -> None:
        if event.seq <= self.sent_to:
            return  # the replay had it
        self.sent_to = event.seq
        self._settled = max(self._settled, event.seq if event.kind in ENDS_DRAFT else event.answers or 0)
        self._put(event)

    def _put(self, item: Shown) -> None:
        if frame := self._show(self.id, item):
            self._outbox.put(frame)

    def _fill(self) -> None:
        if self.sent_to < self._known and (self._filling is None or self._filling.done()):
            self._filling = asyncio.create_task(self._read_on())

    async def _read_on(self) -> None:
        while self.sent_to < self._known:
            try:
                missed = await self._bot.store.events(self.id, self.sent_to, wire.PAGE)
            except Unavailable:
                await asyncio.sleep(1)
                continue
            except NotFound:
                return
            if not missed:
                return  # heard of what is not there: news may be forged
            for event in missed:
                await self._outbox.room()
                self._put_event(event)

    async def past(self, asked: wire.Position | None) -> tuple[Conversation, dict[str, Any], Sequence[Event]]:
        """(the conversation, what `welcome` says of it, the events after the client's position). Raises NotFound."""
        async with self._bot.hub.looking_back:
            conversation = await self._bot.store.conversation(self.id)
        events, is_whole = await self._after(conversation, asked)
        # Not resumed: the client drops its list and pages `sync` from 0; live events from here on still come.
        self.sent_to = events[-1].seq if events else conversation.head
        self.is_owed = bool(conversation.unanswered)
        self._settled = conversation.unanswered[0].seq - 1 if self.is_owed else conversation.head
        state = {"conversation": self.id, "epoch": conversation.epoch, "head": conversation.head,
                 "status": conversation.status.value, "resumed": is_whole}  # fmt: skip
        return conversation, state, events

    async def _after(self, conversation: Conversation, asked: wire.Position | None) -> tuple[Sequence[Event], bool]:
        since = asked.seq if asked else 0
        missed = conversation.head - since
        if asked and since and asked.epoch != conversation.epoch:
            return (), False
        if not 0 <= missed <= wire.REPLAY:
            return (), False
        if missed <= len(conversation.events):  # they came with it: hundreds may be coming back at this moment
            return tuple(event for event in conversation.events if event.seq > since), True
        return await self._bot.store.events(self.id, since, wire.REPLAY + 60), True

    async def begin(self, past: Sequence[Event], draft: Draft | None) -> None:
        """Send the past, then what was held, then whatever happens."""
        await self.put_past(past)
        held, self._held = self._held or [], None
        for item in held:
            self._deliver(item)
        if draft is not None:
            self._deliver(draft)

    async def put_past(self, events: Sequence[Event]) -> None:
        """History goes as fast as it is read: more of it than the outbox holds must not close the socket."""
        for event in events:
            await self._outbox.room()
            self._put(event)

    async def catch_up(self) -> None:
        """What another process committed never came through this hub: the database is the truth."""
        try:
            missed = await self._bot.store.events(self.id, self.sent_to, wire.PAGE)
        except Unavailable:
            return  # the next heartbeat asks again
        for event in missed:
            self._put_event(event)

    async def sync(self, frame: wire.Sync) -> None:
        epoch, head = await self._bot.store.position(self.id)
        if frame.epoch and frame.epoch != epoch:
            self._outbox.put(wire.resync(self.id, epoch, head, "epoch"))
            return
        await self._put_stretch(frame.since, frame.limit)
        self._outbox.put(wire.synced(frame.id, self.id, head))

    async def _put_stretch(self, since: int, limit: int) -> None:
        """Read as it is taken: who asks for much and reads none of it costs a handful of events, not all of them."""
        for left in range(limit, 0, -HANDFUL):
            await self._outbox.room()
            if self._outbox.close_code is not None:
                return
            async with self._bot.hub.looking_back:
                begun = monotonic()
                some = await self._bot.store.events(self.id, since, min(left, HANDFUL))
                await asyncio.sleep(monotonic() - begun)  # half of the time is for everybody else
            await self.put_past(some)
            if len(some) < HANDFUL:
                return
            since = some[-1].seq


class Peer:
    """What customers' and agents' sockets share. A subclass says `_converse`, `_following`, `_obey` and `_parse`."""

    FRAMES: Allowance  # how many are read, whatever they say
    _websocket: WebSocket  # for as long as it lives; what comes by HTTP has none

    def __init__(self, bot: Bot, heartbeat_s: float, outbox: Outbox | None = None) -> None:
        self._bot, self._heartbeat_s = bot, heartbeat_s
        self.outbox = outbox or Outbox()
        self._errors = 0
        self._ponged = 0
        self._is_handling = False
        self._bye: dict[str, Any] | None = None

    async def _converse(self) -> None:
        """Greet, then `_read`, until the other side leaves."""
        raise NotImplementedError

    def _following(self) -> Sequence[Following]:
        raise NotImplementedError

    def _parse(self, raw: str) -> Any:
        raise NotImplementedError

    def _authorise(self, frame: Any) -> None:
        """Raises NotFound for what this peer may not name."""

    async def _obey(self, frame: Any) -> None:
        raise NotImplementedError

    def _duties(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What goes on beside reading and sending."""
        return (self._heartbeat(),)

    # ── life ──

    async def live(self, websocket: WebSocket, among: "set[Peer]") -> None:
        """Until either side leaves."""
        self._websocket = websocket
        among.add(self)
        try:
            async with asyncio.TaskGroup() as tasks:
                others = [tasks.create_task(work) for work in (self._talk(), *self._duties())]
                code = await self._send()
                for task in others:
                    task.cancel()
            await hang_up(websocket, code)
        except* Exception as group:
            log.error("a socket failed", exc_info=group)
            await hang_up(websocket, CLOSE["server_error"])
        finally:
            among.discard(self)

    async def _send(self) -> int:
        try:
            return await self.outbox.drain(self._websocket.send_text)
        except (WebSocketDisconnect, RuntimeError):
            return 1001  # the other side is gone: there is nothing left to close

    async def _talk(self) -> None:
        try:
            await self._converse()
        except Binary:
            self.outbox.close(CLOSE["binary"])
        except WebSocketDisconnect:
            self.outbox.close(1000)
        except Exception:
            log.exception("a socket failed")
            self.outbox.close(CLOSE["server_error"])

    async def _read(self) -> None:
        """Whoever sends too much is read more slowly, and feels it: nothing is lost, nothing piles up here."""
        frames = Buckets(self.FRAMES, asyncio.get_running_loop().time)
        while self.outbox.close_code is None:
            while wait := frames.take(""):  # noqa: ASYNC110 (once, as a rule)
                await asyncio.sleep(wait)
            await self.handle(await text_of(self._websocket))

    async def _heartbeat(self) -> None:
        n = 0
        while True:
            await asyncio.sleep(self._heartbeat_s)
            n += 1
            for following in self._following():
                await following.catch_up()
            heads = {following.id: following.sent_to for following in self._following()}
            self.outbox.put({"type": "ping", "n": n, "heads": heads})
            await asyncio.sleep(min(PONG_S, self._heartbeat_s))
            if self._ponged < n:
                self.outbox.close(CLOSE["no_pong"])

    # ── frames ──

    def leave(self, bye: dict[str, Any]) -> None:
        """Say this, and close: once what is in hand is done, for what is stored must be acknowledged."""
        self._bye = bye
        if not self._is_handling:
            self.outbox.put(bye)
            self.outbox.close(bye["code"])

    async def handle(self, raw: str) -> None:
        """Obey one frame; what is said to it goes to the outbox."""
        ref: str | None = None
        self._is_handling = True
        try:
            frame = self._parse(raw)
            ref = getattr(frame, "id", None)
            self._authorise(frame)
            await self._obey(frame)
        except Exception as wrong:
            if not isinstance(wrong, Refused | NotFound | Forbidden):
                log.warning("a frame failed: %s", type(wrong).__name__, exc_info=wrong)
            self._refuse(wire.error_for(wrong, ref))
        finally:
            self._is_handling = False
            if self._bye is not None:
                self.leave(self._bye)

    def _refuse(self, error: dict[str, Any]) -> None:
        self._errors += not error["retry"] and error["code"] != "conflict"  # being second is nobody's fault
        self.outbox.put(error)
        if self._errors >= MOST_ERRORS:
            self.outbox.close(CLOSE["too_many_errors"])

    def _acknowledge(self, ref: str, conversation: str, cid: str, seq: int, duplicate: bool) -> None:
        self.outbox.put(wire.ack(ref, conversation, cid, seq, duplicate))
