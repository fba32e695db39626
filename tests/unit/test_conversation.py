from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.conversation import (
    HEAD_START,
    LINE,
    MAX_TEXT,
    MOST_TAGS,
    TAG,
    WINDOW,
    Author,
    Conversation,
    Event,
    Evidence,
    Kind,
    Line,
    Reason,
    Status,
)
from bot.errors import Conflict, Refused, TooLarge
from bot.knowledge import Citation

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
    held = asked("And now?", asked().handed_off(Reason.ASKED, at=AT).claimed("ana", "Ana", at=AT))
    assert held.unanswered == ()
    back = held.said_by_agent("Now.", agent="ana", name="Ana", cid="a1", at=AT).returned(at=AT)
    assert back.unanswered == ()
    assert [event.text for event in asked("A new one", back).unanswered] == ["A new one"]


def test_a_conversation_that_comes_back_to_the_bot_leaves_the_customers_last_message_to_nobody() -> None:
    held = asked().handed_off(Reason.ASKED, at=AT).claimed("ana", "Ana", at=AT)
    told = held.said_by_agent("It left today.", agent="ana", name="Ana", cid="a1", at=AT)
    back = asked("Can I return it?", asked("Oh", told)).returned(at=AT)
    assert [event.text for event in back.unanswered] == ["Can I return it?"]
    # what it was handed off for, the bot has tried once
    assert asked().handed_off(Reason.NO_ANSWER, at=AT, answers=1).returned(at=AT).unanswered == ()


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
    again = held.handed_off(Reason.ASKED, at=AT, sender="ann", cid="h2")
    assert [(event.kind, event.cid) for event in again.events[len(held.events) :]] == [(Kind.ASKED_AGAIN, "h2")]
    assert replace(again, events=held.events, head=held.head, fresh=held.fresh) == held, "but that they asked is kept"


def test_a_closed_conversation_opens_again_with_the_bot() -> None:
    closed = asked().claimed("Ana", at=AT).closed(at=AT)
    assert (closed.agent, closed.unanswered) == (None, ())
    again = replace(asked("Hello again", closed), fresh=())
    assert again.status is Status.BOT
    assert [event.kind for event in again.events[-2:]] == [Kind.REOPENED, Kind.MESSAGE]
    assert [event.text for event in again.unanswered] == ["Hello again"]


def test_the_person_button_works_on_a_closed_conversation() -> None:
    assert asked().closed(at=AT).handed_off(Reason.ASKED, at=AT).status is Status.WAITING


# ── who may move it where ──

MOVES: dict[str, Callable[[Conversation], Conversation]] = {
    "claimed": lambda c: c.claimed("ben", "Ben", at=AT),
    "said_by_agent": lambda c: c.said_by_agent("Hello", agent="ana", name="Ana", cid="a1", at=AT),
    "transferred": lambda c: c.transferred("ben", "Ben", at=AT, by="ana"),
    "requeued": lambda c: c.requeued("silent", at=AT),
    "returned": lambda c: c.returned(at=AT, by="ana"),
    "closed": lambda c: c.closed(at=AT, by="ana"),
    "delayed": lambda c: c.delayed(at=AT),
}
WAITING = asked().handed_off(Reason.ASKED, at=AT)
HELD = WAITING.claimed("ana", "Ana", at=AT)
CLOSED = HELD.closed(at=AT)


@pytest.mark.parametrize(
    ("before", "allowed"),
    [
        (asked(), {"claimed", "closed"}),
        (WAITING, {"claimed", "returned", "closed", "delayed"}),
        (HELD, {"said_by_agent", "transferred", "requeued", "returned", "closed"}),
        (CLOSED, set()),
    ],
    ids=["bot", "waiting", "agent", "closed"],
)
def test_only_the_transitions_of_the_table_are_allowed(before: Conversation, allowed: set[str]) -> None:
    for name, move in MOVES.items():
        if name in allowed:
            assert move(before).head == before.head + 1, name
        else:
            with pytest.raises(Conflict, match=f"but it is {before.status}") as refused:
                move(before)
            assert refused.value.why == "status", name


