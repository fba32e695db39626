"""A site saved to a folder, with its sitemap: which of its pages stand for which address, and which no longer count.

The map decides about web pages only. Other files beside them, a table of questions say, are content as in any folder.
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from bot.adapters.files import SITEMAPS, TOLD, FoundFile, UnopenedFolder, Walk
from bot.adapters.opened_file import shown, visible
from bot.adapters.sitemaps import Entry, Sitemap
from bot.content import Problem, Unreadable

PAGES = (".html", ".htm", ".xhtml")
MAX_DEPTH = 2

Read = Callable[[bytes], Sitemap]  # raises Unreadable
Found = list[FoundFile | UnopenedFolder]


def mapped(walk: Walk, read_sitemap: Read) -> Walk:
    """With the addresses of their entries, and without the web pages that their site lists no more."""
    files, problems = list(walk.files), list(walk.problems)
    for sitemap in sorted(walk.sitemaps, key=lambda file: len(file.names)):  # the nearest map has the last word
        try:
            entries = list(_entries(sitemap, sitemap, read_sitemap, 1))
        except (Unreadable, OSError) as error:
            sentence = error.sentence if isinstance(error, Unreadable) else str(error.strerror)
            problems.append(Problem(sitemap.path, f"{sentence}; the pages beside it are taken without it"))
            continue
        files, said = _applied(sitemap, entries, files)
        problems += said
    return Walk(tuple(files), tuple(problems), walk.sitemaps)


def _entries(sitemap: FoundFile, root: FoundFile, read_sitemap: Read, depth: int) -> Iterator[Entry]:
    """Those of the maps that an index names, which lie beside it, come in its place."""
    read = read_sitemap(sitemap.data())
    if not read.is_index:
        yield from read.entries
        return
    if depth >= MAX_DEPTH:
        raise Unreadable("the index of sitemaps names another index, which is not followed")
    for entry in read.entries:
        name = posixpath.basename(urlsplit(entry.url).path)
        inner = FoundFile(root.origin, root.path, (*root.names[:-1], name))
        if name.lower() not in SITEMAPS or name != root.names[-1]:
            yield from _entries(inner, root, read_sitemap, depth + 1)


def _applied(sitemap: FoundFile, entries: Sequence[Entry], files: Found) -> tuple[Found, list[Problem]]:
    folder = sitemap.names[:-1]
    pages = {file.path for file in files if isinstance(file, FoundFile) and _is_page_below(file, folder)}
    found, missing = _matched(entries, "".join(f"{shown(name)}/" for name in folder), pages)
    if not found:
        sentence = f"none of its {len(entries):,} pages is in this folder; the pages beside it are taken without it"
        return files, [Problem(sitemap.path, sentence)] * bool(pages)
    kept = [_with(file, found) for file in files if file.path not in pages or file.path in found]
    return kept, list(_told(sitemap, sorted(pages - found.keys()), missing))


def _is_page_below(file: FoundFile, folder: tuple[str, ...]) -> bool:
    return file.names[: len(folder)] == folder and file.names[-1].lower().endswith(PAGES)


def _matched(entries: Sequence[Entry], below: str, pages: Set[str]) -> tuple[dict[str, Entry], list[str]]:
    """The entries of the map by the files they stand in, and the addresses that no file stands for."""
    shared = _shared(entries)
    found: dict[str, Entry] = {}
    missing = []
    for entry in entries:
        path = next((below + name for name in _names(entry.url, shared) if below + name in pages), None)
        if path is None:
            missing.append(entry.url)
        else:
            found.setdefault(path, entry)
    return found, missing


def _shared(entries: Sequence[Entry]) -> str:
    """The folders that all addresses begin with: a part of a site is often saved without them."""
    folders = [posixpath.dirname(urlsplit(entry.url).path) + "/" for entry in entries]
    return posixpath.commonprefix(folders).rpartition("/")[0].strip("/")


def _names(url: str, shared: str) -> Iterator[str]:
    """What a page may be called when it is saved, by hand or by a program."""
    parts = urlsplit(url)
    path = "/".join(shown(name) for name in unquote(parts.path, errors="surrogateescape").strip("/").split("/"))
    query = f"?{shown(parts.query)}" if parts.query else ""
    for base in (path, path.removeprefix(shared).strip("/"), f"{parts.hostname}/{path}".strip("/")):
        if query:
            yield from (f"{base}{query}", f"{base}{query}.html", f"{base}.html{query}")
            continue
        yield from (base, f"{base}.html", f"{base}.htm", f"{base}.xhtml") if base else ()
        yield from (f"{base}/{name}".lstrip("/") for name in ("index.html", "index.htm", "index.xhtml"))


def _with(file: FoundFile | UnopenedFolder, found: Mapping[str, Entry]) -> FoundFile | UnopenedFolder:
    entry = found.get(file.path)
    if entry is None or not isinstance(file, FoundFile):
        return file
    modified = {"modified": entry.modified} if entry.modified else {}
    return replace(file, fields={**file.fields, "url": entry.url, **modified})


def _told(sitemap: FoundFile, left: Sequence[str], missing: Sequence[str]) -> Iterator[Problem]:
    if left:
        said = "are not in it, and are left out" if len(left) > 1 else "is not in it, and is left out"
        yield Problem(sitemap.path, f"{_counted(left)} of this folder {said}: {_listed(left)}")
    if missing:
        said = "are not in this folder" if len(missing) > 1 else "is not in this folder"
        yield Problem(sitemap.path, f"{_counted(missing)} of it {said}: {_listed(missing)}")


def _counted(some: Sequence[str]) -> str:
    return f"{len(some):,} pages" if len(some) > 1 else "1 page"


def _listed(some: Sequence[str]) -> str:
    more = f" and {len(some) - TOLD:,} more" if len(some) > TOLD else ""
    return visible(", ".join(some[:TOLD])) + more
