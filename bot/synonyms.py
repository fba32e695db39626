"""Words that say the same in a shop, English and Chinese, and one form for each."""

import re
from functools import lru_cache

# ── shop words: each line says the same thing ──

_SYNONYMS = """
return back returnable
refund reimburse reimbursement refundable repay repaid
deliver delivery ship shipping shipment postage
arrive arrival
dispatch despatch
buy purchase order bought placed
cost price charge fee pay paid payment amount
cancel cancellation
item product good goods article merchandise things stuff
parcel package
faulty defective broken defect
customer buyer client shopper
receive obtain
start begin commence starting
end finish expire expiry lapse ended
send post mailed sent
help assist support
use redeem
change switch modify edit alter adjust amend alteration modification adjustment
choose select pick choice selection decide decision
contact reach write
allow permit accept
store shop branch
show display appear
collect pickup collection
instalment installment
fix repair mend
label sticker
enter type fill
remove delete erase
about approximately around roughly circa
voucher coupon
warranty guarantee
free gratis complimentary
valid validity
login signin logon log sign
long duration length
work function
box packaging
reply respond answer response
question enquiry inquiry query
lost missing
rucksack backpack
phone telephone call ring
website site webpage web
checkout till
track tracking trace
verify check confirm confirmation verification
account profile
additional extra further
currently presently
exchange swap replace replacement substitute
damaged damage
proof evidence
original originally
complete completely
deduct subtract
photo photograph picture image
clothes clothing garment apparel
child kid
company firm enterprise organisation organization
medicine medication
doctor physician
quick fast rapid speedy
refrigerator fridge
appliance device machine
trouser pant
sofa couch settee
bike bicycle
holiday vacation
apartment flat
lift elevator
play watch stream view
inform notify notification tell
mention state specify indicate
pause suspend freeze frozen
continue resume
discount reduction reduce reduced cut
increase raise
block lock locked
combine combination
split divide
same identical equal
id identity identification
stay remain
wrong incorrect mistaken
give grant issue provide supply
period window timeframe
remainder rest leftover
beforehand advance ahead prior
happen occur
spoil spoiled rotten
ask request
immediate immediately instantly instant
automatic automatically
quote quotation estimate
reservation booking book reserve
employee staff colleague
registration register enrol enroll signup
subscription subscribe
transfer transferable
transit transport
minus less
guest visitor traveller traveler passenger
city town
throw dispose discard
renew renewal
extend extension prolong
approve approval
reject refuse decline
charger adapter
invite invitation
recommend advise suggest
responsible liable liability responsibility
examine inspect inspection examination
submit hand
activate activation enable
deactivate disable
limit cap
usually normally typically generally
delay delayed late
somebody someone anybody anyone
height high tall
width wide
weight weigh heavy
grey gray
"""
_IRREGULAR = {
    "sent": "send", "bought": "buy", "paid": "pay", "took": "take", "taken": "take", "made": "make", "kept": "keep",
    "lost": "lost", "shown": "show", "chosen": "choose", "written": "write", "found": "find", "held": "hold",
    "given": "give", "gave": "give", "worn": "wear", "broken": "broken", "children": "child", "men": "man",
    "women": "woman", "people": "person", "goes": "go", "went": "go", "gone": "go", "began": "begin",
    "begun": "begin", "came": "come", "got": "get", "spent": "spend", "sold": "sell",
    "brought": "bring", "told": "tell", "said": "say", "cheapest": "cheap", "news": "news", "series": "series",
    "goods": "good", "packaging": "packaging", "clothing": "clothing", "during": "during",
    "earphones": "earphone", "shoes": "shoe", "gloves": "glove", "used": "used", "closed": "closed", "added": "add",
    "missing": "missing", "charging": "charging", "chose": "choose", "guaranteed": "guarantee", "wrote": "write",
    "left": "left",
    "called": "named", "named": "named", "felt": "feel",
    "sets": "set", "grew": "grow", "repaid": "repay", "frozen": "frozen", "rotten": "rotten",
}  # fmt: skip
# The first word of a line is what the others are read as; longer ones go first.
_CHINESE = """
免费 不收钱 不会多收钱 不会再多收钱 不多收钱 不额外收费 不会额外收费 不另收费 不再收费 不另外收费 不额外收取费用
免费 不收取任何费用 不收任何费用 不收取费用 不收费 无须付费 无需付费 不用付费 不用付钱 不用花钱 不要钱 分文不收
免 免收 免除
退货 退回 寄回 退还商品 退还产品
退款 退还货款 退钱 退还款项
配送 送货 派送 投递 运送 寄送
送达 寄达 送到 寄到 抵达
运费 邮费 快递费 物流费
购买 买下 选购
价格 价钱 售价
产品 商品 货品 物品
店铺 门店 实体店
开封 拆封 打开过
质量问题 瑕疵
邮件 电子邮件 电邮 邮箱 发邮件
电话 致电 打电话 拨打
客服电话 客服热线
修改 更改 变更 改动
签收 收到货 收到产品 收货
订购 下单 下订单 下的单 订单
选择 挑选 选
联系 联络
账户 帐户 账号 帐号
耳机 耳塞
收 收取 收费 另收 加收 费用 多收 额外收取 另付 多付 加付 另交 另加
往返 来回 双程
自己 自行 亲自
代 代为
算 视为 视作 当作 计算 计费
标 标注 标着 标有 标明
放 装在 放在 放进 装进 放入
升 升级为 升级到 升为 升到 升级
换 更换 调换 换成 兑换 兑
退为 退成
享 享受 享有
提前 事先
通知 告诉 告知
逾期 过期 超期
次日 隔天 翌日 隔日
次月 下个月 下月
拿着 带着 带上 凭着 出示 持有
损坏 破损 坏掉 弄坏 坏了 毁坏
人为 人为造成的 人为造成
保修 在保修范围内 保修范围内 质保
通常 一般情况下 一般
约 大约 大概
孩子 小朋友 儿童 小孩
企业 公司
参与 参加
每月 每个月
每 每一
照片 相片 图片
合同 合约
前 之前 以前
后 之后 以后
内 以内 之内
不足 不满 未满 不到
规则 规定
无误 没问题 没有问题 没有错误
承担 负担 负责
发出 寄出 发货
取货 提货
余额 剩余金额 余款
登录 登陆
注销 销户
办 办理
支持 提供
续费 续订
推荐 建议
清理 清除 删除
立即 马上 立刻
恢复 还原
上门费 上门服务费
拿到 领到
能否 能不能
包含 包括 含有 含
仅 只有 仅仅 只能 只可以 只可 仅限 仅能 仅可 只限 限于
原 原来的 原先的 原来 原有
须 必须 务必 需要 应当 需 应该 一定要
取消 撤销
扣除 扣掉 扣 扣去
付 支付 付款 缴纳 缴 交付 付给
支付宝
相同 一样
重 重新 再次
丢失 遗失 丢了 弄丢
数量 件数
扣款 扣钱 扣费
禁止使用 禁用
双倍 翻倍 加倍
小时 钟头
适用 适用于
"""

