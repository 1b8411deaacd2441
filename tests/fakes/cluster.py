"""A namespace of a cluster in which nothing happens by itself but what a test says."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from skydesk.backends.kubernetes_runner.cluster import Snapshot
from skydesk.backends.kubernetes_runner.manifests import LABEL_NAME
from skydesk.errors import Conflict, ServiceUnavailable

__all__ = ["FakeCluster"]

_INSTANCE = "app.kubernetes.io/instance"


class FakeCluster:
    """Keeps Jobs, Secrets and pods.

    A Job gets a pod at once unless ``makes_pods`` is False; what is deleted is gone at once unless ``node_is_silent``.
    """

    def __init__(self, instance: str = "skydesk") -> None:
        self._instance = instance
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, Mapping[str, Any]] = {}
        self.events: dict[str, tuple[str, ...]] = {}
        self.deleted: list[str] = []
        self.makes_pods = True
        self.node_is_silent = False
        self.refusal: Exception | None = None
        """Raised instead of making a Job."""

        self.secret_refusal: Exception | None = None
        self.unreachable = False
        self.most_pods = 0
        self._uids = itertools.count(1)
        self._on_change: Callable[[], None] = lambda: None

    def start(self, on_change: Callable[[], None]) -> None:
        self._reach()
        self._on_change = on_change

    def close(self) -> None:
        self._on_change = lambda: None

    def snapshot(self) -> Snapshot:
        self._reach()
        jobs = {name: job for name, job in self.jobs.items() if job["metadata"]["labels"][_INSTANCE] == self._instance}
        pods = {uid: pod for uid, pod in self.pods.items() if pod["metadata"]["labels"][_INSTANCE] == self._instance}
        return Snapshot(jobs=jobs, pods=pods)

    def job(self, name: str) -> Mapping[str, Any] | None:
        self._reach()
        return self.jobs.get(name)

    def create_job(self, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
        self._reach()
        if self.refusal is not None:
            raise self.refusal
        name = manifest["metadata"]["name"]
        if name in self.jobs:
            raise Conflict(f"jobs.batch {name!r} already exists")
        self.jobs[name] = {**manifest, "metadata": {**manifest["metadata"], "uid": f"job-{next(self._uids)}"}, "status": {}}
        if self.makes_pods:
            self.make_pod(name)
        return self.jobs[name]

    def create_secret(self, manifest: Mapping[str, Any]) -> None:
        self._reach()
        if self.secret_refusal is not None:
            raise self.secret_refusal
        name = manifest["metadata"]["name"]
        if name in self.secrets:
            raise Conflict(f"secrets {name!r} already exists")
        self.secrets[name] = manifest

    def delete_job(self, name: str) -> None:
        self._reach()
        self.deleted.append(name)
        if self.node_is_silent and name in self.jobs:
            self.jobs[name]["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
        else:
            self.remove_job(name)

    def words_about(self, uid: str) -> tuple[str, ...]:
        self._reach()
        return self.events.get(uid, ())

    def make_pod(self, name: str, *, node: str = "node1") -> str:
        """Have a Job's pod made, as the cluster does; its uid."""
        uid = f"pod-{next(self._uids)}"
        labels = {**self.jobs[name]["metadata"]["labels"], LABEL_NAME: name}
        self.pods[uid] = {
            "metadata": {"name": f"{name}-{uid}", "uid": uid, "labels": labels, "creationTimestamp": f"{len(uid)}{uid}"},
            "spec": {"nodeName": node} if node else {},
            "status": {"phase": "Pending"},
        }
        self.most_pods = max(self.most_pods, sum(pod["status"]["phase"] in {"Pending", "Running"} for pod in self.pods.values()))
        return uid

    def pod_of(self, name: str) -> str:
        """Uid of a Job's only pod."""
        [uid] = [uid for uid, pod in self.pods.items() if pod["metadata"]["labels"][LABEL_NAME] == name]
        return uid

    def set_status(self, uid: str, *, state: Mapping[str, Any] | None = None, **status: Any) -> None:
        """Have a pod come into a state."""
        statuses = {"containerStatuses": [{"name": "worker", "state": state}]} if state is not None else {}
        self.pods[uid] = {**self.pods[uid], "status": {**self.pods[uid]["status"], **status, **statuses}}
        self._on_change()

    def run(self, uid: str) -> None:
        """Have a pod's worker begin."""
        self.set_status(uid, state={"running": {}}, phase="Running")

    def end(self, uid: str, *, exit_code: int = 0, reason: str = "Completed", message: str = "") -> None:
        """Have a pod's worker end, and its Job with it."""
        terminated = {"exitCode": exit_code, "reason": reason, "message": message}
        self.set_status(uid, state={"terminated": terminated}, phase="Failed" if exit_code else "Succeeded")
        self.finish_job(self.pods[uid]["metadata"]["labels"][LABEL_NAME], "Failed" if exit_code else "Complete")

    def finish_job(self, name: str, kind: str, reason: str = "BackoffLimitExceeded") -> None:
        """Have a Job end."""
        self.jobs[name] = {**self.jobs[name], "status": {"conditions": [{"type": kind, "status": "True", "reason": reason}]}}
        self._on_change()

    def remove_pod(self, uid: str) -> None:
        """Have a pod gone."""
        self.pods.pop(uid)
        self._on_change()

    def remove_job(self, name: str) -> None:
        """Have a Job gone, with its pod and its Secret."""
        self.jobs.pop(name, None)
        self.secrets.pop(name, None)
        for uid in [uid for uid, pod in self.pods.items() if pod["metadata"]["labels"][LABEL_NAME] == name]:
            del self.pods[uid]
        self._on_change()

    def _reach(self) -> None:
        if self.unreachable:
            raise ServiceUnavailable("the cluster's API does not answer")
