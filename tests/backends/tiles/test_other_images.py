"""What the own decoder leaves to fitsio, and images that are not compressed."""

from pathlib import Path
from typing import Any

import fitsio
import numpy as np
import pytest
from astropy.io import fits

from skydesk.backends.tiles.image import SurveyImage
from skydesk.backends.tiles.planes import FitsioPlane, PlainPlane
from skydesk.errors import InvalidImage
from tests.backends.tiles.reference import compare, counts, sky


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"])
def test_uncompressed_images_are_read_row_by_row(tmp_path: Path, dtype: str) -> None:
    pixels = sky().astype(dtype) if dtype[0] == "f" else counts(np.dtype(dtype)) if dtype != "i8" else counts(np.int32).astype(np.int64)
    fits.HDUList([fits.PrimaryHDU(pixels), fits.ImageHDU(pixels, name="SECOND")]).writeto(tmp_path / "image.fits")
    compare(tmp_path / "image.fits", expected_kind=PlainPlane)


@pytest.mark.parametrize("pixels", [sky(), counts(np.int32)], ids=["floats", "whole numbers"])
def test_hcompress_is_left_to_fitsio(tmp_path: Path, pixels: Any) -> None:
    with fitsio.FITS(str(tmp_path / "image.fits.fz"), "rw") as file:
        file.write(pixels, compress="HCOMPRESS", tile_dims=(16, 411), qlevel=4)
    compare(tmp_path / "image.fits.fz", expected_kind=FitsioPlane)


def test_masks_of_plio_are_left_to_fitsio(tmp_path: Path) -> None:
    with fitsio.FITS(str(tmp_path / "image.fits.fz"), "rw") as file:
        file.write(counts(np.int16).clip(0, 400), compress="PLIO")
    compare(tmp_path / "image.fits.fz", expected_kind=FitsioPlane)


@pytest.mark.parametrize("compressed", [True, False], ids=["compressed", "plain"])
def test_scaled_pixels_are_left_to_fitsio(tmp_path: Path, compressed: bool) -> None:
    header = {"BSCALE": 0.25, "BZERO": 100.0}
    with fitsio.FITS(str(tmp_path / "image.fits"), "rw") as file:
        file.write(counts(np.int16), header=header, compress="RICE" if compressed else None)
    compare(tmp_path / "image.fits", expected_kind=FitsioPlane)


def test_names_fall_back_on_sci_for_the_first_image(tmp_path: Path) -> None:
    for name, expected in ((None, "SCI"), ("IMAGE", "SCI"), ("sci", "SCI"), ("Wgt", "WGT")):
        first, second = fits.CompImageHDU(sky(), name=name), fits.ImageHDU(sky(), name="MSK")
        fits.HDUList([fits.PrimaryHDU(), first, second]).writeto(tmp_path / "image.fits", overwrite=True)
        assert [plane.name for plane in SurveyImage(tmp_path / "image.fits", cache_folder=None).planes] == [expected, "MSK"]


def test_tables_beside_images_are_passed_over(tmp_path: Path) -> None:
    table = fits.BinTableHDU.from_columns([fits.Column("A", "D", array=np.arange(4.0))], name="OBJECTS")
    fits.HDUList([fits.PrimaryHDU(), table, fits.CompImageHDU(sky(), name="SCI")]).writeto(tmp_path / "image.fits")
    assert [plane.name for plane in SurveyImage(tmp_path / "image.fits", cache_folder=None).planes] == ["SCI"]


@pytest.mark.parametrize(
    ("extensions", "message"),
    [
        ([fits.ImageHDU(np.zeros((2, 3, 4), np.float32))], "has 3 axes; images of 2 can be cut"),
        ([fits.BinTableHDU.from_columns([fits.Column("A", "D", array=np.arange(4.0))])], "has no image in it"),
        ([fits.ImageHDU(np.zeros((3, 4)), name="SCI"), fits.ImageHDU(np.zeros((3, 4)), name="SCI")], "planes of one name, got SCI, SCI"),
    ],
    ids=["cube", "table", "twice"],
)
def test_files_without_planes_to_cut_are_refused_with_a_reason(tmp_path: Path, extensions: list[Any], message: str) -> None:
    fits.HDUList([fits.PrimaryHDU(), *extensions]).writeto(tmp_path / "image.fits")
    with pytest.raises(InvalidImage, match=rf"image\.fits.* {message}"):
        SurveyImage(tmp_path / "image.fits", cache_folder=None)
