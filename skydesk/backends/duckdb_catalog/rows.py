"""Rows of one running statement."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from ...query.arrow import schema_of
from ...query.model import Column
from .failures import translated
from .running import StopWatch

__all__ = ["DuckdbRows"]


class DuckdbRows:
    """A `RowStream` that asks DuckDB for the next batch only when it is wanted.

    A relation's reader streams; a cursor's ``execute`` would keep the whole result in memory first (DuckDB 2.0).
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, watch: StopWatch, statement: str, columns: tuple[Column, ...], batch_rows: int
    ) -> None:
        self._connection = connection
        self._watch = watch
        self._columns = columns
        self._schema = schema_of(columns)
        self._finished = False
        watch.check()
        with translated(watch.reason):
            self._reader = connection.sql(statement).to_arrow_reader(batch_rows)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The result's columns."""
        return self._columns

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches in order, each with exactly the Arrow types of the columns."""
        while (batch := self._next()) is not None:
            if batch.num_rows:
                yield batch

    def fraction_done(self) -> float | None:
        """Part of the work that DuckDB has done; None before it knows."""
        if self._finished:
            return 1.0
        percent = self._connection.query_progress()
        return None if percent < 0 else min(percent / 100, 1.0)

    def close(self) -> None:
        """Give up the rows that were not read."""
        self._reader.close()

    def _next(self) -> pa.RecordBatch | None:
        self._watch.check()
        with translated(self._watch.reason):
            batch = next(self._reader, None)
            if batch is None:
                self._finished = True
                return None
            arrays = [column.cast(field.type) for column, field in zip(batch.columns, self._schema, strict=True)]
            return pa.RecordBatch.from_arrays(arrays, schema=self._schema)
