"""A folder of files that mean harm, with good ones between them: all that is good is read, and nothing else happens."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.files import walked
from bot.adapters.sandbox import Sandbox
from bot.adapters.sandbox_process import Limits
from bot.adapters.site_folder import mapped
from bot.adapters.sitemaps import Sitemap
from bot.content import Unreadable
from tests.integration.hostile import GOOD, GOOD_FILES, LAUGHS, OUTSIDE, corpus

ROOT = Path(__file__).parents[2]
# Smaller than the real ones, so that what needs too much needs it sooner.
LIMITS = Limits(memory=400 * 2**20, cpu_s=3, wall_s=90, answer=20 * 2**20)
MAX_GROWTH = 300 * 2**20  # of the process that asks, whatever is in the files
HARM = {hostile.path: hostile for hostile in corpus()}
NAMES = {  # on the disk, and as they are shown
    b"line\nbreak.md": "line%0Abreak.md", b"\x1b[2Jclear.md": "%1B[2Jclear.md",
    "退货.md".encode("gbk"): "%CD%CB%BB%F5.md",
    "\u202edm.exe.md".encode(): "%E2%80%AEdm.exe.md", b"anchor#here.md": "anchor%23here.md", b"--help.md": "--help.md",
    b"%s%n.md": "%s%n.md", b"$(touch x).md": "$(touch x).md", b"CON.md": "CON.md",
    "é".encode() * 120 + b".md": "é" * 120 + ".md",
}  # fmt: skip

PROGRAM = f"""
import json, os, sys
from pathlib import Path
from bot.adapters.files import walked
from bot.adapters.sandbox import Sandbox
from bot.adapters.sandbox_process import Limits
from bot.content import COMMAS

def memory():
    lines = [line for line in open("/proc/self/status") if line.startswith(("VmHWM", "VmRSS"))]
    return {{line[:5]: int(line.split()[1]) * 1024 for line in lines}}

def children():
    return [p for t in os.listdir("/proc/self/task") for p in open(f"/proc/self/task/{{t}}/children").read().split()]

folder = Path(sys.argv[1])
walk = walked(folder, folder)
(folder / "gone.md").unlink()
before, n_open = memory()["VmRSS"], len(os.listdir("/proc/self/fd"))
said = [["", [], [str(one) for one in walk.problems], False]]
with Sandbox(2, {LIMITS!r}) as box:
    for file, parsed in box.parsed(walk.files, COMMAS):
        texts = [f"{{one.title}}\\n{{one.text}}" for one in parsed.passages]
        said.append([file.path, texts, [str(one) for one in parsed.problems], parsed.is_unread])
