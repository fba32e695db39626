"""Whose case it is: what no page can know, and questions anybody could ask."""

import pytest

from bot.own_case import is_own_case

OWN = [
    "where is my parcel",
    "Where's my refund?? order 88213",
    "has the technician looked at my canon yet, repair ref R-4471",
    "please cancel order HH-70882 and refund me today",
    "please change my email to dana@mail.example",
    "can you check my card, i was charged twice",
    "could you put me on the waiting list for November",
    "how much club credit have i got at the moment",
    "my order still hasn't arrived",
    "what time is my appointment on Wednesday?",
    "I sent it back 4 weeks ago, can someone look into this",
    "我的快递到哪了 单号YX20250388213",
    "我的订单20391756到哪了",
    "帮我把账户里的手机号移掉",
    "麻烦帮我取消一下预约",
]
ANYBODYS = [
    "how do I cancel my order?",
    "can I change my delivery address",
    "do you deliver to Jersey",
    "how much is a day pass",
    "what if my parcel is damaged?",
    "is next day delivery free if i spend over 75 quid",
    "does it fit an iphone 15",
    "can my 16 yr old come by herself",
    "could you tell me your opening hours",
    "怎么取消订单",
    "多久能到货",
    "可以开发票吗",
    "退货运费谁出",
]


@pytest.mark.parametrize("text", OWN)
def test_an_order_of_ones_own_and_a_thing_to_be_done_need_a_person(text: str) -> None:
    assert is_own_case(text)


@pytest.mark.parametrize("text", ANYBODYS)
def test_what_anybody_could_ask_does_not(text: str) -> None:
    assert not is_own_case(text)


@pytest.mark.parametrize("piece", ["please my ", "order no. ", "帮我", "a-1", "my order ", "how many "])
def test_no_message_takes_long_to_read(piece: str) -> None:
    is_own_case(piece * 2_000)
