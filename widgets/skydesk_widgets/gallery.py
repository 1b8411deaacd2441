"""The gallery of a cutout job in a notebook."""

from pathlib import Path
from typing import Any

import traitlets as t

from skydesk.client import JobHandle, SkyDesk

from .panel import Panel

__all__ = ["Gallery"]

_STATIC = Path(__file__).parent / "static"


class Gallery(Panel):
    """The images of a cutout job, and what became of each position; they come in while the job runs.

    Parameters
    ----------
    job
        The job, or its id; empty for none yet.
    sky
        The connection to use; None to take the job's, or to `skydesk.connect` where an id is given.
    **traits
        First values of the panel's traits.
    """

    _esm = _STATIC / "gallery.js"
    _css = _STATIC / "gallery.css"

    job_id = t.Unicode(help="Id of the job whose images are shown; set it to show another's.").tag(sync=True)

    def __init__(self, job: JobHandle | str = "", sky: SkyDesk | None = None, **traits: Any) -> None:
        if isinstance(job, JobHandle) and sky is None:
            sky = SkyDesk(job.transport)
        super().__init__(sky, job_id=job if isinstance(job, str) else job.id, **traits)

    @property
    def job(self) -> JobHandle | None:
        """The job whose images are shown."""
        return self.sky.job(self.job_id) if self.job_id else None
