"""A customer's message in, a checked and cited reply out.

`receive` is quick: commit the message and wake the worker. `answer` is slow: plan, search, decide, compose, settle,
and commit the reply only if the bot still holds the conversation.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from time import perf_counter
from typing import Any

from bot import dialogue, line, mood, retrieval
from bot.compose import Draft, compose
from bot.conversation import Author, Conversation, Event, Evidence, Kind, Reason
from bot.dialogue import Answer, Ask, Clarify, HandOff, Hold, Reply, Say, Search
from bot.errors import Conflict, Refused, ServerFails
from bot.grounding import Verdict
from bot.hub import Draft as ShownDraft
from bot.hub import Typing
from bot.knowledge import Citation, Hit, cite, language_of, script_of
from bot.ports import Bot, Changed
from bot.prompt import Turn
from bot.taken_over import TakenOver, taken_over

OnDraft = Callable[[str, tuple[Citation, ...]], None]


async def receive(bot: Bot, conversation: str, text: str, *, sender: str, cid: str) -> Changed:
    """Commit what the customer said; the worker answers. The same `cid` again returns the first event."""

    def step(c: Conversation) -> Conversation:
        return c.said(text, sender=sender, cid=cid, at=bot.now())

    async def commit_and_wake() -> Changed:
        changed = await bot.change(conversation, step, sender=sender, cid=cid)
        bot.wake(conversation)
        return changed

    # Shielded whole: a socket that closes during the commit must not leave a question nobody sees to.
    return await asyncio.shield(commit_and_wake())


# ── what to say, without saying it: also used by `bot ask` and `bot evaluate` ──


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the bot has to say to one question, with all that led to it."""

    text: str
    source: str  # generated | extractive | verbatim | canned | clarify | handoff
    citations: tuple[Citation, ...] = ()
    options: tuple[str, ...] = ()
    reason: Reason | None = None  # set when a person must take over
    evidence: Evidence = field(default_factory=lambda: Evidence("", "", "", ""))


@dataclass(frozen=True, slots=True)
class _Part:
    """One question of a message: what was found, decided and drafted for it."""

    ask: Ask
    hits: tuple[Hit, ...]
    weighed: retrieval.Weighed
    decision: dialogue.Decision
    reply: Reply | HandOff | None
    draft: Draft
    generation: str
    timings: Mapping[str, float]
    by_words: bool = False


async def think(
    bot: Bot, conversation: Conversation, question: Event, on_draft: OnDraft = lambda t, c: None
) -> Outcome:
    """Plan, search, decide, compose and settle one question. Changes nothing; raises what the models raise."""
    started = perf_counter()
    plan = dialogue.plan(conversation, question)
    if isinstance(plan, Search) and bot.moods is not None and retrieval.reads(bot, plan.language):
        with suppress(ServerFails):  # by keywords, then, as without an embedder
            heard = await bot.run(bot.moods.hear, mood.spoken(question.text))
            plan = dialogue.heed(plan, heard, conversation, question)
    language = plan.language if isinstance(plan, Search) else _language(conversation, question)
    match plan:
        case Hold():
            return Outcome("", "hold")
        case Say(key, offer_person):
            options = _offered(bot, language) if offer_person else ()
            text = bot.house.texts.say(key, language)
            return Outcome(text, "canned", options=options, evidence=_small(question, key, started))
        case HandOff(reason):
            return _handed_off(bot, reason, language, _small(question, reason.value, started))
        case Search(asks, language):
            history = turns_before(conversation, question)
            parts: list[_Part] = []
            for part in asks:
                shown = _joined_replies(parts)
                show = _after(shown, on_draft)
                parts.append(await _find_and_compose(bot, part, language, history, show, conversation.id))
            return _outcome(bot, question, parts, plan, started)


def _language(conversation: Conversation, question: Event) -> str:
    from_text = language_of(question.text)
    return from_text if any(c.isalpha() for c in question.text) else conversation.language


def _small(question: Event, decision: str, started: float) -> Evidence:
    return Evidence(question.text, "", decision, "canned", timings={"total": (perf_counter() - started) * 1_000})


def _offered(bot: Bot, language: str) -> tuple[str, ...]:
    """A button that asks for a person, unless the shop has switched it off."""
    return tuple(filter(None, [bot.house.texts.say("person", language)]))


def _handed_off(bot: Bot, reason: Reason, language: str, evidence: Evidence) -> Outcome:
    text = bot.house.texts.say(f"handoff.{reason}", language)
    return Outcome(text, "handoff", reason=reason, evidence=replace(evidence, source="handoff"))


def turns_before(conversation: Conversation, question: Event) -> list[Turn]:
    return [Turn(e.author is Author.CUSTOMER, e.text) for e in conversation.before(question.seq)[-dialogue.HISTORY :]]


def _after(shown: Reply | None, on_draft: OnDraft) -> OnDraft:
    """The draft of a further part stands below the parts that are done."""

    def show(text: str, citations: tuple[Citation, ...]) -> None:
        both = _merge([shown, Reply(text, citations, "generated")]) if shown else Reply(text, citations, "generated")
        on_draft(both.text, both.citations)

    return show


