"""What every tile store does: inherit `TileStoreContract` and give the fixture ``tiles``, holding `CONTENT` and the broken `BROKEN`."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from skydesk.cutout.ports import TileImage, TilePlane, TileStore
from skydesk.errors import InvalidImage

RELEASE = "R1"
TILE, OTHER_TILE, EMPTY_TILE = "DES2132-0041", "DES2129-0041", "DES2135-0041"
BROKEN = (OTHER_TILE, "r", RELEASE)
"""A tile, band and release whose file is no image."""

HEIGHT, WIDTH = 300, 400
_GENERATOR = np.random.default_rng(4)
_ROWS, _COLUMNS = np.mgrid[:HEIGHT, :WIDTH]


def _planes(level: int) -> dict[str, NDArray[Any]]:
    """Floating planes hold whole numbers, so that steps of one keep them exactly."""
    noise = np.rint(_GENERATOR.normal(level, 12, (HEIGHT, WIDTH))).astype(np.float32)
    mask = np.where(_GENERATOR.random((HEIGHT, WIDTH)) < 0.02, 2 ** _GENERATOR.integers(0, 20, (HEIGHT, WIDTH)), 0).astype(np.int32)
    return {"SCI": noise, "MSK": mask, "WGT": (1000 + _ROWS // 3 + _COLUMNS // 5).astype(np.float32)}


def _header() -> fits.Header:
    header = fits.Header()
    header["CRVAL1"], header["CRVAL2"], header["MAGZERO"] = 323.25, -0.6944, 30.0
    header["OBJECT"] = ("M2", "a globular cluster")
    header.add_comment("one of the contract's images")
    return header


HEADER = _header()
CONTENT: dict[tuple[str, str, str], dict[str, NDArray[Any]]] = {
    (TILE, "g", RELEASE): _planes(20),
    (TILE, "i", RELEASE): {"SCI": _planes(90)["SCI"]},
    (OTHER_TILE, "g", RELEASE): _planes(-5),
}
"""The images that a backend under test must hold, each plane with `HEADER`."""

BOXES = [
    (0, 0, 1, 1),
    (WIDTH - 1, HEIGHT - 1, 1, 1),
    (0, 0, HEIGHT, WIDTH),
    (100, 50, 57, 228),
    (127, 3, 4, 2),
    (399, 0, 300, 1),
    (0, 299, 1, 400),
]
"""Column, row, rows, columns."""


def opened(tiles: TileStore, tile: str = TILE, band: str = "g") -> TileImage:
    image = tiles.image(tile, band, RELEASE)
    assert image is not None
    return image


def read(plane: TilePlane, x: int, y: int, rows: int, columns: int) -> NDArray[Any]:
    out = np.full((rows, columns), 77, plane.dtype)
    plane.read(x, y, out)
    return out


class TileStoreContract:
    def test_every_plane_of_a_file_is_there_in_its_order(self, tiles: TileStore) -> None:
        assert [plane.name for plane in opened(tiles).planes] == ["SCI", "MSK", "WGT"]
        assert [plane.name for plane in opened(tiles, band="i").planes] == ["SCI"]

    def test_a_plane_tells_its_size_and_type(self, tiles: TileStore) -> None:
        planes = opened(tiles).planes
        assert {(plane.width, plane.height) for plane in planes} == {(WIDTH, HEIGHT)}
        assert [np.dtype(plane.dtype) for plane in planes] == [np.float32, np.int32, np.float32]

    @pytest.mark.parametrize("box", BOXES, ids=str)
    def test_pixels_come_as_they_were_written(self, tiles: TileStore, box: tuple[int, int, int, int]) -> None:
        x, y, rows, columns = box
        for key, content in CONTENT.items():
            for plane in opened(tiles, *key[:2]).planes:
                np.testing.assert_array_equal(read(plane, *box), content[plane.name][y : y + rows, x : x + columns])

    @pytest.mark.parametrize("box", [(-1, 0, 2, 2), (0, -1, 2, 2), (WIDTH - 1, 0, 2, 2), (0, HEIGHT - 1, 2, 2), (2**40, 0, 1, 1)], ids=str)
    def test_a_box_that_leaves_the_image_is_a_mistake_of_the_caller(self, tiles: TileStore, box: tuple[int, int, int, int]) -> None:
        for plane in opened(tiles).planes:
            with pytest.raises(ValueError, match="leave 400 x 300 pixels"):
                read(plane, *box)

    def test_an_array_of_another_type_or_order_is_a_mistake_of_the_caller(self, tiles: TileStore) -> None:
        plane = opened(tiles).planes[0]
        for out in (np.empty((4, 4), np.float64), np.empty((4, 8), np.float32)[:, ::2]):
            with pytest.raises(ValueError, match="out must be float32 in C order"):
                plane.read(0, 0, out)

    def test_the_cards_are_those_of_the_uncompressed_image(self, tiles: TileStore) -> None:
        for plane, bitpix in zip(opened(tiles).planes, (-32, 32, -32), strict=True):
            assert {len(card) for card in plane.cards} == {80}
            header = fits.Header.fromstring(b"".join(plane.cards))
            assert next(iter(header)) in ("SIMPLE", "XTENSION")
            assert list(header)[1:5] == ["BITPIX", "NAXIS", "NAXIS1", "NAXIS2"]
            assert (header["BITPIX"], header["NAXIS1"], header["NAXIS2"]) == (bitpix, WIDTH, HEIGHT)
            assert header["EXTNAME"] == plane.name
            assert (header["CRVAL1"], header["MAGZERO"], header["OBJECT"]) == (323.25, 30.0, "M2")
            assert not {key for key in header if key.startswith(("ZT", "ZN", "TF", "TT", "END"))}

    @pytest.mark.parametrize("key", [(TILE, "z"), (EMPTY_TILE, "g"), (TILE, "*"), ("*", "g"), ("../" + TILE, "g"), ("", "g")], ids=str)
    def test_a_file_that_is_not_there_is_none(self, tiles: TileStore, key: tuple[str, str]) -> None:
        assert tiles.image(*key, RELEASE) is None

    def test_a_release_that_is_not_there_has_no_images(self, tiles: TileStore) -> None:
        assert tiles.image(TILE, "g", "R9") is None
        assert not tiles.has_images(TILE, "R9")

    def test_a_store_knows_which_tiles_have_images_in_any_band(self, tiles: TileStore) -> None:
        found = {tile: tiles.has_images(tile, RELEASE) for tile in (TILE, OTHER_TILE, EMPTY_TILE, "*", "..", "")}
        assert found == {TILE: True, OTHER_TILE: True, EMPTY_TILE: False, "*": False, "..": False, "": False}

    def test_a_broken_file_is_named_and_hurts_no_other(self, tiles: TileStore) -> None:
        with pytest.raises(InvalidImage, match=rf"{OTHER_TILE}_r\w+_r\.fits\.fz"):
            tiles.image(*BROKEN)
        assert read(opened(tiles, OTHER_TILE).planes[0], 3, 4, 1, 1) == CONTENT[OTHER_TILE, "g", RELEASE]["SCI"][4, 3]

    def test_threads_share_a_store(self, tiles: TileStore) -> None:
        def cut(number: int) -> bool:
            tile, band, _ = key = list(CONTENT)[number % len(CONTENT)]
            plane = opened(tiles, tile, band).planes[number % len(CONTENT[key])]
            x, y = number * 37 % 300, number * 23 % 200
            return np.array_equal(read(plane, x, y, 100, 100), CONTENT[key][plane.name][y : y + 100, x : x + 100])

        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(cut, range(60)))
