"""``cutout/jobs/{id}/...``: what a cutout job has made, row by row, while it runs and afterwards."""

import math
import re
import tarfile
from collections.abc import Iterator
from contextlib import closing
from typing import Any, BinaryIO

from ..cutout.field_objects import FieldObject
from ..cutout.gallery import GalleryRow
from ..cutout.model import NO_OBJECT, Outcome, Product
from ..errors import Fault, InvalidRequest, NotFound, ServiceUnavailable, SkydeskError
from .cutout_job import submit_cutouts
from .fields import Fields
from .http import BytesReply, Call, JsonReply, Route, StreamReply
from .jobs import job_to_json
from .pictures import grey_of_fits, thumbnail

__all__ = ["ROUTES"]

_PNG, _TAR = "image/png", "application/x-tar"
_ENDINGS = {Product.FITS: ".fits", Product.LUPTON: "_lupton.png", Product.STIFF: "_stiff.png", Product.CHART: "_chart.png"}
_MEDIA_TYPES = {".fits": "application/fits", ".png": _PNG, ".csv": "text/csv"}
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_MOST_RANGES = 10_000
_LARGEST_PICTURE_BYTES = 256 << 20
_SMALLEST_PX, _LARGEST_PX = 16, 4096
_CHUNK_BYTES = 1 << 18


def _rows(call: Call) -> JsonReply:
    fields = Fields(call.query)
    since = fields.count_or_none("since") or 0
    fields.finish()
    page = call.services.gallery.page(call.user, call.arguments["id"], since)
    value = {
        "rows": [_row_to_json(row) for row in page.rows],
        "next": page.next,
        "total": page.total,
        "ended": page.ended,
        "phase": page.job.phase.value,
    }
    return JsonReply(value=value)


def _row(call: Call) -> JsonReply:
    row = _chosen(call)
    gallery, job_id = call.services.gallery, call.arguments["id"]
    try:
        found, problem = gallery.object(call.user, job_id, row), None
    except SkydeskError as error:
        found, problem = None, str(error)
    value = {
        "row": _row_to_json(row),
        "object": None if found is None else _object_to_json(found),
        "object_problem": problem,
        "cells": [list(pair) for pair in gallery.cells(call.user, job_id, row.outcome.row)],
        "blank_pixels": row.outcome.blank_pixels,
        "stitched": dict(row.outcome.stitched),
    }
    return JsonReply(value=value)


def _picture(call: Call) -> BytesReply:
    fields = Fields(call.query)
    product, name = fields.text_or_none("product"), fields.text_or_none("name")
    size = fields.count_or_none("size", least=_SMALLEST_PX)
    if product is not None and product not in set(Product):
        fields.faults.append(Fault(field="product", message=f"must be one of {', '.join(Product)}, got {product[:50]!r}"))
    if size is not None and size > _LARGEST_PX:
        fields.faults.append(Fault(field="size", message=f"must be at most {_LARGEST_PX} pixels, got {size}"))
    fields.finish()
    row = _chosen(call)
    name = name or _first_name(row, None if product is None else Product(product))
    content = _content(call.services.gallery.file(call.user, call.arguments["id"], row, name), name)
    if name.endswith(".fits"):
        content = call.services.renderer.grey(grey_of_fits(content))
    elif not name.endswith(".png"):
        raise InvalidRequest([Fault(field="name", message=f"{name[:200]!r} is no picture; ask for the file itself")])
    return BytesReply(body=content if size is None else thumbnail(content, size), media_type=_PNG)


def _file(call: Call) -> StreamReply:
    fields = Fields(call.query)
    name = fields.text("name")
    fields.finish()
    file = call.services.gallery.file(call.user, call.arguments["id"], _chosen(call), name)
    media_type = next((known for ending, known in _MEDIA_TYPES.items() if name.endswith(ending)), "application/octet-stream")
    return StreamReply(chunks=_chunks(file), media_type=media_type, file_name=name)


def _tar(call: Call) -> StreamReply:
    fields = Fields(call.query)
    wanted = _ranges(fields, fields.text_or_none("rows") or "all")
    fields.finish()
    gallery, job_id = call.services.gallery, call.arguments["id"]
    rows = gallery.rows(call.user, job_id, wanted)
    return StreamReply(chunks=_tar_of(call, rows), media_type=_TAR, file_name=f"cutouts_{job_id}.tar")


def _again(call: Call) -> JsonReply:
    fields = Fields(call.json)
    names = fields.texts("outcomes", most=len(Outcome)) if fields.raw("outcomes") is not None else (Outcome.FAILED, Outcome.PARTLY)
    if unknown := [name for name in names if name not in set(Outcome)]:
        fields.faults.append(Fault(field="outcomes", message=f"must be some of {', '.join(Outcome)}, got {unknown[0][:50]!r}"))
    fields.finish()
    job, request, draft = call.services.gallery.again(call.user, call.arguments["id"], frozenset(map(Outcome, names)))
    name = f"{job.name[:115]} (again)"
    again = submit_cutouts(call.services, call.user, draft, request, name=name, email=job.email, allow_duplicate=True)
    return JsonReply(value=job_to_json(again, call.services.files_root), status=201, location=f"jobs/{again.id}")


