"""Pages of a web site as sources: fetched from the public internet only, at checked addresses, within limits."""

import codecs
import http.client
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from threading import Timer
from time import monotonic
from urllib.parse import unquote, urljoin, urlsplit

from bot.adapters.fetch_address import Resolve, Target, resolved, target
from bot.adapters.opened_file import shown
from bot.adapters.sitemaps import MAX_ENTRIES, Entry, Sitemap
from bot.content import Unreadable

MAX_REDIRECTS = 5
MAX_DEPTH = 2  # a sitemap, or an index of sitemaps
GONE = (404, 410)
CHARSETS = (
    "gb",
    "big5",
    "hz",
    "euc",
    "shift",
    "iso",
    "cp",
    "koi8",
    "mac",
    "utf-16",
    "tis",
)  # what pages are written in
AGENT = "Answerdesk (knowledge base)"
TYPES = frozenset(
    {
        "text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/csv", "text/tab-separated-values",
        "application/json", "application/xml", "text/xml", "application/pdf", "application/gzip", "application/x-gzip",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)  # fmt: skip

Connect = Callable[[str, int, float], socket.socket]  # a checked address, a port, seconds


@dataclass(frozen=True, slots=True)
class FetchLimits:
    size: int = 20 * 2**20  # also of what was packed
    step_s: float = 10.0
    whole_s: float = 30.0


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page, fetched when it is asked for. Its origin is the sitemap that lists it, or its own address."""

    origin: str
    path: str
    url: str
    web: "Web" = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        """Raises OSError, whose `strerror` can be shown; FileNotFoundError when its server has it no more."""
        return self.web.get(self.url)


Read = Callable[[bytes], Sitemap]  # raises Unreadable


def _connect(address: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((address, port), seconds)


class Web:
    """Neither proxies nor cookies nor passwords: what anybody may read, as anybody would get it."""

    def __init__(
        self, limits: FetchLimits | None = None, resolve: Resolve = resolved, connect: Connect = _connect
    ) -> None:
        self._limits = limits or FetchLimits()
        self._resolve, self._connect = resolve, connect

    def pages(self, url: str, read_sitemap: Read) -> tuple[WebPage, ...]:
        """The pages of a sitemap, or the one page at `url`.

        Raises OSError when a part of the map cannot be had: what it lists must not be taken for removed.
        """
        if not urlsplit(url).path.lower().endswith((".xml", ".xml.gz")):
            target(url, self._resolve)
            return (self._page(url, Entry(url)),)
        entries = dict[str, Entry]()
        for entry in self._entries(url, read_sitemap, 1):
            entries.setdefault(entry.url, entry)
            if len(entries) > MAX_ENTRIES:
                raise OSError(27, f"the sitemap has more than {MAX_ENTRIES:,} pages")
        return tuple(self._page(url, entry) for entry in entries.values())

    def _entries(self, url: str, read_sitemap: Read, depth: int) -> Iterator[Entry]:
        try:
            sitemap = read_sitemap(self.get(url))
        except Unreadable as error:
            raise OSError(22, f"{error.sentence} ({url})") from None
        if not sitemap.is_index:
            yield from sitemap.entries
            return
        if depth >= MAX_DEPTH:
            raise OSError(40, f"{url} is an index inside an index of sitemaps, which is not followed")
        for inner in sitemap.entries:
            yield from self._entries(urljoin(url, inner.url), read_sitemap, depth + 1)

    def _page(self, origin: str, entry: Entry) -> WebPage:
        fields = {"url": entry.url} | ({"modified": entry.modified} if entry.modified else {})
        return WebPage(origin, path_of(entry.url, origin), entry.url, self, fields)

    def get(self, url: str) -> bytes:
        """Raises OSError; Forbidden and FileNotFoundError are such."""
        deadline = monotonic() + self._limits.whole_s
        for _ in range(MAX_REDIRECTS + 1):
            found = self._got(target(url, self._resolve), deadline)
            if isinstance(found, bytes):
                return found
            url = urljoin(url, found.url)
        raise OSError(40, f"more than {MAX_REDIRECTS} redirects lead away from it")

    def _got(self, to: Target, deadline: float) -> "bytes | _Moved":
        try:
            with _cut_at(self._connected(to), deadline) as line:
                line.settimeout(self._limits.step_s)
                with _secured(line, to) as talk:
                    return _answer(to, talk, self._limits.size)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if monotonic() >= deadline:
                raise OSError(110, f"it took longer than {self._limits.whole_s:g} s") from None
            raise self._explained(error, to) from None

    def _connected(self, to: Target) -> socket.socket:
        for address in to.addresses[:-1]:
            with suppress(OSError):
                return self._connect(address, to.port, self._limits.step_s)
        return self._connect(to.addresses[-1], to.port, self._limits.step_s)

    def _explained(self, error: Exception, to: Target) -> OSError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return OSError(1, f"the certificate of {to.host} is not valid ({error.verify_message})")
        if isinstance(error, TimeoutError):
            return OSError(110, f"{to.host} did not answer within {self._limits.step_s:g} s")
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.strerror:
            return error
        return OSError(71, f"what {to.host} answers cannot be understood")


@dataclass(frozen=True, slots=True)
class _Moved:
    url: str


@contextmanager
def _cut_at(line: socket.socket, deadline: float) -> Iterator[socket.socket]:
    """Whoever waits on `line` then, a byte at a time perhaps, waits no longer."""
    with line, line.dup() as scissors:

        def cut() -> None:
            with suppress(OSError):
                scissors.shutdown(socket.SHUT_RDWR)

        clock = Timer(max(0.0, deadline - monotonic()), cut)
        clock.daemon = True
        clock.start()
        try:
            yield line
            if monotonic() >= deadline:
                raise TimeoutError  # an answer that was cut off may look like a whole one
        finally:
            clock.cancel()
            clock.join()


def _secured(line: socket.socket, to: Target) -> socket.socket:
    if to.scheme == "http":
        return line
    return _trusted().wrap_socket(line, server_hostname=to.host)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def _answer(to: Target, line: socket.socket, size: int) -> bytes | _Moved:
    talk = http.client.HTTPConnection(to.host, to.port)
    talk.sock = line
    host = f"[{to.host}]" if ":" in to.host else to.host
    talk.request("GET", to.path, headers={"Host": host, "User-Agent": AGENT, "Accept-Encoding": "gzip"})
    with talk.getresponse() as answer:
        if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("Location"):
            return _Moved(str(answer.headers["Location"]))
        if answer.status in GONE:
            raise FileNotFoundError(2, f"its server has it no more ({answer.status})")
        if answer.status != 200:
            raise OSError(5, f"its server answers {answer.status}")
        kind = answer.headers.get_content_type()
        if kind not in TYPES:
            raise OSError(22, f"{shown(kind)} is not read")
        return _in_utf8(_body(answer, size), answer.headers)


def _body(answer: http.client.HTTPResponse, size: int) -> bytes:
    packing = (answer.headers.get("Content-Encoding") or "identity").strip().lower()
    if packing not in ("identity", "gzip", "x-gzip"):
        raise OSError(22, "it is packed in a way that is not read")
    unpacker = zlib.decompressobj(31) if packing != "identity" else None
    parts, left = [], size
    while part := answer.read(65_536):
        try:
            part = unpacker.decompress(part, left + 1) if unpacker else part
        except zlib.error:
            raise OSError(22, "it is packed with gzip, and damaged") from None
        left -= len(part)
        if left < 0:
            raise OSError(27, f"it is larger than {size / 2**20:g} MiB")
        parts.append(part)
    if answer.length or (unpacker and not unpacker.eof):
        raise OSError(5, "its server stopped in the middle of it")
    return b"".join(parts)


def _in_utf8(data: bytes, headers: Message) -> bytes:
    """What only the server says of the letters goes with the text: the mark at its beginning goes before all else."""
    charset = headers.get_content_charset() or ""
    try:
        name = codecs.lookup(charset).name
        if headers.get_content_maintype() != "text" or name == "utf-8" or not name.startswith(CHARSETS):
            return data
        return codecs.BOM_UTF8 + data.decode(name).encode()
    except (LookupError, UnicodeError):
        return data


def path_of(url: str, origin: str) -> str:
    """Where a page stands on its site; on another site, behind that one's name."""
    parts = urlsplit(url)
    names = unquote(parts.path, errors="surrogateescape").split("/")
    named = [shown(name) for name in names if name not in ("", ".", "..")]
    if not named or names[-1] == "":
        named.append("index")
    if parts.netloc != urlsplit(origin).netloc:
        named.insert(0, shown(parts.netloc))
    return "/".join(named) + (f"?{shown(parts.query)}" if parts.query else "")
