"""The agents' console beside its customers' widget: pages side by side, on a real server."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from bot.access import Role
from tests.running import Visitor, bot

from .conftest import PASSWORD, PATIENCE_MS, Chat, Console, Office, Wire, keep_picture

LOADED = 3  # a step takes less than a second on a machine of its own; here others may be at work on the same two cores
SOON_MS = 1_000 * LOADED
FOUND_MS = 5_000 * LOADED  # until a published answer is found

KNOWLEDGE = {
    "shop.md": """# Help

## How long does delivery take?
> when will my parcel arrive

Standard delivery takes **2 to 4 business days** in Belgium and the Netherlands. Express orders placed before 15:00
arrive on the next business day.

## How do I return something?
> send an item back

Open the order on our website, choose **Return items** and print the label. Returns are possible for 30 days.

## Which payment methods do you accept?
> can I pay by card

Bancontact, iDEAL, Visa, Mastercard and PayPal. Gift cards can be combined with any of them.
""",
    "care.md": """# Care

## How do I wash a down jacket?
> cleaning my jacket

Wash it at 30 °C on a gentle cycle with down detergent, then tumble dry it on low with two tennis balls.

## How long does the battery of the headlamp last?

Up to 60 hours on low and 5 hours on full beam.
""",
}
AGENTS = [("ana", "Ana", Role.ADMIN), ("ben", "Ben", Role.AGENT), ("sue", "Sue", Role.SUPERVISOR)]
DOG = "What is the name of your founder's dog?"

Enter = Callable[..., Page]
LogIn = Callable[..., Console]


class Customer(Chat):
    """The widget by what a hand-off adds to it."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        find = self.frame.locator
        self.holder, self.lines, self.agents = find(".holder"), find(".log .system"), find(".log .agent .bubble")
        self.working, self.rating, self.log = find(".working"), find(".rating"), find(".log")

    def button(self, name: str) -> Locator:
        return self.frame.get_by_role("button", name=name, exact=True)


Arrive = Callable[..., Customer]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office.opened(tmp_path_factory.mktemp("office"), KNOWLEDGE, AGENTS) as office:
        yield office


