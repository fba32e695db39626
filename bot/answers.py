"""What a person taught goes back into the knowledge base: suggest an answer, edit it, look at what is near, publish.

Publishing writes the answer into a Markdown file and ingests that file, so that `bot ingest` of it finds nothing to
do. What goes wrong after the file was written is mended by the next publication or the next `bot ingest`.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot import answer_file, contradictions, retrieval
from bot.access import Action, Agent, may
from bot.answer_draft import (
    AnswerDraft,
    DraftStatus,
    as_phrasings,
    as_question,
    require_complete,
    shortcomings,
    tidy_answer,
)
from bot.answer_remarks import has_personal, remarks
from bot.conversation import Author, Event, Kind
from bot.desk import AnswerSource
from bot.errors import BotError, Conflict, Forbidden, NoIndex, NotFound, Refused, Unavailable
from bot.indexing import content_digest
from bot.ingest import Report, ingest
from bot.knowledge import Document, Hit, Passage, language_of
from bot.planning import Scope, path_of, place, place_of
from bot.ports import Bot

__all__ = [
    "AnswerDraft", "Checked", "DraftStatus", "NearConflict", "check", "dismiss", "edit", "publish", "suggest",
    "suggest_for",
]  # fmt: skip

SHOWN = 5  # nearest passages
COMPARED = 10  # hits of each search that are looked through for contradictions
NEAR = 0.8  # cosine from which two questions mean the same
ANSWERED_ALREADY = "This question is answered already."
NEAR_WORDS = 0.7  # the same, as a share of the words, where the embedder does not read the language
LONGEST_QUERY = 400

log = logging.getLogger(__name__)


# ── suggest ──


async def suggest(
    bot: Bot, agent: Agent, conversation: str, question_seq: int, reply_seq: int | None = None
) -> AnswerDraft:
    """A draft from what a customer asked and what was replied. The customer's wording stays, as a way to ask it."""
    question = await _message(bot, conversation, question_seq)
    if question.author is not Author.CUSTOMER:
        raise Refused(f"Message {question_seq} was not written by the customer.")
    reply = await _message(bot, conversation, reply_seq) if reply_seq is not None else None
    if reply is not None and (reply.author is Author.CUSTOMER or reply.seq < question.seq):
        raise Refused(f"Message {reply_seq} is no reply to message {question_seq}.")
    language = language_of(question.text)
    return await _add(bot, agent, [question.text], reply.text if reply else "", language, conversation)


async def _message(bot: Bot, conversation: str, seq: int) -> Event:
    events = await bot.store.events(conversation, seq - 1, 1)
    if not events or events[0].seq != seq or events[0].kind is not Kind.MESSAGE:
        raise NotFound(f"there is no message {seq} in this conversation")
    return events[0]


async def suggest_for(
    bot: Bot, agent: Agent, question: str, *, answer: str = "", language: str = "", examples: Sequence[str] = ()
) -> AnswerDraft:
    """A draft for a question that several customers asked; their wordings become ways to ask it."""
    return await _add(bot, agent, [question, *examples], answer, language or language_of(question))


async def _add(
    bot: Bot, agent: Agent, asked: Sequence[str], answer: str, language: str, conversation: str | None = None
) -> AnswerDraft:
    draft = AnswerDraft(
        secrets.token_hex(16), DraftStatus.DRAFT, as_question(asked[0]), tidy_answer(answer), language,
        as_phrasings(asked), conversation=conversation, agent_id=agent.id, agent_name=agent.name, created_at=bot.now(),
    )  # fmt: skip
    await bot.drafts.add_draft(draft)
    return draft


# ── edit, dismiss ──


async def edit(
    bot: Bot,
    agent: Agent,
    id: str,
    *,
    question: str,
    answer: str,
    language: str,
    phrasings: Sequence[str] = (),
    category: str = "",
) -> AnswerDraft:
    """Raises Refused with a sentence. A published answer that was edited is a draft until it is published again."""

    def step(draft: AnswerDraft) -> AnswerDraft:
        is_own = draft.agent_id == agent.id and not draft.passage
        if not (is_own or may(agent, Action.PUBLISH)):
            raise Forbidden("this answer is a colleague's, or was published: a supervisor may change it")
        return draft.edited(question=question, answer=answer, language=language, phrasings=phrasings, category=category)

    return await bot.drafts.change_draft(id, step)


