"""What a customer sees when the network, the server, or whatever is in between, does what it should not.

The pages and the browser are real, and so is the server; its models are scripted, so that it starts at once.
"""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, WebSocketRoute, expect

from bot.adapters.migrate import migrate
from bot.conversation import Author
from tests.fakes import plays, stock
from tests.site import Site, running

from .conftest import PATIENCE_MS, keep_picture

SENTENCE = "You can return unused items within 30 days."
QUESTION, OTHER = "How do I return a lamp?", "How long does delivery take?"
SOCKET = "**/v1/socket"
Visitor = Callable[..., Page]
Frame = dict[str, Any]


class Shop:
    """A server in a thread of its own, which stops and starts again on the same port and database."""

    def __init__(self, url: str) -> None:
        self._url, self._port = url, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def start(self) -> None:
        self._stack = AsyncExitStack()
        self.site: Site = self.do(self._stack.enter_async_context(running(self._url, plays(SENTENCE), port=self._port)))
        self._port = int(self.site.address.rpartition(":")[2])
        self.do(stock(self.site.bot))

    def stop(self) -> None:
        self.do(self._stack.aclose())

    def end(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def says_bye(self) -> None:
        async def bye() -> None:
            self.site.doors.shut()

        self.do(bye())

    def sockets(self) -> int:
        return len(self.site.doors.open)

    def said_by_customer(self, conversation: str) -> list[str]:
        events = self.do(self.site.events(conversation))
        return [event.text for event in events if event.author is Author.CUSTOMER]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    url = f"sqlite:///{tmp_path_factory.mktemp('faults') / 'bot.db'}"
    with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one
        thread.submit(migrate, url).result()
    shop = Shop(url)
    shop.start()
    yield shop
    shop.end()


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Nothing here is about how fast the machine is."""
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5_000)


class Talk:
    """The chat alone on a page, by what a customer sees."""

    def __init__(self, page: Page, shop: Shop) -> None:
        self.page, self.shop = page, shop
        self.input, self.line = page.locator("textarea"), page.locator(".line")
        self.said = page.locator(".message.customer .bubble")
        self.sending, self.failed = page.locator(".is-sending .bubble"), page.locator(".is-failed")
        self.replies: Locator = page.locator(".log .message.bot .bubble")

    def open(self) -> "Talk":
        self.page.goto(f"http://{self.shop.site.address}/chat?locale=en&theme=light")
        expect(self.input).to_be_visible()
        return self

    def say(self, text: str = QUESTION) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def ask(self, text: str = QUESTION) -> None:
        before = self.replies.count()
        self.say(text)
        expect(self.replies).to_have_count(before + 1)

    def said_elsewhere(self, text: str) -> None:
        """By the same customer, who has the same conversation open on another device."""
        bot, id = self.shop.site.bot, self.conversation
        self.shop.do(bot.change(id, lambda c: c.said(text, sender="phone", cid=text, at=bot.now())))

    def until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(200):
            if is_so():
                return
            self.page.wait_for_timeout(50)  # whoever stands in between works while the page does
        raise AssertionError("it never was")

    @property
    def conversation(self) -> str:
        return str(self.page.evaluate("JSON.parse(localStorage['answerdesk.session']).conversation"))

    def is_shown_once(self, *texts: str) -> None:
        """In the page, after a reload of it, and in the database."""
        expect(self.said).to_have_text(list(texts))
        expect(self.sending).to_have_count(0)
        assert self.shop.said_by_customer(self.conversation) == list(texts)
        self.page.reload()
        expect(self.said).to_have_text(list(texts))


@pytest.fixture
def talk(shop: Shop, visitor: Visitor) -> Talk:
    return Talk(visitor(), shop)


class Between:
    """Stands between the page's sockets and the server: keeps what a test says, or everything, as a dead line does."""

    def __init__(self, context: BrowserContext) -> None:
        self.opened: list[WebSocketRoute] = []
        self.keeps: Callable[[Frame], bool] = lambda frame: False
        self.dead: set[WebSocketRoute] = set()
        self.kept: list[tuple[WebSocketRoute, str]] = []
        context.route_web_socket(SOCKET, self._meet)

    def _meet(self, page: WebSocketRoute) -> None:
        self.opened.append(page)
        server = page.connect_to_server()
        page.on_message(lambda message: None if page in self.dead else server.send(message))
        server.on_message(lambda message: self._bring(page, str(message)))

    def _bring(self, page: WebSocketRoute, message: str) -> None:
        if page in self.dead:
            return
        if self.keeps(json.loads(message)):
            self.kept.append((page, message))
        else:
            page.send(message)

    def kept_types(self) -> list[str]:
        return [json.loads(message)["type"] for _, message in self.kept]

    def release(self) -> None:
        self.keeps = lambda frame: False
        for page, message in self.kept:
            page.send(message)
        self.kept.clear()

    def die(self) -> None:
        self.dead.update(self.opened)


@pytest.fixture
def between(talk: Talk) -> Between:
    return Between(talk.page.context)


# ── the network ──


def test_offline_it_says_so_keeps_what_is_written_and_sends_it_once(talk: Talk) -> None:
    talk.open().ask()
    talk.page.context.set_offline(True)
    expect(talk.line).to_contain_text("No connection")
    talk.say("one")
    talk.say("two")
    expect(talk.sending).to_have_text(["one", "two"])
    keep_picture("faults-offline", talk.page)
    talk.page.context.set_offline(False)
    expect(talk.line).to_be_hidden()
    talk.is_shown_once(QUESTION, "one", "two")


def test_whoever_wakes_sees_at_once_what_was_said_over_a_line_that_died_meanwhile(talk: Talk, between: Between) -> None:
    """The network forgot the connection while the phone slept, and told nobody."""
    talk.open().ask()
    between.die()
    talk.said_elsewhere("from my phone")
    talk.page.wait_for_timeout(5_100)  # of silence: from then on a look at the page is worth a question
    expect(talk.said).to_have_count(1)
    talk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(talk.said).to_have_text([QUESTION, "from my phone"])
    assert len(between.opened) == 2


def test_a_socket_that_broke_in_the_background_is_dialled_within_a_second_of_a_look(talk: Talk) -> None:
    talk.open().ask()
    talk.page.context.route("**/v1/ticket", lambda route: route.abort())
    talk.page.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(talk.line).to_be_visible()
    talk.page.wait_for_timeout(2_000)  # by now the next try is a while away
    talk.said_elsewhere("meanwhile")
    talk.page.context.unroute("**/v1/ticket")
    with talk.page.expect_request("**/v1/ticket", timeout=1_000):
        talk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(talk.said).to_have_text([QUESTION, "meanwhile"])


def test_two_tabs_of_one_customer_agree(talk: Talk, shop: Shop) -> None:
    talk.open().ask()
    other = Talk(talk.page.context.new_page(), shop).open()
    expect(other.said).to_have_text([QUESTION])
    talk.page.context.set_offline(True)
    expect(talk.line).to_be_visible()
    talk.say("from one")
    other.say("from the other")
    talk.page.context.set_offline(False)
    for tab in (talk, other):
        expect(tab.said).to_have_count(3)
        expect(tab.sending).to_have_count(0)
    assert talk.said.all_text_contents() == other.said.all_text_contents() == shop.said_by_customer(talk.conversation)
    assert shop.sockets() == 2


def test_what_is_not_sent_survives_a_reload(talk: Talk) -> None:
    talk.open().ask()
    refuse = "**/v1/{ticket,events,messages}*"
    talk.page.context.route(refuse, lambda route: route.abort())
    talk.page.context.route_web_socket(SOCKET, lambda socket: socket.close())
    talk.page.reload()
    talk.say("kept")
    talk.page.reload()
    expect(talk.sending).to_have_text("kept")
    expect(talk.line).to_be_visible()
    talk.page.context.unroute(refuse)
    talk.page.evaluate("window.dispatchEvent(new Event('online'))")
    talk.is_shown_once(QUESTION, "kept")  # sockets stay closed: it went by HTTP


# ── acknowledgements ──


def test_an_ack_that_is_lost_with_its_connection_doubles_nothing(talk: Talk, between: Between) -> None:
    talk.open().ask()
    between.keeps = lambda frame: frame["type"] in ("ack", "event")
    talk.say("once")
    expect(talk.sending).to_have_text("once")
    talk.until(lambda: "ack" in between.kept_types())
    between.die()
    between.keeps = lambda frame: False
    between.opened[-1].close(code=4002)
    talk.is_shown_once(QUESTION, "once")


def test_an_ack_that_is_late_leaves_one_bubble_that_was_there_at_once(talk: Talk, between: Between) -> None:
    talk.open().ask()
    between.keeps = lambda frame: frame["type"] in ("ack", "event")
    type_and_time = """(text) => {
      const input = document.querySelector("textarea");
      input.value = text;
      input.dispatchEvent(new Event("input"));
      const began = performance.now();
      input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", cancelable: true }));
      if (!document.querySelector(".is-sending:last-of-type .bubble").offsetHeight) return Infinity;
      return performance.now() - began;
    }"""
    assert min(talk.page.evaluate(type_and_time, text) for text in ("late", "later")) <= 50
    talk.page.wait_for_timeout(3_000)
    expect(talk.said).to_have_text([QUESTION, "late", "later"])
    expect(talk.sending).to_have_text(["late", "later"])
    between.release()
    talk.is_shown_once(QUESTION, "late", "later")


def test_an_event_that_comes_before_its_ack_is_the_message(talk: Talk, between: Between) -> None:
    talk.open().ask()
    between.keeps = lambda frame: frame["type"] == "ack"
    talk.say("event first")
    expect(talk.page.locator(".log .message.customer")).to_have_count(2)
    expect(talk.sending).to_have_count(0)
    talk.until(lambda: bool(between.kept))
    between.release()
    talk.is_shown_once(QUESTION, "event first")


def test_an_ack_that_comes_before_its_event_is_no_second_bubble(talk: Talk, between: Between) -> None:
    talk.open().ask()
    between.keeps = lambda frame: frame["type"] == "event"
    talk.say("ack first")
    expect(talk.sending).to_have_count(0)
    expect(talk.said).to_have_text([QUESTION, "ack first"])
    between.release()
    talk.is_shown_once(QUESTION, "ack first")


def test_after_a_day_a_message_is_not_sent_by_itself(talk: Talk) -> None:
    talk.open().ask()
    yesterday = """(conversation) => {
      const entry = {cid: "yesterday-1", type: "send", conversation, fields: {text: "from yesterday"}, failed: ""};
      localStorage["answerdesk.out.yesterday-1"] = JSON.stringify({...entry, at: Date.now() - 25 * 3600000});
    }"""
    talk.page.evaluate(yesterday, talk.conversation)
    talk.page.reload()
    expect(talk.failed).to_contain_text("Not sent.")
    keep_picture("faults-not-sent", talk.page)
    assert talk.shop.said_by_customer(talk.conversation) == [QUESTION]
    talk.failed.get_by_role("button", name="Try again").click()
    talk.is_shown_once(QUESTION, "from yesterday")


# ── the server ──


def test_a_server_that_restarts_while_somebody_types_takes_nothing_away(talk: Talk, shop: Shop) -> None:
    talk.open().ask()
    talk.input.press_sequentially("And is the ")
    shop.stop()
    expect(talk.line).to_contain_text("No connection")
    talk.input.press_sequentially("delivery free?")
    expect(talk.input).to_have_value("And is the delivery free?")
    talk.input.press("Enter")
    expect(talk.sending).to_have_text("And is the delivery free?")
    shop.start()
    expect(talk.line).to_be_hidden()
    talk.is_shown_once(QUESTION, "And is the delivery free?")


def test_a_server_that_says_bye_is_back_before_anybody_is_told(talk: Talk, between: Between, shop: Shop) -> None:
    talk.open().ask()
    shop.says_bye()
    talk.until(lambda: between.opened[-1] not in between.dead and len(between.opened) == 2)
    talk.is_shown_once(QUESTION)
    assert len(between.opened) == 3, "one socket for the reload"


# ── networks that break sockets ──


@pytest.mark.parametrize("how", ["closed", "silent", "forbidden"])
def test_where_sockets_are_blocked_the_chat_works_all_the_same(talk: Talk, shop: Shop, how: str) -> None:
    if how == "forbidden":  # as a proxy does that knows nothing of upgrades: 403, for real
        object.__setattr__(shop.site.doors, "public_url", "https://elsewhere.example")
    else:
        talk.page.context.route_web_socket(SOCKET, lambda socket: socket.close() if how == "closed" else None)
    try:
        talk.open().ask()
        talk.ask(OTHER)
        talk.said_elsewhere("from my phone")
        expect(talk.said).to_have_text([QUESTION, OTHER, "from my phone"])
        expect(talk.line).to_be_hidden()
        keep_picture(f"faults-polling-{how}", talk.page)
        talk.page.get_by_role("button", name="Talk to a person").click()
        expect(talk.page.locator(".system").last).to_contain_text(re.compile("colleague", re.IGNORECASE))
        talk.is_shown_once(QUESTION, OTHER, "from my phone")
        expect(talk.replies).to_have_count(2)
    finally:
        object.__setattr__(shop.site.doors, "public_url", "")


def test_polls_end_with_the_server_and_begin_again_with_it(talk: Talk, shop: Shop) -> None:
    talk.page.context.route_web_socket(SOCKET, lambda socket: socket.close())
    talk.open().ask()
    shop.stop()
    expect(talk.line).to_be_visible()
    talk.say("hold on")
    shop.start()
    expect(talk.line).to_be_hidden()
    talk.is_shown_once(QUESTION, "hold on")
