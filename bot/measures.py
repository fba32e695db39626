"""Measures and places of the fact guard: units, currencies, numbers in words, months, countries. Data only."""

import re
from functools import lru_cache


def _list(words: str) -> list[str]:
    return words.split()


# ── places: code, names and demonyms in English, names in Chinese ──

_PLACES = """
AD Andorra,Andorran 安道尔;AE United_Arab_Emirates,UAE,Emirati,Dubai 阿联酋,迪拜;AF Afghanistan,Afghan 阿富汗
AL Albania,Albanian 阿尔巴尼亚;AM Armenia,Armenian 亚美尼亚;AO Angola,Angolan 安哥拉
AR Argentina,Argentine,Argentinian 阿根廷
AT Austria,Austrian 奥地利;AU Australia,Australian 澳大利亚,澳洲;AZ Azerbaijan,Azerbaijani 阿塞拜疆
BA Bosnia,Bosnian 波黑
BB Barbados 巴巴多斯;BD Bangladesh,Bangladeshi 孟加拉;BE Belgium,Belgian 比利时;BG Bulgaria,Bulgarian 保加利亚
BH Bahrain,Bahraini 巴林
BO Bolivia,Bolivian 玻利维亚;BR Brazil,Brazilian 巴西;BS Bahamas 巴哈马;BT Bhutan 不丹;BW Botswana 博茨瓦纳
BY Belarus,Belarusian 白俄罗斯
CA Canada,Canadian 加拿大;CD Congo,Congolese 刚果;CH Switzerland,Swiss 瑞士;CI Ivory_Coast,Ivorian 科特迪瓦
CL Chile,Chilean 智利
CM Cameroon,Cameroonian 喀麦隆;CN China,Chinese,Mainland_China 中国,中国大陆,大陆;CO Colombia,Colombian 哥伦比亚
CR Costa_Rica 哥斯达黎加
CU Cuba,Cuban 古巴;CY Cyprus,Cypriot 塞浦路斯;CZ Czechia,Czech,Czech_Republic 捷克;DE Germany,German 德国
DK Denmark,Danish 丹麦
DO Dominican_Republic,Dominican 多米尼加;DZ Algeria,Algerian 阿尔及利亚;EC Ecuador,Ecuadorian 厄瓜多尔
EE Estonia,Estonian 爱沙尼亚
EG Egypt,Egyptian 埃及;ES Spain,Spanish 西班牙;ET Ethiopia,Ethiopian 埃塞俄比亚;EU EU,European_Union 欧盟
EUR_ Europe,European 欧洲
FI Finland,Finnish 芬兰;FJ Fiji 斐济;FR France,French 法国;GB UK,United_Kingdom,Great_Britain,Britain,British 英国
ENG England,English 英格兰;SCO Scotland,Scottish 苏格兰;WAL Wales,Welsh 威尔士;NIR Northern_Ireland 北爱尔兰
GE Georgia,Georgian 格鲁吉亚;GH Ghana,Ghanaian 加纳;GL Greenland 格陵兰;GR Greece,Greek 希腊
GT Guatemala,Guatemalan 危地马拉
HK Hong_Kong 香港;HN Honduras 洪都拉斯;HR Croatia,Croatian 克罗地亚;HT Haiti 海地;HU Hungary,Hungarian 匈牙利
ID Indonesia,Indonesian 印度尼西亚,印尼;IE Ireland,Irish 爱尔兰;IL Israel,Israeli 以色列;IN India,Indian 印度
IQ Iraq,Iraqi 伊拉克
IR Iran,Iranian 伊朗;IS Iceland,Icelandic 冰岛;IT Italy,Italian 意大利;JM Jamaica,Jamaican 牙买加
JO Jordan,Jordanian 约旦
JP Japan,Japanese 日本;KE Kenya,Kenyan 肯尼亚;KG Kyrgyzstan 吉尔吉斯斯坦;KH Cambodia,Cambodian 柬埔寨
KP North_Korea 朝鲜
KR South_Korea,Korea,Korean 韩国;KW Kuwait,Kuwaiti 科威特;KZ Kazakhstan,Kazakh 哈萨克斯坦;LA Laos,Laotian 老挝
LB Lebanon,Lebanese 黎巴嫩
LI Liechtenstein 列支敦士登;LK Sri_Lanka,Sri_Lankan 斯里兰卡;LT Lithuania,Lithuanian 立陶宛
LU Luxembourg,Luxembourgish 卢森堡
LV Latvia,Latvian 拉脱维亚;LY Libya,Libyan 利比亚;MA Morocco,Moroccan 摩洛哥;MC Monaco 摩纳哥
MD Moldova,Moldovan 摩尔多瓦
ME Montenegro,Montenegrin 黑山;MG Madagascar 马达加斯加;MK North_Macedonia,Macedonia,Macedonian 马其顿
MM Myanmar,Burma 缅甸
MN Mongolia,Mongolian 蒙古;MO Macau,Macao 澳门;MT Malta,Maltese 马耳他;MU Mauritius 毛里求斯;MV Maldives 马尔代夫
MX Mexico,Mexican 墨西哥;MY Malaysia,Malaysian 马来西亚;MZ Mozambique 莫桑比克;NA Namibia,Namibian 纳米比亚
NG Nigeria,Nigerian 尼日利亚
NI Nicaragua 尼加拉瓜;NL Netherlands,Holland,Dutch 荷兰;NO Norway,Norwegian 挪威;NP Nepal,Nepalese 尼泊尔
NZ New_Zealand 新西兰
OM Oman,Omani 阿曼;PA Panama,Panamanian 巴拿马;PE Peru,Peruvian 秘鲁;PH Philippines,Philippine,Filipino 菲律宾
PK Pakistan,Pakistani 巴基斯坦
PL Poland,Polish 波兰;PR Puerto_Rico 波多黎各;PS Palestine,Palestinian 巴勒斯坦;PT Portugal,Portuguese 葡萄牙
PY Paraguay 巴拉圭
QA Qatar,Qatari 卡塔尔;RO Romania,Romanian 罗马尼亚;RS Serbia,Serbian 塞尔维亚;RU Russia,Russian 俄罗斯;RW Rwanda 卢旺达
SA Saudi_Arabia,Saudi 沙特;SD Sudan,Sudanese 苏丹;SE Sweden,Swedish 瑞典;SG Singapore,Singaporean 新加坡
SI Slovenia,Slovenian 斯洛文尼亚
SK Slovakia,Slovak 斯洛伐克;SM San_Marino 圣马力诺;SN Senegal 塞内加尔;SO Somalia,Somali 索马里;SV El_Salvador 萨尔瓦多
SY Syria,Syrian 叙利亚;TH Thailand,Thai 泰国;TJ Tajikistan 塔吉克斯坦;TM Turkmenistan 土库曼斯坦
TN Tunisia,Tunisian 突尼斯
TR Turkey,Turkish,Türkiye 土耳其;TW Taiwan,Taiwanese 台湾;TZ Tanzania,Tanzanian 坦桑尼亚;UA Ukraine,Ukrainian 乌克兰
UG Uganda,Ugandan 乌干达;US US,USA,United_States,America,American 美国;UY Uruguay,Uruguayan 乌拉圭
UZ Uzbekistan 乌兹别克斯坦
VA Vatican 梵蒂冈;VE Venezuela,Venezuelan 委内瑞拉;VN Vietnam,Vietnamese 越南;XK Kosovo 科索沃;YE Yemen,Yemeni 也门
ZA South_Africa,South_African 南非;ZM Zambia 赞比亚;ZW Zimbabwe 津巴布韦;EEA EEA 欧洲经济区
SCN Scandinavia,Scandinavian 北欧
ASI Asia,Asian 亚洲;AFR Africa,African 非洲;NAM North_America,North_American 北美;SAM South_America 南美
OCE Oceania 大洋洲
BNL Benelux 比荷卢;HAW Hawaii 夏威夷;ALA Alaska 阿拉斯加;CAN_ Canary_Islands 加那利群岛;BJ_ Beijing 北京
SH_ Shanghai 上海
GZ_ Guangzhou 广州;SZ_ Shenzhen 深圳;HZ_ Hangzhou 杭州;CD_ Chengdu 成都;XJ_ Xinjiang 新疆;XZ_ Tibet 西藏
CQ_ Chongqing 重庆
TJ_ Tianjin 天津;WH_ Wuhan 武汉;NJ_ Nanjing 南京;GD_ Guangdong 广东;ZJ_ Zhejiang 浙江;HN_ Hainan 海南
NM_ Inner_Mongolia 内蒙古
HEB_ Hebei 河北;SX_ Shanxi 山西;LN_ Liaoning 辽宁;JL_ Jilin 吉林;HLJ_ Heilongjiang 黑龙江;JS_ Jiangsu 江苏
AH_ Anhui 安徽;FJ_ Fujian 福建;JX_ Jiangxi 江西;SD_ Shandong 山东;HEN_ Henan 河南;HUB_ Hubei 湖北;HUN_ Hunan 湖南
SC_ Sichuan 四川;GZH_ Guizhou 贵州;YN_ Yunnan 云南;SAX_ Shaanxi 陕西;GS_ Gansu 甘肃;NX_ Ningxia 宁夏;GX_ Guangxi 广西
SU_ Suzhou 苏州;NB_ Ningbo 宁波;QD_ Qingdao 青岛;DL_ Dalian 大连;XM_ Xiamen 厦门;XA_ Xi'an 西安;CS_ Changsha 长沙
ZZ_ Zhengzhou 郑州;SY_ Shenyang 沈阳;HRB_ Harbin 哈尔滨;JN_ Jinan 济南;HF_ Hefei 合肥;FZ_ Fuzhou 福州;KM_ Kunming 昆明
WX_ Wuxi 无锡;FS_ Foshan 佛山;DG_ Dongguan 东莞;ZH_ Zhuhai 珠海;SYA_ Sanya 三亚
QH_ Qinghai 青海;GH_ Ghent 根特;PAR_ Paris 巴黎;LON_ London 伦敦;BER_ Berlin 柏林;AMS_ Amsterdam 阿姆斯特丹
BRU_ Brussels 布鲁塞尔
"""
# In lower case these are ordinary words.
NEEDS_CAPITAL = frozenset(_list("us turkey polish china jordan chad georgia english oman mali reading nice"))

