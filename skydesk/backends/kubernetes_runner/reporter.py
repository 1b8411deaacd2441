"""How a pod tells the service what it does."""

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx

from ...errors import Conflict, ServiceUnavailable

__all__ = ["Reporter"]

_log = logging.getLogger(__name__)

_CALL_SECONDS = 10
_PAUSE_SECONDS = 0.5
_PROGRESS_SECONDS = 1
_REFUSED = frozenset({401, 403, 404, 409, 410})


class Reporter:
    """Tells the service of one attempt at a job.

    Parameters
    ----------
    url, token
        As the pod was given them.
    pod_uid
        Which pod this is.
    pause_seconds
        Between tries, where the service does not answer.
    """

    def __init__(self, url: str, token: str, *, pod_uid: str, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._url = url
        self._pod_uid = pod_uid
        self._pause_seconds = pause_seconds
        self._client = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=_CALL_SECONDS, trust_env=False)
        self._condition = threading.Condition()
        self._unsent: Mapping[str, Any] | None = None
        self._closed = False
        self._sender = threading.Thread(target=self._send_progress, name="skydesk-reporter", daemon=True)

    def started(self, patience_seconds: float) -> None:
        """Ask whether the work may begin.

        Raises
        ------
        Conflict
            It may not: this attempt is not the one that counts.
        ServiceUnavailable
            Nobody has answered for so long.
        """
        self._tell({"kind": "started"}, patience_seconds)
        self._sender.start()

    def progress(self, message: Mapping[str, Any]) -> None:
        """Tell how far the work has come: at once, in another thread, and at most once a second."""
        with self._condition:
            self._unsent = message
            self._condition.notify()

    def may_publish(self, patience_seconds: float) -> bool | None:
        """Ask whether results may be put into their place; None where nobody answers."""
        try:
            self._tell({"kind": "publishing"}, patience_seconds)
        except Conflict:
            return False
        except ServiceUnavailable as error:
            _log.warning("it cannot be asked whether to publish: %s", error)
            return None
        return True

    def end(self, end: Mapping[str, Any], patience_seconds: float) -> None:
        """Tell how the work ended; the service learns it from the pod itself where it does not hear this."""
        with self._condition:
            self._closed = True
            self._unsent = None
            self._condition.notify()
        try:
            self._tell({"kind": "end", "end": end}, patience_seconds)
        except (Conflict, ServiceUnavailable) as error:
            _log.warning("the end was not taken: %s", error)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _tell(self, message: Mapping[str, Any], patience_seconds: float) -> None:
        deadline = time.monotonic() + patience_seconds
        while True:
            problem = self._try_to_tell(message)
            if problem is None:
                return
            if time.monotonic() + self._pause_seconds > deadline:
                raise ServiceUnavailable(f"the service at {self._url} does not answer: {problem}")
            time.sleep(self._pause_seconds)

    def _try_to_tell(self, message: Mapping[str, Any]) -> str | None:
        """What keeps the service from hearing this; None when it has."""
        try:
            answer = self._client.post(self._url, json={**message, "pod": self._pod_uid})
        except httpx.HTTPError as error:
            return str(error) or type(error).__name__
        if answer.status_code in _REFUSED:
            raise Conflict(f"the service does not want to hear of this attempt any more ({answer.status_code}): {answer.text[:500]}")
        return None if answer.is_success else f"HTTP status {answer.status_code}"

    def _send_progress(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._closed or self._unsent is not None)
                message, self._unsent = self._unsent, None
            if message is None:
                return
            try:
                problem = self._try_to_tell(message)
            except Conflict as error:
                problem = str(error)
            if problem is not None:
                _log.info("progress was not told: %s", problem)
            with self._condition:
                if self._condition.wait_for(lambda: self._closed, _PROGRESS_SECONDS):
                    return
