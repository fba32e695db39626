"""Files on disk as sources: what lies below a path and looks like content, and why the rest was left out."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.opened_file import MAX_BYTES, FoundFile, UnopenedFolder, opened_folder, shown
from bot.content import Problem

__all__ = ["MAX_BYTES", "FoundFile", "UnopenedFolder", "Walk", "text_files", "walked"]

MAX_DEPTH = 64
TOLD = 5  # names in one sentence

SUFFIXES = frozenset(
    ".md .markdown .mdown .txt .text .html .htm .xhtml .csv .tsv .xlsx .xlsm .json .jsonl .ndjson .pdf .docx "
    ".zip".split()
)
# What lies beside content in any folder and nobody would miss: pictures, styles, fonts, programs, leftovers.
ASIDE = frozenset(
    ".png .jpg .jpeg .gif .svg .webp .avif .ico .bmp .tif .tiff .heic .psd .ai .eps .mp3 .mp4 .m4a .wav .ogg .webm "
    ".mov .avi .css .scss .sass .less .js .mjs .cjs .ts .jsx .tsx .vue .map .wasm .woff .woff2 .ttf .otf .eot .py .pyc "
    ".rb .php .java .class .go .rs .c .h .cpp .cs .sh .bat .ps1 .sql .yml .yaml .toml .ini .cfg .conf .lock .log .xml "
    ".xsl .rss .atom .bak .tmp .swp .swo .part .crdownload .old .orig .rej .url .lnk .webloc .sqlite "
    ".db .sqlite-shm .sqlite-wal .sqlite-journal .db-shm .db-wal .db-journal .npy .npz".split()
)
# Files about the folder, not of it, by their names without a suffix.
ABOUT = frozenset(
    "readme license licence copying notice changelog contributing contributors authors code_of_conduct security "
    "codeowners makefile dockerfile procfile gemfile rakefile robots humans ads requirements package package-lock "
    "tsconfig composer".split()
)
ABOUT_SUFFIXES = frozenset({"", ".md", ".markdown", ".txt", ".rst", ".json", ".html"})
SITEMAPS = frozenset({"sitemap.xml", "sitemap_index.xml", "sitemap-index.xml", "sitemap.xml.gz"})
SKIPPED_FOLDERS = frozenset({"judged", "node_modules", "__pycache__", "__macosx"})


@dataclass(frozen=True, slots=True)
class Walk:
    """What lies at or below a path: what can be read, what is left out and why, and the maps of sites among it."""

    files: tuple[FoundFile | UnopenedFolder, ...]
    problems: tuple[Problem, ...] = ()
    sitemaps: tuple[FoundFile, ...] = ()


def text_files(origin: Path, below: Path) -> Iterator[FoundFile]:
    """What may be content at or below `below`, in a stable order; folders that cannot be opened are passed over."""
    return (file for file in walked(origin, below).files if isinstance(file, FoundFile))


def walked(origin: Path, below: Path, ours: Iterable[Path] = ()) -> Walk:
    """A file that was named is taken, whatever it is called; of a folder, what looks like content.

    Folders that are `ours` are passed over: an index is no content, wherever the shop keeps it.
    """
    names = below.relative_to(origin).parts
    if not below.is_dir():
        return Walk((FoundFile(str(origin), _path(names) or shown(origin.name), names),))
    walk = _Walking(str(origin), frozenset(_same(folder.stat()) for folder in ours if folder.is_dir()))
    try:
        folder = os.open(below, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        return Walk((UnopenedFolder(str(origin), _path(names), error),))
    walk.enter(folder, names)
    return walk.done()


def _path(names: tuple[str, ...]) -> str:
    return "/".join(map(shown, names))


def kind_of(name: str) -> str:
    """`content`, `sitemap`, `aside` or `unknown`, by the name alone: what is in it decides when it is read."""
    stem, suffix = os.path.splitext(name.lower())
    if name.startswith((".", "~")) or name.endswith("~") or suffix in ASIDE - {".xml"}:
        return "aside"
    if stem in ABOUT and suffix in ABOUT_SUFFIXES:
        return "aside"
    if name.lower() in SITEMAPS:
        return "sitemap"
    return "content" if suffix in SUFFIXES else "aside" if suffix in (".xml", ".gz") else "unknown"


def _same(about: os.stat_result) -> tuple[int, int]:
    """What tells one folder from another, whatever it is called."""
    return about.st_dev, about.st_ino


class _Walking:
    def __init__(self, origin: str, ours: frozenset[tuple[int, int]]) -> None:
        self._origin, self._ours = origin, ours
        self._found: list[FoundFile | UnopenedFolder] = []
        self._sitemaps: list[FoundFile] = []
        self._left: dict[str, list[str]] = {}  # paths, by why they were left out
        self._linked: dict[tuple[int, int, int], list[FoundFile]] = {}  # files that have several names

    def done(self) -> Walk:
        """A file all of whose names lie in the folder is one of ours; else it may be anybody's."""
        outside = {file.names for (*_, n), files in self._linked.items() if len(files) < n for file in files}
        for names in sorted(outside):
            why = "is the same file as one elsewhere (a hard link), and is left out: copy it, if it belongs here"
            self._leave(why, names)
        files = [file for file in self._found if isinstance(file, UnopenedFolder) or file.names not in outside]
        return Walk(tuple(files), tuple(_summary(*left) for left in self._left.items()), tuple(self._sitemaps))

    def enter(self, folder: int, names: tuple[str, ...]) -> None:
        """Closes `folder`."""
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
            for entry in listed:
                self._take(entry, folder, (*names, entry.name))
        except OSError as error:
            self._found.append(UnopenedFolder(self._origin, _path(names), error))
        finally:
            os.close(folder)

    def _take(self, entry: "os.DirEntry[str]", folder: int, names: tuple[str, ...]) -> None:
        try:
            about = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return  # gone since the folder was listed
        if stat.S_ISDIR(about.st_mode) and _same(about) in self._ours:
            return
        if stat.S_ISDIR(about.st_mode):
            self._take_folder(entry.name, folder, names)
        elif (kind := kind_of(entry.name)) != "aside":
            self._take_file(kind, about, names)

    def _take_folder(self, name: str, parent: int, names: tuple[str, ...]) -> None:
        if name.startswith((".", "~")) or name.lower() in SKIPPED_FOLDERS:
            return
        try:
            if len(names) > MAX_DEPTH:
                raise OSError(errno.ELOOP, f"more than {MAX_DEPTH} folders lie inside each other")
            folder = opened_folder(name, parent)
        except OSError as error:
            self._found.append(UnopenedFolder(self._origin, _path(names), error))
        else:
            self.enter(folder, names)

    def _take_file(self, kind: str, about: os.stat_result, names: tuple[str, ...]) -> None:
        if stat.S_ISLNK(about.st_mode):
            self._leave("is a symbolic link, which is not followed", names)
        elif not stat.S_ISREG(about.st_mode):
            self._leave("is no ordinary file, and is left out", names)
        elif kind == "unknown":
            self._leave("is of a format that is not read, and is left out", names)
        else:
            self._keep(FoundFile(self._origin, _path(names), names), about, kind)

    def _keep(self, file: FoundFile, about: os.stat_result, kind: str) -> None:
        if kind == "sitemap":
            self._sitemaps.append(file)
            return
        self._found.append(file)
        if about.st_nlink > 1:
            self._linked.setdefault((about.st_dev, about.st_ino, about.st_nlink), []).append(file)

    def _leave(self, why: str, names: tuple[str, ...]) -> None:
        self._left.setdefault(why, []).append(_path(names))


def _summary(why: str, paths: list[str]) -> Problem:
    """One line for all that were left out for one reason."""
    first, *others = paths
    named = ", ".join(others[:TOLD])
    more = f" and {len(others) - TOLD:,} more" if len(others) > TOLD else ""
    return Problem(first, f"{why}; so too {named}{more}" if others else why)
