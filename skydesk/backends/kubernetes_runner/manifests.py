"""The Kubernetes objects of one attempt at a job, as pure functions of job and settings."""

import hashlib
from collections.abc import Mapping
from math import ceil
from typing import Any

from ...jobs.model import Job
from ..job_folders import owner_folder
from .settings import ClusterSettings

__all__ = [
    "ANNOTATION_OWNER",
    "ANNOTATION_TOKEN",
    "LABEL_ATTEMPT",
    "LABEL_JOB",
    "LABEL_NAME",
    "REQUEST_FILE",
    "WORKER",
    "job_manifest",
    "label_selector",
    "object_name",
    "secret_manifest",
]

WORKER = "worker"
"""Name of the one container."""

REQUEST_FILE = "/run/skydesk/request.json.gz"
"""Where a pod finds what it is to do."""

LABEL_JOB, LABEL_ATTEMPT, LABEL_NAME = "skydesk/job-id", "skydesk/attempt", "skydesk/name"
ANNOTATION_OWNER, ANNOTATION_TOKEN = "skydesk/owner", "skydesk/token-sha256"

_REQUEST_FOLDER, _REQUEST_KEY = REQUEST_FILE.rsplit("/", 1)
_SCRATCH = "/tmp"  # noqa: S108 (a volume of the pod's own)
_ALARM_SECONDS = 30
"""The worker's own backstop ends it that long after its limit; see `skydesk.worker`."""


def object_name(job_id: str, attempt: int) -> str:
    """Name the Job, and the Secret, of an attempt."""
    return f"skydesk-{job_id}-{attempt}"


def label_selector(settings: ClusterSettings) -> str:
    """Select the objects of all jobs of this SkyDesk."""
    return ",".join(f"{key}={value}" for key, value in _family_labels(settings).items())


def job_manifest(job: Job, settings: ClusterSettings, token_sha256: str) -> dict[str, Any]:
    """Make the Job of an attempt.

    Parameters
    ----------
    token_sha256
        Digest, in hex, of the token with which its pod reports; kept with the Job, so that the next service knows it too.
    """
    name, labels = object_name(job.id, job.attempt), _labels(job, settings)
    patience = settings.patience
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": settings.namespace,
            "labels": labels,
            "annotations": {ANNOTATION_OWNER: job.owner, ANNOTATION_TOKEN: token_sha256},
        },
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": _running_seconds(job, settings) + ceil(patience.place_seconds + patience.image_seconds),
            "ttlSecondsAfterFinished": settings.ttl_seconds,
            "template": {"metadata": {"labels": labels}, "spec": _pod_spec(job, settings, name)},
        },
    }


def secret_manifest(job: Job, settings: ClusterSettings, job_uid: str, request: str) -> dict[str, Any]:
    """Make the Secret that an attempt's pod reads, which goes when its Job goes.

    Parameters
    ----------
    request
        What `skydesk.backends.kubernetes_runner.request.packed` gave, in base64.
    """
    name = object_name(job.id, job.attempt)
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job_uid, "controller": True, "blockOwnerDeletion": False}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": settings.namespace, "labels": _labels(job, settings), "ownerReferences": [owner]},
        "immutable": True,
        "data": {_REQUEST_KEY: request},
    }


def _family_labels(settings: ClusterSettings) -> dict[str, str]:
    return {
        "app.kubernetes.io/managed-by": "skydesk",
        "app.kubernetes.io/component": "job",
        "app.kubernetes.io/instance": settings.instance,
    }


