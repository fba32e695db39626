"""The widget as a customer meets it, against the real server."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import HOSTILE, Chat

Visitor = Callable[..., Page]
Shop = Callable[[str], str]
EMBED = '<!doctype html><html lang="en"><body>{}<script async src="BASE/widget.js"></script></body></html>'


def test_a_question_gets_a_reply_whose_chip_opens_the_passage(chat: Chat) -> None:
    expect(chat.ask("How long does delivery take?")).to_contain_text("2 to 4 business days")
    chat.frame.locator(".chip").first.click()
    expect(chat.sheet).to_contain_text("How long does delivery take?")
    expect(chat.sheet.locator("mark").first).to_be_visible()
    expect(chat.sheet.get_by_role("cell", name="€12.50")).to_be_visible()


def test_an_opener_asks_its_question(chat: Chat) -> None:
    chat.frame.get_by_role("button", name="How do I return something?").click()
    expect(chat.replies.last).to_contain_text("Return items")


def test_a_reload_keeps_the_thread_and_what_was_being_typed(chat: Chat) -> None:
    chat.ask("How long does delivery take?")
    chat.input.fill("And how do I")
    chat.page.reload()
    expect(chat.panel).to_be_visible()  # it stays open from page to page
    expect(chat.said).to_have_text(["How long does delivery take?"])
    expect(chat.replies).to_have_count(1)
    expect(chat.input).to_have_value("And how do I")


def test_what_is_written_offline_is_sent_once_when_the_network_is_back(chat: Chat) -> None:
    chat.ask("How long does delivery take?")
    chat.page.context.set_offline(True)
    expect(chat.frame.locator(".line")).to_contain_text("No connection")
    chat.say("How do I return something?")
    expect(chat.frame.locator(".is-sending .bubble")).to_have_text("How do I return something?")
    expect(chat.input).to_have_value("")
    chat.page.context.set_offline(False)
    expect(chat.replies).to_have_count(2)
    expect(chat.said).to_have_count(2)
    expect(chat.frame.locator(".line")).to_be_hidden()
    chat.page.reload()
    expect(chat.said).to_have_text(["How long does delivery take?", "How do I return something?"])


def test_a_person_is_one_tap_away_and_stays_asked_for(chat: Chat) -> None:
    chat.frame.get_by_role("button", name="Talk to a person").click()
    expect(chat.frame.locator(".system").last).to_contain_text("asked a colleague to take over")
    expect(chat.frame.locator(".holder")).to_have_text("A colleague will join you here")
    expect(chat.frame.get_by_role("button", name="Talk to a person")).to_be_hidden()
    chat.page.reload()
    expect(chat.frame.locator(".system")).to_have_count(1)


def test_a_thumb_is_kept(chat: Chat) -> None:
    chat.ask("How long does delivery take?").hover()
    chat.frame.get_by_role("button", name="This helped").click()
    chat.page.wait_for_function(
        "() => !Object.keys(localStorage).some((key) => key.startsWith('answerdesk.out.'))",
    )
    chat.page.reload()
    expect(chat.frame.get_by_role("button", name="This helped")).to_have_attribute("aria-pressed", "true")


def test_everything_works_by_keyboard(server: str, visitor: Visitor) -> None:
    page = visitor()
    page.goto(f"{server}/?locale=en")
    chat = Chat(page)
    chat.launcher.focus()
    page.keyboard.press("Enter")
    expect(chat.input).to_be_focused()
    page.keyboard.type("How long does delivery take?")
    page.keyboard.press("Enter")
    expect(chat.replies).to_have_count(1)
    chip = chat.frame.locator(".chip").first
    _tab_to(page, chip, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(chat.sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(chat.sheet).to_be_hidden()
    expect(chip).to_be_focused()
    page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()
    expect(chat.launcher).to_be_focused()


def _tab_to(page: Page, target: object, key: str) -> None:
    for _ in range(20):
        page.keyboard.press(key)
        if target.evaluate("(element) => element === document.activeElement"):  # type: ignore[attr-defined]
            return
    raise AssertionError("the keyboard does not get there")


def test_shift_enter_breaks_the_line_and_the_input_grows_to_five_lines(chat: Chat) -> None:
    heights = []
    for line in range(8):
        chat.page.keyboard.type(f"line {line}")
        chat.page.keyboard.press("Shift+Enter")
        heights.append(chat.input.evaluate("(input) => input.clientHeight"))
    assert heights[0] < heights[1] < heights[3]
    assert heights[5] == heights[7]
    expect(chat.said).to_have_count(0)


def test_the_enter_that_ends_a_composition_sends_nothing(chat: Chat) -> None:
    chat.input.fill("配送")
    chat.input.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(chat.input).to_have_value("配送")
    expect(chat.said).to_have_count(0)


def test_a_text_that_is_too_long_stays_in_the_box(chat: Chat) -> None:
    chat.input.fill("🏔" * 4_001)
    chat.input.press("Enter")
    expect(chat.frame.locator(".count")).to_have_text("1 characters too long")
    assert len(chat.input.input_value()) == 4_001
    expect(chat.said).to_have_count(0)


def test_hostile_text_stays_text(server: str, visitor: Visitor) -> None:
    page = visitor()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{server}/?locale=en")
    chat = Chat(page).open()
    reply = chat.ask(f"zebra stickers {HOSTILE}")
    expect(chat.said.last).to_contain_text('<img src=x onerror="alert(1)">')
    chat.ask("zebra stickers")
    expect(reply).to_contain_text("<script>alert(2)</script>")
    chat.frame.locator(".chip").first.click()
    expect(chat.sheet).to_contain_text("<script>alert(2)</script>")
    expect(chat.sheet).to_contain_text("our bank (evil.example)")
    frame = page.frames[1]
    assert frame.evaluate("document.querySelectorAll('support-chat :is(img, script, iframe)').length") == 0
    assert "\u202e" not in frame.evaluate("document.body.textContent")
    schemes = frame.evaluate("[...document.links].map((link) => link.protocol)")
    assert set(schemes) <= {"http:", "https:", "mailto:"}
    assert [url for url in requests if not url.startswith((server, "data:", "blob:"))] == []


def test_chinese_customers_meet_chinese_words(server: str, visitor: Visitor) -> None:
    page = visitor(locale="zh-CN")
    page.goto(f"{server}/?locale=zh")
    chat = Chat(page).open()
    expect(chat.frame.get_by_role("button", name="转人工")).to_be_visible()
    expect(chat.ask("配送需要多长时间？")).to_contain_text("2 到 4 个工作日")
    chat.frame.locator(".chip").first.click()
    expect(chat.sheet.locator("mark").first).to_be_visible()
    assert page.frames[1].evaluate("parseFloat(getComputedStyle(document.body).lineHeight)") == pytest.approx(25.5)


def test_on_a_phone_the_chat_takes_the_whole_screen(server: str, visitor: Visitor) -> None:
    page = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(f"{server}/?locale=en")
    chat = Chat(page)
    chat.launcher.tap()
    expect(chat.panel).to_be_visible()
    chat.panel.evaluate("panel => Promise.all(panel.getAnimations().map(motion => motion.finished))")  # it slides in
    assert chat.panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    expect(chat.launcher).to_be_hidden()
    chat.frame.get_by_role("button", name="Close chat").tap()
    expect(chat.panel).to_be_hidden()
    expect(chat.launcher).to_be_visible()


def test_whatever_can_be_touched_is_large_enough(server: str, visitor: Visitor) -> None:
    page = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(f"{server}/?locale=en")
    chat = Chat(page)
    chat.launcher.tap()
    chat.ask("How long does delivery take?")
    sizes = page.frames[1].evaluate(
        "[...document.querySelectorAll('button')].filter((b) => b.offsetParent)"
        ".map((b) => [b.className, b.offsetWidth, b.offsetHeight])"
    )
    assert [size for size in sizes if size[1] < 44 or size[2] < 44] == []


def test_an_accent_never_makes_text_illegible(server: str, visitor: Visitor) -> None:
    page = visitor()
    page.goto(f"{server}/?locale=en&accent=%23ffe66d")
    chat = Chat(page)
    assert chat.launcher.evaluate("(button) => getComputedStyle(button).color") == "rgb(0, 0, 0)"
    assert chat.launcher.evaluate("(button) => getComputedStyle(button).backgroundColor") == "rgb(255, 230, 109)"


# ── embedding ──


def test_a_page_that_loads_the_script_twice_has_one_launcher(shop: Shop, visitor: Visitor) -> None:
    page = visitor()
    page.goto(shop(EMBED.format('<script async src="BASE/widget.js"></script>')))
    expect(Chat(page).launcher).to_be_visible()
    expect(page.locator("answerdesk-widget")).to_have_count(1)


def test_calls_before_the_script_came_and_before_it_is_ready_are_kept(shop: Shop, visitor: Visitor) -> None:
    calls = """<script>
      window.seen = [];
      window.answerdesk = [["on", "open", () => seen.push("open")], ["open"]];
    </script>"""
    page = visitor()
    page.goto(shop(EMBED.format(calls)))
    expect(Chat(page).panel).to_be_visible()
    expect(Chat(page).input).to_be_visible()
    assert page.evaluate("seen.at(-1)") == "open"


def test_the_shop_can_drive_it_and_hears_of_it(shop: Shop, visitor: Visitor) -> None:
    page = visitor()
    page.goto(shop(EMBED.format("")))
    chat = Chat(page)
    expect(chat.launcher).to_be_visible()
    page.evaluate("window.heard = []")
    page.evaluate("for (const name of ['open', 'close']) answerdesk.on(name, () => heard.push(name)); null")
    page.evaluate("answerdesk.toggle()")
    expect(chat.panel).to_be_visible()
    page.evaluate("answerdesk.setLocale('zh')")
    expect(chat.frame.get_by_role("button", name="转人工")).to_be_visible()
    page.evaluate("answerdesk.close()")
    expect(chat.panel).to_be_hidden()
    assert page.evaluate("heard") == ["open", "close"]
    own = page.evaluate("Object.keys(window).filter((name) => /answerdesk/i.test(name))")
    assert own == ["answerdesk"]


def test_reset_forgets_the_conversation(shop: Shop, visitor: Visitor) -> None:
    page = visitor()
    page.goto(shop(EMBED.format("")))
    chat = Chat(page).open()
    chat.ask("How long does delivery take?")
    page.evaluate("answerdesk.reset()")
    expect(chat.said).to_have_count(0)
    expect(chat.frame.locator(".openers")).to_be_visible()
    page.reload()
    expect(chat.frame.locator(".openers")).to_be_visible()
    expect(chat.said).to_have_count(0)


def test_a_shop_on_another_origin_with_wild_styles_cannot_break_it(shop: Shop, visitor: Visitor) -> None:
    wild = "<style>* { display: none !important; position: static !important; all: unset !important }</style>"
    page = visitor()
    page.goto(shop(EMBED.format(wild)))
    chat = Chat(page)
    box = chat.launcher.bounding_box()
    assert box
    assert (box["width"], box["height"], box["x"] + box["width"]) == (56, 56, 1264)
    chat.open()
    expect(chat.ask("How long does delivery take?")).to_contain_text("business days")


def test_a_server_that_is_down_leaves_the_shops_page_alone(shop: Shop, visitor: Visitor, server: str) -> None:
    settings = '<script>AnswerdeskSettings = {baseURL: "http://127.0.0.1:9"}</script>'
    style = "position: fixed; right: 30px; bottom: 30px"
    button = f'<button style="{style}" onclick="this.textContent = `bought`">buy</button>'
    page = visitor()
    page.goto(shop(EMBED.format(settings + button)))
    page.get_by_role("button", name="buy").click()
    expect(page.get_by_role("button", name="bought")).to_be_visible()
    expect(Chat(page).launcher).to_be_hidden()


def test_a_hostile_frame_cannot_drive_the_widget_or_the_chat(shop: Shop, visitor: Visitor) -> None:
    shout = """<script>
      setInterval(() => {
        for (const type of ["ready", "close", "reset", "paint", "hello"]) {
          const colours = {accent: "#ff0000"};
          parent.postMessage({answerdesk: type, colours}, "*");
          for (let n = 0; n < parent.length; n++) parent[n].postMessage({answerdesk: type, visible: false}, "*");
        }
      }, 20);
    </script>"""
    page = visitor()
    page.goto(shop(EMBED.format(f'<iframe src="{shop(shout)}"></iframe>')))
    chat = Chat(page).open()
    chat.ask("How long does delivery take?")
    page.wait_for_timeout(300)
    expect(chat.panel).to_be_visible()
    expect(chat.said).to_have_count(1)
    assert "255, 0, 0" not in chat.launcher.evaluate("(button) => getComputedStyle(button).backgroundColor")


def test_the_chat_alone_on_a_page_works_too(server: str, visitor: Visitor) -> None:
    page = visitor()
    page.goto(f"{server}/chat?locale=en")
    page.get_by_role("textbox").fill("How long does delivery take?")
    page.keyboard.press("Enter")
    expect(page.locator(".message.bot .bubble")).to_contain_text("business days")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
    expect(page).to_have_title(re.compile("Alder & Volt"))
