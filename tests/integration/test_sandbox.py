"""The sandbox around readers that misbehave in every way there is: one file fails, the others are read."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic, sleep

import pytest

from bot.adapters import sandbox_wire
from bot.adapters.sandbox import KEPT, Sandbox
from bot.adapters.sandbox_process import Closed, Limits
from bot.content import CsvFormat, SourceFile
from bot.errors import Unavailable
from bot.faq import Parsed
from bot.knowledge import Document, Passage

SMALL = Limits(memory=200 * 2**20, cpu_s=1, wall_s=60, answer=4 * 2**20, program="tests.integration.misbehaving_reader")
QUICK = replace(SMALL, wall_s=4)  # for files that only wait
CSV = CsvFormat()


@dataclass(frozen=True)
class File:
    path: str
    held: bytes | OSError
    origin: str = "kb"
    fields: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        if isinstance(self.held, OSError):
            raise self.held
        return self.held


def acts(*said: str) -> list[File]:
    return [File(f"{n}.md", act.encode()) for n, act in enumerate(said)]


def sentences(box: Sandbox, files: Sequence[SourceFile]) -> list[str]:
    """For each file the first problem, or else the first question."""
    found = [parsed for _, parsed in box.parsed(files, CSV)]
    return [str(one.problems[0]) if one.problems else one.passages[0].title for one in found]


def boxed(others: set[int]) -> set[int]:
    """Our children without those that were there before, as a database's server of other tests is."""
    return children_of(os.getpid()) - others


def children_of(process: int) -> set[int]:
    found = set[int]()
    for task in os.listdir(f"/proc/{process}/task"):
        with suppress(FileNotFoundError):  # a thread that has ended since
            found |= {int(child) for child in Path(f"/proc/{process}/task/{task}/children").read_text().split()}
    return found


@pytest.fixture(autouse=True)
def others() -> Iterator[set[int]]:
    """The children that were there before. Afterwards there are no more, and nothing is left open."""
    before, n_open = children_of(os.getpid()), len(os.listdir("/proc/self/fd"))
    yield before
    assert children_of(os.getpid()) == before
    assert len(os.listdir("/proc/self/fd")) == n_open


FAILURES = {
    "spin": "needed more than 1 s to read: split it into smaller files",
    "eat": "needed more memory than 200 MiB: split it into smaller files",
    "recurse": "is nested too deeply to be read",
    "fall": "the reader of this format crashed on it",
    "leave": "the reader of this format crashed on it",
    "shut": "the reader of this format crashed on it",
    "fail": "the reader of this format crashed on it (KeyError)",
    "swell": "holds more text than 4 MiB: split it into smaller files",
    "promise": "holds more text than 4 MiB: split it into smaller files",
    "lie": "the reader of this format crashed on it",
    "garble": "the reader of this format crashed on it",
    "nest": "the reader of this format crashed on it",
}


def test_a_file_that_does_harm_is_a_sentence_and_its_neighbours_are_read() -> None:
    said = [act for one in FAILURES for act in (one, f"read {one}")]
    with Sandbox(2, SMALL) as box:
        found = sentences(box, acts(*said))
    expected = [
        line
        for n, (one, sentence) in enumerate(FAILURES.items())
        for line in (f"{2 * n}.md: {sentence}; {KEPT}", f"Is this {one}?")
    ]
    assert [re.sub(r" in misbehaving_reader\.py:\d+", "", line) for line in found] == expected


def test_a_reader_that_is_silent_is_not_waited_for_without_end() -> None:
    with Sandbox(1, QUICK) as box:
        waited, read = sentences(box, acts("wait", "read on"))
    assert waited == f"0.md: needed more than 4 s to read: split it into smaller files; {KEPT}"
    assert read == "Is this on?"


def test_what_cannot_be_read_is_said_to_be_unread() -> None:
    with Sandbox(1, SMALL) as box:
        ((_, crashed), (_, refused)) = box.parsed(acts("fail", "refuse"), CSV)
    assert (crashed.is_unread, crashed.passages) == (True, ())
    assert (refused.is_unread, refused.passages) == (True, ()), "half of a file is none of it"
    assert str(refused.problems[0]) == f"1.md:a.md:7: this is[31m no file of ours?; {KEPT}"


