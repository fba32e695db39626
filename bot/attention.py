"""Where a generator looked while it wrote, word by word, as people can read it.

Looking is no proof. It shows which words a draft leaned on, mostly those it copies; it does not show why, and it does
not make a sentence true. Whether a passage carries a sentence is for the fact guard alone to say.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.chat_prompt import parts
from bot.prompt import MARKERS, PASSAGE, QUESTION

STRONGEST = 3  # sources named for a word
LEAST = 0.05  # of what its word gave to the passages, for a source to be named

LONGEST = 30  # characters; what is longer (a link, Thai) is set in pieces

_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # ideographs, and kana beside them
_SIGNS = "\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65“”‘’…—·"
_WORD = re.compile(rf"(?P<gap>\s*)(?P<word>[{_CJK}][{_SIGNS}]*|[^\s{_CJK}]{{1,{LONGEST}}})")
_MARKER = re.compile("|".join(map(re.escape, MARKERS)))

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Looks:
    """Where a model looked for each token of a draft.

    `text` is what it read and wrote, the draft from `begin` on; `spans` are the characters of each token of it;
    `weights[i][j]` says how much it looked at token j when it wrote token i of the draft. A row adds up to 1.
    """

    text: str
    begin: int
    spans: tuple[tuple[int, int], ...]
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Word:
    """As written, with its punctuation but not in bold; an ideograph is a word.

    `gap` is what stands before it: nothing, a blank or a new line.
    """

    text: str
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    passage: int
    word: int
    share: float  # of all that the draft's word gave to the passages


@dataclass(frozen=True, slots=True)
class Written:
    """A word of the draft, and the words of the passages that it drew on most, strongest first."""

    word: Word
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A passage, its title first. `weights` are summed over the draft: 1 is one word's whole attention."""

    words: tuple[Word, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Attended:
    question: str
    draft: tuple[Written, ...]
    passages: tuple[Read, ...]
    shares: Mapping[str, float] = field(default_factory=dict)  # of all attention: passages, question, draft, else


def drafted(text: str) -> str:
    """What of a draft is words: it ends at its first marker."""
    return _MARKER.split(text, maxsplit=1)[0].strip()


def words_of(text: str, begin: int = 0, end: int | None = None) -> Iterator[tuple[Span, Word]]:
    """The words of a stretch of `text`, each with the characters it takes."""
    for found in _WORD.finditer(text, begin, len(text) if end is None else end):
        gap = "\n" if "\n" in found["gap"] else " " if found["gap"] else ""
        yield found.span("word"), Word(found["word"].replace("**", "") or found["word"], gap)


def attended(prompt: str, looks: Looks) -> Attended:
    """Tokens become words: a word of the draft looks as its tokens do on average, and at all tokens of a word."""
    held = _sections(prompt, looks.text[: looks.begin])
    read = [list(words_of(looks.text, *span)) for marker, span in held if marker == PASSAGE]
    said = list(words_of(looks.text, looks.begin))
    spans = [span for passage in read for span, _ in passage]
    rows = _by_word(looks, [span for span, _ in said], spans)
    at, places, passages = 0, list[tuple[int, int]](), list[Read]()
    for n, passage in enumerate(read):
        summed = [sum(row[at + k] for row in rows) for k in range(len(passage))]
        passages.append(Read(tuple(word for _, word in passage), tuple(summed)))
        places += [(n, k) for k in range(len(passage))]
        at += len(passage)
    written = tuple(Written(word, _strongest(row, places)) for (_, word), row in zip(said, rows, strict=True))
    question = next((text.strip() for marker, text in reversed(parts(prompt)) if marker == QUESTION), "")
    return Attended(question, written, tuple(passages), _shares(looks, held))


def _sections(prompt: str, text: str) -> list[tuple[str, Span]]:
    """Where in what the model read each part of the prompt stands. What it could not hold any more is left out."""
    found: list[tuple[str, Span]] = []
    for marker, held in parts(prompt):
        bare, begin = held.strip(), 0
        while bare and (begin := text.find(bare, begin)) >= 0:
            if not any(begin < end and start < begin + len(bare) for _, (start, end) in found):
                found.append((marker, (begin, begin + len(bare))))
                break
            begin += 1
    return found


def _by_word(looks: Looks, said: Sequence[Span], read: Sequence[Span]) -> list[list[float]]:
    keys, first = _shares_of(looks.spans, read), len(looks.spans) - len(looks.weights)
    written = _shares_of(looks.spans[first:], said)
    rows = []
    for tokens in written:
        whole = sum(tokens.values()) or 1.0
        mean = [sum(looks.weights[i][j] * part for i, part in tokens.items()) / whole for j in range(len(looks.spans))]
        rows.append([sum(mean[j] * share for j, share in key.items()) for key in keys])
    return rows


def _shares_of(tokens: Sequence[Span], words: Sequence[Span]) -> list[dict[int, float]]:
    """For each word its tokens, each with the share of it that belongs here: a token may be part of two words."""
    touched: list[dict[int, float]] = [{} for _ in words]
    first = 0
    for j, (begin, end) in enumerate(tokens):
        while first < len(words) and words[first][1] <= begin:
            first += 1
        of, n = [], first
        while n < len(words) and words[n][0] < end:
            of.append(n)
            n += 1
        for n in of:
            touched[n][j] = 1 / len(of)
    return touched


def _strongest(row: Sequence[float], places: Sequence[tuple[int, int]]) -> tuple[Source, ...]:
    given = sum(row)
    ranked = sorted(range(len(row)), key=lambda n: -row[n])[:STRONGEST]
    return tuple(Source(*places[n], row[n] / given) for n in ranked if given > 0 and row[n] >= LEAST * given)


def _shares(looks: Looks, held: Sequence[tuple[str, Span]]) -> dict[str, float]:
    """Of all the attention there was, what fell on what."""
    kinds = [_kind(span, looks.begin, held) for span in looks.spans]
    totals = dict.fromkeys(("passages", "question", "draft", "else"), 0.0)
    for row in looks.weights:
        for weight, kind in zip(row, kinds, strict=True):
            totals[kind] += weight / len(looks.weights)
    return totals


def _kind(token: Span, begin: int, held: Sequence[tuple[str, Span]]) -> str:
    if token[0] >= begin:
        return "draft"
    marker = next((marker for marker, (start, end) in held if token[0] < end and start < token[1]), "")
    return {PASSAGE: "passages", QUESTION: "question"}.get(marker, "else")
