"""What no reader reads, by what it begins with: so that its owner is told what it is, and what to do."""

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURE = "a picture: text in pictures is not read"
_OTHER_ARCHIVE = "an archive of another kind: pack it as .zip"
_SOUND = "sound or video: write down what it says"
_BEGINNINGS = (
    (b"\x89PNG", _PICTURE), (b"\xff\xd8\xff", _PICTURE), (b"GIF8", _PICTURE), (b"BM", _PICTURE), (b"II*\0", _PICTURE),
    (b"MM\0*", _PICTURE), (b"\0\0\1\0", _PICTURE), (b"8BPS", _PICTURE), (b"<svg", _PICTURE),
    (b"\x1f\x8b", _OTHER_ARCHIVE), (b"BZh", _OTHER_ARCHIVE), (b"\xfd7zXZ\0", _OTHER_ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _OTHER_ARCHIVE), (b"Rar!", _OTHER_ARCHIVE), (b"\x28\xb5\x2f\xfd", _OTHER_ARCHIVE),
    (b"ID3", _SOUND), (b"OggS", _SOUND), (b"fLaC", _SOUND), (b"\x1aE\xdf\xa3", _SOUND),
    (b"{\\rtf", "rich text (RTF): save it as .docx or PDF"),
    (b"bplist00", "a web archive of Safari: save the page as HTML"),
    (b"SQLite format 3\0", "a database"), (b"\x7fELF", "a program"), (b"MZ", "a program"),
    (b"%!PS", "PostScript: save it as PDF"),
    (b"\xca\xfe\xba\xbe", "a program"), (b"\xcf\xfa\xed\xfe", "a program"), (b"wOFF", "a font"), (b"wOF2", "a font"),
)  # fmt: skip
_RIFF = {b"WEBP": _PICTURE, b"WAVE": _SOUND, b"AVI ": _SOUND}
_ZIPPED = (
    ("ppt/presentation.xml", "PowerPoint slides: save them as PDF"),
    ("META-INF/container.xml", "an e-book (EPUB): save it as PDF or HTML"),
    ("content.xml", "an OpenDocument file: save it as .docx, .xlsx or PDF"),
    ("xl/workbook.bin", "a binary Excel workbook: save it as .xlsx"),
    ("Index/Document.iwa", "a Pages or Numbers document: save it as .docx, .xlsx or PDF"),
)


def looks_like(path: str, data: bytes, zipped: frozenset[str]) -> str:
    """What it is, as “this is …” would go on; nothing when nobody knows it. `zipped`: the names in an archive."""
    if data.startswith(_OLD_OFFICE):
        return _old_office(path, data)
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12], "sound, video or a picture")
    if data[4:8] == b"ftyp":
        return _PICTURE if data[8:12] in (b"heic", b"heix", b"avif", b"mif1") else _SOUND
    if data[257:262] == b"ustar":
        return _OTHER_ARCHIVE
    if zipped:
        return next((what for name, what in _ZIPPED if name in zipped), "")
    for beginning, what in _BEGINNINGS:
        if data.startswith(beginning) and (len(beginning) > 2 or b"\0" in data[:512] or data[1] > 127):
            return what
    return _by_its_words(data)


def _old_office(path: str, data: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "an Office file protected with a password: save it without one"
    kinds = {".xls": "an old Excel workbook (.xls): save it as .xlsx", ".msg": "an Outlook message: save it as text",
             ".ppt": "old PowerPoint slides (.ppt): save them as PDF"}  # fmt: skip
    named = next((what for suffix, what in kinds.items() if path.lower().endswith(suffix)), "")
    if not named and "Workbook".encode("utf-16-le") in data:
        return kinds[".xls"]
    return named or "an old Word document (.doc): save it as .docx"


def _by_its_words(data: bytes) -> str:
    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"\nmime-version:" in b"\n" + start and b"multipart/related" in start:
        return "a web archive (MHTML): save the page as HTML"
    if start.startswith(b"<?xml") and (b"<urlset" in start or b"<sitemapindex" in start):
        return "a sitemap: its pages are read, not the map itself"
    if start.startswith((b"<?xml", b"<rss", b"<feed")) and b"<html" not in start:
        return "XML of another kind"
    return ""
