"""A real server over a real database, with a scripted generator; its customers' tabs and its agents' consoles."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bot import login
from bot.access import Role
from bot.adapters.sql import SqlStore
from bot.adapters.sql_answers import SqlAnswers
from bot.adapters.sql_catalogue import SqlCatalogue
from bot.adapters.sql_database import Database
from bot.adapters.sql_inbox import SqlInbox
from bot.adapters.sql_numbers import SqlNumbers
from bot.adapters.sql_overrides import SqlOverrides
from bot.adapters.sql_recall import SqlRecall
from bot.adapters.sql_roster import SqlRoster
from bot.adapters.sql_shared import SqlShared
from bot.conversation import Kind
from bot.limits import Draw, OwnLimits
from bot.ports import Bot, Generator
from bot.settings import Settings
from bot.web import wire
from bot.web.app import create_app
from bot.web.console_login import DEVICE, GUEST, SESSION
from bot.web.lean import LeanSocket
from bot.web.patience import Prompt
from bot.web.served import Served
from bot.web.server import Server
from bot.web.sockets import Doors
from bot.worker import Worker
from tests.desks import QuickPasswords
from tests.fakes import POLICY, begin, fake_bot

PASSWORD = "correct horse battery"
Frame = dict[str, Any]


class Tab:
    """One open page of one customer."""

    def __init__(self, socket: ClientConnection, conversation: str) -> None:
        self.socket, self.conversation = socket, conversation
        self.seen: list[Frame] = []

    async def tell(self, type: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type, "conversation": self.conversation} | fields))

    async def say(self, text: str, cid: str = "", id: str = "1") -> str:
        cid = cid or uuid.uuid4().hex
        await self.tell("send", id=id, cid=cid, text=text)
        return cid

    async def next(self, type: str = "", **wanted: Any) -> Frame:
        """The next frame of this type (any, when empty) with these fields; what comes before it is in `seen`."""
        async with asyncio.timeout(5):
            while True:
                frame = json.loads(await self.socket.recv())
                self.seen.append(frame)
                if type in ("", frame["type"]) and wanted.items() <= frame.items():
                    return dict(frame)

    async def event(self, kind: Kind = Kind.MESSAGE, author: str = "") -> Frame:
        while True:
            frame = await self.next("event", kind=kind.value)
            if author in ("", frame["author"]):
                return frame

    async def quiet(self, seconds: float = 0.05) -> list[Frame]:
        """Whatever comes within a moment."""
        frames = []
        try:
            while True:
                frames.append(json.loads(await asyncio.wait_for(self.socket.recv(), seconds)))
        except TimeoutError:
            self.seen += frames
            return frames

    async def closed(self) -> int:
        """The code the server closes with."""
        with pytest.raises(ConnectionClosed):
            await self.next("nothing of the kind")
        assert self.socket.close_code is not None
        return self.socket.close_code


class Unlimited(OwnLimits):
    async def take(self, *draws: Draw) -> float:
        return 0.0


class Site:
    """A running server and what stands behind it."""

    def __init__(self, bot: Bot, server: uvicorn.Server, port: int, worker: Worker) -> None:
        self.bot, self.server, self.worker = bot, server, worker
        self.address = f"127.0.0.1:{port}"
        self.http = httpx.AsyncClient(base_url=f"http://{self.address}", trust_env=False)

    @property
    def doors(self) -> Doors:
        served: Served = self.server.config.app.state.served  # type: ignore[union-attr]
        return served.doors

    async def customer(self) -> str:
        """A new conversation, known here by its id."""
        return await begin(self.bot, uuid.uuid4().hex, customer=f"visitor:{uuid.uuid4().hex[:8]}")

    async def ticket(self, conversation: str) -> str:
        asked = await self.http.post("/v1/ticket", headers={"authorization": f"Bearer secret-{conversation}"})
        return str(asked.raise_for_status().json()["ticket"])

    def connect(self, **options: Any) -> connect:
        options = {"subprotocols": [Subprotocol("bot.v1")], "proxy": None} | options
        return connect(f"ws://{self.address}/v1/socket", **options)

    @asynccontextmanager
    async def tab(self, conversation: str, resume: tuple[str, int] | None = None) -> AsyncIterator[Tab]:
        """An open page that was greeted; the welcome is `seen[0]`."""
        async with self.connect() as socket:
            tab = Tab(socket, conversation)
            position = [{"conversation": conversation, "epoch": resume[0], "seq": resume[1]}] if resume else []
            await tab.tell("hello", ticket=await self.ticket(conversation), resume=position)
            await tab.next("welcome")
            yield tab

    @asynccontextmanager
    async def agent(self, login_: str = "ana", role: Role = Role.AGENT, **fields: Any) -> AsyncIterator["Agent"]:
        """An agent who is hired if need be, and logged in."""
        if login_ not in {agent.login for agent in await self.bot.roster.agents()}:
            await login.add_agent(self.bot, login_, login_.title(), PASSWORD, role, **fields)
        async with httpx.AsyncClient(base_url=f"http://{self.address}", trust_env=False) as http:
            agent = Agent(self, http)
            await agent.log_in(login_)
            yield agent

    def lift_limits(self) -> None:
        """Everybody may do as much as they like: for tests of what comes of it."""
        object.__setattr__(self.bot, "limits", Unlimited())

    async def events(self, conversation: str) -> list[Any]:
        return list(await self.bot.store.events(conversation, 0, 1_000))


@dataclass
class Agent:
    """A browser an agent is logged in with. Cookies by hand: httpx keeps Secure ones from plain HTTP."""

    site: Site
    http: httpx.AsyncClient
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    me: Frame = field(default_factory=dict)

    async def log_in(self, login: str, password: str = PASSWORD) -> None:
        self.csrf = (await self.request("GET", "me")).json()["csrf"]
        self.me = (await self.post("login", login=login, password=password)).raise_for_status().json()
        self.csrf = self.me["csrf"]

    async def request(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"cookie": cookies, "x-csrf-token": self.csrf} | headers
        answer = await self.http.request(method, f"/v1/console/{path}", json=body, headers=sent)
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, rest = cookie.partition("=")
            assert name in (SESSION, DEVICE, GUEST)
            self.cookies[name] = rest.partition(";")[0]
        return answer

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.request("POST", path, body)

    async def get(self, path: str) -> Any:
        return (await self.request("GET", path)).raise_for_status().json()

    async def row(self, conversation: str) -> Frame:
        found: Frame = await self.get(f"conversations/{conversation}")
        return found

    def connect(self, **options: Any) -> connect:
        own = {"subprotocols": [Subprotocol("bot.v1")], "proxy": None, "origin": f"http://{self.site.address}"}
        return connect(f"ws://{self.site.address}/v1/console/socket", **(own | options))

    async def ticket(self) -> str:
        return str((await self.post("ticket")).raise_for_status().json()["ticket"])

    @asynccontextmanager
    async def console(self, conversation: str = "", **hello: Any) -> AsyncIterator[Tab]:
        """An open console that was greeted; frames name `conversation` unless they say otherwise."""
        async with self.connect() as socket:
            tab = Tab(socket, conversation)
            await tab.tell("hello", ticket=await self.ticket(), **hello)
            await tab.next("welcome")
            yield tab


@asynccontextmanager
async def running(
    url: str, generator: Generator, settings: Settings | None = None, *, port: int = 0, **parts: Any
) -> AsyncIterator[Site]:
    """With settings that name the database, one of several processes on it."""
    database = Database(url)
    store = SqlStore(database)
    desk: dict[str, Any] = {
        "roster": SqlRoster(database), "inbox": SqlInbox(database), "records": SqlNumbers(database),
        "drafts": SqlAnswers(database), "passwords": QuickPasswords(),
        "recalled": SqlRecall(database), "overrides": SqlOverrides(database), "catalogue": SqlCatalogue(database),
    }  # fmt: skip
    if settings is not None:
        desk["shared"] = SqlShared(database, uuid.uuid4().hex)
    workers: list[Worker] = []
    bots: list[Bot] = []

    @asynccontextmanager
    async def assemble(worker: Worker) -> AsyncIterator[Bot]:
        workers.append(worker)
        policy = replace(POLICY, first_sentence_s=2.0)
        bots.append(fake_bot(generator, store=store, policy=policy, wake=worker.wake, **(desk | parts)))
        yield bots[0]

    app = create_app(settings or Settings(), assemble)
    config = uvicorn.Config(
        app, port=port, http=Prompt, ws=LeanSocket, ws_max_size=wire.MAX_FRAME, ws_per_message_deflate=False,
        lifespan="on", log_config=None, timeout_graceful_shutdown=5,
    )  # fmt: skip
    server = Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:
        assert not serving.done(), serving.exception()
        await asyncio.sleep(0.005)
    site = Site(bots[0], server, server.servers[0].sockets[0].getsockname()[1], workers[0])
    try:
        yield site
    finally:
        await site.http.aclose()
        server.should_exit = True
        await serving
        await store.close()
