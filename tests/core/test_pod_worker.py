"""What a pod runs, as a process of its own, against a service that answers as a test says."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skydesk.backends.job_folders import LocalJobFolders
from skydesk.backends.kubernetes_runner.request import PodRequest, packed
from skydesk.backends.local_runner import WorkerSettings
from skydesk.jobs.model import Job
from tests.backends.kubernetes_runner.jobs import job_with
from tests.backends.kubernetes_runner.test_reporter import Service
from tests.faults.stage import wait_until

ROOT = Path(__file__).parents[2]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path, service: Service) -> Iterator[Start]:
    processes: list[subprocess.Popen[bytes]] = []

    def begin(job: Job, services: str = "open_services") -> "subprocess.Popen[bytes]":
        worker = WorkerSettings(
            jobs_root=str(tmp_path / "jobs"),
            services=f"tests.faults.tasks:{services}",
            options={"catalogue": "nowhere.duckdb"},
            tasks="tests.faults.tasks:tasks",
            preload=(),
        )
        (tmp_path / "request").write_bytes(packed(PodRequest(job=job, worker=worker, report_url=service.url, token="secret")))
        command = [sys.executable, "-m", "skydesk.pod_worker", str(tmp_path / "request"), "uid", str(tmp_path / "last-words")]
        processes.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def last_words(tmp_path: Path) -> dict[str, Any]:
    words: dict[str, Any] = json.loads((tmp_path / "last-words").read_text())
    return words


def told(service: Service) -> dict[str, Any]:
    end: dict[str, Any] = next(message["end"] for message in service.heard if message["kind"] == "end")
    return end


def test_a_job_is_carried_out_and_its_end_told_twice(tmp_path: Path, service: Service, start: Start) -> None:
    job = job_with(type="write", request={"text": "stars"}, owner="ann")
    assert start(job).wait(60) == 0
    assert [message["kind"] for message in service.heard if message["kind"] != "progress"] == ["started", "publishing", "end"]
    assert told(service) == last_words(tmp_path)
    assert (told(service)["phase"], told(service)["rows"], told(service)["interrupted"]) == ("COMPLETED", 2, False)
    assert LocalJobFolders(tmp_path / "jobs").file(job, "result.txt").read_text() == "stars"


def test_an_attempt_that_does_not_count_touches_nothing(tmp_path: Path, service: Service, start: Start) -> None:
    service.statuses = [409]
    assert start(job_with(type="write")).wait(60) == 3
    assert not (tmp_path / "jobs").exists()
    assert not (tmp_path / "last-words").exists()


def test_an_attempt_that_was_overtaken_publishes_nothing(tmp_path: Path, service: Service, start: Start) -> None:
    service.statuses = [200, 409]
    job = job_with(type="fail", owner="ann")
    assert start(job).wait(60) == 0
    assert not LocalJobFolders(tmp_path / "jobs").path(job).exists()
    assert last_words(tmp_path)["error"]["message"] == "row 3 lies outside the survey"


def test_a_job_that_takes_too_long_is_ended_by_its_worker(tmp_path: Path, service: Service, start: Start) -> None:
    assert start(job_with(type="spin", limit_seconds=0.5)).wait(60) == 0
    assert (told(service)["phase"], told(service)["error"]["code"], told(service)["interrupted"]) == ("ABORTED", "deadline_exceeded", False)


def test_a_worker_that_the_cluster_stops_says_so_and_leaves_the_rest_to_the_service(tmp_path: Path, service: Service, start: Start) -> None:
    job = job_with(type="wait", owner="ann")
    process = start(job)
    wait_until(lambda: any(message["kind"] == "progress" for message in service.heard), 60)
    process.terminate()
    assert process.wait(60) == 0
    assert (told(service)["phase"], told(service)["interrupted"]) == ("ABORTED", True)
    assert not (tmp_path / "last-words").exists()
    folders = LocalJobFolders(tmp_path / "jobs")
    assert not folders.path(job).exists()
    assert "stopped on the cluster" in folders.log(job)


def test_services_that_cannot_be_opened_are_told_to_whoever_looks_at_the_pod(tmp_path: Path, start: Start) -> None:
    assert start(job_with(type="write"), "refuse_services").wait(60) == 1
    assert "OSError: no catalogue at nowhere.duckdb" in (tmp_path / "last-words").read_text()
    assert not (tmp_path / "jobs").exists()


def test_long_reasons_are_cut_for_the_cluster_but_not_for_the_service(tmp_path: Path, service: Service, start: Start) -> None:
    job = replace(job_with(owner="ann"), type="x" * 20_000)
    assert start(job).wait(60) == 0
    assert len((tmp_path / "last-words").read_bytes()) <= 4096
    assert last_words(tmp_path)["phase"] == told(service)["phase"] == "ERROR"


def test_what_is_no_request_is_told_in_words(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "skydesk.pod_worker", str(tmp_path / "nothing"), "uid"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert b"holds no request for a worker" in done.stderr
