"""Footprint jobs as they are submitted: files of tiles, parted into jobs that the owner's limits allow."""

import uuid
from typing import Any

from ..access import User
from ..errors import InvalidRequest
from ..footprint.bulk import BulkPlan, parts_of
from ..footprint.model import BulkRequest
from ..footprint.task import request_to_json
from ..jobs.model import Job

__all__ = ["FOOTPRINT", "bulk_plan", "submit_bulk"]

FOOTPRINT = "footprint"
"""Name of the service, and so the type of its jobs."""


def bulk_plan(services: Any, user: User, request: BulkRequest) -> BulkPlan:
    """Look up what a request comes to; raises what `parts_of` and the footprint service report.

    Parameters
    ----------
    services
        The `skydesk.wiring.Services`.
    """
    footprints = services.footprints
    footprints.layer(user, request.release)
    kinds = [kind for kind, _ in footprints.file_kinds]
    return parts_of(
        request,
        footprints.files,
        most_bytes=user.entitlements.cutout.max_result_bytes,
        kinds=kinds,
        bands=services.survey.bands,
    )


def submit_bulk(
    services: Any, user: User, request: BulkRequest, *, name: str | None = None, email: str | None = None, allow_duplicate: bool = False
) -> tuple[str, tuple[Job, ...]]:
    """Submit the jobs of a request; all of them have one run id, by which they are found again.

    Raises
    ------
    InvalidRequest
        No tile has such files.
    SkydeskError
        What `bulk_plan` and the jobs service report. Jobs that were submitted before one was refused are deleted again.
    """
    plan = bulk_plan(services, user, request)
    if not plan.parts:
        raise InvalidRequest("none of the tiles has such files; the properties of a tile list what there is")
    limits, run_id = user.entitlements.cutout, f"footprint-{uuid.uuid4().hex[:16]}"
    title = name or f"files of {len(request.tiles):,} tiles of {request.release}"
    jobs: list[Job] = []
    try:
        for number, part in enumerate(plan.parts, 1):
            payload = request_to_json(BulkRequest(release=request.release, tiles=part.tiles, kinds=request.kinds, bands=request.bands))
            jobs.append(
                services.jobs.submit(
                    user,
                    FOOTPRINT,
                    {**payload, "max_result_bytes": limits.max_result_bytes},
                    name=title if len(plan.parts) == 1 else f"{title}, part {number} of {len(plan.parts)}",
                    email=email,
                    run_id=run_id,
                    allow_duplicate=allow_duplicate,
                    limit_seconds=limits.max_seconds or None,
                )
            )
    except BaseException:
        for job in jobs:
            services.jobs.delete(user, job.id)
        raise
    return run_id, tuple(jobs)
