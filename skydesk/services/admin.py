"""The administrators' service: labs, queues, GPU-hours, jobs and messages of all users."""

from ..access import ADMIN
from ..registry import Service
from ..web.admin import ROUTES

__all__ = ["SERVICE"]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161">'
    '<path d="M8 .8 2 3v4.4c0 3.5 2.5 6.6 6 7.8 3.5-1.2 6-4.3 6-7.8V3z'
    'm0 1.6 4.5 1.7v3.3c0 2.7-1.8 5.1-4.5 6.2-2.7-1.1-4.5-3.5-4.5-6.2V4.1z"/>'
    '<path d="m7.2 10.6-2.4-2.4 1-1 1.4 1.4 3-3 1 1z"/></g></svg>'
)

SERVICE = Service(
    name=ADMIN,
    title="Administration",
    description="Look after the labs, queues, GPU-hours and jobs of others.",
    icon=_ICON,
    rank=90,
    routes=ROUTES,
)
