"""A real server in a process of its own, models behind HTTP so that it starts quickly, and what its database holds."""

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bot.events import INTERNAL
from bot.web.wire import HIDDEN
from tests.client import Client, Frame
from tests.model_server import Answering, ModelServer, chat_piece, model_server, openai_vectors
from tests.running import Server, bot, serving

FAQ = "# Help\n\n## How long does delivery take?\n\nStandard delivery takes 2 to 4 business days in Belgium.\n"
QUESTION, ANSWER = "How long does delivery take?", "Standard delivery takes 2 to 4 business days in Belgium."
SLOWLY = "slowly"  # a question with this word is answered word by word, in `SECONDS`
SECONDS = 1.5


def _models(to: Answering) -> None:
    if "input" in to.asked.body:
        return openai_vectors(_vector)(to)
    to.begin()
    words = ANSWER.split()
    asked = str(to.asked.body["messages"][-1]["content"])
    for word in words:
        to.write(chat_piece(f"{word} "))
        if SLOWLY in asked:
            to.wait(SECONDS / len(words))
    return to.write(chat_piece(None, "stop") + b"data: [DONE]\n\n")


def _vector(text: str) -> Sequence[float]:
    """Near to each other when both are about delivery, else nowhere near anything."""
    about = float("deliver" in text.lower())
    rest = [byte / 255 - 0.5 for byte in hashlib.sha256(text.lower().encode()).digest()[:8]]
    return [about * 3, *rest]


@dataclass(frozen=True)
class Row:
    """One event as the database holds it."""

    seq: int
    kind: str
    author: str
    cid: str | None
    body: Mapping[str, Any]

    @property
    def shown(self) -> tuple[int, str, str, str]:
        """As its customer may see it."""
        if self.kind in {kind.value for kind in INTERNAL}:
            return self.seq, HIDDEN, "system", ""
        return self.seq, self.kind, self.author, str(self.body.get("text", ""))


def as_seen(event: Frame) -> tuple[int, str, str, str]:
    return event["seq"], event["kind"], event["author"], str(event["body"].get("text", ""))


@dataclass
class Shop:
    """A data folder to serve from, again and again, and the settings to serve it with."""

    data: Path
    models: ModelServer
    settings: dict[str, str]
    server: Server | None = None
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(trust_env=False, timeout=30))

    @contextmanager
    def open(self, **settings: str) -> Iterator[Server]:
        with serving(self.data, **(self.settings | settings)) as self.server:
            yield self.server

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    def rows(self, conversation: str) -> list[Row]:
        query = "SELECT seq, kind, author, cid, body FROM event WHERE conversation_id = ? ORDER BY seq"
        with closing(sqlite3.connect(f"file:{self.data / 'bot.sqlite'}?mode=ro", uri=True, timeout=10)) as connection:
            found = connection.execute(query, (conversation,)).fetchall()
        return [Row(seq, kind, author, cid, json.loads(body)) for seq, kind, author, cid, body in found]

    def write(self, statement: str, *values: Any) -> None:
        """Past the server, as another process would."""
        with closing(sqlite3.connect(self.data / "bot.sqlite", timeout=10)) as connection, connection:
            connection.execute(statement, values)

    async def arrive(self) -> "Arrived":
        made = (await self.http.post(f"{self.url}/v1/session", json={"locale": "en"})).raise_for_status().json()
        return Arrived(self, made["session"], made["conversation"], made["epoch"])


@dataclass
class Arrived:
    """A customer: as many clients as they have tabs."""

    shop: Shop
    secret: str
    conversation: str
    epoch: str

    async def ticket(self) -> str:
        headers = {"authorization": f"Bearer {self.secret}"}
        return str((await self.shop.http.post(f"{self.shop.url}/v1/ticket", headers=headers)).json()["ticket"])

    def client(self, through: str = "", **options: Any) -> Client:
        """One tab, by way of `through` (a proxy's address) if there is one."""
        address = (through or self.shop.url).replace("http", "ws", 1) + "/v1/socket"
        return Client(address, self.conversation, self.ticket, epoch=self.epoch, **options)

    def check(self, *clients: Client) -> list[Row]:
        """What must hold whatever happened; returns what the database has."""
        rows = self.shop.rows(self.conversation)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "a hole in the database"
        cids = [row.cid for row in rows if row.cid]
        assert len(set(cids)) == len(cids), "a message is there twice"
        answered = [row.body["answers"] for row in rows if row.body.get("answers") is not None]
        assert len(set(answered)) == len(answered), "a question was answered twice"
        for client in clients:
            has = [as_seen(event) for event in client.events]
            assert has == [row.shown for row in rows][: len(has)], "a reader saw something else than the database has"
            for cid, acks in client.acks.items():
                assert {ack["seq"] for ack in acks} == {row.seq for row in rows if row.cid == cid}, "acks disagree"
        return rows


@contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    """A shop with one page, ingested; `open` it to serve."""
    (folder / "help.md").write_text(FAQ)
    with model_server() as models:
        models.answer = _models
        settings = {
            "BOT_EMBEDDER": models.url, "BOT_EMBEDDER_MODEL": "e", "BOT_GENERATOR": models.url,
            "BOT_GENERATOR_MODEL": "g", "BOT_ANSWER_THRESHOLD": "0.05", "BOT_SUGGEST_THRESHOLD": "0.01",
        }  # fmt: skip
        done = bot(folder / "var", "ingest", str(folder / "help.md"), cwd=None, **settings)
        assert done.returncode == 0, done.stderr
        yield Shop(folder / "var", models, settings)


@asynccontextmanager
async def visited(shop: Shop) -> AsyncIterator[Shop]:
    """For one test: requests belong to its event loop."""
    shop.http = httpx.AsyncClient(trust_env=False, timeout=30)
    async with shop.http:
        yield shop
