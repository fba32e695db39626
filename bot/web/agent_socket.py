"""An agent's socket: the inbox feed with its own position, and up to fifty conversations open at once."""

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from typing import Any

from starlette.websockets import WebSocket

from bot import inbox, login
from bot.access import Action, Agent, may
from bot.conversation import Author
from bot.errors import Forbidden, NotFound, Refused, Unavailable
from bot.events import MAX_TEXT
from bot.hub import Shown, Typing
from bot.limits import Draw
from bot.ports import Changed
from bot.web import agent_wire, wire
from bot.web.agent_wire import Act, AgentFrame, AgentHello, Away, Leave, Note, Open, Say, Tag, Transfer
from bot.web.auth import is_own_page
from bot.web.entrance import refuse, turn_away
from bot.web.limits import AGENT_FRAMES, AGENT_WRITES, SOCKETS_PER_AGENT, after_ms, network
from bot.web.peer import Following, Peer, first_frame, hang_up, is_welcome
from bot.web.sockets import Doors
from bot.web.wire import CLOSE

log = logging.getLogger(__name__)
MOST_OPEN = 50
ROWS = 25  # in one frame: at their longest they fit into half an outbox
TOO_FAR = 1_000  # changes missed: fetching the lists again is cheaper
GATHER_S = 0.1  # changes that come together are told together
GUARD_S = 0.5  # how soon a session that ended closes its sockets
LIMITS = {"text": MAX_TEXT, "frame": wire.MAX_FRAME, "page": wire.PAGE, "open": MOST_OPEN}
DELIVERS = (Act, Transfer, Note, Tag, Say)


async def serve(websocket: WebSocket, doors: Doors) -> None:
    """The life of one socket."""
    if not await is_welcome(websocket, lambda origin, host: is_own_page(origin, host, doors.public_url)):
        return
    async with AsyncExitStack() as places:
        if (found := await _introduced(websocket, doors, places)) is not None:
            agent, secret_hash, hello = found
            with doors.bot.presence.here(agent):
                await Console(doors, agent, secret_hash, hello).live(websocket, doors.open)


async def _introduced(
    websocket: WebSocket, doors: Doors, places: AsyncExitStack
) -> tuple[Agent, str, AgentHello] | None:
    """Who it is, with a place among their sockets; None when it was closed."""
    with doors.entrance.knock(network(websocket)) as is_room:
        if not is_room:
            await turn_away(websocket)
            return None
        await websocket.accept(subprotocol=wire.SUBPROTOCOL)
        hello = await first_frame(websocket, agent_wire.parse, AgentHello)
        if hello is None:
            return None
        try:
            secret_hash = await doors.agent_tickets.redeem(hello.ticket)
            session = await login.still_valid(doors.bot, secret_hash) if secret_hash else None
        except Unavailable:
            await hang_up(websocket, CLOSE["server_error"])
            return None
        if secret_hash is None or session is None:
            await hang_up(websocket, CLOSE["bad_ticket"])
            return None
        hold = doors.bot.limits.hold("agent", session.agent.id, SOCKETS_PER_AGENT)
        if wait := await places.enter_async_context(hold):
            await refuse(websocket, wait)
            return None
    return session.agent, secret_hash, hello


