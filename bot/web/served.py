"""What the routes need, made when the server starts."""

from dataclasses import dataclass, field

from fastapi import Request
from starlette.websockets import WebSocket

from bot.attempts import Attempts
from bot.ports import Bot
from bot.publishing import Publishing
from bot.settings import Settings
from bot.web.auth import AgentTickets
from bot.web.sockets import Doors


@dataclass(frozen=True, slots=True)
class Served:
    bot: Bot
    doors: Doors
    settings: Settings
    attempts: Attempts  # at passwords
    publishing: Publishing = field(default_factory=Publishing)

    @property
    def agent_tickets(self) -> AgentTickets:
        return self.doors.agent_tickets


def served(request: Request | WebSocket) -> Served:
    found: Served = request.app.state.served
    return found
