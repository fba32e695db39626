"""What an agent does with a conversation: claim, say, note, tag, transfer, return to the bot, close.

Each is one `Bot.change`, compared with the version the agent saw, and the same for every retry of its `cid`.
"""

import asyncio
from collections.abc import Sequence

from bot.access import Action, Agent, may
from bot.conversation import Conversation, check_text
from bot.errors import Conflict, Forbidden, NotFound
from bot.knowledge import Citation
from bot.ports import Bot, Changed, Step


async def claim(bot: Bot, agent: Agent, id: str, *, cid: str, expected: int) -> Changed:
    """Take it. Of many at once exactly one succeeds; the others get Conflict, as does whoever has their hands full."""
    _allow(agent, Action.CLAIM)
    n_held = (await bot.inbox.held()).get(agent.id, 0)

    def step(c: Conversation) -> Conversation:
        if n_held >= agent.capacity:
            raise Conflict(f"you hold {n_held} conversations already", "capacity")
        text = bot.house.texts.say("claimed", c.language, agent=agent.name)
        return c.claimed(agent.id, agent.name, at=bot.now(), text=text)

    return await _change(bot, agent, id, cid, _at_version(expected, step))


async def say(bot: Bot, agent: Agent, id: str, text: str, *, cid: str, passages: Sequence[str] = ()) -> Changed:
    """A message to the customer; `passages` are cited with it, those that are live."""
    _allow(agent, Action.REPLY)
    citations = await _cited(bot, passages)

    def step(c: Conversation) -> Conversation:
        return c.said_by_agent(text, agent=agent.id, name=agent.name, cid=cid, at=bot.now(), citations=citations)

    return await _change(bot, agent, id, cid, step)


async def _cited(bot: Bot, ids: Sequence[str]) -> tuple[Citation, ...]:
    found = await bot.store.passages(ids) if ids else {}
    live = [found[id] for id in dict.fromkeys(ids) if id in found]
    return tuple(Citation(n, p.document, p.id, p.title, p.text, p.url, 1.0) for n, p in enumerate(live, start=1))


async def note(bot: Bot, agent: Agent, id: str, text: str, *, cid: str) -> Changed:
    _allow(agent, Action.REPLY)

    def step(c: Conversation) -> Conversation:
        return c.noted(text, agent=agent.id, name=agent.name, cid=cid, at=bot.now())

    return await _change(bot, agent, id, cid, step)


async def tag(bot: Bot, agent: Agent, id: str, tags: Sequence[str], *, cid: str) -> Changed:
    _allow(agent, Action.REPLY)

    def step(c: Conversation) -> Conversation:
        return c.tagged(tags, agent=agent.id, name=agent.name, cid=cid, at=bot.now())

    return await _change(bot, agent, id, cid, step)


async def give_back(bot: Bot, agent: Agent, id: str, *, cid: str, expected: int) -> Changed:
    """Back to the bot, which sees to what nobody answered."""
    _allow(agent, Action.REPLY)

    def step(c: Conversation) -> Conversation:
        return c.returned(at=bot.now(), text=bot.house.texts.say("returned", c.language), by=_holder(agent))

    async def change_and_wake() -> Changed:
        changed = await _change(bot, agent, id, cid, _at_version(expected, step))
        bot.wake(id)
        return changed

    # Shielded whole: a console that closes during the commit must not leave a question nobody sees to.
    return await asyncio.shield(change_and_wake())


async def transfer(bot: Bot, agent: Agent, id: str, to: str, *, cid: str, expected: int, text: str = "") -> Changed:
    """To a colleague, or (`to` empty) back into line as the first; `text` is a note for whoever takes it."""
    _allow(agent, Action.REPLY)
    note = text if text.strip() else ""
    if note:
        check_text(note)
    colleague = await _colleague(bot, to) if to else None

    def step(c: Conversation) -> Conversation:
        at, say = bot.now(), bot.house.texts.say
        if not to:
            line = say("requeued.transfer", c.language, agent=c.agent_name)
            return c.requeued("transfer", at=at, text=line, note=note, by=_holder(agent))
        if colleague is None:  # said here, where a retry of what was done before they left never comes
            raise NotFound("there is no such agent")
        line = say("transferred", c.language, agent=colleague.name)
        return c.transferred(colleague.id, colleague.name, at=at, text=line, note=note, by=_holder(agent))

    return await _change(bot, agent, id, cid, _at_version(expected, step))


async def _colleague(bot: Bot, id: str) -> Agent | None:
    agents = await bot.roster.agents()
    return next((agent for agent in agents if agent.id == id and agent.is_active), None)


async def close(bot: Bot, agent: Agent, id: str, *, cid: str, expected: int) -> Changed:
    _allow(agent, Action.REPLY)

    def step(c: Conversation) -> Conversation:
        line = bot.house.texts.say("closed", c.language)
        return c.closed(at=bot.now(), text=line, name=agent.name, by=_holder(agent))

    return await _change(bot, agent, id, cid, _at_version(expected, step))


# ── what they share ──


def _allow(agent: Agent, action: Action) -> None:
    if not may(agent, action):
        raise Forbidden(f"{agent.name} may not {action}")


def _holder(agent: Agent) -> str | None:
    """Who must hold it: the agent themselves, or anybody for those who may overrule."""
    return None if may(agent, Action.OVERRULE) else agent.id


def _at_version(expected: int, step: Step) -> Step:
    def at_version(c: Conversation) -> Conversation:
        if c.version != expected:
            raise Conflict(f"it has changed since version {expected}", "version")
        return step(c)

    return at_version


async def _change(bot: Bot, agent: Agent, id: str, cid: str, step: Step) -> Changed:
    return await bot.change(id, step, sender=agent.id, cid=cid)
