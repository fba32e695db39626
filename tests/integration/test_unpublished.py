"""Vectors put by: an ingest that is stopped goes on where it stopped."""

import logging
import os
import time
from pathlib import Path

import numpy as np
import pytest

from bot.adapters.unpublished import OLDEST, UnpublishedVectors
from bot.errors import Unavailable
from bot.indexes import WORD_DIMENSIONS, Reading
from bot.knowledge import Piece

PIECES = [Piece("p", str(n)) for n in range(6)]
VECTORS = np.random.default_rng(1).standard_normal((6, 4)).astype(np.float32)
WORDS = [np.full((n, WORD_DIMENSIONS), n, np.int8) for n in (2, 0, 1, 3, 1, 0)]


def ids(*numbers: int) -> list[int]:
    return [PIECES[n].id for n in numbers]


def made(start: int, end: int) -> Reading:
    return Reading(VECTORS[start:end], WORDS[start:end])


def kept(folder: Path, embedder: str = "model@1") -> UnpublishedVectors:
    return UnpublishedVectors(folder / "unpublished", embedder)


def n_files(folder: Path) -> int:
    return len(list((folder / "unpublished").glob("*")))


def test_what_was_put_by_before_a_crash_is_known_after_it(tmp_path: Path) -> None:
    kept(tmp_path).keep(PIECES[:2], made(0, 2))
    kept(tmp_path).keep(PIECES[2:4], made(2, 4))
    found = kept(tmp_path).vectors(ids(1, 2, 5))
    assert set(found) == set(ids(1, 2))
    np.testing.assert_array_equal(found[PIECES[2].id], VECTORS[2])


def test_each_piece_keeps_its_own_words_none_included(tmp_path: Path) -> None:
    kept(tmp_path).keep(PIECES, made(0, 6))
    found = kept(tmp_path).words(ids(0, 1, 3, 5))
    assert [len(found[id]) for id in ids(0, 1, 3, 5)] == [2, 0, 3, 0]
    np.testing.assert_array_equal(found[PIECES[3].id], WORDS[3])


def test_of_a_model_without_words_there_are_none(tmp_path: Path) -> None:
    kept(tmp_path).keep(PIECES[:2], Reading([[1.0, 0.0], [0.0, 1.0]], [(), ()]))
    assert [len(words) for words in kept(tmp_path).words(ids(0, 1)).values()] == [0, 0]


def test_before_anything_was_put_by_nothing_is_known(tmp_path: Path) -> None:
    assert kept(tmp_path).vectors(ids(1)) == {}
    kept(tmp_path).forget(ids(1))
    assert not (tmp_path / "unpublished").exists()


def test_another_embedder_knows_nothing_of_it(tmp_path: Path) -> None:
    kept(tmp_path).keep(PIECES, made(0, 6))
    assert kept(tmp_path, "model@2").vectors(ids(1)) == {}


def test_what_was_published_whole_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    kept(tmp_path).keep(PIECES[:3], made(0, 3))
    kept(tmp_path).keep(PIECES[3:], made(3, 6))
    kept(tmp_path).forget(ids(0, 1, 2, 3))
    assert set(kept(tmp_path).vectors(ids(*range(6)))) == set(ids(3, 4, 5))


def test_what_nobody_published_for_a_week_is_removed(tmp_path: Path) -> None:
    kept(tmp_path).keep(PIECES, made(0, 6))
    (tmp_path / "unpublished" / "half.new").write_bytes(b"killed while it was written")
    for file in (tmp_path / "unpublished").iterdir():
        os.utime(file, (time.time() - OLDEST - 60,) * 2)
    kept(tmp_path).forget([])
    assert n_files(tmp_path) == 0


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_file_is_no_loss_but_work(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    kept(tmp_path).keep(PIECES, made(0, 6))
    (file,) = (tmp_path / "unpublished").iterdir()
    data = file.read_bytes()
    at = data.index(VECTORS.tobytes())
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    file.write_bytes({"cut": data[: len(data) // 2], "changed": changed, "empty": b""}[damage])
    with caplog.at_level(logging.WARNING):
        assert kept(tmp_path).vectors(ids(0)) == {}
    assert "computed again" in caplog.text
    kept(tmp_path).forget([])
    assert n_files(tmp_path) == 0


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_file_that_goes_while_it_is_used_is_a_sentence_and_never_another_vector(
    tmp_path: Path, is_gone: bool
) -> None:
    kept(tmp_path).keep(PIECES, made(0, 6))
    found = kept(tmp_path).vectors(ids(5))
    (file,) = (tmp_path / "unpublished").iterdir()
    file.unlink() if is_gone else file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(Unavailable, match="run `bot ingest` again"):
        found[PIECES[5].id]


def test_where_nothing_can_be_written_the_ingest_goes_on_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "unpublished").write_text("a file in the way")
    with caplog.at_level(logging.WARNING):
        assert not kept(tmp_path).keep(PIECES, made(0, 6))
    assert "begins anew" in caplog.text
