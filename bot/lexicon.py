"""Word tables of the fact guard, English and Chinese. Data, and the small lookups that read it.

Every table is closed and short on purpose: a word that stands in none of them is simply a word, which a passage
must carry itself.
"""

from functools import lru_cache

from bot.synonyms import canonical


def _list(words: str) -> list[str]:
    return words.split()


def _list_of(lines: str) -> list[list[str]]:
    return [line.split() for line in lines.strip().splitlines()]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# ── words that claim nothing ──

STOP = _set("""
a an the this that these those it its itself they them their theirs he she his her hers him i me my mine myself
you your yours yourself we us our ours one ones who whom whose which what where how why
is are was were be been being am do does did done doing has have had having will would shall should can could may might
must need needs needed ought let lets get gets got getting
of in on at to for from by with into onto upon as about than then there here over under within before after until
till during through via per between among against out off up down above below
and or but nor so yet if unless when whenever once while whereas because since though although whether also too even
just please kindly simply very really quite rather still already now soon ever such same other others another else
yes no not never cannot only except etc namely therefore however furthermore moreover otherwise instead
sure course certainly absolutely unfortunately sorry note according regarding concerning
will'll i'll you'll we'll it's that's there's you're we're they're i'm you've we've they've let's
own both either neither each every all any some few many much more most less least several
anything something want wants wish like likes would's able find see read remaining step steps detail details
information info page section article
learn following above below upto possible allow allowed allows permitted
""")

CHINESE_STOP = _set("""
我们 你们 您们 他们 您 你 我 他 她 它 们 我们 您的 你的 我们的 您们 咱们 本店 本公司 顾客 客户 用户 买家 请 请您
请问 的 了 着 过 吗 呢 吧 啊 呀 哦
是 会 将 将会 可 能 可以 能够 能否 可否 是否 应 应当 应该 需 需要 须 必须 要 得 把 被 让 给 对 对于 关于 在 于 从 向
由 与 和 及 以及
或 或者 并 并且 而 而且 但 但是 不过 然而 因此 所以 因为 由于 如 如果 若 若是 假如 一旦 只要 只有 只 仅 仅限 除非 则
就 才 都 均 也 还 又
即 即可 这 那 此 该 其 这个 那个 这些 那些 一 些 个 进行 有 为 以 之 等 后 前 内 中 里 上 下 时 当 通过 使用 按 按照
根据 来 去 到 至 吧 的话 的时候 否则 另外 此外 同时
""")

# ── polarity ──

NEGATORS = _set("""
not cannot never no none nothing nobody nowhere neither nor
don't doesn't didn't won't wouldn't can't couldn't shouldn't mustn't isn't aren't wasn't weren't hasn't haven't
hadn't needn't ain't mightn't shan't dont doesnt didnt wont cant isnt arent
""")
# Negation and claim in one word: "non-refundable" = not + refund.
NEGATIVE_WORDS = {
    "nonrefundable": "refund", "nonreturnable": "return", "nontransferable": "transfer", "unavailable": "available",
    "impossible": "", "unable": "", "ineligible": "eligible", "excluded": "", "exclude": "", "excludes": "",
    "prohibited": "", "forbidden": "", "disallowed": "", "refuse": "accept", "refuses": "accept",
    "refused": "accept", "reject": "accept", "rejects": "accept", "rejected": "accept", "decline": "accept",
    "declines": "accept", "declined": "accept", "unsupported": "support", "invalid": "valid", "void": "valid",
}  # fmt: skip
LOCAL_NEGATORS = _set("without excluding excl minus lacking instead rather")  # they turn only what follows
EXCEPTIONS = _set("except excepting save barring")

# Longest first. Not negations, though they are written with one.
CHINESE_HARMLESS = _list("""
不锈钢 不仅仅 不得不 差不多 不过 不但 不仅 不只 不同 不断 不管 不论 无论 不少 不错 不妨 不久 不止 不时 不然 不限
对不起 不好意思 不客气 非常 非洲 无线 无忧 无缝 无人机 未来 特别 区别 分别 未成年 无责
级别 类别 性别 识别 个别 别人 别的 别名 是否 能否 可否 否则 没错 没问题 没关系 无理由 不可抗力 不便 无误
""")
CHINESE_NEGATORS = _list("""
不支持 不可以 不接受 不提供 不允许 不适用 不包括 不包含 无法 不能 不可 不得 不予 不会 不需要 无需 不需 不用 不必
没有 未能 并非 除外 禁止 谢绝 拒绝 恕不 概不 不 没 无 未 非 勿 莫
""")

