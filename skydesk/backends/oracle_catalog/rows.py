"""Rows of one running statement."""

from collections.abc import Iterator, Sequence
from typing import Any

import oracledb
import pyarrow as pa

from ...query.arrow import schema_of
from ...query.model import Column
from .sessions import Session
from .types import Fetched, batch_rows_of

__all__ = ["OracleRows"]


class OracleRows:
    """A `RowStream` that asks Oracle for the next batch only when it is wanted; no more than one is in memory."""

    def __init__(self, session: Session, sql: str, fetched: Sequence[Fetched], *, max_rows: int | None, batch_rows: int) -> None:
        self._session, self._sql, self._fetched = session, sql, tuple(fetched)
        self._columns = tuple(each.column for each in fetched)
        self._schema = schema_of(self._columns)
        self._wanted = pa.schema([(each.column.name, each.wanted) for each in fetched])
        self._left = max_rows
        self._size = batch_rows_of(fetched, batch_rows if max_rows is None else max(1, min(batch_rows, max_rows)))
        self._batches: Iterator[Any] | None = None
        self._first: list[pa.RecordBatch] = []
        self._finished = max_rows == 0

    @property
    def columns(self) -> tuple[Column, ...]:
        """The result's columns."""
        return self._columns

    def begin(self) -> None:
        """Run the statement and fetch the first batch, so that what goes wrong so far can still be tried again."""
        if not self._finished:
            self._first = self._fetch()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches in order, each with exactly the Arrow types of the columns."""
        while self._first or not self._finished:
            self._session.deadline.check()
            batches, self._first = self._first or self._fetch(), []
            yield from batches

    def fraction_done(self) -> float | None:
        """1 at the end; Oracle does not tell before."""
        return 1.0 if self._finished else None

    def _fetch(self) -> list[pa.RecordBatch]:
        frame = self._session.call(self._next, self._sql)
        if frame is None:
            self._finished = True
            return []
        table = pa.table(frame)
        if self._left is not None:
            table = table.slice(0, self._left)
            self._left -= table.num_rows
            self._finished = not self._left
        arrays = [each.settled(column.combine_chunks()) for each, column in zip(self._fetched, table.columns, strict=True)]
        return [batch for batch in pa.Table.from_arrays(arrays, schema=self._schema).to_batches(self._size) if batch.num_rows]

    def _next(self, connection: oracledb.Connection) -> Any:
        if self._batches is None:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
            self._batches = connection.fetch_df_batches(self._sql, size=self._size, requested_schema=self._wanted)
        return next(self._batches, None)
