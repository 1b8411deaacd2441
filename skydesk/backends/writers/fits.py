"""FITS binary tables, streamed (FITS Standard 4.0, section 7.3).

NULL is NaN in a floating column, the column's TNULL in an integer one, NUL in a logical one; a NULL text begins with NUL
(section 7.3.3.1) and an empty one is a space, which readers strip. Times are ISO 8601 texts, UTC, marked by
``TXTYPn = 'timestamp'``. Texts are UTF-8: characters outside ASCII are beyond the standard, and astropy reads them with
``character_as_bytes=True``.
"""

import shutil
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ...errors import InvalidRequest
from ...query.model import Column, ColumnType, Compression
from .binary import ISO_WIDTH, NUMPY_TYPES, fixed_width, iso_times, null_mask, text_widths
from .sink import Part, facts, open_binary

__all__ = ["FitsSink"]

_BLOCK_BYTES = 2880
_COPY_ROWS = 50_000
_FORMS = {
    ColumnType.BOOLEAN: "L",
    ColumnType.INT16: "I",
    ColumnType.INT32: "J",
    ColumnType.INT64: "K",
    ColumnType.FLOAT32: "E",
    ColumnType.FLOAT64: "D",
    ColumnType.TIMESTAMP: f"{ISO_WIDTH}A",
}
_INTEGERS = {ColumnType.INT16, ColumnType.INT32, ColumnType.INT64}


