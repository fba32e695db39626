"""Text → sentences, English and Chinese, whole or as it streams in.

A boundary is decided by what stands before it and by the one character that follows, never by more: so a sentence
that was finished while the text streamed in is the same sentence once all of it is there.
"""

import re
from collections.abc import Iterator

from bot.openings import AFFIRMATIONS, DENIALS

_CJK = "\u3400-\u9fff\uf900-\ufaff"
_CLOSERS = "\"'”’)\\]）」』》】*"
# A line break, a CJK stop, or a western stop with a blank after it.
_STOP = re.compile(
    rf"(?P<line>\n\s*)|(?P<cjk>[。！？｡]+[{_CLOSERS}]*\s*)|(?<=[{_CJK}])(?P<mixed>[!?]+[{_CLOSERS}]*\s*)"
    rf"|(?P<western>(?<![.!?…])[.!?…]+[{_CLOSERS}]*\s+)"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:e\.g|i\.e|etc|approx|incl|excl|max|min|no|nr|vs|mr|mrs|ms|dr|st|ca|cf|fig|tel|ext|inc|ltd|co|"
    r"dept|est|resp|p\.p|[a-z]\.[a-z]|[A-Z])\.$",
    re.IGNORECASE,
)
_NUMBERING = re.compile(r"(?:^\s{0,3}|[\n•*]\s{0,3}|[:;)]\s{1,3})(?:\d{1,2}|[a-zA-Z])[.)]$")
_NO_ABBREVIATION_BEFORE_WORDS = ("no.", "max.", "min.", "etc.")  # "No. We …" ends; "No. 5" does not
_BULLET = re.compile(r"[-*•|#>\d]")
_LAST = 16  # how far back an abbreviation is looked for


def complete_sentences(text: str) -> tuple[list[str], str]:
    """The sentences that more text cannot change any more, and the unfinished rest."""
    finished, start = [], 0
    for end in _boundaries(text):
        piece = text[start:end]
        if not piece.strip():
            start = end
        elif not _is_interjection(piece):  # "Yes." goes with the sentence that says what is meant
            finished.append(piece.strip())
            start = end
    return finished, text[start:]


def sentences(text: str) -> list[str]:
    """All sentences of a text, the last one whether finished or not."""
    finished, rest = complete_sentences(text)
    return [*finished, rest.strip()] if rest.strip() else finished


_JOINT = re.compile(r";\s+|；|,\s+(?:and|but|while|whereas)\s+", re.IGNORECASE)
_LEANING = re.compile(
    r"(?:it|its|they|them|their|this|that|these|those|then|otherwise|only|not|never|nor|none|both|so|also|after|until|"
    r"before|or|such|same|else|instead|except|including|one|others?|can|cannot|can't|could|may|might|must|is|are|was|were|isn't|aren't|"
    r"will|won't|would|should|has|have|had|do|does|don't|doesn't|need|needs|costs?|takes?)\b|[它其此这那否逾之届则就也还并]",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"(?:if|unless|when|once|for|after|within|until|before|as|with|without|in|on|from|to)\b", re.I)
_LEAST = 3  # words or ideographs of a part that can stand alone


def independent(sentence: str) -> list[str]:
    """The main clauses of a sentence, where each can be told by itself; none where one leans on another."""
    joints = list(_JOINT.finditer(sentence))
    if _CONDITION.match(sentence):
        joints = [joint for joint in joints if joint[0][0] in ";；"]
    starts = [0, *(joint.end() for joint in joints)]
    ends = [*(joint.start() for joint in joints), len(sentence)]
    parts = [sentence[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    is_whole = all(len(re.findall(rf"[^\W{_CJK}]+|[{_CJK}]", part)) >= _LEAST for part in parts)
    return parts if joints and is_whole and not any(_LEANING.match(part) for part in parts[1:]) else []


def _boundaries(text: str) -> Iterator[int]:
    start = 0
    for match in _STOP.finditer(text):
        if match.end() < len(text) and _is_boundary(text, start, match):
            start = match.end()
            yield start


def _is_boundary(text: str, start: int, match: re.Match[str]) -> bool:
    following = text[match.end()]
    if match["line"] is not None:
        return not (following.islower() and text[start : match.start()].rstrip()[-1:] not in tuple(".!?:;|。！？："))
    if match["western"] is None:
        return True
    if "\n" in match["western"]:
        return True
    if not match["western"].startswith("."):
        return True
    before = text[max(start, match.start() - _LAST) : match.start() + 1]
    if _NUMBERING.search(before):
        return False
    if _ABBREVIATION.search(before):
        ends_here = before.lower().endswith(_NO_ABBREVIATION_BEFORE_WORDS)
        return ends_here and not following.isdigit() and not following.islower()
    return not following.islower()


def _is_interjection(piece: str) -> bool:
    bare = piece.strip().strip(".!?。！？,，*\"'… ").lower()
    return len(bare) < 12 and (bare in AFFIRMATIONS or bare in DENIALS)
