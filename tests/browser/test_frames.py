"""What the chat does with the frames it gets: the socket is played by the test, all else is the real server."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from .conftest import Chat

AT = "2026-03-10T14:32:00+00:00"


class Played:
    """The server's side of the socket, event by event."""

    def __init__(self, page: Page) -> None:
        self.seq = 0
        self.got: list[dict[str, Any]] = []
        self.conversation = ""
        page.route_web_socket("**/v1/socket", self._opened)

    def _opened(self, route: WebSocketRoute) -> None:
        self.route = route
        route.on_message(lambda text: self._hear(json.loads(text)))

    def _hear(self, frame: dict[str, Any]) -> None:
        self.got.append(frame)
        if frame["type"] == "hello":
            self.conversation = frame["resume"][0]["conversation"]
            here = {"conversation": self.conversation, "epoch": "e", "head": 0, "resumed": True}
            self.say(type="welcome", connection="c", now=AT, heartbeat=25, limits={"text": 4000}, conversations=[here])

    def say(self, **frame: Any) -> None:
        self.route.send(json.dumps({"conversation": self.conversation, **frame}))

    def event(self, kind: str, author: str = "system", cid: str | None = None, **body: Any) -> int:
        self.seq += 1
        extra = {"cid": cid} if cid else {}
        self.say(type="event", seq=self.seq, kind=kind, author=author, at=AT, body=body, **extra)
        return self.seq

    def frames(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.got if frame["type"] == kind]


@pytest.fixture
def played(server: str, visitor: Callable[..., Page]) -> tuple[Chat, Played]:
    """An open chat in which "Hi" was sent; the first question's seq is 1."""
    page = visitor()
    socket = Played(page)
    page.goto(f"{server}/?locale=en")
    chat = Chat(page).open()
    chat.say("Hi")
    page.wait_for_timeout(50)
    expect(chat.frame.locator(".is-sending")).to_have_count(1)
    _until(page, lambda: len(socket.frames("send")) == 1)
    return chat, socket


