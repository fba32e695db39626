"""Does a message lean on what was said before, and on what? ("and for headphones?", 那耳机呢？)

How much it leans is a probability, by a small logistic regression over signs read off its words. What it leans on is
the customer's own last questions, back to one that stood by itself, and what the bot last replied. Retrieval weighs
these in: a message that says half of what it means finds what both halves mean, one that says all of it finds what it
always found. The weights were fitted on follow-ups in English and Chinese and on questions nothing went before, the
shares on some of the same; `python -m tests.bench.follow_ups` prints what they are worth on others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from bot import smalltalk
from bot.knowledge import language_of, script_of
from bot.text import STOP_WORDS

FAINT = 0.3  # what leans less than this is taken to stand by itself
LEANS = 0.5
LONGEST = 300  # characters: a message longer than this says what it means
CHAIN = 3  # questions at most: "delivery?" "and express?" "to Austria?"
LONGEST_CONTEXT = 600
RICH = 3  # topic words from which on a message lacks not the question but the thing it is about
# How much the earlier questions count beside the message, and the words of the reply, at full lean. A short message
# lacks the question ("and Greece?"), a longer one what "it" is, which the bot named last ("does it have a garden?").
ASKED, ASKED_OF_RICH = 0.7, 0.4
TOLD, TOLD_OF_RICH = 0.1, 0.35
SPELT_OUT = 2.0  # times as much, of a message that surely leans, for the questions and the message in one


@dataclass(frozen=True, slots=True)
class Said:
    """An earlier message of the customer's or the bot's."""

    is_customer: bool
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a message leans on: earlier questions of the customer's, the bot's last reply, and how much each counts.

    Only ever searched with: nothing is answered from it.
    """

    asked: str = ""
    told: str = ""
    asked_weight: float = 0.0
    told_weight: float = 0.0
    is_certain: bool = False
    is_rich: bool = False  # it lacks what "it" is, not what is asked

    def spelt_out(self, text: str) -> str:
        """What the message means, in words: with what it leans on in front of it."""
        return f"{self.asked} {text}" if self.asked and self.is_certain else text

    def beside(self, text: str) -> str:
        """What is searched for together with the message, and counts `asked_weight` as much."""
        return self.spelt_out(text) if self.is_certain else self.asked


NOTHING = Context()


def context(text: str, earlier: Sequence[Said]) -> Context:
    """What `text` leans on in `earlier`, oldest first; NOTHING when it stands by itself."""
    lean = leaning(text)
    if lean < FAINT:
        return NOTHING
    script = script_of(language_of(text))  # words and vectors of two languages do not add up
    known = [said for said in earlier if script_of(language_of(said.text)) == script]
    asked = " ".join(_chain(text, [said.text for said in known if said.is_customer]))
    told = next((said.text[:LONGEST_CONTEXT] for said in reversed(known) if not said.is_customer), "")
    is_rich = _topics(_plain(text)) >= RICH
    share, reply_share = (ASKED_OF_RICH, TOLD_OF_RICH) if is_rich else (ASKED, TOLD)
    share *= SPELT_OUT if lean >= LEANS else 1.0
    return Context(
        asked, told, lean * share if asked else 0.0, lean * reply_share if told else 0.0, lean >= LEANS, is_rich
    )


def _chain(text: str, asked: Sequence[str]) -> list[str]:
    """The last questions, back to one that stands by itself; but "and boots?" says nothing about "and hats?".

    Thanks and greetings do not count.
    """
    chain = list[str]()
    for past in reversed(asked):
        if smalltalk.small_talk(past) is not None or _is_sibling(past, text):
            continue
        chain.insert(0, smalltalk.without_pleasantries(past)[:LONGEST_CONTEXT])
        if len(chain) == CHAIN or leaning(past) < LEANS:
            break
    return chain


def _is_sibling(one: str, other: str) -> bool:
    """Do both put something else in the same place of the same question?"""
    opened, opening = _OPENS.match(_plain(one)), _OPENS.match(_plain(other))
    return bool(opened and opening and opened[0] == opening[0] and leaning(one) >= LEANS)


