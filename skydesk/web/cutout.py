"""``cutout/...``: the form, tables of positions, what they come to, jobs, images at once, previews."""

import contextlib
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from ..cutout.columns import COLUMN_DESCRIPTIONS
from ..cutout.drafts import Draft
from ..cutout.immediate import Piece
from ..cutout.model import LARGEST_ARCMIN, SMALLEST_ARCMIN, CutoutOptions, CutoutRequest
from ..cutout.options import PLANES
from ..cutout.outcomes import OUTCOMES_FILE, line_of
from ..errors import Fault, InvalidRequest
from .cutout_draft import cells_of, draft_to_json
from .cutout_job import options_from_json, options_to_json, submit_cutouts
from .fields import Fields
from .http import BytesReply, Call, JsonReply, Route, StreamReply
from .jobs import job_to_json
from .position_source import read_position_table

__all__ = ["ROUTES"]

_MAX_UPLOAD_BYTES = 48 << 20
"""Room for a table of a million positions, or a file of 36 MB in base 64."""

_MOST_ROWS = 2000
_KINDS = ("lupton", "stiff", "grey")
_TAR = "application/x-tar"
_DRAFT_ID = re.compile(r"[0-9a-f]{32}")


def _form(call: Call) -> JsonReply:
    cutouts, limits = call.services.cutouts, call.user.entitlements.cutout
    chosen = cutouts.release(call.user)
    survey = cutouts.survey
    value = {
        "releases": [{"name": each.name, "title": each.title, "default": each.name == chosen} for each in cutouts.releases(call.user)],
        "bands": list(survey.bands),
        "planes": list(PLANES),
        "columns": [{"name": name, "description": text} for name, text in COLUMN_DESCRIPTIONS.items()],
        "limits": asdict(limits) | {"smallest_arcmin": SMALLEST_ARCMIN, "largest_arcmin": LARGEST_ARCMIN},
        "defaults": options_to_json(_defaults(survey.bands)),
        "chart_allowed": cutouts.chart_allowed(call.user),
        "examples": [{"title": example.title, "text": example.text} for example in survey.position_examples],
    }
    return JsonReply(value=value)


def _read_positions(call: Call) -> JsonReply:
    fields = Fields(call.json)
    release, both = fields.text_or_none("release"), fields.flag("both")
    table, of_result = read_position_table(call, fields)
    draft = call.services.cutouts.read(call.user, table, both=both or of_result)
    return JsonReply(value=_draft_json(call, draft, release), status=201, location=f"cutout/positions/{draft.id}")


def _positions(call: Call) -> JsonReply:
    fields = Fields(call.query)
    release = fields.text_or_none("release")
    fields.finish()
    return JsonReply(value=_draft_json(call, call.services.cutouts.draft(call.user, call.arguments["id"]), release))


def _rows(call: Call) -> JsonReply:
    fields = Fields(call.query)
    first, count = fields.count_or_none("first") or 0, fields.count_or_none("count", least=1) or 200
    fields.finish()
    cutouts = call.services.cutouts
    draft = cutouts.draft(call.user, call.arguments["id"])
    count = min(count, _MOST_ROWS)
    faults = cutouts.faults_of_rows(draft, first, count) if first < len(draft.positions) else ()
    value = {"first": first, "rows": cells_of(draft.table.part(first, count)), "faults": [asdict(fault) for fault in faults]}
    return JsonReply(value=value)


def _remove(call: Call) -> JsonReply:
    call.services.cutouts.remove(call.user, call.arguments["id"])
    return JsonReply(value={})


def _estimate(call: Call) -> JsonReply:
    fields = Fields(call.json)
    draft_id, request = fields.text("positions"), _request(call, fields)
    fields.finish()
    cutouts = call.services.cutouts
    prepared = cutouts.prepare(call.user, cutouts.draft(call.user, draft_id), request)
    value = {
        "estimate": asdict(prepared.estimate),
        "faults": [asdict(fault) for fault in prepared.faults],
        "refusal": prepared.refusal,
    }
    return JsonReply(value=value)


def _submit(call: Call) -> JsonReply:
    fields = Fields(call.json)
    draft_id, request = fields.text("positions"), _request(call, fields)
    name, email, allow_duplicate = fields.text_or_none("name"), fields.text_or_none("email"), fields.flag("allow_duplicate")
    fields.finish()
    draft = call.services.cutouts.draft(call.user, draft_id)
    job = submit_cutouts(call.services, call.user, draft, request, name=name, email=email, allow_duplicate=allow_duplicate)
    return JsonReply(value=job_to_json(job, call.services.files_root), status=201, location=f"jobs/{job.id}")


def _quick(call: Call) -> StreamReply:
    fields = Fields(call.json)
    given, request, cutouts = fields.text_or_none("positions"), _request(call, fields), call.services.cutouts
    if given is not None and _DRAFT_ID.fullmatch(given):
        fields.finish()
        draft = cutouts.draft(call.user, given)
    else:
        both = fields.flag("both")
        table, of_result = read_position_table(call, fields, text=given)
        draft = cutouts.read(call.user, table, both=both or of_result)
    pieces = cutouts.quick(call.user, draft, request, call.cancellation)
    return StreamReply(chunks=_tar(pieces), media_type=_TAR, file_name="cutouts.tar")


