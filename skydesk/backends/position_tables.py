"""Tables of positions out of files: CSV and its kin, FITS, VOTable, ECSV, Parquet and Arrow, each also with gzip."""

import io
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..cutout.columns import canonical_name
from ..cutout.position_text import MAX_COLUMNS, MAX_ROWS, PositionTable, table_of_text
from ..errors import InvalidRequest, SkydeskError

__all__ = ["MAX_PLAIN_BYTES", "arrow_of_astropy", "arrow_table", "table_of_file"]

MAX_PLAIN_BYTES = 256 << 20
"""Largest file after its gzip is taken off, bytes."""

_LONGEST_CELL = 1000
_ENCODINGS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_UNITS = {"RA": "deg", "DEC": "deg", "XSIZE": "arcmin", "YSIZE": "arcmin"}


def table_of_file(content: bytes, file_name: str = "") -> PositionTable:
    """Read a table of positions from a file; its first bytes say the format.

    Parameters
    ----------
    file_name
        For messages.

    Raises
    ------
    InvalidRequest
        It is none that is known, broken, or larger than `MAX_PLAIN_BYTES`.
    """
    content = _plain(content)
    kind, read = _format(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read(content)
    except SkydeskError:
        raise
    except MemoryError as error:
        raise InvalidRequest(f"{_shown(file_name)} needs more memory than there is; give fewer rows or columns") from error
    except Exception as error:  # whatever a reader makes of a file that somebody else wrote
        first = next(iter(str(error).splitlines()), type(error).__name__)[:300]
        raise InvalidRequest(f"{_shown(file_name)} cannot be read as {kind}: {first}") from error


def arrow_table(table: Any) -> PositionTable:
    """A table of positions out of an Arrow table: columns of numbers and texts as they are, others as text where that can be.

    Raises
    ------
    InvalidRequest
        It has too many rows or columns.
    """
    if table.num_rows > MAX_ROWS or table.num_columns > MAX_COLUMNS:
        raise InvalidRequest(
            f"there are {table.num_rows:,} rows and {table.num_columns:,} columns; at most {MAX_ROWS:,} and {MAX_COLUMNS:,} are read"
        )
    names, values = [], []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if (value := _column(column)) is not None:
            names.append(name)
            values.append(value)
    if not names:
        raise InvalidRequest("there are no columns; give a table with RA and DEC, or COADD_OBJECT_ID")
    if not len(values[0]):
        raise InvalidRequest("the table has no rows; give at least one position")
    return PositionTable(columns=tuple(names), values=tuple(values))


def arrow_of_astropy(table: Any) -> Any:
    """An Arrow table out of an astropy table; angles come in degrees, sizes in arcmin, columns of vectors are left out."""
    columns = {}
    for name in table.colnames:
        column, wanted = table[name], _UNITS.get(canonical_name(name) or "")
        if getattr(column, "ndim", 1) == 1 and hasattr(column, "dtype"):
            columns[name] = _of_numpy(column, wanted)
    return pa.table(columns)


def _plain(content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    reader = zlib.decompressobj(31)
    try:
        plain = reader.decompress(content, MAX_PLAIN_BYTES + 1)
    except zlib.error as error:
        raise InvalidRequest(f"the gzip file is broken: {error}") from error
    if len(plain) > MAX_PLAIN_BYTES:
        raise InvalidRequest(f"the file is larger than {MAX_PLAIN_BYTES >> 20} MiB once it is unpacked; give fewer rows or columns")
    if not reader.eof:
        raise InvalidRequest("the gzip file ends in the middle; upload it again")
    return plain


def _format(content: bytes) -> tuple[str, Callable[[bytes], PositionTable]]:
    start = content[:512].lstrip()
    if content.startswith(b"SIMPLE  ="):
        return "FITS", _fits
    if content.startswith(b"PAR1"):
        return "Parquet", _parquet
    if content.startswith(b"ARROW1") or content.startswith(b"\xff\xff\xff\xff"):
        return "Arrow", _arrow
    if start.startswith((b"<?xml", b"<VOTABLE", b"\xef\xbb\xbf<?xml")):
        return "VOTable", _votable
    if start.startswith(b"# %ECSV"):
        return "ECSV", _ecsv
    return "text", _text


def _text(content: bytes) -> PositionTable:
    encoding = next((name for mark, name in _ENCODINGS if content.startswith(mark)), "utf-8")
    try:
        return table_of_text(content.decode(encoding))
    except UnicodeDecodeError:
        if b"\0" in content[:10_000]:
            raise InvalidRequest(
                "the format of this file is not known; CSV, TSV, FITS, VOTable, ECSV, Parquet and Arrow are read, each also with gzip"
            ) from None
        return table_of_text(content.decode("latin-1"))


def _parquet(content: bytes) -> PositionTable:
    file = pq.ParquetFile(io.BytesIO(content))
    if file.metadata.num_rows > MAX_ROWS or file.metadata.num_columns > MAX_COLUMNS:
        raise InvalidRequest(f"there are {file.metadata.num_rows:,} rows; at most {MAX_ROWS:,} rows and {MAX_COLUMNS:,} columns are read")
    sizes = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
    if sizes > MAX_PLAIN_BYTES:
        raise InvalidRequest(f"the table takes {sizes >> 20} MiB; at most {MAX_PLAIN_BYTES >> 20} MiB are read, so drop columns")
    return arrow_table(file.read(use_threads=False))


def _arrow(content: bytes) -> PositionTable:
    open_ = pa.ipc.open_file if content.startswith(b"ARROW1") else pa.ipc.open_stream
    table = open_(pa.BufferReader(content)).read_all()
    table.validate(full=True)
    return arrow_table(table)


def _fits(content: bytes) -> PositionTable:
    from astropy.io import fits
    from astropy.table import Table

    with fits.open(io.BytesIO(content), memmap=False) as hdus:
        for hdu in hdus:
            if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(hdu, fits.CompImageHDU):
                _require_size(int(hdu.header["NAXIS2"]), int(hdu.header["TFIELDS"]))
                return _astropy(Table.read(hdu))
    raise InvalidRequest("the FITS file has no table in it; give one with columns RA and DEC, or COADD_OBJECT_ID")


def _votable(content: bytes) -> PositionTable:
    from astropy.io.votable import parse

    return _astropy(parse(io.BytesIO(content), verify="ignore").get_first_table().to_table(use_names_over_ids=True))


def _ecsv(content: bytes) -> PositionTable:
    from astropy.table import Table

    return _astropy(Table.read(io.BytesIO(content), format="ascii.ecsv"))


def _astropy(table: Any) -> PositionTable:
    _require_size(len(table), len(table.colnames))
    return arrow_table(arrow_of_astropy(table))


def _of_numpy(column: Any, unit: str | None) -> Any:
    mask = np.ma.getmaskarray(np.ma.asarray(column)) if hasattr(column, "mask") else None
    given = getattr(column, "unit", None)
    if unit is not None and given is not None and str(given) != unit and given.is_equivalent(unit):
        column = (np.asarray(column) * given).to_value(unit)
    values = np.asarray(column)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "latin-1")
    if values.dtype.kind in "OU":
        texts = [each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in values.tolist()]
        return pa.array(texts, pa.string(), mask=mask)
    return pa.array(values.astype(values.dtype.newbyteorder("=")), mask=mask)


def _require_size(rows: int, columns: int) -> None:
    if rows > MAX_ROWS or columns > MAX_COLUMNS:
        raise InvalidRequest(f"there are {rows:,} rows and {columns:,} columns; at most {MAX_ROWS:,} and {MAX_COLUMNS:,} are read")


def _column(column: Any) -> Any:
    """A column of plain numbers or texts; None for what is neither."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        return array
    try:
        return pc.utf8_slice_codeunits(array.cast(pa.string()), 0, _LONGEST_CELL)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _shown(file_name: str) -> str:
    return repr(file_name[:100]) if file_name else "the file"
