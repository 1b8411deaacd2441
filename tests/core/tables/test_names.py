"""Names of own tables and columns."""

import pytest

from skydesk.tables.names import name_fault, proposed_names, table_name_fault


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("1ST", "a letter first"),
        ("A B", "a letter first"),
        ("", "a letter first"),
        ("A" * 129, "128"),
        ("select", "SELECT_ would do"),
        ("naïve", "A-Z"),
        ("A;DROP", "A-Z"),
    ],
    ids=["digit first", "space", "empty", "too long", "reserved", "beyond ASCII", "semicolon"],
)
def test_a_name_that_oracle_does_not_take_is_refused(name: str, part: str) -> None:
    assert part in (name_fault(name) or "")


@pytest.mark.parametrize("name", ["A", "my_table", "RA_J2000", "T$1#", "A" * 128], ids=["letter", "small", "digits", "marks", "longest"])
def test_a_name_that_oracle_takes_is_taken(name: str) -> None:
    assert name_fault(name) is None
    assert table_name_fault(name, {"STARS"}) is None


@pytest.mark.parametrize("name", ["stars", "ALL_TABLES", "USER_MINE", "DUAL"])
def test_a_table_may_not_hide_one_of_the_catalogue_or_the_database(name: str) -> None:
    assert table_name_fault(name, {"STARS"}) is not None


def test_names_that_will_not_do_get_proposals_with_a_reason() -> None:
    made = proposed_names(["ra", "RA", "mag (g)", "2mass id", "date", "", "ra", "_x", "é"])
    assert [name for name, _ in made] == ["RA", "RA_1", "MAG_G", "C_2MASS_ID", "DATE_", "C6", "RA_2", "X", "C9"]
    assert all(name_fault(name) is None for name, _ in made)
    assert [note is None for _, note in made] == [True, *[False] * 8]


def test_thousands_of_columns_of_one_name_are_told_apart_soon() -> None:
    made = proposed_names(["X"] * 1000)
    assert len({name for name, _ in made}) == 1000
