"""As whom, and where, the catalogue logs on."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import Fault, InvalidRequest, NotAllowed
from .credentials import CredentialStore

__all__ = ["Account", "Identity", "require_user_name"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$#]{0,127}")
_SALT = secrets.token_bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """As whom one session logs on."""

    key: str
    """Differs wherever name or password do; holds no password."""

    login: str
    password: Callable[[], str] = field(repr=False, compare=False)
    person: str = ""
    """Whose own account it is; empty for the service's, also where that acts for a person."""


def require_user_name(user: str, name: str) -> list[Fault]:
    """Give what is wrong with the name of an Oracle user; ``name`` is the field that holds it."""
    if _NAME.fullmatch(user):
        return []
    return [Fault(field=name, message=f"must be letters, digits, _, $ or # and begin with a letter, got {user!r}")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An Oracle account. Its password stays in its file: neither this value nor its text holds it.

    Raises
    ------
    InvalidRequest
        A name is none, or something is missing; every fault is named.
    """

    dsn: str
    """``host:port/service``, a connect descriptor, or a name of tnsnames.ora."""

    user: str
    password_file: Path = field(repr=False)
    """A file with the password on one line; read whenever a pool is opened, so that a new password needs no restart."""

    schema: str = ""
    """Owner of the tables, upper case; empty for the user itself."""

    proxy: bool = False
    """True to log on as ``user[person]``, so that each person's own grants and limits hold."""

    credentials: CredentialStore | None = field(default=None, repr=False)
    """Where people's own names and passwords are, with which they log on; None where they log on through ``user``."""

    def __post_init__(self) -> None:
        faults = []
        if not self.dsn.strip():
            faults.append(Fault(field="oracle_dsn", message="is empty; give host:port/service"))
        faults += require_user_name(self.user, "oracle_user") + require_user_name(self.schema or "X", "oracle_schema")
        if faults:
            raise InvalidRequest(faults)

    @property
    def owner(self) -> str:
        """Owner of the tables, upper case."""
        return (self.schema or self.user).upper()

    def identity(self, person: str) -> Identity:
        """Tell as whom to log on; ``person`` is the one who asks, empty for the service itself.

        Raises
        ------
        NotAllowed
            People log on as themselves, and this one has no name and password stored.
        """
        if self.credentials is None or not person:
            login = f"{self.user}[{person}]" if self.proxy and person else self.user
            return Identity(key=login, login=login, password=self.password)
        own = self.credentials.get(person)
        if own is None:
            raise NotAllowed(
                "the catalogue is asked with your own Oracle account; store its name and password first: sky.account.store('name')"
            )
        key = hashlib.sha256(_SALT + f"{own.user}\0{own.password}".encode()).hexdigest()
        return Identity(key=f"{person}/{key}", login=own.user, password=lambda: own.password, person=person)

    def password(self) -> str:
        """Read the password.

        Raises
        ------
        InvalidRequest
            The file cannot be read, or is empty.
        """
        try:
            password = self.password_file.read_text().strip()
        except OSError as error:
            raise InvalidRequest([Fault(field="oracle_password_file", message=f"cannot be read: {error.strerror}")]) from error
        if not password:
            raise InvalidRequest([Fault(field="oracle_password_file", message="is empty; write the password into it, on one line")])
        return password
