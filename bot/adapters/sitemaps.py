"""A sitemap (sitemaps.org): which pages a site has, and since when they say what they say. Parsed in the sandbox."""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.content import Unreadable

MAX_ENTRIES = 50_000  # what the protocol allows
MAX_BYTES = 50 * 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    url: str
    modified: str = ""  # as written: a date, or a date with a time


@dataclass(frozen=True, slots=True)
class Sitemap:
    """`is_index`: its entries are sitemaps themselves."""

    is_index: bool
    entries: tuple[Entry, ...]


def parse(data: bytes) -> Sitemap:
    """Raises Unreadable."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError

    data = _unpacked(data)
    if len(data) > MAX_BYTES:
        raise Unreadable(f"the sitemap is larger than {MAX_BYTES // 2**20} MiB")
    try:
        return _parsed(data)
    except DefusedXmlException:
        raise Unreadable("the sitemap declares entities of its own, which are not read") from None
    except (ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"the sitemap is not well-formed XML ({error})") from None


def _parsed(data: bytes) -> Sitemap:
    from defusedxml.ElementTree import iterparse

    events = iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=False, forbid_entities=True)
    _, root = next(events)
    kind = _name(root)
    if kind not in ("urlset", "sitemapindex"):
        raise Unreadable("this XML is no sitemap")
    entries: dict[str, Entry] = {}
    for entry in _entries(events, root):
        entries.setdefault(entry.url, entry)
        if len(entries) > MAX_ENTRIES:
            raise Unreadable(f"the sitemap has more than {MAX_ENTRIES:,} entries")
    return Sitemap(kind == "sitemapindex", tuple(entries.values()))


def _entries(events: Iterator[tuple[str, Any]], root: Any) -> Iterator[Entry]:
    for event, element in events:
        if event != "end" or _name(element) not in ("url", "sitemap"):
            continue
        said = {_name(child): (child.text or "").strip() for child in element}
        root.clear()
        if said.get("loc"):
            yield Entry(said["loc"], said.get("lastmod", ""))


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _unpacked(data: bytes) -> bytes:
    """Sitemaps are often kept as .xml.gz."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return zlib.decompressobj(31).decompress(data, MAX_BYTES + 1)
    except zlib.error:
        raise Unreadable("the sitemap is packed with gzip, and damaged") from None
