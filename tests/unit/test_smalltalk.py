"""Asking for a person must always work, and nothing else may be taken for it: both lists matter alike."""

import time
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot import smalltalk


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


ASKS = lines("""
    talk to a human
    I want to talk to a human
    Can I speak to a real person?
    can i talk to someone
    let me talk to somebody please
    I'd like to speak with an agent
    I would like to chat with a live agent
    connect me to an agent
    Connect me with someone who can help
    please transfer me to a representative
    Transfer this to your manager
    put me through to a person
    put me through to customer service
    pass me on to a colleague
    escalate this to a supervisor
    I need a human
    I need a real person, not a bot
    get me a person
    get me a real human being
    give me an agent
    give me a supervisor now
    I want an operator
    I prefer a human
    human
    Human please!
    HUMAN!!!
    agent
    agent please
    live agent
    representative
    operator
    customer service
    customer support please
    live chat
    hi, human please
    hello agent
    This does not help. Agent!
    real person please
    a person please
    human agent
    I hate bots, give me a human
    no more bots, human please
    Stop this bot and get a person
    is there a real person there?
    Is there a human I can talk to?
    is there anyone I can talk to? I want to speak to anybody
    I want a callback
    please arrange a call back
    let me speak to whoever packed it
    put me in contact with the store manager
    a word with your workshop manager, please
    I want to speak with one of your mechanics
    I want to speak with your manager
    I want to see a manager... get me your manager
    How do I talk to an operator?
    how can I speak with a live agent
    I need help contacting a human agent
    contact an agent
    How can I contact an agent?
    help me talking to an agent
    I am trying to talk with customer support
    I need to speak to customer service regarding my order
    talk to your support team
    speak to the sales team
    Could you have someone call me?
    please call me back
    can a human look at this
    Can a real person help me?
    why can't I talk to a person?
    I don't want a bot, I want a human
    I don't want to talk to a bot, connect me to a person
    you don't understand. agent!! I need an agent
    My parcel is lost and nobody answers. I want to talk to a person about it today.
    I’d like to talk to a person
    can you transfer to me an agent?
    wanna speak with an assistant
    sp\u200beak to a person
""")

DOES_NOT_ASK = lines("""
    Where is my order?
    How do I return something?
    Can someone else pick up my parcel?
    Can another person use my gift card?
    Can I transfer my points to another person?
    How do I transfer the licence to someone?
    I made a transfer to someone by mistake
    Can I give this to another person?
    Do I need a person at home to sign?
    Do you need a person to accept the parcel?
    I need a person at home for the delivery, right?
    What does the courier do when no person is at home?
    How do I reach the pick-up point?
    How do I contact the person delivering my parcel?
    Can I contact the seller?
    Is there a real leather version?
    Can I talk to my dog through the camera?
    Do I get a call when it is ready?
    I spoke to someone on Monday and he said I get a new one
    Is there a live tracking map?
    Is there an actual store in Berlin?
    Is there a human-readable invoice?
    Is there a person limit for the tent?
    I want human hair extensions
    Do you sell real human hair wigs?
    do i have to talk to someone to close an account or can i do it in the app
    Do I need to speak to a representative to change my pin?
    do i have to contact someone to use my points
    must I speak to an agent to cancel?
    I don't want to talk to a human
    I do not want an agent, just answer
    I don't need a human
    no need to talk to an agent
    please don't transfer me to an agent
    am i talking to a real person
    Am I speaking with a human?
    are you a real person
    are you a robot or a human?
    I was talking to an agent yesterday and we were cut off
    the courier told me to contact the sender
    act like a real person
    No, my washing machine is broken, can it be repaired by someone?
    My coffee machine does not work, what can a person do
    Is the robot vacuum safe for a person with a pacemaker?
    the chat bot toy does not talk
    Do robots come with a remote for every person?
    customer service hours
    What is your customer service phone number?
    what are your opening hours
    When is support available?
    Is the team jersey in stock?
    What are the care instructions for wool?
    Which agent cleans leather? A cleaning agent?
    Is the descaling agent included?
    Do you have an estate agent discount?
    What operator unlocks this phone?
    Is this phone locked to an operator?
    Which mobile operators are supported?
    I like people who like tents
    how many people fit in the tent?
    3 person tent
    Do you have a two person tent?
    What is the price per person?
    complaint rate of this model
    What is your complaints policy?
    Will the courier call me before delivery?
    Can the parcel reach another person?
    put this in my basket
    connect the speaker to my phone
    how do I connect my headphones to the TV?
    escalating prices?
    Can I get an advisory on sizes?
    I want the same as my colleague
    Do your products contain human-made fibres?
    Does the warranty transfer with the product?
    Contacting someone on github.
    give me the return address
    representative colour samples
""")

