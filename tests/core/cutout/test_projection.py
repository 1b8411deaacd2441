"""The gnomonic projection, against astropy's."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from skydesk.cutout.projection import TanProjection, header_values
from skydesk.errors import InvalidImage


def cards_of(**values: object) -> tuple[bytes, ...]:
    header = fits.Header()
    plain = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": -30.0, "CRPIX1": 5000.5, "CRPIX2": 5000.5}
    plain |= {"CD1_1": -7.3e-5, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 7.3e-5}
    for key, value in {**plain, **values}.items():
        if value is not None:
            header[key.replace("__", "-")] = value
    text = header.tostring(endcard=False, padding=False).encode()
    return tuple(text[at : at + 80] for at in range(0, len(text), 80))


def assert_as_astropy(cards: tuple[bytes, ...]) -> None:
    ours, theirs = TanProjection.from_cards(cards), WCS(fits.Header.fromstring(b"".join(cards)))
    y, x = np.mgrid[-2000:12000:15j, -2000:12000:15j]
    ra, dec = theirs.all_pix2world(x, y, 1)
    our_ra, our_dec = ours.sky_of(x, y)
    assert np.abs((our_ra - ra + 180) % 360 - 180).max() * np.cos(np.radians(dec)).max() < 1e-10
    assert np.abs(our_dec - dec).max() < 1e-10
    assert ((our_ra >= 0) & (our_ra < 360)).all()
    our_x, our_y = ours.pixels_of(ra, dec)
    assert max(np.abs(our_x - x).max(), np.abs(our_y - y).max()) < 1e-6
    one_x, one_y = ours.pixel_of(float(ra[3, 4]), float(dec[3, 4]))
    assert (one_x, one_y) == pytest.approx((our_x[3, 4], our_y[3, 4]), abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    ra=st.one_of(st.floats(0, 359.999), st.sampled_from([0.0, 1e-9, 359.9999999])),
    dec=st.one_of(st.floats(-89, 89), st.sampled_from([0.0, -88.9, 88.9])),
    turn=st.floats(0, 2 * np.pi),
    stretch=st.floats(0.5, 2),
)
def test_pixels_and_positions_are_as_astropy_has_them_anywhere_on_the_sky(ra: float, dec: float, turn: float, stretch: float) -> None:
    scale = 0.263 / 3600
    cd = {"CD1_1": -scale * np.cos(turn), "CD1_2": scale * stretch * np.sin(turn)}
    cd |= {"CD2_1": scale * np.sin(turn), "CD2_2": scale * stretch * np.cos(turn)}
    assert_as_astropy(cards_of(CRVAL1=ra, CRVAL2=dec, **cd))


def test_a_pc_matrix_with_cdelt_is_as_good_as_a_cd_matrix() -> None:
    none = dict.fromkeys(["CD1_1", "CD1_2", "CD2_1", "CD2_2"])
    assert_as_astropy(cards_of(**none, CDELT1=-7.3e-5, CDELT2=7.4e-5, PC1_1=0.8, PC1_2=-0.6, PC2_1=0.6, PC2_2=0.8))
    assert_as_astropy(cards_of(**none, CDELT1=-7.3e-5, CDELT2=7.4e-5))


def test_a_position_on_the_far_side_of_the_sky_has_no_pixel() -> None:
    projection = TanProjection.from_cards(cards_of())
    assert np.isnan(projection.pixels_of(190.0, 30.0)).all()
    assert np.isnan(projection.pixel_of(190.0, 30.0)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV"}, "must be 'RA---TAN' and 'DEC--TAN', got 'RA---TPV' and 'DEC--TPV'"),
        ({"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN"}, "got 'DEC--TAN' and 'RA---TAN'"),
        ({"CRPIX1": None}, "the header lacks CRPIX1"),
        ({"CRVAL1": "ten"}, "the header's CRVAL1 is no number: 'ten'"),
        ({"A_ORDER": 2}, "the header has A_ORDER; only a plain TAN"),
        ({"PV1_5": 0.1}, "the header has PV1_5"),
        ({"LONPOLE": 90.0}, "LONPOLE"),
        ({"CUNIT1": "rad"}, "CUNIT1 must be deg, got 'rad'"),
        ({"RADESYS": "FK4"}, "RADESYS must be ICRS or FK5, got 'FK4'"),
        ({"CD1_1": 0.0, "CD2_2": 0.0}, "has no inverse"),
        ({"CD1_1": None, "CD1_2": None, "CD2_1": None, "CD2_2": None}, "neither a CD matrix nor CDELT1 and CDELT2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_header_that_is_no_plain_tan_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidImage) as raised:
        TanProjection.from_cards(cards_of(**changes))
    assert message in str(raised.value)


def test_values_of_cards_are_read_as_fits_has_them() -> None:
    cards = [b"A       = 'it''s / one' / a comment".ljust(80), b"B       =  1.5D2 / [px]".ljust(80), b"COMMENT = none".ljust(80)]
    assert {key: value for key, value in header_values(cards).items() if key != "COMMENT"} == {"A": "it's / one", "B": "1.5D2"}


def test_images_of_one_plane_know_how_far_they_are_shifted() -> None:
    one, other = TanProjection.from_cards(cards_of()), TanProjection.from_cards(cards_of(CRPIX1=4990.5, CRPIX2=5020.5))
    assert one.whole_shift(other) == (-10, 20)
    assert one.whole_shift(TanProjection.from_cards(cards_of(CRPIX1=4990.7))) is None
    assert one.whole_shift(TanProjection.from_cards(cards_of(CRVAL1=10.1))) is None
