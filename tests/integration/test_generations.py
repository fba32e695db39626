"""Index generations on disk: whole or not at all, checked before they are used, replaced while they serve."""

import fcntl
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.adapters import generation_files, generations
from bot.adapters.generations import Generations
from bot.decision import Model
from bot.errors import Conflict, IndexDamaged, IndexMismatch, NoIndex, Unavailable
from bot.indexes import Reading
from bot.knowledge import Passage, Piece
from tests.index_crashes import MODEL
from tests.index_parts import AT, DenseJson, LexicalJson, Loaded, opened, publish, served


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())


# ── publishing ──


def test_before_anything_is_published_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match="bot ingest"):
        opened(tmp_path / "none").current()


def test_what_is_published_is_served(tmp_path: Path) -> None:
    indexes = opened(tmp_path / "index")
    name = publish(indexes, "a", "b")
    current = indexes.current()
    assert (current.manifest.generation, current.manifest.passages, current.manifest.pieces) == (name, 2, 2)
    assert current.manifest.embedder == "model@1"
    assert current.manifest.created_at == AT.isoformat()
    assert set(current.manifest.files) == {"dense.json", "lexical.json", "passages.txt"}
    assert len(current.lexical.search("", None, 9)) == 2


def test_a_name_tells_when(tmp_path: Path) -> None:
    assert publish(opened(tmp_path), "a").startswith("20261122T005959-")


def test_names_sort_in_the_order_of_publication_even_within_a_second_or_when_the_clock_goes_back(
    tmp_path: Path,
) -> None:
    published = [publish(opened(tmp_path), "a") for _ in range(3)]
    published.append(publish(opened(tmp_path, at=AT.replace(year=2025)), "a"))
    assert published == sorted(published)
    assert len(set(published)) == 4


def test_an_index_of_nothing_can_be_published(tmp_path: Path) -> None:
    publish(opened(tmp_path))
    assert served(opened(tmp_path)) == 0


