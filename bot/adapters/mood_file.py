"""The examples of moods in their TOML files: the built-in one, and a shop's own."""

import tomllib
from pathlib import Path

from bot.errors import Refused
from bot.mood import Example, parse

BUILT_IN = Path(__file__).parents[1] / "models" / "moods.toml"


def examples(file: str = "") -> tuple[Example, ...]:
    """The built-in examples, with the shop's own where `file` names some. Raises Refused with "file: sentence"."""
    built_in = parse(_tables(str(BUILT_IN)), BUILT_IN.name)
    return parse(_tables(file), file, built_in) if file else built_in


def _tables(file: str) -> dict[str, object]:
    try:
        return tomllib.loads(Path(file).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{file}: {error.strerror if isinstance(error, OSError) else error}") from None
