"""The footprint service: where the survey is, its tiles and their files."""

from ..commands.footprint import add_commands
from ..footprint.hips.task import run_footprint
from ..jobs.ports import ResumableTask
from ..registry import Service
from ..web.footprint import ROUTES
from ..web.hips import HIPS_ROUTES
from . import panel_file

__all__ = ["SERVICE"]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><g fill="none">'
    '<g class="jp-icon3" stroke="#616161"><circle cx="8" cy="8" r="6.4" stroke-width="1.3"/>'
    '<path d="M1.6 8h12.8M8 1.6c-4.2 3.6-4.2 9.2 0 12.8M8 1.6c4.2 3.6 4.2 9.2 0 12.8"/></g></g></svg>'
)

SERVICE = Service(
    name="footprint",
    title="Footprint",
    description="Where the survey is: its tiles and their files, coverage maps, and whether your positions lie in it.",
    icon=_ICON,
    rank=30,
    routes=(*ROUTES, *HIPS_ROUTES),
    panel=panel_file("footprint.js"),
    style=panel_file("footprint.css"),
    task=ResumableTask(run_footprint),
    command=add_commands,
)