CURRENCIES = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "欧元": "EUR", "$": "USD", "us$": "USD", "usd": "USD",
    "dollar": "USD", "dollars": "USD", "美元": "USD", "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP",
    "英镑": "GBP", "¥": "CNY", "cny": "CNY", "rmb": "CNY", "yuan": "CNY", "元": "CNY", "块": "CNY", "人民币": "CNY",
    "jpy": "JPY", "yen": "JPY", "日元": "JPY", "chf": "CHF", "franc": "CHF", "francs": "CHF", "瑞士法郎": "CHF",
    "nok": "NOK", "sek": "SEK", "dkk": "DKK", "kroner": "NOK", "kronor": "SEK", "cad": "CAD", "aud": "AUD",
    "hkd": "HKD", "港元": "HKD", "港币": "HKD", "pln": "PLN", "zł": "PLN", "zloty": "PLN", "czk": "CZK", "inr": "INR",
    "₹": "INR", "rupee": "INR", "rupees": "INR", "₩": "KRW", "krw": "KRW", "₺": "TRY", "₽": "RUB", "rouble": "RUB",
    "roubles": "RUB", "cent": "cent", "cents": "cent", "nzd": "NZD", "sgd": "SGD", "澳元": "AUD", "加元": "CAD",
    "加币": "CAD", "新元": "SGD", "欧": "EUR", "卢布": "RUB", "韩元": "KRW",
}  # fmt: skip

