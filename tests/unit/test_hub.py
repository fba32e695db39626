"""Fan-out: everybody who watches gets everything from then on, and a late tab the draft in progress."""

from contextlib import AbstractContextManager

from bot.conversation import Author, Event, Kind
from bot.hub import Draft, Hub, Item, Typing
from tests.fakes import AT


def said(seq: int, author: Author = Author.CUSTOMER, answers: int | None = None) -> Event:
    return Event(seq, Kind.MESSAGE, author, AT, text="words", answers=answers)


class Watcher:
    def __init__(self) -> None:
        self.items: list[tuple[str, Item]] = []

    def __call__(self, conversation: str, item: Item) -> None:
        self.items.append((conversation, item))


def test_everybody_who_watches_a_conversation_gets_what_happens_in_order() -> None:
    hub, one, two = Hub(), Watcher(), Watcher()
    with hub.watch("c1", one), hub.watch("c1", two):
        hub.publish("c1", said(1))
        hub.publish("c1", Typing("bot", True))
    assert one.items == two.items == [("c1", said(1)), ("c1", Typing("bot", True))]


def test_nobody_gets_what_happened_elsewhere_before_or_after() -> None:
    hub, watcher = Hub(), Watcher()
    hub.publish("c1", said(1))
    with hub.watch("c1", watcher):
        hub.publish("c2", said(1))
    hub.publish("c1", said(2))
    assert watcher.items == []


def test_nothing_is_kept_of_a_conversation_nobody_watches_any_more() -> None:
    hub = Hub()
    with hub.watch("c1", Watcher()):
        with hub.watch("c1", Watcher()):
            assert len(hub.watched) == 1
        assert len(hub.watched) == 1
    assert len(hub.watched) == 0
    hub.publish("c1", said(1))
    assert len(hub.watched) == 0


def left(watching: AbstractContextManager[object]) -> None:
    watching.__exit__(None, None, None)


def test_a_watcher_may_leave_while_something_is_being_delivered() -> None:
    hub, other = Hub(), Watcher()
    with hub.watch("c1", other):
        leaving = hub.watch("c1", lambda conversation, item: left(leaving))
        leaving.__enter__()
        hub.publish("c1", said(1))
        hub.publish("c1", said(2))
    assert [item for _, item in other.items] == [said(1), said(2)]


def test_a_late_watcher_gets_the_draft_in_progress_whole() -> None:
    hub = Hub()
    hub.publish("c1", Draft(1, 0, "One."))
    hub.publish("c1", Draft(1, 1, "One. Two."))
    with hub.watch("c1", Watcher()) as draft:
        assert draft == Draft(1, 1, "One. Two.")
    with hub.watch("c2", Watcher()) as draft:
        assert draft is None


def test_the_reply_replaces_its_draft() -> None:
    hub = Hub()
    hub.publish("c1", Draft(1, 0, "One."))
    hub.publish("c1", said(2, Author.BOT, answers=1))
    with hub.watch("c1", Watcher()) as draft:
        assert draft is None


def test_a_second_question_leaves_the_draft_for_the_first_where_it_is() -> None:
    hub = Hub()
    hub.publish("c1", Draft(1, 0, "One."))
    hub.publish("c1", said(2))
    with hub.watch("c1", Watcher()) as draft:
        assert draft == Draft(1, 0, "One.")


def test_when_a_person_takes_over_the_draft_is_gone() -> None:
    for kind in (Kind.HANDED_OFF, Kind.CLAIMED, Kind.CLOSED, Kind.RETURNED):
        hub = Hub()
        hub.publish("c1", Draft(1, 0, "One."))
        hub.publish("c1", Event(2, kind, Author.SYSTEM, AT))
        with hub.watch("c1", Watcher()) as draft:
            assert draft is None, kind


def test_a_withdrawn_draft_is_not_shown_to_a_later_tab() -> None:
    hub = Hub()
    hub.publish("c1", Draft(1, 0, "One."))
    hub.withdraw("c1")
    hub.withdraw("c1")  # twice is as good as once
    with hub.watch("c1", Watcher()) as draft:
        assert draft is None
