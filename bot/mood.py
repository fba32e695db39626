"""Who wants a person, and in what mood: the few examples a shop gives of each, and what was heard in a message.

The keyword rules of `smalltalk` go first and are certain. What they do not know is compared with these examples by
meaning (port `Moods`): few of each mood against many ordinary questions.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from bot.errors import Refused
from bot.knowledge import language_of
from bot.sentences import sentences
from bot.smalltalk import LONGEST, content_words, without_pleasantries

ORDINARY = "ordinary"
LANGUAGES = ("en", "zh")
LONGEST_EXAMPLE = 300  # code points: an example is one sentence, as a customer would say it
MOST_EXAMPLES = 5_000  # of all moods together: comparing with more takes longer than the answer
FEWEST = 5  # examples of a mood, unless it has none
FEWEST_ORDINARY = 20
MOST_SENTENCES = 8  # of one message that are heard apart: its first and its last


class Mood(StrEnum):
    """Named as the reason of the hand-off it leads to; abuse leads to one only when it is repeated."""

    ASKED = "asked_for_person"
    COMPLAINT = "complaint"
    ANGRY = "angry"
    ABUSE = "abuse"
    CANCEL = "cancel"  # everything: all orders, the account
    LEGAL = "legal"
    SELF_HARM = "self_harm"


TABLES = (*Mood, ORDINARY)


@dataclass(frozen=True, slots=True)
class Heard:
    """A mood in a message. Not `is_certain`: it may as well be an ordinary question in strong words."""

    mood: Mood
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Example:
    table: str  # a mood, or ORDINARY
    language: str
    text: str


def parse(tables: Mapping[str, object], source: str, built_in: Sequence[Example] = ()) -> tuple[Example, ...]:
    """The examples of a file's tables, added to the `built_in` ones; a table with `replace = true` takes the place of
    the built-in table. Raises Refused with "source: sentence"."""
    own = tuple(chain.from_iterable(_table(name, table, source) for name, table in tables.items()))
    replaced = {name for name, table in tables.items() if isinstance(table, Mapping) and table.get("replace") is True}
    kept = (example for example in built_in if example.table not in replaced)
    examples = tuple(dict.fromkeys((*kept, *own)))
    if len(examples) > MOST_EXAMPLES:
        raise Refused(f"{source}: {len(examples)} examples are too many: {MOST_EXAMPLES} at most")
    _check_enough(examples, source)
    _check_told_apart(examples, source)
    return examples


def _table(name: str, table: object, source: str) -> Iterator[Example]:
    if name not in TABLES:
        raise Refused(f"{source}: “{name}” is not a mood: write one of {', '.join(TABLES)}")
    if not isinstance(table, Mapping):
        raise Refused(f"{source}: “{name}” must be a table: write [{name}] above its lists")
    for key, value in table.items():
        place = f"{source}: “{key}” in [{name}]"
        if key == "replace":
            if not isinstance(value, bool):
                raise Refused(f"{place} must be true or false")
        elif key not in LANGUAGES:
            raise Refused(f"{place} is neither a language of the bot (en, zh) nor “replace”")
        else:
            yield from (Example(name, key, text) for text in _texts(value, place))


def _texts(value: object, place: str) -> Iterator[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise Refused(f"{place} must be a list of texts in quotes")
    for text in value:
        plain = " ".join(text.split())
        if not any(map(str.isalpha, plain)):
            raise Refused(f"{place} holds an example without words: “{plain}”")
        if len(plain) > LONGEST_EXAMPLE:
            raise Refused(f"{place} holds an example of {len(plain)} characters: {LONGEST_EXAMPLE} at most")
        yield plain


def _check_enough(examples: Sequence[Example], source: str) -> None:
    counted = Counter(example.table for example in examples)
    if counted[ORDINARY] < FEWEST_ORDINARY:
        raise Refused(f"{source}: [{ORDINARY}] has {counted[ORDINARY]} examples: {FEWEST_ORDINARY} at least")
    for mood in Mood:
        if 0 < counted[mood] < FEWEST:
            raise Refused(f"{source}: [{mood}] has {counted[mood]} examples: {FEWEST} at least, or none to ignore it")


def _check_told_apart(examples: Sequence[Example], source: str) -> None:
    seen: dict[str, str] = {}
    for example in examples:
        other = seen.setdefault(example.text.casefold(), example.table)
        if other != example.table:
            raise Refused(f"{source}: “{example.text}” stands in [{other}] and in [{example.table}]")


def readable(examples: Sequence[Example], languages: frozenset[str]) -> tuple[Example, ...]:
    """Those in a language whose vectors mean something: of an embedder of Chinese, of anything else, or of both."""
    is_chinese = {language[:2].casefold() == "zh" for language in languages}
    return tuple(example for example in examples if (example.language == "zh") in is_chinese)


def spoken(text: str) -> tuple[str, ...]:
    """What is listened to: the message without its greeting; of several sentences, each by itself as well, for a wish
    at the end of a long story is lost in the whole. Nothing of a message without words."""
    if not any(map(str.isalpha, text)):
        return ()
    bare = without_pleasantries(text[:LONGEST])
    parts = [part for part in sentences(bare) if len(content_words(part)) > 1 or language_of(part) == "zh"]
    half = MOST_SENTENCES // 2
    heard = parts if len(parts) <= MOST_SENTENCES else [*parts[:half], *parts[-half:]]
    return tuple(dict.fromkeys((bare, *(heard if len(parts) > 1 else ()))))