# ── conditions ──

CONDITIONS = {
    "only": "only", "solely": "only", "exclusively": "only", "unless": "unless", "except": "except",
    "evenif": "even", "regardless": "even", "when": "when", "once": "when", "whenever": "when",
    "whatever": "even", "wherever": "even", "however": "even",
    "excepting": "except", "barring": "except", "if": "if", "provided": "if", "providing": "if",
}  # fmt: skip
CHINESE_CONDITIONS = (
    ("除非", "unless"), ("除外", "except"), ("只有", "only"), ("仅限", "only"), ("仅有", "only"), ("只能", "only"),
    ("只支持", "only"), ("只接受", "only"), ("只在", "only"), ("只对", "only"), ("仅", "only"),
    ("即使", "even"), ("即便", "even"), ("不论", "even"), ("无论", "even"), ("不管", "even"), ("逾期", "otherwise"),
    ("否则", "otherwise"), ("如果", "if"), ("的话", "if"), ("若", "if"), ("假如", "if"), ("一旦", "if"), ("只要", "if"),
)  # fmt: skip

# ── certainty: words that promise much, by what they promise ──

CERTAINTY = {
    "always": "always", "ever": "always", "never": "never", "instantly": "instantly", "instant": "instantly",
    "immediately": "instantly",
    "immediate": "instantly", "straightaway": "instantly", "guarantee": "guarantee", "guaranteed": "guarantee",
    "guarantees": "guarantee", "promise": "guarantee", "promised": "guarantee", "free": "free", "any": "any",
    "anything": "any", "anyone": "any", "anytime": "anytime", "anywhere": "any", "all": "all", "every": "all",
    "everything": "all", "everyone": "all", "everywhere": "all", "each": "all", "whole": "all", "entire": "all",
    "unlimited": "unlimited", "forever": "unlimited", "lifetime": "unlimited", "definitely": "definitely",
    "completely": "completely", "entirely": "completely", "fully": "completely", "full": "completely",
    "automatically": "automatically", "worldwide": "worldwide",
}  # fmt: skip
CHINESE_CERTAINTY = (
    ("一定", "definitely"), ("肯定", "definitely"),
    ("绝对", "definitely"), ("保证", "guarantee"), ("承诺", "guarantee"),
    ("永远", "unlimited"), ("永久", "unlimited"), ("终身", "unlimited"), ("无限", "unlimited"), ("多次", "unlimited"),
    ("反复", "unlimited"), ("不限", "unlimited"),
    ("立即", "instantly"),
    ("马上", "instantly"), ("立刻", "instantly"), ("即时", "instantly"), ("免费", "free"), ("包邮", "free"),
    ("免配送", "free"), ("免邮", "free"), ("免手续", "free"), ("免运", "free"),
    ("所有", "all"), ("全部", "all"), ("一切", "all"), ("任何", "any"), ("随时", "anytime"),
    ("总是", "always"), ("始终", "always"), ("全额", "completely"), ("自动", "automatically"), ("全球", "worldwide"),
)  # fmt: skip

MODES = (
    ("must", _set("must required requires require mandatory obligatory obliged compulsory")),
    ("may", _set("may can might could optional optionally")),
    ("perhaps", _set("may might could possibly perhaps sometimes")),
    ("will", _set("will shall")),
    ("part", _set("most some many several selected certain few mostly partly")),
    ("usual", _set("usually normally typically generally often sometimes mostly about approximately around roughly")),
)
CHINESE_MODES = (
    ("须", "must"), ("可能", "perhaps"), ("或许", "perhaps"), ("可以", "may"), ("通常", "usual"), ("约", "usual"),
    ("多数", "part"), ("部分", "part"), ("将会", "will"),
)  # fmt: skip

# ── who: only compared where somebody pays or answers for something ──

ROLES = (
    ("we", _set("we us our ours shop seller merchant store")),
    ("you", _set("you your yours customer customers buyer buyers client sender")),
)
CHINESE_ROLES = (
    ("我们", "we"), ("本店", "we"), ("商家", "we"), ("卖家", "we"), ("店铺", "we"), ("平台", "we"), ("您", "you"),
    ("你", "you"), ("顾客", "you"), ("客户", "you"), ("买家", "you"), ("用户", "you"),
)  # fmt: skip

