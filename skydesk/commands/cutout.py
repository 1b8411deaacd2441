"""``skydesk cutout``: images of positions, cut here or by a job."""

import argparse
import base64
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest, LimitExceeded, UsageError
from .arguments import count, seconds
from .output import print_json, size

if TYPE_CHECKING:
    from ..client import SkyDesk

__all__ = ["add_commands"]

_SHOWN_FAULTS = 20
_LARGEST_FILE_BYTES = 36_000_000


def add_commands(subparsers: Any) -> None:
    """Add the command."""
    cutout = subparsers.add_parser(
        "cutout",
        help="cut images of positions",
        description="Cut images of a table of positions. Run the same command again to go on where it was stopped.",
    )
    cutout.add_argument("positions", metavar="POSITIONS", help="CSV, TSV, FITS, VOTable, ECSV, Parquet or Arrow file; - for standard input")
    cutout.add_argument("-o", "--output", type=Path, metavar="DIR", required=True, help="folder for the images; made where it is not there")
    _add_products(cutout)
    cutout.add_argument("--size-arcmin", type=float, nargs="+", metavar=("X", "Y"), help="width and height, arcmin (1)")
    cutout.add_argument("--planes", metavar="LIST", help="planes of the FITS files (SCI,MSK,WGT)")
    cutout.add_argument("--resample", action="store_true", help="interpolate pixels that come from a neighbouring tile")
    cutout.add_argument("--discard-fits", action="store_true", help="keep no FITS files beside pictures")
    for name, what in (
        ("minimum", "flux that is black, ADU (1)"),
        ("stretch", "flux of the linear part, ADU (50)"),
        ("q", "softening (10)"),
    ):
        cutout.add_argument(f"--{name}", type=float, metavar="N", help=f"Lupton pictures: {what}")
    cutout.add_argument("--release", metavar="R", help="data release")
    cutout.add_argument("--matched-csv", action="store_true", help="write a table of the tiles that the positions are on")
    cutout.add_argument("--workers", type=count(1), metavar="N", help="images cut at a time, where they are cut here")
    cutout.add_argument("--name", help="name of the job")
    cutout.add_argument("--timeout-seconds", type=seconds, metavar="S", help="stop after so many seconds; a job goes on")
    cutout.add_argument("--json", action="store_true", help="print JSON")
    cutout.set_defaults(run=_cutout)


