"""Entries edited or disabled in the console, against what their files say: nothing of either side is lost silently."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.errors import Refused
from bot.ingest import Gate, Report, ingest, publish
from bot.knowledge import Passage
from bot.overrides import Edited, Kind, Override, ids, text_of, worded
from bot.planning import Scope, plan
from bot.ports import Bot
from tests.fakes import AT, fake_bot
from tests.unit.test_gate import QUERIES
from tests.unit.test_ingest import FAQ, SCOPE, File, titles

ANCHOR = "faqs/a.md#how-do-i-return-a-lamp"
NEWER = FAQ.replace("30 days", "14 days")
MINE = "Within 60 days, in our shop."


async def take(bot: Bot, text: str | bytes | Exception = FAQ, edited: Edited = Edited.SKIP, path: str = "faqs/a.md",
               files: Sequence[File] | None = None) -> Report:  # fmt: skip
    return await ingest(bot, [File(path, text)] if files is None else files, [SCOPE], edited=edited)


async def edited(bot: Bot, text: str = MINE, kind: Kind = Kind.EDIT) -> Override:
    """An entry edited in the console, and live so."""
    (file,) = [one for one in await bot.store.live_passages() if one.anchor == ANCHOR]
    title = file.title if text else ""
    override = Override(ANCHOR, file.document, kind, (file,), (file.id,), title, text, (), "ana", AT)
    await bot.overrides.put(override)
    await take(bot)
    return override


async def said(bot: Bot) -> str:
    return text_of(one for one in await bot.store.live_passages() if one.anchor == ANCHOR)


@pytest.fixture
async def bot() -> Bot:
    bot = fake_bot()
    await take(bot)
    return bot


# ── what stays ──


async def test_an_edit_goes_live_with_the_next_ingest_though_no_file_changed(bot: Bot) -> None:
    await edited(bot)
    assert await said(bot) == MINE
    (document,) = [one for one in await bot.store.documents() if one.key == ANCHOR]
    assert document.text == MINE
    again = await take(bot)
    assert (again.added, again.removed, again.notes) == ((), (), ())


async def test_an_edit_stays_when_another_entry_of_the_file_changes(bot: Bot) -> None:
    await edited(bot)
    report = await take(bot, FAQ.replace("Two days", "Three days"))
    assert await said(bot) == MINE
    assert report.notes == ()
    assert len(report.added) == 1


async def test_a_newer_wording_of_the_file_is_told_and_kept_for_later(bot: Bot) -> None:
    await edited(bot)
    report = await take(bot, NEWER)
    assert await said(bot) == MINE
    (note,) = report.notes
    assert str(note) == (
        "faqs/a.md:1: “How do I return a lamp?” was edited in the console, and the file says something newer: "
        "that wording stays (--edited)"
    )
    (one,) = await bot.overrides.overrides()
    assert (text_of(one.file), one.is_newer) == ("Within 14 days.", True)


async def test_a_disabled_entry_stays_so_whatever_its_file_says(bot: Bot) -> None:
    await edited(bot, "", Kind.DISABLE)
    assert await titles(bot) == ["How long does delivery take?"]
    report = await take(bot, NEWER)
    assert await titles(bot) == ["How long does delivery take?"]
    assert "it stays disabled" in report.notes[0].sentence


async def test_a_file_that_says_the_same_takes_the_edit_over(bot: Bot) -> None:
    await edited(bot)
    report = await take(bot, FAQ.replace("Within 30 days.", MINE))
    assert (report.added, report.removed) == ((), ())
    assert "the edit is dropped" in report.notes[0].sentence
    assert await bot.overrides.overrides() == ()
    assert await said(bot) == MINE


async def test_a_disabled_entry_is_not_enabled_by_a_file_that_says_the_same(bot: Bot) -> None:
    await edited(bot, MINE, Kind.DISABLE)
    await take(bot, FAQ.replace("Within 30 days.", MINE))
    assert len(await bot.overrides.overrides()) == 1
    assert await said(bot) == ""


@pytest.mark.parametrize("left", [[], [File("faqs/a.md", "## How long does delivery take?\n\nTwo days.\n")]])
async def test_what_left_its_file_is_gone_and_comes_back_as_it_was_edited(bot: Bot, left: Sequence[File]) -> None:
    await edited(bot)
    report = await take(bot, files=left)
    assert await said(bot) == ""
    assert [one.sentence for one in report.notes] == [
        "“How do I return a lamp?” was edited in the console, and stands here no more: it is gone"
    ]
    (one,) = await bot.overrides.overrides()
    assert one.is_orphan
    await take(bot, NEWER)
    assert await said(bot) == MINE


async def test_a_file_that_cannot_be_read_changes_nothing(bot: Bot) -> None:
    before = await edited(bot)
    for edit in (Edited.SKIP, Edited.OVERWRITE, Edited.NONE):
        await take(bot, b"\xff\xfe\x00", edit)
        assert await said(bot) == MINE
        assert await bot.overrides.overrides() == (before,)


async def test_an_ingest_of_another_folder_leaves_edits_alone(bot: Bot) -> None:
    before = await edited(bot)
    other = File("b.md", "## What is new?\n\nThis.\n", "elsewhere")
    report = await ingest(bot, [other], [Scope("elsewhere")], edited=Edited.OVERWRITE)
    assert report.notes == ()
    assert await bot.overrides.overrides() == (before,)
    assert await said(bot) == MINE


# ── the other policies ──


@pytest.mark.parametrize("text", [FAQ, NEWER])
@pytest.mark.parametrize("kind", Kind)
async def test_overwrite_takes_the_files_wording_and_drops_the_edit(bot: Bot, text: str, kind: Kind) -> None:
    await edited(bot, MINE, kind)
    report = await take(bot, text, Edited.OVERWRITE)
    assert await said(bot) == ("Within 30 days." if text == FAQ else "Within 14 days.")
    assert "was dropped" in report.notes[0].sentence
    assert await bot.overrides.overrides() == ()


async def test_none_takes_the_files_wording_and_keeps_the_edit_aside(bot: Bot) -> None:
    await edited(bot)
    await take(bot, edited=Edited.NONE)
    assert await said(bot) == "Within 30 days."
    assert len(await bot.overrides.overrides()) == 1
    await take(bot)
    assert await said(bot) == MINE


async def test_fail_changes_nothing_when_a_file_says_something_newer_and_names_it(bot: Bot) -> None:
    before = await edited(bot)
    await take(bot, FAQ.replace("Two days", "Three days"), Edited.FAIL)  # another entry: no reason to refuse
    live = await bot.store.live_ids()
    with pytest.raises(Refused, match=r"nothing was changed: faqs/a\.md:1: “How do I return a lamp\?”"):
        await take(bot, NEWER, Edited.FAIL)
    with pytest.raises(Refused):
        await take(bot, files=[], edited=Edited.FAIL)
    assert await bot.store.live_ids() == live
    assert await bot.overrides.overrides() == (before,)


# ── carrying it out ──


async def test_what_the_gate_refuses_leaves_the_edits_as_they_are(bot: Bot) -> None:
    before = await edited(bot, "Return it within 60 days.")
    planned = await plan(
        bot.store, [File("faqs/a.md", "## What is new?\n\nThis.\n")], [SCOPE],
        overrides=await bot.overrides.overrides(), edited=Edited.OVERWRITE,
    )  # fmt: skip
    report = await publish(bot, planned, passing=Gate(QUERIES))
    assert report.is_refused
    assert await bot.overrides.overrides() == (before,)


async def test_an_edit_made_while_an_ingest_ran_is_not_undone_by_it(bot: Bot) -> None:
    override = await edited(bot)
    planned = await plan(bot.store, [File("faqs/a.md", NEWER)], [SCOPE], overrides=[override], edited=Edited.OVERWRITE)
    mine = replace(override, text="Within 90 days.", at=AT.replace(hour=20))
    await bot.overrides.put(mine)
    await publish(bot, planned)
    assert await bot.overrides.overrides() == (mine,)
    await take(bot, NEWER)
    assert await said(bot) == "Within 90 days."


# ── sections ──

LONG = "\n\n".join(f"Paragraph {n} says this and that about the warranty of lamps." * 4 for n in range(8))


async def test_a_long_section_is_one_entry_in_several_passages() -> None:
    bot = fake_bot()
    page = f"# Warranty\n\nAll of it.\n\n## Lamps\n\n{LONG}\n\n## Wires\n\nNo.\n"
    await take(bot, page, path="warranty.md")
    parts = [one for one in await bot.store.live_passages() if one.anchor == "warranty.md#lamps"]
    assert len(parts) > 1
    override = Override(parts[0].anchor, "warranty.md", Kind.EDIT, tuple(parts), ids(parts), parts[0].title,
                        text_of(parts).replace("Paragraph 3", "Part 3"), (), "ana", AT)  # fmt: skip
    await bot.overrides.put(override)
    report = await take(bot, page, path="warranty.md")
    assert len(report.added) == len(report.removed) == 1, "only the part that was edited"
    (policy,) = await bot.store.documents()
    assert policy.title == "Warranty"
    await bot.overrides.put(replace(override, action=Kind.DISABLE))
    await take(bot, page, path="warranty.md")
    assert await titles(bot) == ["Warranty", "Warranty › Wires"]


def test_putting_a_section_together_and_apart_again_changes_nothing() -> None:
    whole = Passage("w.md", "w.md#lamps", "Lamps", LONG, "en", "policy")
    once = worded([whole], "", LONG)
    assert len(once) > 1
    assert ids(worded(once, "", text_of(once))) == ids(once)
