"""What the query service needs from the outside."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

import pyarrow as pa

from .model import Cancellation, Column, Explanation, HistoryEntry, Output, OwnAccount, ResultFile, ResultMetadata, Table

__all__ = ["Catalog", "KeepsAccounts", "QueryHistory", "ResultWriter", "RowStream"]


class RowStream(Protocol):
    """Rows on their way out of the catalogue; memory does not grow with their number."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The result's columns: units, UCDs and descriptions follow a column of the catalogue through aliases."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches in order; raises `Cancelled` or `DeadlineExceeded` in the middle if it comes to that."""

    def fraction_done(self) -> float | None:
        """Part of the work that the database has done, 0 to 1; None where it does not tell."""


class Catalog(Protocol):
    """A survey's catalogue: read-only, asked in the survey's own SQL dialect. Safe from several threads."""

    def check(self, sql: str, *, readable: frozenset[str] | None = None) -> tuple[Column, ...]:
        """Parse and bind a statement without running it; give the columns it would return.

        Parameters
        ----------
        sql
            One SELECT statement, as the user wrote it.
        readable
            Releases whose tables the catalogue's own lists (ALL_TABLES and its like) show, ``*`` for all; None for all.

        Raises
        ------
        InvalidQuery
            Not one read-only statement, or it names what does not exist; carries the place in the text.
        QueryRefused
            It uses what this backend cannot carry out exactly; carries a way out.
        """

    def explain(self, sql: str, *, readable: frozenset[str] | None = None) -> Explanation:
        """Tell how the database would carry the statement out; parameters and errors as in `check`."""

    def stream(
        self,
        sql: str,
        *,
        max_rows: int | None = None,
        limit_seconds: float | None = None,
        batch_rows: int = 50_000,
        cancellation: Cancellation | None = None,
        readable: frozenset[str] | None = None,
    ) -> AbstractContextManager[RowStream]:
        """Run a statement and stream its rows.

        Parameters
        ----------
        sql
            One SELECT statement, as the user wrote it.
        max_rows
            Rows after which the stream ends; None for all.
        limit_seconds
            Seconds from now after which the statement is stopped; None for no limit.
        batch_rows
            Rows of one batch at the most.
        cancellation
            Stops the statement in the database, also while it has not yet given a row.
        readable
            As in `check`.

        Raises
        ------
        InvalidQuery
            As in `check`.
        DeadlineExceeded, Cancelled
            The statement was stopped; raised by entering the context or by the iteration.
        ServiceUnavailable
            The database did not answer.
        """

    def tables(self) -> tuple[Table, ...]:
        """Every table with its columns and row counts, in the survey file's order."""

    def functions(self) -> tuple[str, ...]:
        """Names of the SQL functions that users may call, for completion."""

    def releases_read(self, sql: str) -> frozenset[str]:
        """Names of the releases whose tables the statement reads; errors as in `check`."""


@runtime_checkable
class KeepsAccounts(Protocol):
    """A catalogue that people may ask as themselves. Each call raises `NotFound` where it is set up otherwise."""

    def account_of(self, person: str) -> OwnAccount | None:
        """Tell of a person's account; None where none is stored."""

    def keep_account(self, person: str, user: str, password: str) -> OwnAccount:
        """Store a person's account, encrypted, in place of the one before, once the database has let it in.

        Raises
        ------
        InvalidRequest
            The database does not let it in, or a field is wrong; nothing is changed.
        ServiceUnavailable, DeadlineExceeded
            The database cannot be asked; nothing is changed.
        """

    def forget_account(self, person: str) -> None:
        """Forget a person's account, where there is one."""


class ResultWriter(Protocol):
    """Writes a stream of rows to one or several files of one format."""

    def write(
        self,
        columns: Sequence[Column],
        batches: Iterable[pa.RecordBatch],
        folder: Path,
        output: Output,
        metadata: ResultMetadata,
        on_rows: Callable[[int], None] | None = None,
    ) -> tuple[ResultFile, ...]:
        """Write all rows.

        Parameters
        ----------
        columns
            The result's columns; the batches have the same names in the same order.
        folder
            Where the files are made; it exists.
        on_rows
            Called now and then with the number of rows written so far.

        Returns
        -------
        tuple[ResultFile, ...]
            The files made, in order: one, or several where ``output.split_bytes`` was passed.

        Raises
        ------
        InvalidRequest
            Name, format and compression do not go together.
        ServiceUnavailable
            The disk is full or cannot be written; what was begun is removed.
        """


class QueryHistory(Protocol):
    """Remembers what each user ran."""

    def add(self, owner: str, sql: str, kind: str, outcome: str, elapsed_seconds: float, rows: int | None) -> None:
        """Remember one run; the oldest beyond 500 of one owner are forgotten."""

    def entries(self, owner: str, limit: int = 100) -> tuple[HistoryEntry, ...]:
        """The latest runs of one owner, latest first; one entry for repeated runs of the same text."""

    def clear(self, owner: str) -> None:
        """Forget all runs of one owner."""
