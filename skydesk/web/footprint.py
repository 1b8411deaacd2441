"""``footprint/...``: releases, layers, search, tiles and their files, coverage maps, checks, conditions, densities, jobs."""

import base64
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import Fault, InvalidRequest, NotFound
from ..footprint.membership import TileSet
from ..footprint.moc import Moc
from ..footprint.model import BulkRequest, MocFormat, TileOfRelease, TileProperties
from ..footprint.regions import Region
from ..footprint.service import MOST_POSITIONS, Layer
from ..grid import TileGrid
from .fields import Fields
from .footprint_arrow import checked_reply, density_reply, positions_reply
from .footprint_job import bulk_plan, submit_bulk
from .http import BytesReply, Call, FileReply, JsonReply, Route, StreamReply
from .jobs import job_to_json
from .position_source import read_position_table
from .regions import region_from_json

__all__ = ["ROUTES"]

_MAX_UPLOAD_BYTES = 48 << 20
_USUAL_ORDER, _FINEST_ORDER = 11, 12
_MOST_DRAWN_RANGES = 4000
_MOST_QUERY_ROWS = 2_000_000
_MEDIA = {MocFormat.FITS: "application/fits", MocFormat.JSON: "application/json", MocFormat.ASCII: "text/plain"}
_ENDINGS = {MocFormat.FITS: "fits", MocFormat.JSON: "json", MocFormat.ASCII: "txt"}


def _releases(call: Call) -> JsonReply:
    footprints = call.services.footprints
    layers = [footprints.layer(call.user, name) for name in footprints.releases(call.user)]
    default = call.services.survey.default_release.name
    value = [{**_layer_facts(layer), "default": layer.release == default} for layer in layers]
    kinds = [{"kind": kind, "title": title} for kind, title in footprints.file_kinds]
    survey = call.services.survey
    return JsonReply(value={"releases": value, "grid": _grid_to_json(survey.grid), "file_kinds": kinds, "bands": list(survey.bands)})


def _layer(call: Call) -> JsonReply:
    layer = call.services.footprints.layer(call.user, call.arguments["release"])
    objects = None if layer.objects is None else base64.b64encode(layer.objects.astype("<i4").tobytes()).decode()
    outline = [[[round(ra, 5), round(dec, 5)] for ra, dec in polygon] for polygon in layer.outline]
    value = _layer_facts(layer) | {"runs": layer.tiles.runs(), "objects": objects, "outline": outline}
    return JsonReply(value=value | {"grid": _grid_to_json(layer.tiles.grid)})


def _search(call: Call) -> JsonReply:
    fields = Fields(call.query)
    text, release = fields.text("text"), fields.text_or_none("release")
    fields.finish()
    return JsonReply(value=asdict(call.services.footprints.search(call.user, text, release)))


def _tile(call: Call) -> JsonReply:
    return JsonReply(value=_tile_to_json(call.services.footprints.tile(call.user, call.arguments["name"])))


def _file(call: Call) -> FileReply:
    path = call.services.footprints.file(call.user, call.arguments["name"], call.arguments["release"], call.arguments["file"])
    return FileReply(path=path, file_name=call.arguments["file"])


def _tiles(call: Call) -> JsonReply:
    fields = Fields(call.json)
    release, region = fields.text_or_none("release"), _region(call, fields)
    fields.finish()
    tiles = call.services.footprints.tiles(call.user, release, _needed(region))
    value = {"tiles": list(tiles.names), "area_deg2": tiles.area_deg2, "approximate": tiles.approximate}
    return JsonReply(value=value)


def _moc_file(call: Call) -> StreamReply:
    fields = Fields(call.query)
    order, form = fields.count_or_none("order"), _format(fields)
    fields.finish()
    release = call.arguments["release"]
    moc = call.services.footprints.moc(call.user, release, order)
    content = call.services.footprints.written(moc, form)
    return StreamReply(chunks=iter([content]), media_type=_MEDIA[form], file_name=f"footprint_{release}_{moc.order}.{_ENDINGS[form]}")


def _moc(call: Call) -> JsonReply:
    fields = Fields(call.json)
    release, order, form = fields.text_or_none("release"), fields.count_or_none("order"), _format(fields)
    tiles = None if fields.raw("tiles") is None else fields.texts("tiles", most=100_000)
    within = _region(call, fields, "within")
    fields.finish()
    footprints = call.services.footprints
    moc = footprints.moc(call.user, release, order, tiles)
    if within is not None:
        moc = moc & (within if isinstance(within, Moc) else footprints.covering(within, max(moc.order, 10)))
    exact = None if within is not None else footprints.area_deg2(call.user, release, tiles)
    value = {"order": moc.order, "ranges": len(moc.ranges), "area_deg2": moc.area_deg2, "tiles_area_deg2": exact, "format": form.value}
    return JsonReply(value=value | {"content_base64": base64.b64encode(footprints.written(moc, form)).decode()})


