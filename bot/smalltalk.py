"""What a message asks for besides information: a person, a greeting, thanks; and whether it leans on what came before.

Word lists, English and Chinese, matched on whole normalised messages or clauses. What they know is certain and needs
no model: asking for a person in plain words always works. `mood` hears what is said in other words.
"""

import re
import unicodedata
from collections.abc import Sequence

# Words that may stand between the verb and the person: "talk *to a real* person", "put *me through to* someone".
# Possessive, and without any word that can begin or end a match: else a long message costs its length squared.
_BETWEEN = (
    r"(?:\s+(?:me|us|this|through|directly|please|with|to|on|in|touch|over|have|be|an?|the|some|your|our"
    r"|real|actual|live|damn|goddamn|fucking|bloody|other|different|another|customer|support|service|care|sales|help"
    r"|desk|back)\b)*+"
)
_PEOPLE = r"(?:humans?(?!\s+hair)|person|agents?|assistants?|reps?|representatives?|operators?|supervisors?|advisors?)"
_ANYONE = rf"(?:{_PEOPLE}|people|managers?|colleagues?|someone|somebody|anyone|anybody)"
_SERVICE = r"(?:services?|support|care|assistance|help\s*desk|team|staff)"
_DESK = rf"(?:(?:customer|your|the|a|live|sales|technical|bloody|damn|fucking)\s+)*+{_SERVICE}"
_PERSON = re.compile(
    rf"""
    \b(?:talk|speak|chatt?)(?:ing)?{_BETWEEN}\s+{_ANYONE}\b
    | \b(?:connect|transfer|escalate|put|pass|hand)\s+(?:to\s+)?(?:me|us|this|it){_BETWEEN}\s+{_ANYONE}\b
    | \b(?:reach|contact)(?:ing)?(?:\s+(?:an?|the|your|live|actual|damn|goddamn|customer|support|service|sales)\b)*+
        \s+(?:humans?|agents?|reps?|representatives?|operators?|supervisors?|advisors?|real\s+person
            |(?:someone|somebody|person)$)\b
    | \b(?:talk|speak|chatt?)(?:ing)?\s+(?:to|with)\s+{_DESK}\b
    | \b(?:want|need|get|give\s+(?:me|us)|prefer|(?:would|i'd|id)\s+like)(?!\s+this\b){_BETWEEN}\s+{_PEOPLE}\b
        (?!\s+(?:to\s+(?!talk|speak|chat|help|call|answer|contact)|who\b|at\s+(?:home|the\s+door)))
    | \b(?:want|get\s+me|give\s+me|see)\s+(?:your|the|a)\s+(?:manager|boss)\b
    | \b(?:connect|transfer|put|pass|escalate)\s+(?:me|us|this)\b.{{0,30}}
        \b(?:service|support|care|team|department)\b
    | ^(?:(?:an?|the|real|live|actual|human|please|any|pls|plz)\s+)*+
        (?:human|person|agent|operator|representative|rep|customer\s+(?:service|support|care))
        (?:\s+(?:please|pls|plz|now|here|agent|person|being|chat))*+$
    | ^(?:please\s+)?live\s+(?:chat|support)(?:\s+(?:please|pls|now))?$
    | ^(?:(?:an?|the|real|live|please)\s+)*+human(?:\s+(?:please|pls|now|agent|person|being|support|help))*+$
    | \b(?:not|no|hate|stop)\b.{{0,20}}\b(?:bots?|robots?)\b.{{0,30}}\b(?:human|person|agent|someone)\b
    | \bis\s+there\s+(?:an?|any)\s+(?:(?:real|live|actual)\s+)?(?:human|person|agent|one)(?:\s+being)?
        (?:\s+(?:there|here|available|around|online|(?:i|we)\s+can\s+(?:talk|speak|chat).*|(?:to|who).{{0,20}}help.*))*$
    | \b(?:can|could|may|will|would|let|have|want|need)\s+(?:an?\s+)?(?:(?:real|live|actual|human)\s+)*
        (?:human|real\s+person|actual\s+person|human\s+being|(?:human|live|support|service)\s+agent)
        \s+(?:please\s+)?(?:help|call|answer|contact|assist|take\s+over|reply|look)\b
    | \b(?:can|could|please\s+have|have|get|want|need)\s+(?:someone|somebody)\s+(?:to\s+)?(?:please\s+)?
        (?:call|phone|ring|contact)\s+(?:me|us)\b
    | \bcall\s+me\s+back\b | \b(?:want|need|request|arrange|like|give\s+me)\s+(?:an?\s+)?call\s?back\b
    | \b(?:talk|speak|chat|word|contact|touch)\s+(?:to|with)\s+(?:whoever\b|(?:the|your|an?|one\s+of\s+your)\s+
        (?:\w+\s+){{0,2}}?(?:manager|boss|supervisor|owner|expert|specialist|technician|mechanic|advis[eo]r|consultant
            |employee|colleague|department|staff)s?\b)
    """,
    re.X,
)
_COMPLAINT = re.compile(
    r"\b(?:make|file|lodge|submit|have|register|raise)\s+(?:a|an|my)\s+(?:formal\s+|official\s+)?complaint\b"
    r"|\bi\s+(?:want|wish|would\s+like|need)\s+to\s+complain\b"
)
_COMPLAINT_ZH = re.compile("投诉(?!率)|投訴")
# What turns the words after it into something else: a refusal, a question whether one must, somebody else's doing.
_NOT_ASKING = re.compile(
    r"\b(?:don'?t|do not|didn'?t|did not|never|without|rather not|not)"
    r"(?: (?:really|even|actually|want|wish|need|have|having|like|to|a|an|any|ever))*$"
    r"|\b(?:(?:do|does|did|would|will) (?:i|we|one)(?: (?:really|actually|first))?(?: (?:have|need))|must (?:i|we))"
    r"(?: to)?$"
    r"|\b(?:(?:am|are|was|were) (?:i|we)|(?:i|we)(?:'m|'re| am| are| was| were|'ve been| have been))"
    r"(?: (?:really|just|now))*$"
    r"|\b(?:no need|unable|afraid) to$|\blike an?$|\b(?:told|asked|asking|said|refused|advised)(?: me| us)?(?: i| to)*$"
)
_BACKWARD = 60  # characters before a match that can turn its meaning

