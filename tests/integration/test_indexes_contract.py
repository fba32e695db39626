"""What the generations promise, asked of the fake and of those on disk alike."""

from pathlib import Path

import pytest

from bot.decision import Model
from bot.errors import Conflict, IndexMismatch, NoIndex, NotFound, Refused
from bot.indexes import Indexes
from bot.knowledge import Passage, pieces
from tests.fakes import DELIVERY, RETURNS, WARRANTY, FakeEmbedder, FakeIndexes
from tests.index_parts import opened

EMBEDDER = FakeEmbedder()


@pytest.fixture(params=["fake", "disk"])
def indexes(request: pytest.FixtureRequest, tmp_path: Path) -> Indexes:
    if request.param == "fake":
        return FakeIndexes(EMBEDDER.name)
    return opened(tmp_path / "index", EMBEDDER.name, EMBEDDER.dimension)


def build(indexes: Indexes, *passages: Passage) -> str:
    every = [piece for passage in passages for piece in pieces(passage)]
    return indexes.build(passages, every, EMBEDDER.embed([one.text for one in every], is_query=False)).generation


def publish(indexes: Indexes, *passages: Passage) -> str:
    return indexes.make_current(build(indexes, *passages)).generation


def ids(*passages: Passage) -> tuple[str, ...]:
    return tuple(passage.id for passage in passages)


def names(indexes: Indexes) -> list[str]:
    return [manifest.generation for manifest in indexes.generations()]


def test_before_anything_is_published_there_is_nothing(indexes: Indexes) -> None:
    with pytest.raises(NoIndex):
        indexes.current()
    assert (indexes.live(), names(indexes)) == ("", [])


def test_a_candidate_is_complete_and_not_current(indexes: Indexes) -> None:
    live = publish(indexes, RETURNS)
    candidate = build(indexes, RETURNS, DELIVERY)
    assert (indexes.live(), names(indexes)) == (live, [live])
    assert indexes.current().manifest.passages == 1
    loaded = indexes.load(candidate)
    assert (loaded.manifest.generation, loaded.manifest.passages) == (candidate, 2)
    assert indexes.passages(candidate) == ids(RETURNS, DELIVERY)
    assert indexes.current().manifest.generation == live


def test_a_candidate_that_is_made_current_is_served(indexes: Indexes) -> None:
    first = publish(indexes, RETURNS)
    candidate = build(indexes, RETURNS, DELIVERY)
    assert indexes.make_current(candidate, first).generation == candidate
    assert indexes.current().manifest.generation == indexes.live() == candidate
    assert names(indexes) == [first, candidate]
    assert indexes.make_current(candidate, first).generation == candidate, "twice is no harm"


def test_the_first_candidate_takes_the_place_of_nothing(indexes: Indexes) -> None:
    candidate = build(indexes, RETURNS)
    assert indexes.make_current(candidate, "").generation == indexes.live()


def test_when_another_publication_came_between_nothing_is_replaced(indexes: Indexes) -> None:
    first = publish(indexes, RETURNS)
    candidate = build(indexes, RETURNS, DELIVERY)
    second = publish(indexes, WARRANTY)
    for instead_of in (first, None):
        with pytest.raises(Conflict, match="meanwhile"):
            indexes.make_current(candidate, instead_of)
    assert indexes.live() == second
    later = build(indexes, DELIVERY)
    with pytest.raises(Conflict, match="meanwhile"):
        indexes.make_current(later, first)


def test_a_discarded_candidate_is_gone_and_twice_is_no_harm(indexes: Indexes) -> None:
    live = publish(indexes, RETURNS)
    candidate = build(indexes, DELIVERY)
    indexes.discard(candidate)
    indexes.discard(candidate)
    for asked in (indexes.load, indexes.make_current):
        with pytest.raises(NotFound):
            asked(candidate)
    assert indexes.live() == live


def test_what_was_published_cannot_be_discarded(indexes: Indexes) -> None:
    old, live = publish(indexes, RETURNS), publish(indexes, RETURNS, DELIVERY)
    for name in (old, live, "g99"):
        indexes.discard(name)
    assert (indexes.live(), names(indexes)) == (live, [old, live])
    assert indexes.load(old).manifest.passages == 1


def test_an_old_generation_comes_back_as_a_new_one(indexes: Indexes) -> None:
    first, second = publish(indexes, RETURNS), publish(indexes, RETURNS, DELIVERY)
    again = indexes.again(first)
    assert indexes.live() == second
    indexes.make_current(again.generation, second)
    assert names(indexes) == [first, second, again.generation]
    assert indexes.current().manifest.passages == 1
    assert indexes.passages(again.generation) == ids(RETURNS)


def test_what_comes_back_is_decided_as_it_was(indexes: Indexes) -> None:
    first = publish(indexes, RETURNS)
    calibrated = indexes.calibrate(Model({}), first).generation
    assert indexes.make_current(build(indexes, DELIVERY)).generation
    assert indexes.current().decision == Model({}), "what is new carries it on"
    indexes.make_current(indexes.again(first).generation)
    assert indexes.current().decision is None
    indexes.make_current(indexes.again(calibrated).generation)
    assert indexes.current().decision == Model({})


def test_what_another_embedder_made_does_not_come_back(indexes: Indexes, tmp_path: Path) -> None:
    first = publish(indexes, RETURNS)
    if isinstance(indexes, FakeIndexes):
        indexes.embedder = "another"
        other: Indexes = indexes
    else:
        other = opened(tmp_path / "index", "another", EMBEDDER.dimension)
    for asked in (other.again, other.load):
        with pytest.raises(IndexMismatch):
            asked(first)


def test_old_generations_are_pruned_and_the_live_one_never(indexes: Indexes) -> None:
    published = [publish(indexes, RETURNS) for _ in range(4)]
    candidate = build(indexes, DELIVERY)
    assert list(indexes.prune(2)) == published[:2]
    assert names(indexes) == published[2:]
    assert list(indexes.prune(1)) == published[2:3]
    assert list(indexes.prune(1)) == []
    assert indexes.live() == published[3]
    with pytest.raises(Refused):
        indexes.prune(0)
    assert indexes.make_current(candidate).passages == 1, "a candidate is nobody's leavings"


def test_what_is_whole_is_verified_without_a_word(indexes: Indexes) -> None:
    name = publish(indexes, RETURNS)
    assert indexes.verify(name).generation == name


def test_what_is_not_there_is_said_so(indexes: Indexes) -> None:
    publish(indexes, RETURNS)
    for asked in (indexes.again, indexes.load, indexes.make_current, indexes.passages, indexes.verify):
        with pytest.raises(NotFound, match="there is no generation"):
            asked("g99")
