"""What the bot itself says to a customer, per language: short, plain, and never a claim about the shop.

Every answer comes from a passage; these lines are all that does not. A shop may word each of them in its own way, or
switch it off with an empty one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter

from bot.conversation import check_text
from bot.errors import Refused

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
        "other_language": "This page is in Chinese:",
        "person": "Talk to a person",
        "handoff.asked_for_person": "Of course. I've asked a colleague to take over.",
        "handoff.no_answer": "I couldn't find that in our help pages. I've asked a colleague to take over.",
        "handoff.asked_again": "It seems my answer didn't help. I've asked a colleague to take over.",
        "handoff.angry": "I'm sorry about this. I've asked a colleague to take over.",
        "handoff.complaint": "I'm sorry about this. I've asked a colleague to look into it.",
        "handoff.cancel": "I can't do this for you myself. I've asked a colleague to take over.",
        "handoff.legal": "I've asked a colleague to read this and take over.",
        "handoff.self_harm": "I'm sorry that things are so hard for you. I'm only a bot, so I've asked a colleague to "
        "read this. If you may be in danger, please contact the emergency services or a crisis line where you live, "
        "or tell someone you trust, now.",
        "handoff.always_a_person": "This is something a person should look at. I've asked a colleague to take over.",
        "handoff.failure": "I can't answer right now. I've asked a colleague to take over.",
        "line.next": "You are next in line.",
        "line.position": "You are number {position} in line.",
        "line.wait": "It usually takes about {minutes} minutes.",
        "line.wait_short": "It usually takes about a minute.",
        "line.closed": "Nobody is here right now; we are back {opens}. "
        "Leave your e-mail address and we will write to you.",
        "line.closed_unknown": "Nobody is here right now. Leave your e-mail address and we will write to you.",
        "line.closed_known": "Nobody is here right now; we are back {opens} and will write to you.",
        "line.nobody_known": "None of us is online right now. You keep your place in line, and we will write to you.",
        "line.nobody": "None of us is online right now. You keep your place in line. "
        "If you would rather not wait, leave your e-mail address and we will write to you.",
        "delayed_known": "I'm sorry, this is taking longer than usual. You keep your place in line, "
        "and we will write to you.",
        "delayed": "I'm sorry, this is taking longer than usual. You keep your place in line. "
        "If you would rather not wait, leave your e-mail address and we will write to you.",
        "requeued": "{agent} can't answer right now. You are first in line for the next colleague.",
        "requeued.transfer": "{agent} has asked for another colleague to help you. You are back in line.",
        "transferred": "{agent} takes over now.",
        "claimed": "{agent} is here now.",
        "returned": "You are talking to the bot again. You can ask for a person at any time.",
        "closed": "This conversation is closed. You can write to us again at any time.",
        "closed.customer": "You ended this conversation. You can write to us again at any time.",
        "email_left": "Thank you. We will write to {email} if you have left.",
        "recall.changed": "What we told you on {date} about “{title}” has changed. It is now:\n\n{text}",
        "recall.gone": "What we told you on {date} about “{title}” no longer holds. "
        "Please ask us again before you rely on it.",
        "ladder.mail.subject": "{agent} answered at {shop}",
        "ladder.mail.body": "Hello,\n\n{agent} answered at {shop}:\n\n{text}\n\n"
        "To go on, open the chat on our website again. Your conversation is still there.",
        "ladder.shop.subject": "{name} is waiting for an answer at {shop}",
        "ladder.shop.body": "{name} asked for a person at {shop} and left an e-mail address.\n\n"
        "They wrote:\n{text}\n\nE-mail address: {email}\nConversation: {link}",
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
        "other_language": "这篇帮助页面是英文的：",
        "person": "转人工",
        "handoff.asked_for_person": "好的，已为您通知人工客服。",
        "handoff.no_answer": "帮助页面里没有找到答案，已为您通知人工客服。",
        "handoff.asked_again": "看来刚才的回答没有帮到您，已为您通知人工客服。",
        "handoff.angry": "非常抱歉，已为您通知人工客服。",
        "handoff.complaint": "非常抱歉，已请人工客服来了解情况。",
        "handoff.cancel": "这件事我不能直接办理，已为您通知人工客服。",
        "handoff.legal": "已请人工客服来看您的留言。",
        "handoff.self_harm": "听到您这么难受，我很抱歉。我只是机器人，已请人工客服来看您的留言。"
        "如果您现在可能有危险，请马上联系当地的急救、报警电话或心理危机热线，或者告诉身边信任的人。",
        "handoff.always_a_person": "这个问题需要人工处理，已为您通知人工客服。",
        "handoff.failure": "现在暂时无法回答，已为您通知人工客服。",
        "line.next": "下一位就是您。",
        "line.position": "您排在第{position}位。",
        "line.wait": "一般等{minutes}分钟左右。",
        "line.wait_short": "一般等一分钟左右。",
        "line.closed": "现在没有人工客服在线，我们{opens}回来。请留下邮箱，我们会写邮件回复您。",
        "line.closed_unknown": "现在没有人工客服在线。请留下邮箱，我们会写邮件回复您。",
        "line.closed_known": "现在没有人工客服在线，我们{opens}回来，会写邮件回复您。",
        "line.nobody_known": "人工客服暂时都不在线，您的位置会一直保留，我们会写邮件回复您。",
        "line.nobody": "人工客服暂时都不在线，您的位置会一直保留。不方便等的话，请留下邮箱，我们会写邮件回复您。",
        "delayed_known": "抱歉，这次要等得久一些，您的位置会一直保留，我们会写邮件回复您。",
        "delayed": "抱歉，这次要等得久一些，您的位置会一直保留。不方便等的话，请留下邮箱，我们会写邮件回复您。",
        "requeued": "{agent}暂时无法回复，您现在排在第一位，由下一位客服接待。",
        "requeued.transfer": "{agent}请了其他同事来帮您，请稍等，您已重新排队。",
        "transferred": "接下来由{agent}为您服务。",
        "claimed": "{agent}来为您服务了。",
        "returned": "现在由机器人继续回答，您随时可以转人工。",
        "closed": "本次对话已结束，有问题随时再来找我们。",
        "closed.customer": "您已结束本次对话，有问题随时再来找我们。",
        "email_left": "谢谢。如果您已离开，我们会写邮件到 {email}。",
        "recall.changed": "我们在{date}就“{title}”给您的答复有变动，现在的内容是：\n\n{text}",
        "recall.gone": "我们在{date}就“{title}”给您的答复已经不再适用，如仍有需要，请再问我们一次。",
        "ladder.mail.subject": "{shop}：{agent}回复了您",
        "ladder.mail.body": "您好：\n\n{agent}在{shop}回复了您：\n\n{text}\n\n"
        "想继续聊，请回到我们的网站打开对话，之前的内容都还在。",
        "ladder.shop.subject": "{shop}：{name}在等回复",
        "ladder.shop.body": "{name}在{shop}找人工客服，并留下了邮箱。\n\n留言：\n{text}\n\n邮箱：{email}\n对话：{link}",
    },
}


PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    key: frozenset(name for _, name, _, _ in Formatter().parse(text) if name) for key, text in TEXTS["en"].items()
}


def say(key: str, language: str, **values: object) -> str:
    """The built-in line for `key`; English where a language has none."""
    text = TEXTS.get(language, TEXTS["en"]).get(key) or TEXTS["en"][key]
    return text.format(**values) if values else text


@dataclass(frozen=True, slots=True)
class Texts:
    """The lines of one shop: its own wording where it gave one, the built-in one elsewhere."""

    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, tables: Mapping[str, object], source: str) -> "Texts":
        """From a file's tables, {"en": {key: text}, "zh": …}. Raises Refused with "source: sentence"."""
        return cls({language: dict(_table(language, table, source)) for language, table in tables.items()})

    def say(self, key: str, language: str, **values: object) -> str:
        """The line for `key`; "" where the shop switched it off."""
        own = self.overrides.get(language if language in TEXTS else "en", {}).get(key)
        if own is None:
            return say(key, language, **values)
        return own.format(**values)


