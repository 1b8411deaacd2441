"""Stops labs whose time is over or that are idle: jupyterhub-idle-culler, asking the SkyDesk service about each lab.

Run by the hub as a managed service: ``python -m skydesk_hub.culler``, with the service's address in
``SKYDESK_SERVICE_URL``. Its hub token must hold ``custom:skydesk:hub`` besides what the culler itself needs.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx
from jupyterhub_idle_culler import IdleCuller
from tornado.ioloop import IOLoop, PeriodicCallback

from .service_client import ServiceClient, ServiceRefused, ServiceUnreachable

__all__ = ["Arbiter", "HubServers", "SkydeskCuller", "Verdict", "main", "verdict"]

_log = logging.getLogger("skydesk.culler")

UNKNOWN_LAB_SECONDS = 300
"""How long a lab may run that the service has no lease of, seconds."""

LAST_WORDS_SECONDS = 10
"""How long a lab goes on that an administrator ends, seconds: its page has not known of the end, and saves what is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a lab is to stop, and why."""

    stop: bool
    why: str = ""


class Servers(Protocol):
    """Tells which labs there are."""

    async def running(self) -> list[dict[str, Any]]:
        """Give every lab that starts, runs or stops, as ``hub/leases/sync`` takes it."""
        ...


def verdict(
    lease: Mapping[str, Any] | None, *, idle_seconds: float, age_seconds: float, over_seconds: float = LAST_WORDS_SECONDS
) -> Verdict:
    """Judge one lab.

    Parameters
    ----------
    lease
        Its lease, as ``hub/leases`` has it; None where there is none.
    idle_seconds
        For how long nothing has happened in it, seconds.
    age_seconds
        How long ago it was started, seconds.
    over_seconds
        How long ago its lease was to end, seconds.
    """
    if lease is None:
        return Verdict(stop=age_seconds >= UNKNOWN_LAB_SECONDS, why="it has no lease")
    if lease.get("end"):
        reason = str(lease["end"].get("reason"))
        return Verdict(stop=reason != "admin" or over_seconds >= LAST_WORDS_SECONDS, why=reason)
    return Verdict(stop=idle_seconds >= lease["idle_seconds"], why="idle")


class HubServers:
    """Asks the hub's API which labs there are.

    Parameters
    ----------
    url
        The hub's API.
    token
        A token that holds ``list:users`` and ``read:servers``; with ``admin:server_state`` nodes are told as well.
    transport
        Takes the place of the network in tests.
    """

    def __init__(self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        headers = {"Authorization": f"token {token}", "Accept": "application/jupyterhub-pagination+json"}
        self._http = httpx.AsyncClient(base_url=f"{url.rstrip('/')}/", headers=headers, timeout=60, transport=transport, trust_env=False)

    async def running(self) -> list[dict[str, Any]]:
        """Give every lab that starts, runs or stops, as ``hub/leases/sync`` takes it; all pages of the list."""
        found: list[dict[str, Any]] = []
        offset: int | None = 0
        while offset is not None:
            reply = await self._http.get("users", params={"state": "active", "offset": offset})
            reply.raise_for_status()
            page = reply.json()
            found += [_as_running(user["name"], server) for user in page["items"] for server in user["servers"].values()]
            following = page["_pagination"]["next"]
            offset = following["offset"] if following else None
        return found


def _as_running(user: str, server: Mapping[str, Any]) -> dict[str, Any]:
    node = (server.get("state") or {}).get("skydesk_node")
    return {"user": user, "server": server["name"], "last_activity": server["last_activity"], **({"node": node} if node else {})}


class Arbiter:
    """Says which labs are to stop, asking the service once in a pass.

    Parameters
    ----------
    service
        Where leases are.
    servers
        Which labs there are.
    pass_seconds
        How often the culler looks, seconds; what the service said is believed for a little less.
    clock
        Seconds that only grow.
    now
        The time of day, aware.
    """

    def __init__(
        self,
        service: ServiceClient,
        servers: Servers,
        *,
        pass_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._service, self._servers, self._pass_seconds, self._clock, self._now = service, servers, pass_seconds, clock, now
        self._lock = asyncio.Lock()
        self._asked_at: float | None = None
        self._leases: dict[tuple[str, str], dict[str, Any]] | None = None

    async def look(self) -> None:
        """Tell the service which labs there are, and ask for its leases, unless that was done a moment ago."""
        async with self._lock:
            if self._asked_at is not None and self._clock() - self._asked_at < 0.9 * self._pass_seconds:
                return
            self._asked_at, self._leases = self._clock(), None
            try:
                await self._service.sync(await self._servers.running())
                self._leases = {(lease["user"], lease["server"]): lease for lease in await self._service.leases()}
            except (ServiceRefused, ServiceUnreachable, httpx.HTTPError, KeyError, ValueError) as error:
                # what is not known is left alone; Kubernetes ends pods at their deadline without us
                _log.warning("no lab is stopped in this pass: %s", error)

    async def arbitrate(self, *, inactive: timedelta | None, server: Mapping[str, Any], **_: Any) -> bool:
        """Tell idle-culler whether a lab is to stop: its ``cull_arbiter_hook``."""
        await self.look()
        if self._leases is None:
            return False
        age = self._now() - datetime.fromisoformat(server["started"]) if server.get("started") else timedelta()
        lease = self._leases.get((user_of(server), server["name"]))
        ends_at = (lease or {}).get("ends_at")
        judged = verdict(
            lease,
            idle_seconds=(inactive or timedelta()).total_seconds(),
            age_seconds=age.total_seconds(),
            over_seconds=(self._now() - datetime.fromisoformat(ends_at)).total_seconds() if ends_at else LAST_WORDS_SECONDS,
        )
        if judged.stop and lease is not None and not lease.get("end"):
            try:
                await self._service.idle(lease["id"])
            except (ServiceRefused, ServiceUnreachable) as error:
                _log.warning("the idle lab %s is left for the next pass: %s", server["full_name"], error)
                return False
        if judged.stop:
            _log.warning("stopping the lab %s: %s", server["full_name"], judged.why)
        return judged.stop


def user_of(server: Mapping[str, Any]) -> str:
    """Name the user of a server from the hub's model of it, which has it in ``full_name`` alone."""
    full_name, name = str(server["full_name"]), str(server["name"])
    return full_name.removesuffix(f"/{name}")


class SkydeskCuller(IdleCuller):
    """idle-culler with the service's verdicts in place of one idle time for all."""

    name = "skydesk-culler"

    def start(self) -> None:
        """Look at all labs every `cull_every` seconds, for ever."""
        arbiter = Arbiter(
            ServiceClient(os.environ["SKYDESK_SERVICE_URL"], os.environ["JUPYTERHUB_API_TOKEN"]),
            HubServers(self.url, os.environ["JUPYTERHUB_API_TOKEN"]),
            pass_seconds=self.cull_every,
        )
        self.cull_arbiter_hook = arbiter.arbitrate
        # with no lab left there is nobody to judge, and yet leases to end
        IOLoop.current().add_callback(arbiter.look)
        PeriodicCallback(arbiter.look, 1000 * self.cull_every).start()
        super().start()


def main() -> None:
    """Run until stopped."""
    missing = [name for name in ("SKYDESK_SERVICE_URL", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL") if not os.environ.get(name)]
    if missing:
        sys.exit(f"skydesk culler: {', '.join(missing)} must be set, as the hub does for its managed services")
    SkydeskCuller.launch_instance()


if __name__ == "__main__":
    main()