@pytest.fixture(scope="module", autouse=True)
def everything_shows_soon() -> Iterator[None]:
    expect.set_options(timeout=SOON_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def agent(office: Office, visitor: Enter) -> LogIn:
    def enter(name: str = "ana", **options: object) -> Console:
        return Console(visitor(**{"viewport": {"width": 1440, "height": 900}, **options})).log_in(office.url, name)

    return enter


@pytest.fixture
def customer(office: Office, visitor: Enter) -> Arrive:
    def arrive(**options: object) -> Customer:
        page = visitor(viewport={"width": 800, "height": 760}, **options)
        page.goto(f"{office.url}/?locale=en&theme=light")
        customer = Customer(page)
        customer.open()
        return customer

    return arrive


def waiting(office: Office, *texts: str) -> str:
    """The conversation of a customer without a page, who asks for a person and goes on writing."""
    someone = Visitor.arriving(office.url)
    with Wire.of_customer(someone) as wire:
        wire.do("handoff", someone.conversation)
        for text in texts:
            wire.do("send", someone.conversation, text=text)
    return someone.conversation


def unread(console: Console) -> int:
    found = re.match(r"\((\d+)\) Inbox$", console.page.title())
    return int(found[1]) if found else 0


def until(page: Page, true: Callable[[], bool], patience_ms: int = SOON_MS) -> None:
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < patience_ms / 1_000, "it did not happen"
        page.wait_for_timeout(20)


# ── from the bot to people and back ──


def test_a_conversation_goes_to_people_and_back_and_both_sides_see_each_step(agent: LogIn, customer: Arrive) -> None:
    ana, ben, chat = agent("ana"), agent("ben"), customer()
    received: list[str] = []
    chat.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(str(frame))))
    chat.page.reload()  # so that its socket is one we listen to

    def seen(step: str) -> None:
        for who, page in (("ana", ana.page), ("ben", ben.page), ("customer", chat.page)):
            keep_picture(f"story-{step}-{who}", page)

    expect(chat.ask("How long does delivery take?")).to_contain_text("2 to 4 business days")
    chat.say(DOG)
    expect(chat.lines.last).to_contain_text("I've asked a colleague to take over")
    expect(ana.row(DOG)).to_contain_text("No answer found")
    expect(ben.row(DOG)).to_be_visible()
    seen("1-handed-off")

    ana.open(DOG).press("c")
    expect(chat.holder).to_have_text("You are talking to Ana")
    expect(ana.state).to_contain_text("With you")
    expect(ana.lines.last).to_contain_text("Ana took over")
    expect(ben.row(DOG)).to_have_count(0)  # nobody waits any more
    seen("2-claimed")

    ana.press("r")
    ana.page.keyboard.type("His name")
    expect(chat.working).to_contain_text("Ana is writing")
    seen("3-agent-types")
    ana.page.keyboard.type(" is Rex.")
    ana.press("Enter")
    expect(chat.agents.last).to_have_text("His name is Rex.")
    expect(chat.working).to_have_count(0)
    expect(ana.messages.last).to_have_text("His name is Rex.")
    chat.input.press_sequentially("And how old")
    expect(ana.working).to_contain_text("The customer is writing")
    seen("4-customer-types")
    chat.say("And how old is he?")
    expect(ana.messages.last).to_have_text("And how old is he?")
    expect(ana.working).to_have_count(0)

    shown = chat.log.inner_text()
    ana.press("Escape", "n")
    ana.say("Rex bites: better not say so.")
    expect(ana.notes.last).to_have_text("Rex bites: better not say so.")
    seen("5-note")

    ana.button("Transfer").click()
    ana.page.get_by_placeholder("Note for your colleague").fill("Ben, you know Rex.")
    keep_picture("story-6-transfer-menu-ana", ana.page)
    ana.page.locator(".menu").get_by_role("button", name="Ben").click()
    expect(chat.holder).to_have_text("You are talking to Ben")
    assert chat.log.inner_text().startswith(shown)
    assert "bites" not in chat.frame.locator("body").inner_text() + "".join(received)
    assert "you know Rex" not in "".join(received)
    expect(ana.state).to_contain_text("With Ben")
    ben.tab("Mine").click()
    ben.open("And how old is he?")
    expect(ben.state).to_contain_text("With you")
    expect(ben.thread).to_contain_text("Ben, you know Rex.")
    expect(ben.notes.last).to_have_text("Rex bites: better not say so.")
    ben.say("He is seven.")
    expect(chat.agents.last).to_have_text("He is seven.")
    expect(ana.messages.last).to_have_text("He is seven.")
    seen("6-transferred")

    ben.press("Escape", "b")
    expect(chat.holder).to_have_text("Answers from our help pages")
    expect(chat.lines.last).to_contain_text("You are talking to the bot again")
    for console in (ana, ben):
        expect(console.state).to_contain_text("With the bot")
    expect(chat.ask("How do I return something?")).to_contain_text("Return items")
    expect(ben.messages.last).to_contain_text("Return items")
    seen("7-returned")

    ben.press("e")
    expect(chat.rating).to_be_visible()
    for console in (ana, ben):
        expect(console.state).to_contain_text("Closed")
    seen("8-closed")
    chat.button("5: Very good").click()
    expect(chat.rating).to_contain_text("Thank you for telling us.")
    for console in (ana, ben):
        expect(console.lines.last).to_contain_text("Rated 5 of 5")
    seen("9-rated")


