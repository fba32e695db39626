"""`make bench`: one table of quality, latency, throughput and peers, and `.bench/<commit>.json`.

Speeds are ratios against a reference run in the same process; seconds belong to the machine they were taken on.
`ANSWERDESK_DATA=DIR` adds the public development sets, where that folder is there.
"""

import asyncio
import json
import os
import platform
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from bot.settings import Settings
from tests.bench import drafting, latency, peers, peers_ingest, quality, throughput

ROOT = Path(__file__).parents[2]
PARTS = {
    "latency": latency.measure,
    "quality": quality.measure,
    "throughput": throughput.measure,
    "drafting": drafting.measure,
    "peers": peers.measure,
    "peers, from files": peers_ingest.measure,
}


def main() -> None:
    with TemporaryDirectory(prefix="answerdesk-bench-") as folder:
        settings = Settings(data_dir=Path(folder))
        figures: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "commit": _commit()}
        started = perf_counter()
        for name, part in PARTS.items():
            figures[name] = asyncio.run(part(settings, ROOT))
            _show(name, figures[name])
        figures["seconds"] = round(perf_counter() - started, 1)
    target = ROOT / ".bench" / f"{figures['commit']}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    print(f"\n{figures['machine']}; written to {target.relative_to(ROOT)}")


def _commit() -> str:
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout.strip() or "uncommitted"


def _show(name: str, figures: dict[str, Any]) -> None:
    print(f"\n{name}")
    for figure, value in figures.items():
        print(f"  {figure:<58} {value}")


if __name__ == "__main__":
    main()
