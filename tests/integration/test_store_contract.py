"""What every store promises, asked of the fake, of SQLite and of PostgreSQL alike."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest

from bot.adapters.sql import SqlStore
from bot.adapters.sql_database import Database
from bot.content import Source, Sources
from bot.conversation import WINDOW, Author, Conversation, Event, Evidence, Kind, Reason, Status
from bot.errors import BotError, Conflict, NotFound
from bot.indexes import Manifest
from bot.knowledge import Citation, Document, Passage
from bot.ports import Session, Step, Store
from tests.fake_store import FakeStore

AT = datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)
HOSTILE = '‏مرحبا‏ 🤷🏽‍♀️ e\u0301 \'quoted\' "twice" \\ -- ; DROP TABLE event; {"a":1} %s :name $1 \t\n\u2028 退货'
CITATION = Citation(1, "faqs/returns.md#how", "p1", "How do I return it?", "Within 30 days.", "/returns", 0.8123)

Pair = tuple[Store, Store]


@pytest.fixture(scope="module", params=["fake", "sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "fake" else str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def opened(url: str) -> Pair:
    """Two stores on one database: the second is another process to it. The fake has no second."""
    if url:
        return SqlStore(Database(url)), SqlStore(Database(url))
    fake = FakeStore()
    return fake, fake


@pytest.fixture
async def stores(opened: Pair) -> AsyncIterator[Pair]:
    yield opened
    for store in opened:
        await store.close()


@pytest.fixture
def store(stores: Pair) -> Store:
    return stores[0]


async def begin(store: Store, **fields: Any) -> str:
    """A conversation nobody else uses: the tests share one database of each kind."""
    id = uuid.uuid4().hex
    conversation = replace(Conversation(id, "customer-1", "epoch-1"), **fields)
    await store.start(conversation, Session(f"s-{id}", "customer-1", id), f"hash-{id}", AT)
    return id


def says(text: str, cid: str = "", sender: str = "s1", at: datetime = AT) -> Step:
    return lambda conversation: conversation.said(text, sender=sender, cid=cid, at=at)


def replies(answers: int, evidence: Evidence | None = None) -> Step:
    return lambda c: c.replied("Within 30 days.", answers=answers, at=AT, citations=(CITATION,), evidence=evidence)


async def said(store: Store, id: str, text: str, cid: str = "", sender: str = "s1") -> Event:
    changed = await store.change(id, says(text, cid, sender), sender=sender, cid=cid)
    return changed.events[-1]


def unchanged(conversation: Conversation) -> Conversation:
    return conversation


class TestConversations:
    async def test_events_come_back_in_order_without_holes(self, store: Store) -> None:
        id = await begin(store)
        for n in range(5):
            await said(store, id, f"message {n}", cid=f"c{n}")
        assert [event.seq for event in await store.events(id, 0, 100)] == [1, 2, 3, 4, 5]
        assert [event.text for event in await store.events(id, 0, 100)] == [f"message {n}" for n in range(5)]

    async def test_a_conversation_comes_back_as_it_was_committed(self, store: Store) -> None:
        id = await begin(store, language="zh", page="/product/7?色=红")
        await said(store, id, "怎么退货？", cid="c1")
        changed = await store.change(id, replies(answers=1))
        assert await store.conversation(id) == changed.conversation
        assert changed.conversation.fresh == ()
        assert (changed.conversation.language, changed.conversation.page) == ("zh", "/product/7?色=红")

    async def test_every_field_of_an_event_comes_back(self, store: Store) -> None:
        id = await begin(store)
        await said(store, id, "return", cid="c1")

        def offer(c: Conversation) -> Conversation:
            return c.replied("Did you mean", answers=1, at=AT, citations=(CITATION,), options=("a", "b"), data={"n": 1})

        (offered,) = (await store.change(id, offer)).events
        first, second = await store.events(id, 0, 9)
        assert first == Event(1, Kind.MESSAGE, Author.CUSTOMER, AT, "s1", "c1", "return")
        assert second == offered
        assert (second.options, second.citations, second.data) == (("a", "b"), (CITATION,), {"n": 1})

    async def test_times_come_back_in_utc_to_the_microsecond(self, store: Store) -> None:
        id = await begin(store)
        elsewhere = AT.astimezone(timezone(timedelta(hours=9)))
        await store.change(id, says("hello", "c1", at=elsewhere))
        (event,) = await store.events(id, 0, 1)
        assert event.at == AT
        assert event.at.utcoffset() == timedelta(0)

    async def test_order_is_the_position_never_the_time(self, store: Store) -> None:
        id = await begin(store)
        for days in (0, 2, -3):
            await store.change(id, says(f"day {days}", at=AT + timedelta(days=days)))
        assert [event.seq for event in await store.events(id, 0, 9)] == [1, 2, 3]

    async def test_hostile_text_comes_back_unharmed(self, store: Store) -> None:
        id = await begin(store, page=HOSTILE)
        await said(store, id, HOSTILE, cid=HOSTILE, sender=HOSTILE)
        (event,) = (await store.conversation(id)).events
        assert (event.text, event.cid, event.sender) == (HOSTILE, HOSTILE, HOSTILE)
        assert (await store.conversation(id)).page == HOSTILE

    async def test_a_nul_in_a_comment_is_kept_or_refused_but_never_a_crash(self, store: Store) -> None:
        id = await begin(store)
        await store.change(id, lambda c: c.rated(5, sender="s1", cid="r1", at=AT, comment="a\x00b\ud800"))
        assert (await store.events(id, 0, 1))[0].data["comment"] == "a\x00b\ud800"
        for hostile in ("\x00", "\ud800"):
            with pytest.raises(BotError):
                await store.conversation(hostile)

    async def test_a_conversations_position_is_its_epoch_and_newest_event(self, store: Store) -> None:
        id = await begin(store)
        for n in range(3):
            await said(store, id, str(n), cid=str(n))
        whole = await store.conversation(id)
        assert await store.position(id) == (whole.epoch, whole.head) == (whole.epoch, 3)
        with pytest.raises(NotFound):
            await store.position("nobody")

    async def test_events_are_read_in_pages(self, store: Store) -> None:
        id = await begin(store)
        for n in range(7):
            await said(store, id, str(n), cid=str(n))
        pages = [await store.events(id, since, 3) for since in (0, 3, 6, 7)]
        assert [[event.seq for event in page] for page in pages] == [[1, 2, 3], [4, 5, 6], [7], []]
        assert len(await store.events(id, -5, 99)) == 7
        assert [*await store.events(id, 0, -1), *await store.events(id, 10**30, 10**30)] == []

    async def test_a_conversation_longer_than_the_window_keeps_its_newest_events(self, store: Store) -> None:
        id = await begin(store)

        def many(conversation: Conversation) -> Conversation:
            for n in range(1, 21):
                conversation = conversation.said(f"m{n}", sender="s1", cid=f"{conversation.head}", at=AT)
            return conversation

        for _ in range(4):
            await store.change(id, many)
        conversation = await store.conversation(id)
        assert [event.seq for event in conversation.events] == list(range(81 - WINDOW, 81))
        assert len(await store.events(id, 0, 200)) == conversation.head == 80
        assert (await said(store, id, "one more", cid="x")).seq == 81

    async def test_a_conversation_may_start_with_its_first_message(self, store: Store) -> None:
        id = uuid.uuid4().hex
        first = Conversation(id, "c", "e").said("hello", sender="s1", cid="c1", at=AT)
        await store.start(first, Session(id, "c", id), id, AT)
        assert [event.text for event in (await store.conversation(id)).events] == ["hello"]
        assert (await store.change(id, says("hello", "c1"), sender="s1", cid="c1")).is_duplicate

    async def test_unknown_ids_are_not_found(self, store: Store) -> None:
        for read in (
            store.conversation("nobody"),
            store.session("nobody"),
            store.events("nobody", 0, 1),
            store.evidence("nobody", 1),
            store.change("nobody", says("hello"), sender="s1", cid="c1"),
        ):
            with pytest.raises(NotFound):
                await read

    async def test_a_session_is_known_by_its_hash_and_cannot_be_made_twice(self, store: Store) -> None:
        id = await begin(store)
        session = Session(f"s-{id}", "customer-1", id)
        assert await store.session(f"hash-{id}") == session
        with pytest.raises(Conflict):
            await store.start(Conversation("other-" + id, "c", "e"), replace(session, id="x" + id), f"hash-{id}", AT)
        with pytest.raises(NotFound):
            await store.conversation("other-" + id)
        with pytest.raises(Conflict):
            await store.start(Conversation(id, "c", "e"), replace(session, id="y" + id), f"other-{id}", AT)

    async def test_a_verified_session_stays_verified(self, store: Store) -> None:
        id = uuid.uuid4().hex
        session = Session(id, "customer-9", id, is_verified=True)
        await store.start(Conversation(id, "customer-9", "e"), session, id, AT)
        assert await store.session(id) == session


class TestRetries:
    async def test_a_retry_writes_nothing_and_returns_the_first_event(self, store: Store) -> None:
        id = await begin(store)
        first = await said(store, id, "hello", cid="c1")
        await said(store, id, "more", cid="c2")
        retried = await store.change(id, says("another text", "c1"), sender="s1", cid="c1")
        assert retried.is_duplicate
        assert retried.events == (first,)
        assert retried.conversation == await store.conversation(id)
        assert retried.conversation.head == 2

    async def test_the_same_cid_elsewhere_or_from_another_is_a_new_message(self, store: Store) -> None:
        one, two = await begin(store), await begin(store)
        await said(store, one, "hello", cid="c1")
        assert (await said(store, two, "hello", cid="c1")).seq == 1
        assert (await said(store, one, "hello", cid="c1", sender="s2")).seq == 2

    async def test_messages_without_a_cid_never_collide(self, store: Store) -> None:
        id = await begin(store)
        assert [(await said(store, id, "hello")).seq for _ in range(3)] == [1, 2, 3]

    async def test_a_cid_that_only_the_event_carries_is_known_too(self, store: Store) -> None:
        id = await begin(store)
        first = (await store.change(id, says("hello", "c1"))).events[0]
        retried = await store.change(id, says("hello", "c1"))
        assert retried.is_duplicate
        assert retried.events == (first,)
        assert (await store.conversation(id)).head == 1

    async def test_a_step_whose_events_carry_no_cid_is_retried_harmlessly(self, store: Store) -> None:
        id = await begin(store)
        for is_retry in (False, True):
            changed = await store.change(id, lambda c: c.claimed("ann", at=AT), sender="ann", cid="c1")
            assert (changed.is_duplicate, changed.events[0].seq) == (is_retry, 1)

    async def test_the_message_that_reopens_a_conversation_is_retried_harmlessly(self, store: Store) -> None:
        id = await begin(store)
        await store.change(id, lambda c: c.closed(at=AT))
        await said(store, id, "wait", cid="c1")
        retried = await store.change(id, says("wait", "c1"), sender="s1", cid="c1")
        assert [event.kind for event in retried.events] == [Kind.MESSAGE]
        assert retried.conversation.head == 3

    async def test_the_same_cid_many_times_at_once_is_one_message(self, stores: Pair) -> None:
        id = await begin(stores[0])
        tries = [stores[n % 2].change(id, says("hello", "c1"), sender="s1", cid="c1") for n in range(16)]
        changed = await asyncio.gather(*tries)
        assert sorted(change.is_duplicate for change in changed) == [False] + [True] * 15
        assert {change.events[0].seq for change in changed} == {1}
        assert len(await stores[0].events(id, 0, 99)) == 1


class TestChanges:
    async def test_a_step_that_raises_leaves_nothing_behind(self, store: Store) -> None:
        id = await begin(store)

        def fails(conversation: Conversation) -> Conversation:
            conversation.said("lost", sender="s1", cid="c1", at=AT)
            raise Conflict("not now")

        with pytest.raises(Conflict, match="not now"):
            await store.change(id, fails, sender="s1", cid="c1")
        assert await store.events(id, 0, 9) == ()
        assert (await said(store, id, "kept", cid="c1")).seq == 1

    async def test_a_step_that_changes_nothing_writes_nothing(self, store: Store) -> None:
        id = await begin(store)
        before = await store.conversation(id)
        changed = await store.change(id, unchanged, sender="s1", cid="c1")
        assert (changed.conversation, changed.events, changed.is_duplicate) == (before, (), False)
        assert await store.conversation(id) == before

    async def test_fifty_writers_at_once_leave_no_hole_and_lose_nothing(self, stores: Pair) -> None:
        id = await begin(stores[0])
        writes = [said(stores[n % 2], id, f"m{n}", cid=f"c{n}") for n in range(50)]
        written = await asyncio.gather(*writes)
        stored = await stores[1].events(id, 0, 99)
        assert [event.seq for event in stored] == list(range(1, 51))
        assert sorted(written, key=lambda event: event.seq) == list(stored)

    async def test_the_bot_never_speaks_after_an_agent_claimed(self, stores: Pair) -> None:
        for n in range(10):
            id = await begin(stores[0])
            await said(stores[0], id, "hello", cid="c1")
            race = [
                stores[n % 2].change(id, replies(answers=1)),
                stores[1 - n % 2].change(id, lambda c: c.claimed("ann", at=AT)),
            ]
            _, claim = await asyncio.gather(*race, return_exceptions=True)
            assert not isinstance(claim, BaseException)
            later = await stores[0].events(id, claim.events[0].seq, 99)
            assert [event for event in later if event.author is Author.BOT] == []

    async def test_fifty_claims_at_once_have_one_winner(self, stores: Pair) -> None:
        id = await begin(stores[0])

        async def claim(n: int) -> str:
            changed = await stores[n % 2].change(id, lambda c: c.claimed(f"agent-{n}", at=AT))
            return str(changed.conversation.agent)

        results = await asyncio.gather(*(claim(n) for n in range(50)), return_exceptions=True)
        winners = [result for result in results if isinstance(result, str)]
        assert len(winners) == 1
        assert sum(isinstance(result, Conflict) for result in results) == 49
        assert (await stores[0].conversation(id)).agent == winners[0]


class TestTurns:
    EVIDENCE = Evidence(
        "How do I return it?",
        "return",
        "answer",
        "generated",
        hits=({"passage": "p1", "score": 0.5},),
        thresholds={"answer": 0.4},
        prompt=HOSTILE,
        timings={"search": 1.5},
    )

    async def test_evidence_is_stored_with_the_reply(self, store: Store) -> None:
        id = await begin(store)
        await said(store, id, "How do I return it?", cid="c1")
        await store.change(id, replies(1, self.EVIDENCE))
        kept = await store.evidence(id, 1)
        assert (kept["prompt"], kept["timings"]) == (HOSTILE, {"search": 1.5})
        assert kept["hits"] == [{"passage": "p1", "score": 0.5}]
        assert [event.evidence for event in await store.events(id, 0, 9)] == [None, None]
        with pytest.raises(NotFound):
            await store.evidence(id, 2)

    async def test_evidence_may_hold_numbers_that_json_has_not(self, store: Store) -> None:
        id = await begin(store)
        await said(store, id, "hello", cid="c1")
        odd = replace(self.EVIDENCE, score=float("nan"), thresholds={"answer": float("inf")}, draft="\x00\ud800")
        await store.change(id, replies(1, odd))
        kept = await store.evidence(id, 1)
        assert (kept["score"], kept["thresholds"], kept["draft"]) == (None, {"answer": None}, "\x00\ud800")

    async def test_a_question_has_one_turn_whatever_the_step_says(self, store: Store) -> None:
        id = await begin(store)
        await said(store, id, "hello", cid="c1")
        await store.change(id, replies(1, self.EVIDENCE))

        def again(c: Conversation) -> Conversation:
            return c.handed_off(Reason.FAILURE, at=AT, answers=1, evidence=self.EVIDENCE)

        with pytest.raises(Conflict):
            await store.change(id, again)
        assert (await store.conversation(id)).head == 2

    async def test_ten_replies_at_once_to_one_question_are_one(self, stores: Pair) -> None:
        id = await begin(stores[0])
        await said(stores[0], id, "hello", cid="c1")
        tries = [stores[n % 2].change(id, replies(1, self.EVIDENCE)) for n in range(10)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(isinstance(result, Conflict) for result in results) == 9
        assert len(await stores[0].events(id, 0, 9)) == 2

    async def test_what_is_unanswered_survives_a_round_trip(self, store: Store) -> None:
        id = await begin(store)
        for n in (1, 2, 3):
            await said(store, id, f"question {n}", cid=f"c{n}")
        await store.change(id, replies(answers=2))
        assert [event.seq for event in (await store.conversation(id)).unanswered] == [1, 3]

    async def test_what_the_bot_owes_follows_every_change(self, store: Store) -> None:
        silent, asked, taken = await begin(store), await begin(store), await begin(store)
        for id in (asked, taken):
            await said(store, id, "hello", cid="c1")
        assert {silent, asked, taken}.intersection(await store.owing()) == {asked, taken}
        await store.change(taken, lambda c: c.claimed("ann", at=AT))
        await store.change(asked, replies(answers=1))
        assert {silent, asked, taken}.isdisjoint(await store.owing())
        await store.change(taken, lambda c: c.returned(at=AT))
        assert taken not in await store.owing()
        await said(store, taken, "and now?", cid="c2")
        assert taken in await store.owing()
        assert (await store.conversation(taken)).status is Status.BOT


class TestKnowledge:
    def cut(self, text: str, name: str, position: int = 0) -> Passage:
        return Passage(
            name, f"{name}#a", "Returns › 退货", text, "en", "policy", ("send back",), "/r", position, "r.md:3"
        )

    @pytest.fixture
    def name(self) -> str:
        return f"policies/{uuid.uuid4().hex}.md"

    @pytest.fixture
    def written(self, name: str) -> Document:
        return Document(
            name, "Returns", "policy", "en", HOSTILE, "returns.md:1", "orders", ("a", "b"), "/returns", "/srv/shop"
        )

    async def test_passages_and_documents_come_back_as_they_were(
        self, store: Store, name: str, written: Document
    ) -> None:
        one, two = self.cut(HOSTILE, name), self.cut("Within 30 days.", name, 1)
        await store.apply([written], [two, one], [], AT)
        assert await store.passages([one.id, two.id, "unknown"]) == {one.id: one, two.id: two}
        assert [p for p in await store.live_passages() if p.document == name] == [one, two]
        assert next(p for p in await store.live_passages() if p.id == one.id).source == "r.md:3"
        assert written in await store.documents()
        assert written.origin in await store.origins()

    async def test_a_retired_passage_is_gone_until_it_is_added_again(
        self, store: Store, name: str, written: Document
    ) -> None:
        one, two = self.cut("one", name), self.cut("two", name, 1)
        await store.apply([written], [one, two], [], AT)
        await store.apply([], [], [one.id, "unknown"], AT)
        assert set(await store.passages([one.id, two.id])) == {two.id}
        assert one not in await store.live_passages()
        await store.apply([written], [replace(one, source="moved.md:9")], [], AT)
        assert (await store.passages([one.id]))[one.id].source == "moved.md:9"

    async def test_applying_the_same_twice_changes_nothing(self, store: Store, name: str, written: Document) -> None:
        one, two = self.cut("one", name), self.cut("two", name, 1)
        for _ in range(2):
            await store.apply([written], [one, one], [two.id], AT)
        assert [p for p in await store.live_passages() if p.document == name] == [one]

    async def test_a_document_is_replaced_and_disappears_with_its_last_passage(
        self, store: Store, name: str, written: Document
    ) -> None:
        one = self.cut("one", name)
        await store.apply([written], [one], [], AT)
        await store.apply([replace(written, title="Sending back")], [], [], AT)
        assert [d.title for d in await store.documents() if d.key == name] == ["Sending back"]
        await store.apply([], [], [one.id], AT)
        assert [d for d in await store.documents() if d.key == name] == []

    async def test_a_passage_of_no_document_leaves_nothing_behind(self, store: Store, name: str) -> None:
        with pytest.raises(Conflict):
            await store.apply([], [self.cut("one", name)], [], AT)
        assert [p for p in await store.live_passages() if p.document == name] == []

    async def test_thousands_of_passages_are_applied_and_found(
        self, store: Store, name: str, written: Document
    ) -> None:
        many = [self.cut(f"text {n}", name, n) for n in range(1_200)]
        await store.apply([written], many, [], AT)
        ids = [passage.id for passage in many]
        assert len(await store.passages(ids)) == 1_200
        await store.apply([], [], ids[1:], AT)
        assert set(await store.passages(ids)) == {ids[0]}

    async def test_a_live_passage_that_moves_or_holds_for_another_time_is_updated(
        self, store: Store, name: str, written: Document
    ) -> None:
        one = self.cut("one", name)
        await store.apply([written], [one], [], AT)
        assert (await store.passages([one.id]))[one.id] == one  # it is in memory from now on
        later = replace(one, valid_to="2026-12-31", audience="agents", needs_person=True, position=4, source="r.md:9")
        await store.apply([], [later], [], AT)
        found = (await store.passages([one.id]))[one.id]
        assert (found, found.source) == (later, "r.md:9")

    async def test_the_ids_of_what_is_live_are_those_of_its_passages(
        self, store: Store, name: str, written: Document
    ) -> None:
        one, two = self.cut("one", name), self.cut("two", name, 1)
        await store.apply([written], [one, two], [], AT)
        await store.apply([], [], [one.id], AT)
        assert set(await store.live_ids()) == {passage.id for passage in await store.live_passages()}
        assert two.id in await store.live_ids()

    async def test_what_was_retired_is_still_known(self, store: Store, name: str, written: Document) -> None:
        one, two = self.cut("one", name), self.cut("two", name, 1)
        await store.apply([written], [one, two], [], AT)
        await store.apply([], [], [one.id], AT)
        assert await store.retired_passages([one.id, two.id, "unknown"]) == {one.id: one, two.id: two}

    async def test_files_are_known_again_until_they_go_or_content_changes_by_other_means(
        self, store: Store, name: str, written: Document
    ) -> None:
        one, two = (Source("/srv/shop", f"{name}-{n}", "digest", n) for n in (1, 2))

        async def known() -> set[Source]:
            return {source for source in await store.sources() if name in source.path}

        await store.apply([], [], [], AT, Sources((one, two)))
        assert await known() == {one, two}
        again = replace(one, digest="another")
        await store.apply([], [], [], AT, Sources((again,), (two,)))
        assert await known() == {again}
        await store.apply([written], [self.cut("by hand", name)], [], AT)
        assert await store.sources() == ()

    async def test_a_generation_is_recorded_with_how_it_came_about(self, store: Store, name: str) -> None:
        manifest = Manifest(name, "minilm@abc", 384, 10, 30, "2126-03-01T09:30:00+00:00", {"dense.faiss": "abc"})
        await store.record_generation(manifest, by="ana", reason="the strike is over", action="forced")
        newest = (await store.generations())[0]
        assert (newest.manifest, newest.at.isoformat()) == (manifest, manifest.created_at)
        assert (newest.by, newest.reason, newest.action) == ("ana", "the strike is over", "forced")

    async def test_a_generation_may_be_recorded_twice(self, store: Store, name: str) -> None:
        files = MappingProxyType({"dense.faiss": "abc"})
        manifest = Manifest(name, "minilm@abc", 384, 10, 30, "2026-03-01T09:30:00+00:00", files)
        await store.record_generation(manifest)
        await store.record_generation(manifest)


async def test_a_store_in_use_answers_its_check(store: Store) -> None:
    assert await store.check()