def test_everything_works_by_keyboard_and_nothing_happens_while_somebody_types(office: Office, agent: LogIn) -> None:
    for n in (1, 2):
        waiting(office, f"Keyboard customer {n}")
    ana = agent("ana")
    ana.list_search.fill("Keyboard customer")
    expect(ana.rows).to_have_count(2)
    ana.press(*"jcrnbe?1")
    expect(ana.list_search).to_have_value("Keyboard customerjcrnbe?1")
    expect(ana.title).to_have_count(0)
    ana.list_search.fill("Keyboard customer")
    expect(ana.rows).to_have_count(2)
    ana.press("Escape")
    expect(ana.list_search).not_to_be_focused()

    ana.press("j")
    expect(ana.cursor).to_contain_text("Keyboard customer 1")
    ana.press("j")
    expect(ana.cursor).to_contain_text("Keyboard customer 2")
    ana.press("j")
    expect(ana.cursor).to_contain_text("Keyboard customer 2")
    ana.press("k", "Enter")
    expect(ana.messages.last).to_have_text("Keyboard customer 1")
    ana.press("c")
    expect(ana.state).to_contain_text("With you")
    ana.press("r")
    expect(ana.input).to_be_focused()
    ana.page.keyboard.type("jk? /ben 1c")
    expect(ana.input).to_have_value("jk? /ben 1c")
    ana.press("Escape", "n")
    expect(ana.button("Note")).to_have_attribute("aria-pressed", "true")
    expect(ana.input).to_be_focused()
    expect(ana.input).to_have_value("")
    ana.press("Escape", "/")
    expect(ana.list_search).to_be_focused()
    ana.press("Escape", "?")
    keys = ana.page.get_by_role("dialog")
    expect(keys).to_contain_text("Return to bot")
    keep_picture("keys", ana.page)
    ana.press("b", "Escape")  # the help is open: b does nothing
    expect(keys).to_have_count(0)
    expect(ana.state).to_contain_text("With you")
    ana.press("b")
    expect(ana.state).to_contain_text("With the bot")
    ana.press("e")
    expect(ana.state).to_contain_text("Closed")
    ana.press("Escape")
    expect(ana.title).to_have_count(0)
    ana.press("j", "Enter", "e")
    expect(ana.state).to_contain_text("Closed")


# ── what an agent has in front of them ──


def test_the_packet_says_why_and_one_click_sends_a_passage_that_is_cited(agent: LogIn, customer: Arrive) -> None:
    ana, chat = agent("ana"), customer()
    question = "Who composed the music in your shop window?"
    chat.say(question)
    expect(ana.row(question)).to_be_visible(timeout=PATIENCE_MS)
    ana.open(question)
    row = next(one for one in ana.api("GET", "conversations?view=waiting")["rows"] if one["last"]["text"] == question)
    packet = ana.api("GET", f"conversations/{row['conversation']}/packet")
    assert packet["query"]
    assert 0 <= packet["score"] < packet["thresholds"]["answer"]
    expect(ana.packet.locator(".reason")).to_have_text("No answer found")
    expect(ana.packet).to_contain_text(f"Best score {packet['score']:.2f}, needed {packet['thresholds']['answer']:.2f}")
    expect(ana.packet).to_contain_text(f"Answers from {packet['thresholds']['answer']:.2f}")
    expect(ana.packet.locator("blockquote")).to_have_text(question)
    if packet["query"] != question:
        expect(ana.packet).to_contain_text(f"Searched for: {packet['query']}")
    cards = ana.packet.locator(".passage-card")
    for n, passage in enumerate(packet["passages"][:3]):
        expect(cards.nth(n)).to_contain_text(passage["title"])
        expect(cards.nth(n).locator(".score")).to_contain_text(f"{passage['score']:.2f}")
    keep_picture("packet", ana.page)

    first = packet["passages"][0]
    cards.first.get_by_role("button", name="Use in reply").click()
    expect(ana.input).to_have_value(first["text"])
    expect(ana.page.locator(".cites")).to_contain_text(f"Cites {first['title']}")
    keep_picture("passage-in-reply", ana.page)
    ana.press("Enter")
    expect(ana.state).to_contain_text("With you")  # it was claimed and sent
    chat.frame.locator(".agent .chip").click()
    expect(chat.sheet).to_contain_text(first["title"])
    keep_picture("passage-at-customer", chat.page)
    ana.press("Escape", "e")
    expect(ana.state).to_contain_text("Closed")


def test_the_count_in_the_title_goes_up_with_news_and_down_by_reading(office: Office, visitor: Enter) -> None:
    page = visitor(viewport={"width": 1440, "height": 900})
    with page.expect_websocket():  # it connects once its lists are here
        ana = Console(page).log_in(office.url, "ana")
    before = unread(ana)
    waiting(office, "Counted customer")
    expect(ana.row("Counted customer")).to_be_visible()
    until(ana.page, lambda: unread(ana) == before + 1)
    ana.open("Counted customer")
    until(ana.page, lambda: unread(ana) == before)
    ana.press("e")
    expect(ana.state).to_contain_text("Closed")