left = [children(), len(os.listdir("/proc/self/fd")) - n_open]
print(json.dumps([said, left, memory()["VmHWM"] - before]))
"""


@dataclass
class Found:
    """What came of each file, by the name it is shown with; members count for their archive."""

    texts: dict[str, list[str]]
    problems: dict[str, list[str]]
    unread: set[str]
    of_folder: list[str]
    left: list[object]
    growth: int
    before: list[str]
    after: list[str]
    printed: str


def everything(folder: Path) -> list[str]:
    return sorted(os.fsdecode(path) for where, _, names in os.walk(os.fsencode(folder)) for path in (where, *names))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    root = tmp_path_factory.mktemp("hostile")
    folder = root / "kb" / "below" / "here"
    folder.mkdir(parents=True)
    fill(folder, root)
    before = everything(root)
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=500, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    said, left, growth = json.loads(ran.stdout)
    texts: dict[str, list[str]] = {}
    problems: dict[str, list[str]] = {}
    for path, some, wrong, _ in said[1:]:
        texts.setdefault(path.split("/")[0], []).extend(some)
        problems.setdefault(path.split("/")[0], []).extend(wrong)
    unread = {path for path, _, _, is_unread in said if is_unread}
    return Found(texts, problems, unread, said[0][2], left, growth, before, everything(root), ran.stdout)


def fill(folder: Path, root: Path) -> None:
    for name, data in GOOD_FILES.items():
        (folder / name).write_bytes(data)
    for hostile in HARM.values():
        (folder / hostile.path).write_bytes(hostile.make())
        (folder / f"{hostile.path}-after.md").write_text(GOOD)
    for name in NAMES:
        with open(os.path.join(os.fsencode(folder), name), "w") as file:
            file.write(GOOD)
    (root / "secret.md").write_text("## What is secret?\n\nThis.\n")
    os.link(root / "secret.md", folder / "hard.md")
    (folder / "passwd.md").symlink_to("/etc/passwd")
    (folder / "up").symlink_to(root)
    os.mkfifo(folder / "pipe.md")
    (folder / "gone.md").write_text(GOOD)
    with (folder / "huge.txt").open("wb") as huge:
        huge.truncate(2**33)  # sparse


@pytest.mark.parametrize("name", HARM)
def test_harm_is_a_clear_sentence_or_is_read_harmlessly(found: Found, name: str) -> None:
    harm, problems = HARM[name], found.problems[name]
    text = "\n".join(found.texts[name])
    assert problems or not harm.says or harm.says.startswith("|")
    if problems:
        assert harm.says, problems
        assert any(re.search(harm.says.lstrip("|") or "$^", problem) for problem in problems), problems
    assert harm.holds in text
    assert not harm.never or harm.never not in text


@pytest.mark.parametrize("name", HARM)
def test_the_file_behind_it_is_read(found: Found, name: str) -> None:
    after = f"{name}-after.md"
    assert (found.texts[after], found.problems[after]) == (["Is this file good?\nYes, it is the good one."], [])


@pytest.mark.parametrize("name", GOOD_FILES)
def test_good_files_of_all_formats_beside_them_are_read(found: Found, name: str) -> None:
    assert found.problems[name] == []
    assert "good" in "\n".join(found.texts[name])


@pytest.mark.parametrize("name", NAMES.values())
def test_files_of_any_name_are_read(found: Found, name: str) -> None:
    assert len(found.texts[name]) == 1


def test_there_are_at_least_sixty(found: Found) -> None:
    assert len(HARM) >= 100
    assert len(found.unread) > 30


def test_what_could_not_be_read_keeps_what_it_held(found: Found) -> None:
    assert "gone.md" in found.unread
    assert "it was removed while the folder was read" in found.problems["gone.md"][0]
    assert "larger than 100 MiB" in found.problems["huge.txt"][0]
    for name, harm in HARM.items():
        if name in found.unread:
            assert harm.says
            assert "what was ingested from it before is kept" in found.problems[name][0]


def test_links_and_pipes_are_told_and_not_opened(found: Found) -> None:
    told = "\n".join(found.of_folder)
    assert "passwd.md: is a symbolic link, which is not followed; so too up" in told
    assert "pipe.md: is no ordinary file" in told
    assert "hard.md: is the same file as one elsewhere" in told
    assert "secret" not in "".join(text for texts in found.texts.values() for text in texts)


def test_nothing_was_written_and_nothing_is_left(found: Found) -> None:
    assert found.after == [path for path in found.before if path != "gone.md"]
    assert found.left == [[], 0], "no child, no open file"
    assert found.growth < MAX_GROWTH


def test_what_is_told_does_nothing_to_a_terminal(found: Found) -> None:
    sentences = [*found.of_folder, *(one for some in found.problems.values() for one in some)]
    assert len(sentences) > 60
    for sentence in sentences:
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", sentence), repr(sentence)
        assert len(sentence) < 1_300


# ── sitemaps ──


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(1, LIMITS) as box:
        yield box


SITEMAPS = {
    "laughs": (f"{LAUGHS}<urlset><url><loc>&a9;</loc></url></urlset>".encode(), "entities of its own"),
    "outside": (f"{OUTSIDE}<urlset><url><loc>&a9;</loc></url></urlset>".encode(), "entities of its own"),
    "deep": (b"<urlset>" + b"<a>" * 1_000_000, "sitemap"),
    "wide": (b"<urlset " + b"".join(b'a%d="" ' % n for n in range(500_000)) + b"/>", "sitemap|$^"),
    "cut": (b"<urlset><url><loc>http://a", "not well-formed"),
    "noise": (bytes(range(256)) * 100, "not well-formed"),
}


@pytest.mark.parametrize("name", SITEMAPS)
def test_a_sitemap_that_means_harm_is_a_sentence(box: Sandbox, name: str) -> None:
    data, says = SITEMAPS[name]
    try:
        assert box.sitemap(data) == Sitemap(False, ())
    except Unreadable as error:
        assert re.search(says, error.sentence)  # noqa: PT017 (either is well)
    assert box.sitemap(b"<urlset/>") == Sitemap(False, ())


def test_pages_beside_a_sitemap_that_means_harm_are_read_without_it(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(GOOD_FILES["good.html"])
    (tmp_path / "sitemap.xml").write_bytes(SITEMAPS["laughs"][0])
    walk = mapped(walked(tmp_path, tmp_path), box.sitemap)
    assert [file.path for file in walk.files] == ["a.html"]
    assert "entities of its own, which are not read; the pages beside it are taken without it" in str(walk.problems[0])
