"""The same with JupyterHub 5, which knows no refusals: who is let in, who is not, and a lab that runs and ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.hub import ClusterHub, cluster_hub
from tests.cluster.kube import Kube
from tests.hub.lab_hub import JUPYTERHUB_5, jupyterhub_5
from tests.hub.test_real_hub_labs import api_start, profiles, text


@pytest.fixture(scope="module")
def older(kube: Kube, node_address: str, jobs_volume: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterHub]:
    folder = tmp_path_factory.mktemp("labs-5")
    with cluster_hub(folder, kube, node_address, jobs_volume=jobs_volume, extra_paths=[jupyterhub_5()]) as hub:
        assert hub.hub.api.get("").json()["version"] == JUPYTERHUB_5
        yield hub


@pytest.mark.parametrize("server", ["", "second"], ids=["default server", "named server"])
def test_a_profile_that_is_not_ones_own_is_refused_by_form_and_by_api(older: ClusterHub, server: str) -> None:
    sentence = "the lab profile 'gpu' is not open to anna; open are tiny, small, large, brief"
    page = older.refused("anna", "gpu", server=server)
    assert (page.status_code, sentence in text(page.text)) == (403, True), text(page.text)
    reply = api_start(older.hub, "anna", {"profile": "gpu"}, server)
    assert (reply.status_code, reply.json()["message"]) == (403, sentence)
    page = older.person("nora").page()
    assert (page.status_code, "no group of nora grants a lab" in text(page.text)) == (403, True)


def test_a_lab_runs_in_a_pod_and_ends_when_its_time_is_over(older: ClusterHub) -> None:
    assert profiles(older.person("anna").page().text) == ["tiny", "small", "large", "brief"]
    pod = older.start("brief", "anna")["anna"]
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert older.python("anna", "import jupyterhub; print(repr(jupyterhub.__version__).replace(chr(39), chr(34)))") == JUPYTERHUB_5
    assert older.lab("anna").json()["lease"]["profile"] == "brief"
    older.gone("anna")
    assert older.pod("anna") is None
    assert older.last_end("anna") == ("time", "the lab's time was over")
