"""One figure: what it is, what it should be, what it was. And the one table of them."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Figure:
    row: str  # of the reliability figures: R1 and so on
    name: str
    goal: str  # empty: told, not judged
    measured: str
    is_reached: bool | None = None  # None: there is no goal, or it could not be measured
    is_speed: bool = False  # it says something about the machine too: never asserted


def exactly(row: str, name: str, n: float, goal: float = 0) -> Figure:
    return Figure(row, name, f"{goal:g}", f"{n:g}", n == goal)


def at_most(row: str, name: str, value: float, goal: float, unit: str = "", *, is_speed: bool = True) -> Figure:
    return Figure(row, name, f"≤ {goal:g}{unit}", f"{value:.3g}{unit}", value <= goal, is_speed)


def at_least(row: str, name: str, n: float, goal: float) -> Figure:
    """How much was tried: a short run does not reach it, which is no fault of the product."""
    return Figure(row, name, f"≥ {goal:,g}", f"{n:,g}", n >= goal, is_speed=True)


def told(row: str, name: str, measured: str) -> Figure:
    return Figure(row, name, "", measured)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so much of them stay at or below; nothing of nothing."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else float("nan")


def table(figures: Sequence[Figure]) -> str:
    rows = [("", "figure", "goal", "measured", "reached?")]
    rows += [(one.row, one.name, one.goal, one.measured, word(one)) for one in figures]
    widths = [max(len(row[n]) for row in rows) for n in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join((lines[0], "-" * len(lines[0]), *lines[1:]))


def word(figure: Figure) -> str:
    return "" if figure.is_reached is None else "yes" if figure.is_reached else "NO"


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"


def write(figures: Sequence[Figure], about: Mapping[str, Any]) -> Path:
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    target = ROOT / ".bench" / f"load-{asked.stdout.strip() or 'uncommitted'}.json"
    target.parent.mkdir(exist_ok=True)
    content = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **about, "figures": [asdict(f) for f in figures]}
    target.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return target
