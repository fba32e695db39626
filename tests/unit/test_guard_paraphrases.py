"""Faithful paraphrases that the guard once refused, each beside a false twin that it must go on refusing."""

import pytest

from bot.bounds import before
from bot.facts import Fact, carries
from bot.grounding import check
from bot.lexicon import DOWN, UP
from bot.sentences import independent
from bot.spelling import uniform

TWINS = [
    ("Rent is charged on the first of each month.", "Rent is charged on the 1st of every month.",
     "Rent is charged on the 2nd of every month."),
    ("Give us at least 14 days' notice in writing.", "You must give us two weeks' notice in writing.",
     "You must give us three weeks' notice in writing."),
    ("Every month we choose six bottles for you.", "You get six bottles a month, which we pick for you.",
     "You get eight bottles a month, which we pick for you."),
    ("Lessons that were not taken by 1 May lapse.", "Any lessons you haven't taken by 1 May will lapse.",
     "Any lessons you have taken by 1 May will lapse."),
    ("Nothing is repaired until you have agreed.", "We only repair it once you have agreed.",
     "We repair it before you have agreed."),
    ("After two failed attempts the case returns to our cellar.",
     "The case returns to our cellar after two failed attempts.", "After one failed attempt the case returns."),
    ("If your instructor cancels, you get your money back.", "You get your money back if your instructor cancels.",
     "If you cancel, you get your money back."),
    ("A broken bottle is credited to your account.", "If a bottle is broken, it is credited to your account.",
     "A broken bottle is credited to our account."),
    ("课程到期后可花99元延长半年。", "课程到期后，花99元可以再延长六个月。", "课程到期后可花99元延长半个月。"),
    ("在官方商城订阅享八五折。", "在官方商城订阅可享85折。", "在官方商城订阅享七五折。"),
    ("每次不少于3小时。", "每次最少3小时。", "每次最多3小时。"),
    ("超过60天未领取的衣物，我们每天收取2元保管费。", "衣物超过60天没有领取，会被收取每天2元的保管费。",
     "衣物超过60天已经领取，会被收取每天2元的保管费。"),
    ("市区免配送费，郊区加收18元。", "市区配送是免费的。", "郊区免配送费。"),
    ("Parcels leave the next business day; we answer in a few hours.", "Parcels leave on the following business day.",
     "Parcels leave in the following hours."),
    ("We refund you in the same month. Points lapse after weeks.", "The refund is made in the same month.",
     "The refund is made in the same weeks."),
    ("Open on Thursday 15:30-17:30.", "We are open on Thursday from 3:30 pm to 5:30 pm.",
     "We are open on Thursday from 3:30 pm to 6:30 pm."),
    ("The move is free of charge.", "We don't charge you anything for the move.",
     "We charge you for the move."),
    ("Write to box@saltbox.example.", "Please e-mail box@saltbox.example.", "Please e-mail boxes@saltbox.example."),
    ("If we cancel a concert, the fee is refunded.", "If we call off a concert, the fee is refunded.",
     "If you call off a concert, the fee is refunded."),
    ("Tickets are not sold on board, but may be reserved for £2.", "You may reserve tickets for £2.",
     "Tickets are sold on board for £2."),
    ("The parcel is taken to a neighbour.", "We take the parcel to a neighbour.", "We take the parcel to a locker."),
    ("跨月无法补开发票。", "发票跨月就补开不了。", "发票跨月也能补开。"),
    ("请拨打400-168-9035开通。", "您可以打400-168-9035开通。", "您可以打400-168-9036开通。"),
    ("每月25日前申请。", "请在每月25号前申请。", "请在每月26号前申请。"),
    ("更衣室免费。", "更衣室不收钱。", "更衣室要收钱。"),
    ("运费次月结算。", "运费在下月结算。", "运费次日结算。"),
    ("花束交由物业代收。", "花束由物业代收。", "花束由邻居代收。"),
    ("保洁员迟到超过20分钟，本次费用减免10%。", "如果保洁员迟到20分钟以上，本次费用减免10%。",
     "您迟到超过20分钟，本次费用减免10%。"),
    ("Call us on 01632 960 144 (Sat 9 am–1 pm).", "You can call us on 01632 960 144 from 9 am to 1 pm on Saturdays.",
     "You can call us on 01632 960 144 from 9 am to 1 pm on Sundays."),
    ("The guarantee ends if another workshop opens the watch.", "The guarantee ends once another workshop opens it.",
     "The guarantee ends once a year."),
    ("Easy: no monthly fee, €3.20 per hour and €0.34 per km.",
     "Easy costs €3.20 per hour and €0.34 for each kilometre.",
     "Easy costs €3.20 per hour and €0.34 for each mile."),
    ("The password changes on the first Monday of the month.", "The password changes every month on the first Monday.",
     "The password changes every week on the first Monday."),
    ("The plan runs over 36 or 60 months.", "The plan runs over three or five years.",
     "The plan runs over three or six years."),
    ("Call at least 24 hours ahead so that we can hold the space.",
     "Please call no later than 24 hours beforehand so that we can hold the space.",
     "Please call no later than 48 hours beforehand so that we can hold the space."),
    ("Cancel at least 45 days before arrival and we return the deposit in full.",
     "If you cancel 45 days or more before arrival, you get the full deposit back.",
     "If you cancel 45 days or less before arrival, you get the full deposit back."),
    ("We post finished work for £8, insured to £250.", "We post finished work for £8, insured up to £250.",
     "We post finished work for £8, insured from £250."),
    ("A suit starts at £1,150 in linen.", "In linen, a suit costs £1,150 or more.",
     "In linen, a suit costs £1,150 or less."),
    ("From 4 to 11 children pay half in private rooms.", "Children aged 4 to 11 pay 50 % in private rooms.",
     "Children aged 4 to 11 pay 60 % in private rooms."),
    ("If your child is absent, please tell us by 9 am.",
     "If your child is absent, please tell us by nine in the morning.",
     "If your child is absent, please tell us by nine in the evening."),
    ("The deposit is returned with the final bill.", "You'll get your deposit back with the last bill.",
     "You'll get your deposit back with the first bill."),
    ("You can switch tariff once a month, effective from the 1st of the next month.",
     "You can switch tariff once a month, and it applies from the first of the following month.",
     "You can switch tariff once a month, and it applies from the second of the following month."),
    ("Each further metre costs 95 kr.", "Every metre beyond that costs 95 kr.", "Every kilo beyond that costs 95 kr."),
    ("Boats may be rented from the age of 16.", "You can rent a boat once you are 16.",
     "You can rent a boat once you are 15."),
    ("The credit is valid for 18 months.", "The credit is valid for a year and a half.",
     "The credit is valid for two and a half years."),
    ("You can swap meals until Wednesday 11:59 pm.", "You have until 11:59 pm on Wednesday to swap meals.",
     "You have until 11:59 am on Wednesday to swap meals."),
    ("After the second failed attempt the parcel goes to a shop.",
     "After two failed attempts, the parcel goes to a shop.",
     "After one failed attempt, the parcel goes to a shop."),
    ("Staff give medicine only with the form from acorns.example/med; they never give painkillers.",
     "Staff give medicine only with the form from acorns.example/med.",
     "Staff never give medicine with the form from acorns.example/med."),
    ("Returns outside the country are not refunded. Missed a lesson? Make it up in any course of the same level.",
     "You can make up a missed lesson in any course of the same level.",
     "You can't make up a missed lesson in any course of the same level."),
    ("Without a receipt we offer an exchange or a shop voucher.",
     "Without the receipt, we offer an exchange or a voucher.",
     "With a receipt, we don't offer an exchange."),
    ("Unopened headphones are refunded, and no fee is charged if there is something wrong with them.",
     "No fee is charged if something is wrong with them.", "A fee is charged if something is wrong with them."),
    ("Pick a delivery date up to 90 days ahead.", "You can pick a delivery date up to 90 days ahead.",
     "Pick a delivery date at least 90 days ahead."),
    ("You can book at least 45 days before the start.", "You can book no later than 45 days before the start.",
     "You can book at most 45 days before the start."),
    ("A fee is charged if you cancel less than 24 hours before the start.",
     "A fee is charged if you cancel within 24 hours before the start.",
     "A fee is charged if you cancel 24 hours or more before the start."),
    ("The money is back in most banks within 7 days.", "In most banks, the money is back within 7 days.",
     "In all banks, the money is back within 7 days."),
    ("You pay less in all.", "You pay less.", "You pay less in all shops."),
    ("We close for three weeks in August, and no fees are due.", "We close for three weeks in August.",
     "We close on 21 August."),
]  # fmt: skip


