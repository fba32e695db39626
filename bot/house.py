"""What the shop decides about its own people: when they are here, how patient customers must be, what is said."""

from dataclasses import dataclass, field
from datetime import UTC

from bot.hours import Hours
from bot.texts import Texts

ALWAYS = Hours.parse("", UTC, "")


@dataclass(frozen=True, slots=True)
class House:
    shop: str = ""
    hours: Hours = ALWAYS
    texts: Texts = field(default_factory=Texts)
    claim_s: float = 120.0  # T1: nobody claimed by then: the customer is told, and may leave an e-mail address
    reply_s: float = 300.0  # T2: an agent who lets a customer wait longer loses the conversation to the line
    mail_to: str = ""  # the shop's own mailbox
    console_url: str = ""  # for letters
