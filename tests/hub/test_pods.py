"""Profiles as settings of KubeSpawner, and why pods ended."""

from dataclasses import replace
from typing import Any

import pytest

from skydesk.access import LabProfile, default_policy
from skydesk_hub.pods import End, PodPlan, deadline, end_of_pod, hardened, profile_overrides, refusal_of_cluster

SMALL, GPU = default_policy().profiles["small"], default_policy().profiles["gpu"]
PLAN = PodPlan()


def overrides(profile: LabProfile, **changes: Any) -> dict[str, Any]:
    return profile_overrides(profile, **{"user": "vera", "plan": PLAN, **changes})


def test_sizes_are_the_profiles() -> None:
    given = overrides(SMALL)
    assert (given["cpu_guarantee"], given["cpu_limit"]) == (0.25, 1)
    assert (given["mem_guarantee"], given["mem_limit"]) == (2**29, 2**31)


def test_without_a_gpu_no_resource_node_or_toleration_is_asked_for() -> None:
    assert not {"extra_resource_limits", "node_selector", "tolerations", "volumes", "image"} & overrides(SMALL).keys()


def test_a_gpu_is_asked_for_by_the_clusters_name_for_it_on_its_nodes() -> None:
    given = overrides(GPU, plan=replace(PLAN, gpu_resource="amd.com/gpu"))
    assert given["extra_resource_limits"] == {"amd.com/gpu": "1"}
    assert given["node_selector"] == {"skydesk.org/gpu": "true"}
    assert given["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_what_every_lab_tolerates_stays() -> None:
    shared = {"key": "hub.jupyter.org/dedicated", "operator": "Equal", "value": "user"}
    assert overrides(SMALL, tolerations=(shared,))["tolerations"] == [shared]
    assert overrides(GPU, tolerations=(shared,))["tolerations"][0] == shared


@pytest.mark.parametrize("profile", [SMALL, GPU], ids=["small", "gpu"])
def test_no_profile_has_rights(profile: LabProfile) -> None:
    given = overrides(profile)
    assert given.items() >= hardened().items()
    assert given["automount_service_account_token"] is False
    assert given["container_security_context"]["runAsNonRoot"] is True
    assert given["container_security_context"]["allowPrivilegeEscalation"] is False
    assert given["container_security_context"]["capabilities"] == {"drop": ["ALL"]}
    assert given["pod_security_context"]["seccompProfile"] == {"type": "RuntimeDefault"}


@pytest.mark.parametrize(
    ("writable", "user", "folder"), [(False, "vera", "vera"), (True, "a_b", "a_b"), (False, "a-b", "a-2db"), (False, "..", "-2e.")]
)
def test_only_the_owners_part_of_the_job_volume_is_mounted(writable: bool, user: str, folder: str) -> None:
    given = overrides(SMALL, user=user, plan=PodPlan(jobs_claim="jobs", jobs_writable=writable))
    assert given["volumes"]["skydesk-jobs"]["persistentVolumeClaim"] == {"claimName": "jobs", "readOnly": not writable}
    assert given["volume_mounts"]["skydesk-jobs"] == {
        "name": "skydesk-jobs",
        "mountPath": "/home/jovyan/jobs",
        "subPath": folder,
        "readOnly": not writable,
    }


def test_a_lab_that_fails_is_not_started_again_in_its_pod() -> None:
    assert overrides(SMALL)["extra_pod_config"] == {"restartPolicy": "Never"}


def test_the_deadline_is_the_longest_time_and_some_grace() -> None:
    assert deadline(3600.2, grace_seconds=300) == {"extra_pod_config": {"activeDeadlineSeconds": 3901}}
    assert deadline(-9000, grace_seconds=300) == {"extra_pod_config": {"activeDeadlineSeconds": 1}}


def ended(**terminated: Any) -> dict[str, Any]:
    return {"status": {"phase": "Failed", "containerStatuses": [{"name": "notebook", "state": {"terminated": terminated}}]}}


@pytest.mark.parametrize(
    ("pod", "end"),
    [
        ({"status": {"phase": "Running", "containerStatuses": [{"name": "notebook", "state": {"running": {}}}]}}, None),
        ({"status": {"phase": "Pending"}}, None),
        ({}, None),
        (
            {"status": {"phase": "Failed", "reason": "DeadlineExceeded"}},
            End(reason="time", message="its longest time was over, and Kubernetes ended it"),
        ),
        (
            {"status": {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}},
            End(reason="failed", message="its node put it out: low on memory"),
        ),
        (
            ended(reason="Completed", exitCode=0) | {"metadata": {"deletionTimestamp": "2026-11-22T12:00:00Z"}},
            End(reason="lost", message="its pod was deleted, as when a node is emptied"),
        ),
        (ended(reason="OOMKilled", exitCode=137), End(reason="failed", message="it needed more memory than its limit of 2 GiB")),
        (ended(reason="Completed", exitCode=0), End(reason="user", message="it was shut down from inside")),
        (ended(reason="Error", exitCode=3), End(reason="failed", message="its process ended with status 3")),
        ({"status": {"phase": "Failed"}}, End(reason="failed", message="its pod failed: no reason was given")),
    ],
    ids=["runs", "waits", "unknown", "deadline", "evicted", "deleted", "out of memory", "shut down", "crashed", "failed without a word"],
)  # fmt: skip
def test_the_end_of_a_pod_is_told_in_words(pod: dict[str, Any], end: End | None) -> None:
    assert end_of_pod(pod, memory_limit_bytes=2**31) == end


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(
            '{"message": "pods \\"lab-vera\\" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: 2"}',
            "the cluster has no room for this lab now: the quota gpus of its namespace is used up; try again later",
            id="quota",
        ),
        pytest.param(
            '{"message": "pods is forbidden"}',
            "the cluster does not take this lab; the people who run this hub should know that it says: pods is forbidden",
            id="no right",
        ),
        pytest.param("[]", "the cluster does not take this lab; the people who run this hub should know that it says: []", id="no object"),
    ],
)
def test_what_the_cluster_refuses_is_told_in_words(body: str, sentence: str) -> None:
    assert refusal_of_cluster(body) == sentence
