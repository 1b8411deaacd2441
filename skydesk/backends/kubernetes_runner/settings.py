"""Where and how pods of jobs run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ClusterSettings", "Patience"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a pod may be in a state in which it does no work, seconds."""

    place_seconds: float = 120
    """Until the scheduler has found a node; afterwards the job goes back to the queue."""

    image_seconds: float = 180
    """Until the image is there once the first fetch has failed; the node tries again by itself meanwhile."""

    start_seconds: float = 600
    """From the node's choice to the first word of the worker."""

    lost_seconds: float = 300
    """Until a pod that was told to end, or whose node is silent, is given up."""

    claim_seconds: float = 15
    """Until a job that was claimed, and for which no pod was asked, counts as claimed by a service that died."""

    queue_seconds: float = 86400
    """How long a job is put back for want of a place, before it ends in an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """What every pod of a job has in common."""

    namespace: str
    image: str
    report_address: str
    """Address of the service for pods, without a slash at the end; reports go to ``<address>/worker/...``."""

    jobs_claim: str
    """Persistent volume claim of the job folders, in the namespace of the jobs."""

    instance: str = "skydesk"
    """Tells several SkyDesks in one namespace apart; jobs are adopted by it after a restart."""

    jobs_mount: str = "/srv/skydesk/jobs"
    """Where a pod sees its owner's part of the job folders."""

    jobs_sub_path: str = ""
    """Folder of the job folders in their volume; empty for its root."""

    survey_claim: str = ""
    """Persistent volume claim of survey file and catalogue, mounted read-only; empty where the image holds them."""

    survey_mount: str = "/srv/skydesk/survey"
    cache_claim: str = ""
    """Persistent volume claim that all pods write seek indexes of images, and compiled code, to; empty for none."""

    cache_mount: str = "/srv/skydesk/cache"
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    command: tuple[str, ...] = ("python", "-m", "skydesk.pod_worker")
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    priority_class: str = ""
    user_id: int = 1000
    group_id: int = 1000
    cpu_request: str = "500m"
    cpu_limit: str = "2"
    memory_spare_bytes: int = 256 * 2**20
    """What a pod gets beyond its job's memory: the interpreter, its libraries and the cache of files."""

    scratch_bytes: int = 8 * 2**30
    """Largest scratch space of a pod, bytes."""

    stop_seconds: int = 10
    """How long a pod may take to end when it is told to."""

    ttl_seconds: int = 3600
    """How long an ended Job stays to be looked at."""

    environment: Mapping[str, str] = field(default_factory=dict)
    extra_volumes: tuple[Mapping[str, Any], ...] = ()
    extra_volume_mounts: tuple[Mapping[str, Any], ...] = ()
    patience: Patience = field(default_factory=Patience)