# Phrases that count as one word. Applied to lower-cased words in order.
PHRASES = {
    ("call", "off"): "cancel", ("called", "off"): "cancel", ("calling", "off"): "cancel", ("calls", "for"): "require",
    ("on", "hold"): "pause", ("pull", "out"): "withdraw", ("sign", "up"): "signup", ("signed", "up"): "signup",
    ("signing", "up"): "signup", ("let", "in"): "admit", ("carries", "on"): "continue", ("runs", "on"): "continue",
    ("run", "on"): "continue", ("taken", "off"): "deduct", ("take", "off"): "deduct", ("no", "need", "to"): "needn't",
    ("no", "need", "for"): "needn't",
    ("in", "writing"): "written", ("by", "themselves"): "automatically", ("by", "itself"): "automatically",
    ("on", "their", "own"): "automatically", ("on", "its", "own"): "automatically",
    ("send", "back"): "return", ("sent", "back"): "returned", ("sending", "back"): "return", ("give", "back"): "return",
    ("bring", "back"): "return", ("ship", "back"): "return", ("money", "back"): "refund", ("pay", "back"): "refund",
    ("no", "charge"): "free", ("no", "further", "charge"): "free", ("no", "further", "cost"): "free",
    ("everyone", "else"): "everybodyelse", ("anyone", "else"): "everybodyelse", ("everything",
    "else"): "everybodyelse", ("no", "cost"): "free", ("no", "fee"): "free", ("without", "charge"): "free",
    ("free", "of", "charge"): "free", ("no", "extra", "charge"): "free", ("no", "extra", "cost"): "free",
    ("no", "additional", "cost"): "free", ("no", "additional", "charge"): "free", ("costs", "nothing"): "free",
    ("turn", "down"): "decline", ("turns", "down"): "decline", ("turned", "down"): "declined",
    ("turning", "down"): "decline",
    ("without", "paying", "extra"): "free", ("without", "extra", "charge"): "free",
    ("without", "extra", "cost"): "free", ("without", "paying", "anything"): "free",
    ("feel", "free"): "please", ("yes", "or", "no"): "yesorno", ("whether", "or", "not"): "whether",
    ("half", "price"): "halfprice", ("let", "know"): "tell", ("let", "us", "know"): "tell", ("free", "to"): "able",
    ("after", "that"): "then", ("after", "this"): "then",
    ("right", "away"): "immediately", ("straight", "away"): "immediately",
    ("at", "once"): "immediately", ("final", "sale"): "nonreturnable", ("not", "only"): "also",
    ("no", "problem"): "sure", ("no", "matter"): "whether", ("as", "long", "as"): "if", ("so", "long", "as"): "if",
    ("on", "condition", "that"): "if", ("in", "case"): "if", ("apart", "from"): "except", ("aside", "from"): "except",
    ("other", "than"): "except", ("with", "the", "exception", "of"): "except", ("up", "to"): "upto",
    ("have", "to"): "must", ("has", "to"): "must", ("had", "to"): "must", ("need", "to"): "must",
    ("needs", "to"): "must", ("at", "all"): "also", ("first", "of", "all"): "also", ("after", "all"): "also",
    ("log", "in"): "login", ("logged", "in"): "login", ("sign", "in"): "login", ("signed", "in"): "login",
    ("pick", "up"): "pickup", ("picked", "up"): "pickup", ("in", "full"): "fully", ("as", "well", "as"): "and",
    ("together", "with"): "with", ("every", "time"): "always", ("at", "any", "time"): "anytime",
    ("any", "time"): "anytime", ("no", "longer"): "not", ("not", "yet"): "not", ("e", "mail"): "email",
    ("working", "days"): "workdays", ("working", "day"): "workdays", ("business", "days"): "workdays",
    ("business", "day"): "workdays", ("calendar", "days"): "days", ("calendar", "day"): "days",
    ("don't", "have", "to"): "needn't", ("per", "cent"): "percent", ("out", "of", "stock"): "unavailable",
    ("all", "other"): "other", ("you'd", "rather"): "prefer", ("would", "rather"): "prefer",
    ("as", "soon", "as"): "when", ("even", "if"): "evenif", ("even", "when"): "evenif", ("carried", "over"): "roll",
    ("carry", "over"): "roll", ("roll", "over"): "roll",
    ("sent", "away"): "dispatched", ("get", "rid", "of"): "dispose", ("take", "back"): "return",
    ("taken", "back"): "return", ("takes", "back"): "return", ("come", "back"): "return", ("comes", "back"): "return",
    ("goes", "back"): "return", ("go", "back"): "return", ("calendar", "year"): "year", ("in", "advance"): "beforehand",
}  # fmt: skip

