"""uvicorn's websockets, made to hold little while nothing is said: most sockets are open for hours and silent.

What uvicorn keeps of the handshake (the browser's headers twice, ours once, as lists, dictionaries, text and bytes) is
larger than what the open socket itself needs.
"""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from bot.web.bell import Bell, Mailbox


class LeanSocket(WebSocketsSansIOProtocol):
    # An object with more than 30 attributes has a table of them for itself; uvicorn's has 37, and these are not in it.
    __slots__ = ("close_timeout", "close_timer", "frames", "initial_response", "last_ping_rtt", "pending_ping_payload",
                 "ping_sent_at", "ping_timer", "pong_timer", "queue", "request", "response", "scope")  # fmt: skip

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.queue = Mailbox()  # type: ignore[assignment]
        self.writable = Bell()  # type: ignore[assignment]
        self.writable.set()

    def start_keepalive(self) -> None:
        """Comes once, when the handshake is over: nobody asks for it again."""
        super().start_keepalive()
        self.request.headers.clear()  # emptied where they are: websockets' parser keeps the request, our app the scope
        self.response.headers.clear()
        self.scope["headers"].clear()  # type: ignore[attr-defined]
