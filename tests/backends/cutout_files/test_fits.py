"""FITS files of cutouts, as astropy and cfitsio read them."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import skydesk
from skydesk.backends.cutout_files import FileRenderer
from skydesk.errors import InvalidImage
from tests.backends.cutout_files.cuts import TILE, cut_of, noise, tile_header
from tests.fakes.tiles import cards_of

PLANES = ("SCI", "MSK", "WGT")


def opened(content: bytes) -> fits.HDUList:
    hdus = fits.open(io.BytesIO(content), memmap=False)
    hdus.verify("exception")
    return hdus


def test_a_file_has_the_image_first_and_the_other_planes_after_it() -> None:
    cut = cut_of()
    content = FileRenderer().fits(cut, PLANES)
    assert len(content) % 2880 == 0
    with opened(content) as hdus:
        assert [type(hdu).__name__ for hdu in hdus] == ["PrimaryHDU", "ImageHDU", "ImageHDU"]
        assert [hdu.name for hdu in hdus] == list(PLANES)
        for hdu in hdus:
            np.testing.assert_array_equal(hdu.data, cut.planes[hdu.name])
            assert hdu.data.dtype.newbyteorder("=") == cut.planes[hdu.name].dtype


def test_cfitsio_reads_the_same(tmp_path: Path) -> None:
    cut, path = cut_of(), tmp_path / "cut.fits"
    path.write_bytes(FileRenderer().fits(cut, PLANES))
    with fitsio.FITS(str(path)) as file:
        for number, name in enumerate(PLANES):
            np.testing.assert_array_equal(file[number].read(), cut.planes[name])
        header = file[0].read_header()
        assert header["LONGTEXT"].strip() == ("a long value that goes on and on, " * 6).strip()
        assert header["RA_CUTOUT"] == 34.9
        assert header["CUTFILE"] == f"{TILE.name}_r2590p01_g.fits.fz"


def test_the_wcs_is_that_of_the_tile() -> None:
    cut = cut_of()
    whole = WCS(tile_header())
    with opened(FileRenderer().fits(cut, PLANES)) as hdus:
        for hdu in hdus:
            y, x = np.mgrid[0:39:8j, 0:59:8j]
            sky = WCS(hdu.header).all_pix2world(x, y, 0)
            on_tile = whole.all_world2pix(*sky, 0)
            assert max(np.abs(on_tile[0] - x - cut.x).max(), np.abs(on_tile[1] - y - cut.y).max()) < 1e-6


def test_cards_of_the_tile_are_kept_and_those_that_are_not_true_any_more_are_not() -> None:
    with opened(FileRenderer().fits(cut_of(), PLANES)) as hdus:
        for place, hdu in enumerate(hdus):
            header = hdu.header
            assert header["TILENAME"] == TILE.name
            assert header["BAND"] == "g"
            assert header.comments["BAND"] == "it's / a band"
            assert header["LONGTEXT"].strip() == ("a long value that goes on and on, " * 6).strip()
            assert header["DES mean seeing"] == 0.95
            assert list(header["COMMENT"])[-2:] == ["a comment", "another"]
            assert list(header["HISTORY"]) == ["what was done"]
            assert (header["CRPIX1A"], header["CRPIX2A"]) == (10.0 - 3700, 20.0 - 6200)
            assert not {"DATASUM", "CHECKSUM", "DATAMAX"} & set(header)
            assert ("INHERIT" in header) == (place > 0)
            assert [key for key in header if list(header).count(key) > 1 and key not in ("COMMENT", "HISTORY", "")] == []


def test_a_file_says_where_its_pixels_came_from() -> None:
    cut = cut_of(blank_pixels=7, stitched={"DES0219-0500": 12, "DES0222-0541": 30}, offset_pixels=0.43)
    with opened(FileRenderer().fits(cut, PLANES)) as hdus:
        for hdu in hdus:
            header = hdu.header
            found = {key: header[key] for key in header if key.startswith("CUT") or key.endswith("_CUTOUT")}
            assert found == {
                "RA_CUTOUT": 34.9,
                "DEC_CUTOUT": -5.6,
                "CUTVERS": f"SkyDesk {skydesk.__version__}",
                "CUTTILE": TILE.name,
                "CUTREL": "DR2",
                "CUTFILE": f"{TILE.name}_r2590p01_g.fits.fz",
                "CUTX1": 3701,
                "CUTX2": 3760,
                "CUTY1": 6201,
                "CUTY2": 6240,
                "CUTBLANK": 7,
                "CUTNFROM": 42,
                "CUTRESAM": False,
                "CUTOFFS": 0.43,
                "CUTFROM1": "DES0219-0500",
                "CUTNPIX1": 12,
                "CUTFROM2": "DES0222-0541",
                "CUTNPIX2": 30,
            }


def test_a_cut_that_begins_beyond_the_tile_has_its_reference_pixel_moved_the_other_way() -> None:
    with opened(FileRenderer().fits(cut_of(x=-25, y=-4), PLANES)) as hdus:
        assert (hdus[0].header["CRPIX1"], hdus[0].header["CRPIX2"]) == (5025.5, 5004.5)
        assert (hdus[0].header["CUTX1"], hdus[0].header["CUTY1"]) == (-24, -3)


def test_blank_pixels_stay_blank() -> None:
    sci = noise()
    sci[3, 5] = np.nan
    with opened(FileRenderer().fits(cut_of({"SCI": sci}), ("SCI",))) as hdus:
        np.testing.assert_array_equal(np.isnan(hdus[0].data), np.isnan(sci))


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "i8", "f4", "f8", "u2", "u4", "u8", ">f4", ">i4"])
def test_pixels_of_each_type_come_back_as_they_were(kind: str) -> None:
    rng = np.random.default_rng(2)
    pixels = (rng.normal(size=(9, 7)) if "f" in kind else rng.integers(0, 250, (9, 7))).astype(kind)
    if kind[0] == "u":
        pixels[0, 0] = np.iinfo(pixels.dtype).max
    with opened(FileRenderer().fits(cut_of({"SCI": pixels}), ("SCI",))) as hdus:
        np.testing.assert_array_equal(hdus[0].data, pixels)


def test_pixels_that_fits_has_no_form_for_are_refused() -> None:
    whole = cut_of()
    cut = replace(whole, planes={"SCI": whole.sci.astype(np.float16)})
    with pytest.raises(InvalidImage, match="float16 cannot be kept"):
        FileRenderer().fits(cut, ("SCI",))


def test_a_card_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidImage, match="has 3 bytes, not 80"):
        FileRenderer().fits(cut_of(cards={"SCI": (b"abc",)}), ("SCI",))


def test_a_long_file_name_goes_on_in_further_cards() -> None:
    name = "a'b" * 40 + ".fits"
    with opened(FileRenderer().fits(cut_of(path=Path(name)), PLANES)) as hdus:
        assert hdus[0].header["CUTFILE"] == name


def test_a_plane_without_a_name_gets_one() -> None:
    cards = tuple(card for card in cards_of("MSK", np.zeros((2, 2), np.int32), tile_header()) if not card.startswith(b"EXTNAME"))
    cut = cut_of()
    with opened(FileRenderer().fits(cut_of(cards={**cut.cards, "MSK": cards}), PLANES)) as hdus:
        assert hdus[1].name == "MSK"


@pytest.mark.parametrize("changes", [{}, {"ra_deg": 1e-9, "dec_deg": -1.23456789012345e-7}, {"stitched": {"DES0219-0500": 12}}])
def test_the_same_cut_gives_the_same_bytes(changes: dict[str, Any]) -> None:
    first = FileRenderer().fits(cut_of(**changes), PLANES)
    assert FileRenderer().fits(cut_of(**changes), PLANES) == first
    with opened(first) as hdus:
        assert hdus[0].header["RA_CUTOUT"] == changes.get("ra_deg", 34.9)
        assert hdus[0].header["DEC_CUTOUT"] == changes.get("dec_deg", -5.6)
