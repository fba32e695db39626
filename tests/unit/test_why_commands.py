"""What led to a reply is told from what was kept with it, and drawn only where the same model can be asked."""

from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from bot import bootstrap, bootstrap_insight, why_commands
from bot.attention import Attended, Looks
from bot.errors import NotFound, Refused
from bot.events import Evidence
from bot.output import Output
from bot.reply import answer, ask, receive
from bot.settings import Settings
from bot.why_commands import check_drawing, drafts_of, draw_attention, show_evidence
from tests.fakes import begin, shop_bot, writes

PROMPT = "<|question|>q<|passage|>Returns\nYou have 30 days.<|question|>q<|reply|>"
DRAFT = "You have 30 days."


class Seeing:
    """Looks at everything alike."""

    name = "composer@12345678"

    def looks(self, prompt: str, draft: str) -> Looks:
        text = prompt + draft
        row = tuple(1 / len(text) for _ in text)
        return Looks(text, len(prompt), tuple((n, n + 1) for n in range(len(text))), (row,) * len(draft))

    def handoff(self, prompt: str) -> float | None:
        return None


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Attended, str]]:
    pictures: list[tuple[Attended, str]] = []

    def picture(found: Attended, about: str) -> bytes:
        pictures.append((found, about))
        return b"PNG"

    monkeypatch.setattr(bootstrap_insight, "make_insight", lambda settings: Seeing())
    monkeypatch.setattr(bootstrap_insight, "attention_picture", picture)
    return pictures


def evidence(**changes: Any) -> dict[str, Any]:
    kept = Evidence("q", "q", "answer", "generated", prompt=PROMPT, draft=DRAFT, models={"generator": Seeing.name})
    return {**asdict(kept), **changes}


async def test_a_draft_is_drawn_with_what_became_of_it(tmp_path: Path, drawn: list[tuple[Attended, str]]) -> None:
    file = tmp_path / "why.png"
    await draw_attention(Settings(), Output(), evidence(source="verbatim"), file)
    assert file.exists()
    [(found, about)] = drawn
    assert [one.word.text for one in found.draft] == ["You", "have", "30", "days."]
    assert about == "Drafted by composer@12345678; not sent: the passage was quoted instead."


async def test_each_question_of_a_message_has_its_picture(tmp_path: Path, drawn: list[Any]) -> None:
    two = [{"prompt": PROMPT, "draft": DRAFT}, {"prompt": PROMPT, "draft": "Yes."}]
    await draw_attention(Settings(), Output(), evidence(drafts=two), tmp_path / "why.png")
    assert (tmp_path / "why.png").exists()
    assert (tmp_path / "why-2.png").exists()
    assert len(drawn) == 2


async def test_what_became_of_a_draft_is_told_as_far_as_it_is_known(
    tmp_path: Path, drawn: list[tuple[Attended, str]]
) -> None:
    await draw_attention(Settings(), Output(), evidence(source="extractive"), tmp_path / "a.png")
    two = [{"prompt": PROMPT, "draft": DRAFT}] * 2
    await draw_attention(Settings(), Output(), evidence(drafts=two), tmp_path / "b.png")
    assert [about.partition("; ")[2] for _, about in drawn] == [
        "not sent: sentences of the passage were sent instead.",
        *["of the drafts for this message at least one was sent."] * 2,
    ]


async def test_where_another_model_looked_is_not_guessed(tmp_path: Path, drawn: list[Any]) -> None:
    with pytest.raises(Refused, match="written by composer@00000000, and the generator is composer@12345678 now"):
        await draw_attention(Settings(), Output(), evidence(models={"generator": "composer@00000000"}), tmp_path / "a")
    assert drawn == []


async def test_a_picture_that_cannot_be_written_is_a_sentence(tmp_path: Path, drawn: list[Any]) -> None:
    with pytest.raises(Refused, match="could not be written"):
        await draw_attention(Settings(), Output(), evidence(), tmp_path)


@pytest.mark.parametrize("kept", [{"prompt": "", "draft": ""}, {"draft": "<|handoff|>"}, {"draft": " "}])
def test_without_a_draft_there_is_nothing_to_draw(kept: dict[str, str]) -> None:
    with pytest.raises(Refused, match="nothing was drafted"):
        drafts_of(evidence(**kept))


def test_drafts_that_were_kept_as_one_are_not_guessed_apart() -> None:
    with pytest.raises(Refused, match="cannot be told apart"):
        drafts_of(evidence(prompt=f"{PROMPT}\n\n{PROMPT}", draft="Yes.\n\nNo."))


@pytest.mark.parametrize(
    ("generator", "sentence"), [("http://gpu:8000/v1", "behind a server"), ("none", "there is no draft")]
)
def test_a_generator_that_cannot_tell_is_refused_before_anything_is_loaded(generator: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        check_drawing(Settings(generator=generator), "question", Path("why.png"))


def test_one_question_and_a_folder_that_is_there_are_needed(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="name the question"):
        check_drawing(Settings(), " ", tmp_path / "why.png")
    with pytest.raises(Refused, match="ends in"):
        check_drawing(Settings(), "question", tmp_path / "why.pdf")
    with pytest.raises(Refused, match="there is no folder"):
        check_drawing(Settings(), "question", tmp_path / "nowhere" / "why.png")


async def test_a_reply_keeps_what_is_needed_to_draw_it_later() -> None:
    outcome = await ask(await shop_bot(writes(DRAFT)), "How do I return something?")
    [(prompt, draft)] = drafts_of(asdict(outcome.evidence))
    assert prompt.endswith("<|reply|>")
    assert draft.startswith("You have 30 days")
    assert outcome.evidence.drafts == ()


async def test_a_message_of_two_questions_keeps_its_drafts_apart() -> None:
    both = "How do I return something? How long does delivery take?"
    outcome = await ask(await shop_bot(writes("You can return unused items within 30 days.", "Delivery takes.")), both)
    [(first, _), (second, draft)] = drafts_of(asdict(outcome.evidence))
    assert first.count("<|reply|>") == second.count("<|reply|>") == 1
    assert draft == "Delivery takes."


def test_evidence_of_before_is_told_as_far_as_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    show_evidence(Output(), {"decision": "answer", "source": "verbatim", "hits": [{"anchor": "a.md#b"}], "score": None})
    said = capsys.readouterr().out
    assert "decision answer, source verbatim, score 0.000" in said
    assert "a.md#b\t0.000" in said


async def test_why_tells_a_stored_turn_by_question_reply_or_as_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bot = await shop_bot(writes("You can return unused items within 30 days."))
    desk = {"store": bot.store, "inbox": bot.inbox}
    monkeypatch.setattr(bootstrap, "make_desk", lambda settings: desk)
    monkeypatch.setattr(bootstrap, "migrated", AsyncMock())
    conversation, own = await begin(bot), Settings(data_dir=tmp_path)
    with pytest.raises(NotFound, match="answered nothing"):
        await why_commands.why(own, Output(), conversation, 0, None)
    await receive(bot, conversation, "How do I return something?", sender="s", cid="1")
    await answer(bot, conversation)
    for seq in (0, 1, 2):
        assert await why_commands.why(own, Output(), conversation, seq, None) == 0
        said = capsys.readouterr().out
        assert "1  How do I return something?" in said
        assert "carried: You can return unused items within 30 days." in said
    with pytest.raises(NotFound):
        await why_commands.why(own, Output(), conversation, 9, None)
