"""R14: Autobahn's suite against our uvicorn. It runs on Python 2.7 only: without one, that is what the table says.

LOAD_PYTHON2 names the interpreter (default: `python2.7`, or pyenv's 2.7.18). The suite is installed once, below .bench.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from tests.load.figures import ROOT, Figure, at_most, exactly, told
from tests.load.world import free_port

SUITE, CASES, ALLOWED = "autobahntestsuite==25.10.1", 247, {"7.1.5"}  # not of the RFC; in websockets' own list too
LEFT_OUT = ["9.*", "12.*", "13.*"]  # speed and compression, which is off here
FAILED = ("FAILED", "WRONG CODE", "UNCLEAN", "FAILED BY CLIENT")
PLACE = ROOT / ".bench" / "autobahn"
START = f"import site; site.addsitedir({str(PLACE)!r}); from autobahntestsuite.wstest import run; run()"
SUITE_S, INSTALL_S, GOAL_S = 240, 240, 15


async def measure(seconds: float) -> list[Figure]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Figure]:
    python = _python2()
    if not python:
        return [told("R14", "Autobahn's suite", "not run: no Python 2.7 here (LOAD_PYTHON2 names one)")]
    if problem := _install(python):
        return [told("R14", "Autobahn's suite", f"not run: {problem}")]
    started = monotonic()
    with TemporaryDirectory(prefix="autobahn-") as folder:
        results = _run(python, Path(folder))
    failed = {case for case, result in results.items() if result["behavior"] in FAILED} - ALLOWED
    counted = Counter(result["behavior"] for result in results.values())
    return [
        exactly("R14", f"Autobahn, {len(results)} cases: failed, but 7.1.5", len(failed) if results else float("inf")),
        told("R14", "… how they ended", ", ".join(f"{n} {how}" for how, n in counted.most_common())),
        *([told("R14", "… those that failed", ", ".join(sorted(failed)))] if failed else []),
        at_most("R14", "… time it took", monotonic() - started, GOAL_S, " s"),
    ]


def _python2() -> str:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions" / "2.7.18" / "bin" / "python2.7"
    for one in (os.environ.get("LOAD_PYTHON2", ""), str(pyenv), shutil.which("python2.7") or ""):
        if one and shutil.which(one) and subprocess.run([one, "--version"], capture_output=True).returncode == 0:
            return one
    return ""


def _install(python: str) -> str:
    """What is wrong, if it cannot be."""
    if (PLACE / "autobahntestsuite").exists():
        return ""
    command = [python, "-m", "pip", "install", "--quiet", "--target", str(PLACE), SUITE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        return f"{SUITE} could not be installed in {INSTALL_S} s"
    return "" if done.returncode == 0 else f"{SUITE} could not be installed: {done.stderr.strip()[-200:]}"


def _wait_for(port: int) -> None:
    ends = monotonic() + 60
    while monotonic() < ends:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        sleep(0.1)


def _run(python: str, folder: Path) -> dict[str, dict[str, str]]:
    port, agent = free_port(), "uvicorn"
    spec = {
        "outdir": str(folder), "cases": ["*"], "exclude-cases": LEFT_OUT, "exclude-agent-cases": {},
        "servers": [{"agent": agent, "url": f"ws://127.0.0.1:{port}"}],
    }  # fmt: skip
    (folder / "spec.json").write_text(json.dumps(spec))
    echo = subprocess.Popen([sys.executable, "-m", "tests.load.echo", str(port)], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        subprocess.run(
            [python, "-c", START, "-m", "fuzzingclient", "-s", str(folder / "spec.json")], cwd=folder, timeout=SUITE_S,
            capture_output=True, check=False,
        )  # fmt: skip
    finally:
        echo.terminate()
        echo.wait()
    report = folder / "index.json"
    return dict(json.loads(report.read_text())[agent]) if report.exists() else {}
