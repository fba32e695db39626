"""What much content costs, embedding and all: `python -m tests.bench.much [N] [--kill SHARE]`.

A table of N short FAQs (100,000 unless told) is ingested by `bot ingest` in a process of its own; when SHARE (0.5)
of it is embedded, that process is killed, and run again. Then it is ingested once more unchanged, and with one number
changed (`--dry-run`). Told are seconds, seconds of processor, and the most memory of the process and all its children
at any one moment: the sum of what each has resident (what two share is counted twice), looked at four times a second.

The FAQs are the sample shop's questions and the beginnings of their answers, each for hundreds of products.
"""

import argparse
import csv
import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from bot import faq
from bot.indexing import BATCH

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "bot")
MANY = 100_000
WORDS = 12  # of an answer
EVERY = 0.25  # seconds between two looks at the memory
COLOURS = ("Blue", "Grey", "Red", "Green", "Sand", "Black", "White", "Amber", "Slate", "Olive")
MAKES = ("Fjord", "Ridge", "Dune", "Tarn", "Glen", "Cairn", "Moor", "Heath", "Delta", "Skerry")
THINGS = ("tent", "stove", "lamp", "jacket", "rucksack", "flask", "hammock", "kayak", "compass", "power bank")
PAGE = os.sysconf("SC_PAGE_SIZE")


# ── the content ──


def rows(n: int) -> Iterator[tuple[str, str]]:
    """Questions and answers, all different, of the length that short FAQs have."""
    asked = _asked()
    things = (f"{colour} {make} {thing}" for colour, make, thing in product(COLOURS, MAKES, THINGS))
    for thing, (question, answer) in islice(product(things, asked), n):
        yield f"{question.rstrip('?')}, for the {thing}?", f"For the {thing}: {answer}"


def _asked() -> list[tuple[str, str]]:
    found = {
        passage.title: " ".join(passage.text.split()[:WORDS])
        for file in sorted((ROOT / "knowledge_base" / "faqs" / "en").glob("*.md"))
        for passage in faq.parse(file.read_text(encoding="utf-8"), file.name).passages
    }
    return list(found.items())


def write(file: Path, n: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(("question", "answer"))
        table.writerows(rows(n))


# ── a process, looked at while it runs ──


@dataclass
class Ran:
    """How a run of a command went: `embedded` are the pieces that were put by when it ended."""

    code: int
    seconds: float
    processor: float
    peak: int = 0  # bytes, of the whole tree
    alone: int = 0  # of one process, as the system counted it
    said: str = ""


def watched(command: Sequence[str], settings: dict[str, str], *, until: Path | None = None, files: int = 0) -> Ran:
    """Run to the end; or kill it with all its children as soon as `until` holds so many files."""
    before, started, most = resource.getrusage(resource.RUSAGE_CHILDREN), monotonic(), 0
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    while process.poll() is None:
        most = max(most, held_by(process.pid))
        if until is not None and sum(1 for _ in until.glob("*.npz")) >= files:
            os.killpg(process.pid, signal.SIGKILL)
        sleep(EVERY)
    said, _ = process.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ran(process.returncode, monotonic() - started, used, most, after.ru_maxrss * 1024, said)


def held_by(pid: int) -> int:
    """Bytes of memory of a process and all its children; what is gone meanwhile holds nothing."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0
    return own + sum(held_by(int(child)) for child in children)


# ── the runs ──


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.much", description="What much content costs.")
    parser.add_argument("n", nargs="?", type=int, default=MANY)
    parser.add_argument(
        "--kill", type=float, default=0.5, help="the share that is embedded when it is killed; 0: never"
    )
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="answerdesk-much-") as folder:
        for name, figures in runs(Path(folder), chosen.n, chosen.kill):
            print(f"{name:<24} {figures}", flush=True)


def runs(folder: Path, n: int, share: float) -> Iterator[tuple[str, str]]:
    content, data = folder / "faqs", folder / "data"
    content.mkdir()
    write(content / "faq.csv", n)
    settings = {"BOT_DATA_DIR": str(data), "BOT_DATABASE_URL": ""}
    ingest = (*COMMAND, "ingest", str(content), "--json")
    if share:
        files = int(2 * n * share / BATCH)
        ran = watched(ingest, settings, until=data / "unpublished", files=files)
        yield "killed", told(ran, f"{len(list((data / 'unpublished').glob('*.npz')))} of {2 * n // BATCH} batches")
    yield "run to the end", told(watched(ingest, settings))
    yield "unchanged", told(watched(ingest, settings))
    change(content / "faq.csv")
    yield "one changed, --dry-run", told(watched((*ingest, "--dry-run"), settings))


def change(file: Path) -> None:
    """One number of the first answer."""
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"\d+", lambda found: str(int(found[0]) + 1), text, count=1), encoding="utf-8")


def told(ran: Ran, more: str = "") -> str:
    figures = f"{ran.seconds:.0f} s  {ran.processor:.0f} s of processor  peak {ran.peak / 1e9:.2f} GB"
    figures += f" (the largest process so far {ran.alone / 1e9:.2f} GB)  exit {ran.code}"
    if ran.code == 0:
        said = json.loads(ran.said)
        figures += "  " + "  ".join(f"{name} {said[name]}" for name in ("added", "unchanged", "embedded"))
    return f"{figures}  {more}".rstrip()


if __name__ == "__main__":
    main()
