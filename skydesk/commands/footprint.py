"""``skydesk footprint at|tile|moc|check|files``."""

import argparse
import math
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..errors import InvalidRequest, UsageError
from .arguments import count
from .output import print_json, print_rows, print_text, size

if TYPE_CHECKING:
    from ..client import SkyDesk
    from ..cutout.position_text import PositionTable
    from ..footprint_handle import Footprint, TileHandle
    from ..grid import FloatArray

__all__ = ["add_commands"]

_LARGEST_FILE_BYTES = 256 << 20
_ENDINGS = {".fits": "fits", ".json": "json", ".txt": "ascii", ".moc": "ascii"}


def add_commands(subparsers: Any) -> None:
    """Add ``footprint`` and what it can do."""
    footprint = subparsers.add_parser("footprint", help="tiles, coverage maps, and whether positions lie in the survey")
    actions = footprint.add_subparsers(metavar="ACTION", required=True)

    at = actions.add_parser("at", help="tell what is at a position, or find a tile, an object or a name")
    at.add_argument("text", nargs="+", metavar="TEXT", help="34.81 -5.69, 02:19:14 -05:41:40, l=170 b=-58, 'M 2', an object's number")
    _add_common(at)
    at._negative_number_matcher = re.compile(r"-\d[\d.:dhms°'\" ]*$")  # else -05:41:40 is taken for an option
    at.set_defaults(run=_at)

    tile = actions.add_parser("tile", help="tell what is known of a tile, with its files")
    tile.add_argument("name", metavar="NAME", help="as DES0219-0541")
    _add_common(tile, release=False)
    tile.set_defaults(run=_tile)

    moc = actions.add_parser("moc", help="write the coverage map of a release or of some tiles")
    moc.add_argument("-o", "--output", type=Path, metavar="FILE", required=True, help="ending .fits, .json, or .txt for ASCII")
    moc.add_argument("--order", type=count(0), metavar="N", help="order of the cells, 0 to 14 (default: 11, deeper for few tiles)")
    moc.add_argument("--tiles", nargs="+", metavar="NAME", help="only these tiles")
    moc.add_argument("--within", type=Path, metavar="MOC", help="only what is also in this map: FITS, JSON or ASCII")
    _add_common(moc)
    moc.set_defaults(run=_moc)

    check = actions.add_parser("check", help="tell which positions of a table lie in the survey")
    check.add_argument("file", type=Path, metavar="POSITIONS", help="CSV, TSV, FITS, VOTable, ECSV, Parquet or Arrow with RA and DEC")
    check.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the table with the new columns; its ending says the format")
    check.add_argument("--within", type=Path, metavar="MOC", help="tell also whether they lie in this map")
    check.add_argument("--releases", nargs="+", metavar="NAME", help="which releases (default: all that you may read)")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)

    files = actions.add_parser("files", help="fetch the files of tiles; run it again to go on where it was stopped")
    files.add_argument("tiles", nargs="+", metavar="TILE", help="names, or @FILE with a name a line")
    files.add_argument("-o", "--output", type=Path, metavar="DIR", default=Path(), help="folder to fetch to (default: this one)")
    files.add_argument("--kinds", nargs="+", default=["image"], metavar="KIND", help="image, nobkg, detection, colour, main, ...")
    files.add_argument("--bands", nargs="+", default=[], metavar="BAND", help="only these bands")
    files.add_argument("--as-job", action="store_true", help="have jobs gather them in your jobs folder; print the jobs' ids")
    _add_common(files)
    files.set_defaults(run=_files)


