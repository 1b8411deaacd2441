import pytest

from skydesk.errors import InvalidImage
from tests.contracts.tile_store_contract import BROKEN, CONTENT, HEADER, TileStoreContract
from tests.fakes.tiles import FakeTiles


class TestFakeTiles(TileStoreContract):
    @pytest.fixture
    def tiles(self) -> FakeTiles:
        tiles = FakeTiles()
        for key, planes in CONTENT.items():
            tiles.add(*key, planes, HEADER)
        tile, band, _ = BROKEN
        tiles.add_broken(*BROKEN, InvalidImage(f"{tile}_r1p01_{band}.fits.fz is broken: it is no FITS file"))
        return tiles
