"""The fact guard on pairs of our own: `python -m tests.bench.guard [FILE] [--half dev] [--show]`.

Two Markdown tables, by half and language and by kind, and the CPU time of a check. `--show` adds every pair that was
judged wrongly, with the guard's reason.
"""

import argparse
from pathlib import Path
from time import process_time

from tests.guard_pairs import PAIRS, Count, Pair, counts, pairs

NOTHING = Count(0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.guard")
    parser.add_argument("file", nargs="?", type=Path, default=PAIRS)
    parser.add_argument("--half", default="", help="only this one")
    parser.add_argument("--show", action="store_true", help="and every pair that was judged wrongly")
    chosen = parser.parse_args()
    everything = [pair for pair in pairs(chosen.file) if chosen.half in ("", pair.half)]
    begun = process_time()
    found = [(pair, pair.verdict().is_carried) for pair in everything]
    spent = process_time() - begun
    print(_halves(found), _kinds(found), sep="\n\n")
    print(f"\n{len(found)} checks, {1_000 * spent / len(found):.2f} ms of CPU each, passages read on the way")
    for pair, is_carried in found:
        if chosen.show and is_carried != pair.carried:
            print(_line(pair))


def _halves(found: list[tuple[Pair, bool]]) -> str:
    table = counts(found, "carried", "half", "language")
    lines = ["| half, language | pairs | false passed | true passed |", "|---|---|---|---|"]
    for half, language in sorted({(half, language) for _, half, language in table}):
        false, true = (table.get((carried, half, language), NOTHING) for carried in (False, True))
        lines.append(f"| {half}, {language} | {false.n + true.n} | {false} | {true} ({true.share:.1%}) |")
    return "\n".join(lines)


def _kinds(found: list[tuple[Pair, bool]]) -> str:
    table = counts(found, "carried", "kind", "half", "language")
    columns = sorted({(half, language) for *_, half, language in table})
    names = " | ".join(f"{half}, {language}" for half, language in columns)
    lines = [f"| passed | {names} |", "|---" * (len(columns) + 1) + "|"]
    for carried, kind in sorted({key[:2] for key in table}):
        cells = " | ".join(str(table.get((carried, kind, *column), "–")) for column in columns)
        lines.append(f"| {'true' if carried else 'false'}, {kind} | {cells} |")
    return "\n".join(lines)


def _line(pair: Pair) -> str:
    verdict = pair.verdict()
    said = f"REFUSED {verdict.reason}" if pair.carried else "PASSED"
    asked = f" [{pair.question}]" if pair.question else ""
    return f"{said} | {pair.kind}{asked} | {pair.sentence}"


if __name__ == "__main__":
    main()
