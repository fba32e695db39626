"""What readers make of files: pages of text and tables of rows, each with where it stood."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the content, as `file:line: sentence`."""

    source: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.source}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one document, written in our Markdown: headings, lists, tables, `Q:` lines.

    `path` names the documents and anchors made of it: the file's path, or `file#id` for one of several in a file.
    `fields` are what its file says of the whole page, by the names of the front matter (title, language, tags, url,
    kind, enabled, valid_from, …); front matter in the text goes before them. `places` says of each line of `text`
    where it stands ("manual.pdf:page 3"); without them that is `path:line`.
    """

    path: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[str, ...]
    place: str  # "faq.csv:12", "faq.xlsx:Returns!A7"


@dataclass(frozen=True, slots=True)
class Table:
    """An FAQ table: a row, an entry. `header` names the columns as they are written; `faq` knows what they mean."""

    path: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a file (of a zip archive): to be read like any other. `path` goes through its container."""

    path: str
    data: bytes


Found = Page | Table | Member | Problem


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How the shop writes its tables, where that cannot be told from them."""

    delimiter: str = ","
    has_header: bool = True


COMMAS = CsvFormat()


class Unreadable(Exception):
    """A file that cannot be read at all. The sentence may be shown; `place` is where in the file, if that is known."""

    def __init__(self, sentence: str, place: str = "") -> None:
        self.sentence, self.place = sentence, place
        super().__init__(sentence)


class Reader(Protocol):
    """Reads one format. Blocks; may be given hostile bytes, and then runs in a process that may die of them."""

    name: str  # "PDF", as a sentence would say it

    def reads(self, path: str, data: bytes) -> bool:
        """Whether this is its format: by what is in it, and by the name only where that does not tell."""
        ...

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        """What is in it, in order. Raises Unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was last ingested. An empty digest is no file's: it is read again."""

    origin: str
    path: str
    digest: str
    passages: int


@dataclass(frozen=True, slots=True)
class Sources:
    """What became of the files of an ingest."""

    read: tuple[Source, ...] = ()
    gone: tuple[Source, ...] = ()


class SourceFile(Protocol):
    """A file to ingest: read when its bytes are asked for."""

    @property
    def origin(self) -> str:
        """The folder (or file) the knowledge base was first ingested from."""
        ...

    @property
    def path(self) -> str:
        """Below the origin, with forward slashes."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """What is said of all its pages, by the names of front matter, where they say nothing themselves."""
        ...

    def data(self) -> bytes:
        """Raises OSError, whose `strerror` may be shown."""
        ...


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file whose bytes are in memory: out of a container, uploaded, or read already."""

    origin: str
    path: str
    held: bytes = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        return self.held
