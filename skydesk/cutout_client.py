"""Asks for cutouts: at once where there are few, as a job where there are many."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .cutout_images import Cutouts, read_cutouts
from .cutout_upload import upload_of
from .errors import Fault, InvalidRequest, LimitExceeded
from .job_handle import JobHandle

if TYPE_CHECKING:
    from .transport import Transport

__all__ = ["ask_for_cutouts", "options_of"]


def options_of(
    size_arcmin: float | Sequence[float],
    bands: Sequence[str],
    products: Sequence[str],
    rgb: str | Sequence[str],
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """The options of a request, as JSON; what is wrong with them the service says."""
    width, height = (size_arcmin, size_arcmin) if isinstance(size_arcmin, int | float) else (size_arcmin[0], size_arcmin[-1])
    triplets = [rgb] if isinstance(rgb, str) else ["".join(triplet) for triplet in rgb]
    named = [products] if isinstance(products, str) else list(products)
    return {
        "x_size_arcmin": width,
        "y_size_arcmin": height,
        "products": named,
        "fits_bands": list(bands),
        "lupton_bands": triplets,
        "stiff_bands": triplets,
        **more,
    }


def ask_for_cutouts(
    transport: "Transport",
    positions: Any,
    options: Mapping[str, Any],
    *,
    release: str | None,
    as_job: bool | None,
    name: str | None,
    email: str | None,
) -> Cutouts | JobHandle:
    """Ask for cutouts; see `skydesk.client.SkyDesk.cutouts`."""
    chosen = {} if release is None else {"release": release}
    draft = transport.request("POST", "cutout/positions", {**upload_of(positions), **chosen}).require_json()
    if draft["faults"]:
        raise InvalidRequest(Fault(**fault) for fault in draft["faults"])
    asked = {"positions": draft["id"], "options": dict(options), **chosen}
    most = transport.request("GET", "cutout/form").require_json()["limits"]["quick_positions"]
    if as_job is False or (as_job is None and draft["rows"] <= most):
        try:
            with transport.open("POST", "cutout/quick", asked) as stream:
                return read_cutouts(stream)
        except LimitExceeded:
            if as_job is False:
                raise
    more = {key: value for key, value in (("name", name), ("email", email)) if value is not None}
    job = JobHandle(transport, transport.request("POST", "cutout/jobs", {**asked, **more, "allow_duplicate": True}).require_json())
    if as_job is None:
        print(f"{draft['rows']:,} positions are cut by the job {job.id}; wait() for it, then fetch_cutouts(job)", file=sys.stderr)
    return job
