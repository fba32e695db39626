"""Who does it: the one that acts in a clause and what they do, as far as word order tells.

"We send you a label" is (we, send), "Send us the form" is (you, send), "the fee is charged" is nobody's.
"""

import re
from collections.abc import Sequence

from bot import lexicon, synonyms
from bot.items import AUXILIARY, SUBORDINATE, Item

NOBODY = ("", "")
_WHO = {
    "we": "we", "i": "we", "you": "you", "shop": "we", "seller": "we", "merchant": "we",
    "workshop": "we", "team": "we", "staff": "we", "support": "we",
}  # fmt: skip
# Whom "you" may stand for; two of them in one passage are two people.
ADDRESSED = frozenset(
    """customer customers buyer buyers recipient recipients client clients guest guests user users rider riders owner
    owners
    sender passenger passengers traveller travellers tenant tenants patient patients parent parents subscriber
    subscribers
    shopper shoppers member members student students participant participants holder holders applicant
    applicants""".split()
)
_THIRD = frozenset(
    """carrier carriers courier couriers driver drivers pharmacist pharmacists technician technicians administrator
    administrators admin admins bank banks provider providers manufacturer manufacturers supplier suppliers doctor host
    hosts editor editors manager agent landlord airline insurer installer installers receptionist vendor vendors
    authority authorities customs school employer children child kids""".split()
)
_BE = frozenset("is are was were be been being get gets got".split())
_OF = frozenset("on in of with at from without near outside inside".split())
_ORDERS = frozenset(
    """send tell contact call bring keep return report ask choose select open click enter write check cancel pay give
    let
    show print attach pack follow order use wait allow add remove upload download log sign visit order reply confirm
    collect leave install register book inform provide submit scan quote mail email notify present hand
    store wash apply claim accept fill complete pick ring arrange renew search""".split()
)


def agent_of(items: Sequence[Item]) -> tuple[str, str]:
    """(who, what they do), "was …" when it is done to them; NOBODY where that cannot be told."""
    who, is_passive, is_first = "", False, True
    if (other := _other_subject(items)) != NOBODY:
        return other
    for n, item in enumerate(items):
        low = item.low
        if (
            item.kind not in ("word", "fact")
            or low in SUBORDINATE
            or low in ("please", "and", "then", "or", "simply", "just")
        ):
            continue
        if not who:
            who = _named(low)
            if not who and is_first and low in _ORDERS:
                return "you", synonyms.canonical(low)
            is_first = False
        elif low in _BE:
            is_passive = True
        elif n and items[n - 1].low in _OF:
            continue  # "customers on islands arrange …"
        elif low in AUXILIARY or low in lexicon.STOP or low in lexicon.NEGATORS or low.endswith("ly"):
            continue
        elif _named(low):
            who = _named(low)
        elif item.kind == "fact":
            return NOBODY
        elif is_passive and not low.endswith("ing"):
            return _by(items, n) or who, f"{'' if _by(items, n) else 'was '}{synonyms.canonical(low)}"
        else:
            return who, synonyms.canonical(low)
    return NOBODY


def _other_subject(items: Sequence[Item]) -> tuple[str, str]:
    """ "If your instructor cancels": (instructor, cancel)."""
    low = [item.low for item in items[:5]]
    if (
        len(low) < 4
        or low[0] not in ("if", "when", "once", "unless")
        or low[1] not in ("your", "our", "the", "a", "an")
    ):
        return NOBODY
    noun, verb = low[2], low[3]
    is_verb = verb.endswith(("s", "ed")) and not verb.endswith("ss") and verb not in lexicon.STOP and verb not in _BE
    return (noun, synonyms.canonical(verb)) if is_verb and verb not in AUXILIARY else NOBODY


def _by(items: Sequence[Item], start: int) -> str:
    """ "are opened by a parent": the parent opens them."""
    low = [item.low for item in items[start + 1 : start + 5]]
    after = low[low.index("by") + 1 :] if "by" in low else []
    return next((name for word in after if (name := _named(word))), "")


def _named(low: str) -> str:
    if low in _WHO:
        return _WHO[low]
    if low in ADDRESSED or low in _THIRD:
        return low.removesuffix("ies") + "y" if low.endswith("ies") else low.removesuffix("s")
    return ""


def may_be(one: str, other: str) -> bool:
    """Can these be the same person? "You" may be the customer, the recipient, the guest."""
    addressed = {"you", *ADDRESSED}
    return one == other or ("you" in (one, other) and one in addressed and other in addressed)


# ── Chinese ──

CHINESE_ADDRESSED = frozenset("收件人 收礼人 买家 顾客 客户 用户 旅客 会员 乘客".split())
_PEOPLE = """我们 本店 商家 卖家 客服 您 你 收件人 收礼人 送礼人 买家 顾客 客户 用户 旅客 乘客 会员 承运商 快递员 司机
航空企业 航空公司
好友 朋友 推荐人 邀请人 被推荐人 被邀请人 学员 家属 业主 租客
海关 对方 平台 银行 监护人 家长 药师 医生 技师 房东 快递"""
_ANYBODY = "|".join(sorted(_PEOPLE.split(), key=len, reverse=True))
PERSON = re.compile(rf"(?P<who>{_ANYBODY})")
# At the beginning of a clause, or marked as the one who does it.
_STAFF = "[\u4e00-\u9fff]{1,3}员|[\u4e00-\u9fff]{0,3}(?:师傅|教练|老师)|师傅|物业|邻居|房主"
DOER = re.compile(rf"(?:^(?:[^，。]{{0,6}}(?:如果|若|请|须|则|需要|[要得]))?|[由请])(?P<who>{_ANYBODY}|{_STAFF})(?!的)")
OURS = re.compile("(?<!会)(?<!学)(?<!快递)(?<!送货)员$|师傅$|教练$|老师$")