ASKS_ZH = lines("""
    转人工
    转人工！
    请转人工
    帮我转人工
    我要转人工客服
    可以转人工吗？
    能不能转人工
    我需要转人工
    我必须转人工
    转接人工
    转到人工
    转客服
    转接客服
    轉人工
    我要人工
    要人工
    我要人工客服
    需要人工客服
    我需要人工
    人工
    人工！
    你好，人工
    你好人工
    这没用。真人！
    人工客服
    人工服务
    人工服務請轉人工
    人工座席
    真人
    真人客服
    我要真人
    找真人
    找客服
    我要找客服
    我一定要找客服
    找人工
    找个真人
    给我找个客服
    叫你们经理来
    叫经理
    找你们主管
    我要找经理
    联系客服
    帮我联系客服
    怎么联系客服
    聯繫客服
    呼叫人工
    接人工
    换人工
    换个客服
    换真人来
    有人工吗
    有没有人工客服
    有真人吗
    有没有真人在
    有没有活人
    活人
    我要跟真人说话
    我想和真人聊
    我想跟人聊
    让人工来
    请人工客服回复
    让客服联系我
    由人工处理，转人工
    叫你们老板来
    换个人来吧
    派个人跟我说
    让懂的人来
    我想跟你们经理谈谈
    帮我找一位工作人员
    请让店里的人给我回个电话
    把问题交给你的同事
    能换成人工吗
    怎么联系上你们的员工
    我不要机器人，我要人工
    别用机器人敷衍我，转人工
    你答非所问，叫客服
    给我人工
    来个人工
    客服
""")

DOES_NOT_ASK_ZH = lines("""
    怎么退货
    我的订单到哪了
    运费多少
    人工智能音箱怎么用
    我想要人工智能手表
    有人工智能功能吗
    安装需要人工费吗
    安装要人工费吗
    需要人工安装吗
    退款需要人工审核吗
    需要人工审核多久
    人工服务费多少
    人工费怎么算
    是人工打磨的吗
    是人工缝制的吗
    人工合成的宝石吗
    找人工钻石
    要人工皮革的
    人工草皮怎么铺
    有真人试穿图吗
    有没有真人实拍
    真人秀同款有吗
    要真人发的假发
    真人模特身高多少
    人工客服几点上班
    人工客服工作时间
    人工客服的电话是多少
    人工客服什么时候在
    联系客服的电话
    不要转人工
    不用转人工
    别转人工
    不需要人工客服
    不用找客服了
    不要人工客服
    我不想找客服
    是不是要联系客服才能退款
    退货需要联系客服吗
    取消订单要找客服吗
    必须联系客服才能改地址吗
    你是真人吗
    你是机器人吗
    是机器人吗
    可以找人代收吗
    能让别人签收吗
    可以找人代付吗
    换货怎么弄
    换个地址
    换个颜色
    怎么换人民币
    转账给谁
    转运要多久
    接收短信的手机换了
    会员经理说可以退
    投诉率是多少
    换个人的地址
    找个人帮我取可以吗
    让人来取货可以吗
    送货前会给我打电话吗
    卖家的人多吗
    适合两个人的帐篷
    叫车的人多吗
    几个人用的帐篷
    三人帐篷
    有人收到吗
    别人送的怎么退
    本人不在怎么签收
    收货人写错了
    可以联系快递员吗
    怎么联系快递
    快递员不接电话
    有保修吗
    要发票
    要什么颜色
    叫什么名字
    来了吗
    客户评价在哪看
    客厅灯怎么装
    服务费多少
    """)


