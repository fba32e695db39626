"""Who serves a database: held by the system for as long as the process lives, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import Unavailable


@contextmanager
def held(path: Path, *, alone: bool, otherwise: str) -> Iterator[None]:
    """The lock of this file, alone or together with others that do not want it alone.

    Raises Unavailable at once with the sentence `otherwise`, in which `{who}` is the process that holds it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written ({error.strerror})") from error
    try:
        _take(descriptor, alone, otherwise)
        if alone:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)  # the file stays: taking it away would give two processes two locks


def _take(descriptor: int, alone: bool, otherwise: str) -> None:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Unavailable(otherwise.format(who=_who(descriptor))) from None
    except OSError as error:
        raise Unavailable(f"the data folder's file system knows no locks ({error.strerror})") from error


def _who(descriptor: int) -> str:
    named = os.pread(descriptor, 20, 0)
    return f"process {named.decode()}" if named.isdigit() else "another process"