def test_a_reader_can_reach_nothing() -> None:
    bait = Path("/tmp/answerdesk-bait")
    bait.write_text("still here")
    try:
        with Sandbox(1, SMALL) as box:
            assert sentences(box, acts("escape")) == ["Is this said .?"]
        assert bait.exists()
        assert not Path("/tmp/answerdesk-escaped").exists()
    finally:
        bait.unlink()


def test_the_child_has_the_limits_and_none_of_our_variables(monkeypatch: pytest.MonkeyPatch, others: set[int]) -> None:
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "hunter2")
    with Sandbox(1) as box:
        list(box.parsed([File("a.md", b"## A?\n\nB.\n")], CSV))
        (child,) = boxed(others)
        limits = Path(f"/proc/{child}/limits").read_text()
        rows = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
        assert rows["Max address space"] == str(2**30)
        assert 30 <= int(rows["Max cpu time"]) <= 34
        assert (rows["Max file size"], rows["Max core file size"], rows["Max processes"]) == ("0", "0", "0")
        assert int(rows["Max open files"]) <= 64
        assert b"hunter2" not in Path(f"/proc/{child}/environ").read_bytes()
        assert len(os.listdir(f"/proc/{child}/fd")) == 5, "in, out, error, the line to us, and its own size"


def test_each_file_has_all_the_time_however_many_came_before(others: set[int]) -> None:
    busy = replace(SMALL, cpu_s=1)
    with Sandbox(1, busy) as box:
        found = sentences(box, acts(*["read x"] * 300))
        assert set(found) == {"Is this x?"}
        assert len(boxed(others)) == 1, "one child serves many files"


def test_what_libraries_print_does_not_get_between_the_answers(capfd: pytest.CaptureFixture[str]) -> None:
    with Sandbox(1, SMALL) as box:
        assert sentences(box, acts("talk", "read on")) == ["Is this fine?", "Is this on?"]
    assert capfd.readouterr() == ("", "")


def test_a_file_that_another_one_spoiled_is_read_again_in_a_fresh_child(others: set[int]) -> None:
    """A child may be killed for what an earlier file left behind."""
    with Sandbox(1, QUICK) as box:
        files = acts("read first", "wait", "read last")
        found = box.parsed(files, CSV)
        started = monotonic()
        assert next(found)[1].passages[0].title == "Is this first?"
        sleep(0.3)
        (child,) = boxed(others)
        os.kill(child, signal.SIGKILL)
        assert "needed more than 4 s" in str(next(found)[1].problems[0]), "the second child waited for all of its time"
        assert monotonic() - started > 4
        assert next(found)[1].passages[0].title == "Is this last?"


def test_files_that_cannot_be_opened_are_told_by_reason() -> None:
    files = [
        File("a.md", PermissionError(13, "Permission denied")),
        File("b.md", FileNotFoundError(2, "its server has it no more (404)")),
    ]
    with Sandbox(1, SMALL) as box:
        ((_, kept), (_, gone)) = box.parsed(files, CSV)
    assert (str(kept.problems[0]), kept.is_unread) == (f"a.md: cannot be read (Permission denied); {KEPT}", True)
    assert (str(gone.problems[0]), gone.is_unread) == (
        "b.md: cannot be read (its server has it no more (404)); what was ingested from it before is removed",
        False,
    )


def test_answers_come_in_the_order_of_the_files_and_only_a_few_are_read_ahead() -> None:
    taken: list[int] = []

    def many() -> Iterator[File]:
        for n in range(60):
            taken.append(n)
            yield File(f"{n}.md", f"read {n}".encode())

    with Sandbox(2, SMALL) as box:
        for n, (file, parsed) in enumerate(box.parsed(many(), CSV)):
            assert (file.path, parsed.passages[0].title) == (f"{n}.md", f"Is this {n}?")
            assert len(taken) <= n + 6


def test_what_a_child_started_ends_with_it() -> None:
    with Sandbox(1, QUICK) as box:
        found = box.parsed(acts("multiply", "multiply"), CSV)
        assert "needed more than 4 s" in str(next(found)[1].problems[0])
        found.close()
    named = [Path(f"/proc/{process}/cmdline") for process in os.listdir("/proc") if process.isdigit()]
    assert not [file for file in named if _is_ours(file)]


