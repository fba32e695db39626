"""Rows that lie in files, read when each is asked for."""

import numpy as np
import pytest

from bot.adapters.read_late import Either, ReadLate


def late(*ids: int) -> ReadLate:
    return ReadLate(np.array(ids, np.int64), lambda n: f"row {n}")


def test_each_is_read_from_the_row_it_was_given_at_whatever_the_order() -> None:
    held = late(30, 10, 20)
    assert dict(held) == {10: "row 1", 20: "row 2", 30: "row 0"}
    assert (len(held), 20 in held, 25 in held, 40 in held) == (3, True, False, False)
    with pytest.raises(KeyError):
        held[25]


def test_nothing_is_read_before_it_is_asked_for() -> None:
    def never(n: int) -> None:
        raise AssertionError(n)

    held = ReadLate([7, 8], never)
    assert (7 in held, list(held)) == (True, [7, 8])


def test_the_first_that_holds_it_is_asked() -> None:
    both = Either({1: "new", 2: "new"}, {2: "old", 3: "old"})
    assert dict(both) == {1: "new", 2: "new", 3: "old"}
    assert (len(both), 3 in both, 4 in both) == (3, True, False)
    with pytest.raises(KeyError):
        both[4]


def test_of_none_there_is_nothing() -> None:
    assert (len(late()), 1 in late(), dict(Either(late(), {}))) == (0, False, {})
