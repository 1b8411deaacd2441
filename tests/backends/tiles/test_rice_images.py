"""The own decoder against fitsio, bit by bit."""

import gzip
import shutil
import subprocess
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
import pytest
from astropy.io import fits

from skydesk.backends.tiles.image import SurveyImage
from skydesk.backends.tiles.rice_plane import RicePlane
from tests.backends.tiles.reference import HEIGHT, WIDTH, assert_same_bits, compare, counts, sky, variable, write_table

TILES = [None, (1, 411), (100, 100), (7, 64), (16, 411), (157, 411), (1, 50)]
"""Rows and columns."""


@pytest.mark.parametrize("tile", TILES, ids=str)
@pytest.mark.parametrize("method", ["NO_DITHER", "SUBTRACTIVE_DITHER_1", "SUBTRACTIVE_DITHER_2"])
def test_floats_that_fitsio_quantised_are_the_same_to_the_last_bit(tmp_path: Path, method: str, tile: tuple[int, int] | None) -> None:
    path = tmp_path / "image.fits.fz"
    with fitsio.FITS(str(path), "rw") as file:
        for number, level in enumerate((4.0, 16.0)):
            file.write(
                sky(), extname=f"P{number}", compress="RICE", qlevel=level, qmethod=method, tile_dims=tile, dither_seed=9990 + number
            )
    compare(path, expected_kind=RicePlane)


@pytest.mark.parametrize("tile", TILES, ids=str)
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "u2", "u4", "i1"])
def test_whole_numbers_of_every_type_are_the_same(tmp_path: Path, dtype: str, tile: tuple[int, int] | None) -> None:
    path = tmp_path / "image.fits.fz"
    with fitsio.FITS(str(path), "rw") as file:
        file.write(counts(np.dtype(dtype)), compress="RICE", tile_dims=tile)
    compare(path, expected_kind=RicePlane)


@pytest.mark.parametrize("tile", [(1, WIDTH), (64, 100)], ids=str)
@pytest.mark.parametrize("method", [-1, 1, 2], ids=["no dither", "dither 1", "dither 2"])
def test_files_of_astropy_are_the_same(tmp_path: Path, method: int, tile: tuple[int, int]) -> None:
    path = tmp_path / "image.fits.fz"
    options: dict[str, Any] = {"compression_type": "RICE_1", "tile_shape": tile}
    floats = fits.CompImageHDU(sky(), name="SCI", quantize_method=method, dither_seed=77, quantize_level=8, **options)
    whole = fits.CompImageHDU(counts(np.int32), name="MSK", **options)
    fits.HDUList([fits.PrimaryHDU(), floats, whole]).writeto(path)
    compare(path, expected_kind=RicePlane)


@pytest.mark.skipif(shutil.which("fpack") is None, reason="needs fpack, of libcfitsio-bin")
@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-q", "16"],
        ["-qz123", "4"],
        ["-q0", "4"],
        ["-q", "-0.25"],
        ["-t", "100,100"],
        ["-qz", "8", "-t", "411,16"],
        ["-w"],
        ["-qzt", "2"],
    ],
    ids=" ".join,
)
def test_files_of_fpack_are_the_same(tmp_path: Path, options: list[str]) -> None:
    planes = [fits.ImageHDU(sky(), name="SCI"), fits.ImageHDU(counts(np.int32), name="MSK"), fits.ImageHDU(counts(np.int16), name="X")]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(tmp_path / "image.fits")
    subprocess.run(["fpack", "-r", *options, str(tmp_path / "image.fits")], check=True)
    with fits.open(tmp_path / "image.fits.fz", disable_image_compression=True) as file:
        assert "DATASUM" in file[1].header
    compare(tmp_path / "image.fits.fz", expected_kind=RicePlane)


@pytest.mark.parametrize("block", [16, 32, 8, 100, 256])
@pytest.mark.parametrize("pixel_bytes", [1, 2, 4])
@pytest.mark.parametrize("tile", [(WIDTH, 1), (100, 90)], ids=str)
def test_blocks_of_every_size_are_the_same(tmp_path: Path, tile: tuple[int, int], pixel_bytes: int, block: int) -> None:
    dtype, bits = {1: (np.uint8, 8), 2: (np.int16, 16), 4: (np.int32, 32)}[pixel_bytes]
    write_table(tmp_path / "image.fits", counts(dtype).astype(np.int32), bits=bits, tile=tile, pixel_bytes=pixel_bytes, block=block)
    compare(tmp_path / "image.fits", expected_kind=RicePlane)


