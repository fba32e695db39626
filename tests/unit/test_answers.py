"""From a reply to an entry of the knowledge base: suggested, edited, looked at, published, and never half of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bot import answers
from bot.access import Agent, Role
from bot.adapters.answer_files import AnswerFolder
from bot.answer_draft import AnswerDraft, DraftStatus
from bot.conversation import Author, Conversation, Event, Kind
from bot.desk import AnswerSource
from bot.errors import Conflict, Forbidden, NotFound, Refused, Unavailable
from bot.ingest import ingest
from bot.knowledge import Passage
from bot.overrides import Kind as Edit
from bot.overrides import Override
from bot.planning import Scope
from bot.ports import Bot
from tests.fake_drafts import FakeDrafts
from tests.fakes import AT, DELIVERY, RETURNS, WARRANTY, FakeIndexes, begin, fake_bot, passage, shop_bot, stock

ANN = Agent("a1", "ann", "Ann")
SAM = Agent("a2", "sam", "Sam", Role.SUPERVISOR)
WRAP = {"question": "Do you gift wrap?", "answer": "Yes, for €2.", "language": "en"}


class Folder(AnswerFolder):
    """A real folder, with something to go wrong."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, patience_s=5)
        self.folder = folder
        self.fails: Exception | None = None
        self.n_written = 0

    async def write(self, name: str, text: str) -> None:
        if self.fails:
            raise self.fails
        self.n_written += 1
        await super().write(name, text)


def shop(tmp_path: Path, **parts: Any) -> Bot:
    return fake_bot(drafts=FakeDrafts(), answer_files=Folder(tmp_path / "answers"), **parts)


def folder_of(bot: Bot) -> Folder:
    assert isinstance(bot.answer_files, Folder)
    return bot.answer_files


async def written(bot: Bot, name: str = "answers-en.md") -> str:
    return await bot.answer_files.read(name) or ""


async def drafted(bot: Bot, by: Agent = ANN, **fields: Any) -> AnswerDraft:
    draft = await answers.suggest_for(bot, by, fields.get("question", WRAP["question"]))
    return await answers.edit(bot, SAM, draft.id, **{**WRAP, **fields})


async def published(bot: Bot, **fields: Any) -> AnswerDraft:
    return await answers.publish(bot, (await drafted(bot, **fields)).id)


async def live(bot: Bot) -> dict[str, Passage]:
    return {passage.title: passage for passage in await bot.store.live_passages()}


async def reingested(bot: Bot, name: str = "answers-en.md") -> tuple[int, int]:
    """What `bot ingest` of the folder would add and remove."""

    class Source:
        origin, path = str(folder_of(bot).folder), name
        fields: ClassVar[dict[str, str]] = {}

        def data(self) -> bytes:
            return texts[name].encode()

    texts = {name: await written(bot, name)}
    report = await ingest(bot, [Source()], [Scope(Source.origin)], dry_run=True)
    return len(report.added), len(report.removed)


# ── suggest ──


async def said(bot: Bot, *texts: tuple[Author, str]) -> str:
    id = await begin(bot)

    def step(c: Conversation) -> Conversation:
        for n, (author, text) in enumerate(texts):
            event = Event(c.head + 1, Kind.MESSAGE, author, AT, sender=author, cid=f"m{n}", text=text)
            c = c._added(event)
        return c

    await bot.change(id, step)
    return id


