"""Values of every Oracle type on their way through the driver, from the wire fake."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest

from skydesk.backends.oracle_catalog import Account, OracleCatalog
from skydesk.errors import InvalidQuery, QueryRefused
from skydesk.query.model import Column, ColumnType, Table
from tests.contracts.catalog_contract import read
from tests.fakes.duckdb_file import FakeSurvey
from tests.fakes.oracle_wire import PASSWORD, USER, WireFake

_T = ColumnType
_NOON = datetime(2013, 8, 31, 12, 0, 0, 250000)
CASES: dict[str, tuple[str, str, ColumnType, ColumnType, str, Any]] = {
    "N4": ("NUMBER(4)", "SMALLINT", _T.INT16, _T.INT16, "-9999", -9999),
    "N9": ("NUMBER(9)", "INTEGER", _T.INT32, _T.INT32, "999999999", 999_999_999),
    "N10": ("NUMBER(10)", "BIGINT", _T.INT64, _T.INT64, "9999999999", 9_999_999_999),
    "N18": ("NUMBER(18)", "BIGINT", _T.INT64, _T.INT64, "999999999999999999", 999_999_999_999_999_999),
    "N20": ("NUMBER(20)", "BIGINT", _T.INT64, _T.INT64, "9223372036854775807", 2**63 - 1),
    "N63": ("NUMBER(6,3)", "DECIMAL(6,3)", _T.FLOAT64, _T.FLOAT64, "-123.456", -123.456),
    "N96": ("NUMBER(9,6)", "DECIMAL(9,6)", _T.FLOAT64, _T.FLOAT64, "323.362583", 323.362583),
    "BARE": ("NUMBER", "DOUBLE", _T.FLOAT64, _T.FLOAT64, "1.5e-7", 1.5e-7),
    "DECLARED": ("NUMBER(10)", "INTEGER", _T.INT32, _T.INT32, "-77", -77),
    "F": ("BINARY_FLOAT", "FLOAT", _T.FLOAT32, _T.FLOAT32, "0.5", 0.5),
    "D": ("BINARY_DOUBLE", "DOUBLE", _T.FLOAT64, _T.FLOAT64, "-1.7976931348623157e308", -1.7976931348623157e308),
    "V": ("VARCHAR2(40)", "VARCHAR", _T.STRING, _T.STRING, "'étoile ★'", "étoile ★"),
    "C": ("CHAR(12)", "VARCHAR", _T.STRING, _T.STRING, "'DES0219'", "DES0219"),
    "DAY": ("DATE", "TIMESTAMP", _T.TIMESTAMP, _T.TIMESTAMP, "TIMESTAMP '1858-11-17 23:59:58'", datetime(1858, 11, 17, 23, 59, 58)),
    "TS": ("TIMESTAMP(6)", "TIMESTAMP", _T.TIMESTAMP, _T.TIMESTAMP, "TIMESTAMP '2013-08-31 12:00:00.25'", _NOON),
    "TS9": ("TIMESTAMP(9)", "TIMESTAMP", _T.TIMESTAMP, _T.TIMESTAMP, "TIMESTAMP '2013-08-31 12:00:00.25'", _NOON),
    "LTZ": ("TIMESTAMP(6) WITH LOCAL TIME ZONE", "TIMESTAMP", _T.TIMESTAMP, _T.TIMESTAMP, "TIMESTAMP '2013-08-31 12:00:00.25'", _NOON),
    "L": ("CLOB", "VARCHAR", _T.STRING, _T.STRING, "repeat('étoile ★', 12500)", "étoile ★" * 12500),
    "R": ("RAW(8)", "BLOB", _T.STRING, _T.STRING, "'\\x00\\xFF\\x7F'::BLOB", "00FF7F"),
}
"""Column -> Oracle's type, DuckDB's behind the wire fake, the survey file's, ours, the value in DuckDB's words, the value as it comes."""


LIMITS_ROWS = 250
LIMITS = Table(
    name="LIMITS",
    release="R1",
    columns=tuple(Column(name=name, type=kind) for name, kind in (("LONGER", _T.STRING), ("NOTE", _T.STRING), ("HUGE", _T.INT64))),
)
TABLE = Table(name="KINDS", release="R1", columns=tuple(Column(name=name, type=case[2]) for name, case in CASES.items()))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OracleCatalog]:
    folder = tmp_path_factory.mktemp("kinds")
    with duckdb.connect(str(folder / "kinds.duckdb")) as connection:
        connection.execute(f"CREATE TABLE KINDS ({', '.join(f'{name} {case[1]}' for name, case in CASES.items())})")
        connection.execute(f"INSERT INTO KINDS VALUES ({', '.join(case[4] for case in CASES.values())})")
        connection.execute(f"INSERT INTO KINDS VALUES ({', '.join('NULL' for _ in CASES)})")
        connection.execute("INSERT INTO KINDS (F, D) VALUES ('nan', 'nan'), ('inf', '-inf')")
        connection.execute("CREATE TABLE LIMITS (LONGER VARCHAR, NOTE VARCHAR, HUGE HUGEINT)")
        connection.execute("INSERT INTO LIMITS VALUES (repeat('étoile', 16667), 'note', 9223372036854775808)")
        connection.execute(f"INSERT INTO LIMITS SELECT NULL, 'note ' || range, NULL FROM range({LIMITS_ROWS - 1})")
    (folder / "password").write_text(PASSWORD)
    types = {("KINDS", name): case[0] for name, case in CASES.items()}
    types |= {("LIMITS", "LONGER"): "CLOB", ("LIMITS", "NOTE"): "CLOB", ("LIMITS", "HUGE"): "NUMBER(38)"}
    with WireFake(folder / "kinds.duckdb", [TABLE, LIMITS], types=types) as wire:
        account = Account(dsn=wire.dsn, user=USER, password_file=folder / "password", schema="DES_ADMIN")
        catalog = OracleCatalog(account, survey=FakeSurvey(tables=(TABLE, LIMITS)))
        yield catalog
        catalog.close()


@pytest.mark.parametrize("name", CASES)
def test_a_value_of_every_type_comes_through_and_so_does_null(catalog: OracleCatalog, name: str) -> None:
    table = read(catalog, f"SELECT K.{name} FROM KINDS K", max_rows=2)
    (column,) = catalog.check(f"SELECT K.{name} FROM KINDS K")
    assert column.type is CASES[name][3]
    value, nothing = table[name].to_pylist()
    assert value == CASES[name][5]
    assert nothing is None


def test_nan_and_infinity_are_kept(catalog: OracleCatalog) -> None:
    rows = read(catalog, "SELECT F, D FROM KINDS").to_pylist()[2:]
    assert math.isnan(rows[0]["F"])
    assert math.isnan(rows[0]["D"])
    assert (rows[1]["F"], rows[1]["D"]) == (math.inf, -math.inf)


def test_a_computed_number_is_a_float_as_easyaccess_has_it(catalog: OracleCatalog) -> None:
    (column,) = catalog.check("SELECT COUNT(*) AS N FROM KINDS")
    assert column.type is ColumnType.FLOAT64


def test_a_long_text_beyond_the_limit_is_refused_by_name_and_comes_in_part(catalog: OracleCatalog) -> None:
    with pytest.raises(QueryRefused, match=r"column LONGER has a text of 100,002 characters; at most 100,000") as caught:
        read(catalog, "SELECT LONGER FROM LIMITS")
    assert caught.value.hint == "write TO_CHAR(SUBSTR(LONGER, 1, 1000)) for the beginning of each"
    assert read(catalog, "SELECT SUBSTR(LONGER, 1, 3) AS S FROM LIMITS").to_pylist()[0] == {"S": "éto"}


def test_long_texts_do_not_come_in_large_batches(catalog: OracleCatalog) -> None:
    with catalog.stream("SELECT NOTE FROM LIMITS", batch_rows=50_000) as stream:
        sizes = [batch.num_rows for batch in stream]
    assert sum(sizes) == LIMITS_ROWS
    assert max(sizes) <= 100


def test_a_number_whose_digits_a_float_may_not_hold_is_refused_and_never_rounded(catalog: OracleCatalog) -> None:
    with pytest.raises(QueryRefused, match=r"column X has a number of about 9\.007e\+15, not all of whose digits") as caught:
        read(catalog, "SELECT -9007199254740992 - 1 AS X FROM DUAL")
    assert "NUMBER(18)" in str(caught.value.hint)
    kept = read(catalog, "SELECT 9007199254740990 + 1 AS A, 1 / 4 AS B, NULL + 1 AS C FROM DUAL")
    assert kept.to_pylist() == [{"A": 2.0**53 - 1, "B": 0.25, "C": None}]


def test_a_whole_number_that_no_int64_holds_is_an_error(catalog: OracleCatalog) -> None:
    with pytest.raises(QueryRefused, match="a value does not fit the type of its column"):
        read(catalog, "SELECT HUGE FROM LIMITS WHERE HUGE IS NOT NULL")


def test_the_place_of_an_error_counts_characters_and_not_bytes(catalog: OracleCatalog) -> None:
    with pytest.raises(InvalidQuery) as caught:
        catalog.check("SELECT 'étoile ★' AS a,\n 'é' || nope FROM KINDS")
    assert (caught.value.line, caught.value.column, caught.value.length) == (2, 9, 4)
    assert "ORA-00904" in str(caught.value)
    assert caught.value.hint
