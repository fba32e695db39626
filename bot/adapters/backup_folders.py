"""The folders beside the database, as they go into a backup and come out of one."""

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, Protocol

from bot.adapters.swap import Swap, sync_folders
from bot.errors import IndexDamaged, Unavailable
from bot.indexes import Manifest
from bot.keeping import Archive, Opened

ANSWERS = re.compile(r"answers-[a-z]{2}\.md")
CURRENT, EMBEDDER = "CURRENT", "embedder.json"
SPARE = 64 * 2**20  # bytes that stay free beside what is restored
UNFINISHED = "restoring"  # there while places are changed: with it nobody serves


class Shelf(Protocol):
    """The folder of the index generations."""

    path: Path

    def locked(self) -> AbstractContextManager[None]: ...
    def live(self) -> str: ...
    def has(self, name: str) -> bool: ...
    def names(self) -> list[str]: ...
    def manifest(self, name: str) -> Manifest: ...


class DataFolders:
    """The Folders port. Of the folder of answers only the files that the console writes are ours."""

    def __init__(self, data_dir: Path, shelf: Shelf, uploads: Path, answers: Path) -> None:
        self._data_dir, self._shelf, self._uploads, self._answers = data_dir, shelf, uploads, answers

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        with ExitStack() as stack, _explained(self._data_dir):
            with self._shelf.locked() if self._shelf.path.is_dir() else nullcontext():
                live = self._shelf.live()
                live = live if self._shelf.has(live) else ""
                found = self._generations(live) | self._others()
                files = {name: file for name, path in found.items() if (file := _opened(path, stack))}
                content = self._content(live)
            yield Opened(files, live, content)

    def _content(self, live: str) -> str:
        try:
            return self._shelf.manifest(live).content if live else ""
        except IndexDamaged:
            return ""

    def _generations(self, live: str) -> dict[str, Path]:
        folder = self._shelf.path
        names = self._shelf.names() if live else []
        files = {f"index/{name}/{path.name}": path for name in names for path in _visible(folder / name)}
        return files | ({f"index/{CURRENT}": folder / CURRENT} if live else {})

    def _others(self) -> dict[str, Path]:
        uploads = {f"uploads/{path.name}": path for path in _visible(self._uploads)}
        answers = {f"answers/{path.name}": path for path in _visible(self._answers) if ANSWERS.fullmatch(path.name)}
        return uploads | answers | {EMBEDDER: self._data_dir / EMBEDDER}

    def held(self) -> Mapping[str, int]:
        found = {"index generations": len(self._shelf.names()), "uploaded files": len(_visible(self._uploads))}
        found["files of answers"] = sum(bool(ANSWERS.fullmatch(path.name)) for path in _visible(self._answers))
        return {what: n for what, n in found.items() if n}

    @contextmanager
    def staged(self, archive: Archive) -> Iterator["StagedFolders"]:
        swap = Swap()
        try:
            with _explained(self._data_dir):
                self._check_room(archive.manifest.size)
                self._unpack(archive, swap)
            yield StagedFolders(swap, self._data_dir / UNFINISHED)
        finally:
            if swap.is_settled:
                swap.forget()

    def _check_room(self, size: int) -> None:
        self._data_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._data_dir).free
        if size + SPARE > free:
            raise Unavailable(
                f"{self._data_dir} has {free >> 20} MiB free, and {(size + SPARE) >> 20} MiB are needed to restore"
            )

    def _unpack(self, archive: Archive, swap: Swap) -> None:
        roots = {"index": swap.beside(self._shelf.path), "uploads": swap.beside(self._uploads)}
        for root in roots.values():
            root.mkdir(mode=0o755)
        for path in _visible(self._answers):
            if ANSWERS.fullmatch(path.name) and f"answers/{path.name}" not in archive.manifest.parts:
                swap.away(path)
        if EMBEDDER not in archive.manifest.parts:
            swap.away(self._data_dir / EMBEDDER)
        for name in archive.manifest.parts:
            if target := self._target(name, roots, swap.beside):
                _copy(archive, name, target)
        sync_folders([*roots.values(), *(path for root in roots.values() for path in root.iterdir() if path.is_dir())])

    def _target(self, name: str, roots: Mapping[str, Path], beside: Callable[[Path], Path]) -> Path | None:
        """Where to write this part; its name was looked at when the manifest was read."""
        root, _, rest = name.partition("/")
        if root in roots:
            return roots[root].joinpath(*rest.split("/"))
        if root == "answers":
            return beside(self._answers / rest)
        return beside(self._data_dir / EMBEDDER) if name == EMBEDDER else None


class StagedFolders:
    """The StagedFolders port."""

    def __init__(self, swap: Swap, unfinished: Path) -> None:
        self._swap, self._unfinished = swap, unfinished

    @contextmanager
    def put(self) -> Iterator[None]:
        with _explained(self._unfinished):
            self._unfinished.write_bytes(b"")
            sync_folders([self._unfinished.parent])
            try:
                with self._swap.put():
                    yield
            finally:
                if self._swap.is_settled:
                    self._unfinished.unlink()


def _visible(folder: Path) -> list[Path]:
    """Files, no links, and nothing that begins with a dot: that is ours, or being written."""
    try:
        found = [Path(entry.path) for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(path for path in found if not path.name.startswith("."))


def _opened(path: Path, stack: ExitStack) -> BinaryIO | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    file = stack.enter_context(os.fdopen(descriptor, "rb"))
    return file if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _copy(archive: Archive, name: str, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    with archive.opened(name) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{error.filename or place} cannot be used ({error.strerror or error})") from error