def test_asking_for_a_person_in_plain_words_always_works() -> None:
    assert [text for text in [*ASKS, *ASKS_ZH] if not smalltalk.wants_person(text)] == []


def test_other_sentences_with_people_in_them_do_not_ask_for_one() -> None:
    assert [text for text in [*DOES_NOT_ASK, *DOES_NOT_ASK_ZH] if smalltalk.wants_person(text)] == []


def test_both_lists_are_long_enough_to_mean_something() -> None:
    assert min(map(len, (ASKS, DOES_NOT_ASK, ASKS_ZH, DOES_NOT_ASK_ZH))) >= 60


@pytest.mark.parametrize("wrap", ["{}", "  {}  ", "{}!!!", "{}\r\n", "\ufeff{}", "\u202e{}\u202c", "hello, {} thanks"])
def test_marks_around_the_words_do_not_hide_them(wrap: str) -> None:
    assert smalltalk.wants_person(wrap.format("I want to talk to a human"))
    assert smalltalk.wants_person(wrap.format("TALK TO A PERSON"))


def test_full_width_letters_read_like_others() -> None:
    assert smalltalk.wants_person("ｔａｌｋ ｔｏ ａ ｈｕｍａｎ")


def test_a_wish_at_the_end_of_a_long_message_is_heard() -> None:
    assert smalltalk.wants_person("The parcel is late again. " * 140 + "I want to talk to a human")


# ── small talk ──

SMALL = {
    "greeting": "hi|Hello!|hey there|Good morning|hello, hello|HI!!!|你好|您好！"
    "|在吗|你好，在吗？|早上好|有人在吗|亲，在吗",
    "thanks": "thanks|Thank you so much!|thx|ok thanks|Great, thank you|no thanks|thanks a lot for your help|thanks bye"
    "|谢谢|多谢|谢谢你的帮助|好的，谢谢|好的谢谢|非常感谢|麻烦你了|谢谢，再见",
    "goodbye": "bye|good bye|Bye bye!|see you later|have a nice day|good night|再见|拜拜|好的再见",
    "how_are_you": "how are you|how's it going?|what's up|最近怎么样|你好吗",
    "robot": "are you a robot?|Are you human?|is this a bot|who are you|am I talking to a person?"
    "|am i talking to a real live person|你是机器人吗|你是真人吗？|你是谁",
    "abilities": "what can you do|help|help me|can you help me?|I have a question|你能做什么|我有个问题",
    "unclear": "yes|no|ok|hmm|lol|maybe|test|?|??|👍|...||\x00|\u202e|好|嗯嗯|是的|知道了|没有了|不用了",
}


def test_a_message_that_is_only_small_talk_is_known_by_its_kind() -> None:
    said = [(kind, text) for kind, texts in SMALL.items() for text in texts.split("|")]
    assert [(kind, text, found) for kind, text in said if (found := smalltalk.small_talk(text)) != kind] == []


@pytest.mark.parametrize("text", ["hi how are you", "hello, how are you?", "hey what's up"])
def test_two_kinds_in_one_breath_are_still_small_talk(text: str) -> None:
    assert smalltalk.small_talk(text) in ("greeting", "how_are_you")


