"""VOTable 1.4 with BINARY2 rows, streamed (VOTable REC 1.4, sections 5.4 and 2.1).

Every row begins with one bit a column that tells NULL, so NULL, NaN and the empty text stay apart (astropy's reader gives a NULL
text as an empty one). Texts are ``unicodeChar`` of
variable length; times are texts with the DALI xtype ``timestamp``, UTC.
"""

import base64
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ...query.model import Column, ColumnType
from .binary import ISO_WIDTH, NUMPY_TYPES, fixed_width, iso_times, null_mask
from .sink import Part, facts, open_binary

__all__ = ["VotableSink"]

_TYPES = {
    ColumnType.BOOLEAN: 'datatype="boolean"',
    ColumnType.INT16: 'datatype="short"',
    ColumnType.INT32: 'datatype="int"',
    ColumnType.INT64: 'datatype="long"',
    ColumnType.FLOAT32: 'datatype="float"',
    ColumnType.FLOAT64: 'datatype="double"',
    ColumnType.STRING: 'datatype="unicodeChar" arraysize="*"',
    ColumnType.TIMESTAMP: f'datatype="char" arraysize="{ISO_WIDTH}" xtype="timestamp"',
}
_LINE_BYTES = 57 * 1024
"""Bytes encoded at once; a multiple of three, so that pieces of base64 may follow one another."""

_TAIL = b"\n</STREAM>\n</BINARY2>\n</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


class VotableSink:
    """One TABLE; what is not a multiple of three bytes waits for the next batch."""

    def __init__(self, part: Part) -> None:
        self._columns = part.columns
        self._rest = b""
        self._file = open_binary(part.path, part.compression)
        self._file.write(_head(part).encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of a batch."""
        data = self._rest + self._rows(batch)
        whole = len(data) - len(data) % _LINE_BYTES
        for first in range(0, whole, _LINE_BYTES):
            self._file.write(base64.b64encode(memoryview(data)[first : first + _LINE_BYTES]))
            self._file.write(b"\n")
        self._rest = data[whole:]

    def close(self) -> None:
        """Write the last bytes and the end of the document."""
        self._file.write(base64.b64encode(self._rest) + _TAIL)
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        try:
            self._file.close()
        except OSError:
            return  # what could not be flushed to a full disk is removed with the file

    def _rows(self, batch: pa.RecordBatch) -> bytes:
        """The batch as BINARY2 rows: NULL bits, then the cells in order."""
        blocks: list[_Texts] = []
        fixed: list[tuple[str, npt.NDArray[Any]]] = [("nulls", self._null_bits(batch))]
        for i, column in enumerate(self._columns):
            array = batch.column(i)
            if column.type is not ColumnType.STRING:
                fixed.append((f"f{i}", _cells(array, column)))
                continue
            texts = _utf16(array)
            fixed.append((f"n{i}", (np.diff(texts.offsets) // 2).astype(">i4")))
            blocks += [_packed(fixed), texts]
            fixed = []
        if fixed:
            blocks.append(_packed(fixed))
        return _interleave(blocks, batch.num_rows)

    def _null_bits(self, batch: pa.RecordBatch) -> npt.NDArray[np.uint8]:
        width = (len(self._columns) + 7) // 8
        bits = np.zeros((batch.num_rows, 8 * width), bool)
        for i in range(len(self._columns)):
            missing = null_mask(batch.column(i))
            if missing is not None:
                bits[:, i] = missing
        return np.packbits(bits, axis=1)


class _Texts:
    """Texts of different lengths: their bytes one after the other, and where each begins and the last ends."""

    def __init__(self, data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> None:
        self.data = data
        self.offsets = offsets

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Bytes of each."""
        return np.diff(self.offsets)


def _utf16(array: pa.Array) -> _Texts:
    """Texts in big-endian UTF-16, as ``unicodeChar`` is; ASCII, the usual case, without a loop over the rows."""
    array = array.fill_null("") if array.null_count else array
    if pc.all(pc.string_is_ascii(array)).as_py() in (True, None):
        offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64)
        ascii_bytes = np.frombuffer(array.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
        return _Texts(ascii_bytes.astype(">u2").view(np.uint8), 2 * (offsets - offsets[0]))
    encoded = [text.encode("utf-16-be") for text in array.to_pylist()]
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in encoded])]).astype(np.int64)
    return _Texts(np.frombuffer(b"".join(encoded), np.uint8), offsets)


