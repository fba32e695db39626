"""Who does what to whom: against a draft in which somebody else acts, pays or is told than in the passage."""

import re
from collections.abc import Callable, Iterator, Sequence

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
        if other := _of_another(match):
            return f"spliced: {other}"
    return (
        _other_object(case)
        or _other_owner(case)
        or _other_chinese_agent(aligned)
        or _other_by(aligned)
        or _other_direction(case)
    )


_HELD = frozenset(
    """account address bank card home house door name expense cost warehouse shop store office workshop permission
    consent
    approval risk choice discretion property""".split()
)
_POSSESSED = re.compile(r"\b(our|your) (?:own )?([a-z]{3,})", re.IGNORECASE)


def _other_owner(case: Case) -> str:
    """ "Our account" where the passage says "your account"."""
    return _somebody_else(case, _possessed)


def _somebody_else(case: Case, pairs: Callable[[Unit], Iterator[tuple[str, str]]]) -> str:
    """Of pairs (what is said, of whom): whom the draft says it of, where the passage says it of others alone."""
    stated = {pair for unit in case.place.units for pair in pairs(unit)}
    for said, who in pairs(case.claim):
        others = {other for told, other in stated if told == said}
        if others and who not in others:
            return f"name: {who}"
    return ""


def _possessed(unit: Unit) -> Iterator[tuple[str, str]]:
    for match in _POSSESSED.finditer(unit.text):
        if match[2].lower() in _HELD:
            yield match[2].lower(), match[1].lower()


_BY = re.compile("(?<!理)由(?!于)([\u4e00-\u9fff]{2})")


def _other_by(aligned: Sequence[Match]) -> str:
    """由邻居代收 where the passage has 由物业代收, or names no neighbour beside it."""
    for match in aligned:
        mine = _by(match.clause.text)
        if not mine or not match.sources:
            continue
        source = match.sources[0].text
        theirs = _by(source)
        if not _may_be_chinese(mine, theirs) if theirs else not PERSON.match(mine) and mine not in source:
            return f"name: {mine}"
    return ""


def _by(text: str) -> str:
    """Whom 由 marks: a person that is known, or the two ideographs behind it."""
    marked = _BY.search(text)
    known = DOER.search(text, marked.start()) if marked else None
    return "" if marked is None else known["who"] if known and known.start() == marked.start() else marked[1]


_TOWARD = re.compile("(?:给|向|联系|找)([\u4e00-\u9fff]{2})")


def _other_direction(case: Case) -> str:
    """打电话给顾问, where the adviser is the one that calls."""
    told = "。".join(unit.text for unit in case.place.units)
    for who in _TOWARD.findall(case.claim.text):
        acts = re.search(rf"(?:^|[^\u4e00-\u9fff]){who}(?!的)", told)
        if acts and who not in ("我们", "客服") and not re.search(f"[给向系找与跟和由]{who}", told):
            return f"name: {who}"
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
    if who == "you" and "must" in match.clause.modes and match.sources and _is_ours(match.sources[0]):
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


def _of_another(match: Match) -> str:
    """ "We provide the food" out of "we provide a guide; you bring food"."""
    who, does = match.clause.agent
    mine = [source for source in match.sources if source.agent == (who, does)]
    rest = match.clause.words - {does} - synonyms.light()
    if not who or not rest or len(mine) != 1 or rest & mine[0].words or mine[0].words <= {does}:  # "we waive them"
        return ""
    others = [one for one in match.sources if one.agent[0] not in ("", who) and rest <= one.words]
    return min(rest) if others else ""


_ASKS = frozenset(map(synonyms.canonical, "ask require request need recommend want expect advise let".split()))


def _is_ours(clause: Clause) -> bool:
    """ "We offer a substitute": nothing that the customer has to do."""
    return clause.agent[0] == "we" and clause.agent[1] not in _ASKS and "must" not in clause.modes


_OWNED = re.compile(r"\byours\b|\bours\b|your property|belongs? to you", re.I)
_OWN = re.compile(r"\b(?:is|are|be|stays?|remains?|becomes?) (yours|ours)\b", re.I)


def _other_object(case: Case) -> str:
    """ "This binds you" where the passage says "this binds us"."""
    owned = _OWN.search(case.claim.text)
    if owned and not any(_OWNED.search(unit.text) for unit in case.place.units):
        return f"name: {owned[1]}"
    return _somebody_else(case, _objects)


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
        fullest = sorted(
            match.sources, key=lambda source: -len(frozenset(source.order) & frozenset(match.clause.order))
        )
        theirs = next(filter(None, (_doer(source.text) for source in fullest)), None)
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