@pytest.mark.parametrize("before", [asked(), WAITING, HELD, CLOSED], ids=lambda c: str(c.status))
def test_notes_tags_addresses_and_ratings_are_taken_whoever_has_it(before: Conversation) -> None:
    for after in (
        before.noted("a note", agent="ben", name="Ben", cid="n", at=AT),
        before.tagged(["late"], agent="ben", name="Ben", cid="t", at=AT),
        before.email_left("mia@example.com", sender="mia", cid="e", at=AT),
        before.rated(4, sender="mia", cid="r", at=AT),
    ):
        assert (after.head, after.status, after.agent) == (before.head + 1, before.status, before.agent)


HOLDERS: dict[str, Callable[[str | None], Conversation]] = {
    "said_by_agent": lambda by: HELD.said_by_agent("Hello", agent=str(by), name="Ben", cid="a1", at=AT),
    "transferred": lambda by: HELD.transferred("cho", "Cho", at=AT, by=by),
    "requeued": lambda by: HELD.requeued("transfer", at=AT, by=by),
    "returned": lambda by: HELD.returned(at=AT, by=by),
    "closed": lambda by: HELD.closed(at=AT, by=by),
}


@pytest.mark.parametrize("move", HOLDERS)
def test_only_the_agent_who_has_it_moves_it_unless_somebody_overrules(move: str) -> None:
    with pytest.raises(Conflict, match="Ana has this conversation") as refused:
        HOLDERS[move]("ben")
    assert refused.value.why == "holder"
    assert HOLDERS[move]("ana").head == HELD.head + 1
    if move != "said_by_agent":  # nobody speaks for a colleague
        assert HOLDERS[move](None).head == HELD.head + 1


@pytest.mark.parametrize("move", ["returned", "closed"])
def test_anybody_may_return_or_close_what_nobody_has(move: str) -> None:
    assert getattr(WAITING, move)(at=AT, by="ben").head == WAITING.head + 1


def test_nobody_is_given_what_they_have_already() -> None:
    with pytest.raises(Conflict, match="Ana has this conversation already") as refused:
        HELD.transferred("ana", "Ana", at=AT)
    assert refused.value.why == "holder"


# ── what each of them does ──


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def test_what_an_agent_says_carries_their_name_and_passages_and_ends_the_wait() -> None:
    citation = Citation(1, "faqs/returns.md", "p1", "Returns", "Within 30 days.", "/returns", 1.0)
    said = HELD.said_by_agent("Hello", agent="ana", name="Ana", cid="a1", at=later(1), citations=(citation,))
    event = said.events[-1]
    assert (event.kind, event.author, event.sender, event.cid) == (Kind.MESSAGE, Author.AGENT, "ana", "a1")
    assert (event.text, event.data, event.citations) == ("Hello", {"agent": "Ana"}, (citation,))
    assert (HELD.owed_since, said.owed_since) == (AT, None)
    assert said.version == HELD.version


@pytest.mark.parametrize("text", ["", " \n", "a\x00", "x" * (MAX_TEXT + 1)])
def test_what_agents_write_is_checked_as_what_customers_write(text: str) -> None:
    with pytest.raises(Refused):
        HELD.said_by_agent(text, agent="ana", name="Ana", cid="a1", at=AT)
    with pytest.raises(Refused):
        HELD.noted(text, agent="ana", name="Ana", cid="a1", at=AT)


def test_a_claim_says_how_long_the_customer_waited_and_who_comes() -> None:
    claimed = WAITING.claimed("ana", "Ana", at=later(1.5), text="Ana is here.")
    assert claimed.events[-1].data == {"agent": "Ana", "agent_id": "ana", "waited_s": 90.0}
    assert (claimed.status, claimed.agent, claimed.agent_name) == (Status.AGENT, "ana", "Ana")
    assert (claimed.waiting_since, claimed.queue_at, claimed.owed_since) == (None, None, later(1.5))
    assert "waited_s" not in asked().claimed("ana", "Ana", at=later(1)).events[-1].data


