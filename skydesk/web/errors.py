"""The one place where errors become HTTP."""

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from .. import errors as e

__all__ = ["error_from_json", "error_to_json", "http_status"]

_STATUS: dict[type[BaseException], int] = {
    e.UsageError: 400,
    e.Unauthenticated: 401,
    e.NotAllowed: 403,
    e.NotFound: 404,
    e.Conflict: 409,
    e.Cancelled: 409,
    e.LimitExceeded: 429,
    e.ServiceUnavailable: 503,
    e.DeadlineExceeded: 504,
}

_log = logging.getLogger("skydesk.web")


def http_status(error: BaseException) -> int:
    """The HTTP status (RFC 9110) for an error: that of its nearest listed ancestor."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def error_to_json(error: BaseException, error_id: str | None = None) -> dict[str, Any]:
    """``{"error": {code, message, detail, id}}``; what is not ours is logged and shown as an internal error."""
    error_id = error_id or uuid.uuid4().hex[:12]
    if isinstance(error, e.SkydeskError):
        return {"error": {"code": error.code, "message": str(error), "detail": error.detail, "id": error_id}}
    _log.error("internal error %s", error_id, exc_info=error)
    message = f"internal error; the operator finds it in the log as {error_id}"
    return {"error": {"code": e.InternalError.code, "message": message, "detail": {}, "id": error_id}}


def error_from_json(status: int, body: Any) -> e.SkydeskError:
    """The error that `error_to_json` was given, as far as its form tells; for clients of the API."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return e.ServiceUnavailable(f"the SkyDesk service answered with HTTP status {status} and no reason")
    message, detail = str(error.get("message", "")), error.get("detail") or {}
    kind = _KINDS.get(str(error.get("code")), e.InternalError)
    if issubclass(kind, e.InvalidQuery):
        return kind(message, **{key: detail.get(key) for key in ("line", "column", "length", "hint")})
    if issubclass(kind, e.Queued):
        return kind(message, **{key: detail[key] for key in ("profile", "place", "length", "estimate_seconds") if key in detail})
    if issubclass(kind, e.InvalidRequest | e.InvalidSurvey) and detail.get("faults"):
        return kind(e.Fault(**fault) for fault in detail["faults"])
    return kind(message)


def _all_kinds(kind: type[e.SkydeskError]) -> dict[str, type[e.SkydeskError]]:
    found = {kind.code: kind}
    for child in kind.__subclasses__():
        found |= {code: each for code, each in _all_kinds(child).items() if code not in found}
    return found


_KINDS = _all_kinds(e.SkydeskError) | {e.InternalError.code: e.InternalError}
