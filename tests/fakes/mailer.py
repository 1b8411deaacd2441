"""A mailer that keeps what it is given."""

from dataclasses import dataclass

from skydesk.errors import ServiceUnavailable


@dataclass(frozen=True)
class FakeMail:
    to: str
    subject: str
    body: str


class FakeMailer:
    """Keeps messages in ``sent``; refuses them while ``is_down``."""

    def __init__(self) -> None:
        self.sent: list[FakeMail] = []
        self.is_down = False

    def send(self, to: str, subject: str, body: str) -> None:
        if self.is_down:
            raise ServiceUnavailable("the mail server did not take a message")
        self.sent.append(FakeMail(to, subject, body))
