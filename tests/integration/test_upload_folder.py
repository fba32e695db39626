"""Uploaded files on disk: put by, kept, forgotten; names are only names."""

import os
import secrets
import time
from pathlib import Path

import pytest

from bot.adapters import upload_folder
from bot.adapters.upload_folder import LONGEST_NAME, UploadFolder, fitting
from bot.errors import NotFound, Refused, Unavailable

BATCH = "0" * 31 + "1"


@pytest.fixture
def uploads(tmp_path: Path) -> UploadFolder:
    return UploadFolder(tmp_path / "uploads")


def kept(tmp_path: Path) -> list[str]:
    return sorted(one.name for one in (tmp_path / "uploads").iterdir() if one.is_file())


def below(folder: Path) -> list[Path]:
    return list(folder.rglob("*.md"))


async def test_what_is_put_by_is_kept_only_when_it_is_published(uploads: UploadFolder, tmp_path: Path) -> None:
    await uploads.put(BATCH, "b.md", b"old")
    await uploads.put(BATCH, "a.md", b"A")
    await uploads.put(BATCH, "b.md", b"B")
    origin = str((tmp_path / "uploads").resolve())
    assert [(one.origin, one.path, one.data()) for one in await uploads.staged(BATCH)] == [
        (origin, "a.md", b"A"), (origin, "b.md", b"B"),
    ]  # fmt: skip
    assert kept(tmp_path) == []
    await uploads.keep(BATCH)
    await uploads.keep(BATCH)
    assert kept(tmp_path) == ["a.md", "b.md"]
    with pytest.raises(NotFound):
        await uploads.staged(BATCH)


async def test_a_batch_that_is_forgotten_is_gone(uploads: UploadFolder, tmp_path: Path) -> None:
    await uploads.put(BATCH, "a.md", b"A")
    await uploads.forget(BATCH)
    await uploads.forget(BATCH)
    with pytest.raises(NotFound):
        await uploads.staged(BATCH)
    assert kept(tmp_path) == []


@pytest.mark.parametrize("batch", ["", "..", "../" + "0" * 29, "0" * 31, "0" * 32 + "/"])
async def test_a_batch_is_named_by_nothing_else(uploads: UploadFolder, batch: str, tmp_path: Path) -> None:
    for act in (uploads.staged, uploads.keep, uploads.forget):
        with pytest.raises(NotFound):
            await act(batch)
    with pytest.raises(NotFound):
        await uploads.put(batch, "a.md", b"")
    assert below(tmp_path) == []


async def test_a_batch_is_bounded(uploads: UploadFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_folder, "MOST_BYTES", 10)
    await uploads.put(BATCH, "a.md", b"x" * 9)
    with pytest.raises(Refused):
        await uploads.put(BATCH, "b.md", b"xx")
    await uploads.put(BATCH, "a.md", b"x" * 10)  # in place of itself
    monkeypatch.setattr(upload_folder, "MOST_FILES", 1)
    with pytest.raises(Refused):
        await uploads.put(BATCH, "b.md", b"")


async def test_what_nobody_published_goes_after_a_day(uploads: UploadFolder, tmp_path: Path) -> None:
    await uploads.put(BATCH, "a.md", b"A")
    place = tmp_path / "uploads" / ".staged" / BATCH
    long_ago = time.time() - 25 * 3_600
    os.utime(place, (long_ago, long_ago))
    await uploads.put(secrets.token_hex(16), "b.md", b"B")
    assert not place.exists()


async def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file")
    with pytest.raises(Unavailable, match="cannot be used"):
        await UploadFolder(tmp_path / "uploads").put(BATCH, "a.md", b"")


@pytest.mark.parametrize(
    ("name", "fits"),
    [("FAQ.xlsx", "FAQ.xlsx"), ("退货.csv", "退货.csv"), ("../../etc/passwd", "etc-passwd"),
     ("C:\\x\\a.md", "C-x-a.md"),
     (".hidden.md", "hidden.md"), ("a\u202edm.exe", "a-dm.exe"), ("a\nb#c.md", "a-b-c.md"), (" a .md ", "a .md")],
)  # fmt: skip
def test_a_name_is_made_fit(name: str, fits: str) -> None:
    assert fitting(name) == fits


@pytest.mark.parametrize("stem", ["x" * 500, "退" * 300, "x" * 500 + ".y" * 200])
def test_a_long_name_is_cut_and_keeps_its_kind(stem: str) -> None:
    assert len(fitting(f"{stem}.xlsx").encode()) <= LONGEST_NAME
    assert fitting(f"{stem}.xlsx").endswith(".xlsx")


@pytest.mark.parametrize("name", ["", "..", " . ", "///", "\u200b"])
def test_no_name_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        fitting(name)
