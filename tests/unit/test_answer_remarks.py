"""Somebody's data in an answer for everybody, and words meant for one customer."""

from pathlib import Path

import pytest

from bot import faq
from bot.answer_remarks import personal, remarks

KNOWLEDGE_BASE = Path(__file__).parents[2] / "knowledge_base"


@pytest.mark.parametrize(
    ("text", "written", "kind"),
    [
        ("Mail eve.b+x@mail.example.org please", "eve.b+x@mail.example.org", "an e-mail address"),
        ("邮箱是eve@mail.example。", "eve@mail.example", "an e-mail address"),
        ("BE68 5390 0754 7034", "BE68 5390 0754 7034", "a bank account"),
        ("my card 4111 1111 1111 1111", "4111 1111 1111 1111", "a card or account number"),
        ("4111-1111-1111-1111", "4111-1111-1111-1111", "a card or account number"),
        ("call +32 475 12 34 56", "+32 475 12 34 56", "a phone number"),
        ("call 0475 12 34 56", "0475 12 34 56", "a phone number"),
        ("call (0475) 12 34 56", "(0475) 12 34 56", "a phone number"),
        ("123-456-7890", "123-456-7890", "a phone number"),
        ("我的手机是13812345678", "13812345678", "a phone number"),
        ("order AV-204518", "AV-204518", "an order or tracking number"),
        ("order #12345", "#12345", "an order or tracking number"),
        ("My order number 12345 is late", "order number 12345", "an order or tracking number"),
        ("3SABCD1234567", "3SABCD1234567", "an order or tracking number"),
        ("1Z999AA10123456784", "1Z999AA10123456784", "an order or tracking number"),
        ("订单号：202611220001", "订单号：202611220001", "an order or tracking number"),
    ],
)
def test_what_looks_like_somebodys_data_is_named_once(text: str, written: str, kind: str) -> None:
    assert list(personal(text)) == [(written, kind)]
    assert list(remarks({"answer": text}, "")) == [f"Take out “{written}” (answer): it looks like {kind}."]
    assert list(remarks({"answer": text}, f"Our page says {written}.")) == []


@pytest.mark.parametrize(
    "text",
    [
        "Delivery takes 2-4 days and costs €1,500.00 or 12.500 kr.",
        "Up to 100 Wh (27,000 mAh), R-value 4.5, IPX7, GORE-TEX 3000, USB-C, HDMI2",
        "On 2026-11-22 or 22/11/2026, 9:00-17:30, Monday to Friday.",
        "https://shop.example/products/123456789-tent",
        "Free from 75 euros; orders over 10000 pieces by quote. 30 % off, 1 m 80.",
        "满 100 元包邮，2026年11月22日前有效。",
    ],
)
def test_prices_dates_measures_and_links_are_nobodys_data(text: str) -> None:
    assert list(personal(text)) == []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("See above.", "“See above” leans on something"),
        ("As I said, it is free.", "“As I said” leans on something"),
        ("如前所述，可以退货。", "“如前所述” leans on something"),
        ("Hi Ann, it is free.", "“Hi Ann,” greets one customer"),
        ("Dear Mrs Peeters, it is free.", "“Dear Mrs Peeters,” greets one customer"),
        ("Good morning Jean-Luc! Yes.", "“Good morning Jean-Luc!” greets one customer"),
        ("王女士，您好！", "“王女士，” greets one customer"),
        ("I've refunded it today.", "“I've refunded” speaks of one customer's case"),
        ("已经为您处理了退款。", "“已经为您” speaks of one customer's case"),
    ],
)
def test_words_meant_for_one_customer_are_pointed_out(answer: str, sentence: str) -> None:
    (found,) = remarks({"question": "Why?", "answer": answer}, "")
    assert found.startswith(sentence)


@pytest.mark.parametrize(
    "answer", ["Hello! Yes.", "Dear customer, yes.", "Hi there, yes.", "Your order has been sent once you get a mail."]
)
def test_words_for_everybody_are_not(answer: str) -> None:
    assert list(remarks({"answer": answer}, "")) == []


def test_a_shops_own_pages_give_no_cause_for_remarks() -> None:
    files = [file for file in KNOWLEDGE_BASE.rglob("*.md") if file.name != "README.md"]
    passages = [one for file in files for one in faq.parse(file.read_text(), file.name).passages]
    known = "\n".join(passage.text for passage in passages)
    assert len(passages) > 400
    found = [r for p in passages for r in remarks({"question": p.title, "answer": p.text}, known)]
    assert found == []


@pytest.mark.parametrize("unit", ["0", "0 ", "a@", "A1-", "(0", "+1 ", "order ", "I ", "Hi A", "1-", "订单"])
def test_long_text_is_read_at_once(unit: str) -> None:
    assert isinstance(list(remarks({"answer": unit * (20_000 // len(unit))}, "")), list)