def _table(language: str, table: object, source: str) -> Iterator[tuple[str, str]]:
    if language not in TEXTS:
        raise Refused(f"{source}: “{language}” is not a language of the bot: write [en] or [zh]")
    if not isinstance(table, Mapping):
        raise Refused(f"{source}: “{language}” must be a table of texts: write [{language}] above them")
    for key, text in _flat(table):
        yield key, _checked(key, text, f"{source}: “{key}” in [{language}]")


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """TOML reads `line.next = …` without quotes as a table `line`: the same is meant."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _checked(key: str, text: object, place: str) -> str:
    if key not in PLACEHOLDERS:
        raise Refused(f"{place} is not one of the bot's texts")
    if not isinstance(text, str):
        raise Refused(f"{place} must be a text in quotes")
    if not text.strip():
        return ""
    try:
        check_text(text)
    except Refused as error:
        raise Refused(f"{place}: {error}") from None
    _check_braces(key, text, place)
    return text.strip()


def _check_braces(key: str, text: str, place: str) -> None:
    try:
        fields = [(name, form, sign) for _, name, form, sign in Formatter().parse(text) if name is not None]
    except ValueError:
        raise Refused(f"{place} has a brace without its partner: a brace itself is written {{{{ or }}}}") from None
    if any(name not in PLACEHOLDERS[key] or form or sign for name, form, sign in fields):  # not {agent!r:>99999} either
        known = " and ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS[key])) or "nothing"
        raise Refused(f"{place} may hold {known} in braces, and nothing else; a brace itself is written {{{{ or }}}}")
