"""Cutout requests on the wire."""

import json

import pytest

from skydesk.cutout.model import ChartOptions, CutoutOptions, CutoutRequest, LuptonOptions, Product
from skydesk.errors import InvalidRequest
from skydesk.web.cutout_job import options_from_json, options_to_json, request_from_json, request_to_json


def test_a_request_comes_back_as_it_was():
    request = CutoutRequest(
        release="DR2",
        options=CutoutOptions(
            x_size_arcmin=2,
            products=frozenset(Product),
            fits_bands=("Y",),
            lupton_bands=(("i", "r", "g"), ("g", "r", "i")),
            lupton=LuptonOptions(q=3),
            discard_fits=True,
            resample=True,
            planes=("SCI",),
            chart=ChartOptions(bands=("g",), faintest_helper_mag=19),
        ),
        include_matched_csv=True,
    )
    assert request_from_json(json.loads(json.dumps(request_to_json(request)))) == request


def test_every_option_is_optional():
    assert options_from_json({}) == options_from_json(None) == options_from_json({"lupton": None}) == CutoutOptions()


def test_the_json_of_options_is_the_same_in_every_process():
    options = CutoutOptions(products=frozenset({Product.STIFF, Product.FITS, Product.CHART}))
    assert options_to_json(options)["products"] == ["fits", "stiff", "chart"]
    assert options_to_json(options)["lupton_bands"] == ["irg"]


def test_every_fault_of_the_json_is_named():
    with pytest.raises(InvalidRequest) as caught:
        options_from_json(
            {
                "x_size_arcmin": "2",
                "y_size_arcmin": float("nan"),
                "products": ["jpeg"],
                "fits_bands": "gri",
                "discard_fits": 1,
                "lupton": {"q": True, "z": 1},
                "chart": 5,
                "colour": 1,
            }
        )
    fields = [fault.field for fault in caught.value.faults]
    assert fields == ["x_size_arcmin", "y_size_arcmin", "products", "fits_bands", "discard_fits", "colour", "lupton.q", "lupton.z", "chart"]
