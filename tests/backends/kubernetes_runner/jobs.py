"""A job and settings for the tests of this folder."""

from datetime import UTC, datetime
from typing import Any

from skydesk.backends.kubernetes_runner import ClusterSettings
from skydesk.jobs.model import Job, Phase

__all__ = ["NOW", "SETTINGS", "job_with"]

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

SETTINGS = ClusterSettings(
    namespace="skydesk-jobs",
    image="registry.example/skydesk-worker:1.2.3",
    report_address="http://skydesk.jhub:10180/services/skydesk",
    jobs_claim="skydesk-jobs",
    survey_claim="skydesk-survey",
    cache_claim="skydesk-cache",
    image_pull_secrets=("registry",),
    node_selector={"skydesk/jobs": "true"},
    tolerations=({"key": "skydesk/jobs", "operator": "Exists", "effect": "NoSchedule"},),
    priority_class="skydesk-jobs",
)


def job_with(**fields: Any) -> Job:
    """A job that runs for the first time."""
    values = {
        "id": "k3v9x0a1b2c3d4e5",
        "owner": "Ann O'Neill",
        "type": "query",
        "name": "m2",
        "phase": Phase.EXECUTING,
        "request": {"sql": "SELECT 1 FROM DUAL"},
        "created_at": NOW,
        "destruction_at": NOW,
        "warning_at": NOW,
        "limit_seconds": 600.0,
        "memory_bytes": 2 * 2**30,
        "concurrent": 2,
        "attempt": 1,
    }
    return Job(**{**values, **fields})
