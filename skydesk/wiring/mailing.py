"""Opens what sends mails."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Fault, InvalidRequest
from ..settings import SkydeskSettings

if TYPE_CHECKING:
    from ..jobs.ports import Mailer

__all__ = ["open_mailer"]


def open_mailer(settings: SkydeskSettings) -> "Mailer | None":
    """Make what sends mails; None where no server is set."""
    if not settings.smtp_host:
        return None
    from ..backends.mail import Security, SmtpMailer

    if not settings.mail_from:
        raise InvalidRequest([Fault(field="mail_from", message="is empty, but smtp_host is set; give the address that mails come from")])
    return SmtpMailer(
        settings.smtp_host,
        settings.smtp_port,
        sender=settings.mail_from,
        security=Security(settings.smtp_security),
        user=settings.smtp_user or None,
        password=_secret(settings.smtp_password_file) if settings.smtp_user else None,
    )


def _secret(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise InvalidRequest([Fault(field="smtp_password_file", message=f"{file!r} cannot be read: {error.strerror}")]) from error
