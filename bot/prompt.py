"""Turns and passages → a prompt inside a token budget.

Everything a customer or a shop wrote is data between markers; a marker inside the data is defused, so nobody can
open a turn or end a passage from within. The question stands before the passages *and* after them: a causal model
reads left to right, so only then do its passage positions know what is asked.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

QUESTION, PASSAGE, CUSTOMER, BOT, REPLY = "<|question|>", "<|passage|>", "<|customer|>", "<|bot|>", "<|reply|>"
HANDOFF, END = "<|handoff|>", "<|end|>"
MARKERS = (QUESTION, PASSAGE, CUSTOMER, BOT, REPLY, HANDOFF, END)

_MARKER = re.compile(r"<\|([^|<>]{0,32})\|>")
_SPACES = re.compile(r"[ \t]+")
HISTORY_TURNS = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message, as the prompt needs it."""

    is_customer: bool
    text: str


def build(
    question: str,
    passages: Sequence[tuple[str, str]],
    history: Sequence[Turn] = (),
    *,
    count_tokens: Callable[[str], int],
    budget: int,
) -> str:
    """The prompt for `question` over `passages` (title, text), at most `budget` tokens.

    What does not fit goes in this order: old turns, the last passages, the end of the first passage. The question is
    never dropped; it is cut to a third of the budget if it must be.
    """
    ask = _cut(_clean(question), budget // 3, count_tokens)
    shown = list(map(_shown, passages))
    turns = [f"{CUSTOMER if t.is_customer else BOT}{_clean(t.text)}" for t in history[-HISTORY_TURNS:]]

    def assemble() -> str:
        return "".join([QUESTION, ask, *shown, *turns, QUESTION, ask, REPLY])

    while count_tokens(assemble()) > budget:
        if turns:
            turns.pop(0)
        elif len(shown) > 1:
            shown.pop()
        elif shown and (room := budget - count_tokens("".join([QUESTION, ask, QUESTION, ask, REPLY]))) > 16:
            shortened = _cut(shown[0], room, count_tokens)
            shown = [shortened] if len(shortened) < len(shown[0]) else []
        else:
            shown = []
            break
    return assemble()


def before_question(passages: Sequence[tuple[str, str]]) -> str:
    """Up to where a question is read that has not been asked yet: a generator may say how well it expects it."""
    return "".join([QUESTION, *map(_shown, passages), QUESTION])


def _shown(passage: tuple[str, str]) -> str:
    title, text = passage
    return f"{PASSAGE}{_clean(title)}\n{_clean(text)}"


def _clean(text: str) -> str:
    """Data, not instructions: markers lose their bars, runs of blanks shrink."""
    return _SPACES.sub(" ", _MARKER.sub(r"<\1>", text)).strip()


def _cut(text: str, budget: int, count_tokens: Callable[[str], int]) -> str:
    """The longest run of whole words from the start of `text` that fits `budget` tokens (binary search)."""
    if count_tokens(text) <= budget:
        return text
    words = re.findall(r"\S+\s*", text)
    words = list(text) if len(words) < 4 else words  # Chinese has no blanks to cut at
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if count_tokens("".join(words[:middle])) <= budget:
            low = middle
        else:
            high = middle - 1
    return "".join(words[:low]).rstrip()