def _chosen(call: Call) -> GalleryRow:
    number = call.arguments["row"]
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise NotFound(f"{number[:50]!r} is no row; rows are counted from 0")
    row: GalleryRow = call.services.gallery.row(call.user, call.arguments["id"], int(number))
    return row


def _first_name(row: GalleryRow, product: Product | None) -> str:
    """Choose the file to show: a colour picture, or what there is."""
    wanted = [product] if product is not None else [Product.LUPTON, Product.STIFF, Product.CHART, Product.FITS]
    for each in wanted:
        for name in row.outcome.files:
            if name.endswith(_ENDINGS[each]):
                return name
    raise NotFound(f"row {row.outcome.row + 1} has no {product or 'picture'}: {row.outcome.message or row.outcome.outcome}")


def _content(file: BinaryIO, name: str) -> bytes:
    with closing(file):
        content = file.read(_LARGEST_PICTURE_BYTES + 1)
    if len(content) > _LARGEST_PICTURE_BYTES:
        raise InvalidRequest([Fault(field="name", message=f"{name[:200]!r} is too large to be shown; ask for the file itself")])
    return content


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with closing(file):
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _tar_of(call: Call, rows: Iterator[GalleryRow]) -> Iterator[bytes]:
    """The files of rows, each once and in its folder; what is gone meanwhile is left out."""
    gallery, job_id, sent = call.services.gallery, call.arguments["id"], set[str]()
    for row in rows:
        if row.outcome.folder in sent or not row.outcome.files:
            continue
        sent.add(row.outcome.folder)
        for name in row.outcome.files:
            call.cancellation.check()
            try:
                file = gallery.file(call.user, job_id, row, name)
            except NotFound:
                continue
            yield from _member(file, f"{job_id}/{row.outcome.folder}/{name}")
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(file: BinaryIO, name: str) -> Iterator[bytes]:
    with closing(file):
        info = tarfile.TarInfo(name)
        info.size = left = file.seek(0, 2)
        info.mode = 0o644
        yield info.tobuf(tarfile.PAX_FORMAT)
        file.seek(0)
        while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
    if left:
        raise ServiceUnavailable(f"{name} became shorter while it was sent; try again")
    yield bytes(-info.size % tarfile.BLOCKSIZE)


def _ranges(fields: Fields, text: str) -> tuple[range, ...] | None:
    """Read ``0-99,105``, rows from 0 with both ends; None for ``all``."""
    if text == "all":
        return None
    parts = text.split(",", _MOST_RANGES)
    found = [_RANGE.fullmatch(part) for part in parts]
    if len(parts) > _MOST_RANGES or not all(found):
        fields.faults.append(Fault(field="rows", message=f"must be like 0-99,105 or all, got {text[:80]!r}"))
        return ()
    return _joined([(int(part[1]), int(part[2] or part[1])) for part in found if part is not None])


def _joined(parts: list[tuple[int, int]]) -> tuple[range, ...]:
    """Put ranges that overlap or touch together."""
    joined: list[range] = []
    for first, last in sorted(parts):
        if joined and first <= joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(joined[-1].stop, last + 1))
        elif first <= last:
            joined.append(range(first, last + 1))
    return tuple(joined)


def _row_to_json(row: GalleryRow) -> list[Any]:
    outcome, options = row.outcome, row.options
    return [
        outcome.row,
        outcome.outcome.value,
        outcome.message,
        outcome.tile,
        outcome.name,
        _finite(row.ra_deg),
        _finite(row.dec_deg),
        None if row.object_id == NO_OBJECT else str(row.object_id),
        outcome.folder,
        list(outcome.files),
        outcome.size_bytes,
        options.x_size_arcmin,
        options.y_size_arcmin,
    ]


def _object_to_json(found: FieldObject) -> dict[str, Any]:
    return {
        "object_id": str(found.object_id),
        "ra_deg": _finite(found.ra_deg),
        "dec_deg": _finite(found.dec_deg),
        "magnitudes": dict(found.magnitudes),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


_HANDLERS: tuple[tuple[str, str, Any], ...] = (
    ("GET", "rows", _rows),
    ("GET", "rows/{row}", _row),
    ("GET", "picture/{row}", _picture),
    ("GET", "file/{row}", _file),
    ("GET", "tar", _tar),
    ("POST", "again", _again),
)

ROUTES = tuple(
    Route(method=method, path=f"cutout/jobs/{{id}}/{path}", handle=handle, service="cutout") for method, path, handle in _HANDLERS
)
