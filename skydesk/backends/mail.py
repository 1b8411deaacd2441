"""Mail through an SMTP server."""

import smtplib
import ssl
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from enum import StrEnum

from ..errors import Fault, InvalidRequest, ServiceUnavailable
from ..jobs.rules import email_faults

__all__ = ["Security", "SmtpMailer"]


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class SmtpMailer:
    """Sends plain-text mail, one connection a message.

    Parameters
    ----------
    host
        Name of the mail server.
    port
        25, 587 (with STARTTLS) or 465 (with TLS) as a rule.
    sender
        Address that the mail comes from.
    security
        With STARTTLS and TLS the server's certificate is checked.
    user, password
        Login; None where the server wants none.
    timeout_seconds
        How long the server may be silent.
    tls
        Certificates to trust; None for those of the system.

    Raises
    ------
    InvalidRequest
        ``sender`` is not one address, or the login is not ASCII (which is all that smtplib sends).
    """

    def __init__(
        self,
        host: str,
        port: int = 25,
        *,
        sender: str,
        security: Security = Security.NONE,
        user: str | None = None,
        password: str | None = None,
        timeout_seconds: float = 10,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._sender = _address("sender", sender)
        self._security = security
        self._login = None if user is None else (user, password or "")
        if not all(text.isascii() for text in self._login or ()):
            raise InvalidRequest("user and password for the mail server must be ASCII; others cannot be sent")
        self._timeout_seconds = timeout_seconds
        self._tls = tls

    def send(self, to: str, subject: str, body: str) -> None:
        """Send one message.

        Line breaks and other control characters in the subject become spaces; an address cannot hold any.

        Raises
        ------
        InvalidRequest
            ``to`` is not one address.
        ServiceUnavailable
            The mail server did not take it.
        """
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = _address("to", to)
        message["Subject"] = "".join(c if c.isprintable() else " " for c in subject)
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = make_msgid(domain=self._sender.domain)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body.encode("utf-8", "replace").decode())
        try:
            with self._connected() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise ServiceUnavailable(f"the mail server {self._host}:{self._port} did not take a message: {_reason(error)}") from error

    def _connected(self) -> smtplib.SMTP:
        if self._security is Security.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_seconds, context=self._context())
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout_seconds)
        try:
            if self._security is Security.STARTTLS:
                server.starttls(context=self._context())
            if self._login is not None:
                server.login(*self._login)
        except BaseException:
            server.close()
            raise
        return server

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()


def _address(field: str, text: str) -> Address:
    if email_faults(text):
        raise InvalidRequest([Fault(field=field, message=f"{text[:100]!r} is not an e-mail address; give one like name@example.org")])
    return Address(addr_spec=text)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {text.decode('utf-8', 'replace')}" for code, text in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
    return str(error) or type(error).__name__
