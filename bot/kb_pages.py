"""The knowledge base looked at and changed in the console: entries, what they used to say, and searching them.

An entry is what stands under one anchor: a question with its answer, or a section in one passage or several.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot import dialogue, retrieval
from bot.access import Agent
from bot.answer_draft import AnswerDraft, DraftStatus, shortcomings, tidy_answer, tidy_line, tidy_lines
from bot.answer_remarks import has_personal, remarks
from bot.catalogue import Browse, Change
from bot.errors import Conflict, NoIndex, NotFound, Refused
from bot.knowledge import Document, Hit, Passage, language_of
from bot.lint import Finding, passage_findings
from bot.overrides import Changes, Kind, Override, ids, text_of, worded
from bot.planning import Planned
from bot.ports import Bot, Store
from bot.retrieval import Found, Weighed

PAST = 50  # changes of an entry that are shown
CITED = timedelta(days=30)
SOON = timedelta(days=30)
FOUND = 10
LONGEST_SECTION = 20_000
ELSEWHERE = frozenset({"personal-data", "phone-number", "dead-link"})  # findings that need more than the entry


# ── looking ──


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in a list, by its first passage."""

    passage: Passage
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    total: int
    lines: tuple[Line, ...]


async def browse(bot: Bot, wanted: Browse, state: str = "live") -> Lines:
    """`state`: live, expiring, edited or disabled. Edited too is what is in no file any more."""
    made = await bot.overrides.overrides()
    if state in ("edited", "disabled"):
        return _overridden(made, wanted, Kind.EDIT if state == "edited" else Kind.DISABLE)
    if state == "expiring":
        today = bot.now().astimezone(bot.house.hours.zone).date()
        wanted = replace(wanted, ends_before=(today + SOON).isoformat(), begins_after=today.isoformat())
    found, by_anchor = await bot.catalogue.page(wanted), {one.anchor: one for one in made}
    return Lines(found.total, tuple(Line(one, by_anchor.get(one.anchor)) for one in found.entries))


def _overridden(made: Sequence[Override], wanted: Browse, kind: Kind) -> Lines:
    some = [Line(_shown(one), one) for one in made if one.action is kind and wanted.file in ("", one.path)]
    some = [one for one in some if wanted.language in ("", one.passage.language)]
    return Lines(len(some), tuple(some[wanted.offset : wanted.offset + wanted.limit]))


def _shown(one: Override) -> Passage:
    """Of one that is in no file any more, as much as we know."""
    said = one.worded()
    return said[0] if said else Passage(one.document, one.anchor, one.name, one.text, language_of(one.text))


@dataclass(frozen=True, slots=True)
class Entry:
    """`parts` are live; of a disabled entry, what would be. `file` is what its file says, as far as we know."""

    anchor: str
    parts: tuple[Passage, ...]
    file: tuple[Passage, ...]
    document: Document | None
    override: Override | None
    past: tuple[Change, ...]
    cited: int
    findings: tuple[Finding, ...]

    @property
    def is_live(self) -> bool:
        return self.override is None or (self.override.action is Kind.EDIT and not self.override.is_orphan)

    @property
    def first(self) -> Passage:
        return _shown(self.override) if self.override else self.parts[0]

    @property
    def version(self) -> str:
        """Changes with anything that somebody who decides about the entry has looked at."""
        one = self.override
        said = (*ids(self.parts), "", *ids(self.file), "", one.action if one else "", str(one.at) if one else "")
        return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:32]


async def entry(bot: Bot, anchor: str) -> Entry:
    """Raises NotFound."""
    found = await _entry(bot, anchor)
    past = await bot.catalogue.past(anchor, PAST)
    cited = await bot.catalogue.cited(anchor, bot.now() - CITED)
    return replace(found, past=tuple(past), cited=cited, findings=await bot.run(_findings, bot, found.parts))


