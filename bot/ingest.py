"""Sources → store and index. SQL is changed first and at once; the index follows, and is derived from SQL alone."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Protocol

from bot import faq, retrieval
from bot.errors import IndexDamaged, IndexMismatch, NoIndex
from bot.faq import Problem
from bot.knowledge import Document, Passage, Piece, pieces, script_of
from bot.ports import Bot, Manifest, Store

ROUNDS = 5  # of publishing, while other ingests go on changing what should be published
BATCH = 256  # pieces embedded between two signs of progress

Progress = Callable[[str, int, int], None]  # stage, done, total


def _silent(stage: str, done: int, total: int) -> None:
    pass


class SourceFile(Protocol):
    """A file to ingest: read when its text is asked for."""

    @property
    def origin(self) -> str:
        """The folder (or file) the knowledge base was first ingested from."""
        ...

    @property
    def path(self) -> str:
        """Below the origin, with forward slashes."""
        ...

    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What an ingest speaks for: everything below `prefix` of one origin. The rest of the knowledge base stays.

    Origins that are `gone` (the folder was moved) count as this one.
    """

    origin: str
    prefix: str = ""
    gone: frozenset[str] = frozenset()

    def covers(self, document: Document) -> bool:
        path = _path(document)
        inside = not self.prefix or path == self.prefix or path.startswith(self.prefix.rstrip("/") + "/")
        return inside and (document.origin == self.origin or document.origin in self.gone)


@dataclass(frozen=True, slots=True)
class Report:
    added: tuple[Passage, ...]
    removed: tuple[Passage, ...]
    unchanged: int
    problems: tuple[Problem, ...]
    seconds: float
    embedded: int = 0
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class CsvFormat:
    delimiter: str = ","
    has_header: bool = True


def parse_files(
    files: Iterable[SourceFile], csv_format: CsvFormat
) -> tuple[list[Document], list[Passage], list[Problem], set[tuple[str, str]]]:
    """Everything the files hold. A file that cannot be read is a problem, and named, so that what it held is kept."""
    documents: list[Document] = []
    passages: list[Passage] = []
    problems: list[Problem] = []
    unread: set[tuple[str, str]] = set()
    for file in files:
        try:
            text = file.text()
        except (OSError, UnicodeDecodeError) as error:
            unread.add((file.origin, file.path))
            problems.append(Problem(f"{file.path}:{_line_of(error)}", _unreadable(error)))
            continue
        parsed = _parse(text, file.path, csv_format)
        documents += [_from(document, file.origin) for document in parsed.documents]
        passages += parsed.passages
        problems += parsed.problems
    return documents, passages, problems, unread


def _parse(text: str, path: str, csv_format: CsvFormat) -> faq.Parsed:
    if path.lower().endswith(".csv"):
        return faq.parse_csv(text, path, delimiter=csv_format.delimiter, has_header=csv_format.has_header)
    return faq.parse(text, path)


def _from(document: Document, origin: str) -> Document:
    return Document(
        document.key, document.title, document.kind, document.language, document.text, document.source,
        document.category, document.tags, document.url, origin,
    )  # fmt: skip


def _line_of(error: OSError | UnicodeDecodeError) -> int:
    return bytes(error.object[: error.start]).count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1


