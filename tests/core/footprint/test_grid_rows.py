"""Names of whole rows of tiles, derived here from the rule in words with decimal arithmetic, and not with the grid's code."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, getcontext

import pytest

from skydesk.grid import TileGrid

getcontext().prec = 40
_PI = Decimal("3.14159265358979323846264338327950288419716939937510")


def cosine(degrees: Decimal) -> Decimal:
    """Taylor series, to thirty digits."""
    x = degrees * _PI / 180
    term, total, n = Decimal(1), Decimal(1), 0
    while abs(term) > Decimal(10) ** -35:
        n += 2
        term *= -x * x / (n * (n - 1))
        total += term
    return total


def minutes(value: Decimal) -> tuple[int, int]:
    """Whole units and minutes of a value whose seconds are rounded to three decimals and then cut off."""
    seconds = (value * 3600).quantize(Decimal("0.001"), ROUND_HALF_EVEN)
    whole = int((seconds / 60).quantize(Decimal(1), ROUND_DOWN))
    return whole // 60, whole % 60


def row_of_names(row: int) -> list[str]:
    dec = 30 - Decimal(2570 * row) / 3600
    step = Decimal(2570) / 3600 / cosine(dec)
    names, offset = [], Decimal(0)
    while offset < 360 - Decimal("1e-12"):
        hours, ra_minutes = minutes(((275 + offset) % 360) / 15)
        degrees, dec_minutes = minutes(abs(dec))
        names.append(f"DES{hours % 24:02d}{ra_minutes:02d}{'-' if dec < 0 else '+'}{degrees:02d}{dec_minutes:02d}")
        offset += step
    return names


@pytest.mark.parametrize("row", [0, 37, 42, 43, 50, 116, 137, 145])
def test_every_name_of_a_row_is_that_of_the_rule(row: int) -> None:
    grid = TileGrid()
    assert [grid.tile(row, column).name for column in range(grid.columns(row))] == row_of_names(row)


@pytest.mark.parametrize(("row", "column", "name"), [(50, 167, "DES0219-0541"), (37, 149, "DES0126+0335"), (116, 66, "DES2331-5248")])
def test_the_three_check_tiles_stand_in_their_places(row: int, column: int, name: str) -> None:
    assert row_of_names(row)[column] == name
    assert TileGrid().named(name).column == column


def test_the_last_strip_ends_above_74_degrees_south() -> None:
    grid = TileGrid()
    assert grid.rows == 146
    assert grid.tile(145, 0).unique_dec_deg[0] > -74
    assert grid.tile(145, 0).dec_deg - grid.step_deg < -74
