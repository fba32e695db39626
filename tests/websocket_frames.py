"""WebSocket frames as they stand on the wire: read, told apart, made. Enough of RFC 6455 to stand between two peers."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle
from typing import Any

TEXT, CLOSE = 0x1, 0x8
NAMES = {0x0: "ws.more", 0x2: "ws.binary", CLOSE: "ws.close", 0x9: "ws.ping", 0xA: "ws.pong"}


@dataclass(frozen=True)
class Frame:
    """One frame: `raw` is what the sender wrote, `payload` what it means, unmasked."""

    opcode: int
    payload: bytes
    raw: bytes

    @cached_property
    def json(self) -> Mapping[str, Any]:
        """What the text says; empty when it is not one of the protocol's objects."""
        if self.opcode != TEXT:
            return {}
        try:
            values = json.loads(self.payload)
        except ValueError:
            return {}
        return values if isinstance(values, dict) else {}

    @property
    def type(self) -> str:
        """The protocol's name for it (`ack`), or the wire's (`ws.close`)."""
        return NAMES.get(self.opcode) or str(self.json.get("type", "ws.text"))

    @property
    def is_of_the_wire(self) -> bool:
        return self.type.startswith("ws.")


async def read(reader: asyncio.StreamReader) -> Frame:
    """The next frame. Raises IncompleteReadError at the end of the stream."""
    head = await reader.readexactly(2)
    size = head[1] & 0x7F
    extended = await reader.readexactly({126: 2, 127: 8}.get(size, 0))
    if extended:
        size = int.from_bytes(extended, "big")
    mask = await reader.readexactly(4) if head[1] & 0x80 else b""
    body = await reader.readexactly(size)
    return Frame(head[0] & 0x0F, _masked(body, mask), head + extended + mask + body)


def _masked(body: bytes, mask: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(body, cycle(mask), strict=False)) if mask else body


def made(payload: bytes, opcode: int = TEXT, *, masked: bool) -> bytes:
    """A whole frame; a client's is masked."""
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    if size > 0xFFFF:
        length = b"\x7f" + size.to_bytes(8, "big")
    mask = os.urandom(4) if masked else b""
    return bytes([0x80 | opcode, length[0] | (0x80 if masked else 0)]) + length[1:] + mask + _masked(payload, mask)


def text(values: Mapping[str, Any], *, masked: bool) -> bytes:
    return made(json.dumps(values).encode(), masked=masked)


def close(code: int, *, masked: bool) -> bytes:
    return made(code.to_bytes(2, "big"), CLOSE, masked=masked)
