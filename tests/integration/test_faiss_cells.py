"""Many pieces in FAISS: found among their neighbours only, told with exact cosines, and read where they lie on disk."""

import gc
import io
import os
import threading
from functools import cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from bot.adapters import faiss_cells, faiss_rows
from bot.adapters.faiss_cells import CODES, PIECES
from bot.adapters.faiss_index import VECTORS, FaissIndex, FaissPart
from bot.adapters.faiss_rows import NAME, Rows, packed
from bot.errors import IndexDamaged
from bot.knowledge import Piece

Matrix = NDArray[np.float32]
DIMENSION, N = 32, 6_000
OWNED = [Piece(f"p{n // 2}", str(n)) for n in range(N)]


def unit(vectors: Any) -> Matrix:
    found: Matrix = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return found


@cache
def topical(n: int = N, seed: int = 1) -> Matrix:
    """Vectors as texts have them: about some topics, some of them much talked about."""
    rng = np.random.default_rng(seed)
    topics = np.random.default_rng(7).standard_normal((60, DIMENSION))
    return unit(topics[rng.zipf(1.5, n) % 60] + 0.8 * rng.standard_normal((n, DIMENSION)))


@cache
def files() -> dict[str, bytes]:
    return FaissPart(many=1_000).build(OWNED, topical(), DIMENSION)


@cache
def exact() -> FaissIndex:
    part = FaissPart(many=N + 1)
    return part.load(part.build(OWNED, topical(), DIMENSION), DIMENSION)


def approximate() -> FaissIndex:
    return FaissPart().load(files(), DIMENSION)


def in_cells(held: dict[str, bytes]) -> Any:
    return faiss.deserialize_index(np.frombuffer(held[CODES], np.uint8))


def recall(index: FaissIndex, queries: Matrix, k: int = 10) -> float:
    shared = [
        len({p for p, _ in index.search("", query, k)} & {p for p, _ in exact().search("", query, k)})
        for query in queries
    ]
    return sum(shared) / (k * len(queries))


# ── what is chosen ──


def test_the_number_of_pieces_decides_which_index_is_built() -> None:
    few = FaissPart(many=1_001).build(OWNED[:1_000], topical()[:1_000], DIMENSION)
    many = FaissPart(many=1_000).build(OWNED[:1_000], topical()[:1_000], DIMENSION)
    assert VECTORS in few
    assert set(many) == {CODES, PIECES, NAME}


def test_fifty_thousand_are_many_unless_it_is_said_otherwise() -> None:
    assert FaissPart()._many == 50_000


def test_vectors_of_an_odd_length_are_compared_one_by_one() -> None:
    assert VECTORS in FaissPart(many=2).build(OWNED[:9], topical()[:9, :31], 31)


# ── what is found ──


def test_nearly_all_of_what_comparing_everything_finds_is_found() -> None:
    assert recall(approximate(), topical(200, seed=2)) >= 0.95


def test_it_looks_into_few_of_the_cells() -> None:
    assert in_cells(files()).nprobe < in_cells(files()).nlist / 2


def test_where_vectors_have_no_neighbourhoods_more_cells_are_looked_into() -> None:
    noise = unit(np.random.default_rng(3).standard_normal((N, DIMENSION)))
    built = FaissPart(many=1).build(OWNED, noise, DIMENSION)
    assert in_cells(built).nprobe > in_cells(files()).nprobe
    flat = FaissPart(many=N + 1)
    alike, other = FaissPart().load(built, DIMENSION), flat.load(flat.build(OWNED, noise, DIMENSION), DIMENSION)
    queries = unit(np.random.default_rng(4).standard_normal((100, DIMENSION)))
    shared = [len(dict(alike.search("", q, 10)).keys() & dict(other.search("", q, 10)).keys()) for q in queries]
    assert sum(shared) / 1_000 >= 0.9


def test_cosines_are_those_of_the_vectors_and_best_first() -> None:
    index = approximate()
    for query in topical(20, seed=5):
        found, right = index.search("", query, 10), dict(exact().search("", query, 50))
        assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
        assert dict(found) == pytest.approx({passage: right[passage] for passage, _ in found}, abs=5e-4)


