"""As whom, and where, the catalogue logs on."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import Fault, InvalidRequest

__all__ = ["Account"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$#]{0,127}")


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

    def __post_init__(self) -> None:
        faults = []
        if not self.dsn.strip():
            faults.append(Fault(field="oracle_dsn", message="is empty; give host:port/service"))
        faults += [
            Fault(field=name, message=f"must be letters, digits, _, $ or # and begin with a letter, got {value!r}")
            for name, value in (("oracle_user", self.user), ("oracle_schema", self.schema or "X"))
            if not _NAME.fullmatch(value)
        ]
        if faults:
            raise InvalidRequest(faults)

    @property
    def owner(self) -> str:
        """Owner of the tables, upper case."""
        return (self.schema or self.user).upper()

    def login(self, person: str) -> str:
        """Give the name to log on with; ``person`` is the one who asks, empty for the service itself."""
        return f"{self.user}[{person}]" if self.proxy and person else self.user

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
