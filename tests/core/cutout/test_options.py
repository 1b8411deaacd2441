"""What is made of a position."""

import math
from dataclasses import replace

import pytest

from skydesk.cutout.model import ChartOptions, CutoutOptions, LuptonOptions, Product
from skydesk.cutout.options import bands_of, effective_options, option_faults, triplets_of

BANDS = ("g", "r", "i", "z", "Y")


def test_a_rows_own_columns_win_over_the_form():
    form = CutoutOptions(products=frozenset({Product.FITS, Product.CHART}))
    own = effective_options(
        form,
        {
            "XSIZE": 2.0,
            "COLORS_FITS": ("z",),
            "RGB_LUPTON_COLORS": (("g", "r", "i"),),
            "RGB_ASINH": 5.0,
            "MAKE_FITS": False,
            "MAKE_RGB_LUPTON": True,
            "DISCARD_FITS_FILES": True,
        },
    )
    assert own == replace(
        form,
        x_size_arcmin=2.0,
        fits_bands=("z",),
        lupton_bands=(("g", "r", "i"),),
        lupton=LuptonOptions(q=5.0),
        products=frozenset({Product.CHART, Product.LUPTON}),
        discard_fits=True,
    )


def test_a_row_without_columns_of_its_own_has_the_forms_options():
    form = CutoutOptions()
    assert effective_options(form, {}) is form


@pytest.mark.parametrize(("text", "bands"), [("g,r,i", "gri"), ("gri", "gri"), ("G R y", "grY"), (" i ", "i"), ("grizY", "grizY")])
def test_bands_are_read_in_every_usual_form(text, bands):
    assert bands_of(text, BANDS) == tuple(bands)


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("g,q", "'q', which is no band"), ("ggr", "the band g more than once")])
def test_wrong_bands_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        bands_of(text, BANDS)


def test_several_triplets_are_read():
    assert triplets_of("irg; G,R,I", BANDS) == (("i", "r", "g"), ("g", "r", "i"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ir", "exactly three bands"),
        ("irgz", "exactly three bands"),
        ("iig", "three different bands"),
        ("irg;irg", "more than once"),
        ("iqg", "no band"),
        ("", "is empty"),
        (" ; ", "is empty"),
    ],
)
def test_wrong_triplets_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        triplets_of(text, BANDS)


def test_the_defaults_are_in_order():
    assert option_faults(CutoutOptions(), bands=BANDS) == []


def test_every_fault_of_a_form_is_named():
    options = CutoutOptions(
        x_size_arcmin=0.05,
        y_size_arcmin=math.nan,
        products=frozenset(),
        fits_bands=("g", "g", "u"),
        lupton_bands=(("i", "r", "r"),),
        lupton=LuptonOptions(minimum=math.inf, stretch=0, q=-1),
        planes=("MSK", "MSK", "FOO"),
        chart=ChartOptions(bands=("q",), faintest_helper_mag=99),
    )
    fields = [fault.field for fault in option_faults(options, bands=BANDS)]
    assert fields == [
        "x_size_arcmin",
        "y_size_arcmin",
        "lupton.minimum",
        "lupton.stretch",
        "lupton.q",
        "products",
        "fits_bands",
        "fits_bands",
        "lupton_bands",
        "chart.bands",
        "planes",
        "planes",
        "planes",
        "chart.faintest_helper_mag",
    ]


def test_a_product_without_bands_is_a_fault():
    faults = option_faults(CutoutOptions(fits_bands=()), bands=BANDS)
    assert [(fault.field, "take fits out" in fault.message) for fault in faults] == [("fits_bands", True)]
