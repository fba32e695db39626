"""A content person publishes while customers chat: what the page said before is said no more."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from bot.access import Role
from tests.running import bot

from .conftest import PATIENCE_MS, Chat, Office

ASKED = "How long can I return something?"
KNOWLEDGE = {
    "shop.md": """# Help

## How long can I return something?
> return window

You can return things for 30 days.

## Is there a winter sale?

Yes: 25 % off all tents.
"""
}
SOON_S = 5  # after the command has ended
Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office.opened(tmp_path_factory.mktemp("published"), KNOWLEDGE, [("ana", "Ana", Role.ADMIN)]) as office:
        yield office


def publish(office: Office, old: str, new: str) -> None:
    file = office.knowledge / "shop.md"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    done = bot(office.data, "ingest", str(office.knowledge), BOT_GENERATOR="none")
    assert done.returncode == 0, done.stderr


def customer(office: Office, visitor: Enter) -> Chat:
    page = visitor(viewport={"width": 800, "height": 760})
    page.goto(f"{office.url}/?locale=en&theme=light")
    return Chat(page).open()


def test_a_number_that_was_changed_is_the_only_one_said_from_then_on(office: Office, visitor: Enter) -> None:
    before, after = customer(office, visitor), customer(office, visitor)
    expect(before.ask(ASKED)).to_contain_text("30 days")
    publish(office, "30 days", "14 days")
    time.sleep(SOON_S)
    for chat in (after, customer(office, visitor)):
        said = chat.ask(ASKED)
        expect(said).to_contain_text("14 days")
        expect(said).not_to_contain_text("30")


def test_what_ended_yesterday_is_not_said_though_its_page_is_still_there(office: Office, visitor: Enter) -> None:
    expect(customer(office, visitor).ask("Is there a winter sale?")).to_contain_text("25")
    publish(office, "## Is there a winter sale?", "## Is there a winter sale?\n<!-- valid_to: 2020-01-31 -->")
    time.sleep(SOON_S)
    chat = customer(office, visitor)
    chat.say("Is there a winter sale?")
    expect(chat.frame.locator(".system").last).to_contain_text("colleague", timeout=PATIENCE_MS)
    expect(chat.replies).to_have_count(0)
