"""Compressed files of which only some rows hold data."""

from pathlib import Path

import fitsio
import numpy as np
import pytest
from astropy.io import fits

from skydesk.demo_survey.fits_file import Plane, write_planes

SIZE, CORNER = 1500, (700, 900)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    science = rng.normal(0, 2, (600, 500)).astype(np.float32)
    science[250:320] = 0
    mask = rng.integers(0, 4, (600, 500)).astype(np.int32)
    weight = np.full((600, 500), 0.25, np.float32)
    path = tmp_path_factory.mktemp("fits") / "tile.fits.fz"
    write_planes(
        path,
        [
            Plane(name="SCI", part=science, corner=CORNER, size=SIZE, header={"CRVAL1": 323.5}, step=0.5, dither=True),
            Plane(name="MSK", part=mask, corner=CORNER, size=SIZE, header={}, empty=1),
            Plane(name="WGT", part=weight, corner=CORNER, size=SIZE, header={}, step=0.25 / 1024),
        ],
    )
    return path, science, mask, weight


def test_astropy_and_cfitsio_read_the_same_image(written: tuple[Path, np.ndarray, np.ndarray, np.ndarray]) -> None:
    with fits.open(written[0]) as file, fitsio.FITS(str(written[0])) as other:
        file.verify("exception")
        assert [extension.name for extension in file] == ["PRIMARY", "SCI", "MSK", "WGT"]
        for name in ("SCI", "MSK", "WGT"):
            assert np.array_equal(file[name].data, other[name].read())


def test_every_value_comes_back_within_half_a_step(written: tuple[Path, np.ndarray, np.ndarray, np.ndarray]) -> None:
    with fits.open(written[0]) as file:
        whole = {name: np.zeros((SIZE, SIZE), np.float32) for name in ("SCI", "WGT")} | {"MSK": np.ones((SIZE, SIZE), np.int32)}
        for name, part in zip(("SCI", "MSK", "WGT"), written[1:], strict=True):
            whole[name][CORNER[0] : CORNER[0] + 600, CORNER[1] : CORNER[1] + 500] = part
        assert np.abs(file["SCI"].data - whole["SCI"]).max() <= 0.2501
        assert np.array_equal(file["MSK"].data, whole["MSK"])
        assert np.array_equal(file["WGT"].data, whole["WGT"])
        assert not file["SCI"].data[whole["SCI"] == 0].any()


def test_the_science_plane_is_quantised_floating_point_like_a_real_one(written: tuple[Path, np.ndarray, np.ndarray, np.ndarray]) -> None:
    with fits.open(written[0], disable_image_compression=True) as file:
        header = file["SCI"].header
        assert (header["ZBITPIX"], header["ZQUANTIZ"], header["ZCMPTYPE"]) == (-32, "SUBTRACTIVE_DITHER_2", "RICE_1")
        assert (header["ZTILE1"], header["ZTILE2"], header["NAXIS2"]) == (SIZE, 1, SIZE)


def test_the_header_is_that_of_the_whole_image(written: tuple[Path, np.ndarray, np.ndarray, np.ndarray]) -> None:
    with fits.open(written[0]) as file:
        assert (file["SCI"].header["NAXIS1"], file["SCI"].header["NAXIS2"], file["SCI"].header["CRVAL1"]) == (SIZE, SIZE, 323.5)
        assert file["SCI"].section[CORNER[0] + 5, CORNER[1] + 7] == pytest.approx(written[1][5, 7], abs=0.2501)