def _cells(array: pa.Array, column: Column) -> npt.NDArray[Any]:
    if column.type is ColumnType.TIMESTAMP:
        return fixed_width(iso_times(array), ISO_WIDTH)
    if column.type is ColumnType.BOOLEAN:
        values = np.where(np.asarray(array.fill_null(False)), ord("T"), ord("F")).astype(np.uint8)
        missing = null_mask(array)
        return values if missing is None else np.where(missing, ord("?"), values).astype(np.uint8)
    empty = float("nan") if column.type in {ColumnType.FLOAT32, ColumnType.FLOAT64} else 0
    return np.asarray(array.fill_null(empty).to_numpy(zero_copy_only=False).astype(f">{NUMPY_TYPES[column.type]}"))


def _packed(fields: list[tuple[str, npt.NDArray[Any]]]) -> _Texts:
    """Cells of fixed width side by side, as equally long texts."""
    dtype = np.dtype([(name, cells.dtype, cells.shape[1:]) for name, cells in fields])
    rows = np.empty(len(fields[0][1]), dtype)
    for name, cells in fields:
        rows[name] = cells
    return _Texts(rows.view(np.uint8), np.arange(len(rows) + 1, dtype=np.int64) * dtype.itemsize)


def _interleave(blocks: list[_Texts], count: int) -> bytes:
    """Row by row, the bytes of each block one after the other."""
    if len(blocks) == 1 or not count:
        return blocks[0].data.tobytes()
    lengths = np.stack([block.lengths for block in blocks], axis=1)
    if (lengths == lengths[0]).all():
        return np.hstack([block.data.reshape(count, -1) for block in blocks]).tobytes()
    starts = np.concatenate([[0], np.cumsum(lengths.ravel())]).astype(np.int64)
    result = np.empty(starts[-1], np.uint8)
    for i, block in enumerate(blocks):
        # where each byte of the block goes: the start of its cell, and as many bytes on as it is into the cell
        shift = starts[i : -1 : len(blocks)] - block.offsets[:-1]
        result[np.repeat(shift, block.lengths) + np.arange(block.offsets[-1])] = block.data
    return result.tobytes()


def _head(part: Part) -> str:
    infos = "".join(f"<INFO name={quoteattr(name)} value={quoteattr(_legal(text))}/>\n" for name, text in facts(part.metadata).items())
    fields = "".join(map(_field, part.columns))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
        f'<RESOURCE type="results">\n<INFO name="QUERY_STATUS" value="OK"/>\n{infos}<TABLE name="result">\n{fields}'
        '<DATA>\n<BINARY2>\n<STREAM encoding="base64">\n'
    )


def _field(column: Column) -> str:
    more = "".join(f" {key}={quoteattr(_legal(text))}" for key, text in (("unit", column.unit), ("ucd", column.ucd)) if text)
    name = quoteattr(_legal(column.name))
    if not column.description:
        return f"<FIELD name={name} {_TYPES[column.type]}{more}/>\n"
    return f"<FIELD name={name} {_TYPES[column.type]}{more}><DESCRIPTION>{escape(_legal(column.description))}</DESCRIPTION></FIELD>\n"


def _legal(text: str) -> str:
    """Text without the characters that XML 1.0 (section 2.2) has no way to write."""
    return "".join(c if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff") else "\ufffd" for c in text)
