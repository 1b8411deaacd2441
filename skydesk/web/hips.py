"""``footprint/hips/...``: the survey as one colour image, its files and the job that makes it."""

from typing import Any

from ..footprint.hips.geometry import FIRST_ORDER, TILE_WIDTH
from ..footprint.hips.names import MOC_FILE
from ..footprint.hips.service import Shown
from .fields import Fields
from .http import BytesReply, Call, JsonReply, Route
from .jobs import job_to_json

__all__ = ["HIPS_ROUTES"]

_DAY_SECONDS = 86_400


def _shown(call: Call) -> JsonReply:
    return JsonReply(value=_shown_to_json(call.services.pyramids.shown(call.user, call.arguments["release"])))


def _make(call: Call) -> JsonReply:
    fields = Fields(call.json)
    order, again = fields.count_or_none("order"), fields.flag("again")
    fields.finish()
    job, is_new = call.services.pyramids.make(call.user, call.arguments["release"], order, again=again)
    return JsonReply(
        value=job_to_json(job, call.services.files_root), status=201 if is_new else 200, location=f"jobs/{job.id}" if is_new else None
    )


def _file(call: Call) -> BytesReply:
    names = (call.arguments[name] for name in ("first", "second", "third") if name in call.arguments)
    path = "/".join(names)
    body = call.services.pyramids.content(call.user, call.arguments["release"], path)
    return BytesReply(body=body, media_type=_media_type(path), kept_seconds=_DAY_SECONDS)


def _media_type(path: str) -> str:
    if path.endswith(".png"):
        return "image/png"
    return "application/fits" if path == MOC_FILE else "text/plain; charset=utf-8"


def _shown_to_json(shown: Shown) -> dict[str, Any]:
    state = shown.state
    return {
        "available": state is not None,
        "order": None if state is None else state.order,
        "first_order": FIRST_ORDER,
        "tile_width": TILE_WIDTH,
        "format": "png",
        "version": None if state is None else state.version,
        "made_at": None if state is None else state.made_at,
        "job_id": shown.job_id,
        "job_phase": shown.job_phase,
    }


HIPS_ROUTES = tuple(
    Route(method=method, path=path, handle=handle, service="footprint")
    for method, path, handle in (
        ("GET", "footprint/hips/{release}", _shown),
        ("POST", "footprint/hips/{release}", _make),
        ("GET", "footprint/hips/{release}/files/{first}", _file),
        ("GET", "footprint/hips/{release}/files/{first}/{second}", _file),
        ("GET", "footprint/hips/{release}/files/{first}/{second}/{third}", _file),
    )
)