CHINESE_CURRENCIES = tuple(name for name in CURRENCIES if "\u4e00" <= name[0] <= "\u9fff" and len(name) > 1)
CURRENCY_STARTS = frozenset(name[0] for name in CHINESE_CURRENCIES)

# ── units: how written → (name, factor): weeks are told in days and years in months, so that equal spans are equal ──

UNITS: dict[str, tuple[str, int]] = {
    written: (name, factor)
    for name, factor, forms in (
        ("day", 1, "day days 天 日 自然日"), ("day", 7, "week weeks wk wks 周 星期 礼拜"),
        ("business day", 1, "workday workdays 工作日"), ("minute", 60, "hour hours hr hrs h 小时 钟头"),
        ("minute", 1, "minute minutes min mins 分钟"), ("second", 1, "seconds secs 秒"),
        ("month", 1, "month months 月"), ("month", 12, "year years yr yrs 年"), ("%", 1, "% percent"),
        ("kg", 1, "kg kilo kilos kilogram kilograms 公斤 千克"), ("g", 1, "g gram grams 克"),
        ("lb", 1, "lb lbs"), ("km", 1, "km kilometre kilometres kilometer kilometers 公里 千米"),
        ("m", 1, "m metre metres meter meters 米"), ("m2", 1, "平方米 平米 平方 m²"),
        ("cm", 1, "cm centimetre centimetres centimeter centimeters 厘米"),
        ("mm", 1, "mm millimetre millimetres 毫米"), ("mile", 1, "mile miles 英里"), ("inch", 1, "inch inches 英寸"),
        ("foot", 1, "foot feet"), ("litre", 1, "l litre litres liter liters 升"), ("ml", 1, "ml 毫升"),
        ("W", 1, "w watt watts"), ("Wh", 1, "wh"), ("mAh", 1, "mah"), ("V", 1, "v volt volts"),
        ("GB", 1, "gb"), ("MB", 1, "mb"), ("KB", 1, "kb"), ("TB", 1,
        "tb"), ("°", 1, "° °c celsius 度"), ("折", 1, "折"),
        ("times", 1, "times 次"), ("age", 1, "岁 周岁 yearsold"), ("piece", 1, "件"),
        ("stage", 1, "期"), ("point", 1, "points point 积分 分"),
        ("degree", 1, "degrees"), ("night", 1, "night nights 晚"), ("fold", 1, "倍"),
    )
    for written in forms.split()
}  # fmt: skip
# Of each, the form that a rate goes by: "per kilometre" is per km, "an hr" per hour.
SHORTEST = {pair: next(form for form, other in UNITS.items() if other == pair) for pair in UNITS.values()}
MORE_OF = frozenset(("further", "additional", "extra"))
DURATIONS = frozenset(("day", "hour", "minute", "second", "month", "night")) | {"business day"}
COUNTED = {"head": "person", "people": "person"} | dict.fromkeys("way direction trip crossing".split(), "journey")
RATES = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "annual": "year", "annually": "year",
         "hourly": "hour", "每天": "day", "每日": "day", "每周": "week", "每月": "month", "每年": "year",
         "每小时": "hour", "每钟头": "hour", "每星期": "week", "每礼拜": "week"}  # fmt: skip
