"""Candidates and older generations on disk: never served by accident, listed, compared, and gone back to."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from bot.errors import Conflict, IndexDamaged, NotFound, Unavailable
from bot.indexes import Reading
from bot.knowledge import Passage, Piece
from tests.index_crashes import MODEL
from tests.index_parts import DenseJson, LexicalJson, build, contents, n_found, opened, publish, served

# ── candidates ──


def test_a_running_server_never_takes_up_a_candidate(tmp_path: Path) -> None:
    server, writer = opened(tmp_path), opened(tmp_path)
    live = publish(writer, "a")
    candidate = build(writer, "a", "b")
    assert served(server) == served(opened(tmp_path)) == 1
    (tmp_path / live / "dense.json").write_text("{}")
    with pytest.raises(IndexDamaged):
        opened(tmp_path).current()
    assert served(server) == 1
    writer.make_current(candidate)
    assert served(server) == served(opened(tmp_path)) == 2


def test_a_pointer_that_cannot_be_read_makes_no_candidate_current(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    publish(writer, "a")
    build(writer, "a", "b")
    (tmp_path / "CURRENT").write_text("nonsense")
    assert served(opened(tmp_path)) == 1
    assert writer.live() == ""


def test_other_publications_leave_a_candidate_alone_as_long_as_it_is_held(tmp_path: Path) -> None:
    ours = opened(tmp_path)
    candidate = build(ours, "a", "b")
    for _ in range(7):
        publish(opened(tmp_path), "a")
    assert n_found(ours.load(candidate)) == 2
    with pytest.raises(Conflict):
        ours.make_current(candidate)
    del ours
    publish(opened(tmp_path), "a")
    assert not (tmp_path / candidate).exists(), "nobody holds it any more"


def test_a_calibration_meanwhile_is_a_publication_meanwhile(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    live = publish(writer, "a")
    candidate = build(writer, "a", "b")
    opened(tmp_path).calibrate(MODEL, live)
    with pytest.raises(Conflict):
        writer.make_current(candidate, live)
    assert writer.current().decision == MODEL


def test_a_candidate_damaged_meanwhile_does_not_become_current(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    publish(writer, "a")
    candidate = build(writer, "a", "b")
    (tmp_path / candidate / "manifest.json").write_text("{}")
    with pytest.raises(IndexDamaged):
        writer.make_current(candidate)
    assert served(opened(tmp_path)) == 1


def test_vectors_put_by_are_kept_until_the_candidate_is_current(tmp_path: Path) -> None:
    from bot.adapters.generations import Generations
    from bot.adapters.unpublished import UnpublishedVectors

    kept = UnpublishedVectors(tmp_path / "kept", "model@1")
    indexes = Generations(tmp_path / "index", "model@1", 2, DenseJson(), LexicalJson(), kept=kept)
    passages, pieces, vectors = contents("a")
    indexes.keep(pieces, Reading(vectors, [()]))
    candidate = indexes.build(passages, pieces, vectors).generation
    assert kept.vectors([pieces[0].id])
    indexes.discard(candidate)
    assert kept.vectors([pieces[0].id]), "a refused candidate costs no embedding the next time"
    indexes.make_current(indexes.build(passages, pieces, vectors).generation)
    assert not kept.vectors([pieces[0].id])


def test_a_disk_that_is_full_is_a_sentence_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexes = opened(tmp_path)
    publish(indexes, "a")
    before = sorted(tmp_path.rglob("*"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as later:
        later.setattr("bot.adapters.generation_files.os.fsync", full)
        for asked in (lambda: publish(indexes, "a", "b"), lambda: indexes.again(indexes.live())):
            with pytest.raises(Unavailable, match="No space left"):
                asked()
    assert sorted(tmp_path.rglob("*")) == before
    assert served(indexes) == 1


def test_whoever_writes_next_sweeps_what_a_crash_left(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    live = publish(indexes, "a")
    (tmp_path / "CURRENT.tmp").write_text("half a na")
    (tmp_path / ".new-20261122T000000-aaaaaa").mkdir()
    (tmp_path / live / ".candidate").touch()  # killed right after it became current
    indexes.prune(5)
    assert {entry.name for entry in tmp_path.iterdir()} == {"CURRENT", ".lock", live}
    publish(indexes, "a", "b")
    publish(indexes, "a", "b", "c")
    assert live in [one.generation for one in indexes.generations()], "it was current"


# ── older generations ──


def test_a_generation_keeps_the_ids_of_its_passages_in_plain_text(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    name = publish(indexes, "a", "b")
    ids = tuple(passage.id for passage in contents("a", "b")[0])
    assert indexes.passages(name) == ids
    assert (tmp_path / name / "passages.txt").read_text() == "".join(f"{id}\n" for id in ids)


def test_a_generation_of_before_ids_were_kept_serves_and_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexes = opened(tmp_path)
    made = indexes._made

    @contextmanager
    def without(*arguments: Any) -> Iterator[object]:
        with made(*arguments) as (manifest, files):
            del manifest.files["passages.txt"]
            yield manifest, {name: data for name, data in files.items() if name != "passages.txt"}

    monkeypatch.setattr(indexes, "_made", without)
    name = publish(indexes, "a", "b")
    assert served(opened(tmp_path)) == 2
    with pytest.raises(NotFound, match="before generations listed"):
        indexes.passages(name)
    assert n_found(indexes.load(indexes.again(name).generation)) == 2
    assert served(opened(tmp_path)) == 2


def test_all_generations_are_listed_and_a_damaged_one_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    indexes = opened(tmp_path)
    first, second, third = (publish(indexes, *names) for names in ("a", "ab", "abc"))
    (tmp_path / second / "manifest.json").write_text("{")
    assert [(one.generation, one.passages) for one in indexes.generations()] == [(first, 1), (third, 3)]
    assert second in caplog.text
    assert indexes.prune(1) == [first, second], "what is damaged goes as others do"


def test_the_live_generation_is_never_pruned_even_where_it_was_gone_back_to_by_hand(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    first, second, third = (publish(indexes, *names) for names in ("a", "ab", "abc"))
    (tmp_path / "CURRENT").write_text(first)
    assert indexes.prune(1) == [second]
    assert [one.generation for one in indexes.generations()] == [first, third]
    assert served(indexes) == 1


def test_names_go_only_forward_when_an_old_generation_comes_back(tmp_path: Path) -> None:
    server, indexes = opened(tmp_path), opened(tmp_path)
    first, second = publish(indexes, "a"), publish(indexes, "a", "b")
    assert served(server) == 2
    third = indexes.again(first)
    indexes.make_current(third.generation, second)
    assert first < second < third.generation
    assert served(server) == 1
    assert third.files == json.loads((tmp_path / first / "manifest.json").read_text())["manifest"]["files"]


def test_an_old_generation_that_is_damaged_does_not_come_back(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    first = publish(indexes, "a")
    publish(indexes, "a", "b")
    before = sorted(tmp_path.rglob("*"))
    file = tmp_path / first / "lexical.json"
    file.write_bytes(file.read_bytes()[:-1] + b" ")
    with pytest.raises(IndexDamaged, match=r"lexical\.json"):
        indexes.again(first)
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(IndexDamaged, match=r"lexical\.json"):
        indexes.verify(first)


def test_a_generation_of_another_embedder_is_verified_by_its_checksums(tmp_path: Path) -> None:
    name = publish(opened(tmp_path, "model@2"), "a")
    indexes = opened(tmp_path)
    assert indexes.verify(name).embedder == "model@2"
    (tmp_path / name / "dense.json").write_text("{}")
    with pytest.raises(IndexDamaged):
        indexes.verify(name)


def test_only_a_name_is_a_name(tmp_path: Path) -> None:
    publish(opened(tmp_path / "elsewhere"), "a")
    other = next((tmp_path / "elsewhere").glob("2*")).name
    indexes = opened(tmp_path / "index")
    publish(indexes, "a")
    for name in ("", ".", "..", f"../elsewhere/{other}", str(tmp_path / "elsewhere" / other), "CURRENT", other + "\n"):
        for asked in (indexes.load, indexes.again, indexes.verify, indexes.passages, indexes.make_current):
            with pytest.raises(NotFound):
                asked(name)


# ── followed by those who search ──


def test_no_search_fails_during_a_hundred_publications_and_each_is_followed_at_once(tmp_path: Path) -> None:
    server, writer = opened(tmp_path), opened(tmp_path)
    publish(writer, "a")
    served(server)
    failures, counts, done, newest = list[BaseException](), list[int](), threading.Event(), {server.live(): monotonic()}
    late: list[float] = []

    def search() -> None:
        n = 0
        while not done.is_set():
            try:
                index = server.current()
                assert n_found(index) == index.manifest.passages
                if index.manifest.generation != (name := writer.live()) and name in newest:
                    late.append(monotonic() - newest[name])
                n += 1
                sleep(0.001)
            except BaseException as error:
                failures.append(error)
        counts.append(n)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(100):
        name = publish(writer, *"abc"[: n % 3 + 1])
        newest[name] = monotonic()
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert min(counts) > 20, "all of them searched meanwhile"
    assert max(late, default=0.0) < 2
    assert server.current().manifest.generation == writer.live()


def test_while_one_thread_loads_the_new_generation_the_others_are_served_by_the_old_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entered, go = threading.Event(), threading.Event()
    server = opened(tmp_path)
    publish(opened(tmp_path), "a")
    served(server)
    load = server._lexical_part.load

    def slow(files: object) -> object:
        entered.set()
        assert go.wait(20)
        return load(files)  # type: ignore[arg-type]

    server._lexical_part.load = slow  # type: ignore[method-assign, assignment]
    publish(opened(tmp_path), "a", "b")
    thread = threading.Thread(target=server.current)
    thread.start()
    assert entered.wait(20)
    assert served(server) == 1, "and does not wait"
    go.set()
    thread.join()
    assert served(server) == 2


def test_who_else_may_write_there_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "index"
    publish(opened(folder), "a")
    assert folder.stat().st_mode & 0o022 == 0, "not by our doing"
    with caplog.at_level(logging.WARNING):
        served(opened(folder))
        assert caplog.text == ""
        folder.chmod(0o777)
        indexes = opened(folder)
        served(indexes)
        publish(indexes, "a", "b")
        assert served(indexes) == 2
    assert caplog.text.count("may be written by others") == 1


def test_one_piece_of_two_passages_is_told_of_both_ids(tmp_path: Path) -> None:
    indexes = opened(tmp_path)
    twins = [Passage("a", f"a#{n}", "same", "same", "en") for n in range(2)]
    name = indexes.publish(twins, [Piece(one.id, "same") for one in twins], [[1.0, 0.0]] * 2).generation
    assert indexes.passages(name) == tuple(one.id for one in twins)