def _check(call: Call) -> BytesReply:
    fields = Fields(call.json)
    releases = () if fields.raw("releases") is None else fields.texts("releases", most=20)
    region = _region(call, fields)
    ra_deg, dec_deg, notes = _positions(call, fields)
    return checked_reply(call.services.footprints.check(call.user, ra_deg, dec_deg, releases, region), {"notes": notes})


def _read_positions(call: Call) -> BytesReply:
    ra_deg, dec_deg, notes = _positions(call, Fields(call.json))
    if len(ra_deg) > MOST_POSITIONS:
        raise InvalidRequest(f"at most {MOST_POSITIONS:,} positions are shown at once, got {len(ra_deg):,}; split them, or take fewer rows")
    return positions_reply(ra_deg, dec_deg, {"notes": notes})


def _read_map(call: Call) -> JsonReply:
    fields = Fields(call.json)
    release, given = fields.text_or_none("release"), _region(call, fields, "map")
    fields.finish()
    footprints, moc = call.services.footprints, _needed(given)
    if not isinstance(moc, Moc):
        raise InvalidRequest([Fault(field="map", message="must be a coverage map: moc, its text, or moc_base64, its bytes")])
    covered = footprints.moc(call.user, release, max(_USUAL_ORDER, min(moc.order, _FINEST_ORDER))) & moc
    drawn = moc.coarse_enough(_MOST_DRAWN_RANGES)
    value = {"order": moc.order, "ranges": len(moc.ranges), "area_deg2": moc.area_deg2, "covered_deg2": covered.area_deg2}
    return JsonReply(value=value | {"drawn_order": drawn.order, "drawn": drawn.cells_by_order()})


def _condition(call: Call) -> JsonReply:
    fields = Fields(call.json)
    table, region = fields.text("table"), _region(call, fields)
    fields.finish()
    return JsonReply(value=asdict(call.services.footprints.condition(call.user, table, _needed(region))))


def _density_kinds(call: Call) -> JsonReply:
    kinds = call.services.footprints.density_kinds(call.user, call.arguments["release"])
    return JsonReply(value={"kinds": [{"kind": kind, "title": title} for kind, title in kinds.items()]})


def _density(call: Call) -> BytesReply:
    fields = Fields(call.query)
    kind = fields.text("kind")
    fields.finish()
    return density_reply(call.services.footprints.density(call.user, call.arguments["release"], kind, call.cancellation))


def _density_of_query(call: Call) -> BytesReply:
    fields = Fields(call.json)
    sql = fields.text("sql")
    fields.finish()
    call.user.require_service("query")
    with call.services.queries.stream(call.user, sql, max_rows=_MOST_QUERY_ROWS) as stream:
        names = [column.name for column in stream.columns]
        batches = list(stream)
    if not batches:
        raise NotFound("the statement gives no rows, so there is nothing to draw")
    return density_reply(call.services.footprints.density_of_rows(pa.Table.from_batches(batches).rename_columns(names)))


def _estimate(call: Call) -> JsonReply:
    request, _, _, _ = _bulk(call, Fields(call.json))
    plan = bulk_plan(call.services, call.user, request)
    parts = [{"tiles": len(part.tiles), "files": part.files, "size_bytes": part.size_bytes} for part in plan.parts]
    return JsonReply(value={"files": plan.files, "size_bytes": plan.size_bytes, "parts": parts, "without_files": list(plan.empty)})


def _jobs(call: Call) -> JsonReply:
    request, name, email, allow_duplicate = _bulk(call, Fields(call.json))
    run_id, jobs = submit_bulk(call.services, call.user, request, name=name, email=email, allow_duplicate=allow_duplicate)
    value = {"run_id": run_id, "jobs": [job_to_json(job, call.services.files_root) for job in jobs]}
    return JsonReply(value=value, status=201, location=f"jobs/{jobs[0].id}")


def _bulk(call: Call, fields: Fields) -> tuple[BulkRequest, str | None, str | None, bool]:
    footprints = call.services.footprints
    release, name, email = fields.text_or_none("release"), fields.text_or_none("name"), fields.text_or_none("email")
    kinds = ("image",) if fields.raw("kinds") is None else fields.texts("kinds", most=100)
    bands = () if fields.raw("bands") is None else fields.texts("bands", most=100)
    allow_duplicate, region = fields.flag("allow_duplicate"), _region(call, fields)
    tiles = () if region is not None else fields.texts("tiles", most=100_000)
    fields.finish()
    if region is not None:
        tiles = footprints.tiles(call.user, release, region).names
    release = call.services.survey.release(release).name
    named, unknown = TileSet.of_names(call.services.survey.grid, tiles)
    if unknown:
        raise InvalidRequest([Fault(field="tiles", message=f"the grid has no tile named {tile!r:.60}") for tile in unknown[:100]])
    if len(named) < len(tiles):
        raise InvalidRequest([Fault(field="tiles", message="names a tile more than once; name each once")])
    return BulkRequest(release=release, tiles=named.names, kinds=kinds, bands=bands), name, email, allow_duplicate


