"""CSV, TAB and ECSV through Arrow's CSV writer.

NULL is nothing between two separators and an empty text is ``""``, so that readers that look can tell them apart. Times are
ISO 8601 with a T, UTC. ECSV (Astropy Proposal for Enhancement 6) has a YAML header with units, UCDs, descriptions and the
query; its readers take an empty text for NULL, and drop blanks after a line end inside a text.
"""

import io
from collections.abc import Callable, Mapping
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ...query.arrow import ARROW_TYPES
from ...query.model import ColumnType
from .binary import iso_times
from .sink import Part, column_meta, facts, open_binary

__all__ = ["CsvSink", "EcsvSink", "TabSink"]


class _TextSink:
    separator = ","
    as_text: Mapping[ColumnType, Callable[[pa.Array], pa.Array]] = {ColumnType.TIMESTAMP: iso_times}

    def __init__(self, part: Part) -> None:
        self._part = part
        types = [pa.string() if c.type in self.as_text else ARROW_TYPES[c.type] for c in part.columns]
        self._schema = pa.schema(list(zip([c.name for c in part.columns], types, strict=True)))
        self._file = open_binary(part.path, part.compression)
        self.write_header(self._file)
        options = pa.csv.WriteOptions(include_header=False, delimiter=self.separator, batch_size=4096)
        self._writer = pa.csv.CSVWriter(self._file, self._schema, write_options=options)

    def write_header(self, file: BinaryIO) -> None:
        """Write what comes before the rows: the names, quoted only where they must be."""
        file.write((self.separator.join(self._quoted(c.name) for c in self._part.columns) + "\n").encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of a batch."""
        arrays = [
            self.as_text[column.type](array) if column.type in self.as_text else array
            for column, array in zip(self._part.columns, batch.columns, strict=True)
        ]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        # the writer buffers nothing that matters now; a close that fails on a full disk must not hide why
        try:
            self._file.close()
        except OSError:
            return

    def _quoted(self, name: str) -> str:
        if any(c in name for c in f'{self.separator}"\r\n'):
            return '"' + name.replace('"', '""') + '"'
        return name


class CsvSink(_TextSink):
    """Comma-separated values (RFC 4180, lines end in LF)."""


class TabSink(_TextSink):
    """Tab-separated values, quoted as in CSV."""

    separator = "\t"


class EcsvSink(_TextSink):
    """Enhanced CSV; astropy reads the units, descriptions and the query back."""

    as_text: Mapping[ColumnType, Callable[[pa.Array], pa.Array]] = {
        ColumnType.TIMESTAMP: iso_times,
        ColumnType.BOOLEAN: lambda array: pc.if_else(array, "True", "False"),
    }

    def write_header(self, file: BinaryIO) -> None:
        """Write the YAML header as astropy writes it for a table without rows, then the names."""
        from astropy.table import Column, Table

        kinds = {
            ColumnType.BOOLEAN: "bool",
            ColumnType.STRING: "str",
            ColumnType.TIMESTAMP: "str",
        }
        table = Table(meta=facts(self._part.metadata))
        for column in self._part.columns:
            kind = kinds.get(column.type, column.type.value)
            table[column.name] = Column([], dtype=kind, unit=column.unit, description=column.description or None, meta=column_meta(column))
        text = io.StringIO()
        table.write(text, format="ascii.ecsv", delimiter=",")
        file.write(text.getvalue().encode())
