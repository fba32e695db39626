"""What the bot may answer from: documents as written, passages as retrieved and cited, hits as found."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

PIECE_WORDS = 110  # an embedding of a longer text blurs; MiniLM reads 256 word pieces, E5 512

Kind = Literal["faq", "policy"]


@dataclass(frozen=True, slots=True)
class Document:
    """One entry as written: a question with its answer, or a whole policy.

    `key` names it for good: the file's path below the ingested folder, plus `#anchor` for one FAQ of a file.
    """

    key: str
    title: str
    kind: Kind
    language: str
    text: str
    source: str  # "faqs/orders.md:12"
    category: str = ""
    tags: tuple[str, ...] = ()
    url: str = ""
    origin: str = ""  # the folder (or file) it was ingested from: an ingest retires only what it speaks for


@dataclass(frozen=True, slots=True)
class Passage:
    """The piece that is retrieved and cited.

    `title` is the question, or the path of headings ("Returns › Electronics"); `phrasings` are other ways to ask,
    searched and never shown; `anchor` is `file#heading`, the id that judged questions use.
    """

    document: str  # Document.key
    anchor: str
    title: str
    text: str
    language: str
    kind: Kind = "faq"
    phrasings: tuple[str, ...] = ()
    url: str = ""
    position: int = 0  # within its document, from 0
    source: str = field(default="", compare=False)  # where it stands now; moving it does not change it
    # When it holds: a day (the last one included) or a minute, in the shop's own time unless it has an offset.
    valid_from: str = ""
    valid_to: str = ""
    audience: str = ""  # everybody; else agents only
    needs_person: bool = False  # a topic that is always a person's
    # A hash of what it says: the same text ingested twice is the same passage, wherever it has moved to and however
    # long it holds. Asked for far more often than made.
    id: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        parts = ("0", self.anchor, self.title, self.text, self.language, self.kind, self.url, *self.phrasings)
        object.__setattr__(self, "id", hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32])

    def holds(self, at: datetime) -> bool:
        """Whether it may be said at this moment, which is in the shop's time zone."""
        return _has_begun(self.valid_from, at) and not _has_ended(self.valid_to, at)


def _has_begun(begins: str, at: datetime) -> bool:
    return not begins or (begins <= at.date().isoformat() if _is_day(begins) else _moment(begins, at) <= at)


def _has_ended(ends: str, at: datetime) -> bool:
    return bool(ends) and (ends < at.date().isoformat() if _is_day(ends) else _moment(ends, at) <= at)


def _is_day(written: str) -> bool:
    return len(written) == len("2026-12-31")


def _moment(written: str, at: datetime) -> datetime:
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=at.tzinfo)


@dataclass(frozen=True, slots=True)
class Piece:
    """What is embedded: a title, a phrasing, or up to PIECE_WORDS words of a passage's text."""

    passage: str
    text: str

    @property
    def id(self) -> int:
        """63 bits of a hash: a stable FAISS id, so that only new pieces need embedding."""
        digest = hashlib.sha256(f"{self.passage}\x1f{self.text}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1


def pieces(passage: Passage) -> Iterator[Piece]:
    """The title and each phrasing on their own, then the text in windows.

    A question matches a question better than it matches an answer, so they are embedded apart and the best counts.
    """
    for text in dict.fromkeys((passage.title, *passage.phrasings, *windows(passage.text))):
        if text.strip():
            yield Piece(passage.id, text)


def windows(text: str, words: int = PIECE_WORDS) -> Iterator[str]:
    """Cut `text` into runs of at most `words` words, at word boundaries.

    A script without blanks is cut behind its stops and commas, and its characters count as half a word each: about
    as much meaning, and as many tokens, as the other half of a word holds.
    """
    window, filled = list[str](), 0.0
    for part in _parts(text, 2 * words):
        size = max(1.0, len(_WIDE.findall(part)) / 2)
        if window and filled + size > words:
            yield "".join(window).strip()
            window, filled = [], 0.0
        window.append(part)
        filled += size
    if window:
        yield "".join(window).strip()


_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # kana and ideographs
_CLAUSE = re.compile(r"[^。！？；，、：]*[。！？；，、：]+[”’」』）》]*\s*|[^。！？；，、：]+")


def _parts(text: str, longest: int) -> Iterator[str]:
    """Words with the blanks behind them; where none are written, clauses, and no more than `longest` characters."""
    for word in re.findall(r"\S+\s*", text):
        if not _WIDE.search(word):
            yield word
            continue
        for clause in _CLAUSE.findall(word):
            yield from (clause[start : start + longest] for start in range(0, len(clause), longest))


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with the scores that brought it here; `score` is the fused one that orders the hits."""

    passage: Passage
    score: float
    dense: float = 0.0  # cosine of the best piece, -1..1
    lexical: float = 0.0  # the share of the best BM25 that any passage could reach for this query, 0..1
    coverage: float = 0.0  # share of the query's content words, by weight, that the passage carries, 0..1
    words: float = 0.0  # how near its words come to each topic word of the query, on average: a cosine
    weakest: float = 0.0  # the same for the word it is farthest from


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage a reply rests on, as the customer may open it. `position` counts from 1."""

    position: int
    document: str
    passage: str
    title: str
    text: str
    url: str
    score: float


def cite(hits: Sequence[Hit]) -> tuple[Citation, ...]:
    return tuple(
        Citation(n, hit.passage.document, hit.passage.id, hit.passage.title, hit.passage.text, hit.passage.url,
                 round(hit.score, 4))
        for n, hit in enumerate(hits, start=1)
    )  # fmt: skip


_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def language_of(text: str) -> str:
    """`zh` when CJK ideographs make up a good part of the letters, else `en`: the two languages we serve so far."""
    ideographs = len(_CJK.findall(text))
    letters = sum(character.isalpha() for character in text)
    return "zh" if letters and ideographs / letters > 0.2 else "en"


def script_of(language: str) -> str:
    """Chinese or not, which is what `language_of` can tell: a passage in German is no stranger to its own query."""
    return "zh" if language[:2].casefold() == "zh" else "latin"
