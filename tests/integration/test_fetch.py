"""Fetching from the public internet and from nowhere else: a server on loopback counts who comes."""

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep

import pytest

from bot.adapters.fetch import FetchLimits, Web, path_of
from bot.adapters.fetch_address import Forbidden, target
from bot.adapters.sitemaps import Entry, Sitemap, parse
from bot.content import Unreadable

PUBLIC = "93.184.215.14"
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Site:
    """A site on this machine that is taken for one at PUBLIC; `dialled` are the addresses that were connected to."""

    port: int
    pages: dict[str, Answer | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)

    def says(self, path: str, body: bytes, kind: str = "text/html", status: int = 200, **headers: str) -> None:
        self.pages[path] = status, {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}, body

    def moves(self, path: str, to: str) -> None:
        self.pages[path] = 302, {"Location": to}, b""

    def web(self, limits: FetchLimits | None = None, resolve: Callable[[str, int], Sequence[str]] | None = None) -> Web:
        def connect(address: str, port: int, seconds: float) -> socket.socket:
            self.dialled.append(address)
            return socket.create_connection(("127.0.0.1", self.port), seconds)

        return Web(limits, resolve or (lambda host, port: [PUBLIC]), connect)


@contextmanager
def serving() -> Iterator[Site]:
    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(f"{self.headers['Host']}{self.path}")
            found = site.pages.get(self.path, (404, {"Content-Type": "text/html"}, b"gone"))
            if callable(found):
                found(self)
                return
            status, headers, body = found
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.daemon_threads = True
    site = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def test_a_page_is_fetched_from_the_address_that_was_checked(site: Site) -> None:
    site.says("/help?a=1", b"<p>Hello")
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return [PUBLIC]

    assert site.web(resolve=resolve).get("http://shop.example/help?a=1#top") == b"<p>Hello"
    assert (site.asked, site.dialled, looked_up) == (["shop.example/help?a=1"], [PUBLIC], ["shop.example"])


PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "::ffff:0:127.0.0.1", "2001:db8::1", "not an address",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_but_a_public_one_is_connected_to_whatever_a_name_stands_for(site: Site, address: str) -> None:
    with pytest.raises(Forbidden, match="not on the public internet"):
        site.web(resolve=lambda host, port: [PUBLIC, address]).get("http://shop.example/")
    assert (site.asked, site.dialled) == ([], [])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.1/", "http://127.1/",
        "http://0177.0.0.1/", "http://127.0.0.1./", "http://1.2.3.4.5/", "http://１２７.０.０.１/", "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/", "http://localhost/", "http://LOCALHOST./", "http://a.localhost/", "http://[fe80::1%25lo]/",
        "http://user@shop.example/", "http://user:secret@shop.example/", "http://shop.example@127.0.0.1/",
        "http://shop.example:8080/", "http://shop.example:22/", "https://shop.example:80/", "http://shop.example:x/",
        "file:///etc/passwd", "ftp://shop.example/", "gopher://shop.example/", "//shop.example/", "shop.example",
        "javascript:alert(1)", "http:///etc/passwd", "http://", "", "http://shop.example\\@127.0.0.1/",
        "http://shop.example/a b", "http://shop.example/\r\nHost: inside", "http://shop.example/\x00", "http://[::1",
        "http://sh op.example/", "http://-/" + "a" * 3000, "http://sho%70.example/", "http://a..b/",
        f"http://{'a' * 70}.b/",
    ],
)  # fmt: skip
def test_no_spelling_of_an_address_leads_inside(site: Site, url: str) -> None:
    def resolve(host: str, port: int) -> list[str]:  # as a resolver that takes every spelling for a number would
        return [PUBLIC] if host == "shop.example" else ["127.0.0.1"]

    with pytest.raises(OSError, match=r"\w") as refused:
        site.web(resolve=resolve).get(url)
    assert refused.value.strerror
    assert (site.asked, site.dialled) == ([], [])


