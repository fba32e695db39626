"""`bot calibrate` on a shop of two FAQs, with files as an owner writes them."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from bot import bootstrap, calibrate_commands
from bot.calibrate_commands import calibration, foreign
from bot.errors import Refused
from bot.judged import Query
from bot.output import Output
from bot.ports import Bot
from bot.settings import Settings
from tests.fakes import DELIVERY, RETURNS, fake_bot, stock


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Bot:
    bot = fake_bot()

    @asynccontextmanager
    async def assembled(settings: Settings) -> AsyncIterator[Bot]:
        await stock(bot, (RETURNS, DELIVERY))
        yield bot

    monkeypatch.setattr(bootstrap, "assembled", assembled)
    return bot


def questions(n: int) -> list[Query]:
    """`n` questions that are answered rightly, and half as many that have no answer and share a word with one."""
    pages = (("return", RETURNS.anchor), ("delivery", DELIVERY.anchor))
    right = [Query(f"a{k}", f"{pages[k % 2][0]} of lamp {k}?", relevant={pages[k % 2][1]: 1}) for k in range(n)]
    return right + [Query(f"u{k}", f"warranty, refund or return of gift {k}?") for k in range(n // 2)]


async def calibrated(n: int = 120, strangers: Sequence[str] = (), dry_run: bool = False, **changes: Any) -> bool:
    output = changes.get("output", Output())
    found = await calibration(Settings.model_construct(), output, 0.05, questions(n), strangers, dry_run)
    return any(one.curves for one in found)


async def test_what_was_found_is_printed_and_stored(shop: Bot, capsys: pytest.CaptureFixture[str]) -> None:
    assert await calibrated()
    said = capsys.readouterr().out
    assert "en: 180 judged" in said
    sentence = r"answer \d\d%, \d\.\d% of those wrong \(surely below [0-6]\.\d%\); suggest \d+%; hand off \d+%"
    assert re.search(sentence, said), said
    model = shop.indexes.current().decision
    assert model is not None
    assert model.thresholds["en"].answer >= 0.5
    assert model.about["en"]["max_error"] == 0.05
    assert shop.indexes.current().manifest.generation in said


async def test_a_dry_run_stores_nothing(shop: Bot, capsys: pytest.CaptureFixture[str]) -> None:
    assert await calibrated(dry_run=True)
    assert "--dry-run" in capsys.readouterr().out
    assert shop.indexes.current().decision is None


async def test_too_few_questions_are_an_error_that_says_how_many_more(
    shop: Bot, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not await calibrated(n=10)
    said = capsys.readouterr()
    assert "judge at least" in said.err
    assert "decides as before" in said.out
    assert shop.indexes.current().decision is None


async def test_a_program_reads_one_object(shop: Bot, capsys: pytest.CaptureFixture[str]) -> None:
    assert await calibrated(output=Output(is_json=True), strangers=["gift refund and return"] * 30)
    found = json.loads(capsys.readouterr().out)
    assert found["generation"] == shop.indexes.current().manifest.generation
    english = found["by_language"]["en"]
    assert english["questions"]["out of scope"] == 30
    assert english["answered"] + english["suggested"] + english["handed_off"] == pytest.approx(1, abs=0.001)
    assert english["error"] <= english["error_bound"] <= 0.07


# ── the files ──


def ran(shop: Bot, *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(calibrate_commands.command)
    return CliRunner().invoke(app, arguments)


def test_judged_questions_and_traffic_are_read_and_a_picture_is_drawn(shop: Bot, tmp_path: Path) -> None:
    rows = [json.dumps({"_id": q.id, "text": q.text}) for q in questions(120)]
    (tmp_path / "queries.jsonl").write_text("\n".join(rows))
    lines = [f"{q.id}\t{anchor}\t1" for q in questions(120) for anchor in q.relevant]
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(lines))
    (tmp_path / "foreign.jsonl").write_text('{"text": "return of the king"}\n')
    picture = tmp_path / "curve.png"
    done = ran(
        shop, "--judged", str(tmp_path), "--out-of-scope", str(tmp_path / "foreign.jsonl"), "--plot", str(picture)
    )
    assert done.exit_code == 0, done.output
    assert "180 judged, 0 made, 0 held out, 1 out of scope" in done.output
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_judged_questions_only_those_of_its_own_are_there(shop: Bot, tmp_path: Path) -> None:
    done = ran(shop, "--judged", str(tmp_path / "nowhere"))
    assert done.exit_code == 1
    assert "no judged questions" in done.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--max-error", "5"], "between 0.005 and 0.5"),
        (["--out-of-scope", "/no/such/file"], "/no/such/file"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_searched(
    shop: Bot, arguments: list[str], sentence: str
) -> None:
    done = ran(shop, *arguments)
    assert done.exit_code != 0
    assert sentence in done.output
    assert "Traceback" not in done.output


def test_a_picture_that_cannot_be_written_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="could not be written"):
        calibrate_commands._draw(tmp_path / "no" / "folder.png", [])


@pytest.mark.parametrize("line", ['{"words": "x"}', '{"text": 3}', '{"text": "  "}', "[]", "what?"])
def test_a_line_that_is_no_message_is_named(line: str) -> None:
    with pytest.raises(Refused, match=r"traffic\.jsonl:2"):
        foreign('{"text": "hello"}\n' + line, "traffic.jsonl")


def test_messages_come_in_the_order_of_the_file() -> None:
    assert foreign('{"text": "a", "label": "oos"}\n\n{"text": "b"}\n', "f") == ["a", "b"]