# ── how much does it lean? ──

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_\u3400-\u9fff]+(?:'[a-z]+)?")

_OPENS = re.compile(
    r"(?:and|but|or|so|also|then|plus|even|only|same|except|without|as well|with|for|in|to|from|by|until|over|under|on"
    r"|at|if|because)\b(?!.*\b(?:do|does|did|is|are|am|can|could|will|would|should|how|which|what)\b)"
    r"|(?:(?:and|but|so|then) )?(?:what about|how about|what if|what else)\b"
    r"|那|还有|要是|如果|换成|但|可是|不过|再|也|另外|万一|而"
)
_ASKS = re.compile(
    r"(?:where|when|how|why|which|who|whose|what|can|could|do|does|did|is|are|was|were|will|would|should|may|must|has"
    r"|have|am|tell|explain|describe)\b"
)
_OWNS = re.compile(r"\b(?:my|our|your)\b")
_POINTING = frozenset(
    "it its itself that this these those they them their theirs he she him his her mine one ones others there".split()
)
_AT_THE_END = frozenset("too either though instead then else same both another other neither".split())
_ONE = frozenset("the this that which other a another second first last bigger smaller".split())  # "the first one"
_THAT = frozenset(
    """
    do does did is was are were will would can could should has have if with of for about than on to in from at after
    before without like
    """.split()
)  # "how long does that take?", not "the tent that leaks"
_EMPTY_IT = re.compile(r"\bit (?:be|possible|necessary|okay?|safe|takes?|costs?)\b(?=.* (?:to|that|if)\b)")
# What can be asked of any topic.
_MEASURES = frozenset(
    """
    long many much often soon far cost costs happen happens mean means apply applies count counts still already
    """.split()
)

_ASKS_ZH = re.compile("怎么|怎样|如何|什么时候|多久|多少|几|哪")
_POINTS_ZH = re.compile("它|这个|那个|这种|那种|他们|她们|这|那边|那里|那|一样|也|其中|同样|对方|他家|此|再|还")
_GLUE_ZH = re.compile(
    "[的了吗呢吧啊呀嘛么是有在要能会可以就都和或到给把被用做得过着不没多少几怎如何样什么时候久哪里为谁请问我你您们想需钱天个一]"
)

# What the number of topic words says, from none; the last figure holds for all that are longer. Then the signs.
_BY_TOPICS = (1.3, -0.1, -1.6, -1.8, -2.1, -2.6, -3.0, -3.4, -3.8)
_BY_TOPICS_ZH = (2.6, 0.9, -0.6, -1.7, -4.7, -5.6, -6.2)
_WEIGHTS = {
    "opens": 2.7, "opens short": 2.1, "points": 3.9, "points late": 1.6, "the short": 1.4, "asks": 0.7, "owns": -2.3,
}  # fmt: skip
_WEIGHTS_ZH = {"opens": 0.9, "points": 2.4, "trails off": 2.3, "asks whole": -1.3}


def leaning(text: str) -> float:
    """From 0 to 1: does `text` mean little without what was said before?"""
    if len(text) > LONGEST:
        return 0.0
    plain = _plain(text)
    is_chinese = bool(_HAN.search(plain))
    weights, by_topics = (_WEIGHTS_ZH, _BY_TOPICS_ZH) if is_chinese else (_WEIGHTS, _BY_TOPICS)
    signs = _signs_zh(plain) if is_chinese else _signs(plain)
    total = by_topics[min(int(_topics(plain)), len(by_topics) - 1)] + sum(weights[sign] for sign in signs)
    return 1.0 / (1.0 + exp(-total))


def _plain(text: str) -> str:
    return smalltalk.normalise(smalltalk.without_pleasantries(text))


def _signs(plain: str) -> list[str]:
    words = _WORD.findall(_EMPTY_IT.sub("", plain))
    pointing = [_topics_before(words, n) for n in range(len(words)) if _points(words, n)]
    n_topics, opens = _topics_before(words, len(words)), bool(_OPENS.match(plain))
    shown = {
        "opens": opens,
        "opens short": opens and n_topics < 3,
        "points": bool(pointing) and min(pointing) <= 1,
        "points late": bool(pointing) and min(pointing) > 1,  # to something in the message itself, maybe
        "the short": "the" in words and n_topics <= 2,  # "what is the fee?"
        "asks": bool(_ASKS.match(plain)),
        "owns": bool(_OWNS.search(plain)),  # "where is my order?"
    }
    return [name for name, is_shown in shown.items() if is_shown]


def _signs_zh(plain: str) -> list[str]:
    shown = {
        "opens": bool(_OPENS.match(plain)),
        "points": bool(_POINTS_ZH.search(plain)),
        "trails off": plain.endswith("呢"),
        "asks whole": bool(_ASKS_ZH.search(plain)) and _topics(plain) >= 1,  # 怎么退货
    }
    return [name for name, is_shown in shown.items() if is_shown]


def _topics_before(words: Sequence[str], at: int) -> int:
    return sum(map(_is_topic, words[:at]))


def _points(words: Sequence[str], at: int) -> bool:
    word, before, after = words[at].split("'")[0], words[at - 1] if at else "", words[at + 1 : at + 2]
    if word == "there":
        return before not in ("is", "are", "was", "were", "if") and after not in (["is"], ["are"], ["was"], ["a"])
    if word == "that":
        return not at or before in _THAT or not after
    if word in _AT_THE_END:
        return not after
    return word in _POINTING and (word != "one" or before in _ONE)


def _is_topic(word: str) -> bool:
    stem = word.split("'")[0]
    return not {word, stem} & _POINTING and stem not in STOP_WORDS and word not in _MEASURES | _AT_THE_END


def _topics(plain: str) -> float:
    """Words that carry a topic; two Chinese characters count as one word."""
    latin = sum(map(_is_topic, _WORD.findall(plain)))
    if not _HAN.search(plain):
        return latin
    return latin + len(_HAN.findall(_GLUE_ZH.sub("", _POINTS_ZH.sub("", plain)))) / 2
