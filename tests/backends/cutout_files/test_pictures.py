"""Pictures: against astropy's Lupton colours, the program STIFF, and Pillow's reading of the PNG."""

import io
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.visualization import make_lupton_rgb
from numpy.typing import NDArray
from PIL import Image

from skydesk.backends.cutout_files import FileRenderer
from skydesk.backends.cutout_files.pictures import stiff_levels
from skydesk.cutout.model import LuptonOptions
from tests.backends.cutout_files.cuts import noise

Colours = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
STIFF_COUNTS = 1
"""How far a channel may be from STIFF's."""


def read(content: bytes) -> NDArray[np.int16]:
    """The picture with its lines from the bottom up, as FITS has them."""
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture).astype(np.int16)[::-1]


@pytest.fixture
def colours() -> Colours:
    base = noise((90, 110), seed=7)
    rng = np.random.default_rng(8)
    red, green, blue = ((base * part + rng.normal(0, 1, base.shape)).astype(np.float32) for part in (1.0, 0.8, 0.5))
    return red, green, blue


@pytest.mark.parametrize(
    "options",
    [LuptonOptions(), LuptonOptions(minimum=-5, stretch=5, q=8), LuptonOptions(minimum=0, stretch=0.5, q=0), LuptonOptions(q=1e12)],
    ids=["form's", "astropy's", "linear", "steep"],
)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4, 1e12])
def test_lupton_equals_astropy_to_one_count(colours: Colours, options: LuptonOptions, scale: float) -> None:
    colours = tuple(image * np.float32(scale) for image in colours)  # type: ignore[assignment]
    theirs = make_lupton_rgb(*colours, minimum=options.minimum, stretch=options.stretch, Q=options.q)
    ours = read(FileRenderer().lupton(*colours, options))
    assert np.abs(ours - theirs.astype(np.int16)).max() <= 1
    assert (ours == theirs).mean() > 0.95


def test_lupton_is_black_where_a_band_is_blank_and_where_it_is_negative(colours: Colours) -> None:
    colours[0][4, 6] = np.nan
    colours[2][9, 3:7] = np.inf
    for image in colours:
        image[20, 20:30] = -100
        image[30] = 1e37
    with np.errstate(all="ignore"):
        theirs = make_lupton_rgb(*(np.where(np.isfinite(image), image, 0) for image in colours), minimum=1, stretch=50, Q=10)
    ours = read(FileRenderer().lupton(*colours, LuptonOptions()))
    assert not ours[4, 6].any()
    assert not ours[9, 3:7].any()
    assert not ours[20, 20:30].any()
    untouched = np.isfinite(sum(colours))
    assert np.abs(ours - theirs)[untouched].max() <= 1


def test_a_picture_is_a_plain_png_without_time_or_text(colours: Colours) -> None:
    content = FileRenderer().lupton(*colours, LuptonOptions())
    chunks, at = [], 8
    while at < len(content):
        (size,) = struct.unpack(">I", content[at : at + 4])
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        assert struct.unpack(">I", content[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + data)
        chunks.append(kind)
        at += 12 + size
    assert chunks == [b"IHDR", b"IDAT", b"IEND"]
    assert content == FileRenderer().lupton(*colours, LuptonOptions())


def test_north_is_up() -> None:
    image = np.zeros((30, 40), np.float32)
    image[25, 3] = 1e6
    with Image.open(io.BytesIO(FileRenderer().lupton(image, image, image, LuptonOptions(minimum=0)))) as picture:
        assert picture.size == (40, 30)
        assert picture.getpixel((3, 30 - 1 - 25)) == (255, 255, 255)


def test_images_that_are_not_native_or_not_contiguous_give_the_same_picture(colours: Colours) -> None:
    plain = FileRenderer().lupton(*colours, LuptonOptions())
    wide = [np.repeat(image, 2, axis=1) for image in colours]
    assert FileRenderer().lupton(*(image[:, ::2] for image in wide), LuptonOptions()) == plain
    assert FileRenderer().lupton(*(image.astype(">f4") for image in colours), LuptonOptions()) == plain


def test_stiff_pictures_are_as_the_program_makes_them(colours: Colours, tmp_path: Path) -> None:
    if shutil.which("stiff") is None:
        pytest.skip("the program stiff is not installed (Debian's package stiff)")
    for name, image in zip("rgb", colours, strict=True):
        fits.writeto(tmp_path / f"{name}.fits", image)
    done = subprocess.run(["stiff", "r.fits", "g.fits", "b.fits"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "stiff.tif") as picture:
        theirs = np.asarray(picture).astype(np.int16)[::-1]
    ours = read(FileRenderer().stiff(*colours))
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= STIFF_COUNTS


def test_the_sky_of_a_stiff_picture_is_nearly_black_and_its_brightest_pixels_are_white(colours: Colours) -> None:
    ours = read(FileRenderer().stiff(*colours))
    assert 8 <= np.median(ours) <= 14
    assert ours.max() == 255


@pytest.mark.parametrize("fill", [0.0, -3.0, 7.5e8, np.nan])
def test_a_flat_or_blank_image_has_levels_and_pictures(fill: float) -> None:
    image = np.full((5, 6), fill, np.float32)
    black, white = stiff_levels(image)
    assert black < white
    for content in (FileRenderer().stiff(image, image, image), FileRenderer().grey(image)):
        assert read(content).shape[:2] == (5, 6)
        if np.isnan(fill):
            assert not read(content).any()


def test_grey_pictures_rise_with_the_flux_and_blank_pixels_are_black() -> None:
    image = noise((60, 70))
    image[5, 5:9] = np.nan
    ours = read(FileRenderer().grey(image))
    assert not ours[5, 5:9].any()
    seen = np.isfinite(image)
    order = np.argsort(image[seen])
    assert (np.diff(ours[seen][order]) >= 0).all()
    assert ours.max() == 255
    assert 15 < np.median(ours[seen]) < 90