def test_a_name_that_changes_its_address_is_checked_each_time(site: Site) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    site.moves("/", "/next")
    site.says("/next", b"inside")
    with pytest.raises(Forbidden):
        site.web(resolve=lambda host, port: next(answers)).get("http://rebinding.example/")
    assert site.asked == ["rebinding.example/"]


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1/", "//127.0.0.1/", "http://[::ffff:127.0.0.1]/",
        "file:///etc/passwd", "http://user@shop.example/", "http://shop.example:81/", "http://2130706433/", "gopher://x/",
    ],
)  # fmt: skip
def test_a_redirect_is_checked_like_an_address_of_its_own(site: Site, to: str) -> None:
    site.moves("/", to)
    with pytest.raises(Forbidden):
        site.web().get("http://shop.example/")
    assert (site.asked, site.dialled) == (["shop.example/"], [PUBLIC])


def test_five_redirects_are_followed_and_a_sixth_is_not(site: Site) -> None:
    for n in range(6):
        site.moves(f"/{n}", f"http://shop.example/{n + 1}")
    site.says("/5", b"here")
    assert site.web().get("http://shop.example/0") == b"here"
    site.moves("/5", "6")
    with pytest.raises(OSError, match="more than 5 redirects"):
        site.web().get("http://shop.example/0")


def test_what_is_gone_says_so_and_is_told_from_what_cannot_be_had_now(site: Site) -> None:
    site.says("/gone", b"", status=410)
    site.says("/down", b"", status=503)
    with pytest.raises(FileNotFoundError, match="has it no more"):
        site.web().get("http://shop.example/gone")
    with pytest.raises(OSError, match="answers 503") as down:
        site.web().get("http://shop.example/down")
    assert not isinstance(down.value, FileNotFoundError)


def test_only_what_a_reader_may_read_is_taken(site: Site) -> None:
    site.says("/a", b"MZ", kind="application/x-msdownload")
    site.says("/b", b"<p>x", kind="text/html; charset=utf-8")
    site.says("/c", b"x", Content_Encoding="br")
    with pytest.raises(OSError, match="application/x-msdownload is not read"):
        site.web().get("http://shop.example/a")
    assert site.web().get("http://shop.example/b") == b"<p>x"
    with pytest.raises(OSError, match="packed in a way that is not read"):
        site.web().get("http://shop.example/c")


def test_letters_that_only_the_server_names_are_brought_along(site: Site) -> None:
    site.says("/zh", "<p>退货</p>".encode("gbk"), kind="text/html; charset=GBK")
    site.says("/odd", b"<p>x", kind="text/html; charset=punycode")
    assert site.web().get("http://shop.example/zh").decode("utf-8-sig") == "<p>退货</p>"
    assert site.web().get("http://shop.example/odd") == b"<p>x"


def test_sizes_are_limits_before_and_after_unpacking(site: Site) -> None:
    site.says("/large", b"x" * 2000)
    site.says("/bomb", gzip.compress(b"x" * 10_000_000), Content_Encoding="gzip")
    site.says("/torn", gzip.compress(b"y" * 500)[:-9], Content_Encoding="gzip")
    site.says("/small", gzip.compress(b"z" * 900), Content_Encoding="gzip")
    web = site.web(FetchLimits(size=1000))
    for path in ("/large", "/bomb"):
        with pytest.raises(OSError, match="larger than"):
            web.get(f"http://shop.example{path}")
    with pytest.raises(OSError, match="stopped in the middle"):
        web.get("http://shop.example/torn")
    assert web.get("http://shop.example/small") == b"z" * 900


def test_half_a_page_is_no_page(site: Site) -> None:
    site.says("/half", b"only so much", Content_Length="400")
    with pytest.raises(OSError, match="stopped in the middle of it"):
        site.web(FetchLimits(step_s=1)).get("http://shop.example/half")


