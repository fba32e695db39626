"""A backup as one file: a ZIP archive whose parts are not compressed, written beside its place and renamed into it.

Not compressed, so that nothing in it can be larger than the file itself, whoever made it.
"""

import contextlib
import hashlib
import os
import secrets
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, BinaryIO

from bot import archived
from bot.adapters import disk
from bot.archived import MANIFEST, MOST_MANIFEST, MOST_PARTS, Manifest, Part
from bot.errors import Refused, Unavailable

BLOCK = 1 << 20
EPOCH = (1980, 1, 1, 0, 0, 0)  # the moment is in the manifest
NO_BACKUP = "it is no backup of ours, or it is damaged"
_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_MOST_LISTED = MOST_PARTS * 512  # bytes of the archive's list of its parts


class ArchiveWriter:
    """The NewArchive port. Use `making`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._parts: dict[str, Part] = {}

    @contextmanager
    def part(self, name: str) -> Iterator["_Hashed"]:
        if not archived.is_part(name) or name in self._parts:
            raise Unavailable(f"{name!r} cannot be kept in a backup under this name: rename it")
        with self._zip.open(zipfile.ZipInfo(name, EPOCH), "w", force_zip64=True) as opened:
            sink = _Hashed(opened)
            yield sink
        self._parts[name] = Part(sink.size, sink.sha256.hexdigest())

    def finish(self, manifest: Manifest) -> Manifest:
        whole = replace(manifest, parts=self._parts)
        with self._zip.open(zipfile.ZipInfo(MANIFEST, EPOCH), "w") as opened:
            opened.write(archived.written(whole))
        return whole

    def close(self) -> None:
        self._zip.close()


class _Hashed:
    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened
        self.size, self.sha256 = 0, hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._opened.write(data)
        self.size += len(data)
        self.sha256.update(data)


@contextmanager
def making(path: Path, *, over: bool) -> Iterator[ArchiveWriter]:
    """The archive is there when the block has ended well, whole and on disk, and for its owner only."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        if not over and os.path.lexists(path):
            raise Refused(f"{path} is there already: take another name, or --force")
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w+b") as file:
            writer = ArchiveWriter(file)
            try:
                yield writer
            finally:
                writer.close()
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        disk.sync(path.parent)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()


class ArchiveFile:
    """The Archive port. Use `reading`."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file)
        self._size = os.fstat(file.fileno()).st_size
        self._listed = {info.filename: info for info in self._zip.infolist()}
        self._check_list()
        with self._zip.open(MANIFEST) as opened:
            self.manifest = archived.parsed(opened.read(MOST_MANIFEST + 1))
        if set(self._listed) != {MANIFEST, *self.manifest.parts}:
            raise Refused(NO_BACKUP)

    def _check_list(self) -> None:
        every = self._zip.infolist()
        is_plain = all(
            info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size and not info.flag_bits & 1
            for info in every
        )
        has_room = sum(info.file_size for info in every) <= self._size and len(every) <= MOST_PARTS
        if not (is_plain and has_room and len(self._listed) == len(every) and MANIFEST in self._listed):
            raise Refused(NO_BACKUP)

    def verify(self) -> None:
        for name, part in self.manifest.parts.items():
            with _explained(), self.opened(name) as opened:
                digest, size = hashlib.sha256(), 0
                while block := opened.read(BLOCK):
                    digest.update(block)
                    size += len(block)
            if (size, digest.hexdigest()) != (part.size, part.sha256):
                raise Refused(f"{name} in the backup does not match its checksum: the backup is damaged")

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        with _explained():
            opened = self._zip.open(name)
        try:
            with opened:
                yield opened  # type: ignore[misc]
        except (zipfile.BadZipFile, EOFError) as error:
            raise Refused(NO_BACKUP) from error


@contextmanager
def reading(path: Path) -> Iterator[ArchiveFile]:
    """Raises Refused for what is no backup, Unavailable for what cannot be read."""
    try:
        file = open(path, "rb", opener=disk.at_once)  # noqa: SIM115 (closed below)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read ({error.strerror})") from error
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refused(f"{path} is not a file")
        with _explained():
            _check_end(file)
            archive = ArchiveFile(file)
        yield archive


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the backup cannot be read ({error.strerror or error})") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, ValueError,
            KeyError, struct.error, OverflowError) as error:  # fmt: skip
        raise Refused(NO_BACKUP) from error


def _check_end(file: BinaryIO) -> None:
    """The list of parts is read into memory as a whole: it must not be made long to fill that."""
    size = file.seek(0, os.SEEK_END)
    tail_at = max(0, size - 22 - 20 - 56 - 65_535)
    file.seek(tail_at)
    tail = file.read()
    if (end := tail.rfind(_END)) < 0 or len(tail) - end < 22:
        raise Refused(NO_BACKUP)
    (listed,) = struct.unpack_from("<L", tail, end + 12)
    if tail[max(0, end - 20) : end].startswith(_LOCATOR):
        (at,) = struct.unpack_from("<Q", tail, end - 20 + 8)
        if not tail_at <= at <= size - 56 or tail[at - tail_at :][:4] != _END64:
            raise Refused(NO_BACKUP)
        (listed,) = struct.unpack_from("<Q", tail, at - tail_at + 40)
    if listed > _MOST_LISTED:
        raise Refused(NO_BACKUP)