LONGEST = 4_000  # code points in one message; what is longer is refused before it comes here
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_PILED = re.compile("([\u0300-\u036f]{3})[\u0300-\u036f]+")


def _any_of(lines: str) -> str:
    """One pattern a line, joined as alternatives."""
    return "(?:" + "|".join(line.strip() for line in lines.strip().splitlines()) + ")"


# What makes of 人工 (by hand) and 真人 (in the flesh) something that a shop sells, does or charges for.
_THING = (
    "(?!智能|费|审核|安装|成本|合成|培育|钻|宝石|草|皮|泪液|降解|打磨|制作|编织|缝|检|核|处理|湖|呼吸|授粉|耳蜗|关节|操作"
    "|清洗|分拣|包装|搬|查验|验|试|实拍|发|照|秀|图|模特|版|同款|兽|cs|音|动|拍)"
)
_HOURS = "(?!的?(?:几点|什么时候|工作时间|上班|在线时间|服务时间|时间|电话))"
_PERSON_ZH = re.compile(
    _any_of(rf"""
    (?:[转轉找要接换換叫来请等]|联系|聯繫|呼叫|需要|给我)(?:一?[个個下位名])?(?:人工|真人|活人){_THING}
    (?:[转轉找要接换換叫]|联系|聯繫|呼叫)(?:一?[个個下位名])?(?:[你您][们們]?的?)?(?:客服|专员|專員|经理|經理|主管|领导){_HOURS}
    [转轉][到接至]?(?:人工|客服){_THING}
    (?:[跟和与與同让讓由])(?:一?[个個位名])?(?:真人|活人|人工|客服)(?:客服)?(?:[聊谈談说說讲講来回帮]|对话|沟通|通话|交流|服务|解决|联系)
    [跟和与](?:一?个)?人(?:[聊谈]|说话|讲话|对话|沟通)
    人工客服{_HOURS}|人工服务(?!费){_HOURS}|真人客服|人工[坐座]席
    ^(?:人工|真人|客服|活人)$
    (?:换|派|叫|来|找|安排)(?:一?[个位名])?(?:人|工作人员|负责人|负责的人|同事|专人)(?:来(?![取拿收修装])|跟我|和我|出来|回[答复话]|吧|$)
    [跟和与](?:[你您][们]?的?)?(?:经理|主管|领导|老板|同事|员工|工作人员|店长|负责人)(?:直接)?(?:[谈说讲聊]|沟通|通话)
    (?:叫|让|请|找)[你您]们?的?(?:老板|经理|主管|领导|负责人|店长|员工|同事)|换成?人工
    (?:叫|找|让|请|换|派)[^，。？！]{{0,8}}的人(?:来(?![取拿收修装])|[跟和给]我|回[答复话]|处理|解决|$)
    (?:让|请|叫|安排|麻烦).{{1,10}}给我(?:回|打)一?个?电话|交给[你您]们?的?(?:同事|领导)|联系上?[你您]们的?(?:员工|同事|工作人员)
    (?:找|请|帮我找|联系)(?:一?[个位名])?工作人员|(?:让|给我个|找个)(?:真的|真正的|活的)人|客服给我(?:回|打)个?电话
    有(?:没有|沒有)?(?:人工|真人|活人)(?:客服|服务|在|吗|嗎|么|可以|能|$)
    """)
)
_NOT_ASKING_ZH = re.compile(
    r"(?:不|别|別|无需|无须|没必要|甭)(?:要|用|想|需要|必|是|给我|帮我|再)*$|(?:是不是|是否|要不要|需不需要|用不用)(?:要|得|先|去)*$"
)
_MUST_ZH = re.compile("(?:需要|要|得|必须|只能)先?(?:[找转]|联系)(?:人工客服|人工|客服).{0,8}(?:吗|嗎|么|才)")


