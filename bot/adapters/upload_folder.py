"""Uploaded files in a folder: put by below a folder with a dot, which no ingest reads, until they are published."""

import asyncio
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.adapters import disk
from bot.content import HeldFile
from bot.errors import NotFound, Refused, Unavailable

MOST_FILES = 50  # of a batch
MOST_BYTES = 200 * 2**20  # of a batch
KEPT_S = 24 * 3_600.0
_BATCH = re.compile(r"[a-f0-9]{32}")
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|#\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+')
LONGEST_NAME = 120


class UploadFolder:
    """The Uploads port. The folder is made with the first upload."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, batch: str, name: str, data: bytes) -> str:
        return await asyncio.to_thread(self._put, batch, name, data)

    async def staged(self, batch: str) -> Sequence[HeldFile]:
        return await asyncio.to_thread(self._staged, batch)

    async def keep(self, batch: str) -> None:
        await asyncio.to_thread(self._keep, batch)

    async def forget(self, batch: str) -> None:
        await asyncio.to_thread(shutil.rmtree, self._place(batch), ignore_errors=True)

    def _place(self, batch: str) -> Path:
        if not _BATCH.fullmatch(batch):
            raise NotFound("there is no such upload")
        return self._folder / ".staged" / batch

    def _put(self, batch: str, name: str, data: bytes) -> str:
        place, name = self._place(batch), fitting(name)
        with _explained(place):
            self._sweep()
            place.mkdir(parents=True, exist_ok=True)
            others = [one for one in place.iterdir() if one.name != name]
            if len(others) >= MOST_FILES or sum(one.stat().st_size for one in others) + len(data) > MOST_BYTES:
                raise Refused(f"At most {MOST_FILES} files, and {MOST_BYTES // 2**20} MiB, are uploaded together.")
            (place / name).write_bytes(data)
        return name

    def _sweep(self) -> None:
        long_ago = time.time() - KEPT_S
        for one in (self._folder / ".staged").glob("*"):
            if one.stat().st_mtime < long_ago:
                shutil.rmtree(one, ignore_errors=True)

    def _staged(self, batch: str) -> Sequence[HeldFile]:
        place, origin = self._place(batch), str(self._folder.resolve())
        with _explained(place):
            if not place.is_dir():
                raise NotFound("there is no such upload, or no longer: upload the files again")
            return [HeldFile(origin, one.name, one.read_bytes()) for one in sorted(place.iterdir())]

    def _keep(self, batch: str) -> None:
        place = self._place(batch)
        with _explained(self._folder):
            if not place.is_dir():
                return
            for one in sorted(place.iterdir()):
                disk.sync(one)
                os.replace(one, self._folder / one.name)
            disk.sync(self._folder)
            place.rmdir()


def fitting(name: str) -> str:
    """A name for a file, and nothing but a name. Raises Refused for one of nothing."""
    plain = _UNFIT.sub("-", unicodedata.normalize("NFC", name)).strip(" .-")
    if not re.search(r"\w", plain):
        raise Refused("The file needs a name.")
    stem, kind = os.path.splitext(plain)
    most = LONGEST_NAME - len(kind.encode())
    if most < LONGEST_NAME // 2:  # no kind of file
        stem, kind, most = plain, "", LONGEST_NAME
    return stem.encode()[:most].decode(errors="ignore") + kind


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{path} cannot be used ({error.strerror or 'unknown reason'})") from error