@pytest.mark.parametrize(("passage", "faithful"), [(passage, faithful) for passage, faithful, _ in TWINS])
def test_a_faithful_paraphrase_passes(passage, faithful):
    verdict = check(faithful, [f"Terms\n{passage}"])
    assert verdict.is_carried, verdict.reason


@pytest.mark.parametrize(("passage", "false"), [(passage, false) for passage, _, false in TWINS])
def test_its_false_twin_is_refused(passage, false):
    assert not check(false, [f"Terms\n{passage}"]).is_carried


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("half an hour", "30 minutes"),
        ("at half past seven", "at 7:30"),
        ("at noon", "at 12:00"),
        ("everything but the fee", "everything except the fee"),
        ("下午两点前", "下午2点前"),
        ("45元一小时", "45元每小时"),
        ("总价的三成", "总价的30%"),
        ("九成新", "九成新"),
        ("无人机", "无人机"),
    ],
)
def test_what_is_written_in_several_ways_is_read_in_one(written, plain):
    assert uniform(written) == plain


def test_a_bound_is_not_read_in_half():
    assert before(list("不少于"))[0] == UP
    assert before(list("少于"))[0] == DOWN
    assert before(list("期限"))[0] == ""


def test_24_hours_are_a_day_and_48_are_not():
    day = Fact("number", "1", "day")
    assert carries(Fact("number", "1440", "minute"), day)
    assert not carries(Fact("number", "2880", "minute"), day)


def test_main_clauses_are_told_apart_unless_one_leans_on_the_other():
    assert len(independent("You may return goods within 30 days; parcels sent later are refused.")) == 2
    assert independent("Batteries are covered for 6 months, but cannot be returned.") == []
    assert independent("If it is late, we pay the fare, and you get a voucher.") == []


def test_two_true_sentences_of_different_places_pass_and_one_false_half_spoils_both():
    passage = (
        "Terms\nGoods may be returned within 30 days. Gifts are wrapped. Bags are free. Parcels sent later are refused."
    )
    assert check("Goods may be returned within 30 days; parcels sent later are refused.", [passage]).is_carried
    assert not check("Goods may be returned within 30 days; parcels sent later are accepted.", [passage]).is_carried
