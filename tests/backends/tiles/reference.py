"""Images to compare with fitsio: their making, and the comparison down to the last bit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
from astropy.io import fits
from astropy.io.fits.hdu.compressed._codecs import Rice1
from numpy.typing import NDArray

from skydesk.backends.tiles.image import SurveyImage

HEIGHT, WIDTH = 157, 411
BOXES = [
    (0, 0, HEIGHT, WIDTH),
    (5, 3, 100, 228),
    (130, 99, 1, 281),
    (410, 0, 157, 1),
    (127, 156, 1, 3),
    (97, 97, 10, 10),
    (256, 20, 40, 130),
]


def sky() -> NDArray[np.float32]:
    """Noise and sources, with what trips decoders: NaN, exact zeros, constant rows, and steps too great to be quantised."""
    random = np.random.default_rng(7)
    pixels = random.normal(3, 6, (HEIGHT, WIDTH)).astype(np.float32)
    pixels[60:70, 100:140] += np.linspace(10, 9e4, 400, dtype=np.float32).reshape(10, 40)
    pixels[20:24, 50:90] = np.nan
    pixels[31:35] = 0
    pixels[40, 10:300] = 0
    pixels[50] = 17.25
    pixels[80] = np.nan
    pixels[90, ::2] = 1e30
    return pixels


def counts(dtype: Any) -> NDArray[Any]:
    """Whole numbers: noise, flat parts, and the whole range of the type."""
    random, info = np.random.default_rng(8), np.iinfo(dtype)
    middle = (int(info.max) + int(info.min)) // 2 if info.bits > 8 else 40
    pixels = (middle + np.rint(random.normal(0, 9, (HEIGHT, WIDTH)))).astype(np.int64)
    pixels[10:20] = middle
    pixels[30:40, ::50] += 100
    pixels[70] = random.integers(info.min, info.max, WIDTH, endpoint=True)
    pixels[71, 9], pixels[71, 10] = info.min, info.max
    return pixels.clip(info.min, info.max).astype(dtype)


def compare(path: Path, cache_folder: Path | None = None, expected_kind: type | None = None) -> None:
    """Hold every plane of a file to fitsio, box by box."""
    image = SurveyImage(path, cache_folder=cache_folder)
    with fitsio.FITS(str(path)) as file:
        for plane, extension in zip(image.planes, [extension for extension in file if extension.has_data()], strict=True):
            assert expected_kind is None or type(plane) is expected_kind
            for x, y, rows, columns in BOXES:
                theirs = extension[y : y + rows, x : x + columns]
                ours = np.full((rows, columns), 99, plane.dtype)
                plane.read(x, y, ours)
                assert_same_bits(ours, theirs)


def assert_same_bits(ours: NDArray[Any], theirs: NDArray[Any]) -> None:
    """Equal in type and every bit; one NaN is as good as another."""
    assert ours.dtype == theirs.dtype.newbyteorder("=")
    if ours.dtype.kind == "f":
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        ours, theirs = np.where(np.isnan(ours), 0, ours), np.where(np.isnan(theirs), 0, theirs)
    whole = np.dtype(f"u{ours.dtype.itemsize}")
    np.testing.assert_array_equal(ours.view(whole), theirs.astype(ours.dtype).view(whole))


def write_table(
    path: Path,
    whole: NDArray[np.int32],
    *,
    bits: int = -32,
    tile: tuple[int, int] = (WIDTH, 1),
    pixel_bytes: int = 4,
    block: int = 32,
    descriptor: str = "1PB",
    columns: Sequence[fits.Column] = (),
    empty: Sequence[int] = (),
    keywords: dict[str, Any] | None = None,
) -> None:
    """Write the table of a RICE-compressed image by hand.

    Parameters
    ----------
    whole
        The integers to compress.
    tile
        Width and height.
    columns
        Columns beside COMPRESSED_DATA.
    empty
        Tiles that are not in COMPRESSED_DATA.
    """
    dtype = {1: np.uint8, 2: np.int16, 4: np.int32}[pixel_bytes]
    height, width = whole.shape
    streams: list[bytes] = []
    for top in range(0, height, tile[1]):
        for left in range(0, width, tile[0]):
            part = np.ascontiguousarray(whole[top : top + tile[1], left : left + tile[0]]).astype(dtype)
            codec = Rice1(blocksize=block, bytepix=pixel_bytes, tilesize=part.size)
            streams.append(b"" if len(streams) in empty else bytes(codec.encode(part)))
    stream_column = fits.Column("COMPRESSED_DATA", descriptor, array=variable([np.frombuffer(stream, np.uint8) for stream in streams]))
    table = fits.BinTableHDU.from_columns([stream_column, *columns], name="SCI")
    values = {"ZIMAGE": True, "ZCMPTYPE": "RICE_1", "ZTENSION": "IMAGE", "ZBITPIX": bits, "ZNAXIS": 2, "ZNAXIS1": width, "ZNAXIS2": height}
    values |= {"ZPCOUNT": 0, "ZGCOUNT": 1, "ZTILE1": tile[0], "ZTILE2": tile[1]}
    values |= {"ZNAME1": "BLOCKSIZE", "ZVAL1": block, "ZNAME2": "BYTEPIX", "ZVAL2": pixel_bytes}
    for keyword, value in (values | (keywords or {})).items():
        table.header[keyword] = value
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)


def variable(parts: Sequence[NDArray[Any]]) -> NDArray[np.object_]:
    """Arrays of several lengths as astropy wants them."""
    found = np.empty(len(parts), object)
    for number, part in enumerate(parts):
        found[number] = part
    return found
