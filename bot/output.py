"""What commands print: rich on a terminal, plain when piped, one JSON object where a program reads."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text


class Output:
    def __init__(self, is_json: bool = False) -> None:
        self.is_json = is_json
        self._console = Console(highlight=False, soft_wrap=True)
        self._errors = Console(stderr=True, highlight=False, soft_wrap=True)

    def line(self, text: str = "", style: str = "") -> None:
        """A line for people; silent when a program reads."""
        if not self.is_json:
            self._console.print(Text(text, style=style))

    def problem(self, text: str) -> None:
        """A line on standard error, read by people and programs alike."""
        self._errors.print(Text(text, style="red"))

    def result(self, values: Mapping[str, Any]) -> None:
        """The JSON object, when a program reads."""
        if self.is_json:
            print(json.dumps(values, ensure_ascii=False, default=str))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
        if self.is_json:
            return
        if not self._console.is_terminal:
            for row in [header, *rows]:
                print("\t".join(row))
            return
        table = Table(*header, title=title or None, title_justify="left")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._console.print(table)

    @contextmanager
    def progress(self, label: str) -> Iterator["Bar"]:
        """A bar on the terminal's standard error; nothing when that is not a terminal."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        disabled = not sys.stderr.isatty()
        with Progress(*columns, console=self._errors, transient=True, disable=disabled) as shown:
            yield Bar(shown, label)


class Bar:
    def __init__(self, shown: Progress, label: str) -> None:
        self._shown = shown
        self._task = shown.add_task(label, total=None)

    def __call__(self, done: int, total: int) -> None:
        self._shown.update(self._task, completed=done, total=total)

    def staged(self, stage: str, done: int, total: int) -> None:
        self._shown.update(self._task, description=stage, completed=done, total=total)
