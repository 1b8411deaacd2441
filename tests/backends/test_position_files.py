"""Positions as files."""

import numpy as np
import pytest

from skydesk.backends.position_files import positions_from_parquet, positions_to_parquet
from skydesk.cutout.model import NO_OBJECT, Positions
from skydesk.errors import InternalError


def test_the_positions_of_a_job_come_back_as_they_were():
    given = Positions(
        ra_deg=np.array([1.5, np.nan, 359.123456789012345]),
        dec_deg=np.array([-0.0, np.nan, 89.9]),
        object_id=np.array([NO_OBJECT, 2**62, NO_OBJECT]),
        overrides={2: {"XSIZE": 2.5, "COLORS_FITS": ("g", "Y"), "RGB_LUPTON_COLORS": (("i", "r", "g"),), "MAKE_FITS": False}},
    )
    content = positions_to_parquet(given)
    back = positions_from_parquet(content)
    assert np.array_equal(back.ra_deg, given.ra_deg, equal_nan=True)
    assert np.array_equal(back.dec_deg, given.dec_deg, equal_nan=True)
    assert back.object_id.tolist() == given.object_id.tolist()
    assert back.overrides == given.overrides
    assert positions_to_parquet(back) == content


def test_no_positions_are_a_file_too():
    nothing = Positions(ra_deg=np.array([]), dec_deg=np.array([]), object_id=np.array([], np.int64))
    assert len(positions_from_parquet(positions_to_parquet(nothing))) == 0


@pytest.mark.parametrize("content", [b"", b"PAR1", b"RA,DEC\n1,2\n"])
def test_another_file_is_refused(content):
    with pytest.raises(InternalError, match="cannot be read"):
        positions_from_parquet(content)
