"""Small surveys and image files for the tests of the tile store."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import fitsio
from numpy.typing import NDArray

from skydesk.survey import Release, Survey, load_survey, shipped_survey
from tests.contracts.tile_store_contract import HEADER, RELEASE

PATH = "tiles/{release}/{tile}/{tile}_r{reqnum}p{attnum}_{band}.fits.fz"


def survey_in(folder: Path, image_path: str = PATH) -> Survey:
    """The demo survey with its images elsewhere, and one release."""
    release = Release(name=RELEASE, title="First", default=True)
    return replace(load_survey(shipped_survey("demo")), path=folder / "survey.toml", image_path=image_path, releases=(release,))


def image_file(survey: Survey, tile: str, band: str, attempt: str = "r1p01") -> Path:
    """Where the survey has an image; its folder is made."""
    path = survey.folder / "tiles" / RELEASE.lower() / tile / f"{tile}_{attempt}_{band}.fits.fz"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_planes(path: Path, planes: dict[str, NDArray[Any]]) -> None:
    """Write planes of whole numbers, which steps of one keep exactly."""
    header = [{"name": card.keyword, "value": card.value, "comment": card.comment} for card in HEADER.cards]
    with fitsio.FITS(str(path), "rw", clobber=True) as file:
        for name, pixels in planes.items():
            options = {"qlevel": -1.0, "qmethod": "NO_DITHER"} if pixels.dtype.kind == "f" else {}
            file.write(pixels, extname=name, header=header, compress="RICE", **options)
