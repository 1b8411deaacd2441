"""How jobs end on a real node when something goes wrong there, and what their pods may do."""

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from skydesk.jobs.model import Job, Phase
from tests.cluster.stage import QUICK, ClusterStage
from tests.faults.stage import ledger_runs, wait_until


def error_of(job: Job) -> tuple[str, str]:
    assert job.error is not None
    return job.error.code, job.error.message


def test_a_pod_has_few_rights_and_sees_one_owner_s_folder(stage: ClusterStage) -> None:
    namespace = stage.kube.namespace
    paths = ["/api/v1/namespaces", f"/api/v1/namespaces/{namespace}/secrets", f"/apis/batch/v1/namespaces/{namespace}/jobs"]
    other = stage.submit("write", owner="bob")
    job = stage.submit("look_around", {"paths": paths}, owner="Ann O'Neill")
    stage.runner().start()
    stage.until_final(other)
    done = stage.until_final(job)
    found = json.loads(stage.folders.file(done, "found.json").read_text())
    assert found["uid"] == 1000
    assert (int(found["capabilities"], 16), found["no_new_privileges"], found["seccomp"]) == (0, "1", "2")
    assert found["writable"] == ["/tmp"]
    assert found["service_account"] is False
    assert found["job_folders"] == [stage.folders.path(job).parent.name]
    assert not {name for name in found["environment"] if "TOKEN" in name or "PASSWORD" in name}
    assert set(found["api"].values()) <= {401, 403}


def test_a_pod_that_takes_more_memory_than_its_limit_is_killed_and_the_user_is_told(stage: ClusterStage) -> None:
    job = stage.submit("share_memory", memory_bytes=64 * 2**20)
    stage.runner().start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt) == (Phase.ERROR, 1)
    code, message = error_of(done)
    assert (code, message.partition(";")[0]) == ("limit_exceeded", "it needs more memory than its limit of 64 MiB")
    assert message in stage.folders.log(done)


@pytest.mark.slow
def test_what_the_cluster_itself_ends_for_its_time_or_its_scratch_space_is_told(stage: ClusterStage) -> None:
    late = stage.submit("outlive_alarm", limit_seconds=1)
    large = stage.submit("fill_scratch", {"mebibytes": 40}, limit_seconds=250)
    patience = replace(QUICK, start_seconds=8)
    stage.runner(workers=2, changed={"patience": patience, "stop_seconds": 1, "scratch_bytes": 16 * 2**20}).start()
    done = stage.until_final(late)
    assert (done.phase, done.attempt, error_of(done)[0]) == (Phase.ABORTED, 1, "deadline_exceeded")
    done = stage.until_final(large, seconds=180)
    assert (done.phase, done.attempt, error_of(done)[0]) == (Phase.ERROR, 1, "limit_exceeded")
    assert "scratch space" in error_of(done)[1]


def test_a_pod_that_is_killed_from_outside_is_replaced_and_its_job_runs_to_one_end(stage: ClusterStage) -> None:
    [job] = stage.submit_ledger_jobs(1)
    stage.runner().start()
    stage.until(stage.ledger.exists)
    [pod] = stage.pods()
    stage.kube.delete("pod", pod["metadata"]["name"], "--grace-period=0", "--force")
    stage.until(lambda: stage.job(job).attempt == 2)
    stage.gate.touch()
    done = stage.until_final(job)
    assert (done.phase, done.attempt) == (Phase.COMPLETED, 2)
    assert [word for word, _ in ledger_runs(stage.ledger)[job.id]].count("end") == 1


def test_a_pod_that_is_told_to_go_politely_is_replaced_too(stage: ClusterStage) -> None:
    [job] = stage.submit_ledger_jobs(1)
    stage.runner().start()
    stage.until(stage.ledger.exists)
    [pod] = stage.pods()
    stage.kube.delete("pod", pod["metadata"]["name"], "--wait=false")
    stage.until(lambda: stage.job(job).attempt == 2)
    stage.gate.touch()
    assert stage.until_final(job).phase is Phase.COMPLETED


def test_a_job_that_is_deleted_on_the_cluster_ends_and_says_so(stage: ClusterStage) -> None:
    job = stage.submit("wait")
    stage.runner().start()
    stage.until_reported(job)
    stage.kube.kubectl("delete", "jobs", "-l", stage.selector, "--wait=false")
    done = stage.until_final(job)
    assert (done.phase, done.attempt) == (Phase.ABORTED, 1)
    assert error_of(done) == ("cancelled", "an operator stopped it on the cluster; run it again if you still need it, or ask why")
    stage.kube.until_gone("pods", stage.selector, stage.seconds)


