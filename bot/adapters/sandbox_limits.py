"""What a process gives up before it reads a file of a stranger: memory, time, the network, writing, most of reading.

The kernel holds what it can (resource limits, a network namespace, Landlock); an audit hook holds the same in Python,
for kernels that cannot. A limit that cannot be set is left: the others still stand.
"""

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Sequence
from typing import Any

OPEN_FILES = 32
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_NO_NEW_PRIVS = 38
# Landlock has one number for all processors.
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}  # by version: all that it can forbid
READ = 0x4 | 0x8  # files, folders
TCP = 0x3  # bind, connect: from version 4 on

REFUSED = (
    "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "subprocess.", "os.exec", "os.fork",
    "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "os.kill", "pty.", "ctypes.", "os.remove", "os.rename",
    "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.putenv", "shutil.",
    "tempfile.", "sqlite3.", "webbrowser.", "urllib.", "http.client.", "ftplib.", "smtplib.", "pickle.",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def give_up(memory: int) -> None:
    """For good, for this process. What it imports afterwards must lie below `sys.path`."""
    roots = _roots()
    libc = ctypes.CDLL(None, use_errno=True)
    _leave_network(libc)
    _lock_files(libc, roots)
    for limit, most in (
        (resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES), (resource.RLIMIT_NPROC, 0),
    ):  # fmt: skip
        resource.setrlimit(limit, (most, most))
    sys.modules["numpy"] = None  # type: ignore[assignment]  # what uses it can do without, and it costs memory and time
    sys.addaudithook(_hook(roots))


def more_time(seconds: float) -> None:
    """So many seconds of the processor from now on; then the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _roots() -> tuple[str, ...]:
    """Where Python and its libraries are; of a checkout only the program: data and settings may lie beside it."""
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    libraries = (f"{here}/bot" if os.path.realpath(place) == os.path.realpath(here) else place for place in sys.path)
    places = {*libraries, sys.prefix, sys.base_prefix, sys.base_exec_prefix, "/usr/lib", "/usr/local/lib", "/lib",
              "/lib64", "/dev/null", "/dev/urandom", "/etc/ld.so.cache", "/usr/share/zoneinfo",
              "/etc/mime.types", "/etc/apache2/mime.types", "/etc/httpd/conf/mime.types"}  # fmt: skip
    return tuple(sorted(os.path.realpath(place) for place in places if place and os.path.exists(place)))


def _leave_network(libc: Any) -> None:
    """Into an empty network of its own; some containers do not let anybody.

    Root needs no users of its own for that, and with them could no longer read what belongs to others.
    """
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _lock_files(libc: Any, roots: Sequence[str]) -> None:
    """Landlock: nothing is written or run, and nothing read but Python itself. Also for what C code opens."""
    version = libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1 or libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return
    rights = RIGHTS[min(version, max(RIGHTS))]
    handled = struct.pack("QQ", rights, TCP if version >= 4 else 0)[: 16 if version >= 4 else 8]
    rules = libc.syscall(LANDLOCK_CREATE, handled, ctypes.c_size_t(len(handled)), 0)
    if rules < 0:
        return
    try:
        for root in roots:
            _allow(libc, rules, root)
        libc.syscall(LANDLOCK_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _allow(libc: Any, rules: int, root: str) -> None:
    below = os.open(root, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = READ if os.path.isdir(root) else 0x4
        libc.syscall(LANDLOCK_ADD, rules, 1, struct.pack("=Qi", rights, below), 0)
    finally:
        os.close(below)


def _hook(roots: Sequence[str]) -> Any:
    inside = tuple(root.rstrip("/") + "/" for root in roots)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            _check_open(arguments, roots, inside)
        elif event.startswith(REFUSED):
            raise PermissionError(1, f"a reader may not do that ({event})")

    return hook


def _check_open(arguments: tuple[Any, ...], roots: Sequence[str], inside: tuple[str, ...]) -> None:
    path, mode, flags = arguments
    if isinstance(path, int):
        return
    name = os.path.realpath(os.fsdecode(path))
    is_writing = flags & WRITING if isinstance(flags, int) else set(mode or "r") & set("wax+")
    if is_writing or not (name in roots or name.startswith(inside)):
        raise PermissionError(1, f"a reader may not open {name}")
