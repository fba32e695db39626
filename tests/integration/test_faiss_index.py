"""FAISS: exact cosines, the best piece of a passage, ids that stay."""

import threading
from time import perf_counter

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from bot.adapters.faiss_index import OWNERS, VECTORS, FaissIndex, FaissPart
from bot.errors import IndexDamaged
from bot.knowledge import Piece

Matrix = NDArray[np.float32]


def random_vectors(n: int, dimension: int = 8, seed: int = 1) -> Matrix:
    vectors = np.random.default_rng(seed).standard_normal((n, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def built(pieces: list[Piece], vectors: Matrix) -> FaissIndex:
    part = FaissPart()
    return part.load(part.build(pieces, vectors, vectors.shape[1]), vectors.shape[1])


PIECES = [Piece(f"p{n // 3}", f"piece {n}") for n in range(30)]
VECTORS_30 = random_vectors(30)


def test_a_passage_scores_as_its_best_piece() -> None:
    query = random_vectors(1, seed=2)
    expected = {f"p{n}": float((VECTORS_30[3 * n : 3 * n + 3] @ query[0]).max()) for n in range(10)}
    found = built(PIECES, VECTORS_30).search("", query, 10)
    assert dict(found) == pytest.approx(expected, abs=1e-6)
    assert [score for _, score in found] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-6)


@pytest.mark.parametrize("k", [1, 3, 9, 10, 100])
def test_at_most_k_passages_come_back_and_each_once(k: int) -> None:
    found = built(PIECES, VECTORS_30).search("", random_vectors(1, seed=3), k)
    assert len({passage for passage, _ in found}) == len(found) == min(k, 10)


def test_a_passage_of_many_pieces_does_not_crowd_out_the_others() -> None:
    near = np.tile(np.eye(1, 4, dtype=np.float32), (500, 1))
    far = np.eye(4, dtype=np.float32)[1:]
    pieces = [Piece("long", str(n)) for n in range(500)] + [Piece(f"short{n}", "x") for n in range(3)]
    found = built(pieces, np.vstack([near, far])).search("", near[:1], 4)
    assert found[0][0] == "long"
    assert len(found) == 4


def test_a_single_vector_needs_no_second_dimension() -> None:
    index = built(PIECES, VECTORS_30)
    assert index.search("", VECTORS_30[0], 3) == index.search("", VECTORS_30[:1], 3)


def test_without_a_vector_nothing_is_found() -> None:
    assert built(PIECES, VECTORS_30).search("return", None, 5) == []


def test_an_index_of_nothing_finds_nothing() -> None:
    index = built([], np.zeros((0, 8), np.float32))
    assert index.search("", random_vectors(1), 5) == []
    assert index.vectors([1, 2]) == {}


def test_a_piece_listed_twice_is_kept_once() -> None:
    index = built([PIECES[0], PIECES[0]], VECTORS_30[:2])
    assert len(index.search("", VECTORS_30[0], 5)) == 1


def test_known_vectors_come_back_as_they_were_so_that_they_need_no_embedding() -> None:
    index = built(PIECES, VECTORS_30)
    known = index.vectors([PIECES[4].id, PIECES[9].id, 123])
    assert set(known) == {PIECES[4].id, PIECES[9].id}
    np.testing.assert_array_equal(known[PIECES[4].id], VECTORS_30[4])


def test_bytes_that_are_no_index_are_refused() -> None:
    files = FaissPart().build(PIECES, VECTORS_30, 8)
    with pytest.raises(IndexDamaged):
        FaissPart().load({**files, VECTORS: b"not an index"}, 8)


def test_an_index_that_does_not_fit_its_owners_or_its_dimension_is_refused() -> None:
    files = FaissPart().build(PIECES, VECTORS_30, 8)
    with pytest.raises(IndexDamaged):
        FaissPart().load({**files, OWNERS: b"{}"}, 8)
    with pytest.raises(IndexDamaged):
        FaissPart().load(files, 16)


def test_threads_that_search_at_once_find_the_same() -> None:
    index, queries = built(PIECES, VECTORS_30), random_vectors(40, seed=5)
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


def test_a_search_leaves_the_threads_of_other_libraries_alone() -> None:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(2)
    try:
        built(PIECES, VECTORS_30).search("", VECTORS_30[0], 3)
        assert faiss.omp_get_max_threads() == 2
    finally:
        faiss.omp_set_num_threads(before)


def test_ten_thousand_pieces_are_searched_in_milliseconds() -> None:
    vectors = random_vectors(10_000, 384)
    index = built([Piece(f"p{n}", "x") for n in range(10_000)], vectors)
    query = random_vectors(1, 384, seed=7)
    times = []
    for _ in range(7):
        started = perf_counter()
        index.search("", query, 200)
        times.append(perf_counter() - started)
    assert min(times) < 0.05


def test_the_nearest_pieces_are_told_by_their_passages_best_first() -> None:
    query = random_vectors(1, seed=5)
    order = np.argsort(-(VECTORS_30 @ query[0]))
    found = built(PIECES, VECTORS_30).nearest(query, 4)
    assert [passage for passage, _ in found] == [f"p{n // 3}" for n in order[:4]]
    assert [cosine for _, cosine in found] == pytest.approx(
        [float(VECTORS_30[n] @ query[0]) for n in order[:4]], abs=1e-6
    )
    assert len(built(PIECES, VECTORS_30).nearest(query, 100)) == 30