async def dismiss(bot: Bot, id: str) -> AnswerDraft:
    def step(draft: AnswerDraft) -> AnswerDraft:
        if draft.passage:
            name = answer_file.NAMES[draft.language]
            raise Conflict(f"It stands in {name}: take its entry out there and run `bot ingest` to take it back.")
        return replace(draft, status=DraftStatus.DISMISSED)

    return await bot.drafts.change_draft(id, step)


# ── check ──


@dataclass(frozen=True, slots=True)
class NearConflict:
    passage: Passage
    why: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What to look at before publishing. Nothing here forbids it."""

    nearest: tuple[Hit, ...]
    conflicts: tuple[NearConflict, ...]
    problems: tuple[str, ...]


async def check(bot: Bot, draft: AnswerDraft) -> Checked:
    near = await _near(bot, draft, draft.question)
    about = await _near(bot, draft, draft.answer[:LONGEST_QUERY])
    asked = {hit.passage.id for hit in near}
    others = [hit for hit in about if hit.passage.id not in asked]
    conflicts = await bot.run(_conflicts, draft, near, others)
    return Checked(near[:SHOWN], conflicts, tuple(dict.fromkeys(await _problems(bot, draft))))


async def _near(bot: Bot, draft: AnswerDraft, query: str) -> tuple[Hit, ...]:
    """What the bot would find, but for what was published of this very draft."""
    if not query.strip():
        return ()
    try:
        found = await retrieval.search(bot, query, language=draft.language, k=COMPARED)
    except NoIndex:
        return ()
    return tuple(hit for hit in found.hits if hit.passage.document != draft.document)


def _conflicts(draft: AnswerDraft, near: Sequence[Hit], others: Sequence[Hit]) -> tuple[NearConflict, ...]:
    """`near` were found by the question, so their scores tell how near the questions are; `others` by the answer."""
    found = [(hit.passage, _conflict(draft, hit.passage, is_near=_is_near(hit))) for hit in near]
    found += [(hit.passage, _conflict(draft, hit.passage, is_near=False)) for hit in others]
    return tuple(NearConflict(passage, why) for passage, why in found if why)


def _is_near(hit: Hit) -> bool:
    return hit.passage.kind == "faq" and (hit.dense >= NEAR if hit.dense else hit.coverage >= NEAR_WORDS)


def _conflict(draft: AnswerDraft, passage: Passage, *, is_near: bool) -> str:
    mine, theirs = (draft.question, draft.answer), (passage.title, passage.text)
    why = contradictions.contradiction(mine, theirs, is_near=is_near) if draft.answer else ""
    if any(contradictions.asks_the_same(draft.question, one) for one in (passage.title, *passage.phrasings)):
        return f"{ANSWERED_ALREADY} {why}".strip()
    return why


async def _problems(bot: Bot, draft: AnswerDraft) -> list[str]:
    problems = list(shortcomings(draft))
    if not problems:
        try:
            await _require_untouched(bot, draft, await _compose(bot, draft), notes_it=False)
        except (Refused, Conflict) as error:
            problems.append(str(error))
    texts = {"question": draft.question, "answer": draft.answer, "other ways to ask": "\n".join(draft.phrasings)}
    known = ""
    if has_personal("\n".join(texts.values())):  # the shop's own address is nobody's secret
        known = "\n".join(passage.text for passage in await bot.store.live_passages())
    return [*problems, *remarks(texts, known)]


# ── publish ──


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a file is to hold. It is a source for `ingest`, which so reads what was checked, and not the disk again."""

    name: str
    source: AnswerSource
    before: str | None
    after: str
    passage: Passage

    @property
    def origin(self) -> str:
        return self.source.origin

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def scope(self) -> Scope:
        return Scope(self.origin, self.path, self.source.gone)

    @property
    def fields(self) -> Mapping[str, str]:
        return {}

    def data(self) -> bytes:
        return self.after.encode()


async def publish(bot: Bot, id: str) -> AnswerDraft:
    """Write the answer into its file, and answer from it. Done when it is answerable.

    Raises Refused or Conflict with nothing written, or Unavailable with a sentence that says what was done.
    """
    return await asyncio.shield(_publish(bot, id))  # a browser that goes away must not stop it halfway


