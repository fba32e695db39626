"""Letters by SMTP, with the standard library, in a thread. Plain text only; nothing in a letter becomes a header."""

import asyncio
import smtplib
import socket
import ssl
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Literal

from bot.desk import Letter
from bot.email_address import ascii_domain, checked_address
from bot.errors import Refused, Unavailable

Security = Literal["starttls", "tls", "none"]
TIMEOUT = 15.0
AT_ONCE = 2  # a mail server that hangs must not take every thread there is
POLICY = SMTP.clone(cte_type="7bit")  # not every server on the way takes 8-bit text
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class SmtpMail:
    """`sender` is an address, or `Shop <address>`; `security` is `starttls` (587), `tls` (465) or `none` (a relay)."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        password: str,
        sender: str,
        security: Security = "starttls",
        *,
        timeout: float = TIMEOUT,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        if not (user + password).isascii():
            raise Refused("the mail server's user and password may hold ASCII characters only")
        if user and security == "none" and host not in LOOPBACK:
            raise Refused(
                f"the password for {host} would travel unencrypted: BOT_SMTP_SECURITY must be starttls or tls"
            )
        self._host, self._port, self._security, self._timeout, self._tls = host, port, security, timeout, tls
        self._user, self._password = user, password
        self._sender = _sender(sender)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def send(self, letter: Letter) -> None:
        """Raises Refused for a letter that nobody could send, Unavailable when the mail server does not take it."""
        message = self._message(letter)
        async with self._slots:
            await asyncio.to_thread(self._deliver, message, _address(letter.to).addr_spec)

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(POLICY)
        message["From"] = self._sender
        message["To"] = _address(letter.to)
        message["Subject"] = _one_line("subject", letter.subject)
        if letter.reply_to:
            message["Reply-To"] = _address(letter.reply_to)
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = make_msgid(domain=self._sender.domain)
        message["Auto-Submitted"] = "auto-generated"
        try:
            message.set_content(letter.text)
        except UnicodeEncodeError:
            raise Refused("the letter holds characters that are not text") from None
        return message

    def _deliver(self, message: EmailMessage, to: str) -> None:
        try:
            server = self._connected()
            try:
                self._log_in(server)
                server.send_message(message, self._sender.addr_spec, [to])
                with suppress(OSError):  # it has the letter: a rude goodbye must not make anybody send it again
                    server.quit()
            finally:
                server.close()
        except (OSError, ValueError) as error:
            # `from None`: what the server said may repeat the password or the customer's address.
            raise Unavailable(f"the mail server {self._host}:{self._port} {_trouble(error)}") from None

    def _connected(self) -> smtplib.SMTP:
        name = self._sender.domain  # else smtplib asks the network what this machine is called
        if self._security == "tls":
            return smtplib.SMTP_SSL(self._host, self._port, name, timeout=self._timeout, context=self._tls())
        return smtplib.SMTP(self._host, self._port, name, timeout=self._timeout)

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self._security == "starttls":
            server.starttls(context=self._tls())
        if self._user:
            server.login(self._user, self._password)


def _sender(text: str) -> Address:
    """`help@shop.example`, or `Alder & Volt <help@shop.example>`."""
    name, _, address = text.strip().rpartition("<")
    try:
        return _address(address.removesuffix(">"), _one_line("sender", name.strip(' "')))
    except Refused as error:
        raise Refused(f"BOT_SMTP_FROM: {error}") from None


def _address(text: str, name: str = "") -> Address:
    local, _, domain = checked_address(text).partition("@")
    return Address(name, local, ascii_domain(domain))


def _one_line(what: str, text: str) -> str:
    """A header is one line: whatever could begin another one is refused, not cleaned.

    `=?` begins an encoded word, which the standard library decodes before it writes the header, line breaks and all.
    """
    if "=?" in text or any(unicodedata.category(sign) in {"Cc", "Zl", "Zp", "Cs"} for sign in text):
        raise Refused(f"the {what} of a letter must be one line of plain text")
    return text


_TROUBLE: tuple[tuple[type[Exception], str], ...] = (  # the first that fits
    (smtplib.SMTPAuthenticationError, "does not accept BOT_SMTP_USER and BOT_SMTP_PASSWORD"),
    (smtplib.SMTPSenderRefused, "does not take mail from BOT_SMTP_FROM"),
    (smtplib.SMTPRecipientsRefused, "does not take mail for this address"),
    (smtplib.SMTPNotSupportedError, "cannot encrypt, log in or take this address: check BOT_SMTP_SECURITY"),
    (smtplib.SMTPServerDisconnected, "hung up or did not answer in time"),
    (smtplib.SMTPException, "refused the letter"),
    (ssl.SSLCertVerificationError, "shows a certificate that cannot be trusted: check BOT_SMTP_HOST"),
    (ssl.SSLError, "does not speak TLS here: check BOT_SMTP_SECURITY and BOT_SMTP_PORT"),
    (socket.gaierror, "is not known by this name: check BOT_SMTP_HOST"),
    (TimeoutError, "did not answer in time"),
    (OSError, "cannot be reached: check BOT_SMTP_HOST and BOT_SMTP_PORT"),
    (ValueError, "cannot be used: check the BOT_SMTP settings"),
)


def _trouble(error: Exception) -> str:
    sentence = next(sentence for kind, sentence in _TROUBLE if isinstance(error, kind))
    return f"{sentence}{f' ({code})' if (code := _code(error)) else ''}"


def _code(error: Exception) -> int:
    """The number the server gave, and never its words."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((int(code) for code, _ in error.recipients.values()), 0)
    return int(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) else 0
