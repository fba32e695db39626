"""What goes between the sandbox and its children: frames of JSON, each with bytes behind it.

Values travel as JSON, in the order of their fields, and are checked as they arrive: the child that sent them read a
file of a stranger. Nothing is ever unpickled.
"""

import json
import struct
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import chain
from typing import Any, Literal, get_args, get_origin, get_type_hints

HEAD = struct.Struct(">IQ")  # how long the JSON is, how long the bytes behind it
MAX_JSON = 64 * 2**20
BATCH = 500  # values in one frame: what is held as JSON at any time stays small

# No text has use for control characters, and a database or a terminal may choke on them.
_BLANKS = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"
_CONTROLS = {
    code: " " if chr(code) in _BLANKS else None for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n\r"
}


class TooMuch(Exception):
    """More than one frame may hold."""


def frame(told: Mapping[str, Any], data: bytes = b"") -> Iterator[bytes]:
    """The bytes of one frame, in parts. Lone surrogates, which no file or database takes, become question marks."""
    written = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(written) > MAX_JSON:
        raise TooMuch
    yield HEAD.pack(len(written), len(data))
    yield written
    if data:
        yield data


def told(written: bytes) -> dict[str, Any]:
    """Raises ValueError for anything but an object."""
    try:
        found = json.loads(written)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def cleaned(text: str) -> str:
    return text if text.isprintable() else text.translate(_CONTROLS)


def plain(value: Any) -> Any:
    """A value of ours as JSON knows it: a dataclass is the list of its fields."""
    if isinstance(value, str):
        return cleaned(value)
    if is_dataclass(value):
        return [plain(getattr(value, name)) for name in _made_of(value.__class__)]
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    return value


def parts(whole: Any) -> Iterator[Any]:
    """A dataclass of tuples, cut into dataclasses of short ones; `joined` makes one of them again."""
    names = [name for name in _made_of(whole.__class__) if isinstance(getattr(whole, name), tuple)]
    longest = max((len(getattr(whole, name)) for name in names), default=0)
    for start in range(0, max(longest, 1), BATCH):
        yield replace(whole, **{name: getattr(whole, name)[start : start + BATCH] for name in names})


def joined(kind: Any, some: Sequence[Any]) -> Any:
    """Tuples one behind the other; a flag is up when it was up once."""
    values = {name: [getattr(one, name) for one in some] for name in _made_of(kind)}
    return kind(**{
        name: tuple(chain.from_iterable(of)) if of and isinstance(of[0], tuple) else any(of)
        for name, of in values.items()
        if of
    })  # fmt: skip


def made(kind: Any, value: Any) -> Any:
    """The value of type `kind` that `plain` wrote. Raises ValueError when it is none."""
    return _maker(kind)(value)


@cache
def _maker(kind: Hashable) -> Callable[[Any], Any]:
    """What makes and checks values of a type; put together once, for there are very many values."""
    of: Any = kind
    origin, arguments = get_origin(of), get_args(of)
    if is_dataclass(of):
        return _dataclass_maker(of)
    if origin is tuple:
        return _tuple_maker(_maker(arguments[0]))
    if origin is Literal:
        return _literal_maker(arguments)
    return _text if of is str else _plain_maker(of)


def _dataclass_maker(kind: Any) -> Callable[[Any], Any]:
    makers = [_maker(hint) for hint in _made_of(kind).values()]

    def make(value: Any) -> Any:
        if type(value) is not list or len(value) != len(makers):
            raise ValueError(f"no {kind.__name__}")
        return kind(*[maker(one) for maker, one in zip(makers, value, strict=True)])

    return make


def _tuple_maker(maker: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def make(value: Any) -> Any:
        if type(value) is not list:
            raise ValueError("no list")
        return tuple([maker(one) for one in value])

    return make


def _literal_maker(choices: tuple[Any, ...]) -> Callable[[Any], Any]:
    def make(value: Any) -> Any:
        if value not in choices:
            raise ValueError("no choice of ours")
        return value

    return make


def _plain_maker(kind: Any) -> Callable[[Any], Any]:
    def make(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"no {kind}")
        return value

    return make


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("no text")
    if not value.isascii():
        value.encode()  # half a character raises a ValueError
    return value


@cache
def _made_of(kind: Hashable) -> dict[str, Any]:
    """What a value is made of, by name; what it makes itself of that (a hash) does not travel."""
    of: Any = kind
    hints = get_type_hints(of)
    return {field.name: hints[field.name] for field in fields(of) if field.init}
