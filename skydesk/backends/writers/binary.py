"""Arrow batches as rows of big- or little-endian bytes: what FITS, HDF5 and VOTable are made of."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ...query.model import Column, ColumnType

__all__ = ["NUMPY_TYPES", "fixed_width", "iso_times", "null_mask", "text_widths"]

NUMPY_TYPES = {
    ColumnType.INT16: "i2",
    ColumnType.INT32: "i4",
    ColumnType.INT64: "i8",
    ColumnType.FLOAT32: "f4",
    ColumnType.FLOAT64: "f8",
}

ISO_WIDTH = 26
"""Characters of ``2026-11-22T18:10:40.123456``."""


def iso_times(array: pa.Array) -> pa.Array:
    """Timestamps as ISO 8601 texts with microseconds, 26 characters, UTC without a zone."""
    return pc.strftime(array.cast(pa.timestamp("us")), format="%Y-%m-%dT%H:%M:%S")


def null_mask(array: pa.Array) -> npt.NDArray[np.bool_] | None:
    """Where an array is NULL; None where it nowhere is."""
    return np.asarray(array.is_null()) if array.null_count else None


def text_widths(columns: Sequence[Column], batch: pa.RecordBatch) -> list[int]:
    """Longest text of each column in bytes of UTF-8; 0 for columns that are no text."""
    return [
        int(pc.max(pc.binary_length(batch.column(i))).as_py() or 0) if column.type is ColumnType.STRING else 0
        for i, column in enumerate(columns)
    ]


def fixed_width(array: pa.Array, width: int) -> npt.NDArray[np.uint8]:
    """Texts as rows of ``width`` bytes, padded with NUL; NULL is all NUL. No text is longer than ``width``.

    Returns
    -------
    numpy.ndarray
        Bytes, shape (n, width).
    """
    array = array.fill_null("") if array.null_count else array
    count = len(array)
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)[array.offset : array.offset + count + 1]
    data = np.frombuffer(array.buffers()[2] or b"", dtype=np.uint8)
    lengths = np.diff(offsets)
    if count and (lengths == width).all():
        return data[offsets[0] : offsets[-1]].reshape(count, width)
    rows = np.zeros((count, width), np.uint8)
    if count and width:
        rows[np.arange(width) < lengths[:, None]] = data[offsets[0] : offsets[-1]]
    return rows
