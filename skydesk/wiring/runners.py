"""Opens what runs jobs."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings import SkydeskSettings
from .catalogues import catalog_options
from .places import image_cache_of, jobs_root_of

if TYPE_CHECKING:
    from ..jobs.ports import JobRunner, JobStore

__all__ = ["OnDemandRunner", "open_runner"]


def open_runner(
    settings: SkydeskSettings, store: "JobStore", folders: Any, survey_file: Path, *, on_end: Callable[[Any], None]
) -> "JobRunner":
    """Make what runs jobs: processes of this machine, or pods."""
    options = {
        "survey_file": str(survey_file.resolve()),
        "catalog": {**catalog_options(settings), "connections": 2},
        "image_cache": None if (cache := image_cache_of(settings)) is None else str(cache),
        "image_cache_bytes": settings.image_cache_bytes,
        "threads": settings.cutout_threads,
    }
    if settings.job_runner == "kubernetes":
        from ..backends.kubernetes_runner.assembly import runner_from
        from ..kubernetes_settings import KubernetesJobs

        kubernetes = KubernetesJobs(parent=settings)
        return runner_from(kubernetes, store, folders, options=options, workers=settings.workers, on_end=on_end)
    from ..backends.local_runner import LocalRunner, WorkerSettings

    return LocalRunner(
        store,
        folders,
        worker_settings=WorkerSettings(jobs_root=str(jobs_root_of(settings)), options=options),
        locks_folder=Path(settings.data_folder).resolve() / "locks",
        workers=settings.workers,
        warm=settings.warm_workers,
        on_end=on_end,
    )


class OnDemandRunner:
    """A runner that begins when it is first woken."""

    def __init__(self, runner: "JobRunner") -> None:
        self._runner = runner
        self._lock = threading.Lock()
        self._started = False

    def start(self) -> None:
        """Wait until there is a job."""

    def wake(self) -> None:
        """Begin, if that is still to be done, and look for jobs."""
        with self._lock:
            if not self._started:
                self._runner.start()
                self._started = True
        self._runner.wake()

    def cancel(self, job_id: str) -> None:
        """Stop a job."""
        self._runner.cancel(job_id)

    def stop(self, *, grace_seconds: float = 3) -> None:
        """Stop, if it has begun."""
        with self._lock:
            if self._started:
                self._runner.stop(grace_seconds=grace_seconds)
