"""The jobs panel in a notebook."""

from pathlib import Path

import traitlets as t

from skydesk.client import JobHandle

from .panel import Panel

__all__ = ["JobsPanel"]

_STATIC = Path(__file__).parent / "static"


class JobsPanel(Panel):
    """Follow and manage jobs."""

    _esm = _STATIC / "jobs.js"
    _css = _STATIC / "jobs.css"

    selected_job = t.Unicode(help="Id of the job whose details are shown; empty for none.").tag(sync=True)

    @property
    def job(self) -> JobHandle | None:
        """The selected job."""
        return self.sky.job(self.selected_job) if self.selected_job else None
