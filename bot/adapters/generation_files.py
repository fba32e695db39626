"""The folder of the generations: their names, manifests and checksums, and which of them is live.

    folder/
      CURRENT                      the name of the live generation, replaced by rename
      20261122T005959-ab12cd/      manifest.json and the files it lists
      20261122T010507-34ef56/      with a file `.candidate` in it: complete, and not current; whoever built it holds a
                                   lock on that file, and what nobody holds was left behind by a crash
      .new-20261122T010203-…/      being written, being taken away, or left behind by a crash
      .lock                        held by whoever writes

Each file is synced, then its folder, then that is renamed into place, then CURRENT is replaced: a crash at any moment
leaves the old generation current, or the new one, complete. What it leaves besides is swept by whoever writes next.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from io import FileIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from bot.adapters import disk
from bot.errors import IndexDamaged, Unavailable
from bot.indexes import Manifest

PATIENCE = 30.0  # seconds to wait for another publication
MANIFEST, CURRENT, UNFINISHED, CANDIDATE = "manifest.json", "CURRENT", ".new-", ".candidate"
STAMP = "%Y%m%dT%H%M%S"
ILLEGIBLE = "~"  # sorts after every name
NAME = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
BLOCK = 1 << 20
AT_ONCE = 1 << 24  # bytes of a file that may wait in memory until all of a generation is made
Made = bytes | IO[bytes]  # a file of a generation, or where it waits on disk under no name


class GenerationFolder:
    """Writing needs the lock; reading does not. `path` need not exist before something is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: dict[str, int] = {}  # candidates of ours → the descriptor that holds the lock
        weakref.finalize(self, _close, self._held)

    # ── reading ──

    def live(self) -> str:
        """The name in CURRENT: empty when nothing was published, ILLEGIBLE when it cannot be told."""
        try:
            name = (self.path / CURRENT).read_bytes().strip().decode("ascii", "replace")
        except FileNotFoundError:
            return ""
        except OSError:
            return ILLEGIBLE
        return name if NAME.fullmatch(name) else ILLEGIBLE

    def has(self, name: str) -> bool:
        return bool(NAME.fullmatch(name)) and (self.path / name).is_dir()

    def is_candidate(self, name: str) -> bool:
        return self.has(name) and name != self.live() and (self.path / name / CANDIDATE).exists()

    def names(self) -> list[str]:
        """What is or was current, oldest first."""
        return [name for name in self._folders() if not self.is_candidate(name)]

    def _folders(self) -> list[str]:
        with suppress(FileNotFoundError):
            return sorted(entry.name for entry in os.scandir(self.path) if self.has(entry.name))
        return []

    def manifest(self, name: str) -> Manifest:
        try:
            held = json.loads(self.read(name, MANIFEST))
            manifest = Manifest(**held["manifest"])
            if held["sha256"] == digest(_json(asdict(manifest))) and _is_sound(manifest, name):
                return manifest
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise IndexDamaged(f"{name}/{MANIFEST}") from error
        raise IndexDamaged(f"{name}/{MANIFEST}")

    def checked(self, name: str, file: str, sha256: str) -> bytes:
        """The bytes themselves are returned, so that what is used is what was checked."""
        data = self.read(name, file)
        if digest(data) != sha256:
            raise IndexDamaged(f"{name}/{file}")
        return data

    @contextmanager
    def opened(self, name: str, file: str, sha256: str) -> Iterator[FileIO]:
        """The very file that was checked, whatever its name stands for by now."""
        with self._open(name, file) as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != sha256:
                raise IndexDamaged(f"{name}/{file}")
            yield opened

    def read(self, name: str, file: str) -> bytes:
        with self._open(name, file) as opened:
            try:
                return opened.read()
            except (OSError, MemoryError) as error:
                raise IndexDamaged(f"{name}/{file}") from error

    @contextmanager
    def _open(self, name: str, file: str) -> Iterator[FileIO]:
        try:  # without waiting: a pipe of that name would have us wait for ever
            opened = open(self.path / name / file, "rb", buffering=0, opener=disk.at_once)  # noqa: SIM115 (closed below)
        except (OSError, ValueError) as error:
            raise IndexDamaged(f"{name}/{file}") from error
        with opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise IndexDamaged(f"{name}/{file}")
            yield opened

    def others_may_write(self) -> str:
        """A sentence, when somebody else could put an index of their own here, with checksums that fit; else ""."""
        try:
            about = self.path.stat()
        except OSError:
            return ""
        if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return f"{self.path} may be written by others, who decide then what the bot finds: run `chmod go-w` on it"
        if about.st_uid not in (0, os.geteuid()):
            return f"{self.path} belongs to another user, who decides then what the bot finds: run `chown` on it"
        return ""

    # ── writing ──

    @contextmanager
    def locked(self) -> Iterator[None]:
        """What others left behind is swept first. What the disk refuses is told as a sentence."""
        try:
            self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
            with _locked(self.path / ".lock"):
                self._sweep()
                yield
        except OSError as error:
            raise Unavailable(f"the index cannot be written in {self.path} ({error.strerror})") from error

    def put_by(self, data: bytes) -> Made:
        """Until all of a generation is made: those of a large one would fill the memory together."""
        if len(data) < AT_ONCE:
            return data
        try:
            self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
            file = TemporaryFile(dir=self.path, prefix=UNFINISHED)  # noqa: SIM115 (gone when nobody holds it any more)
            file.write(data)
        except OSError as error:
            raise Unavailable(f"the index cannot be written in {self.path} ({error.strerror})") from error
        return file

    def write(self, manifest: Manifest, made: Mapping[str, Made], source: str = "") -> None:
        """A candidate: complete, not current, and ours. Files that are not in `made` are those of `source`, checked."""
        name = manifest.generation
        unfinished = self.path / f"{UNFINISHED}{name}"
        unfinished.mkdir(mode=0o755)
        try:
            for file, sha256 in manifest.files.items():
                data = _blocks_of(made[file]) if file in made else self._blocks(source, file, sha256)
                _write_synced(unfinished / file, data)
            held = {"manifest": asdict(manifest), "sha256": digest(_json(asdict(manifest)))}
            _write_synced(unfinished / MANIFEST, iter([json.dumps(held, indent=1).encode()]))
            self._held[name] = os.open(unfinished / CANDIDATE, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(self._held[name], fcntl.LOCK_EX | fcntl.LOCK_NB)
            disk.sync(unfinished)
            os.rename(unfinished, self.path / name)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            self._let_go(name)
            raise
        disk.sync(self.path)

    def _blocks(self, name: str, file: str, sha256: str) -> Iterator[bytes]:
        """Piece by piece: a file may be larger than memory. Raises IndexDamaged at the end of one that is damaged."""
        seen = hashlib.sha256()
        with self._open(name, file) as opened:
            while block := opened.read(BLOCK):
                seen.update(block)
                yield block
        if seen.hexdigest() != sha256:
            raise IndexDamaged(f"{name}/{file}")

    def switch(self, name: str) -> None:
        """Make a candidate current, in one rename."""
        _write_synced(self.path / f"{CURRENT}.tmp", iter([f"{name}\n".encode()]))
        os.replace(self.path / f"{CURRENT}.tmp", self.path / CURRENT)
        disk.sync(self.path)
        self._settle(name)
        self._let_go(name)

    def _settle(self, name: str) -> None:
        """What is current is a candidate no more. Until this is on disk it is told by CURRENT."""
        (self.path / name / CANDIDATE).unlink(missing_ok=True)
        disk.sync(self.path / name)

    def remove(self, name: str) -> bool:
        """Out of sight first: what is half gone is no generation."""
        gone = self.path / f"{UNFINISHED}{name}-{secrets.token_hex(3)}"
        try:
            os.rename(self.path / name, gone)
        except OSError:
            return False
        shutil.rmtree(gone, ignore_errors=True)
        self._let_go(name)
        return True

    def prune(self, keep: int) -> list[str]:
        live = self.live()
        return [name for name in self.names()[:-keep] if name != live and self.remove(name)]

    def next_name(self, at: datetime) -> str:
        """Later than every name before it, even within a second or after the clock went back."""
        stamp = at.strftime(STAMP)
        if (names := self._folders()) and stamp <= (newest := names[-1].split("-")[0]):
            stamp = (datetime.strptime(newest, STAMP) + timedelta(seconds=1)).strftime(STAMP)
        return f"{stamp}-{secrets.token_hex(3)}"

    def _sweep(self) -> None:
        (self.path / f"{CURRENT}.tmp").unlink(missing_ok=True)
        for left_over in self.path.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left_over, ignore_errors=True)
        live = self.live()
        for name in self._folders() if live != ILLEGIBLE else ():
            marked = self.path / name / CANDIDATE
            if name == live and marked.exists():
                self._settle(name)
            elif marked.exists() and not _is_held(marked):
                self.remove(name)

    def _let_go(self, name: str) -> None:
        if name in self._held:
            os.close(self._held.pop(name))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _blocks_of(made: Made) -> Iterator[bytes]:
    if isinstance(made, bytes):
        yield made
        return
    made.seek(0)
    while block := made.read(BLOCK):
        yield block


def _is_sound(manifest: Manifest, name: str) -> bool:
    """No file name leads out of the generation's folder."""
    own = all(file == os.path.basename(file) and not file.startswith(".") for file in manifest.files)
    return manifest.generation == name and own and all(isinstance(sha256, str) for sha256 in manifest.files.values())


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _write_synced(path: Path, blocks: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(blocks)
        file.flush()
        os.fsync(file.fileno())


def _close(held: Mapping[str, int]) -> None:
    for descriptor in held.values():
        os.close(descriptor)


def _is_held(marked: Path) -> bool:
    """By whoever built this candidate; the system lets go of it when that process dies, however it dies."""
    try:
        descriptor = os.open(marked, os.O_RDWR)
    except OSError:
        return True  # another user's: left alone
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable("another ingest is publishing this index: try again when it is done") from None
                time.sleep(0.05)
        yield
