"""What the comparison from files to an index says must follow from what was measured."""

import asyncio
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.bench import shapes
from tests.bench.much import change, held_by, rows, write
from tests.bench.peers_ingest import Round, Took, compared, dealt, found, installed, report, spread
from tests.bench.peers_runner import Txtai
from tests.fakes import document, passage


def test_ratios_are_of_all_parts_together_and_of_each() -> None:
    one = Round(Took(2.0, 1.0, 10), Took(0.1, 0.05, 0), Took(3.0, 2.0, 4))
    other = Round(Took(4.0, 1.0, 20), Took(0.1, 0.05, 0), Took(6.0, 4.0, 8))
    figures = report([one, other])
    assert figures["part 2: haystack / ours"] == "1.50 x on the clock, 4.00 x of processor"
    assert figures["haystack / ours"] == "1.50 x on the clock, 3.00 x of processor"
    assert figures["first time / unchanged"] == "30.00 x on the clock, 20.00 x of processor"
    assert figures["ours"] == "6.0 s, 2.0 s of processor, 30 passages"


def test_every_file_is_dealt_once_even_of_two_with_one_name(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for n, folder in enumerate((tmp_path / "in", tmp_path / "in" / "deep")):
        (folder / "a.md").write_text(str(n))
    (tmp_path / "in" / "b.md").write_text("2")
    (tmp_path / "out").mkdir()
    parts = list(dealt(sorted((tmp_path / "in").rglob("*.md")), tmp_path / "out"))
    assert sorted(file.read_text() for part in parts for file in part.iterdir()) == ["0", "1", "2"]
    assert len(parts) == 3


def test_without_the_public_data_the_sample_shop_is_ingested(tmp_path: Path) -> None:
    (tmp_path / "knowledge_base" / "faqs" / "en").mkdir(parents=True)
    own = tmp_path / "knowledge_base" / "faqs" / "en" / "a.md"
    own.write_text("# A")
    assert found(tmp_path, tmp_path / "nowhere") == [own]
    centre = tmp_path / "raw" / "arduino+help-center-content" / "content" / "x"
    centre.mkdir(parents=True)
    (centre / "b.md").write_text("# B")
    assert found(tmp_path, tmp_path) == [centre / "b.md"]


def test_where_no_peer_is_installed_that_is_said(tmp_path: Path) -> None:
    python = installed(tmp_path / "python")
    assert "make peers" in asyncio.run(compared(Settings.model_construct(), [], python))["not measured"]


def test_some_files_are_taken_evenly(tmp_path: Path) -> None:
    files = [tmp_path / str(n) for n in range(10)]
    assert spread(files, 3) == [files[0], files[3], files[6]]
    assert spread(files, 0) == spread(files, 50) == files


def test_a_peer_that_reads_no_files_says_so() -> None:
    with pytest.raises(NotImplementedError):
        Txtai.ingest(Txtai.__new__(Txtai), ["a.md"])


# ── two shapes ──


def test_an_article_is_known_by_its_number_in_either_shape_and_so_is_each_question_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text('---\ntitle: "A"\nid: 441\n---\ntext\n')
    documents = [document(passage(key, "t", "x")) for key in ("a.md", "a.md#when")]
    assert shapes._numbers(tmp_path, documents) == {"a.md": "441", "a.md#when": "441"}
    documents = [document(passage(key, "t", "x")) for key in ("z.jsonl#441", "z.jsonl#441/when")]
    assert set(shapes._numbers(tmp_path / "z.jsonl", documents).values()) == {"441"}


def test_figures_count_firsts_tens_and_reciprocal_ranks() -> None:
    assert shapes._figures([1, 2, 0, 10]) == "hit@1 0.250  hit@10 0.750  MRR@10 0.400"


# ── much content ──


def test_a_hundred_thousand_questions_and_answers_are_all_different() -> None:
    made = list(rows(100_000))
    assert len({question for question, _ in made}) == 100_000
    assert len({answer for _, answer in made}) == 100_000


def test_one_number_is_changed_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    write(file, 300)
    before = file.read_text()
    change(file)
    after = file.read_text()
    assert sum(a != b for a, b in zip(before.splitlines(), after.splitlines(), strict=True)) == 1


def test_a_process_that_is_gone_holds_nothing() -> None:
    assert held_by(2**22 + 1) == 0
    assert held_by(1) >= 0
