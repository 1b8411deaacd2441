"""What a lab profile means for a pod: settings of KubeSpawner, and why a pod ended. Pure."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skydesk.access import LabProfile

from .names import job_folder

__all__ = ["End", "PodPlan", "deadline", "end_of_pod", "hardened", "profile_overrides", "refusal_of_cluster", "resources"]

_GIB = 2**30
_QUOTA = re.compile(r"exceeded quota: ([^,]+),")


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPlan:
    """What all pods of labs have in common."""

    gpu_resource: str = "nvidia.com/gpu"
    """The extended resource that a GPU is asked for by."""

    home_path: str = "/home/jovyan"
    jobs_claim: str = ""
    """The claim of the job volume; empty where labs do not mount it."""

    jobs_writable: bool = False
    """True lets labs write to their owner's job folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Why a lab ended."""

    reason: str
    """``time``, ``idle``, ``user``, ``failed`` or ``lost``."""

    message: str


def resources(profile: LabProfile) -> dict[str, Any]:
    """Processors and memory of a profile, as traits of KubeSpawner."""
    return {
        "cpu_guarantee": profile.cpu_request,
        "cpu_limit": profile.cpu_limit,
        "mem_guarantee": profile.memory_request_bytes,
        "mem_limit": profile.memory_limit_bytes,
    }


def hardened() -> dict[str, Any]:
    """What no lab may have, as traits of KubeSpawner: an account of the cluster, root, more rights than it began with."""
    return {
        "automount_service_account_token": False,
        "service_account": None,
        "privileged": False,
        "allow_privilege_escalation": False,
        "container_security_context": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "pod_security_context": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }


def profile_overrides(profile: LabProfile, *, user: str, plan: PodPlan, tolerations: tuple[Mapping[str, str], ...] = ()) -> dict[str, Any]:
    """Give the ``kubespawner_override`` of a profile for one user.

    Parameters
    ----------
    profile
        What was granted.
    user
        Whose lab it is.
    plan
        What all labs have in common.
    tolerations
        What every lab tolerates; the profile's own are added.
    """
    overrides = resources(profile) | hardened()
    # a lab that fails ends, and says why; started again in the same pod it would hold its place and have lost its kernels
    overrides["extra_pod_config"] = {"restartPolicy": "Never"}
    if profile.image:
        overrides["image"] = profile.image
    if profile.gpus:
        overrides["extra_resource_limits"] = {plan.gpu_resource: str(profile.gpus)}
    if profile.node_selector:
        overrides["node_selector"] = dict(profile.node_selector)
    if tolerations or profile.tolerations:
        overrides["tolerations"] = [dict(each) for each in (*tolerations, *profile.tolerations)]
    if plan.jobs_claim:
        claim = {"claimName": plan.jobs_claim, "readOnly": not plan.jobs_writable}
        mount = {"mountPath": f"{plan.home_path}/jobs", "subPath": job_folder(user), "readOnly": not plan.jobs_writable}
        overrides["volumes"] = {"skydesk-jobs": {"name": "skydesk-jobs", "persistentVolumeClaim": claim}}
        overrides["volume_mounts"] = {"skydesk-jobs": {"name": "skydesk-jobs", **mount}}
    return overrides


def deadline(seconds: float, *, grace_seconds: float) -> dict[str, Any]:
    """Give the override that lets Kubernetes end a pod by itself, with the hub down too.

    Parameters
    ----------
    seconds
        How long the lab may last with every extension.
    grace_seconds
        How much later than that the pod is ended.
    """
    return {"extra_pod_config": {"activeDeadlineSeconds": max(1, math.ceil(seconds + grace_seconds))}}


def end_of_pod(pod: Mapping[str, Any], *, memory_limit_bytes: float | None) -> End | None:
    """Tell why a pod ended, from what the cluster says of it; None while it has not.

    Parameters
    ----------
    pod
        The pod as the API's JSON has it.
    memory_limit_bytes
        What its memory was limited to; None where it is not known.
    """
    status = pod.get("status") or {}
    if status.get("reason") == "DeadlineExceeded":
        return End(reason="time", message="its longest time was over, and Kubernetes ended it")
    if status.get("reason") == "Evicted":
        return End(reason="failed", message=f"its node put it out: {status.get('message') or 'no reason was given'}")
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        # not by the hub, which remembers why before it deletes a pod: a drained node, or somebody with kubectl
        return End(reason="lost", message="its pod was deleted, as when a node is emptied")
    for container in status.get("containerStatuses") or ():
        ended = (container.get("state") or {}).get("terminated")
        if container.get("name") == "notebook" and ended:
            return _end_of_container(ended, memory_limit_bytes)
    if status.get("phase") == "Failed":
        return End(reason="failed", message=f"its pod failed: {status.get('message') or status.get('reason') or 'no reason was given'}")
    return None


def refusal_of_cluster(body: str) -> str:
    """Say why the cluster does not take a pod.

    Parameters
    ----------
    body
        What its API answered: a Status as JSON, or anything else.
    """
    try:
        message = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        message = body
    if quota := _QUOTA.search(message):
        return f"the cluster has no room for this lab now: the quota {quota[1]} of its namespace is used up; try again later"
    return f"the cluster does not take this lab; the people who run this hub should know that it says: {message[:300]}"


def _end_of_container(ended: Mapping[str, Any], memory_limit_bytes: float | None) -> End:
    if ended.get("reason") == "OOMKilled":
        limit = f" of {memory_limit_bytes / _GIB:g} GiB" if memory_limit_bytes else ""
        return End(reason="failed", message=f"it needed more memory than its limit{limit}")
    if ended.get("exitCode") == 0:
        return End(reason="user", message="it was shut down from inside")
    return End(reason="failed", message=f"its process ended with status {ended.get('exitCode')}")