class Console(Peer):
    """One agent's open console."""

    FRAMES = AGENT_FRAMES

    def __init__(self, doors: Doors, agent: Agent, secret_hash: str, hello: AgentHello) -> None:
        super().__init__(doors.bot, doors.heartbeat_s)
        self._doors, self._agent, self._secret_hash, self._hello = doors, agent, secret_hash, hello
        self._open: dict[str, tuple[Following, ExitStack]] = {}
        self._news, self._faces, self._greeted = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._epoch, self._position = hello.inbox_epoch, hello.inbox_position or 0

    def _show(self, conversation: str, item: Shown) -> dict[str, Any] | None:
        if isinstance(item, Typing) and item.author == Author.AGENT and item.name == self._agent.name:
            return None
        return agent_wire.item(conversation, item, self._agent)

    def _following(self) -> Sequence[Following]:
        return [following for following, _ in self._open.values()]

    def _parse(self, raw: str) -> AgentFrame:
        return agent_wire.parse(raw)

    def _duties(self) -> Sequence[Coroutine[Any, Any, None]]:
        return (*super()._duties(), self._feed(), self._tell_presence(), self._guard(), self._look_again())

    async def _converse(self) -> None:
        hub, presence = self._bot.hub, self._bot.presence
        with ExitStack() as all_open, hub.follow(self._hear), presence.watch(self._faces.set):
            all_open.callback(self._stop_all)
            states = await self._resume()
            epoch, head = await self._bot.inbox.position()
            if self._hello.inbox_position is None:
                self._epoch, self._position = epoch, head
            welcome = wire.welcome(
                secrets.token_hex(8), self._bot.now(), self._doors.heartbeat_s, LIMITS, [state for state, _ in states]
            )
            self.outbox.put(welcome | {"inbox": {"epoch": epoch, "position": head}})
            self._greeted.set()
            for state, past in states:
                following, _ = self._open[state["conversation"]]
                await following.begin(past, None)
            self._hear()
            await self._read()

    async def _resume(self) -> Sequence[tuple[dict[str, Any], Sequence[Any]]]:
        """Open again what was open when the connection broke."""
        states = []
        for position in {position.conversation: position for position in self._hello.resume}.values():
            with suppress(NotFound):
                _, state = await self._begin(position.conversation, position)
                states.append(state)
        return states

    async def _begin(
        self, id: str, since: wire.Position | None
    ) -> tuple[Following, tuple[dict[str, Any], Sequence[Any]]]:
        """Subscribe, then read the past: what fails leaves nothing behind."""
        self._stop(id)
        following = self._start(id)
        try:
            _, state, past = await following.past(since)
            return following, (state, past)
        except BaseException:
            self._stop(id)
            raise

    def _start(self, id: str) -> Following:
        following, stack = Following(self._bot, id, self.outbox, self._show), ExitStack()
        stack.enter_context(following.watch())
        self._open[id] = following, stack
        return following

    def _stop(self, id: str) -> None:
        if found := self._open.pop(id, None):
            found[1].close()

    def _stop_all(self) -> None:
        for id in tuple(self._open):
            self._stop(id)

    # ── what goes on beside ──

    def _hear(self) -> None:
        self._news.set()
        self._faces.set()  # who holds how many may have changed too

    async def _feed(self) -> None:
        """The feed wakes us; what changed is read from the database, so nothing can be missed or out of order."""
        await self._greeted.wait()
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(GATHER_S)
            try:
                await self._put_changes()
            except Unavailable:
                await asyncio.sleep(1)
                self._news.set()

    async def _put_changes(self) -> None:
        epoch, head = await self._bot.inbox.position()
        if self._epoch != epoch or not self._position <= head <= self._position + TOO_FAR:
            await self._put_inbox(epoch, head, (), reset=True)
            return
        while rows := await self._bot.inbox.since(self._position, ROWS):
            await self._put_inbox(epoch, rows[-1].position, rows)

    async def _put_inbox(self, epoch: str, position: int, rows: Sequence[Any], reset: bool = False) -> None:
        """What fails here has told nothing, so our position stays before it."""
        counts = await self._bot.inbox.counts(self._agent.id)
        await self.outbox.room()
        self.outbox.put(agent_wire.inbox(epoch, position, rows, counts, reset))
        self._epoch, self._position = epoch, position

    async def _tell_presence(self) -> None:
        told: dict[str, Any] = {}
        await self._greeted.wait()
        while True:
            await self._faces.wait()
            self._faces.clear()
            await asyncio.sleep(GATHER_S)
            with suppress(Unavailable):
                held, agents = await self._bot.inbox.held(), await self._bot.roster.agents()
                frame = agent_wire.presence(agents, self._bot.presence, held)
                if frame != told:
                    told = frame
                    self.outbox.put(frame)

    async def _guard(self) -> None:
        """Logged out, disabled, or another role: this socket ends."""
        while True:
            await asyncio.sleep(GUARD_S)
            with suppress(Unavailable):
                await self._still_allowed()

    async def _still_allowed(self) -> bool:
        session = await login.still_valid(self._bot, self._secret_hash)
        if session is None or session.agent.role != self._agent.role:
            self.outbox.close(CLOSE["revoked"])
            return False
        return True

    async def _look_again(self) -> None:
        """What another process did wakes nobody here."""
        while True:
            await asyncio.sleep(self._heartbeat_s)
            self._hear()

    # ── what the agent sends ──

    async def _obey(self, frame: AgentFrame) -> None:
        if isinstance(frame, wire.Pong):
            self._ponged = max(self._ponged, frame.n)
            return
        if not await self._still_allowed():
            return
        if not may(self._agent, Action.READ):
            raise Forbidden("this role reads nothing")
        if isinstance(frame, DELIVERS):
            if wait := await self._bot.limits.take(Draw("agent", self._agent.id, AGENT_WRITES)):
                self.outbox.put(wire.error("too_fast", ref=frame.id, retry=True, after_ms=after_ms(wait)))
                return
            await login.use(self._bot, self._secret_hash)
            changed = await self._change(frame)
            seq = changed.events[-1].seq if changed.events else changed.conversation.head
            self._acknowledge(frame.id, frame.conversation, frame.cid, seq, changed.is_duplicate)
        else:
            await self._look(frame)

    async def _look(self, frame: AgentFrame) -> None:
        match frame:
            case Open():
                await self._open_one(frame)
            case Leave(id=ref, conversation=id):
                self._stop(id)
                self.outbox.put(wire.synced(ref, id, 0))
            case wire.Sync():
                await self._one(frame.conversation).sync(frame)
            case wire.TypingOn():
                await self._type(frame)
            case Away(on=on):
                self._bot.presence.go_away(self._agent.id, on)
            case wire.Read():
                pass  # each browser keeps its own marks
            case _:
                raise wire.Malformed("hello comes once, first")

    async def _type(self, frame: wire.TypingOn) -> None:
        """Only whoever has the conversation: customers must not wait for somebody who writes a note."""
        id = self._one(frame.conversation).id
        if self._doors.typing.take(f"agent:{self._agent.id}"):
            return
        if (await self._bot.inbox.row(id)).conversation.agent == self._agent.id:
            self._bot.hub.publish(id, Typing(Author.AGENT, frame.on, self._agent.name))

    def _one(self, id: str) -> Following:
        if id not in self._open:
            raise NotFound("open the conversation first")
        return self._open[id][0]

    async def _open_one(self, frame: Open) -> None:
        """Everything of it comes by `sync`, page by page; what happens from now on by itself."""
        if frame.conversation not in self._open and len(self._open) >= MOST_OPEN:
            raise Refused(f"{MOST_OPEN} conversations are open: leave one first")
        following, (state, _) = await self._begin(frame.conversation, None)
        self.outbox.put(wire.resync(frame.conversation, state["epoch"], state["head"], "opened"))
        self.outbox.put(wire.synced(frame.id, frame.conversation, state["head"]))
        await following.begin((), None)

    async def _change(self, frame: Act | Transfer | Note | Tag | Say) -> Changed:
        bot, agent, id, cid = self._bot, self._agent, frame.conversation, frame.cid
        match frame:
            case Act(what="claim", expect_version=version):
                return await inbox.claim(bot, agent, id, cid=cid, expected=version)
            case Act(what="return", expect_version=version):
                return await inbox.give_back(bot, agent, id, cid=cid, expected=version)
            case Act(expect_version=version):
                return await inbox.close(bot, agent, id, cid=cid, expected=version)
            case Transfer(expect_version=version, to=to, text=text):
                return await inbox.transfer(bot, agent, id, to, cid=cid, expected=version, text=text)
            case Note(text=text):
                return await inbox.note(bot, agent, id, text, cid=cid)
            case Tag(tags=tags):
                return await inbox.tag(bot, agent, id, tags, cid=cid)
            case Say(text=text, passages=passages):
                return await inbox.say(bot, agent, id, text, cid=cid, passages=passages)
