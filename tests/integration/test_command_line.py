"""The `bot` command as people and programs run it: real processes, real models."""

import json
import os
from pathlib import Path

import pytest

from tests.running import bot

ROOT = Path(__file__).parents[2]
SHOP = {
    "faqs/returns.md": "# Returns\n\n## Can I return opened earphones?\n> earphones box opened send back\n\n"
    "No. Opened in-ear earphones cannot be returned for hygiene reasons, unless they are faulty.\n\n"
    "## How long do I have to return a jacket?\n\nYou have 30 days from delivery.\n",
    "policies/shipping.md": "---\nkind: policy\n---\n# Shipping policy\n\n## Rates\n\nStandard delivery costs €5.95, "
    "and is free from €75. Express delivery costs €12.95.\n",
    "faqs/zh.md": "# 配送\n\n## 配送需要多长时间？\n\n比利时和荷兰 2 到 4 个工作日送达。\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that has read SHOP."""
    folder = tmp_path_factory.mktemp("shop")
    done = bot(folder / "var", "ingest", str(write(folder / "kb", SHOP)))
    assert done.returncode == 0, done.stderr
    assert "4 added, 0 removed, 0 unchanged" in done.stdout
    return folder


def test_a_question_is_answered_with_its_citation(shop: Path) -> None:
    said = json.loads(bot(shop / "var", "ask", "can i send back earphones i opened?", "--json").stdout)
    assert said["source"] in ("generated", "verbatim")
    assert "earphones" in said["text"]
    assert said["citations"][0]["document"] == "faqs/returns.md#can-i-return-opened-earphones"


def test_why_shows_query_scores_and_thresholds(shop: Path) -> None:
    shown = bot(shop / "var", "ask", "what does express delivery cost", "--why").stdout
    assert "query: what does express delivery cost" in shown
    assert "policies/shipping.md#rates" in shown
    assert "answers from" in shown


def test_attention_is_drawn_of_a_question_and_refused_where_it_cannot_be_told(shop: Path, tmp_path: Path) -> None:
    picture = tmp_path / "why.png"
    asked = ("ask", "what does express delivery cost", "--attention", str(picture))
    drawn = bot(shop / "var", *asked)
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert picture.read_bytes().startswith(b"\x89PNG")
    served = bot(shop / "var", *asked, BOT_GENERATOR="http://127.0.0.1:9/v1", BOT_GENERATOR_MODEL="any")
    assert served.returncode == 1
    assert "behind a server, which does not tell where it looked" in served.stderr
    unknown = bot(shop / "var", "why", "no-such-conversation")
    assert (unknown.returncode, "Traceback" in unknown.stderr) == (1, False)


def test_without_a_question_it_converses_and_follow_ups_lean_on_what_was_said(shop: Path) -> None:
    asked = "what does standard delivery cost?\nand express?\n"
    lines = bot(shop / "var", "ask", "--json", stdin=asked).stdout.splitlines()
    first, second = (json.loads(line) for line in lines)
    assert "€5.95" in first["text"]
    assert "€12.95" in second["text"]


def test_chinese_is_found_by_characters(shop: Path) -> None:
    said = json.loads(bot(shop / "var", "ask", "配送需要多长时间", "--json").stdout)
    assert "工作日" in said["text"]


def test_ingesting_again_changes_nothing_and_embeds_nothing(shop: Path) -> None:
    again = json.loads(bot(shop / "var", "ingest", str(shop / "kb"), "--json").stdout)
    assert (again["added"], again["removed"], again["unchanged"], again["embedded"]) == (0, 0, 4, 0)


def test_a_dry_run_prints_the_difference_and_changes_nothing(shop: Path, tmp_path: Path) -> None:
    changed = {**SHOP, "faqs/returns.md": "# Returns\n\n## Can I return socks?\n\nYes, unworn.\n"}
    kb = write(shop / "kb", changed)
    try:
        shown = bot(shop / "var", "ingest", str(kb), "--dry-run").stdout
    finally:
        write(shop / "kb", SHOP)
    assert "+ faqs/returns.md:3  Can I return socks?" in shown
    assert "- faqs/returns.md:3  Can I return opened earphones?" in shown
    assert json.loads(bot(shop / "var", "ingest", str(kb), "--json").stdout)["unchanged"] == 4


def test_a_bad_file_is_named_by_line_and_the_rest_is_ingested(tmp_path: Path) -> None:
    kb = write(tmp_path / "kb", {**SHOP, "bad.md": "# Bad\n\n## A question without an answer?\n\n## Fine?\n\nYes.\n"})
    (kb / "broken.md").write_bytes(b"# Menu\n\n## Size?\n\nLarge \xe4\xff\xf0\x81.\n")
    (kb / "rows.csv").write_text("question,answer\nIs it open?,Yes.\n,No question.\n", encoding="utf-8")
    done = bot(tmp_path / "var", "ingest", str(kb), BOT_GENERATOR="none")
    assert done.returncode == 1
    assert "bad.md:3: the question “A question without an answer?” has no answer" in done.stderr
    assert "broken.md:5: " in done.stderr
    assert "save the file as UTF-8" in done.stderr
    assert "rows.csv:3: the question is missing" in done.stderr
    assert "6 added" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("ingest", "nowhere"), "nowhere: there is no such file or folder"),
        (("ask", "hello, how long is delivery?"), "there is no index yet: run `bot ingest knowledge_base/`"),
        (("evaluate", "nowhere"), "there is no such file"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence_without_a_traceback(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = bot(tmp_path / "var", *arguments, BOT_GENERATOR="none")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = bot(tmp_path, "doctor", BOT_PORT="eighty")
    assert done.returncode == 2
    assert "BOT_PORT" in done.stderr


def test_the_doctor_finds_a_healthy_installation_healthy_and_says_what_to_fix_in_a_broken_one(shop: Path) -> None:
    healthy = bot(shop / "var", "doctor", "--json")
    assert healthy.returncode == 0, healthy.stdout
    assert all(part["ok"] for part in json.loads(healthy.stdout).values())
    broken = bot(shop / "var", "doctor", "--json", BOT_EMBEDDER="no/such-model", HF_HUB_OFFLINE="1")
    found = json.loads(broken.stdout)
    assert broken.returncode == 1
    assert not found["embedder"]["ok"]
    assert "BOT_EMBEDDER" in found["embedder"]["says"]
    assert found["database"]["ok"]


def test_a_corpus_is_evaluated_in_a_place_of_its_own(shop: Path, tmp_path: Path) -> None:
    corpus = [
        {"_id": "d1", "title": "How long is delivery?", "text": "Two to four business days."},
        {"_id": "d2", "title": "Can I pay by card?", "text": "Visa and Mastercard are accepted."},
        {"_id": "d3", "title": "", "text": "Tents are guaranteed for five years."},
    ]
    queries = [
        {"_id": "q1", "text": "delivery time"},
        {"_id": "q2", "text": "do you take visa"},
        {"_id": "q3", "text": "and for tents?", "history": [{"role": "customer", "text": "how long is the guarantee"}]},
        {"_id": "q4", "text": "do you rent out kayaks"},
    ]
    qrels = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\nq3\td3\t1\n"
    lines = {"corpus.jsonl": corpus, "queries.jsonl": queries}
    write(tmp_path, {name: "".join(json.dumps(row) + "\n" for row in rows) for name, rows in lines.items()})
    write(tmp_path, {"qrels/test.tsv": qrels})
    before = sorted(os.listdir(shop / "var" / "index"))
    per_query = tmp_path / "ranked.jsonl"
    done = bot(shop / "var", "evaluate", str(tmp_path), "--json", "--per-query", str(per_query))
    figures = json.loads(done.stdout)
    assert figures["hit_at_1"] == figures["mrr_at_10"] == figures["ndcg_at_10"] == figures["recall_at_10"] == 1.0
    assert (figures["n_queries"], figures["n_unanswerable"], figures["auroc"]) == (4, 1, 1.0)
    assert {"coverage", "error", "coverage_at_p90", "coverage_at_p95", "seconds", "hit_at_5", "hit_at_10"} <= set(
        figures
    )
    ranked = [json.loads(line) for line in per_query.read_text().splitlines()]
    assert [row["ids"][0] for row in ranked[:3]] == ["d1", "d2", "d3"]
    assert len(ranked[0]["scores"]) == len(ranked[0]["ids"])
    assert sorted(os.listdir(shop / "var" / "index")) == before


def test_grounded_rows_are_composed_from_their_own_passages_only(shop: Path, tmp_path: Path) -> None:
    rows = [
        {"history": [], "question": "How long is the guarantee on tents?", "answer": "Five years.",
         "passages": [{"title": "Guarantee", "text": "Tents are guaranteed for five years."}, "Boots can be resoled."]},
        {"question": "Do you sell kayaks?", "passages": [], "answer": "<handoff>"},
    ]  # fmt: skip
    file, per_row = tmp_path / "rows.jsonl", tmp_path / "replies.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = bot(shop / "var", "evaluate", "--grounded", str(file), "--json", "--per-row", str(per_row))
    figures = json.loads(done.stdout)
    assert figures["carried"] == 1.0
    assert figures["n_rows"] == 2
    assert figures["handed_off"] == 0.5
    replies = [json.loads(line) for line in per_row.read_text().splitlines()]
    assert "five years" in replies[0]["reply"].lower()
    assert replies[1]["source"] == "handoff"


def test_the_judged_questions_run_on_the_live_index(shop: Path, tmp_path: Path) -> None:
    judged = {
        "knowledge_base/judged/queries.jsonl": '{"_id": "a", "text": "earphones opened", "language": "en"}\n',
        "knowledge_base/judged/qrels.tsv": "query-id\tcorpus-id\tscore\n"
        "a\tfaqs/returns.md#can-i-return-opened-earphones\t1\n",
    }
    folder = write(tmp_path, judged)
    figures = json.loads(bot(shop / "var", "evaluate", "--json", cwd=folder).stdout)
    assert (figures["n_queries"], figures["hit_at_1"]) == (1, 1.0)
    assert figures["by_language"]["en"]["hit_at_1"] == 1.0


def judged(folder: Path, questions: list[tuple[str, str]]) -> Path:
    rows = [{"_id": f"q{n}", "text": text, "language": "en"} for n, (text, _) in enumerate(questions)]
    qrels = [f"q{n}\t{anchor}\t1\n" for n, (_, anchor) in enumerate(questions) if anchor]
    lines = {
        "queries.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "qrels.tsv": "query-id\tcorpus-id\tscore\n" + "".join(qrels),
    }
    return write(folder, lines)


EARPHONES, JACKET = (
    "faqs/returns.md#can-i-return-opened-earphones",
    "faqs/returns.md#how-long-do-i-have-to-return-a-jacket",
)
ASKED = [
    ("can i send back earphones i opened", EARPHONES), ("opened earphones return", EARPHONES),
    ("are used earphones returnable", EARPHONES), ("return earbuds without the box", EARPHONES),
    ("how many days to return a jacket", JACKET), ("jacket return period", JACKET),
    ("until when can I bring my jacket back", JACKET), ("deadline for returning a jacket", JACKET),
    ("what does express delivery cost", "policies/shipping.md#rates"), ("delivery price", "policies/shipping.md#rates"),
    ("from which amount is delivery free", "policies/shipping.md#rates"),
    ("shipping rates", "policies/shipping.md#rates"),
    ("who won the match yesterday", ""), ("do you repair watches", ""), ("can I book a flight", ""),
]  # fmt: skip


def test_calibrating_on_too_few_questions_promises_nothing_and_says_how_many_more(shop: Path, tmp_path: Path) -> None:
    before = sorted(os.listdir(shop / "var" / "index"))
    done = bot(shop / "var", "calibrate", "--judged", str(judged(tmp_path, ASKED[:3])), "--max-error", "0.01")
    assert done.returncode == 1
    assert "too few to promise" in done.stderr
    assert "nothing was stored" in done.stdout
    assert sorted(os.listdir(shop / "var" / "index")) == before


def test_what_was_calibrated_decides_and_is_drawn(shop: Path, tmp_path: Path) -> None:
    folder, picture = judged(tmp_path, ASKED), tmp_path / "curve.png"
    done = bot(
        shop / "var", "calibrate", "--judged", str(folder), "--max-error", "0.4", "--plot", str(picture), "--json"
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    english = figures["by_language"]["en"]
    assert english["questions"]["judged"] == len(ASKED)
    assert english["error"] <= english["error_bound"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (shop / "var" / "index" / "CURRENT").read_text().strip() == figures["generation"]
    shown = bot(shop / "var", "ask", "what does express delivery cost", "--why").stdout
    assert f"answers from {english['answer_threshold']:.2f}" in shown


def test_parity_lists_what_works_in_one_language_only(shop: Path, tmp_path: Path) -> None:
    done = bot(shop / "var", "evaluate", str(judged(tmp_path, ASKED[:2])), "--parity", "--json")
    assert done.returncode == 0, done.stderr
    assert "faqs/returns.md#can-i-return-opened-earphones" in done.stdout