SAYS_MORE = lines("""
    hi, where is my order?
    thanks, but it still does not work
    hello I want to return a tent
    good night light bulbs
    are you open on Sunday?
    are you able to ship to Norway
    who are your suppliers
    what are you going to do about my refund
    what can you do about a late parcel
    help my order is lost
    I have a question about returns
    can you help me return this
    yes please, and how much is it?
    no refund?
    ok, what is the fee?
    test kit price
    fine for late returns
    right of withdrawal
    great tents
    how do you do refunds
    hi-fi speakers
    bye laws
    is this a real down jacket
    is this a bot vacuum
    greeting cards
    morning delivery
    good morning delivery slots?
    thanks giving discounts
    你好，怎么退货
    谢谢，那运费呢
    在吗？我要退货
    你好吗啡
    好的产品
    行李箱
    可以退货吗
    是的话怎么退
    晚安枕多少钱
    你是怎么发货的
    再见面的礼物
    不是正品怎么办
""")


def test_a_message_that_says_anything_else_is_not_small_talk() -> None:
    assert [text for text in SAYS_MORE if smalltalk.small_talk(text) is not None] == []


# ── anger and abuse ──

ANGRY = lines("""
    This is ridiculous
    this is absolutely unacceptable!
    It's a joke
    that's a complete disgrace
    worst service ever
    This is the worst customer service I have had
    terrible company
    I am furious
    I'm so angry
    I'm fed up
    i am sick of this
    太过分了
    你们太差劲了
    气死我了
    什么破店
    你们就是骗子
    黑店
""")
THREATS = lines("""
    you will hear from my lawyer
    I will take legal action
    I'll sue you
    I will report you to the authorities
    I'm going to consumer protection
    I am taking this to court
    see you in court
    我要打12315
    找消费者协会
    等着收律师函吧
    我要起诉你们
    法庭上见
""")
COMPLAINTS = lines("""
    make a complaint
    I want to file a formal complaint
    I'd like to register a complaint
    how do I make a complaint?
    I want to complain
    I need to complain about the courier
    我要投诉
    投诉
    投诉你们
    投訴
    怎么投诉快递员
""")
DANGER = lines("""
    I want to kill myself
    I'm going to end my life
    i just want to die
    I wish I were dead
    I am suicidal
    I'm thinking about suicide
    I keep wanting to hurt myself, I want to hurt myself
    I feel like harming myself
    Nobody answers. I don't want to live anymore
    there is nothing left to live for
    我想自杀
    我不想活了
    活着太累了，想结束生命
    我真的活不下去了
    想死
    我又想割腕了
""")
NO_DANGER = lines("""
    suicide squad poster
    a book about suicide prevention
    I cut myself on the blade
    this heat is killing me
    I don't want to live in Norway, do you ship to Sweden?
    the battery died
    dead pixels on the screen
    how do I kill the engine
    I was laughing so hard, killing myself laughing
    自杀小队手办有吗
    我想死你们家的蛋糕了
    手被划了一下
    想自驾去
    割草机坏了
""")
CALM = lines("""
    Where is my order?
    Is this a joke book?
    Do you have a book on anger?
    Is it ridiculous to order two?
    What are my consumer protection rights?
    Does consumer protection law give me 14 days?
    I bought this for my lawyer
    Can I sue for damages in small claims?
    Is the service good?
    the worst case battery life
    horrible histories book
    best and worst sizes
    This is awesome
    order 123154411
    订单号1231588在哪
    订单12315678
    怎么防骗子
    气死我了这本书有吗
""")[:-1]
ABUSIVE = lines("""
    fuck you
    this is shit
    bullshit
    you idiot
    you're useless
    stupid bot
    dumb machine
    go to hell
    傻逼
    垃圾机器人
    滚
    滚开
    滚蛋
    去死
    废物
    智障
""")
CIVIL = lines("""
    shiitake mushrooms
    is the useless box toy in stock
    the dumb phone price
    a complete tent
    滚筒洗衣机保修多久
    滚轮坏了
    摇滚T恤有吗
    滚动轴承
    去死皮膏怎么用
    废物利用
    智障人士优惠
    垃圾桶多少钱
    垃圾袋
    操作说明在哪
""")