def test_the_same_generation_is_loaded_once(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    publish(indexes, "a")
    assert indexes.current() is indexes.current()


def test_a_running_server_sees_what_another_process_published(tmp_path: Path) -> None:
    server = opened(tmp_path)
    publish(server, "a")
    assert served(server) == 1
    publish(opened(tmp_path), "a", "b")
    assert served(server) == 2


def test_the_five_newest_generations_are_kept(tmp_path: Path) -> None:
    published = [publish(opened(tmp_path), "a") for _ in range(7)]
    assert names(tmp_path) == published[-5:]


def test_going_back_by_hand_is_one_line(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    first = publish(indexes, "a")
    publish(indexes, "a", "b")
    (tmp_path / "CURRENT").write_text(first)
    assert served(indexes) == 1


def test_left_overs_of_a_crash_are_ignored_and_swept_by_the_next_publication(tmp_path: Path) -> None:
    publish(opened(tmp_path), "a")
    left_over = tmp_path / ".new-20261122T000000-aaaaaa"
    left_over.mkdir()
    (left_over / "dense.json").write_text("{")
    assert served(opened(tmp_path)) == 1
    publish(opened(tmp_path), "a", "b")
    assert not left_over.exists()


def test_known_vectors_are_given_back_for_reuse(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    publish(indexes, "a", "b")
    passage = Passage("b", "b", "b", "b", "en")
    known, unknown = Piece(passage.id, "b"), Piece(passage.id, "other")
    assert indexes.vectors([known, unknown]) == {known.id: [1.0, 1.0]}


def test_no_vector_of_another_model_is_reused(tmp_path: Path) -> None:
    publish(opened(tmp_path), "a")
    piece = Piece(Passage("a", "a", "a", "a", "en").id, "a")
    assert opened(tmp_path, embedder="model@2").vectors([piece]) == {}
    assert opened(tmp_path / "none").vectors([piece]) == {}


# ── two at once ──


def test_publishers_in_many_threads_take_turns(tmp_path: Path) -> None:
    threads = [threading.Thread(target=publish, args=(opened(tmp_path), *"abc"[: n % 3 + 1])) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(tmp_path)) == 5
    assert opened(tmp_path).current().manifest.generation == names(tmp_path)[-1]


def test_a_publisher_that_waits_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation_files, "PATIENCE", 0.1)
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="another ingest"):
            publish(opened(tmp_path), "a")


def test_readers_never_see_less_than_a_whole_generation(tmp_path: Path) -> None:
    writer, reader = opened(tmp_path), opened(tmp_path)
    publish(writer, "a")
    seen: set[int] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(served(reader))

    thread = threading.Thread(target=read)
    thread.start()
    for n in range(12):
        publish(writer, *"ab"[: n % 2 + 1])
    done.set()
    thread.join()
    assert seen <= {1, 2}
    assert seen


# ── what does not fit, and what is damaged ──


def test_an_index_of_another_model_refuses_to_load_and_names_both(tmp_path: Path) -> None:
    publish(opened(tmp_path), "a")
    with pytest.raises(IndexMismatch, match=r"model@1.*model@2.*bot ingest"):
        opened(tmp_path, embedder="model@2").current()
    with pytest.raises(IndexMismatch):
        opened(tmp_path, dimension=3).current()


def test_a_server_keeps_its_index_when_another_model_publishes(tmp_path: Path) -> None:
    server = opened(tmp_path)
    publish(server, "a")
    served(server)
    publish(opened(tmp_path, embedder="model@2"), "a", "b")
    assert served(server) == 1


def pages(file: Path) -> range:
    return range(0, file.stat().st_size, 4096)


@pytest.mark.parametrize("name", ["dense.json", "lexical.json", "passages.txt", "manifest.json"])
def test_any_zeroed_page_of_any_file_is_found_before_it_is_used(tmp_path: Path, name: str) -> None:
    file = tmp_path / publish(opened(tmp_path), "a", "b") / name
    whole = file.read_bytes()
    for start in pages(file):
        end = min(start + 4096, len(whole))
        file.write_bytes(whole[:start] + bytes(end - start) + whole[end:])
        with pytest.raises(IndexDamaged, match="bot ingest"):
            opened(tmp_path).current()
    file.write_bytes(whole)
    assert served(opened(tmp_path)) == 2


def shortened(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def one_bit_off(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("damage", [shortened, one_bit_off, Path.unlink, lambda file: file.write_bytes(b"")])
@pytest.mark.parametrize("name", ["dense.json", "lexical.json", "passages.txt", "manifest.json"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, damage: Callable[[Path], Any]) -> None:
    damage(tmp_path / publish(opened(tmp_path), "a") / name)
    with pytest.raises(IndexDamaged, match=name):
        opened(tmp_path).current()


def test_a_manifest_changed_with_care_is_still_found_out(tmp_path: Path) -> None:
    file = tmp_path / publish(opened(tmp_path, embedder="model@1"), "a") / "manifest.json"
    file.write_text(file.read_text().replace("model@1", "model@2"))
    with pytest.raises(IndexDamaged, match=r"manifest\.json"):
        opened(tmp_path, embedder="model@2").current()


@pytest.mark.parametrize("text", ["", "\0\0\0\0", "../../etc", "nonsense", "20261122T005959-ab12cd", "é"])
def test_a_damaged_pointer_alone_does_not_stop_the_bot(tmp_path: Path, text: str) -> None:
    publish(opened(tmp_path, at=AT.replace(year=2025)), "a")
    (tmp_path / "CURRENT").write_text(text)
    assert served(opened(tmp_path)) == 1


def test_a_damaged_pointer_with_nothing_to_point_to_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("nonsense")
    with pytest.raises(IndexDamaged, match="CURRENT"):
        opened(tmp_path).current()


def test_the_old_generation_serves_on_when_the_new_one_is_damaged_and_one_line_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = opened(tmp_path)
    old = publish(server, "a")
    served(server)
    new = publish(opened(tmp_path), "a", "b")
    one_bit_off(tmp_path / new / "dense.json")
    with caplog.at_level(logging.WARNING):
        assert [served(server) for _ in range(5)] == [1] * 5
    assert len(caplog.records) == 1
    assert old in caplog.text
    assert new in caplog.text
    publish(opened(tmp_path), "a", "b", "c")
    assert served(server) == 3


def test_a_fresh_start_on_a_damaged_generation_serves_the_one_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(opened(tmp_path), "a")
    new = publish(opened(tmp_path), "a", "b")
    shutil.rmtree(tmp_path / new)
    assert served(opened(tmp_path)) == 1
    assert new in caplog.text


# ── on disk ──


def test_each_file_is_on_disk_before_the_name_points_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def noted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:
            what = os.readlink(f"/proc/self/fd/{arguments[0]}") if name == "fsync" else str(arguments[1])
            done.append(f"{name} {Path(what).name}")
            return call(*arguments)

        return step

    indexes = opened(tmp_path)
    for name in ("fsync", "rename", "replace"):
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    generation = publish(indexes, "a")
    assert done == [
        "fsync dense.json",
        "fsync lexical.json",
        "fsync passages.txt",
        "fsync manifest.json",
        f"fsync .new-{generation}",
        f"rename {generation}",
        f"fsync {tmp_path.name}",
        "fsync CURRENT.tmp",
        "replace CURRENT",
        f"fsync {tmp_path.name}",
        f"fsync {generation}",  # a candidate no more
    ]


# ── calibration ──


def test_a_calibration_is_served_with_the_index_it_belongs_to(tmp_path: Path) -> None:
    serving, other = opened(tmp_path), opened(tmp_path)
    name = publish(serving, "a", "b")
    assert serving.current().decision is None
    manifest = other.calibrate(MODEL, name)
    assert manifest.generation > name
    assert serving.current().decision == MODEL, "a running server takes it up by itself"
    assert served(serving) == 2
    assert (manifest.passages, manifest.content) == (2, "")


def test_the_next_publication_keeps_it_while_the_embedder_stays(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    indexes.calibrate(MODEL, publish(indexes, "a"))
    publish(indexes, "a", "b")
    assert indexes.current().decision == MODEL
    another = opened(tmp_path, "model@2")
    publish(another, "a")
    assert another.current().decision is None, "other cosines mean other things"


def test_an_index_that_was_replaced_meanwhile_is_not_calibrated(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    name = publish(indexes, "a")
    publish(indexes, "b", "c")
    with pytest.raises(Conflict, match="bot calibrate"):
        indexes.calibrate(MODEL, name)
    assert indexes.current().decision is None


def test_a_damaged_calibration_is_damage_to_the_index(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    first = publish(indexes, "a")
    name = indexes.calibrate(MODEL, first).generation
    (tmp_path / name / "decision.json").write_text("{}")
    assert opened(tmp_path).current().manifest.generation == first
    with pytest.raises(IndexDamaged):
        indexes.calibrate(MODEL, name)


def test_a_calibration_in_a_format_of_another_version_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    indexes = opened(tmp_path)
    with monkeypatch.context() as later:
        later.setattr("bot.decision.FORMAT", 99)
        indexes.calibrate(MODEL, publish(indexes, "a"))
    assert indexes.current().decision is None
    assert served(indexes) == 1
    assert "bot calibrate" in caplog.text


# ── which embedder? ──


def test_the_live_generation_names_its_embedder_without_being_loaded(tmp_path: Path) -> None:
    assert generations.embedder_of(tmp_path) == ""
    publish(opened(tmp_path, "one@1"), "a")
    publish(opened(tmp_path, "two@2"), "a")
    assert generations.embedder_of(tmp_path) == "two@2"


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"manifest": 5}'])
def test_of_a_damaged_generation_the_one_before_it_is_named(tmp_path: Path, damage: str) -> None:
    publish(opened(tmp_path, "one@1"), "a")
    live = publish(opened(tmp_path, "two@2"), "a")
    (tmp_path / live / "manifest.json").write_text(damage)
    assert generations.embedder_of(tmp_path) == "one@1"


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    publish(opened(tmp_path / "elsewhere", "one@1"), "a")
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "CURRENT").write_text("../elsewhere/" + names(tmp_path / "elsewhere")[0])
    assert generations.embedder_of(tmp_path / "index") == ""


# ── files that are read where they lie, and vectors put by ──


class DenseInPlace(DenseJson):
    """Keeps its vectors in a file that it goes on reading."""

    def build(self, pieces: Sequence[Piece], vectors: Any, dimension: int, progress: Any = None) -> dict[str, bytes]:
        progress(len(pieces), len(pieces))
        return {"dense.rows": super().build(pieces, vectors, dimension)["dense.json"]}

    def load(self, files: Mapping[str, Any], dimension: int) -> Loaded:
        self.came = files["dense.rows"]
        return Loaded(json.loads(self.came.read() if self.came.seek(0) == 0 else b""))


class KeptInMemory:
    def __init__(self) -> None:
        self.held: dict[int, tuple[Any, Any]] = {}

    def keep(self, pieces: Sequence[Piece], made: Reading) -> None:
        self.held.update({piece.id: (made.vectors[n], made.words[n]) for n, piece in enumerate(pieces)})

    def vectors(self, ids: Iterable[int]) -> dict[int, Any]:
        return {id: self.held[id][0] for id in ids if id in self.held}

    def words(self, ids: Iterable[int]) -> dict[int, Any]:
        return {id: self.held[id][1] for id in ids if id in self.held}

    def forget(self, published: Iterable[int]) -> None:
        for id in published:
            self.held.pop(id, None)


def test_a_file_that_is_read_where_it_lies_comes_opened_and_is_closed_after_loading(tmp_path: Path) -> None:
    part = DenseInPlace()
    indexes = Generations(tmp_path, "model@1", 2, part, LexicalJson(), now=lambda: AT)
    publish(indexes, "a", "b")
    assert served(indexes) == 2
    assert part.came.closed


def test_a_file_that_is_read_where_it_lies_is_checked_first(tmp_path: Path) -> None:
    name = publish(Generations(tmp_path, "model@1", 2, DenseInPlace(), LexicalJson(), now=lambda: AT), "a")
    file = tmp_path / name / "dense.rows"
    file.write_bytes(file.read_bytes().replace(b"xxxx", b"xyxx", 1))
    for _ in range(2):  # changed, then gone
        with pytest.raises(IndexDamaged, match=r"dense\.rows"):
            Generations(tmp_path, "model@1", 2, DenseInPlace(), LexicalJson(), now=lambda: AT).current()
        file.unlink(missing_ok=True)


def test_a_calibration_is_published_with_the_files_that_are_read_where_they_lie(tmp_path: Path) -> None:
    indexes = Generations(tmp_path, "model@1", 2, DenseInPlace(), LexicalJson(), now=lambda: AT)
    name = publish(indexes, "a", "b")
    indexes.calibrate(Model({}), name)
    assert indexes.current().manifest.generation != name
    assert served(indexes) == 2


def test_building_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    passage = Passage("a", "a", "a", "a", "en")
    pieces = [Piece(passage.id, "a")]
    opened(tmp_path).publish([passage], pieces, [[1.0, 0.0]], progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]


def test_vectors_put_by_are_known_until_they_are_published(tmp_path: Path) -> None:
    kept = KeptInMemory()
    indexes = Generations(tmp_path, "model@1", 2, DenseJson(), LexicalJson(), now=lambda: AT, kept=kept)
    passage = Passage("a", "a", "a", "a", "en")
    pieces = [Piece(passage.id, "one"), Piece(passage.id, "two")]
    indexes.keep(pieces[:1], Reading([[1.0, 0.0]], ["its words"]))
    assert indexes.vectors(pieces) == {pieces[0].id: [1.0, 0.0]}  # nothing is published yet
    assert indexes.words(pieces) == {pieces[0].id: "its words"}
    indexes.publish([passage], pieces, [[0.5, 0.5], [0.0, 1.0]])
    assert kept.held == {}
    assert indexes.vectors(pieces) == {pieces[0].id: [0.5, 0.5], pieces[1].id: [0.0, 1.0]}


def test_without_a_place_nothing_is_put_by(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    indexes.keep([Piece("a", "one")], Reading([[1.0, 0.0]], [()]))
    assert indexes.vectors([Piece("a", "one")]) == {}


def test_large_files_wait_on_disk_and_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation_files, "AT_ONCE", 0)
    publish(opened(tmp_path), "a", "b")
    assert served(opened(tmp_path)) == 2
    (name,) = [one.generation for one in opened(tmp_path).generations()]
    assert opened(tmp_path).verify(name).passages == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == [".lock", name, "CURRENT"]


def test_a_disk_that_takes_no_large_file_is_told_as_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation_files, "AT_ONCE", 0)
    (tmp_path / "index").write_text("a file in the way")
    with pytest.raises(Unavailable, match="cannot be written"):
        publish(opened(tmp_path / "index"), "a")
