from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.conversation import MAX_TEXT, WINDOW, Author, Conversation, Event, Kind, Reason, Status
from bot.errors import Conflict, Refused, TooLarge

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
NEW = Conversation("c1", "mia", "e1")


def asked(text: str = "Where is my order?", of: Conversation = NEW) -> Conversation:
    return of.said(text, sender="mia", cid=f"m{of.head}", at=AT)


def test_a_customer_message_is_owed_a_reply_until_it_has_one() -> None:
    question = asked()
    assert [event.seq for event in question.unanswered] == [1]
    answered = question.replied("On its way.", answers=1, at=AT)
    assert answered.unanswered == ()
    assert (answered.head, answered.version) == (2, 0)  # talk is no change of state
    assert answered.events[-1].answers == 1


def test_a_question_that_arrives_during_an_answer_is_not_forgotten() -> None:
    both = asked("And the tent?", asked("Where is my order?"))
    assert [event.seq for event in both.replied("On its way.", answers=1, at=AT).unanswered] == [2]
    assert [event.seq for event in both.replied("The tent too.", answers=2, at=AT).unanswered] == [1]


def test_a_second_reply_to_the_same_question_is_refused() -> None:
    with pytest.raises(Conflict, match="question 1 is already answered"):
        asked().replied("a", answers=1, at=AT).replied("b", answers=1, at=AT)


@pytest.mark.parametrize("answers", [0, 2, -1, 99])
def test_a_reply_to_something_that_was_not_asked_is_refused(answers: int) -> None:
    with pytest.raises(Conflict):
        asked().replied("a", answers=answers, at=AT)


def test_an_agent_who_claims_mid_answer_is_not_talked_over() -> None:
    claimed = asked().claimed("Ana", at=AT)
    with pytest.raises(Conflict, match="expected the conversation to be bot, but it is agent"):
        claimed.replied("a", answers=1, at=AT)
    # not even when the agent has given it back meanwhile: the agent had that question
    with pytest.raises(Conflict):
        claimed.returned(at=AT).replied("a", answers=1, at=AT)


def test_the_bot_does_not_answer_what_a_person_had() -> None:
    held = asked("And now?", asked().handed_off(Reason.ASKED, at=AT).claimed("Ana", at=AT))
    assert held.unanswered == ()
    back = held.returned(at=AT)
    assert back.unanswered == ()
    assert [event.text for event in asked("A new one", back).unanswered] == ["A new one"]


def test_of_two_agents_only_the_first_claims() -> None:
    waiting = asked().handed_off(Reason.ASKED, at=AT)
    with pytest.raises(Conflict, match="waiting or bot, but it is agent"):
        waiting.claimed("Ana", at=AT).claimed("Ben", at=AT)


def test_a_hand_off_says_why_and_what_it_answers() -> None:
    waiting = asked().handed_off(Reason.NO_ANSWER, at=AT, text="A colleague will help.", answers=1)
    event = waiting.events[-1]
    assert (waiting.status, event.kind, event.answers) == (Status.WAITING, Kind.HANDED_OFF, 1)
    assert event.data == {"reason": "no_answer"}
    assert waiting.unanswered == ()


@pytest.mark.parametrize("is_claimed", [False, True])
def test_asking_twice_for_a_person_changes_nothing(is_claimed: bool) -> None:
    waiting = asked().handed_off(Reason.ASKED, at=AT)
    held = waiting.claimed("Ana", at=AT) if is_claimed else waiting
    assert held.handed_off(Reason.ANGRY, at=AT) is held


def test_a_closed_conversation_opens_again_with_the_bot() -> None:
    closed = asked().claimed("Ana", at=AT).closed(at=AT)
    assert (closed.agent, closed.unanswered) == (None, ())
    again = replace(asked("Hello again", closed), fresh=())
    assert again.status is Status.BOT
    assert [event.kind for event in again.events[-2:]] == [Kind.REOPENED, Kind.MESSAGE]
    assert [event.text for event in again.unanswered] == ["Hello again"]


def test_the_person_button_works_on_a_closed_conversation() -> None:
    assert asked().closed(at=AT).handed_off(Reason.ASKED, at=AT).status is Status.WAITING


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        (Status.BOT, {"claimed", "closed"}),
        (Status.WAITING, {"claimed", "returned", "closed"}),
        (Status.AGENT, {"returned", "closed"}),
        (Status.CLOSED, set()),
    ],
)
def test_only_the_transitions_of_the_table_are_allowed(status: Status, allowed: set[str]) -> None:
    conversation = replace(NEW, status=status)
    moves: dict[str, Callable[[], Conversation]] = {
        "claimed": lambda: conversation.claimed("Ana", at=AT),
        "returned": lambda: conversation.returned(at=AT),
        "closed": lambda: conversation.closed(at=AT),
    }
    for name, move in moves.items():
        if name in allowed:
            assert move().head == 1
        else:
            with pytest.raises(Conflict, match=f"but it is {status}"):
                move()


@pytest.mark.parametrize("text", ["", " ", "\n\t\r ", "\u3000"])
def test_an_empty_message_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="empty"):
        asked(text)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "ok \udfff"])
def test_characters_that_are_not_text_are_refused(text: str) -> None:
    with pytest.raises(Refused, match="not text"):
        asked(text)


def test_a_message_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert asked("退" * MAX_TEXT).head == 1
    with pytest.raises(TooLarge):
        asked("a" * (MAX_TEXT + 1))