async def test_a_reply_becomes_a_draft_with_the_customers_wording_kept(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    id = await said(bot, (Author.CUSTOMER, "do you  wrap\ngifts"), (Author.AGENT, "Yes, for €2."))
    draft = await answers.suggest(bot, ANN, id, 1, 2)
    assert (draft.question, draft.answer, draft.language) == ("do you wrap gifts", "Yes, for €2.", "en")
    assert (draft.phrasings, draft.conversation, draft.status) == (("do you wrap gifts",), id, DraftStatus.DRAFT)
    assert (draft.agent_id, draft.agent_name, draft.created_at) == ("a1", "Ann", AT)
    assert await bot.drafts.drafts("draft") == (draft,)


async def test_a_question_nobody_replied_to_becomes_a_draft_without_an_answer(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await answers.suggest(bot, ANN, await said(bot, (Author.CUSTOMER, "能包装成礼物吗？")), 1)
    assert (draft.question, draft.answer, draft.language) == ("能包装成礼物吗？", "", "zh")


async def test_of_a_long_message_the_draft_holds_what_it_asks(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    text = "I was in your shop last week. " * 20 + "Do you wrap gifts? Thanks."
    draft = await answers.suggest(bot, ANN, await said(bot, (Author.CUSTOMER, text)), 1)
    assert draft.question == "Do you wrap gifts?"
    long = await answers.suggest_for(bot, ANN, "word " * 200)
    assert len(long.question) <= 300
    assert long.question.endswith("word")


@pytest.mark.parametrize(
    ("seqs", "error"),
    [((2, None), Refused), ((1, 1), Refused), ((3, 2), Refused), ((9, None), NotFound), ((1, 9), NotFound),
     ((0, None), NotFound)],
)  # fmt: skip
async def test_only_a_customers_question_and_a_later_reply_make_a_draft(
    tmp_path: Path, seqs: tuple[int, int | None], error: type[Exception]
) -> None:
    bot = shop(tmp_path)
    id = await said(bot, (Author.CUSTOMER, "Why?"), (Author.AGENT, "So."), (Author.CUSTOMER, "Really?"))
    with pytest.raises(error):
        await answers.suggest(bot, ANN, id, *seqs)
    assert await bot.drafts.drafts() == ()


async def test_what_several_customers_asked_becomes_ways_to_ask_it(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    asked = ["gift wrap?", "can you wrap\nit", "gift wrap?", " "]
    draft = await answers.suggest_for(bot, ANN, "Do you gift wrap?", examples=asked)
    assert draft.phrasings == ("Do you gift wrap?", "gift wrap?", "can you wrap it")


# ── edit ──


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"question": "ab"}, "3 characters or more"),
        ({"question": "???!"}, "words among them"),
        ({"question": "x" * 301}, "301 characters long; 300 is the most"),
        ({"question": "Why?\nAnd how?"}, "one line"),
        ({"answer": " \n<!-- later -->"}, "The answer is empty"),
        ({"answer": "x" * 4001}, "4001 characters long; 4000"),
        ({"language": "de"}, "en or zh"),
        ({"phrasings": [f"way {n}" for n in range(21)]}, "21 other ways to ask it; 20"),
        ({"phrasings": ["x" * 301]}, "longer than 300"),
        ({"category": "x" * 81}, "category is longer than 80"),
    ],
)
async def test_what_is_wrong_with_an_edit_is_said_and_the_draft_stays(
    tmp_path: Path, fields: dict[str, Any], sentence: str
) -> None:
    bot = shop(tmp_path)
    draft = await drafted(bot)
    with pytest.raises(Refused, match=sentence):
        await answers.edit(bot, SAM, draft.id, **{**WRAP, **fields})
    assert await bot.drafts.draft(draft.id) == draft


