"""What the ports of the footprint promise: inherit a suite and give its fixture."""

import numpy as np
import pytest

from skydesk.errors import InvalidRequest, NotFound
from skydesk.footprint.moc import Moc
from skydesk.footprint.model import MocFormat
from skydesk.footprint.ports import HealpixSky, MocFiles, TileFiles
from skydesk.footprint.regions import Box, Circle, Polygon, Region
from skydesk.footprint.sphere import separation

TILE, OTHER_TILE, RELEASE = "DES2134-0041", "DES2131-0041", "R1"
CONTENT = {"image": ["DES2134-0041_g.fits", "DES2134-0041_r.fits"], "list": ["DES2134-0041.csv"]}
"""Files of `TILE` that a `TileFiles` under test has, by their kinds in the order of the survey; `OTHER_TILE` has none."""

REGIONS: dict[str, Region] = {
    "circle": Circle(ra_deg=0.5, dec_deg=-41.8, radius_deg=2),
    "box": Box(west_ra_deg=358, east_ra_deg=3, south_dec_deg=-3, north_dec_deg=1),
    "polygon": Polygon(vertices=((40.0, 60.0), (46.0, 60.0), (43.0, 64.0))),
}
MIDDLES = {"circle": (0.5, -41.8), "box": (0.5, -1.0), "polygon": (43.0, 61.5)}


class HealpixSkyContract:
    """Give the fixture ``sky``."""

    @pytest.mark.parametrize("order", [0, 1, 4, 11, 20])
    def test_a_centre_lies_in_its_cell(self, sky: HealpixSky, order: int) -> None:
        cells = np.unique(np.arange(200) * (12 * 4**order - 1) // 199)
        assert sky.cells(*sky.centres(cells, order), order).tolist() == cells.tolist()

    def test_cells_are_nested(self, sky: HealpixSky) -> None:
        rng = np.random.default_rng(11)
        ra, dec = rng.uniform(0, 360, 500), np.degrees(np.arcsin(rng.uniform(-1, 1, 500)))
        assert (sky.cells(ra, dec, 9) >> 6 == sky.cells(ra, dec, 6)).all()

    def test_places_that_everybody_knows_have_the_cells_of_the_scheme(self, sky: HealpixSky) -> None:
        ra, dec = np.array([45.0, 0.0, 225.0, 90.0]), np.array([89.9, 0.0, -89.9, 0.0])
        assert sky.cells(ra, dec, 0).tolist() == [0, 4, 10, 5]

    @pytest.mark.parametrize("name", list(REGIONS))
    def test_a_cover_holds_all_of_its_region_and_little_besides(self, sky: HealpixSky, name: str) -> None:
        region, (ra, dec) = REGIONS[name], MIDDLES[name]
        cover = sky.covering(region, 6)
        rng = np.random.default_rng(12)
        around = (ra + rng.uniform(-15, 15, 4000)) % 360, np.clip(dec + rng.uniform(-8, 8, 4000), -90, 90)
        covered = cover.contains_cells(sky.cells(*around, 29))
        assert covered[region.contains(*around)].all()
        assert not covered[separation(*around, ra, dec) > 7].any()
        assert cover.order <= 6


class MocFilesContract:
    """Give the fixture ``mocs``."""

    @pytest.mark.parametrize("form", list(MocFormat))
    def test_what_was_written_is_read_as_it_was(self, mocs: MocFiles, form: MocFormat) -> None:
        moc = Moc.of_cells(8, [0, 5, 6, 7, 12 * 4**8 - 1]) | Moc.of_cells(3, [100])
        assert mocs.read(mocs.write(moc, form)) == moc

    @pytest.mark.parametrize("content", [b"", b"a picture", b'{"5": "all"}', b'{"30": [1]}', b'{"0": [12]}', b"\x89PNG\r\n"])
    def test_what_is_no_map_is_refused(self, mocs: MocFiles, content: bytes) -> None:
        with pytest.raises(InvalidRequest):
            mocs.read(content)

    def test_what_is_huge_is_refused(self, mocs: MocFiles) -> None:
        with pytest.raises(InvalidRequest, match="are the most"):
            mocs.read(b'{"11": [' + b"1," * 9_000_000 + b"1]}")


class TileFilesContract:
    """Give the fixture ``files``, which has `CONTENT`."""

    def test_kinds_have_titles_in_their_order(self, files: TileFiles) -> None:
        assert [kind for kind, _ in files.kinds] == list(CONTENT)
        assert all(title for _, title in files.kinds)

    def test_files_of_a_tile_come_in_the_order_of_kinds_and_bands_with_their_sizes(self, files: TileFiles) -> None:
        found = files.files(TILE, RELEASE)
        assert [(file.kind, file.name) for file in found] == [(kind, name) for kind, names in CONTENT.items() for name in names]
        assert [file.band for file in found] == ["g", "r", ""]
        assert [file.size_bytes for file in found] == [files.path(TILE, RELEASE, file.name).stat().st_size for file in found]

    def test_a_tile_without_files_has_none(self, files: TileFiles) -> None:
        assert files.files(OTHER_TILE, RELEASE) == ()

    @pytest.mark.parametrize("name", ["", "other.fits", "../DES2134-0041.csv", "/etc/passwd", "DES2134-0041_*.fits"])
    def test_a_name_that_the_tile_has_not_is_not_found(self, files: TileFiles, name: str) -> None:
        with pytest.raises(NotFound):
            files.path(TILE, RELEASE, name)