_SMALL = {
    "thanks": """
        (?:(?:ok|okay|great|perfect|cool|super|awesome|many|thats all|that is all|good|got it|nice|alright|fine) )?
            (?:thanks?(?: you)?|thx|ty|tysm|cheers|much appreciated|appreciate it)
            (?: (?:you|so|very|much|a|lot|for|your|the|help|bot|again|that|all|everything|quick|answer|reply|then))*
        谢谢[你您]?们?的?(?:帮助|回复|解答|帮忙)?[啦了哦呀啊]*|(?:非常|十分)?感谢[你您]?|多谢|谢了|麻烦[你您]?了|辛苦[你您]?了
        """,
    "goodbye": """
        (?:ok(?:ay)? )?(?:bye|good ?bye|bye ?bye|see (?:you|ya)(?: later)?|cya|take care)(?: (?:now|then|bot))?
        good night
        have a (?:nice|good|great) (?:day|evening|weekend|one)
        再见|拜拜|回头见|晚安
        """,
    "greeting": """
        (?:hi+|hello+|hey+|hiya|yo|howdy|greetings|morning|evening|good (?:morning|afternoon|evening|day))
            (?: (?:there|bot|all|everyone|team|again|guys))*
        亲?(?:你好[呀啊]*|您好|嗨|哈喽|在吗|在不在|早上好|下午好|晚上好|(?:请问)?有人在?吗|有人在?么)|亲
        """,
    "how_are_you": """
        how(?: are|'?s|re) (?:you|it going|things|ya)(?: doing)?(?: today)?
        how do you do|what'?s up|sup
        你好吗|最近怎么样
        """,
    "robot": """
        (?:so )?(?:are|r) (?:you|u) (?:an? )?(?:real )?(?:robot|bot|human|person|machine|ai|computer|chatbot|real)
            (?: or (?:an? )?(?:real )?(?:human|person|bot|robot|machine|real))?
        (?:am i|are we) (?:talking|speaking|chatting) (?:to|with) (?:an? )?(?:real |actual |live )*
            (?:robot|bot|human|person|machine|ai)(?: or (?:an? )?(?:real )?(?:human|person|bot|robot|machine|ai))?
        is this (?:an? )?(?:real )?(?:bot|robot|human|ai|person|chatbot)
        who are you|what are you
        你是(?:不是)?(?:机器人|真人|人工|人|ai)[吗么]?|你是谁|是真人吗|是机器人吗
        """,
    "abilities": """
        what can you (?:do|help (?:me )?with)|what do you do|how (?:can|do) you (?:help|work)
        help|help me|can you help(?: me)?|i (?:have|need|got) (?:a question|help|some help)
        你能做什么|你会什么|帮帮我|我有个问题
        """,
    "unclear": """
        yes|no|ok(?:ay)?|yep|yeah|nope|sure|maybe|hmm+|um+|lol|haha+|k|right|i see|got it|great|perfect|cool|fine
        alright|test|testing|what|huh
        好的?|好吧|嗯+|哦+|是的?|不是|行|可以|明白了?|知道了|哈哈+|没有了?|没了|没事了?|不用了?
        """,
}


