import pytest
from traitlets.config import Config

from skydesk.backends.job_folders import LocalJobFolders
from skydesk.backends.kubernetes_runner import Patience
from skydesk.backends.kubernetes_runner.assembly import cluster_settings, runner_from
from skydesk.errors import InvalidRequest
from skydesk.kubernetes_settings import KubernetesJobs
from tests.backends.kubernetes_runner.jobs import SETTINGS
from tests.fakes.jobstore import FakeJobStore

GIVEN = {"image": "worker:1", "report_address": "http://skydesk:10180/services/skydesk/"}


def test_settings_are_taken_as_they_are_given_and_defaults_are_the_same_in_both_places() -> None:
    made = cluster_settings(KubernetesJobs(**GIVEN, tolerations=[{"operator": "Exists"}], lost_seconds=7))
    assert made.report_address == "http://skydesk:10180/services/skydesk"
    assert (made.image, made.tolerations, made.patience) == ("worker:1", ({"operator": "Exists"},), Patience(lost_seconds=7))
    assert (made.cpu_limit, made.scratch_bytes, made.command) == (SETTINGS.cpu_limit, SETTINGS.scratch_bytes, SETTINGS.command)


def test_every_fault_is_named() -> None:
    wrong = KubernetesJobs(report_address="skydesk:10180", jobs_claim="", instance="a b", namespace="Jobs")
    with pytest.raises(InvalidRequest) as caught:
        cluster_settings(wrong)
    fields = [fault.field for fault in caught.value.faults]
    assert fields == [f"KubernetesJobs.{name}" for name in ("image", "jobs_claim", "report_address", "instance", "namespace")]


def test_settings_come_from_a_configuration_file() -> None:
    settings = KubernetesJobs(config=Config({"KubernetesJobs": {**GIVEN, "node_selector": {"pool": "jobs"}}}))
    assert cluster_settings(settings).node_selector == {"pool": "jobs"}


def test_a_runner_asks_nothing_of_the_cluster_before_it_is_started(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = KubernetesJobs(**GIVEN, kubeconfig="/nowhere", survey_file="/srv/skydesk/survey/des.toml")
    folders = LocalJobFolders(tmp_path_factory.mktemp("jobs"))
    runner = runner_from(settings, FakeJobStore(), folders, options={"survey_file": "/here"}, workers=3, on_end=lambda _: None)
    assert runner.id == "kubernetes-skydesk-jobs-skydesk"
    assert runner._worker_settings.options == {"survey_file": "/srv/skydesk/survey/des.toml", "image_cache": None, "threads": 2}
    runner.stop()


@pytest.mark.parametrize(
    ("cpu_limit", "given", "threads"), [("2", 0, 2), ("500m", 0, 1), ("1500m", 0, 2), ("1.5", 0, 2), ("16", 0, 16), ("16", 3, 3)]
)
def test_a_pod_cuts_with_as_many_threads_as_it_has_processors(
    tmp_path_factory: pytest.TempPathFactory, cpu_limit: str, given: int, threads: int
) -> None:
    settings = KubernetesJobs(**GIVEN, kubeconfig="/nowhere", cpu_limit=cpu_limit, cache_claim="skydesk-cache")
    folders = LocalJobFolders(tmp_path_factory.mktemp("jobs"))
    options = {"survey_file": "/here", "threads": given, "image_cache": "/of/the/service"}
    runner = runner_from(settings, FakeJobStore(), folders, options=options, workers=3, on_end=lambda _: None)
    assert runner._worker_settings.options == {"survey_file": "/here", "image_cache": "/srv/skydesk/cache/images", "threads": threads}
    runner.stop()


@pytest.mark.parametrize("cpu_limit", ["", "two", "-1", "1e3", "2 cores", "1;2"])
def test_processors_that_are_none_are_refused(cpu_limit: str) -> None:
    with pytest.raises(InvalidRequest, match="cpu_limit"):
        cluster_settings(KubernetesJobs(**GIVEN, cpu_limit=cpu_limit))
