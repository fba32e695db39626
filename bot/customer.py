"""What a customer does besides writing: ask for a person, leave an e-mail address, end the conversation, rate it."""

from bot import line
from bot.conversation import Author, Conversation, Reason
from bot.email_address import checked_address
from bot.ports import Bot, Changed


async def ask_person(bot: Bot, id: str, *, sender: str, cid: str) -> Changed:
    """ "Talk to a person": always works, whatever any model says."""
    here = await line.joining(bot, id, Reason.ASKED)

    def step(c: Conversation) -> Conversation:
        text, place = line.with_place(bot, here, c, bot.house.texts.say(f"handoff.{Reason.ASKED}", c.language))
        return c.handed_off(Reason.ASKED, at=bot.now(), text=text, sender=sender, cid=cid, data=place)

    return await bot.change(id, step, sender=sender, cid=cid)


async def leave_email(bot: Bot, id: str, email: str, *, sender: str, cid: str) -> Changed:
    """Raises Refused for what is no address."""
    address = checked_address(email)

    def step(c: Conversation) -> Conversation:
        text = bot.house.texts.say("email_left", c.language, email=address)
        return c.email_left(address, sender=sender, cid=cid, at=bot.now(), text=text)

    return await bot.change(id, step, sender=sender, cid=cid)


async def end(bot: Bot, id: str, *, sender: str, cid: str) -> Changed:
    def step(c: Conversation) -> Conversation:
        text = bot.house.texts.say("closed.customer", c.language)
        return c.closed(at=bot.now(), text=text, author=Author.CUSTOMER)

    return await bot.change(id, step, sender=sender, cid=cid)


async def rate(bot: Bot, id: str, score: int, *, about: int | None, comment: str, sender: str, cid: str) -> Changed:
    """Thumbs on the reply at `about`, or a score for the whole."""

    def step(c: Conversation) -> Conversation:
        return c.rated(score, sender=sender, cid=cid, at=bot.now(), about=about, comment=comment)

    return await bot.change(id, step, sender=sender, cid=cid)
