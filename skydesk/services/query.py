"""The query service: ask the catalogue."""

from ..commands.query import add_commands
from ..query.task import run_query
from ..registry import Service
from ..web.query import ROUTES
from . import panel_file

__all__ = ["SERVICE"]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161">'
    '<ellipse cx="7" cy="3.5" rx="5.5" ry="2"/>'
    '<path d="M1.5 5.2C2.6 6.1 4.6 6.7 7 6.7s4.4-.6 5.5-1.5v2.6a4.5 4.5 0 0 0-5.4 2.1C4 9.9 1.5 9 1.5 8z"/>'
    '<path d="M1.5 9.7c1.1.9 2.9 1.5 5.2 1.5a4.5 4.5 0 0 0 .7 2.3c-3.2 0-5.9-.9-5.9-2z"/>'
    '<path d="M11 8.7a3 3 0 1 0 1.5 5.6l1.3 1.3 1-1-1.3-1.3A3 3 0 0 0 11 8.7zm0 1.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2z"/></g></svg>'
)

SERVICE = Service(
    name="query",
    title="Query",
    description="Ask the survey's catalogue in SQL: at once for a first look, or as a job for all rows.",
    icon=_ICON,
    rank=10,
    routes=ROUTES,
    panel=panel_file("query.js"),
    style=panel_file("query.css"),
    task=run_query,
    command=add_commands,
)
