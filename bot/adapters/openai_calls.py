"""One server that speaks OpenAI's protocol, asked from any thread, by HTTPX.

The requests run in an event loop of their own: a read that blocks could not be given up before the server says
something, and a deadline over the whole of an answer could not be kept. Redirects are not followed, no proxy and no
netrc of the environment is used, and no sentence of an error holds the key, the body, or what the server wrote.
"""

import asyncio
import json
import queue
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.errors import Refused, ServerFails

TICK_S = 0.05  # so soon a stream that says nothing is given up when nobody wants it any more
LONGEST_ANSWER = 32 << 20  # bytes, of an answer that comes whole
LONGEST_STREAM = 1 << 20
LONGEST_PAUSE_S = 60.0  # that a server may ask for
CLOSED_S = 5.0

_STATUS: Mapping[int, str] = {
    401: "refuses the key: set {key}",
    403: "refuses the key: set {key}",
    404: "knows no such model or address: look at {url} and {model}",
    429: "is asked too much at the moment",
}


class Calls:
    """`what` names its settings: BOT_GENERATOR or BOT_EMBEDDER. Nothing is opened before the first call."""

    def __init__(self, url: str, key: str = "", *, what: str, connect_s: float = 2.0) -> None:
        self._url, self.host = checked(url, what)
        self._what, self._key, self._connect_s = what, key, connect_s
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: httpx.AsyncClient | None = None

    def post(self, path: str, body: object, *, within_s: float) -> Any:
        """The answer, which must be JSON, whole, and not too long."""
        asked = self._begun(self._whole(path, body))
        try:
            return asked.result(within_s)
        except NotInTime:
            raise self.fails(f"does not answer within {within_s:g} s") from None
        except CancelledError:
            raise self.fails("is not asked any more") from None
        finally:
            asked.cancel()

    def stream(self, path: str, body: object) -> Iterator[bytes]:
        """An event stream as it comes; b"" every so often while nothing comes. Leaving it closes the connection."""
        came: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()
        asked = self._begun(self._streamed(path, body, came.put))
        asked.add_done_callback(lambda done: came.put(None if done.cancelled() else done.exception()))
        try:
            while True:
                try:
                    part = came.get(timeout=TICK_S)
                except queue.Empty:
                    part = b""
                if part is None:
                    return
                if isinstance(part, BaseException):
                    raise part
                yield part
        finally:
            asked.cancel()

    def fails(self, sentence: str, after_s: float = 0.0) -> ServerFails:
        return ServerFails(f"the server at {self.host} {sentence}", after_s)

    def close(self) -> None:
        """Give up what is under way. Used again it begins anew."""
        with self._starting:
            loop, thread, client = self._loop, self._thread, self._client
            self._loop = self._thread = self._client = None
        if loop is None or thread is None:
            return
        with suppress(NotInTime):
            asyncio.run_coroutine_threadsafe(_ended(client), loop).result(CLOSED_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CLOSED_S)

    # ── in the loop ──

    def _begun(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_run, args=(self._loop,), name=f"calls to {self.host}", daemon=True
                )
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            # `verify`: the certificates the system trusts, or those of SSL_CERT_FILE, as for mail.
            self._client = httpx.AsyncClient(
                trust_env=False, follow_redirects=False, verify=ssl.create_default_context(),
                timeout=httpx.Timeout(None, connect=self._connect_s),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
            )  # fmt: skip
        return self._client

    async def _whole(self, path: str, body: object) -> Any:
        read = bytearray()
        await self._streamed(path, body, read.extend, kind="application/json", most=LONGEST_ANSWER)
        try:
            return json.loads(read.decode())
        except (ValueError, RecursionError):
            raise self.fails("answers what is not JSON") from None

    async def _streamed(
        self, path: str, body: object, put: Callable[[bytes], object], *,
        kind: str = "text/event-stream", most: int = LONGEST_STREAM,
    ) -> None:  # fmt: skip
        headers = {"accept": kind, "accept-encoding": "identity"}
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        n_read = 0
        try:
            async with self._opened().stream("POST", self._url + path, json=body, headers=headers) as response:
                self._check(response, kind)
                async for part in response.aiter_raw():
                    n_read += len(part)
                    if n_read > most:
                        raise self.fails(f"answers more than {most >> 20} MiB")
                    put(part)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise self.fails("cannot be reached: is it running?") from None
        except (httpx.HTTPError, OSError) as error:
            raise self.fails(f"broke off its answer ({type(error).__name__})") from None

    def _check(self, response: httpx.Response, kind: str) -> None:
        status = response.status_code
        if status != httpx.codes.OK:
            raise self._refused(status, response.headers)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise self.fails("packs its answer, which was not asked for")
        if response.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
            wanted = "an event stream" if kind == "text/event-stream" else "JSON"
            raise self.fails(f"answers something else than {wanted}: is {self._what} the address of its API?")

    def _refused(self, status: int, headers: httpx.Headers) -> Exception:
        if 300 <= status < 400:
            return self.fails(f"sends us elsewhere ({status}), which is not followed: set {self._what} to its address")
        if status in (400, 413, 422):  # this one request is wrong, not the server
            return Refused(f"the server at {self.host} refuses this request ({status}): is it too long for the model?")
        names = {"key": f"{self._what}_KEY", "model": f"{self._what}_MODEL", "url": self._what}
        said = _STATUS.get(status, "fails" if status >= 500 else "refuses the request").format(**names)
        return self.fails(f"{said} ({status})", _pause(headers.get("retry-after", "")) if status in (429, 503) else 0.0)


def checked(url: str, what: str) -> tuple[str, str]:
    """The address without a slash at its end, and its host as it may be shown. Raises Refused."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise Refused(f"{what} is not an address: write http://127.0.0.1:8001/v1") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Refused(f"{what} is not an address: write http://127.0.0.1:8001/v1")
    if parts.username or parts.password:
        raise Refused(f"{what} holds a user or a password: write the key into {what}_KEY")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return url.rstrip("/"), host + port


def _pause(written: str) -> float:
    """Seconds, or a date: only its being there is read of that."""
    if written.isascii() and written.isdigit():
        return min(float(written[:9]), LONGEST_PAUSE_S)
    try:
        parsedate_to_datetime(written)
    except ValueError:
        return 0.0
    return LONGEST_PAUSE_S


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _ended(client: httpx.AsyncClient | None) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    if client is not None:
        await client.aclose()