def test_a_runner_that_comes_back_goes_on_with_what_runs_and_hears_what_ended_meanwhile(stage: ClusterStage) -> None:
    [ended, running] = [stage.submit("ledger", {"ledger": stage.inside(stage.ledger), "gate": stage.inside(gate)}) for gate in gates(stage)]
    first = stage.runner()
    first.start()
    stage.until(lambda: stage.ledger.exists() and stage.ledger.read_text().count("begin") == 2)
    first.stop(grace_seconds=0)
    stage.reports.receiver = None
    (stage.shared / "gate-0").touch()
    wait_until(lambda: "Succeeded" in {pod["status"]["phase"] for pod in stage.pods()}, stage.seconds, pause_seconds=0.5)
    assert stage.job(ended).phase is Phase.EXECUTING
    stage.runner().start()
    done = stage.until_final(ended)
    assert (done.phase, done.attempt, done.files_count) == (Phase.COMPLETED, 1, 1)
    (stage.shared / "gate-1").touch()
    done = stage.until_final(running)
    assert (done.phase, done.attempt, done.files_count) == (Phase.COMPLETED, 1, 1)
    assert {len(notes) for notes in ledger_runs(stage.ledger).values()} == {2}


def gates(stage: ClusterStage) -> list[Any]:
    return [stage.shared / f"gate-{number}" for number in range(2)]


def test_an_image_that_does_not_exist_is_named(stage: ClusterStage) -> None:
    job = stage.submit("write")
    stage.runner(changed={"image": "localhost/nothing:1"}).start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt) == (Phase.ERROR, 1)
    code, message = error_of(done)
    assert code == "unavailable"
    assert message.startswith("the image localhost/nothing:1 of job workers cannot be fetched (")
    stage.kube.until_gone("pods", stage.selector, stage.seconds)


def test_jobs_beyond_the_quota_wait_in_the_queue_until_there_is_room(stage: ClusterStage) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few-pods"}, "spec": {"hard": {"pods": "1"}}}
    stage.kube.until_gone("pods", seconds=120)
    stage.kube.apply(quota)
    try:
        stage.until(lambda: bool(stage.kube.get("resourcequota")[0].get("status", {}).get("hard")))
        jobs = stage.submit_ledger_jobs(2)
        stage.runner(workers=2).start()
        note = "it waits for other jobs to end: the quota few-pods of the cluster is used up"
        # In one look, since the one that waits is tried again every now and then.
        wanted = {(Phase.EXECUTING, 1, None), (Phase.QUEUED, 0, note)}
        stage.until(lambda: {(job.phase, job.attempt, job.note) for job in stage.store.jobs()} == wanted and stage.ledger.exists())
        stage.gate.touch()
        assert stage.until_all_final(stage.seconds) == {Phase.COMPLETED: 2}
        assert {(stage.job(job).attempt, stage.job(job).note) for job in jobs} == {(1, None)}
    finally:
        stage.kube.delete("resourcequota", "few-pods")


def test_a_job_too_large_for_every_node_goes_back_to_the_queue_and_then_says_why(stage: ClusterStage) -> None:
    job = stage.submit("write", memory_bytes=2**50)
    stage.runner(changed={"patience": replace(QUICK, place_seconds=8, queue_seconds=1)}).start()
    stage.until(
        lambda: (stage.job(job).note or "").startswith("it waits for a node with room (0/1 nodes are available: 1 Insufficient memory")
    )
    done = stage.until_final(job)
    assert done.phase is Phase.ERROR
    code, message = error_of(done)
    assert code == "unavailable"
    assert "Insufficient memory" in message


def test_five_people_s_jobs_run_within_everybody_s_limits(stage: ClusterStage) -> None:
    owners = ["ann", "bob", "cleo", "dora", "a-b"]
    jobs = [stage.submit("ledger", {"ledger": stage.inside(stage.ledger)}, owner=owner, concurrent=2) for owner in owners for _ in range(2)]
    observer, most = stage.api(), {"jobs": 0, "pods": 0, "owner": 0}

    def note() -> None:
        executing = stage.store.jobs(phases=frozenset({Phase.EXECUTING}))
        pods = [pod for pod in observer.snapshot().pods.values() if pod["status"]["phase"] in {"Pending", "Running"}]
        most["jobs"] = max(most["jobs"], len(executing))
        most["pods"] = max(most["pods"], len(pods))
        most["owner"] = max([most["owner"], *(sum(job.owner == owner for job in executing) for owner in owners)])

    changed = threading.Event()
    observer.start(changed.set)
    stage.runner(workers=4).start()
    while set(stage.phases()) != {Phase.COMPLETED}:
        assert changed.wait(stage.seconds), stage.phases()
        changed.clear()
        note()
    observer.close()
    assert (most["jobs"], most["pods"]) == (4, 4)
    assert most["owner"] <= 2
    assert all(len(notes) == 2 for notes in ledger_runs(stage.ledger).values())
    assert {stage.job(job).attempt for job in jobs} == {1}
    assert {folder.name for folder in stage.jobs_root.iterdir()} == {stage.folders.path(job).parent.name for job in jobs}
