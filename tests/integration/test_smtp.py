"""Letters by SMTP, against a real server on loopback: what arrives, and what is said when nothing can."""

import asyncio
import base64
import email
import email.policy
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.smtp import AT_ONCE, SmtpMail
from bot.desk import Letter, Mail
from bot.errors import Refused, Unavailable

SECRET = "correct horse battery"
LETTER = Letter("ada@example.com", "Mia answered at Alder & Volt", "Hello Ada,\n\nyour parcel is on its way.\n")


@dataclass
class Server:
    """An SMTP server that keeps what it is given. `answers` replaces its reply to a command."""

    answers: dict[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("AUTH PLAIN", "SMTPUTF8", "8BITMIME")
    starttls: ssl.SSLContext | None = None
    said: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    talks: list[Any] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talks.append(asyncio.current_task())
        with suppress(ConnectionError, ssl.SSLError):  # whoever wrote to us went away
            await self._talk(reader, writer)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.answers.get("") == "silence":
            await reader.read()
        writer.write(self.answers.get("", "220 loopback ready").encode() + b"\r\n")
        while line := (await reader.readline()).decode(errors="replace").rstrip():
            self.said.append(line)
            command = line.split()[0].upper()
            if (answer := self.answers.get(command)) == "hang up":
                return
            if command == "DATA" and answer is None:
                writer.write(b"354 go on\r\n")
                self.bodies.append(await reader.readuntil(b"\r\n.\r\n"))
            writer.write((answer or self._answer(command)).encode() + b"\r\n")
            if command == "STARTTLS" and self.starttls:
                await writer.drain()
                await writer.start_tls(self.starttls)
            if command == "QUIT":
                await writer.drain()
                return

    def _answer(self, command: str) -> str:
        if command == "EHLO":
            names = [*self.extensions, *(["STARTTLS"] if self.starttls else [])]
            return "\r\n".join([*(f"250-{name}" for name in ["loopback", *names]), "250 OK"])
        return {"AUTH": "235 welcome", "STARTTLS": "220 go on", "QUIT": "221 bye"}.get(command, "250 OK")

    @property
    def message(self) -> EmailMessage:
        (body,) = self.bodies
        body = body.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        parsed = email.message_from_bytes(body, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@asynccontextmanager
async def running(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await asyncio.gather(*server.talks)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running(Server()) as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody trusts but who is told to, with its key in the same file."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=loopback"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *files], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return both


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def mail(server: Server, **changed: Any) -> SmtpMail:
    settings: dict[str, Any] = {"user": "", "password": "", "sender": "Alder & Volt <help@shop.example>"}
    return SmtpMail("127.0.0.1", server.port, **{**settings, "security": "none", "timeout": 5.0, **changed})


async def trouble(sender: Mail, letter: Letter = LETTER) -> str:
    """The sentence when it cannot be sent; it never holds a secret or the customer's address."""
    with pytest.raises(Unavailable) as caught:
        await sender.send(letter)
    assert SECRET not in repr(caught.value)
    assert "ada" not in str(caught.value)
    assert caught.value.__suppress_context__, "a traceback would print what the server said"
    return str(caught.value)


# ── what arrives ──


async def test_a_letter_arrives_with_its_words_and_addresses(server: Server) -> None:
    await mail(server).send(Letter(LETTER.to, LETTER.subject, LETTER.text, reply_to="desk@shop.example"))
    message = server.message
    assert (message["From"], message["To"]) == ("Alder & Volt <help@shop.example>", "ada@example.com")
    assert (message["Subject"], message["Reply-To"]) == (LETTER.subject, "desk@shop.example")
    assert message.get_content().replace("\r\n", "\n") == LETTER.text
    assert server.said[0] == "ehlo shop.example"
    assert server.said[1].startswith("mail FROM:<help@shop.example>")
    assert server.said[2] == "rcpt TO:<ada@example.com>"


async def test_a_letter_says_that_a_machine_sent_it_and_when(server: Server) -> None:
    await mail(server).send(LETTER)
    message = server.message
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].startswith("<")
    assert message["Message-ID"].endswith("@shop.example>")
    assert parsedate_to_datetime(message["Date"]).tzinfo is not None
    assert message["Reply-To"] is None
    assert message.get_content_type() == "text/plain"


async def test_two_letters_have_two_ids(server: Server) -> None:
    post = mail(server)
    await asyncio.gather(*(post.send(LETTER) for _ in range(5)))
    ids = {email.message_from_bytes(body)["Message-ID"] for body in server.bodies}
    assert len(ids) == 5


async def test_chinese_names_subjects_and_text_arrive_as_written(server: Server) -> None:
    subject = "阿尔德电器：小李回复了您的问题，" + "关于订单的配送时间和退换货政策" * 6
    text = "您好：\n\n包裹已经发出。\n" + "很长的一行" * 300 + "\n"
    await mail(server, sender="阿尔德电器 <help@shop.example>").send(Letter(LETTER.to, subject, text))
    message = server.message
    assert message["From"].addresses[0].display_name == "阿尔德电器"
    assert message["Subject"] == subject
    assert message.get_content().replace("\r\n", "\n") == text
    assert all(len(line) <= 998 for line in server.bodies[0].split(b"\r\n"))
    assert server.bodies[0].isascii(), "not every server on the way takes 8-bit text"


async def test_lines_with_a_dot_alone_and_long_lines_arrive(server: Server) -> None:
    text = "before\n.\n..\nafter\n" + "x" * 5_000 + "\n"
    await mail(server).send(Letter(LETTER.to, "dots", text))
    assert server.message.get_content().replace("\r\n", "\n") == text


async def test_an_international_domain_is_written_as_servers_read_it(server: Server) -> None:
    await mail(server).send(Letter("ada@例子.com", "Hello", "Hello"))
    assert "rcpt TO:<ada@xn--fsqu00a.com>" in server.said


async def test_an_address_in_chinese_needs_a_server_that_takes_it(server: Server) -> None:
    await mail(server).send(Letter("用户@例子.com", "你好", "你好"))
    assert "SMTPUTF8" in server.said[1]
    assert "rcpt TO:<用户@xn--fsqu00a.com>" in server.said
    assert "To: 用户@xn--fsqu00a.com\r\n".encode() in server.bodies[0]
    async with running(Server(extensions=())) as old:
        assert "take this address" in await trouble(mail(old), Letter("用户@例子.com", "你好", "你好"))
        assert old.bodies == []


async def test_a_rude_goodbye_does_not_undo_a_letter_that_was_taken() -> None:
    for goodbye in ("hang up", "500 no", "421 too busy"):
        async with running(Server(answers={"QUIT": goodbye})) as server:
            await mail(server).send(LETTER)
            assert len(server.bodies) == 1


# ── nothing in a letter becomes a header ──


@pytest.mark.parametrize(
    "break_", ["\n", "\r", "\r\n", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\ud800"]
)
@pytest.mark.parametrize("where", ["to", "subject", "reply_to"])
async def test_a_header_cannot_be_smuggled_in(server: Server, where: str, break_: str) -> None:
    fields = {"to": LETTER.to, "subject": LETTER.subject, "text": LETTER.text, "reply_to": "desk@shop.example"}
    with pytest.raises(Refused):
        await mail(server).send(Letter(**{**fields, where: f"{fields[where]}{break_}Bcc: eve@example.com"}))
    assert server.said == []


@pytest.mark.parametrize(
    "to", ["ada", "ada@example.com, eve@example.com", "ada@example.com\nRCPT TO:<eve@example.com>"]
)
async def test_a_letter_goes_to_one_address(server: Server, to: str) -> None:
    with pytest.raises(Refused):
        await mail(server).send(Letter(to, "Hello", "Hello"))
    assert server.said == []


async def test_a_body_that_looks_like_headers_or_commands_stays_a_body(server: Server) -> None:
    text = "Bcc: eve@example.com\n\n.\nMAIL FROM:<eve@example.com>\nRCPT TO:<eve@example.com>\n"
    await mail(server).send(Letter(LETTER.to, "Bcc: eve@example.com", text))
    assert [line.split(":")[0] for line in server.said] == ["ehlo shop.example", "mail FROM", "rcpt TO", "data", "quit"]
    raw = email.message_from_bytes(server.bodies[0])
    assert raw["Bcc"] is None
    assert server.message["To"] == LETTER.to


async def test_a_text_that_is_not_text_is_refused(server: Server) -> None:
    with pytest.raises(Refused, match="not text"):
        await mail(server).send(Letter(LETTER.to, "Hello", "\ud800"))


PIECES = [
    "Bcc:",
    "eve@example.com",
    " ",
    ",",
    ";",
    ":",
    "<",
    ">",
    '"',
    "\\",
    "(",
    "=20",
    "utf-8",
    "?=",
    "小李",
    "é",
    "😀",
]
WORDS = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=30).map("".join)
HEADERS = "Auto-Submitted Content-Transfer-Encoding Content-Type Date From MIME-Version Message-ID Subject To".split()


@settings(max_examples=60, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_whatever_is_in_a_letter_its_headers_are_ours(name: str, subject: str, text: str) -> None:
    try:
        post = SmtpMail("127.0.0.1", 25, "", "", f"{name} <help@shop.example>", "none")
        written = post._message(Letter(LETTER.to, subject, text)).as_bytes()
    except Refused:
        return
    read = email.message_from_bytes(written, policy=email.policy.default)
    assert sorted(read.keys()) == HEADERS
    assert read["Subject"].strip() == subject.strip()
    assert [address.addr_spec for address in read["From"].addresses] == ["help@shop.example"]
    assert [address.addr_spec for address in read["To"].addresses] == ["ada@example.com"]


@pytest.mark.parametrize(
    "sender", ["", "Alder & Volt", "Shop <help>", "Shop\nBcc: eve@example.com <help@shop.example>"]
)
def test_a_sender_that_cannot_be_written_to_is_refused_at_the_start(sender: str) -> None:
    with pytest.raises(Refused, match="BOT_SMTP_FROM: "):
        SmtpMail("127.0.0.1", 25, "", "", sender, "none")


def test_a_name_with_a_comma_stays_one_sender() -> None:
    message = SmtpMail("127.0.0.1", 25, "", "", '"Volt, Inc." <help@shop.example>', "none")._message(LETTER)
    assert [(a.display_name, a.addr_spec) for a in message["From"].addresses] == [("Volt, Inc.", "help@shop.example")]


# ── encryption and log-in ──


async def test_starttls_encrypts_before_the_password_is_said(certificate: Path) -> None:
    trusted = ssl.create_default_context(cafile=certificate)
    async with running(Server(starttls=server_side(certificate))) as server:
        await mail(server, user="shop", password=SECRET, security="starttls", tls=lambda: trusted).send(LETTER)
    assert [line.split()[0].lower() for line in server.said[:4]] == ["ehlo", "starttls", "ehlo", "auth"]
    assert base64.b64decode(server.said[3].split()[-1]).decode() == f"\0shop\0{SECRET}"
    assert server.message["Subject"] == LETTER.subject


async def test_smtps_is_encrypted_from_the_first_word(certificate: Path) -> None:
    trusted = ssl.create_default_context(cafile=certificate)
    async with running(Server(), server_side(certificate)) as server:
        await mail(server, user="shop", password=SECRET, security="tls", tls=lambda: trusted).send(LETTER)
    assert server.message["Subject"] == LETTER.subject


async def test_a_certificate_that_nobody_signed_is_not_trusted(certificate: Path) -> None:
    async with running(Server(starttls=server_side(certificate))) as server:
        said = await trouble(mail(server, user="shop", password=SECRET, security="starttls"))
        assert "a certificate that cannot be trusted" in said
    async with running(Server(), server_side(certificate)) as encrypted:
        assert "a certificate that cannot be trusted" in await trouble(mail(encrypted, security="tls"))
    assert server.said == ["ehlo shop.example", "STARTTLS"]
    assert encrypted.said == []


async def test_a_certificate_for_another_name_is_not_trusted(certificate: Path) -> None:
    trusted = ssl.create_default_context(cafile=certificate)
    async with running(Server(), server_side(certificate)) as server:
        post = SmtpMail("localhost", server.port, "", "", "help@shop.example", "tls", timeout=5, tls=lambda: trusted)
        assert "a certificate that cannot be trusted" in await trouble(post)


async def test_a_server_without_starttls_gets_neither_password_nor_letter(server: Server) -> None:
    said = await trouble(mail(server, user="shop", password=SECRET, security="starttls"))
    assert "cannot encrypt" in said
    assert server.said == ["ehlo shop.example"]


async def test_a_plain_server_where_tls_was_expected_is_named(server: Server) -> None:
    assert "BOT_SMTP_SECURITY" in await trouble(mail(server, security="tls"))


def test_a_password_never_travels_unencrypted_over_a_network() -> None:
    with pytest.raises(Refused, match="BOT_SMTP_SECURITY must be starttls or tls") as caught:
        SmtpMail("mail.example.com", 25, "shop", SECRET, "help@shop.example", "none")
    assert SECRET not in str(caught.value)


def test_a_password_that_smtp_cannot_say_is_refused_at_the_start() -> None:
    with pytest.raises(Refused, match="ASCII") as caught:
        SmtpMail("mail.example.com", 587, "shop", "pässwörd", "help@shop.example")
    assert "pässw" not in str(caught.value)


# ── when it cannot be sent ──


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"": "554 go away"}, "refused the letter (554)"),
        ({"AUTH": f"535 {SECRET} is wrong"}, "does not accept BOT_SMTP_USER and BOT_SMTP_PASSWORD (535)"),
        ({"MAIL": "553 not you"}, "does not take mail from BOT_SMTP_FROM (553)"),
        ({"RCPT": "550 no such ada@example.com here"}, "does not take mail for this address (550)"),
        ({"DATA": "452 disk full"}, "refused the letter (452)"),
        ({"DATA": "hang up"}, "hung up or did not answer in time"),
        ({"RCPT": "hang up"}, "hung up or did not answer in time"),
        ({"": "this is not SMTP"}, "refused the letter"),
    ],
)
async def test_a_refusal_names_the_step_and_the_number_only(answers: dict[str, str], sentence: str) -> None:
    async with running(Server(answers=answers)) as server:
        said = await trouble(mail(server, user="shop", password=SECRET))
        assert said.startswith(f"the mail server 127.0.0.1:{server.port} ")
        assert sentence in said


