"""``skydesk survey make|check|hips``: work on survey files, without a service."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .arguments import count
from .output import one_line, print_json

if TYPE_CHECKING:
    from ..client import SkyDesk

__all__ = ["add_commands"]


def add_commands(subparsers: Any) -> None:
    """Add ``survey`` and what it can do."""
    survey = subparsers.add_parser("survey", help="make or check a survey")
    actions = survey.add_subparsers(metavar="ACTION", required=True)
    make = actions.add_parser("make", help="make a demo survey with the globular cluster M2 in it")
    make.add_argument("folder", metavar="DIR", type=Path, help="folder to make; must not exist, or be empty")
    make.add_argument("--preset", choices=["tiny", "demo"], default="demo", help="how large (default: demo)")
    make.add_argument("--seed", type=int, metavar="N", help="same seed, same sky")
    make.set_defaults(run_alone=_make)
    check = actions.add_parser("check", help="check a survey file, its catalogue and its images; names every fault")
    check.add_argument("file", metavar="FILE", type=Path)
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run_alone=_check)
    hips = actions.add_parser("hips", help="make the colour pyramid of a release, which the globe shows; goes on where it was stopped")
    hips.add_argument("survey", metavar="FILE", type=Path, help="the survey file")
    hips.add_argument("--release", metavar="NAME", help="data release (default: the survey's)")
    hips.add_argument("--order", type=count(0), metavar="N", help="order of the deepest cells, 3 to 13 (default: as the images' pixels)")
    hips.add_argument("--again", action="store_true", help="make it although it is there")
    hips.add_argument("--json", action="store_true", help="print JSON")
    hips.set_defaults(run=_hips)


def _make(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ..demo_survey import make_survey
    from ..demo_survey.recipe import SEED

    seed = SEED if arguments.seed is None else arguments.seed
    with tqdm(total=100, unit="%", bar_format="{desc:<36.36} {percentage:3.0f} %|{bar}| {elapsed}", disable=None, leave=False) as bar:

        def show(fraction: float, what: str) -> None:
            bar.set_description_str(what)
            bar.update(100 * fraction - bar.n)

        print(make_survey(arguments.folder, arguments.preset, seed=seed, on_progress=show))
    return 0


def _hips(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    footprint = sky.footprint(arguments.release)
    footprint.make_hips(arguments.order, again=arguments.again).wait(progress=not arguments.json)
    shown = footprint.hips
    if arguments.json:
        print_json(shown)
    else:
        print(f"the colour pyramid of {footprint.release} is there, down to order {shown['order']}", file=sys.stderr)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from ..backends.survey_check import check_survey

    if not arguments.file.is_file() and not arguments.json:
        raise UsageError(f"there is no survey file {arguments.file}; make a survey with: skydesk survey make DIR")
    faults = check_survey(arguments.file)
    if arguments.json:
        print_json([{"message": fault.message, "field": fault.field, "row": fault.row} for fault in faults])
    else:
        for fault in faults:
            print(one_line(f"{arguments.file}: {fault}"), file=sys.stderr)
    if not faults and not arguments.json:
        print(f"{arguments.file}: no faults")
    return 2 if faults else 0