class FitsSink:
    """One binary table in the first extension, its header rewritten at the end when the number of rows is known."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._plain = part.path if part.compression is Compression.NONE else part.path.with_name(f"{part.path.name}.plain")
        self._widths = [1 if c.type is ColumnType.STRING else 0 for c in part.columns]
        self._rows = 0
        self._has_null = [False] * len(part.columns)
        self._has_least = [False] * len(part.columns)
        self._file: Any = self._plain.open("w+b", buffering=1 << 20)
        self._begin()

    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of a batch; make the table wider first where a text needs it."""
        needed = [max(a, b) for a, b in zip(self._widths, text_widths(self._part.columns, batch), strict=True)]
        if needed != self._widths:
            self._widen(needed)
        rows = np.zeros(batch.num_rows, self._dtype)
        for i, column in enumerate(self._part.columns):
            self._fill(rows[f"f{i}"], i, column, batch.column(i))
        self._file.write(rows.data)
        self._rows += len(rows)

    def close(self) -> None:
        """Pad the data, write the true header, compress if asked."""
        for i, column in enumerate(self._part.columns):
            if self._has_null[i] and self._has_least[i]:
                raise InvalidRequest(
                    f"column {column.name} holds NULL and {np.iinfo(NUMPY_TYPES[column.type]).min}, which a FITS file cannot tell apart; "
                    "write a .parquet or .vot file"
                )
        self._file.write(bytes(-self._rows * self._dtype.itemsize % _BLOCK_BYTES))
        self._file.seek(_BLOCK_BYTES)
        self._file.write(self._header())
        self._file.close()
        if self._plain != self._part.path:
            with self._plain.open("rb") as plain, open_binary(self._part.path, self._part.compression) as packed:
                shutil.copyfileobj(plain, packed, 1 << 20)
            self._plain.unlink()

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        try:
            self._file.close()
        except OSError:
            return  # what could not be flushed to a full disk is removed with the file
        finally:
            if self._plain != self._part.path:
                self._plain.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._dtype = _dtype(self._part.columns, self._widths)
        header = self._header()
        self._header_bytes = len(header)
        self._file.write(_primary())
        self._file.write(header)

    def _widen(self, widths: list[int]) -> None:
        """Copy what is written into a table with wider texts; rare, since the first batch mostly shows the widest."""
        old_file, old_dtype, start = self._file, self._dtype, _BLOCK_BYTES + self._header_bytes
        old_file.flush()
        self._widths = widths
        if not self._rows:
            old_file.seek(0)
            old_file.truncate()
            self._begin()
            return
        wider = self._plain.with_name(f"{self._plain.name}.wider")
        self._file = wider.open("w+b", buffering=1 << 20)
        self._begin()
        old_file.seek(start)
        for first in range(0, self._rows, _COPY_ROWS):
            count = min(_COPY_ROWS, self._rows - first)
            old = np.frombuffer(old_file.read(count * old_dtype.itemsize), old_dtype)
            new = np.zeros(count, self._dtype)
            for i, column in enumerate(self._part.columns):
                target = new[f"f{i}"]
                if column.type is ColumnType.STRING:
                    target[:, : old[f"f{i}"].shape[1]] = old[f"f{i}"]
                else:
                    target[...] = old[f"f{i}"]
            self._file.write(new.data)
        old_file.close()
        wider.replace(self._plain)

    def _fill(self, target: npt.NDArray[Any], i: int, column: Column, array: pa.Array) -> None:
        missing = null_mask(array)
        if column.type is ColumnType.STRING:
            target[...] = fixed_width(array, self._widths[i])
            empty = np.asarray(pc.equal(pc.binary_length(array.fill_null("x")), 0))
            target[empty, 0] = ord(" ")
        elif column.type is ColumnType.TIMESTAMP:
            target[...] = fixed_width(iso_times(array), ISO_WIDTH)
        elif column.type is ColumnType.BOOLEAN:
            values = np.where(np.asarray(array.fill_null(False)), ord("T"), ord("F"))
            target[...] = values if missing is None else np.where(missing, 0, values)
        elif column.type in _INTEGERS:
            least = np.iinfo(NUMPY_TYPES[column.type]).min
            values = array.fill_null(0).to_numpy(zero_copy_only=False)
            self._has_least[i] |= bool((values == least).any())
            self._has_null[i] |= missing is not None
            target[...] = values if missing is None else np.where(missing, least, values)
        else:
            target[...] = array.to_numpy(zero_copy_only=False)

    def _header(self) -> bytes:
        """The extension's header: always as long, blank cards standing for TNULLs that are not needed."""
        from astropy.io import fits

        header = fits.Header()
        header["XTENSION"] = ("BINTABLE", "binary table extension")
        header["BITPIX"] = 8
        header["NAXIS"] = 2
        header["NAXIS1"] = (self._dtype.itemsize, "bytes of a row")
        header["NAXIS2"] = (self._rows, "rows")
        header["PCOUNT"] = 0
        header["GCOUNT"] = 1
        header["TFIELDS"] = len(self._part.columns)
        header["EXTNAME"] = "RESULT"
        for i, column in enumerate(self._part.columns):
            self._describe(header, i, column)
        for name, text in facts(self._part.metadata).items():
            header[name.upper()] = _ascii(text)
        return bytes(header.tostring().encode("ascii"))

    def _describe(self, header: Any, i: int, column: Column) -> None:
        n = i + 1
        header[f"TTYPE{n}"] = _ascii(column.name)
        header[f"TFORM{n}"] = f"{self._widths[i]}A" if column.type is ColumnType.STRING else _FORMS[column.type]
        if column.type in _INTEGERS:
            if self._has_null[i]:
                header[f"TNULL{n}"] = int(np.iinfo(NUMPY_TYPES[column.type]).min)
            else:
                header.append("")
        xtype = "timestamp" if column.type is ColumnType.TIMESTAMP else None
        for key, text in (("TUNIT", column.unit), ("TUCD", column.ucd), ("TXTYP", xtype), ("TCOMM", column.description)):
            if text:
                header[f"{key}{n}"] = _ascii(text)


def _dtype(columns: Sequence[Column], widths: list[int]) -> np.dtype[Any]:
    fields: list[Any] = []
    for i, column in enumerate(columns):
        if column.type is ColumnType.STRING:
            fields.append((f"f{i}", "u1", (widths[i],)))
        elif column.type is ColumnType.TIMESTAMP:
            fields.append((f"f{i}", "u1", (ISO_WIDTH,)))
        else:
            fields.append((f"f{i}", "u1" if column.type is ColumnType.BOOLEAN else f">{NUMPY_TYPES[column.type]}"))
    return np.dtype(fields)


def _primary() -> bytes:
    from astropy.io import fits

    header = fits.Header()
    header["SIMPLE"] = True
    header["BITPIX"] = 8
    header["NAXIS"] = 0
    header["EXTEND"] = True
    return bytes(header.tostring().encode("ascii"))


def _ascii(text: str) -> str:
    """Header values are printable ASCII: what is not is written as an escape, and line ends as spaces."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode("ascii")
