"""Who wants a person, and in what mood: recall and false alarms, by mood.

    python -m tests.bench.moods [FILE.jsonl …]

A line of a file is {"text": …, "mood": "asked_for_person" … or "" for an ordinary question, "language": "en"}; without
files the judged sentences of this repository are read. None of them is among the bot's examples.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot import dialogue
from bot.conversation import Conversation, Reason
from bot.dialogue import HandOff, Say, Search
from bot.knowledge import language_of
from bot.mood import Example, Mood, readable, spoken
from bot.ports import Moods

JUDGED = Path(__file__).parents[1] / "unit" / "data" / "moods_judged.jsonl"
AT = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Judged:
    text: str
    mood: str  # "" for an ordinary question
    language: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: of the sentences in this mood, how many were heard, and heard as this mood."""

    mood: str
    sentences: int
    heard: int
    as_it: int


def read(file: Path) -> list[Judged]:
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Judged(row["text"], row.get("mood", ""), row.get("language") or language_of(row["text"])) for row in rows]


def heard_in(text: str, moods: Moods | None) -> str:
    """The mood the bot acts on in a first message, as `reply.think` does; "" when it says what the search finds."""
    conversation = Conversation("c", "mia", "e").said(text, sender="mia", cid="1", at=AT)
    question = conversation.events[-1]
    plan = dialogue.plan(conversation, question)
    if isinstance(plan, Search) and moods is not None:
        plan = dialogue.heed(plan, moods.hear(spoken(text)), conversation, question)
    match plan:
        case HandOff(reason):
            return reason
        case Say("abuse"):
            return Mood.ABUSE
        case Search(otherwise=otherwise) if otherwise is not Reason.NO_ANSWER:
            return f"{otherwise}?"  # the pages are asked first
    return ""


def table(judged: Sequence[Judged], moods: Moods | None) -> list[Row]:
    found = [(row.mood, heard_in(row.text, moods)) for row in judged]
    return [
        Row(
            mood or "ordinary",
            sum(said == mood for said, _ in found),
            sum(said == mood and heard != "" for said, heard in found),
            sum(said == mood and heard.rstrip("?") == mood for said, heard in found),
        )
        for mood in ("", *Mood)
        if any(said == mood for said, _ in found)
    ]


def alarms(judged: Sequence[Judged], moods: Moods | None) -> Counter[str]:
    """What ordinary questions were taken for. A "?" behind a mood: only if the pages do not answer."""
    heard = (heard_in(row.text, moods) for row in judged if not row.mood)
    return Counter(mood for mood in heard if mood)


def lines(judged: Sequence[Judged], moods: Moods | None) -> Iterator[str]:
    yield "| said | sentences | heard | as that mood |\n|---|---|---|---|"
    for row in table(judged, moods):
        shares = (f"{count / row.sentences:.3f}" for count in (row.heard, row.as_it))
        yield f"| {row.mood} | {row.sentences} | " + " | ".join(shares) + " |"
    yield "ordinary questions taken for: " + (
        ", ".join(f"{m} {n}" for m, n in alarms(judged, moods).most_common()) or "–"
    )


def main(files: Sequence[str]) -> None:
    from bot.adapters.mood_file import examples
    from bot.adapters.mood_model import MoodModel
    from bot.bootstrap import make_embedder, quiet_libraries
    from bot.settings import Settings

    quiet_libraries()
    settings = Settings()
    embedder = make_embedder(settings)
    moods = MoodModel(embedder, examples(settings.moods))
    for file in files or [str(JUDGED)]:
        rows = read(Path(file))
        for language in sorted({row.language for row in rows}):
            print(f"\n{Path(file).name}, {language}:")
            ears = moods if readable([Example("", language, "")], embedder.languages) else None
            print("\n".join(lines([row for row in rows if row.language == language], ears)))


if __name__ == "__main__":
    main(sys.argv[1:])