async def _entry(bot: Bot, anchor: str) -> Entry:
    """What it takes to change it."""
    override = next((one for one in await bot.overrides.overrides() if one.anchor == anchor), None)
    live = tuple(await bot.catalogue.parts(anchor))
    parts = live or (override.worded() if override else ())
    if not parts and override is None:
        raise NotFound("there is no such entry, or no longer")
    document = await bot.catalogue.document(parts[0].document if parts else override.document if override else "")
    return Entry(anchor, parts, override.file if override else live, document, override, (), 0, ())


def _findings(bot: Bot, parts: Sequence[Passage]) -> tuple[Finding, ...]:
    now = bot.now().astimezone(bot.house.hours.zone)
    return tuple(one for one in passage_findings(parts, now) if one.code not in ELSEWHERE)


# ── searching ──


@dataclass(frozen=True, slots=True)
class Searched:
    """What the bot finds and what it would do; `for_agents` are hits that no customer is told."""

    found: Found
    weighed: Weighed
    decision: str  # answer | clarify | handoff
    for_agents: tuple[Hit, ...]


async def search(bot: Bot, query: str, language: str = "") -> Searched | None:
    """As the bot searches. None while there is no index."""
    language = language or language_of(query)
    try:
        found = await retrieval.search(bot, query, language=language, k=FOUND)
        weighed = await bot.run(retrieval.weigh, bot, found, language)
    except NoIndex:
        return None
    cut = weighed.thresholds
    decision = dialogue.decide(found.hits, weighed.score, language, bot.policy, cut, weighed.known)
    store: Any = _ForAgents(bot.store)
    every = await retrieval.search(replace(bot, store=store), query, language=language, k=FOUND)
    hidden: Mapping[str, Passage] = store.hidden
    more = tuple(replace(hit, passage=hidden[hit.passage.id]) for hit in every.hits if hit.passage.id in hidden)
    return Searched(found, weighed, type(decision).__name__.lower(), more)


class _ForAgents:
    """A store in which what is for agents only may be said, for reading."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.hidden: dict[str, Passage] = {}

    async def passages(self, ids: Sequence[str]) -> Mapping[str, Passage]:
        found = await self._store.passages(ids)
        self.hidden |= {id: one for id, one in found.items() if one.audience}
        return {id: replace(one, audience="") for id, one in found.items()}


# ── changing ──


@dataclass(frozen=True, slots=True)
class Wording:
    """As somebody wants it: tidied, as it would be read from a file."""

    title: str
    text: str
    phrasings: tuple[str, ...] = ()

    @classmethod
    def tidied(cls, title: str, text: str, phrasings: Sequence[str] = ()) -> "Wording":
        return cls(tidy_line(title), tidy_answer(text), tidy_lines(phrasings))


def faults(wording: Wording, first: Passage) -> tuple[str, ...]:
    """What forbids it, as sentences. A section's title is its path of headings, and stays."""
    if first.kind == "faq":
        draft = AnswerDraft("", DraftStatus.DRAFT, wording.title, wording.text, "en", wording.phrasings)
        return tuple(shortcomings(draft))
    if not any(c.isalnum() for c in wording.text):
        return ("The section is empty: disable it instead.",)
    if len(wording.text) > LONGEST_SECTION:
        return (f"The section is {len(wording.text)} characters long; {LONGEST_SECTION} is the most.",)
    return ()


async def check(bot: Bot, anchor: str, wording: Wording) -> tuple[str, ...]:
    """What to look at before it is published: what forbids it, and what only seems wrong."""
    found = await _entry(bot, anchor)
    said = worded(found.file or found.parts, wording.title, wording.text, wording.phrasings)
    texts = {"question": wording.title, "answer": wording.text, "other ways to ask": "\n".join(wording.phrasings)}
    known = ""
    if has_personal("\n".join(texts.values())):  # the shop's own address is nobody's secret
        known = "\n".join(passage.text for passage in await bot.store.live_passages())
    findings = await bot.run(_findings, bot, said)
    sentences = (*faults(wording, found.first), *remarks(texts, known), *(one.sentence for one in findings))
    return tuple(dict.fromkeys(sentences))


