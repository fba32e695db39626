"""Dialogues as transcripts: `transcripts/*.txt` say what customers, agents and the bot say, one line each.

    page "How long may I keep it?": You have 30 days.   a passage of the knowledge base
    customer: How long may I keep it?                    what follows is what the bot must do about it
    finds 0.9 "How long may I keep it?"                  what retrieval finds for it, best first (nothing: no line)
    draft: You have 30 days.                             what the generator writes; `draft(refused): …` fails the guard
    bot(search "How long may I keep it?")                compared when it is written down
    bot: You have 30 days. [How long may I keep it?]     the reply and what it cites
    bot(handoff no_answer)                               or bot(handoff reason): with its text
    bot(offers "A" | "B")                                near questions; bot(silent) while people have it
    customer(presses the button) · customer(closes) · agent: claims · agent: returns · agent: closes
    status: waiting                                      who has it now

A line that begins with # is a comment. Several pages, finds and drafts may stand below each other; a message of several
questions takes its finds in groups parted by `then`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import dialogue
from bot.conversation import Conversation, Reason, Status
from bot.dialogue import Answer, Ask, Clarify, HandOff, Hold, Policy, Reply, Say, Search, Thresholds
from bot.grounding import Verdict
from bot.knowledge import Citation, Hit, Passage, language_of
from bot.texts import say

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
POLICY = Policy(Thresholds(0.7, 0.4), Thresholds(0.6, 0.3))
START = datetime(2026, 1, 5, 9, tzinfo=UTC)

LINE = re.compile(
    r'(?P<who>\w+)(?:\((?P<how>.*?)\))?(?: (?P<score>[\d.]+))?(?: "(?P<title>[^"]*)")?(?:: ?(?P<text>.*))?'
)


@dataclass
class Turn:
    """A customer message with what the transcript says of it: what is found and drafted, and what the bot must do."""

    text: str
    finds: list[list[tuple[float, str]]] = field(default_factory=lambda: [[]])
    drafts: list[tuple[str, bool]] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)


@dataclass
class Play:
    """One transcript in progress."""

    pages: dict[str, Passage] = field(default_factory=dict)
    conversation: Conversation = field(default_factory=lambda: Conversation("c1", "mia", "e1"))
    turn: Turn | None = None
    clock: datetime = START

    def now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def line(self, line: str) -> None:
        found = LINE.fullmatch(line)
        assert found, f"cannot read: {line}"
        who, how, text = found["who"], found["how"], found["text"] or ""
        if who in ("finds", "then", "draft", "bot"):
            assert self.turn, f"no customer message before: {line}"
            self._about_turn(who, how, found, line)
            return
        self.finish()
        match who, how:
            case "page", _:
                self.pages[found["title"]] = page(found["title"], text)
            case "customer", None:
                self.turn = Turn(text.replace("\\n", "\n"))
                cid = f"m{self.conversation.head}"
                self.conversation = self.conversation.said(self.turn.text, sender="mia", cid=cid, at=self.now())
            case "customer", act:
                self._act({"presses the button": "presses", "closes": "closes"}[act])
            case "agent", _:
                self._act(text)
            case "status", _:
                assert self.conversation.status == text
            case _:
                raise AssertionError(f"cannot read: {line}")

    def _about_turn(self, who: str, how: str | None, found: re.Match[str], line: str) -> None:
        assert self.turn
        if who == "finds":
            self.turn.finds[-1].append((float(found["score"]), found["title"]))
        elif who == "then":
            self.turn.finds.append([])
        elif who == "draft":
            self.turn.drafts.append((found["text"], how != "refused"))
        else:
            self.turn.expected.append(line)

    def _act(self, act: str) -> None:
        at, now = self.now(), self.conversation
        acts: dict[str, Callable[[], Conversation]] = {
            "claims": lambda: now.claimed("Ana", at=at),
            "returns": lambda: now.returned(at=at),
            "closes": lambda: now.closed(at=at),
            "presses": lambda: now.handed_off(Reason.ASKED, at=at, sender="mia", cid="button"),
        }
        self.conversation = acts[act]()

    def finish(self) -> None:
        """Let the bot do what it does about the last customer message, and compare."""
        if self.turn is None:
            return
        turn, self.turn = self.turn, None
        done = self._answer(turn)
        if not any(line.startswith("bot(search") for line in turn.expected):
            done = [line for line in done if not line.startswith("bot(search")]
        assert len(done) == len(turn.expected), f"{turn.text!r}: {done}"
        for was, wanted in zip(done, turn.expected, strict=True):
            assert was == wanted or was.startswith(f"{wanted}: "), f"{turn.text!r}: {was}"

    def _answer(self, turn: Turn) -> list[str]:
        question = self.conversation.events[-1]
        plan = dialogue.plan(self.conversation, question)
        language = plan.language if isinstance(plan, Search) else language_of(turn.text)
        match plan:
            case Hold():
                assert not self.conversation.unanswered
                return ["bot(silent)"]
            case Say(key):
                return [self._say(say(key, language))]
            case HandOff(reason):
                return [self._hand_off(reason, language)]
            case Search(parts):
                return self._search(parts, language, turn)

    def _search(self, parts: tuple[Ask, ...], language: str, turn: Turn) -> list[str]:
        done = [f'bot(search "{part.query}")' for part in parts]
        finds = turn.finds + [[]] * len(parts)
        settled = [self._settle(part, found, language, turn) for part, found in zip(parts, finds, strict=False)]
        replies = [one for one in settled if isinstance(one, Reply)]
        options = [option for one in settled if isinstance(one, Clarify) for option in one.options]
        if replies:
            cited = tuple(citation for reply in replies for citation in reply.citations)
            return [*done, self._say(" / ".join(_below_its_question(reply.text) for reply in replies), cited)]
        if options:
            self._say(say("clarify", language))
            return [*done, "bot(offers " + " | ".join(f'"{option}"' for option in options) + ")"]
        return [*done, self._hand_off(Reason.NO_ANSWER, language)]

    def _settle(
        self, part: Ask, found: list[tuple[float, str]], language: str, turn: Turn
    ) -> Reply | Clarify | HandOff:
        hits = [Hit(self.pages[title], score) for score, title in found]
        decision = dialogue.decide(hits, hits[0].score if hits else 0.0, language, POLICY)
        if not isinstance(decision, Answer):
            return decision
        verdicts = [Verdict(text, is_carried, 0 if is_carried else None) for text, is_carried in turn.drafts]
        return dialogue.settle(verdicts, decision.hits, part.question, POLICY)

    def _say(self, text: str, citations: tuple[Citation, ...] = ()) -> str:
        for question in self.conversation.unanswered:
            self.conversation = self.conversation.replied(
                text, answers=question.seq, at=self.now(), citations=citations
            )
        cited = f" [{', '.join(c.title for c in citations)}]" if citations else ""
        return "bot: " + text.replace("\n", "\\n") + cited

    def _hand_off(self, reason: Reason, language: str) -> str:
        text = say(f"handoff.{reason}", language)
        (question,) = self.conversation.unanswered
        self.conversation = self.conversation.handed_off(reason, at=self.now(), text=text, answers=question.seq)
        assert self.conversation.status is Status.WAITING
        return f"bot(handoff {reason.value}): {text}"


def page(title: str, text: str) -> Passage:
    kind = "faq" if title.endswith(("?", "？")) else "policy"
    written = text.replace("\\n", "\n")
    return Passage(
        "pages.md", f"pages.md#{title}", title, written, language_of(title + text), "faq" if kind == "faq" else "policy"
    )


def play(transcript: str) -> Play:
    playing = Play()
    for line in transcript.splitlines():
        if line.strip() and not line.startswith("#"):
            playing.line(line.strip())
    playing.finish()
    return playing


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_bot_does_as_the_transcript_says(path: Path) -> None:
    events = play(path.read_text(encoding="utf-8")).conversation.events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_there_are_transcripts_in_both_languages() -> None:
    chinese = [path for path in TRANSCRIPTS if language_of(path.read_text(encoding="utf-8")) == "zh"]
    assert len(TRANSCRIPTS) >= 25
    assert len(chinese) >= 8


def test_a_transcript_that_expects_something_else_fails() -> None:
    with pytest.raises(AssertionError, match="You're welcome"):
        play("customer: thanks\nbot: Goodbye, and thank you for stopping by.")
    with pytest.raises(AssertionError, match="cannot read"):
        play("robot: hello")


def test_a_reply_that_comes_after_an_agent_claimed_is_not_added() -> None:
    from bot.errors import Conflict

    asked = Conversation("c1", "mia", "e1").said("Where is it?", sender="mia", cid="m1", at=START)
    claimed = replace(asked, fresh=()).claimed("Ana", at=START)
    with pytest.raises(Conflict):
        claimed.replied("Here.", answers=1, at=START)


def _below_its_question(text: str) -> str:
    """A quoted answer without the question it stands under: transcripts name neither titles nor layout."""
    return text.partition("**\n\n")[2] if text.startswith("**") else text