async def test_an_edit_shows_the_text_as_it_will_be_read_back(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await drafted(
        bot, question=" Can I   get **wrapping**? ", answer="# Yes\r\nfor €2<!-- ask Jo -->\n\n```\ncode",
        phrasings=["gift\u200b  wrap", "gift wrap", ""], category=" Gifts \n",
    )  # fmt: skip
    assert (draft.question, draft.answer) == ("Can I get wrapping?", "**Yes**\nfor €2\n\n```\ncode\n```")
    assert (draft.phrasings, draft.category) == (("gift wrap",), "Gifts")


async def test_agents_edit_their_own_drafts_and_supervisors_every_one(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await drafted(bot, by=ANN)
    other = Agent("a3", "bo", "Bo")
    assert (await answers.edit(bot, ANN, draft.id, **{**WRAP, "answer": "No."})).answer == "No."
    with pytest.raises(Forbidden):
        await answers.edit(bot, other, draft.id, **WRAP)
    await answers.publish(bot, draft.id)
    with pytest.raises(Forbidden):
        await answers.edit(bot, ANN, draft.id, **WRAP)
    assert (await answers.edit(bot, SAM, draft.id, **WRAP)).answer == "Yes, for €2."


# ── publish ──


async def test_a_published_answer_is_live_indexed_and_what_an_ingest_of_its_folder_reads(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    await stock(bot)
    draft = await published(bot, phrasings=["wrapping paper"])
    found = (await live(bot))["Do you gift wrap?"]
    assert (found.text, found.phrasings, found.kind) == ("Yes, for €2.", ("wrapping paper",), "faq")
    assert (draft.passage, draft.document) == (found.id, "answers-en.md#do-you-gift-wrap")
    assert (draft.status, draft.published_at) == (DraftStatus.PUBLISHED, AT)
    assert (await bot.run(bot.indexes.current)).manifest.passages == 4
    assert await reingested(bot) == (0, 0)


async def test_only_the_new_pieces_are_embedded(tmp_path: Path) -> None:
    bot = await shop_bot(drafts=FakeDrafts(), answer_files=Folder(tmp_path / "answers"))
    bot.embedder.embedded.clear()  # type: ignore[attr-defined]
    await published(bot)
    assert sorted(bot.embedder.embedded) == ["Do you gift wrap?", "Yes, for €2."]  # type: ignore[attr-defined]


async def test_publishing_again_after_an_edit_replaces_its_own_entry(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await published(bot)
    await published(bot, question="Do you sell used tents?", answer="No.")
    edited = await answers.edit(bot, SAM, draft.id, **{**WRAP, "question": "Can you gift wrap?", "answer": "For €3."})
    assert edited.status is DraftStatus.DRAFT
    again = await answers.publish(bot, draft.id)
    assert sorted(await live(bot)) == ["Can you gift wrap?", "Do you sell used tents?"]
    assert again.document == "answers-en.md#can-you-gift-wrap"
    assert "Do you gift wrap?" not in await written(bot)
    assert await reingested(bot) == (0, 0)


async def test_what_is_published_here_replaces_what_its_entry_was_edited_to_elsewhere(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    first = await published(bot)
    other = await published(bot, question="Do you wrap presents?", answer="Yes, in paper.")
    held = {one.document: one for one in await bot.store.live_passages()}
    for draft in (first, other):
        file = held[draft.document]
        await bot.overrides.put(
            Override(file.anchor, file.document, Edit.EDIT, (file,), (file.id,), file.title, "Edited.", at=bot.now())
        )
    await answers.edit(bot, SAM, first.id, question=first.question, answer="The newest.", language="en")
    again = await answers.publish(bot, first.id)
    assert again.status is DraftStatus.PUBLISHED
    texts = {one.document: one.text for one in await bot.store.live_passages()}
    assert (texts[first.document], texts[other.document]) == ("The newest.", "Edited.")
    assert [one.document for one in await bot.overrides.overrides()] == [other.document]


async def test_publishing_twice_changes_nothing(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await published(bot)
    assert await answers.publish(bot, draft.id) == draft
    assert folder_of(bot).n_written == 1
    assert len(bot.indexes.published) == 1  # type: ignore[attr-defined]


async def test_a_published_answer_keeps_its_language(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await published(bot)
    with pytest.raises(Refused, match="keeps its language"):
        await answers.edit(bot, SAM, draft.id, **{**WRAP, "language": "zh"})


async def test_twenty_answers_published_at_once_are_all_there(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    languages = ["en" if n % 2 else "zh" for n in range(20)]
    made = [
        await drafted(bot, question=f"Question number {n}?", answer=f"Answer {n}.", language=language)
        for n, language in enumerate(languages)
    ]
    done = await asyncio.gather(*(answers.publish(bot, draft.id) for draft in made))
    assert {draft.status for draft in done} == {DraftStatus.PUBLISHED}
    assert {draft.passage for draft in done} == {passage.id for passage in await bot.store.live_passages()}
    assert len(await live(bot)) == 20


async def test_two_processes_do_not_lose_each_others_answers(tmp_path: Path) -> None:
    """Two folders' adapters share no asyncio lock, as two servers do not."""
    one, other = shop(tmp_path), shop(tmp_path)
    other = replace(other, store=one.store, indexes=one.indexes)
    mine = [await drafted(one, question=f"Mine {n}?") for n in range(8)]
    theirs = [await drafted(other, question=f"Theirs {n}?") for n in range(8)]
    await asyncio.gather(
        *(answers.publish(one, draft.id) for draft in mine), *(answers.publish(other, draft.id) for draft in theirs)
    )
    assert len(await live(one)) == 16
    assert (await written(one)).count("## ") == 16


async def test_a_browser_that_goes_away_does_not_stop_it_halfway(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await drafted(bot)
    running = asyncio.create_task(answers.publish(bot, draft.id))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with bot.answer_files.lock():  # comes after it
        assert (await bot.drafts.draft(draft.id)).status is DraftStatus.PUBLISHED
    assert "Do you gift wrap?" in await live(bot)


async def test_what_is_edited_while_it_is_published_stays_a_draft(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await drafted(bot)

    class Edited(FakeIndexes):
        def publish(self, passages: Any, pieces: Any, vectors: Any, content: str = "", *rest: Any) -> Any:
            asyncio.run(answers.edit(bot, SAM, draft.id, **{**WRAP, "answer": "For €9."}))
            return super().publish(passages, pieces, vectors, content)

    done = await answers.publish(replace(bot, indexes=Edited()), draft.id)
    assert (done.status, done.answer) == (DraftStatus.DRAFT, "For €9.")
    assert (await live(bot))["Do you gift wrap?"].id == done.passage
    assert (await answers.publish(bot, draft.id)).status is DraftStatus.PUBLISHED
    assert (await live(bot))["Do you gift wrap?"].text == "For €9."


# ── what people do to the file ──


async def edited_by_hand(bot: Bot, before: str, after: str) -> None:
    text = await written(bot)
    assert before in text
    await AnswerFolder(folder_of(bot).folder).write("answers-en.md", text.replace(before, after))


async def test_what_people_add_to_the_file_is_kept_and_published_with_the_next_answer(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    await published(bot)
    by_hand = "<!-- by hand -->\n\n## Who are you?\n\nA shop.\n\n\n"
    await edited_by_hand(bot, "## Do you", by_hand + "## Do you")
    await published(bot, question="Do you sell used tents?", answer="No.")
    assert by_hand in await written(bot)
    assert sorted(await live(bot)) == ["Do you gift wrap?", "Do you sell used tents?", "Who are you?"]


async def test_an_entry_changed_by_hand_is_replaced_only_after_saying_so(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await published(bot)
    await edited_by_hand(bot, "Yes, for €2.", "Yes, for €4.")
    await answers.edit(bot, SAM, draft.id, **{**WRAP, "answer": "Yes, for €3."})
    problems = (await answers.check(bot, await bot.drafts.draft(draft.id))).problems
    assert any("changed by hand" in problem for problem in problems)
    with pytest.raises(Conflict, match=r"changed by hand in answers-en\.md"):
        await answers.publish(bot, draft.id)
    assert "€4" in await written(bot)
    assert (await answers.publish(bot, draft.id)).status is DraftStatus.PUBLISHED
    assert (await live(bot))["Do you gift wrap?"].text == "Yes, for €3."


async def test_an_entry_taken_out_or_renamed_by_hand_is_left_alone(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await published(bot)
    await edited_by_hand(bot, "## Do you gift wrap?", "## Is wrapping possible?")
    await answers.publish(bot, draft.id)
    assert sorted(await live(bot)) == ["Do you gift wrap?", "Is wrapping possible?"]


async def test_a_second_answer_to_the_same_question_is_refused(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    await published(bot)
    second = await drafted(bot, question="do you gift wrap", answer="No.")
    with pytest.raises(Refused, match=r"is answered in answers-en\.md already"):
        await answers.publish(bot, second.id)
    assert [passage.text for passage in (await live(bot)).values()] == ["Yes, for €2."]


# ── where the folder lies ──


async def test_a_folder_inside_the_knowledge_base_is_part_of_it(tmp_path: Path) -> None:
    bot = fake_bot(drafts=FakeDrafts(), answer_files=Folder(tmp_path / "kb" / "answers"))
    document = AnswerSource(str(tmp_path / "kb"), "faqs/a.md")
    await ingest(bot, [Text(document, "## How?\nSo.")], [Scope(document.origin)])
    draft = await published(bot)
    assert draft.document == "answers/answers-en.md#do-you-gift-wrap"
    texts = [
        Text(document, "## How?\nSo."),
        Text(AnswerSource(document.origin, "answers/answers-en.md"), await written(bot)),
    ]
    report = await ingest(bot, texts, [Scope(document.origin)])
    assert (report.added, report.removed, report.unchanged) == ((), (), 2)


async def test_a_knowledge_base_ingested_around_the_folder_later_takes_it_over(tmp_path: Path) -> None:
    bot = fake_bot(drafts=FakeDrafts(), answer_files=Folder(tmp_path / "kb" / "answers"))
    draft = await published(bot)
    around = AnswerSource(str(tmp_path / "kb"), "answers/answers-en.md")
    await ingest(bot, [Text(around, await written(bot))], [Scope(around.origin)])
    assert len(await live(bot)) == 1
    await answers.edit(bot, SAM, draft.id, **{**WRAP, "answer": "Yes, for €3."})
    again = await answers.publish(bot, draft.id)
    assert again.document == "answers/answers-en.md#do-you-gift-wrap"
    assert [passage.text for passage in (await live(bot)).values()] == ["Yes, for €3."]


async def test_a_full_ingest_of_another_folder_leaves_the_answers(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    await published(bot)
    other = AnswerSource(str(tmp_path / "kb"), "faqs/a.md")
    await ingest(bot, [Text(other, "## How?\nSo.")], [Scope(other.origin, gone=frozenset({"/nowhere"}))])
    assert sorted(await live(bot)) == ["Do you gift wrap?", "How?"]


async def test_a_namesake_elsewhere_in_the_knowledge_base_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    (tmp_path / "kb").mkdir()
    other = AnswerSource(str(tmp_path / "kb"), "answers-en.md")
    await ingest(bot, [Text(other, "## How?\nSo.")], [Scope(other.origin)])
    draft = await drafted(bot)
    with pytest.raises(Refused, match=r"has a file answers-en\.md from"):
        await answers.publish(bot, draft.id)
    assert await written(bot) == ""


class Text:
    def __init__(self, source: AnswerSource, says: str) -> None:
        self.origin, self.path, self.fields, self._says = source.origin, source.path, dict[str, str](), says

    def data(self) -> bytes:
        return self._says.encode()


# ── what goes wrong ──


async def test_a_file_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await drafted(bot)
    folder_of(bot).fails = Unavailable("the disk is full")
    with pytest.raises(Unavailable, match="disk is full"):
        await answers.publish(bot, draft.id)
    assert await bot.drafts.draft(draft.id) == draft
    assert await live(bot) == {}


class Broken(FakeIndexes):
    def publish(self, passages: Any, pieces: Any, vectors: Any, content: str = "", *rest: Any) -> Any:
        raise RuntimeError("a secret detail")


async def test_an_index_that_cannot_be_built_is_said_and_the_next_publication_mends_it(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await drafted(bot)
    with pytest.raises(Unavailable, match=r"stands in answers-en\.md now, but cannot be answered from yet") as caught:
        await answers.publish(replace(bot, indexes=Broken()), draft.id)
    assert "secret" not in str(caught.value)
    held = await bot.drafts.draft(draft.id)
    assert (held.status, bool(held.passage)) == (DraftStatus.DRAFT, True)
    await published(bot, question="Do you sell used tents?", answer="No.")
    assert len(await live(bot)) == (await bot.run(bot.indexes.current)).manifest.passages == 2
    assert (await answers.publish(bot, draft.id)).status is DraftStatus.PUBLISHED


async def test_an_answer_edited_after_a_failure_replaces_what_was_written(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await published(bot)
    await answers.edit(bot, SAM, draft.id, **{**WRAP, "answer": "For €3."})
    with pytest.raises(Unavailable):
        await answers.publish(replace(bot, indexes=Broken()), draft.id)
    await answers.edit(bot, SAM, draft.id, **{**WRAP, "answer": "For €4."})
    await answers.publish(bot, draft.id)
    assert [passage.text for passage in (await live(bot)).values()] == ["For €4."]
    assert "€3" not in await written(bot)


async def test_an_unfinished_or_dismissed_draft_cannot_be_published(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    empty = await answers.suggest_for(bot, ANN, "Do you gift wrap?")
    with pytest.raises(Refused, match="The answer is empty"):
        await answers.publish(bot, empty.id)
    assert (await answers.dismiss(bot, empty.id)).status is DraftStatus.DISMISSED
    with pytest.raises(Conflict, match="dismissed"):
        await answers.publish(bot, empty.id)
    assert (await answers.edit(bot, SAM, empty.id, **WRAP)).status is DraftStatus.DRAFT


async def test_a_published_answer_cannot_be_dismissed(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    draft = await published(bot)
    with pytest.raises(Conflict, match=r"stands in answers-en\.md"):
        await answers.dismiss(bot, draft.id)


# ── check ──


async def checked(bot: Bot, **fields: Any) -> answers.Checked:
    return await answers.check(bot, await drafted(bot, **fields))


async def known(tmp_path: Path, passages: Sequence[Passage]) -> Bot:
    return await shop_bot(passages=passages, drafts=FakeDrafts(), answer_files=Folder(tmp_path / "answers"))


async def test_the_nearest_passages_come_best_first_and_without_its_own(tmp_path: Path) -> None:
    bot = await known(tmp_path, (RETURNS, DELIVERY))
    found = await checked(bot, question="Can I return a gift?", answer="Yes, with the receipt.")
    assert found.nearest[0].passage == RETURNS
    assert [hit.score for hit in found.nearest] == sorted((hit.score for hit in found.nearest), reverse=True)
    draft = await published(bot, question="Can I return a gift?", answer="Yes, with the receipt.")
    again = await answers.check(bot, draft)
    assert draft.passage not in {hit.passage.id for hit in again.nearest}
    assert again.problems == ()


async def test_another_number_for_the_same_thing_is_a_conflict(tmp_path: Path) -> None:
    bot = await known(tmp_path, (RETURNS, WARRANTY))
    text = "You can return unused items within 14 days."
    (conflict,) = (await checked(bot, question="How long can I return something?", answer=text)).conflicts
    assert conflict.passage == RETURNS
    assert conflict.why == "It says 30 days; here it is 14 days."
    agreeing = await checked(bot, question="Until when can I return it?", answer="You can return it within 30 days.")
    assert agreeing.conflicts == ()


async def test_the_same_question_is_said_to_be_answered_already(tmp_path: Path) -> None:
    bot = await known(tmp_path, (RETURNS, WARRANTY))
    found = await checked(bot, question="how do I return Something", answer=RETURNS.text)
    assert [(one.passage, one.why) for one in found.conflicts] == [(RETURNS, "This question is answered already.")]


async def test_without_any_index_there_is_nothing_near(tmp_path: Path) -> None:
    found = await checked(shop(tmp_path))
    assert (found.nearest, found.conflicts, found.problems) == ((), (), ())


async def test_what_would_not_survive_the_file_is_a_problem_before_it_is_tried(tmp_path: Path) -> None:
    bot = shop(tmp_path)
    await published(bot)
    problems = (await checked(bot)).problems
    assert problems == ("“Do you gift wrap?” is answered in answers-en.md already: change that answer instead.",)
    empty = await answers.suggest_for(bot, ANN, "Do you gift wrap?")
    assert (await answers.check(bot, empty)).problems == ("The answer is empty: write what the customer should read.",)


async def test_a_customers_data_is_a_problem_and_the_shops_own_address_is_not(tmp_path: Path) -> None:
    page = passage("faqs/contact.md#mail", "How do I reach you?", "Write to help@shop.example.")
    bot = await known(tmp_path, (page,))
    text = "Write to help@shop.example, not to eve@mail.example."
    found = await checked(bot, answer=text, phrasings=["my order AV-204518"])
    assert found.problems == (
        "Take out “eve@mail.example” (answer): it looks like an e-mail address.",
        "Take out “AV-204518” (other ways to ask): it looks like an order or tracking number.",
    )
