"""The extractive reply: the sentences of a passage that answer a question, word for word. Pure.

Which sentence it is several signs tell, each by itself little better than a guess between two or three of them:
meaning, nearness word by word, shared words, how likely the generator would begin its reply with it. Their weights are
those of a conditional logit fitted on held-out rows, so what comes of them is a chance that can be added up: as many
sentences are said as hold the answer in most cases. `docs/evaluation.md` says what each sign is worth.

A sentence is not torn from what it leans on ("It costs €5."), from what takes back a part of it ("However, …"), nor an
item from its list, a heading from what it stands above, a case from the cases beside it ("If … If …"). One that stands
between two that are said is said as well: that costs three words in forty, and in four replies of a hundred it was the
answer that would have been missing.
"""

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise
from math import exp
from operator import mul

from bot.sentences import sentences


@dataclass(frozen=True, slots=True)
class Signs:
    """How near one sentence comes to the question, and the weight of each of these in WEIGHTS."""

    meaning: float  # cosine of the two vectors
    words: float  # how near it comes to each word of the question, on average: late interaction
    shared: float  # share of the question's terms that it holds
    begun: float = 0.0  # natural logarithm of the chance that the generator begins with it and with none of the others
    opens: float = 0.0  # 1 for the first sentence of an FAQ's answer, which need not repeat what its question says


WEIGHTS = Signs(meaning=0.5, words=2.5, shared=2.3, begun=0.11, opens=0.5)
ENOUGH = 0.75  # of the chance: so much of it must be said

_ITEM = re.compile(r"\s*(?:[-*–]\s|[•·]|\(?\d{1,2}[.)、](?!\d)|\|)\s*\S")
_HEADING = re.compile(r"#{1,6}\s+\S|\*\*[^*]*[^*.!。！]\*\*$")
_LEANS = re.compile(
    r"\W*(?:(?:it|its|this|that|these|those|they|them|their|then|there|also|so|both|neither|he|she|such|otherwise|but"
    r"|in (?:this|that) case|if (?:so|not)|for (?:this|that)|after that|instead|however|and|or|yet|still|therefore"
    r"|here|either|the (?:same|latter|former|other|rest|first|second))\b"
    r"|[这那它其该此]|但|不过|否则|然而|因此|所以|同时|另外|此外|而|届时|如果不|其中|也)",
    re.I,
)
_TAKES_BACK = re.compile(
    r"\W*(?:(?:however|but|unless|except|exceptions?|only|otherwise|this does not|this doesn't|it does not|please note"
    r"|not (?:all|every)|note|exclud\w+|apart from|the only|these? (?:rule|offer|policy) does not)\b"
    r"|但|不过|除|否则|例外|仅限|只有|然而|注意|请注意|不包括|不适用)",
    re.I,
)
_CASE = re.compile(r"\W*(?:if\b|如果|若|如您)", re.I)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`said` are its sentences; `chance` is how likely the one that answers is among them."""

    text: str
    said: tuple[str, ...]
    chance: float


def chances(signs: Sequence[Signs]) -> list[float]:
    """Of each sentence, to be the one that answers, if one of them does."""
    scores = [sum(map(mul, astuple(WEIGHTS), astuple(one))) for one in signs]
    top = max(scores, default=0.0)
    shares = [exp(score - top) for score in scores]
    return [share / sum(shares) for share in shares]


def nearness(asked: Sequence[Sequence[float]], told: Sequence[Sequence[float]]) -> float:
    """How near words come to those of a question: of each the largest cosine, on average. 0 where one has none.

    Each word is a vector of length 1."""
    if not asked or not told:
        return 0.0
    nearest = [max(float(sum(map(mul, one, other))) for other in told) for one in asked]
    return sum(nearest) / len(asked)


def excerpt(text: str, chances: Sequence[float], *, keeps_first: bool = False) -> Excerpt:
    """The likeliest sentences of `text` in their order, and what belongs to them; `chances` are those of
    `sentences(text)`. `keeps_first`: the first one is among them in any case."""
    stated = sentences(text)
    gaps = _gaps(text, stated)
    blocks = _blocks(stated, gaps)
    of_block = [sum(chances[n] for n in block) for block in blocks]
    chosen, held = ({0}, of_block[0]) if keeps_first else (set[int](), 0.0)
    for at in sorted(range(len(blocks)), key=lambda at: -of_block[at]):
        if held >= ENOUGH:
            break
        held += 0.0 if at in chosen else of_block[at]
        chosen.add(at)
    openings = [stated[block.start] for block in blocks]
    if max(of_block, default=0.0) < ENOUGH:  # else the question names its case
        _add_cases(chosen, openings)
    chosen |= {at for at in range(1, len(blocks) - 1) if {at - 1, at + 1} <= chosen and len(blocks[at]) == 1}
    _complete(chosen, openings)
    said = [n for at in sorted(chosen) for n in blocks[at]]
    return Excerpt(_as_written(stated, gaps, said), tuple(stated[n] for n in said), sum(of_block[at] for at in chosen))


def _complete(chosen: set[int], openings: Sequence[str]) -> None:
    """What one of those chosen leans on joins them, and what takes back a part of one."""
    for at in range(len(openings) - 1, 0, -1):
        if at in chosen and _LEANS.match(openings[at]):
            chosen.add(at - 1)
    for at in range(1, len(openings)):
        if at - 1 in chosen and _TAKES_BACK.match(openings[at]):
            chosen.add(at)


def _add_cases(chosen: set[int], openings: Sequence[str]) -> None:
    """Where it is not sure which case a customer is in, those beside a chosen one join it."""
    for order in (range(1, len(openings)), range(len(openings) - 1, 0, -1)):
        for at in order:
            if chosen & {at - 1, at} and all(map(_CASE.match, openings[at - 1 : at + 1])):
                chosen |= {at - 1, at}


def _gaps(text: str, stated: Sequence[str]) -> list[str]:
    """The blanks and line breaks that stand before each sentence."""
    gaps, end = list[str](), 0
    for sentence in stated:
        begin = text.index(sentence, end)
        gaps.append(text[end:begin])
        end = begin + len(sentence)
    return gaps


def _blocks(stated: Sequence[str], gaps: Sequence[str]) -> list[range]:
    """Sentences that stand or fall together: a list, with the line that announces it; a heading, with what follows."""
    blocks: list[range] = []
    is_in_item = False  # which began on a line of its own
    for n, sentence in enumerate(stated):
        before, is_item = stated[n - 1] if n else "", _ITEM.match(sentence) is not None
        follows = is_item and (is_in_item or _ITEM.match(before) or _announces(before))
        goes_on = n > 0 and (follows or _HEADING.match(before) or (is_in_item and not gaps[n].endswith("\n")))
        if goes_on:
            blocks[-1] = range(blocks[-1].start, n + 1)
        else:
            blocks.append(range(n, n + 1))
        is_in_item = (is_item and (n == 0 or "\n" in gaps[n])) or (is_in_item and bool(goes_on))
    return blocks


def _announces(sentence: str) -> bool:
    return sentence.rstrip("*_ ").endswith((":", "："))


def _as_written(stated: Sequence[str], gaps: Sequence[str], said: Sequence[int]) -> str:
    """Those sentences with what stands between them: what began on a line of its own still does."""
    text = stated[said[0]]
    for before, n in pairwise(said):
        text += max(gaps[before + 1], gaps[n], key=lambda gap: gap.count("\n")) + stated[n]
    return text
