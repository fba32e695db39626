"""A process killed while it changes the folder of generations: the old generation serves, or the new one, complete."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.index_crashes import MODEL, OPERATIONS
from tests.index_parts import build, opened, publish, served

ROOT = Path(__file__).parents[2]
FOUND = {"publish": 3, "make_current": 3, "again": 1, "calibrate": 2}  # passages, when it was done
BEFORE = 2


def can_trace() -> bool:
    """Tracing needs strace, and a system that lets one process look at another."""
    if not shutil.which("strace"):
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


HOW = ("python", "strace") if can_trace() else ("python",)


def killed(how: str, operation: str, folder: Path) -> list[Path]:
    """A copy of FOLDER/0 for each call at which the operation was killed."""
    command = [sys.executable, "-m", "tests.index_crashes", how, operation, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    *codes, last = ran.stdout.split()
    assert (set(codes), last) == ({"-9"}, "0"), ran.stderr
    assert len(codes) > 8, "it was killed again and again"
    return [folder / str(n) for n in range(1, len(codes) + 2)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    publish(opened(tmp_path / "0"), "a")
    for _ in range(4):
        publish(opened(tmp_path / "0"), "a", "b")
    return tmp_path


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_any_call_the_old_or_the_new_generation_serves(
    folder: Path, operation: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = opened(folder / "0").generations()
    outcomes = set()
    for copy in killed(how, operation, folder):
        indexes = opened(copy)
        is_new = indexes.live() != kept[-1].generation
        outcomes.add(is_new)
        assert indexes.current().manifest.generation == indexes.live(), "nothing older stands in"
        assert served(indexes) == (FOUND[operation] if is_new else BEFORE)
        assert indexes.current().decision == (MODEL if is_new and operation == "calibrate" else None)
        known = [one.generation for one in indexes.generations()]
        assert set(known) <= {one.generation for one in kept} | {indexes.live()}, "what never was current is no history"
        for name in known:
            indexes.verify(name)
    assert outcomes == ({False, True} if operation in FOUND else {False})
    assert caplog.text == ""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_a_crash_left_behind_is_swept_by_the_next_publication(
    folder: Path, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_left_over, copies = 0, killed("python", operation, folder)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # these publications nobody kills
    for copy in copies:
        n_left_over += len([*copy.glob(".new-*"), *copy.glob("*/.candidate"), *copy.glob("*.tmp")])
        live = opened(copy).live()
        for _ in range(2):
            publish(opened(copy), "a", "b", "c", "d")
        assert served(opened(copy)) == 4
        names = [one.generation for one in opened(copy).generations()]
        assert live in names, "what was current is kept, whenever the crash came"
        assert len(names) <= 5
        assert {entry.name for entry in copy.iterdir()} == {"CURRENT", ".lock", *names}
        assert not list(copy.glob("*/.candidate"))
    assert n_left_over


def test_a_candidate_of_a_process_that_died_is_swept_and_one_of_a_living_process_is_not(folder: Path) -> None:
    code = f"from tests.index_parts import *; print(build(opened(Path({str(folder / '0')!r})), 'x'))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    dead = ran.stdout.strip()
    assert (folder / "0" / dead).exists()
    ours = opened(folder / "0")
    alive = build(ours, "a", "b", "c")
    publish(opened(folder / "0"), "a")
    assert not (folder / "0" / dead).exists()
    assert len(ours.load(alive).dense.search("", None, 9)) == 3
