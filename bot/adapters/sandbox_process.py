"""One child of the sandbox, from its start to its end: asked over a socket, watched by the clock, reaped."""

import compileall
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any

from bot.adapters import sandbox_wire
from bot.errors import Unavailable

MEMORY = 2**30
CPU_S = 30.0
WALL_S = 120.0  # of a child that waits instead of computing, or shares the processor with many
ANSWER = 180 * 2**20
START_S = 60.0
GRACE_S, GRACE_STEPS = 1.0, 200  # from the end of its line to its own
CRASHED = "the reader of this format crashed on it"
NEARLY = 0.5  # of its memory: a child that died above it died of it


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one file; and what keeps them."""

    memory: int = MEMORY
    cpu_s: float = CPU_S
    wall_s: float = WALL_S
    answer: int = ANSWER
    program: str = "bot.adapters.sandbox_child"


class Failed(Exception):
    """The child could not do it. `is_own`: the file did that; else an earlier one may have."""

    def __init__(self, sentence: str, is_own: bool = True) -> None:
        self.sentence, self.is_own = sentence, is_own
        super().__init__(sentence)


class Closed(Exception):
    """The sandbox was closed meanwhile."""


class Child:
    """Started when it is first asked, and again whenever it ended. For one thread at a time; `kill` is for any."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = Lock()  # around the process's beginning and end
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._served = self._used_before = 0
        self._is_closed = False

    def ask(self, asked: Mapping[str, Any], data: bytes) -> Generator[tuple[dict[str, Any], bytes], None, None]:
        """The frames of the answer, the last one with `done`. Raises Failed, Closed, or Unavailable."""
        if self._line is None:
            self._start()
        try:
            yield from self._answers(asked, data)
        except TimeoutError:
            self.stop()
            raise Failed(self._too_slow(self._limits.wall_s)) from None
        except (EOFError, ConnectionError):
            raise self._ended() from None
        except ValueError:  # what came is none of our frames
            self.stop()
            raise Failed(CRASHED) from None
        except BaseException:
            self.stop()  # what it still says belongs to no question
            raise

    def _answers(self, asked: Mapping[str, Any], data: bytes) -> Generator[tuple[dict[str, Any], bytes], None, None]:
        deadline = monotonic() + self._limits.wall_s
        for part in sandbox_wire.frame(asked, data):
            self._until(deadline).sendall(part)
        left = self._limits.answer
        while True:
            told, behind, size = self._frame(deadline, left)
            left -= size
            if "done" in told:
                self._check(told)
                yield told, behind
                return
            yield told, behind

    def _check(self, done: Mapping[str, Any]) -> None:
        was_used, self._served = self._served > 0, self._served + 1
        if done.get("again") is not True:
            self.stop()
        how = done["done"]
        if how not in ("ok", "unreadable"):
            sentence = self._sentences().get(str(how), CRASHED)
            kind = f" ({sandbox_wire.cleaned(str(done['error'])[:160])})" if how == "crash" and "error" in done else ""
            raise Failed(sentence + kind, is_own=not (was_used and how == "memory"))

    def _sentences(self) -> dict[str, str]:
        return {
            "memory": f"needed more memory than {_size(self._limits.memory)}: split it into smaller files",
            "deep": "is nested too deeply to be read",
            "large": self._too_large(),
        }

    def _too_slow(self, seconds: float) -> str:
        return f"needed more than {seconds:g} s to read: split it into smaller files"

    def _too_large(self) -> str:
        return f"holds more text than {_size(min(self._limits.answer, ANSWER))}: split it into smaller files"

    def _frame(self, deadline: float, left: int) -> tuple[dict[str, Any], bytes, int]:
        n_json, n_data = sandbox_wire.HEAD.unpack(self._take(sandbox_wire.HEAD.size, deadline))
        if n_json + n_data > left:
            self.stop()
            raise Failed(self._too_large())
        if n_json > sandbox_wire.MAX_JSON:
            raise ValueError("too long a frame")
        told = sandbox_wire.told(self._take(n_json, deadline))
        return told, self._take(n_data, deadline), n_json + n_data

    def _take(self, n: int, deadline: float) -> bytes:
        taken = bytearray(n)
        rest = memoryview(taken)
        while rest:
            got = self._until(deadline).recv_into(rest)
            if not got:
                raise EOFError
            rest = rest[got:]
        return bytes(taken)

    def _until(self, deadline: float) -> socket.socket:
        if self._line is None:
            raise EOFError
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self._line.settimeout(left)
        return self._line

    # ── beginning and end ──

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            if self._is_closed:
                ours.close()
                raise Closed
            self._process = _spawned(theirs, self._limits)
            self._line, self._served = ours, 0
        try:
            ready, _, _ = self._frame(monotonic() + START_S, sandbox_wire.MAX_JSON)
            self._used_before = sandbox_wire.made(int, ready.get("used"))
        except (EOFError, ConnectionError, TimeoutError, ValueError):
            said = self._last_words()
            self.stop()
            if self._is_closed:
                raise Closed from None
            raise Unavailable(f"the process that reads files cannot be started: {said}") from None

    def _last_words(self) -> str:
        process = self._process
        if process is None or process.stderr is None:
            return "it was stopped"
        os.kill(process.pid, signal.SIGKILL)
        lines = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it says nothing"

    def _ended(self) -> Exception:
        """Why it is gone."""
        was_used = self._served > 0
        code, used = self.stop(wait=True)
        if self._is_closed:
            return Closed()
        if code == -signal.SIGXCPU:
            return Failed(self._too_slow(self._limits.cpu_s))
        if code == -signal.SIGKILL or used > max(self._used_before, NEARLY * self._limits.memory):
            return Failed(self._sentences()["memory"], is_own=not was_used)
        return Failed(CRASHED, is_own=not was_used)

    def stop(self, wait: bool = False) -> tuple[int, int]:
        """Its exit code, negative for a signal of others, and the memory it used. Killed, unless it is `wait`ed for."""
        with self._lock:
            process, line = self._process, self._line
            self._process = self._line = None
            if process is None or line is None:
                return 0, 0
            line.close()
            has_ended = wait and _has_ended(process.pid)
            if not has_ended:
                os.kill(process.pid, signal.SIGKILL)  # Popen.kill might reap it, and its figures with it
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and what it started
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.stderr is not None:
                process.stderr.close()
            return process.returncode if has_ended else 0, used.ru_maxrss * 1024

    def kill(self) -> None:
        """For good. Whoever waits for an answer gets Closed."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                os.kill(self._process.pid, signal.SIGKILL)


@cache
def _compile() -> None:
    """Once: a child may not write, and would compile everything it imports each time it is started."""
    here = Path(__file__).parents[1]
    for pattern in ("adapters/reader*.py", "adapters/sandbox*.py", "adapters/sitemaps.py", "*.py"):
        for file in here.glob(pattern):
            compileall.compile_file(file, quiet=2)


def _spawned(line: socket.socket, limits: Limits) -> "subprocess.Popen[bytes]":
    """With no variables of ours, which may hold secrets, and out of reach of Ctrl-C: it ends when we do."""
    _compile()
    here = Path(__file__).parents[2]
    places = [str(here), *(os.path.abspath(place) for place in sys.path if place not in ("", os.getcwd()))]
    variables = {"PYTHONPATH": os.pathsep.join(places), "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
    # -S: all places are named, looking for them again would take as long as everything else.
    command = [sys.executable, "-P", "-S", "-B", "-m", limits.program]
    return subprocess.Popen(  # noqa: S603 (our own module)
        [*command, str(limits.memory), str(limits.cpu_s)],
        stdin=line.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=variables, cwd="/",
        start_new_session=True,
    )  # fmt: skip


def _has_ended(process: int) -> bool:
    """Whether it ends by itself, now that it is silent; it is not reaped yet."""
    for _ in range(GRACE_STEPS):
        if os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
            return True
        sleep(GRACE_S / GRACE_STEPS)
    return False


def _size(n: int) -> str:
    return f"{n // 2**30} GiB" if n % 2**30 == 0 else f"{n / 2**20:.0f} MiB"