def test_a_conversation_is_found_by_its_words_and_by_filters(office: Office, agent: LogIn) -> None:
    waiting(office, "My marmalade glass broke", "Please send somebody")
    waiting(office, "I say something else")
    ana = agent("ana")
    ana.tab("All").click()
    ana.list_search.fill("marmalade")  # which is not its last message
    expect(ana.rows).to_have_count(1)
    ana.open("Please send somebody")
    ana.press("g")
    ana.page.get_by_placeholder("Add a tag").fill("breakage")
    ana.press("Enter")
    expect(ana.rows.locator(".tag")).to_have_text("breakage")
    ana.list_search.fill("")
    expect(ana.row("I say something else")).to_be_visible()
    ana.page.get_by_role("button", name="Filters").click()
    ana.page.get_by_label("Tag", exact=True).select_option("breakage")
    expect(ana.rows).to_have_count(1)
    keep_picture("filters", ana.page)
    ana.page.get_by_label("Reason", exact=True).select_option("angry")
    expect(ana.page.locator(".list .nothing")).to_contain_text("Nothing found")
    ana.page.get_by_role("button", name="Clear filters").click()
    expect(ana.row("I say something else")).to_be_visible()
    for text in ("Please send somebody", "I say something else"):
        ana.open(text).press("e")
        expect(ana.state).to_contain_text("Closed")


# ── what goes wrong ──


class Slow:
    """A console that hears no frame with `missed` in it: somebody else is quicker by as long as we like."""

    def __init__(self, page: Page) -> None:
        self.kept: list[str | bytes] = []
        self.missed: str | None = None
        page.route_web_socket("**/v1/console/socket", self._opened)

    def _opened(self, route: WebSocketRoute) -> None:
        self.route = route
        route.connect_to_server().on_message(self._heard)

    def _heard(self, message: str | bytes) -> None:
        if self.missed is not None and self.missed in str(message):
            self.kept.append(message)
        else:
            self.route.send(message)

    def hear(self) -> None:
        self.missed = None
        while self.kept:
            self.route.send(self.kept.pop(0))


def test_of_two_who_claim_at_once_the_second_is_told_calmly_who_has_it(
    office: Office, agent: LogIn, visitor: Enter
) -> None:
    waiting(office, "Two at once")
    ana, page = agent("ana"), visitor(viewport={"width": 1440, "height": 900})
    slow = Slow(page)
    ben = Console(page).log_in(office.url, "ben")
    ana.open("Two at once")
    ben.open("Two at once")
    slow.missed = ""
    ana.press("c")
    expect(ana.state).to_contain_text("With you")
    ben.press("c")
    until(page, lambda: any('"conflict"' in str(one) for one in slow.kept))
    slow.hear()
    expect(ben.says).to_have_text("Ana was faster and has this conversation.")
    expect(ben.state).to_contain_text("With Ana")
    ben.tab("All").click()
    expect(ben.row("Two at once")).to_contain_text("Ana")
    keep_picture("conflict", page)
    ana.press("e")
    expect(ben.state).to_contain_text("Closed")


def test_what_is_pressed_before_the_server_has_answered_is_done_afterwards(office: Office, visitor: Enter) -> None:
    waiting(office, "Quick fingers")
    page = visitor(viewport={"width": 1440, "height": 900})
    slow = Slow(page)
    ana = Console(page).log_in(office.url, "ana")
    ana.open("Quick fingers")
    slow.missed = '"ack"'
    ana.press("c")
    expect(ana.state).to_contain_text("With you")
    ana.say("Here already.")
    slow.hear()
    expect(ana.messages.filter(has_text="Here already.")).to_have_count(1)
    expect(ana.input).to_have_value("")
    slow.missed = '"ack"'
    ana.press("Escape", "b", "e")
    expect(ana.state).to_contain_text("With the bot")
    slow.hear()
    expect(ana.state).to_contain_text("Closed")


