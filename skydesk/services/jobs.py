"""The jobs service: follow what runs, and get at what it wrote."""

from ..commands.jobs import add_commands
from ..registry import Service
from ..web.jobs import ROUTES
from . import panel_file

__all__ = ["SERVICE"]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161">'
    '<path d="M1 2.5 2 1.5l1 1 2-2 1 1-3 3zM7 2h8v1.5H7zM1 7.5l1-1 1 1 2-2 1 1-3 3z"/>'
    '<path d="M7 7h8v1.5H7zM2 11.5h2.5V14H2zM7 12h8v1.5H7z"/></g></svg>'
)

SERVICE = Service(
    name="jobs",
    title="Jobs",
    description="Follow your jobs: progress, logs, result files, renewal before they expire.",
    icon=_ICON,
    rank=40,
    routes=ROUTES,
    panel=panel_file("jobs.js"),
    style=panel_file("jobs.css"),
    command=add_commands,
)
