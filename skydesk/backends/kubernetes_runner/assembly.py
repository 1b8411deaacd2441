"""A runner of pods from its settings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from math import ceil
from typing import TYPE_CHECKING, Any

from ...errors import Fault, InvalidRequest
from ...jobs.model import Job
from ...jobs.ports import JobStore
from ..job_folders import LocalJobFolders
from ..local_runner.settings import WorkerSettings
from .api import KubernetesApi
from .manifests import label_selector
from .runner import KubernetesJobRunner
from .settings import ClusterSettings, Patience

if TYPE_CHECKING:
    from ...kubernetes_settings import KubernetesJobs

__all__ = ["cluster_settings", "runner_from"]

_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PROCESSORS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?m?")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def runner_from(
    settings: "KubernetesJobs",
    store: JobStore,
    folders: LocalJobFolders,
    *,
    options: Mapping[str, Any],
    workers: int,
    on_end: Callable[[Job], None],
) -> KubernetesJobRunner:
    """Make a runner; nothing is asked of the cluster before it is started.

    Parameters
    ----------
    options
        What a worker's services are opened with; ``survey_file`` as the service sees it.
    workers
        Most pods at a time.

    Raises
    ------
    InvalidRequest
        A setting is wrong or missing; every fault is named.
    """
    cluster = cluster_settings(settings)
    inside = {
        **options,
        "survey_file": settings.survey_file or options["survey_file"],
        "image_cache": f"{cluster.cache_mount.rstrip('/')}/images" if cluster.cache_claim else None,
        "threads": options.get("threads") or _whole_processors(cluster.cpu_limit),
    }
    return KubernetesJobRunner(
        store,
        folders,
        cluster=KubernetesApi(cluster.namespace, label_selector(cluster), kubeconfig=settings.kubeconfig or None),
        settings=cluster,
        worker_settings=WorkerSettings(jobs_root=cluster.jobs_mount, options=inside, preload=()),
        workers=workers,
        on_end=on_end,
    )


def cluster_settings(settings: "KubernetesJobs") -> ClusterSettings:
    """Give settings as the runner takes them; `InvalidRequest` as in `runner_from`."""
    if faults := _faults(settings):
        raise InvalidRequest(faults)
    patience = {field.name: getattr(settings, field.name) for field in fields(Patience) if hasattr(settings, field.name)}
    values = {field.name: getattr(settings, field.name) for field in fields(ClusterSettings) if field.name != "patience"}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return ClusterSettings(**{**values, "report_address": values["report_address"].rstrip("/")}, patience=Patience(**patience))


def _whole_processors(quantity: str) -> int:
    """Count the processors of a quantity as Kubernetes writes it, part of one as one: ``500m``, ``1.5``, ``4``.

    A pod sees all processors of its node, whatever it may use of them.
    """
    millis = float(quantity.removesuffix("m")) * (1 if quantity.endswith("m") else 1000)
    return max(1, ceil(millis / 1000))


def _faults(settings: "KubernetesJobs") -> list[Fault]:
    faults = [
        Fault(field=f"KubernetesJobs.{name}", message=f"is empty; jobs on Kubernetes need {what}")
        for name, what in (
            ("image", "the image of their pods"),
            ("report_address", "the address at which pods reach this service"),
            ("jobs_claim", "the volume claim of the job folders"),
        )
        if not getattr(settings, name)
    ]
    if settings.report_address and not settings.report_address.startswith(("http://", "https://")):
        faults.append(
            Fault(field="KubernetesJobs.report_address", message=f"must begin with http:// or https://, got {settings.report_address!r}")
        )
    if not _LABEL_VALUE.fullmatch(settings.instance):
        message = f"must be 1 to 63 letters, digits, - _ or ., got {settings.instance!r}"
        faults.append(Fault(field="KubernetesJobs.instance", message=message))
    if not _PROCESSORS.fullmatch(settings.cpu_limit):
        message = f"must be processors as Kubernetes writes them, such as 2 or 1500m, got {settings.cpu_limit!r}"
        faults.append(Fault(field="KubernetesJobs.cpu_limit", message=message))
    if not _NAMESPACE.fullmatch(settings.namespace):
        faults.append(Fault(field="KubernetesJobs.namespace", message=f"{settings.namespace!r} is not the name of a namespace"))
    return faults