def _layer_facts(layer: Layer) -> dict[str, Any]:
    tiles = layer.tiles
    return {"release": layer.release, "tiles": len(tiles), "area_deg2": tiles.area_deg2, "approximate": tiles.approximate}


def _grid_to_json(grid: TileGrid) -> dict[str, Any]:
    return asdict(grid)


def _tile_to_json(properties: TileProperties) -> dict[str, Any]:
    tile = properties.tile
    west, east = tile.unique_ra_deg
    south, north = tile.unique_dec_deg
    return {
        "name": tile.name,
        "row": tile.row,
        "column": tile.column,
        "ra_deg": tile.ra_deg,
        "dec_deg": tile.dec_deg,
        "corners_deg": [list(corner) for corner in tile.corners_deg],
        "unique": {"west_ra_deg": west, "east_ra_deg": east, "south_dec_deg": south, "north_dec_deg": north},
        "unique_area_deg2": tile.unique_area_deg2,
        "crosses_ra0": tile.crosses_ra0,
        "size_pixels": tile.size_pixels,
        "pixel_scale_arcsec": tile.pixel_scale_arcsec,
        "releases": [_of_release_to_json(tile.name, each) for each in properties.releases],
    }


def _of_release_to_json(tile: str, each: TileOfRelease) -> dict[str, Any]:
    files = [asdict(file) | {"path": f"footprint/tiles/{tile}/files/{each.release}/{file.name}"} for file in each.files]
    return asdict(each) | {"files": files}


def _positions(call: Call, fields: Fields) -> tuple[Any, Any, list[str]]:
    """Positions of a call, and what could not be read of them; rows that are wrong lie nowhere."""
    packed = [fields.text_or_none(name) for name in ("ra_base64", "dec_base64")]
    if any(packed):
        fields.finish()
        ra, dec = (_unpacked(str(text), name) for text, name in zip(packed, ("ra_base64", "dec_base64"), strict=True))
        return ra, dec, []
    table, both = read_position_table(call, fields)
    positions, faults = call.services.footprints.read_positions(call.user, table, both=both)
    return positions.ra_deg, positions.dec_deg, [str(fault) for fault in faults[:100]]


def _unpacked(text: str, field: str) -> Any:
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), "<f8")
    except ValueError as error:
        raise InvalidRequest([Fault(field=field, message="must be base 64 of little-endian doubles, degrees")]) from error


def _region(call: Call, fields: Fields, name: str = "region") -> Region | Moc | None:
    value = fields.raw(name)
    if value is None:
        return None
    try:
        return region_from_json(value, call.services.footprints.mocs.read, name)
    except InvalidRequest as error:
        fields.faults.extend(error.faults)
        return None


def _needed(region: Region | Moc | None) -> Region | Moc:
    if region is None:
        raise InvalidRequest([Fault(field="region", message="is missing; give a circle, a box, a polygon or a MOC")])
    return region


def _format(fields: Fields) -> MocFormat:
    text = fields.text_or_none("format") or MocFormat.FITS.value
    if text not in set(MocFormat):
        fields.faults.append(Fault(field="format", message=f"must be one of {', '.join(MocFormat)}, got {text!r:.40}"))
        return MocFormat.FITS
    return MocFormat(text)


ROUTES = tuple(
    Route(method=method, path=path, handle=handle, service="footprint", max_body_bytes=_MAX_UPLOAD_BYTES if method == "POST" else 2 << 20)
    for method, path, handle in (
        ("GET", "footprint/releases", _releases),
        ("GET", "footprint/layers/{release}", _layer),
        ("GET", "footprint/search", _search),
        ("GET", "footprint/tiles/{name}", _tile),
        ("GET", "footprint/tiles/{name}/files/{release}/{file}", _file),
        ("POST", "footprint/tiles", _tiles),
        ("GET", "footprint/moc/{release}", _moc_file),
        ("POST", "footprint/moc", _moc),
        ("POST", "footprint/map", _read_map),
        ("POST", "footprint/check", _check),
        ("POST", "footprint/positions", _read_positions),
        ("POST", "footprint/condition", _condition),
        ("GET", "footprint/densities/{release}", _density_kinds),
        ("GET", "footprint/density/{release}", _density),
        ("POST", "footprint/density", _density_of_query),
        ("POST", "footprint/jobs/estimate", _estimate),
        ("POST", "footprint/jobs", _jobs),
    )
)
