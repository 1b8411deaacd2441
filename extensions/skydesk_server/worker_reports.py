"""Takes the reports of job pods: no user's call, so no hub is asked; the token of the attempt alone lets it in."""

import json
import logging
from typing import Any

from tornado.web import RequestHandler

from skydesk.errors import InvalidRequest, NotFound, SkydeskError
from skydesk.web.errors import error_to_json, http_status
from skydesk.web.worker_reports import report_from_json, token_from_header

from .entrance import Entrance

__all__ = ["WorkerReportHandler"]

_LARGEST_BYTES = 2**20

_log = logging.getLogger("skydesk.server")


class WorkerReportHandler(RequestHandler):
    """``POST worker/{job id}/{attempt}``; see `skydesk.web.worker_reports`."""

    def initialize(self, entrance: Entrance) -> None:
        """Take what all handlers share; its services' ``worker_reports`` hears what comes."""
        self._entrance = entrance

    def check_xsrf_cookie(self) -> None:
        """No cookie lets anybody in here."""

    def set_default_headers(self) -> None:
        """A reply is data, and of no use to a page."""
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")

    async def post(self, job_id: str, attempt: str) -> None:
        """Take one report."""
        await self._entrance.run("", self._hear, job_id, attempt)
        self.finish({})

    def _hear(self, job_id: str, attempt: str) -> None:
        receiver = self._entrance.services().worker_reports
        if receiver is None:
            raise NotFound("no jobs run in pods here")
        token = token_from_header(self.request.headers.get("Authorization", ""))
        if len(self.request.body) > _LARGEST_BYTES:
            raise InvalidRequest(f"a report has at most {_LARGEST_BYTES} bytes")
        try:
            body = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest("a report is JSON") from error
        receiver.hear(report_from_json(job_id, attempt, body), token)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Errors are JSON."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        if isinstance(error, SkydeskError):
            status_code = http_status(error)
        self.set_status(status_code)
        self.finish(error_to_json(error or NotFound("refused")))

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Nothing for errors raised on purpose."""
        if not isinstance(value, SkydeskError):
            super().log_exception(typ, value, tb)
        else:
            _log.info("a worker's report was not taken: %s", value)