def test_a_claim_from_under_the_bot_owes_an_answer_only_to_a_question() -> None:
    assert asked().claimed("ana", at=later(1)).owed_since == later(1)
    assert asked().replied("Thus.", answers=1, at=AT).claimed("ana", at=later(1)).owed_since is None
    assert NEW.claimed("ana", at=later(1)).owed_since is None


def test_a_transfer_says_from_whom_to_whom_and_why() -> None:
    moved = HELD.transferred("ben", "Ben", at=later(3), text="Ben will help.", note="speaks Chinese", by="ana")
    assert (moved.status, moved.agent, moved.agent_name) == (Status.AGENT, "ben", "Ben")
    assert moved.events[-1].data == {"agent": "Ben", "agent_id": "ben", "from": "Ana", "note": "speaks Chinese"}
    assert moved.owed_since == later(3)  # Ben has as long as Ana had
    answered = HELD.said_by_agent("Hello", agent="ana", name="Ana", cid="a1", at=AT)
    assert answered.transferred("ben", "Ben", at=later(3)).owed_since is None
    assert "note" not in HELD.transferred("ben", "Ben", at=AT).events[-1].data


def test_whoever_is_put_back_is_first_in_line_and_may_be_told_again_that_it_takes_longer() -> None:
    held = WAITING.delayed(at=later(1)).claimed("ana", "Ana", at=later(2))
    back = held.requeued("silent", at=later(9), text="Somebody else will help.")
    assert (back.status, back.agent, back.agent_name, back.owed_since) == (Status.WAITING, None, "", None)
    assert (back.waiting_since, back.is_delayed, back.is_first_in_line) == (later(9), False, True)
    assert back.queue_at is not None
    assert back.queue_at < min(AT - start for start in HEAD_START.values())
    assert back.events[-1].data == {"why": "silent", "agent": "Ana"}
    assert back.reason == "asked_for_person"  # why it went to people in the first place
    assert not back.claimed("ben", at=AT).is_first_in_line


def test_of_two_who_were_put_back_the_first_is_next() -> None:
    one, two = (HELD.requeued("silent", at=at).queue_at for at in (later(1), later(2)))
    assert one is not None
    assert two is not None
    assert one < two


@pytest.mark.parametrize("reason", Reason)
def test_the_place_in_line_is_the_time_of_the_hand_off_less_the_head_start_of_its_reason(reason: Reason) -> None:
    waiting = asked().handed_off(reason, at=later(30))
    assert waiting.waiting_since == later(30)  # the timers start now, whatever the place
    assert waiting.queue_at == later(30) - HEAD_START.get(reason, timedelta())
    assert not waiting.is_first_in_line


def test_whoever_is_in_danger_is_first_then_the_angry_and_nobody_waits_for_ever() -> None:
    def place(reason: Reason, minutes: float) -> datetime:
        return asked().handed_off(reason, at=later(minutes)).queue_at or AT

    together = sorted(Reason, key=lambda reason: place(reason, 0))
    assert together[:2] == [Reason.SELF_HARM, Reason.ANGRY]
    assert together[-1] is Reason.NO_ANSWER
    assert place(Reason.NO_ANSWER, 0) < place(Reason.ANGRY, 11)


def test_a_long_wait_is_told_once_and_offers_an_address_once() -> None:
    told = WAITING.delayed(at=later(2), text="It takes longer.")
    assert (told.is_delayed, told.events[-1].data) == (True, {"offer": "email"})
    assert told.delayed(at=later(3)) is told
    known = WAITING.email_left("mia@example.com", sender="mia", cid="e", at=AT).delayed(at=later(2))
    assert known.events[-1].data == {}
    offered = asked().handed_off(Reason.ASKED, at=AT, data={"offer": "email"})
    assert offered.delayed(at=later(2)) is offered


