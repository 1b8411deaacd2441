"""Coverage maps: arithmetic on ranges, footprints of tiles, and files that mocpy reads and writes."""

import contextlib
import io
import json

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from mocpy import MOC

from skydesk.backends.healpix_sky import AstropyHealpixSky
from skydesk.backends.moc_files import LARGEST_MOC_BYTES, MocpyFiles
from skydesk.errors import InvalidRequest
from skydesk.footprint.membership import TileSet
from skydesk.footprint.moc import MOST_RANGES, Moc, moc_of_tiles, usual_order
from skydesk.footprint.model import MocFormat
from skydesk.footprint.regions import Box, Circle, Polygon, Region
from skydesk.grid import TileGrid

SKY, FILES, GRID = AstropyHealpixSky(), MocpyFiles(), TileGrid()
CELLS = st.lists(st.integers(0, 12 * 4**3 - 1), max_size=40)


@pytest.fixture(scope="module")
def tiles() -> TileSet:
    return TileSet.of_regions(GRID, [Box(west_ra_deg=345, east_ra_deg=40, south_dec_deg=-55, north_dec_deg=-10)])


def cells_of(moc: Moc, order: int = 3) -> set[int]:
    return {cell for first, last in moc.cell_ranges(order).tolist() for cell in range(first, last + 1)}


@settings(deadline=None, max_examples=60)
@given(CELLS, CELLS)
def test_maps_are_joined_cut_and_subtracted_as_sets_are(first: list[int], second: list[int]) -> None:
    one, two = Moc.of_cells(3, first), Moc.of_cells(3, second)
    assert cells_of(one & two) == set(first) & set(second)
    assert cells_of(one | two) == set(first) | set(second)
    assert cells_of(one - two) == set(first) - set(second)
    assert cells_of(one.complement()) == set(range(12 * 4**3)) - set(first)
    assert one.area_deg2 == pytest.approx(len(set(first)) * 41252.96124941928 / 768)
    inside = one.contains_cells(np.arange(12 * 4**3) << 52)
    assert set(np.flatnonzero(inside).tolist()) == set(first)


@settings(deadline=None, max_examples=60)
@given(CELLS)
def test_a_map_is_told_as_the_fewest_cells_as_mocpy_tells_it(cells: list[int]) -> None:
    moc = Moc.of_cells(3, cells)
    told = {order: sorted(numbers) for order, numbers in moc.cells_by_order().items()}
    expected = json.loads(FILES.write(moc, MocFormat.JSON))
    assert told == {int(order): numbers for order, numbers in expected.items() if numbers}


@settings(deadline=None, max_examples=60)
@given(CELLS)
def test_a_coarser_map_covers_the_finer_one(cells: list[int]) -> None:
    moc = Moc.of_cells(3, cells)
    assert cells_of(moc.at_order(1), 1) == {cell >> 4 for cell in cells}
    assert (moc - moc.at_order(1)).area_deg2 == 0
    assert len(moc.coarse_enough(5).ranges) <= 5


@settings(deadline=None, max_examples=60)
@given(CELLS, st.sampled_from(list(MocFormat)))
def test_a_map_that_is_written_and_read_is_the_same(cells: list[int], form: MocFormat) -> None:
    moc = Moc.of_cells(3, cells)
    again = FILES.read(FILES.write(moc, form)) if cells or form is not MocFormat.ASCII else moc
    assert (again, again.order) == (moc, 3 if cells else again.order)


@pytest.mark.parametrize("order", [8, 11])
def test_the_area_of_a_footprint_is_that_of_its_tiles_to_a_thousandth(tiles: TileSet, order: int) -> None:
    moc = moc_of_tiles(tiles, order, SKY)
    assert moc.area_deg2 == pytest.approx(tiles.area_deg2, rel=1e-3)
    assert moc.area_deg2 == pytest.approx(sum(tile.unique_area_deg2 for tile in tiles), rel=1e-3)


@pytest.mark.parametrize("order", [0, 5, 7])
def test_a_footprint_in_large_cells_has_just_those_whose_centres_are_on_tiles(tiles: TileSet, order: int) -> None:
    cells = np.arange(12 * 4**order)
    expected = Moc.of_cells(order, cells[tiles.contains(*SKY.centres(cells, order))])
    assert moc_of_tiles(tiles, order, SKY) == expected


@pytest.mark.parametrize("form", list(MocFormat))
def test_mocpy_reads_what_we_write_and_we_read_what_it_writes(
    tiles: TileSet, form: MocFormat, tmp_path_factory: pytest.TempPathFactory
) -> None:
    moc = moc_of_tiles(tiles, 10, SKY)
    path = tmp_path_factory.mktemp("moc") / "ours.moc"
    path.write_bytes(FILES.write(moc, form))
    theirs = MOC.load(path, format=form.value)
    assert np.array_equal(theirs.to_depth29_ranges, moc.ranges)
    assert theirs.max_order == 10
    assert theirs.sky_fraction * 41252.96124941928 == pytest.approx(moc.area_deg2)
    cone = MOC.from_string("4/3-50 9/90000 11/1 3 5", "ascii")
    cone.save(path, format=form.value, overwrite=True)
    assert np.array_equal(FILES.read(path.read_bytes()).ranges, cone.to_depth29_ranges)


def test_the_older_nuniq_numbering_is_read() -> None:
    cells = [(3, 5), (3, 700), (9, 100_000), (29, 7), (29, 12 * 4**29 - 1)]
    column = fits.Column(name="UNIQ", format="K", array=np.array([4 * 4**order + cell for order, cell in cells]))
    table = fits.BinTableHDU.from_columns([column])
    table.header["ORDERING"], table.header["MOCORDER"] = "NUNIQ", 29
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(buffer)
    expected = Moc(29, [[cell << 2 * (29 - order), (cell + 1) << 2 * (29 - order)] for order, cell in cells])
    assert FILES.read(buffer.getvalue()) == expected