def test_what_an_agent_writes_offline_is_sent_once(agent: LogIn, customer: Arrive) -> None:
    ana, chat = agent("ana"), customer()
    chat.button("Talk to a person").click()
    chat.say("Are you still there?")
    ana.open("Are you still there?").press("c")
    expect(chat.holder).to_have_text("You are talking to Ana")
    ana.page.context.set_offline(True)
    ana.say("Yes, I am.")
    expect(ana.tail.locator(".is-sending .bubble")).to_have_text("Yes, I am.")
    expect(ana.page.locator(".line")).to_contain_text("No connection")
    keep_picture("agent-offline", ana.page)
    chat.say("Hello?")
    expect(chat.said.last).to_have_text("Hello?")
    ana.page.context.set_offline(False)
    expect(chat.agents).to_have_text(["Yes, I am."])
    expect(ana.messages.filter(has_text="Hello?")).to_have_count(1)  # missed meanwhile, and here once
    expect(ana.tail.locator(".message")).to_have_count(0)
    expect(ana.page.locator(".line")).to_be_hidden()
    ana.page.reload()
    expect(ana.messages.filter(has_text="Yes, I am.")).to_have_count(1)
    expect(chat.agents).to_have_count(1)
    ana.press("e")
    expect(ana.state).to_contain_text("Closed")


def test_whoever_is_logged_out_elsewhere_logs_in_again_and_has_lost_nothing(
    office: Office, agent: LogIn, customer: Arrive
) -> None:
    here, chat = agent("ben"), customer()
    chat.button("Talk to a person").click()
    chat.say("One moment please")
    here.open("One moment please").press("c")
    expect(chat.holder).to_have_text("You are talking to Ben")
    here.input.fill("Half a sent")
    elsewhere = agent("ben")
    for session in elsewhere.api("GET", "sessions")["sessions"]:
        if not session["current"]:
            elsewhere.api("POST", f"sessions/{session['id']}/revoke", {})
    expect(here.door).to_be_visible()
    keep_picture("logged-out", here.page)
    here.press(*["Escape"] * 4)  # browsers let a dialog refuse that only once
    expect(here.door).to_be_visible()
    here.door.get_by_label("Password").fill(PASSWORD)
    here.press("Enter")
    expect(here.door).to_have_count(0)
    expect(here.input).to_have_value("Half a sent")
    here.input.press("End")
    here.page.keyboard.type("ence.")
    here.press("Enter")
    expect(chat.agents).to_have_text(["Half a sentence."])
    here.press("Escape", "e")
    expect(here.state).to_contain_text("Closed")


# ── what the bot learns ──


def test_an_agents_reply_becomes_an_answer_that_is_found_in_other_words(
    office: Office, agent: LogIn, customer: Arrive
) -> None:
    ana, chat = agent("ben"), customer()
    chat.say("Can I get a gift card engraved with a name?")
    ana.open("Can I get a gift card engraved with a name?")
    ana.say("Yes: we engrave up to twelve letters on a gift card for €4, within one working day.")
    expect(chat.agents.last).to_contain_text("twelve letters")
    ana.page.get_by_role("button", name="Make this the answer").click()
    ana.page.get_by_role("link", name="Open it").click()
    page = ana.page
    expect(page.get_by_label("Question", exact=True)).to_have_value("Can I get a gift card engraved with a name?")
    expect(page.get_by_text("A supervisor looks this over and publishes it.")).to_be_visible()

    sue = agent("sue").page
    sue.goto(f"{office.url}/console/answers")
    sue.get_by_role("link", name="Can I get a gift card engraved").click()
    sue.get_by_label("Other ways to ask it").fill("personalise a voucher\nput my daughter's name on a gift card")
    expect(sue.locator(".save-state")).to_have_text("Saved", timeout=PATIENCE_MS)
    nearest = sue.locator(".check .nearest")
    expect(nearest).to_contain_text("Which payment methods do you accept?", timeout=PATIENCE_MS)
    keep_picture("answer-draft", sue)
    sue.get_by_role("button", name="Publish", exact=True).click()
    publish_anyway = sue.get_by_role("button", name="Publish anyway")
    answerable = sue.get_by_text("Answerable now")
    expect(answerable.or_(publish_anyway)).to_be_visible(timeout=PATIENCE_MS)
    if publish_anyway.is_visible():
        publish_anyway.click()
    expect(answerable).to_be_visible(timeout=PATIENCE_MS)
    keep_picture("answer-published", sue)

    someone = customer()
    someone.say("Could you put my daughter's name on a gift card?")
    expect(someone.replies.last).to_contain_text("twelve letters", timeout=FOUND_MS)
    keep_picture("answer-at-customer", someone.page)
    again = bot(office.data, "ingest", str(office.knowledge), BOT_GENERATOR="none")
    assert again.returncode == 0, again.stderr
    expect(customer().ask("Could you put my daughter's name on a gift card?")).to_contain_text("twelve letters")
    written = bot(office.data, "ingest", str(office.data / "answers"), "--json", BOT_GENERATOR="none")
    assert '"added": 0' in written.stdout, written.stdout
    assert '"removed": 0' in written.stdout


