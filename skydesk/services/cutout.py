"""The cutout service: images of positions, cut from the survey's tiles."""

from ..commands.cutout import add_commands
from ..cutout.task import run_cutouts
from ..jobs.ports import ResumableTask
from ..registry import Service
from ..web import cutout, gallery
from . import panel_file

__all__ = ["SERVICE"]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161">'
    '<path d="M4 1v2H1v1.5h3V12h7.5v3H13v-3h2v-1.5H5.5V1z"/><path d="M6.5 3H13v6.500h-1.500V4.500H6.500z"/>'
    '<path d="m8.500 5.400.6 1.300 1.400.2-1 1 .2 1.400-1.200-.7-1.300.7.3-1.400-1-1 1.400-.2z"/></g></svg>'
)

SERVICE = Service(
    name="cutout",
    title="Cutouts",
    description="Cut images out of the survey: FITS files, colour pictures and finding charts of your positions.",
    icon=_ICON,
    rank=20,
    routes=cutout.ROUTES + gallery.ROUTES,
    panel=panel_file("cutout.js"),
    style=panel_file("cutout.css"),
    task=ResumableTask(run_cutouts),
    command=add_commands,
)
