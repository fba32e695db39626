"""What the comparison with the peers says must follow from what was measured."""

import asyncio
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from bot.judged import Entry, Query, Said
from bot.knowledge import Passage
from tests.bench import peers_runner
from tests.bench.peers import Found, Measured, Set, Theirs, as_text, beir, calmest, figures_of, of_entries, side_by_side

WITHOUT_MODELS = """
import sys
sys.path.insert(0, {folder!r})
import peers_runner

class Same:
    packages = ("pip",)
    def __init__(self, model): print("a library chats", model)
    def index(self, passages): self.ids = [passage["id"] for passage in passages]
    def ask(self, question, k): return self.ids[:k]

peers_runner.PEERS["same"] = Same
sys.modules["torch"] = type("torch", (), {{"set_num_threads": staticmethod(lambda n: None)}})
peers_runner.main(*sys.argv[1:])
"""


class Known:
    """A system that finds passages by the text of a question."""

    def __init__(self, answers: dict[str, Sequence[str]]) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    async def index(self, content: Set) -> tuple[float, float]:
        return 2.0, 1.0

    async def ask(self, questions: Sequence[str]) -> list[Found]:
        self.asked.append(list(questions))
        return [Found(self.answers.get(question, ()), 5.0, 4.0) for question in questions]


def a_set(*queries: Query) -> Set:
    return of_entries("made up", [Entry("a", "Shipping", "By van."), Entry("b", "", "By post.")], queries)


def ids(content: Set) -> dict[str, str]:
    return {passage.anchor: passage.id for passage in content.passages}


def test_figures_count_the_passage_a_question_was_judged_with() -> None:
    content = a_set(Query("1", "van?", relevant={"a": 1}), Query("2", "post?", relevant={"b": 1}))
    a, b = ids(content)["a"], ids(content)["b"]
    measured = asyncio.run(side_by_side({"one": Known({"van?": (a, b), "post?": (a, b)})}, content))["one"]
    figures = figures_of(content, measured)
    assert (figures.hit, figures.mrr) == (0.5, 0.75)
    assert (figures.p50, figures.cpu, figures.rate, figures.cpu_rate) == (5.0, 4.0, 1.0, 2.0)


def test_the_systems_take_turns_and_each_question_is_asked_once_of_each() -> None:
    queries = [Query(str(n), f"question {n}", relevant={"a": 1}) for n in range(25)]
    systems = {"one": Known({}), "other": Known({})}
    measured = asyncio.run(side_by_side(systems, a_set(*queries)))
    for name, system in systems.items():
        _warming, *turns = system.asked
        assert [text for turn in turns for text in turn] == [query.text for query in queries]
        assert max(map(len, turns)) == 10
        assert len(measured[name].found) == 25


def test_a_question_nothing_answers_or_that_leans_on_a_history_is_not_asked() -> None:
    asked = Query("1", "van?", relevant={"a": 1})
    leaning = Query("2", "and then?", (Said(True, "van?"),), {"a": 1})
    assert a_set(asked, leaning, Query("3", "cake?")).queries == [asked]


def test_ours_is_held_against_a_peer_by_differences_and_ratios() -> None:
    content = a_set(Query("1", "van?", relevant={"a": 1}))
    a, b = ids(content)["a"], ids(content)["b"]
    ours = figures_of(content, Measured([(1.0, 1.0)], [Found((a,), 10.0, 10.0)]))
    theirs = figures_of(content, Measured([(3.0, 2.0)], [Found((b, a), 25.0, 20.0)]))
    assert ours.against(theirs) == (
        "hit@1 +1.0000  MRR@10 +0.5000  question 2.5 x as fast  ingest 3.0 x as fast  (processor: 2.0 x, 2.0 x)"
    )


def test_one_disturbed_stretch_does_not_move_the_median_shown() -> None:
    assert calmest([10.0] * 40 + [90.0] * 60) == 10.0
    assert calmest([90.0] * 100) == 90.0


def test_a_peer_reads_everything_ours_reads() -> None:
    passage = Passage("d", "d#a", "Shipping", "By van.", "en", phrasings=("how do you ship",))
    assert as_text(passage) == "Shipping\nhow do you ship\nBy van."
    assert as_text(Passage("d", "d#a", "", "By van.", "en")) == "By van."


def test_a_folder_of_any_set_is_read(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "a", "title": "Shipping", "text": "By van."}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "1", "text": "van?"}\n{"_id": "2", "text": "cake?"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t1\n")
    found = beir(tmp_path)
    assert [(passage.anchor, passage.title) for passage in found.passages] == [("a", "Shipping")]
    assert [query.text for query in found.queries] == ["van?"]


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner's process, with a peer in it that needs no model."""
    file = tmp_path / "runner.py"
    file.write_text(WITHOUT_MODELS.format(folder=str(Path(peers_runner.__file__).parent)))
    monkeypatch.setattr("tests.bench.peers.RUNNER", file)


@pytest.mark.usefixtures("runner")
def test_a_peer_answers_from_its_own_process_whatever_its_libraries_print() -> None:
    content = a_set(Query("1", "van?", relevant={"a": 1}))
    with Theirs(Path(sys.executable), "same", Path("model"), 1) as peer:
        assert list(peer.versions) == ["pip"]
        seconds, used = asyncio.run(peer.index(content))
        assert seconds >= 0 <= used
        (found,) = asyncio.run(peer.ask(["van?"]))
    assert found.ids == [passage.id for passage in content.passages]


@pytest.mark.usefixtures("runner")
def test_a_peer_that_stops_is_named() -> None:
    with pytest.raises(RuntimeError, match="unheard of stopped"):
        Theirs(Path(sys.executable), "unheard of", Path("model"), 1)


def test_the_runner_asks_for_as_many_passages_as_it_was_told() -> None:
    class Everything:
        packages: ClassVar[Sequence[str]] = ()

        def index(self, passages: Sequence[dict[str, str]]) -> None:
            self.ids = [passage["id"] for passage in passages]

        def ask(self, question: str, k: int) -> list[str]:
            return self.ids[:k]

    passages = [{"id": str(n), "text": "…"} for n in range(3)]
    requests = [{"do": "index", "passages": passages}, {"do": "ask", "questions": ["a", "b"], "k": 2}]
    answers = io.StringIO()
    peers_runner.converse(Everything(), io.StringIO("\n".join(map(json.dumps, requests))), answers)
    indexed, asked = map(json.loads, answers.getvalue().splitlines())
    assert set(indexed) == {"seconds", "cpu"}
    assert [ids for ids, _ms, _cpu in asked["found"]] == [["0", "1"], ["0", "1"]]
