"""The Cutouts panel in a notebook."""

from pathlib import Path

import traitlets as t

from skydesk.client import JobHandle

from .panel import Panel

__all__ = ["CutoutPanel"]

_STATIC = Path(__file__).parent / "static"


class CutoutPanel(Panel):
    """Give positions, see what is wrong with them, choose what is cut, and submit it as a job."""

    _esm = _STATIC / "cutout.js"
    _css = _STATIC / "cutout.css"

    positions_text = t.Unicode(help="The text in the field: coordinates, ids or names, one a line, or a table with a header.").tag(
        sync=True
    )
    job_id = t.Unicode(help="Id of the job that was submitted last; empty before the first. May be observed.").tag(sync=True)

    @property
    def job(self) -> JobHandle | None:
        """The job that was submitted last."""
        return self.sky.job(self.job_id) if self.job_id else None
