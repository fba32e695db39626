"""A page of the shop changes after customers were told about it: the agents' list, and what the customers then read."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.access import Role
from tests.running import bot

from .conftest import PATIENCE_MS, Chat, Console, Office, keep_picture

RETURNS = "How do I return something?"
KNOWLEDGE = {
    "shop.md": f"""# Help

## {RETURNS}
> send an item back

Open the order on our website, choose **Return items** and print the label. Returns are possible for 30 days.

## Which payment methods do you accept?
> can I pay by card

Bancontact, iDEAL, Visa, Mastercard and PayPal. Gift cards can be combined with any of them.
""",
}
Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    agents = [("ana", "Ana", Role.ADMIN), ("ben", "Ben", Role.AGENT)]
    with Office.opened(tmp_path_factory.mktemp("recall"), KNOWLEDGE, agents) as office:
        yield office


def publish(office: Office, *changes: tuple[str, str]) -> None:
    file = office.knowledge / "shop.md"
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    done = bot(office.data, "ingest", str(office.knowledge), BOT_GENERATOR="none")
    assert done.returncode == 0, done.stderr


def customer(office: Office, visitor: Enter) -> Chat:
    page = visitor(viewport={"width": 800, "height": 760})
    page.goto(f"{office.url}/?locale=en&theme=light")
    return Chat(page).open()


def cases(page: Page) -> Locator:
    return page.locator(".case:not(.is-settled)")


def test_a_customer_who_was_told_what_changed_reads_the_correction(office: Office, visitor: Enter) -> None:
    one, two, three = customer(office, visitor), customer(office, visitor), customer(office, visitor)
    for chat in (one, two):
        expect(chat.ask(RETURNS)).to_contain_text("30 days")
    expect(three.ask("Which payment methods do you accept?")).to_contain_text("PayPal")
    page = visitor()
    Console(page).log_in(office.url, "ben", "/console/recall")
    expect(page.get_by_text("Nothing to correct")).to_be_visible()
    keep_picture("recall-nothing", page)

    publish(office, ("30 days", "14 days"), ("Bancontact, iDEAL, Visa, Mastercard and PayPal.", "PayPal only."))
    page.reload()
    expect(cases(page)).to_have_count(3, timeout=PATIENCE_MS)
    expect(page.locator(".nav-count")).to_have_text("3")
    returned = cases(page).filter(has_text=RETURNS)
    expect(returned.locator("del").first).to_contain_text("30")
    expect(returned.locator("ins").first).to_contain_text("14")
    keep_picture("recall", page)

    # One click.
    returned.first.get_by_role("button", name="Send the correction").click()
    expect(page.locator(".case.is-settled")).to_contain_text("Correction sent to Visitor")
    expect(cases(page)).to_have_count(2)
    expect(cases(page).last.get_by_role("button", name="Send the correction")).to_be_focused()  # the one below

    # Edited first, by keyboard alone.
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    editing = page.get_by_role("textbox", name="Correction")
    expect(editing).to_be_focused()
    expect(editing).to_have_value(re.compile("has changed"))
    editing.fill("We were wrong, sorry. It has changed.")
    keep_picture("recall-editing", page)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(cases(page).last.get_by_role("button", name="Send the correction")).to_be_focused()
    page.keyboard.press("Enter")
    expect(cases(page)).to_have_count(1)
    cases(page).get_by_role("button", name=re.compile("No correction for .* is needed")).click()
    expect(cases(page)).to_have_count(0)
    expect(page.locator(".nav-count")).to_be_hidden()
    keep_picture("recall-settled", page)

    said = [chat.frame.locator(".log .message.agent .bubble") for chat in (one, two, three)]
    corrections = [text for one in said for text in one.all_inner_texts()]
    assert len(corrections) == 2, corrections
    assert any("has changed. It is now:" in text for text in corrections)
    assert "We were wrong, sorry. It has changed." in corrections
    corrected = next(chat for chat, lines in zip((one, two, three), said, strict=True) if lines.count())
    keep_picture("recall-customer", corrected.page)
    expect(customer(office, visitor).ask(RETURNS)).to_contain_text("14 days")

    page.reload()
    expect(page.get_by_text("Nothing to correct")).to_be_visible()
