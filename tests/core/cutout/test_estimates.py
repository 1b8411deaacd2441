"""What a request will come to."""

import numpy as np
import pytest

from skydesk.cutout.estimates import estimate
from skydesk.cutout.model import NO_OBJECT, CutoutOptions, Positions, Product


def made(options: CutoutOptions, rows: int = 1, overrides=None, wanted=None, threads: int = 1):
    positions = Positions(ra_deg=np.zeros(rows), dec_deg=np.zeros(rows), object_id=np.full(rows, NO_OBJECT), overrides=overrides or {})
    kept = np.ones(rows, bool) if wanted is None else np.array(wanted)
    return estimate(positions, options, wanted=kept, tile_index=np.zeros(rows, np.int64), pixel_scale_arcsec=0.263, threads=threads)


def test_a_fits_file_of_an_arcminute_is_as_large_as_those_that_were_measured():
    assert made(CutoutOptions(fits_bands=("g",))).size_bytes == pytest.approx(648_000, rel=0.01)


@pytest.mark.parametrize(
    ("products", "files"),
    [({"fits"}, 3), ({"fits", "lupton"}, 4), ({"lupton", "stiff"}, 2), ({"chart"}, 2), ({"fits", "lupton", "stiff", "chart"}, 7)],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_files_are_counted_by_product(products, files):
    assert made(CutoutOptions(products=frozenset(map(Product, products))), rows=10).files == 10 * files


def test_fits_files_that_are_discarded_do_not_count():
    options = CutoutOptions(products=frozenset({Product.FITS, Product.LUPTON}), discard_fits=True)
    assert made(options).files == 1
    assert made(CutoutOptions(discard_fits=True)).files == 3


def test_rows_of_their_own_size_count_as_such():
    one, own = made(CutoutOptions(), rows=2), made(CutoutOptions(), rows=2, overrides={1: {"XSIZE": 3.0}})
    assert own.size_bytes == pytest.approx(2 * one.size_bytes, rel=0.05)


def test_rows_that_will_not_be_cut_cost_nothing():
    assert made(CutoutOptions(), rows=3, wanted=[False, False, False]).size_bytes == 0
    assert made(CutoutOptions(), rows=3, wanted=[True, False, False], overrides={2: {"XSIZE": 12.0}}) == made(CutoutOptions())


def test_two_threads_take_half_the_time():
    assert made(CutoutOptions(), rows=1000, threads=2).seconds == pytest.approx(made(CutoutOptions(), rows=1000).seconds / 2, rel=0.01)