def test_an_address_is_kept_and_the_newest_counts() -> None:
    left = WAITING.email_left("mia@example.com", sender="mia", cid="e1", at=AT, text="Thank you.")
    assert (left.email, left.status, left.events[-1].sender, left.events[-1].cid) == (
        "mia@example.com", Status.WAITING, "mia", "e1",
    )  # fmt: skip
    assert left.email_left("m@example.com", sender="mia", cid="e2", at=AT).email == "m@example.com"
    assert left.closed(at=AT).email == "mia@example.com"


def test_a_note_changes_nothing_but_the_position() -> None:
    noted = HELD.noted("knows the warehouse", agent="ben", name="Ben", cid="n1", at=later(1))
    event = noted.events[-1]
    assert (event.kind, event.author, event.text) == (Kind.NOTED, Author.AGENT, "knows the warehouse")
    assert event.data == {"agent": "Ben", "agent_id": "ben"}
    assert replace(noted, head=HELD.head, events=HELD.events, fresh=HELD.fresh) == HELD


def test_tags_are_replaced_whole_in_one_form_each_once() -> None:
    tagged = asked().tagged(
        ["  late   order ", "退货", "late order", "", " "], agent="ana", name="Ana", cid="t1", at=AT
    )
    assert tagged.tags == ("late order", "退货")
    assert tagged.events[-1].data == {"tags": ["late order", "退货"], "agent": "Ana"}
    assert tagged.tagged(["late order", "退货"], agent="ben", name="Ben", cid="t2", at=AT) is tagged
    assert tagged.tagged([], agent="ben", name="Ben", cid="t2", at=AT).tags == ()


def test_tags_have_bounds() -> None:
    most = [f"{n:>02}".ljust(TAG, "x") for n in range(MOST_TAGS)]
    assert len(asked().tagged(most, agent="ana", name="Ana", cid="t", at=AT).tags) == MOST_TAGS
    for tags in ([*most, "one more"], ["x" * (TAG + 1)]):
        with pytest.raises(Refused, match=f"{MOST_TAGS} tags of {TAG}"):
            asked().tagged(tags, agent="ana", name="Ana", cid="t", at=AT)


@pytest.mark.parametrize("before", [asked(), WAITING, HELD], ids=lambda c: str(c.status))
def test_a_customer_may_end_it_whoever_has_it(before: Conversation) -> None:
    over = before.closed(at=AT, author=Author.CUSTOMER)
    assert (over.status, over.agent, over.queue_at, over.owed_since) == (Status.CLOSED, None, None, None)
    assert over.events[-1].data == {"by": "customer"}


def test_a_closing_agent_is_named() -> None:
    assert CLOSED.events[-1].data == {"by": "agent"}
    assert HELD.closed(at=AT, name="Ana", by="ana").events[-1].data == {"by": "agent", "agent": "Ana"}


def test_a_new_course_begins_without_the_reason_and_the_score_of_the_last() -> None:
    rated = CLOSED.rated(2, sender="mia", cid="r", at=AT)
    assert (rated.score, rated.reason) == (2, "asked_for_person")
    again = asked("Hello again", rated)
    assert (again.score, again.reason) == (None, "")


def test_only_a_rating_of_the_whole_is_its_score() -> None:
    assert CLOSED.rated(1, sender="mia", cid="r", at=AT, about=1).score is None
    assert CLOSED.rated(4, sender="mia", cid="r", at=AT).rated(2, sender="mia", cid="r2", at=AT).score == 2