def _joined(patterns: str) -> str:
    """Continuation lines (they begin with a blank inside a group) belong to the line above them."""
    return _any_of(re.sub(r"\n {12}(?=\S)", "", patterns))


_SMALL_RE = {kind: re.compile(_joined(patterns)) for kind, patterns in _SMALL.items()}
_CLAUSES = re.compile(r"[.!?,;。！？，；~\n]+")
_LONGEST_SMALL = 80
_LEAD = re.compile(
    r"^\s*(?:"
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening)|thanks?(?: you)?|thx|ok(?:ay)?|great|dear (?:team|sir))"
    r"(?: there| team| all| so much| a lot| very much)?(?:\s*[,.!:;]+|\s*[–-]+(?=\s))"  # not "Hi-Fi"
    r"|(?:hi|hello|hey)(?: there)?\s+(?=\w)"
    r"|(?:(?:你好|您好|请问|谢谢)[,，。!！~ ]*)+"
    r")\s*",
    re.I,
)
_ABUSE = re.compile(
    _any_of(r"""
    \b(?:fuck\w*|shit\w*|bullshit|asshole|bitch|cunt|moron|idiots?|screw you|go to hell)\b
    \b(?:stupid|dumb|dumbass|useless|worthless) (?:bot|robot|machine|thing|piece)\b
    \byou(?:'re| are| r) (?:so )?(?:useless|stupid|an? idiot|dumb|pathetic|worthless)\b
    傻[逼屄b]|垃圾(?:机器人|客服)|滚蛋|滚开|滚吧|给我滚|^滚+$|(?<!焕)去死(?!皮|角质)|他妈的|操你|废物(?!利用)|智障(?!人)|蠢货
    """)
)
_ANGRY = re.compile(
    _any_of(r"""
    \b(?:this|that|it)(?: i|'?)s (?:absolutely |completely |totally |so )?(?:ridiculous|unacceptable|outrageous)\b
    \b(?:this|that|it)(?: i|'?)s (?:an? )?(?:absolute |complete |total )?(?:disgrace|disgraceful|joke|scam|appalling)\b
    \b(?:worst|terrible|awful|horrible|disgusting) (?:customer )?(?:service|shop|company|experience)\b
    \bi(?: am|'?m)(?: absolutely| so| really| very)? (?:furious|angry|pissed|fed up|livid|disgusted)\b
    \bi(?: am|'?m)(?: absolutely| so| really| very)? sick of (?:this|you)\b
    太(?:过分|差劲|离谱)了|气死我|什么破(?:店|服务)|(?<!防)骗子|黑店
    """)
)
_LEGAL = re.compile(
    _any_of(r"""
    \b(?:(?:hear from|contact|call|calling|told|tell) my lawyer|take legal action|sue you|report you to)\b
    \b(?:contact|complain|complaining|report|reporting|go|going)\b.{0,20}\bconsumer protection\b
    \b(?:take|taking) (?:you|this|your (?:company|shop)) to court\b|\bsee you in court\b
    消费者协会|(?<!\d)12315(?!\d)|律师函|(?:起诉|法院告|去告|要告)(?:了)?[你您]|(?:上|见|去)法院|法庭(?:上)?见
    """)
)
# Said of oneself and of now: a film of that name, a game, or a friend who is missed "to death" is none of it.
_SELF_HARM = re.compile(
    _any_of(r"""
    \b(?:kill|hang|shoot|drown)(?:ing)? myself\b(?! laughing)|\b(?:end|ending|take|taking) my (?:own )?life\b
    \b(?:i(?: am|'?m)|im|feel|feeling)(?: so| very| really)? suicidal\b|\b(?:commit|committing) suicide\b
    \bthinking (?:of|about) suicide\b(?! (?:squad|doors?|prevention))
    \b(?:want|going|like) to (?:harm|hurt|cut) myself\b|\bfeel like (?:harming|hurting|killing) myself\b
    \bself harm(?:ing)?\b(?! (?:book|policy|scars?))
    \bi (?:just |really )?(?:want|wanna|wish) (?:to )?(?:die|be dead)\b(?! cut)|\bi wish i (?:was|were) dead\b
    \bi (?:do not|don'?t|dont) (?:want to|wanna) (?:live|be alive|exist)(?: any ?more| any longer)?$
    \b(?:no reason|nothing left) to live(?: for)?\b|\bbetter off dead\b
    (?:我|想|要|会|去|打算|准备)自杀|自杀(?:算了|的念头)|我.{0,4}(?:不想活|活不下去|不想再活)|^想死了?$|(?:我|真|好|只|就|很)想死(?![你您他她它这那])
    轻生的念头|想轻生|(?:想|要|又).{0,3}(?:自残|割腕|割自己|伤害自己)|(?:结束|了结)(?:我的?|自己的?)(?:生命|一生)|想结束生命
    """)
)

