"""Real errors of DuckDB, and what a user is told instead."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from skydesk.backends.duckdb_catalog.failures import as_skydesk_error, translated
from skydesk.errors import (
    Cancelled,
    InternalError,
    InvalidQuery,
    LimitExceeded,
    QueryRefused,
    ServiceUnavailable,
    SkydeskError,
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT i, i / 7 AS x, 'text ' || i AS s FROM range(200000) r(i)")
        connection.execute("SET memory_limit = '40MB'")
        connection.execute("SET temp_directory = ''")
        yield connection


@pytest.mark.parametrize(
    ("sql", "kind", "message", "hint"),
    [
        ("SELECT i // (i - 5) FROM t", InvalidQuery, "ORA-01476: divisor is equal to zero", "NULLIF"),
        ("SELECT 9223372036854775807 * (i + 2) FROM t", InvalidQuery, "number out of range", "floating point"),
        ("SELECT CAST(s AS INTEGER) FROM t", InvalidQuery, "could not convert string 'text ", "like with like"),
        ("SELECT x FROM t WHERE x = 'abc'", InvalidQuery, "could not convert string 'abc'", "like with like"),
        (
            "SELECT CAST(c1 AS BIGINT) FROM (SELECT sum(9223372036854775807) FROM t) r(c1)",
            InvalidQuery,
            "number out of range",
            "floating point",
        ),
        ("SELECT (SELECT i FROM t)", InvalidQuery, "more than one row", "FETCH FIRST 1 ROW ONLY"),
        ("SELECT i, count(*) FROM t", InvalidQuery, 'column "i" must appear in the GROUP BY clause', None),
        ("SELECT nope FROM t", InvalidQuery, 'referenced column "nope" not found', None),
        ("SELECT * FROM nowhere", InvalidQuery, "table with name nowhere does not exist", None),
        ("SELECT FROM WHERE", InvalidQuery, "syntax error", None),
        ("SELECT list(s ORDER BY s DESC) FROM t a, range(50)", LimitExceeded, "needs more memory", None),
        ("SELECT * FROM read_csv('/nowhere/at/all.csv')", ServiceUnavailable, "could not be read", None),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("SELECT") else "",
)
def test_an_error_of_the_database_becomes_ours_in_plain_words(
    connection: duckdb.DuckDBPyConnection, sql: str, kind: type[SkydeskError], message: str, hint: str | None
) -> None:
    with pytest.raises(kind) as caught, translated():
        connection.sql(sql).to_arrow_reader(1000).read_all()
    error = caught.value
    assert type(error) is kind
    assert message in str(error)
    assert "\n" not in str(error)
    assert "c1" not in str(error)
    assert "/nowhere" not in str(error)
    assert isinstance(error.__cause__, duckdb.Error | OSError)
    if hint is not None:
        assert isinstance(error, InvalidQuery)
        assert hint in str(error.hint)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (duckdb.PermissionException("Permission Error: Cannot access file"), QueryRefused),
        (duckdb.NotImplementedException("Not implemented Error: no such sort"), QueryRefused),
        (OSError("Out of Memory Error: could not allocate block of size 256.0 KiB"), LimitExceeded),
        (MemoryError(), LimitExceeded),
        (OSError("Conversion Error: no number"), InvalidQuery),
        (duckdb.InternalException("INTERNAL Error: assertion failed"), InternalError),
        (duckdb.FatalException("FATAL Error: database has been invalidated"), InternalError),
        (pa.ArrowInvalid("what is this"), InternalError),
        (OSError("INTERRUPT Error: Interrupted!"), InternalError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_errors_are_told_apart_by_their_first_word(error: BaseException, kind: type[SkydeskError]) -> None:
    assert type(as_skydesk_error(error)) is kind


def test_a_statement_that_was_stopped_ends_with_the_reason() -> None:
    reason = Cancelled("she changed her mind")
    with pytest.raises(Cancelled, match="she changed her mind"), translated(lambda: reason):
        raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")


def test_our_own_errors_pass_unchanged() -> None:
    with pytest.raises(LimitExceeded, match="enough"), translated():
        raise LimitExceeded("enough")
