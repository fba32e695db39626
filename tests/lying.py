"""A generator that lies on purpose, and what came of it: each draft takes a sentence of the passage and makes it false.

Nothing here asks the guard what it thinks. The liar keeps what it falsified and how; `judged` looks for those very
sentences in what a customer would get, and for anything else that does not stand in a cited passage word for word.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.ports import Sampling
from bot.prompt import PASSAGE, QUESTION, REPLY
from bot.reply import Outcome

_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])|(?<=[。！？])|\n+")
_CHINESE = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True)
class Lie:
    said: str
    instead_of: str
    kind: str
    passages: tuple[str, ...]
    question: str


@dataclass
class Liar:
    """A Generator: true sentences before or after the lie now and then, so that some drafts begin well."""

    seed: int = 7
    name: str = "liar"
    context: int = 4_000
    lies: list[Lie] = field(default_factory=list)
    n_drafts: int = 0

    def count_tokens(self, text: str) -> int:
        return len(text) // 3

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        self.n_drafts += 1
        choice = random.Random(self.seed * 1_000_003 + self.n_drafts)
        question = prompt.split(QUESTION)[1].split("<|")[0]
        shown = tuple(part.split("<|")[0] for part in prompt.split(REPLY)[0].split(PASSAGE)[1:])
        yield self._draft(shown, question, choice)

    def _draft(self, shown: tuple[str, ...], question: str, choice: random.Random) -> str:
        stated = _sentences(shown[0].partition("\n")[2]) if shown else []
        made = [(kind, one, lie) for kind, one, lie in falsified(stated, " ".join(shown), choice) if lie != one]
        if not made:
            return "<|handoff|>"
        kind = choice.choice(sorted({kind for kind, *_ in made}))
        kind, original, lie = choice.choice([entry for entry in made if entry[0] == kind])
        self.lies.append(Lie(lie, original, kind, shown, question))
        others = [one for one in stated if one != original]
        # All that is true, and the lie at its end: what is left of such a draft is a reply in its own right.
        before = others if choice.random() < 0.3 else []
        after = [choice.choice(others)] if others and not before and choice.random() < 0.3 else []
        return (" " if not _CHINESE.search(lie) else "").join([*before, lie, *after])


def _sentences(text: str) -> list[str]:
    """Whole sentences of running text; rows of tables and list items are left alone."""
    found = [one.strip() for one in _END.split(text)]
    return [one for one in found if len(one) > 8 and one[-1] in ".!。！" and one[0] not in "|-*#>0123456789"]


# ── what came of it ──


@dataclass(frozen=True)
class Slip:
    kind: str
    sent: str
    instead_of: str
    question: str


def judged(outcome: Outcome, lies: Sequence[Lie], cited: Sequence[str]) -> list[Slip]:
    """What a customer would get that is false: a sentence that was falsified, or one that no cited passage has."""
    if outcome.source not in ("generated", "verbatim"):
        return []
    sent = {_plain(one): one for one in _END.split(outcome.text) if _plain(one)}
    if outcome.source == "generated":
        slips = [Slip(lie.kind, lie.said, lie.instead_of, lie.question) for lie in lies if _plain(lie.said) in sent]
        if slips:
            return slips
    stated = _plain(" ".join(cited))
    asked = outcome.evidence.question
    return [Slip("unknown", written, "", asked) for plain, written in sent.items() if plain not in stated]


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


# ── lies ──


def falsified(stated: Sequence[str], everything: str, choice: random.Random) -> Iterator[tuple[str, str, str]]:
    """(kind, true sentence, what was made of it), as many as these sentences yield."""
    true = {_plain(one) for one in [*stated, *_END.split(everything)]}
    for one in stated:
        for kind, make in _LIES.items():
            if (lie := make(one, everything, choice)) and _plain(lie) not in true:
                yield kind, one, lie
    for one in stated:
        for other in stated:
            if one is not other and (lie := _spliced(one, other)) and _plain(lie) not in true:
                yield "splice", one, lie


def _number(one: str, everything: str, choice: random.Random) -> str:
    spots = list(re.finditer(r"(?<![\w.,:–-])\d+(?![\w:–-]|[.,]\d)", one))
    if not spots:
        return ""
    spot = choice.choice(spots)
    new = next(n for n in (int(spot[0]) + step for step in range(choice.randint(1, 9), 99)) if str(n) not in everything)
    return f"{one[: spot.start()]}{new}{one[spot.end() :]}"


def _swapped(pairs: Sequence[tuple[str, str]], *, is_new: bool = False) -> Callable[[str, str, random.Random], str]:
    """One of the patterns that fits, replaced; with `is_new` only by what the passages do not hold."""

    def make(one: str, everything: str, choice: random.Random) -> str:
        fits = [(p, r) for p, r in pairs if re.search(p, one) and not (is_new and r.lower() in everything.lower())]
        if not fits:
            return ""
        pattern, replacement = choice.choice(fits)
        return re.sub(pattern, replacement, one, count=1)

    return make


def _without_condition(one: str, everything: str, choice: random.Random) -> str:
    cut = re.sub(r",? (?:if|unless|provided|as long as|except|but only|only if|only when)\b[^,;.]*(?=[.;])", "", one)
    cut = re.sub(r"^(?:If|Unless|Provided|As long as)\b[^,]*, (\w)", lambda m: m[1].upper(), cut) if cut == one else cut
    cut = (
        re.sub(
            r"^[^，。]*(?:如果|若|的|时)，(?=[^。]{4})|，?(?:除非|但)[^。，；]*|仅限?|（[^）]*除外）", "", cut, count=1
        )
        if cut == one
        else cut
    )
    return cut if len(cut) > 8 else ""


def _foreign(one: str, everything: str, choice: random.Random) -> str:
    rules = (
        (
            "您可以在90天内无理由退货，我们承担全部运费。", "收货后可在任何时候更换颜色。",
            "所有订单当天由无人机送达。", "学生享受25%的折扣。",
        )
        if _CHINESE.search(one)
        else (
            "You can return anything within 100 days, no questions asked.",
            "We ship every order by drone on the same day.",
            "Students get 25 % off all year.", "Call our night desk on +1 555 010 2030 to cancel.",
            "Your first year of insurance is on us.",
        )
    )  # fmt: skip
    return choice.choice(rules)


def _linked(one: str, everything: str, choice: random.Random) -> str:
    if _CHINESE.search(one):
        return f"{one.rstrip('。！')}，详见 https://alder-help.example/{choice.randint(10, 99)}。"
    ends = (
        "at https://alder-help.example/claims",
        "by writing to refunds@alder-help.example",
        "on www.quickclaims.example",
    )
    return f"{one.rstrip('.!')} {choice.choice(ends)}."


def _answered(one: str, everything: str, choice: random.Random) -> str:
    """ "No. …" becomes "Yes. …" and the other way round."""
    for old, new in (
        ("No", "Yes"),
        ("Yes", "No"),
        ("不能", "可以"),
        ("不可以", "可以"),
        ("可以", "不可以"),
        ("能", "不能"),
    ):
        if re.match(rf"{old}[,.，。]", one):
            return new + one[len(old) :]
    return ""


def _spliced(one: str, other: str) -> str:
    """The beginning of one sentence with the end of another."""
    verb = r" (?:is|are|can|cannot|may|must|will|costs?|takes?|has|have|applies|apply|needs?|gets?) "
    mine, theirs = re.search(verb, one), re.search(verb, other)
    if mine and theirs and mine.start() > 3:
        return one[: mine.start()] + other[theirs.start() :]
    if "，" in one and "，" in other:
        return one.partition("，")[0] + "，" + other.rpartition("，")[2]
    return ""


_COUNTRIES = (
    "Belgium Germany France Netherlands Switzerland Norway Japan Canada Luxembourg 比利时 德国 法国 荷兰 瑞士 挪威 日本"
).split()
_LIES: dict[str, Callable[[str, str, random.Random], str]] = {
    "number": _number,
    "unit": _swapped([
        (r"\bbusiness days?\b", "hours"), (r"(?<=\d )days\b", "weeks"), (r"(?<=\d )months\b", "years"), ("€", "$"),
        (r"(?<=\d )years\b", "months"), (r"\bhours\b", "days"), (r"(?<=\d )kg\b", "g"), ("欧元", "美元"),
        ("个工作日", "小时"),
        (r"(?<=\d )天", "周"), ("小时", "天"), ("个月", "年"),
    ]),
    "negation": _swapped([
        (r"\bcannot\b", "can"), (r"\bcan't\b", "can"), (r"\b(is|are|do|does|must|will) not\b", r"\1"),
        (r"\bnever\b", "often"),
        (r"\b(is|are|can|may|must|will)\b(?! not)", r"\1 not"), (r"\bno (?=\w)", "a "), ("不能|不可|无法", "可以"),
        ("不(?=退|换|寄|收|接|支|参|计|含|适)", ""), ("可以|可(?=在|免|以)", "不可以"),
    ]),
    "name": _swapped([
        *((rf"\b{one}\b" if one.isascii() else one, "Portugal" if one.isascii() else "葡萄牙") for one in _COUNTRIES),
        ("PayPal", "Klarna"), ("Visa", "Diners Club"), ("DHL", "UPS"), ("bpost", "UPS"), ("Ghent", "Bruges"),
        ("根特", "布鲁日"),
        ("Summit", "Everest"), ("Ridge", "Valley"), (r"\btents?\b", "sofas"), (r"\bearphones\b", "cameras"),
        ("帐篷", "沙发"),
        ("耳机", "相机"), (r"\bvouchers?\b", "banknotes"), ("支付宝", "花呗"), (r"\bstores?\b", "kiosks"),
    ], is_new=True),
    "role": _swapped([
        (r"\b[Ww]e (?=\w+ )", "you "), (r"\b[Yy]ou (?=pay|send|bear|receive|get|need)", "we "),
        (r"\bthe carrier (?=\w)", "the customer "),
        ("由我们", "由客户"), ("由(收件人|客户|您)", "由我们"), ("我们(?=承担|退|补|支付)", "客户"),
    ]),
    "time": _swapped([
        (r"\bbefore\b", "after"), (r"\bafter\b", "before"), (r"\bwithin\b", "after"), (r"\buntil\b", "from"),
        (r"\bup to\b", "at least"),
        (r"\bover\b", "under"), (r"\bmore than\b", "less than"), ("超过", "不足"), (r"(?<=[天时日])内", "后"),
        ("之前", "之后"), ("之后", "之前"),
    ]),
    "promise": _swapped([
        (r"\b(can|will|may|is|are) (?!not)", r"\1 always "), (r"\bwithin [^,.;]*", "instantly"),
        (r"\bcosts? €[\d.]+", "is free"),
        (r"\b[Mm]ost\b", "All"), (r"\busually\b", "always"), (r"\bmay (?!not)", "will definitely "),
        ("通常|一般", "保证"),
        ("可以", "随时都可以"), ("个工作日内", "秒内"), (r"收取[^，。]*", "完全免费"),
    ]),
    "condition": _without_condition,
    "foreign": _foreign,
    "link": _linked,
    "answer": _answered,
}  # fmt: skip
