"""Passages compared with a query word by word."""

from typing import Any

import numpy as np
import pytest

from bot.adapters import word_table
from bot.adapters.word_table import PLACES, WORDS, WordPart, WordTable
from bot.errors import IndexDamaged
from bot.indexes import WORD_DIMENSIONS, WORD_SCALE
from bot.knowledge import Piece

PIECES = [Piece("rain", "Is it waterproof?"), Piece("rain", "It keeps rain out."), Piece("care", "Wash it cold.")]


def words(*axes: int) -> Any:
    """One word along each axis."""
    rows = np.zeros((len(axes), WORD_DIMENSIONS), dtype=np.int8)
    rows[np.arange(len(axes)), list(axes)] = WORD_SCALE
    return rows


SAID = [words(0), words(1, 2), words(3)]


def loaded(pieces: list[Piece] = PIECES, said: list[Any] = SAID) -> WordTable:
    table = WordPart().load(WordPart().build(pieces, said))
    assert table is not None
    return table


def test_each_word_of_the_query_counts_by_the_nearest_word_of_any_piece_of_the_passage() -> None:
    matched = loaded().match(words(0, 2), ["rain", "care"])
    assert matched["rain"] == pytest.approx((1.0, 1.0))
    assert matched["care"] == pytest.approx((0.0, 0.0))


def test_the_mean_forgives_one_missing_word_and_the_weakest_does_not() -> None:
    assert loaded().match(words(0, 3), ["rain"])["rain"] == pytest.approx((0.5, 0.0))


def test_a_piece_can_be_passed_over_as_if_it_had_not_been_there() -> None:
    table = loaded()
    assert table.match(words(0), ["rain"], {PIECES[0].id})["rain"] == pytest.approx((0.0, 0.0))
    assert "care" not in table.match(words(0), ["care"], {PIECES[2].id})


def test_a_passage_without_words_or_without_a_place_is_left_out() -> None:
    table = loaded([*PIECES, Piece("mute", "?")], [*SAID, words()])
    assert set(table.match(words(0), ["rain", "mute", "unheard of"])) == {"rain"}


def test_what_is_stored_comes_back_to_the_bit_for_the_next_generation() -> None:
    held = loaded().words([piece.id for piece in PIECES] + [1])
    assert set(held) == {piece.id for piece in PIECES}
    for piece, said in zip(PIECES, SAID, strict=True):
        assert (held[piece.id] == said).all()
    again = loaded(PIECES, [held[piece.id] for piece in PIECES])
    assert again.match(words(1), ["rain"]) == loaded().match(words(1), ["rain"])


def test_a_piece_listed_twice_is_kept_once() -> None:
    assert len(WordPart().build([*PIECES, PIECES[0]], [*SAID, SAID[0]])[WORDS]) == 4 * WORD_DIMENSIONS


def test_a_generation_built_without_words_has_no_table() -> None:
    assert WordPart().load({}) is None


def test_a_table_that_is_not_as_long_as_its_places_say_is_refused() -> None:
    files = WordPart().build(PIECES, SAID)
    with pytest.raises(IndexDamaged):
        WordPart().load({**files, WORDS: files[WORDS][:-1]})


def test_too_many_words_are_not_kept_but_their_pieces_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_table, "MOST", 3)
    table = loaded()
    assert table.match(words(0), ["rain", "care"]) == {}
    assert set(table.words([piece.id for piece in PIECES])) == {piece.id for piece in PIECES}, "not embedded again"


def test_no_pieces_make_an_empty_table() -> None:
    files = WordPart().build([], [])
    assert files == {WORDS: b"", PLACES: b"{}"}
    assert loaded([], []).match(words(0), ["rain"]) == {}
