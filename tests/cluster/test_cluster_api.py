"""The API of a real cluster keeps the contract, and says in words what it refuses."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from skydesk.backends.kubernetes_runner import ClusterSettings, KubernetesApi, label_selector
from skydesk.backends.kubernetes_runner.manifests import job_manifest
from skydesk.errors import ServiceUnavailable
from tests.backends.kubernetes_runner.jobs import SETTINGS, job_with
from tests.cluster.kube import Kube
from tests.contracts.cluster_contract import ClusterContract
from tests.contracts.kubernetes_api_contract import KubernetesApiContract


@pytest.fixture
def settings(kube: Kube) -> ClusterSettings:
    return replace(SETTINGS, namespace=kube.namespace, instance="contract", priority_class="", cpu_request="10m", scratch_bytes=2**20)


@pytest.fixture
def cluster(settings: ClusterSettings, runner_kubeconfig: str) -> Iterator[KubernetesApi]:
    made = KubernetesApi(settings.namespace, label_selector(settings), kubeconfig=runner_kubeconfig)
    yield made
    made.close()


class TestKubernetesApi(ClusterContract):
    """A namespace of a real cluster, with the rights of the service."""


class TestWhatTheFakeApiKeeps(KubernetesApiContract):
    """A namespace of a real cluster, as its administrator."""

    @pytest.fixture
    def namespace(self, kube: Kube) -> str:
        return kube.namespace


def test_what_the_account_may_not_do_is_told_in_the_cluster_s_words(cluster: KubernetesApi, settings: ClusterSettings, kube: Kube) -> None:
    elsewhere = KubernetesApi("default", label_selector(settings), kubeconfig=cluster._kubeconfig)
    elsewhere.start(lambda: None)
    try:
        with pytest.raises(ServiceUnavailable, match=r"the cluster refuses POST jobs \(403\): jobs.batch is forbidden"):
            elsewhere.create_job({**job_manifest(job_with(), settings, "0" * 64), "metadata": {"name": "x"}})
        with pytest.raises(ServiceUnavailable):
            elsewhere.snapshot()
    finally:
        elsewhere.close()


def test_a_cluster_that_cannot_be_reached_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = KubernetesApi("default", "a=b", kubeconfig=str(tmp_path_factory.mktemp("none") / "kubeconfig"))
    for _ in range(2):
        with pytest.raises(ServiceUnavailable, match="the cluster cannot be reached"):
            nowhere.start(lambda: None)
    nowhere.close()