async def _publish(bot: Bot, id: str) -> AnswerDraft:
    async with bot.answer_files.lock():
        draft = await bot.drafts.draft(id)
        if draft.status is DraftStatus.DISMISSED:
            raise Conflict("This answer was dismissed: edit it first, then it is a draft again.")
        require_complete(draft)
        planned = await _compose(bot, draft)
        await _require_untouched(bot, draft, planned)
        if planned.after != planned.before:
            await bot.answer_files.write(planned.name, planned.after)
        passage = planned.passage
        await bot.drafts.change_draft(id, lambda one: replace(one, passage=passage.id, document=passage.document))
        await _follow(bot, planned, draft)
        return await bot.drafts.change_draft(id, lambda one: _published(bot, one, draft))


def _published(bot: Bot, newest: AnswerDraft, written: AnswerDraft) -> AnswerDraft:
    """Unless somebody edited it meanwhile: what they wrote is not in the file."""
    if newest.content != written.content or newest.status is DraftStatus.PUBLISHED:
        return newest
    return replace(newest, status=DraftStatus.PUBLISHED, published_at=bot.now())


async def _compose(bot: Bot, draft: AnswerDraft) -> _Planned:
    name = answer_file.NAMES[draft.language]
    held = await bot.store.documents()
    source = await bot.answer_files.source(name, sorted({document.origin for document in held}))
    _require_free_name(held, source)
    before = await bot.answer_files.read(name)
    composed = answer_file.composed(before, draft, source.path, _anchor(draft))
    return _Planned(name, source, before, composed.text, composed.passage)


def _require_free_name(held: Sequence[Document], source: AnswerSource) -> None:
    scope = Scope(source.origin, source.path, source.gone)
    for document in held:
        is_namesake = path_of(document) == source.path
        if (
            is_namesake
            and not scope.covers(document.origin, path_of(document))
            and place_of(document) != place(source.origin, source.path)
        ):
            raise Refused(
                f"The knowledge base has a file {source.path} from {document.origin} already: rename that one."
            )


def _anchor(draft: AnswerDraft) -> str:
    return draft.document.partition("#")[2]


async def _require_untouched(bot: Bot, draft: AnswerDraft, planned: _Planned, *, notes_it: bool = True) -> None:
    """What a person wrote into the entry by hand is replaced only after they were told."""
    path = draft.document.partition("#")[0]  # its folder may go by another name now
    standing = answer_file.entries(planned.before or "", path).get(_anchor(draft)) if draft.document else None
    if standing is None or standing.passage.id == draft.passage or planned.after == planned.before:
        return
    if notes_it:
        await bot.drafts.change_draft(draft.id, lambda one: replace(one, passage=standing.passage.id))
    raise Conflict(
        f"“{standing.passage.title}” was changed by hand in {planned.name} after it was published from here. "
        "Look at it there; publish once more to replace it."
    )


async def _follow(bot: Bot, planned: _Planned, draft: AnswerDraft) -> None:
    """Make the knowledge base hold what the file says. Raises Unavailable."""
    try:
        await _drop_override(bot, planned.passage.anchor)
        report = await ingest(bot, [planned], [planned.scope])
        if not await _is_answerable(bot, planned.passage.id, report):
            raise Unavailable("another ingest came between")
    except Exception as error:
        if not isinstance(error, BotError):
            log.exception("the index could not be built")
        reason = str(error) if isinstance(error, BotError) else "the index could not be built"
        raise Unavailable(
            f"“{draft.question}” stands in {planned.name} now, but cannot be answered from yet: {reason}. "
            "Publish it again, or run `bot ingest` on the folder of that file."
        ) from error


async def _drop_override(bot: Bot, anchor: str) -> None:
    """What is published here goes before what the entry was edited to elsewhere in the console."""
    mine = [one for one in await bot.overrides.overrides() if one.anchor == anchor]
    if mine:
        await bot.overrides.settle((), mine)


async def _is_answerable(bot: Bot, passage: str, report: Report) -> bool:
    """Live, and in the generation that is served now: ours, or a later one that agrees with SQL."""
    live = await bot.store.live_passages()
    index = await bot.run(bot.indexes.current)
    is_ours = report.manifest is not None and index.manifest.generation == report.manifest.generation
    return any(one.id == passage for one in live) and (is_ours or index.manifest.content == content_digest(live))
