"""Redaction: what may be somebody's is out of the text and comes back; what a question is about stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redaction import found, page_redacted, ready, redacted, restored


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to ann.o'dea+x@mail.example.org please", "E-MAIL", "dea+x@mail.example.org"),
        ("mine is info@ann.ie", "E-MAIL", "info@ann.ie"),
        ("邮箱是wang@foxmail.com。", "E-MAIL", "wang@foxmail.com"),
        ("call 086 123 4567", "PHONE", "086 123 4567"),
        ("+353 (86) 123-4567 is mine", "PHONE", "+353 (86) 123-4567"),
        ("my number: (415) 555-2671", "PHONE", "(415) 555-2671"),
        ("415.555.2671x12", "PHONE", "415.555.2671x12"),
        ("我的手机13812345678", "PHONE", "13812345678"),
        ("Phone:\n21 284 698 2548", "PHONE", "21 284 698 2548"),
        ("my card 4454 7945 1139 0933 was charged", "CARD", "4454 7945 1139 0933"),
        ("card # 4454794511390933", "CARD", "4454794511390933"),
        ("IBAN gb56 hxdo 8816 7774 6561 19, thanks", "ACCOUNT", "gb56 hxdo 8816 7774 6561 19"),
        ("SSN 460-89-9847", "ID", "460-89-9847"),
        ("身份证11010519491231002X", "ID", "11010519491231002X"),
        ("my passport number is PA1234567", "ID", "PA1234567"),
        ("from 86.121.97.248", "IP", "86.121.97.248"),
        ("6e40:4041:c617:e898:c11:40d2:c669:2eb4", "IP", "6e40:4041:c617:e898:c11:40d2:c669:2eb4"),
    ],
)
def test_what_may_be_a_persons_is_found(text: str, kind: str, value: str) -> None:
    (one,) = found(text)
    assert (one.kind, text[one.start : one.end]) == (kind, value)


@pytest.mark.parametrize(
    "text",
    [
        "Where is order 4111-2222?", "order #10023945812", "my order number is 4454794511390933",
        "tracking 1Z999AA10123", "Order 123-4567890-1234567", "DHL parcel 00340434161094022115",
        "EAN 4006381333931", "ticket 555-1234-99", "I paid 1,299.00 on 2025-12-24", "1.299,00 € on 24.12.2025",
        "open 09:00-17:30", "within 10 - 14 days", "Bose QC45 700 900", "订单号202511220001234",
        "between 2024 and 2025, 2024-2025", "serial number AB12 3456 7890",
        "GB56 HXDO 8816 7774 6561 18 is no account", "4454 7945 1139 0934 has no checksum", "1 200 300 yen",
        "passport photos cost 5", "0.123456789 m", "is it @home?", "", "8001234567890123456789012345",
    ],
)  # fmt: skip
def test_what_a_question_is_about_stays(text: str) -> None:
    assert redacted(text).text == text


def test_the_same_value_has_the_same_placeholder_in_all_of_a_letter() -> None:
    first = redacted("ann@x.ie, bob@x.ie, ann@x.ie")
    assert first.text == "[E-MAIL-1], [E-MAIL-2], [E-MAIL-1]"
    second = redacted("Is it bob@x.ie? Or 086 123 4567", first.values)
    assert second.text == "Is it [E-MAIL-2]? Or [PHONE-1]"
    assert restored(second.text, second.values) == "Is it bob@x.ie? Or 086 123 4567"


def test_a_placeholder_somebody_typed_is_none() -> None:
    sent = redacted("What is [E-MAIL-1]? ann@x.ie")
    assert sent.text == "What is [ E-MAIL-1]? [E-MAIL-1]"
    assert restored("[E-MAIL-1] [E-MAIL-2] [PHONE-1]", sent.values) == "ann@x.ie [E-MAIL-2] [PHONE-1]"


def test_a_value_is_put_back_as_it_stands_and_not_looked_into() -> None:
    assert restored("[A-1][B-1]", {"[A-1]": "[B-1]", "[B-1]": "\\1"}) == "[B-1]\\1"


def test_what_the_pages_say_openly_is_no_secret() -> None:
    page = page_redacted("Write to help@shop.ie or call 01 234 5678. Ask for Tom, tom.byrne@gmail.com.")
    assert page.text == "Write to help@shop.ie or call 01 234 5678. Ask for Tom, [E-MAIL-1]."
    asked = redacted("Is it help@shop.ie, 01 234 5678 or tom.byrne@gmail.com?", page.values, page.text)
    assert asked.text == "Is it help@shop.ie, 01 234 5678 or [E-MAIL-1]?"


def test_a_page_may_hold_one_value_twice() -> None:
    page = page_redacted("tom.byrne@gmail.com, or: tom.byrne@gmail.com")
    assert page.text == "[E-MAIL-1], or: [E-MAIL-1]"


@pytest.mark.parametrize(
    ("text", "now", "later"),
    [
        ("Write to [E-MA", "Write to ", "[E-MA"),
        ("Write to [E-MAIL-1", "Write to ", "[E-MAIL-1"),
        ("Write to [E-MAIL-1]", "Write to [E-MAIL-1]", ""),
        ("see [", "see ", "["),
        ("see [this", "see [this", ""),
        ("[AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "[AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""),
    ],
)
def test_half_a_placeholder_is_held_back(text: str, now: str, later: str) -> None:
    assert ready(text) == (now, later)


TEXTS = st.lists(
    st.sampled_from(["ann@x.ie ", "086 123 4567", "4454794511390933", " ", "[", "[E-MAIL-1]", "call ", "order ", "1",
                     "退货", "GB56HXDO88167774656119", "\n"]), max_size=12,
).map("".join)  # fmt: skip


@given(TEXTS)
def test_what_was_taken_out_comes_back(text: str) -> None:
    sent = redacted(text)
    assert restored(sent.text, sent.values) == text.replace("[E-MAIL-1]", "[ E-MAIL-1]")
    assert len(sent.values) == len({text[one.start : one.end] for one in found(text)})


@given(TEXTS, st.integers(1, 5))
def test_in_pieces_or_whole_the_same_comes_back(text: str, size: int) -> None:
    sent, shown, held = redacted(text), "", ""
    for start in range(0, len(sent.text), size):
        now, held = ready(held + sent.text[start : start + size])
        shown += restored(now, sent.values)
    assert shown + restored(held, sent.values) == restored(sent.text, sent.values)
