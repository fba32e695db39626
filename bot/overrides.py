"""Entries that were edited or disabled in the console: what is live instead of what their files say, and their port.

A file is never written for it. An ingest of the file keeps the console's wording, unless it is told otherwise.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.content import Problem
from bot.knowledge import Document, Passage
from bot.splitting import split


class Edited(StrEnum):
    """What an ingest does with entries that were edited in the console."""

    SKIP = "skip"  # the console's wording stays; that the file says something newer is told
    OVERWRITE = "overwrite"  # the file wins, and the edit is dropped
    FAIL = "fail"  # nothing is changed where a file says something newer
    NONE = "none"  # what the files say is live; the edits are kept aside


class Kind(StrEnum):
    EDIT = "edit"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True)
class Override:
    """One entry, by its anchor. A disabled one keeps the wording it was edited to before, if it was."""

    anchor: str
    document: str
    action: Kind
    file: tuple[Passage, ...]  # what the file says, as far as we know; nothing: the entry is in no file any more
    seen: tuple[str, ...]  # the ids of what it said when somebody last decided
    title: str = ""
    text: str = ""
    phrasings: tuple[str, ...] = ()
    by: str = ""
    at: datetime | None = None

    @property
    def is_worded(self) -> bool:
        return bool(self.text)

    @property
    def is_newer(self) -> bool:
        """Whether the file says something else than when somebody last decided."""
        return ids(self.file) != self.seen

    @property
    def is_orphan(self) -> bool:
        return not self.file

    @property
    def path(self) -> str:
        return self.document.partition("#")[0]

    @property
    def name(self) -> str:
        return self.title or (self.file[0].title if self.file else self.anchor)

    def live(self) -> tuple[Passage, ...]:
        """What is answered from."""
        return () if self.action is Kind.DISABLE else self.worded()

    def worded(self) -> tuple[Passage, ...]:
        """What it says, were it not disabled."""
        return worded(self.file, self.title, self.text, self.phrasings) if self.is_worded else self.file


def worded(file: Sequence[Passage], title: str, text: str, phrasings: Sequence[str] = ()) -> tuple[Passage, ...]:
    """An entry in other words: one passage of an FAQ, as many as it takes of a section."""
    if not file:
        return ()
    first = file[0]
    if first.kind == "faq":
        return (replace(first, title=title, text=text, phrasings=tuple(phrasings)),)
    return tuple(replace(first, text=part, position=first.position + n) for n, part in enumerate(_parts(text)))


def _parts(text: str) -> Iterator[str]:
    """As a file's section is cut; what was cut once is not cut again elsewhere when it is put together."""
    yield from split(text.split("\n"))


def text_of(passages: Iterable[Passage]) -> str:
    """The parts of a section, one below the other."""
    return "\n\n".join(passage.text for passage in passages)


def ids(passages: Iterable[Passage]) -> tuple[str, ...]:
    return tuple(passage.id for passage in passages)


class Overrides(Protocol):
    """Which entries were edited or disabled. Every method is one transaction."""

    async def overrides(self) -> Sequence[Override]: ...
    async def put(self, override: Override) -> None:
        """Add it, or replace the one of the same anchor."""
        ...

    async def settle(self, kept: Sequence[Override], dropped: Sequence[Override]) -> None:
        """Of those kept, what their file says is noted; the others are dropped. One that somebody changed since it
        was read, by its time, stays as it is."""
        ...


# ── against what files say ──


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes of the overrides themselves when an ingest is carried out."""

    kept: tuple[Override, ...] = ()
    dropped: tuple[Override, ...] = ()
    made: tuple[Override, ...] = ()  # by somebody in the console, just now

    def __bool__(self) -> bool:
        return bool(self.kept or self.dropped or self.made)


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be live. `conflicts` are entries of which the file says something newer."""

    passages: tuple[Passage, ...]
    documents: tuple[Document, ...]
    changes: Changes = field(default_factory=Changes)
    notes: tuple[Problem, ...] = ()
    conflicts: tuple[Problem, ...] = ()


def settled(
    overrides: Sequence[Override],
    documents: Sequence[Document],
    passages: Sequence[Passage],
    edited: Edited = Edited.SKIP,
) -> Settled:
    """`passages` is all that the files of these overrides say."""
    said = _by_anchor(passages, {one.anchor for one in overrides})
    news = [replace(one, file=tuple(said.get(one.anchor, ()))) for one in overrides]
    conflicts = tuple(_conflict(one) for one in news if one.is_newer and not _is_taken_over(one))
    if edited is Edited.OVERWRITE:
        notes = tuple(_note(one, "the edit of “{}” in the console was dropped: the file says it now") for one in news)
        return Settled(tuple(passages), tuple(documents), Changes((), tuple(news)), notes, conflicts)
    over = [one for one in news if _is_taken_over(one)]
    kept = [one for one in news if not _is_taken_over(one)]
    changes = Changes(tuple(kept), tuple(over))
    notes = tuple(_note(one, "“{}” says what it was edited to in the console: the edit is dropped") for one in over)
    if edited is Edited.NONE:
        return Settled(tuple(passages), tuple(documents), changes, notes, conflicts)
    instead = {one.anchor: one for one in kept}
    return Settled(
        tuple(_instead(passages, instead)),
        tuple(_worded_document(one, instead) for one in documents),
        changes,
        notes + tuple(_told(one) for one in kept if one.is_newer),
        conflicts,
    )


def _by_anchor(passages: Iterable[Passage], anchors: Collection[str]) -> dict[str, list[Passage]]:
    found: dict[str, list[Passage]] = {}
    for passage in passages:
        if passage.anchor in anchors:
            found.setdefault(passage.anchor, []).append(passage)
    return found


def _is_taken_over(one: Override) -> bool:
    """The shop wrote it into its file."""
    return one.action is Kind.EDIT and bool(one.file) and ids(one.worded()) == ids(one.file)


def _instead(passages: Iterable[Passage], overrides: Mapping[str, Override]) -> Iterator[Passage]:
    done = set[str]()
    for passage in passages:
        if passage.anchor not in overrides:
            yield passage
        elif passage.anchor not in done:
            done.add(passage.anchor)
            yield from overrides[passage.anchor].live()


def _worded_document(document: Document, overrides: Mapping[str, Override]) -> Document:
    one = overrides.get(document.key)
    return replace(document, title=one.title, text=one.text) if one is not None and one.is_worded else document


def _told(one: Override) -> Problem:
    done = "disabled" if one.action is Kind.DISABLE else "edited"
    if one.is_orphan:
        return _note(one, f"“{{}}” was {done} in the console, and stands here no more: it is gone")
    stays = "it stays disabled" if one.action is Kind.DISABLE else "that wording stays"
    return _note(one, f"“{{}}” was {done} in the console, and the file says something newer: {stays} (--edited)")


def _conflict(one: Override) -> Problem:
    return _note(one, "“{}”")


def _note(one: Override, sentence: str) -> Problem:
    source = one.file[0].source if one.file else ""
    return Problem(source or one.path, sentence.format(one.name))
