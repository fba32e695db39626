"""Somebody's data is found by its checksum or its shape; what a shop says of itself is nobody's."""

import time

import pytest

from bot.personal import personal, role_domains


def kinds(text: str, *own: str) -> list[str]:
    return [found.kind for found in personal(text, own)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to anna.meier@gmail.com.", "an e-mail address"),
        ("联系zhangwei88@qq.com即可", "an e-mail address"),
        ("Her card is 4929 1234 5678 9016? no: 4539 1488 0343 6467", "a card number"),
        ("5425-2334-3010-9903", "a card number"),
        ("卡号6222021234567890128", "a card number"),
        ("Refunded to DE44 5001 0517 5407 3249 31 last week", "a bank account"),
        ("be71096123456769 was used", "a bank account"),
        ("身份证 11010519491231002X", "an identity number"),
        ("SSN 219-09-9999", "a social security number"),
        ("张经理手机：13812345678", "a phone number"),
        ("Call Mr Jones on +44 7911 123456", "a phone number"),
        ("my mobile is 0171 2345678", "a phone number"),
    ],
)
def test_somebodys_data_is_found(text: str, kind: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Write to support@alder.shop or returns-eu@alder.shop, or customercare@alder.shop.",
        "For example jane.doe@example.com, or you@yourcompany.com.",
        "Our hotline: +32 9 123 45 67, 400-820-8820, (555) 123-4567.",
        "客服热线：13812345678，或 010-12345678。",
        "Pay with the test card 4242 4242 4242 4242.",
        "Order 4539148803436468, tracking 00340434161094042557, EAN 4006381333931.",  # no checksum, or no card's
        "IMEI 356938035643809, serial 1234 5678 9012 3456.",
        "Transfer the amount to DE44 5001 0517 5407 3249 31.",
        "请汇款至 DE44 5001 0517 5407 3249 31。",
        "DE44 5001 0517 5407 3249 32 does not add up, DE89 3704 0044 0532 0130 00 stands in every textbook.",
        "11010519491331002X has no such month, 110105194912310021 no such checksum.",
        "Article 123-45-6789A, size 12-34-5678",
        "€4.95 from 1,000,000 pieces; 2026-12-31 18:00; 192.168.100.100",
        "git@github.com:arduino/core.git",
    ],
)
def test_what_a_shop_says_of_itself_is_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_whoever_writes_from_the_shops_own_domain_is_not_told_on() -> None:
    own = role_domains(iter(["Write to help@alder.shop", "or to alder.support@gmail.com", "no address"]))
    assert own == {"alder.shop"}
    assert kinds("ann@alder.shop, ann@mail.alder.shop", *own) == []
    assert kinds("ann@gmail.com, ann@elder.shop", *own) == ["an e-mail address"] * 2


def test_what_is_shown_does_not_give_it_away() -> None:
    text = "anna.meier@gmail.com 4539148803436467 DE44500105175407324931 11010519491231002X my cell 555-123-4567"
    for found in personal(text):
        assert found.value in text
        assert found.value not in found.shown
    assert next(found.shown for found in personal(text)) == "a…@gmail.com"


def test_a_stretch_is_named_once_and_only_phone_numbers_are_unsure() -> None:
    found = list(personal("身份证11010519491231002X，手机13812345678"))
    assert [(one.kind, one.is_sure) for one in found] == [("an identity number", True), ("a phone number", False)]


@pytest.mark.parametrize("piece", ["1 ", "a@", "a.a", "GB12 A", "(0 ", "+1 ", "A1"])
def test_nobody_can_make_it_slow(piece: str) -> None:
    started = time.process_time()
    list(personal(piece * (60_000 // len(piece))))
    assert time.process_time() - started < 2
