"""A namespace of a cluster through the Kubernetes API, by kubernetes_asyncio in a thread of its own."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, TypeVar

import aiohttp
from kubernetes_asyncio import client, config
from kubernetes_asyncio.config import ConfigException

from ...errors import Conflict, NotFound, ServiceUnavailable
from .cluster import QuotaExceeded, Snapshot

__all__ = ["KubernetesApi"]

_log = logging.getLogger(__name__)

_CALL_SECONDS = 20
_FIRST_LOOK_SECONDS = 5
_WATCH_SECONDS = 240
_FAREWELL_SECONDS = 0.1
"""What TLS connections need to be gone (https://docs.aiohttp.org/en/stable/client_advanced.html#graceful-shutdown)."""

_PAUSES_SECONDS = (0.5, 1, 2, 5, 10)
_GONE = 410
_PATHS = {"jobs": "/apis/batch/v1", "pods": "/api/v1", "secrets": "/api/v1", "events": "/api/v1"}

T = TypeVar("T")


class _Gone(Exception):
    """The cluster does not remember as far back as we ask."""


class KubernetesApi:
    """Jobs and pods of one namespace; a `skydesk.backends.kubernetes_runner.cluster.Cluster`.

    Parameters
    ----------
    namespace
        Where the Jobs are.
    selector
        Label selector of the objects to watch.
    kubeconfig
        File with address and credentials; None inside a cluster, for those of this pod's service account.
    """

    def __init__(self, namespace: str, selector: str, *, kubeconfig: str | None = None) -> None:
        self._namespace = namespace
        self._selector = selector
        self._kubeconfig = kubeconfig
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="skydesk-kubernetes", daemon=True)
        self._client: client.ApiClient | None = None
        self._reflectors: tuple[_Reflector, ...] = ()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, on_change: Callable[[], None]) -> None:
        """Begin to watch; see `Cluster`."""
        if not self._thread.is_alive():
            self._thread.start()
        self._client = self._wait(self._connect())
        self._reflectors = (
            _Reflector(self, "jobs", lambda thing: str(thing["metadata"]["name"]), on_change),
            _Reflector(self, "pods", lambda thing: str(thing["metadata"]["uid"]), on_change),
        )
        self._wait(self._begin())

    def close(self) -> None:
        """Watch no more; see `Cluster`."""
        if self._thread.is_alive():
            with suppress(ServiceUnavailable):
                self._wait(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(2)
        if not self._loop.is_running():
            self._loop.close()

    def snapshot(self) -> Snapshot:
        """Give what is there; see `Cluster`."""
        for reflector in self._reflectors:
            if reflector.things is None:
                raise ServiceUnavailable(reflector.problem or "the cluster has not yet told which jobs it has")
        jobs, pods = (dict(reflector.things or {}) for reflector in self._reflectors)
        return Snapshot(jobs=jobs, pods=pods)

    def job(self, name: str) -> Mapping[str, Any] | None:
        """Give a Job as it is now; see `Cluster`."""
        try:
            found: Mapping[str, Any] = self._call("GET", "jobs", name)
            return found
        except NotFound:
            return None

    def create_job(self, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a Job; see `Cluster`."""
        made: Mapping[str, Any] = self._call("POST", "jobs", body=manifest)
        return made

    def create_secret(self, manifest: Mapping[str, Any]) -> None:
        """Make a Secret; see `Cluster`."""
        self._call("POST", "secrets", body=manifest)

    def delete_job(self, name: str) -> None:
        """Delete a Job after its pod; see `Cluster`."""
        with suppress(NotFound):
            self._call("DELETE", "jobs", name, body={"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"})

    def words_about(self, uid: str) -> tuple[str, ...]:
        """Give the events of an object; see `Cluster`."""
        found = self._call("GET", "events", query={"fieldSelector": f"involvedObject.uid={uid}"})
        events = sorted(found.get("items") or (), key=_time_of)
        return tuple(str(event.get("message") or event.get("reason") or "") for event in events)

    async def request(self, method: str, kind: str, name: str = "", query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        """Make one call, within 20 s, and give the answer's JSON."""
        response = await self._send(method, kind, name, query or {}, body, aiohttp.ClientTimeout(total=_CALL_SECONDS))
        return json.loads(await response.read())

    async def watch(self, kind: str, version: str) -> AsyncIterator[Mapping[str, Any]]:
        """Give what changes after a version, until the server ends the stream."""
        query = {
            "watch": "true",
            "labelSelector": self._selector,
            "resourceVersion": version,
            "timeoutSeconds": _WATCH_SECONDS,
            "allowWatchBookmarks": "true",
        }
        timeout = aiohttp.ClientTimeout(connect=_CALL_SECONDS, sock_read=_WATCH_SECONDS + _CALL_SECONDS)
        response = await self._send("GET", kind, "", query, None, timeout)
        rest = b""
        try:
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)
        finally:
            response.close()

    async def list(self, kind: str) -> Mapping[str, Any]:
        """List the objects of a kind that the selector selects."""
        found: Mapping[str, Any] = await self.request("GET", kind, query={"labelSelector": self._selector})
        return found

    def _call(self, method: str, kind: str, name: str = "", *, query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        return self._wait(self.request(method, kind, name, query, body))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry something out in the loop's thread."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(_CALL_SECONDS + 5)
        except (TimeoutError, CancelledError) as error:
            future.cancel()
            raise ServiceUnavailable("the cluster's API does not answer; the job runner tries again") from error

    async def _connect(self) -> client.ApiClient:
        settings = client.Configuration()
        try:
            if self._kubeconfig is None:
                config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
            else:
                await config.load_kube_config(config_file=self._kubeconfig, client_configuration=settings, persist_config=False)
        except (ConfigException, OSError) as error:
            where = "inside a cluster" if self._kubeconfig is None else f"by {self._kubeconfig!r}"
            raise ServiceUnavailable(f"the cluster cannot be reached {where}: {error}") from error
        return client.ApiClient(settings)

    async def _begin(self) -> None:
        self._tasks = [asyncio.create_task(reflector.run()) for reflector in self._reflectors]
        with suppress(TimeoutError):  # later will do too: whoever asks meanwhile is told so
            async with asyncio.timeout(_FIRST_LOOK_SECONDS):
                await asyncio.gather(*(reflector.has_looked.wait() for reflector in self._reflectors))

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
            await asyncio.sleep(_FAREWELL_SECONDS)

    async def _send(
        self, method: str, kind: str, name: str, query: Mapping[str, Any], body: Any, timeout: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        if self._client is None:
            raise ServiceUnavailable("the cluster has not been reached yet")
        path = f"{_PATHS[kind]}/namespaces/{self._namespace}/{kind}{name and f'/{name}'}"
        try:
            response: aiohttp.ClientResponse = await self._client.call_api(
                path,
                method,
                query_params=list(query.items()),
                header_params={"Accept": "application/json", "Content-Type": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=timeout,
            )
            if response.status >= 400:
                raise _translated(response.status, await response.read(), f"{method} {kind}")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ServiceUnavailable(f"the cluster's API does not answer: {error or type(error).__name__}") from error
        return response


class _Reflector:
    """Keeps up with all objects of a kind: lists them, then follows what changes, from the start again where that was lost."""

    def __init__(self, api: KubernetesApi, kind: str, key: Callable[[Mapping[str, Any]], str], on_change: Callable[[], None]) -> None:
        self._api = api
        self._kind = kind
        self._key = key
        self._on_change = on_change
        self._failures = 0
        self.has_looked = asyncio.Event()
        self.things: dict[str, Mapping[str, Any]] | None = None
        self.problem: str | None = None

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow()
            except _Gone:
                _log.info("the cluster has forgotten older changes of %s; they are listed anew", self._kind)
            except Exception as error:
                self.problem = str(error)
                pause_seconds = _PAUSES_SECONDS[min(self._failures, len(_PAUSES_SECONDS) - 1)]
                self._failures += 1
                _log.warning("%s of the cluster cannot be watched, again in %g s: %s", self._kind, pause_seconds, error)
                await asyncio.sleep(pause_seconds)

    async def _follow(self) -> None:
        found = await self._api.list(self._kind)
        things = {self._key(thing): thing for thing in found.get("items") or ()}
        version = str(found["metadata"]["resourceVersion"])
        self.things, self.problem, self._failures = things, None, 0
        self.has_looked.set()
        self._on_change()
        while True:
            async for event in self._api.watch(self._kind, version):
                version = self._take(things, event) or version
            await asyncio.sleep(_PAUSES_SECONDS[0])

    def _take(self, things: dict[str, Mapping[str, Any]], event: Mapping[str, Any]) -> str:
        """Keep one change; the version that it leads to."""
        thing = event["object"]
        if event["type"] == "ERROR":
            if thing.get("code") == _GONE:
                raise _Gone
            raise ServiceUnavailable(f"the cluster ended the watch of {self._kind}: {thing.get('message')}")
        if event["type"] == "DELETED":
            things.pop(self._key(thing), None)
        elif event["type"] != "BOOKMARK":
            things[self._key(thing)] = thing
        if event["type"] != "BOOKMARK":
            self._on_change()
        return str(thing["metadata"].get("resourceVersion") or "")


def _translated(status: int, body: bytes, what: str) -> Exception:
    """An answer of the API that says no, as our error."""
    try:
        message = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        message = body[:200].decode("utf-8", "replace")
    if status == _GONE:
        return _Gone()
    if status == 404:
        return NotFound(message)
    if status == 409:
        return Conflict(message)
    if status == 403 and "exceeded quota" in message:
        return QuotaExceeded(message)
    return ServiceUnavailable(f"the cluster refuses {what} ({status}): {message}")


def _time_of(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")
