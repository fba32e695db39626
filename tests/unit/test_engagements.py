from datetime import timedelta

import pytest

from bot.engagements import QUIET, Response, engagements
from bot.events import Kind
from tests.fakes import AT
from tests.history import History

DAY = QUIET.total_seconds()


# ── where one ends and the next begins ──


def test_nobody_who_only_opened_the_widget_is_counted() -> None:
    assert engagements([]) == []
    assert History().add(Kind.CLAIMED, agent_id="a1").agent().all() == []


def test_an_engagement_runs_from_the_first_message_to_the_close() -> None:
    one = History().asks().bot().closes(after=100).one()
    assert (one.start, one.end) == (AT + timedelta(seconds=10), AT + timedelta(seconds=120))
    assert (one.is_closed, one.is_reopened, one.conversation, one.customer) == (True, False, "c1", "ann")


def test_pressing_the_button_for_a_person_begins_one_too() -> None:
    one = History().hands_off("asked_for_person", asked=False).one()
    assert (one.reasons, one.questions, one.is_closed) == (("asked_for_person",), (), False)


def test_writing_again_after_the_close_reopens_it_and_begins_another() -> None:
    first, second = History().asks().bot().closes().reopens().bot().all()
    assert (first.is_reopened, second.is_reopened) == (True, False)
    assert (len(first.questions), len(second.questions)) == (1, 1)


def test_a_close_that_nobody_answered_is_no_reopening() -> None:
    assert not History().asks().closes().rates(5).one().is_reopened


def test_a_customer_who_writes_after_a_day_of_silence_with_the_bot_has_come_back() -> None:
    assert len(History().asks().bot().asks(after=DAY - 1).bot().all()) == 1
    first, second = History().asks().bot().asks(after=DAY).bot().all()
    assert (first.is_closed, first.is_reopened) == (False, False)
    assert second.start - first.end == QUIET


def test_silence_while_people_have_it_ends_nothing() -> None:
    assert len(History().asks().hands_off().asks(after=3 * DAY).claims().agent().asks(after=2 * DAY).all()) == 1
    assert len(History().asks().hands_off().claims().agent().returns().asks(after=DAY).all()) == 2


def test_a_hand_off_that_comes_late_belongs_to_its_question() -> None:
    one = History().asks().hands_off("failure", after=2 * DAY).one()
    assert one.reasons == ("failure",)


# ── what the bot did ──


def test_an_answered_question_after_which_nothing_was_said_is_resolved_after_a_day() -> None:
    history = History().asks().bot()
    assert not history.is_resolved(QUIET - timedelta(seconds=1))
    assert history.is_resolved()
    assert History().asks().bot("verbatim").closes().is_resolved(timedelta())


@pytest.mark.parametrize(
    ("history", "resolved"),
    [
        (History().asks().bot().asks().bot("canned"), True),  # "thanks" – "you are welcome"
        (History().asks().bot("canned"), False),  # a greeting is no question
        (History().asks().bot().asks().bot("clarify"), False),
        (History().asks().bot("clarify").asks().bot(), True),
        (History().asks().bot().asks(), False),  # the last question has no reply
        (History().asks(), False),
        (History().asks().bot().hands_off("asked_for_person", asked=False), False),
        (History().asks().bot().claims().returns(), False),
        (History().asks().bot().agent(), False),
        (History().asks().bot().rates(1, about=2), False),
        (History().asks().bot().rates(1, about=2).rates(5, about=2), True),  # thought better of it
        (History().asks().bot().rates(5, about=2).rates(2, about=2), False),
        (History().asks().bot().closes().rates(2), False),
        (History().asks().bot().closes().rates(3), True),
    ],
)
def test_resolving_takes_evidence(history: History, resolved: bool) -> None:
    assert history.is_resolved() is resolved


def test_handled_by_the_bot_means_that_it_replied_and_no_person_had_to() -> None:
    assert History().asks().bot("clarify").one().is_bots
    assert not History().asks().one().is_bots
    assert not History().asks().bot().asks().hands_off().one().is_bots
    assert not History().asks().bot().claims().one().is_bots


