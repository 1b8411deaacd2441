"""Your own account in the survey's database, as a notebook deals with it: its password is asked for and never shown."""

from collections.abc import Mapping
from datetime import datetime
from getpass import getpass
from typing import Any

from .query.model import OwnAccount
from .transport import Transport

__all__ = ["AccountHandle"]


class AccountHandle:
    """As whom the database is asked for you, where people have accounts of their own there; each call raises `NotFound` where not.

    Parameters
    ----------
    transport
        What carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def stored(self) -> OwnAccount | None:
        """Tell which account is stored; None for none."""
        return self._ask("GET")

    def store(self, user: str, password: str | None = None) -> OwnAccount | None:
        """Store your account in place of the one before, encrypted, once the database has let it in.

        Parameters
        ----------
        user
            Its name in the database.
        password
            None to be asked for it, so that it stands in no notebook.

        Raises
        ------
        InvalidRequest
            The database does not let it in; nothing is changed.
        ServiceUnavailable
            The database cannot be reached; nothing is changed.
        """
        secret = getpass(f"Password of {user}: ") if password is None else password
        return self._ask("PUT", {"user": user, "password": secret})

    def forget(self) -> None:
        """Have your account forgotten."""
        self._ask("DELETE")

    def _ask(self, method: str, body: Mapping[str, Any] | None = None) -> OwnAccount | None:
        told = self._transport.request(method, "query/credentials", body).require_json()
        if told["user"] is None:
            return None
        return OwnAccount(user=told["user"], stored_at=datetime.fromisoformat(told["stored_at"]), warning=told["warning"])