async def edited(bot: Bot, agent: Agent, anchor: str, version: str, wording: Wording) -> Planned:
    """What publishing this wording would change. Raises Refused, and Conflict when the entry was changed meanwhile."""
    found = await _looked_at(bot, anchor, version)
    if not found.file:
        raise Refused("This entry is in no file any more: make a new answer of it.")
    for sentence in faults(wording, found.first):
        raise Refused(sentence)
    said = worded(found.file, wording.title, wording.text, wording.phrasings)
    if ids(said) == ids(found.file):
        return await reverted(bot, agent, anchor, version)
    title = wording.title if found.first.kind == "faq" else found.first.title
    phrasings = wording.phrasings if found.first.kind == "faq" else ()
    override = _override(bot, agent, found, Kind.EDIT, title, wording.text, phrasings)
    return await _planned(bot, found, Changes(made=(override,)), override.live())


async def disabled(bot: Bot, agent: Agent, anchor: str, version: str) -> Planned:
    found = await _looked_at(bot, anchor, version)
    if not found.is_live:
        raise Refused("This entry is not live.")
    one = found.override
    override = _override(bot, agent, found, Kind.DISABLE, *((one.title, one.text, one.phrasings) if one else ()))
    return await _planned(bot, found, Changes(made=(override,)), ())


async def enabled(bot: Bot, agent: Agent, anchor: str, version: str) -> Planned:
    """As it was before it was disabled: edited, or as its file says."""
    found = await _looked_at(bot, anchor, version)
    one = found.override
    if one is None or one.action is not Kind.DISABLE:
        raise Refused("This entry is not disabled.")
    if not one.is_worded:
        return await reverted(bot, agent, anchor, version)
    override = _override(bot, agent, found, Kind.EDIT, one.title, one.text, one.phrasings)
    return await _planned(bot, found, Changes(made=(override,)), override.live())


async def reverted(bot: Bot, agent: Agent, anchor: str, version: str) -> Planned:
    """As its file says; of an entry that is in no file any more, nothing is kept."""
    found = await _looked_at(bot, anchor, version)
    dropped = (found.override,) if found.override else ()
    return await _planned(bot, found, Changes(dropped=dropped), found.file)


async def _looked_at(bot: Bot, anchor: str, version: str) -> Entry:
    found = await _entry(bot, anchor)
    if found.version != version:
        raise Conflict("This entry was changed meanwhile: look at it again.", "changed")
    return found


def _override(
    bot: Bot, agent: Agent, found: Entry, kind: Kind, title: str = "", text: str = "", phrasings: Sequence[str] = ()
) -> Override:
    key = found.file[0].document if found.file else found.first.document
    return Override(
        found.anchor, key, kind, found.file, ids(found.file), title, text, tuple(phrasings), agent.name, bot.now()
    )


async def _planned(bot: Bot, found: Entry, changes: Changes, wanted: Sequence[Passage]) -> Planned:
    """From what is live to what is wanted. Files are remembered as they were: none was read."""
    live = {one.id: one for one in await bot.catalogue.parts(found.anchor)}
    added = tuple(one for one in wanted if one.id not in live)
    staying = {one.id for one in wanted}
    removed = tuple(one for id, one in live.items() if id not in staying)
    documents = _documents(found, wanted)
    return Planned(documents, added, removed, live=len(await bot.store.live_ids()), overrides=changes)


def _documents(found: Entry, wanted: Sequence[Passage]) -> tuple[Document, ...]:
    """An FAQ entry is a document of its own; a page stays as it was written."""
    if found.document is None or not wanted or wanted[0].kind != "faq":
        return ()
    return (replace(found.document, title=wanted[0].title, text=text_of(wanted)),)
