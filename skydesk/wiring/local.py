"""SkyDesk for one user, without a server of its own."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..access import ALL, LOCAL_USER, User, default_policy
from ..settings import SkydeskSettings
from .serving import build_services

if TYPE_CHECKING:
    from ..transport import LocalTransport

__all__ = ["embedded_transport", "local_user"]


def local_user(settings: SkydeskSettings) -> User:
    """The one user of an embedded SkyDesk: all services and releases, as many jobs as the machine takes."""
    most = default_policy().entitlements(["advanced"])
    jobs = replace(most.jobs, concurrent=settings.workers, memory_bytes=settings.worker_memory_bytes)
    return User(name=LOCAL_USER, entitlements=replace(most, services=frozenset({ALL}), releases=frozenset({ALL}), jobs=jobs))


def embedded_transport(survey_file: Path | None) -> "LocalTransport":
    """Serve a survey, the demo survey for None, in this very process; jobs only begin to run when one is submitted here."""
    from tqdm import tqdm

    from ..transport import LocalTransport

    settings = SkydeskSettings()
    if survey_file is not None:
        settings.survey_file = str(survey_file)

    def show(fraction: float) -> None:
        bar.update(100 * fraction - bar.n)

    with tqdm(total=100, unit="%", desc="making the demo survey", disable=None, leave=False, delay=1) as bar:
        services = build_services(settings, mode="embedded", on_demand=True, on_survey_progress=show)
    services.start()
    return LocalTransport(services, local_user(settings))