def test_questions_are_what_the_bot_looked_up() -> None:
    history = History().asks().bot("canned").asks().bot().asks().bot("clarify").asks().hands_off("no_answer")
    assert [question.is_answered for question in history.one().questions] == [True, False, False]
    assert [question.seq for question in history.one().questions] == [3, 5, 7]
    assert History().asks().hands_off("asked_for_person").asks().one().questions == ()


def test_a_thumbs_down_makes_an_answered_question_unanswered() -> None:
    (question,) = History().asks().bot().rates(1, about=2).one().questions
    assert not question.is_answered
    assert question.at == AT + timedelta(seconds=10)


def test_thumbs_count_once_for_each_reply_and_only_for_the_bots() -> None:
    one = History().asks().bot().rates(1, about=2).rates(4, about=2).asks().bot().rates(2, about=6).one()
    assert (one.thumbs_up, one.thumbs_down) == (1, 1)
    assert History().asks().bot().rates(3, about=2).one().thumbs_up == 0
    one = History().asks().hands_off().claims().agent().rates(1, about=4).rates(5, about=1).one()
    assert (one.thumbs_up, one.thumbs_down) == (0, 0)


def test_a_thumb_on_an_old_reply_counts_where_the_reply_was_given() -> None:
    first, second = History().asks().bot().closes().reopens().bot().rates(1, about=2).all()
    assert (first.thumbs_down, second.thumbs_down) == (1, 0)


# ── what people did ──


def test_waiting_runs_from_the_hand_off_to_the_claim_and_the_response_to_the_first_message() -> None:
    one = History().asks().hands_off().claims(after=60).asks().agent(after=30).agent().one()
    assert one.waits == (60,)
    assert one.responses == (Response(100, "a1"),)
    assert (one.replies, one.names, one.has_agent) == ({"a1": 2}, {"a1": "A1"}, True)


def test_two_hand_offs_are_measured_each() -> None:
    one = (
        History().asks().hands_off().claims(after=20).agent(after=5).returns()
        .asks().hands_off("angry").claims("a2", after=40).agent("a2", after=2).one()
    )  # fmt: skip
    assert one.reasons == ("no_answer", "angry")
    assert one.waits == (20, 40)
    assert one.responses == (Response(25, "a1"), Response(42, "a2"))
    assert (one.last_agent, list(one.names)) == ("a2", ["a1", "a2"])


def test_what_nobody_claimed_or_answered_is_not_measured() -> None:
    assert History().asks().hands_off().closes().reopens().claims().agent().all()[1].waits == ()
    one = History().asks().hands_off().claims().returns().asks().bot().claims().agent().one()
    assert (one.waits, one.responses) == ((10,), ())


def test_a_claim_from_under_the_bot_is_no_wait() -> None:
    one = History().asks().bot().claims().agent().one()
    assert (one.waits, one.responses, one.reasons, one.has_agent) == ((), (), (), True)


def test_a_transfer_brings_another_agent_in_and_is_no_second_wait() -> None:
    one = History().asks().hands_off().claims().add(Kind.TRANSFERRED, agent_id="a2", agent_name="A2").agent("a2").one()
    assert one.waits == (10,)
    assert one.responses == (Response(30, "a2"),)
    assert (list(one.names), one.replies) == (["a1", "a2"], {"a2": 1})


def test_a_clock_set_back_makes_no_wait_negative() -> None:
    assert History().asks().hands_off().claims(after=-5).agent(after=-5).one().waits == (0,)


def test_the_last_rating_of_the_whole_counts_also_after_the_close() -> None:
    assert History().asks().bot().rates(2).closes().rates(4).one().csat == 4
    first, second = History().asks().bot().closes().rates(4).reopens().bot().all()
    assert (first.csat, second.csat) == (4, None)


def test_what_is_decided() -> None:
    now = AT + timedelta(seconds=20)
    assert not History().asks().bot().one().is_decided(now)
    assert History().asks().bot().one().is_decided(now + QUIET)
    assert History().asks().closes().one().is_decided(now)
    assert History().asks().hands_off().one().is_decided(now)
    assert History().asks().claims().one().is_decided(now)
