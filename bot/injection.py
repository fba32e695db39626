"""Text that talks to the machine instead of to a customer: "ignore previous instructions", 忽略以上指令, role markers.

A sign for people who look after the content, not a defence: what a passage says has no authority here, whatever it
says (a reply is checked sentence by sentence, and the model can do nothing but write). So the patterns are those no
shop writes by accident; a mail that one may ignore, a member that one is now, a phone's developer mode are none.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator

from bot.invisible import without_invisible

# ── English ──

_RULES = (
    r"(?:instructions?|prompts?|rules|guidelines|directions|directives|commands?|programming|constraints|safeguards)"
)
_EARLIER = (
    r"(?:previous|prior|above|earlier|preceding|following|foregoing|past|initial|original|existing|system|current)"
)
_WHOSE = rf"(?:{_EARLIER}|your|all (?:the|of the|of your|your|my)?)"
_MACHINE = r"(?:ai|a\.i\.|llm|(?:large )?language model|chat ?bot|gpt|chatgpt|ai assistant|ai model|ai system)"
_WRITE = r"(?:answer|respond|reply|say|print|output|write|act|behave|pretend|speak)"
_FREED = r"(?:an? )?(?:unrestricted|unfiltered|jailbroken)|bound by|restricted by"
_REPLIES = r"(?:answers?|repl(?:y|ies)|responses?)"
_BEGINS = r"(?:^|(?<=[.!?:;,\n>*-])\s*)"

_ENGLISH = (
    rf"\b(?:ignore|disregard|forget|discard|neglect|(?:do not|don't|stop) follow(?:ing)?)"
    rf" (?:\w+ ){{0,4}}?{_WHOSE}(?:,? \w+){{0,3}}?,? ?{_RULES}\b",
    rf"\b(?:override|overrule|bypass) (?:\w+ ){{0,2}}?{_WHOSE} (?:\w+ ){{0,2}}?"
    r"(?:instructions?|prompts?|guidelines|programming|safeguards)\b",
    r"\b(?:ignore|disregard|forget) (?:all|everything|anything) (?:you|that you|i|we|above|before|prior|previous)\b",
    r"\b(?:bypass|disable|turn off|ignore) (?:all |any )?(?:of )?(?:your|its|the ai's|safety) (?:\w+ ){0,2}?"
    r"(?:filters?|restrictions?|limitations?|guardrails?|moderation|safety|polic(?:y|ies))\b",
    rf"\bfrom now on,? (?:you )?(?:(?:will|must|shall|should|can) (?:have to |only |always |never )*)?{_WRITE}\b",
    rf"\bfrom now on,? you are (?:going to )?(?:act|pretend|play|dan\b|an? {_MACHINE})",
    rf"\byou are (?:now|no longer) (?:in )?(?:dan\b|an? (?:\w+ )?{_MACHINE}\b|{_FREED})",
    r"\byou are (?:going|about) to (?:act as|pretend|role-?play|play the role|immerse yourself into the role)\b",
    rf"{_BEGINS}(?:please )?(?:act|behave) (?:as|like) (?:if you (?:are|were) )?an? (?:\w+ )?"
    rf"(?:{_MACHINE}|dan|hacker|linux terminal|jailbroken)\b",
    rf"{_BEGINS}(?:please )?pretend (?:that )?(?:you are|to be|you're)\b",
    r"\bdo anything now\b",
    r"\b(?:dan|jailbreak|god) mode\b",
    r"\bstrive to avoid norms\b",
    r"\b(?:reveal|show|print|repeat|output|display|leak|disclose|expose|recite|return|tell me|give me) (?:me |us )?"
    r"(?:\w+ ){0,3}?(?:system|hidden|initial|original|secret|developer) (?:prompts?|instructions)\b",
    r"\byour (?:system|hidden|initial|secret|original) (?:prompt|instructions)\b",
    r"\b(?:note|notice|attention|instruction|message|directive|important|command)s? (?:to|for) (?:the |any |all )*"
    rf"{_MACHINE}s?\b",
    rf"{_BEGINS}(?:dear |hey |attention,? )?{_MACHINE},?:? (?:you )?"
    r"(?:must|should|always|never|(?:please )?(?:ignore|disregard))\b",
    rf"\b(?:if|since|as) you(?:'re| are) an? {_MACHINE}\b",
    r"\b(?:do not|don't|never) (?:tell|reveal|mention|disclose) (?:\w+ ){0,5}?(?:these|this|your|the above)"
    r" (?:instructions?|prompts?|system)\b",
    rf"\b(?:in|to|at the end of) (?:every|each|all of your|all your) {_REPLIES},?"
    r" (?:you (?:must|should|will) )?(?:include|add|append|insert|recommend|mention)\b",
    r"\b(?:append|include|insert|add) (?:\w+ ){0,4}?(?:link|url|text|sentence|phrase|code) (?:in|to)"
    rf" (?:every|each|all (?:of )?your) {_REPLIES}\b",
    r"\b(?:system|admin|security|safety) override\b",
    r"\bstop everything\W{1,8}(?:now\W{1,8})?(?:just )?(?:say|print|output|write)\b",
    r"\b(?:new|updated|real|actual) (?:system )?instructions? ?: ",
)

# ── Chinese ──

_AI = r"(?:ai|人工智能|大?语言模型|大模型|聊天机器人)"
_FREE = r"(?:不受(?:任何)?(?:限制|约束)|没有(?:任何)?(?:限制|约束)|无限制)"

_CHINESE = (
    r"(?:忽略|无视|忘[记掉]|不要?理会|抛[弃开]|不要遵守|不再遵守|不必遵守)[^。！？；\n]{0,8}?"
    r"(?:之前|以上|上面|前面|先前|此前|上述|所有|一切|全部|任何|你的|系统|原有|既有|最初)[^。！？；\n]{0,8}?"
    r"(?:指令|指示|提示词|提示语|规则|命令|设定|约束|限制|系统提示|安全策略)",
    r"(?:忘[记掉]|忽略|无视)你?(?:之前|以上|前面|上面|先前)(?:说|学|知道|被告知)?[^。！？；\n]{0,4}(?:一切|所有|全部)",
    r"(?:绕过|跳过|覆盖)[^。！？；\n]{0,8}?(?:指令|提示词|系统提示|安全策略)",
    rf"你现在(?:是|要?扮演|变成)(?:一[个名位])?(?:{_FREE}|{_AI}|黑客|dan\b)",
    rf"从现在(?:开始|起),? ?你(?:是(?:一[个名位])?(?:{_AI}|助手|{_FREE})|(?:要|将|必须|只能|应该?)"
    r"(?:只|扮演|回答|回复|输出|说|以))",
    rf"(?:扮演|假装|假扮|模拟)(?:成|自己是|你是)?[^。！？；\n]{{0,8}}(?:dan\b|{_FREE})",
    r"(?:输出|显示|打印|说出|告诉我|透露|泄露|复述|重复|公开|展示|给我看?)[^。！？；\n]{0,8}"
    r"(?:系统提示|系统指令|提示词|初始指令|隐藏指令|内部指令|system prompt)",
    r"你的(?:系统)?提示词|你的(?:系统|初始|隐藏|内部)指令",
    r"(?:越狱|dan)模式",
    rf"(?:致|给|告知|通知|注意[,:]?)(?:所有|任何|各位)?{_AI}(?:助手|模型|系统)?[,:]",
    rf"{_AI}(?:助手|模型|系统)?[,:]? ?[请你]?(?:必须|务必|立即)?(?:忽略|无视)",
    rf"(?:如果|既然)你是(?:一个)?{_AI}",
    r"(?:每|所有)(?:一?[个条次])?(?:回答|回复|答复)的?(?:[中里]|末尾|最后|结尾|后面)+(?:[都要请]|必须)*"
    r"(?:加[上入]|附上|插入|推荐|提到|包含)",
    r"(?:不[要得]|切勿|禁止)[向对跟]?[^。！？；\n]{0,8}(?:透露|提及|泄露|说出)[^。！？；\n]{0,4}"
    r"(?:这些|此|本|上述|以上|系统)条?(?:指令|指示|提示)",
)

_MARKERS = (
    r"<\|[a-z_ ]{1,32}\|>",
    r"\[/?inst\]",
    r"<</?sys>>",
    r"</?(?:system|assistant|instructions?|system_prompt)>",
    r"^#{1,6} ?(?:system|instructions?|assistant|human) ?:",
    r"^(?:system|assistant|developer) ?: ?(?:you (?:are|must|will|should)|ignore|disregard|override)",
    r"^(?:system|assistant|developer|系统|助手) ?: ?(?:你(?:是|要|必须)|忽略|无视)",
    r"\bbegin (?:system|hidden) (?:prompt|instructions?|message)\b",
)

# No pattern matches a text without one of these, and looking for them costs a fraction.
_SIGNS = tuple(
    sign.replace("_", " ")
    for sign in """
    ignor disregard forget overr discard neglect bypass follow disable turn_off from_now you_are act_as act_like
    behave pretend do_anything_now dan_mode jailbreak god_mode strive_to prompt instruction language_model chat_bot
    chatbot gpt llm ai_ ai, ai: a.i. every each all_your all_of_your stop_everything <| inst] sys> system assistant
    human developer hidden 忽略 无视 忘 理会 抛 跳过 遵守 绕过 覆盖 你现在 从现在 扮演 假 模拟 提示 指令 越狱 dan模式
    人工智能 模型 机器人 回答 回复 答复 助手
    """.split()
)
_PATTERN = re.compile("|".join((*_ENGLISH, *_CHINESE, *_MARKERS)), re.M)
_SPACED = re.compile(r"(?<!\w)(?:[a-z][ ._*-]{1,2}){5,400}[a-z](?!\w)")
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{24,4000}={0,2}(?![A-Za-z0-9+/=])")
SHOWN = 100  # characters


def instruction(text: str) -> str:
    """The first words of `text` that are meant for a machine, as they read in plain letters; or an empty string."""
    for reading in _readings(text):
        if any(sign in reading for sign in _SIGNS) and (found := _PATTERN.search(reading)):
            return found[0].strip()[:SHOWN]
    return ""


def _readings(text: str) -> Iterator[str]:
    """As it stands, and what is written l e t t e r by letter or in Base64."""
    yield _plain(text)
    if spaced := [found[0] for found in _SPACED.finditer(text.casefold())]:
        yield _plain("\n".join(map(_joined, spaced)))
    for found in _ENCODED.finditer(text):
        try:
            yield _plain(base64.b64decode(found[0] + "=" * (-len(found[0]) % 4)).decode("utf-8"))
        except (binascii.Error, UnicodeDecodeError):
            continue


def _joined(spaced: str) -> str:
    """ "i g n o r e  a l l": one sign between letters, two between words."""
    words = re.split(r"[ ._*-]{2}", spaced)
    return " ".join(re.sub(r"[ ._*-]", "", word) for word in words)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", without_invisible(text)[0]).casefold().replace("’", "'")
    text = re.sub(r"[*_`]{1,3}(?=\w)|(?<=\w)[*_`]{1,3}(?!\w)", "", text)
    return re.sub(r"[^\S\n]+", " ", text)
