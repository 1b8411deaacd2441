from types import SimpleNamespace

import oracledb
import pytest

from skydesk.backends.oracle_catalog.codes import CODES
from skydesk.backends.oracle_catalog.types import column_type
from skydesk.errors import QueryRefused
from skydesk.query.model import ColumnType

_T = ColumnType


@pytest.mark.parametrize(
    ("precision", "scale", "expected"),
    [
        (1, 0, _T.INT16),
        (4, 0, _T.INT16),
        (5, 0, _T.INT32),
        (9, 0, _T.INT32),
        (10, 0, _T.INT64),
        (38, 0, _T.INT64),
        (6, 2, _T.FLOAT32),
        (9, 6, _T.FLOAT64),
        (3, -2, _T.INT32),
        (126, -127, _T.FLOAT64),
        (0, -127, _T.FLOAT64),
        (None, None, _T.FLOAT64),
    ],
)
def test_a_number_becomes_what_easyaccess_makes_of_its_precision(precision: int | None, scale: int | None, expected: ColumnType) -> None:
    described = SimpleNamespace(name="X", type_code=oracledb.DB_TYPE_NUMBER, precision=precision, scale=scale)
    assert column_type(described, None) is expected


@pytest.mark.parametrize(
    ("precision", "scale", "declared", "expected"),
    [
        (10, 0, _T.INT32, _T.INT32),
        (1, 0, _T.BOOLEAN, _T.BOOLEAN),
        (9, 6, _T.FLOAT32, _T.FLOAT32),
        (9, 6, _T.INT32, _T.FLOAT64),
        (0, -127, _T.INT64, _T.INT64),
        (9, 0, _T.STRING, _T.INT32),
    ],
)
def test_the_survey_file_decides_where_the_database_allows_it(
    precision: int, scale: int, declared: ColumnType, expected: ColumnType
) -> None:
    described = SimpleNamespace(name="X", type_code=oracledb.DB_TYPE_NUMBER, precision=precision, scale=scale)
    assert column_type(described, declared) is expected


def test_a_type_that_no_column_holds_is_refused_with_a_way_out() -> None:
    described = SimpleNamespace(name="SPAN", type_code=oracledb.DB_TYPE_INTERVAL_DS, precision=None, scale=None)
    with pytest.raises(QueryRefused, match="SPAN has the type INTERVAL_DS") as caught:
        column_type(described, None)
    assert caught.value.hint


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_words_and_advice_in_our_style(code: str) -> None:
    meaning = CODES[code]
    for text in (meaning.words, meaning.advice):
        assert text[:1].islower() or text.startswith(("FROM", "SkyDesk", "DATE"))
        assert not text.endswith(".")


def test_a_time_with_a_zone_is_refused_since_the_driver_would_drop_the_zone() -> None:
    described = SimpleNamespace(name="SEEN", type_code=oracledb.DB_TYPE_TIMESTAMP_TZ, precision=None, scale=6)
    with pytest.raises(QueryRefused) as caught:
        column_type(described, ColumnType.TIMESTAMP)
    assert caught.value.hint == "write SYS_EXTRACT_UTC(SEEN), which is in UTC, and TO_CHAR(SEEN, 'TZR') for the zone"
