import io
import stat
import zipfile
from collections.abc import Mapping

import pytest

from bot.adapters import reader_zip
from bot.adapters.reader_zip import Zip
from bot.content import Found, Member, Problem, Unreadable


def packed(files: Mapping[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items() if isinstance(files, Mapping) else files:
            archive.writestr(name, data)
    return out.getvalue()


def found(data: bytes) -> list[Found]:
    return list(Zip().read("kb.zip", data))


def members(data: bytes) -> dict[str, bytes]:
    return {one.path: one.data for one in found(data) if isinstance(one, Member)}


def problems(data: bytes) -> list[str]:
    return [str(one) for one in found(data) if isinstance(one, Problem)]


def test_files_are_members_by_their_paths_through_the_archive() -> None:
    data = packed({"faqs/": b"", "faqs/a.md": b"# A", "b.csv": b"x", "faqs/怎么.md": b"y"})
    assert members(data) == {"kb.zip/faqs/a.md": b"# A", "kb.zip/b.csv": b"x", "kb.zip/faqs/怎么.md": b"y"}
    assert problems(data) == []


def test_what_systems_leave_beside_files_is_passed_over() -> None:
    junk = {"__MACOSX/._a.md": b"x", ".DS_Store": b"x", "a/.git/config": b"x", "Thumbs.db": b"x", "~$a.docx": b"x"}
    assert members(packed({**junk, "a.md": b"y"})) == {"kb.zip/a.md": b"y"}
    assert problems(packed(junk)) == ["kb.zip: there is no file in this archive that can be read"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../a.md", "leads out of the archive"),
        ("a/../../b.md", "leads out of the archive"),
        ("./a.md", "leads out of the archive"),
        ("a//b.md", "leads out of the archive"),
        ("/etc/passwd", "a path of its own"),
        ("C:a.md", "a path of its own"),
        ("..\\a.md", "a path of its own"),
        ("a\nb.md", "characters that no name has"),
        ("x" * 1001, "its name cannot be written"),
        ("inner.zip", "an archive within an archive"),
        ("inner.tar", "an archive within an archive"),
    ],
)
def test_names_that_mean_harm_are_left_out_and_told(name: str, sentence: str) -> None:
    data = packed([(name, b"x"), ("good.md", b"y")])
    (problem,) = problems(data)
    assert sentence in problem
    assert problem.endswith("it is left out")
    assert members(data) == {"kb.zip/good.md": b"y"}


def test_a_name_with_a_nul_is_left_out() -> None:
    data = packed({"aXb.md": b"x", "good.md": b"y"}).replace(b"aXb.md", b"a\0b.md")
    assert members(data) == {"kb.zip/good.md": b"y"}
    assert len(problems(data)) == 1


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644])
def test_links_and_devices_are_no_files(mode: int) -> None:
    link = zipfile.ZipInfo("link.md")
    link.create_system, link.external_attr = 3, mode << 16
    data = packed([(link, b"/etc/passwd"), ("good.md", b"y")])
    assert members(data) == {"kb.zip/good.md": b"y"}
    assert "is a link or a device" in problems(data)[0]


def test_names_of_a_chinese_windows_are_read() -> None:
    name = "退货政策.md".encode("gb18030")
    placeholder = b"x" * len(name)
    data = packed({placeholder.decode(): b"y"}).replace(placeholder, name)
    assert members(data) == {"kb.zip/退货政策.md": b"y"}


def test_the_same_name_twice_is_taken_once() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = packed([("a.md", b"first"), ("a.md", b"second")])
    assert members(data) == {"kb.zip/a.md": b"first"}
    assert "comes twice" in problems(data)[0]


def test_a_member_with_a_password_is_left_out() -> None:
    data = bytearray(packed({"a.md": b"x", "good.md": b"y"}))
    first, central = data.find(b"PK\3\4"), data.find(b"PK\1\2")
    data[first + 6] |= 1
    data[central + 8] |= 1
    assert members(bytes(data)) == {"kb.zip/good.md": b"y"}
    assert "password" in problems(bytes(data))[0]


def test_a_damaged_member_is_left_out_and_the_others_are_not() -> None:
    text = b"some text that is stored as it is"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.md", text)
        archive.writestr("good.md", b"y")
    data = out.getvalue().replace(text, text.upper())
    assert members(data) == {"kb.zip/good.md": b"y"}
    assert problems(data) == ["kb.zip/a.md: this file is damaged; it is left out"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (packed({"a.txt": b"\0" * 5_000_000}), "100 times its size"),
        (packed({f"{n}.txt": bytes(900_000) for n in range(120)}), "unpack to 103 MiB"),
        (packed({f"{n}": b"" for n in range(2001)}), "there are 2,001 files in it, and at most 2,000"),
        (packed({f"{n}.txt": bytes(1_000_000) for n in range(9)}), "more than 100 times its size"),
        (packed({"a.md": b"x" * 999})[:60], "damaged"),
        (b"PK\3\4" + b"\0" * 100, "damaged"),
        (b"PK\5\6", "damaged"),
    ],
)
def test_bombs_and_torsos_are_refused_before_they_are_unpacked(data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        found(data)


def test_an_entry_that_lies_about_its_size_unpacks_to_no_more_than_it_says() -> None:
    data = bytearray(packed({"a.txt": b"\0" * 3_000_000}))
    central = data.find(b"PK\1\2")
    data[central + 24 : central + 28] = (1000).to_bytes(4, "little")
    assert problems(bytes(data)) == ["kb.zip/a.txt: this file is damaged; it is left out"]


def test_an_office_file_is_no_archive_within_one() -> None:
    assert not reader_zip.is_nested(packed({"word/document.xml": b"<x/>"}))
    assert reader_zip.is_nested(packed({"a.md": b"x"}))
    assert not reader_zip.is_nested(b"# text")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_doctype_in_an_office_file_is_refused_in_any_encoding(encoding: str) -> None:
    xml = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'.encode(encoding)
    archive = reader_zip.opened("a.docx", packed({"word/document.xml": xml}))
    with pytest.raises(Unreadable, match="declares entities"):
        reader_zip.without_doctype("a.docx", archive)