_ELLIPTIC_START = re.compile(
    r"^(?:and|but|or|also|so|then|only for|for|with|in|to)\b"
    r"(?!.*\b(?:do|does|did|is|are|can|could|will|would|should)\b)"
    r"|^(?:(?:and|but|so|then) )?(?:what about|how about|what if|what else|even|same for)\b"
    r"|^(?:那|还有|要是|如果是|换成)"
)
_ELLIPTIC_ANY = re.compile(
    r"\b(?:it|that|its|their|this|these|those|they|them|one|ones|others|he|she|instead|same|either|too)\b"
    r"|(?<!\bis )(?<!\bare )(?<!\bwas )\bthere\b(?! (?:is|are|was)\b)"
    r"|它|这个|那个|这种|那种|他们"
)
_QUESTION = re.compile(
    r"^(?:where|when|how|why|which|who|what(?! the\b)|can i|could i|do you|does|is there|are there|will)\b"
    r"|怎么|怎样|如何|[是有]什么|什么时候|多久|多少|哪里|[吗嗎]$"
)
_ELLIPTIC_SHORT = re.compile(r"\b(?:the|there)\b")  # "what is the fee?", "is there parking?"
_FRAME_ZH = re.compile(r"怎么样?|怎样|如何|什么时候|什么|多久|多少|几天?|哪里?|是否|谁|^请问|能不能|可不可以|[不没]$")
_FUNCTION = frozenset(
    """
    a an and any are as at be but by can could do does did for from get go had has have how i if in into is it its
    just long many may me much my no not of off on one or our out so some take than that the their them then there
    these they this those to too up us use was we what when where which while who why will with would yes you your
    about also im ive id please hi hello okay ok thanks tell know want like need same instead either cost
    """.split()
)


_WORD = re.compile(r"[\u3400-\u9fff]{1,2}|[^\W_\u3400-\u9fff]+")


def normalise(text: str) -> str:
    """Lower case, NFKC, without the marks people end a line with: what the lists above are written in.

    Reads as much as a message may hold; piled-up accents are thinned first, for NFKC sorts each pile.
    """
    text = _PILED.sub(r"\1", _UNSEEN.sub("", text[:LONGEST]))
    text = unicodedata.normalize("NFKC", text)[:LONGEST].lower().replace("’", "'")
    text = re.sub(r"[^\w\s'?]|_", " ", text)
    return re.sub(r"\s+", " ", text).strip(" ?")


def wants_person(text: str) -> bool:
    """In so many words, or by a first or last clause that names nothing else ("hi, human please")."""
    return any(
        _asks(_PERSON, _NOT_ASKING, plain) or _asks(_PERSON_ZH, _NOT_ASKING_ZH, _MUST_ZH.sub("", plain))
        for plain in _said(text)
    )


def complains(text: str) -> bool:
    """A wish to complain, in so many words."""
    return any(
        _asks(_COMPLAINT, _NOT_ASKING, plain) or _asks(_COMPLAINT_ZH, _NOT_ASKING_ZH, plain) for plain in _said(text)
    )


def _said(text: str) -> set[str]:
    clauses = [clause for clause in _CLAUSES.split(text[:LONGEST]) if clause.strip()]
    return {normalise(part) for part in (text, without_pleasantries(text[:LONGEST]), *clauses[:1], *clauses[-1:])}


def _asks(wish: re.Pattern[str], turned: re.Pattern[str], plain: str) -> bool:
    """Does a `wish` stand in the text whose meaning nothing before it has `turned`?"""
    found = wish.finditer(plain)
    return any(not turned.search(plain[max(0, match.start() - _BACKWARD) : match.start()].rstrip()) for match in found)