def test_anger_is_heard() -> None:
    assert [text for text in ANGRY if not smalltalk.is_angry(text)] == []


def test_calm_sentences_are_not_taken_for_anger() -> None:
    calm = [*CALM, *CIVIL, *DOES_NOT_ASK, *DOES_NOT_ASK_ZH]
    assert [text for text in calm if smalltalk.is_angry(text)] == []


def test_a_threat_with_the_law_is_heard() -> None:
    assert [text for text in THREATS if not smalltalk.threatens(text)] == []
    assert [
        text for text in [*CALM, *CIVIL, *ANGRY, *DOES_NOT_ASK, *DOES_NOT_ASK_ZH] if smalltalk.threatens(text)
    ] == []


def test_a_complaint_is_heard_and_is_no_wish_for_a_person_yet() -> None:
    assert [text for text in COMPLAINTS if not smalltalk.complains(text) or smalltalk.wants_person(text)] == []
    calm = [*CALM, *CIVIL, *ASKS, *ASKS_ZH, *DOES_NOT_ASK, *DOES_NOT_ASK_ZH, "I don't want to make a complaint"]
    assert [text for text in calm if smalltalk.complains(text)] == []


def test_how_to_complain_is_a_question_and_a_complaint_is_not() -> None:
    asked = [text for text in COMPLAINTS if smalltalk.opens_as_question(text)]
    assert asked == ["how do I make a complaint?", "怎么投诉快递员"]
    assert smalltalk.opens_as_question("Hello! How do I close my account")
    assert not smalltalk.opens_as_question("I want to complain. Can you help?")


def test_who_speaks_of_harming_themselves_is_heard() -> None:
    assert [text for text in DANGER if not smalltalk.is_in_danger(text)] == []


def test_words_of_death_about_other_things_are_no_danger() -> None:
    calm = [*NO_DANGER, *CALM, *CIVIL, *ANGRY, *THREATS, *ASKS, *DOES_NOT_ASK, *DOES_NOT_ASK_ZH, *LEANS, *STANDS]
    assert [text for text in calm if smalltalk.is_in_danger(text)] == []


def test_abuse_is_heard() -> None:
    assert [text for text in ABUSIVE if not smalltalk.is_abuse(text)] == []


def test_civil_sentences_are_not_taken_for_abuse() -> None:
    civil = [*CALM, *CIVIL, *DOES_NOT_ASK, *DOES_NOT_ASK_ZH]
    assert [text for text in civil if smalltalk.is_abuse(text)] == []


# ── what leans on what came before ──


LEANS = lines("""
    and for headphones?
    what about shoes?
    how long does that take?
    Is it free?
    why?
    how much?
    how long?
    What are its symptoms?
    Does it also apply to sale items?
    in blue?
    to Canada?
    What is the fee?
    Is there parking?
    headphones?
    what if it is opened?
    can I return it?
    Which one is cheaper?
    那耳机呢
    耳机呢？
    要多久
    多少钱
    为什么
    它保修吗
    这个能退吗
    还有别的吗
    红色的
""")


def test_a_follow_up_is_known_to_lean_on_what_came_before() -> None:
    assert [text for text in LEANS if not smalltalk.is_elliptical(text)] == []


STANDS = lines("""
    Where is my order?
    How long does delivery take?
    Do you take Klarna?
    How do I return an item?
    In which countries do you deliver?
    And do you ship to Canada by express?
    So how do I return an item?
    Is there a surcharge for the Canary Islands?
    What is your return policy?
    I lost my gift card and cannot find the receipt, what can I do about it now?
    怎么退货
    运费多少
    保修多久
    退款几天
    如何退款
    你们能货到付款吗
    海外订单需要交关税吗
""")


def test_a_question_that_stands_alone_is_left_alone() -> None:
    assert [text for text in STANDS if smalltalk.is_elliptical(text)] == []


