"""Letters: the shop hears who left an address, and the customer of what was answered when they were gone."""

from dataclasses import replace
from typing import Any

import pytest

from bot.conversation import Author, Conversation, Event, Kind, Reason
from bot.desk import Letter
from bot.house import House
from bot.letters import SAID, letters
from bot.texts import Texts
from tests.fakes import AT

HOUSE = House("Lamps & Co", mail_to="desk@shop.example", console_url="https://shop.example")
LEFT = "mia@example.com"


def waiting(text: str = "Where is my lamp?", customer: str = "visitor:7f3a9c") -> Conversation:
    asked = Conversation("c1", customer, "e1")
    asked = asked.said(text, sender="s", cid="m1", at=AT)
    return asked.handed_off(Reason.NO_ANSWER, at=AT, text="Soon.")


def left(c: Conversation, email: str = LEFT) -> Conversation:
    return c.email_left(email, sender="s", cid=f"e{c.head}", at=AT, text="Thank you.")


def claimed(c: Conversation) -> Conversation:
    return c.claimed("a1", "Ana", at=AT, text="Ana is here.")


def answered(c: Conversation, text: str = "It is on its way.") -> Conversation:
    return c.said_by_agent(text, agent="a1", name="Ana", cid=f"x{c.head}", at=AT)


def due(c: Conversation, since: int = 0, house: House = HOUSE, *, is_reading: bool = False) -> list[tuple[int, Letter]]:
    return list(letters(c, [event for event in c.events if event.seq > since], house, is_reading))


# ── to the shop ──


def test_the_shop_hears_who_left_an_address_and_what_they_said() -> None:
    c = left(waiting())
    ((through, letter),) = due(c)
    assert through == c.head
    assert (letter.to, letter.reply_to) == ("desk@shop.example", LEFT)
    assert letter.subject == "Visitor 7F3A is waiting for an answer at Lamps & Co"
    for told in ("Where is my lamp?", LEFT, "https://shop.example/console?conversation=c1"):
        assert told in letter.text


def test_a_shop_without_a_mailbox_gets_none() -> None:
    assert due(left(waiting()), house=replace(HOUSE, mail_to="")) == []


def test_in_the_customers_language() -> None:
    ((_, letter),) = due(left(waiting("我的灯在哪里？")))
    assert letter.subject == "Lamps & Co：Visitor 7F3A在等回复"


def test_of_a_long_conversation_the_newest_messages() -> None:
    c = waiting()
    for n in range(SAID + 3):
        c = c.said(f"message {n}.", sender="s", cid=f"n{n}", at=AT)
    ((_, letter),) = due(left(c))
    assert "message 3." in letter.text
    assert f"message {SAID + 2}." in letter.text
    assert "message 2." not in letter.text


def test_notes_among_agents_stay_in_the_house() -> None:
    c = claimed(waiting()).noted("he lies", agent="a1", name="Ana", cid="n", at=AT)
    c = answered(left(c))
    assert due(c)
    assert all("he lies" not in letter.text for _, letter in due(c))


def test_a_second_address_is_news_too() -> None:
    c = left(left(waiting(), "typo@example.con"))
    assert [letter.reply_to for _, letter in due(c, since=c.head - 1)] == [LEFT]


# ── to the customer ──


def test_what_was_answered_while_they_were_gone_goes_out_together() -> None:
    c = claimed(left(waiting()))
    before = c.head
    c = answered(answered(c), "It arrives on Monday.")
    ((through, letter),) = due(c, since=before)
    assert through == c.head
    assert (letter.to, letter.reply_to) == (LEFT, "desk@shop.example")
    assert letter.subject == "Ana answered at Lamps & Co"
    assert "It is on its way.\n\nIt arrives on Monday." in letter.text
    assert "Where is my lamp?" not in letter.text


def test_nobody_is_written_to_who_has_the_chat_open() -> None:
    c = answered(claimed(left(waiting())))
    assert due(c, since=4, is_reading=True) == []
    assert due(c, since=4) != []


def test_nobody_is_written_to_who_left_no_address() -> None:
    assert due(answered(claimed(waiting()))) == []


def test_what_was_answered_before_the_address_was_left_was_read_in_the_chat() -> None:
    c = left(answered(claimed(waiting())))
    assert [letter.to for _, letter in due(c)] == ["desk@shop.example"]


def test_what_the_bot_or_the_house_says_is_no_answer() -> None:
    c = left(waiting())
    since = c.head
    c = c.returned(at=AT, text="The bot again.").said("And the cable?", sender="s", cid="m2", at=AT)
    c = c.replied("It is in the box.", answers=c.head, at=AT)
    assert due(c.closed(at=AT, text="Closed."), since=since) == []


@pytest.mark.parametrize("n_first", [1, 2, 3])
def test_each_letter_speaks_up_to_where_everything_before_was_told(n_first: int) -> None:
    """A letter that fails is tried again from the seq of the one before: no answer may lie below that."""
    c = waiting()
    for _ in range(n_first):
        c = left(c)
    c = answered(left(answered(claimed(c), "First.")), "Second.")
    found = due(c)
    throughs = [through for through, _ in found]
    assert throughs == sorted(throughs)
    assert found[-1][1].to == LEFT
    answers = [e.seq for e in c.events if e.author is Author.AGENT and e.kind is Kind.MESSAGE and e.text == "Second."]
    assert all(through < answers[0] for through in throughs[:-1])
    assert "Second." in found[-1][1].text


def test_from_where_the_last_letter_spoke_nothing_is_told_again() -> None:
    c = answered(claimed(left(waiting())))
    for through, _ in due(c):
        assert all(later > through for later, _ in due(c, since=through))
    assert due(c, since=c.head) == []
    assert letters(c, (), HOUSE, is_reading=False) is not None
    assert list(letters(c, (), HOUSE, is_reading=False)) == []


@pytest.mark.parametrize(("key", "to"), [("ladder.mail.body", LEFT), ("ladder.shop.body", "desk@shop.example")])
def test_a_letter_the_shop_switched_off_is_not_written(key: str, to: str) -> None:
    off = replace(HOUSE, texts=Texts({"en": {key: ""}}))
    c = answered(claimed(left(waiting())))
    assert to in [letter.to for _, letter in due(c)]
    assert to not in [letter.to for _, letter in due(c, house=off)]


def test_whatever_was_said_is_only_text_in_a_letter() -> None:
    hostile = "{agent} %s {0} \r\nBcc: all@shop.example"
    c = answered(claimed(left(waiting(customer="shop:{name}"))), hostile)
    shop, customer = (letter for _, letter in due(c))
    assert hostile in customer.text
    assert "Bcc" not in customer.subject
    assert shop.subject == "{name} is waiting for an answer at Lamps & Co"


def test_an_event_without_a_name_is_the_shops() -> None:
    said: dict[str, Any] = {"at": AT, "text": "It is on its way."}
    c = replace(waiting(), email=LEFT)
    ((_, letter),) = letters(c, [Event(9, Kind.MESSAGE, Author.AGENT, **said)], HOUSE, is_reading=False)
    assert letter.subject == "Lamps & Co answered at Lamps & Co"
