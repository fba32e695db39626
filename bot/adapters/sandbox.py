"""Files of strangers, read in processes that can do nothing else: whatever a file does, the others are read."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from bot.adapters import sandbox_wire
from bot.adapters.opened_file import shown, visible
from bot.adapters.sandbox_process import CRASHED, Child, Failed, Limits
from bot.adapters.sitemaps import Sitemap
from bot.content import CsvFormat, HeldFile, Problem, SourceFile, Unreadable
from bot.faq import Parsed

AHEAD = 2  # files per worker that may be read before they are asked for
HELD = 64 * 2**20  # characters and bytes that may lie here, read and not asked for, before no more is read
MAX_PROBLEMS = 200  # told of one file
MAX_SENTENCE = 600
KEPT = "what was ingested from it before is kept"
REMOVED = "what was ingested from it before is removed"


@dataclass(frozen=True, slots=True)
class _Read:
    parsed: Parsed
    members: tuple[HeldFile, ...] = ()
    size: int = 0


class Sandbox:
    """A few children at a time, each serving many files; one that dies, or might have been harmed, is replaced.

    `close` it, or use it in a `with` block.
    """

    def __init__(self, workers: int = 2, limits: Limits | None = None) -> None:
        self._ahead = AHEAD * workers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="sandbox")
        self._children = [Child(limits or Limits()) for _ in range(workers)]
        self._free = SimpleQueue[Child]()
        for child in self._children:
            self._free.put(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Whatever is being read is given up."""
        for child in self._children:
            child.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for child in self._children:
            child.stop()

    def parsed(self, files: Iterable[SourceFile], csv_format: CsvFormat) -> Iterator[tuple[SourceFile, Parsed]]:
        """What each file holds, in their order; the files inside a file follow it. Read a few ahead, never all."""
        for file, read in self._in_order(files, csv_format):
            yield file, read.parsed
            for inner, found in self._in_order(read.members, csv_format):
                yield inner, _without_archives(inner, found)

    def sitemap(self, data: bytes) -> Sitemap:
        """Raises Unreadable."""
        child = self._free.get()
        try:
            frames = list(child.ask({"do": "sitemap"}, data))
        except Failed as failed:
            raise Unreadable(f"the sitemap {failed.sentence}") from None
        finally:
            self._free.put(child)
        _check_readable(frames[-1][0])
        sitemap: Sitemap = sandbox_wire.made(Sitemap, frames[0][0].get("sitemap"))
        return sitemap

    def _in_order(self, files: Iterable[SourceFile], csv_format: CsvFormat) -> Iterator[tuple[SourceFile, _Read]]:
        waiting: deque[tuple[SourceFile, Future[_Read]]] = deque()
        try:
            for file in files:
                waiting.append((file, self._threads.submit(self._read, file, csv_format)))
                while len(waiting) > self._ahead or _held(waiting) > HELD:
                    first, read = waiting.popleft()
                    yield first, read.result()
            while waiting:
                first, read = waiting.popleft()
                yield first, read.result()
        finally:
            for _, read in waiting:
                read.cancel()

    def _read(self, file: SourceFile, csv_format: CsvFormat) -> _Read:
        try:
            data = file.data()
        except OSError as error:
            return _unread(file, f"cannot be read ({error.strerror or error})", isinstance(error, FileNotFoundError))
        child = self._free.get()
        try:
            try:
                return _asked(child, file, data, csv_format)
            except Failed as failed:
                if failed.is_own:
                    raise
                return _asked(child, file, data, csv_format)  # a fresh one, which no other file has touched
        except Failed as failed:
            return _unread(file, failed.sentence)
        except Unreadable as error:
            return _unread(file, error.sentence, place=error.place)
        except ValueError:  # it sent what is none of our values
            return _unread(file, CRASHED)
        finally:
            self._free.put(child)


def _held(waiting: Iterable[tuple[SourceFile, Future[_Read]]]) -> int:
    return sum(read.result().size for _, read in waiting if read.done() and not read.exception())


def _asked(child: Child, file: SourceFile, data: bytes, csv_format: CsvFormat) -> _Read:
    asked = {"do": "parse", "path": file.path, "delimiter": csv_format.delimiter, "has_header": csv_format.has_header,
             "fields": dict(file.fields)}  # fmt: skip
    found: list[Parsed] = []
    members: list[HeldFile] = []
    with closing(child.ask(asked, data)) as frames:
        for told, behind in frames:
            if "parsed" in told:
                found.append(sandbox_wire.made(Parsed, told["parsed"]))
            elif "member" in told:
                inner = _inside(file.path, sandbox_wire.made(str, told["member"]))
                members.append(HeldFile(file.origin, inner, behind))
            else:
                _check_readable(told)
    parsed: Parsed = sandbox_wire.joined(Parsed, found)
    problems, notes = tuple(_some(parsed.problems)), tuple(_some(parsed.notes))
    size = sum(len(one.text) for one in parsed.passages) * 2 + sum(len(one.held) for one in members)
    return _Read(replace(parsed, problems=problems, notes=notes), tuple(members), size)


def _check_readable(done: Mapping[str, object]) -> None:
    if done.get("done") == "unreadable":
        raise Unreadable(sandbox_wire.made(str, done.get("sentence")), sandbox_wire.made(str, done.get("place")))


def _unread(file: SourceFile, sentence: str, is_gone: bool = False, place: str = "") -> _Read:
    """A page that its server no longer has is gone; whatever else cannot be read may come back."""
    if KEPT not in sentence:
        sentence = f"{sentence}; {REMOVED if is_gone else KEPT}"
    where = place if place.startswith(file.path) else f"{file.path}:{place}" if place else file.path
    return _Read(Parsed(problems=(_printable(Problem(where, sentence)),), is_unread=not is_gone))


def _printable(problem: Problem) -> Problem:
    """On a terminal it is text, whatever a file is called or says."""
    return Problem(_short(visible(problem.source)), _short(visible(problem.sentence)))


def _short(text: str) -> str:
    return text if len(text) <= MAX_SENTENCE else text[:MAX_SENTENCE] + "…"


def _some(problems: Sequence[Problem]) -> Iterator[Problem]:
    """A file with a million bad lines is one bad file."""
    yield from map(_printable, problems[:MAX_PROBLEMS])
    if (more := len(problems) - MAX_PROBLEMS) > 0:
        yield _printable(Problem(problems[-1].source, f"and {more:,} more like these in this file"))


def _inside(container: str, path: str) -> str:
    """The name of a member, which is only ever a name: no file of this path is opened or written."""
    name = path.removeprefix(f"{container}/").replace("\\", "/")
    parts = [shown(part) for part in name.split("/") if part not in ("", ".", "..")]
    return "/".join((container, *parts))


def _without_archives(file: SourceFile, read: _Read) -> Parsed:
    if not read.members:
        return read.parsed
    problem = Problem(file.path, "an archive inside an archive is not read: unpack it")
    return replace(read.parsed, problems=(*read.parsed.problems, problem))
