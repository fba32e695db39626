"""Pairs of near vectors, found block by block, are those that comparing each with each finds."""

import tracemalloc

import numpy as np
import pytest

from bot.adapters import near_pairs as module
from bot.adapters.near_pairs import near_pairs


def rows(n: int, dimension: int = 16, seed: int = 3) -> list[np.ndarray]:
    made = np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32)
    return list(made / np.linalg.norm(made, axis=1, keepdims=True))


@pytest.mark.parametrize("block", [1, 7, 64, 500])
def test_blocks_find_what_comparing_each_with_each_finds(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", block)
    held = rows(150)
    wanted = {(a, b) for a in range(150) for b in range(a + 1, 150) if float(held[a] @ held[b]) >= 0.5}
    found = near_pairs(held, 0.5, 1_000)
    assert {(a, b) for a, b, _ in found} == wanted
    assert len(found) == len(wanted) > 20
    assert all(abs(cosine - float(held[a] @ held[b])) < 1e-5 for a, b, cosine in found)


def test_of_one_row_only_the_nearest_are_kept() -> None:
    held = rows(200)
    for row in range(0, 200, 17):
        later = sorted((float(held[row] @ held[other]) for other in range(row + 1, 200)), reverse=True)[:3]
        found = sorted((cosine for a, _, cosine in near_pairs(held, -1.0, 3) if a == row), reverse=True)
        assert found == pytest.approx(later, abs=1e-5)


def test_nothing_and_one_vector_have_no_pairs() -> None:
    assert near_pairs([], 0.5, 5) == []
    assert near_pairs(rows(1), 0.5, 5) == []


def test_memory_grows_with_the_number_of_vectors_and_not_with_its_square() -> None:
    held = rows(6_000)
    tracemalloc.start()
    near_pairs(held, 0.99, 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000 * 6_000 * 4 / 3  # all cosines at once would be 144 MB


def test_progress_is_told_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    near_pairs(rows(1_200), 0.9, 5, lambda done, total: seen.append((done, total)))
    assert seen == [(512, 1_200), (1_024, 1_200), (1_200, 1_200)]
