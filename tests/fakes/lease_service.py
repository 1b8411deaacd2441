"""The service's routes for the hub, with places of profiles and nothing else."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from skydesk.access import Policy
from skydesk.errors import NotAllowed

__all__ = ["FakeLeaseService"]


class FakeLeaseService:
    """Answers ``hub/*`` as the service does. ``down`` makes it fail; ``spent`` are users without GPU-hours.

    Parameters
    ----------
    policy
        Which groups grant what.
    token
        The only token that is let in.
    """

    def __init__(self, policy: Policy, *, token: str = "hub-token", now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.policy, self.token, self.now = policy, token, now
        self.down = False
        self.spent: set[str] = set()
        self.leases: dict[str, dict[str, Any]] = {}
        self.queue: list[tuple[str, str]] = []
        self.ends: list[tuple[str, str, str]] = []
        self.deadlines: dict[str, str | None] = {}
        self.synced: list[list[dict[str, str]]] = []
        self.calls: list[str] = []
        self.last_end: dict[str, Any] | None = None
        self.messages: list[dict[str, Any]] = []

    def transport(self) -> httpx.MockTransport:
        """Takes the place of the network."""
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.partition("/skydesk/api/")[2]
        self.calls.append(f"{request.method} {path}")
        if self.down:
            raise httpx.ConnectError("nobody listens", request=request)
        if request.headers.get("Authorization") != f"token {self.token}":
            return _error(401, "unauthenticated", "the token is not known here")
        body = json.loads(request.content or b"{}")
        match request.method, path.split("/"):
            case "GET", ["hub", "profiles"]:
                return self._profiles(request.url.params["user"], request.url.params["groups"].split(","))
            case "POST", ["hub", "leases"]:
                return self._admit(body)
            case "POST", ["hub", "leases", "sync"]:
                self.synced.append(body["running"])
                return httpx.Response(200, json={})
            case "POST", ["hub", "leases", lease_id, "started"]:
                self.deadlines[lease_id] = body.get("deadline_at")
                return self._started(lease_id)
            case "POST", ["hub", "leases", lease_id, "idle"]:
                if lease_id not in self.leases:
                    return _error(404, "not_found", f"there is no lease {lease_id!r}")
                self.leases[lease_id]["end"] = self.leases[lease_id]["end"] or {"reason": "idle", "message": ""}
                return httpx.Response(200, json=self.leases[lease_id])
            case "POST", ["hub", "leases", lease_id, "ended"]:
                self.ends.append((lease_id, body["reason"], body["message"]))
                self.leases.pop(lease_id, None)
                return httpx.Response(200, json={})
            case "GET", ["hub", "leases"]:
                return httpx.Response(200, json={"leases": list(self.leases.values())})
        return _error(404, "not_found", f"there is no {path}")

    def _profiles(self, user: str, groups: list[str]) -> httpx.Response:
        entries = []
        for profile in self.policy.profiles_of(groups):
            held = [lease for lease in self.leases.values() if lease["profile"] == profile.name]
            free = None if profile.holders is None else profile.holders - len(held)
            refusal = "the GPU-hours of this week are used up" if profile.gpus and user in self.spent else None
            waiting = [name for name, wanted in self.queue if wanted == profile.name]
            entries.append(
                {
                    "name": profile.name,
                    "title": profile.title,
                    "description": profile.description,
                    "allowed": refusal is None,
                    "refusal": refusal,
                    "gpus": profile.gpus,
                    "gpus_free": free * profile.gpus if profile.gpus and free is not None else None,
                    "holders": profile.holders,
                    "free": free,
                    "queue_length": len(waiting),
                    "longest_seconds": profile.longest_seconds,
                    "idle_seconds": profile.idle_seconds,
                    "gpu_hours_left": 12.5 if profile.gpus else None,
                    "place": waiting.index(user) + 1 if user in waiting else None,
                    "estimate_seconds": None,
                }
            )
        return httpx.Response(200, json={"profiles": entries, "last_end": self.last_end, "messages": self.messages})

    def _admit(self, body: dict[str, Any]) -> httpx.Response:
        try:
            profile = self.policy.require_profile(body["user"], body["groups"], body["profile"])
        except NotAllowed as refusal:
            return _error(403, "not_allowed", str(refusal))
        if profile.gpus and body["user"] in self.spent:
            return _error(429, "limit_exceeded", "the GPU-hours of this week are used up")
        held = [lease for lease in self.leases.values() if lease["profile"] == profile.name]
        if profile.holders is not None and len(held) >= profile.holders:
            if (body["user"], profile.name) not in self.queue:
                self.queue.append((body["user"], profile.name))
            waiting = [name for name, wanted in self.queue if wanted == profile.name]
            place = waiting.index(body["user"]) + 1
            detail = {"profile": profile.name, "place": place, "estimate_seconds": 2100 * place, "length": len(waiting)}
            return _error(409, "queued", "no place is free", detail)
        lease = {
            "id": f"lease{len(self.calls)}",
            "user": body["user"],
            "server": body["server"],
            "profile": profile.name,
            "phase": "STARTING",
            "ends_at": None,
            "longest_end_at": (self.now() + timedelta(seconds=profile.most_seconds)).isoformat(),
            "idle_seconds": profile.idle_seconds,
            "end": None,
        }
        self.leases[lease["id"]] = lease
        return httpx.Response(201, json=lease)

    def _started(self, lease_id: str) -> httpx.Response:
        if lease_id not in self.leases:
            return _error(409, "conflict", f"lease {lease_id} has ended; ask for a new one")
        self.leases[lease_id]["phase"] = "ACTIVE"
        return httpx.Response(200, json=self.leases[lease_id])


def _error(status: int, code: str, message: str, detail: dict[str, Any] | None = None) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": message, "detail": detail or {}, "id": "1"}})
