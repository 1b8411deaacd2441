"""What the service of own tables needs from the outside."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from ..access import TableLimits
from ..query.model import Column
from .model import ColumnWords, Grant, Inspection, OwnTable

__all__ = ["GivenFiles", "Loading", "TableStore"]


class Loading(Protocol):
    """Rows on their way into a table; nobody sees any before `commit`."""

    @property
    def rows(self) -> int:
        """Rows added so far."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows: the table's columns, in its order and with exactly their Arrow types.

        Raises
        ------
        LimitExceeded
            With them the owner's tables would be larger than they may be.
        """

    def commit(self) -> OwnTable:
        """Let all rows be seen at once.

        Raises
        ------
        LimitExceeded
            The owner's tables would be larger than they may be, or more.
        Conflict
            Somebody else has made or changed this table meanwhile.
        """


class TableStore(Protocol):
    """Keeps users' tables. Safe from several threads and several processes."""

    def visible(self, person: str, groups: Collection[str] = ()) -> tuple[OwnTable, ...]:
        """The tables of a person, by name, then those that others granted to the person or to one of the groups."""

    def get(self, owner: str, name: str) -> OwnTable:
        """Give a table; NotFound where the owner has none of this name."""

    def usage(self, owner: str) -> tuple[int, int]:
        """Bytes that an owner's tables take, and how many they are."""

    def create(
        self, owner: str, name: str, columns: Sequence[Column], *, description: str, limits: TableLimits
    ) -> AbstractContextManager[Loading]:
        """Begin a new table; without a commit nothing is left of it.

        Raises
        ------
        Conflict
            The owner has one of this name.
        LimitExceeded
            The owner has as many tables as may be.
        """

    def append(self, owner: str, name: str, *, limits: TableLimits) -> AbstractContextManager[Loading]:
        """Begin to add rows to a table; errors as `create`, and NotFound."""

    def describe(self, owner: str, name: str, *, new_name: str, description: str, columns: Mapping[str, ColumnWords]) -> OwnTable:
        """Change names and words of a table.

        Raises
        ------
        NotFound, Conflict
            The owner has no such table; another has the new name.
        """

    def index(self, owner: str, name: str, columns: Sequence[str], *, limits: TableLimits) -> OwnTable:
        """Have rows looked up quickly by just these columns; errors as `append`."""

    def grant(self, owner: str, name: str, grants: Collection[Grant]) -> OwnTable:
        """Let exactly these read a table; NotFound as in `get`."""

    def drop(self, owner: str, name: str) -> None:
        """Remove a table; statements that read it go on. NotFound as in `get`."""

    def read(self, table: OwnTable, columns: Sequence[str], batch_rows: int = 100_000) -> Iterator[pa.RecordBatch]:
        """Read columns of a table, in the order in which its rows were loaded; NotFound where it is gone."""


class GivenFiles(Protocol):
    """Files that users have given to be loaded, each kept for a while after it was looked at."""

    def inspect(self, owner: str, content: bytes | Path, file_name: str) -> Inspection:
        """Read a file of any known format and keep it; the owner's oldest are forgotten.

        Raises
        ------
        InvalidRequest
            It is none that is known, broken or too large; every fault that was found is named with row and column.
        ServiceUnavailable
            The disk is full or cannot be written.
        """

    def get(self, owner: str, inspection_id: str) -> Inspection:
        """Give what was found in a file; NotFound where the owner has none of this id, or no longer."""

    def batches(self, owner: str, inspection_id: str) -> Iterator[pa.RecordBatch]:
        """Read a file's rows again: every column as it was given, texts where the file has texts; NotFound as in `get`."""

    def remove(self, owner: str, inspection_id: str) -> None:
        """Forget a file; NotFound as in `get`."""
