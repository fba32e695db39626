"""`make load`: scenarios under load and under fire; one table, and `.bench/load-<commit>.json`.

`python -m tests.load [NAME …]` runs some. LOAD_MINUTES (10) bounds all of it: what is left beside the scenarios of a
fixed size goes to the crash loop. Exit code 1 when a figure of correctness is not what it must be; speeds are told.
"""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from time import monotonic, process_time

from tests.load import autobahn, crashes, crowd, endings, hostile, resumes, retries
from tests.load.figures import Figure, machine, table, write

LEAST_S, SLACK_S = 60.0, 180.0
Scenario = Callable[[float], Awaitable[list[Figure]]]
SCENARIOS: dict[str, Scenario] = {
    "crowd": crowd.measure,
    "hostile": hostile.measure,
    "endings": endings.measure,
    "autobahn": autobahn.measure,
    "retries": retries.measure,
    "resumes": resumes.measure,
    "crashes": crashes.measure,
}


def main(names: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # what was started is taken down again
    minutes = float(os.environ.get("LOAD_MINUTES", "10"))
    about = {"machine": machine(), "minutes": minutes}
    figures: list[Figure] = []
    ends = monotonic() + minutes * 60
    for name in names or SCENARIOS:
        started, used = monotonic(), process_time()
        print(f"{name} …", flush=True)
        figures += asyncio.run(_bounded(name, ends - monotonic()))
        print(
            f"{name}: {monotonic() - started:.0f} s, {process_time() - used:.0f} s of them computing here", flush=True
        )
    target = write(figures, about)
    print(f"\n{table(figures)}\n\n{about['machine']}; written to {target}")
    return 1 if any(one.is_reached is False and not one.is_speed for one in figures) else 0


async def _bounded(name: str, left_s: float) -> list[Figure]:
    """A scenario that comes to no end is a figure too."""
    try:
        async with asyncio.timeout(max(left_s, LEAST_S) + SLACK_S):
            return await SCENARIOS[name](max(left_s, LEAST_S))
    except Exception as error:
        traceback.print_exc()
        return [Figure("", f"{name}: came to no end", "", repr(error)[:120], False)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
