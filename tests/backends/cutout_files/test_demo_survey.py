"""Cutouts of the demo survey's own files, where its four tiles meet, against what astropy reads and computes."""

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skydesk.backends.cutout_files import FileRenderer
from skydesk.backends.tiles import open_tiles
from skydesk.cutout.engine import cut_all
from skydesk.cutout.model import CutoutOptions, CutoutRequest, Outcome, Positions, RowOutcome
from skydesk.query.model import Cancellation
from skydesk.survey import Survey, load_survey

SIDE = 10_000
PLANES = ("SCI", "MSK", "WGT")
MEETING = (323.197, -1.052)
"""Near the corner of four tiles, on a disc that even the smallest demo survey fills."""


@pytest.fixture(scope="module")
def survey(tiny_survey: Path) -> Survey:
    return load_survey(tiny_survey)


@pytest.fixture(scope="module")
def cut(survey: Survey, tmp_path_factory: pytest.TempPathFactory) -> tuple[RowOutcome, fits.HDUList]:
    """A box of 1.5 arcmin in g, five arcsec from the place where the unique areas of four tiles meet: it leaves its tile by 10 arcsec."""
    files: dict[str, bytes] = {}

    class Sink:
        def write(self, folder: str, name: str, content: bytes) -> None:
            files[f"{folder}/{name}"] = content

    tile = survey.grid.tile_at(*MEETING)
    ra, dec = tile.unique_ra_deg[0] + 5 / 3600, tile.unique_dec_deg[0] + 5 / 3600
    told: list[RowOutcome] = []
    with open_tiles(survey, cache_folder=tmp_path_factory.mktemp("index")) as tiles:
        cut_all(
            CutoutRequest(release="DR2", options=CutoutOptions(x_size_arcmin=1.5, y_size_arcmin=1.5, fits_bands=("g",))),
            Positions(ra_deg=np.array([ra]), dec_deg=np.array([dec]), object_id=np.array([-1])),
            survey=survey,
            tiles=tiles,
            renderer=FileRenderer(),
            chart_objects=None,
            sink=Sink(),
            cancellation=Cancellation(),
            on_outcome=told.append,
        )
    (content,) = files.values()
    with fits.open(io.BytesIO(content), memmap=False) as hdus:
        hdus.verify("exception")
        return told[0], fits.HDUList([hdu.copy() for hdu in hdus])


def tile_file(survey: Survey, tile: str) -> Path:
    (path,) = survey.folder.glob(survey.image_glob(tile, "g"))
    return path


def test_the_cut_is_whole_and_names_the_other_three_tiles(survey: Survey, cut: tuple[RowOutcome, fits.HDUList]) -> None:
    outcome, hdus = cut
    assert outcome.outcome is Outcome.DONE
    around = {survey.grid.tile_at(MEETING[0] + east, MEETING[1] + north).name for east in (-0.02, 0.02) for north in (-0.02, 0.02)}
    assert {outcome.tile, *outcome.stitched} == around
    assert [hdu.data.shape for hdu in hdus] == [(342, 342)] * 3


def test_pixels_of_the_home_tile_are_what_astropy_reads(survey: Survey, cut: tuple[RowOutcome, fits.HDUList]) -> None:
    outcome, hdus = cut
    first, bottom = hdus[0].header["CUTX1"] - 1, 1 - hdus[0].header["CUTY1"]
    width = SIDE - first
    assert 0 < width < 342
    assert 0 < bottom < 342
    with fits.open(tile_file(survey, outcome.tile)) as whole:
        for number, name in enumerate(PLANES):
            theirs = whole[name].section[: 342 - bottom, first:]
            np.testing.assert_array_equal(hdus[number].data[bottom:, :width], theirs)


def test_the_other_pixels_are_the_nearest_of_their_tiles(survey: Survey, cut: tuple[RowOutcome, fits.HDUList]) -> None:
    outcome, hdus = cut
    y, x = np.mgrid[:342, :342]
    beyond = (x + hdus[0].header["CUTX1"] > SIDE) | (y + hdus[0].header["CUTY1"] < 1)
    sky = WCS(hdus[0].header).all_pix2world(x, y, 0)
    owners = survey.grid.names(*sky)
    assert {name: int((beyond & (owners == name)).sum()) for name in outcome.stitched} == outcome.stitched
    for name in outcome.stitched:
        with fits.open(tile_file(survey, name)) as whole:
            places = WCS(whole["SCI"].header).all_world2pix(*(each[beyond & (owners == name)] for each in sky), 0)
            columns, rows = (np.floor(place + 0.5).astype(int) for place in places)
            first = rows.min(), columns.min()
            theirs = whole["SCI"].section[first[0] : rows.max() + 1, first[1] : columns.max() + 1]
        np.testing.assert_array_equal(hdus[0].data[beyond & (owners == name)], theirs[rows - first[0], columns - first[1]])


def test_the_wcs_is_the_tiles_to_a_millionth_of_a_pixel(survey: Survey, cut: tuple[RowOutcome, fits.HDUList]) -> None:
    outcome, hdus = cut
    y, x = np.mgrid[0:341:12j, 0:341:12j]
    with fits.open(tile_file(survey, outcome.tile)) as whole:
        for number, name in enumerate(PLANES):
            header = hdus[number].header
            back = WCS(whole[name].header).all_world2pix(*WCS(header).all_pix2world(x, y, 0), 0)
            assert np.abs(back[0] - (x + header["CUTX1"] - 1)).max() < 1e-6
            assert np.abs(back[1] - (y + header["CUTY1"] - 1)).max() < 1e-6


def test_every_card_of_the_tile_is_in_the_cut(survey: Survey, cut: tuple[RowOutcome, fits.HDUList]) -> None:
    outcome, hdus = cut
    with fits.open(tile_file(survey, outcome.tile)) as whole:
        for number, name in enumerate(PLANES):
            lost = set(whole[name].header) - set(hdus[number].header)
            assert lost <= {"PCOUNT", "GCOUNT", "XTENSION", "SIMPLE", "CHECKSUM", "DATASUM"}
            for key in ("TILENAME", "BAND", "MAGZERO", "CRVAL1", "CD2_2"):
                assert hdus[number].header[key] == whole[name].header[key]
