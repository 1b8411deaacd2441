"""The result writer: names, splitting, compression and what happens when the disk is full."""

import errno
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from ...errors import InvalidRequest, ServiceUnavailable
from ...query.model import Column, Format, Output, ResultFile, ResultMetadata
from ...query.output import output_faults
from .columnar import ArrowSink, ParquetSink
from .fits import FitsSink
from .hdf5 import Hdf5Sink
from .sink import Part, Sink
from .text import CsvSink, EcsvSink, TabSink
from .votable import VotableSink

__all__ = ["FileWriter"]

_SINKS: dict[Format, Callable[[Part], Sink]] = {
    Format.CSV: CsvSink,
    Format.TAB: TabSink,
    Format.FITS: FitsSink,
    Format.HDF5: Hdf5Sink,
    Format.PARQUET: ParquetSink,
    Format.VOTABLE: VotableSink,
    Format.ECSV: EcsvSink,
    Format.ARROW: ArrowSink,
}

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FileWriter:
    """Writes results to files; the `ResultWriter` of every process that has a disk."""

    def write(
        self,
        columns: Sequence[Column],
        batches: Iterable[pa.RecordBatch],
        folder: Path,
        output: Output,
        metadata: ResultMetadata,
        on_rows: Callable[[int], None] | None = None,
    ) -> tuple[ResultFile, ...]:
        """Write all rows; see `skydesk.query.ports.ResultWriter`."""
        if faults := output_faults(output):
            raise InvalidRequest(faults)
        parts = _Parts(tuple(columns), folder, output, metadata)
        try:
            parts.begin()
            for batch in batches:
                if batch.num_rows:
                    parts.write(batch)
                    if on_rows is not None:
                        on_rows(parts.rows)
            return parts.close()
        except OSError as error:
            parts.abandon()
            raise _plain(error, folder) from error
        except BaseException:
            parts.abandon()
            raise


class _Parts:
    """The files of one result: one, or several where the size passes the limit, named as easyaccess does."""

    def __init__(self, columns: tuple[Column, ...], folder: Path, output: Output, metadata: ResultMetadata) -> None:
        self.rows = 0
        self._columns = columns
        self._folder = folder
        self._output = output
        self._metadata = metadata
        self._finished: list[ResultFile] = []
        self._sink: Sink | None = None
        self._rows_here = 0

    def begin(self) -> None:
        """Open the first file; from here on there is something that `abandon` has to remove."""
        self._open()

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch; begin the next file first where this one has passed the limit."""
        if self._rows_here and self._size_bytes() >= self._output.split_bytes:
            self._finish()
            self._open()
        if self._sink is None:
            raise RuntimeError("the result is closed")
        self._sink.write(batch)
        self.rows += batch.num_rows
        self._rows_here += batch.num_rows

    def close(self) -> tuple[ResultFile, ...]:
        """Finish the last file and give all of them their names."""
        self._finish()
        names = [self._output.file_name]
        if len(self._finished) > 1:
            names = [self._numbered(i + 1) for i in range(len(self._finished))]
        for file, name in zip(self._finished, names, strict=True):
            (self._folder / file.name).replace(self._folder / name)
        return tuple(
            ResultFile(name=name, size_bytes=file.size_bytes, rows=file.rows) for file, name in zip(self._finished, names, strict=True)
        )

    def abandon(self) -> None:
        """Remove whatever was begun."""
        if self._sink is not None:
            self._sink.abandon()
            self._sink = None
        for path in self._folder.glob(f".{self._output.file_name}.*.partial*"):
            path.unlink(missing_ok=True)

    @property
    def _partial(self) -> Path:
        return self._folder / f".{self._output.file_name}.{len(self._finished) + 1:06d}.partial"

    def _size_bytes(self) -> int:
        """Size so far of the file being written; some formats work in a file beside it."""
        return sum(path.stat().st_size for path in self._folder.glob(f"{self._partial.name}*"))

    def _open(self) -> None:
        self._rows_here = 0
        part = Part(path=self._partial, columns=self._columns, metadata=self._metadata, compression=self._output.compression)
        self._sink = _SINKS[self._output.format](part)

    def _finish(self) -> None:
        if self._sink is not None:
            self._sink.close()
            self._sink = None
            path = self._partial
            self._finished.append(ResultFile(name=path.name, size_bytes=path.stat().st_size, rows=self._rows_here))

    def _numbered(self, number: int) -> str:
        name = Path(self._output.file_name)
        packed = name.suffix if name.suffix in {".gz", ".zst"} else ""
        name = Path(name.stem) if packed else name
        return f"{name.stem}_{number:06d}{name.suffix}{packed}"


def _plain(error: OSError, folder: Path) -> ServiceUnavailable:
    if error.errno in _FULL or "No space left" in str(error) or "File too large" in str(error):
        return ServiceUnavailable(f"no room left in {folder.name} for the result; delete old jobs, or ask for fewer rows or columns")
    return ServiceUnavailable(f"the result cannot be written in {folder.name}: {error.strerror or error}")
