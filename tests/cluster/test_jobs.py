"""Jobs as real Kubernetes Jobs on a real node."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skydesk.jobs.model import Phase
from tests.cluster.kube import Kube
from tests.cluster.pods import Interpreter
from tests.cluster.stage import ClusterStage, ReportServer, volume
from tests.faults.stage import wait_until

RUNNER = "skydesk-service"
ROLE: list[dict[str, Any]] = [
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch", "create", "delete"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "delete"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "list"]},
]


@pytest.fixture(scope="module")
def reports(node_address: str) -> Iterator[ReportServer]:
    server = ReportServer(node_address)
    yield server
    server.close()


@pytest.fixture(scope="module")
def runner_kubeconfig(kube: Kube, service_account_kubeconfig: Callable[[str], str]) -> str:
    """Credentials with exactly the rights of the service."""
    about = {"name": RUNNER, "namespace": kube.namespace}
    kube.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": about, "rules": ROLE},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": about,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": RUNNER},
            "subjects": [{"kind": "ServiceAccount", **about}],
        },
    )
    return service_account_kubeconfig(RUNNER)


@pytest.fixture
def stage(tmp_path: Path, kube: Kube, interpreter: Interpreter, runner_kubeconfig: str, reports: ReportServer) -> Iterator[ClusterStage]:
    claim = f"jobs-{tmp_path.name.replace('_', '-').lower()[:40].rstrip('-')}"
    (tmp_path / "jobs").mkdir()
    objects = volume(claim, kube.namespace, tmp_path / "jobs")
    kube.apply(*objects)
    wait_until(lambda: kube.get("pvc", f"claim={claim}")[0]["status"]["phase"] == "Bound", 30)
    made = ClusterStage(tmp_path, kube=kube, kubeconfig=runner_kubeconfig, interpreter=interpreter, reports=reports, claim=claim)
    yield made
    made.close()
    kube.kubectl("delete", "persistentvolume", objects[0]["metadata"]["name"], "--wait=false")


def test_a_job_runs_in_a_pod_and_its_file_appears_in_the_owner_s_folder(stage: ClusterStage) -> None:
    job = stage.submit("write", {"text": "stars"})
    stage.runner(options={"suffix": " and galaxies"}).start()
    done = stage.until_final(job, seconds=60)
    assert (done.phase, done.error, done.rows, done.files_count, done.size_bytes) == (Phase.COMPLETED, None, 2, 1, 18)
    assert stage.folders.file(done, "result.txt").read_text() == "stars and galaxies"
    assert stage.folders.path(done).parent == stage.jobs_root / "ann"
