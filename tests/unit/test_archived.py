"""What a backup says of itself is read as a stranger's."""

import json
from typing import Any

import pytest

from bot.archived import FORMAT, Manifest, Part, is_part, parsed, written
from bot.errors import Refused

WHOLE = Part(3, "ab" * 32)
LIVE = "20261122T010203-ab12cd"
MADE = Manifest(
    "0.1.0", "0005", "2026-11-22T00:00:00+00:00", "sqlite", LIVE, "", {"event": 2},
    {"database/event.jsonl": WHOLE, f"index/{LIVE}/manifest.json": WHOLE, "index/CURRENT": WHOLE,
     "uploads/价目表.xlsx": WHOLE, "answers/answers-en.md": WHOLE, "embedder.json": WHOLE},
)  # fmt: skip


def test_a_manifest_comes_back_as_it_was_written() -> None:
    assert parsed(written(MADE)) == MADE
    assert MADE.size == 18


NO_PARTS = [
    "", ".", "/etc/passwd", "bot.sqlite", "embedder.json\n",
    "uploads/", "uploads/../x", "uploads/a/b", "uploads/.hidden", "uploads/..", "uploads/a\0b", "uploads/a\\b",
    "uploads/a\nb", "uploads/" + "ä" * 128, "uploads/\ud800",
    "database/../x.jsonl", "database/x.txt", "database/Event.jsonl",
    "index/x", f"index/{LIVE}", f"index/{LIVE}/", f"index/{LIVE}/..", f"index/{LIVE}/.lock", f"index/{LIVE}/a/b",
    "index/../CURRENT", "answers/notes.md", "answers/answers-en.md/",
]  # fmt: skip


@pytest.mark.parametrize("name", NO_PARTS)
def test_a_name_that_leads_elsewhere_is_no_part(name: str) -> None:
    assert not is_part(name)
    parts = {**MADE.parts, name: WHOLE}
    held = json.loads(written(MADE)) | {"parts": {key: {"size": 3, "sha256": "ab" * 32} for key in parts}}
    with pytest.raises(Refused, match="cannot be read"):
        parsed(json.dumps(held).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"parts": {}}, {"parts": []}, {"parts": {"embedder.json": {"size": -1, "sha256": "ab" * 32}}}, {"extra": 1},
        {"parts": {"embedder.json": {"size": True, "sha256": "ab" * 32}}}, {"parts": {"embedder.json": {"size": 1}}},
        {"parts": {"embedder.json": {"size": 1, "sha256": "AB" * 32}}}, {"rows": {"turn": 1}}, {"rows": {"event": "2"}},
        {"rows": None}, {"revision": 5}, {"live": "20261122T010203-ffffff"}, {"version": "x" * 2_000},
    ],
)  # fmt: skip
def test_a_manifest_that_does_not_add_up_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        parsed(json.dumps(json.loads(written(MADE)) | change).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"format": 1}', b"[" * 100_000])
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        parsed(data)


def test_a_later_format_says_to_update() -> None:
    with pytest.raises(Refused, match="update the bot first"):
        parsed(json.dumps({"format": FORMAT + 1}).encode())
