"""The knowledge base in Chromium: a supervisor searches, edits, disables, uploads; an agent looks on; nothing runs."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FilePayload, Page, expect

from bot.access import Role

from .conftest import KNOWLEDGE, PATIENCE_MS, Chat, Console, Office, keep_picture

RETURNS = "How do I return something?"
SLOW_MS = 60_000  # a publication loads nothing, but embeds and judges
Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    agents = [("eve", "Eve", Role.SUPERVISOR), ("ben", "Ben", Role.AGENT)]
    dated = "# Summer\n\n## Is there a summer sale?\n<!-- valid_to: 2020-08-31 -->\n\nYes, until the end of August.\n"
    with Office.opened(tmp_path_factory.mktemp("kb"), {**KNOWLEDGE, "summer.md": dated}, agents) as office:
        yield office


def opened(office: Office, visitor: Enter, name: str = "eve", **options: object) -> Page:
    page = visitor(**options)
    Console(page).log_in(office.url, name, "/console/knowledge")
    expect(page.locator(".lines .line-link").first).to_be_visible(timeout=PATIENCE_MS)
    return page


def published(page: Page, says: str = "It is live.") -> None:
    expect(page.locator(".editor-place > .clear")).to_have_text(says, timeout=SLOW_MS)


def test_a_supervisor_edits_disables_and_enables_what_customers_are_told(office: Office, visitor: Enter) -> None:
    page = opened(office, visitor)
    keep_picture("kb-list", page)
    page.get_by_role("link", name=RETURNS).click()
    expect(page.get_by_role("article").get_by_role("heading", name=RETURNS)).to_be_visible()
    keep_picture("kb-entry", page)

    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("Answer", exact=True).fill("Bring it back within **14 days**. TODO")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".remarks")).to_contain_text("TODO")
    keep_picture("kb-editing", page)
    page.get_by_label("Answer", exact=True).fill("Bring it back within **14 days**.")
    page.get_by_role("button", name="Publish").click()
    published(page)
    expect(page.locator(".diff del").first).to_be_visible()
    keep_picture("kb-edited", page)
    customer = visitor()
    customer.goto(f"{office.url}/?locale=en&theme=light")
    expect(Chat(customer).open().ask(RETURNS)).to_contain_text("14 days")

    page.get_by_role("button", name="Disable").click()
    published(page, "It is taken out: nobody is answered from it.")
    expect(page.locator(".notice")).to_contain_text("Disabled by Eve")
    keep_picture("kb-disabled", page)
    page.locator(".segments").get_by_text("Disabled").click()
    expect(page.locator(".lines .line-link")).to_have_count(1)
    page.get_by_role("button", name="Enable").click()
    published(page)
    expect(page.locator(".entry .notice")).to_contain_text("Edited here by Eve")
    page.get_by_role("button", name="Use the file’s wording").click()
    expect(page.locator(".entry .notice")).to_have_count(0, timeout=SLOW_MS)
    expect(page.locator(".entry .preview-text")).to_contain_text("30 days")
    expect(page.locator(".diff")).to_have_count(0)


def test_searching_shows_what_the_bot_would_do(office: Office, visitor: Enter) -> None:
    page = opened(office, visitor, "ben")
    page.get_by_role("searchbox").fill(RETURNS)
    page.keyboard.press("Enter")
    expect(page.locator(".decision")).to_contain_text("The bot would answer", timeout=PATIENCE_MS)
    page.locator(".hits summary").first.click()
    page.locator(".hits .line-link").first.click()
    expect(page.get_by_role("article").get_by_role("heading", name=RETURNS)).to_be_visible()
    expect(page.get_by_role("button", name="Edit", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Upload")).to_have_count(0)
    keep_picture("kb-search", page)
    page.go_back()
    expect(page.locator(".decision")).to_be_visible()
    page.get_by_role("link", name="Back to all entries").click()
    expect(page.locator(".segments")).to_be_visible()


def test_a_file_is_looked_at_and_then_published(office: Office, visitor: Enter) -> None:
    page = opened(office, visitor)
    page.get_by_role("link", name="Upload").click()
    keep_picture("kb-upload", page)
    text = "# Gifts\n\n## Do you wrap gifts <b>today</b>?\n\nYes, for 3 euros.\n\n## What costs a card?\n\nNothing.\n"
    broken: FilePayload = {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 no"}
    gifts: FilePayload = {"name": "gifts.md", "mimeType": "text/markdown", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files([gifts, broken])
    expect(page.locator(".counts")).to_contain_text("2 new", timeout=SLOW_MS)
    expect(page.locator(".problems")).to_contain_text("broken.pdf")
    keep_picture("kb-plan", page)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published: 2 new")).to_be_visible(timeout=SLOW_MS)
    keep_picture("kb-published", page)
    page.get_by_role("button", name="Upload more").click()
    page.locator("input[type=file]").set_input_files([{**gifts, "buffer": text.replace("3", "5").encode()}])
    expect(page.locator(".changes ins")).to_have_text("[added] 5", timeout=SLOW_MS)
    keep_picture("kb-plan-changed", page)
    page.get_by_role("button", name="Discard").click()
    expect(page.locator(".counts")).to_have_count(0)


def test_by_keyboard_alone_and_what_was_written_is_not_lost(office: Office, visitor: Enter) -> None:
    page = opened(office, visitor)
    link = page.get_by_role("link", name="How long does delivery take?")
    link.focus()
    page.keyboard.press("Enter")
    edit = page.get_by_role("button", name="Edit", exact=True)
    edit.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Question", exact=True)).to_be_focused()
    page.keyboard.type(" Once more.")
    link.click()
    dialog = page.get_by_role("dialog", name="Leave without publishing what you wrote?")
    expect(dialog).to_be_visible()
    keep_picture("kb-leaving", page)
    page.keyboard.press("Escape")
    expect(page.get_by_label("Question", exact=True)).to_have_value("How long does delivery take? Once more.")
    page.go_back()
    dialog.get_by_role("button", name="Go on writing").last.click()
    expect(page.get_by_label("Question", exact=True)).to_have_value("How long does delivery take? Once more.")
    page.get_by_role("button", name="Cancel").click()
    dialog.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_role("article").get_by_role("heading", name="How long does delivery take?")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (768, 900), (1280, 800)])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_hostile_text_stays_text_and_nothing_sticks_out(
    office: Office, visitor: Enter, width: int, height: int, scheme: str, locale: str
) -> None:
    page = opened_in(office, visitor, width, height, scheme, locale)
    name = f"kb-{width}-{scheme}-{locale[:2]}"
    keep_picture(f"{name}-list", page)
    page.locator(".line-link", has_text="zebra").click()
    expect(page.locator(".entry .preview-text")).to_contain_text("<script>")
    assert page.locator(".editor-place img, .editor-place script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep_picture(f"{name}-entry", page)
    page.goto(f"{office.url}/console/knowledge?view=upload")
    expect(page.locator(".drop")).to_be_visible(timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep_picture(f"{name}-upload", page)
    page.goto(f"{office.url}/console/knowledge?q=zebra")
    expect(page.locator(".decision")).to_be_visible(timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep_picture(f"{name}-search", page)
    page.goto(f"{office.url}/console")  # the bar has one more page now
    expect(page.locator("header.top nav a").last).to_be_attached(timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep_picture(f"{name}-inbox", page)


def opened_in(office: Office, visitor: Enter, width: int, height: int, scheme: str, locale: str) -> Page:
    page = visitor(viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale)
    page.goto(f"{office.url}/console/knowledge")
    page.locator("input").first.fill("eve")
    page.locator("input[type=password]").fill("correct horse battery staple")
    page.keyboard.press("Enter")
    expect(page.locator(".lines .line-link").first).to_be_visible(timeout=PATIENCE_MS)
    return page


def test_what_the_judged_questions_lose_by_is_refused_until_there_is_a_reason(office: Office, visitor: Enter) -> None:
    judged = office.knowledge / "judged"
    judged.mkdir()
    (judged / "queries.jsonl").write_text('{"_id": "q1", "text": "How long does delivery take?", "language": "en"}\n')
    (judged / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tshop.md#how-long-does-delivery-take\t1\n")
    page = opened(office, visitor)
    page.get_by_role("link", name="How long does delivery take?").click()
    page.get_by_role("button", name="Disable").click()
    expect(page.locator(".verdict")).to_contain_text("Nothing was published", timeout=SLOW_MS)
    expect(page.locator(".moved")).to_contain_text("lost")
    expect(page.locator(".reason textarea")).to_be_focused()
    keep_picture("kb-refused", page)
    page.keyboard.type("The courier is on strike")
    page.get_by_role("button", name="Publish all the same").click()
    published(page, "It is taken out: nobody is answered from it.")


def test_of_two_who_edit_one_entry_the_second_is_told_and_loses_nothing(office: Office, visitor: Enter) -> None:
    question = "What does"
    first, second = opened(office, visitor), opened(office, visitor)
    for page, text in ((first, "Zebras, says the first."), (second, "Zebras, says the second.")):
        page.get_by_role("link", name=question).click()
        page.get_by_role("button", name="Edit", exact=True).click()
        page.get_by_label("Answer", exact=True).fill(text)
    first.get_by_role("button", name="Publish").click()
    published(first)
    second.get_by_role("button", name="Publish").click()
    expect(second.locator(".change .says")).to_contain_text("changed meanwhile", timeout=SLOW_MS)
    expect(second.get_by_label("Answer", exact=True)).to_have_value("Zebras, says the second.")
    second.get_by_text("Show what it says now").click()
    expect(second.locator(".change .diff ins")).to_contain_text("first")
    keep_picture("kb-two", second)
    second.get_by_role("button", name="Publish").click()
    published(second)
    expect(second.locator(".entry .preview-text")).to_have_text("Zebras, says the second.")
    first.get_by_role("button", name="Disable").click()
    expect(first.locator(".editor-place > .says")).to_contain_text("changed meanwhile", timeout=SLOW_MS)
    expect(first.locator(".entry .preview-text")).to_have_text("Zebras, says the second.")