def test_a_server_that_is_silent_and_one_that_drips_are_left(site: Site) -> None:
    def silent(asked: BaseHTTPRequestHandler) -> None:
        sleep(0.6)

    def dripping(asked: BaseHTTPRequestHandler) -> None:
        asked.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n")
        try:
            for _ in range(40):
                asked.wfile.write(b"X-A: b\r\n")
                sleep(0.05)
        except OSError:
            pass

    site.pages |= {"/silent": silent, "/dripping": dripping}
    with pytest.raises(OSError, match=r"did not answer within 0\.2 s"):
        site.web(FetchLimits(step_s=0.2)).get("http://shop.example/silent")
    started = monotonic()
    with pytest.raises(OSError, match=r"longer than 0\.4 s"):
        site.web(FetchLimits(step_s=0.3, whole_s=0.4)).get("http://shop.example/dripping")
    assert monotonic() - started < 5


def test_nonsense_instead_of_http_is_a_sentence(site: Site) -> None:
    def nonsense(asked: BaseHTTPRequestHandler) -> None:
        asked.wfile.write(b"\x16\x03\x01 nonsense\r\n\r\n")

    site.pages["/"] = nonsense
    with pytest.raises(OSError, match=r"what shop\.example answers cannot be understood"):
        site.web().get("http://shop.example/")
    with pytest.raises(OSError, match=r"what shop\.example answers cannot be understood"):
        site.web().get("https://shop.example/")  # a server that speaks no TLS


def test_https_is_believed_only_with_a_certificate_for_the_name(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool, ssl.VerifyMode]] = []

    def refuses(self: ssl.SSLContext, line: socket.socket, server_hostname: str = "") -> ssl.SSLSocket:
        seen.append((server_hostname, self.check_hostname, self.verify_mode))
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_message = "Hostname mismatch"
        raise error

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", refuses)
    with pytest.raises(OSError, match=r"certificate of shop\.example is not valid \(Hostname mismatch\)"):
        site.web().get("https://shop.example/")
    assert seen == [("shop.example", True, ssl.CERT_REQUIRED)]
    assert site.asked == []


def test_a_second_address_is_tried_when_the_first_does_not_answer(site: Site) -> None:
    site.says("/", b"here")

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        if address == "2606:2800:21f::1":
            raise OSError(101, "Network is unreachable")
        return socket.create_connection(("127.0.0.1", site.port), seconds)

    web = Web(None, lambda host, port: ["2606:2800:21f::1", PUBLIC], connect)
    assert web.get("http://shop.example/") == b"here"


def test_a_host_that_does_not_exist_is_named() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(OSError, match=r"there is no host nowhere\.example"):
        target("http://nowhere.example/", resolve)


def sitemap(*urls: str, is_index: bool = False) -> bytes:
    outer, inner = ("sitemapindex", "sitemap") if is_index else ("urlset", "url")
    entries = "".join(
        f"<{inner}><loc>{url}</loc><lastmod>2026-11-0{n}</lastmod></{inner}>" for n, url in enumerate(urls, 1)
    )
    return f'<{outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{outer}>'.encode()


def test_the_pages_of_a_sitemap_are_sources_of_that_sitemap(site: Site) -> None:
    site.says("/sitemap.xml", sitemap("http://shop.example/a", "http://shop.example/b/", "http://shop.example/a"))
    site.says("/a", b"<p>A")
    first, second = site.web().pages("http://shop.example/sitemap.xml", parse)
    assert (first.origin, first.path) == ("http://shop.example/sitemap.xml", "a")
    assert first.fields == {"url": "http://shop.example/a", "modified": "2026-11-01"}
    assert second.path == "b/index"
    assert site.asked == ["shop.example/sitemap.xml"], "pages are fetched when they are asked for"
    assert first.data() == b"<p>A"


