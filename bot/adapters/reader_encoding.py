"""Bytes → text. UTF-8 unless the bytes say otherwise; an encoding is guessed only where the guess is safe."""

import codecs
import re
import unicodedata

from bot.content import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins the same
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF8_RUNS = re.compile(rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+")
_HIGH = re.compile(rb"[\x80-\xff]+")
# Found in any Chinese sentence or two, and hardly in what other encodings look like when they are read as Chinese.
_COMMON_CHINESE = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然"
    "家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把"
    "机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果"
    "加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔"
    "更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展"
    "订单退款换货快递物流发货收到支付价格优惠券客服售后质保维修地址账户密码登录注册配送联系您请答商品买卖店"
)
_WESTERN = frozenset("ŒœŸ‘’‚“”„†‡•–—…‰‹›€£¥©®™°«»¿¡·§½¼¾²³¹ªº\xa0\xad´±µ¶ƒˆ˜¢¦¨¬¯¸")
_JOINING = frozenset("’‘·-­\xa0–—")  # signs that stand between two letters in Western text
_PARTED = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
SAVE_AS = "save the file as UTF-8"


def decoded(path: str, data: bytes) -> str:
    """The text, without a byte-order mark. Raises Unreadable with the line of the first byte that is none."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(path, data[len(mark) :], encoding)
    if encoding := _unmarked_utf16(data):
        return _strictly(path, data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guessed(path, data, error.start)


def declared(data: bytes, encoding: str) -> str | None:
    """The text in the encoding that a page names for itself, where that can be true."""
    try:
        name = codecs.lookup(encoding).name
        text = data.decode("gb18030" if name in ("gb2312", "gbk") else "cp1252" if name == "iso8859-1" else name)
    except (LookupError, UnicodeDecodeError, ValueError):
        return None
    return text if isinstance(text, str) else None


def beginning(data: bytes, length: int = 4096) -> str:
    """The first characters, however they are encoded: enough to tell a format, not to be kept."""
    head = data[:length]
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), _unmarked_utf16(head) or "utf-8")
    return head.decode(encoding, "replace").lstrip("\ufeff")


def _unmarked_utf16(data: bytes) -> str:
    """Spreadsheets write UTF-16 without a mark, too: half the bytes of Western text are then zero."""
    head = data[:2048]
    if len(head) < 4 or b"\0" not in head:
        return ""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even + odd < len(head) // 5:
        return ""
    return "utf-16-le" if odd > 8 * even else "utf-16-be" if even > 8 * odd else ""


def _strictly(path: str, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "ignore").count("\n") + 1
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        raise _bad(path, line, f"this line is not {name} text, as the file says it is") from None


def _guessed(path: str, data: bytes, first_bad: int) -> str:
    line = data.count(b"\n", 0, first_bad) + 1
    high = sum(map(len, _HIGH.findall(data)))
    as_utf8 = sum(map(len, _UTF8_RUNS.findall(data)))
    if 2 * as_utf8 >= high:  # UTF-8 with a damaged byte: any other reading would turn the rest to nonsense
        raise _bad(path, line, "this line is not UTF-8 text, though most others are")
    for guess in (_chinese, _western, _other):
        if (text := guess(data)) is not None:
            return text
    raise _bad(path, line, "this line is not UTF-8 text, and its encoding cannot be told")


def _bad(path: str, line: int, what: str) -> Unreadable:
    return Unreadable(f"{what}: {SAVE_AS}", f"{path}:{line}")


def _chinese(data: bytes) -> str | None:
    text = declared(data, "gb18030")
    if text is None:
        return None
    wide = [character for character in text if "\u2e80" <= character <= "\uffef"]
    common = sum(character in _COMMON_CHINESE for character in wide)
    others = sum(ord(character) > 127 for character in text) - len(wide)
    blanks = len(_PARTED.findall(text))  # Korean parts its words; Chinese does not
    return text if wide and 8 * common >= len(wide) > 12 * blanks and others <= len(wide) else None


def _western(data: bytes) -> str | None:
    """Windows-1252: single accented letters among plain ones, and quotation marks where such stand."""
    text = declared(data, "cp1252")
    if text is None:
        return None
    for found in re.finditer(r"[^\x00-\x7f]+", text):
        run = found[0]
        letters = sum(character.isalpha() for character in run)
        if letters > 3 or len(run) > 6 or any(c not in _WESTERN and not _is_letter(c) for c in run):
            return None
        before, after = text[max(0, found.start() - 1) : found.start()], text[found.end() : found.end() + 1]
        if before.isalpha() and after.isalpha() and any(not c.isalpha() and c not in _JOINING for c in run):
            return None  # a sign inside a word: these bytes are letters, in another encoding
        if run[0].isupper() and before.islower():
            return None  # a capital inside a word, likewise
    plain = sum(character.isascii() and character.isalpha() for character in text)
    accented = sum(not character.isascii() and character.isalpha() for character in text)
    return text if 2 * accented <= plain + 2 and _is_of_one_language(text) else None


# Czech or Polish in Windows-1250 also reads as Windows-1252, with other letters: no language has just those.
_ALPHABETS = tuple(
    frozenset(letters)
    for letters in ("àâæçéèêëîïôœùûüÿ", "äöüßéàç", "áéíñóúüç", "áâãàçéêíóôõúü", "àèéìíîòóùú", "åäöæøéüà", "áéëïóöüèêç",
                    "àçèéíïòóúüñ", "éèêëïñöüçàâô")
)  # fmt: skip


def _is_of_one_language(text: str) -> bool:
    used = {character for character in text.lower() if not character.isascii() and character.isalpha()} - set("ªºµƒˆ")
    return any(used <= alphabet for alphabet in _ALPHABETS) and not re.search("õ(?!e)", text.lower())  # õl: Hungarian ő


def _is_letter(character: str) -> bool:
    return "À" <= character <= "ÿ" and character not in "×÷"


def _other(data: bytes) -> str | None:
    best = _best(data)
    if best is None:
        return None
    encoding, text, is_safe = best
    return text if is_safe and encoding in _KNOWN_BY_THEIR_SCRIPT else None


_KNOWN_BY_THEIR_SCRIPT = frozenset(
    {"cp1251", "koi8_r", "koi8_u", "cp1253", "iso8859_7", "cp1255", "cp1256", "cp874", "big5", "big5hkscs", "cp950",
     "gb18030", "cp932", "shift_jis", "shift_jis_2004", "euc_jp", "euc_jis_2004", "cp949", "euc_kr"}
)  # fmt: skip


def _best(data: bytes) -> tuple[str, str, bool] | None:
    """What charset-normalizer makes of it, and whether that leaves no doubt: no disorder, and a language known."""
    from charset_normalizer import from_bytes  # 35 ms, and few files need it

    found = from_bytes(data[:200_000]).best()
    text = declared(data, found.encoding) if found else None
    if found is None or text is None:
        return None
    letters = [character for character in text if ord(character) > 127 and character.isalpha()]
    names = {unicodedata.name(character, "?").split(" ")[0] for character in letters[:2000]}
    one_script = len(names - {"HIRAGANA", "KATAKANA", "CJK", "KATAKANA-HIRAGANA"}) <= 1
    return found.encoding, text, bool(letters) and one_script and found.chaos < 0.1 and found.coherence >= 0.15
