"""Pyramids by the rules: who may see one, who may have one made, and which job does so."""

from dataclasses import dataclass

from ...access import User
from ...errors import Conflict, NotAllowed, NotFound, ServiceUnavailable
from ...jobs.model import ACTIVE, Job
from ...jobs.service import JobService
from ..service import FootprintService
from .model import WORK, PyramidRequest, PyramidState, request_to_json
from .ports import Pyramids
from .pyramid import order_within

__all__ = ["PyramidService", "Shown"]

_JOB_TYPE, _ADMIN = "footprint", "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a user is told of a release's pyramid."""

    state: PyramidState | None
    job_id: str | None
    """The user's own job that makes it."""

    job_phase: str | None
    """Phase of whichever job makes it."""


class PyramidService:
    """Pyramids of one survey.

    Parameters
    ----------
    footprints
        Knows releases, their tiles and who may read them.
    jobs
        Takes the jobs.
    pyramids
        What is made already.
    alone
        True where there is one user, who looks after everything.
    """

    def __init__(self, footprints: FootprintService, jobs: JobService, pyramids: Pyramids, *, alone: bool = False) -> None:
        self._footprints, self._jobs, self._pyramids, self._alone = footprints, jobs, pyramids, alone

    def shown(self, user: User, release: str) -> Shown:
        """Tell of a release's pyramid; errors as `skydesk.footprint.service.FootprintService.layer`."""
        name = self._footprints.layer(user, release).release
        job = self._at_work(name)
        own = job is not None and job.owner == user.name
        return Shown(state=self._pyramids.state(name), job_id=job.id if job and own else None, job_phase=job.phase.value if job else None)

    def content(self, user: User, release: str, path: str) -> bytes:
        """Read a file of a pyramid.

        Raises
        ------
        NotFound
            There is no such release, pyramid or file.
        NotAllowed
            The user may not read the release.
        """
        return self._pyramids.content(self._footprints.layer(user, release).release, path)

    def make(self, user: User, release: str, order: int | None = None, *, again: bool = False) -> tuple[Job, bool]:
        """Have a job make the pyramid of a release; whoever may read the release and submit jobs may, within the limits on cutouts.

        Parameters
        ----------
        order
            Of the deepest cells; None for one that suits the images' pixels, or as deep as the user's limits allow.

        again
            Make it although it is there; the old one is shown until the new one is whole. For administrators.

        Returns
        -------
        job, is_new
            The user's own job that is at work on it already, if there is one.

        Raises
        ------
        Conflict
            It is there already, or somebody else's job makes it.
        NotAllowed
            The user may not read the release, not submit jobs, or not have it made again.
        LimitExceeded
            The order wanted comes to more than the user's jobs may make.
        ServiceUnavailable
            There is no folder in which pyramids are kept.
        """
        layer, survey = self._footprints.layer(user, release), self._footprints.survey
        job = self._at_work(layer.release)
        if job is not None:
            if job.owner == user.name:
                return job, False
            raise Conflict(f"somebody else's job makes the colour pyramid of {layer.release} already; wait for its end")
        if again and not (self._alone or _ADMIN in user.rights):
            raise NotAllowed("only administrators may have a colour pyramid made again; ask one")
        if not again and self._pyramids.state(layer.release) is not None:
            raise Conflict(f"the colour pyramid of {layer.release} is there already; an administrator can have it made again")
        if self._pyramids.place is None:
            raise ServiceUnavailable("this SkyDesk keeps no colour pyramids: image_cache_folder is empty; tell the operator")
        if not len(layer.tiles):
            raise NotFound(f"{layer.release} has no tiles, so there is nothing to show")
        limits = user.entitlements.cutout
        request = PyramidRequest(
            place=self._pyramids.place,
            release=layer.release,
            order=order_within(layer.tiles.area_deg2, survey.pixel_scale_arcsec, limits.max_result_bytes, order),
            runs=tuple(tuple(run) for run in layer.tiles.runs()),
            most_bytes=limits.max_result_bytes,
        )
        name = f"colour pyramid of {layer.release}"
        seconds = limits.max_seconds or None
        return self._jobs.submit(user, _JOB_TYPE, request_to_json(request), name=name, allow_duplicate=True, limit_seconds=seconds), True

    def _at_work(self, release: str) -> Job | None:
        """The job, whoever's, that makes a release's pyramid or waits to."""
        place = self._pyramids.place
        for job in self._jobs.store.jobs(phases=ACTIVE):
            asked = job.request
            if job.type == _JOB_TYPE and asked.get("work") == WORK and (asked.get("place"), asked.get("release")) == (place, release):
                return job
        return None