# ── pleasantries and several questions ──


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Hi, where is my order?", "where is my order?"),
        ("hello there! where is it", "where is it"),
        ("Thanks. How do I pay?", "How do I pay?"),
        ("Good morning - can I pay later?", "can I pay later?"),
        ("Dear team, I lost it", "I lost it"),
        ("你好，请问怎么退货？", "怎么退货？"),
        ("您好！怎么退货", "怎么退货"),
        ("Hi-Fi speakers warranty?", "Hi-Fi speakers warranty?"),
        ("Hi-res headphones", "Hi-res headphones"),
        ("Highlands tent", "Highlands tent"),
        ("Okay", "Okay"),
        ("hello,", "hello,"),
        ("", ""),
    ],
)
def test_the_greeting_goes_and_the_question_stays(text: str, bare: str) -> None:
    assert smalltalk.without_pleasantries(text) == bare


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("How do I return shoes? Do you ship to Canada?", 2),
        ("How do I return shoes? Do you ship to Canada? Can I pay by invoice?", 3),
        ("怎么退货？保修多久？", 2),
        ("怎么退货?运费由谁承担?", 2),
        ("How do I return shoes?? Do you ship to Canada?!", 1),
        ("How do I return shoes? Is it free?", 1),
        ("I bought a laptop. Can I return it? Is the charger included?", 1),
        ("How do I return shoes? Do you ship to Canada? I live in Oslo", 1),
        ("Why is https://shop.example/search?q=tent broken?", 1),
        ("a? b? c? d? e? f?", 1),
        ("?", 1),
        ("", 1),
    ],
)
def test_a_message_falls_apart_only_where_its_questions_stand_alone(text: str, parts: int) -> None:
    found = smalltalk.questions(text)
    assert len(found) == parts
    assert all(part in text for part in found)


def test_nothing_said_is_lost_when_a_message_does_not_fall_apart() -> None:
    assert smalltalk.questions("  I live in Oslo. Do you ship?  ") == ["I live in Oslo. Do you ship?"]


# ── hostile input ──

FUNCTIONS: list[Callable[[str], object]] = [
    smalltalk.normalise, smalltalk.wants_person, smalltalk.small_talk, smalltalk.is_abuse, smalltalk.is_angry,
    smalltalk.without_pleasantries, smalltalk.content_words, smalltalk.is_elliptical, smalltalk.questions,
]  # fmt: skip
UNITS = [
    "a", " ", "\n", "\t", "?", "a? ", "？", "好？", "talk ", "talk with a real ", "talk to ", "want to ", "connect me ",
    "not ", "no bot ", "i want to ", "human please ", "please ", "an ", "the ", "is there a ", "make a formal ", "hi ",
    "hi, ", "hello there ", "thanks a lot ", "ok ", "good morning, ", "转", "转一个", "要找", "不要", "你好", "谢谢",
    "this is absolutely ", "i am so ", "shit", "it ", "and ", "_", "'", "😀", "ﷺ", "\u202e", "\x00", "a\u0301",
    "\u0301\u0316", "\u1100\u1161", "\r\n", "ha", "contact the real ", "customer ",
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_fifty_thousand_characters_of_anything_are_read_at_once(function: Callable[[str], object]) -> None:
    for unit in UNITS:
        text = (unit * 50_000)[:50_000]
        # A busy machine must not fail this; a quadratic pattern takes seconds each time.
        assert any(_seconds(function, "a" + text) < 0.1 for _ in range(3)), repr(unit)


def _seconds(function: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    function(text)
    return time.process_time() - started


@given(st.text())
@example("\x00")
@example("\ud800")
@example("İ" * 50)
def test_any_text_at_all_is_read_without_an_error(text: str) -> None:
    for function in FUNCTIONS:
        function(text)
    assert smalltalk.normalise(smalltalk.normalise(text)) == smalltalk.normalise(text)
