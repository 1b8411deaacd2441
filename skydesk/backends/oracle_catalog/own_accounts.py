"""People's own Oracle accounts: stored once they let somebody in, told of without their passwords, forgotten on wish."""

import oracledb

from ...errors import Fault, InvalidRequest, SkydeskError
from ...query.model import OwnAccount
from .account import Identity, require_user_name
from .calls import Caller, Deadline
from .codes import OWN_ACCOUNT, Kind
from .credentials import Credentials, CredentialStore
from .failures import as_skydesk_error, code_of, kind_of
from .sessions import Sessions

__all__ = ["OwnAccounts"]

_LONGEST_PASSWORD = 1024
_SECONDS = 20.0


class OwnAccounts:
    """Keeps people's own accounts.

    Parameters
    ----------
    sessions
        Logs on with them.
    """

    def __init__(self, store: CredentialStore, sessions: Sessions) -> None:
        self._store, self._sessions = store, sessions

    def get(self, person: str) -> OwnAccount | None:
        """Tell of a person's account; None where none is stored."""
        found = self._store.get(person)
        return None if found is None else _told(found)

    def keep(self, person: str, user: str, password: str) -> OwnAccount:
        """Log on once and store what let us in; see `KeepsAccounts.keep_account`."""
        faults = require_user_name(user, "user")
        if not 0 < len(password) <= _LONGEST_PASSWORD:
            faults.append(Fault(field="password", message=f"must have 1 to {_LONGEST_PASSWORD} characters"))
        if faults:
            raise InvalidRequest(faults)
        warning = self._try(Identity(key="", login=user, password=lambda: password, person=person))
        kept = self._store.put(person, user, password)
        self._sessions.forget(person)
        return _told(kept, warning)

    def forget(self, person: str) -> None:
        """Forget a person's account, and close its sessions."""
        self._store.delete(person)
        self._sessions.forget(person)

    def _try(self, identity: Identity) -> str:
        caller = Caller()
        try:
            return caller.call(lambda: self._sessions.try_to_log_on(identity), Deadline(_SECONDS))
        except oracledb.Error as error:
            raise _refusal(error) from None  # the driver's error stays out of it
        finally:
            caller.leave()


def _refusal(error: oracledb.Error) -> SkydeskError:
    code = code_of(error)
    if kind_of(error) is not Kind.LOGIN or code not in OWN_ACCOUNT:
        return as_skydesk_error(error)
    return InvalidRequest([Fault(field="password" if code == "ORA-01017" else "user", message=f"{OWN_ACCOUNT[code]} ({code})")])


def _told(credentials: Credentials, warning: str = "") -> OwnAccount:
    words = f"{OWN_ACCOUNT[warning]} ({warning})" if warning in OWN_ACCOUNT else None
    return OwnAccount(user=credentials.user, stored_at=credentials.stored_at, warning=words)