# ── bounds of a number ──

UP, DOWN = "at least", "at most"
BOUNDS = {
    "over": UP, "above": UP, "exceeding": UP, "exceed": UP, "exceeds": UP, "minimum": UP, "min": UP, "from": UP,
    "after": UP, "since": UP, "beyond": UP, "least": UP, "starting": UP,
    "under": DOWN, "below": DOWN, "within": DOWN, "maximum": DOWN, "max": DOWN, "until": DOWN, "till": DOWN,
    "before": DOWN, "by": DOWN, "most": DOWN, "upto": DOWN,
}  # fmt: skip
SOFT_BOUNDS = _set("within until till by before from since after")  # "within 14 days" = "you have 14 days"
MINIMA = _set("least minimum min 至少 最少 最低 不少于 不低于")
MORE = _set("more longer later older heavier larger greater higher bigger farther further")
LESS = _set("less fewer shorter earlier younger lighter smaller lower cheaper")
BOUNDS_AFTER = {"more": UP, "over": UP, "above": UP, "up": UP, "older": UP, "upwards": UP, "longer": UP,
                "less": DOWN, "fewer": DOWN, "under": DOWN, "below": DOWN, "younger": DOWN}  # fmt: skip
_CHINESE_BOUNDS = (
    ("不超过", DOWN), ("没有超过", DOWN), ("没超过", DOWN), ("不高于", DOWN), ("不晚于", DOWN), ("不迟于", DOWN),
    ("不多于", DOWN), ("最多", DOWN), ("最长", DOWN), ("最高", DOWN), ("至高", DOWN), ("不到", DOWN),
    ("最晚", DOWN), ("至多", DOWN), ("最大", DOWN), ("上限", DOWN), ("未满", DOWN), ("低于", DOWN),
    ("少于", DOWN), ("不足", DOWN), ("不满", DOWN), ("小于", DOWN),
    ("不低于", UP), ("不少于", UP), ("至少", UP), ("最少", UP), ("最低", UP), ("起订量", UP), ("最低消费", UP),
    ("超过", UP), ("超出", UP), ("高于", UP),
    ("大于", UP), ("多于", UP), ("满", UP), ("够", UP), ("达到", UP),
    *((f"{no}{word}", bound) for no in ("不能", "不得", "不可", "不可以") for word, bound in (
        ("少于", UP), ("低于", UP), ("小于", UP), ("超过", DOWN), ("多于", DOWN), ("高于", DOWN), ("大于", DOWN),
        ("超出", DOWN), ("晚于", DOWN), ("早于", UP))),
)  # fmt: skip
# Longest first: 不少于 is not 少于.
CHINESE_BOUNDS_BEFORE = tuple(sorted(_CHINESE_BOUNDS, key=lambda pair: -len(pair[0])))
CHINESE_BOUNDS_AFTER = (
    ("以上", UP), ("以内", DOWN), ("之内", DOWN), ("以下", DOWN),
    ("之前", DOWN), ("以前", DOWN), ("之后", UP), ("以后", UP),
    ("内", DOWN), ("前", DOWN), ("后", UP), ("起", UP),
)  # fmt: skip

# What is sent has not arrived: told apart only where a time is given.
SENT, ARRIVED = (
    _set("ship ships shipped dispatch dispatched leave leaves"),
    _set("deliver delivers delivered arrive arrives arrived"),
)
# Verbs that say the same of a way to pay, of a validity; elsewhere they do not.
LOOSE = (_set("cost allow use"), _set("valid function"), _set("possible available offer"), _set("last tak run"))

DIRECTIONS = {
    "before": "before", "until": "before", "till": "before", "after": "after", "since": "after", "within": "within",
    "from": "from", "over": "over", "above": "over", "beyond": "over", "under": "under", "below": "under",
    "upto": "up to",
    "least": "at least", "most": "at most", "minimum": "at least", "maximum": "at most", "off": "off", "前": "before",
    "后": "after", "外": "outside",
}  # fmt: skip

