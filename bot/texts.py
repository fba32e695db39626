"""What the bot itself says to a customer, per language: short, plain, and never a claim about the shop.

Every answer comes from a passage; these lines are all that does not.
"""

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "greeting": "Hello! Ask me anything about orders, delivery, returns or our products.",
        "how_are_you": "Ready to help, thank you. What would you like to know?",
        "thanks": "You're welcome. Is there anything else?",
        "goodbye": "Goodbye, and thank you for stopping by.",
        "robot": "I'm a bot. I answer from this shop's help pages and show you where each answer comes from. "
        "You can talk to a person at any time.",
        "abilities": "I can look things up in this shop's help pages, and pass you to a person when they don't say.",
        "abuse": "I'm sorry this is going badly. Tell me what you need, or talk to a person.",
        "unclear": "Could you tell me a little more about what you need?",
        "clarify": "I'm not sure I understood. Did you mean one of these?",
        "partly": "I couldn't find this part in our help pages: “{question}”. A colleague can help with it.",
        "person": "Talk to a person",
        "handoff.asked_for_person": "Of course. I've asked a colleague to take over.",
        "handoff.no_answer": "I couldn't find that in our help pages. I've asked a colleague to take over.",
        "handoff.asked_again": "It seems my answer didn't help. I've asked a colleague to take over.",
        "handoff.angry": "I'm sorry about this. I've asked a colleague to take over.",
        "handoff.always_a_person": "This is something a person should look at. I've asked a colleague to take over.",
        "handoff.failure": "I can't answer right now. I've asked a colleague to take over.",
    },
    "zh": {
        "greeting": "您好！订单、配送、退换货或商品的问题，都可以问我。",
        "how_are_you": "谢谢关心，随时为您服务。请问想了解什么？",
        "thanks": "不客气，还有什么可以帮您？",
        "goodbye": "再见，感谢光临。",
        "robot": "我是机器人客服，只根据本店的帮助页面回答，并注明出处。您随时可以转人工。",
        "abilities": "我可以查询本店的帮助页面；页面里没有的，我会转给人工客服。",
        "abuse": "很抱歉让您不愉快。请告诉我您需要什么，也可以直接转人工。",
        "unclear": "能再说得具体一点吗？",
        "clarify": "不太确定您的意思，您是想问下面哪一个？",
        "partly": "“{question}”这部分在帮助页面里没有找到，可以由人工客服为您解答。",
        "person": "转人工",
        "handoff.asked_for_person": "好的，已为您通知人工客服。",
        "handoff.no_answer": "帮助页面里没有找到答案，已为您通知人工客服。",
        "handoff.asked_again": "看来刚才的回答没有帮到您，已为您通知人工客服。",
        "handoff.angry": "非常抱歉，已为您通知人工客服。",
        "handoff.always_a_person": "这个问题需要人工处理，已为您通知人工客服。",
        "handoff.failure": "现在暂时无法回答，已为您通知人工客服。",
    },
}


def say(key: str, language: str, **values: str) -> str:
    """The line for `key`; English where a language has none."""
    text = TEXTS.get(language, TEXTS["en"]).get(key) or TEXTS["en"][key]
    return text.format(**values) if values else text
