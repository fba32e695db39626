"""Sockets of clients that behave as no library lets them: they read nothing, say half, or lose their cable."""

import asyncio
import ctypes
import json
import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.frames import Frame, Opcode

from tests.load.customer import Customer, post

UPGRADE = (
    "GET /v1/socket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: bot.v1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
RESET = struct.pack("ii", 1, 0)
NEW_NETWORK = 0x40000000  # CLONE_NEWNET
OURS, THEIRS = "10.213.7.1", "10.213.7.2"


async def greeted(customer: Customer, *frames: dict[str, Any], buffer: int = 0, network: str = "") -> socket.socket:
    """A socket that said hello, and these frames after it, and has read no more than the handshake's answer."""
    ticket = (await post(customer.url, "/v1/ticket", secret=customer.secret))["ticket"]
    hello = {"type": "hello", "ticket": ticket, "resume": []}
    return await asyncio.to_thread(_greeted, customer.url, (hello, *frames), buffer, network)


def _greeted(url: str, frames: tuple[dict[str, Any], ...], buffer: int, network: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    with inside(network):
        one = socket.socket()
    one.settimeout(30)
    if buffer:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    one.connect((host, int(port)))
    one.sendall(UPGRADE.format(host=f"{host}:{port}").encode())
    assert one.recv(12).endswith(b"101")
    for frame in frames:
        one.sendall(Frame(Opcode.TEXT, json.dumps(frame).encode()).serialize(mask=True))
    return one


def half_open(host: str, port: int, n: int) -> list[socket.socket]:
    """Connected, and silent or nearly so: every second one begins a request."""
    found = []
    for k in range(n):
        one = socket.create_connection((host, port), timeout=30)
        if k % 2:
            one.sendall(b"GET /v1/socket HTTP/1.1\r\nX-Slow: ")
        one.setblocking(False)
        found.append(one)
    return found


def drip(sockets: list[socket.socket]) -> int:
    """One byte more from each that has begun; how many are still open."""
    n_open = 0
    for k, one in enumerate(sockets):
        with suppress(OSError):
            if k % 2:
                one.send(b"x")
            with suppress(BlockingIOError):
                if not one.recv(1024):
                    continue
            n_open += 1
    return n_open


# ── another network, whose cable can be pulled ──


@contextmanager
def cable() -> Iterator[str]:
    """A network of its own, joined to ours by a pair of virtual cards. Raises OSError where that is not permitted."""
    name = f"load{os.getpid()}"
    steps = (
        f"ip netns add {name}",
        f"ip link add {name}a type veth peer name {name}b netns {name}",
        f"ip addr add {OURS}/30 dev {name}a",
        f"ip link set {name}a up",
        f"ip -n {name} addr add {THEIRS}/30 dev {name}b",
        f"ip -n {name} link set {name}b up",
    )
    try:
        for step in steps:
            if subprocess.run(step.split(), capture_output=True).returncode:
                raise OSError(f"not permitted here: {step}")
        yield name
    finally:
        subprocess.run(["ip", "link", "delete", f"{name}a"], capture_output=True)
        subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def pull(name: str) -> None:
    subprocess.run(["ip", "link", "set", f"{name}a", "down"], check=True, capture_output=True)


@contextmanager
def inside(network: str) -> Iterator[None]:
    """This thread makes its sockets in that network."""
    if not network:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as home, Path(f"/run/netns/{network}").open() as there:
        if libc.setns(there.fileno(), NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "this network may not be entered")
        try:
            yield
        finally:
            libc.setns(home.fileno(), NEW_NETWORK)
