"""Our own reading of gzipped tiles against fitsio, bit by bit."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
import pytest
from astropy.io import fits

from skydesk.backends.tiles.gzip_plane import GzipPlane
from skydesk.backends.tiles.image import SurveyImage
from skydesk.errors import InvalidImage
from tests.backends.tiles.reference import HEIGHT, WIDTH, compare, counts, sky

TILES = [None, (100, 100), (16, 411), (157, 411)]
"""Rows and columns."""


@pytest.mark.parametrize("tile", TILES, ids=str)
@pytest.mark.parametrize("compress", ["GZIP", "GZIP_2"])
def test_floats_quantised_or_not_are_the_same_to_the_last_bit(tmp_path: Path, compress: str, tile: tuple[int, int] | None) -> None:
    path, methods = tmp_path / "image.fits.fz", ("NO_DITHER", "SUBTRACTIVE_DITHER_1", "SUBTRACTIVE_DITHER_2")
    with fitsio.FITS(str(path), "rw") as file:
        for number, method in enumerate(methods):
            file.write(sky(), extname=method, compress=compress, qlevel=4, qmethod=method, tile_dims=tile, dither_seed=9990 + number)
        for pixels in (sky(), sky().astype(np.float64)):
            file.write(pixels, extname=f"AS{pixels.itemsize}", compress=compress, qlevel=0, tile_dims=tile)
        file.write(sky().astype(np.float64), extname="Q8", compress=compress, qlevel=4, tile_dims=tile)
    compare(path, expected_kind=GzipPlane)


@pytest.mark.parametrize("tile", TILES, ids=str)
@pytest.mark.parametrize("compress", ["GZIP", "GZIP_2"])
def test_whole_numbers_of_every_type_are_the_same(tmp_path: Path, compress: str, tile: tuple[int, int] | None) -> None:
    path = tmp_path / "image.fits.fz"
    with fitsio.FITS(str(path), "rw") as file:
        for dtype in ("u1", "i1", "i2", "u2", "i4", "u4"):
            file.write(counts(np.dtype(dtype)), extname=dtype, compress=compress, tile_dims=tile)
    compare(path, expected_kind=GzipPlane)


@pytest.mark.parametrize("compress", ["GZIP_1", "GZIP_2"])
@pytest.mark.parametrize("method", [-1, 1, 2], ids=["no dither", "dither 1", "dither 2"])
def test_files_of_astropy_are_the_same(tmp_path: Path, method: int, compress: str) -> None:
    path = tmp_path / "image.fits.fz"
    options: dict[str, Any] = {"compression_type": compress, "tile_shape": (64, 100)}
    floats = fits.CompImageHDU(sky(), name="SCI", quantize_method=method, dither_seed=77, quantize_level=8, **options)
    kept = fits.CompImageHDU(sky(), name="KEPT", quantize_level=0, **options)
    whole = fits.CompImageHDU(counts(np.int32), name="MSK", **options)
    fits.HDUList([fits.PrimaryHDU(), floats, kept, whole]).writeto(path)
    compare(path, expected_kind=GzipPlane)


@pytest.mark.skipif(shutil.which("fpack") is None, reason="needs fpack, of libcfitsio-bin")
@pytest.mark.parametrize("options", ["-g", "-g2", "-g -q 0", "-g2 -q 0", "-g -qz 8 -t 100,100", "-g2 -w"])
def test_files_of_fpack_are_the_same_and_held_to_their_checksum(tmp_path: Path, options: str) -> None:
    planes = [fits.ImageHDU(sky(), name="SCI"), fits.ImageHDU(counts(np.int32), name="MSK"), fits.ImageHDU(counts(np.int16), name="X")]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(tmp_path / "image.fits")
    subprocess.run(["fpack", *options.split(), str(tmp_path / "image.fits")], check=True)
    path = tmp_path / "image.fits.fz"
    for _ in range(2):
        compare(path, cache_folder=tmp_path / "cache", expected_kind=GzipPlane)
    content = bytearray(path.read_bytes())
    at = content.index(b"\x1f\x8b\x08")
    content[at + 4] ^= 1  # the time of a gzip header, which is no part of its own checksum
    path.write_bytes(content)
    plane = SurveyImage(path, cache_folder=tmp_path / "cache").planes[0]
    for _ in range(2):
        with pytest.raises(InvalidImage, match=r"image\.fits\.fz, extension 1 differs from its DATASUM"):
            plane.read(0, 0, np.empty((2, 2), plane.dtype))


@pytest.mark.parametrize("compress", ["GZIP", "GZIP_2"])
def test_one_broken_tile_leaves_the_others(tmp_path: Path, compress: str) -> None:
    path = tmp_path / "image.fits.fz"
    with fitsio.FITS(str(path), "rw") as file:
        file.write(counts(np.int32), compress=compress)
    content, begin = bytearray(path.read_bytes()), 0
    for _ in range(71):
        begin = content.index(b"\x1f\x8b\x08", begin + 1)
    content[begin + 30] ^= 4
    path.write_bytes(content)
    plane, out = SurveyImage(path, cache_folder=None).planes[0], np.empty((HEIGHT, WIDTH), np.int32)
    plane.read(0, 0, out[:70])
    plane.read(0, 71, out[71:])
    np.testing.assert_array_equal(np.delete(out, 70, 0), np.delete(counts(np.int32), 70, 0))
    with pytest.raises(InvalidImage, match="compressed tile that is broken: number 71, from column 1 and row 71 on"):
        plane.read(0, 70, out[:1])


def test_a_stream_that_unpacks_to_more_than_its_pixels_is_refused(tmp_path: Path) -> None:
    import zlib

    path = tmp_path / "image.fits.fz"
    with fitsio.FITS(str(path), "rw") as file:
        file.write(np.random.default_rng(1).integers(0, 2**31, (1, 30_000), np.int32), compress="GZIP", tile_dims=(1, 30_000))
    content = bytearray(path.read_bytes())
    at, bomb = content.index(b"\x1f\x8b\x08"), zlib.compress(bytes(50_000_000))
    content[at : at + len(bomb)] = bomb
    path.write_bytes(content)
    plane = SurveyImage(path, cache_folder=None).planes[0]
    with pytest.raises(InvalidImage, match="compressed tile that is broken: number 1"):
        plane.read(0, 0, np.empty((1, 10), np.int32))
