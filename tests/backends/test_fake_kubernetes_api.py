"""The fake Kubernetes API keeps the contract that the real one is held to in tests/cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.kubernetes_api_contract import KubernetesApiContract
from tests.fakes.kubernetes_api import FakeKubernetesApi


class TestFakeKubernetesApi(KubernetesApiContract):
    @pytest.fixture
    def kubeconfig(self, tmp_path: Path) -> Iterator[str]:
        with FakeKubernetesApi().serving() as api:
            (tmp_path / "kubeconfig").write_text(api.kubeconfig())
            yield str(tmp_path / "kubeconfig")

    @pytest.fixture
    def namespace(self) -> str:
        return "labs"
