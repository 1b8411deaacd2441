"""A whole service whose jobs are pods: a query job over the demo survey, from its submission to its file in the owner's folder."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from traitlets.config import Config

from skydesk.access import User
from skydesk.jobs.model import FINAL, Phase
from skydesk.query.model import QueryRequest
from skydesk.query.output import parse_output
from skydesk.settings import SkydeskSettings
from skydesk.web.query_job import submit_query
from skydesk.wiring import Services, build_services
from tests.cluster.kube import Kube
from tests.cluster.pods import Interpreter
from tests.cluster.stage import JOBS_USER, ReportServer, volume
from tests.faults.stage import wait_until
from tests.views import VIEWS

ANN = User(name="Ann O'Neill", entitlements=VIEWS["limited"])
STATEMENT = "SELECT COADD_OBJECT_ID, RA, DEC FROM DR2_MAIN WHERE ROWNUM <= 10"


@pytest.fixture(scope="module")
def survey_volume(kube: Kube, tiny_survey: Path) -> Iterator[str]:
    objects = volume("survey", kube.namespace, tiny_survey.parent, read_only=True)
    kube.apply(*objects)
    wait_until(lambda: kube.get("pvc", "claim=survey")[0]["status"]["phase"] == "Bound", 60)
    yield "survey"
    kube.kubectl("delete", "persistentvolume", objects[0]["metadata"]["name"], "--wait=false")


@pytest.fixture
def services(
    kube: Kube,
    interpreter: Interpreter,
    runner_kubeconfig: str,
    reports: ReportServer,
    jobs_volume: tuple[str, Path],
    survey_volume: str,
    tiny_survey: Path,
) -> Iterator[Services]:
    claim, root = jobs_volume
    folder = root / f"service-{secrets.token_hex(3)}"
    folder.mkdir()
    kubernetes = {
        "kubeconfig": runner_kubeconfig,
        "namespace": kube.namespace,
        "instance": "service",
        "image": interpreter.image,
        "command": [*interpreter.command, "-m", "skydesk.pod_worker"],
        "environment": interpreter.environment,
        "report_address": reports.url,
        "jobs_claim": claim,
        "jobs_sub_path": f"{folder.name}/jobs",
        "survey_claim": survey_volume,
        "survey_file": f"/srv/skydesk/survey/{tiny_survey.name}",
        "extra_volumes": list(interpreter.volumes),
        "extra_volume_mounts": list(interpreter.mounts),
        "cpu_request": "10m",
        "scratch_bytes": 256 * 2**20,
    }
    skydesk = {
        "survey_file": str(tiny_survey),
        "data_folder": str(folder / "data"),
        "jobs_folder": str(folder / "jobs"),
        "job_runner": "kubernetes",
        "workers": 2,
    }
    settings = SkydeskSettings(config=Config({"SkydeskSettings": skydesk, "KubernetesJobs": kubernetes}))
    with build_services(settings, mode="hub") as made:
        reports.receiver = made.worker_reports
        yield made
        reports.receiver = None
    # Jobs that have ended stay for a while to be looked at; the tests after these count pods.
    kube.kubectl("delete", "jobs", "--selector", "app.kubernetes.io/instance=service")
    kube.until_gone("pods", "app.kubernetes.io/instance=service")


def test_a_query_job_runs_in_a_pod_and_its_file_stands_in_the_owner_s_folder(services: Services, kube: Kube) -> None:
    assert services.queries.quick(ANN, STATEMENT).rows == 10
    assert kube.get("pods", "app.kubernetes.io/instance=service") == []
    request = QueryRequest(sql=STATEMENT, output=parse_output("ten.parquet"))
    job = submit_query(services, ANN, request)
    wait_until(lambda: services.jobs.get(ANN, job.id).phase in FINAL, 90, lambda: services.jobs.get(ANN, job.id))
    done = services.jobs.get(ANN, job.id)
    assert (done.phase, done.error, done.rows) == (Phase.COMPLETED, None, 10)
    path = services.jobs.file(ANN, job.id, "ten.parquet")
    assert pq.read_table(path).num_rows == 10
    assert path.parent == services.jobs_folder / "-41nn-20-4f-27-4eeill" / job.id
    assert path.stat().st_uid == JOBS_USER
    assert os.access(path, os.R_OK)
    [made] = kube.get("jobs", f"skydesk/job-id={job.id}")
    assert made["metadata"]["annotations"]["skydesk/owner"] == ANN.name