def _labels(job: Job, settings: ClusterSettings) -> dict[str, str]:
    owner = hashlib.sha256(job.owner.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    own = {LABEL_JOB: job.id, LABEL_ATTEMPT: str(job.attempt), LABEL_NAME: object_name(job.id, job.attempt), "skydesk/owner-hash": owner}
    return {**_family_labels(settings), **own}


def _running_seconds(job: Job, settings: ClusterSettings) -> int:
    """Longest life of a pod on its node, from the fetch of its image to the end."""
    return ceil(settings.patience.start_seconds + job.limit_seconds + _ALARM_SECONDS + settings.stop_seconds)


def _pod_spec(job: Job, settings: ClusterSettings, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": _running_seconds(job, settings),
        "terminationGracePeriodSeconds": settings.stop_seconds,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # The worker is not process 1 then, so that the kernel's signals at its limits end it, and what it leaves is reaped.
        "shareProcessNamespace": True,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": settings.user_id,
            "runAsGroup": settings.group_id,
            "fsGroup": settings.group_id,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job, settings)],
        "volumes": _volumes(settings, name),
    }
    optional = {
        "imagePullSecrets": [{"name": secret} for secret in settings.image_pull_secrets],
        "nodeSelector": dict(settings.node_selector),
        "tolerations": [dict(toleration) for toleration in settings.tolerations],
        "priorityClassName": settings.priority_class,
    }
    return {**spec, **{key: value for key, value in optional.items() if value}}


def _container(job: Job, settings: ClusterSettings) -> dict[str, Any]:
    memory = str(job.memory_bytes + settings.memory_spare_bytes)
    scratch = str(settings.scratch_bytes)
    compiled = f"{settings.cache_mount.rstrip('/') if settings.cache_claim else _SCRATCH}/compiled"
    fixed = {"HOME": _SCRATCH, "TMPDIR": _SCRATCH, "PYTHONUNBUFFERED": "1", "NUMBA_CACHE_DIR": compiled}
    environment = {**fixed, **settings.environment}
    return {
        "name": WORKER,
        "image": settings.image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": [*settings.command, REQUEST_FILE, "$(SKYDESK_POD_UID)"],
        "workingDir": _SCRATCH,
        "env": [
            *({"name": key, "value": value} for key, value in environment.items()),
            {"name": "SKYDESK_POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
        ],
        "resources": {
            "requests": {"cpu": settings.cpu_request, "memory": memory, "ephemeral-storage": scratch},
            "limits": {"cpu": settings.cpu_limit, "memory": memory, "ephemeral-storage": scratch},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "File",
        "volumeMounts": _mounts(job, settings),
    }


def _mounts(job: Job, settings: ClusterSettings) -> list[dict[str, Any]]:
    folder = owner_folder(job.owner)
    part = f"{settings.jobs_sub_path.strip('/')}/{folder}".lstrip("/")
    mounts: list[dict[str, Any]] = [
        {"name": "request", "mountPath": _REQUEST_FOLDER, "readOnly": True},
        {"name": "scratch", "mountPath": _SCRATCH},
        {"name": "jobs", "mountPath": f"{settings.jobs_mount.rstrip('/')}/{folder}", "subPath": part},
    ]
    if settings.survey_claim:
        mounts.append({"name": "survey", "mountPath": settings.survey_mount, "readOnly": True})
    if settings.cache_claim:
        mounts.append({"name": "cache", "mountPath": settings.cache_mount})
    return [*mounts, *(dict(mount) for mount in settings.extra_volume_mounts)]


def _volumes(settings: ClusterSettings, name: str) -> list[Mapping[str, Any]]:
    volumes: list[Mapping[str, Any]] = [
        {"name": "request", "secret": {"secretName": name, "defaultMode": 0o440}},
        {"name": "scratch", "emptyDir": {"sizeLimit": str(settings.scratch_bytes)}},
        {"name": "jobs", "persistentVolumeClaim": {"claimName": settings.jobs_claim}},
    ]
    if settings.survey_claim:
        volumes.append({"name": "survey", "persistentVolumeClaim": {"claimName": settings.survey_claim, "readOnly": True}})
    if settings.cache_claim:
        volumes.append({"name": "cache", "persistentVolumeClaim": {"claimName": settings.cache_claim}})
    return [*volumes, *(dict(volume) for volume in settings.extra_volumes)]
