"""Published answers as Markdown files in a folder: replaced whole, never half, and by one at a time."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

from bot.adapters import disk
from bot.adapters.files import MAX_BYTES
from bot.desk import AnswerSource
from bot.errors import Refused, Unavailable

PATIENCE_S = 30.0  # to wait for another process that publishes an answer
PAUSE_S = 0.05


class AnswerFolder:
    """The AnswerFiles port. The folder is made when the first answer is written."""

    def __init__(self, folder: Path, patience_s: float = PATIENCE_S) -> None:
        self._folder = folder
        self._patience_s = patience_s
        self._here = asyncio.Lock()  # between the tasks of this process; the file's lock is between processes

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        async with self._here:
            file = await asyncio.to_thread(self._open_lock)
            try:
                await self._take(file)
                yield
            finally:
                file.close()  # lets go of it, as the system does when the process dies

    def _open_lock(self) -> IO[str]:
        with _explained(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            return (self._folder / ".lock").open("w")

    async def _take(self, file: IO[str]) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                while not await asyncio.to_thread(_is_taken, file):  # noqa: ASYNC110 (the lock offers no event)
                    await asyncio.sleep(PAUSE_S)
        except TimeoutError:
            raise Unavailable("another answer is being published: try again when it is done") from None

    async def read(self, name: str) -> str | None:
        return await asyncio.to_thread(self._read, name)

    def _read(self, name: str) -> str | None:
        """With the line ends it has."""
        with _explained(self._folder / name):
            try:
                return (self._folder / name).read_bytes().decode("utf-8")
            except FileNotFoundError:
                return None
            except UnicodeDecodeError:
                raise Refused(f"{name} is not UTF-8 text: save it as UTF-8, then publish again.") from None

    async def write(self, name: str, text: str) -> None:
        await asyncio.to_thread(self._write, name, text.encode())

    def _write(self, name: str, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise Refused(f"{name} would be larger than {MAX_BYTES // 2**20} MiB: move some of its answers elsewhere.")
        file, fresh = self._folder / name, self._folder / f".{name}.new"  # a dot: not taken for content
        with _explained(file):
            with fresh.open("wb") as opened:
                opened.write(data)
                opened.flush()
                os.fsync(opened.fileno())
            if file.exists():
                shutil.copymode(file, fresh)
            os.replace(fresh, file)
            disk.sync(self._folder)

    async def source(self, name: str, origins: Sequence[str]) -> AnswerSource:
        return await asyncio.to_thread(self._source, name, origins)

    def _source(self, name: str, origins: Sequence[str]) -> AnswerSource:
        """As `bot ingest` of the folder would name it: below the outermost folder that was ingested before."""
        folder = self._folder.resolve()
        origin = next((Path(one) for one in sorted(origins) if folder.is_relative_to(one)), folder)
        gone = frozenset(one for one in origins if not Path(one).exists())
        return AnswerSource(str(origin), (folder / name).relative_to(origin).as_posix(), gone)


def _is_taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What the system says about a file, in a sentence for whoever runs this."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise Unavailable(f"{path} cannot be used ({reason}): the answer was not written") from error
