"""One way to write what is said in several: halves, hours by name, ages, dates by number, Chinese hours and rates.

Both sides are rewritten alike before anything is read, so "half a year" is six months wherever it stands.
"""

import re
from functools import partial

from bot.facts import chinese_number
from bot.measures import NUMBER_WORDS
from bot.tokens import CJK_CHARACTER

_ONES = {n: word for word, n in NUMBER_WORDS.items() if n <= 10}
_NTH = dict(
    zip("first second third fourth fifth sixth seventh eighth ninth tenth".split(), range(1, 11), strict=True)
) | {"fifteenth": 15, "twentieth": 20}
_NUMBERS = "|".join(word for word in NUMBER_WORDS if "-" not in word) + "|a"
_HOURS = "|".join(word for word, n in NUMBER_WORDS.items() if 1 <= n <= 12)
_COUNTED = {word: nth for nth, n in _NTH.items() if n <= 5 for word in (str(n), _ONES[n])}
_PERIOD = {"morning": "am", "afternoon": "pm", "evening": "pm", "night": "pm"}


def _nth(match: re.Match[str]) -> str:
    return f"{_NTH[match[1].lower()]}{match[2]}"


def _past(match: re.Match[str]) -> str:
    """ "half past seven in the evening" → 7:30 pm."""
    hour = int(match["hour"]) if match["hour"].isdigit() else NUMBER_WORDS[match["hour"].lower()]
    minute = 30 if match["part"].lower() == "half" else 15
    if match["side"] == "to":
        hour, minute = (hour - 1) or 12, 45
    return f"{hour}:{minute:02d}"


def _in_the(match: re.Match[str]) -> str:
    """ "nine in the morning" → 9 am."""
    hour = match[1].lower()
    return f"{NUMBER_WORDS.get(hour, hour)} {_PERIOD[match[2].lower()]}"


def _and_a_half(match: re.Match[str]) -> str:
    """ "a year and a half" → 18 months; "two and a half hours" → 150 minutes."""
    count, is_years = match[1].lower(), (match[2] or match[3]).lower() == "year"
    halves = 2 * (int(count) if count.isdigit() else NUMBER_WORDS.get(count, 1)) + 1
    return f"{6 * halves} months" if is_years else f"{30 * halves} minutes"


def _so_many(match: re.Match[str]) -> str:
    """ "after two failed attempts" → after the second."""
    return f"after the {_COUNTED[match[1].lower()]} "


_sub = partial(re.compile, flags=re.IGNORECASE)
_CLOCK = r"\d{1,2}(?:[:.]\d\d)?(?: ?[ap]\.?m\b\.?)?"
_SPAN = r"(?:\d+|[a-z]+) (?:(?:business|working|calendar) )?(?:minute|hour|day|week|month|year)s?"
_BEFORE = r"(?:before|prior to|ahead of)"
_AHEAD = r"(?:beforehand|ahead|in advance)"  # here "up to" is the most, where "up to … before" is the last moment
_PAYING = "(?:pay|refund|return|charge|keep|receive|credit)(?:s|ed)?|gets?|kept|paid"
_MONEY = (
    r"(?:[€$£¥₹]|(?:chf|eur|usd|gbp|sek|nok|dkk) ?\d|\d[\d.,]* ?(?:€|kr\b|euros?\b|dollars?\b|pounds?\b|francs?\b))"
)
_WEEKDAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"


def _minutes(match: re.Match[str], unit: str) -> str:
    """ "3 hours 10 minutes" is neither 3 hours nor 10 minutes."""
    return f"{int(match[1]) * 60 + int(match[2])}{unit}"


