"""Every row of a table: its files, its outcome, and what does not spread from one row to another."""

import io
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from skydesk.backends.cutout_files import FileRenderer
from skydesk.cutout.engine import cut_all
from skydesk.cutout.model import (
    NO_OBJECT,
    ChartOptions,
    CutoutOptions,
    CutoutRequest,
    LuptonOptions,
    Outcome,
    Positions,
    Product,
    RowOutcome,
)
from skydesk.cutout.ports import ChartObject
from skydesk.errors import Cancelled, InvalidImage, ServiceUnavailable
from skydesk.query.model import Cancellation
from tests.core.cutout.coarse_sky import GRID, RELEASE, coarse_survey, neighbours, sky_of_tile, tiles_with
from tests.fakes.tiles import FakeTiles, sky_header

HOME = GRID.tile_at(34.81, -5.69)
SURVEY = coarse_survey()
SMALL = CutoutOptions(x_size_arcmin=4, y_size_arcmin=3, fits_bands=("g",))
EVERYTHING = frozenset(Product)
WIDTH, HEIGHT = 37, 27


class MemorySink:
    """Keeps the files; counts what is written twice."""

    def __init__(self, on_write: Callable[[str], None] | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.rewritten: list[str] = []
        self._on_write = on_write

    def write(self, folder: str, name: str, content: bytes) -> None:
        path = f"{folder}/{name}"
        if self._on_write is not None:
            self._on_write(path)
        if path in self.files:
            self.rewritten.append(path)
        self.files[path] = content


def table(*places: tuple[float, float], ids: Sequence[int] | None = None, overrides: dict[int, dict[str, Any]] | None = None) -> Positions:
    """Positions by their pixels on the home tile; NaN stays NaN."""
    x, y = np.array(places, float).T
    ra, dec = HOME.sky_of(x, y)
    object_id = np.array(ids if ids is not None else [NO_OBJECT] * len(places), np.int64)
    return Positions(ra_deg=ra, dec_deg=dec, object_id=object_id, overrides=overrides or {})


def run(
    tiles: FakeTiles, positions: Positions, options: CutoutOptions = SMALL, sink: MemorySink | None = None, **others: Any
) -> tuple[MemorySink, dict[int, RowOutcome]]:
    sink, told = sink or MemorySink(), []
    values: dict[str, Any] = {"survey": SURVEY, "renderer": FileRenderer(), "chart_objects": None, "cancellation": Cancellation()}
    request = CutoutRequest(release=RELEASE, options=options)
    cut_all(request, positions, tiles=tiles, sink=sink, on_outcome=told.append, **{**values, **others})
    assert len({outcome.row for outcome in told}) == len(told)
    for outcome in told:
        assert all(f"{outcome.folder}/{name}" in sink.files for name in outcome.files) or others.get("done")
    return sink, {outcome.row: outcome for outcome in told}


@pytest.fixture
def tiles() -> FakeTiles:
    return tiles_with([HOME], "gri")


def test_a_row_has_its_files_in_its_folder_and_says_so(tiles: FakeTiles) -> None:
    options = CutoutOptions(x_size_arcmin=4, y_size_arcmin=3, products=EVERYTHING, fits_bands=("g", "r"))
    sink, told = run(tiles, table((200, 200)), options)
    outcome = told[0]
    assert outcome.outcome is Outcome.DONE
    assert outcome.folder == f"{HOME.name}/{outcome.name}"
    endings = [name.removeprefix(outcome.name) for name in outcome.files]
    assert endings == ["_g.fits", "_r.fits", "_irg_lupton.png", "_irg_stiff.png", "_i_chart.png", "_i_objects.csv"]
    assert set(sink.files) == {f"{outcome.folder}/{name}" for name in outcome.files}
    assert outcome.size_bytes == sum(map(len, sink.files.values()))
    with fits.open(io.BytesIO(sink.files[f"{outcome.folder}/{outcome.files[0]}"])) as hdus:
        assert [hdu.shape for hdu in hdus] == [(HEIGHT, WIDTH)] * 3
        assert hdus[0].header["CUTREL"] == RELEASE


def test_rows_are_cut_by_tile_and_each_is_told_once() -> None:
    around = neighbours(HOME)
    tiles = tiles_with(around)
    rng = np.random.default_rng(6)
    places = rng.uniform(-300, 700, (40, 2))
    order: list[str] = []
    sink = MemorySink(lambda path: order.append(path.partition("/")[0]))
    _, told = run(tiles, table(*map(tuple, places)), sink=sink)
    assert set(told) == set(range(40))
    changes = sum(one != other for one, other in zip(order[1:], order, strict=False))
    assert changes == len(set(order)) - 1


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_files_and_outcomes_do_not_depend_on_the_number_of_threads(threads: int) -> None:
    tiles = tiles_with(neighbours(HOME), "gri")
    places = [tuple(place) for place in np.random.default_rng(3).uniform(-20, 420, (50, 2))]
    places += [places[0], places[7]]
    options = CutoutOptions(x_size_arcmin=4, y_size_arcmin=3, products=frozenset({Product.FITS, Product.LUPTON}), fits_bands=("g",))
    expected, expected_told = run(tiles, table(*places), options)
    sink, told = run(tiles, table(*places), options, threads=threads)
    assert sink.files == expected.files
    assert told == expected_told
    assert not sink.rewritten


def test_a_position_off_the_grid_or_on_a_tile_without_images_is_outside(tiles: FakeTiles) -> None:
    positions = table((200, 200), (200, 5000))
    positions = Positions(
        ra_deg=np.append(positions.ra_deg, 10.0), dec_deg=np.append(positions.dec_deg, 80.0), object_id=np.full(3, NO_OBJECT)
    )
    _, told = run(tiles, positions)
    assert [told[row].outcome for row in range(3)] == [Outcome.DONE, Outcome.OUTSIDE, Outcome.OUTSIDE]
    assert told[1].message == f"no tile with images covers the position; it lies on {told[1].tile}"
    assert told[2].message == "the position is outside the survey's tiles"


def test_an_object_that_was_not_found_fails_by_its_id(tiles: FakeTiles) -> None:
    _, told = run(tiles, table((200, 200), (np.nan, np.nan), ids=[1040000000, 77]))
    assert told[0].folder == f"{HOME.name}/1040000000"
    assert (told[1].outcome, told[1].message) == (Outcome.FAILED, "the catalogue has no object 77")


def test_a_cut_over_an_edge_says_what_its_pixels_are() -> None:
    for resample, words in ((False, "px off; nothing is interpolated"), (True, "interpolated (Lanczos, 3 lobes)")):
        options = CutoutOptions(x_size_arcmin=4, y_size_arcmin=3, fits_bands=("g",), resample=resample)
        _, told = run(tiles_with(neighbours(HOME)), table((2, 200)), options)
        assert told[0].outcome is Outcome.DONE
        assert words in told[0].message
        (east,) = told[0].stitched
        assert f"{east} ({told[0].stitched[east]})" in told[0].message


def test_blank_pixels_make_a_row_partly_done(tiles: FakeTiles) -> None:
    _, told = run(tiles, table((2, 200)))
    assert told[0].outcome is Outcome.PARTLY
    assert told[0].blank_pixels > 0
    assert f"no tile covers {told[0].blank_pixels} pixels; they are blank" in told[0].message


def test_a_band_without_an_image_makes_a_row_partly_done_and_is_named(tiles: FakeTiles) -> None:
    options = CutoutOptions(
        x_size_arcmin=4, products=frozenset({Product.FITS, Product.LUPTON}), fits_bands=("g", "Y"), lupton_bands=(("z", "r", "g"),)
    )
    _, told = run(tiles, table((200, 200)), options)
    assert told[0].outcome is Outcome.PARTLY
    assert told[0].message == f"{HOME.name} has no image in Y, z"
    assert [name[-7:] for name in told[0].files] == ["_g.fits"]


def test_a_row_of_which_no_band_has_an_image_fails(tiles: FakeTiles) -> None:
    _, told = run(tiles, table((200, 200)), CutoutOptions(fits_bands=("Y",)))
    assert (told[0].outcome, told[0].message, told[0].files, told[0].folder) == (
        Outcome.FAILED,
        f"{HOME.name} has no image in Y",
        (),
        "",
    )


@pytest.mark.parametrize(
    "error", [InvalidImage("bad_g.fits.fz is broken at byte 17"), ServiceUnavailable("the disk does not answer")], ids=type
)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_bad_tile_fails_its_rows_only(tiles: FakeTiles, error: Exception, threads: int) -> None:
    east = next(tile for tile in neighbours(HOME) if tile.dec_deg == HOME.dec_deg and tile.name != HOME.name)
    tiles.add_broken(east.name, "g", RELEASE, error)  # type: ignore[arg-type]
    x, y = HOME.pixels_of(east.ra_deg, east.dec_deg)
    _, told = run(tiles, table((200, 200), (float(x), float(y)), (100, 300)), threads=threads)
    assert [told[row].outcome for row in range(3)] == [Outcome.DONE, Outcome.FAILED, Outcome.DONE]
    assert told[1].message == f"g: {error}"


def test_what_else_a_row_has_is_made_when_one_band_is_broken(tiles: FakeTiles) -> None:
    tiles.add_broken(HOME.name, "g", RELEASE, InvalidImage("x_g.fits.fz is broken"))
    options = CutoutOptions(x_size_arcmin=4, products=EVERYTHING, fits_bands=("g", "r"))
    sink, told = run(tiles, table((200, 200)), options)
    assert told[0].outcome is Outcome.FAILED
    assert "g: x_g.fits.fz is broken" in told[0].message
    assert [name.rpartition("+")[2].rpartition("-")[2].partition("_")[2] for name in told[0].files] == [
        "r.fits",
        "i_chart.png",
        "i_objects.csv",
    ]
    assert len(sink.files) == 3


def test_a_repeated_row_shares_the_files_of_the_first_and_takes_no_room(tiles: FakeTiles) -> None:
    sink, told = run(tiles, table((200, 200), (100, 100), (200, 200)))
    assert told[2].outcome is Outcome.DUPLICATE
    assert (told[2].folder, told[2].files, told[2].size_bytes) == (told[0].folder, told[0].files, 0)
    assert told[2].message == "the same as row 1"
    assert len(sink.files) == 2


def test_a_row_that_repeats_one_that_failed_failed_too() -> None:
    tiles = FakeTiles()
    tiles.add_broken(HOME.name, "g", RELEASE, InvalidImage("x_g.fits.fz is broken"))
    _, told = run(tiles, table((200, 200), (200, 200)))
    assert told[0].outcome is told[1].outcome is Outcome.FAILED
    assert told[1].message == told[0].message


def test_one_position_with_two_sizes_is_two_rows_in_two_folders(tiles: FakeTiles) -> None:
    sink, told = run(tiles, table((200, 200), (200, 200), overrides={1: {"XSIZE": 2.0}}))
    assert told[0].outcome is told[1].outcome is Outcome.DONE
    assert told[1].folder == f"{told[0].folder}_2"
    widths = {fits.open(io.BytesIO(content))[0].header["NAXIS1"] for content in sink.files.values()}
    assert widths == {WIDTH, 18}


def test_a_rows_own_columns_win(tiles: FakeTiles) -> None:
    overrides = {1: {"MAKE_FITS": False, "MAKE_RGB_LUPTON": True, "RGB_LUPTON_COLORS": (("i", "r", "g"),), "RGB_STRETCH": 5.0}}
    sink, told = run(tiles, table((200, 200), (100, 100), overrides=overrides))
    assert [name[-4:] for name in told[0].files] == ["fits"]
    assert [name[-14:] for name in told[1].files] == ["irg_lupton.png"]
    planes = [sky_of_tile(HOME, band)[86:113, 81:118] for band in "irg"]
    assert sink.files[f"{told[1].folder}/{told[1].files[0]}"] == FileRenderer().lupton(*planes, LuptonOptions(stretch=5))


def test_pictures_read_the_image_only_and_their_fits_files_are_never_written(tiles: FakeTiles) -> None:
    tiles = FakeTiles()
    images = [tiles.add_sky(HOME, band, RELEASE, sky_of_tile(HOME, band)) for band in "gri"]
    options = CutoutOptions(x_size_arcmin=4, y_size_arcmin=3, products=frozenset({Product.LUPTON, Product.STIFF}))
    _, told = run(tiles, table((200, 200)), options)
    assert [name[-4:] for name in told[0].files] == [".png", ".png"]
    for image in images:
        assert {plane.name: len(plane.reads) for plane in image.planes} == {"SCI": 1, "MSK": 0, "WGT": 0}


def test_discarded_fits_files_are_not_written_beside_pictures(tiles: FakeTiles) -> None:
    both = frozenset({Product.FITS, Product.LUPTON})
    _, told = run(tiles, table((200, 200)), CutoutOptions(products=both, discard_fits=True))
    assert [name[-4:] for name in told[0].files] == [".png"]
    _, alone = run(tiles, table((200, 200)), CutoutOptions(fits_bands=("g",), discard_fits=True))
    assert [name[-5:] for name in alone[0].files] == [".fits"]


def test_rows_that_were_done_before_are_neither_cut_nor_told_again(tiles: FakeTiles) -> None:
    positions = table((200, 200), (100, 100), (200, 200))
    sink, told = run(tiles, positions)
    again, rest = run(tiles, positions, done={0: told[0]})
    assert set(rest) == {1, 2}
    assert rest == {1: told[1], 2: told[2]}
    assert set(again.files) == set(sink.files) - {f"{told[0].folder}/{name}" for name in told[0].files}
    nothing, none = run(tiles, positions, done=told)
    assert (nothing.files, none) == ({}, {})


@pytest.mark.parametrize("threads", [1, 3])
def test_cancelling_stops_all_threads_before_their_next_file(tiles: FakeTiles, threads: int) -> None:
    cancellation, written, lock = Cancellation(), [], threading.Lock()

    def cancel_at_the_fifth(path: str) -> None:
        with lock:
            written.append(path)
            if len(written) == 5:
                cancellation.cancel("enough")

    positions = table(*map(tuple, np.random.default_rng(2).uniform(50, 350, (500, 2))))
    with pytest.raises(Cancelled, match="enough"):
        run(
            tiles,
            positions,
            sink=MemorySink(cancel_at_the_fifth),
            cancellation=cancellation,
            threads=threads,
        )
    assert len(written) < 5 + threads
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cutout-")]


@pytest.mark.parametrize("threads", [1, 3])
def test_a_full_disk_ends_the_job(tiles: FakeTiles, threads: int) -> None:
    def full(path: str) -> None:
        raise ServiceUnavailable("the disk is full")

    with pytest.raises(ServiceUnavailable, match="the disk is full"):
        run(tiles, table((200, 200), (100, 100)), sink=MemorySink(full), threads=threads)


def test_a_job_of_no_rows_is_done_at_once(tiles: FakeTiles) -> None:
    empty = Positions(ra_deg=np.empty(0), dec_deg=np.empty(0), object_id=np.empty(0, np.int64))
    assert run(tiles, empty)[1] == {}


def test_a_chart_shows_target_and_helper_and_its_objects_are_a_table(tiles: FakeTiles) -> None:
    asked: list[tuple[Any, ...]] = []
    positions = table((200, 200))
    ra, dec = float(positions.ra_deg[0]), float(positions.dec_deg[0])
    objects = [
        ChartObject(object_id=1, ra_deg=ra, dec_deg=dec + 0.5 / 3600, mag=21.0),
        ChartObject(object_id=2, ra_deg=ra + 30 / 3600 / np.cos(np.radians(dec)), dec_deg=dec - 40 / 3600, mag=18.5),
    ]

    def ask(*question: Any) -> list[ChartObject]:
        asked.append(question)
        return objects

    options = CutoutOptions(x_size_arcmin=4, y_size_arcmin=3, products=frozenset({Product.CHART}), chart=ChartOptions(bands=("r",)))
    sink, told = run(tiles, positions, options, chart_objects=ask)
    assert asked == [(ra, dec, 4, 3, "r", RELEASE)]
    assert told[0].message == ""
    rows = sink.files[f"{told[0].folder}/{told[0].name}_r_objects.csv"].decode().splitlines()
    assert rows[0] == "COADD_OBJECT_ID,RA,DEC,WAVG_MAG_PSF_R,EAST_ARCSEC,NORTH_ARCSEC,DISTANCE_ARCSEC,ROLE"
    assert [(row.split(",")[0], row.split(",")[-1]) for row in rows[1:]] == [("2", "helper"), ("1", "target")]
    assert [float(cell) for cell in rows[1].split(",")[4:7]] == pytest.approx([30, -40, 50], abs=2e-3)


def test_a_catalogue_that_does_not_answer_fails_the_row_and_keeps_its_other_files(tiles: FakeTiles) -> None:
    def ask(*question: Any) -> list[ChartObject]:
        raise ServiceUnavailable("the database is away")

    options = CutoutOptions(x_size_arcmin=4, products=frozenset({Product.FITS, Product.CHART}), fits_bands=("g",))
    _, told = run(tiles, table((200, 200)), options, chart_objects=ask)
    assert told[0].outcome is Outcome.FAILED
    assert told[0].message == "finding chart in i: the catalogue could not be asked: the database is away"
    assert [name[-6:] for name in told[0].files] == ["g.fits"]


def test_a_file_whose_header_has_another_projection_fails_its_rows_by_its_name(tiles: FakeTiles) -> None:
    header = sky_header(HOME)
    header["CTYPE1"] = "RA---SIN"
    tiles.add(HOME.name, "g", RELEASE, {"SCI": sky_of_tile(HOME)}, header)
    _, told = run(tiles, table((200, 200)))
    assert told[0].outcome is Outcome.FAILED
    assert told[0].message.startswith(f"g: {HOME.name}_r1p01_g.fits.fz: the header's CTYPE1 and CTYPE2 must be")
