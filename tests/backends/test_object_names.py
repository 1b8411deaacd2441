"""Names of well-known objects."""

import pytest

from skydesk.backends.object_names import OpenNgcNames


@pytest.mark.parametrize("name", ["M 2", "m2", "Messier 2", "NGC 7089", "ngc7089"])
def test_a_globular_cluster_is_found_by_every_name(name):
    assert OpenNgcNames().position(name) == pytest.approx((323.36254, -0.82331), abs=1e-4)


@pytest.mark.parametrize("name", ["", "foo", "M", "M 9999", "' or 1=1 --", "N" * 1000, "M\N{ARABIC-INDIC DIGIT TWO}"])
def test_a_name_that_is_not_in_the_list_gives_nothing(name):
    assert OpenNgcNames().position(name) is None


def test_the_advice_says_which_names_there_are():
    assert "NGC" in OpenNgcNames().advice