def test_the_version_counts_changes_of_hands_and_nothing_else() -> None:
    talk = asked(
        "And now?", asked().replied("Thus.", answers=1, at=AT, evidence=Evidence("q", "q", "answer", "canned"))
    )
    assert talk.version == 0
    assert talk.noted("a", agent="ana", name="Ana", cid="n", at=AT).version == 0
    for name, move in MOVES.items():
        for before in (talk, WAITING, HELD):
            try:
                after = move(before)
            except Conflict:
                continue
            assert after.version - before.version == (name not in ("said_by_agent", "delayed")), name
    assert talk.tagged(["a"], agent="ana", name="Ana", cid="t", at=AT).version == 0
    assert talk.email_left("mia@example.com", sender="mia", cid="e", at=AT).version == 0
    assert talk.rated(5, sender="mia", cid="r", at=AT).version == 0
    assert asked("Hello", CLOSED).version == CLOSED.version + 1  # it is open again


# ── what follows from what was said ──


def test_the_last_line_and_the_last_question_are_known_without_the_events() -> None:
    long = asked("退" * (LINE + 1))
    assert long.last == Line(Author.CUSTOMER, "退" * LINE, AT, 1)
    answered = long.replied("Thus.", answers=1, at=later(1))
    assert (answered.last, answered.asked) == (Line(Author.BOT, "Thus.", later(1), 2), 1)
    noted = answered.noted("secret", agent="ana", name="Ana", cid="n", at=AT).handed_off(Reason.ASKED, at=AT, text="x")
    assert noted.last == answered.last  # neither a note nor a system line was said


def test_the_customer_waits_for_the_agent_since_their_first_unanswered_message() -> None:
    answered = HELD.said_by_agent("Hello", agent="ana", name="Ana", cid="a1", at=AT)
    once = answered.said("And now?", sender="mia", cid="m8", at=later(5))
    twice = once.said("Hello?", sender="mia", cid="m9", at=later(6))
    assert (answered.owed_since, once.owed_since, twice.owed_since) == (None, later(5), later(5))
    assert twice.noted("busy", agent="ana", name="Ana", cid="n", at=later(7)).owed_since == later(5)
    assert WAITING.said("Hello?", sender="mia", cid="m9", at=later(6)).owed_since is None


@pytest.mark.parametrize(
    ("text", "from_english", "from_chinese"),
    [
        ("我想退货怎么办", "zh", "zh"),
        ("好的", "zh", "zh"),
        ("Where is my order now", "en", "en"),
        ("where is my order?", "en", "en"),
        ("ok", "en", "zh"),
        ("OK!", "en", "zh"),
        ("#4412", "en", "zh"),
        ("👍", "en", "zh"),
        ("MIA-4412 A7", "en", "zh"),
        ("thanks", "en", "zh"),
        ("https://shop.example/p/7", "en", "zh"),
    ],
)
def test_the_language_follows_what_the_customer_writes_and_ok_is_no_language(
    text: str, from_english: str, from_chinese: str
) -> None:
    assert asked(text, NEW).language == from_english
    assert asked(text, replace(NEW, language="zh")).language == from_chinese


def test_only_the_customer_decides_on_the_language() -> None:
    chinese = asked("我想退货怎么办").claimed("ana", "Ana", at=AT)
    assert chinese.said_by_agent("Where is it broken please", agent="ana", name="Ana", cid="a", at=AT).language == "zh"
    assert chinese.noted("they write Chinese here", agent="ana", name="Ana", cid="n", at=AT).language == "zh"


