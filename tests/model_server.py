"""A model's server on this machine, which plays vLLM, Ollama or TEI, and misbehaves as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STREAM, JSON = "text/event-stream; charset=utf-8", "application/json"


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class ModelServer:
    """`answer` writes one answer; whatever it is at the moment of a request counts."""

    url: str = ""
    answer: Callable[["Answering"], None] = lambda to: to.status(500)
    asked: list[Asked] = field(default_factory=list)
    n_cut: int = 0  # answers whose reader went away
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def last(self) -> Asked:
        return self.asked[-1]


@dataclass
class Answering:
    """One request, about to be answered."""

    http: BaseHTTPRequestHandler
    asked: Asked
    server: ModelServer

    def status(self, code: int, body: bytes = b"{}", kind: str = JSON, **headers: str) -> None:
        self.http.send_response(code)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.http.send_header(name.replace("_", "-"), value)
        self.http.end_headers()
        self.write(body)

    def begin(self, kind: str = STREAM, **headers: str) -> None:
        """A stream that ends when the connection does."""
        self.http.send_response(200)
        for name, value in {"content-type": kind, "connection": "close", **headers}.items():
            self.http.send_header(name.replace("_", "-"), value)
        self.http.end_headers()

    def write(self, data: bytes) -> None:
        self.http.wfile.write(data)
        self.http.wfile.flush()

    def wait(self, seconds: float) -> None:
        self.server._stopping.wait(seconds)

    def stall(self) -> None:
        """Until the reader goes away."""
        while not self.server._stopping.is_set():
            self.write(b": still here\n\n")
            self.wait(0.02)


def event(held: object) -> bytes:
    return f"data: {json.dumps(held)}\n\n".encode()


def chat_piece(text: str | None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    return event(
        {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    )


DONE = b"data: [DONE]\n\n"


def vllm(*pieces: str) -> Callable[[Answering], None]:
    """As vLLM streams a chat: the role first, the reason at the end, then what it cost."""

    def answer(to: Answering) -> None:
        to.begin()
        to.write(event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}))
        for piece in pieces:
            to.write(chat_piece(piece))
        to.write(chat_piece(None, "stop"))
        to.write(event({"choices": [], "usage": {"total_tokens": 9}}) + DONE)

    return answer


def ollama(*pieces: str) -> Callable[[Answering], None]:
    """As Ollama does: a blank in front of the first word, no charset, the reason beside an empty text."""

    def answer(to: Answering) -> None:
        to.begin("text/event-stream")
        for piece in (" ", *pieces):
            to.write(chat_piece(piece))
        to.write(chat_piece("", "stop") + DONE)

    return answer


def completions(*pieces: str) -> Callable[[Answering], None]:
    def answer(to: Answering) -> None:
        to.begin()
        for piece in pieces:
            to.write(event({"choices": [{"index": 0, "text": piece, "finish_reason": None}]}))
        to.write(DONE)

    return answer


def writes_raw(*parts: bytes, kind: str = STREAM) -> Callable[[Answering], None]:
    def answer(to: Answering) -> None:
        to.begin(kind)
        for part in parts:
            to.write(part)

    return answer


Vector = Callable[[str], Sequence[float]]


def openai_vectors(vector: Vector) -> Callable[[Answering], None]:
    """Backwards, each with its index: the order is not promised."""

    def answer(to: Answering) -> None:
        rows = [{"index": n, "embedding": list(vector(text))} for n, text in enumerate(to.asked.body["input"])]
        to.status(200, json.dumps({"data": rows[::-1]}).encode())

    return answer


def tei_vectors(vector: Vector) -> Callable[[Answering], None]:
    def answer(to: Answering) -> None:
        to.status(200, json.dumps([list(vector(text)) for text in to.asked.body["inputs"]]).encode())

    return answer


@contextmanager
def model_server() -> Iterator[ModelServer]:
    served = ModelServer()

    class Http(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            served.asked.append(asked)
            try:
                served.answer(Answering(self, asked, served))
            except OSError:
                served.n_cut += 1
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Http) as http:
        served.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield served
        finally:
            served._stopping.set()
            http.shutdown()
            thread.join(5)


def until(happened: Callable[[], object], seconds: float = 5.0) -> None:
    """For tests without an event loop."""
    late = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < late, "it never happened"
        time.sleep(0.005)
