"""The letters that follow from what happened: the shop hears who left an address, and the customer of the answer."""

from collections.abc import Iterator, Sequence

from bot.conversation import Author, Conversation, Event, Kind
from bot.desk import Letter
from bot.events import name_of
from bot.house import House

SAID = 12  # messages shown in a letter to the shop


def letters(
    conversation: Conversation, events: Sequence[Event], house: House, is_reading: bool
) -> Iterator[tuple[int, Letter]]:
    """(the seq up to which it speaks, the letter), in order, for events that no letter has gone out for.

    Nobody is written to who has the chat open. A letter whose text the shop switched off is none.
    """
    answers: list[Event] = []
    for event in events:
        if event.kind is Kind.EMAIL_LEFT:
            answers.clear()  # whoever typed an address had the chat open
            if house.mail_to and (letter := _to_shop(conversation, house)).text:
                yield event.seq, letter
        elif event.kind is Kind.MESSAGE and event.author is Author.AGENT:
            answers.append(event)
    if answers and conversation.email and not is_reading:
        letter = _to_customer(conversation, answers, house)
        if letter.text:
            yield events[-1].seq, letter


def _to_shop(c: Conversation, house: House) -> Letter:
    say, name = house.texts.say, name_of(c.customer)[0]
    said = "\n\n".join(f"{event.author}: {event.text}" for event in c.before(c.head + 1)[-SAID:])
    link = f"{house.console_url}/console?conversation={c.id}"
    return Letter(
        house.mail_to,
        say("ladder.shop.subject", c.language, name=name, shop=house.shop),
        say("ladder.shop.body", c.language, name=name, shop=house.shop, text=said, email=c.email, link=link),
        reply_to=c.email,
    )


def _to_customer(c: Conversation, answers: Sequence[Event], house: House) -> Letter:
    say = house.texts.say
    agent = str(answers[-1].data.get("agent", house.shop))
    text = "\n\n".join(event.text for event in answers)
    return Letter(
        c.email,
        say("ladder.mail.subject", c.language, agent=agent, shop=house.shop),
        say("ladder.mail.body", c.language, agent=agent, shop=house.shop, text=text),
        reply_to=house.mail_to,
    )
