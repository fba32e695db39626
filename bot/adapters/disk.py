"""Files as the system is asked to treat them."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """What was written to this file, or which names this folder holds, is on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def at_once(path: str, flags: int) -> int:
    """For `open(opener=)`: a FIFO in a file's place holds nobody up."""
    return os.open(path, flags | os.O_NONBLOCK)