def _add_products(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fits", action="store_true", help="FITS files; what is made where no product is named")
    parser.add_argument("--bands", metavar="LIST", help="bands of the FITS files (g,r,i)")
    for name in ("lupton", "stiff"):
        what = {"lupton": "Lupton", "stiff": "STIFF-like"}[name]
        parser.add_argument(
            f"--{name}",
            nargs="?",
            const="",
            metavar="BANDS",
            help=f"{what} pictures: bands for red, green and blue (i,r,g); several as in irg;gri",
        )
    parser.add_argument("--chart", nargs="?", const="", metavar="BANDS", help="finding charts (i)")


def _cutout(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    from .cutout_here import cut_here

    options = _options(arguments)
    content = _content(arguments.positions)
    _require_folder(arguments.output)
    body = {"file_name": Path(arguments.positions).name, "content_base64": base64.b64encode(content).decode(), "release": arguments.release}
    draft = sky.transport.request(
        "POST", "cutout/positions", {key: value for key, value in body.items() if value is not None}
    ).require_json()
    asked = {"positions": draft["id"], "options": options, "include_matched_csv": arguments.matched_csv}
    asked |= {} if arguments.release is None else {"release": arguments.release}
    _refuse(draft, sky.transport.request("POST", "cutout/estimate", asked).require_json())
    for note in draft["notes"][:_SHOWN_FAULTS]:
        print(f"skydesk: {_placed(note)}", file=sys.stderr)
    if sky.outlives_this_process:
        summary = _by_job(sky, asked, arguments)
    else:
        summary = cut_here(
            sky.transport,
            asked,
            arguments.output,
            threads=arguments.workers,
            shown=sys.stderr.isatty(),
            limit_seconds=arguments.timeout_seconds,
        )
    return _report(summary, arguments)


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options that were given, as JSON."""
    named = {"fits": arguments.fits or None, "lupton": arguments.lupton, "stiff": arguments.stiff, "chart": arguments.chart}
    products = [name for name, value in named.items() if value is not None]
    options: dict[str, Any] = {"products": products or ["fits"]}
    if arguments.size_arcmin is not None:
        if len(arguments.size_arcmin) > 2:
            raise UsageError("--size-arcmin takes a width and maybe a height")
        options["x_size_arcmin"], options["y_size_arcmin"] = arguments.size_arcmin[0], arguments.size_arcmin[-1]
    options |= {"fits_bands": _words(arguments.bands)} if arguments.bands else {}
    for name in ("lupton", "stiff"):
        if getattr(arguments, name):
            options[f"{name}_bands"] = [part for part in getattr(arguments, name).split(";") if part.strip()]
    options |= {"chart": {"bands": _words(arguments.chart)}} if arguments.chart else {}
    options |= {"planes": [plane.upper() for plane in arguments.planes.split(",")]} if arguments.planes else {}
    stretch = {name: getattr(arguments, name) for name in ("minimum", "stretch", "q") if getattr(arguments, name) is not None}
    options |= {"lupton": stretch} if stretch else {}
    return options | {"resample": arguments.resample, "discard_fits": arguments.discard_fits}


def _words(text: str) -> list[str]:
    """Bands in a list: ``g,r,i`` or ``gri``."""
    return [word for word in text.replace(",", " ").split() if word] if "," in text or " " in text else list(text)


def _content(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    path = Path(source)
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise UsageError(f"{path} is larger than {_LARGEST_FILE_BYTES // 1_000_000} MB; drop columns, or compress it with gzip")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {(error.strerror or 'unknown reason').lower()}") from error


def _require_folder(folder: Path) -> None:
    """Make the folder; the work is not done for nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {(error.strerror or 'unknown reason').lower()}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"you may not write in the folder {folder}")


def _refuse(draft: Mapping[str, Any], estimate: Mapping[str, Any]) -> None:
    """Say every fault, and the limit that is passed."""
    if estimate["faults"]:
        from ..errors import Fault

        shown = [Fault(**fault) for fault in estimate["faults"][:_SHOWN_FAULTS]]
        more = max(len(estimate["faults"]), draft["fault_count"]) - len(shown)
        if more > 0:
            shown.append(Fault(message=f"and {more:,} more"))
        raise InvalidRequest(shown)
    if estimate["refusal"] is not None:
        raise LimitExceeded(estimate["refusal"])


def _by_job(sky: "SkyDesk", asked: Mapping[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Submit a job, follow it, and fetch its files."""
    from ..cutout_archive import fetch_archive

    body = {**asked, "allow_duplicate": True} | ({} if arguments.name is None else {"name": arguments.name})
    job = sky.job(sky.transport.request("POST", "cutout/jobs", body).require_json()["id"])
    print(f"skydesk: job {job.id}", file=sys.stderr)
    job.wait(arguments.timeout_seconds, progress=sys.stderr.isatty())
    return {"job_id": job.id, **fetch_archive(sky.transport, job.id, arguments.output)}


def _report(summary: Mapping[str, Any], arguments: argparse.Namespace) -> int:
    outcomes: Mapping[str, int] = summary["outcomes"]
    if arguments.json:
        print_json({"folder": str(arguments.output), **summary})
    else:
        said = ", ".join(f"{number:,} {outcome}" for outcome, number in outcomes.items() if number)
        print(f"{arguments.output}: {summary['files']:,} files, {size(summary['size_bytes'])}; {said}", file=sys.stderr)
    return 1 if outcomes.get("failed") else 0


def _placed(note: Mapping[str, Any]) -> str:
    return str(note["message"]) if note["row"] is None else f"row {note['row']}: {note['message']}"
