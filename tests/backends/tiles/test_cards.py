"""The cards of the image that a table stands for, against astropy's."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import fitsio
import numpy as np
import pytest
from astropy.io import fits

from skydesk.backends.tiles.image import SurveyImage
from tests.backends.tiles.reference import counts, sky
from tests.contracts.tile_store_contract import HEADER


def header() -> fits.Header:
    found = HEADER.copy()
    found["CTYPE1"], found["CD1_1"], found["ZZTOP"] = "RA---TAN", -7.3e-5, 3
    found["LONGTEXT"] = "a text that is longer than one card " * 4
    found["HIERARCH ESO DET"] = (2.5, "with a long name")
    found["QUOTED"] = "it's"
    found.add_history("made for a test")
    return found


def assert_as_astropy_has_them(path: Path) -> None:
    image = SurveyImage(path, cache_folder=None)
    with fits.open(path) as file:
        for plane, theirs in zip(image.planes, [extension for extension in file if extension.data is not None], strict=True):
            ours = fits.Header.fromstring(b"".join(plane.cards))
            assert Counter(map(tuple, ours.cards)) == Counter(map(tuple, theirs.header.cards))
            structure = [key for key in ours if key in ("SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT")]
            assert list(ours)[: len(structure)] == structure
            free = [card for card in map(tuple, ours.cards) if card[0] not in ("BZERO", "BSCALE", "CHECKSUM", "DATASUM", "EXTEND")]
            assert free == [card for card in map(tuple, theirs.header.cards) if card in free]


def test_cards_of_a_file_of_astropy(tmp_path: Path) -> None:
    planes = [
        fits.CompImageHDU(sky(), header(), name="SCI", compression_type="RICE_1"),
        fits.CompImageHDU(counts(np.uint16), header(), name="MSK", compression_type="RICE_1"),
        fits.ImageHDU(sky(), header(), name="WGT"),
    ]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(tmp_path / "image.fits", checksum=True)
    assert_as_astropy_has_them(tmp_path / "image.fits")


def test_cards_of_a_file_of_fitsio(tmp_path: Path) -> None:
    with fitsio.FITS(str(tmp_path / "image.fits"), "rw") as file:
        for name, pixels in (("SCI", sky()), ("MSK", counts(np.int32))):
            file.write(pixels, extname=name, header={"CRVAL1": 3.5, "OBJECT": "M2"}, compress="RICE")
    assert_as_astropy_has_them(tmp_path / "image.fits")


@pytest.mark.skipif(shutil.which("fpack") is None, reason="needs fpack, of libcfitsio-bin")
def test_cards_of_files_of_fpack(tmp_path: Path) -> None:
    fits.PrimaryHDU(sky(), header()).writeto(tmp_path / "one.fits", checksum=True)
    planes = [fits.ImageHDU(sky(), header(), name="SCI"), fits.ImageHDU(counts(np.int16), header(), name="MSK"), fits.ImageHDU(sky())]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(tmp_path / "many.fits")
    for name in ("one", "many"):
        subprocess.run(["fpack", str(tmp_path / f"{name}.fits")], check=True)
        assert_as_astropy_has_them(tmp_path / f"{name}.fits.fz")