async def test_a_server_without_log_in_is_named() -> None:
    async with running(Server(extensions=())) as server:
        assert "log in" in await trouble(mail(server, user="shop", password=SECRET))


async def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    began = asyncio.get_running_loop().time()
    async with running(Server(answers={"": "silence"})) as server:
        assert "did not answer in time" in await trouble(mail(server, timeout=0.2))
    assert asyncio.get_running_loop().time() - began < 1.5


async def test_no_server_at_all_is_named() -> None:
    async with running(Server()) as server:
        pass
    assert "cannot be reached: check BOT_SMTP_HOST and BOT_SMTP_PORT" in await trouble(mail(server))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300])
async def test_a_host_that_does_not_exist_is_named(host: str) -> None:
    post = SmtpMail(host, 25, "", "", "help@shop.example", "none", timeout=5)
    assert "check" in await trouble(post)


async def test_waiting_for_a_mail_server_stops_nothing_else() -> None:
    async with running(Server(answers={"": "silence"})) as server:
        waiting = asyncio.gather(*(trouble(mail(server, timeout=0.3)) for _ in range(2)))
        beats = 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            beats += 1
        await waiting
    assert beats > 10


async def test_mail_that_hangs_leaves_threads_for_others() -> None:
    async with running(Server(answers={"": "silence"})) as server:
        post = mail(server, timeout=0.3)
        waiting = asyncio.gather(*(trouble(post) for _ in range(4)))
        await asyncio.sleep(0.15)
        assert len(server.talks) == AT_ONCE
        await waiting
        assert len(server.talks) == 4
