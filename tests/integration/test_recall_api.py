"""Corrections over HTTP: from a published change to what the customer reads, and what the terminal lists."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot import recall_commands
from bot.conversation import Status
from bot.output import Output
from bot.settings import Settings
from tests.fakes import DELIVERY, RETURNS, document, stock, writes
from tests.site import Agent, Site, running

NEW = replace(RETURNS, text="You can return unused items within 14 days. Bring the receipt with you.")


@pytest.fixture
async def site(own_sqlite_url: str) -> AsyncIterator[Site]:
    async with running(own_sqlite_url, writes("You can return unused items within 30 days.")) as site:
        await stock(site.bot)
        yield site


async def publish(site: Site, *live: Any, gone: Any = RETURNS) -> None:
    """Later than all that was said so far, by the clock that stands still here."""
    at = site.bot.now()
    await site.bot.store.apply([document(one) for one in live], live, [gone.id], at)


async def answered(site: Site) -> str:
    """A customer who was answered from RETURNS."""
    conversation = await site.customer()
    async with site.tab(conversation) as tab:
        await tab.say("How do I return something?")
        said = await tab.event(author="bot")
        assert [citation["passage"] for citation in said["body"]["citations"]] == [RETURNS.id]
    return conversation


async def correction(agent: Agent, **changes: Any) -> Any:
    (one,) = (await agent.get("recall"))["affected"]
    asked = {
        "conversation": one["conversation"], "passage": one["old"]["passage"], "text": one["correction"],
        "new": one["new"]["passage"] if one["new"] else "", "cid": "k1",
    }  # fmt: skip
    return await agent.post("recall/send", **(asked | changes))


async def test_from_a_published_change_to_what_the_customer_reads(site: Site) -> None:
    conversation = await answered(site)
    async with site.agent("ana") as ana, site.tab(conversation) as tab:
        assert await ana.get("recall") == {"count": 0, "days": 14, "affected": []}
        await publish(site, NEW)
        assert await ana.get("recall/count") == {"count": 1}
        found = await ana.get("recall")
        (one,) = found["affected"]
        assert (found["count"], one["conversation"], one["seq"], one["author"]) == (1, conversation, 2, "bot")
        assert (one["old"]["text"], one["new"]["text"], one["status"]) == (RETURNS.text, NEW.text, "bot")
        assert "within 30 days" in one["text"]
        assert NEW.text in one["correction"]
        sent = (await correction(ana)).raise_for_status().json()
        assert sent == {"seq": 3, "duplicate": False}
        read = await tab.event(author="agent")
        assert read["body"]["text"] == one["correction"]
        assert read["body"]["agent"] == "Ana"
        assert "corrects" not in read["body"], "what agents settle among themselves"
        assert [citation["passage"] for citation in read["body"]["citations"]] == [NEW.id]
        assert await ana.get("recall/count") == {"count": 0}
    assert (await site.bot.store.conversation(conversation)).status is Status.BOT


async def test_a_second_click_sends_nothing_and_a_colleague_is_told(site: Site) -> None:
    conversation = await answered(site)
    await publish(site, NEW)
    named = {"conversation": conversation, "passage": RETURNS.id, "new": NEW.id, "text": "14 days."}
    async with site.agent("ana") as ana, site.agent("ben") as ben:
        first = await ana.post("recall/send", **named, cid="k1")
        again = await ana.post("recall/send", **named, cid="k1")
        assert (first.json(), again.json()) == ({"seq": 3, "duplicate": False}, {"seq": 3, "duplicate": True})
        late = await ben.post("recall/send", **named, cid="k1")
        assert (late.status_code, late.json()["error"]) == (409, "settled")
    assert len(await site.events(conversation)) == 3


async def test_what_changed_once_more_is_not_sent(site: Site) -> None:
    conversation = await answered(site)
    await publish(site, NEW)
    async with site.agent("ana") as ana:
        await publish(site, replace(NEW, text="Within 7 days, and only unworn."), gone=NEW)
        old = await correction(ana, new=NEW.id)
        assert (old.status_code, old.json()["error"]) == (409, "changed")
        assert len(await site.events(conversation)) == 2
        assert (await correction(ana)).status_code == 200


async def test_what_needs_no_correction_leaves_the_list_for_everybody(site: Site) -> None:
    conversation = await answered(site)
    await publish(site, NEW)
    async with site.agent("ana") as ana, site.agent("ben") as ben:
        for _ in range(2):
            done = await ana.post("recall/dismiss", conversation=conversation, passage=RETURNS.id)
            assert done.status_code == 204
        assert (await ben.get("recall"))["count"] == 0
        assert (await ben.post("recall/dismiss", conversation="nobody", passage="p")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"text": " "}, 400), ({"text": "x" * 4_001}, 400), ({"text": "x" * 20_001}, 422), ({"cid": "a b"}, 422),
     ({"passage": DELIVERY.id}, 409), ({"conversation": "nobody"}, 404)],
)  # fmt: skip
async def test_bad_corrections_are_refused_and_the_case_stays(site: Site, changes: Any, status: int) -> None:
    conversation = await answered(site)
    await publish(site, NEW)
    async with site.agent("ana") as ana:
        assert (await correction(ana, **changes)).status_code == status
        assert (await ana.get("recall"))["count"] == 1
    assert len(await site.events(conversation)) == 2


async def test_days_are_bounded(site: Site) -> None:
    async with site.agent("ana") as ana:
        for days, status in ((0, 200), (3_650, 200), (-1, 422), (3_651, 422)):
            assert (await ana.request("GET", f"recall?days={days}")).status_code == status


@pytest.mark.parametrize("is_json", [True, False])
async def test_the_terminal_lists_the_same(
    site: Site, own_sqlite_url: str, capsys: pytest.CaptureFixture[str], is_json: bool
) -> None:
    settings = Settings(_env_file=None, database_url=own_sqlite_url)  # type: ignore[call-arg]
    assert await recall_commands.affected(settings, Output(is_json), 14) == 0
    nobody = capsys.readouterr().out
    conversation = await answered(site)
    await publish(site)
    assert await recall_commands.affected(settings, Output(is_json), 14) == 0
    said = capsys.readouterr().out
    if is_json:
        assert json.loads(nobody) == {"count": 0, "days": 14, "affected": []}
        (one,) = json.loads(said)["affected"]
        assert (one["conversation"], one["old"]["text"], one["new"]) == (conversation, RETURNS.text, None)
    else:
        assert "Nobody" in nobody
        assert conversation in said
        assert "(taken out)" in said
        assert "1 answer to correct" in said
