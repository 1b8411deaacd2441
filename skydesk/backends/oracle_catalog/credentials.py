"""Names and passwords of people's own Oracle accounts, each in a file of its own and encrypted."""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ...errors import Fault, InvalidRequest

__all__ = ["CredentialStore", "Credentials"]

_HOW_TO_MAKE = "a key is what `Fernet.generate_key()` of Python's cryptography gives, one on each line, the newest first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """With what a person logs on. Neither its text nor any message holds the password."""

    user: str
    password: str = field(repr=False)
    stored_at: datetime
    """Aware, UTC."""


class CredentialStore:
    """Keeps credentials in a folder that the service and its jobs share.

    Each file is encrypted with the newest key (Fernet: AES-128-CBC with HMAC-SHA256) and holds the name of the person that it belongs
    to, so that it is of no use under another's name. What is written appears whole or not at all.

    Parameters
    ----------
    folder
        Where the files are; made where it is not there, for this account alone.
    key_file
        Keys, one a line, the newest first; read at every use, so that a new key needs no restart.
    """

    def __init__(self, folder: Path, key_file: Path) -> None:
        self._folder, self._key_file = folder, key_file

    def get(self, person: str) -> Credentials | None:
        """Give a person's credentials; None where there are none.

        Raises
        ------
        InvalidRequest
            The keys cannot be read, or none of them opens the file.
        """
        try:
            content = self._path(person).read_bytes()
        except FileNotFoundError:
            return None
        return _opened(MultiFernet(self._keys()), content, person)

    def put(self, person: str, user: str, password: str) -> Credentials:
        """Keep a person's credentials in place of those before; errors as in `get`."""
        credentials = Credentials(user=user, password=password, stored_at=datetime.now(UTC).replace(microsecond=0))
        value = {"person": person, "user": user, "password": password, "stored_at": credentials.stored_at.isoformat()}
        self._write(self._path(person), MultiFernet(self._keys()).encrypt(json.dumps(value).encode()))
        return credentials

    def delete(self, person: str) -> None:
        """Forget a person's credentials, where there are any."""
        self._path(person).unlink(missing_ok=True)

    def encrypt_anew(self) -> int:
        """Encrypt what is not encrypted with the newest key anew with that; older ones can then be taken out of the key file.

        Returns
        -------
        int
            How many files were encrypted anew.

        Raises
        ------
        InvalidRequest
            As in `get`; what was done until then stays done.
        """
        keys, count = self._keys(), 0
        for path in sorted(self._folder.glob("*.token")):
            content = path.read_bytes()
            if _opens(keys[0], content):
                continue
            try:
                self._write(path, MultiFernet(keys).rotate(content))
            except InvalidToken as error:
                raise _no_key_opens() from error
            count += 1
        return count

    def _path(self, person: str) -> Path:
        return self._folder / f"{hashlib.sha256(person.encode()).hexdigest()}.token"

    def _keys(self) -> list[Fernet]:
        try:
            lines: Sequence[str] = self._key_file.read_text().split()
        except OSError as error:
            raise _wrong_keys(f"cannot be read: {error.strerror}; {_HOW_TO_MAKE}") from error
        if not lines:
            raise _wrong_keys(f"is empty; {_HOW_TO_MAKE}")
        try:
            return [Fernet(line) for line in lines]
        except ValueError as error:
            raise _wrong_keys(f"holds what is no key; {_HOW_TO_MAKE}") from error

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder)  # readable by this account alone
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _opens(key: Fernet, content: bytes) -> bool:
    try:
        key.decrypt(content)
    except InvalidToken:
        return False
    return True


def _opened(keys: MultiFernet, content: bytes, person: str) -> Credentials:
    try:
        value = json.loads(keys.decrypt(content))
    except InvalidToken as error:
        raise _no_key_opens() from error
    if value["person"] != person:
        raise _no_key_opens()
    return Credentials(user=value["user"], password=value["password"], stored_at=datetime.fromisoformat(value["stored_at"]))


def _no_key_opens() -> InvalidRequest:
    return _wrong_keys("opens not all that is stored; put the key back that was in it, or have the password stored again")


def _wrong_keys(message: str) -> InvalidRequest:
    return InvalidRequest([Fault(field="oracle_credentials_key_file", message=message)])
