"""A small policy for tests of the hub, and labs that are started without one."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jupyterhub.spawner import Spawner

from skydesk_hub.labs import SkydeskLabs
from skydesk_hub.service_client import ServiceClient
from tests.fakes.lease_service import FakeLeaseService

__all__ = ["POLICY", "LabStandIn", "a_user", "client_of", "run"]

POLICY = """\
[profiles.small]
title = "Small"
cpu = [0.25, 1]
memory_gib = [0.5, 2]
longest_hours = 8
idle_minutes = 60

[profiles.gpu]
title = "GPU"
cpu = [2, 4]
memory_gib = [8, 16]
gpus = 1
node_selector = { "skydesk.org/gpu" = "true" }
tolerations = [{ key = "nvidia.com/gpu", operator = "Exists", effect = "NoSchedule" }]
longest_hours = 24
idle_minutes = 45
extensions = 1
extension_hours = 6
holders = 1

[groups.students]
profiles = ["small"]

[groups.gpu]
profiles = ["gpu"]

[groups.visitors]
title = "Visitors, who have no lab"

[groups.banned]
denies = ["labs"]
"""


def run(waiting: Awaitable[Any]) -> Any:
    """Wait for something that is to be awaited, in a loop of its own."""

    async def wait() -> Any:
        return await waiting

    return asyncio.run(wait())


def client_of(service: FakeLeaseService) -> ServiceClient:
    """A client that talks to the fake in place of the network."""
    return ServiceClient("http://service/services/skydesk", "hub-token", transport=service.transport())


def a_user(name: str, groups: Iterable[str]) -> Any:
    """What a spawner sees of a user."""
    return SimpleNamespace(
        name=name,
        id=1,
        url=f"/user/{name}/",
        groups=[SimpleNamespace(name=group) for group in groups],
        db=SimpleNamespace(commit=lambda: None),
    )


class _Process(Spawner):
    """The half below the mixin: a lab is a flag."""

    fails: BaseException | None = None
    runs = False

    async def start(self) -> str:
        if self.fails:
            raise self.fails
        self.runs = True
        return "http://127.0.0.1:1234"

    async def stop(self, now: bool = False) -> None:
        del now
        self.runs = False

    async def poll(self) -> int | None:
        return None if self.runs else 0


class LabStandIn(SkydeskLabs, _Process):
    """A lab that starts at once, or raises what ``fails`` says; its service is the fake."""

    def __init__(self, fake: FakeLeaseService, *, user: str, groups: Iterable[str], server: str = "", policy_file: Path) -> None:
        self.fake = fake
        orm_spawner = SimpleNamespace(
            server=None, name=server, user_options={}, state={}, last_activity=datetime.now(UTC).replace(tzinfo=None)
        )
        hub = SimpleNamespace(base_url="/hub/", api_url="http://hub/hub/api", public_host="", url="http://hub/hub/")
        super().__init__(user=a_user(user, groups), orm_spawner=orm_spawner, hub=hub, policy_file=str(policy_file))

    @property
    def service(self) -> ServiceClient:
        return client_of(self.fake)
