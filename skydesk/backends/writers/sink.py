"""What one format's writer is, and what several of them share."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pyarrow as pa

from ...query.model import Column, ColumnType, Compression, ResultMetadata

__all__ = ["GZIP_LEVEL", "Part", "Sink", "column_meta", "facts", "open_binary"]

GZIP_LEVEL = 5
"""Within 3 % of level 9's size on catalogue text at a third of the time (`bench/export.py`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file to write: where, what, and how compressed."""

    path: Path
    columns: Sequence[Column]
    metadata: ResultMetadata
    compression: Compression


class Sink(Protocol):
    """Writes the rows of one file. `close` makes the file whole; a file that was not closed is worth nothing."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of a batch."""

    def close(self) -> None:
        """Finish the file."""

    def abandon(self) -> None:
        """Let go of the file without finishing it."""


def open_binary(path: Path, compression: Compression) -> BinaryIO:
    """Open a file for writing through its compression; the same bytes in give the same bytes out."""
    match compression:
        case Compression.NONE:
            return path.open("wb", buffering=1 << 20)
        case Compression.GZIP:
            return cast(BinaryIO, _Gzip(path))
        case Compression.ZSTD:
            return cast(BinaryIO, pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd"))


class _Gzip(gzip.GzipFile):
    """A gzip file without name and time in its header, which closes the file below it."""

    def __init__(self, path: Path) -> None:
        self._below = path.open("wb", buffering=1 << 20)
        super().__init__("", "wb", compresslevel=GZIP_LEVEL, fileobj=self._below, mtime=0)

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._below.close()


def facts(metadata: ResultMetadata) -> dict[str, str]:
    """What is written beside the rows, as names and texts, in every format alike."""
    known = {
        "query": metadata.sql,
        "survey": metadata.survey,
        "release": metadata.release,
        "created": metadata.created_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "job": metadata.job_id,
        "creator": f"SkyDesk {metadata.skydesk_version}".strip(),
    }
    return {name: text for name, text in known.items() if text}


def column_meta(column: Column) -> dict[str, str]:
    """What astropy keeps in a column's ``meta``: the UCD, and that a text is a time."""
    meta = {"ucd": column.ucd} if column.ucd else {}
    return meta | {"type": "timestamp"} if column.type is ColumnType.TIMESTAMP else meta
