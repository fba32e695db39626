"""What an ingest would change: files against what the store holds. No models, nothing written."""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot import faq
from bot.content import COMMAS, CsvFormat, HeldFile, Problem, Source, SourceFile, Sources
from bot.errors import Refused
from bot.faq import Parsed
from bot.knowledge import Document, Passage
from bot.overrides import Changes, Edited, Override, settled
from bot.ports import Store

MOST_REMOVED = 0.2  # of the passages, before somebody is asked
NAMED = 10  # entries in one sentence
READING = "1"  # how files are read: raised when the same file would give other passages


# Each file with what it holds, in the order of the files; the members of a container follow it as files of their own.
Parse = Callable[[Iterable[SourceFile], CsvFormat], Iterable[tuple[SourceFile, Parsed]]]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an ingest speaks for: everything below `prefix` of one origin. The rest of the knowledge base stays.

    Origins that are `gone` (the folder was moved) count as this one.
    """

    origin: str
    prefix: str = ""
    gone: frozenset[str] = frozenset()

    def covers(self, origin: str, path: str) -> bool:
        inside = not self.prefix or path == self.prefix or path.startswith(self.prefix.rstrip("/") + "/")
        return inside and (origin == self.origin or origin in self.gone)


@dataclass(frozen=True, slots=True)
class Planned:
    """What an ingest would change."""

    documents: tuple[Document, ...] = ()
    added: tuple[Passage, ...] = ()
    removed: tuple[Passage, ...] = ()
    updated: tuple[Passage, ...] = ()  # the same words, at another place or for another time or audience
    unchanged: int = 0
    live: int = 0  # passages there are now, of all sources
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    sources: Sources = field(default_factory=Sources)
    overrides: Changes = field(default_factory=Changes)

    @property
    def changes(self) -> bool:
        """Whether other words would be found: what is only updated changes no index."""
        return bool(self.added or self.removed)

    @property
    def taken_out(self) -> int:
        """Passages that go, and nothing comes in their place."""
        changed = {passage.anchor for passage in self.added}
        return sum(passage.anchor not in changed for passage in self.removed)

    @property
    def is_much(self) -> bool:
        """Whether so much would go that somebody should be asked."""
        return self.taken_out > MOST_REMOVED * self.live


def parsed_here(files: Iterable[SourceFile], csv_format: CsvFormat) -> Iterator[tuple[SourceFile, Parsed]]:
    """Markdown, in this process: for files that we wrote ourselves."""
    for file in files:
        try:
            yield file, faq.parse(file.data().decode("utf-8"), file.path)
        except (OSError, UnicodeDecodeError) as error:
            yield file, unread(file.path, _why(error), _line_of(error))


def unread(path: str, why: str, line: int = 1) -> Parsed:
    problem = Problem(f"{path}:{line}", f"{why}; what was ingested from it before is kept")
    return Parsed(problems=(problem,), is_unread=True)


def _why(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "this is not UTF-8 text: save the file as UTF-8"
    return f"cannot be read ({error.strerror or 'unknown reason'})"


def _line_of(error: OSError | UnicodeDecodeError) -> int:
    return bytes(error.object[: error.start]).count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1


def digest_of(data: bytes, csv_format: CsvFormat, said: Mapping[str, str]) -> str:
    """Of a file with all that decides how it is read."""
    how = f"{READING}\x1f{csv_format.delimiter}\x1f{csv_format.has_header}\x1f{sorted(said.items())}\x1f"
    return hashlib.sha256(how.encode() + data).hexdigest()


# ── reading what changed ──

Place = tuple[str, str]  # origin and path


@dataclass(slots=True)
class _Read:
    """What the files hold: of those that changed all of it, of the others only that they did not."""

    same: list[Source] = field(default_factory=list)
    digests: dict[Place, str] = field(default_factory=dict)  # of those that changed; "" where one could not be read
    seen: set[Place] = field(default_factory=set)  # files and members that were parsed
    unread: set[Place] = field(default_factory=set)
    documents: list[Document] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def replaced(self, ours: Iterable[Document]) -> set[str]:
        """The keys of those whose file was read anew, or is gone: it, or the container it is in, did not stay."""
        stays = {place(one.origin, one.path) for one in self.same} | {place(*one) for one in self.unread}
        return {
            one.key for one in ours if not any(place(one.origin, part) in stays for part in _and_above(path_of(one)))
        }


def _and_above(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _read(files: Iterable[SourceFile], known: Mapping[Place, Source], csv_format: CsvFormat, parse: Parse) -> _Read:
    read = _Read()
    for file, parsed in parse(_changed(files, known, csv_format, read), csv_format):
        place = (file.origin, file.path)
        read.seen.add(place)
        if parsed.is_unread:
            read.unread.add(place)
        read.documents += [replace(document, origin=file.origin) for document in parsed.documents]
        read.passages += parsed.passages
        read.problems += parsed.problems
        read.notes += parsed.notes
    return read


def _changed(
    files: Iterable[SourceFile], known: Mapping[Place, Source], csv_format: CsvFormat, read: _Read
) -> Iterator[SourceFile]:
    for file in files:
        place = (file.origin, file.path)
        try:
            data = file.data()
        except OSError:
            read.digests[place] = ""
            yield file  # who parses it says what is wrong with it
            continue
        digest = digest_of(data, csv_format, file.fields)
        if place in known and known[place].digest == digest:
            read.same.append(known[place])
        else:
            read.digests[place] = digest
            yield HeldFile(file.origin, file.path, data, file.fields)  # not read again


# ── against what is held ──


async def plan(
    store: Store,
    files: Iterable[SourceFile],
    scopes: Sequence[Scope],
    csv_format: CsvFormat = COMMAS,
    parse: Parse = parsed_here,
    overrides: Sequence[Override] = (),
    edited: Edited = Edited.SKIP,
) -> Planned:
    """Raises what the store raises, and Refused for what `edited` forbids. What is wrong with a file is a problem, and
    what it held stays. Files of `overrides` are read whether they changed or not."""
    known = {(one.origin, one.path): one for one in await store.sources()}
    anew = {part for one in overrides for part in _and_above(one.path)}
    unchanging = {place: one for place, one in known.items() if one.path not in anew}
    read = await asyncio.to_thread(_read, files, unchanging, csv_format, parse)
    gone = _gone(known, scopes, read)
    if not read.digests and not gone and read.same:
        return Planned(unchanged=sum(one.passages for one in read.same), live=len(await store.live_ids()))
    held = await store.documents()
    ours = _ours(held, scopes, read)
    live = await store.live_passages()
    taken = {path_of(one): one.origin for one in set(held) - set(ours)}
    replaced = read.replaced(ours)
    wanted = settled(
        _concerned(overrides, read, gone, taken),
        [one for one in read.documents if path_of(one) not in taken],
        [passage for passage in read.passages if _file_of(passage) not in taken],
        edited,
    )
    if edited is Edited.FAIL and wanted.conflicts:
        raise Refused(_refusal(wanted.conflicts))
    change = faq.diff({passage.id: passage for passage in live if passage.document in replaced}, wanted.passages)
    by_id = {passage.id: passage for passage in live}
    staying = {one.key for one in ours} - replaced
    collisions = _collisions(read.documents, taken)
    problems = (*read.problems, *collisions)
    return Planned(
        wanted.documents,
        change.added,
        tuple(by_id[id] for id in change.removed),
        change.updated,
        change.unchanged + sum(passage.document in staying for passage in live),
        len(live),
        problems,
        (*read.notes, *wanted.notes),
        Sources(tuple(_sources(read, {problem.source for problem in problems})), gone),
        wanted.changes,
    )


def _concerned(
    overrides: Sequence[Override], read: _Read, gone: Sequence[Source], taken: Mapping[str, str]
) -> list[Override]:
    """Those of a file that was read, or is gone; with a container, what is no longer in it."""
    unread = {path for _, path in read.unread}
    known = {path for _, path in read.seen} - unread | {one.path for one in gone}
    return [
        one
        for one in overrides
        if one.path not in unread and one.path not in taken and any(part in known for part in _and_above(one.path))
    ]


def _refusal(conflicts: Sequence[Problem]) -> str:
    shown = "; ".join(map(str, conflicts[:NAMED]))
    more = f"; and {len(conflicts) - NAMED} more" if len(conflicts) > NAMED else ""
    return (
        f"{len(conflicts)} entries that were edited in the console say something newer in their files, and nothing was "
        f"changed: {shown}{more}. Keep the console's wording with --edited skip, or the files' with --edited overwrite"
    )


def _ours(held: Sequence[Document], scopes: Sequence[Scope], read: _Read) -> list[Document]:
    """The documents this ingest speaks for: in its scope, or of a file it reads by whatever name."""
    places = {place(*one) for one in (*read.seen, *((s.origin, s.path) for s in read.same))}
    return [one for one in held if place_of(one) in places or _is_covered(scopes, one.origin, path_of(one))]


def _is_covered(scopes: Sequence[Scope], origin: str, path: str) -> bool:
    return any(scope.covers(origin, path) for scope in scopes)


def _gone(known: Mapping[Place, Source], scopes: Sequence[Scope], read: _Read) -> tuple[Source, ...]:
    there = {(one.origin, one.path) for one in read.same} | read.digests.keys()
    covered = [one for one in known.values() if _is_covered(scopes, one.origin, one.path)]
    return tuple(one for one in covered if (one.origin, one.path) not in there)


def _sources(read: _Read, with_problems: Collection[str]) -> Iterator[Source]:
    """Files to be known again. One with a problem is not: it is told each time, until it is mended."""
    counts: dict[str, int] = {}
    for passage in read.passages:
        for part in _and_above(_file_of(passage)):
            counts[part] = counts.get(part, 0) + 1
    troubled = {part for source in with_problems for part in _and_above(source)} | {
        part for _, path in read.unread for part in _and_above(path)
    }
    for (origin, path), digest in read.digests.items():
        is_troubled = path in troubled or any(one.startswith((f"{path}:", f"{path}#")) for one in with_problems)
        yield Source(origin, path, "" if is_troubled else digest, counts.get(path, 0))


def _collisions(documents: Sequence[Document], taken: Mapping[str, str]) -> list[Problem]:
    """A file of another folder has this name already: its entries must not take each other's place."""
    paths = dict.fromkeys(path_of(document) for document in documents)
    return [
        Problem(f"{path}:1", f"a file of this name was ingested from {taken[path]} before: rename one of the two")
        for path in paths
        if path in taken
    ]


def path_of(document: Document) -> str:
    return document.key.split("#")[0]


def _file_of(passage: Passage) -> str:
    return passage.document.split("#")[0]


def place(origin: str, path: str) -> str:
    """Where a file is, by whatever folder it was ingested: a/b below kb is b below kb/a."""
    return origin if origin.rpartition("/")[2] == path else f"{origin.rstrip('/')}/{path}"


def place_of(document: Document) -> str:
    return place(document.origin, path_of(document))
