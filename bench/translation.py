"""Translation of Oracle's SQL, beside what DuckDB takes to plan the result: both come before the first row of a new statement."""

from typing import Any

import duckdb

from skydesk.backends.oracle_sql import SETUP, translate
from skydesk.demo_survey import cached_survey
from skydesk.query.model import Column
from skydesk.survey import load_survey

from .measure import figure, median_ms
from .quick_page import IDS, M2

__all__ = ["figures"]

REPEATS = 21
FIRST_ID = 1_040_000_000
PEER = "DuckDB's planning of the result"


def figures() -> list[dict[str, Any]]:
    """Medians; every statement differs from the last in a constant."""
    survey = load_survey(cached_survey("demo"))
    tables = {table.name: table.columns for table in survey.tables}
    with duckdb.connect(str(survey.catalogue.path), read_only=True) as database:
        for statement in SETUP:
            database.execute(statement)
        return [
            _measured(database, tables, "translation of the query of M2", [M2.format(number) for number in range(REPEATS)], 5),
            _measured(database, tables, "translation of 215 columns", [f"SELECT M.*, {n} N FROM DR2_MAIN M" for n in range(REPEATS)], None),
            _measured(database, tables, "translation of 1000 ids", [_ids(1000, number) for number in range(REPEATS)], 5),
            _measured(database, tables, "translation of 50,000 ids", [_ids(50_000, number) for number in range(3)], None),
        ]


def _ids(count: int, number: int) -> str:
    return IDS.format(", ".join(str(FIRST_ID + number + step) for step in range(count)))


def _measured(
    database: duckdb.DuckDBPyConnection, tables: dict[str, tuple[Column, ...]], name: str, statements: list[str], target: float | None
) -> dict[str, Any]:
    ours = median_ms(lambda sql: translate(sql, tables), statements)
    translated = [translate(sql, tables).statement for sql in statements]
    theirs = median_ms(lambda statement: database.sql(statement).columns, translated)
    return figure(name, ours, target=target, peer=PEER, peer_value=theirs)
