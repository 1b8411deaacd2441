"""What tests on a real cluster may ask for. They run where ``KUBECONFIG`` names one, and skip by name where it does not.

The node must be this very machine: pods are given folders of its disk (hostPath), and reach what the test process serves at
the node's address. ``make test-cluster`` runs them; ``CONTRIBUTING.md`` says how to start such a node.

Fixtures, all for the whole run:

``kubeconfig``
    Path of the administrator's file.
``node_address``
    Address of the node, at which a test may serve something that pods reach.
``kube``
    A `tests.cluster.kube.Kube` for a namespace of this run, which is deleted afterwards: ``apply``, ``get``, ``delete``, ``kubectl``.
``interpreter``
    A `tests.cluster.pods.Interpreter`: how a pod of the image ``localhost/python:1`` runs this checkout and its virtual
    environment, mounted read-only: image, command, environment, volumes and mounts.
``service_account_kubeconfig``
    A function ``(account) -> path`` of a kubeconfig with a token of a service account of the namespace.

For jobs:

``runner_kubeconfig``
    A kubeconfig with exactly the rights of the service: those of `tests.cluster.stage.ROLE`.
``reports``
    A `tests.cluster.stage.ReportServer`, where pods report.
``jobs_volume``
    Name of a claim, and the folder that its volume is in.
``stage``
    A `tests.cluster.stage.ClusterStage` with a folder of its own in that volume, for each test.

For labs:

``labs``
    A `tests.cluster.hub.ClusterHub`: a hub whose labs are pods that mount ``jobs_volume``, and whose service makes Jobs; nodes
    that pretend to have two GPUs.
"""

import os
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.cluster.hub import ClusterHub, cluster_hub, pretended_gpus
from tests.cluster.kube import Kube
from tests.cluster.pods import Interpreter
from tests.cluster.stage import ROLE, ClusterStage, ReportServer, volume
from tests.faults.stage import wait_until

_SERVICE = "skydesk-service"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test in this folder is one that needs a cluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def kubeconfig() -> str:
    path = os.environ.get("KUBECONFIG", "")
    if not path:
        pytest.skip("no cluster: KUBECONFIG is not set")
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    return path


@pytest.fixture(scope="session")
def node_address(kubeconfig: str) -> str:
    document = yaml.safe_load(Path(kubeconfig).read_text())
    address = urlsplit(document["clusters"][0]["cluster"]["server"]).hostname or ""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            pytest.skip(f"the cluster's node is {address}, not this machine, whose disk and network the pods need")
    return address


@pytest.fixture(scope="session")
def kube(kubeconfig: str, node_address: str) -> Iterator[Kube]:
    made = Kube(kubeconfig, f"skydesk-test-{secrets.token_hex(4)}")
    made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made.namespace}})
    yield made
    made.kubectl("delete", "namespace", made.namespace, "--wait=false")


@pytest.fixture(scope="session")
def interpreter() -> Interpreter:
    return Interpreter()


@pytest.fixture(scope="session")
def service_account_kubeconfig(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    def make(account: str) -> str:
        document = yaml.safe_load(Path(kube.kubeconfig).read_text())
        token = kube.kubectl("create", "token", account).strip()
        document["users"] = [{"name": "account", "user": {"token": token}}]
        document["contexts"] = [{"name": "c", "context": {"cluster": document["clusters"][0]["name"], "user": "account"}}]
        document["current-context"] = "c"
        path = tmp_path_factory.mktemp("account") / "kubeconfig"
        path.write_text(yaml.safe_dump(document))
        path.chmod(0o600)
        return str(path)

    return make


@pytest.fixture(scope="session")
def runner_kubeconfig(kube: Kube, service_account_kubeconfig: Callable[[str], str]) -> str:
    about = {"name": _SERVICE, "namespace": kube.namespace}
    group = "rbac.authorization.k8s.io"
    role_ref = {"apiGroup": group, "kind": "Role", "name": _SERVICE}
    subjects = [{"kind": "ServiceAccount", **about}]
    kube.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": about, "rules": ROLE},
        {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": about, "roleRef": role_ref, "subjects": subjects},
    )
    return service_account_kubeconfig(_SERVICE)


@pytest.fixture(scope="session")
def reports(node_address: str) -> Iterator[ReportServer]:
    server = ReportServer(node_address)
    yield server
    server.close()


@pytest.fixture(scope="session")
def jobs_volume(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A claim, and the folder of the volume that it has: one for all tests, since it takes the cluster some time to bind one."""
    folder = tmp_path_factory.mktemp("volume")
    objects = volume("jobs", kube.namespace, folder)
    kube.apply(*objects)
    wait_until(lambda: kube.get("pvc")[0]["status"]["phase"] == "Bound", 60)
    yield "jobs", folder
    kube.kubectl("delete", "persistentvolume", objects[0]["metadata"]["name"], "--wait=false")


@pytest.fixture
def stage(
    jobs_volume: tuple[str, Path], kube: Kube, interpreter: Interpreter, runner_kubeconfig: str, reports: ReportServer
) -> Iterator[ClusterStage]:
    claim, root = jobs_volume
    folder = root / secrets.token_hex(4)
    folder.mkdir()
    made = ClusterStage(folder, kube=kube, kubeconfig=runner_kubeconfig, interpreter=interpreter, reports=reports, claim=claim)
    yield made
    made.close()


@pytest.fixture(scope="session")
def labs(
    kube: Kube, node_address: str, jobs_volume: tuple[str, Path], runner_kubeconfig: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClusterHub]:
    folder = tmp_path_factory.mktemp("labs")
    with (
        pretended_gpus(kube, 2),
        cluster_hub(folder, kube, node_address, jobs_volume=jobs_volume, runner_kubeconfig=runner_kubeconfig) as hub,
    ):
        yield hub
