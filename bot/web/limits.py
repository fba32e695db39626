"""What a customer, an agent or an address may do, in figures; and whose address is whose.

Loopback addresses are not limited per address: behind a reverse proxy that does not pass the customer's address on,
everybody would share one allowance.
"""

import ipaddress
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from bot.limits import Allowance, Draw, Quota
from bot.settings import Settings

STARTS, MESSAGES, MESSAGES_PER_DAY = Allowance(60, 60.0), Allowance(10, 2.0), Quota(500)
SOCKETS_PER_AGENT = 10
TYPING = Allowance(burst=1, every_s=1.0)
# Frames of one socket, whatever they say. Above that they are read more slowly; nothing is refused, nothing is lost.
CUSTOMER_FRAMES, AGENT_FRAMES = Allowance(100, 0.1), Allowance(400, 0.05)
AGENT_WRITES = Allowance(300, 0.1)  # messages, notes, claims …
REQUESTS = Allowance(30, 0.5)  # polls and messages of one session, where there is no socket
PERSON = Allowance(5, 10.0)  # "talk to a person": whatever the limits of messages say
# Tickets for sockets: for a session, and for an address, from where a whole office may come back at once.
SESSION_TICKETS, ADDRESS_TICKETS = Allowance(300, 0.2), Allowance(600, 0.05)
UNNAMED, UNNAMED_PER_ADDRESS = 500, 60  # sockets that did not say hello yet, of one process
COME_AGAIN_S = 5.0  # told to whoever was refused for somebody else's doing


@dataclass(frozen=True, slots=True)
class Rules:
    """What a shop may set."""

    starts: Allowance = STARTS  # of conversations, from one address
    messages: Allowance = MESSAGES
    messages_per_day: Quota = MESSAGES_PER_DAY
    sockets: int = 5_000  # of one process
    sockets_per_address: int = 150
    sockets_per_session: int = 5

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        return cls(
            Allowance(settings.conversations_per_hour, 3_600 / settings.conversations_per_hour),
            Allowance(settings.messages_at_once, settings.message_seconds),
            Quota(settings.messages_per_day),
            settings.sockets,
            settings.sockets_per_address,
            settings.sockets_per_session,
        )

    def start(self, network: str) -> tuple[Draw, ...]:
        return (Draw("starts", network, self.starts),) if network else ()

    def message(self, customer: str) -> tuple[Draw, ...]:
        return Draw("messages", customer, self.messages), Draw("day", customer, self.messages_per_day)


def ticket(secret_hash: str, network: str) -> tuple[Draw, ...]:
    from_address = (Draw("tickets-address", network, ADDRESS_TICKETS),) if network else ()
    return Draw("tickets", secret_hash, SESSION_TICKETS), *from_address


def after_ms(wait: float) -> int:
    """What a client is told, rounded up: whoever waits as long as told may go ahead."""
    return int(wait * 1_000) + 1


def is_limited(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False  # a unix socket or a test client: no address to limit by
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return not (mapped or parsed).is_loopback


def network(connection: HTTPConnection) -> str:
    """Whose limits a connection uses up; "" for loopback, which has none."""
    address = connection.client.host if connection.client else ""
    return household(address) if is_limited(address) else ""


def household(address: str) -> str:
    """Whoever has an IPv6 address has 2⁶⁴ of them."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.ipv4_mapped:
        return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