PEOPLE = frozenset(
    """person participant member guest student passenger adult traveller visitor registration pupil learner player
    attendee""".split()
)  # which of them is counted is seldom said twice alike
BEFORE_UNITS = frozenset("consecutive full whole calendar working business more additional extra further".split())
ENDING = frozenset("and or but must may can will is are has have".split())  # after them comes nothing that is counted
TAKING = frozenset("takes take took lasts last needs need requires require runs run".split())  # before a period
EACH = re.compile("每[个一]?(小时|钟头|分钟|星期|礼拜|公里|平方米|平米|.)")

_ONES = _list("""
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen
""")  # fmt: skip
_TENS = _list("twenty thirty forty fifty sixty seventy eighty ninety")
NUMBER_WORDS = {word: n for n, word in enumerate(_ONES)} | {word: 20 + 10 * n for n, word in enumerate(_TENS)}
RELATIVE = {"当天": "0", "当日": "0", "次日": "1", "当月": "month 0", "次月": "month 1", "下月": "month 1"}
SPANS = {  # after "same", "next" or "following", spelled as RELATIVE spells it
    **dict.fromkeys(("day", "business", "working"), ""),
    **{f"{span}{s}": f"{span} " for span in ("minute", "hour", "week", "month", "quarter", "year") for s in ("", "s")},
    "days": "days ",
}
ORDINALS = {
    word: str(n) for n, word in enumerate(_list("second third fourth fifth sixth seventh eighth ninth tenth"), 2)
}
NUMBER_WORDS |= {"hundred": 100, "thousand": 1000, "dozen": 12}
CHINESE_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
CHINESE_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10000}

_MONTH_NAMES = ("january jan;february feb;march mar;april apr;may;june jun;july jul;august aug;september sep sept;"
                "october oct;november nov;december dec")  # fmt: skip
MONTHS = {name: n for n, names in enumerate(_MONTH_NAMES.split(";"), 1) for name in names.split()}
_DAY_NAMES = ("monday mon mondays;tuesday tue tues tuesdays;wednesday wed wednesdays;thursday thu thurs thursdays;"
              "friday fri fridays;saturday sat saturdays;sunday sun sundays")  # fmt: skip
WEEKDAYS = {name: n for n, names in enumerate(_DAY_NAMES.split(";"), 1) for name in names.split()}
AMBIGUOUS_DATES = frozenset(_list("may march mar mon sun sat wed jan dec sep"))  # dates only with a capital


@lru_cache(maxsize=1)
def places() -> tuple[dict[tuple[str, ...], str], tuple[tuple[str, str], ...]]:
    """English names as word tuples → code; Chinese names with their codes, longest first."""
    english: dict[tuple[str, ...], str] = {}
    chinese: list[tuple[str, str]] = []
    for entry in _PLACES.replace("\n", ";").split(";"):
        if entry:
            code, names, ideographs = entry.split(" ")
            english |= {tuple(name.lower().split("_")): code for name in names.split(",")}
            chinese += [(name, code) for name in ideographs.split(",")]
    return english, tuple(sorted(chinese, key=lambda pair: -len(pair[0])))


@lru_cache(maxsize=1)
def chinese_places() -> dict[str, list[tuple[str, str]]]:
    """Chinese names with their codes by first character, longest first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, code in places()[1]:
        found.setdefault(name[0], []).append((name, code))
    return found