@pytest.mark.parametrize("bits", [-32, -64])
@pytest.mark.parametrize("pixel_bytes", [2, 4])
@pytest.mark.parametrize("descriptor", ["1PB", "1QB"])
def test_scales_zeros_and_blanks_in_columns_are_the_same(tmp_path: Path, descriptor: str, pixel_bytes: int, bits: int) -> None:
    whole = counts(np.int16).astype(np.int32)
    numbers = np.random.default_rng(3)
    columns = [
        fits.Column("ZSCALE", "1D", array=numbers.uniform(1e-3, 3, HEIGHT)),
        fits.Column("ZZERO", "1D", array=numbers.normal(0, 1e3, HEIGHT)),
        fits.Column("ZBLANK", "1J", array=np.full(HEIGHT, whole[70, 30]) + np.arange(HEIGHT)),
    ]
    keywords = {"ZQUANTIZ": "NO_DITHER"}
    path = tmp_path / "image.fits"
    write_table(path, whole, bits=bits, pixel_bytes=pixel_bytes, descriptor=descriptor, columns=columns, keywords=keywords)
    compare(path, expected_kind=RicePlane)


@pytest.mark.parametrize("method", ["NO_DITHER", "SUBTRACTIVE_DITHER_1", "SUBTRACTIVE_DITHER_2"])
def test_one_blank_and_a_seed_in_keywords_are_the_same(tmp_path: Path, method: str) -> None:
    whole = counts(np.int32)
    whole[100, 100:200] = -2147483646
    whole[101, 100:200] = -2147483647
    columns = [fits.Column("ZSCALE", "1D", array=np.full(4, 0.0371)), fits.Column("ZZERO", "1D", array=np.full(4, -12.5))]
    keywords = {"ZBLANK": -2147483647, "ZQUANTIZ": method, "ZDITHER0": 10000}
    write_table(tmp_path / "image.fits", whole, keywords=keywords, tile=(WIDTH, 40), columns=columns)
    compare(tmp_path / "image.fits", expected_kind=RicePlane)


def test_one_scale_and_zero_in_keywords_are_taken_as_the_standard_has_it(tmp_path: Path) -> None:
    """Section 10.1.2 allows them; cfitsio and astropy take such pixels for floats that were not quantised, which RICE has not."""
    whole = counts(np.int16).astype(np.int32)
    write_table(tmp_path / "image.fits", whole, keywords={"ZSCALE": 0.0371, "ZZERO": -12.5, "ZQUANTIZ": "NO_DITHER"})
    plane = SurveyImage(tmp_path / "image.fits", cache_folder=None).planes[0]
    ours = np.empty((HEIGHT, WIDTH), np.float32)
    plane.read(0, 0, ours)
    assert_same_bits(ours, (whole * 0.0371 - 12.5).astype(np.float32))


@pytest.mark.parametrize("name", ["GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA"])
@pytest.mark.parametrize("tile", [(WIDTH, 1), (100, 60)], ids=str)
def test_tiles_that_are_kept_losslessly_are_the_same(tmp_path: Path, name: str, tile: tuple[int, int]) -> None:
    pixels = sky()
    parts = [
        pixels[top : top + tile[1], left : left + tile[0]].astype(">f4").tobytes()
        for top in range(0, HEIGHT, tile[1])
        for left in range(0, WIDTH, tile[0])
    ]
    empty = [number for number in range(len(parts)) if number % 3 == 1]
    kept = [part if number in empty else b"" for number, part in enumerate(parts)]
    if name == "GZIP_COMPRESSED_DATA":
        arrays, form = [np.frombuffer(gzip.compress(part) if part else b"", np.uint8) for part in kept], "1PB"
    else:
        arrays, form = [np.frombuffer(part, ">f4").astype(np.float32) for part in kept], "1PE"
    columns = [
        fits.Column(name, form, array=variable(arrays)),
        fits.Column("ZSCALE", "1D", array=np.full(len(parts), 0.5)),
        fits.Column("ZZERO", "1D", array=np.full(len(parts), 3.0)),
    ]
    keywords = {"ZQUANTIZ": "SUBTRACTIVE_DITHER_1", "ZDITHER0": 5}
    path = tmp_path / "image.fits"
    write_table(path, counts(np.int32), tile=tile, columns=columns, empty=empty, keywords=keywords)
    compare(path, expected_kind=RicePlane)
