"""Chromium against a running server with a small knowledge base of its own, one of whose entries is hostile."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Locator, Page, expect, sync_playwright

from tests.running import bot, serving

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 15_000  # a slow machine answers its first question slowly

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


@pytest.fixture
def shop(server: str) -> Iterator[Callable[[str], str]]:
    """`shop(html)` is the address of a page on another origin than the server's. `BASE` in it is the server's URL."""
    with _serving() as (address, pages):

        def publish(html: str) -> str:
            path = f"/{len(pages)}"
            pages[path] = html.replace("BASE", server)
            return address + path

        yield publish


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
