"""Kills a process that changes a folder of generations, at each of its calls in turn, each time in a fresh copy.

    python -m tests.index_crashes python|strace OPERATION FOLDER

copies FOLDER/0 to FOLDER/1, FOLDER/2, …, does the operation in each, and kills it at another call each time. Prints an
exit code a line; the last is 0: it ran to its end. `python` takes what Python's `os` is asked for, in order; `strace`
what anybody in the process asks the system for, kind by kind.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bot.adapters.generations import Generations
from bot.decision import Curve, Curves, Model
from bot.dialogue import Thresholds
from tests.index_parts import build, opened, publish

MODEL = Model({"en": Curves(Curve({"dense": (0.5, 0.1, 1.0)}, 0.0), Curve({}, 0.0))}, {"en": Thresholds(0.8, 0.3)})
OS_CALLS = ("open", "close", "fsync", "rename", "replace", "mkdir", "rmdir", "unlink")
SYSTEM_CALLS = (
    "openat,?open,?creat,write,pwrite64,writev,fsync,fdatasync,?rename,?renameat,renameat2,?mkdir,mkdirat,?unlink,"
    "unlinkat,?rmdir,flock,ftruncate,?link,linkat,?chmod,fchmod"
)
MOST = 1_000

Step = Callable[[], object]


def _again(indexes: Generations) -> Step:
    oldest = indexes.generations()[0].generation
    return lambda: indexes.make_current(indexes.again(oldest).generation)


def _made_current(indexes: Generations) -> Step:
    name, live = build(indexes, "a", "b", "c"), indexes.live()
    return lambda: indexes.make_current(name, live)


def _discarded(indexes: Generations) -> Step:
    name = build(indexes, "a", "b", "c")
    return lambda: indexes.discard(name)


OPERATIONS: dict[str, Callable[[Generations], Step]] = {
    "publish": lambda indexes: lambda: publish(indexes, "a", "b", "c"),
    "build": lambda indexes: lambda: build(indexes, "a", "b", "c"),
    "make_current": _made_current,
    "again": _again,
    "calibrate": lambda indexes: lambda: indexes.calibrate(MODEL, indexes.live()),
    "prune": lambda indexes: lambda: indexes.prune(2),
    "discard": _discarded,
}


def _counted(n: int) -> None:
    """From now on the process is killed at its `n`th call."""
    left = n

    def counting(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return step

    for name in OS_CALLS:
        setattr(os, name, counting(getattr(os, name)))


def _child(operation: str, folder: Path, prepared: Callable[[], None]) -> None:
    step = OPERATIONS[operation](opened(folder))
    prepared()
    step()
    os._exit(0)


def by_python(operation: str, folder: Path) -> Iterator[int]:
    for n in range(1, MOST):
        if (child := os.fork()) == 0:
            _child(operation, _copy(folder, n), lambda n=n: _counted(n))  # type: ignore[misc]
        yield (code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        if code == 0:
            return


def by_strace(operation: str, folder: Path) -> Iterator[int]:
    """strace counts each kind of call by itself: which calls there are, and how many of each, is seen first."""
    log = folder / "calls"
    assert _traced(operation, _copy(folder, "whole"), f"trace={SYSTEM_CALLS}", log) == 0
    calls = Counter(line.split("(")[0] for line in log.read_text().splitlines() if "(" in line)
    kills = [f"inject={name}:signal=KILL:when={n}" for name, count in calls.items() for n in range(1, count + 1)]
    for n, inject in enumerate(kills, start=1):
        yield _traced(operation, _copy(folder, n), inject, log)
    yield _traced(operation, _copy(folder, len(kills) + 1), "trace=none", log)


def _traced(operation: str, folder: Path, expression: str, log: Path) -> int:
    go, going = os.pipe()
    told, telling = os.pipe()
    if (child := os.fork()) == 0:

        def prepared() -> None:
            os.write(telling, b".")
            os.read(go, 1)

        _child(operation, folder, prepared)
    os.read(told, 1)
    command = ["strace", "-o", str(log), "-e", expression, "-p", str(child)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        line = tracer.stderr.readline()
        assert "attached" in line, line
        os.write(going, b".")
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        tracer.stderr.read()
    for descriptor in (go, going, told, telling):
        os.close(descriptor)
    return code


def _copy(folder: Path, name: int | str) -> Path:
    return Path(shutil.copytree(folder / "0", folder / str(name)))


def main(how: str, operation: str, folder: Path) -> None:
    for code in {"python": by_python, "strace": by_strace}[how](operation, folder):
        print(code, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