async def _find_and_compose(
    bot: Bot, ask: Ask, language: str, history: Sequence[Turn], on_draft: OnDraft, conversation: str
) -> _Part:
    found = await retrieval.search(bot, ask.question, language=language, context=ask.context, may_lack=True)
    weighed = await bot.run(retrieval.weigh, bot, found, language)  # what it reads may be the disk
    decision = dialogue.decide(found.hits, weighed.score, language, bot.policy, weighed.thresholds, weighed.known)
    if not isinstance(decision, Answer):
        return _Part(ask, found.hits, weighed, decision, None, Draft(), found.generation, found.timings, found.by_words)

    def show(text: str, verdicts: Sequence[Verdict]) -> None:
        on_draft(text, _citations(verdicts, decision.hits))

    # What is not in the customer's language is quoted as it stands, and never goes through the composer.
    is_foreign = script_of(decision.hits[0].passage.language) != script_of(language)
    draft = Draft() if is_foreign else await compose(bot, ask.question, decision.hits, history, show, conversation)
    reply = dialogue.settle(draft.verdicts, decision.hits, ask.question, bot.policy, draft.excerpt)
    if is_foreign and isinstance(reply, Reply):
        note = bot.house.texts.say("other_language", language)
        reply = replace(reply, text="\n\n".join(filter(None, [note, reply.text])))
    timings = {
        **found.timings,
        "first_sentence": draft.first_ms or draft.total_ms,
        "excerpt": draft.excerpt_ms,
        "generate": draft.total_ms - draft.guard_ms - draft.excerpt_ms,
        "guard": draft.guard_ms,
    }
    return _Part(ask, found.hits, weighed, decision, reply, draft, found.generation, timings, found.by_words)


def _citations(verdicts: Sequence[Verdict], hits: Sequence[Hit]) -> tuple[Citation, ...]:
    return cite([hits[index] for index in dict.fromkeys(v.passage for v in verdicts if v.passage is not None)])


def _merge(replies: Sequence[Reply]) -> Reply:
    """Several replies as one: texts below each other, citations numbered through, each passage once."""
    cited = {c.passage: c for reply in replies for c in reply.citations}
    citations = tuple(replace(c, position=n) for n, c in enumerate(cited.values(), start=1))
    sources = {reply.source for reply in replies}
    source = next(one for one in ("generated", "extractive", "verbatim") if one in sources)
    return Reply("\n\n".join(reply.text for reply in replies), citations, source)


def _joined_replies(parts: Sequence[_Part]) -> Reply | None:
    replies = [part.reply for part in parts if isinstance(part.reply, Reply)]
    return _merge(replies) if replies else None


def _outcome(bot: Bot, question: Event, parts: Sequence[_Part], search: Search, started: float) -> Outcome:
    language, otherwise = search.language, search.otherwise
    evidence = _evidence(bot, question, parts, language, started)
    reply, say = _joined_replies(parts), bot.house.texts.say
    person = _offered(bot, language) if search.offers_person or otherwise is not Reason.NO_ANSWER else ()
    if reply is not None:
        lines = [say("partly", language, question=p.ask.question) for p in parts if not isinstance(p.reply, Reply)]
        text = "\n\n".join(filter(None, [reply.text, *lines]))
        options = _offered(bot, language) if lines else person
        return Outcome(text, reply.source, reply.citations, options, evidence=replace(evidence, source=reply.source))
    offered = [option for p in parts if isinstance(p.decision, Clarify) for option in p.decision.options]
    if offered and otherwise in (Reason.NO_ANSWER, Reason.ASKED):  # nobody in a mood is asked what they meant
        # Where a person may be wanted, a person is one of the answers.
        near = (*tuple(dict.fromkeys(offered))[: bot.policy.options - len(person)], *person)
        return Outcome(say("clarify", language), "clarify", options=near, evidence=replace(evidence, source="clarify"))
    return _handed_off(bot, otherwise, language, evidence)


def _evidence(bot: Bot, question: Event, parts: Sequence[_Part], language: str, started: float) -> Evidence:
    surest = max((part.weighed for part in parts), key=lambda weighed: weighed.score)
    totals: dict[str, float] = {}
    for part in parts:
        for stage, ms in part.timings.items():
            totals[stage] = round(totals.get(stage, 0.0) + ms, 2)
    totals["total"] = round((perf_counter() - started) * 1_000, 2)
    return Evidence(
        question=question.text,
        query=" | ".join(part.ask.query for part in parts),
        decision=" | ".join(type(part.decision).__name__.lower() for part in parts),
        source="",
        hits=tuple(_hit(hit) for part in parts for hit in part.hits),
        thresholds={"answer": surest.thresholds.answer, "suggest": surest.thresholds.suggest},
        score=surest.score,
        prompt="\n\n".join(part.draft.prompt for part in parts if part.draft.prompt),
        draft="\n\n".join(part.draft.text for part in parts if part.draft.text),
        drafts=_each_draft([part.draft for part in parts if part.draft.prompt]),
        verdicts=tuple(_verdict(verdict, part, parts) for part in parts for verdict in part.draft.verdicts),
        timings=totals,
        generation=parts[0].generation,
        models={"embedder": bot.embedder.name, "generator": bot.generator.name},
        error="; ".join(dict.fromkeys(_wrong(parts))),
    )


