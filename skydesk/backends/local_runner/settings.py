"""What a worker process must know to open its services."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["WorkerSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What a worker process must know; travels to it over a pipe, never by the command line or the environment."""

    jobs_root: str
    """Folder of the jobs' folders."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """What the factory of the services is called with; JSON values."""

    services: str = "skydesk.wiring:worker_services"
    """``module:function``; ``function(options)`` opens the services that tasks are given."""

    tasks: str = "skydesk.worker:registered_tasks"
    """``module:function``; ``function()`` gives the task of each job type."""

    preload: tuple[str, ...] = (
        "numpy",
        "pandas",
        "pyarrow.parquet",
        "duckdb",
        "h5py",
        "astropy.table",
        "astropy.io.fits",
        "skydesk.survey",
        "skydesk.backends.duckdb_catalog",
        "skydesk.backends.writers",
        "skydesk.wiring:preload_cutouts",
    )
    """Modules that are imported once, before workers are forked, and functions that are called then; those not installed are left out.

    What a task imports here it need not import in every worker. None of them may start a thread that does work.
    """

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "WorkerSettings":
        """The settings that `to_json` gave."""
        return cls(**{**value, "preload": tuple(value["preload"])})
