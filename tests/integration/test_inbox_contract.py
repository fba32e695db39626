"""What every inbox promises, asked of the fake, of SQLite and of PostgreSQL alike."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters import tables
from bot.adapters.sql import SqlStore
from bot.adapters.sql_database import Database
from bot.adapters.sql_inbox import SqlInbox
from bot.conversation import Author, Conversation, Evidence, Reason, Status
from bot.desk import Inbox, Page, Row, View, Wanted
from bot.errors import Conflict, NotFound, Refused
from bot.knowledge import Document, Passage
from bot.ports import Changed, Session, Step, Store
from tests.fake_inbox import FakeInbox
from tests.fake_store import FakeStore

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
FAR = 10**30  # a number a client may send, beyond every column


def minute(n: float) -> datetime:
    return AT + timedelta(minutes=n)


@dataclass
class Desk:
    """An inbox, the store that fills it, and the same store as another process has it."""

    inbox: Inbox
    store: Store
    other: Store

    async def begin(self, *steps: Step, customer: str = "visitor:1", at: datetime = AT, language: str = "en") -> str:
        id = uuid.uuid4().hex
        conversation = Conversation(id, customer, "epoch-1", language=language)
        await self.store.start(conversation, Session(f"s-{id}", customer, id), f"hash-{id}", at)
        await self.do(id, *steps)
        return id

    async def do(self, id: str, *steps: Step) -> Changed | None:
        changed = None
        for step in steps:
            changed = await self.store.change(id, step)
        return changed

    async def ids(self, view: View = View.ALL, **wanted: Any) -> list[str]:
        return ids((await self.inbox.page(Wanted(view, **wanted))).rows)


def ids(rows: Iterable[Row]) -> list[str]:
    return [row.conversation.id for row in rows]


@pytest.fixture(scope="module", params=["fake", "sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "fake" else str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def desk(url: str) -> AsyncIterator[Desk]:
    """Empty: lists and counts are of everything there is."""
    if not url:
        fake = FakeStore()
        yield Desk(FakeInbox(fake), fake, fake)
        return
    one, two = Database(url), Database(url)
    async with one.writing() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            await connection.execute(table.delete())
    yield Desk(SqlInbox(one), SqlStore(one), SqlStore(two))
    await one.close()
    await two.close()


def says(text: str = "Where is it?", at: datetime = AT) -> Step:
    return lambda c: c.said(text, sender="s1", cid=f"m{c.head}", at=at)


def handed_off(reason: Reason = Reason.NO_ANSWER, at: datetime = AT, **fields: Any) -> Step:
    return lambda c: c.handed_off(reason, at=at, **fields)


def claimed(agent: str = "ana", at: datetime = AT) -> Step:
    return lambda c: c.claimed(agent, agent.title(), at=at)


def requeued(at: datetime, note: str = "") -> Step:
    return lambda c: c.requeued("silent", at=at, note=note)


def closed(at: datetime = AT) -> Step:
    return lambda c: c.closed(at=at)


def agent_says(text: str, at: datetime = AT) -> Step:
    return lambda c: c.said_by_agent(text, agent=str(c.agent), name="Ana", cid=f"a{c.head}", at=at)


def noted(text: str, at: datetime = AT) -> Step:
    return lambda c: c.noted(text, agent="ana", name="Ana", cid=f"n{c.head}", at=at)


def tagged(*tags: str, at: datetime = AT) -> Step:
    return lambda c: c.tagged(tags, agent="ana", name="Ana", cid=f"t{c.head}", at=at)


def leaves_email(at: datetime = AT) -> Step:
    return lambda c: c.email_left("mia@example.com", sender="s1", cid=f"e{c.head}", at=at)


def delayed(at: datetime = AT) -> Step:
    return lambda c: c.delayed(at=at)


def fails(_: Conversation) -> Conversation:
    raise Conflict("not now")


class TestViews:
    async def test_the_waiting_stand_in_the_order_of_the_line(self, desk: Desk) -> None:
        first = await desk.begin(says(), handed_off(at=minute(1)))
        second = await desk.begin(says(), handed_off(at=minute(2)))
        angry = await desk.begin(says(), handed_off(Reason.ANGRY, at=minute(11.5)))  # as if it had come at 1.5
        asked = await desk.begin(says(), handed_off(Reason.ASKED, at=minute(11.6)))
        assert await desk.ids(View.WAITING) == ids(await desk.inbox.line()) == [first, angry, second, asked]

    async def test_whoever_was_put_back_into_line_is_next(self, desk: Desk) -> None:
        angry = await desk.begin(says(), handed_off(Reason.ANGRY, at=minute(1)))
        back = await desk.begin(says(), handed_off(at=minute(2)), claimed(at=minute(3)), requeued(minute(90)))
        later = await desk.begin(says(), handed_off(at=minute(3)), claimed(at=minute(4)), requeued(minute(91)))
        assert await desk.ids(View.WAITING) == ids(await desk.inbox.line()) == [back, later, angry]
        assert [row.conversation.is_first_in_line for row in await desk.inbox.line()] == [True, True, False]

    async def test_the_other_views_stand_newest_first(self, desk: Desk) -> None:
        old, new = await desk.begin(says()), await desk.begin(says(at=minute(1)))
        assert await desk.ids(View.ALL) == [new, old]
        await desk.do(old, says(at=minute(2)))
        assert await desk.ids(View.ALL) == [old, new]

    async def test_each_view_holds_its_own(self, desk: Desk) -> None:
        with_bot = await desk.begin(says(at=minute(1)))
        waiting = await desk.begin(says(at=minute(2)), handed_off(at=minute(2)))
        mine = await desk.begin(says(at=minute(3)), claimed("ana", minute(3)))
        theirs = await desk.begin(says(at=minute(4)), claimed("ben", minute(4)))
        over = await desk.begin(says(at=minute(5)), claimed("ana", minute(5)), closed(minute(5)))
        await desk.begin()  # nobody has said anything in it
        assert await desk.ids(View.WAITING, asker="ana") == [waiting]
        assert await desk.ids(View.MINE, asker="ana") == [mine]
        assert await desk.ids(View.MINE, asker="ben") == [theirs]
        assert await desk.ids(View.MINE) == []
        assert await desk.ids(View.CLOSED, asker="ana") == [over]
        assert await desk.ids(View.ALL, asker="ana") == [over, theirs, mine, waiting, with_bot]

    async def test_a_row_is_the_conversation_without_its_events(self, desk: Desk) -> None:
        id = await desk.begin(
            says("退货怎么办", minute(1)), handed_off(Reason.ANGRY, minute(2)), tagged("a", at=minute(3))
        )
        stored = replace(await desk.store.conversation(id), events=())
        (row,) = (await desk.inbox.page(Wanted(View.WAITING))).rows
        assert row == await desk.inbox.row(id) == Row(stored, 3, minute(3))
        assert (stored.created_at, stored.language, stored.tags, stored.asked) == (AT, "zh", ("a",), 1)
        assert stored.last is not None
        assert (stored.last.author, stored.last.text, stored.last.at) == (Author.CUSTOMER, "退货怎么办", minute(1))
        assert stored.queue_at == minute(2) - timedelta(minutes=10)

    async def test_a_conversation_that_is_not_there_has_no_row(self, desk: Desk) -> None:
        with pytest.raises(NotFound):
            await desk.inbox.row("nobody")


class TestFilters:
    async def test_each_filter_holds_what_it_says(self, desk: Desk) -> None:
        angry = await desk.begin(says(), handed_off(Reason.ANGRY))
        chinese = await desk.begin(says("退货怎么办"))
        held = await desk.begin(says(), claimed("ana"))
        assert await desk.ids(reason="angry") == [angry]
        assert await desk.ids(language="zh") == [chinese]
        assert await desk.ids(agent="ana") == [held]
        assert await desk.ids(reason="failure") == await desk.ids(agent="ben") == await desk.ids(language="fr") == []
        assert await desk.ids(View.WAITING, agent="ana") == []

    async def test_filters_narrow_each_other(self, desk: Desk) -> None:
        broken, angry, tent = says("My tent is broken at the pole"), handed_off(Reason.ANGRY), tagged("tent")
        fits = await desk.begin(broken, angry, tent, claimed("ana"))
        for others in (
            (broken, handed_off(Reason.ASKED), tent, claimed("ana")),
            (says("帐篷 broken 坏了怎么办"), angry, tent, claimed("ana")),
            (broken, angry, claimed("ana")),
            (broken, angry, tent, claimed("ben")),
            (says("My tent is torn at the pole"), angry, tent, claimed("ana")),
            (broken, angry, tent, claimed("ana"), closed()),
        ):
            await desk.begin(*others)
        everything = {"reason": "angry", "language": "en", "tag": "tent", "agent": "ana", "text": "broken"}
        assert await desk.ids(View.MINE, asker="ana", **everything) == [fits]
        assert await desk.ids(View.ALL, **everything) == [fits]
        assert await desk.ids(View.WAITING, **everything) == []

    TAGS = (
        *(
            'a"b',
            "b",
            '"b"',
            "100%",
            "100",
            "1000",
            "%",
            "a_b",
            "axb",
            "_",
            "退货",
            "退",
            "\\u9000",
            "back\\slash",
            "back",
        ),
        *('\\"', ",", "[x", "]", "o'brien", "a/b", "late order", "late", "Late", "🤷🏽‍♀️", "é", "É"),
    )

    async def test_a_tag_finds_exactly_the_conversations_that_have_it(self, desk: Desk) -> None:
        holders = {tag: {await desk.begin(says(), tagged(tag))} for tag in self.TAGS}
        for among in (self.TAGS[:9], self.TAGS[9:18], self.TAGS[18:]):
            id = await desk.begin(says(), tagged("first", *among, "last"))
            for tag in (*among, "first", "last"):
                holders.setdefault(tag, set()).add(id)
        for tag, expected in holders.items():
            assert set(await desk.ids(tag=tag)) == expected, tag
        assert await desk.ids(tag='b", "a') == await desk.ids(tag="irst") == await desk.ids(tag="none") == []

    async def test_the_tags_in_use_are_each_named_once(self, desk: Desk) -> None:
        assert await desk.inbox.tags() == []
        one = await desk.begin(says(), tagged("退货", 'a"b'))
        await desk.begin(says(), tagged("late", "退货"), closed())
        assert await desk.inbox.tags() == ['a"b', "late", "退货"]
        await desk.do(one, tagged())
        assert await desk.inbox.tags() == ["late", "退货"]


class TestSearch:
    async def test_it_finds_what_anybody_said(self, desk: Desk) -> None:
        id = await desk.begin(
            says("My kettle leaks"),
            lambda c: c.replied("Descale the boiler", answers=1, at=AT),
            handed_off(text="Somebody is coming"),
            claimed("ana"),
            agent_says("Please send a photograph"),
            noted("This one is a known troublemaker"),
            lambda c: c.transferred("ben", "Ben", at=AT, note="speaks Portuguese"),
            requeued(AT, note="back to the warehouse team"),
        )
        await desk.begin(says("Something else"))
        for text in ("kettle", "boiler", "coming", "photograph", "troublemaker", "portuguese", "warehouse team"):
            assert await desk.ids(text=text) == [id], text
        assert await desk.ids(text="kettle boiler") == []  # not in one message

    @pytest.mark.parametrize(
        ("said", "text"),
        [
            ("Where is my ORDER?", "order"),
            ("where is my order?", "My Order"),
            ("Where is it?", "  where  "),
            ("我想退货，怎么办", "退货"),
            ("I get 50% off", "50%"),
            ("file_name", "E_N"),
            ("and/or", "D/O"),
            ("C:\\temp", "c:\\t"),
            ('she said "no"', 'd "NO"'),
            ("O'Brien", "o'b"),
            ("CAFÉ ÉCOLE", "CAFÉ É"),
            ("naïve café", "naïve CAFé"),
            ("two\nlines", "two\nlines"),
        ],
    )
    async def test_capitals_make_no_difference_and_every_character_means_itself(
        self, desk: Desk, said: str, text: str
    ) -> None:
        await desk.begin(says("I get 50 cents off a filexname and orr, where C:temp and she said no"))
        id = await desk.begin(says(said, minute(1)))
        assert (await desk.ids(text=text))[0] == id
        assert await desk.ids(View.CLOSED, text=text) == []

    @pytest.mark.parametrize("text", ["50%", "e_n", "%", "_", "/", "\\", "filename%", "x\\_n"])
    async def test_no_character_stands_for_others(self, desk: Desk, text: str) -> None:
        await desk.begin(says("I get 50 cents off a filexname"))
        assert await desk.ids(text=text) == []

    async def test_blanks_alone_do_not_filter(self, desk: Desk) -> None:
        id = await desk.begin(says())
        assert await desk.ids(text=" \t") == [id]

    async def test_what_no_database_reads_as_text_does_not_break_the_search_for_the_others(self, desk: Desk) -> None:
        def rates(c: Conversation) -> Conversation:
            return c.rated(1, sender="s1", cid="r1", at=AT, comment="a\x00b\ud800")

        id = await desk.begin(says("My kettle leaks"), rates)
        assert await desk.ids(text="kettle") == [id]

    @pytest.mark.parametrize("field", ["text", "tag", "reason", "language", "agent"])
    async def test_a_filter_that_is_not_text_is_refused(self, desk: Desk, field: str) -> None:
        for hostile in ("\x00", "a\ud800"):
            with pytest.raises(Refused, match="not text"):
                await desk.ids(View.ALL, **{field: hostile})

    async def test_a_very_long_search_is_answered_or_refused(self, desk: Desk) -> None:
        await desk.begin(says())
        with suppress(Refused):
            assert await desk.ids(text="%退" * 50_000) == []

    async def test_a_conversation_is_found_once_however_often_it_was_said(self, desk: Desk) -> None:
        id = await desk.begin(says("kettle"), says("kettle"), noted("kettle"))
        assert await desk.ids(text="kettle") == [id]


class TestPaging:
    async def every_page(self, desk: Desk, wanted: Wanted) -> list[Page]:
        pages = [await desk.inbox.page(wanted)]
        while pages[-1].next:
            assert len(pages[-1].rows) == wanted.limit
            pages.append(await desk.inbox.page(replace(wanted, before=pages[-1].next)))
            assert len(pages) < 99, "it goes round in circles"
        return pages

    @pytest.mark.parametrize("view", [View.ALL, View.WAITING])
    async def test_pages_hold_every_row_once_even_of_one_moment(self, desk: Desk, view: View) -> None:
        begun = [await desk.begin(says(), handed_off(at=minute(n // 4))) for n in range(10)]
        whole = await desk.ids(view)
        assert sorted(whole) == sorted(begun)
        for limit in (1, 3, 5, 10):
            pages = await self.every_page(desk, Wanted(view, limit=limit))
            assert [id for page in pages for id in ids(page.rows)] == whole
            assert len(pages) == -(-10 // limit)

    async def test_the_last_page_says_that_it_is_the_last(self, desk: Desk) -> None:
        assert (await desk.inbox.page(Wanted(View.ALL))).next == ""
        for _ in range(2):
            await desk.begin(says())
        assert (await desk.inbox.page(Wanted(View.ALL, limit=2))).next == ""
        assert (await desk.inbox.page(Wanted(View.ALL, limit=1))).next != ""

    async def test_rows_that_change_meanwhile_are_in_the_pages_or_in_the_feed_and_none_is_there_twice(
        self, desk: Desk
    ) -> None:
        dice = random.Random(3)
        begun = [await desk.begin(says(at=minute(n // 2))) for n in range(20)]
        pages = [await desk.inbox.page(Wanted(View.ALL, limit=3))]
        while pages[-1].next:
            await desk.do(dice.choice(begun), says(at=minute(100 + len(pages))))
            begun.append(await desk.begin(says(at=minute(200 + len(pages)))))
            pages.append(await desk.inbox.page(Wanted(View.ALL, limit=3, before=pages[-1].next)))
        listed = [id for page in pages for id in ids(page.rows)]
        assert len(listed) == len(set(listed))
        changed = ids(await desk.inbox.since(pages[0].position, 99))
        assert set(listed) | set(changed) == set(begun)
        assert not set(begun) <= set(listed), "nothing changed in time: this shows nothing"

    async def test_the_line_may_move_while_it_is_read(self, desk: Desk) -> None:
        begun = [await desk.begin(says(), handed_off(at=minute(n))) for n in range(12)]
        wanted = Wanted(View.WAITING, limit=4)
        first = await desk.inbox.page(wanted)
        await desk.do(begun[1], claimed())  # listed already
        await desk.do(begun[3], claimed())  # the very row that the page ended with
        await desk.do(begun[6], claimed())  # not listed yet
        joined = await desk.begin(says(), handed_off(at=minute(20)))
        rest = await self.every_page(desk, replace(wanted, before=first.next))
        assert ids(first.rows) == begun[:4]
        assert [id for page in rest for id in ids(page.rows)] == [*begun[4:6], *begun[7:], joined]

    @pytest.mark.parametrize(
        "cursor",
        ["nonsense", "|", "2026-03-02T09:00:00|x", "0001-01-01T00:00:00+23:59|x", "9999-12-31T23:59:59-23:59|x", "\x00",
         "%s", "退货", "2026-03-02T09:00:00+00:00|\x00"],
    )  # fmt: skip
    @pytest.mark.parametrize("view", [View.ALL, View.WAITING])
    async def test_a_cursor_that_is_none_is_refused(self, desk: Desk, view: View, cursor: str) -> None:
        with pytest.raises(Refused, match="`next` of the page before"):
            await desk.inbox.page(Wanted(view, before=cursor))

    async def test_a_forged_cursor_finds_some_rows_or_is_refused(self, desk: Desk) -> None:
        id = await desk.begin(says(), handed_off())
        for forged in (f"{AT.isoformat()}|'; DROP TABLE event", f"{AT.isoformat()}"):
            with suppress(Refused):
                assert set(await desk.ids(before=forged)) <= {id}
        assert await desk.ids(View.ALL) == [id]

    async def test_a_page_of_less_than_one_row_has_one(self, desk: Desk) -> None:
        for _ in range(3):
            await desk.begin(says())
        for limit in (0, -1):
            assert len(await desk.ids(limit=limit)) == 1


class TestNumbers:
    async def test_there_are_as_many_as_the_views_show(self, desk: Desk) -> None:
        assert await desk.inbox.counts("ana") == {"waiting": 0, "mine": 0, "agent": 0, "bot": 0, "closed": 0}
        await desk.begin()  # nobody has said anything in it
        for steps in (
            [says()],
            [says(), handed_off()],
            [says(), handed_off(), delayed()],
            [says(), claimed("ana")],
            [says(), claimed("ben")],
            [says(), claimed("ben")],
            [says(), claimed("ana"), closed()],
        ):
            await desk.begin(*steps)
        counted = await desk.inbox.counts("ana")
        assert counted == {"waiting": 2, "mine": 1, "agent": 3, "bot": 1, "closed": 1}
        assert (await desk.inbox.counts("ben"))["mine"] == 2
        assert (await desk.inbox.counts("nobody"))["mine"] == 0
        for view in (View.WAITING, View.MINE, View.CLOSED):
            assert len(await desk.ids(view, asker="ana")) == counted[view]

    async def test_what_each_agent_holds_is_counted_while_they_hold_it(self, desk: Desk) -> None:
        assert await desk.inbox.held() == {}
        for _ in range(2):
            await desk.begin(says(), claimed("ana"))
        moved = await desk.begin(says(), claimed("ana"))
        assert await desk.inbox.held() == {"ana": 3}
        await desk.do(moved, lambda c: c.transferred("ben", "Ben", at=AT))
        assert await desk.inbox.held() == {"ana": 2, "ben": 1}
        await desk.do(moved, closed())
        assert await desk.inbox.held() == {"ana": 2}


class TestFeed:
    async def test_each_changed_conversation_is_there_once_in_its_newest_state_in_order(self, desk: Desk) -> None:
        one, two, three = [await desk.begin(says()) for _ in range(3)]
        await desk.do(two, handed_off())
        await desk.do(one, says("more"), claimed("ana"))
        rows = await desk.inbox.since(0, 99)
        assert ids(rows) == [three, two, one]
        assert [row.position for row in rows] == [3, 4, 6]
        assert [row.conversation.status for row in rows] == [Status.BOT, Status.WAITING, Status.AGENT]
        assert rows[2].conversation == replace(await desk.store.conversation(one), events=())

    async def test_it_is_followed_from_any_position_in_steps(self, desk: Desk) -> None:
        begun = [await desk.begin(says()) for _ in range(5)]
        assert ids(await desk.inbox.since(3, 99)) == begun[3:]
        assert ids(await desk.inbox.since(0, 2)) == begun[:2]
        assert ids(await desk.inbox.since(2, 2)) == begun[2:4]
        assert ids(await desk.inbox.since(5, 2)) == ids(await desk.inbox.since(0, 0)) == []

    async def test_a_position_from_the_future_or_the_past_is_no_mistake(self, desk: Desk) -> None:
        spoken = await desk.begin(says())
        await desk.begin()  # no change yet
        for future in (2, 2**31 - 1, 2**31, 2**63, FAR):
            assert ids(await desk.inbox.since(future, 99)) == []
        assert ids(await desk.inbox.since(-FAR, 99)) == ids(await desk.inbox.since(-1, 99)) == [spoken]
        assert ids(await desk.inbox.since(0, -1)) == []

    async def test_a_change_knows_its_position_and_what_changes_nothing_has_none(self, desk: Desk) -> None:
        id = await desk.begin()
        assert (await desk.inbox.position())[1] == 0
        changed = await desk.store.change(id, says(), sender="s1", cid="m0")
        assert changed.position == (await desk.inbox.position())[1] == (await desk.inbox.row(id)).position == 1
        assert (await desk.store.change(id, says(), sender="s1", cid="m0")).position == 0  # a retry
        assert (await desk.store.change(id, lambda c: c)).position == 0
        with pytest.raises(Conflict):
            await desk.store.change(id, fails)
        assert (await desk.inbox.position())[1] == 1
        assert (await desk.store.change(id, claimed())).position == 2

    async def test_the_epoch_stays_while_positions_count_on(self, desk: Desk) -> None:
        id = await desk.begin(says())
        epoch, position = await desk.inbox.position()
        await desk.do(id, says("more"))
        assert epoch
        assert await desk.inbox.position() == (epoch, position + 1)
        page = await desk.inbox.page(Wanted(View.ALL))
        assert (page.epoch, page.position) == (epoch, position + 1)

    async def test_letters_and_reads_move_nothing_in_it(self, desk: Desk) -> None:
        id = await desk.begin(says(), leaves_email())
        before = await desk.inbox.position()
        await desk.inbox.mailed(id, 2)
        await desk.ids(View.ALL)
        assert await desk.inbox.position() == before
        assert (await desk.inbox.row(id)).position == before[1]

    async def test_whoever_follows_it_while_twenty_write_misses_nothing(self, desk: Desk) -> None:
        dice, begun = random.Random(7), [await desk.begin() for _ in range(20)]
        positions: list[int] = []

        async def writer(n: int) -> None:
            for turn in range(5):
                await asyncio.sleep(dice.random() / 200)
                id = begun[n] if turn == 0 else dice.choice(begun)
                store = (desk.store, desk.other)[(n + turn) % 2]
                positions.append((await store.change(id, says(f"hello {n}.{turn}"))).position)

        writers = asyncio.gather(*map(writer, range(20)))
        seen: dict[str, Row] = {}
        here = (await desk.inbox.position())[1]
        is_over = False
        while not is_over:
            is_over = writers.done()  # and then once more
            while rows := await desk.inbox.since(here, 3):
                assert [row.position for row in rows] == sorted({row.position for row in rows})
                seen |= {row.conversation.id: row for row in rows}
                here = rows[-1].position
            await asyncio.sleep(0.001)
        await writers
        assert sorted(positions) == list(range(1, 101))
        assert set(seen) == set(begun)
        for id in begun:
            assert seen[id] == await desk.inbox.row(id)
            assert seen[id].conversation.head == (await desk.store.conversation(id)).head


class TestTimers:
    async def test_the_claim_is_late_once_and_only_until_the_customer_was_told(self, desk: Desk) -> None:
        id = await desk.begin(says(), handed_off(at=minute(1)))
        assert list(await desk.inbox.late(minute(0.99), AT)) == []
        assert list(await desk.inbox.late(minute(1), AT)) == [id]
        assert list(await desk.inbox.late(minute(50), AT)) == [id]
        await desk.do(id, delayed(minute(2)))
        assert list(await desk.inbox.late(minute(50), AT)) == []

    async def test_a_head_start_in_line_makes_nobody_late_sooner(self, desk: Desk) -> None:
        await desk.begin(says(), handed_off(Reason.ANGRY, at=minute(8)))
        await desk.begin(says(), claimed(at=minute(1)), requeued(minute(8)))
        assert list(await desk.inbox.late(minute(7), minute(7))) == []
        assert len(await desk.inbox.late(minute(8), minute(7))) == 2

    async def test_who_was_offered_an_address_at_once_is_not_told_again(self, desk: Desk) -> None:
        await desk.begin(says(), handed_off(data={"offer": "email"}))
        assert list(await desk.inbox.late(minute(50), minute(50))) == []

    async def test_an_agent_is_late_only_while_the_customer_waits_for_them(self, desk: Desk) -> None:
        id = await desk.begin(says(), claimed(at=minute(1)))
        assert list(await desk.inbox.late(AT, minute(0.99))) == []
        assert list(await desk.inbox.late(AT, minute(1))) == [id]
        await desk.do(id, agent_says("Hello", minute(2)))
        assert list(await desk.inbox.late(minute(50), minute(50))) == []
        await desk.do(id, says("And now?", minute(3)), says("Hello?", minute(5)))
        assert list(await desk.inbox.late(AT, minute(2.99))) == []
        assert list(await desk.inbox.late(AT, minute(3))) == [id]  # since the first of the two
        await desk.do(id, noted("asking the warehouse", minute(6)))
        assert list(await desk.inbox.late(AT, minute(3))) == [id]  # a note answers nobody
        await desk.do(id, closed(minute(7)))
        assert list(await desk.inbox.late(minute(50), minute(50))) == []

    async def test_each_limit_is_for_its_own_kind_of_waiting(self, desk: Desk) -> None:
        waiting = await desk.begin(says(), handed_off(at=minute(1)))
        held = await desk.begin(says(), claimed(at=minute(1)))
        assert list(await desk.inbox.late(minute(5), AT)) == [waiting]
        assert list(await desk.inbox.late(AT, minute(5))) == [held]
        assert sorted(await desk.inbox.late(minute(5), minute(5))) == sorted([waiting, held])

    async def test_waits_are_those_of_the_newest_claims_of_somebody_who_waited(self, desk: Desk) -> None:
        assert list(await desk.inbox.waits(AT, 20)) == []
        for seconds, at in ((30, minute(10)), (45.5, minute(30)), (60, minute(20))):
            await desk.begin(says(), handed_off(at=at - timedelta(seconds=seconds)), claimed(at=at))
        for n in range(3):
            await desk.begin(says(), claimed(at=minute(40 + n)))  # from under the bot: nobody waited
        assert list(await desk.inbox.waits(AT, 20)) == [45.5, 60, 30]
        assert list(await desk.inbox.waits(AT, 2)) == [45.5, 60]
        assert list(await desk.inbox.waits(minute(20), 20)) == [45.5]  # not the one at that very moment
        assert list(await desk.inbox.waits(minute(50), 20)) == list(await desk.inbox.waits(AT, 0)) == []


class TestLetters:
    async def test_a_letter_is_due_until_it_went_out_and_again_when_something_happens(self, desk: Desk) -> None:
        id = await desk.begin(says(), handed_off(), leaves_email())
        await desk.begin(says(), handed_off())  # left no address
        assert list(await desk.inbox.unmailed()) == [(id, 0)]
        await desk.inbox.mailed(id, 3)
        assert list(await desk.inbox.unmailed()) == []
        await desk.do(id, claimed(), agent_says("Here I am"))
        assert list(await desk.inbox.unmailed()) == [(id, 3)]
        await desk.inbox.mailed(id, 4)
        assert list(await desk.inbox.unmailed()) == [(id, 4)]
        await desk.inbox.mailed(id, 5)
        assert list(await desk.inbox.unmailed()) == []

    async def test_a_letter_never_goes_out_twice_because_of_one_that_was_slower(self, desk: Desk) -> None:
        id = await desk.begin(says(), leaves_email())
        await desk.inbox.mailed(id, 2)
        await desk.inbox.mailed(id, 1)
        assert list(await desk.inbox.unmailed()) == []

    async def test_an_unknown_conversation_has_no_letters(self, desk: Desk) -> None:
        await desk.inbox.mailed("nobody", 1)
        assert list(await desk.inbox.unmailed()) == []


class TestEarlier:
    async def test_only_the_same_customers_other_conversations_are_shown_newest_first(self, desk: Desk) -> None:
        old = await desk.begin(says(at=minute(1)), closed(minute(1)), customer="shop:mia")
        new = await desk.begin(says(at=minute(3)), customer="shop:mia")
        middle = await desk.begin(says(at=minute(2)), customer="shop:mia")
        now = await desk.begin(says(at=minute(4)), customer="shop:mia")
        await desk.begin(customer="shop:mia")  # nobody has said anything in it
        await desk.begin(says(), customer="shop:mia2")
        await desk.begin(says(), customer="visitor:mia")
        assert ids(await desk.inbox.earlier("shop:mia", now, 20)) == [new, middle, old]
        assert ids(await desk.inbox.earlier("shop:mia", now, 2)) == [new, middle]
        assert ids(await desk.inbox.earlier("shop:nobody", now, 20)) == []
        assert ids(await desk.inbox.earlier("shop:mia", now, 0)) == ids(await desk.inbox.earlier("shop:mia", now, -1))


class TestTurns:
    EVIDENCE = Evidence("How?", "how", "answer", "generated", hits=({"passage": "p1", "score": 0.5},))

    async def test_turns_are_in_order_with_their_evidence_whatever_answered_first(self, desk: Desk) -> None:
        def replies(answers: int) -> Step:
            evidence = replace(self.EVIDENCE, question=f"question {answers}")
            return lambda c: c.replied("Thus.", answers=answers, at=AT, evidence=evidence)

        id = await desk.begin(says("one"), says("two"), replies(2), replies(1))
        other = await desk.begin(says("one"), replies(1))
        turns = await desk.inbox.turns(id)
        assert [(turn.question_seq, turn.reply_seq) for turn in turns] == [(1, 4), (2, 3)]
        assert [turn.evidence["question"] for turn in turns] == ["question 1", "question 2"]
        assert [turn.evidence["hits"] for turn in turns] == [[{"passage": "p1", "score": 0.5}]] * 2
        assert len(await desk.inbox.turns(other)) == 1
        assert list(await desk.inbox.turns("nobody")) == []

    async def test_a_turn_is_found_by_its_question_and_by_its_reply(self, desk: Desk) -> None:
        def replies(c: Conversation) -> Conversation:
            return c.replied("Thus.", answers=1, at=AT, evidence=self.EVIDENCE)

        id = await desk.begin(says("one"), says("two"), replies)
        assert await desk.inbox.turn(id, 1) == await desk.inbox.turn(id, 3) == (await desk.inbox.turns(id))[0]
        for seq in (0, 2, 4, -1, -FAR, 2**31, FAR):
            with pytest.raises(NotFound):
                await desk.inbox.turn(id, seq)
        with pytest.raises(NotFound):
            await desk.inbox.turn("nobody", 1)

    async def test_a_hand_off_that_answers_a_question_is_a_turn(self, desk: Desk) -> None:
        asked = await desk.begin(says(), handed_off(answers=1, evidence=replace(self.EVIDENCE, source="handoff")))
        (turn,) = await desk.inbox.turns(asked)
        assert (turn.question_seq, turn.reply_seq, turn.evidence["source"]) == (1, 2, "handoff")
        assert await desk.inbox.turn(asked, 2) == turn
        by_button = await desk.begin(says(), handed_off(Reason.ASKED))
        assert list(await desk.inbox.turns(by_button)) == []


class TestPassagesEver:
    async def test_a_retired_passage_is_still_known_as_what_it_was(self, desk: Desk) -> None:
        document = Document("faqs/returns.md", "Returns", "faq", "en", "text", "returns.md:1")
        live, gone = (
            Passage(document.key, f"{document.key}#{name}", "Returns › 退货", name, "en", phrasings=("a", "b"))
            for name in ("live", "gone")
        )
        await desk.store.apply([document], [live, gone], [], AT)
        await desk.store.apply([], [], [gone.id], AT)
        assert await desk.inbox.passages_ever([live.id, gone.id, live.id, "nobody"]) == {
            live.id: (live, True),
            gone.id: (gone, False),
        }
        assert await desk.inbox.passages_ever([]) == {}

    async def test_more_ids_than_one_statement_takes_are_looked_up(self, desk: Desk) -> None:
        assert await desk.inbox.passages_ever([f"p{n}" for n in range(1_200)]) == {}
