"""Answers over HTTP: who may do what, what comes back, and the customer who reads the answer at once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.access import Role
from bot.adapters.answer_files import AnswerFolder
from tests.fakes import RETURNS, FakeGenerator, FakeIndexes, stock
from tests.site import Agent, Site, running

FIELDS = {"id", "status", "question", "answer", "language", "phrasings", "category", "conversation", "by", "created_at",
          "published_at", "passage", "document"}  # fmt: skip
EDIT = {"question": "Do you gift wrap?", "answer": "Yes, for €2.", "language": "en", "phrasings": [], "category": ""}


@pytest.fixture
async def site(own_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    folder = AnswerFolder(tmp_path / "answers")
    async with running(own_sqlite_url, FakeGenerator(), answer_files=folder) as site:
        await stock(site.bot)
        yield site


async def drafted(agent: Agent, **edit: Any) -> dict[str, Any]:
    made = await agent.post("answers", question="gift wrap?", language="en", examples=["do you wrap"])
    assert made.status_code == 201, made.text
    saved = await agent.request("PUT", f"answers/{made.json()['id']}", EDIT | edit)
    return dict(saved.raise_for_status().json())


async def test_from_a_conversation_to_the_next_customers_answer(site: Site) -> None:
    """A supervisor's new answer is found by its customer's question through the widget's socket."""
    conversation, question = await site.customer(), "What is your gift wrapping like?"
    async with site.agent("sam", Role.SUPERVISOR) as sam, site.tab(conversation) as tab:
        await tab.say(question)
        await tab.event(author="customer")
        made = await sam.post("answers", conversation=conversation, question_seq=1)
        draft = made.json()
        assert (made.status_code, set(draft)) == (201, FIELDS)
        assert (draft["question"], draft["answer"], draft["conversation"]) == (question, "", conversation)
        assert (draft["status"], draft["by"]["name"]) == ("draft", "Sam")
        edit = EDIT | {"question": question, "answer": "Gift wrapping is red.", "phrasings": draft["phrasings"]}
        await sam.request("PUT", f"answers/{draft['id']}", edit)
        found = (await sam.post(f"answers/{draft['id']}/check")).raise_for_status().json()
        assert set(found) == {"nearest", "conflicts", "problems"}
        assert found["problems"] == []
        done = (await sam.post(f"answers/{draft['id']}/publish")).raise_for_status().json()
        assert (done["status"], done["document"]) == ("published", "answers-en.md#what-is-your-gift-wrapping-like")
    other = await site.customer()
    async with site.tab(other) as tab:
        await tab.say(question)
        said = await tab.event(author="bot")
        assert "Gift wrapping is red." in said["body"]["text"]
        assert [citation["passage"] for citation in said["body"]["citations"]] == [done["passage"]]


async def test_lists_are_by_status(site: Site) -> None:
    async with site.agent("sam", Role.SUPERVISOR) as sam:
        one, other = await drafted(sam), await drafted(sam, question="Do you sell hay?")
        await sam.post(f"answers/{one['id']}/publish")
        await sam.post(f"answers/{other['id']}/dismiss")
        lists = {s: (await sam.get(f"answers?status={s}"))["answers"] for s in ("draft", "published", "dismissed")}
        assert {s: [draft["id"] for draft in found] for s, found in lists.items()} == {
            "draft": [], "published": [one["id"]], "dismissed": [other["id"]],
        }  # fmt: skip
        assert len((await sam.get("answers"))["answers"]) == 2
        assert (await sam.get(f"answers/{one['id']}"))["published_at"]


async def test_agents_suggest_and_edit_their_own_and_only_supervisors_publish(site: Site) -> None:
    async with site.agent("ana") as ana, site.agent("bob") as bob, site.agent("sam", Role.SUPERVISOR) as sam:
        draft = await drafted(ana)
        id = draft["id"]
        assert (await bob.request("PUT", f"answers/{id}", EDIT)).status_code == 403
        for action in ("publish", "dismiss"):
            assert (await ana.post(f"answers/{id}/{action}")).json() == {"error": "forbidden"}
        assert (await bob.post(f"answers/{id}/check")).status_code == 200
        assert (await sam.request("PUT", f"answers/{id}", EDIT | {"answer": "No."})).json()["answer"] == "No."
        assert (await sam.post(f"answers/{id}/publish")).json()["status"] == "published"
        assert (await ana.request("PUT", f"answers/{id}", EDIT)).status_code == 403


@pytest.mark.parametrize(
    ("edit", "says"),
    [({"question": "a"}, "3 characters or more"), ({"answer": "x" * 4_001}, "4000 is the most"),
     ({"language": "de"}, "en or zh"), ({"phrasings": [f"w {n}" for n in range(21)]}, "20 is the most")],
)  # fmt: skip
async def test_what_is_wrong_is_said_in_a_sentence(site: Site, edit: dict[str, Any], says: str) -> None:
    async with site.agent("ana") as ana:
        draft = await drafted(ana)
        refused = await ana.request("PUT", f"answers/{draft['id']}", EDIT | edit)
        assert (refused.status_code, refused.json()["error"]) == (400, "bad_request")
        assert says in refused.json()["says"]
        assert await ana.get(f"answers/{draft['id']}") == draft


async def test_bad_requests_have_their_codes(site: Site) -> None:
    async with site.agent("sam", Role.SUPERVISOR) as sam:
        assert (await sam.post("answers")).status_code == 400
        assert (await sam.post("answers", conversation="nobody", question_seq=1)).status_code == 404
        assert (await sam.post("answers/nobody/publish")).status_code == 404
        draft = await drafted(sam)
        await sam.post(f"answers/{draft['id']}/publish")
        conflict = await sam.post(f"answers/{draft['id']}/dismiss")
        assert (conflict.status_code, conflict.json()["error"]) == (409, "conflict")
        assert "answers-en.md" in conflict.json()["says"]


async def test_what_was_done_before_a_failure_is_said(own_sqlite_url: str, tmp_path: Path) -> None:
    class Broken(FakeIndexes):
        def publish(self, *anything: Any, **named: Any) -> Any:
            raise RuntimeError("a secret detail")

    folder = AnswerFolder(tmp_path / "answers")
    async with (
        running(own_sqlite_url, FakeGenerator(), answer_files=folder, indexes=Broken()) as site,
        site.agent("sam", Role.SUPERVISOR) as sam,
    ):
        draft = await drafted(sam)
        failed = await sam.post(f"answers/{draft['id']}/publish")
        assert (failed.status_code, failed.json()["error"]) == (503, "unavailable")
        assert "stands in answers-en.md now" in failed.json()["says"]
        assert "secret" not in failed.text
        assert (await sam.get(f"answers/{draft['id']}"))["status"] == "draft"


async def test_the_knowledge_base_is_searched(site: Site) -> None:
    async with site.agent("ana") as ana:
        (first, *_) = (await ana.get("passages?q=return&language=en"))["passages"]
        assert first["passage"] == RETURNS.id
        assert {"anchor", "title", "text", "url", "score", "dense", "lexical", "coverage", "live", "document"} <= set(
            first
        )
        assert await ana.get("passages?q=%20") == {"passages": []}
        assert (await ana.request("GET", f"passages?q={'x' * 401}")).status_code == 422
    assert (await site.http.get("/v1/console/passages?q=return")).status_code == 401