_FREE = r"(?: (?:you|us|anyone|them))?(?: for it)?(?: (?:anything|any|a penny|a thing))?(?: (?:extra|more|further))?"
_NO_PRICE = r"(?! ?(?:[€$£¥\d]|by\b|until\b|before\b|unless\b|any))"
_ENGLISH = (
    (
        _sub(
            rf"\b(?:won't|will not|don't|doesn't|do not|does not|isn't|is not|aren't|are not|needn't|never)"
            rf" (?:be |have to |need to )?(?:cost|costs|charged|charge|pay){_FREE}\b{_NO_PRICE}"
        ),
        "free",
    ),
    (
        _sub(
            r"\b(?:costs?|pay|charged?)(?: you)? nothing(?: (?:extra|more))?\b|\bfor nothing\b"
            r"|\bnothing is (?:due|owed|charged)\b"
        ),
        "free",
    ),
    (
        _sub(
            r"\b(?:(?:e-?mail|write to|contact|reach us at|drop a line to)"
            r"|(?:by )?(?:send(?:ing)?|writ(?:e|ing)|drop(?:ping)?) (?:us )?(?:an? )?"
            r"(?:e-?mail|mail|message|line|note)? ?to"
            r"|by e-?mail(?: to| at)?) (?=\S+@)"
        ),
        "email ",
    ),
    (_sub(r"\b(?:below|under) the age of\b"), "under"),
    (_sub(r"\b(?:in|after) all(?=[,.;:!?]|$)"), "also"),  # "in all shops" are all of them
    (_sub(r"\b(?:instead|rather)\b(?! (?:of|than)\b),? ?"), ""),
    (_sub(r"\bonce (?:you|they) (?:are|turn|have turned|reach) (?=\d{1,2}(?:[,.;]|$| (?:or|and)\b))"), "from age "),
    (_sub(r"\b(?:in|during|within) the first (?=(?:\d+|[a-z]+) (?:minute|hour|day|week|month)s?\b)"), "within "),
    (_sub(r"\ba fifth\b"), "20 %"),
    (_sub(r"\bnot? (?:\w+ )?by more than\b|n't (?:\w+ )?by more than\b"), " by no more than"),
    (
        _sub(r"\b(\d{1,3}) ?(?:hours?|hrs?|h)(?: and|,)? (\d{1,2}) ?(?:minutes?|mins?)\b"),
        partial(_minutes, unit=" minutes"),
    ),
    (_sub(r"\bwhether or not\b|\beven (?=(?:before|after|without|during|with)\b)"), "evenif "),
    (_sub(r"\b(everything|anything|all|anywhere|everyone|nothing|everywhere) but\b"), r"\1 except"),
    (_sub(r"(^|[;,.] )should (?=(?:you|your|we|our|the|an?|it|this|they)\b)"), r"\1if "),
    (_sub(r"\bhalf an hour\b|\ba half[- ]hour\b"), "30 minutes"),
    (_sub(r"\b(?:an|one) hour and a half\b"), "90 minutes"),
    (_sub(r"\bthree quarters of an hour\b"), "45 minutes"),
    (_sub(r"\b(?:a )?quarter of an hour\b"), "15 minutes"),
    (_sub(r"\bhalf a year\b"), "6 months"),
    (_sub(rf"\b(\d{{1,2}}|{_NUMBERS}) (?:(hour|year)s? and a half|and a half (hour|year)s)\b"), _and_a_half),
    (
        _sub(
            r"\bhalf (?:of )?(?=(?:the|your|its|that) (?:\w+ )?(?:price|fee|rent|amount|cost|value|deposit|fare|sum)\b)"
        ),
        "50 % of ",
    ),
    (_sub(rf"\b({_PAYING})( you| them)? half(?= (?:in|for|back|on|if|when|until)\b|[,.;:]|$)"), r"\1\2 50 %"),
    (_sub(r"\b(at|for) half(?: the)?[- ]price\b"), r"\1 50 % of the price"),
    (_sub(r"\ba quarter (?=more|less|off|cheaper)"), "25 % "),
    (_sub(r"(%|\bper ?cent) (?:off|less|cheaper)\b(?! than)"), r"\1 discount"),
    (_sub(r"\b(?:one|a|a single) (?=(?:business|working|calendar) (?:day|week)\b)"), "1 "),
    (
        _sub(
            rf"\b(?:(?:no|not) (?:more|earlier|sooner) than|at most|(?<!no )(?<!not )(?:less|fewer|later) than"
            rf"|within|in the last) (?={_SPAN} {_BEFORE}\b)"
        ),
        "after ",
    ),
    (_sub(rf"\b(?:at least|more than|(?:no|not) (?:later|less|fewer) than) (?={_SPAN} {_BEFORE}\b)"), "until "),
    (_sub(rf"\b(?:no|not) (?:later|less|fewer) than (?={_SPAN} {_AHEAD}\b)"), "at least "),
    (_sub(rf"\b({_SPAN}) or (?:more|earlier) (?={_BEFORE}\b)"), r"until \1 "),
    (_sub(rf"\b({_SPAN}) or (?:less|fewer|later) (?={_BEFORE}\b)"), r"after \1 "),
    (_sub(r"\b(?:a |one )?fortnight\b"), "14 days"),
    (_sub(r"\b(?:12 )?(?:noon|midday)\b"), "12:00"),
    (_sub(r"\bmidnight\b"), "24:00"),
    (_sub(rf"\b(?P<part>half|(?:a )?quarter) (?P<side>past|to) (?P<hour>\d{{1,2}}|{_HOURS})\b"), _past),
    (
        _sub(rf"\b(\d{{1,2}}(?::\d\d)?|{_HOURS}) (?:o'clock )?(?:in the|at) (morning|afternoon|evening|night)\b"),
        _in_the,
    ),
    (_sub(rf"\bbetween ({_CLOCK}) and (?={_CLOCK})(?=\S*[:. ]?\S*(?::\d\d|[ap]\.?m))"), r"from \1 to "),
    (_sub(rf"\bfrom ({_CLOCK}) (?:to|until|till) (?={_CLOCK})"), r"\1-"),
    (
        _sub(rf"\b(?<=the )({'|'.join(_NTH)})( of (?:each|every|the|a|that|this) (?:(?:following|next|new) )?month)"),
        _nth,
    ),
    (_sub(r"(\b(?:can|may)\b[^.;]*) for (?=\S+ \w+ (?:after|from|following|since)\b)"), r"\1 within "),
    (_sub(r"\b(?:of|for|in|on) each (?=[a-z])|(?<=\d )each (?=[a-z])|(?<=[\d.][€$£%]) each (?=[a-z])"), "per "),
    (_sub(rf"\b(?:no later than|not later than) (?={_SPAN} (?:after|from|following)\b)"), "within "),
    (_sub(rf"\b(within {_SPAN}) (?:of|from|following)\b"), r"\1 after"),
    (_sub(rf"\b(?:start(?:s|ing)?|begin(?:s|ning)?) (?:at|from|with) (?={_MONEY})"), "from "),
    (_sub(rf"\binsured (?:for )?to (?={_MONEY})"), "insured up to "),
    (_sub(rf"\b({_WEEKDAY}) (?:of|in) (?:the|each|every|a|any) month\b"), r"\1 every month"),
    (
        _sub(rf"\bafter ({'|'.join(_COUNTED)}) (?=(?:\w+ )?(?:attempts?|tr(?:y|ies)|reminders?|failures?|visits?)\b)"),
        _so_many,
    ),
    (_sub(r"\b(the|your|our|its) final (?!sale|say|decision)(?=[a-z])"), r"\1 last "),
    (_sub(r"(?<=\d)(?:st|nd|rd|th)\b"), ""),
    (_sub(r"(?<=\d)[ -]years?(?: |-)(?:old|of age)\b"), " yearsold"),
    (_sub(r"\b(?:aged|age of|age) (\d{1,3})\b(?! yearsold)"), r"\1 yearsold"),
)