@pytest.mark.parametrize("k", [1, 10, 200, 2_000])
def test_as_many_passages_as_were_asked_for_come_back_each_once(k: int) -> None:
    found = approximate().search("", topical(1, seed=6), k)
    assert len({passage for passage, _ in found}) == len(found) == k


def test_more_than_there_is_ends_with_what_there_is() -> None:
    assert 0 < len(approximate().search("", topical(1, seed=6), 10 * N)) <= N // 2


def test_the_nearest_pieces_are_told_by_their_passages() -> None:
    piece = topical()[100]
    found = approximate().nearest(piece, 5)
    assert found[0][0] == OWNED[100].passage
    assert found[0][1] == pytest.approx(1.0, abs=1e-3)
    assert len(found) == 5


def test_a_piece_listed_twice_is_kept_once() -> None:
    twice = FaissPart(many=1).build([*OWNED, *OWNED[:50]], np.vstack((topical(), topical()[:50])), DIMENSION)
    assert len(twice[NAME]) == len(files()[NAME])


def test_vectors_may_come_as_a_list_of_rows() -> None:
    assert FaissPart(many=1).build(OWNED, list(topical()), DIMENSION)[NAME] == files()[NAME]


def test_threads_that_search_at_once_find_the_same() -> None:
    index, queries = approximate(), topical(40, seed=8)
    alone = [index.search("", query, 5) for query in queries]
    together: list[list[tuple[str, float]]] = [[] for _ in queries]

    def search(n: int) -> None:
        together[n] = index.search("", queries[n], 5)

    threads = [threading.Thread(target=search, args=(n,)) for n in range(len(queries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_building_tells_how_far_it_is_and_ends_at_the_end() -> None:
    told: list[tuple[int, int]] = []
    FaissPart(many=1).build(OWNED, topical(), DIMENSION, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert len(told) > 5
    assert told[-1][0] == told[-1][1]


# ── when little has changed ──


def changed(n_gone: int, n_new: int) -> tuple[list[Piece], Matrix]:
    new = [Piece(f"new{n}", str(n)) for n in range(n_new)]
    return [*OWNED[n_gone:], *new], np.vstack((topical()[n_gone:], topical(max(n_new, 1), seed=11)[:n_new]))


def no_centres(*_: Any) -> None:
    pytest.fail("the centres were found anew")


def test_when_little_has_changed_only_that_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    part = FaissPart(many=1)
    part.load(files(), DIMENSION)
    pieces, vectors = changed(100, 50)
    monkeypatch.setattr(faiss_cells, "_centres", no_centres)
    index = part.load(part.build(pieces, vectors, DIMENSION), DIMENSION)
    assert index.nearest(vectors[-1], 1)[0][0] == "new49"
    assert OWNED[10].passage not in dict(index.search("", topical()[10], 2_000))
    flat = FaissPart(many=N + 1)
    right = flat.load(flat.build(pieces, vectors, DIMENSION), DIMENSION)
    queries = topical(100, seed=2)
    shared = [len(dict(index.search("", q, 10)).keys() & dict(right.search("", q, 10)).keys()) for q in queries]
    assert sum(shared) / 1_000 >= 0.95


def test_the_index_that_is_being_searched_stays_as_it_is() -> None:
    part = FaissPart(many=1)
    index, query = part.load(files(), DIMENSION), topical(1, seed=12)
    before = index.search("", query, 50)
    part.build(*changed(300, 0), DIMENSION)
    assert index.search("", query, 50) == before


def test_small_changes_add_up_until_the_centres_are_found_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    part = FaissPart(many=1)
    part.load(files(), DIMENSION)
    part.load(part.build(*changed(400, 0), DIMENSION), DIMENSION)
    monkeypatch.setattr(faiss_cells, "_centres", no_centres)
    part.load(part.build(*changed(500, 0), DIMENSION), DIMENSION)
    with pytest.raises(pytest.fail.Exception, match="found anew"):
        part.build(*changed(600, 0), DIMENSION)


def test_vectors_of_another_length_are_not_put_into_the_latest_index() -> None:
    part = FaissPart(many=1)
    part.load(files(), DIMENSION)
    half = part.build(OWNED, topical()[:, : DIMENSION // 2], DIMENSION // 2)
    assert len(part.load(half, DIMENSION // 2).search("", topical(1, seed=6)[:, : DIMENSION // 2], 10)) == 10


# ── vectors that are used again ──


def test_vectors_used_again_for_the_next_generation_do_not_drift() -> None:
    index = approximate()
    known = index.vectors(piece.id for piece in OWNED)
    assert len(known) == N
    again = FaissPart(many=1).build(OWNED, [known[piece.id] for piece in OWNED], DIMENSION)
    assert again[NAME] == files()[NAME]


def test_known_vectors_are_those_that_were_given_to_the_precision_of_halves() -> None:
    known = approximate().vectors([OWNED[4].id, 12, OWNED[-1].id])
    assert set(known) == {OWNED[4].id, OWNED[-1].id}
    np.testing.assert_allclose(known[OWNED[4].id], topical()[4], atol=5e-4)
    assert approximate().vectors([]) == {}


# ── files ──


def held_on_disk(folder: Path) -> Path:
    (folder / NAME).write_bytes(files()[NAME])
    return folder / NAME


def test_rows_are_read_from_a_file_that_was_closed_and_removed_since(tmp_path: Path) -> None:
    place = held_on_disk(tmp_path)
    with place.open("rb", buffering=0) as file:
        index = FaissPart().load({**files(), NAME: file}, DIMENSION)
    place.unlink()
    query = topical(1, seed=9)
    assert index.search("", query, 10) == approximate().search("", query, 10)


def test_an_index_that_is_replaced_leaves_no_file_open(tmp_path: Path) -> None:
    with held_on_disk(tmp_path).open("rb", buffering=0) as file:
        rows = Rows(file, DIMENSION)
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    del rows
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before - 1


def test_the_vectors_on_disk_take_no_memory(tmp_path: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    with (tmp_path / NAME).open("w+b", buffering=0) as file:
        file.truncate(200_000_000)
        rows = Rows(file, 500)
    before = resident()
    for row in range(0, len(rows), 50):
        rows.take(np.array([row]))
    assert resident() - before < 20_000_000


@pytest.mark.parametrize("n", [0, 3, faiss_rows.TOGETHER + 5])
def test_rows_come_in_the_order_they_were_asked_for(tmp_path: Path, n: int) -> None:
    wanted = np.random.default_rng(1).integers(0, N, n)
    held = packed([topical()])
    (tmp_path / NAME).write_bytes(held)
    with (tmp_path / NAME).open("rb", buffering=0) as file:
        from_disk = Rows(file, DIMENSION).take(wanted)
    np.testing.assert_array_equal(from_disk, topical()[wanted].astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(from_disk, Rows(held, DIMENSION).take(wanted))


def test_a_file_cut_short_under_a_running_server_is_said_and_ends_nothing(tmp_path: Path) -> None:
    place = held_on_disk(tmp_path)
    with place.open("rb", buffering=0) as file:
        index = FaissPart().load({**files(), NAME: file}, DIMENSION)
    os.truncate(place, 1_000)
    with pytest.raises(IndexDamaged, match=NAME):
        index.search("", topical(1, seed=9), 10)


def with_fewer_ids() -> bytes:
    with np.load(io.BytesIO(files()[PIECES])) as held:
        arrays = {**held, "ids": held["ids"][1:]}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        {CODES: b"not an index"},
        {PIECES: b"PK not an archive"},
        {PIECES: with_fewer_ids()},
        {NAME: b"\0" * 64},
        {NAME: b"\0" * 63},
    ],
)
def test_files_that_do_not_fit_each_other_are_refused(damage: dict[str, bytes]) -> None:
    with pytest.raises(IndexDamaged):
        FaissPart().load({**files(), **damage}, DIMENSION)


def test_another_dimension_is_refused() -> None:
    with pytest.raises(IndexDamaged):
        FaissPart().load(files(), 2 * DIMENSION)