def _preview(call: Call) -> BytesReply:
    fields = Fields(call.query)
    draft_id, row, release = fields.text("positions"), fields.count_or_none("row", least=1) or 1, fields.text_or_none("release")
    kind, bands = fields.text_or_none("kind") or "lupton", fields.text_or_none("bands")
    numbers = {name: _number(fields, name) for name in ("x_size_arcmin", "y_size_arcmin", "minimum", "stretch", "q")}
    if kind not in _KINDS:
        fields.faults.append(Fault(field="kind", message=f"must be one of {', '.join(_KINDS)}, got {kind[:50]!r}"))
    fields.finish()
    cutouts = call.services.cutouts
    given = {name: value for name, value in numbers.items() if value is not None}
    options: dict[str, Any] = {name: given.pop(name) for name in ("x_size_arcmin", "y_size_arcmin") if name in given}
    if bands:
        options |= {"fits_bands": [bands]} if kind == "grey" else {"lupton_bands": [bands]}
    chosen = options_from_json({**options_to_json(_defaults(cutouts.survey.bands)), **options, "lupton": given})
    request = CutoutRequest(release=cutouts.release(call.user, release), options=chosen)
    picture = cutouts.preview(call.user, cutouts.draft(call.user, draft_id), row - 1, request, kind, call.cancellation)
    return BytesReply(body=picture, media_type="image/png")


def _defaults(bands: tuple[str, ...]) -> CutoutOptions:
    """The form as it opens: the usual bands where the survey has them, else its first ones."""
    options = CutoutOptions()
    if set(options.fits_bands) <= set(bands):
        return options
    first = bands[:3]
    triplet = () if len(first) < 3 else ((first[2], first[1], first[0]),)
    chart = replace(options.chart, bands=first[:1])
    return replace(options, fits_bands=first, lupton_bands=triplet, stiff_bands=triplet, chart=chart)


def _request(call: Call, fields: Fields) -> CutoutRequest:
    release, options = fields.text_or_none("release"), fields.raw("options")
    matched = fields.flag("include_matched_csv")
    cutouts = call.services.cutouts
    try:
        bands = cutouts.survey.bands
        chosen = options_from_json({**options_to_json(_defaults(bands)), **options} if isinstance(options, Mapping) else options)
    except InvalidRequest as error:
        fields.faults.extend(error.faults)
        chosen = CutoutOptions()
    try:
        release = cutouts.release(call.user, release)
    except InvalidRequest as error:
        fields.faults.extend(error.faults)
    return CutoutRequest(release=release or "", options=chosen, include_matched_csv=matched)


def _number(fields: Fields, name: str) -> float | None:
    text = fields.text_or_none(name)
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        return float(text)
    fields.faults.append(Fault(field=name, message=f"must be a number, got {text[:50]!r}"))
    return None


def _draft_json(call: Call, draft: Draft, release: str | None) -> dict[str, Any]:
    return draft_to_json(draft, call.services.cutouts.place(call.user, draft, release))


def _tar(pieces: Iterator[Piece]) -> Iterator[bytes]:
    """A tar archive of the files, each in its folder, and the outcomes as the last."""
    outcomes = []
    with contextlib.closing(pieces):  # type: ignore[type-var]
        for piece in pieces:
            if piece.outcome is not None:
                outcomes.append(piece.outcome)
            else:
                yield from _member(f"{piece.folder}/{piece.name}", piece.content)
    outcomes.sort(key=lambda outcome: outcome.row)
    yield from _member(OUTCOMES_FILE, b"".join(map(line_of, outcomes)))
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(name: str, content: bytes) -> Iterator[bytes]:
    header = tarfile.TarInfo(name)
    header.size = len(content)
    yield header.tobuf(tarfile.PAX_FORMAT)
    yield content
    yield bytes(-len(content) % tarfile.BLOCKSIZE)


ROUTES = tuple(
    Route(method=method, path=path, handle=handle, service="cutout", max_body_bytes=max_body_bytes)
    for method, path, handle, max_body_bytes in (
        ("GET", "cutout/form", _form, 0),
        ("POST", "cutout/positions", _read_positions, _MAX_UPLOAD_BYTES),
        ("GET", "cutout/positions/{id}", _positions, 0),
        ("GET", "cutout/positions/{id}/rows", _rows, 0),
        ("DELETE", "cutout/positions/{id}", _remove, 0),
        ("POST", "cutout/estimate", _estimate, 1 << 20),
        ("POST", "cutout/jobs", _submit, 1 << 20),
        ("POST", "cutout/quick", _quick, _MAX_UPLOAD_BYTES),
        ("GET", "cutout/preview", _preview, 0),
    )
)