def small_talk(text: str) -> str | None:
    """The kind of small talk the whole message is (a key of `texts`), or None when it says anything else."""
    clauses = [clause for part in _CLAUSES.split(text[:LONGEST]) if (clause := normalise(part))]
    if not clauses or len(clauses) > 4:
        return None if clauses else "unclear"
    kinds = [kind for clause in clauses for kind in _kinds(clause)]
    if None in kinds:
        return None
    return max((kind for kind in kinds if kind), key=lambda kind: kind != "unclear")


def _kinds(clause: str) -> Sequence[str | None]:
    """What a clause is, or the two things it says in one breath ("hi how are you", 好的再见)."""
    if len(clause) > _LONGEST_SMALL:
        return [None]
    if (whole := _kind(clause)) is not None:
        return [whole]
    for cut in range(1, len(clause)):
        is_seam = clause[cut] == " " or not clause[cut - 1 : cut + 1].isascii()
        if is_seam and (first := _kind(clause[:cut])) and (second := _kind(clause[cut:].strip())):
            return [first, second]
    return [None]


def _kind(clause: str) -> str | None:
    return next((kind for kind, pattern in _SMALL_RE.items() if pattern.fullmatch(clause)), None)


def is_abuse(text: str) -> bool:
    return bool(_ABUSE.search(normalise(text)))


def asks_something(text: str) -> bool:
    """Does it have the form of a question, whatever else it is? ("where is my damn order")"""
    return "?" in text or "？" in text or bool(_QUESTION.search(normalise(text)))


def opens_as_question(text: str) -> bool:
    """Does it ask how, where or whether, from its first word on?"""
    return bool(_QUESTION.search(normalise(without_pleasantries(text))))


def is_angry(text: str) -> bool:
    return bool(_ANGRY.search(normalise(text)))


def threatens(text: str) -> bool:
    """With a lawyer, a court or an authority."""
    return bool(_LEGAL.search(normalise(text)))


def is_in_danger(text: str) -> bool:
    """Speaks of killing or harming themselves."""
    return any(_SELF_HARM.search(normalise(part)) for part in (text, *_CLAUSES.split(text[:LONGEST])))


def without_pleasantries(text: str) -> str:
    """The message without the greeting or thanks it opens with."""
    bare = _LEAD.sub("", text, count=1).strip()
    return bare or text.strip()


def content_words(text: str) -> list[str]:
    """Words that carry a topic; of Chinese, which writes no blanks, runs of two characters."""
    return [word for word in _WORD.findall(normalise(text).replace("'", "")) if word not in _FUNCTION]


def is_elliptical(text: str) -> bool:
    """Does it mean nothing without what was said before? ("and for headphones?", "how long does that take?")"""
    plain = normalise(text)
    words = content_words(text)
    if re.search(r"[\u3400-\u9fff]", plain):
        return _is_elliptical_zh(plain)
    if _ELLIPTIC_START.match(plain):
        return len(words) <= 4
    if len(words) <= 1 and len(plain.split()) <= (2 if words and not _ELLIPTIC_SHORT.search(plain) else 5):
        return True
    return len(words) <= 3 and bool(_ELLIPTIC_ANY.search(plain))


def _is_elliptical_zh(plain: str) -> bool:
    if _ELLIPTIC_START.match(plain):
        return len(plain) <= 14
    if plain.endswith("呢") or _ELLIPTIC_ANY.search(plain):
        return len(plain) <= 12
    topic = _FRAME_ZH.sub("", plain)
    is_whole = topic != plain and len(re.sub("[要需能可以吗钱了呢的]", "", topic)) >= 2
    return len(plain) <= 5 and not is_whole  # 怎么退货 asks by itself, 要多久 does not


_ASKED = re.compile(r"(?<=？)(?![?？])|(?<=\?)(?=[\s\u3400-\u9fff])")  # not the ? of an address


def questions(text: str, most: int = 3) -> list[str]:
    """The separate questions of one message, in order; one item when it does not fall apart cleanly."""
    if len(text) > LONGEST:
        return [text.strip()]
    pieces = [part.strip() for part in _ASKED.split(text) if normalise(part)]
    parts = [part for part in pieces if part.endswith(("?", "？"))]
    rest = " ".join(pieces[len(parts) :])
    standing = [part for part in parts[: most + 1] if not is_elliptical(part) and small_talk(part) is None]
    if 2 <= len(standing) == len(parts) <= most and not content_words(rest):
        return parts
    return [text.strip()]