def test_evidence_and_numbers_are_one_click_away(agent: LogIn, customer: Arrive) -> None:
    ana, chat = agent("ana"), customer()
    errors: list[str] = []
    ana.page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    chat.ask("How long does the battery of the headlamp last?")
    ana.tab("All").click()
    ana.open("Up to 60 hours on low")
    ana.page.get_by_role("button", name="Evidence").click()
    ana.page.get_by_role("link", name="All evidence").click()
    page = ana.page.locator("main.evidence")
    expect(page).to_contain_text("Up to 60 hours on low")
    expect(page.get_by_role("button", name="How long does the battery of the headlamp last?").first).to_be_visible()
    expect(page.locator(".timings tbody tr").first).to_be_visible()
    keep_picture("evidence", ana.page)
    ana.page.get_by_role("link", name="Numbers").click()
    numbers = ana.page.locator("main.metrics")
    expect(numbers.locator("svg").first).to_be_visible(timeout=PATIENCE_MS)
    expect(numbers.locator(".numbers")).to_contain_text("Conversations")
    figures = ana.api("GET", "metrics?days=30")
    assert figures["now"]["conversations"] >= 1
    keep_picture("numbers", ana.page)
    assert errors == []


# ── at the edges ──


def test_an_inbox_with_nothing_in_it_says_what_will_come(agent: LogIn) -> None:
    sue = agent("sue", color_scheme="dark")
    sue.press("2")
    expect(sue.page.locator(".list .nothing")).to_contain_text("Nothing in your hands")
    expect(sue.page.locator(".talk .nothing")).to_contain_text("Choose a conversation")
    keep_picture("empty-dark", sue.page)


def test_a_conversation_of_two_hundred_messages_opens_at_its_end_and_scrolls(office: Office, agent: LogIn) -> None:
    id = waiting(office, "The first of many")
    ana = agent("ana", color_scheme="dark")
    ana.open("The first of many").press("c")
    expect(ana.state).to_contain_text("With you")
    ana.press("Escape")
    with Wire.of_agent(office, ana) as wire:
        for n in range(1, 201):
            wire.do("send", id, text=f"Message number {n}")
    ana.tab("Mine").click()
    ana.open("Message number 200")
    expect(ana.messages).to_have_count(201)
    expect(ana.messages.last).to_be_in_viewport()
    ana.page.reload()
    expect(ana.messages).to_have_count(201)
    expect(ana.messages.last).to_be_in_viewport()
    expect(ana.packet).to_contain_text("Handed over")
    keep_picture("long-dark", ana.page)
    ana.page.locator(".talk .scroller").evaluate("(scroller) => scroller.scrollTo(0, 0)")
    expect(ana.messages.first).to_be_in_viewport()
    ana.press("e")
    expect(ana.state).to_contain_text("Closed")


def test_a_phone_shows_one_thing_at_a_time_and_the_way_back(office: Office, agent: LogIn) -> None:
    waiting(office, "Seen on a phone")
    ana = agent("ana", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    box = ana.page.locator(".list")
    expect(box).to_be_in_viewport()
    keep_picture("phone-1-list", ana.page)
    ana.open("Seen on a phone")
    expect(ana.thread).to_be_in_viewport()
    expect(box).not_to_be_in_viewport()
    keep_picture("phone-2-conversation", ana.page)
    ana.page.get_by_role("button", name="Background", exact=True).click()
    expect(ana.packet).to_be_in_viewport()
    expect(ana.packet).to_contain_text("Asked for a person")
    keep_picture("phone-3-background", ana.page)
    ana.page.get_by_role("button", name="Close background").click()
    expect(ana.packet).not_to_be_in_viewport()
    expect(ana.thread).to_be_in_viewport()
    assert ana.page.evaluate("document.documentElement.scrollWidth") == 390
    ana.press("e")
    expect(ana.state).to_contain_text("Closed")
    ana.page.get_by_role("button", name="Back to the list").click()
    expect(box).to_be_in_viewport()