def _each_draft(drafts: Sequence[Draft]) -> tuple[Mapping[str, str], ...]:
    return tuple({"prompt": one.prompt, "draft": one.text} for one in drafts) if len(drafts) > 1 else ()


def _wrong(parts: Sequence[_Part]) -> Iterator[str]:
    for part in parts:
        yield from filter(None, ["searched by words alone: the embedder failed" * part.by_words, part.draft.error])


def _verdict(verdict: Verdict, part: _Part, parts: Sequence[_Part]) -> Mapping[str, Any]:
    """`passage` as an index into the hits of all parts, as the evidence keeps them."""
    if verdict.passage is None or not isinstance(part.decision, Answer):
        return asdict(verdict)
    carrying = part.decision.hits[verdict.passage].passage.id
    ids = [hit.passage.id for one in parts for hit in one.hits]
    return {**asdict(verdict), "passage": ids.index(carrying)}


def _hit(hit: Hit) -> Mapping[str, Any]:
    return {
        "passage": hit.passage.id,
        "anchor": hit.passage.anchor,
        "title": hit.passage.title,
        "score": round(hit.score, 4),
        "dense": round(hit.dense, 4),
        "lexical": round(hit.lexical, 4),
        "coverage": round(hit.coverage, 4),
        "words": round(hit.words, 4),
    }


# ── saying it ──


async def answer(bot: Bot, conversation_id: str) -> bool:
    """Answer the oldest question the bot owes here. False when it owes none (any more)."""
    with taken_over(bot, conversation_id) as taken:  # listening before reading: what happens in between is heard
        conversation = await bot.store.conversation(conversation_id)
        if not conversation.unanswered:
            return False
        question = conversation.unanswered[0]
        bot.hub.publish(conversation_id, Typing(Author.BOT, True))
        try:
            drafts = _drafts(bot, conversation, question, taken)
            outcome = await taken.unless(conversation.head, think(bot, conversation, question, drafts))
        except Exception as error:
            outcome = _failed(bot, conversation, question, error)
        finally:
            bot.hub.publish(conversation_id, Typing(Author.BOT, False))
    if outcome is None:
        bot.hub.withdraw(conversation_id)
        return True
    try:
        await _commit(bot, conversation_id, question, outcome)
    except Refused as error:  # a reply no store can hold: trying again would never end
        await _commit(bot, conversation_id, question, _failed(bot, conversation, question, error))
    return True


def _drafts(bot: Bot, conversation: Conversation, question: Event, taken: TakenOver) -> OnDraft:
    """Shows drafts to whoever watches, until a person takes over: then the bot says no further word."""
    numbers = count()

    def on_draft(text: str, citations: tuple[Citation, ...]) -> None:
        if not taken.since(conversation.head):
            bot.hub.publish(conversation.id, ShownDraft(question.seq, next(numbers), text, citations))

    return on_draft


def _failed(bot: Bot, conversation: Conversation, question: Event, error: Exception) -> Outcome:
    """A failure becomes a hand-off; the customer reads nothing of it, the evidence all."""
    evidence = Evidence(question.text, "", "failure", "handoff", error=f"{type(error).__name__}: {error}"[:500])
    return _handed_off(bot, Reason.FAILURE, _language(conversation, question), evidence)


async def _commit(bot: Bot, conversation_id: str, question: Event, outcome: Outcome) -> None:
    """Add the reply to the newest state, if the bot still holds it and still owes this answer."""
    here = await line.joining(bot, conversation_id, outcome.reason) if outcome.reason is not None else None

    def step(newest: Conversation) -> Conversation:
        if question.seq not in {owed.seq for owed in newest.unanswered}:
            raise Conflict("somebody else has it now")
        if outcome.reason is not None:
            text, place = line.with_place(bot, here, newest, outcome.text)
            return newest.handed_off(
                outcome.reason, at=bot.now(), text=text, answers=question.seq, evidence=outcome.evidence, data=place
            )
        return newest.replied(
            outcome.text, answers=question.seq, at=bot.now(), citations=outcome.citations, options=outcome.options,
            data={"source": outcome.source}, evidence=outcome.evidence,
        )  # fmt: skip

    try:
        await bot.change(conversation_id, step)
    except Conflict:
        bot.hub.withdraw(conversation_id)


async def ask(bot: Bot, text: str, earlier: Sequence[Event] = (), language: str = "en") -> Outcome:
    """One question outside any stored conversation: for the command line and for evaluation."""
    seq = len(earlier) + 1
    question = Event(seq, Kind.MESSAGE, Author.CUSTOMER, bot.now(), text=text)
    conversation = Conversation("", "", "", head=seq, language=language, events=(*earlier, question))
    return await think(bot, conversation, question)
