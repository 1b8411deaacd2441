"""HDF5: one compound dataset ``data``, as easyaccess names it, that h5py and astropy's ``Table.read(..., path="data")`` read.

NULL in a column of integers, texts, booleans or times is marked in a further field ``<name>.mask``, which appears with the first
NULL and which astropy turns into a masked column; in a floating column it is NaN. Texts are UTF-8 of fixed width, made wider when
a longer one comes. Times are ISO 8601 texts, UTC.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...query.model import Column, ColumnType, Compression
from .binary import ISO_WIDTH, NUMPY_TYPES, fixed_width, iso_times, null_mask, text_widths
from .sink import Part, column_meta, facts

__all__ = ["Hdf5Sink"]

_NAME = "data"
_CHUNK_BYTES = 1 << 20
_COPY_ROWS = 50_000
_FLOATS = {ColumnType.FLOAT32, ColumnType.FLOAT64}


class Hdf5Sink:
    """One growing compound dataset."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._widths = [1 if c.type is ColumnType.STRING else 0 for c in part.columns]
        self._masked = [False] * len(part.columns)
        self._rows = 0
        self._unflushed_bytes = 0
        self._file = h5py.File(part.path, "w", libver="v110")
        self._data = self._new(_NAME)

    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of a batch; widen the dataset first where a text or a NULL needs it."""
        columns = self._part.columns
        widths = [max(a, b) for a, b in zip(self._widths, text_widths(columns, batch), strict=True)]
        masked = [known or bool(batch.column(i).null_count) for i, (known, c) in enumerate(zip(self._masked, columns, strict=True))]
        masked = [known and c.type not in _FLOATS for known, c in zip(masked, columns, strict=True)]
        if (widths, masked) != (self._widths, self._masked):
            self._widths, self._masked = widths, masked
            self._grow()
        rows = np.zeros(batch.num_rows, self._data.dtype)
        for i, column in enumerate(columns):
            self._fill(rows, i, column, batch.column(i))
        with _os_errors():
            self._data.resize(self._rows + len(rows), axis=0)
            self._data[self._rows :] = rows
            self._unflushed_bytes += rows.nbytes
            if self._unflushed_bytes >= _CHUNK_BYTES:
                self._file.flush()  # HDF5 keeps much to itself: the file's size and a full disk must be seen now
                self._unflushed_bytes = 0
        self._rows += len(rows)

    def close(self) -> None:
        """Write what the columns mean and finish the file."""
        described = [{"name": c.name, "unit": c.unit, "ucd": c.ucd, "description": c.description} for c in self._part.columns]
        with _os_errors():
            for name, text in facts(self._part.metadata).items():
                self._data.attrs[name] = text
            self._data.attrs["columns"] = json.dumps(described)
            self._file.create_dataset(f"{_NAME}.__table_column_meta__", data=_astropy_header(self._part, self._masked))
            self._file.flush()
            self._file.close()

    def abandon(self) -> None:
        """Let go of the file without finishing it.

        HDF5 writes what it has cached when a file is closed; on a full disk that fails, and the library then ends the process
        when it cleans up. So what it still has to say goes to the null device.
        """
        with open(os.devnull, "r+b") as nowhere:  # noqa: PTH123 - a device
            os.dup2(nowhere.fileno(), self._file.id.get_vfd_handle())
        self._file.close()

    def _new(self, name: str) -> Any:
        dtype = _dtype(self._part.columns, self._widths, self._masked)
        chunk = max(1, _CHUNK_BYTES // dtype.itemsize)
        packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if self._part.compression is Compression.GZIP else {}
        return self._file.create_dataset(name, shape=(0,), maxshape=(None,), dtype=dtype, chunks=(chunk,), **packed)

    def _grow(self) -> None:
        """Copy what is written into a dataset with wider or further fields; rare."""
        old, new = self._data, self._new(f"{_NAME}.wider")
        new.resize(self._rows, axis=0)
        for first in range(0, self._rows, _COPY_ROWS):
            rows = old[first : first + _COPY_ROWS]
            copy = np.zeros(len(rows), new.dtype)
            for name in rows.dtype.names:
                copy[name] = rows[name]
            new[first : first + len(rows)] = copy
        del self._file[_NAME]
        self._file.move(f"{_NAME}.wider", _NAME)
        self._data = self._file[_NAME]

    def _fill(self, rows: npt.NDArray[Any], i: int, column: Column, array: pa.Array) -> None:
        if column.type is ColumnType.STRING:
            rows[column.name] = _bytes(array, self._widths[i])
        elif column.type is ColumnType.TIMESTAMP:
            rows[column.name] = _bytes(iso_times(array), ISO_WIDTH)
        elif column.type in _FLOATS:
            rows[column.name] = array.to_numpy(zero_copy_only=False)
        else:
            empty = False if column.type is ColumnType.BOOLEAN else 0
            rows[column.name] = array.fill_null(empty).to_numpy(zero_copy_only=False)
        missing = null_mask(array)
        if missing is not None and self._masked[i]:
            rows[f"{column.name}.mask"] = missing


@contextmanager
def _os_errors() -> Iterator[None]:
    """HDF5 reports a full disk as a RuntimeError whose text has the errno."""
    try:
        yield
    except RuntimeError as error:
        found = re.search(r"errno = (\d+), error message = '([^']*)'", str(error))
        if found is None:
            raise
        raise OSError(int(found[1]), found[2]) from error


def _bytes(array: pa.Array, width: int) -> npt.NDArray[np.bytes_]:
    return fixed_width(array, width).view(f"S{width}")[:, 0]


def _dtype(columns: Sequence[Column], widths: list[int], masked: list[bool]) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = []
    for column, width, mask in zip(columns, widths, masked, strict=True):
        text = {ColumnType.STRING: f"S{width}", ColumnType.TIMESTAMP: f"S{ISO_WIDTH}", ColumnType.BOOLEAN: "?"}
        fields.append((column.name, text.get(column.type) or f"<{NUMPY_TYPES[column.type]}"))
        if mask:
            fields.append((f"{column.name}.mask", "?"))
    return np.dtype(fields)


def _astropy_header(part: Part, masked: list[bool]) -> Any:
    """The lines by which astropy finds units, descriptions and masked columns again: of a one-row table that it writes itself."""
    from astropy.table import Column as PlainColumn
    from astropy.table import MaskedColumn, Table

    texts = {ColumnType.STRING: "S1", ColumnType.TIMESTAMP: f"S{ISO_WIDTH}", ColumnType.BOOLEAN: "?"}
    table = Table(meta=facts(part.metadata))
    for column, mask in zip(part.columns, masked, strict=True):
        values = np.zeros(1, texts.get(column.type) or NUMPY_TYPES[column.type])
        kind, extra = (MaskedColumn, {"mask": [True]}) if mask else (PlainColumn, {})
        table[column.name] = kind(values, unit=column.unit, description=column.description or None, meta=column_meta(column), **extra)
    with h5py.File("header", "w", driver="core", backing_store=False) as scratch:
        table.write(scratch, path=_NAME, format="hdf5", serialize_meta=True)
        return scratch[f"{_NAME}.__table_column_meta__"][:]
