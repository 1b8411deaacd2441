"""Small DuckDB catalogue files for tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from skydesk.query.model import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSurvey:
    """What a catalogue and the query service need of a survey."""

    tables: tuple[Table, ...]
    name: str = "small"
    releases: tuple[str, ...] = ("R1", "R2")
    examples: tuple[object, ...] = ()


def write_duckdb(path: Path, content: Sequence[tuple[Table, pa.Table]], statements: Sequence[str] = ()) -> FakeSurvey:
    """Write tables to a new file, then run further statements in it; give the survey that they belong to."""
    with duckdb.connect(str(path)) as connection:
        for table, data in content:
            connection.register("incoming", data)
            connection.execute(f'CREATE TABLE "{table.name}" AS SELECT * FROM incoming')
            connection.unregister("incoming")
        for statement in statements:
            connection.execute(statement)
    return FakeSurvey(tables=tuple(table for table, _ in content))
