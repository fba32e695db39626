"""Words as retrieval compares them: one normal form, and word-like units for a script that writes no blanks.

English is cut at blanks and punctuation. Each run of Chinese becomes its overlapping pairs and its single characters
(退货费 → 退货 货费 退 货 费): no dictionary to go out of date, and no word cut in the wrong place for good.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

_IDEOGRAPHS = r"\u3400-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_IDEOGRAPHS}]+|\d+(?:[.,]\d+)+(?![^\W_])|[^\W_{_IDEOGRAPHS}]+")
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}]")
_ACCENTS = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

# What carries no topic: the glue of a question, and the politeness around it.
_GLUE = """
    a about after again all also am an and any anyone anything are as ask at be because been before being but by can
    cannot could d did do does doing don done for from get gets getting give go going got had has have having he hello
    help her here hey hi him his how i if in into is isn it its just kindly know let like ll looking m may me might
    mine my need no not of off ok on once one or our out over please possible question re s shall she should so some
    something t tell than thank thanks that the their them then there these they thing this those to too try trying
    u up us use using ve very want wanted was way we well were what when where whether which while who whom whose why
    will wish with without wondering would yes yet you your yours
"""
STOP_WORDS = frozenset(_GLUE.split())

# The same for Chinese. A character that also builds topic words stays (会员, 到货, 退还), whatever else it can mean.
_GLUE_ZH = """
    请问 你好 您好 谢谢 麻烦 为什么 什么 怎么样 怎么办 怎么 怎样 如何 哪些 哪里 哪个 哪儿 是否 是不是 能不能 可不可以
    有没有 会不会 要不要 可以 可否 能否 需要 想要 我想 想问 问一下 一下 知道 告诉 我们 你们 他们 我的 你的 您的
    这个 那个 这些 那些 这样 那样 如果 但是 因为 所以 还是 或者 以及 并且 已经 现在 时候 帮我 给我
    吗 呢 吧 啊 呀 嘛 么 的 了 我 你 您 他 她 它 们 是 这 那
"""
_LONGEST_FIRST = sorted(_GLUE_ZH.split(), key=len, reverse=True)  # 为什么 goes before 什么
_STOP_PHRASE = re.compile("|".join(_LONGEST_FIRST))


def normalised(text: str) -> str:
    """One form for what looks the same: full-width letters, capitals, accents, the comma of 1,000."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return _THOUSANDS.sub("", unicodedata.normalize("NFKC", _ACCENTS.sub("", decomposed)))


def runs(text: str) -> list[str]:
    """Words, numbers, and unbroken runs of ideographs, in the order of the text."""
    return _TOKEN.findall(normalised(text))


def terms(text: str) -> Iterator[str]:
    """What a lexical index counts: words and pieces of Chinese that may carry a topic, repeats included."""
    for run in runs(text):
        if _IDEOGRAPH.match(run):
            for part in _STOP_PHRASE.sub(" ", run).split():
                yield from part
                yield from (part[start : start + 2] for start in range(len(part) - 1))
        elif run not in STOP_WORDS:
            yield run


def folded_terms(text: str) -> list[str]:
    """The distinct terms of `text`, in order, English endings folded."""
    return list(dict.fromkeys(map(fold, terms(text))))


def fold(word: str) -> str:
    """A word without its commonest English endings, so that `returned`, `returning` and `returns` meet `return`."""
    for ending, shortest in (("ing", 4), ("ed", 4), ("es", 4), ("s", 3)):
        if word.endswith(ending) and len(word) - len(ending) >= shortest and not word.endswith(("ss", "eed")):
            word = _undoubled(word.removesuffix(ending))
            break
    word = word.removesuffix("e") if len(word) > 3 else word
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word


def _undoubled(stem: str) -> str:
    """`shipp` → `ship`, from `shipped`; `sell`, `pass` and `staff` keep their double letters."""
    return stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lsfz" else stem


_LATIN_WORD = re.compile(r"(?<![\w@./-])[A-Za-z]{4,24}(?![\w@/-]|\.\w)")  # no part of an address, a code or a number
LONG = 8  # letters from which on a word may have two slips


class Spelling:
    """Mends a customer's typing with the shop's own words: "shiping to turky" → "shipping to turkey".

    Only a word that is neither the shop's nor `is_known` to be a word at all is mended, and only into a word of the
    shop that starts alike. Each word is filed under itself and under itself less one letter; two words one slip
    apart, letters swapped included, then share an entry, so a look-up costs microseconds whatever the vocabulary.
    """

    def __init__(self, counts: Mapping[str, int], is_known: Callable[[str], bool]) -> None:
        self._counts = {word: count for word, count in counts.items() if _is_mendable(word)}
        self._is_known = is_known
        self._filed: dict[str, list[str]] = {}
        for word in self._counts:
            for shorter in _shortened(word):
                self._filed.setdefault(shorter, []).append(word)

    def mended(self, text: str) -> str:
        return _LATIN_WORD.sub(lambda match: self._mended_word(match[0]), text)

    def _mended_word(self, written: str) -> str:
        word = written.casefold()
        if not _is_mendable(word) or word in self._counts or word in STOP_WORDS or self._is_known(word):
            return written
        near = {other for shorter in _shortened(word) for other in self._filed.get(shorter, ())}
        ranked = [
            (slips, other[0] != word[0], -self._counts[other], other)
            for other in near
            if other[0] == word[0] or other[:2] == word[1::-1]
            if (slips := distance(word, other)) <= (2 if len(word) >= LONG else 1)
        ]
        return min(ranked)[-1] if ranked else written


def _is_mendable(word: str) -> bool:
    return 4 <= len(word) <= 24 and word.isascii() and word.isalpha()


def _shortened(word: str) -> set[str]:
    return {word} | {word[:n] + word[n + 1 :] for n in range(len(word))}


def distance(one: str, other: str) -> int:
    """How many slips apart: letters added, left out, changed, or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        above, row = row, [i]
        for j, b in enumerate(other, start=1):
            steps = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if before and j > 1 and a == other[j - 2] and one[i - 2] == b:
                steps = min(steps, before[j - 2] + 1)
            row.append(steps)
        before = above
    return row[-1]
