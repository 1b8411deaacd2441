"""A table as a file has it, whatever the format: its columns, and its rows piece by piece."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from ...errors import Fault, InvalidRequest
from ...tables.model import MAX_COLUMNS

__all__ = ["FileTable", "Head", "require_columns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One column as the file describes it."""

    name: str
    unit: str | None = None
    ucd: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTable:
    """What a reader found."""

    heads: tuple[Head, ...]
    batches: Iterator[pa.RecordBatch]
    """Columns in the order of `heads`; their names mean nothing. Texts are not yet numbers where the file is a text."""

    faults: list[Fault] = field(default_factory=list)
    """Grows while the batches are read: rows that cannot be read at all."""


def require_columns(count: int) -> None:
    """Refuse a table without columns, or with more than Oracle takes."""
    if not 1 <= count <= MAX_COLUMNS:
        raise InvalidRequest(f"the file has {count:,} columns; a table has 1 to {MAX_COLUMNS:,}")
