"""The sandbox's child with a reader that does what its file says: what the sandbox must survive, one act each."""

import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import sleep
from typing import Any

from bot.adapters import sandbox_child, sandbox_wire
from bot.content import Page, Unreadable

Told = Iterator[tuple[dict[str, Any], bytes]]
# As the C code of a library that was taken over would have it: found before anything was given up.
LIBC = ctypes.CDLL(None, use_errno=True)
OPEN, UNLINK, SYSTEM, MEMSET, SOCKET, CONNECT, FORK = (
    getattr(LIBC, name) for name in ("open", "unlink", "system", "memset", "socket", "connect", "fork")
)


def read(text: str) -> Told:
    from bot import faq

    parsed = faq.parse_page(Page("a.md", f"## Is this {text}?\n\nYes: {text}.\n"))
    yield {"parsed": sandbox_wire.plain(parsed)}, b""


def spin(text: str) -> Told:
    while True:
        pass


def wait(text: str) -> Told:
    sleep(60)
    yield from read(text)


def eat(text: str) -> Told:
    held = [bytearray(2**20) for _ in range(4096)]
    yield from read(str(len(held)))


def recurse(text: str) -> Told:
    yield from recurse(text)


def fall(text: str) -> Told:
    MEMSET(0, 1, 1)
    yield from read(text)


def shut(text: str) -> Told:
    """Ends nothing but the line."""
    os.close(3)
    sleep(60)
    yield from read(text)


def multiply(text: str) -> Told:
    """Root may always fork: what it leaves must go with it."""
    FORK()
    yield from wait(text)


def leave(text: str) -> Told:
    os._exit(3)
    yield from read(text)


def fail(text: str) -> Told:
    raise KeyError(text)
    yield from read(text)


def refuse(text: str) -> Told:
    yield from read("half of it")
    raise Unreadable("this is\x1b[31m no\nfile of ours\ud800", "a.md:7")


def talk(text: str) -> Told:
    print("not for you", flush=True)
    print("nor this", file=sys.stderr, flush=True)
    yield from read(text)


def swell(text: str) -> Told:
    while True:
        yield {"member": "a.md/b.md"}, b"x" * 2**20


def promise(text: str) -> Told:
    os.write(3, sandbox_wire.HEAD.pack(10, 2**60))
    yield from wait(text)


def lie(text: str) -> Told:
    yield {"parsed": [["no", "document"], [], [], False]}, b""


def garble(text: str) -> Told:
    os.write(3, sandbox_wire.HEAD.pack(6, 0) + b"[[[[[[")
    yield from wait(text)


def nest(text: str) -> Told:
    os.write(3, sandbox_wire.HEAD.pack(200_000, 0) + b"[" * 200_000)
    yield from wait(text)


def escape(text: str) -> Told:
    """All that must not work, in Python and below it; says what did."""
    yield from read("said " + " and ".join(name for name, act in ESCAPES.items() if _works(act)) + ".")


def _works(act: Callable[[], object]) -> bool:
    try:
        return act() != -1
    except (OSError, MemoryError):
        return False


HERE = Path(__file__)
ESCAPES: dict[str, Callable[[], object]] = {
    "reading-what-lies-beside-the-program": lambda: (HERE.parents[2] / "pyproject.toml").read_text(),
    "reading-it-in-C": lambda: OPEN(bytes(HERE.parents[2] / "pyproject.toml"), os.O_RDONLY),
    "reading": lambda: Path("/etc/passwd").read_text(),
    "reading-in-C": lambda: OPEN(b"/etc/passwd", os.O_RDONLY),
    "writing": lambda: Path("/tmp/answerdesk-escaped").write_text("x"),
    "writing-in-C": lambda: OPEN(b"/tmp/answerdesk-escaped", os.O_WRONLY | os.O_CREAT, 0o600),
    "removing": lambda: os.remove("/tmp/answerdesk-bait"),
    "removing-in-C": lambda: UNLINK(b"/tmp/answerdesk-bait"),
    "making-a-folder": lambda: os.mkdir("/tmp/answerdesk-escaped"),
    "running": lambda: subprocess.run(["/bin/true"], check=False),
    "running-in-C": lambda: -1 if SYSTEM(b"/bin/true") else 0,
    "forking": os.fork,
    "connecting-in-C": lambda: CONNECT(SOCKET(2, 1, 0), bytes([2, 0, 0, 22, 127, 0, 0, 1, *bytes(8)]), 16),
    "connecting": lambda: socket.create_connection(("127.0.0.1", 9), 1),
    "binding": lambda: socket.socket().bind(("127.0.0.1", 0)),
    "looking-up": lambda: socket.getaddrinfo("localhost", 80),
    "loading": lambda: ctypes.CDLL("libm.so.6"),
    "more-memory": lambda: bytearray(3 * 2**30),
    "killing": lambda: os.kill(os.getppid(), 0),
}


ACTS = (
    read,
    spin,
    wait,
    eat,
    recurse,
    fall,
    leave,
    shut,
    multiply,
    fail,
    refuse,
    talk,
    swell,
    promise,
    lie,
    garble,
    nest,
    escape,
)


def _parse(asked: Mapping[str, Any], data: bytes) -> Told:
    act, _, text = data.decode().partition(" ")
    yield from {one.__name__: one for one in ACTS}[act](text or "fine")


if __name__ == "__main__":
    sandbox_child._DOES["parse"] = _parse
    sandbox_child.main()
