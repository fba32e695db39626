"""Messages about a customer's own case: an order, an account, something to be done for them.

A page can say how orders are tracked, never where this one is. So what the pages have is still said, but a person is
offered beside it. By words, and on the safe side: a button too many costs nothing.
"""

import re

from bot.smalltalk import LONGEST

_NUMBERED = (
    r"order|parcel|package|shipment|booking|ticket|invoice|reference|ref|case|tracking|account|customer|repair|claim"
)
_DOING = (
    r"change|cancel|update|correct|remove|delete|book|reserve|refund|check|look|see|resend|send|credit|move|put|add"
    r"|extend|renew|reset|unlock|block|confirm|call|pay|fix|switch|swap|transfer|upgrade|downgrade|release|raise|waive"
    r"|take|approve|find"
)
_ENGLISH = re.compile(
    rf"\b(?:{_NUMBERED})\b(?: (?:no|nr|num|number|id|code))?\.?:? ?#?(?=[a-z-]*\d)[a-z0-9-]{{4,}}"
    r"|#\d{4,}|\b[a-z]{1,4}-?\d{5,}\b|\b[a-z]{1,4}-\d{4,}\b"
    r"|\b(?:where|when|what time)(?:'?s| is| are|'?re)? my\b"
    r"|\bmy (?:order|parcel|package|shipment|box|refund|delivery|payment|repair|booking)\b[^.?!]{0,30}"
    r"\b(?:has ?n[o']?t|have ?n[o']?t|is ?n[o']?t|did ?n[o']?t|never|still|yet|moved|arrived|stuck|lost)\b"
    rf"|\b(?:please|pls|can you|could you|will you|would you|i(?:'d| would) (?:like|need) you to)\b[^.?!]{{0,20}}"
    rf"\b(?:{_DOING})\b[^.?!]{{0,30}}\b(?:my|me|mine|us|our|it|this|this one)\b"
    r"|\b(?:was|been|were|got|you) (?:over)?charged (?:me )?(?:twice|double|again|wrong\w*|too much|for something)\b"
    r"|\bhow (?:much|many) [^.?!]{0,30}\b(?:have i|do i have|i have|i've got|are left on my|is left on my)\b"
    r"|\bwhat(?:'?s| is) (?:my|the) (?:current )?(?:balance|status)\b|\blook into (?:it|this|that)\b"
)
_CHINESE = re.compile(
    r"单号|订单号|快递号|订单 ?\d{4,}"
    r"|我的?(?:那个)?(?:快递|订单|包裹|货|退款|维修|预约)[^，。？！]{0,6}(?:到哪|在哪|到了[吗没]|没到|没收到|还没|怎么样了|进度)"
    r"|帮我?[^，。？！]{0,16}(?:改|取消|查|退|移|换|办|约|登记|加|删|催|看看|开|续|补|找)|给我重新"
    r"|(?:请|麻烦)(?:你们?|您)?(?:把|给)?我[^，。？！]{0,10}(?:改|取消|查|退|移|换|删|加)"
    r"|我(?:现在)?(?:还)?(?:有|剩)(?:多少|几)|多扣|扣了两次|重复扣"
)


def is_own_case(text: str) -> bool:
    plain = text[:LONGEST].lower().replace("’", "'")
    return bool(_ENGLISH.search(plain) or _CHINESE.search(plain))
