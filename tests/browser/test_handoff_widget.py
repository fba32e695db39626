"""The hand-off as its customer sees it: the socket is played by the test, all else is the real server."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from .conftest import HOSTILE, Chat

AT = "2026-03-10T14:32:00+00:00"
Visitor = Callable[..., Page]


class Server:
    """The server's side of the socket: it keeps what happened, and tells it again to whoever comes back."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.past: list[dict[str, Any]] = []
        self.got: list[dict[str, Any]] = []
        self.conversation = ""
        self.is_acking = True
        page.route_web_socket("**/v1/socket", self._opened)

    def _opened(self, route: WebSocketRoute) -> None:
        self.route = route
        route.on_message(lambda text: self._hear(json.loads(text)))

    def _hear(self, frame: dict[str, Any]) -> None:
        self.got.append(frame)
        if frame["type"] == "hello":
            self._welcome(frame["resume"][0])
        elif "cid" in frame and self.is_acking:
            self.say(type="ack", ref=frame["id"], cid=frame["cid"], seq=0, duplicate=False)

    def _welcome(self, position: dict[str, Any]) -> None:
        self.conversation = position["conversation"]
        here = {"conversation": self.conversation, "epoch": "e", "head": len(self.past), "resumed": True}
        self.say(type="welcome", connection="c", now=AT, heartbeat=25, limits={"text": 4000}, conversations=[here])
        for event in self.past[position["seq"] :]:
            self.say(**event)

    def say(self, **frame: Any) -> None:
        self.route.send(json.dumps({"conversation": self.conversation, **frame}))

    def event(self, kind: str, author: str = "system", /, **body: Any) -> int:
        seq = len(self.past) + 1
        self.past.append({"type": "event", "seq": seq, "kind": kind, "author": author, "at": AT, "body": body})
        self.say(**self.past[-1])
        return seq

    def moved(self, name: str, **body: Any) -> int:
        return self.event(f"conversation.{name}", **body)

    def queue(self, position: int, wait_s: int | None = None, opens_at: str | None = None) -> None:
        is_open = opens_at is None
        self.say(type="queue", position=position, wait_s=wait_s, open=is_open, opens_at=opens_at)

    def typing(self, on: bool = True) -> None:
        self.say(type="typing", author="agent", on=on)

    def await_frame(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The newest frame of a kind, once there are so many."""
        for _ in range(200):
            found = [frame for frame in self.got if frame["type"] == kind]
            if len(found) >= count:
                assert len(found) == count
                return found[-1]
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the chat sent no {kind}: {self.got}")


class Desk(Chat):
    """The widget by what the hand-off adds to it."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        find = self.frame.locator
        self.holder, self.standing, self.lines = find(".holder"), find(".standing"), find(".log .system")
        self.news, self.working, self.rating = find(".foot [role=status].unseen"), find(".working"), find(".rating")
        self.offer, self.email, self.problem = find(".offer"), find(".offer input"), find(".offer .problem")
        self.agents = find(".log .agent")

    def button(self, name: str) -> Locator:
        return self.frame.get_by_role("button", name=name, exact=True)

    def leave(self, address: str) -> None:
        self.email.fill(address)
        self.offer.locator("button").click()


Pair = tuple[Desk, Server]


@pytest.fixture
def enter(server: str, visitor: Visitor) -> Callable[..., Pair]:
    """`enter(locale, **options)` is an open chat in which one question was asked and answered."""

    def enter(locale: str = "en", **options: Any) -> Pair:
        page = visitor(**options)
        played = Server(page)
        page.goto(f"{server}/?locale={locale}&theme=light")
        desk = Desk(page)
        desk.open().say("Hi")
        played.await_frame("send")
        played.event("message.created", "customer", text="Hi")
        played.event("message.created", "bot", text="Good day.", answers=1, citations=[])
        expect(desk.replies).to_have_count(1)
        return desk, played

    return enter


@pytest.fixture
def talk(enter: Callable[..., Pair]) -> Pair:
    return enter()


# ── lines ──


def test_the_lines_are_what_the_server_says_and_none_where_the_shop_wants_none(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", text="I've asked a colleague.", reason="no_answer")
    server.moved("claimed", text="", agent="Marieke")
    server.moved("transferred", text="Noor takes over.", agent="Noor")
    server.moved("requeued", text="Noor had to go.")
    server.moved("returned", text="")
    server.moved("closed", text="Goodbye.", by="agent")
    expect(desk.rating).to_be_visible()
    expect(desk.lines).to_have_text(["I've asked a colleague.", "Noor takes over.", "Noor had to go.", "Goodbye."])


def test_events_of_old_that_carry_no_words_are_told_in_ours(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", reason="no_answer")
    server.moved("claimed", agent="Marieke")
    expect(desk.lines).to_have_text(["You asked for a person.", "Marieke is here now."])


def test_what_only_agents_may_read_changes_nothing_and_is_received(talk: Pair) -> None:
    desk, server = talk
    server.event("message.created", "customer", text="And?")
    server.say(type="draft", answers=3, n=0, text="The bot was saying", citations=[])
    draft = desk.frame.locator(".is-draft")
    expect(draft).to_be_visible()
    for kind in ("conversation.updated", "conversation.of_a_later_day", "surprise"):
        server.event(kind, "agent", text="Secret.", agent="Eve", offer="email")
    server.event("message.created", "bot", text="An answer.", answers=3, citations=[])
    expect(desk.replies).to_have_count(2)
    expect(desk.lines).to_have_count(0)
    expect(desk.holder).to_have_text("Answers from our help pages")
    server.moved("closed", text="", by="agent")
    server.event("conversation.updated", "agent")
    server.event("message.created", "agent", text="One more thing.", agent="Marieke")
    expect(desk.agents).to_have_count(1)
    expect(desk.rating).to_be_visible()
    assert server.got[-1] == {"type": "read", "conversation": server.conversation, "seq": len(server.past)}


def test_a_draft_survives_a_note_of_an_agent(talk: Pair) -> None:
    desk, server = talk
    server.event("message.created", "customer", text="And?")
    server.say(type="draft", answers=3, n=0, text="The bot is saying", citations=[])
    server.event("conversation.updated", "agent")
    server.say(type="draft", answers=3, n=1, text="The bot is saying this.", citations=[])
    expect(desk.frame.locator(".is-draft .bubble")).to_have_text("The bot is saying this.")


def test_the_badge_counts_what_was_said_and_no_placeholder(talk: Pair) -> None:
    desk, server = talk
    desk.close()
    server.moved("handed_off", text="A colleague comes.")
    server.event("conversation.updated", "agent")
    server.moved("claimed", text="Marieke is here.", agent="Marieke")
    server.event("message.created", "agent", text="Hello.", agent="Marieke")
    expect(desk.page.locator("answerdesk-widget .badge")).to_have_text("3")


# ── waiting ──


def test_the_place_in_line_stands_above_the_input_and_is_replaced_where_it_is(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", text="A colleague comes.", position=3, wait_s=400)
    expect(desk.standing).to_have_text("You are number 3 in line · about 7 minutes")
    expect(desk.button("Talk to a person")).to_be_hidden()
    server.queue(2)
    expect(desk.standing).to_have_text("You are number 2 in line")
    server.queue(1, 170)
    expect(desk.standing).to_have_text("You are next in line · about 3 minutes")
    expect(desk.standing).to_have_count(1)
    expect(desk.lines).to_have_count(1)


def test_the_place_in_line_is_gone_when_the_wait_is(talk: Pair) -> None:
    desk, server = talk
    for ending in ("claimed", "returned", "closed"):
        server.moved("handed_off", text="A colleague comes.")
        expect(desk.standing).to_have_text("You are in line")  # nothing is left of the place before
        server.queue(1, 170)
        expect(desk.standing).to_contain_text("next in line")
        server.moved(ending, text="", agent="Marieke")
        expect(desk.standing).to_be_hidden()


def test_only_what_matters_of_the_place_is_said_aloud(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", text="A colleague comes.")
    server.queue(4, 600)
    expect(desk.news).to_have_text("You are number 4 in line · about 10 minutes")
    server.queue(3, 500)
    expect(desk.standing).to_contain_text("number 3")
    expect(desk.news).to_have_text("You are number 4 in line · about 10 minutes")
    server.queue(1, 60)
    expect(desk.news).to_have_text("You are next in line · about a minute")


@pytest.mark.parametrize(
    ("locale", "words"), [("en", r"We are back tomorrow at 9:00"), ("zh", r"人工客服明天 9:00 上线")]
)
def test_outside_opening_hours_it_says_when_we_are_back_where_the_customer_is(
    enter: Callable[..., Pair], locale: str, words: str
) -> None:
    desk, server = enter(locale, timezone_id="Asia/Shanghai")
    desk.page.clock.set_fixed_time("2026-03-10T10:30:00+00:00")  # half past six in the evening there
    server.moved("handed_off", text="...")
    server.queue(2, None, "2026-03-11T01:00:00+00:00")
    expect(desk.standing).to_have_text(words)


def test_tomorrow_becomes_today_while_the_chat_is_open(enter: Callable[..., Pair]) -> None:
    desk, server = enter(timezone_id="Europe/Brussels")
    desk.page.clock.install(time=datetime.fromisoformat("2026-03-10T23:58:00+01:00"))
    desk.page.reload()
    server.await_frame("hello", 2)
    server.moved("handed_off", text="Nobody is here.")
    server.queue(1, None, "2026-03-11T09:00:00+01:00")
    expect(desk.standing).to_have_text("We are back tomorrow at 9:00")
    desk.page.clock.fast_forward(180_000)
    expect(desk.standing).to_have_text("We are back today at 9:00")


def test_another_language_keeps_the_place_and_the_address_being_typed(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", text="A colleague comes.", offer="email")
    server.queue(2)
    desk.email.fill("anna@exa")
    desk.page.evaluate("answerdesk.setLocale('zh')")
    expect(desk.standing).to_have_text("您前面还有 1 位")
    expect(desk.email).to_have_value("anna@exa")


# ── an address for later ──


def test_an_address_can_be_left_and_changed(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", text="Nobody is here right now.", offer="email")
    expect(desk.email).to_have_attribute("autocomplete", "email")
    desk.leave("anna@example.com")
    sent = server.await_frame("email")
    assert (sent["email"], sent["conversation"]) == ("anna@example.com", server.conversation)
    server.event("conversation.email_left", "customer", text="We write to anna@example.com.", email="anna@example.com")
    expect(desk.offer).to_have_count(0)
    expect(desk.lines.last).to_have_text("We write to anna@example.com. Change")
    desk.button("Change").click()
    expect(desk.email).to_be_focused()
    expect(desk.email).to_have_value("anna@example.com")
    desk.leave("anna@example.org")
    assert server.await_frame("email", 2)["email"] == "anna@example.org"
    server.event("conversation.email_left", "customer", text="We write to anna@example.org.", email="anna@example.org")
    expect(desk.offer).to_have_count(0)
    expect(desk.button("Change")).to_have_count(1)


def test_the_same_address_again_is_not_sent_again(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", text="", offer="email")
    server.event("conversation.email_left", "customer", text="We write to a@b.example.", email="a@b.example")
    desk.button("Change").click()
    desk.leave("a@b.example")
    expect(desk.offer).to_have_count(0)
    expect(desk.button("Change")).to_be_visible()
    assert [frame for frame in server.got if frame["type"] == "email"] == []


def test_half_an_address_is_said_to_be_one_and_stays(talk: Pair) -> None:
    desk, server = talk
    server.moved("delayed", text="Nothing to wait for.", offer="email")
    expect(desk.offer).to_have_count(0)  # nobody waits
    server.moved("handed_off", text="A colleague comes.")
    server.moved("delayed", text="It takes longer.", offer="email")
    for wrong in ("", "anna", "anna@example", "anna example@x.com", "@example.com"):
        desk.leave(wrong)
        expect(desk.problem).to_have_text("Please write the whole address, such as name@example.com.")
        expect(desk.email).to_have_attribute("aria-invalid", "true")
        expect(desk.email).to_have_value(wrong)
        desk.email.press_sequentially("x")
        expect(desk.problem).to_be_hidden()
    assert [frame for frame in server.got if frame["type"] == "email"] == []


def test_an_address_the_server_refuses_stays_to_be_mended(talk: Pair) -> None:
    desk, server = talk
    server.is_acking = False
    server.moved("handed_off", text="Nobody is here.", offer="email")
    desk.leave("anna@example.con")
    sent = server.await_frame("email")
    expect(desk.email).to_have_attribute("readonly", "")
    server.say(type="error", ref=sent["id"], code="bad_request", retry=False)
    expect(desk.problem).to_be_visible()
    expect(desk.email).to_have_value("anna@example.con")
    desk.leave("anna@example.com")
    assert server.await_frame("email", 2)["email"] == "anna@example.com"
    expect(desk.problem).to_be_hidden()


def test_an_address_left_offline_is_sent_later_and_over_a_reload(talk: Pair) -> None:
    desk, server = talk
    server.is_acking = False
    server.moved("handed_off", text="Nobody is here.", offer="email")
    desk.leave("anna@example.com")
    first = server.await_frame("email")
    desk.page.reload()
    again = server.await_frame("email", 2)
    assert (again["cid"], again["email"]) == (first["cid"], "anna@example.com")
    expect(desk.email).to_have_value("anna@example.com")


def test_the_form_goes_when_somebody_comes_and_the_input_is_at_hand(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", text="Nobody is here.", offer="email")
    desk.email.fill("anna@")
    server.moved("claimed", text="Marieke is here.", agent="Marieke")
    expect(desk.offer).to_have_count(0)
    expect(desk.input).to_be_focused()
    server.event("conversation.email_left", "customer", text="We write to a@b.example.", email="a@b.example")
    expect(desk.lines.last).to_have_text("We write to a@b.example.")
    expect(desk.button("Change")).to_have_count(0)


def test_a_form_that_is_offered_again_follows_unless_it_is_being_typed_into(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", text="First.", offer="email")
    server.event("message.created", "customer", text="Hello?")
    desk.input.focus()
    server.moved("delayed", text="Second.", offer="email")
    expect(desk.frame.locator(".log > :last-child")).to_have_class(re.compile("offer"))
    desk.email.press_sequentially("anna@")
    server.event("message.created", "customer", text="Hello??")
    server.moved("delayed", text="Third.", offer="email")
    expect(desk.lines.last).to_have_text("Third.")
    expect(desk.email).to_be_focused()
    expect(desk.email).to_have_value("anna@")


# ── with an agent ──


def test_who_answers_stands_in_the_header_and_over_what_they_write(talk: Pair) -> None:
    desk, server = talk
    server.moved("handed_off", text="A colleague comes.")
    expect(desk.holder).to_have_text("A colleague will join you here")
    server.moved("claimed", text="", agent="Marieke")
    expect(desk.holder).to_have_text("You are talking to Marieke")
    server.event("message.created", "agent", text="Hello.", agent="Marieke")
    server.event("message.created", "agent", text="I am looking.", agent="Marieke")
    server.moved("transferred", text="", agent="Noor")
    expect(desk.holder).to_have_text("You are talking to Noor")
    server.event("message.created", "agent", text="Noor here.", agent="Noor")
    expect(desk.frame.locator(".agent .who:visible")).to_have_text(["Marieke", "Noor"])


def test_a_passage_that_an_agent_sends_has_its_chip_and_no_thumbs(talk: Pair) -> None:
    desk, server = talk
    server.moved("claimed", text="", agent="Marieke")
    passage = {"position": 1, "document": "d", "passage": "p", "title": f"Returns {HOSTILE}", "url": "", "score": 1.0,
               "text": "Returns are possible for 30 days."}  # fmt: skip
    server.event("message.created", "agent", text="Returns: 30 days.", agent=f"Ma{HOSTILE}", citations=[passage])
    expect(desk.frame.locator(".agent .who")).to_contain_text("<script>alert(2)</script>")
    expect(desk.agents.locator(".thumb")).to_have_count(0)
    desk.agents.locator(".chip").click()
    expect(desk.sheet).to_contain_text("Returns are possible for 30 days.")


def test_the_dots_are_the_agents_and_come_back_after_each_message(talk: Pair) -> None:
    desk, server = talk
    server.moved("claimed", text="", agent="Marieke")
    server.event("message.created", "customer", text="Are you there?")
    desk.page.wait_for_timeout(500)
    expect(desk.working).to_have_count(0)  # the bot owes nothing
    for said in range(2):
        server.typing()
        expect(desk.working).to_contain_text("Marieke is writing")
        server.event("message.created", "agent", text="Yes.", agent="Marieke")
        expect(desk.agents).to_have_count(said + 1)
        expect(desk.working).to_have_count(0)
    server.typing()
    expect(desk.working).to_be_visible()
    server.moved("returned", text="The bot answers again.")
    expect(desk.working).to_have_count(0)


# ── the end ──


def test_the_customer_ends_the_chat_after_being_asked_once_rates_it_and_may_write_again(talk: Pair) -> None:
    desk, server = talk
    server.moved("claimed", text="", agent="Marieke")
    desk.button("More").click()
    desk.button("End chat").click()
    desk.button("Not yet").click()
    expect(desk.button("More")).to_be_focused()
    desk.button("More").click()
    desk.button("End chat").click()
    desk.button("End chat").click()
    assert server.await_frame("close")["conversation"] == server.conversation
    server.moved("closed", text="This chat is closed.", by="customer")
    expect(desk.holder).to_have_text("This chat is closed")
    expect(desk.button("More")).to_be_hidden()
    desk.button("4: Good").click()
    assert server.await_frame("rate")["score"] == 4
    expect(desk.rating).to_have_text("Thank you for telling us.")
    desk.say("One more question")
    server.await_frame("send", 2)
    server.moved("reopened")
    server.event("message.created", "customer", text="One more question")
    expect(desk.holder).to_have_text("Answers from our help pages")
    expect(desk.rating).to_have_count(0)
    expect(desk.working).to_be_visible()


def test_an_end_that_came_too_late_is_not_worth_a_word(talk: Pair) -> None:
    desk, server = talk
    server.is_acking = False
    desk.button("More").click()
    desk.button("End chat").click()
    desk.button("End chat").click()
    sent = server.await_frame("close")
    server.say(type="error", ref=sent["id"], code="conflict", why="status", retry=False)
    expect(desk.button("More")).to_be_visible()
    stored = "Object.keys(localStorage).filter((key) => key.startsWith('answerdesk.out.')).length"
    assert desk.page.evaluate(stored) == 0


def test_the_menu_is_worked_by_keyboard_and_goes_without_taking_the_chat_along(talk: Pair) -> None:
    desk, _ = talk
    more = desk.button("More")
    more.press("Enter")
    expect(desk.button("End chat")).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(more).to_be_focused()
    expect(more).to_have_attribute("aria-expanded", "false")
    expect(desk.panel).to_be_visible()
    more.click()
    desk.input.click()
    expect(desk.button("End chat")).to_have_count(0)


def test_nothing_can_be_ended_before_anything_was_said(server: str, visitor: Visitor) -> None:
    page = visitor()
    page.goto(f"{server}/?locale=en")
    desk = Desk(page)
    desk.open()
    expect(desk.button("Talk to a person")).to_be_visible()
    expect(desk.button("More")).to_be_hidden()


# ── without a network ──


def test_a_person_asked_for_offline_is_promised_and_asked_once_it_is_back(talk: Pair) -> None:
    desk, server = talk
    desk.page.context.set_offline(True)
    expect(desk.frame.locator(".line")).to_contain_text("No connection")
    desk.button("Talk to a person").click()
    expect(desk.standing).to_have_text("No connection: we will ask a colleague as soon as it is back.")
    expect(desk.button("Talk to a person")).to_be_hidden()
    desk.page.context.set_offline(False)
    server.await_frame("handoff")
    server.moved("handed_off", text="A colleague comes.")
    expect(desk.standing).to_have_text("You are in line")


def test_an_end_wished_for_offline_is_promised_too(talk: Pair) -> None:
    desk, server = talk
    desk.page.context.set_offline(True)
    expect(desk.frame.locator(".line")).to_contain_text("No connection")
    desk.button("More").click()
    desk.button("End chat").click()
    desk.button("End chat").click()
    expect(desk.standing).to_have_text("No connection: this chat ends as soon as it is back.")
    desk.page.context.set_offline(False)
    server.await_frame("close")


def test_a_session_the_server_forgot_takes_the_end_along_but_not_what_was_written(talk: Pair) -> None:
    desk, server = talk
    server.is_acking = False
    desk.button("More").click()
    desk.button("End chat").click()
    desk.button("End chat").click()
    before = server.await_frame("close")["conversation"]
    server.past.clear()
    desk.page.route("**/v1/ticket", lambda route: route.fulfill(status=401), times=1)
    server.route.close(code=4507, reason="")
    desk.say("Still there?")
    after = server.await_frame("send", 2)
    assert (after["text"], after["conversation"] != before) == ("Still there?", True)
    server.await_frame("close")  # that one, and no second


def test_a_call_for_a_person_that_was_refused_says_so_and_can_be_repeated(talk: Pair) -> None:
    desk, server = talk
    server.is_acking = False
    desk.button("Talk to a person").click()
    sent = server.await_frame("handoff")
    server.say(type="error", ref=sent["id"], code="internal", retry=False)
    desk.button("Not sent. Try again").click()
    assert server.await_frame("handoff", 2)["cid"] == sent["cid"]


def test_whatever_the_hand_off_adds_is_large_enough_to_touch(enter: Callable[..., Pair]) -> None:
    desk, server = enter(viewport={"width": 390, "height": 844})
    server.moved("handed_off", text="Nobody is here.", offer="email")
    _assert_touchable(desk)
    server.event("conversation.email_left", "customer", text="We write to a@b.example.", email="a@b.example")
    desk.button("More").click()
    _assert_touchable(desk)
    desk.button("End chat").click()
    _assert_touchable(desk)


def _assert_touchable(desk: Desk) -> None:
    sizes = desk.page.frames[1].evaluate(
        "[...document.querySelectorAll('button, input')].filter((b) => b.offsetParent && !b.matches('.thumb'))"
        ".map((b) => [b.className, b.offsetWidth, b.offsetHeight])"
    )
    assert len(sizes) > 4
    assert [size for size in sizes if size[1] < 44 or size[2] < 44] == []
