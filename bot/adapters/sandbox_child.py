"""The process that reads files of strangers: bytes in, passages out, and no way to anything else.

    python -m bot.adapters.sandbox_child MEMORY CPU_SECONDS

Standard input is a socket to the sandbox. It is asked `{"do": "parse" | "sitemap", …}` with the file behind it, and
answers in frames, the last of which has `done`. It ends with the socket, and after an error that may have left
something behind: `again` says whether it takes another file.
"""

import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from io import BufferedReader
from typing import Any

from bot import faq
from bot.adapters import sandbox_limits, sandbox_wire
from bot.content import CsvFormat, Member, Page, Problem, Table, Unreadable
from bot.faq import Parsed
from bot.faq_table import parse_table

TIRED = 0.4  # share of its memory after which a child is replaced, so that the next file has all of it

Say = Callable[[Mapping[str, Any], bytes], None]


def main() -> None:
    memory, seconds = int(sys.argv[1]), float(sys.argv[2])
    line = _alone()
    size = os.open("/proc/self/statm", os.O_RDONLY)
    sandbox_limits.give_up(memory)

    def say(told: Mapping[str, Any], data: bytes = b"") -> None:
        for part in sandbox_wire.frame(told, data):
            _write(line, part)

    # What was used before there was a limit: Linux counts it from the process that started this one.
    say({"ready": True, "used": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})
    os.dup2(1, 2)  # from here on nobody reads what is printed
    with os.fdopen(line, "rb", closefd=False) as reader:
        while (asked := _asked(reader)) is not None:
            sandbox_limits.more_time(seconds)
            how = _answered(*asked, say)
            del asked  # its file may be large
            again = how["done"] in ("ok", "unreadable") and _size(size) < TIRED * memory
            say({**how, "again": again})
            if not again:
                break


def _alone() -> int:
    """The socket, away from the numbers that libraries read from and print to."""
    line = os.dup(0)
    _quiet(0)
    _quiet(1)
    return line


def _quiet(number: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)


def _write(line: int, part: bytes) -> None:
    rest = memoryview(part)
    while rest:
        rest = rest[os.write(line, rest) :]


def _size(statm: int) -> int:
    """Of the address space, which the limit is about."""
    return int(os.pread(statm, 64, 0).split()[0]) * resource.getpagesize()


def _asked(reader: BufferedReader) -> tuple[dict[str, Any], bytes] | None:
    head = reader.read(sandbox_wire.HEAD.size)
    if len(head) < sandbox_wire.HEAD.size:
        return None
    n_json, n_data = sandbox_wire.HEAD.unpack(head)
    return sandbox_wire.told(reader.read(n_json)), reader.read(n_data)


def _answered(asked: Mapping[str, Any], data: bytes, say: Say) -> Mapping[str, Any]:
    """How it ended. What has to be said of an error is short: memory may have run out."""
    try:
        for told, behind in _DOES[asked["do"]](asked, data):
            say(told, behind)
    except Unreadable as error:
        return {"done": "unreadable", "sentence": sandbox_wire.cleaned(error.sentence[:1000]), "place": error.place}
    except MemoryError:
        return {"done": "memory"}
    except RecursionError:
        return {"done": "deep"}
    except sandbox_wire.TooMuch:
        return {"done": "large"}
    except OSError as error:
        if isinstance(error, BrokenPipeError | ConnectionError):
            raise
        return {"done": "crash", "error": f"{_where(error)}: {error.strerror}"}
    except Exception as error:
        return {"done": "crash", "error": _where(error)}
    return {"done": "ok"}


def _where(error: Exception) -> str:
    """For whoever mends the reader."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    place = f" in {os.path.basename(at.tb_frame.f_code.co_filename)}:{at.tb_lineno}" if at is not None else ""
    return f"{type(error).__name__}{place}"


def _parse(asked: Mapping[str, Any], data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    from bot.adapters import readers

    csv_format = CsvFormat(asked["delimiter"], asked["has_header"])
    for found in readers.found(asked["path"], data, csv_format):
        if isinstance(found, Member):
            yield {"member": sandbox_wire.cleaned(found.path)}, found.data
            continue
        for part in sandbox_wire.parts(_parsed(found, asked["fields"])):
            yield {"parsed": sandbox_wire.plain(part)}, b""


def _parsed(found: Page | Table | Problem, fields: Mapping[str, str]) -> Parsed:
    if isinstance(found, Problem):
        return Parsed(problems=(found,))
    if isinstance(found, Table):
        return parse_table(found)
    return faq.parse_page(replace(found, fields={**fields, **found.fields}))


def _sitemap(asked: Mapping[str, Any], data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    from bot.adapters import sitemaps

    yield {"sitemap": sandbox_wire.plain(sitemaps.parse(data))}, b""


_DOES = {"parse": _parse, "sitemap": _sitemap}

if __name__ == "__main__":
    main()
