"""Archives → the files in them; and the limits that anything zipped must keep, before a byte of it is unpacked."""

import io
import posixpath
import stat
import zipfile
import zlib
from collections.abc import Iterator
from zipfile import ZipFile, ZipInfo

from bot.content import Found, Member, Problem, Unreadable

MAX_ENTRIES = 2_000
MAX_BYTES = 100 * 1024 * 1024  # unpacked, all together
MAX_RATIO = 100  # unpacked to packed, of one entry and of all
_SMALL = 1024 * 1024  # what unpacks to less is no bomb, however well it was packed
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".jar", ".zst")
_JUNK = frozenset({"__macosx", "thumbs.db", "desktop.ini", ".ds_store"})
_OFFICE = frozenset({"word/document.xml", "xl/workbook.xml"})
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


class Zip:
    name = "archive (ZIP)"

    def reads(self, path: str, data: bytes) -> bool:
        return data[:4] in (b"PK\3\4", b"PK\5\6")

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        archive = opened(path, data)
        unpacked: dict[str, bool] = {}
        for entry in archive.infolist():
            name = shown_name(entry)
            if entry.is_dir() or _is_junk(name):
                continue
            place = f"{path}/{_printable(name)}"
            if sentence := _wrong_with(entry, name) or ("comes twice in the archive" if name in unpacked else ""):
                yield Problem(place, f"{sentence}; it is left out")
                continue
            unpacked[name] = True
            yield _member(archive, entry, f"{path}/{posixpath.normpath(name)}", place)
        if not unpacked:
            yield Problem(path, "there is no file in this archive that can be read")


def opened(path: str, data: bytes) -> ZipFile:
    """The archive, within the limits by what it says of itself; zipfile reads no more of an entry than that.

    Raises Unreadable.
    """
    try:
        archive = ZipFile(io.BytesIO(data))
    except _DAMAGED:
        raise Unreadable("the archive is damaged, or cut off at the end") from None
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Unreadable(f"there are {len(entries):,} files in it, and at most {MAX_ENTRIES:,} are read")
    total, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if total > MAX_BYTES:
        raise Unreadable(f"it would unpack to {total / 2**20:,.0f} MiB, and at most {MAX_BYTES // 2**20} are read")
    if total > _SMALL and total > MAX_RATIO * max(1, min(packed, len(data))):
        raise Unreadable(f"it would unpack to more than {MAX_RATIO} times its size")
    for entry in entries:
        if entry.file_size > _SMALL and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise Unreadable(f"“{_printable(entry.filename)}” would unpack to more than {MAX_RATIO} times its size")
    return archive


def names_in(data: bytes) -> frozenset[str]:
    """What an archive says it holds; nothing when it cannot be read."""
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            return frozenset(info.filename for info in archive.infolist()[: MAX_ENTRIES + 1])
    except _DAMAGED:
        return frozenset()


def without_doctype(path: str, archive: ZipFile) -> None:
    """Office files need no DTD; one that has any may mean entities that call files, or that grow without end."""
    for entry in archive.infolist():
        if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
            written = _read(archive, entry)
            if b"<!DOCTYPE" in written or b"<!ENTITY" in written or _in_utf16(b"<!DOCTYPE", written):
                raise Unreadable(
                    f"“{_printable(entry.filename)}” in it declares entities of its own, which are not read"
                )


def _in_utf16(mark: bytes, written: bytes) -> bool:
    text = mark.decode()
    return text.encode("utf-16-le") in written or text.encode("utf-16-be") in written


def _read(archive: ZipFile, entry: ZipInfo) -> bytes:
    try:
        return archive.read(entry)
    except _DAMAGED:
        raise Unreadable(f"“{_printable(entry.filename)}” in it is damaged or protected with a password") from None


def _member(archive: ZipFile, entry: ZipInfo, path: str, place: str) -> Found:
    try:
        return Member(path, archive.read(entry))
    except _DAMAGED:
        return Problem(place, "this file is damaged; it is left out")


def shown_name(entry: ZipInfo) -> str:
    """As it was meant: without the flag for UTF-8, Windows writes names in the encoding of its country."""
    raw = entry.orig_filename
    if entry.flag_bits & 0x800 or raw.isascii():
        return raw
    try:
        written = raw.encode("cp437")
    except UnicodeEncodeError:
        return raw
    for encoding in ("utf-8", "gb18030"):
        try:
            name = written.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or any("\u4e00" <= character <= "\u9fff" for character in name):
            return name
    return raw


def _wrong_with(entry: ZipInfo, name: str) -> str:
    if "\0" in name or any(character < " " for character in name):
        return "its name has characters that no name has"
    if "\\" in name or name.startswith("/") or name[1:2] == ":":
        return "its name is a path of its own, not one within the archive"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "its name leads out of the archive"
    if len(name) > 1000 or any(0xD800 <= ord(character) < 0xE000 for character in name):
        return "its name cannot be written"
    mode = entry.external_attr >> 16
    if entry.create_system == 3 and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is a link or a device, not a file"
    if entry.flag_bits & 0x1:
        return "is protected with a password"
    return "is an archive within an archive, which is not read" if name.lower().endswith(_ARCHIVES) else ""


def _is_junk(name: str) -> bool:
    parts = [part for part in name.replace("\\", "/").split("/") if part]
    return any(part.lower() in _JUNK or (part.startswith((".", "~$")) and part not in (".", "..")) for part in parts)


def _printable(name: str) -> str:
    kept = "".join(character if character.isprintable() else "\ufffd" for character in name)
    return kept if len(kept) <= 200 else f"{kept[:200]}…"


def is_nested(data: bytes) -> bool:
    """Whether a member is an archive itself: office files are zipped too, and are none."""
    return data[:4] == b"PK\3\4" and not _OFFICE & names_in(data)
