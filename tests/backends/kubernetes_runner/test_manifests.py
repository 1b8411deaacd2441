"""What is asked of the cluster: golden objects, valid for current Kubernetes."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from skydesk.backends.job_folders import owner_folder
from skydesk.backends.kubernetes_runner import label_selector
from skydesk.backends.kubernetes_runner.manifests import job_manifest, object_name, secret_manifest
from tests.backends.kubernetes_runner.jobs import SETTINGS, job_with

GOLDEN = Path(__file__).parents[2] / "data" / "kubernetes"
REQUEST = base64.b64encode(b"the request").decode()


def pod_of(manifest: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("name", ["job", "secret"])
def test_the_objects_of_an_attempt_are_as_they_were(name: str) -> None:
    made = {
        "job": job_manifest(job_with(), SETTINGS, "0" * 64),
        "secret": secret_manifest(job_with(), SETTINGS, "4c5a9f0e-0000-4000-8000-000000000000", REQUEST),
    }[name]
    assert made == json.loads((GOLDEN / f"{name}.json").read_text())


@pytest.mark.parametrize("version", ["1.27", "1.30", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("extra", [False, True], ids=["bare", "with everything"])
def test_the_objects_are_valid_where_nothing_unknown_is_let_through(version: str, extra: bool) -> None:
    settings = (
        SETTINGS
        if extra
        else replace(SETTINGS, survey_claim="", cache_claim="", image_pull_secrets=(), node_selector={}, tolerations=(), priority_class="")
    )
    for made in (job_manifest(job_with(), settings, "0" * 64), secret_manifest(job_with(), settings, "uid", REQUEST)):
        assert version.startswith(kubernetes_validate.validate(made, version, strict=True))


def test_the_check_refuses_what_is_wrong() -> None:
    made = job_manifest(job_with(), SETTINGS, "0" * 64)
    made["spec"]["backofflimit"] = 0
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(made, kubernetes_validate.latest_version(), strict=True)


def test_a_pod_has_no_rights_and_no_privileges() -> None:
    pod = pod_of(job_manifest(job_with(), SETTINGS, "0" * 64))
    [container] = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}


@pytest.mark.parametrize("owner", ["ann", "a-b", "a_b", "Ann O'Neill", "../bob", "..", "a/b", "Ænn", "x" * 200])
def test_a_pod_sees_its_owner_s_folder_and_no_other(owner: str) -> None:
    settings = replace(SETTINGS, jobs_sub_path="/deep/jobs/")
    [container] = pod_of(job_manifest(job_with(owner=owner), settings, "0" * 64))["containers"]
    [mount] = [mount for mount in container["volumeMounts"] if mount["name"] == "jobs"]
    assert mount["subPath"] == f"deep/jobs/{owner_folder(owner)}"
    assert mount["mountPath"] == f"/srv/skydesk/jobs/{owner_folder(owner)}"
    assert "/" not in owner_folder(owner)
    assert all(mount.get("readOnly") for mount in container["volumeMounts"] if mount["name"] in {"request", "survey"})


def test_time_and_memory_come_from_the_job_with_room_for_the_rest() -> None:
    spec = job_manifest(job_with(limit_seconds=60.5, memory_bytes=2**30), SETTINGS, "0" * 64)["spec"]
    pod = spec["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"]["memory"] == str(2**30 + SETTINGS.memory_spare_bytes)
    assert pod["activeDeadlineSeconds"] == 701
    assert spec["activeDeadlineSeconds"] > pod["activeDeadlineSeconds"]
    assert (spec["backoffLimit"], pod["restartPolicy"]) == (0, "Never")


def test_the_secret_goes_with_its_job_and_both_are_found_by_the_instance() -> None:
    job, secret = job_manifest(job_with(attempt=2), SETTINGS, "0" * 64), secret_manifest(job_with(attempt=2), SETTINGS, "uid", REQUEST)
    name = object_name("k3v9x0a1b2c3d4e5", 2)
    assert job["metadata"]["name"] == secret["metadata"]["name"] == name
    assert pod_of(job)["volumes"][0]["secret"]["secretName"] == name
    [owner] = secret["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Job", name, "uid")
    for labels in (job["metadata"]["labels"], job["spec"]["template"]["metadata"]["labels"], secret["metadata"]["labels"]):
        assert set(label_selector(SETTINGS).split(",")) <= {f"{key}={value}" for key, value in labels.items()}
