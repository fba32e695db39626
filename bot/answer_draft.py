"""An answer on its way into the knowledge base: as suggested, as edited, as published."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot import markdown
from bot.errors import Refused
from bot.invisible import without_invisible

SHORTEST_QUESTION, LONGEST_QUESTION = 3, 300
LONGEST_ANSWER = 4_000
MOST_PHRASINGS = 20
LONGEST_CATEGORY = 80
LANGUAGES = ("en", "zh")

ROUNDS = 50  # of tidying, until nothing changes; each takes something away
_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
    "\ud800-\udfff\ufffe\uffff]"
)
_ASKING = re.compile(r"[^.!?。！？\n]*[?？]")


class DraftStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"  # and answerable as it stands here
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class AnswerDraft:
    """`passage` and `document` name what was last written for it: an edited draft keeps them, to replace its entry."""

    id: str
    status: DraftStatus
    question: str
    answer: str
    language: str
    phrasings: tuple[str, ...] = ()
    category: str = ""
    conversation: str | None = None
    agent_id: str | None = None
    agent_name: str = ""
    passage: str = ""
    document: str = ""
    created_at: datetime | None = None
    published_at: datetime | None = None

    def edited(
        self, *, question: str, answer: str, language: str, phrasings: Sequence[str] = (), category: str = ""
    ) -> "AnswerDraft":
        """As somebody wants it. Raises Refused with a sentence for them; what they sent is not kept then."""
        if self.passage and language != self.language:
            raise Refused("A published answer keeps its language: make another answer for the other one.")
        if "\n" in _BREAK.sub("\n", question.strip()):
            raise Refused("A question is one line: move the rest to the answer.")
        after = replace(
            self,
            status=DraftStatus.DRAFT,
            question=tidy_line(question),
            answer=tidy_answer(answer),
            language=language,
            phrasings=tidy_lines(phrasings),
            category=" ".join(_seen(category).split()),
        )
        require_complete(after)
        if after.content == self.content:
            return replace(after, status=self.status)
        return after

    @property
    def content(self) -> tuple[object, ...]:
        return self.question, self.answer, self.language, self.phrasings, self.category


def require_complete(draft: AnswerDraft) -> None:
    """Raises Refused with the first thing that is missing, or too long."""
    for sentence in shortcomings(draft):
        raise Refused(sentence)


def shortcomings(draft: AnswerDraft) -> Iterator[str]:
    if len(draft.question) < SHORTEST_QUESTION or not any(c.isalnum() for c in draft.question):
        yield f"The question needs {SHORTEST_QUESTION} characters or more, words among them."
    if len(draft.question) > LONGEST_QUESTION:
        yield f"The question is {len(draft.question)} characters long; {LONGEST_QUESTION} is the most."
    if not any(c.isalnum() for c in draft.answer):
        yield "The answer is empty: write what the customer should read."
    if len(draft.answer) > LONGEST_ANSWER:
        yield f"The answer is {len(draft.answer)} characters long; {LONGEST_ANSWER} is the most."
    if draft.language not in LANGUAGES:
        yield "The language must be en or zh."
    if len(draft.phrasings) > MOST_PHRASINGS:
        yield f"There are {len(draft.phrasings)} other ways to ask it; {MOST_PHRASINGS} is the most."
    if any(len(phrasing) > LONGEST_QUESTION for phrasing in draft.phrasings):
        yield f"One of the other ways to ask it is longer than {LONGEST_QUESTION} characters."
    if len(draft.category) > LONGEST_CATEGORY:
        yield f"The category is longer than {LONGEST_CATEGORY} characters."


# ── a first draft, from what customers and agents wrote: nobody has edited it yet, so nothing is refused ──


def as_phrasings(messages: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for line in map(as_question, messages) if line))[:MOST_PHRASINGS]


def as_question(message: str) -> str:
    """A customer's message as one line; of a long one, what it asks."""
    line = tidy_line(message)
    if len(line) > LONGEST_QUESTION:
        asked = [found.strip() for found in _ASKING.findall(_BREAK.sub("\n", message)) if len(found.strip()) > 2]
        line = tidy_line(asked[0]) if asked else line
    return line if len(line) <= LONGEST_QUESTION else tidy_line(_cut(line, LONGEST_QUESTION))


def _cut(line: str, most: int) -> str:
    """Between words, where there are any."""
    head, blank, _ = line[: most + 1].rpartition(" ")
    return head if blank and len(head) > most // 2 else line[:most]


# ── tidy: as it will be read back from a Markdown file, so that nobody is surprised by it later ──


def _seen(text: str) -> str:
    return without_invisible(_UNSEEN.sub("", _BREAK.sub("\n", text)))[0]


def tidy_line(text: str) -> str:
    """One line without Markdown, as a heading or a quoted line is read."""
    return _settled(text, lambda line: markdown.plain(_heading(" ".join(_without_comments(_seen(line)).split()))))


def _heading(line: str) -> str:
    found = markdown.sections([f"## {line}"])
    return found[0].heading if found else ""


def tidy_lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for line in map(tidy_line, texts) if line))


def tidy_answer(text: str) -> str:
    """Markdown that holds no headings, no comments and no open code block."""
    return _settled(text, _tidied_answer)


def _tidied_answer(text: str) -> str:
    lines = markdown.as_body(_without_comments(_seen(text)).split("\n"))
    body = "\n".join(lines).strip()
    return markdown.without_answer_mark(_without_quote(body)).strip()


def _without_comments(text: str) -> str:
    return markdown.without_comments(text).replace("<!--", "")


def _without_quote(body: str) -> str:
    """Quoted lines that open an answer would be read as other ways to ask: they become plain ones."""
    lines = body.split("\n")
    for n, line in enumerate(lines):
        if not line.lstrip().startswith(">"):
            break
        lines[n] = line.lstrip().lstrip("> ")
    return "\n".join(lines)


def _settled(text: str, step: Callable[[str], str]) -> str:
    for _ in range(ROUNDS):
        after = step(text)
        if after == text:
            return text
        text = after
    raise Refused("This text cannot be written as Markdown: take some of its marks (#, *, _, `, <!--) out.")