PHRASES |= {
    (verb, object, particle): meant
    for (verb, particle), meant in [(key, meant) for key, meant in PHRASES.items() if len(key) == 2]
    for object in ("it", "them", "this", "these", "everything")
    if particle in ("back", "up", "in", "off")
}  # "take it back"

# Words that say next to nothing of their own: in a near copy they may come or go.
LIGHT = frozenset("""
use stay go come take make bring keep put have happen become receive get let know something anything someone somebody
anybody anyone thing remain way
away along together simply able part case stand mean whole once around back out both count apply follow
there otherwise again turn toggle please welcome moment yourself take
""".split())  # fmt: skip
LIGHT_HAN = frozenset(
    "就便让把给帮替为是有要想能可得着了过的地吧呢啊吗呀请您你我们他其这那此该个位些么里时候或则且而但若如果由被对于在从跟和与及上中发现发话掉完好起话用"
)


def _groups(table: str) -> dict[str, str]:
    lines = (line.split() for line in table.strip().splitlines())
    return {stem(word): stem(words[0]) for words in lines for word in words}


def stem(word: str) -> str:
    """English inflection off, crudely: both sides lose the same ending, which is all that matters here."""
    if (base := _IRREGULAR.get(word, "")) and base != word and base not in _IRREGULAR:
        return stem(base)
    if base:
        return base
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) <= 3:
        return word
    if word.endswith(("ies", "ied")) and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "xes", "ches", "shes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, str]:
    return _groups(_SYNONYMS)


@lru_cache(maxsize=8192)
def canonical(word: str) -> str:
    """One word for all that mean the same in a shop: `refunds`, `reimbursed` → `refund`."""
    base = stem(word)
    return _synonyms().get(base, base)


@lru_cache(maxsize=1)
def _chinese() -> tuple[re.Pattern[str], dict[str, str]]:
    lines = (line.split() for line in _CHINESE.strip().splitlines())
    forms = {word: words[0] for words in lines for word in words}
    return re.compile("|".join(sorted(forms, key=len, reverse=True))), forms


_ONLY = re.compile("只(?=[会送收在对用给发寄退换卖做开配适接])")
_NOT_YET = re.compile("没有?(?=[^的，。过]{1,4}的)")
_ADVERB = re.compile(
    "[仍也再又才已]|先(?![生前进行锋])|来(?=[取拿接领承负支付])|(?<![首成京])都|(?<![退偿归交返])还(?![款清给贷车书机卡钱物货本])|(?<![机社协展工聚])会(?![员议籍费])"
)


def plain_chinese(text: str) -> str:
    """One form for what means the same, in one pass, longest first; adverbs that add nothing go."""
    pattern, forms = _chinese()
    text = _NOT_YET.sub("未", _ONLY.sub("仅", text))
    return _ADVERB.sub("", pattern.sub(lambda match: forms[match[0]], text))


@lru_cache(maxsize=1)
def light() -> frozenset[str]:
    return frozenset(map(canonical, LIGHT - {"back"}))  # which alone is short for "return"
