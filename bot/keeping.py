"""What a backup is made of and a restore goes into: the database's tables, folders, and one archive."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from bot.archived import Manifest


class Snapshot(Protocol):
    """All tables as they were at one moment, whoever writes meanwhile."""

    @property
    def kind(self) -> str: ...  # sqlite | postgresql
    @property
    def revision(self) -> str: ...
    @property
    def tables(self) -> Sequence[str]: ...

    async def live_ids(self) -> Sequence[str]: ...  # of passages
    def lines(self, table: str) -> AsyncIterator[bytes]:
        """A JSON array a line: the names of the columns, then the rows."""
        ...


class Staged(Protocol):
    """A database's content beside the one that is there: complete and checked, and not in its place."""

    def put(self) -> AbstractAsyncContextManager[None]:
        """Puts it in place. It stays when the block ends well; otherwise everything is as it was."""
        ...


class Tables(Protocol):
    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]: ...
    async def held(self) -> Mapping[str, int | str]: ...  # what a restore would take the place of
    async def is_served(self) -> bool: ...  # by a process that shares this database
    def staged(self, archive: "Archive") -> AbstractAsyncContextManager[Staged]: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """The files to keep, by their names in an archive: what replaces them afterwards does not change these."""

    files: Mapping[str, BinaryIO]
    live: str = ""  # the live generation
    content: str = ""  # the digest of the passages it holds


class Folders(Protocol):
    def opened(self) -> AbstractContextManager[Opened]: ...
    def held(self) -> Mapping[str, int]: ...  # what a restore would take the place of
    def staged(self, archive: "Archive") -> AbstractContextManager["StagedFolders"]: ...


class StagedFolders(Protocol):
    def put(self) -> AbstractContextManager[None]: ...  # as Staged.put


class NewArchive(Protocol):
    def part(self, name: str) -> AbstractContextManager["Sink"]: ...
    def finish(self, manifest: Manifest) -> Manifest: ...  # with the parts; only now is there an archive


class Sink(Protocol):
    def write(self, data: bytes) -> object: ...


class Archive(Protocol):
    @property
    def manifest(self) -> Manifest: ...

    def verify(self) -> None: ...  # reads every byte; raises Refused
    def opened(self, name: str) -> AbstractContextManager[BinaryIO]: ...
