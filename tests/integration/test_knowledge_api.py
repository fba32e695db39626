"""The knowledge base in the console: looked at, searched, edited, disabled, uploaded to; and what is refused."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import bootstrap_content
from bot.access import Role
from bot.adapters.upload_folder import UploadFolder
from bot.ingest import ingest
from bot.judged import Query
from bot.planning import Scope
from bot.web import knowledge_changes_api as changes_api
from tests.fakes import writes
from tests.site import Agent, Site, running
from tests.unit.test_ingest import File

SHOP = """# Help

## How do I return a lamp?
> send a lamp back

Returns are possible within 30 days, with the receipt.

## How long does delivery take?

Delivery takes two days.
"""
ONLY_US = "---\naudience: agents\n---\n# Inside\n\n## How do we refund a return by hand?\n\nIn the refund ledger.\n"
ANCHOR = "shop.md#how-do-i-return-a-lamp"
HOSTILE = "<img src=x onerror=alert(1)> 退货"


@pytest.fixture
async def site(own_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    uploads = UploadFolder(tmp_path / "uploads")
    async with running(own_sqlite_url, writes("Returns are possible within 30 days."), uploads=uploads) as site:
        await publish(site, SHOP)
        yield site


async def publish(site: Site, text: str, inside: str = ONLY_US) -> None:
    await ingest(site.bot, [File("shop.md", text), File("inside.md", inside)], [Scope("kb")])


@pytest.fixture
async def eve(site: Site) -> AsyncIterator[Agent]:
    async with site.agent("eve", Role.SUPERVISOR) as eve:
        yield eve


async def entry(agent: Agent, anchor: str = ANCHOR) -> Any:
    answer = await agent.http.get(
        "/v1/console/knowledge/entry", params={"anchor": anchor},
        headers={"cookie": "; ".join(f"{name}={value}" for name, value in agent.cookies.items())},
    )  # fmt: skip
    return answer.raise_for_status().json()


async def done(agent: Agent, path: str, **body: Any) -> Any:
    """The job that this began, when it is over."""
    begun = await agent.post(f"knowledge/{path}", **body)
    assert begun.status_code == 202, begun.text
    return await over(agent, begun.json())


async def over(agent: Agent, job: Any) -> Any:
    while not job["is_over"]:  # as the page asks
        await asyncio.sleep(0.01)
        job = await agent.get(f"knowledge/jobs/{job['job']}")
    return job


async def change(agent: Agent, path: str, **body: Any) -> Any:
    one = await entry(agent, body.pop("anchor", ANCHOR))
    return await done(agent, path, **({"anchor": one["anchor"], "version": one["version"]} | body))


def wording(text: str, title: str = "How do I return a lamp?", phrasings: Sequence[str] = ()) -> dict[str, Any]:
    return {"title": title, "text": text, "phrasings": list(phrasings)}


async def upload(agent: Agent, name: str, data: bytes, batch: str = "") -> Any:
    cookies = "; ".join(f"{one}={value}" for one, value in agent.cookies.items())
    headers = {"cookie": cookies, "x-csrf-token": agent.csrf, "content-type": "application/octet-stream"}
    path = "/v1/console/knowledge/uploads"
    return await agent.http.post(path, params={"name": name, "upload": batch}, content=data, headers=headers)


def names(folder: Path, below: str = "**/*.md") -> list[str]:
    return [one.name for one in folder.glob(below)]


# ── looking ──


async def test_entries_are_listed_by_file_language_and_state(site: Site, eve: Agent) -> None:
    found = await eve.get("knowledge?file=shop.md&language=en")
    assert (found["total"], [one["anchor"] for one in found["entries"]]) == (
        2, [ANCHOR, "shop.md#how-long-does-delivery-take"],
    )  # fmt: skip
    assert {one["state"] for one in found["entries"]} == {"live"}
    assert (await eve.get("knowledge?offset=2"))["entries"] == (await eve.get("knowledge"))["entries"][2:]
    assert (await eve.get("knowledge?language=zh"))["total"] == 0
    assert (await eve.get("knowledge?state=disabled"))["total"] == 0
    assert await eve.get("knowledge/files") == {
        "files": [{"file": "inside.md", "passages": 1}, {"file": "shop.md", "passages": 2}], "languages": ["en"],
    }  # fmt: skip
    await publish(site, SHOP.replace("two days.", "two days.\n<!-- valid_to: 2026-03-10 -->"))
    (soon,) = (await eve.get("knowledge?state=expiring"))["entries"]
    assert soon["valid_to"] == "2026-03-10"


async def test_an_entry_says_where_it_stands_and_what_it_said_before(site: Site, eve: Agent) -> None:
    await publish(site, SHOP.replace("30 days", "14 days"))
    one = await entry(eve)
    assert (one["source"], one["origin"], one["state"], one["file"]) == ("shop.md:3", "kb", "live", None)
    assert one["text"] == "Returns are possible within 14 days, with the receipt."
    assert [(each["action"], "30 days" in each["text"]) for each in one["past"]] == [
        ("added", False), ("retired", True), ("added", True),
    ]  # fmt: skip
    assert one["cited"] == 0
    assert (await eve.request("GET", "knowledge/entry?anchor=nothing")).status_code == 404


async def test_searching_shows_what_the_bot_finds_and_does(site: Site, eve: Agent) -> None:
    found = await eve.get("knowledge/search?q=How do I return a lamp?")
    assert (found["hits"][0]["anchor"], found["decision"]) == (ANCHOR, "answer")
    assert set(found["hits"][0]["scores"]) == {"score", "dense", "lexical", "coverage", "words", "weakest"}
    assert found["thresholds"]["answer"] <= found["score"]
    inside = await eve.get("knowledge/search?q=How do we refund a return by hand?")
    assert "inside.md" not in {one["anchor"].partition("#")[0] for one in inside["hits"]}
    assert [one["audience"] for one in inside["for_agents"]] == ["agents"]
    assert (await eve.get("knowledge/search?q= "))["hits"] == []


async def test_agents_may_look_and_search_and_change_nothing(site: Site) -> None:
    async with site.agent("ana") as ana:
        assert (await ana.get("knowledge"))["total"] == 3
        one = await entry(ana)
        refused = await ana.post("knowledge/disable", anchor=ANCHOR, version=one["version"])
        assert (refused.status_code, refused.json()) == (403, {"error": "forbidden"})
        assert (await upload(ana, "a.md", b"x")).status_code == 403


# ── editing ──


async def test_an_edit_is_answered_from_at_once_and_outlives_the_next_ingest(site: Site, eve: Agent) -> None:
    job = await change(eve, "edit", **wording("Returns are possible within **60** days.", phrasings=["give back"]))
    assert (job["error"], job["result"]["added"], job["result"]["removed"]) == ("", 1, 1)
    found = await eve.get("knowledge/search?q=return")
    assert found["hits"][0]["text"] == "Returns are possible within **60** days."
    one = await entry(eve)
    assert (one["state"], one["edited_by"], one["phrasings"], one["is_newer"]) == (
        "edited",
        "Eve",
        ["give back"],
        False,
    )
    assert one["file"]["text"] == "Returns are possible within 30 days, with the receipt."
    await publish(site, SHOP.replace("30 days", "14 days"))
    one = await entry(eve)
    assert (one["text"], one["is_newer"]) == ("Returns are possible within **60** days.", True)
    assert "14 days" in one["file"]["text"]
    assert [each["anchor"] for each in (await eve.get("knowledge?state=edited"))["entries"]] == [ANCHOR]
    await change(eve, "revert")
    one = await entry(eve)
    assert (one["state"], "14 days" in one["text"]) == ("live", True)


async def test_a_disabled_entry_is_answered_no_more_until_it_is_enabled(site: Site, eve: Agent) -> None:
    await change(eve, "edit", **wording("Within 60 days."))
    await change(eve, "disable")
    assert all(hit["anchor"] != ANCHOR for hit in (await eve.get("knowledge/search?q=return"))["hits"])
    await publish(site, SHOP.replace("30 days", "14 days"))
    one = await entry(eve)
    assert (one["state"], one["text"]) == ("disabled", "Within 60 days.")
    assert [each["state"] for each in (await eve.get("knowledge?state=disabled"))["entries"]] == ["disabled"]
    await change(eve, "enable")
    one = await entry(eve)
    assert (one["state"], one["text"]) == ("edited", "Within 60 days.")
    assert (await eve.get("knowledge/search?q=return a lamp"))["hits"][0]["text"] == "Within 60 days."


async def test_an_entry_that_was_never_edited_comes_back_as_its_file_says(site: Site, eve: Agent) -> None:
    before = await entry(eve)
    await change(eve, "disable")
    await change(eve, "enable")
    after = await entry(eve)
    assert (after["ids"], after["state"]) == (before["ids"], "live")
    assert await site.bot.overrides.overrides() == ()


async def test_saying_what_the_file_says_is_no_edit(site: Site, eve: Agent) -> None:
    await change(eve, "edit", **wording("Within 60 days."))
    one = (await entry(eve))["file"]
    await change(eve, "edit", title=one["title"], text=one["text"], phrasings=one["phrasings"])
    assert (await entry(eve))["state"] == "live"


async def test_who_looked_at_an_older_state_is_told_and_changes_nothing(site: Site, eve: Agent) -> None:
    old = await entry(eve)
    await change(eve, "edit", **wording("Within 60 days."))
    for path, more in (("edit", wording("Mine.")), ("disable", {}), ("revert", {}), ("enable", {})):
        job = await done(eve, path, anchor=ANCHOR, version=old["version"], **more)
        assert (job["error"], job["says"]) == ("conflict", "This entry was changed meanwhile: look at it again.")
    assert (await entry(eve))["text"] == "Within 60 days."


@pytest.mark.parametrize(
    ("words", "says"),
    [(wording(""), "The answer is empty"), (wording("x" * 4_001), "is the most"),
     (wording("Yes.", "?"), "The question"),
     (wording("Yes.", phrasings=[f"way {n}" for n in range(21)]), "20 is the most")],
)  # fmt: skip
async def test_what_is_no_answer_is_refused_in_a_sentence(
    site: Site, eve: Agent, words: dict[str, Any], says: str
) -> None:
    job = await change(eve, "edit", **words)
    assert (job["error"], says in job["says"]) == ("refused", True)
    assert (await entry(eve))["state"] == "live"
    checked = (await eve.post("knowledge/check", anchor=ANCHOR, **words)).json()
    assert any(says in one for one in checked["problems"])


async def test_checking_names_what_only_seems_wrong(site: Site, eve: Agent) -> None:
    clear = (await eve.post("knowledge/check", anchor=ANCHOR, **wording("Within 60 days."))).json()
    assert clear == {"problems": []}
    words = wording("As I said before, write to jane.doe@mail.example. TODO")
    problems = (await eve.post("knowledge/check", anchor=ANCHOR, **words)).json()["problems"]
    assert any("jane.doe@mail.example" in one for one in problems)
    assert any("TODO" in one for one in problems)


async def test_what_no_database_takes_is_refused_at_the_door(site: Site, eve: Agent) -> None:
    for path in ("knowledge/entry?anchor=a%00b", "knowledge?file=%00", "knowledge?language=%00"):
        assert (await eve.request("GET", path)).status_code == 422
    one = await entry(eve)
    named: dict[str, Any] = {"anchor": ANCHOR, "version": one["version"]}
    for changes in ({"anchor": "a\x00"}, {"reason": "\x00"}):
        assert (await eve.post("knowledge/disable", **(named | changes))).status_code == 422
    await change(eve, "edit", **wording("Within\x00 60 \u202edays."))
    assert (await entry(eve))["text"] == "Within 60 days."


async def test_what_was_removed_from_its_file_can_be_dropped(site: Site, eve: Agent) -> None:
    await change(eve, "edit", **wording("Within 60 days."))
    await publish(site, SHOP.partition("## How do I")[0] + "## How long does delivery take?\n\nTwo days.\n")
    one = await entry(eve)
    assert (one["is_orphan"], one["state"], one["text"]) == (True, "edited", "Within 60 days.")
    job = await change(eve, "edit", **wording("Again."))
    assert "in no file any more" in job["says"]
    await change(eve, "revert")
    assert (await eve.request("GET", f"knowledge/entry?anchor={ANCHOR.replace('#', '%23')}")).status_code == 404
    assert (await eve.get("knowledge?state=edited"))["total"] == 0


# ── the gate ──


async def test_what_loses_a_judged_question_needs_a_reason(
    site: Site, eve: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamp = Query("q1", "How do I return a lamp?", language="en", relevant={ANCHOR: 1})
    monkeypatch.setattr(bootstrap_content, "judged_questions", lambda settings, origins: [lamp])
    job = await change(eve, "disable")
    verdict = job["result"]["verdict"]
    assert (job["result"]["is_refused"], verdict["lost"], verdict["questions"]) == (True, 1, 1)
    assert verdict["worse"][0]["question"] == "How do I return a lamp?"
    assert (await entry(eve))["state"] == "live"
    job = await change(eve, "disable", reason="The shop sells no lamps any more")
    assert job["result"]["is_refused"] is False
    assert (await entry(eve))["state"] == "disabled"
    newest = (await site.bot.store.generations())[0]
    assert (newest.action, newest.by, newest.reason) == ("forced", "eve", "The shop sells no lamps any more")


async def test_one_change_at_a_time(site: Site, eve: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, go = asyncio.Event(), asyncio.Event()

    async def slow(here: Any, reason: str) -> Any:
        waiting.set()
        await go.wait()
        return changes_api.Gate([])

    monkeypatch.setattr(changes_api, "_gate", slow)
    one = await entry(eve)
    first = (await eve.post("knowledge/disable", anchor=ANCHOR, version=one["version"])).json()
    await waiting.wait()
    second = await eve.post("knowledge/disable", anchor=ANCHOR, version=one["version"])
    assert (second.status_code, second.json()["says"].startswith("Eve is changing")) == (409, True)
    assert (await eve.get(f"knowledge/jobs/{first['job']}"))["is_over"] is False
    go.set()
    await over(eve, first)
    assert (await entry(eve))["state"] == "disabled"


# ── uploads ──

GIFTS = b"## Do you sell gift cards?\n\nYes, from 10 to 200 euros.\n"


async def proposed(eve: Agent, *files: tuple[str, bytes], **how: Any) -> tuple[str, Any]:
    batch = ""
    for name, data in files:
        batch = (await upload(eve, name, data, batch)).raise_for_status().json()["upload"]
    return batch, await done(eve, "plan", upload=batch, **how)


async def test_an_upload_is_looked_at_and_then_published_as_it_was_looked_at(
    site: Site, eve: Agent, tmp_path: Path
) -> None:
    batch, job = await proposed(eve, ("gifts.md", GIFTS), ("table.csv", b"question,answer\nWhere are you?,Here.\n"))
    plan = job["result"]
    assert (plan["files"], plan["added"], plan["removed"]) == (["gifts.md", "table.csv"], 2, 0)
    assert plan["changes"][0]["after"].startswith("Do you sell gift cards?")
    assert names(tmp_path, "uploads/*.md") == []
    job = await done(eve, "publish", upload=batch, digest=plan["digest"])
    assert (job["error"], job["result"]["added"]) == ("", 2)
    assert (tmp_path / "uploads" / "gifts.md").read_bytes() == GIFTS
    assert (await entry(eve, "gifts.md#do-you-sell-gift-cards"))["origin"] == str((tmp_path / "uploads").resolve())
    # Another version of the same file takes its place; nothing else is touched.
    batch, job = await proposed(eve, ("gifts.md", GIFTS.replace(b"200", b"500")))
    (changed,) = job["result"]["changes"]
    assert ("200" in changed["before"], "500" in changed["after"]) == (True, True)
    await done(eve, "publish", upload=batch, digest=job["result"]["digest"])
    assert "500" in (await entry(eve, "gifts.md#do-you-sell-gift-cards"))["text"]
    assert (await eve.get("knowledge"))["total"] == 5


async def test_what_changed_since_it_was_looked_at_is_not_published(site: Site, eve: Agent) -> None:
    batch, job = await proposed(eve, ("gifts.md", GIFTS))
    await upload(eve, "gifts.md", b"## Something else?\n\nYes, quite.\n", batch)
    job = await done(eve, "publish", upload=batch, digest=job["result"]["digest"])
    assert (job["error"], "has changed since" in job["says"]) == ("conflict", True)
    assert (await eve.get("knowledge"))["total"] == 3


async def test_numbers_that_cannot_be_right_beside_what_is_live_are_told_before_anything_is_published(
    site: Site, eve: Agent
) -> None:
    twice = b"## How long may a return take?\n\nA return may take 30 days from delivery.\n"
    _, job = await proposed(eve, ("one.md", twice), ("two.md", twice.replace(b"30", b"14")))
    (conflict,) = job["result"]["conflicts"]
    assert (conflict["source"], "30 days" in conflict["says"], "14 days" in conflict["says"]) == (
        "one.md:1",
        True,
        True,
    )
    assert job["result"]["not_compared"] == 0
    assert (await proposed(eve, ("one.md", twice)))[1]["result"]["conflicts"] == []


async def test_a_file_of_a_name_that_is_taken_and_one_that_cannot_be_read_are_problems(site: Site, eve: Agent) -> None:
    _, job = await proposed(eve, ("shop.md", GIFTS), ("broken.pdf", b"%PDF-1.7 nothing"), ("b.md", GIFTS))
    sources = [one["source"].partition(":")[0] for one in job["result"]["problems"]]
    assert sorted(set(sources)) == ["broken.pdf", "shop.md"]
    assert job["result"]["added"] == 1


async def test_edits_are_kept_or_dropped_as_asked_when_a_file_is_uploaded_again(site: Site, eve: Agent) -> None:
    anchor = "gifts.md#do-you-sell-gift-cards"
    batch, job = await proposed(eve, ("gifts.md", GIFTS))
    await done(eve, "publish", upload=batch, digest=job["result"]["digest"])
    await change(eve, "edit", anchor=anchor, **wording("Not any more.", "Do you sell gift cards?"))
    _, job = await proposed(eve, ("gifts.md", GIFTS.replace(b"200", b"500")))
    assert (job["result"]["added"], len(job["result"]["notes"])) == (0, 1)
    _, job = await proposed(eve, ("gifts.md", GIFTS.replace(b"200", b"500")), edited="fail")
    assert (job["error"], "nothing was changed" in job["says"]) == ("refused", True)
    batch, job = await proposed(eve, ("gifts.md", GIFTS.replace(b"200", b"500")), edited="overwrite")
    await done(eve, "publish", upload=batch, digest=job["result"]["digest"], edited="overwrite")
    one = await entry(eve, anchor)
    assert (one["state"], "500" in one["text"]) == ("live", True)


async def test_removing_a_lot_needs_a_word(site: Site, eve: Agent) -> None:
    many = b"".join(b"## Is it %d?\n\nYes, it is %d.\n\n" % (n, n) for n in range(9))
    batch, job = await proposed(eve, ("many.md", many))
    await done(eve, "publish", upload=batch, digest=job["result"]["digest"])
    batch, job = await proposed(eve, ("many.md", b"## Is it 1?\n\nYes, it is 1.\n"))
    assert job["result"]["is_much"] is True
    asked = {"upload": batch, "digest": job["result"]["digest"]}
    assert (await done(eve, "publish", **asked))["error"] == "refused"
    assert (await done(eve, "publish", **asked, is_sure=True))["result"]["removed"] == 8


async def test_uploads_are_bounded_and_names_are_only_names(
    site: Site, eve: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_api, "MAX_FILE", 1_000)
    large = await upload(eve, "a.md", b"x" * 1_001)
    assert (large.status_code, large.json()["error"]) == (413, "too_large")
    named = await upload(eve, f"../../{HOSTILE}#1.md", GIFTS)
    assert named.json()["name"] == "img src=x onerror=alert(1)- 退货-1.md"
    assert names(tmp_path) == [named.json()["name"]]
    for name, batch, status in (("..", "", 400), ("a.md", "../x", 422), ("", "", 422)):
        assert (await upload(eve, name, GIFTS, batch)).status_code == status
    foreign = await eve.request("POST", "knowledge/uploads?name=a.md", None, **{"x-csrf-token": "no"})
    assert foreign.status_code == 403
    gone = await done(eve, "plan", upload="0" * 32)
    assert (gone["error"], (await eve.post("knowledge/forget", upload="0" * 32)).status_code) == ("notfound", 204)


async def test_what_was_not_published_is_forgotten_when_asked(site: Site, eve: Agent, tmp_path: Path) -> None:
    batch, _ = await proposed(eve, ("gifts.md", GIFTS))
    await eve.post("knowledge/forget", upload=batch)
    assert names(tmp_path) == []


async def test_a_wording_of_a_section_is_cut_as_its_file_would_be(site: Site, eve: Agent) -> None:
    section = "\n\n".join(f"Paragraph {n} tells about the warranty of lamps and of wires." * 3 for n in range(9))
    page = f"# Warranty\n\nAll.\n\n## Lamps\n\n{section}\n"
    await ingest(site.bot, [File("w.md", page, "other")], [Scope("other")])
    one = await entry(eve, "w.md#lamps")
    assert (one["passages"] > 1, one["kind"], one["text"]) == (True, "policy", section)
    words = {"title": "ignored", "text": section.replace("Paragraph 7", "Part 7")}
    job = await change(eve, "edit", anchor="w.md#lamps", **words)
    assert (job["result"]["added"], job["result"]["removed"]) == (1, 1)
    after = await entry(eve, "w.md#lamps")
    assert (after["title"], "Part 7" in after["text"]) == (one["title"], True)
    assert after["file"] == replace_text(one)


def replace_text(one: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in ("ids", "title", "text", "phrasings")}


async def test_a_customer_mid_question_is_answered_while_the_knowledge_base_changes(site: Site, eve: Agent) -> None:
    conversation = await site.customer()
    async with site.tab(conversation) as tab:
        begun = asyncio.create_task(change(eve, "edit", **wording("Returns are possible within 60 days.")))
        await tab.say("How do I return a lamp?")
        assert (await tab.event(author="bot"))["body"]["text"]
        assert (await begun)["error"] == ""


def test_a_plan_of_thousands_of_changes_is_told_in_part() -> None:
    from tests.fakes import passage

    many = [passage(f"a.md#{n}", f"T{n}", "x") for n in range(1_000)]
    old = [replace(one, text="y") for one in many]
    shown = changes_api._changes(many, old)
    assert len(shown) == changes_api.SHOWN
    assert all(one["before"] and one["after"] for one in shown)
