"""The part of a cluster that the runner needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...errors import ServiceUnavailable
from .manifests import LABEL_NAME
from .verdict import Seen

__all__ = ["Cluster", "QuotaExceeded", "Snapshot"]


class QuotaExceeded(ServiceUnavailable):
    """A quota of the namespace does not allow another object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the cluster showed last."""

    jobs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The Jobs by name."""

    pods: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The pods by uid."""

    def seen(self, name: str) -> Seen:
        """What there is of the attempt whose Job has this name; the newest pod first."""
        pods = [pod for pod in self.pods.values() if pod["metadata"].get("labels", {}).get(LABEL_NAME) == name]
        pods.sort(key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True)
        return Seen(job=self.jobs.get(name), pods=tuple(pods))


class Cluster(Protocol):
    """One namespace of a cluster. Every call may raise `ServiceUnavailable`, with the cluster's own words."""

    def start(self, on_change: Callable[[], None]) -> None:
        """Begin to watch Jobs and pods; ``on_change`` hears, in another thread, of whatever changes."""

    def close(self) -> None:
        """Watch no more; Jobs go on."""

    def snapshot(self) -> Snapshot:
        """Give what is there, as far as it is known; may lag behind what this process has just done."""

    def job(self, name: str) -> Mapping[str, Any] | None:
        """Give a Job as it is now; None where there is none."""

    def create_job(self, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a Job, and give it as it was made.

        Raises
        ------
        Conflict
            There is one of this name.
        QuotaExceeded
            A quota does not allow it.
        """

    def create_secret(self, manifest: Mapping[str, Any]) -> None:
        """Make a Secret; errors as in `create_job`."""

    def delete_job(self, name: str) -> None:
        """Delete a Job, after its pod; no error where there is none. Returns at once."""

    def words_about(self, uid: str) -> tuple[str, ...]:
        """Give what the cluster says of an object in its events, oldest first."""
