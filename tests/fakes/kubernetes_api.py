"""A Kubernetes API without a node: keeps what it is given, and says of each pod that it runs.

It stands where speed matters more than truth: a thousand labs, a spawn storm. It holds the part of the API's contract in
``tests/contracts/kubernetes_api_contract.py``, which the real API is held to as well; there is no admission, no quota, no RBAC here.
"""

import asyncio
import json
import threading
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

__all__ = ["FakeKubernetesApi"]

_Thing = dict[str, Any]
_Key = tuple[str, str, str]
"""Kind in the plural, namespace, name."""

_REMEMBERED_EVENTS = 20_000


@dataclass
class _Cluster:
    """Everything that there is, and what has happened, in order."""

    pod_ip: str
    on_pod: Callable[[_Thing], _Thing]
    things: dict[_Key, _Thing] = field(default_factory=dict)
    events: deque[tuple[int, str, str, _Thing]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_EVENTS))
    revision: int = 1
    stopped: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def put(self, key: _Key, thing: _Thing, event: str) -> _Thing:
        self.revision += 1
        thing["metadata"]["resourceVersion"] = str(self.revision)
        self.things[key] = thing
        await self._tell(event, key[0], thing)
        return thing

    async def take(self, key: _Key) -> _Thing:
        self.revision += 1
        thing = self.things.pop(key)
        thing = {**thing, "metadata": {**thing["metadata"], "resourceVersion": str(self.revision)}}
        await self._tell("DELETED", key[0], thing)
        return thing

    async def stop(self) -> None:
        async with self.changed:
            self.stopped = True
            self.changed.notify_all()

    async def _tell(self, event: str, plural: str, thing: _Thing) -> None:
        async with self.changed:
            self.events.append((self.revision, plural, event, thing))
            self.changed.notify_all()


class FakeKubernetesApi:
    """The API on a free port of this machine, in a thread of its own.

    Parameters
    ----------
    pod_ip
        Address that every pod is said to have.
    on_pod
        Gives the ``status`` of a pod that was just made; None for one that runs and is ready.
    """

    def __init__(self, *, pod_ip: str = "127.0.0.1", on_pod: Callable[[_Thing], _Thing] | None = None) -> None:
        self._pod_ip = pod_ip
        self._on_pod = on_pod or self._running
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake-kubernetes-api", daemon=True)
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator["FakeKubernetesApi"]:
        """Serve while the block runs."""
        self._thread.start()
        if not self._started.wait(30):
            raise TimeoutError("the fake Kubernetes API did not start")
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def kubeconfig(self) -> str:
        """The text of a kubeconfig file (JSON is YAML) that leads here."""
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
                "users": [{"name": "fake", "user": {}}],
                "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake", "namespace": "default"}}],
                "current-context": "fake",
            }
        )

    def things(self, plural: str) -> list[_Thing]:
        """Everything of a kind, as it is now."""
        return [thing for (kind, _, _), thing in list(self._cluster.things.items()) if kind == plural]

    def _running(self, pod: _Thing) -> _Thing:
        now = _now()
        alike = {"ready": True, "restartCount": 0, "state": {"running": {"startedAt": now}}, "imageID": ""}
        return {
            "phase": "Running",
            "podIP": self._pod_ip,
            "startTime": now,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": each["name"], "image": each["image"], **alike} for each in pod["spec"]["containers"]],
        }

    async def _serve(self) -> None:
        self._cluster = _Cluster(pod_ip=self._pod_ip, on_pod=self._on_pod)
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        pattern = r"/(?:api|apis/[^/]+)/v[^/]+(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?(?:/(status))?"
        server = HTTPServer(Application([(pattern, _Handler, {"cluster": self._cluster})], log_function=lambda _: None))
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        self._started.set()
        await self._stop.wait()
        server.stop()
        await self._cluster.stop()
        await server.close_all_connections()


