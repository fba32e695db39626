"""`bot ingest` as a content person uses it: formats side by side, what would change, the gate, and the way past it."""

import asyncio
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import bootstrap, reply
from bot.content import COMMAS
from bot.errors import Refused
from bot.ingest_commands import Wish, run
from bot.kb_commands import shelf
from bot.output import Output
from bot.overrides import Edited, Kind, Override
from bot.ports import Published
from bot.settings import Settings

RETURNS = """# Returns

## How do I send something back?
> return an item

Print the label in your account and hand the parcel in within 30 days.

## Who pays for the return?

We do, if you use our label.
"""
TENTS = (
    "question,answer\nWhich tents do you rent?,The Volt 2 and the Volt 4.\nCan I rent a stove?,Yes for 4 euros a day.\n"
)
PAGE = """<html lang="en"><head><title>Opening hours | Alder & Volt</title></head><body><nav>Home</nav><main><h1>Opening
hours</h1><h2>When is the shop open?</h2><p>From Monday to Friday between 10:00 and 18:00.</p></main></body></html>"""
JUDGED = {
    "how do I return an item?": "returns.md#how-do-i-send-something-back",
    "when do you open": "shop.zip/hours.html#when-is-the-shop-open",
    "who won the match yesterday": "",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    folder = tmp_path / "kb"
    write(folder, {"returns.md": RETURNS, "tents.csv": TENTS})
    with zipfile.ZipFile(folder / "shop.zip", "w") as archive:
        archive.writestr("hours.html", PAGE)
    rows = [{"_id": f"q{n}", "text": text, "language": "en"} for n, text in enumerate(JUDGED)]
    qrels = [f"q{n}\t{anchor}\t1" for n, anchor in enumerate(JUDGED.values()) if anchor]
    write(
        folder / "judged",
        {
            "queries.jsonl": "\n".join(map(json.dumps, rows)),
            "qrels.tsv": "\n".join(["query-id\tcorpus-id\tscore", *qrels]),
        },
    )
    return folder


class Ingest:
    """The command in this process, and what it printed for programs."""

    def __init__(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings, self._capsys = settings, capsys
        self.code, self.errors = 0, ""

    def __call__(self, *paths: Path, **wish: Any) -> dict[str, Any]:
        self._capsys.readouterr()
        self.code = asyncio.run(run(self.settings, Output(is_json=True), Wish(paths, COMMAS, **wish)))
        out, self.errors = self._capsys.readouterr()
        found: dict[str, Any] = json.loads(out)
        return found

    def answers(self, question: str) -> str:
        return asyncio.run(self._answers(question))

    async def _answers(self, question: str) -> str:
        async with bootstrap.assembled(self.settings) as bot:
            return (await reply.ask(bot, question)).text

    def published(self) -> Published:
        """The newest."""
        return asyncio.run(self._published())

    async def _published(self) -> Published:
        async with shelf(self.settings) as bot:
            return (await bot.store.generations())[0]


@pytest.fixture
def ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ingest:
    for name in ("BOT_DATA_DIR", "BOT_DATABASE_URL", "BOT_EMBEDDER"):
        monkeypatch.delenv(name, raising=False)
    return Ingest(Settings(data_dir=tmp_path / "var", generator="none"), capsys)


def counts(found: Mapping[str, Any]) -> tuple[int, int, int, int]:
    return found["added"], found["removed"], found["updated"], found["unchanged"]


def test_formats_side_by_side_are_answered_from_and_a_second_time_costs_no_model(
    kb: Path, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ingest(kb)
    assert (ingest.code, first["problems"], first["gate"]) == (0, [], None)
    assert counts(first) == (5, 0, 0, 0)
    assert "10:00" in ingest.answers("When is the shop open?")
    monkeypatch.setattr(bootstrap, "make_embedder", None)  # would fail if it were asked for
    again = ingest(kb)
    assert (counts(again), ingest.code) == ((0, 0, 0, 5), 0)


def test_what_only_moved_or_expires_later_is_updated_without_a_model(
    kb: Path, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(kb)
    write(kb, {"returns.md": RETURNS.replace("# Returns\n", "---\nvalid_to: 2020-01-31\n---\n# Returns\n\n")})
    monkeypatch.setattr(bootstrap, "make_embedder", None)
    assert counts(ingest(kb)) == (0, 0, 2, 5)
    monkeypatch.undo()
    assert "label" not in ingest.answers("How do I send something back?"), "it is over"


def test_the_gate_refuses_what_loses_an_answer_and_a_reason_passes_it(kb: Path, ingest: Ingest) -> None:
    first = ingest(kb)
    lost = RETURNS.replace("How do I send something back?\n> return an item", "What colour are your parcels?").replace(
        "Print the label in your account and hand the parcel in within 30 days.", "Brown."
    )
    write(kb, {"returns.md": lost})
    refused = ingest(kb)
    assert (ingest.code, refused["refused"], refused["gate"]["lost"]) == (1, True, ["q0"])
    assert "nothing was published" in ingest.errors
    assert "30 days" in ingest.answers("How do I send something back?")
    forced = ingest(kb, force="the parcels are brown now")
    assert (ingest.code, forced["refused"]) == (0, False)
    assert forced["generation"] != first["generation"]
    newest = ingest.published()
    assert (newest.action, newest.reason) == ("forced", "the parcels are brown now")
    assert "Brown." in ingest.answers("What colour are your parcels?")


def test_a_changed_number_passes_the_gate_and_the_old_one_is_said_no_more(kb: Path, ingest: Ingest) -> None:
    ingest(kb)
    write(kb, {"returns.md": RETURNS.replace("30 days", "14 days")})
    found = ingest(kb)
    assert (found["refused"], found["gate"]["lost"]) == (False, [])
    said = ingest.answers("How do I send something back?")
    assert "14 days" in said
    assert "30" not in said


def test_a_dry_run_shows_the_words_that_change_and_changes_nothing(
    kb: Path, ingest: Ingest, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest(kb)
    write(kb, {"returns.md": RETURNS.replace("30 days", "14 days"), "more.md": "## Do you ship abroad?\n\nNo.\n"})
    (kb / "tents.csv").unlink()
    assert asyncio.run(run(ingest.settings, Output(), Wish([kb], COMMAS, dry_run=True))) == 0
    printed = capsys.readouterr().out
    assert "~ returns.md:3  How do I send something back?" in printed
    assert "within [-30-]{+14+} days." in printed
    assert "+ more.md:1  Do you ship abroad?" in printed
    assert "- tents.csv:2  Which tents do you rent?" in printed
    assert counts(ingest(kb, dry_run=True)) == (2, 3, 0, 2)


def test_numbers_that_cannot_both_be_right_are_told_before_and_after_they_are_published(
    kb: Path, ingest: Ingest, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(kb)
    late = "## How long do I have to send something back?\n\nHand the parcel in within 14 days.\n"
    write(kb, {"late.md": late})
    assert asyncio.run(run(ingest.settings, Output(), Wish([kb], COMMAS, dry_run=True))) == 0
    printed = capsys.readouterr().out
    assert "! late.md:1: two numbers for the same thing: “14 days” in “How long do I have" in printed
    assert "“30 days” in “How do I send something back?” (returns.md:3)" in printed
    foreseen = ingest(kb, dry_run=True)["conflicts"]
    assert ingest(kb, is_gated=False)["conflicts"] == foreseen
    assert len(foreseen) == 1
    monkeypatch.setattr(bootstrap, "make_embedder", None)  # would fail if it were asked for
    assert ingest(kb, dry_run=True)["conflicts"] == []
    write(kb, {"late.md": late.replace("14 days", "time")})
    assert asyncio.run(run(ingest.settings, Output(), Wish([kb], COMMAS, dry_run=True))) == 0, "no number, no model"


def test_a_part_of_a_folder_is_judged_by_the_questions_of_the_whole(kb: Path, ingest: Ingest) -> None:
    (kb / "returns").mkdir()
    (kb / "returns.md").rename(kb / "returns" / "returns.md")
    qrels = kb / "judged" / "qrels.tsv"
    qrels.write_text(qrels.read_text(encoding="utf-8").replace("returns.md", "returns/returns.md"), encoding="utf-8")
    ingest(kb)
    write(kb / "returns", {"returns.md": "## Do you sell socks?\n\nYes, in pairs.\n"})
    refused = ingest(kb / "returns", is_sure=True)
    assert (refused["refused"], refused["gate"]["lost"]) == (True, ["q0"])


def test_removing_much_is_asked_first_and_nobody_there_to_ask_is_a_no(kb: Path, ingest: Ingest) -> None:
    ingest(kb)
    (kb / "tents.csv").unlink()
    with pytest.raises(Refused, match="this removes 2 of 5 passages, and nothing was changed"):
        ingest(kb)
    assert counts(ingest(kb, is_sure=True)) == (0, 2, 0, 3)


def test_a_broken_file_is_named_keeps_what_it_held_and_is_named_again(kb: Path, ingest: Ingest) -> None:
    ingest(kb)
    (kb / "shop.zip").write_bytes((kb / "shop.zip").read_bytes()[:-40])
    for _ in range(2):
        found = ingest(kb)
        assert ingest.code == 1
        assert (counts(found), len(found["problems"])) == ((0, 0, 0, 5), 1)
        assert found["problems"][0].startswith("shop.zip")
    assert "10:00" in ingest.answers("When is the shop open?")


def test_a_folder_without_content_is_told(tmp_path: Path, ingest: Ingest, capsys: Any) -> None:
    (tmp_path / "empty").mkdir()
    assert asyncio.run(run(ingest.settings, Output(), Wish([tmp_path / "empty"], COMMAS))) == 1
    assert "there is nothing in it that can be read" in capsys.readouterr().err


def test_nothing_is_fetched_from_the_web_unless_the_shop_says_so(ingest: Ingest) -> None:
    with pytest.raises(Refused, match="unless BOT_FETCH=true"):
        ingest(Path("https://shop.example/sitemap.xml"))


def test_entries_edited_in_the_console_are_kept_overwritten_or_named_as_asked(ingest: Ingest, kb: Path) -> None:
    ingest(kb)
    anchor = "returns.md#who-pays-for-the-return"

    async def edit() -> None:
        async with shelf(ingest.settings) as bot:
            (file,) = [one for one in await bot.store.live_passages() if one.anchor == anchor]
            override = Override(
                anchor, anchor, Kind.EDIT, (file,), (file.id,), file.title, "You pay.", (), "eve", datetime.now(UTC)
            )
            await bot.overrides.put(override)

    async def says() -> list[str]:
        async with shelf(ingest.settings) as bot:
            return [one.text for one in await bot.store.live_passages() if one.anchor == anchor]

    asyncio.run(edit())
    ingest(kb)
    assert asyncio.run(says()) == ["You pay."]
    write(kb, {"returns.md": RETURNS.replace("We do, if", "We always do when")})
    with pytest.raises(Refused, match="Who pays for the return"):
        ingest(kb, edited=Edited.FAIL)
    assert len(ingest(kb)["notes"]) == 1
    assert asyncio.run(says()) == ["You pay."]
    ingest(kb, edited=Edited.OVERWRITE)
    assert asyncio.run(says()) == ["We always do when you use our label."]
    assert ingest(kb)["notes"] == []