@pytest.mark.parametrize(
    "region",
    [
        Circle(ra_deg=359.5, dec_deg=-40, radius_deg=1.5),
        Box(west_ra_deg=359, east_ra_deg=2, south_dec_deg=-3, north_dec_deg=1),
        Polygon(vertices=((10.0, -10.0), (14.0, -11.0), (12.0, -14.0))),
        Polygon(vertices=((10.0, -14.0), (12.0, -11.0), (14.0, -14.0), (12.0, -13.0))),
    ],
    ids=["circle", "box", "triangle", "arrow"],
)
def test_a_covering_map_leaves_nothing_of_its_region_out(region: Region) -> None:
    moc = SKY.covering(region, 10)
    ra, dec = region.boundary(0.01)
    rng = np.random.default_rng(6)
    middle = rng.uniform(dec.min(), dec.max(), 20_000)
    around = (rng.uniform(-4, 4, 20_000) + ra[0]) % 360
    inside = region.contains(around, middle)
    assert inside.any()
    assert moc.contains_cells(SKY.cells(around[inside], middle[inside], 29)).all()
    assert moc.contains_cells(SKY.cells(around[~inside], middle[~inside], 29)).mean() < 0.1


def broken_fits(rows: int = 2, **cards: object) -> bytes:
    table = fits.BinTableHDU.from_columns([fits.Column(name="UNIQ", format="K", array=np.array([40, 50]))])
    table.header.update({"ORDERING": "NUNIQ", "MOCORDER": 5} | cards)
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(buffer, output_verify="ignore")
    return buffer.getvalue().replace(b"NAXIS2  =                    2", b"NAXIS2  = %20d" % rows)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"hello", "is no MOC: 'hello'"),
        (b"1 2 3", "does not belong there"),
        (b"\x89PNG\r\n", "neither FITS nor JSON nor ASCII"),
        (b"5/99999", r"the cells 99999 of order 5; they go from 0 to 12287"),
        (b"5/7-3", "cells 7-3"),
        (b"30/1", "orders go from 0 to 29"),
        (b'{"5": [1, -2]}', "cells -2"),
        (b'{"5": [1.5]}', "list of cells"),
        (b'{"5": {"6": 1}}', "list of cells"),
        (b'{"five": [1]}', "the entry 'five'"),
        (b'{"5": [1', "no JSON"),
        (b'{"a":' * 5000, "no JSON"),
        (b"SIMPLE  =                    T", "broken"),
        (broken_fits()[:4000], "no table"),
        (broken_fits(ORDERING="NESTED"), "NUNIQ or RANGE"),
        (broken_fits(MOCDIM="TIME"), "no MOC of space"),
        (broken_fits(MOCORDER="x"), "names no order"),
        (broken_fits(MOCORDER=31), "orders go from 0 to 29"),
        (broken_fits(rows=10_000_000), "lists 10,000,000 cells, 1,000,000 are the most; send it at a lower order"),
        (json.dumps({"29": list(range(0, 3_000_000, 2))}).encode(), "cells, 1,000,000 are the most"),
        (("29/" + " ".join(map(str, range(0, 500_000, 2)))).encode(), f"250,000 separate pieces, {MOST_RANGES:,} are the most"),
        (b"29/" + b"1 " * (LARGEST_MOC_BYTES // 2), "bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_broken_or_huge_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        FILES.read(content)


def test_ten_million_cells_of_order_29_in_one_range_are_one_range() -> None:
    assert FILES.read(b"29/0-9999999").ranges.tolist() == [[0, 10_000_000]]


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail_otherwise(content: bytes) -> None:
    for head in (b"", b"{", b"SIMPLE  =", b"5/1 "):
        with contextlib.suppress(InvalidRequest):
            assert FILES.read(head + content).order <= 29


@pytest.mark.parametrize("count", [1, 3, 300])
@pytest.mark.parametrize("first", [0, 700, 2000])
def test_the_area_of_any_tiles_is_right_to_a_thousandth_at_the_order_that_is_chosen(tiles: TileSet, count: int, first: int) -> None:
    some = TileSet(GRID, tiles.rows[first : first + count], tiles.columns[first : first + count])
    order = usual_order(some)
    assert order == (12 if count == 1 else 11)
    moc = moc_of_tiles(some, order, SKY)
    assert len(some) == count
    assert moc.area_deg2 == pytest.approx(some.area_deg2, rel=1e-3)
    cells = np.concatenate([np.arange(first, last + 1) for first, last in moc.cell_ranges(order).tolist()])
    edge_arcmin = some.edge_arcmin(*SKY.centres(cells, order))
    assert edge_arcmin.min() > -60 * 58.6 / 2**order


def test_the_narrow_tile_that_closes_a_strip_has_its_area_too() -> None:
    row = min(range(GRID.rows), key=lambda row: GRID.tile(row, 0).unique_area_deg2)
    narrow, _ = TileSet.of_names(GRID, [GRID.tile(row, 0).name])
    assert narrow.area_deg2 < 0.4
    assert moc_of_tiles(narrow, usual_order(narrow), SKY).area_deg2 == pytest.approx(narrow.area_deg2, rel=1e-3)


def test_no_tiles_have_no_cells() -> None:
    none = TileSet(GRID, [], [])
    assert usual_order(none) == 14
    assert len(moc_of_tiles(none, 11, SKY).ranges) == 0


def test_an_order_beyond_a_footprint_s_is_refused(tiles: TileSet) -> None:
    with pytest.raises(InvalidRequest, match="from 0 to 14, got 15"):
        moc_of_tiles(tiles, 15, SKY)
