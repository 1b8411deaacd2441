"""Result files back into memory as Arrow, whatever format they were written in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq

from ..errors import InvalidRequest
from ..query.arrow import schema_of
from ..query.model import Column, ColumnType, Format
from ..query.output import parse_output

__all__ = ["read_result"]


def read_result(path: Path) -> pa.Table:
    """Read one result file.

    Parameters
    ----------
    path
        A file that SkyDesk wrote; its ending says the format.

    Returns
    -------
    pyarrow.Table
        Units, UCDs and descriptions stand in the metadata of the fields where the format holds them.

    Raises
    ------
    InvalidRequest
        The ending is none of a result file, or the file is broken.
    """
    kind = parse_output(path.name).format
    try:
        return _READERS[kind](path)
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        raise InvalidRequest(f"{path.name} cannot be read as {kind}: {error}") from error


def _parquet(path: Path) -> pa.Table:
    return pq.read_table(path, partitioning=None)


def _arrow(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def _delimited(path: Path, delimiter: str) -> pa.Table:
    return pa.csv.read_csv(path, parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True), convert_options=_CONVERT)


_CONVERT = pa.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)


def _hdf5(path: Path) -> pa.Table:
    from astropy.table import Table

    return _from_astropy(Table.read(path, format="hdf5", path="data"))


def _ecsv(path: Path) -> pa.Table:
    from astropy.table import Table

    return _from_astropy(Table.read(path, format="ascii.ecsv"))


def _fits(path: Path) -> pa.Table:
    """Read the raw records, where a NULL text (NUL) and an empty one (a space) can still be told apart."""
    from astropy.io import fits

    with fits.open(path, memmap=False) as hdus:
        header, raw = hdus[1].header, hdus[1].data.view(np.ndarray)
        columns, arrays = [], []
        for n, name in enumerate(raw.dtype.names, start=1):
            unit, values = header.get(f"TUNIT{n}"), raw[name]
            array, kind = _fits_array(values, header.get(f"TNULL{n}"), is_logical=header[f"TFORM{n}"] == "L")
            if header.get(f"TXTYP{n}") == "timestamp":
                array, kind = array.cast(pa.timestamp("us")), ColumnType.TIMESTAMP
            described = header.get(f"TCOMM{n}", "")
            columns.append(Column(name=header[f"TTYPE{n}"], type=kind, unit=unit, ucd=header.get(f"TUCD{n}"), description=described))
            arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=schema_of(columns))


def _fits_array(values: Any, null: int | None, *, is_logical: bool) -> tuple[pa.Array, ColumnType]:
    if values.dtype.kind == "S":
        missing = values == b""
        texts = np.char.rstrip(values, b" ")
        return pa.array(texts, pa.binary(), mask=missing).cast(pa.string()), ColumnType.STRING
    if is_logical:
        codes = values.view(np.uint8)
        return pa.array(codes == ord("T"), mask=codes == 0), ColumnType.BOOLEAN
    native = values.astype(values.dtype.newbyteorder("="))
    return pa.array(native, mask=native == null if null is not None else None), _KINDS[native.dtype.str[1:]]


def _votable(path: Path) -> pa.Table:
    from astropy.io.votable import parse_single_table

    table = parse_single_table(path)
    columns, arrays = [], []
    for field in table.fields:
        array, kind = _array(table.array[field.ID])
        if field.xtype == "timestamp":
            array, kind = _times(array), ColumnType.TIMESTAMP
        unit = str(field.unit) if field.unit is not None else None
        columns.append(Column(name=field.name, type=kind, unit=unit, ucd=field.ucd, description=field.description or ""))
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=schema_of(columns))


def _from_astropy(table: Any) -> pa.Table:
    columns, arrays = [], []
    for name in table.colnames:
        array, kind = _array(table[name])
        unit = str(table[name].unit) if table[name].unit is not None else None
        meta = table[name].info.meta or {}
        if meta.get("type") == "timestamp":
            array, kind = _times(array), ColumnType.TIMESTAMP
        described = table[name].info.description or ""
        columns.append(Column(name=name, type=kind, unit=unit, ucd=meta.get("ucd"), description=described))
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=schema_of(columns))


def _array(column: Any) -> tuple[pa.Array, ColumnType]:
    """A column of astropy's as Arrow; masked is NULL."""
    mask = np.ma.getmaskarray(column)
    values = np.asarray(np.ma.getdata(column))
    if values.dtype.kind in "SUO":
        texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values.tolist()]
        return pa.array(texts, pa.string(), mask=mask), ColumnType.STRING
    native = values.astype(values.dtype.newbyteorder("="))
    return pa.array(native, mask=mask), _KINDS[native.dtype.str[1:]]


def _times(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), None, texts).cast(pa.timestamp("us"))


_KINDS = {
    "b1": ColumnType.BOOLEAN,
    "i2": ColumnType.INT16,
    "i4": ColumnType.INT32,
    "i8": ColumnType.INT64,
    "f4": ColumnType.FLOAT32,
    "f8": ColumnType.FLOAT64,
}

_READERS: dict[Format, Callable[[Path], pa.Table]] = {
    Format.PARQUET: _parquet,
    Format.ARROW: _arrow,
    Format.CSV: lambda path: _delimited(path, ","),
    Format.TAB: lambda path: _delimited(path, "\t"),
    Format.FITS: _fits,
    Format.HDF5: _hdf5,
    Format.VOTABLE: _votable,
    Format.ECSV: _ecsv,
}
