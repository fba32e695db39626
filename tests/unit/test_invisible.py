"""What nobody sees goes; what writing needs stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.invisible import counted, without_invisible

INVISIBLES = (
    "\u200b\u200c\u200d\u2060\ufeff\u180e\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u00ad\ufe00\ufe0f\u180b"
    "\x00\x07\x0c\x1c\x7f\x85\u034f\u3164\u2064\ufff9\U000e0041\U000e007f\U000e0100\ud800"
)
VISIBLES = "aZ9# \n\t。退👩💻🏴❤\u20e3ن\u0915\u094dᠠ"
mixed = st.text(alphabet=st.sampled_from(INVISIBLES + VISIBLES) | st.characters())


def cleaned(text: str) -> str:
    return without_invisible(text)[0]


@pytest.mark.parametrize(
    ("written", "shown", "kind"),
    [
        ("re\u200bfund", "refund", "zero-width character"),
        ("\ufeffrefund", "refund", "zero-width character"),
        ("pay \u202eelbadnuferton\u202c", "pay elbadnuferton", "direction control"),
        ("left \u200eto right", "left to right", "direction control"),
        ("hid\U000e0049\U000e0067den", "hidden", "tag character"),
        ("Ver\u00adsand", "Versand", "soft hyphen"),
        ("a\ufe0fb\U000e0121", "ab", "variation selector"),
        ("a\x00b\x1b[0m", "ab[0m", "control character"),
        ("退\u200b货", "退货", "zero-width character"),
        ("a\u3164b\u2064", "ab", "invisible character"),
        ("half \ud83d", "half ", "invisible character"),
    ],
)
def test_what_is_not_seen_is_taken_out_and_named(written: str, shown: str, kind: str) -> None:
    assert cleaned(written) == shown
    assert without_invisible(written)[1] == {kind: len(written) - len(shown)}


@pytest.mark.parametrize(
    "text",
    [
        "plain text,\twith tabs\nand lines\r\n",
        "می\u200cخواهم کتاب\u200cها را برگردانم",  # Persian
        "क्\u200dष और श्\u200cर",  # Hindi
        "ശ്രീലങ്ക\u0d4d\u200d",  # Malayalam
        "👩\u200d💻 👨\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 ❤\ufe0f\u200d🔥 👍🏽",
        "☎\ufe0f ©\ufe0e 1\ufe0f\u20e3 #\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
        "葛\U000e0100飾区 神\ufe00",  # a way to write an ideograph
        "ᠠ\u180b",
        "退货、换货：30 天内。",
    ],
)
def test_what_writing_needs_stays(text: str) -> None:
    assert without_invisible(text) == (text, {})


@pytest.mark.parametrize(
    ("hiding", "left"),
    [
        ("👍\ufe0f\ufe0f\ufe01\U000e0121", "👍\ufe0f"),  # bytes behind an emoji
        ("🏴\U000e0067\U000e0061\U000e007f", "🏴"),  # no such flag: a text in tags
        ("می\u200c\u200d\u200c\u200dخواهم", "می\u200cخواهم"),  # bits between two letters
        ("14\ufe0f days", "14 days"),  # digits, with no keycap
        ("stop\u200d🛑", "stop🛑"),
    ],
)
def test_nothing_hides_behind_what_is_needed(hiding: str, left: str) -> None:
    assert cleaned(hiding) == left


def test_controls_that_part_words_go_on_parting_them_and_lines_are_kept() -> None:
    assert cleaned("end of page\x0cnext page\x85and on") == "end of page next page and on"
    assert cleaned("one\r\ntwo\u200b\nthree").splitlines() == ["one", "two", "three"]


def test_counts_read_as_a_sentence_goes_on() -> None:
    assert counted(without_invisible("a\u200bb\u200bc\u00ad")[1]) == "2 zero-width characters and 1 soft hyphen"
    assert counted(without_invisible("a\u200b")[1]) == "1 zero-width character"
    assert counted({"a": 1, "b": 2, "c": 1}) == "1 a, 2 bs and 1 c"
    assert counted({}) == ""


@given(mixed)
def test_doing_it_again_changes_nothing(text: str) -> None:
    once = cleaned(text)
    assert without_invisible(once) == (once, {})


@given(mixed)
def test_what_is_seen_stays_in_its_order_and_lines_stay_where_they_are(text: str) -> None:
    seen = [sign for sign in text if sign not in INVISIBLES and (sign.isalnum() or sign in "\n\t")]
    left = cleaned(text)
    assert [sign for sign in left if sign not in INVISIBLES and (sign.isalnum() or sign in "\n\t")] == seen
    assert left.count("\n") == text.count("\n")


def test_a_long_run_costs_its_length() -> None:
    def seconds(text: str) -> float:
        started = time.process_time()
        without_invisible(text)
        return time.process_time() - started

    piece = "a\u200b👩\u200d💻\U000e0041"
    short, long = min(seconds(piece * 2_000) for _ in range(3)), seconds(piece * 20_000)
    assert long < 60 * short + 0.05
    assert seconds("\u200d" * 100_000) < 2
