"""A file below a folder, opened when it is asked for: step by step from the folder on, and no link is ever followed."""

import errno
import os
import stat
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

MAX_BYTES = 100 * 2**20

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # no FIFO and no device holds us up
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, directions of writing, halves of characters, line ends
_JOINERS = "\u200c\u200d"  # in Persian words and in emoji


@dataclass(frozen=True, slots=True)
class FoundFile:
    """`path` is relative to `origin`, with forward slashes, and can be shown; `names` are what the system calls it.

    Without names it is the origin itself. `fields` are what its pages take where they say nothing themselves.
    """

    origin: str
    path: str
    names: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        """Raises OSError, whose `strerror` can be shown."""
        try:
            return _once_or_twice(self._open)
        except OSError as error:
            _explain(error)

    def _open(self) -> int:
        base, names = (self.origin, self.names) if self.names else os.path.split(self.origin)
        names = names if isinstance(names, tuple) else (names,)
        folder = os.open(base, _FOLDER)
        try:
            for name in names[:-1]:
                inner = opened_folder(name, folder)
                os.close(folder)
                folder = inner
            return os.open(names[-1], _FILE, dir_fd=folder)
        finally:
            os.close(folder)


@dataclass(frozen=True, slots=True)
class UnopenedFolder:
    """A folder that could not be looked into: a file that cannot be read, so that what came from below it stays."""

    origin: str
    path: str
    error: OSError
    fields: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        raise self.error


def opened_folder(name: str, parent: int) -> int:
    return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)


def _once_or_twice(open_file: Callable[[], int]) -> bytes:
    """The whole of it as it stood at one moment, or as near to that as can be seen."""
    for _ in range(2):
        file = open_file()
        try:
            before = os.fstat(file)
            _check(before)
            data = _read(file)
            after = os.fstat(file)
        finally:
            os.close(file)
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            return data
    raise OSError(errno.EAGAIN, "it changed while it was read: try again when it is complete")


def _check(about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file")
    if about.st_size > MAX_BYTES:
        raise _too_large()


def _read(file: int) -> bytes:
    parts, size = [], 0
    while part := os.read(file, 2**20):
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:  # it grew, or never said how large it is
            raise _too_large()
    return b"".join(parts)


def _too_large() -> OSError:
    return OSError(errno.EFBIG, f"it is larger than {MAX_BYTES // 2**20} MiB: split it into smaller files")


def _explain(error: OSError) -> NoReturn:
    if isinstance(error, FileNotFoundError):  # not to be taken for a file that was never there
        raise OSError(errno.ESTALE, "it was removed while the folder was read") from None
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        raise OSError(error.errno, "it has become a symbolic link, which is not followed") from None
    raise error


def shown(name: str) -> str:
    """One part of a path as it can be stored and printed.

    Written as in an address (%1B) are invisible characters, `#`, which begins an anchor, and of a name that is no UTF-8
    all that is not ASCII.
    """
    if name.isascii() and name.isprintable() and "#" not in name:
        return name
    is_utf8 = not any("\udc80" <= character <= "\udcff" for character in name)  # so Python holds bytes that are not
    plain = (character if _is_plain(character, is_utf8) else _escaped(character) for character in name)
    return "".join(plain)


def _is_plain(character: str, is_utf8: bool) -> bool:
    return character != "#" and not _is_unshown(character) and (is_utf8 or character.isascii())


def _escaped(character: str) -> str:
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "replace"
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", errors))


def _is_unshown(character: str) -> bool:
    return unicodedata.category(character) in _UNSHOWN and character not in _JOINERS


def visible(text: str) -> str:
    """A sentence that does nothing to a terminal and to the direction of writing, whatever was put into it."""
    if text.isprintable():
        return text
    return "".join(
        " " if character in "\t\r\n" else f"\\x{ord(character):02x}" if _is_unshown(character) else character
        for character in text
    )
