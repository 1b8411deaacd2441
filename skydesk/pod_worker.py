"""What a pod of a job runs: ``python -m skydesk.pod_worker REQUEST POD_UID [LAST_WORDS]``.

It reads the request, carries it out and says how it ended. The end goes to the service and into the pod's termination message, from which
it is read where the service did not hear it.
"""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .backends.job_folders import LocalJobFolders
from .backends.kubernetes_runner.reporter import Reporter
from .backends.kubernetes_runner.request import PodRequest, read_request
from .backends.kubernetes_runner.verdict import UNHEARD_STATUS
from .backends.local_runner.limits import core_count, hold_to
from .backends.local_runner.verdict import Stop, too_slow
from .errors import Conflict, ServiceUnavailable, SkydeskError
from .jobs.model import JobError, Phase
from .query.model import Cancellation
from .worker import GRACE_SECONDS, STOP_REASONS, Execution, resolve, tasks_of

__all__ = ["PodWorker", "main"]

_log = logging.getLogger(__name__)

_START_PATIENCE_SECONDS = 300
_PUBLISH_PATIENCE_SECONDS = 15
_FAILURE_PATIENCE_SECONDS = 3
_END_PATIENCE_SECONDS = 15
_LAST_WORDS_SECONDS = 5
_LONGEST_LAST_WORDS_BYTES = 4000
"""The cluster keeps 4096 bytes of a termination message."""

_TERMINATION_MESSAGE = Path("/dev/termination-log")
_FAILED_STATUS = 1


class PodWorker:
    """Carries one request out.

    Parameters
    ----------
    last_words
        Where the end is written for the cluster to keep.
    """

    def __init__(self, request: PodRequest, reporter: Reporter, *, last_words: Path = _TERMINATION_MESSAGE) -> None:
        self._request = request
        self._reporter = reporter
        self._last_words = last_words
        self._cancellation = Cancellation()
        self._is_too_late = False
        self._interrupted = False

    def run(self) -> int:
        """Do it, and give the exit status: 0 whenever it is known how the job ended."""
        job = self._request.job
        signal.signal(signal.SIGTERM, self._hear_sigterm)
        try:
            self._reporter.started(_START_PATIENCE_SECONDS)
        except (Conflict, ServiceUnavailable) as error:
            _log.error("attempt %d at job %s is not begun: %s", job.attempt, job.id, error)
            return UNHEARD_STATUS
        try:
            services = resolve(self._request.worker.services)(self._request.worker.options)
            task = tasks_of(self._request.worker).get(job.type)
        except Exception as error:
            _log.exception("the services of the worker cannot be opened")
            self._leave(f"the services of the worker cannot be opened: {type(error).__name__}: {error}".encode(errors="replace"))
            return _FAILED_STATUS
        timer = threading.Timer(job.limit_seconds, self._be_too_late)
        timer.daemon = True
        timer.start()
        hold_to(
            memory_bytes=job.memory_bytes,
            cpu_seconds=job.limit_seconds * core_count() + GRACE_SECONDS,
            wall_seconds=job.limit_seconds + GRACE_SECONDS,
        )
        folders = LocalJobFolders(Path(self._request.worker.jobs_root))
        execution = Execution(job, folders, self._cancellation, self._reporter.progress, may_publish=self._may_publish)
        self._tell_end(execution.carry_out(services, task))
        return 0

    def _may_publish(self, failed: bool) -> bool:
        """Ask before anything is put into the job's place. Without an answer results are, and what is left of a failure is not."""
        if failed and self._interrupted:
            return False
        answer = self._reporter.may_publish(_FAILURE_PATIENCE_SECONDS if failed else _PUBLISH_PATIENCE_SECONDS)
        return not failed if answer is None else answer

    def _tell_end(self, outcome: Mapping[str, Any]) -> None:
        aborted = outcome["phase"] is Phase.ABORTED
        error = asdict(too_slow(self._request.job)) if aborted and self._is_too_late else outcome["error"]
        end = {"kind": "end", **outcome, "error": error, "interrupted": aborted and self._interrupted and not self._is_too_late}
        if not end["interrupted"]:
            self._leave(_last_words({**end, "traceback": None}))
        self._reporter.end(end, _LAST_WORDS_SECONDS if self._interrupted else _END_PATIENCE_SECONDS)

    def _leave(self, words: bytes) -> None:
        """Write what the cluster is to keep of this pod."""
        try:
            self._last_words.write_bytes(words[:_LONGEST_LAST_WORDS_BYTES])
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._last_words, error)

    def _be_too_late(self) -> None:
        self._is_too_late = True
        self._cancellation.cancel(STOP_REASONS[Stop.DEADLINE])

    def _hear_sigterm(self, *_: object) -> None:
        # A handler runs between two instructions of the main thread, which may hold the cancellation's lock: not from here, then.
        self._interrupted = True
        threading.Thread(target=self._cancellation.cancel, args=("stopped on the cluster",), daemon=True).start()


def main() -> None:
    """Carry out the request in the file that the command line names first, as the pod of the uid that it names next."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    file, pod_uid, *rest = sys.argv[1:]
    try:
        request = read_request(Path(file))
    except SkydeskError as error:
        sys.exit(str(error))
    reporter = Reporter(request.report_url, request.token, pod_uid=pod_uid)
    status = PodWorker(request, reporter, last_words=Path(rest[0]) if rest else _TERMINATION_MESSAGE).run()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(status)  # some extension modules complain of an orderly end


def _last_words(end: Mapping[str, Any]) -> bytes:
    words = json.dumps(end).encode()
    if len(words) <= _LONGEST_LAST_WORDS_BYTES or end["error"] is None:
        return words
    message = str(end["error"]["message"])[: _LONGEST_LAST_WORDS_BYTES // 12]
    return json.dumps({**end, "error": asdict(JobError(code=end["error"]["code"], message=f"{message}…"))}).encode()


if __name__ == "__main__":
    main()