# ── Chinese ──

_PART = "上午|下午|晚上|早上|中午|凌晨|傍晚"
_MEASURED = "小时|分钟|秒|条|[GMK]B?|天|日|周|个月|月|年|次|晚|公里|平方米|平米|度电|度|件|位|人|张|本|袋|箱|瓶"


def _hour(match: re.Match[str]) -> str:
    part = "晚上" if match[1] == "傍晚" else match[1] or ""
    return f"{part}{chinese_number(match[2])}点"


def _tenths(match: re.Match[str]) -> str:
    return f"{chinese_number(match[1])}0%"


_NO_VERB = "就也都是能会可再还才又只要您你我们在网上的得地里要"


def _cannot(match: re.Match[str]) -> str:
    """补开不了 → 无法补开."""
    before, verb = (match[1][0], match[1][1:]) if len(match[1]) == 2 and match[1][0] in _NO_VERB else ("", match[1])
    return f"{before}无法{verb}"


_CHINESE = (
    (re.compile("([\u4e00-\u9fff]{1,2})不了(?!解|了之)"), _cannot),
    (re.compile("没(?![有关问错收法什人准])"), "未"),
    (re.compile(r"(?<=\d)号(?![线楼门店馆院桌室码厅口机车仓台])"), "日"),
    (re.compile(r"(?<![拨致])打(?:电话)?(?=[0-9+]{3})"), "拨打"),
    (re.compile("下个月"), "次月"),
    (re.compile("(?:这个?|本)月"), "当月"),
    (re.compile("那个?月"), "当月"),
    (re.compile("[那这][天日](?!起|开始)"), "当天"),
    (re.compile("头一?(?=[个次年])"), "第一"),
    (re.compile("一次(?:都|也)(?=[没未不])"), ""),
    (re.compile("一分不少地?"), "全额"),
    (re.compile("(?<=按)([^，。；,;按]{1,6})计(?=[，。；,;)）]|$)"), r"\1算"),
    (re.compile(r"(\d{1,3})个?(?:小时|钟头)零?(\d{1,2})分钟?"), partial(_minutes, unit="分钟")),
    (re.compile(r"\(含\)"), ""),
    (re.compile("第二[天日]|隔[天日]|翌日"), "次日"),
    (re.compile("一个半小时"), "90分钟"),
    (re.compile("半个?(?:小时|钟头)"), "30分钟"),
    (re.compile("半年"), "6个月"),
    (re.compile("半个月"), "15天"),
    (re.compile("([一二三四五六七八九])成(?![新功本为员分年人品绩交立长都熟套])"), _tenths),
    (re.compile("的时候"), "时"),
    (re.compile("第一(?=[次期年单笔]|个月)"), "首"),
    (re.compile("没有人|没人|无人(?![机驾售看])"), "不"),
    (re.compile("免收?(配送|送货|服务|安装|上门|手续|停车|清洁|取件|入场|年)费"), r"\1免费"),
    (re.compile("免收?(?=[运邮]费)"), "免费"),
    (
        re.compile(
            "的?(?:那天|那日|当天|当日|这天|之日)(?:开始)?(?:算起|计起|起计算|起计|起算|起|(?<=开始)计算|(?<=开始)算|(?<=开始))"
        ),
        "之日起",
    ),
    (re.compile("[从自](?=[^，。,;；]{1,10}之日起)"), ""),
    (re.compile(f"({_PART})([一二两三四五六七八九十]{{1,3}})点"), _hour),
    (re.compile("()([一二两三四五六七八九十]{1,3})点(?=[半整钟前后之到至以])"), _hour),
    (re.compile(f"(?<=元)[一/]({_MEASURED})"), r"每\1"),
    (re.compile(rf"(?<![0-9第每同任周期拜十百千万统唯单])一({_MEASURED})(?=\d+(?:\.\d+)?元)"), r"每\1"),
    (re.compile(r"再([^，。；,;再]{1,3})一次"), r"重\1"),
)


def uniform(text: str) -> str:
    """`text`, cleaned before, with each of these written in one way."""
    for pattern, plain in _CHINESE if CJK_CHARACTER.search(text) else _ENGLISH:
        text = pattern.sub(plain, text)
    return text