# ── bounds ──


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

    def _try(self, move: Callable[[], Conversation]) -> None:
        """Take it if it is allowed; refused, it changes nothing."""
        with suppress(Conflict):
            self._took(move())

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

    @rule(name=st.sampled_from(["ana", "ben"]))
    def an_agent_claims(self, name: str) -> None:
        self._try(lambda: self.now.claimed(name, name.title(), at=self._at()))

    @rule(name=st.sampled_from(["ana", "ben"]))
    def an_agent_writes(self, name: str) -> None:
        before = self.now
        cid = f"a{self.now.head}"
        self._try(lambda: self.now.said_by_agent("Hello", agent=name, name=name.title(), cid=cid, at=self._at()))
        assert (self.now is not before) == (before.agent == name)

    @rule(by=st.sampled_from(["ana", "ben", None]), move=st.sampled_from(["transfer", "requeue", "return", "close"]))
    def an_agent_lets_go(self, by: str | None, move: str) -> None:
        at, before = self._at(), self.now
        moves: dict[str, Callable[[], Conversation]] = {
            "transfer": lambda: self.now.transferred("cho", "Cho", at=at, by=by),
            "requeue": lambda: self.now.requeued("transfer", at=at, by=by),
            "return": lambda: self.now.returned(at=at, by=by),
            "close": lambda: self.now.closed(at=at, by=by),
        }
        self._try(moves[move])
        if before.agent is not None and by not in (before.agent, None):
            assert self.now is before
        elif move == "return" and self.now is not before:
            again = [event.seq for event in self.now.unanswered]
            assert again in ([], [before.asked])
            assert not any(
                e.author is Author.AGENT and e.kind is Kind.MESSAGE for e in self.log[before.asked :] if again
            )
            self.had_by_people -= set(again)

    @rule(move=st.sampled_from(["close", "rate", "rate one", "email", "note", "tag", "untag", "delay"]))
    def something_else_happens(self, move: str) -> None:
        at, cid, now = self._at(), f"x{self.now.head}", self.now
        moves: dict[str, Callable[[], Conversation]] = {
            "close": lambda: now.closed(at=at, author=Author.CUSTOMER),
            "rate": lambda: now.rated(3, sender="mia", cid=cid, at=at),
            "rate one": lambda: now.rated(1, sender="mia", cid=cid, at=at, about=now.head or None),
            "email": lambda: now.email_left("mia@example.com", sender="mia", cid=cid, at=at),
            "note": lambda: now.noted("a note", agent="ana", name="Ana", cid=cid, at=at),
            "tag": lambda: now.tagged(["late"], agent="ana", name="Ana", cid=cid, at=at),
            "untag": lambda: now.tagged([], agent="ana", name="Ana", cid=cid, at=at),
            "delay": lambda: now.delayed(at=at),
        }
        self._try(moves[move])

    @invariant()
    def positions_have_no_holes(self) -> None:
        assert [event.seq for event in self.log] == list(range(1, self.now.head + 1))
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
        assert (self.now.agent is not None) == bool(self.now.agent_name) == (self.now.status is Status.AGENT)

    @invariant()
    def whoever_waits_has_a_place_in_line_and_nobody_else_has(self) -> None:
        is_waiting = self.now.status is Status.WAITING
        assert (self.now.queue_at is not None) == (self.now.waiting_since is not None) == is_waiting
        assert is_waiting or not self.now.is_delayed
        assert self.now.owed_since is None or self.now.status is Status.AGENT

    @invariant()
    def the_version_counts_changes_of_hands(self) -> None:
        others = {Kind.MESSAGE, Kind.NOTED, Kind.TAGGED, Kind.RATED, Kind.EMAIL_LEFT, Kind.DELAYED, Kind.ASKED_AGAIN}
        assert self.now.version == sum(event.kind not in others for event in self.log)

    @invariant()
    def the_events_alone_make_the_state(self) -> None:
        assert reduce(Conversation.after, self.log, NEW) == self.now

    @invariant()
    def the_last_line_is_the_last_message(self) -> None:
        said = [event for event in self.log if event.kind is Kind.MESSAGE]
        assert (self.now.last and self.now.last.seq) == (said[-1].seq if said else None)
        assert self.now.asked == max((event.seq for event in said if event.is_question), default=0)

    @invariant()
    def only_customers_ask(self) -> None:
        assert all(event.author is Author.CUSTOMER for event in self.now.unanswered)


TestAnyCourse = AnyCourse.TestCase
TestAnyCourse.settings = settings(max_examples=30, stateful_step_count=30)
