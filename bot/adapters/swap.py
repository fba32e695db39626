"""Files and folders replaced together: new ones are made beside their places, then all change places, or none does."""

import glob
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.adapters import disk

MARK = ".restore-"


class Swap:
    """Every rename stays within one folder, so that each place may be on a file system of its own."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(4)
        self._wanted: list[tuple[Path, Path | None]] = []
        self.is_settled = True  # everything is in its new place, or in its old one

    def beside(self, target: Path) -> Path:
        """Where to make what shall take the place of `target`."""
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        made = target.with_name(f"{MARK}{self._token}-new-{target.name}")
        self._wanted.append((target, made))
        return made

    def away(self, target: Path) -> None:
        """What is there goes, and nothing takes its place."""
        self._wanted.append((target, None))

    @contextmanager
    def put(self) -> Iterator[None]:
        """Changes places. When the block ends badly everything is changed back."""
        moved: list[tuple[Path, Path]] = []
        self.is_settled = False
        try:
            for target, made in self._wanted:
                if os.path.lexists(target):
                    self._move(target, target.with_name(f"{MARK}{self._token}-old-{target.name}"), moved)
                if made is not None:
                    self._move(made, target, moved)
            sync_folders([target.parent for target, _ in self._wanted if target.parent.is_dir()])
            yield
        except BaseException:
            for source, place in reversed(moved):
                os.rename(place, source)
            self.is_settled = True
            raise
        self.is_settled = True
        self.forget()
        for target, _ in self._wanted:
            sweep(target)

    def _move(self, source: Path, place: Path, moved: list[tuple[Path, Path]]) -> None:
        os.rename(source, place)
        moved.append((source, place))

    def forget(self) -> None:
        """Removes what is not in its place: what was made and is not wanted, or what it took the place of."""
        for target, _ in self._wanted:
            for kind in ("new", "old"):
                remove(target.with_name(f"{MARK}{self._token}-{kind}-{target.name}"))


def sweep(target: Path) -> None:
    """What a restore that was killed left beside this place; never the only copy: what it replaced is still there."""
    for left in target.parent.glob(f"{MARK}*-{glob.escape(target.name)}"):
        if os.path.lexists(target) or "-new-" in left.name:
            remove(left)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def sync_folders(folders: Sequence[Path]) -> None:
    for folder in dict.fromkeys(folders):
        disk.sync(folder)