def _is_ours(cmdline: Path) -> bool:
    try:
        return SMALL.program.encode() in cmdline.read_bytes() and _is_alive(int(cmdline.parent.name))
    except OSError:
        return False


def test_who_stops_listening_and_who_closes_does_not_wait_for_what_is_being_read() -> None:
    started = monotonic()
    with Sandbox(2, SMALL) as box:
        found = box.parsed(acts("read one", "wait", "wait", "wait", "wait", "wait"), CSV)
        next(found)
        found.close()
    assert monotonic() - started < SMALL.wall_s / 2


def test_closing_from_elsewhere_ends_whoever_waits() -> None:
    box = Sandbox(1, SMALL)
    closing = threading.Timer(0.5, box.close)
    closing.start()
    with pytest.raises(Closed):
        list(box.parsed(acts("wait"), CSV))
    closing.join()
    with pytest.raises((Closed, RuntimeError)):
        list(box.parsed(acts("read x"), CSV))


def test_a_sandbox_that_cannot_start_says_why() -> None:
    with (
        Sandbox(1, replace(SMALL, program="tests.no_such_program")) as box,
        pytest.raises(Unavailable, match=r"cannot be started: .*No module named"),
    ):
        list(box.parsed(acts("read x"), CSV))


# A test run in the background ignores SIGINT, and so would whoever it starts.
INTERRUPTED = """
import signal, tests.integration.test_sandbox as t
signal.signal(signal.SIGINT, signal.default_int_handler)
with t.Sandbox(2, t.SMALL) as box:
    found = box.parsed(t.acts("read x", "wait", "wait"), t.CSV)
    next(found)
    print("reading", flush=True)
    list(found)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_children_end_with_whoever_started_them(how: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"reading\n"
        sleep(0.2)
        children = children_of(process.pid)
        process.send_signal(how)
        process.wait(30)
    assert children
    patience = monotonic() + (30 if how == signal.SIGINT else 1)
    while (alive := [child for child in children if _is_alive(child)]) and monotonic() < patience:
        sleep(0.05)
    if how == signal.SIGINT:
        assert not alive
    for child in alive:  # asleep in our test's own reader: the socket is only looked at between files
        os.kill(child, signal.SIGKILL)


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# ── what goes over the line ──


def some_parsed() -> Parsed:
    document = Document(
        "a.md#b", "Title\x00\x1b[2J", "faq", "zh", "退货\ud800\tone\ntwo\x0cthree", "a.md:1", tags=("x", "y")
    )
    passage = Passage("a.md#b", "a.md#b", "Title", "text", "en", "policy", ("one", "two"), position=3, source="a.md:2")
    return Parsed((document,) * 700, (passage,), ())


def test_what_is_written_is_made_again_without_what_no_database_takes() -> None:
    sent = some_parsed()
    frames = [b"".join(sandbox_wire.frame({"parsed": sandbox_wire.plain(part)})) for part in sandbox_wire.parts(sent)]
    assert len(frames) == 2
    told = [sandbox_wire.told(frame[sandbox_wire.HEAD.size :])["parsed"] for frame in frames]
    got: Parsed = sandbox_wire.joined(Parsed, [sandbox_wire.made(Parsed, one) for one in told])
    clean = replace(sent.documents[0], title="Title[2J", text="退货?\tone\ntwo three")
    assert got == Parsed((clean,) * 700, sent.passages, ())
    assert got.passages[0].id == sent.passages[0].id


@pytest.mark.parametrize(
    "value",
    [None, {}, [], [[], [], []], [[], [], [], "no"], [[], [], ["x"], False], [[[1] * 10], [], [], False], "parsed", 7],
)
def test_what_is_no_value_of_ours_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="no "):
        sandbox_wire.made(Parsed, value)


def test_half_a_character_is_refused_whatever_it_is_written_as() -> None:
    told = sandbox_wire.told(b'{"a": "\\ud800"}')
    with pytest.raises(ValueError, match="surrogates"):
        sandbox_wire.made(str, told["a"])


def test_a_socket_of_the_child_is_not_seen_by_the_next_process() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not ours.get_inheritable()
