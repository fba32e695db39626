import pytest

from bot.adapters import reader_encoding
from bot.content import Unreadable

GERMAN = "Größe und Rücksendung: Sie können innerhalb von 30 Tagen zurückgeben – für 5 €."
CHINESE = "退货：您可以在收到商品后三十天内退货。我的订单在哪里？请联系客服。"


def decoded(data: bytes) -> str:
    return reader_encoding.decoded("a.txt", data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", [GERMAN, CHINESE, "plain"])
def test_marks_and_utf_8_are_read_as_they_say(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_zeros(encoding: str) -> None:
    text = "question\tanswer\r\nHow long?\t30 days\r\n"
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "text",
    [
        GERMAN,
        "Größe?",
        "Où est ma commande ? Écrivez-nous après la livraison.",
        "¿Dónde está mi pedido, señor?",
        "Perché non è arrivato? Può dirmi dov'è?",
        "Øl og ærter på søndag",
        "Devolução: não há custos",
        "You’ll get it back — it costs €5.",
        "A café, £5 off, 20 °C, 2 m²",
    ],
)
def test_western_text_of_windows_is_read(text: str) -> None:
    assert decoded(text.encode("cp1252")) == text


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
@pytest.mark.parametrize(
    "text", [CHINESE, "问题,答案\n怎么退货？,请联系我们。\n", "question,answer\n多久到货？,三天。\n"]
)
def test_chinese_text_of_windows_is_read(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == text


def test_russian_and_japanese_are_told_by_their_letters() -> None:
    russian = "Возврат: у вас есть 30 дней с момента доставки. Где мой заказ?"
    japanese = "返品は三十日以内に可能です。注文はどこですか？" * 8
    assert decoded(russian.encode("cp1251")) == russian
    assert decoded(japanese.encode("shift_jis")) == japanese


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Vrácení zboží: příliš žluťoučký kůň", "cp1250"),
        ("Zwrot: proszę wysłać paczkę na nasz adres, żółty", "cp1250"),
        ("Visszaküldés: a kézhezvételtől számított 30 napon belül.", "cp1250"),
        ("İade: Siparişim nerede? Işık", "cp1254"),
        ("You’ll get the café back — it’s fine", "mac_roman"),
        ("반품은 30일 이내에 가능합니다.", "euc_kr"),
    ],
)
def test_what_cannot_be_told_is_refused_and_never_read_wrongly(text: str, encoding: str) -> None:
    with pytest.raises(Unreadable, match="save the file as UTF-8"):
        decoded(text.encode(encoding))


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("Größe\nist\n".encode() + b"kaputt \xff\xfe\n", 3),
        ("Schöne Größe, für alle\n".encode() + b"caf\xe9\n", 2),
        (b"ok\nbad \xe4\xff\xf0\x81\n", 2),
        (b"\xff\xfea\0\n\0b", 2),
    ],
)
def test_the_first_line_that_is_no_text_is_named(data: bytes, line: int) -> None:
    with pytest.raises(Unreadable) as error:
        decoded(data)
    assert error.value.place == f"a.txt:{line}"


def test_a_page_may_name_its_encoding() -> None:
    assert reader_encoding.declared("Größe".encode("latin-1"), "ISO-8859-1") == "Größe"
    assert reader_encoding.declared("“quoted”".encode("cp1252"), "iso-8859-1") == "“quoted”"  # as browsers read it
    assert reader_encoding.declared(CHINESE.encode("gb18030"), "gb2312") == CHINESE
    assert reader_encoding.declared(b"\xff", "utf-8") is None
    assert reader_encoding.declared(b"a", "no such thing") is None
    assert reader_encoding.declared(b"a", "rot13") is None
