"""`bot kb …` as it is typed: a line for people, an object for programs, an exit code for both."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot import kb_commands, shell
from bot.errors import IndexDamaged
from bot.indexes import Manifest
from bot.indexing import rebuild
from bot.kb_commands import kb_app, plain, worded
from bot.ports import Bot
from bot.settings import Settings
from tests.fakes import AT, DELIVERY, RETURNS, WARRANTY, document, fake_bot, stock

LONGER = replace(RETURNS, text="You can return unused items within 60 days. Bring the receipt with you.")


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Bot:
    """g1: returns and the warranty; g2: 60 days, and delivery in the warranty's place."""
    bot = fake_bot()

    async def grow() -> None:
        await stock(bot, (RETURNS, WARRANTY))
        added = [LONGER, DELIVERY]
        await bot.store.apply([document(one) for one in added], added, [RETURNS.id, WARRANTY.id], AT)
        await rebuild(bot)

    @asynccontextmanager
    async def shelf(settings: Settings) -> AsyncIterator[Bot]:
        yield bot

    asyncio.run(grow())
    monkeypatch.setattr(kb_commands, "shelf", shelf)
    return bot


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(kb_app, arguments)


def told(*arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(ran(*arguments, "--json").stdout)
    return found


def test_the_status_of_a_sound_knowledge_base_is_good(shop: Bot) -> None:
    done = ran("status")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "live: g2, 2 passages" in done.output
    assert told("status")["is_current"] is True


def test_a_damaged_index_is_a_bad_status(shop: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(name: str) -> Manifest:
        raise IndexDamaged(f"{name}/bm25.npz")

    monkeypatch.setattr(shop.indexes, "verify", damaged)
    done = ran("status", "--verify")
    assert done.exit_code == 1
    assert "g1/bm25.npz" in done.output
    assert "g2/bm25.npz" in done.output
    assert "g1/bm25.npz" not in ran("status").output


def test_an_index_that_is_not_what_the_database_holds_is_a_bad_status(shop: Bot) -> None:
    asyncio.run(shop.store.apply((), (), [LONGER.id], AT))
    done = ran("status")
    assert done.exit_code == 1
    assert "the database holds 1 passages" in done.output


def test_before_anything_is_ingested_the_status_says_what_to_do(shop: Bot) -> None:
    shop.indexes.published.clear()  # type: ignore[attr-defined]
    shop.store.published.clear()  # type: ignore[attr-defined]
    done = ran("status")
    assert done.exit_code == 1
    assert "bot ingest" in done.output


def test_the_history_is_told_newest_first_with_who_and_why(shop: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "who", lambda: "ann")
    assert ran("rollback", "1", "--reason", "wrong number").exit_code == 0
    assert ran("prune", "--keep", "2").output == "removed: g1\n"
    lines = ran("history").output.splitlines()
    assert [line.split("\t")[:2] for line in lines[1:]] == [["live", "g3"], ["1", "g2"], ["gone", "g1"]]
    assert lines[1].split("\t")[3:] == ["2", "rollback", "ann", "wrong number"]
    first, *_, last = told("history")["generations"]  # type: ignore[misc]
    assert (first["name"], first["back"], last["by"], last["back"]) == ("g1", None, "ann", 0)


def test_a_difference_is_counted_and_listed(shop: Bot) -> None:
    assert ran("diff").output.splitlines() == [
        f"- {WARRANTY.anchor}  {WARRANTY.title}",
        f"+ {DELIVERY.anchor}  {DELIVERY.title}",
        f"~ {LONGER.anchor}  {LONGER.title}",
        "g1 → g2: 1 added, 1 changed, 1 removed, 0 the same",
    ]
    found = told("diff", "g2", "g1")
    assert [one["anchor"] for one in found["added"]] == [WARRANTY.anchor]  # type: ignore[attr-defined]
    assert "60 days" in found["changed"][0]["before"]["text"]  # type: ignore[index]


def test_a_difference_is_told_word_by_word(shop: Bot) -> None:
    assert "within [-30-]{+60+} days." in ran("diff", "--words").output
    assert "[-" not in ran("diff").output
    json.loads(ran("diff", "--words", "--json").stdout)


def test_what_changed_is_coloured_and_marked() -> None:
    assert worded(RETURNS, LONGER).count("\x1b[31m[-30-]") == worded(RETURNS, LONGER).count("\x1b[32m{+60+}") == 1


def test_a_text_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[2Jb\rc\u202ed\x9be\n退货") == "a\ufffd[2Jb\ufffdc\ufffdd\ufffde\n    退货"


def test_going_back_says_what_is_live_now_and_that_the_files_have_not_changed(shop: Bot) -> None:
    done = ran("rollback", "g1")
    assert done.exit_code == 0
    assert "g3 is live and holds what g1 held: 2 passages are back, 2 are gone" in done.output
    assert "the next `bot ingest`" in done.output
    assert shop.indexes.passages("g3") == shop.indexes.passages("g1")


def test_a_program_hears_what_came_back(shop: Bot) -> None:
    found = told("rollback", "1")
    assert (found["generation"], found["to"]) == ("g3", "g1")
    assert sorted(found["revived"]) == sorted([RETURNS.anchor, WARRANTY.anchor])  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("rollback", "9"), "bot kb history"),
        (("rollback", "0"), "live already"),
        (("diff", "g1", "nonsense"), "bot kb history"),
        (("prune", "--keep", "0"), "keep"),
        (("rollback",), "Missing argument"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(
    shop: Bot, arguments: tuple[str, ...], sentence: str
) -> None:
    done = ran(*arguments)
    assert done.exit_code != 0
    assert sentence in done.output
    assert "Traceback" not in done.output
    assert shop.indexes.live() == "g2"


def test_pruning_when_there_is_nothing_to_prune_says_so(shop: Bot) -> None:
    assert ran("prune").output == "nothing to remove\n"
    assert told("prune") == {"removed": []}


def test_the_first_thing_is_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fakes, and without anything ingested: no model is loaded, nothing fails but the status."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "var"))
    assert ran("status").exit_code == 1
    assert ran("history").output.splitlines() == ["back\tname\tat\tpassages\taction\tby\treason"]
    assert "bot kb history" in ran("rollback", "1").output
