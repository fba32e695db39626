"""What a backup says of itself: its parts with their sizes and checksums, and the names a part may have.

Whoever hands us an archive may have made it: a name says where a part goes, so only names that we give are read.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.errors import Refused

FORMAT = 1
MANIFEST = "manifest.json"
MOST_MANIFEST = 32 * 2**20  # bytes
MOST_PARTS = 50_000
LONGEST_NAME = 255  # bytes; what file systems take
_GENERATION = r"\d{8}T\d{6}-[0-9a-f]{6}"
_SHAPES = (
    re.compile(r"database/[a-z_]{1,60}\.jsonl"),
    re.compile(rf"index/(?:CURRENT|{_GENERATION}/[A-Za-z0-9_][A-Za-z0-9_.-]{{0,99}})"),
    re.compile(r"uploads/[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*"),
    re.compile(r"answers/answers-[a-z]{2}\.md"),
    re.compile(r"embedder\.json"),
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Part:
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    version: str  # of the product that made it
    revision: str  # of the database's schema
    made_at: str
    database: str  # sqlite | postgresql
    live: str = ""  # the live generation
    note: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)  # by table
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts.values())


def table_part(table: str) -> str:
    return f"database/{table}.jsonl"


def is_part(name: str) -> bool:
    try:
        short = all(len(one.encode()) <= LONGEST_NAME for one in name.split("/"))
    except UnicodeEncodeError:
        return False
    return short and any(shape.fullmatch(name) for shape in _SHAPES)


def written(manifest: Manifest) -> bytes:
    return json.dumps({"format": FORMAT} | asdict(manifest), ensure_ascii=False, indent=1).encode()


def parsed(data: bytes) -> Manifest:
    """Raises Refused, in a sentence, for what is no manifest of ours."""
    try:
        held = json.loads(data)
        number = held.pop("format")
        if number != FORMAT:
            raise Refused(
                f"the backup has format {number!r:.20}, and this version reads {FORMAT}: update the bot first"
            )
        manifest = Manifest(**held | {"parts": {name: Part(**part) for name, part in held["parts"].items()}})
        if _is_sound(manifest):
            return manifest
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise Refused("the backup's manifest cannot be read: it is damaged, or no backup of ours")


def _is_sound(manifest: Manifest) -> bool:
    texts = (manifest.version, manifest.revision, manifest.made_at, manifest.database, manifest.live, manifest.note)
    return (
        all(isinstance(text, str) and len(text) < 1_000 for text in texts)
        and all(is_part(name) and _is_whole(part) for name, part in manifest.parts.items())
        and all(is_part(table_part(table)) and _is_number(n) for table, n in manifest.rows.items())
        and {table_part(table) for table in manifest.rows} <= set(manifest.parts)
        and (not manifest.live or f"index/{manifest.live}/{MANIFEST}" in manifest.parts)
    )


def _is_whole(part: Part) -> bool:
    return _is_number(part.size) and isinstance(part.sha256, str) and bool(_SHA256.fullmatch(part.sha256))


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
