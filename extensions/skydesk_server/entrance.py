"""What all handlers of one server share: routes, services, threads, and what is going on."""

import asyncio
import contextvars
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from skydesk.errors import NotFound, ServiceUnavailable
from skydesk.query.model import Cancellation
from skydesk.registry import all_routes, all_services
from skydesk.web.http import Route, find_route
from skydesk.wiring import Services

from .metrics import Metrics

__all__ = ["MAX_BODY_BYTES", "Entrance", "MethodNotAllowed"]

MAX_BODY_BYTES = 2 * 2**20
"""Most bytes of a call's body where no route says otherwise."""

_THREADS_OF_A_SERVICE = 32
_THREADS_OF_EVENTS = 1000

P = ParamSpec("P")
T = TypeVar("T")


class MethodNotAllowed(NotFound):
    """The path is known, but not with this method."""

    code = "method_not_allowed"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{method} is not for this path; it takes {', '.join(allowed)}")
        self.allowed = tuple(allowed)


class Entrance:
    """Routes of all installed services, and the threads that carry them out.

    Every service has threads of its own, so that one whose calls take long does not hold up another. Event streams have
    theirs, since each keeps one busy as long as somebody listens.

    Parameters
    ----------
    services
        Gives the services; raises `ServiceUnavailable` while they are being made.
    routes
        Those of all installed services where it is None.
    """

    def __init__(self, services: Callable[[], Services], *, routes: Sequence[Route] | None = None) -> None:
        self.services = services
        self.routes = all_routes() if routes is None else tuple(routes)
        self.installed = tuple(service.name for service in all_services())
        self.metrics = Metrics()
        self._pools = {
            name: ThreadPoolExecutor(_THREADS_OF_A_SERVICE, thread_name_prefix=f"skydesk-{name or 'all'}")
            for name in {route.service for route in self.routes} | {""}
        }
        self._events = ThreadPoolExecutor(_THREADS_OF_EVENTS, thread_name_prefix="skydesk-events")
        self._live: set[Cancellation] = set()
        self._stopped = False

    def route(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """The route for a call, and its path's arguments, still percent-encoded.

        Raises
        ------
        NotFound
            No route has such a path.
        MethodNotAllowed
            One has, but for other methods.
        """
        if (found := find_route(self.routes, method, path)) is not None:
            return found
        if methods := sorted({route.method for route in self.routes if route.match(path) is not None}):
            raise MethodNotAllowed(method, methods)
        raise NotFound(f"there is nothing at {path[:200]!r}")

    def max_body_bytes(self, method: str, path: str) -> int:
        """Most bytes of the body of a call, whether there is a route for it or not."""
        found = find_route(self.routes, method, path)
        return MAX_BODY_BYTES if found is None else found[0].max_body_bytes

    async def run(self, service: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a blocking function in one of a service's threads, with this task's request id."""
        return await self._in(self._pools[service], function, *args, **kwargs)

    async def run_events(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function that waits for events."""
        return await self._in(self._events, function, *args, **kwargs)

    @contextmanager
    def live(self, cancellation: Cancellation) -> Iterator[None]:
        """Count a call as going on: `stop` cancels it."""
        if self._stopped:
            raise ServiceUnavailable("skydesk is stopping; ask again in a moment")
        self._live.add(cancellation)
        try:
            yield
        finally:
            self._live.discard(cancellation)

    @property
    def live_count(self) -> int:
        """Number of calls going on."""
        return len(self._live)

    def stop(self) -> None:
        """Cancel what is going on and take no more calls; returns at once."""
        self._stopped = True
        for cancellation in tuple(self._live):
            cancellation.cancel("skydesk is stopping")

    def close(self) -> None:
        """Let the threads end; for when no call is going on any more."""
        for pool in (*self._pools.values(), self._events):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _in(self, pool: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(function, *args, **kwargs))