def _add_common(parser: Any, *, release: bool = True) -> None:
    if release:
        parser.add_argument("--release", metavar="NAME", help="data release (default: the survey's)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _at(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    asked = {"text": " ".join(arguments.text)} | ({"release": arguments.release} if arguments.release else {})
    place = sky.transport.request("GET", f"footprint/search?{urlencode(asked, errors='replace')}").require_json()
    if arguments.json:
        print_json(place)
        return 0
    where = f"{place['ra_deg']:.6f} {place['dec_deg']:+.6f}"
    if place["tile"] is not None:
        print_text(f"{where} is on tile {place['tile']}")
    elif place["nearest_tile"] is not None:
        print_text(f"{where} is outside the survey; the nearest tile, {place['nearest_tile']}, is {place['distance_deg']:.3f} deg away")
    else:
        print_text(f"{where} is outside the survey")
    return 0


def _tile(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    tile = sky.footprint().tile(arguments.name)
    if arguments.json:
        print_json(tile.info)
        return 0
    info = tile.info
    corners = "  ".join(f"{ra:.6f} {dec:+.6f}" for ra, dec in info["corners_deg"])
    print_text(f"{tile.name}\ncentre   {tile.ra_deg:.6f} {tile.dec_deg:+.6f}\ncorners  {corners}")
    print_text(f"unique   {tile.unique_area_deg2:.4f} deg2{', across 0 h' if info['crosses_ra0'] else ''}")
    for each in info["releases"]:
        objects = "" if each["objects"] is None else f", {each['objects']:,} objects"
        print_text(f"\n{each['release']}{objects}{' (by the approximate outline)' if each['approximate'] else ''}")
        rows = [(band["band"], *(_rounded(band[key]) for key in ("depth_mag", "seeing_arcsec", "epochs"))) for band in each["bands"]]
        if rows:
            print_rows(("BAND", "DEPTH [mag]", "SEEING [arcsec]", "EPOCHS"), rows, right=(1, 2, 3))
        print_rows(
            ("FILE", "SIZE", "WHAT"), [(file["name"], size(file["size_bytes"]), file["title"]) for file in each["files"]], right=(1,)
        )
    return 0


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _moc(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    from ..backends.moc_files import MocpyFiles
    from ..footprint.moc import Moc
    from ..footprint.model import MocFormat

    form = _ENDINGS.get(arguments.output.suffix.lower())
    if form is None:
        raise UsageError(f"{arguments.output.name} must end in {', '.join(_ENDINGS)}")
    made = sky.footprint(arguments.release).moc_of_order(arguments.order, arguments.tiles)
    moc = Moc(int(made.max_order), made.to_depth29_ranges)
    if arguments.within is not None:
        moc = moc & MocpyFiles().read(_content(arguments.within))
    _write(arguments.output, MocpyFiles().write(moc, MocFormat(form)))
    if arguments.json:
        print_json({"file": str(arguments.output), "order": moc.order, "area_deg2": moc.area_deg2})
    else:
        print(f"{arguments.output}: order {moc.order}, {moc.area_deg2:.3f} deg2", file=sys.stderr)
    return 0


def _check(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    from ..backends.position_tables import table_of_file
    from ..cutout.positions import check_positions

    names = arguments.releases or sky.session()["survey"]["releases"]
    table = table_of_file(_content(arguments.file), arguments.file.name)
    survey_bands = "ugrizYyJHK"
    found = check_positions(table, bands=survey_bands, both=True)
    ra_deg, dec_deg = found.positions.ra_deg, found.positions.dec_deg
    footprints = [sky.footprint(_release_name(name)) for name in names]
    columns = _checked_columns(footprints, ra_deg, dec_deg, None if arguments.within is None else _content(arguments.within))
    if arguments.output is not None:
        _write_table(arguments.output, table, columns)
    counts = {name: int(values.sum()) for name, values in columns.items() if name.startswith("in_")}
    without = sum(map(math.isnan, ra_deg.tolist()))
    if arguments.json:
        print_json({"rows": len(table), "without_position": without, "inside": counts})
        return 0
    for name, number in counts.items():
        print_text(f"{number:,} of {len(table):,} positions are {name.replace('_', ' ', 1)}")
    if without:
        print(
            f"{without:,} rows have no position that can be read: {found.faults[0] if found.faults else 'give RA and DEC'}", file=sys.stderr
        )
    return 0


def _release_name(release: Any) -> str:
    return str(release["name"] if isinstance(release, Mapping) else release)


def _checked_columns(footprints: "Sequence[Footprint]", ra_deg: "FloatArray", dec_deg: "FloatArray", moc: bytes | None) -> dict[str, Any]:
    from ..backends.moc_files import MocpyFiles

    columns: dict[str, Any] = {f"in_{footprint.release}": footprint.contains(ra_deg, dec_deg) for footprint in footprints}
    columns |= {"TILENAME": footprints[0].tiles_at(ra_deg, dec_deg), "edge_arcmin": footprints[0].edge_arcmin(ra_deg, dec_deg)}
    if moc is not None:
        columns["in_region"] = footprints[0].inside(MocpyFiles().read(moc), ra_deg, dec_deg)
    return columns


def _write_table(path: Path, table: "PositionTable", columns: Mapping[str, Any]) -> None:
    import pyarrow as pa

    from .. import __version__
    from ..backends.writers import FileWriter
    from ..query.arrow import schema_of
    from ..query.model import Column, ColumnType, ResultMetadata
    from ..query.output import parse_output
    from ..results import columns_of

    output = parse_output(path.name)
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first")
    added = [
        Column(name="edge_arcmin", type=ColumnType.FLOAT64, unit="arcmin", description="distance to the footprint's edge, positive inside")
        if name == "edge_arcmin"
        else Column(name=name, type=ColumnType.STRING if name == "TILENAME" else ColumnType.BOOLEAN)
        for name in columns
    ]
    given = {name: values for name, values in zip(table.columns, table.values, strict=True) if name not in columns}
    arrays = [
        *given.values(),
        *(pa.array(values.tolist() if values.dtype.kind == "U" else values, from_pandas=True) for values in columns.values()),
    ]
    described = [*columns_of(pa.schema([pa.field(name, values.type) for name, values in given.items()])), *added]
    schema = schema_of(described)
    batch = pa.RecordBatch.from_arrays([array.cast(field.type) for array, field in zip(arrays, schema, strict=True)], schema=schema)
    metadata = ResultMetadata(sql="", survey="", release=None, created_at=datetime.now(UTC), skydesk_version=__version__)
    for file in FileWriter().write(described, iter([batch]), path.parent, output, metadata):
        print(f"{path.parent / file.name}: {file.rows:,} rows, {size(file.size_bytes)}", file=sys.stderr)


def _files(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    footprint = sky.footprint(arguments.release)
    names = _names(arguments.tiles)
    if arguments.as_job:
        jobs = footprint.gather(names, kinds=arguments.kinds, bands=arguments.bands)
        if not sky.outlives_this_process:
            for job in jobs:
                job.wait(progress=sys.stderr.isatty())
        if arguments.json:
            print_json([job.info for job in jobs])
        else:
            print_text("\n".join(job.id for job in jobs))
        return 0
    fetched = [path for name in names for path in _fetched(footprint.tile(name), footprint.release, arguments)]
    if arguments.json:
        print_json([str(path) for path in fetched])
    else:
        print(f"{len(fetched):,} files of {len(names):,} tiles are in {arguments.output}", file=sys.stderr)
    return 0


def _fetched(tile: "TileHandle", release: str, arguments: argparse.Namespace) -> list[Path]:
    files = tile.files(release, kinds=arguments.kinds, bands=arguments.bands)
    if not files:
        print(f"{tile.name} has no such files in {release}", file=sys.stderr)
        return []
    if not arguments.output.is_dir():
        raise UsageError(f"there is no folder {arguments.output}; make it first")
    folder = arguments.output / tile.name
    folder.mkdir(exist_ok=True)
    return [tile.download(folder, file) for file in files]


def _names(texts: Sequence[str]) -> list[str]:
    names: list[str] = []
    for text in texts:
        lines = _content(Path(text[1:])).decode(errors="replace").split() if text.startswith("@") else [text]
        names += [line for line in lines if line not in names]
    return names


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise InvalidRequest(f"{path} is larger than {_LARGEST_FILE_BYTES >> 20} MiB; split it")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {(error.strerror or 'unknown reason').lower()}") from error


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {(error.strerror or 'unknown reason').lower()}") from error