@pytest.mark.parametrize(
    "text", ["\u202eabc\u202c", "👩‍👩‍👧", "<script>alert(1)</script>", "a\r\nb", "\ufeffhi", "%s {0}"]
)
def test_odd_text_is_kept_as_it_was_said(text: str) -> None:
    assert asked(text).events[-1].text == text


def test_a_refused_message_changes_nothing_on_a_closed_conversation() -> None:
    closed = asked().closed(at=AT)
    with pytest.raises(Refused):
        asked(" ", closed)
    assert closed.status is Status.CLOSED


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_rating_off_the_scale_is_refused(score: int) -> None:
    with pytest.raises(Refused, match="1 to 5"):
        asked().rated(score, sender="mia", cid="r", at=AT)


@pytest.mark.parametrize("about", [0, 2, -1])
def test_a_rating_of_a_message_that_is_not_there_is_refused(about: int) -> None:
    with pytest.raises(Refused, match="no message"):
        asked().rated(5, sender="mia", cid="r", at=AT, about=about)


def test_a_rating_keeps_its_comment_within_bounds_and_owes_no_reply() -> None:
    rated = asked().replied("a", answers=1, at=AT).rated(5, sender="mia", cid="r", at=AT, about=2, comment="x" * 9_999)
    assert rated.events[-1].data == {"score": 5, "about": 2, "comment": "x" * 1_000}
    assert rated.unanswered == ()


def test_what_was_said_before_a_message_leaves_out_what_nobody_said() -> None:
    talk = asked("b", asked("a").handed_off(Reason.ASKED, at=AT).returned(at=AT))
    assert [event.text for event in talk.before(talk.head)] == ["a"]
    assert talk.before(1) == ()


def test_only_the_newest_events_are_held_and_nothing_fresh_is_lost() -> None:
    talk = NEW
    for _ in range(WINDOW + 5):
        talk = asked("a", talk)
    assert len(talk.events) == WINDOW
    assert len(talk.fresh) == talk.head == WINDOW + 5
    assert talk.events[0].seq == 6


def test_a_conversation_is_never_changed_in_place() -> None:
    before = asked()
    before.replied("a", answers=1, at=AT)
    before.claimed("Ana", at=AT)
    assert (before.head, before.status, len(before.events)) == (1, Status.BOT, 1)


@given(st.text(max_size=60))
def test_any_message_is_taken_or_refused(text: str) -> None:
    try:
        taken = asked(text)
    except Refused:
        return
    assert taken.events[-1].text == text
    taken.events[-1].text.encode()


class AnyCourse(RuleBasedStateMachine):
    """Whatever customers, agents and the bot do in whatever order: positions have no holes, nobody is talked over."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NEW
        self.log: list[Event] = []
        self.answered: set[int] = set()
        self.had_by_people: set[int] = set()
        self.clock = AT

    def _took(self, after: Conversation) -> None:
        self.log += after.fresh
        self.now = replace(after, fresh=())
        if self.now.status is not Status.BOT:
            self.had_by_people |= {event.seq for event in self.log if event.is_question}

    def _at(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    @rule(text=st.sampled_from(["Where is it?", "hi", "退货"]))
    def customer_writes(self, text: str) -> None:
        self._took(self.now.said(text, sender="mia", cid=str(self.now.head), at=self._at()))

    @rule(data=st.data())
    def bot_answers(self, data: st.DataObject) -> None:
        answers = data.draw(st.integers(1, self.now.head + 1))
        may = answers in {event.seq for event in self.now.unanswered}
        try:
            after = self.now.replied("a", answers=answers, at=self._at())
        except Conflict:
            assert not may
            return
        assert may
        assert answers not in self.answered | self.had_by_people
        self.answered.add(answers)
        self._took(after)

    @rule(reason=st.sampled_from(Reason), data=st.data())
    def somebody_hands_off(self, reason: Reason, data: st.DataObject) -> None:
        owed = [event.seq for event in self.now.unanswered]
        answers = data.draw(st.sampled_from(owed)) if owed else None
        self._took(self.now.handed_off(reason, at=self._at(), answers=answers))
        assert self.now.status in (Status.WAITING, Status.AGENT)

    @rule(move=st.sampled_from(["claim", "return", "close", "rate"]))
    def somebody_moves_it(self, move: str) -> None:
        at = self._at()
        try:
            match move:
                case "claim":
                    after = self.now.claimed("Ana", at=at)
                case "return":
                    after = self.now.returned(at=at)
                case "close":
                    after = self.now.closed(at=at)
                case _:
                    after = self.now.rated(3, sender="mia", cid=f"r{self.now.head}", at=at)
        except Conflict:
            return
        self._took(after)

    @invariant()
    def positions_have_no_holes(self) -> None:
        assert [event.seq for event in self.log] == list(range(1, self.now.head + 1))
        assert self.now.version <= self.now.head
        assert list(self.now.events) == self.log[-WINDOW:]

    @invariant()
    def only_what_nobody_answered_and_nobody_had_is_owed(self) -> None:
        owed = {event.seq for event in self.now.unanswered}
        assert not owed & (self.answered | self.had_by_people)
        if self.now.status is Status.BOT and self.now.head <= WINDOW:
            asked = {event.seq for event in self.log if event.is_question}
            assert owed == asked - self.answered - self.had_by_people

    @invariant()
    def an_agent_has_it_exactly_when_the_status_says_so(self) -> None:
        assert (self.now.agent is not None) == (self.now.status is Status.AGENT)

    @invariant()
    def only_customers_ask(self) -> None:
        assert all(event.author is Author.CUSTOMER for event in self.now.unanswered)


TestAnyCourse = AnyCourse.TestCase
TestAnyCourse.settings = settings(max_examples=30, stateful_step_count=30)