def _unreadable(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "this line is not UTF-8 text: save the file as UTF-8; what was ingested from it before is kept"
    return f"cannot be read ({error.strerror or 'unknown reason'}); what was ingested from it before is kept"


async def ingest(
    bot: Bot,
    files: Iterable[SourceFile],
    scopes: Sequence[Scope],
    *,
    csv_format: CsvFormat = CsvFormat(),
    dry_run: bool = False,
    progress: Progress = _silent,
) -> Report:
    """Make the knowledge base hold what `files` say, within `scopes`. Running it twice changes nothing."""
    started = perf_counter()
    planned = await _planned(bot.store, files, scopes, csv_format)
    added, removed, unchanged = planned.added, planned.removed, planned.unchanged
    if dry_run:
        return Report(added, removed, unchanged, planned.problems, perf_counter() - started)
    await bot.store.apply(planned.documents, added, [passage.id for passage in removed], bot.now())
    embedded, manifest = await rebuild(bot, progress)
    return Report(added, removed, unchanged, planned.problems, perf_counter() - started, embedded, manifest)


async def chinese_share(
    store: Store, files: Iterable[SourceFile], scopes: Sequence[Scope], csv_format: CsvFormat = CsvFormat()
) -> float:
    """The share of Chinese passages that an ingest of `files` would leave live, from 0 to 1."""
    planned = await _planned(store, files, scopes, csv_format)
    leaving = {passage.id for passage in planned.removed}
    stay = [passage for passage in await store.live_passages() if passage.id not in leaving]
    scripts = [script_of(passage.language) for passage in (*stay, *planned.added)]
    return scripts.count("zh") / len(scripts) if scripts else 0.0


@dataclass(frozen=True, slots=True)
class _Planned:
    """What an ingest would change."""

    documents: tuple[Document, ...]
    added: tuple[Passage, ...]
    removed: tuple[Passage, ...]
    unchanged: int
    problems: tuple[Problem, ...]


async def _planned(
    store: Store, files: Iterable[SourceFile], scopes: Sequence[Scope], csv_format: CsvFormat
) -> _Planned:
    files = tuple(files)
    documents, wanted, problems, unread = parse_files(files, csv_format)
    held = await store.documents()
    read = {place(file.origin, file.path) for file in files if (file.origin, file.path) not in unread}
    ours = [one for one in held if any(scope.covers(one) for scope in scopes) or place_of(one) in read]
    taken = {_path(one): one.origin for one in set(held) - set(ours)}
    problems += _collisions(documents, taken)
    documents = [document for document in documents if _path(document) not in taken]
    wanted = [passage for passage in wanted if passage.document.split("#")[0] not in taken]
    known = await _known(store, ours, unread)
    change = faq.diff(known, wanted)
    removed = tuple(known[id] for id in change.removed)
    return _Planned(tuple(documents), change.added, removed, change.unchanged, tuple(problems))


def _collisions(documents: Sequence[Document], taken: Mapping[str, str]) -> list[Problem]:
    """A file of another folder has this name already: its entries must not take each other's place."""
    paths = dict.fromkeys(_path(document) for document in documents)
    return [
        Problem(f"{path}:1", f"a file of this name was ingested from {taken[path]} before: rename one of the two")
        for path in paths
        if path in taken
    ]


def _path(document: Document) -> str:
    return document.key.split("#")[0]


def place(origin: str, path: str) -> str:
    """Where a file is, by whatever folder it was ingested: a/b below kb is b below kb/a."""
    return origin if origin.rpartition("/")[2] == path else f"{origin.rstrip('/')}/{path}"


def place_of(document: Document) -> str:
    return place(document.origin, _path(document))


async def _known(store: Store, ours: Sequence[Document], unread: set[tuple[str, str]]) -> dict[str, Passage]:
    """The live passages this ingest speaks for."""
    documents = {document.key for document in ours if (document.origin, _path(document)) not in unread}
    return {passage.id: passage for passage in await store.live_passages() if passage.document in documents}


async def rebuild(bot: Bot, progress: Progress = _silent) -> tuple[int, Manifest]:
    """Bring the index to what SQL holds; only pieces no generation knows are embedded.

    Nothing is written when the current generation already holds exactly this, so a half-finished ingest is finished
    by running it again, and a finished one costs nothing.
    """
    passages = await bot.store.live_passages()
    current = await _current(bot)
    if current is not None and current.content == content_digest(passages):
        return 0, current
    embedded = 0
    for _ in range(ROUNDS):
        n_missing, manifest = await _publish(bot, passages, progress)
        embedded += n_missing
        passages = await bot.store.live_passages()
        if manifest.content == content_digest(passages):
            break  # else another ingest changed SQL meanwhile: the last to publish must hold what both did
    return embedded, manifest


async def _publish(bot: Bot, passages: Sequence[Passage], progress: Progress) -> tuple[int, Manifest]:
    # A vector of text the embedder cannot read says nothing, and is never asked for: such passages are found by words.
    read = [passage for passage in passages if retrieval.reads(bot, passage.language)]
    wanted = {piece.id: piece for passage in read for piece in pieces(passage)}
    known = await bot.run(bot.indexes.vectors, tuple(wanted.values()))
    words = await bot.run(bot.indexes.words, tuple(wanted.values()))
    missing = [piece for id, piece in wanted.items() if id not in known or id not in words]
    fresh = await _embed(bot, missing, progress)
    vectors = {**known, **{id: vector for id, (vector, _) in fresh.items()}}
    words = {**words, **{id: read for id, (_, read) in fresh.items()}}
    progress("publish", 0, 1)
    manifest: Manifest = await bot.run(
        bot.indexes.publish, passages, tuple(wanted.values()), [vectors[id] for id in wanted], content_digest(passages),
        [words[id] for id in wanted], partial(progress, "publish"),
    )  # fmt: skip
    await bot.store.record_generation(manifest)
    progress("publish", 1, 1)
    return len(missing), manifest


async def _current(bot: Bot) -> Manifest | None:
    try:
        index = await bot.run(bot.indexes.current)
    except (NoIndex, IndexMismatch, IndexDamaged):
        return None
    manifest: Manifest = index.manifest
    return manifest


async def _embed(bot: Bot, missing: Sequence[Piece], progress: Progress) -> dict[int, tuple[Any, Any]]:
    """Of each piece its vector and its words."""
    found: dict[int, tuple[Any, Any]] = {}
    # Near lengths together: a batch costs as much as its longest piece.
    by_length = sorted(missing, key=lambda piece: len(piece.text))
    for start in range(0, len(by_length), BATCH):
        batch = by_length[start : start + BATCH]
        made = await bot.run(partial(bot.embedder.read, [piece.text for piece in batch], is_query=False))
        await bot.run(bot.indexes.keep, batch, made)  # what is stopped goes on from here
        found.update((piece.id, (made.vectors[n], made.words[n])) for n, piece in enumerate(batch))
        progress("embed", start + len(batch), len(by_length))
    return found


def content_digest(passages: Iterable[Passage]) -> str:
    """One hash over the ids of all passages: what a generation must hold to agree with SQL."""
    return hashlib.sha256("".join(sorted(passage.id for passage in passages)).encode()).hexdigest()