def _until(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


def _asked(socket: Played) -> int:
    return socket.event("message.created", "customer", cid=socket.frames("send")[-1]["cid"], text="Hi")


Pair = tuple[Chat, Played]


def test_a_message_is_faded_until_it_is_acknowledged(played: Pair) -> None:
    chat, socket = played
    sent = socket.frames("send")[0]
    socket.say(type="ack", ref=sent["id"], cid=sent["cid"], seq=1, duplicate=False)
    expect(chat.frame.locator(".is-sending")).to_have_count(0)
    expect(chat.said).to_have_text(["Hi"])
    _asked(socket)
    expect(chat.frame.locator(".log .customer .bubble")).to_have_text(["Hi"])
    expect(chat.said).to_have_count(1)


def test_a_refused_message_keeps_its_text_and_is_tried_again_with_the_same_cid(played: Pair) -> None:
    chat, socket = played
    socket.say(type="error", ref=socket.frames("send")[0]["id"], code="bad_request", retry=False)
    expect(chat.frame.locator(".is-failed .bubble")).to_have_text("Hi")
    chat.frame.get_by_role("button", name="Try again").click()
    _until(chat.page, lambda: len(socket.frames("send")) == 2)
    assert len({frame["cid"] for frame in socket.frames("send")}) == 1


def test_a_draft_grows_sentence_by_sentence_and_is_replaced_by_the_reply(played: Pair) -> None:
    chat, socket = played
    question = _asked(socket)
    expect(chat.frame.locator(".working")).to_be_visible()
    draft = chat.frame.locator(".is-draft .bubble")
    socket.say(type="draft", answers=question, n=0, text="One.", citations=[])
    expect(draft).to_have_text("One.")
    expect(chat.frame.locator(".working")).to_be_hidden()
    socket.say(type="draft", answers=question, n=1, text="One. Two.", citations=[])
    expect(draft).to_have_text("One. Two.")
    socket.event("message.created", "bot", text="One. Two.", answers=question, citations=[])
    expect(draft).to_have_count(0)
    expect(chat.replies).to_have_text(["One. Two."])
    socket.say(type="draft", answers=question, n=2, text="Too late.", citations=[])
    chat.page.wait_for_timeout(100)
    expect(draft).to_have_count(0)


def test_a_hand_off_ends_the_draft_and_names_the_agent_who_comes(played: Pair) -> None:
    chat, socket = played
    question = _asked(socket)
    socket.say(type="draft", answers=question, n=0, text="The bot was saying", citations=[])
    expect(chat.frame.locator(".is-draft")).to_be_visible()
    socket.event("conversation.handed_off", reason="no_answer", text="I've asked a colleague.")
    expect(chat.frame.locator(".is-draft")).to_have_count(0)
    expect(chat.frame.locator(".system")).to_have_text(["I've asked a colleague."])
    socket.event("conversation.claimed", agent="Marieke")
    expect(chat.frame.locator(".holder")).to_have_text("You are talking to Marieke")
    socket.say(type="typing", author="agent", on=True)
    expect(chat.frame.locator(".working")).to_contain_text("Marieke is writing")
    socket.event("message.created", "agent", text="Hello, Marieke here.")
    expect(chat.frame.locator(".agent .who")).to_have_text("Marieke")


def test_a_near_question_is_asked_by_tapping_it(played: Pair) -> None:
    chat, socket = played
    question = _asked(socket)
    options = ["How do I return something?", "What does a return cost?"]
    socket.event("message.created", "bot", text="Did you mean", answers=question, options=options)
    chat.frame.get_by_role("button", name=options[1]).click()
    _until(chat.page, lambda: len(socket.frames("send")) == 2)
    assert socket.frames("send")[1]["text"] == options[1]


def test_a_closed_conversation_asks_for_a_rating(played: Pair) -> None:
    chat, socket = played
    _asked(socket)
    socket.event("conversation.closed")
    chat.frame.get_by_role("button", name="4: Good").click()
    _until(chat.page, lambda: len(socket.frames("rate")) == 1)
    assert socket.frames("rate")[0]["score"] == 4
    assert "seq" not in socket.frames("rate")[0]
    expect(chat.frame.get_by_text("Thank you for telling us.")).to_be_visible()


def test_what_comes_while_the_panel_is_closed_is_counted_on_the_launcher(played: Pair) -> None:
    chat, socket = played
    question = _asked(socket)
    chat.close()
    socket.event("message.created", "bot", text="An answer.", answers=question, citations=[])
    expect(chat.page.locator("answerdesk-widget .badge")).to_have_text("1")
    expect(chat.launcher).to_have_attribute("aria-label", "Open chat, 1 new message")
    chat.launcher.click()
    expect(chat.page.locator("answerdesk-widget .badge")).to_be_hidden()


def test_a_reader_further_up_is_not_moved_but_told(played: Pair) -> None:
    chat, socket = played
    for _ in range(200):
        socket.event("message.created", "agent", text="A line of the past.")
    expect(chat.frame.locator(".log .agent")).to_have_count(200)
    scroller = chat.frame.locator(".scroller")
    scroller.evaluate("(element) => element.scrollTo(0, 0)")
    socket.event("message.created", "agent", text="Something new.")
    expect(chat.frame.get_by_role("button", name="New messages")).to_be_visible()
    assert scroller.evaluate("(element) => element.scrollTop") == 0
    chat.frame.get_by_role("button", name="New messages").click()
    expect(chat.frame.get_by_text("Something new.")).to_be_in_viewport()


def test_a_server_that_stops_the_socket_leaves_a_way_back(played: Pair) -> None:
    chat, socket = played
    _asked(socket)
    expect(chat.frame.locator(".log .customer")).to_have_count(1)
    socket.route.close(code=4504, reason="")
    chat.frame.get_by_role("button", name="Connect").click()
    _until(chat.page, lambda: len(socket.frames("hello")) == 2)
    expect(chat.frame.locator(".line")).to_be_hidden()
