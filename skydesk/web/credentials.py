"""``query/credentials``: a person's own account in the database; its password comes in and never goes out."""

from typing import Any

from ..query.model import OwnAccount
from .fields import Fields
from .http import Call, JsonReply, Route
from .times import time_to_json

__all__ = ["CREDENTIALS_ROUTES"]


def _get(call: Call) -> JsonReply:
    return JsonReply(value=_to_json(call.services.queries.accounts().account_of(call.user.name)))


def _put(call: Call) -> JsonReply:
    fields = Fields(call.json)
    user, password = fields.text("user"), fields.text("password")
    fields.finish()
    return JsonReply(value=_to_json(call.services.queries.accounts().keep_account(call.user.name, user, password)))


def _delete(call: Call) -> JsonReply:
    call.services.queries.accounts().forget_account(call.user.name)
    return JsonReply(value=_to_json(None))


def _to_json(account: OwnAccount | None) -> dict[str, Any]:
    if account is None:
        return {"user": None, "stored_at": None, "warning": None}
    return {"user": account.user, "stored_at": time_to_json(account.stored_at), "warning": account.warning}


CREDENTIALS_ROUTES = tuple(
    Route(method=method, path="query/credentials", handle=handle, service="query")
    for method, handle in (("GET", _get), ("PUT", _put), ("DELETE", _delete))
)
"""404 where the catalogue is not asked with accounts of people's own."""
