"""A folder of answers that people and other processes touch too."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot import bootstrap_content
from bot.adapters.answer_files import AnswerFolder
from bot.adapters.files import text_files
from bot.errors import Refused, Unavailable
from bot.settings import Settings

HOLD = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


async def test_what_is_written_is_read_with_its_line_ends(tmp_path: Path) -> None:
    folder = AnswerFolder(tmp_path / "new" / "answers")
    assert await folder.read("a.md") is None
    async with folder.lock():
        await folder.write("a.md", "\ufeffone\r\ntwo\n三")
    assert await folder.read("a.md") == "\ufeffone\r\ntwo\n三"
    found = await asyncio.to_thread(lambda: list(text_files(tmp_path, tmp_path)))
    assert [file.path for file in found] == ["new/answers/a.md"], "the lock is no content"


async def test_a_replaced_file_keeps_its_rights_and_a_rest_of_a_crash_is_overwritten(tmp_path: Path) -> None:
    folder = AnswerFolder(tmp_path)
    (tmp_path / ".a.md.new").write_text("half of a")
    await folder.write("a.md", "one")
    (tmp_path / "a.md").chmod(0o640)
    await folder.write("a.md", "two")
    assert stat.S_IMODE((tmp_path / "a.md").stat().st_mode) == 0o640
    assert await folder.read("a.md") == "two"
    assert os.listdir(tmp_path) == ["a.md"]


async def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = AnswerFolder(tmp_path)
    await folder.write("a.md", "one")

    def fails(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(Unavailable, match=r"a\.md cannot be used \(No space left on device\)"):
        await folder.write("a.md", "two")
    assert await folder.read("a.md") == "one"


async def test_a_file_that_is_not_text_and_one_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_bytes(b"caf\xe9")
    with pytest.raises(Refused, match=r"a\.md is not UTF-8 text"):
        await AnswerFolder(tmp_path).read("a.md")
    monkeypatch.setattr("bot.adapters.answer_files.MAX_BYTES", 3)
    with pytest.raises(Refused, match="larger than"):
        await AnswerFolder(tmp_path).write("b.md", "four")
    assert not (tmp_path / "b.md").exists()


async def test_a_folder_that_cannot_be_made_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be used"):
        async with AnswerFolder(tmp_path / "file" / "answers").lock():
            pass


async def test_another_process_is_waited_for_and_not_for_ever(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert await asyncio.to_thread(other.stdout.readline) == "held\n"
    with pytest.raises(Unavailable, match="another answer is being published"):
        async with AnswerFolder(tmp_path, patience_s=0.2).lock():
            pass
    waiting = asyncio.create_task(_locked(AnswerFolder(tmp_path)))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    other.kill()
    await asyncio.to_thread(other.communicate)
    assert await asyncio.wait_for(waiting, 5)


async def _locked(folder: AnswerFolder) -> bool:
    async with folder.lock():
        return True


async def test_tasks_hold_the_lock_one_after_the_other(tmp_path: Path) -> None:
    folder, inside = AnswerFolder(tmp_path), 0

    async def hold() -> None:
        nonlocal inside
        async with folder.lock():
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.005)
            inside -= 1

    await asyncio.gather(*(hold() for _ in range(10)))


@pytest.mark.parametrize(
    ("origins", "origin", "path"),
    [
        ([], "kb/answers", "answers-en.md"),
        (["kb"], "kb", "answers/answers-en.md"),
        (["kb/answers", "kb"], "kb", "answers/answers-en.md"),
        (["kb/answers"], "kb/answers", "answers-en.md"),
        (["kb/faqs", "kb/answers-old", "kb/answers/answers-en.md"], "kb/answers", "answers-en.md"),
    ],
)
async def test_a_file_is_named_as_an_ingest_of_its_folder_names_it(
    tmp_path: Path, origins: list[str], origin: str, path: str
) -> None:
    folder = AnswerFolder(tmp_path / "kb" / "answers")
    async with folder.lock():
        await folder.write("answers-en.md", "## How?\nSo.\n")
    known = [str(tmp_path / one) for one in origins]
    source = await folder.source("answers-en.md", known)
    assert (source.origin, source.path) == (str(tmp_path / origin), path)
    paths = [tmp_path / "kb" / "answers"]
    found = await asyncio.to_thread(bootstrap_content.found_files, Settings(), paths, sorted(known), None)
    assert [(file.origin, file.path) for file in found.files] == [(source.origin, source.path)]


async def test_folders_that_are_no_longer_there_may_have_been_this_one(tmp_path: Path) -> None:
    source = await AnswerFolder(tmp_path / "var").source("a.md", [str(tmp_path), str(tmp_path / "gone"), "relative"])
    assert source.gone == {str(tmp_path / "gone"), "relative"}
