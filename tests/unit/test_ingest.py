"""Sources → SQL → index: twice changes nothing, half-done is finished by the next run, nothing outside is touched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from bot.errors import IndexDamaged, IndexMismatch
from bot.indexing import content_digest, rebuild
from bot.ingest import Report, chinese_share, ingest
from bot.knowledge import pieces
from bot.planning import Scope, plan
from bot.ports import Bot
from tests.fakes import DELIVERY, RETURNS, FakeEmbedder, FakeIndexes, fake_bot, shop_bot, stock

FAQ = "## How do I return a lamp?\n\nWithin 30 days.\n\n## How long does delivery take?\n\nTwo days.\n"
OTHER = "## Do you sell gift cards?\n\nYes, from 10 to 200 euros.\n"
SCOPE = Scope("kb")


@dataclass
class File:
    path: str
    says: str | bytes | Exception
    origin: str = "kb"

    @property
    def fields(self) -> Mapping[str, str]:
        return {}

    def data(self) -> bytes:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says if isinstance(self.says, bytes) else self.says.encode()


async def take(bot: Bot, *files: File, scopes: Sequence[Scope] = (SCOPE,), dry_run: bool = False) -> Report:
    return await ingest(bot, files, scopes, dry_run=dry_run)


async def titles(bot: Bot) -> list[str]:
    return sorted(passage.title for passage in await bot.store.live_passages())


def embedder_of(bot: Bot) -> FakeEmbedder:
    assert isinstance(bot.embedder, FakeEmbedder)
    return bot.embedder


def generations_of(bot: Bot) -> int:
    assert isinstance(bot.indexes, FakeIndexes)
    return len(bot.indexes.published)


async def test_a_file_becomes_passages_in_sql_and_in_the_index() -> None:
    bot = fake_bot()
    report = await take(bot, File("faqs/a.md", FAQ))
    assert (len(report.added), report.removed, report.unchanged, report.problems) == (2, (), 0, ())
    assert await titles(bot) == ["How do I return a lamp?", "How long does delivery take?"]
    live = await bot.store.live_passages()
    assert report.manifest is not None
    assert report.manifest.content == content_digest(live)
    assert report.embedded == len(embedder_of(bot).embedded) == sum(len(list(pieces(one))) for one in live)
    assert {document.origin for document in await bot.store.documents()} == {"kb"}


async def test_the_second_time_nothing_changes_and_nothing_is_embedded() -> None:
    bot = fake_bot()
    first = await take(bot, File("faqs/a.md", FAQ))
    again = await take(bot, File("faqs/a.md", FAQ))
    assert (again.added, again.removed, again.unchanged, again.embedded) == ((), (), 2, 0)
    assert again.manifest == first.manifest
    assert generations_of(bot) == 1


async def test_only_what_is_new_is_embedded() -> None:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ))
    embedder_of(bot).embedded.clear()
    report = await take(bot, File("faqs/a.md", FAQ.replace("Two days", "Three days")))
    assert (len(report.added), len(report.removed), report.unchanged) == (1, 1, 1)
    assert "Three days." in embedder_of(bot).embedded
    assert "Within 30 days." not in embedder_of(bot).embedded


async def test_what_left_the_files_is_retired_and_can_be_found_no_more() -> None:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ), File("faqs/b.md", OTHER))
    report = await take(bot, File("faqs/a.md", FAQ))
    assert [passage.title for passage in report.removed] == ["Do you sell gift cards?"]
    assert "Do you sell gift cards?" not in await titles(bot)
    assert (await bot.run(bot.indexes.current)).manifest.passages == 2
    back = await take(bot, File("faqs/a.md", FAQ), File("faqs/b.md", OTHER))
    assert len(back.added) == 1
    assert "Do you sell gift cards?" in await titles(bot)


async def test_a_dry_run_says_what_would_be_and_changes_nothing() -> None:
    bot = fake_bot()
    await take(bot, File("faqs/b.md", OTHER))
    report = await take(bot, File("faqs/a.md", FAQ), dry_run=True)
    assert (len(report.added), len(report.removed), report.manifest) == (2, 1, None)
    assert await titles(bot) == ["Do you sell gift cards?"]
    assert generations_of(bot) == 1


async def test_two_folders_with_a_file_of_the_same_name_do_not_take_each_others_entries() -> None:
    bot = fake_bot()
    await take(bot, File("help.md", FAQ))
    report = await take(bot, File("help.md", OTHER, "shop"), scopes=[Scope("shop")])
    assert [str(problem) for problem in report.problems] == [
        "help.md:1: a file of this name was ingested from kb before: rename one of the two"
    ]
    assert await titles(bot) == ["How do I return a lamp?", "How long does delivery take?"]


async def test_a_folder_that_was_moved_keeps_its_entries_and_drops_what_is_no_longer_in_it() -> None:
    bot = fake_bot()
    await take(bot, File("help.md", FAQ), File("cards.md", OTHER))
    report = await take(bot, File("help.md", FAQ, "moved"), scopes=[Scope("moved", gone=frozenset({"kb"}))])
    assert (len(report.added), len(report.removed), report.unchanged, report.problems) == (0, 1, 2, ())
    assert {document.origin for document in await bot.store.documents()} == {"moved"}


async def test_an_empty_knowledge_base_is_an_index_too() -> None:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ))
    await take(bot)
    assert await titles(bot) == []
    assert (await bot.run(bot.indexes.current)).manifest.passages == 0


# ── scopes ──


async def test_a_part_of_a_folder_speaks_for_that_part_only() -> None:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ), File("faqs-old/b.md", OTHER))
    await take(bot, File("faqs/a.md", "## What is new?\n\nThis.\n"), scopes=[Scope("kb", "faqs")])
    assert await titles(bot) == ["Do you sell gift cards?", "What is new?"]


async def test_another_folder_does_not_retire_this_one() -> None:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ))
    await take(bot, File("more/b.md", OTHER, "elsewhere"), scopes=[Scope("elsewhere")])
    assert len(await titles(bot)) == 3


@pytest.mark.parametrize(
    ("prefix", "key", "is_covered"),
    [
        ("", "faqs/a.md#x", True),
        ("faqs", "faqs/a.md#x", True),
        ("faqs/", "faqs/a.md", True),
        ("faqs/a.md", "faqs/a.md#x", True),
        ("faqs/a", "faqs/a.md#x", False),
        ("faq", "faqs/a.md", False),
        ("policies", "faqs/a.md", False),
    ],
)
def test_a_prefix_is_a_folder_or_a_file(prefix: str, key: str, is_covered: bool) -> None:
    assert Scope("kb", prefix).covers("kb", key.split("#")[0]) is is_covered
    assert not Scope("other", prefix).covers("kb", key.split("#")[0])


@pytest.mark.parametrize(
    ("origin", "path"), [("/shop/kb/faqs", "a.md"), ("/shop/kb/faqs/a.md", "a.md"), ("/shop", "kb/faqs/a.md")]
)
async def test_a_file_ingested_before_through_another_folder_is_the_same_file(origin: str, path: str) -> None:
    bot = fake_bot()
    await take(bot, File(path, FAQ, origin), scopes=[Scope(origin)])
    report = await take(bot, File("faqs/a.md", FAQ, "/shop/kb"), scopes=[Scope("/shop/kb")])
    assert (len(report.added), len(report.removed), report.problems) == (2, 2, ())
    assert await titles(bot) == ["How do I return a lamp?", "How long does delivery take?"]
    assert {document.origin for document in await bot.store.documents()} == {"/shop/kb"}


async def test_a_file_ingested_before_through_another_folder_is_kept_when_it_cannot_be_read() -> None:
    bot = fake_bot()
    await take(bot, File("a.md", FAQ, "/kb/faqs"), scopes=[Scope("/kb/faqs")])
    report = await take(bot, File("faqs/a.md", OSError(13, "Permission denied"), "/kb"), scopes=[Scope("/kb")])
    assert (report.removed, len(report.problems)) == ((), 1)
    assert len(await titles(bot)) == 2


# ── what is wrong with files ──


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (b"one\ntwo\n\xff\n", "faqs/b.md:3"),
        (PermissionError(13, "Permission denied"), "faqs/b.md:1"),
        (OSError(27, "larger than 20 MiB"), "faqs/b.md:1"),
    ],
)
async def test_a_file_that_cannot_be_read_is_named_and_keeps_what_it_held(error: bytes | Exception, place: str) -> None:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ), File("faqs/b.md", OTHER))
    report = await take(bot, File("faqs/a.md", FAQ), File("faqs/b.md", error))
    assert len(report.problems) == 1
    assert str(report.problems[0]).startswith(place)
    assert report.removed == ()
    assert len(await titles(bot)) == 3


# ── the index follows SQL ──


async def test_an_ingest_that_broke_off_before_the_index_is_finished_by_the_next() -> None:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ))
    publish, bot.indexes.publish = bot.indexes.publish, None  # type: ignore[method-assign, assignment]
    with pytest.raises(TypeError):
        await take(bot, File("faqs/b.md", OTHER))
    bot.indexes.publish = publish  # type: ignore[method-assign]
    report = await take(bot, File("faqs/b.md", OTHER))
    assert report.added == ()
    assert report.manifest is not None
    assert report.manifest.content == content_digest(await bot.store.live_passages())


@pytest.mark.parametrize("error", [IndexDamaged("vectors"), IndexMismatch("old", "new")])
async def test_an_index_that_cannot_be_used_is_built_anew(error: Exception) -> None:
    bot = await shop_bot()
    assert isinstance(bot.indexes, FakeIndexes)
    bot.indexes.fails = error
    before = generations_of(bot)
    await rebuild(bot)
    assert generations_of(bot) == before + 1


async def test_an_ingest_that_was_stopped_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(FakeEmbedder):
        n_batches = 0

        def read(self, texts, *, is_query, progress=None):  # type: ignore[no-untyped-def]
            self.n_batches += 1
            if self.n_batches == 2:
                raise MemoryError
            return super().read(texts, is_query=is_query)

    monkeypatch.setattr("bot.indexing.BATCH", 1)
    bot = fake_bot(embedder=Stopped())
    with pytest.raises(MemoryError):
        await stock(bot, (RETURNS, DELIVERY))
    (first,) = embedder_of(bot).embedded
    await rebuild(bot)
    assert len(set(embedder_of(bot).embedded)) == len(embedder_of(bot).embedded), "nothing twice"
    assert first in embedder_of(bot).embedded


async def test_what_another_ingest_changes_meanwhile_is_in_the_index_too() -> None:
    class Overtaken(FakeIndexes):
        """While it publishes, another process commits and publishes something newer."""

        overtakes = True

        def publish(self, passages, pieces, vectors, content="", *rest):  # type: ignore[no-untyped-def]
            if self.overtakes and passages:
                self.overtakes = False
                store.retired.add(DELIVERY.id)  # type: ignore[attr-defined]
            return super().publish(passages, pieces, vectors, content)

    bot = fake_bot(indexes=Overtaken())
    store = bot.store
    await stock(bot, (RETURNS, DELIVERY))
    manifest = (await bot.run(bot.indexes.current)).manifest
    assert manifest.content == content_digest(await bot.store.live_passages())


async def test_every_generation_is_recorded() -> None:
    bot = await shop_bot()
    assert list(bot.store.published) == ["g1"]  # type: ignore[attr-defined]


async def test_progress_ends_with_all_done() -> None:
    seen: list[tuple[str, int, int]] = []
    bot = fake_bot()
    await ingest(bot, [File("faqs/a.md", FAQ)], [SCOPE], progress=lambda *step: seen.append(step))
    assert seen[-1] == ("publish", 1, 1)
    assert [done == total for stage, done, total in seen if stage == "embed"][-1]


def test_the_digest_does_not_depend_on_the_order() -> None:
    assert content_digest([RETURNS, DELIVERY]) == content_digest([DELIVERY, RETURNS]) != content_digest([RETURNS])


# ── what share of it is Chinese? ──

FAQ_ZH = "## 怎么退货？\n\n三十天内可以退货。\n\n## 几天能收到？\n\n两天。\n"


async def test_the_share_of_chinese_is_that_of_what_the_ingest_would_leave() -> None:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ), File("faqs/zh.md", FAQ_ZH))

    async def share(*files: File) -> float:
        return await chinese_share(bot.store, await plan(bot.store, files, [SCOPE]))

    assert await share(File("faqs/a.md", FAQ), File("faqs/zh.md", FAQ_ZH)) == 0.5
    assert await share(File("faqs/a.md", FAQ)) == 0.0, "the Chinese file is gone"
    assert await share(File("faqs/a.md", FAQ), File("faqs/b.md", OTHER), File("faqs/zh.md", FAQ_ZH)) == 0.4
    assert await share() == 0.0


async def test_what_an_ingest_does_not_speak_for_counts_too() -> None:
    bot = fake_bot()
    await take(bot, File("faqs/a.md", FAQ))
    planned = await plan(bot.store, [File("zh.md", FAQ_ZH, "other")], [Scope("other")])
    assert await chinese_share(bot.store, planned) == 0.5
    assert await titles(bot) == ["How do I return a lamp?", "How long does delivery take?"], "nothing was changed"
