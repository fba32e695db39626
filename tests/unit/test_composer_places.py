"""Where the sentences of a prompt stand, and which of them the reply says: a character is a token here."""

import pytest

from bot.adapters.composer_places import Places, find_places
from bot.prompt import END, Turn, build

FIRST, SECOND = "Returns are free.", "You can return a lamp within 30 days."


def found(reply: str, *passages: tuple[str, str], history: tuple[Turn, ...] = ()) -> tuple[str, Places]:
    shown = passages or (("Returns", f"{FIRST} {SECOND}"),)
    text = build("How long?", shown, history, count_tokens=len, budget=5000)
    ids = [ord(character) for character in text + reply + END]
    return text, find_places(text, [(n, n + 1) for n in range(len(text))], ids, reply)


@pytest.mark.parametrize("reply", [SECOND, f"Yes, {SECOND}", f"No. {SECOND} {FIRST}", SECOND.replace("30", "31")])
def test_the_sentence_that_a_reply_says_is_found(reply: str) -> None:
    text, places = found(reply)
    assert text[places.first : places.last].strip() == SECOND


@pytest.mark.parametrize("reply", ["", "It is up to you.", "<|handoff|>"])
def test_a_reply_of_its_own_words_says_none(reply: str) -> None:
    _, places = found(reply)
    assert (places.first, places.last, places.exact) == (0, 0, 0)


def test_each_token_knows_where_its_sentence_begins() -> None:
    text, places = found(SECOND)
    begins = {text[start : start + 7].strip() for start in set(places.starts) if start >= 0}
    assert begins == {"Returns", "You can"}
    for word in ("lamp", "within", "days"):
        assert places.starts[text.index(word)] == text.index(SECOND)


def test_questions_and_turns_belong_to_no_sentence() -> None:
    text, places = found(SECOND, history=(Turn(True, "Hello you."),))
    for word in ("How long?", "Hello"):
        assert places.starts[text.index(word)] == -1
    assert places.starts[text.rindex("How long?")] == -1


def test_what_is_repeated_token_by_token_is_counted_up_to_the_first_change() -> None:
    for reply, exact in ((SECOND, len(SECOND)), (SECOND.replace("30", "31"), SECOND.index("0")), (f"Yes. {SECOND}", 1)):
        # "Yes." shares its first letter with "You"
        assert found(reply)[1].exact == exact


def test_the_same_sentence_in_two_passages_is_found_in_the_first() -> None:
    text, places = found(FIRST, ("a", f"{SECOND} {FIRST}"), ("b", FIRST))
    assert places.first == text.index(FIRST)
