import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from skydesk.backends.mail import Security, SmtpMailer
from skydesk.errors import InvalidRequest, ServiceUnavailable


class Inbox:
    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer = "250 taken"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
            self.recipients += envelope.rcpt_tos
        return self.answer


class AnyPortController(Controller):
    """Listens on a port that is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(encoding) + private)
    return path


def served(pem: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context


def trusting(pem: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pem)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def serve(inbox: Inbox) -> Iterator[Callable[..., int]]:
    controllers = []

    def start(**options: Any) -> int:
        controller = AnyPortController(inbox, hostname="127.0.0.1", port=0, **options)
        controllers.append(controller)
        controller.start()
        return controller.port

    yield start
    for controller in controllers:
        controller.stop()


def text_of(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


def test_a_message_arrives_as_it_was_written(inbox: Inbox, serve: Callable[..., int]) -> None:
    body = "line 1\n.\nné 🌌\n" + "x" * 2000
    SmtpMailer("127.0.0.1", serve(), sender="skydesk@example.org").send("ada@example.org", "M2 étoiles 🔭", body)
    (message,) = inbox.messages
    assert (message["From"], message["To"], message["Subject"]) == ("skydesk@example.org", "ada@example.org", "M2 étoiles 🔭")
    assert text_of(message) == body + "\n"
    assert message.get_content_type() == "text/plain"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"]
    assert message["Message-ID"]


@pytest.mark.parametrize("subject", ["job\r\nBcc: eve@example.org", "job\nBcc: eve@example.org\n\nbody", "a\x00b", "\ud800", "x" * 5000])
def test_a_subject_cannot_add_headers(inbox: Inbox, serve: Callable[..., int], subject: str) -> None:
    SmtpMailer("127.0.0.1", serve(), sender="skydesk@example.org").send("ada@example.org", subject, "body")
    (message,) = inbox.messages
    assert message["Bcc"] is None
    assert inbox.recipients == ["ada@example.org"]
    assert text_of(message) == "body\n"


@pytest.mark.parametrize(
    "to",
    ["", "ada", "@example.org", "ada@", "ada@example.org\r\nBcc: eve@example.org", "ada@example.org, eve@example.org", "a@b.c\x00",
     "Ada <ada@example.org>", "ada @example.org", "\ud800@example.org"],
    ids=ascii,
)  # fmt: skip
def test_what_is_not_one_address_is_refused(inbox: Inbox, serve: Callable[..., int], to: str) -> None:
    with pytest.raises(InvalidRequest, match=r"to: .*is not an e-mail address"):
        SmtpMailer("127.0.0.1", serve(), sender="skydesk@example.org").send(to, "subject", "body")
    assert inbox.messages == []


def test_the_body_may_hold_anything(inbox: Inbox, serve: Callable[..., int]) -> None:
    SmtpMailer("127.0.0.1", serve(), sender="skydesk@example.org").send("ada@example.org", "s", "a\ud800\n.\r\n<b>\x00")
    assert "<b>" in text_of(inbox.messages[0])


@pytest.mark.parametrize("answer", ["452 no room", "554 not wanted here"])
def test_a_server_that_refuses_is_quoted(inbox: Inbox, serve: Callable[..., int], answer: str) -> None:
    inbox.answer = answer
    with pytest.raises(ServiceUnavailable, match=answer):
        SmtpMailer("127.0.0.1", serve(), sender="skydesk@example.org").send("ada@example.org", "s", "b")


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        mailer = SmtpMailer("127.0.0.1", taken.getsockname()[1], sender="skydesk@example.org")
        with pytest.raises(ServiceUnavailable, match="did not take"):
            mailer.send("ada@example.org", "s", "b")


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mailer = SmtpMailer("127.0.0.1", silent.getsockname()[1], sender="skydesk@example.org", timeout_seconds=0.2)
        with pytest.raises(ServiceUnavailable, match="timed out"):
            mailer.send("ada@example.org", "s", "b")


def login(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data == LoginPassword(b"sky", b"pass"), handled=False)


@pytest.mark.parametrize(("password", "arrived"), [("pass", 1), ("wrong", 0)])
def test_starttls_and_login_are_used(inbox: Inbox, pem: Path, serve: Callable[..., int], password: str, arrived: int) -> None:
    port = serve(tls_context=served(pem), require_starttls=True, authenticator=login, auth_required=True)
    options: dict[str, Any] = {"security": Security.STARTTLS, "user": "sky", "password": password, "tls": trusting(pem)}
    mailer = SmtpMailer("127.0.0.1", port, sender="skydesk@example.org", **options)
    with nullcontext() if arrived else pytest.raises(ServiceUnavailable, match="535"):
        mailer.send("ada@example.org", "s", "b")
    assert len(inbox.messages) == arrived


def test_a_login_that_cannot_be_sent_is_refused_at_once() -> None:
    with pytest.raises(InvalidRequest, match="ASCII"):
        SmtpMailer("127.0.0.1", sender="skydesk@example.org", user="sky", password="päss")


def test_a_certificate_that_is_not_trusted_is_refused(inbox: Inbox, pem: Path, serve: Callable[..., int]) -> None:
    port = serve(tls_context=served(pem))
    mailer = SmtpMailer("127.0.0.1", port, sender="skydesk@example.org", security=Security.STARTTLS)
    with pytest.raises(ServiceUnavailable, match="certificate"):
        mailer.send("ada@example.org", "s", "b")
    assert inbox.messages == []


def test_tls_from_the_first_byte_works(inbox: Inbox, pem: Path, serve: Callable[..., int]) -> None:
    port = serve(ssl_context=served(pem))
    SmtpMailer("127.0.0.1", port, sender="skydesk@example.org", security=Security.TLS, tls=trusting(pem)).send("ada@example.org", "s", "b")
    assert len(inbox.messages) == 1
