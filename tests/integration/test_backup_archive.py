"""The archive of a backup: written whole or not at all, and read as a stranger's."""

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.backup_archive import making, reading
from bot.archived import MANIFEST, Manifest, Part, written
from bot.errors import BotError, Refused, Unavailable

ABOUT = Manifest("0.1.0", "0005", "2026-11-22", "sqlite")
TEXT = b"an answer\n" * 1_000
NAME = "answers/answers-en.md"


def made(path: Path, **files: bytes) -> Path:
    with making(path, over=False) as archive:
        for name, data in {NAME: TEXT, **files}.items():
            with archive.part(name) as sink:
                sink.write(data[:7])
                sink.write(data[7:])
        archive.finish(ABOUT)
    return path


def verified(path: Path) -> Manifest:
    with reading(path) as archive:
        archive.verify()
        return archive.manifest


class TestWriting:
    def test_what_goes_in_comes_out(self, tmp_path: Path) -> None:
        path = made(tmp_path / "a.backup", **{"embedder.json": b"{}"})
        assert {name: part.size for name, part in verified(path).parts.items()} == {NAME: len(TEXT), "embedder.json": 2}
        with reading(path) as archive, archive.opened(NAME) as opened:
            assert opened.read() == TEXT

    def test_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        assert made(tmp_path / "a.backup").stat().st_mode & 0o777 == 0o600

    def test_nothing_is_left_of_one_that_failed(self, tmp_path: Path) -> None:
        def fail() -> None:
            with making(tmp_path / "a.backup", over=False) as archive, archive.part(NAME) as sink:
                sink.write(TEXT)
                assert not (tmp_path / "a.backup").exists()
                raise Unavailable("the database went away")

        with pytest.raises(Unavailable, match="went away"):
            fail()
        assert os.listdir(tmp_path) == []

    def test_a_file_that_is_there_is_replaced_only_when_asked_and_only_by_a_whole_one(self, tmp_path: Path) -> None:
        path = made(tmp_path / "a.backup")
        before = path.read_bytes()
        with pytest.raises(Refused, match="--force"):
            made(path)
        with pytest.raises(KeyboardInterrupt), making(path, over=True):
            raise KeyboardInterrupt
        assert path.read_bytes() == before
        with making(path, over=True) as archive:
            archive.finish(ABOUT)
        assert verified(path).parts == {}

    def test_a_folder_that_is_not_there_is_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match="No such file"):
            made(tmp_path / "missing" / "a.backup")

    def test_a_name_that_could_not_be_read_back_is_not_written(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match="rename it"):
            made(tmp_path / "a.backup", **{"uploads/\udcff.md": b""})


# ── archives of strangers ──


def forged(path: Path, parts: dict[str, bytes], manifest: Manifest | None = None, **how: int) -> None:
    import hashlib

    described = {name: Part(len(data), hashlib.sha256(data).hexdigest()) for name, data in parts.items()}
    about = manifest or Manifest(**{**_fields(ABOUT), "parts": described})
    with zipfile.ZipFile(path, "w", **how) as archive:  # type: ignore[arg-type]
        for name, data in {**parts, MANIFEST: written(about)}.items():
            archive.writestr(name, data)


def _fields(manifest: Manifest) -> dict[str, object]:
    return {name: getattr(manifest, name) for name in Manifest.__slots__}


def bomb(path: Path) -> None:
    forged(path, {NAME: bytes(50_000_000)}, compression=zipfile.ZIP_DEFLATED)


def outside(path: Path) -> None:
    forged(path, {"../../outside.md": b"x"})


def more_than_is_listed(path: Path) -> None:
    forged(path, {NAME: TEXT, "embedder.json": b"{}"}, Manifest(**{**_fields(ABOUT), "parts": {}}))


def less_than_is_listed(path: Path) -> None:
    forged(path, {}, Manifest(**{**_fields(ABOUT), "parts": {NAME: Part(1, "ab" * 32)}}))


def twice(path: Path) -> None:
    forged(path, {NAME: TEXT})
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(NAME, b"other")


def many_at_one_place(path: Path) -> None:
    """Many entries of the list that name the same bytes: small, and large when read."""
    forged(path, {f"uploads/{n}.md": TEXT for n in range(20)})
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        if bytes(data[at + 46 : at + 53]) == b"uploads":
            struct.pack_into("<LL", data, at + 20, 2**27, 2**27)
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(data)


def endless_list(path: Path) -> None:
    forged(path, {NAME: TEXT})
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.rfind(b"PK\x05\x06") + 12, 0xFFFFFFF0)
    path.write_bytes(data)


def damaged(path: Path) -> None:
    made(path)
    data = bytearray(path.read_bytes())
    data[data.find(b"an answer")] ^= 1
    path.write_bytes(data)


def wrong_checksum(path: Path) -> None:
    forged(path, {NAME: TEXT}, Manifest(**{**_fields(ABOUT), "parts": {NAME: Part(len(TEXT), "ab" * 32)}}))


def cut_short(path: Path) -> None:
    made(path)
    os.truncate(path, path.stat().st_size - 100)


def another_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")


def no_zip(path: Path) -> None:
    path.write_bytes(b"PK\x05\x06" + b"\xff" * 100)


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


HOSTILE = [bomb, outside, more_than_is_listed, less_than_is_listed, twice, many_at_one_place, endless_list, damaged,
           wrong_checksum, cut_short, another_zip, no_zip, folder, pipe]  # fmt: skip


@pytest.mark.parametrize("forge", HOSTILE, ids=lambda forge: forge.__name__)
def test_a_hostile_or_damaged_archive_is_refused_in_a_sentence(tmp_path: Path, forge: Callable[[Path], None]) -> None:
    path = tmp_path / "a.backup"
    forge(path)
    with pytest.raises(BotError, match=r"backup|not a file|cannot be read"):
        verified(path)
    assert os.listdir(tmp_path) == ["a.backup"]
