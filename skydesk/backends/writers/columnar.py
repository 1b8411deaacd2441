"""Parquet and Arrow files: Arrow's own writers, with units, UCDs and descriptions in the metadata of the fields."""

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from ...query.arrow import schema_of
from ...query.model import ColumnType, Compression
from .sink import Part, facts

__all__ = ["ArrowSink", "ParquetSink"]


class ParquetSink:
    """A Parquet file; each batch is a row group."""

    def __init__(self, part: Part) -> None:
        self._schema = schema_of(part.columns).with_metadata(facts(part.metadata))
        # dictionaries pay for texts, which repeat; on measured numbers they cost half the time and save nothing
        texts = [column.name for column in part.columns if column.type is ColumnType.STRING]
        self._writer = pq.ParquetWriter(part.path, self._schema, compression=part.compression.value, use_dictionary=texts)

    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of a batch."""
        self._writer.write_batch(batch.cast(self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        # closing writes a footer, which fails on a full disk; the file is removed either way
        self._writer.is_open = False


class ArrowSink:
    """An Arrow IPC file (Feather V2)."""

    def __init__(self, part: Part) -> None:
        self._schema = schema_of(part.columns).with_metadata(facts(part.metadata))
        codec = "zstd" if part.compression is Compression.ZSTD else None
        self._file = pa.OSFile(str(part.path), "wb")
        self._writer = pa.ipc.new_file(self._file, self._schema, options=pa.ipc.IpcWriteOptions(compression=codec))

    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of a batch."""
        self._writer.write_batch(batch.cast(self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        self._file.close()