# Opposites: a draft that says one where the passage says the other turns the fact round.
OPPOSITES = tuple(
    frozenset(pair.split("/"))
    for pair in _list("""
before/after until/after within/after within/outside above/below over/under inside/outside more/less more/fewer
minimum/maximum increase/decrease
earlier/later early/late first/last open/closed online/offline include/exclude included/excluded buyer/seller
sender/recipient domestic/international weekday/weekend new/used new/refurbished adult/child higher/lower
digital/plastic inear/overear cheaper/dearer longer/shorter longer/sooner later/sooner longer/earlier longer/quicker
longer/faster slower/faster free/cost forward/back outward/return
morning/afternoon morning/evening morning/night afternoon/evening afternoon/night evening/night summer/winter
spring/autumn left/right top/bottom front/back daily/weekly weekly/monthly monthly/yearly deduct/add
enable/disable activate/deactivate login/logout upload/download private/business private/company 之前/之后 上午/下午
早上/晚上 包括/不包括 线上/线下 新品/二手 upto/least 超过/低于 前/后 高于/低于 多于/少于 免费/收 退货/换货 退款/换货
refund/exchange intact/broken clean/dirty empty/full same/different sealed/opened required/optional
complete/incomplete valid/expired cheap/expensive accept/refuse fast/slow 本人/他人 黑白/彩色 取车/还车 破损/完好
期内/期后 期内/期外 有效/失效 有效/作废
""")
)

# ── things a shop deals in: saying one for another is a wrong fact, not a paraphrase ──

THINGS = _set("""
backpack tent jacket boot shoe glove hat sock shirt trouser coat fleece rope helmet stove lamp headlamp bike bicycle
earphone headphone earbud speaker laptop tablet phone smartphone computer watch camera drone printer keyboard
charger cable battery powerbank radio television tv fridge dishwasher sofa chair table bed mattress toy perfume
cosmetic underwear swimwear jewellery jewelry necklace dress software licence license subscription ticket
giftcard voucher coupon point card cash paypal invoice cheque klarna bitcoin receipt warehouse locker
courier letter sms chat app whatsapp weekend holiday bottle kettle knife ski snowboard kayak pole sleepingbag
""")
CHINESE_THINGS = _list("""
背包 帐篷 夹克 外套 靴子 鞋 手套 帽子 袜子 衬衫 裤子 头盔 炉具 头灯 自行车 耳机 音箱 笔记本电脑 平板 手机 电脑 手表
相机 无人机 打印机 充电器 数据线 电池 充电宝 电视 冰箱 沙发 床垫 图书 玩具
香水 化妆品 内衣 泳衣 首饰 软件 礼品卡 优惠券 积分 现金 支付宝 微信 银行卡 信用卡 发票 收据 短信 周末 节假日 登山杖
睡袋 花呗 白条 银联 云闪付 支票 手机号 快递柜
""")


# Of each line one is told from the others by its word: what is said of the blue tag is not said of the green one.
_SISTERS = _list_of("""
red blue green yellow orange black white grey purple pink brown violet turquoise beige
gold silver bronze platinum diamond
north south east west northern southern eastern western
breakfast lunch dinner supper brunch
dog cat rabbit bird fish horse hamster puppy kitten guinea
car bus train tram taxi plane ferry coach motorbike van lorry truck
kitchen bathroom bedroom cellar attic garden garage hall lounge
wood leather plastic metal glass cotton wool silk linen paper steel iron
spring summer autumn winter
small medium large
cello violin viola guitar piano flute
upstairs downstairs
married single divorced
christmas easter halloween thanksgiving
""")
CHINESE_SISTERS = _list_of("""
红色 蓝色 绿色 黄色 橙色 黑色 白色 灰色 紫色 粉色 棕色 金色 银色
东门 南门 西门 北门
东区 南区 西区 北区
东侧 南侧 西侧 北侧
一楼 二楼 三楼 四楼 五楼 负一楼 地下
早餐 午餐 晚餐 夜宵
春季 夏季 秋季 冬季
小程序 公众号 官网 前台
护照 身份证 驾照 学生证 户口本
上旬 中旬 下旬
母亲 父亲
春节 国庆 中秋 端午 清明 元旦 劳动节 元宵 圣诞
单人 双人 三人 四人
金卡 银卡 铜卡 钻石卡
""")


@lru_cache(maxsize=1)
def things() -> frozenset[str]:
    return frozenset(map(canonical, THINGS))


@lru_cache(maxsize=1)
def sisters() -> dict[str, int]:
    """English words → the number of their line; words that say the same stand for one another."""
    return {canonical(word): n for n, line in enumerate(_SISTERS) for word in line}
