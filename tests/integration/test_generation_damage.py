"""Damaged and hostile generations, with the real parts: found out before FAISS reads a byte; the one before serves."""

import io
import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from bot.adapters import faiss_exact
from bot.adapters.bm25_index import Bm25Part
from bot.adapters.faiss_index import FaissPart
from bot.adapters.generations import Generations
from bot.adapters.word_table import WordPart
from bot.errors import IndexDamaged, NotFound
from bot.indexes import WORD_DIMENSIONS, Reading
from bot.knowledge import Passage, Piece
from tests.index_crashes import MODEL

DIMENSION, PAGE = 16, 4096
EXACT = {"vectors.faiss", "pieces.json", "bm25.npz", "words.i8", "words.json", "decision.json", "passages.txt"}
CELLS = EXACT - {"vectors.faiss", "pieces.json"} | {"cells.faiss", "pieces.npz", "vectors.rows"}
SHAPES = {"exact": (10_000, EXACT), "cells": (100, CELLS)}


def opened(folder: Path, shape: str) -> Generations:
    parts = FaissPart(many=SHAPES[shape][0]), Bm25Part()
    return Generations(folder, "model@1", DIMENSION, *parts, words=WordPart())


@cache
def contents(n: int) -> tuple[list[Passage], list[Piece], Reading]:
    rng = np.random.default_rng(n)
    texts = [" ".join(f"word{word}" for word in rng.integers(0, 300, 12)) for _ in range(n)]
    passages = [Passage("faq.md", f"faq.md#{row}", f"Question {row}?", text, "en") for row, text in enumerate(texts)]
    vectors = rng.standard_normal((n, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = [rng.integers(-127, 127, (2, WORD_DIMENSIONS), dtype=np.int8) for _ in range(n)]
    return passages, [Piece(one.id, one.text) for one in passages], Reading(vectors, words)


def publish(indexes: Generations, n: int) -> str:
    passages, pieces, made = contents(n)
    return indexes.publish(passages, pieces, made.vectors, words=made.words).generation


@pytest.fixture(scope="module", params=SHAPES)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str, str]:
    """A folder with an old generation and a new one, and their names."""
    folder = tmp_path_factory.mktemp(request.param)
    indexes = opened(folder, request.param)
    old = indexes.calibrate(MODEL, publish(indexes, 150)).generation
    new = publish(indexes, 400)
    assert set(indexes.load(new).manifest.files) == SHAPES[request.param][1]
    return folder, old, new, request.param


def damages(data: bytes) -> Iterator[bytes]:
    """Each page zeroed, and with one bit off; cut short, grown, emptied."""
    for start in range(0, len(data), PAGE):
        page = data[start : start + PAGE]
        rest = data[start + len(page) :]
        assert page.strip(b"\0"), "a page of zeros would not be damaged by zeros"
        yield data[:start] + bytes(len(page)) + rest
        place = (start * 31) % len(page)
        yield data[:start] + page[:place] + bytes([page[place] ^ 1 << start // PAGE % 8]) + page[place + 1 :] + rest
        yield data[:start]
    yield data[:-1]
    yield data + b"\0"


def test_every_damaged_page_of_every_file_is_found_out_and_the_generation_before_serves(
    shop: tuple[Path, str, str, str],
) -> None:
    folder, old, new, shape = shop
    query = contents(150)[2].vectors[7:8]
    right = opened(folder, shape).load(old).dense.search("", query, 5)
    n_tried = 0
    for file in sorted((folder / new).iterdir()):
        whole = file.read_bytes()
        for damaged in damages(whole):
            file.write_bytes(damaged)
            index = opened(folder, shape).current()
            assert index.manifest.generation == old, f"{file.name} was not found out"
            n_tried += 1
        assert index.dense.search("", query, 5) == right
        file.write_bytes(whole)
    assert opened(folder, shape).current().manifest.generation == new
    assert n_tried > 100


def test_a_damaged_page_is_found_out_before_faiss_reads_a_byte(
    shop: tuple[Path, str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, new, shape = shop
    file = next((folder / new).glob("*.faiss"))
    whole = file.read_bytes()
    monkeypatch.setattr(faiss, "deserialize_index", lambda data: pytest.fail("FAISS was given it"))
    try:
        file.write_bytes(bytes(PAGE) + whole[PAGE:])
        with pytest.raises(IndexDamaged, match=file.name):
            opened(folder, shape).load(new)
    finally:
        file.write_bytes(whole)


@pytest.fixture
def copy(shop: tuple[Path, str, str, str], tmp_path: Path) -> tuple[Path, str, str, str]:
    folder, *rest = shop
    return Path(shutil.copytree(folder, tmp_path / "index")), *rest  # type: ignore[return-value]


def test_files_of_two_generations_that_are_swapped_are_found_out(copy: tuple[Path, str, str, str]) -> None:
    folder, old, new, shape = copy
    for file in sorted(SHAPES[shape][1] - {"decision.json"}):
        ours, theirs = folder / new / file, folder / old / file
        swapped = theirs.read_bytes(), ours.read_bytes()
        kept = ours.read_bytes()
        ours.write_bytes(swapped[0])
        with pytest.raises(IndexDamaged, match=file):
            opened(folder, shape).load(new)
        ours.write_bytes(kept)
    (folder / new / "manifest.json").write_bytes((folder / old / "manifest.json").read_bytes())
    with pytest.raises(IndexDamaged, match=r"manifest\.json"):
        opened(folder, shape).load(new)


def test_folders_of_two_generations_that_are_swapped_are_found_out(copy: tuple[Path, str, str, str]) -> None:
    folder, old, new, shape = copy
    (folder / old).rename(folder / "aside")
    (folder / new).rename(folder / old)
    (folder / "aside").rename(folder / new)
    for name in (old, new):
        with pytest.raises(IndexDamaged, match=name):
            opened(folder, shape).load(name)


# ── by hand ──


def edited(folder: Path, name: str, change: Callable[[dict[str, Any]], Any], *, with_checksum: bool) -> None:
    from bot.adapters.generation_files import _json, digest

    file = folder / name / "manifest.json"
    held = json.loads(file.read_text())
    change(held["manifest"])
    if with_checksum:
        held["sha256"] = digest(_json(held["manifest"]))
    file.write_text(json.dumps(held))


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a checksum": lambda held: held["files"].update({"bm25.npz": "0" * 64}),
    "a file that is not there": lambda held: held["files"].update({"more.json": "0" * 64}),
    "a file outside": lambda held: held["files"].update({"../../etc/passwd": "0" * 64}),
    "no file": lambda held: held["files"].clear(),
    "files that are a list": lambda held: held.update(files=["bm25.npz"]),
    "checksums that are numbers": lambda held: held["files"].update({"bm25.npz": 7}),
    "another name": lambda held: held.update(generation="20270101T000000-abcdef"),
    "fewer passages": lambda held: held.update(passages=3),
    "a field too many": lambda held: held.update(more=1),
    "a field too few": lambda held: held.pop("embedder"),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("with_checksum", [False, True])
def test_a_manifest_changed_by_hand_is_found_out(
    copy: tuple[Path, str, str, str], what: str, with_checksum: bool
) -> None:
    folder, old, new, shape = copy
    edited(folder, new, CHANGES[what], with_checksum=with_checksum)
    assert opened(folder, shape).current().manifest.generation == old


@pytest.mark.parametrize("name", ["../outside.json", "./bm25.npz", ".hidden", ""])
def test_a_listed_file_is_one_of_the_folder_even_where_its_checksum_fits(
    copy: tuple[Path, str, str, str], name: str
) -> None:
    from bot.adapters.generation_files import digest

    folder, old, new, shape = copy
    for place in (folder / "outside.json", folder / new / ".hidden"):
        place.write_bytes((folder / new / "bm25.npz").read_bytes())
    fits = digest((folder / "outside.json").read_bytes())
    edited(folder, new, lambda held: held["files"].update({name: fits}), with_checksum=True)
    assert opened(folder, shape).current().manifest.generation == old


def test_a_time_or_a_maker_changed_by_hand_with_its_checksum_is_not_found_out(
    copy: tuple[Path, str, str, str],
) -> None:
    """What is told of a generation and not part of it: whoever may write there can say anything. So it is warned of."""
    folder, _, new, shape = copy
    edited(folder, new, lambda held: held.update(created_at="1999-01-01T00:00:00+00:00"), with_checksum=True)
    assert opened(folder, shape).current().manifest.created_at.startswith("1999")
    edited(folder, new, lambda held: held.update(created_at="2000-01-01T00:00:00+00:00"), with_checksum=False)
    with pytest.raises(IndexDamaged):
        opened(folder, shape).load(new)


@pytest.mark.parametrize(
    "text", ["", "\0" * PAGE, "../{old}", "/{folder}/{old}", "20990101T000000-abcdef", "é" * 9_000]
)
def test_a_pointer_to_nowhere_or_outside_is_not_followed(copy: tuple[Path, str, str, str], text: str) -> None:
    folder, old, new, shape = copy
    (folder / "CURRENT").write_text(text.format(old=old, folder=folder))
    assert opened(folder, shape).current().manifest.generation == new


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a device", "a link to nowhere"])
def test_what_is_no_file_is_damage_and_is_not_waited_for(copy: tuple[Path, str, str, str], what: str) -> None:
    folder, old, new, shape = copy
    file = folder / new / "bm25.npz"
    file.unlink()
    {
        "a folder": lambda: file.mkdir(),
        "a pipe": lambda: os.mkfifo(file),
        "a device": lambda: file.symlink_to("/dev/zero"),
        "a link to nowhere": lambda: file.symlink_to("nowhere"),
    }[what]()
    assert opened(folder, shape).current().manifest.generation == old


# ── hostile, with checksums that fit ──


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a pickle was read",)


def planted(folder: Path, name: str, file: str, data: bytes) -> None:
    from bot.adapters.generation_files import digest

    (folder / name / file).write_bytes(data)
    edited(folder, name, lambda held: held["files"].update({file: digest(data)}), with_checksum=True)


def test_a_pickle_beside_the_index_is_not_read(copy: tuple[Path, str, str, str]) -> None:
    folder, _, new, shape = copy
    for file in ("index.pkl", "bm25.pkl", "vectors.pickle"):
        (folder / new / file).write_bytes(pickle.dumps(Trap()))
    assert opened(folder, shape).current().manifest.generation == new
    planted(folder, new, "index.pkl", pickle.dumps(Trap()))  # listed, even
    assert opened(folder, shape).current().manifest.generation == new


def test_a_pickle_in_the_place_of_any_file_is_damage(copy: tuple[Path, str, str, str]) -> None:
    folder, old, new, shape = copy
    with_objects = io.BytesIO()
    np.savez(with_objects, about=np.array([Trap()], dtype=object), ids=np.array([Trap()], dtype=object))
    for data in (pickle.dumps(Trap()), with_objects.getvalue()):
        for file in sorted(SHAPES[shape][1] - {"decision.json", "vectors.rows"}):
            whole = (folder / new / file).read_bytes()
            planted(folder, new, file, data)
            assert opened(folder, shape).current().manifest.generation == old, file
            planted(folder, new, file, whole)
    assert opened(folder, shape).current().manifest.generation == new


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b'{"1": 5}', b"[" * 100_000, b"\xff\xfe", b"9" * 10_000])
def test_what_is_in_another_form_is_damage_and_ends_nothing(copy: tuple[Path, str, str, str], data: bytes) -> None:
    folder, old, new, shape = copy
    for file in sorted(SHAPES[shape][1] - {"decision.json", "vectors.rows", "words.i8"}):
        whole = (folder / new / file).read_bytes()
        planted(folder, new, file, data)
        assert opened(folder, shape).current().manifest.generation == old, file
        planted(folder, new, file, whole)


def huge_vectors() -> bytes:
    """100 GB, says the file."""
    return _flat(ntotal=25_000_000_000 // DIMENSION, n_bytes=100_000_000_000)


def more_than_there_are() -> bytes:
    return _flat(ntotal=1 << 40, n_bytes=4 * DIMENSION)


def _flat(ntotal: int, n_bytes: int) -> bytes:
    """A flat index as FAISS writes it, but for the figures."""
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(np.ones((1, DIMENSION), np.float32))
    data = bytearray(faiss.serialize_index(index).tobytes())
    assert struct.unpack_from("<iq", data, 4) == (DIMENSION, 1)
    struct.pack_into("<q", data, 8, ntotal)
    size = len(data) - 4 * DIMENSION - 8
    assert struct.unpack_from("<Q", data, size)[0] in (DIMENSION, 4 * DIMENSION)
    unit = 1 if struct.unpack_from("<Q", data, size)[0] == 4 * DIMENSION else 4
    struct.pack_into("<Q", data, size, n_bytes // unit)
    return bytes(data)


def another_kind() -> bytes:
    """As many, and as long."""
    index = faiss.IndexLSH(DIMENSION, 8)
    index.add(np.ones((400, DIMENSION), np.float32))
    return bytes(faiss.serialize_index(index).tobytes())


def a_chain_of_wrappers() -> bytes:
    index = faiss.IndexFlatIP(DIMENSION)
    chain = faiss.IndexPreTransform(index)
    for _ in range(50):
        chain = faiss.IndexPreTransform(chain)
    return bytes(faiss.serialize_index(chain).tobytes())


@pytest.mark.parametrize("make", [huge_vectors, more_than_there_are, another_kind, a_chain_of_wrappers])
def test_an_index_made_to_hurt_is_damage(copy: tuple[Path, str, str, str], make: Callable[[], bytes]) -> None:
    folder, old, new, shape = copy
    file = next((folder / new).glob("*.faiss")).name
    planted(folder, new, file, make())
    assert opened(folder, shape).current().manifest.generation == old


def test_what_faiss_may_be_talked_into_is_limited_by_the_size_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _flat(1, 4 * DIMENSION)
    seen = []
    restore = faiss.deserialize_index

    def noted(given: Any) -> Any:
        seen.append((faiss.get_deserialization_vector_byte_limit(), faiss.get_deserialization_loop_limit()))
        return restore(given)

    monkeypatch.setattr(faiss, "deserialize_index", noted)
    assert faiss_exact.restored(data, "x", faiss.IndexFlatIP).ntotal == 1
    assert seen == [(16 * len(data), 1 << 20)]


def test_nothing_is_there_of_a_generation_that_went(copy: tuple[Path, str, str, str]) -> None:
    folder, old, _, shape = copy
    indexes = opened(folder, shape)
    indexes.prune(1)
    with pytest.raises(NotFound):
        indexes.load(old)