class _Handler(RequestHandler):
    """One kind of thing, in one namespace or in all."""

    def initialize(self, cluster: _Cluster) -> None:
        self.cluster = cluster

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1]
        reason = error.reason if isinstance(error, HTTPError) and error.reason else "InternalError"
        message = error.log_message if isinstance(error, HTTPError) and error.log_message else str(error)
        self.finish({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": status_code})

    async def get(self, namespace: str | None, plural: str, name: str | None, _: str | None) -> None:
        if name is not None:
            self.finish(self._found(plural, namespace, name))
        elif self.get_query_argument("watch", "").casefold() == "true":
            await self._watch(namespace, plural)
        else:
            wanted = [thing for (kind, _, _), thing in self.cluster.things.items() if kind == plural and self._wanted(namespace, thing)]
            self.finish({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": str(self.cluster.revision)}, "items": wanted})

    async def post(self, namespace: str | None, plural: str, _: str | None, __: str | None) -> None:
        thing = json.loads(self.request.body)
        name = thing["metadata"].get("name") or f"{thing['metadata']['generateName']}{uuid.uuid4().hex[:5]}"
        key = (plural, namespace or "", name)
        if key in self.cluster.things:
            raise HTTPError(409, f'{plural} "{name}" already exists', reason="AlreadyExists")
        thing["metadata"] |= {"name": name, "namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": _now()}
        if plural == "pods":
            thing["status"] = {"phase": "Pending"}
        self.set_status(201)
        self.finish(await self.cluster.put(key, thing, "ADDED"))
        if plural == "pods":
            status = self.cluster.on_pod(thing)
            await self.cluster.put(key, {**thing, "metadata": dict(thing["metadata"]), "status": status}, "MODIFIED")

    async def patch(self, namespace: str | None, plural: str, name: str | None, _: str | None) -> None:
        thing = self._found(plural, namespace, name or "")
        merged = _merged(thing, json.loads(self.request.body))
        self.finish(await self.cluster.put((plural, namespace or "", name or ""), merged, "MODIFIED"))

    async def delete(self, namespace: str | None, plural: str, name: str | None, _: str | None) -> None:
        self._found(plural, namespace, name or "")
        self.finish(await self.cluster.take((plural, namespace or "", name or "")))

    def _found(self, plural: str, namespace: str | None, name: str) -> _Thing:
        thing = self.cluster.things.get((plural, namespace or "", name))
        if thing is None:
            raise HTTPError(404, f'{plural} "{name}" not found', reason="NotFound")
        return thing

    def _wanted(self, namespace: str | None, thing: _Thing) -> bool:
        labels = thing["metadata"].get("labels") or {}
        selectors = [part.partition("=") for part in self.get_query_argument("labelSelector", "").split(",") if part]
        here = namespace is None or thing["metadata"]["namespace"] == namespace
        return here and all(labels.get(name) == value.lstrip("=") for name, _, value in selectors)

    async def _watch(self, namespace: str | None, plural: str) -> None:
        self.set_header("Content-Type", "application/json")
        seconds = float(self.get_query_argument("timeoutSeconds", "600"))
        try:
            async with asyncio.timeout(seconds):
                async for event, thing in self._events(int(self.get_query_argument("resourceVersion", "0")), plural):
                    if self._wanted(namespace, thing):
                        self.write(json.dumps({"type": event, "object": thing}) + "\n")
                        await self.flush()
        except TimeoutError:
            self.finish()
        except StreamClosedError:
            return

    async def _events(self, since: int, plural: str) -> AsyncIterator[tuple[str, _Thing]]:
        while not self.cluster.stopped:
            later = [each for each in self.cluster.events if each[0] > since]
            for revision, kind, event, thing in later:
                since = revision
                if kind == plural:
                    yield event, thing
            async with self.cluster.changed:
                if self.cluster.revision <= since and not self.cluster.stopped:
                    await self.cluster.changed.wait()


def _merged(old: Any, new: Any) -> Any:
    """A JSON merge patch (RFC 7396)."""
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    kept = {key: value for key, value in old.items() if key not in new}
    return kept | {key: _merged(old.get(key), value) for key, value in new.items() if value is not None}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
