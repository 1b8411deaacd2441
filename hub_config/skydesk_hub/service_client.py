"""The hub's calls to the SkyDesk service: what is open to a user, and leases of labs."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx

__all__ = ["ServiceClient", "ServiceRefused", "ServiceUnreachable", "shared_client"]

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5


class ServiceRefused(Exception):
    """The service answered with an error.

    Parameters
    ----------
    status
        The HTTP status.
    code
        The error's code: ``not_allowed``, ``queued``, ``limit_exceeded``.
    message
        What a person may read.
    detail
        What else the service said.
    """

    def __init__(self, status: int, code: str, message: str, detail: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.detail = status, code, message, detail


class ServiceUnreachable(Exception):
    """The service did not answer, or not with what was agreed."""


class ServiceClient:
    """Asks the service in the hub's name.

    Parameters
    ----------
    url
        Where the service is: ``http://127.0.0.1:10180/services/skydesk``.
    token
        Token of a hub service that holds the scope ``custom:skydesk:hub``.
    timeout_seconds
        How long one answer may take, seconds.
    transport
        Takes the place of the network in tests.
    """

    def __init__(self, url: str, token: str, *, timeout_seconds: float = 10, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/skydesk/api/",
            headers={"Authorization": f"token {token}"},
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=10),
            transport=transport,
            trust_env=False,
        )

    async def profiles(self, user: str, groups: Iterable[str]) -> dict[str, Any]:
        """Give the lab profiles that some groups grant, why the user's last lab ended, and messages to them.

        Raises
        ------
        ServiceRefused, ServiceUnreachable
            As every call.
        """
        return await self._call("GET", "hub/profiles", params={"user": user, "groups": ",".join(groups)})

    async def admit(self, user: str, groups: Iterable[str], server: str, profile: str) -> dict[str, Any]:
        """Take a lease for a lab that is about to start.

        Not tried again where no answer came: a second try would find the lease of the first.

        Returns
        -------
        dict[str, Any]
            The lease, with ``longest_end_at``.
        """
        return await self._call("POST", "hub/leases", json={"user": user, "groups": list(groups), "server": server, "profile": profile})

    async def started(self, lease_id: str, deadline_at: datetime | None = None) -> None:
        """Say that the lab of a lease runs, and when the cluster ends it by itself; None where nothing does."""
        body = {} if deadline_at is None else {"deadline_at": deadline_at.isoformat()}
        await self._told(f"hub/leases/{quote(lease_id, safe='')}/started", body)

    async def ended(self, lease_id: str, reason: str, message: str) -> None:
        """Say that the lab of a lease has ended, and why."""
        await self._told(f"hub/leases/{quote(lease_id, safe='')}/ended", {"reason": reason, "message": message})

    async def idle(self, lease_id: str) -> None:
        """Say that the lab of a lease is being stopped since nothing happens in it."""
        await self._told(f"hub/leases/{quote(lease_id, safe='')}/idle", {})

    async def leases(self) -> list[dict[str, Any]]:
        """Give the leases of labs that start or run."""
        return list((await self._call("GET", "hub/leases"))["leases"])

    async def sync(self, running: Iterable[Mapping[str, Any]]) -> None:
        """Say which labs there are, by ``user`` and ``server``; leases of others end as lost.

        ``last_activity`` and ``node`` of each are shown to administrators.
        """
        await self._call("POST", "hub/leases/sync", json={"running": [*running]})

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _told(self, path: str, body: Mapping[str, Any]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._call("POST", path, json=body)
                return
            except ServiceUnreachable:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS * attempt)

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            reply = await self._http.request(method, path, **options)
            body = reply.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceUnreachable(f"{method} {path}: {error or type(error).__name__}") from error
        if not isinstance(body, dict):
            raise ServiceUnreachable(f"{method} {path}: status {reply.status_code} without a JSON object")
        if reply.is_success:
            return body
        told = body.get("error")
        if reply.status_code >= 500 or reply.status_code == 401 or not isinstance(told, dict):
            raise ServiceUnreachable(f"{method} {path}: status {reply.status_code}: {str(body)[:300]}")
        raise ServiceRefused(reply.status_code, str(told.get("code")), str(told.get("message")), told.get("detail") or {})


@cache
def shared_client(url: str, token: str, timeout_seconds: float) -> ServiceClient:
    """Give the one client of this process for an address and a token."""
    return ServiceClient(url, token, timeout_seconds=timeout_seconds)