def test_an_index_is_followed_once_and_no_deeper(site: Site) -> None:
    site.says("/sitemap.xml", sitemap("http://shop.example/1.xml", "/2.xml", is_index=True))
    site.says("/1.xml", sitemap("http://shop.example/a"), kind="application/xml")
    site.says("/2.xml", sitemap("http://shop.example/b"), kind="text/xml")
    pages = site.web().pages("http://shop.example/sitemap.xml", parse)
    assert [page.path for page in pages] == ["a", "b"]
    site.says("/2.xml", sitemap("http://shop.example/sitemap.xml", is_index=True))
    with pytest.raises(OSError, match="an index inside an index"):
        site.web().pages("http://shop.example/sitemap.xml", parse)


def test_a_part_of_the_map_that_cannot_be_had_is_not_a_map_without_it(site: Site) -> None:
    site.says("/sitemap.xml", sitemap("http://shop.example/1.xml", "http://127.0.0.1/2.xml", is_index=True))
    site.says("/1.xml", sitemap("http://shop.example/a"))
    with pytest.raises(Forbidden):
        site.web().pages("http://shop.example/sitemap.xml", parse)
    site.says("/1.xml", b"<html>")
    with pytest.raises(OSError, match=r"this XML is no sitemap \(http://shop\.example/1\.xml\)"):
        site.web().pages("http://shop.example/sitemap.xml", parse)


def test_a_map_of_too_many_pages_is_refused(site: Site) -> None:
    site.says("/sitemap.xml", sitemap("http://shop.example/1.xml", "http://shop.example/2.xml", is_index=True))
    site.says("/1.xml", b"1")
    site.says("/2.xml", b"2")

    def many(data: bytes) -> Sitemap:
        if data not in (b"1", b"2"):
            return parse(data)
        return Sitemap(False, tuple(Entry(f"http://shop.example/{data!r}/{n}") for n in range(30_000)))

    with pytest.raises(OSError, match="more than 50,000 pages"):
        site.web().pages("http://shop.example/sitemap.xml", many)


def test_one_page_is_its_own_origin_and_is_checked_at_once(site: Site) -> None:
    (page,) = site.web().pages("http://shop.example/returns", parse)
    assert (page.origin, page.path, page.fields["url"]) == ("http://shop.example/returns", "returns", page.url)
    with pytest.raises(Forbidden):
        site.web().pages("http://127.0.0.1/returns", parse)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://shop.example/", "index"), ("http://shop.example", "index"),
        ("http://shop.example/a/b.html", "a/b.html"),
        ("http://shop.example/a/", "a/index"), ("http://shop.example/%E9%80%80", "退"),
        ("http://shop.example/%1b%0a", "%1B%0A"),
        ("http://shop.example/../../etc", "etc"), ("http://shop.example/a?b=1", "a?b=1"),
        ("http://other.example/a", "other.example/a"),
        ("http://shop.example/%E9", "%E9"), ("http://shop.example/a%23b", "a%23b"),
    ],
)  # fmt: skip
def test_a_page_is_called_by_where_it_stands_on_its_site(url: str, path: str) -> None:
    assert path_of(url, "http://shop.example/sitemap.xml") == path


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "not well-formed"),
        (b"<urlset><url>", "not well-formed"),
        (b"<html></html>", "no sitemap"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><urlset><url><loc>&x;</loc></url></urlset>', "entities of its own"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><urlset><url><loc>&x;</loc></url></urlset>', "not well-formed"),
        (b"\x1f\x8bdamaged", "damaged"),
        (gzip.compress(b"<urlset>" + b" " * (51 * 2**20)), "larger than 50 MiB"),
        (b"<urlset>" + b"".join(b"<url><loc>%d</loc></url>" % n for n in range(50_001)) + b"</urlset>", "50,000"),
    ],
)  # fmt: skip
def test_what_is_no_sitemap_is_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        parse(data)


def test_a_packed_sitemap_in_other_letters_is_read() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><urlset><url><loc>\n http://a.b/ü </loc></url></urlset>'
    assert parse(gzip.compress(text.encode("utf-16"))) == Sitemap(False, (Entry("http://a.b/ü"),))
