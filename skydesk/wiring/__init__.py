"""The composition root: settings in, services out. The only place that knows which backend stands behind which port."""

from .images import preload_cutouts
from .local import embedded_transport, local_user
from .places import jobs_folder_of, policy_of
from .services import Services
from .serving import build_services
from .worker import WorkerServices, worker_services

__all__ = [
    "Services",
    "WorkerServices",
    "build_services",
    "embedded_transport",
    "jobs_folder_of",
    "local_user",
    "policy_of",
    "preload_cutouts",
    "worker_services",
]
