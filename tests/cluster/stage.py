"""A job store, job folders on a volume, and runners whose workers are pods, with jobs of the tasks in `tests.faults.tasks`."""

import asyncio
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from skydesk.backends.kubernetes_runner import ClusterSettings, KubernetesApi, KubernetesJobRunner, Patience, label_selector
from skydesk.backends.local_runner import WorkerSettings
from skydesk.jobs.reports import WorkerReport
from skydesk_server.entrance import Entrance
from skydesk_server.worker_reports import WorkerReportHandler
from tests.cluster.kube import Kube
from tests.cluster.pods import Interpreter
from tests.faults.stage import Stage

__all__ = ["ROLE", "ClusterStage", "ReportServer", "volume"]

ROLE: list[dict[str, Any]] = [
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "list", "watch", "delete"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
]
"""What the service may do in the namespace of the jobs; the chart's Role has no more."""

JOBS_USER = 1000
SHARED = "/shared"
"""Where pods see `ClusterStage.shared`."""

QUICK = Patience(place_seconds=20, image_seconds=4, start_seconds=40, lost_seconds=30, claim_seconds=2)


class ReportServer:
    """Serves the reports of pods at an address that they reach, in a thread; ``receiver`` may change."""

    def __init__(self, address: str) -> None:
        self.receiver: KubernetesJobRunner | None = None
        self.reports: list[WorkerReport] = []
        [self._socket] = bind_sockets(0, address)
        self.url = f"http://{address}:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def hear(self, report: WorkerReport, token: str) -> None:
        """Pass a report on to whichever runner is the present one."""
        self.reports.append(report)
        if self.receiver is not None:
            self.receiver.hear(report, token)

    def close(self) -> None:
        """Serve no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        entrance = Entrance(lambda: SimpleNamespace(worker_reports=self), routes=())  # type: ignore[arg-type, return-value]
        handler = (r"/worker/([^/]+)/([^/]+)", WorkerReportHandler, {"entrance": entrance})
        server = HTTPServer(Application([handler]))
        server.add_sockets([self._socket])
        self._loop.run_forever()
        server.stop()
        self._loop.run_until_complete(server.close_all_connections())
        entrance.close()


class ClusterStage(Stage):
    """A `tests.faults.stage.Stage` whose runners make pods."""

    seconds = 90

    def __init__(self, folder: Path, *, kube: Kube, kubeconfig: str, interpreter: Interpreter, reports: ReportServer, claim: str) -> None:
        super().__init__(folder)
        self.kube = kube
        self.shared = folder / "shared"
        self.shared.mkdir()
        os.chown(self.shared, JOBS_USER, JOBS_USER)
        self.ledger, self.gate = self.shared / "ledger", self.shared / "gate"
        self.reports = reports
        self._kubeconfig = kubeconfig
        self.settings = ClusterSettings(
            namespace=kube.namespace,
            instance=f"stage-{os.urandom(3).hex()}",
            image=interpreter.image,
            report_address=reports.url,
            jobs_claim=claim,
            jobs_sub_path=f"{folder.name}/jobs",
            command=(*interpreter.command, "-m", "skydesk.pod_worker"),
            environment=interpreter.environment,
            extra_volumes=(*interpreter.volumes, {"name": "shared", "hostPath": {"path": str(self.shared), "type": "Directory"}}),
            extra_volume_mounts=(*interpreter.mounts, {"name": "shared", "mountPath": SHARED}),
            cpu_request="10m",
            scratch_bytes=64 * 2**20,
            memory_spare_bytes=192 * 2**20,
            stop_seconds=3,
            patience=QUICK,
        )

    def runner(  # type: ignore[override]
        self,
        *,
        services: str = "open_services",
        options: dict[str, Any] | None = None,
        changed: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> KubernetesJobRunner:
        """A runner, not yet started; reports go to it from now on, and `close` stops it."""
        cluster_settings = replace(self.settings, **(changed or {}))
        runner = KubernetesJobRunner(
            self.store,
            self.folders,
            cluster=self.api(),
            settings=cluster_settings,
            worker_settings=WorkerSettings(
                jobs_root=cluster_settings.jobs_mount,
                services=f"tests.cluster.tasks:{services}",
                tasks="tests.cluster.tasks:tasks",
                preload=(),
                options=options or {},
            ),
            **{"tick_seconds": 0.2, **settings},
        )
        self.reports.receiver = runner
        self._runners.append(runner)
        return runner

    def inside(self, path: Path) -> str:
        """A path below `shared` as a pod sees it."""
        return f"{SHARED}/{path.relative_to(self.shared)}"

    def api(self) -> KubernetesApi:
        """The cluster with the rights of the service, for the objects of this stage; not yet started."""
        return KubernetesApi(self.kube.namespace, self.selector, kubeconfig=self._kubeconfig)

    @property
    def selector(self) -> str:
        """Label selector of this stage's objects."""
        return label_selector(self.settings)

    def pods(self) -> list[dict[str, Any]]:
        """Pods of this stage."""
        return self.kube.get("pods", self.selector)

    def close(self) -> None:
        """Stop what was started, here and on the cluster."""
        super().close()
        self.reports.receiver = None
        with suppress(AssertionError):
            self.kube.kubectl("delete", "jobs", "-l", self.selector, "--wait=false", "--cascade=foreground")


def volume(name: str, namespace: str, folder: Path, *, read_only: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """A persistent volume in a folder of the node, and its claim."""
    mode = "ReadOnlyMany" if read_only else "ReadWriteMany"
    spec = {
        "accessModes": [mode],
        "storageClassName": "",
        "resources": {"requests": {"storage": "1Gi"}},
        "volumeName": f"{namespace}-{name}",
    }
    return (
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"{namespace}-{name}"},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": [mode],
                "storageClassName": "",
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"namespace": namespace, "name": name},
                "hostPath": {"path": str(folder), "type": "Directory"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": namespace, "labels": {"claim": name}},
            "spec": spec,
        },
    )
