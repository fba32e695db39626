"""One small case for each thing the guard minds beyond facts: who, when, under which condition, of which thing."""

import pytest

from bot.agents import agent_of, may_be
from bot.anaphora import spelled_out
from bot.finding import facts_of
from bot.grounding import check
from bot.items import items_of
from bot.synonyms import canonical, plain_chinese
from bot.tokens import clean, tokens


@pytest.mark.parametrize(
    ("passage", "sentence", "reason"),
    [
        ("We refund the price. The carrier collects the duty.", "You collect the duty.", "name"),
        ("Our quotes bind us for 30 days.", "Our quotes bind you for 30 days.", "name"),
        ("由承运商与收件人预约送货时间。", "由收件人预约送货时间。", "name"),
        ("Damage must be reported within 7 days of delivery.", "Damage must be reported within 7 days of ordering.",
        ""),
        ("You can change it for free within 3 days of ordering.", "You can change it for free.", "condition"),
        ("使用银行卡付款的，发货时扣款。", "发货时扣款。", "condition"),
        ("Parcels take up to 5 days.", "Parcels take 5 days.", "number"),
        ("The frame has a guarantee of 10 years, the covers 2 years.", "The covers have a guarantee of 10 years.",
        "number"),
        ("Plan A is required for schools and optional for clubs.",
        "Plan A is optional for schools and required for clubs.", ""),
        ("Tents can be returned. Gift cards are sent by e-mail.", "Gift cards can be returned.", ""),
        ("Each code works once.", "Each code works twice.", "number"),
        ("The second payment is due in May.", "The third payment is due in May.", "ordinal"),
        ("如有破损，请联系客服退款。", "如有破损，请联系快递柜退款。", "name"),
        ("Members usually wait 2 days.", "Members wait 2 days.", "certainty"),
        ("Staff check it if the seal is intact.", "Staff check it even if the seal is broken.", ""),
        ("You receive a blue tag after the check.", "You receive a green tag after the check.", "name"),
        ("You get a stamped ticket at the desk.", "You get a numbered ticket at the desk.", "name"),
        ("Choose Settings > My card > Renew.", "Choose Settings > My account > Renew.", "name"),
        ("请在“我的—订单”里查看。", "请在“我的—消息”里查看。", "name"),
        ("Plan S: cancel any time\nPlan M: 12 months", "You can cancel plan M any time.", "spliced"),
        ("竹卡（年费0元）、松卡（年费198元，赠2张券）。", "竹卡赠2张券。", "spliced"),
        ("Car park P2 costs $6 per day; P1 is for residents.", "You can park in P1 for $6 per day.", "code"),
        ("Electric boats may be steered at 18, rowing boats may be rented from the age of 16.",
        "You may steer an electric boat from the age of 16.", "number"),
        ("You get 40% off the first box and 15% off the next two.", "You get 15% off the first box.", "number"),
        ("It takes 3 hours 10 minutes.", "It takes 10 minutes.", "number"),
        ("Changes cost €20 per person.", "Changes cost €20 per booking.", "number"),
        ("An OCT scan costs £15, a missed visit £10.", "An OCT scan costs £10.", "number"),
        ("The voucher is valid for three years from the end of the year in which it was bought.",
        "The voucher is valid for three years from the day it was bought.", ""),
        ("Notices go out by text, but only if you gave a number.",
        "You get notices by text whether or not you gave a number.", "condition"),
        ("You may change to another concert of the same season.", "You may change to a concert of any season.",
        "certainty"),
        ("We provide a guide; you bring food.", "We provide the food.", "spliced"),
        ("We offer a substitute teacher.", "You need to offer a substitute teacher.", "name"),
        ("费用由客户承担。", "费用由我们来承担。", "name"),
        ("顾问电话核对参数。", "请打电话给顾问核对参数。", "name"),
        ("我们送货到杭州、萧山、余杭。", "我们送货到杭州、萧山、富阳。", "name"),
        ("请先拨打122报警，再在App上报事故。", "请先在App上报事故，再拨打122报警。", "spliced"),
        ("未下单不退。", "没有下单也可以退。", ""),
        ("The period begins on the day after delivery.", "The period begins on the day of delivery.", ""),
        ("缺油按市价的1.2倍收费。", "缺油按市价收费。", "number"),
        ("因伤病可凭医院证明申请延期。", "因伤病可凭单位证明申请延期。", "name"),
        ("双人盒加42元、四人盒加70元。", "四人盒加42元。", ""),
    ],
)  # fmt: skip
def test_what_is_said_otherwise_is_refused(passage, sentence, reason):
    verdict = check(sentence, [f"Terms\n{passage}"])
    assert not verdict.is_carried
    assert verdict.reason.startswith(reason)


@pytest.mark.parametrize(
    ("passage", "sentence"),
    [
        ("Reply within 5 days. After that, a fee of €7 is charged.", "After 5 days, a fee of €7 is charged."),
        ("Lockers take up to 20 kg; anything heavier goes to your door.",
        "Anything heavier than 20 kg goes to your door."),
        ("The customer pays the duty to the carrier.", "You pay the duty to the carrier."),
        ("The limit is €5,000.", "You have a limit of up to €5,000."),
        ("Unused remainders lapse.", "Any unused remainder lapses."),
        ("Returns are free; if the seal is broken, they cost €5.", "Returns are free."),
        ("如果商品损坏，请联系客服。", "商品要是坏了，请您联系客服。"),
        ("退款会退回原付款方式。", "退款将退回您原来的付款方式。"),
        ("订单满59元免配送费，不足的收取6元。", "不足59元的订单收6元。"),
        ("It must be sent back within 14 days, or we charge €79.",
        "If you don't send it back within 14 days, we charge €79."),
    ],
)  # fmt: skip
def test_what_says_the_same_is_carried(passage, sentence):
    verdict = check(sentence, [f"Terms\n{passage}"])
    assert verdict.is_carried, verdict.reason


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("We send you a label", ("we", "send")), ("Send us the form", ("you", "send")),
        ("Customers on islands arrange it", ("customer", canonical("arrange"))),
        ("Accounts are opened by a parent", ("", "")), ("The buyer is charged",
        ("buyer", f"was {canonical('charged')}")),
    ],
)  # fmt: skip
def test_who_does_it(text, agent):
    assert agent_of(list(items_of(tokens(clean(text)), ()))) == agent


def test_you_may_stand_for_a_recipient_but_a_buyer_is_no_recipient():
    assert may_be("you", "recipient")
    assert not may_be("buyer", "recipient")
    assert not may_be("we", "you")


def test_a_figure_said_before_is_put_in_its_place():
    assert list(spelled_out(["Reply within 5 days.", "After that it lapses."])) == ["After 5 days it lapses."]
    assert list(spelled_out(["Nothing is said.", "After that it lapses."])) == []


def test_chinese_figures_with_a_blank_keep_their_number():
    assert [(fact.kind, fact.value) for fact in facts_of("每 3 天")] == [("number", "3")]
    assert [(fact.kind, fact.value) for fact in facts_of("每个月")] == [("rate", "month")]


def test_words_for_the_same_have_one_form():
    assert canonical("photographs") == canonical("picture")
    assert plain_chinese("不收费") == "免费"
    assert plain_chinese("退还") == "退还"
