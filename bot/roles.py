"""Who does what to whom: against a draft in which somebody else acts, pays or is told than in the passage."""

import re
from collections.abc import Iterator, Sequence

from bot import lexicon, synonyms
from bot.agents import CHINESE_ADDRESSED, DOER, OURS, PERSON, may_be
from bot.alignment import Case, Match
from bot.clauses import Unit
from bot.drafting import Clause

_PAYS = frozenset(map(synonyms.canonical, ("pay", "bear", "cover")))
_SHOP_DOES = frozenset(map(synonyms.canonical, ("refund", "release", "credit", "deduct", "invoice", "waive")))
_OBJECT = re.compile(r"\b([a-z]{3,}) (us|you)\b", re.IGNORECASE)
_CHINESE_OBJECT = re.compile(
    "(补偿|赔偿|赔付|退还|返还|退给|支付给|付给|赠送|通知|联系|告知|发给|寄给|还给|补给|提供给)(我们|本店|您|你)(?!的)"
)
_RECEIVED = re.compile("收到|获得|得到|享受?")


def other_agent(case: Case, aligned: Sequence[Match]) -> str:
    for match in aligned:
        who, does = match.clause.agent
        if who and (other := _is_somebody_else(who, does, match, case)):
            return f"name: {other}"
    return _other_object(case) or _other_owner(case) or _other_chinese_agent(aligned) or _other_by(aligned)


_HELD = frozenset(
    """account address bank card home house door name expense cost warehouse shop store office workshop permission
    consent
    approval risk choice discretion property""".split()
)
_POSSESSED = re.compile(r"\b(our|your) (?:own )?([a-z]{3,})", re.IGNORECASE)


def _other_owner(case: Case) -> str:
    """ "Our account" where the passage says "your account"."""
    stated = {pair for unit in case.place.units for pair in _possessed(unit)}
    for who, thing in _possessed(case.claim):
        owners = {other for other, owned in stated if owned == thing}
        if owners and who not in owners:
            return f"name: {who}"
    return ""


def _possessed(unit: Unit) -> Iterator[tuple[str, str]]:
    for match in _POSSESSED.finditer(unit.text):
        if match[2].lower() in _HELD:
            yield match[1].lower(), match[2].lower()


_BY = re.compile("(?<!理)由(?!于)([\u4e00-\u9fff]{2})")


def _other_by(aligned: Sequence[Match]) -> str:
    """由邻居代收 where the passage has 由物业代收, or names no neighbour beside it."""
    for match in aligned:
        mine = _BY.search(match.clause.text)
        if mine is None or not match.sources or DOER.search(f"由{mine[1]}"):
            continue
        source = match.sources[0].text
        theirs = _BY.search(source)
        if theirs[1] != mine[1] if theirs else mine[1] not in source:
            return f"name: {mine[1]}"
    return ""


def _is_somebody_else(who: str, does: str, match: Match, case: Case) -> str:
    """Somebody else does it here, or a third party is said to do what the passage says of nobody."""
    clauses = [clause for unit in case.place.units for clause in unit.clauses]
    doers = {clause.agent[0] for clause in clauses if clause.agent[1] == does}
    if doers:
        return "" if any(may_be(who, doer) for doer in doers) else who
    if who == "we" and "must" not in match.clause.modes and any(_is_duty(clause, does) for clause in clauses):
        return who
    if who == "you" and does in _SHOP_DOES and not any(does == clause.agent[1] for clause in clauses):
        return who
    if who == "we" and does in _PAYS and not any(does in one.words and "we" in one.roles for one in clauses):
        return who
    verb = does.removeprefix("was ")
    if who in ("we", "you") or not any(verb in clause.words for clause in clauses):
        return ""
    name = synonyms.canonical(who)
    return (
        ""
        if any(verb in unit.words and name in unit.words for unit in case.place.units)
        and any(verb in clause.words and (name in clause.words or not clause.agent[0]) for clause in clauses)
        else who
    )


def _is_duty(clause: Clause, does: str) -> bool:
    """ "… has to be sent back": the customer's, unless somebody is named."""
    return does in clause.words and "must" in clause.modes and "we" not in clause.roles and not clause.agent[0]


_OWNED = re.compile(r"\byours\b|\bours\b|your property|belongs? to you", re.I)
_OWN = re.compile(r"\b(?:is|are|be|stays?|remains?|becomes?) (yours|ours)\b", re.I)


def _other_object(case: Case) -> str:
    """ "This binds you" where the passage says "this binds us"."""
    owned = _OWN.search(case.claim.text)
    if owned and not any(_OWNED.search(unit.text) for unit in case.place.units):
        return f"name: {owned[1]}"
    stated = {pair for unit in case.place.units for pair in _objects(unit)}
    for verb, role in _objects(case.claim):
        roles = {other for done, other in stated if done == verb}
        if roles and role not in roles:
            return f"name: {role}"
    return ""


def _objects(unit: Unit) -> Iterator[tuple[str, str]]:
    for match in _OBJECT.finditer(unit.text):
        if match[1].lower() not in lexicon.STOP:
            yield synonyms.canonical(match[1].lower()), match[2].lower()
    for match in _CHINESE_OBJECT.finditer(unit.text):
        yield synonyms.plain_chinese(match[1]), "us" if match[2] in ("我们", "本店") else "you"


def _other_chinese_agent(aligned: Sequence[Match]) -> str:
    for match in aligned:
        mine = _doer(match.clause.text)
        if mine is None or not match.sources or _RECEIVED.search(match.clause.text):
            continue
        best = max(match.sources, key=lambda source: len(source.words & match.clause.words))
        theirs = _doer(best.text)
        if theirs is not None and not _may_be_chinese(mine["who"], theirs["who"]):
            return f"name: {mine['who']}"
    return next(filter(None, map(_other_person, aligned)), "")


def _doer(text: str) -> re.Match[str] | None:
    """Who is marked by 由, else who comes first."""
    return next((found for found in DOER.finditer(text) if found[0][0] == "由"), DOER.search(text))


def _other_person(match: Match) -> str:
    """A third party in the customer's stead: 退回对方的账户 where the passage says 退回您的账户."""
    mine = {found["who"] for found in PERSON.finditer(match.clause.text)}
    theirs = {found["who"] for source in match.sources[:1] for found in PERSON.finditer(source.text)}
    for who in sorted(mine - theirs - {"我们", "您", "你", "客服", "本店"}):
        if theirs and not any(_may_be_chinese(who, other) for other in theirs):
            return f"name: {who}"
    return ""


def _may_be_chinese(one: str, other: str) -> bool:
    we, you = ("我们", "本店", "商家", "卖家", "客服"), ("您", "你")
    for same in (we, you, ("承运商", "快递员", "司机", "快递")):
        if one in same and other in same:
            return True
    if any(one in we and OURS.search(other) for one, other in ((one, other), (other, one))):
        return True
    return one == other or (one in you and other in CHINESE_ADDRESSED) or (other in you and one in CHINESE_ADDRESSED)
