"""Chromium against a running server with a small knowledge base of its own, one of whose entries is hostile."""

import asyncio
import http.server
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Locator, Page, expect, sync_playwright
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from bot import bootstrap, login
from bot.access import Role
from bot.settings import Settings
from tests.running import Visitor, bot, serving

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 15_000  # a slow machine answers its first question slowly
PASSWORD = "correct horse battery staple"
SCREENSHOTS = "ANSWERDESK_SCREENSHOTS"  # a folder, for whoever wants to look at what the tests saw

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script> [press](javascript:alert(3)) \u202eevil\u202c'
KNOWLEDGE = {
    "shop.md": f"""# Help

## How long does delivery take?
> when will my parcel arrive

Standard delivery takes **2 to 4 business days** in Belgium and the Netherlands. Express orders placed before 15:00
arrive on the next business day.

| Method | Price |
|---|---|
| Standard | €5.95 |
| Express | €12.50 |

## How do I return something?
> send an item back

Open the order on our website, choose **Return items** and print the label. Returns are possible for 30 days.

## What does {HOSTILE} mean for zebra stickers?
> zebra stickers

Zebra stickers are safe. {HOSTILE} See [our bank](https://evil.example/login) and https://evil.example/x for more.
""",
    "shop.zh.md": """---
language: zh
---
# 帮助

## 配送需要多长时间？
> 几天能到

标准配送在比利时和荷兰需要 2 到 4 个工作日。15:00 前下的加急订单次个工作日送达。

## 怎么退货？

登录账户，在订单里选择退货并打印退货单，30 天内寄回即可。
""",
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a server that has read KNOWLEDGE."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in KNOWLEDGE.items():
        (folder / name).write_text(text, encoding="utf-8")
    data = folder / "var"
    assert bot(data, "ingest", str(folder), BOT_GENERATOR="none").returncode == 0
    with serving(data, BOT_GENERATOR="none") as running:
        yield running.url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Complaints(list[str]):
    """What a page said that it should not: script errors, policy violations, dialogs."""

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda said: self.append(said.text) if "Content Security Policy" in said.text else None)


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visitor(**options)` is a fresh customer's page. A complaint of any page fails the test."""
    contexts: list[BrowserContext] = []
    complaints = Complaints()

    def visit(**options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options})  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not complaints


class Chat:
    """The widget on a page, by what a customer sees."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.launcher: Locator = page.locator("answerdesk-widget .launcher")
        self.panel: Locator = page.locator("answerdesk-widget .panel")
        self.frame: FrameLocator = page.frame_locator("answerdesk-widget iframe")
        self.input = self.frame.locator("textarea")
        self.replies = self.frame.locator(".log .message.bot .bubble")
        self.said = self.frame.locator(".message.customer .bubble")
        self.sheet = self.frame.get_by_role("dialog")

    def open(self) -> "Chat":
        self.launcher.click()
        expect(self.input).to_be_visible()
        return self

    def close(self) -> None:
        """Closed, and the frame has heard it: the host's word is on its way when the panel goes, and what comes
        before it counts as seen. A window's messages arrive in turn, so ours is behind it."""
        self.input.press("Escape")
        expect(self.panel).to_be_hidden()
        self.input.evaluate("""() => new Promise((heard) => {
            addEventListener("message", ({ data }) => data === "behind" && heard());
            postMessage("behind", "*");
        })""")

    def say(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def ask(self, text: str) -> Locator:
        """Say it and wait for the reply."""
        before = self.replies.count()
        self.say(text)
        expect(self.replies).to_have_count(before + 1, timeout=PATIENCE_MS)
        return self.replies.last


@pytest.fixture
def chat(server: str, visitor: Callable[..., Page]) -> Chat:
    """The widget on the demo shop, open."""
    page = visitor()
    page.goto(f"{server}/?locale=en&theme=light")
    return Chat(page).open()


# ── the agents' side ──


@dataclass(frozen=True)
class Office:
    """A server with a knowledge base and agents of its own."""

    url: str
    data: Path
    knowledge: Path

    @classmethod
    @contextmanager
    def opened(
        cls, folder: Path, knowledge: Mapping[str, str], agents: Sequence[tuple[str, str, Role]], **settings: str
    ) -> "Iterator[Office]":
        """`agents` are (login, name, role); the password of them all is PASSWORD."""
        texts, data = folder / "knowledge", folder / "var"
        texts.mkdir()
        for name, text in knowledge.items():
            (texts / name).write_text(text, encoding="utf-8")
        settings = {"BOT_GENERATOR": "none", **settings}
        read = bot(data, "ingest", str(texts), **settings)
        assert read.returncode == 0, read.stderr
        with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one
            thread.submit(asyncio.run, _hire(data, agents)).result()
        with serving(data, **settings) as running:
            yield cls(running.url, data, texts)


async def _hire(data: Path, agents: Sequence[tuple[str, str, Role]]) -> None:
    settings = Settings(_env_file=None, data_dir=data, database_url="")  # type: ignore[call-arg]
    async with bootstrap.staff(settings) as desk:
        for name, shown, role in agents:
            await login.add_agent(desk, name, shown, PASSWORD, role, capacity=100)


class Console:
    """The agents' inbox on a page, by what an agent sees."""

    def __init__(self, page: Page) -> None:
        find = page.locator
        self.page = page
        self.rows, self.cursor, self.title = find(".rows .row"), find(".rows .row.is-cursor"), find(".talk-head h2")
        self.list_search = page.get_by_role("searchbox", name="Search in conversations")
        self.state, self.says, self.thread = find(".talk-state"), find(".desk-says"), find(".talk .log")
        self.messages, self.notes, self.lines = (
            find(".talk .log .message .bubble"), find(".talk .log .note .bubble"), find(".talk .log .system"),
        )  # fmt: skip
        self.tail, self.working, self.input = find(".talk .tail"), find(".talk .working"), find(".writing textarea")
        self.packet, self.door = find("aside.packet"), page.get_by_role("dialog", name="Log in")

    def log_in(self, url: str, name: str, path: str = "/console") -> "Console":
        self.page.goto(url + path)
        self.page.get_by_label("Login").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("header.top")).to_be_visible(timeout=PATIENCE_MS)
        return self

    def tab(self, name: str) -> Locator:
        return self.page.get_by_role("tab", name=name)

    def row(self, text: str) -> Locator:
        return self.rows.filter(has_text=text)

    def open(self, text: str) -> "Console":
        self.row(text).click()
        expect(self.thread).to_contain_text(text)
        return self

    def button(self, name: str) -> Locator:
        return self.page.locator(".desk").get_by_role("button", name=name, exact=True)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def say(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """As the page asks: with its cookies and its token."""
        script = "([method, path, body]) => import('/static/console-http.js').then(({api}) => api(method, path, body))"
        return self.page.evaluate(script, [method, path, body])


class Wire:
    """A socket without a page, for what would take many clicks."""

    def __init__(self, url: str, hello: Mapping[str, Any]) -> None:
        origin, address = Origin(url.partition("/v1")[0]), url.replace("http", "ws", 1)
        self._connecting = connect(address, origin=origin, subprotocols=[Subprotocol("bot.v1")])
        self._hello = json.dumps(hello)

    @classmethod
    def of_customer(cls, visitor: Visitor) -> "Wire":
        return cls(f"{visitor.url}/v1/socket", visitor.hello())

    @classmethod
    def of_agent(cls, office: Office, console: "Console") -> "Wire":
        ticket = console.api("POST", "ticket", {})["ticket"]
        return cls(f"{office.url}/v1/console/socket", {"type": "hello", "ticket": ticket, "resume": []})

    def __enter__(self) -> "Wire":
        self._socket = self._connecting.__enter__()
        self._socket.send(self._hello)
        self._until("type", "welcome")
        return self

    def __exit__(self, *_: object) -> None:
        self._connecting.__exit__(None, None, None)

    def ask(self, kind: str, conversation: str, **fields: Any) -> dict[str, Any]:
        """Send one frame; the ack, or the error."""
        ref = os.urandom(8).hex()
        self._socket.send(json.dumps({"type": kind, "id": ref, "cid": ref, "conversation": conversation, **fields}))
        return self._until("ref", ref)

    def do(self, kind: str, conversation: str, **fields: Any) -> None:
        answer = self.ask(kind, conversation, **fields)
        assert answer["type"] == "ack", answer

    def _until(self, name: str, value: str) -> dict[str, Any]:
        while True:
            frame: dict[str, Any] = json.loads(self._socket.recv(timeout=PATIENCE_MS / 1_000))
            if frame["type"] == "ping":
                self._socket.send(json.dumps({"type": "pong", "n": frame["n"]}))
            if frame.get(name) == value:
                return frame


def keep_picture(name: str, page: Page) -> None:
    if folder := os.environ.get(SCREENSHOTS):
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")


@pytest.fixture
def site() -> Iterator[Callable[[str], str]]:
    """`site(html)` is the address of a page on another origin than the server's."""
    with _serving() as (address, pages):

        def publish(html: str) -> str:
            path = f"/{len(pages)}"
            pages[path] = html
            return address + path

        yield publish


@pytest.fixture
def shop(server: str, site: Callable[[str], str]) -> Callable[[str], str]:
    """As `site`; `BASE` in the page is the server's URL."""
    return lambda html: site(html.replace("BASE", server))


@contextmanager
def _serving() -> Iterator[tuple[str, dict[str, str]]]:
    pages: dict[str, str] = {}

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://localhost:{listening.server_port}", pages
        listening.shutdown()
