"""Structured logs: one JSON object a line, each with the id of the request that it belongs to."""

import json
import logging
import re
import sys
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

__all__ = ["JsonFormatter", "current_request_id", "log_as_json", "request_id_from"]

current_request_id: ContextVar[str | None] = ContextVar("skydesk_request_id", default=None)
"""Id of the request that this task or thread works for."""

_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{5,62}[A-Za-z0-9]")


def request_id_from(header: str | None) -> str:
    """The id that a client or a proxy gave in ``X-Request-ID``, or a new one where that is missing or strange."""
    return header if header and _SANE_ID.fullmatch(header) else uuid.uuid4().hex[:16]


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object; what is in ``record.fields`` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id.get():
            line["request_id"] = request_id
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_as_json(level: Any = logging.INFO) -> None:
    """Send everything that the process logs to standard error, as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for name in ("tornado.access", "tornado.application", "tornado.general"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
