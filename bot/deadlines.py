"""When a period begins, and the limits of what is allowed: what a draft must not change or leave out."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from bot import synonyms
from bot.alignment import Case, Match
from bot.clauses import Unit
from bot.facts import Fact, carries

_EVENTS = {
    word: group
    for group in (
        "delivery delivered deliver receipt receiving received receive arrival arriving arrives",
        "order ordering ordered orders purchase purchasing buying bought booking booked checkout",
        "dispatch dispatched shipping shipped posting posted sending",
        "payment paying paid invoice billing", "departure departing flight", "return returning returned check-in",
        "approval approving", "cancellation cancelling cancelled", "registration registering signup",
        "expiry expiration end", "start beginning", "download downloading", "activation activating", "request",
        "下单 订购 购买", "签收 收货 收到 到货 送达", "付款 支付 到账", "发货 发出 寄出", "注册 开户", "起飞 出发",
        "入住 到店",
        "验收 登记 入库", "开卡 激活", "取消 退订", "申请 报修", "到期 期满", "确认",
    )
    for word in group.split()
}  # fmt: skip
_FROM = re.compile(
    r"\b(?:of|from|after|before|since|following|until) "
    r"(?:(?:the|your|our|its|their|a|an|date|day|of|on|which|when|it|you|was|were|have|been) )*([a-z-]+)"
)
_CHINESE_FROM = re.compile(
    f"({'|'.join(sorted((w for w in _EVENTS if not w.isascii()), key=len, reverse=True))})"
    "(?:之日起|之日|当日|日起|之后|以后|后|之前|以前|前|时|起)"
)


_END = re.compile(
    r"\b(?:end|beginning|start|close) of (?:the|that|each|every|a) (?:\w+ )?(?:year|month|week|term|season|quarter)"
)
_FROM_END = re.compile(rf"\b(?:from|after|since) the {_END.pattern[2:]}")


_DAY = re.compile(r"\bday (of|after|before) (?:(?:the|your|our|its|their) )*([a-z]+)", re.IGNORECASE)


def _other_day(claim: str, told: str) -> str:
    """ "On the day of delivery" where the passage says "on the day after delivery"."""
    stated = {(side.lower(), event.lower()) for side, event in _DAY.findall(told)}
    for side, event in _DAY.findall(claim.lower()):
        if (side, event) not in stated and event in {other for _, other in stated}:
            return f"day {side} {event}"
    return ""


def other_beginning(case: Case, aligned: Sequence[Match]) -> str:
    """ "Within 7 days of ordering" where the passage counts from delivery."""
    units = (*case.place.units, case.reading.title)
    if other := _other_day(case.claim.text, " ".join(unit.text for unit in units)):
        return f"date: {other}"
    if not any(fact.dimension in ("duration", "date") for fact in case.claim.facts):
        return ""
    stated = {event for unit in units for event in _events(unit)}
    words = {_EVENTS[word] for unit in units for word in re.findall("[a-z-]+", unit.text.lower()) if word in _EVENTS}
    begun = next(_from(case.claim.text), "")
    if begun and any(_FROM_END.search(unit.text) for unit in units) and not _END.search(case.claim.text):
        return f"date: {begun}"
    for event, shown in {_EVENTS[word]: word for word in _from(case.claim.text)}.items():
        if stated and event not in stated and (event not in words or not shown.isascii()):
            return f"date: {shown}"
    return ""


def _events(unit: Unit) -> Iterator[str]:
    return (_EVENTS[word] for word in _from(unit.text))


def _from(text: str) -> Iterator[str]:
    for match in (*_FROM.finditer(text.lower()), *_CHINESE_FROM.finditer(text)):
        if match[1] in _EVENTS:
            yield match[1]


# ── limits ──

_LIMITING = ("duration", "money", "date", "count", "kg", "m", "%", "age", "piece", "time")


def dropped_limit(case: Case, aligned: Sequence[Match]) -> str:
    """ "You may …" and "… is free" without the amount or the period up to which that holds."""
    known = (*case.claim.facts, *case.reading.title.facts)
    for match in aligned:
        if not match.sources or match.clause.is_negative:
            continue
        source = match.sources[0]
        is_free = "free" in source.certain and "fre" not in source.shaded
        is_promise = (
            "may" in source.modes
            or is_free
            or bool(_GIVEN.search(source.text))
            or not _refunds().isdisjoint(source.words & match.clause.words)
        )
        if not is_promise or "must" in source.modes:
            continue
        for fact, near in zip(source.facts, source.near, strict=True):
            if (
                fact.bound
                and fact.dimension in _LIMITING
                and near & match.clause.words
                and not _is_told(fact, known, case.asked.facts)
            ):
                return f"condition: {fact.shown}"
    return ""


_GIVEN = re.compile("退还|退款|赠|减免|享")
_AS_NEW = re.compile(r"(?:unused|unopened|unworn|undamaged|unwashed|untouched|unread)$")


@lru_cache(maxsize=1)
def _refunds() -> frozenset[str]:
    return frozenset(map(synonyms.canonical, ("refund", "release", "waive", "discount")))


_LESS = re.compile(r"\b(?:minus|less|apart from|except|excluding|but not)\b|扣除|除外", re.IGNORECASE)


_BY_PRICE = re.compile("按([\u4e00-\u9fff]{1,6}?)(?:收费|收取|计费|支付|赔偿|算)")


def dropped_factor(case: Case, aligned: Sequence[Match]) -> str:
    """按市价收费 where the passage says 按市价的1.2倍收费."""
    told = "".join(unit.text for unit in case.place.units)
    for price in _BY_PRICE.findall(case.claim.text):
        if re.search(rf"{price}的? ?[\d一二两三四五六七八九十百]", told):
            return f"number: {price}"
    return ""


def dropped_state(case: Case, aligned: Sequence[Match]) -> str:
    """ "Unused items may be returned" without the state they must be in; "in full" without "minus …"."""
    known = case.claim.said | case.asked.said | case.reading.title.said
    for match in aligned:
        source = match.sources[0] if match.sources else None
        if source is None or "must" in source.modes or match.clause.is_negative:
            continue
        states = {word for word in source.turns if _AS_NEW.match(word) and synonyms.canonical(word) not in known}
        states |= {
            word
            for word in source.words
            if len(word) > 2
            and word[0] in "未无"
            and word not in known
            and not (match.clause.negations and word[1:] in match.clause.text)
        }
        whole = source.text or match.units[0].text
        if "completely" in match.clause.certain and _LESS.search(whole) and not _LESS.search(case.claim.text):
            return "condition: minus"
        if states and not any(word[0] in "未没无不" or word.startswith("un") for word in known):
            return f"condition: {min(states)}"
    return ""


def _is_told(fact: Fact, known: Sequence[Fact], asked: Sequence[Fact]) -> bool:
    """By the draft, in one way or another, or by the question in so many words."""
    return any(one.dimension == fact.dimension for one in known) or any(carries(fact, one) for one in (*known, *asked))
