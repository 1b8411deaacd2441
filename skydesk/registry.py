"""Services: what a noun brings to every entrance, found through the entry points of ``skydesk.services``.

A package adds a service - card, panel, routes, scope, command, task - by naming a `Service` in its own metadata::

    [project.entry-points."skydesk.services"]
    weather = "my_package.skydesk:SERVICE"
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .errors import NotFound
from .jobs.ports import Task
from .web.http import Call, Reply, Route, find_route
from .web.leases import HUB_ROUTES, LAB_ROUTES
from .web.session import SESSION_ROUTES

__all__ = ["GROUP", "Service", "all_routes", "all_services", "dispatch", "find_call"]

GROUP = "skydesk.services"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, as a card, a panel, routes, a command and a task."""

    name: str
    """Lower-case word: ``query``. Also the name of the panel, the command and the job type."""

    title: str
    """What the card and the panel are called: ``Query``."""

    description: str
    """One sentence for the card."""

    icon: str
    """An SVG document, 16 x 16, that uses ``currentColor`` or JupyterLab's icon classes."""

    rank: int = 100
    """Order of cards and panels, smallest first."""

    routes: tuple[Route, ...] = ()
    panel: Path | None = None
    """An ES module with ``export default { render({ model, el }) }``; None for a service without a panel."""

    style: Path | None = None
    """The panel's style sheet."""

    task: Task | None = None
    """What a worker runs for a job of this type; None for a service without jobs."""

    command: Callable[[Any], None] | None = None
    """``command(subparsers)`` adds a sub-command whose ``run`` default takes (arguments, client) and gives the exit status."""


@cache
def all_services() -> Sequence[Service]:
    """Every service whose entry point can be found, in order of rank."""
    found = [point.load() for point in entry_points(group=GROUP)]
    return sorted(found, key=lambda service: (service.rank, service.name))


def all_routes() -> tuple[Route, ...]:
    """The routes of every service, after those that are open to everybody and those for the hub."""
    return (*SESSION_ROUTES, *LAB_ROUTES, *HUB_ROUTES, *(route for service in all_services() for route in service.routes))


def find_call(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route that answers a call, and what its ``{names}`` matched, percent-decoded.

    Raises
    ------
    NotFound
        No service has such a route.
    """
    found = find_route(all_routes(), method, path)
    if found is None:
        raise NotFound(f"the API has no {method} {path}")
    route, arguments = found
    return route, {name: unquote(value) for name, value in arguments.items()}


def dispatch(call: Call) -> Reply:
    """Answer a call by the route that matches it, if the user's groups grant the route's service.

    Raises
    ------
    NotFound
        No service has such a route.
    NotAllowed
        The user may not use the service.
    SkydeskError
        Whatever the route itself reports.
    """
    route, arguments = find_call(call.method, call.path)
    call.user.require_service(route.service)
    return route.handle(replace(call, arguments=arguments))
