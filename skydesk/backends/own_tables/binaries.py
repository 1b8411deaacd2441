"""FITS, HDF5, Parquet, Arrow, VOTable and ECSV, with the units, UCDs and descriptions that they carry."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from ...errors import Fault, InvalidRequest
from .heads import FileTable, Head, require_columns
from .inference import type_of_arrow

__all__ = ["BINARY_READERS"]

_BATCH_ROWS = 100_000
_MAX_BYTES = 2 << 30
"""What a file may take in memory for the formats that are read whole, bytes."""


def _fits(path: Path) -> FileTable:
    from astropy.io import fits
    from astropy.table import Table

    with _quiet(), fits.open(path, memmap=False, lazy_load_hdus=True) as hdus:
        for hdu in hdus:
            if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(hdu, fits.CompImageHDU):
                header = hdu.header
                require_columns(int(header["TFIELDS"]))
                _require_whole(path, hdu)
                table = Table.read(hdu)
                given = [
                    (_text_of(header, f"TUNIT{n}"), _text_of(header, f"TUCD{n}"), _text_of(header, f"TCOMM{n}") or "")
                    for n in range(1, int(header["TFIELDS"]) + 1)
                ]
                return _of_astropy(table, dict(zip(hdu.columns.names, given, strict=True)))
    raise InvalidRequest("the FITS file has no table in it; give one with a binary or an ASCII table")


def _require_whole(path: Path, hdu: Any) -> None:
    """Refuse a table that ends before its last row, as a transfer that broke off leaves it."""
    width, rows = int(hdu.header["NAXIS1"]), int(hdu.header["NAXIS2"])
    there = path.stat().st_size - int(hdu.fileinfo()["datLoc"])
    if width * rows > there:
        row = max(0, there) // max(1, width) + 1
        message = f"the FITS table ends in this row, but has {rows:,} by its header; it was cut off, so copy it again"
        raise InvalidRequest([Fault(row=row, message=message)])


def _text_of(header: Any, key: str) -> str | None:
    return str(header[key]) if header.get(key) else None


def _hdf5(path: Path) -> FileTable:
    import h5py

    with h5py.File(path, "r") as file:
        found: list[Any] = []
        file.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) and item.dtype.names else None)
        if not found:
            raise InvalidRequest(
                "the HDF5 file has no table in it; give one whose data set has named columns, as astropy and PyTables write"
            )
        dataset = max(found, key=lambda item: item.shape[0] if item.shape else 0)
        if dataset.nbytes > _MAX_BYTES:
            raise InvalidRequest(
                f"the table takes {dataset.nbytes >> 20:,} MiB; at most {_MAX_BYTES >> 20:,} MiB are read, so drop columns"
            )
        is_astropy, name = f"{dataset.name}.__table_column_meta__" in file, dataset.name
    if is_astropy:
        from astropy.table import Table

        with _quiet():
            return _of_astropy(Table.read(path, format="hdf5", path=name), {})
    return _of_structured(path, name)


def _of_structured(path: Path, name: str) -> FileTable:
    """A data set of records, as PyTables and pandas write them; a column of vectors is one of values_block_0."""
    import h5py

    with h5py.File(path, "r") as file:
        records = file[name][...]
    columns: dict[str, Any] = {}
    for field in records.dtype.names:
        values = records[field]
        columns |= {field: values} if values.ndim == 1 else {f"{field}_{n}": values[:, n] for n in range(values.shape[1])}
    require_columns(len(columns))
    table = pa.table({f"c{n}": _of_numpy(values) for n, values in enumerate(columns.values())})
    return FileTable(heads=tuple(Head(name=each) for each in columns), batches=iter(table.to_batches(_BATCH_ROWS)))


def _parquet(path: Path) -> FileTable:
    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    require_columns(len(schema.names))
    return _of_arrow(schema, file.iter_batches(_BATCH_ROWS))


def _arrow(path: Path) -> FileTable:
    with path.open("rb") as start:
        is_file = start.read(6) == b"ARROW1"
    source = pa.memory_map(str(path))
    if is_file:
        reader = pa.ipc.open_file(source)
        batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        return _of_arrow(reader.schema, (_checked(batch) for batch in batches))
    stream = pa.ipc.open_stream(source)
    return _of_arrow(stream.schema, (_checked(batch) for batch in stream))


def _checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    batch.validate(full=True)
    return batch


def _votable(path: Path) -> FileTable:
    from astropy.io.votable import parse

    with _quiet():
        table = parse(str(path), verify="ignore").get_first_table()
        given = {field.name: (str(field.unit) if field.unit else None, field.ucd, field.description or "") for field in table.fields}
        return _of_astropy(table.to_table(use_names_over_ids=True), given)


def _ecsv(path: Path) -> FileTable:
    from astropy.table import Table

    with _quiet():
        return _of_astropy(Table.read(path, format="ascii.ecsv"), {})


def _of_astropy(table: Any, given: dict[str, tuple[str | None, str | None, str]]) -> FileTable:
    heads, arrays, left_out = [], [], []
    for name in table.colnames:
        column = table[name]
        if getattr(column, "ndim", 1) != 1 or not hasattr(column, "dtype"):
            left_out.append(name)
            continue
        meta = column.info.meta or {}
        unit = str(column.unit) if getattr(column, "unit", None) is not None else None
        told = given.get(name, (unit, meta.get("ucd"), column.info.description or ""))
        heads.append(Head(name=name, unit=told[0], ucd=told[1], description=told[2]))
        arrays.append(_of_numpy(column))
    if left_out and not heads:
        raise InvalidRequest(f"every column holds more than one value a row ({', '.join(left_out)[:200]}); split them")
    made = pa.table({f"c{n}": array for n, array in enumerate(arrays)})
    return FileTable(heads=tuple(heads), batches=iter(made.to_batches(_BATCH_ROWS)))


def _of_arrow(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> FileTable:
    plain = [n for n, field in enumerate(schema) if type_of_arrow(_plain_type(field.type)) is not None]
    heads = tuple(_head(schema.field(n)) for n in plain)
    require_columns(len(heads))
    return FileTable(heads=heads, batches=(_plain_batch(batch, plain) for batch in batches))


def _plain_batch(batch: pa.RecordBatch, plain: list[int]) -> pa.RecordBatch:
    arrays = [batch.column(n) for n in plain]
    arrays = [array.dictionary_decode() if pa.types.is_dictionary(array.type) else array for array in arrays]
    arrays = [array.cast(pa.string()) if pa.types.is_large_string(array.type) else array for array in arrays]
    return pa.RecordBatch.from_arrays(arrays, names=[f"c{n}" for n in range(len(arrays))])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _head(field: pa.Field) -> Head:
    words = {key.decode(): value.decode("utf-8", "replace") for key, value in (field.metadata or {}).items()}
    return Head(name=field.name, unit=words.get("unit"), ucd=words.get("ucd"), description=words.get("description", ""))


def _of_numpy(column: Any) -> pa.Array:
    mask = np.ma.getmaskarray(np.ma.asarray(column)) if hasattr(column, "mask") else None
    values = np.asarray(np.ma.getdata(column))
    if values.dtype.kind in "SUO":
        texts = [each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in values.tolist()]
        return pa.array([text.rstrip(" \0") for text in texts], pa.string(), mask=mask)
    return pa.array(values.astype(values.dtype.newbyteorder("=")), mask=mask)


class _quiet(warnings.catch_warnings):  # noqa: N801 (used as a statement)
    """Without the warnings that astropy has for files of others."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")


def _begins(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda start: start.startswith(marks)


BINARY_READERS: tuple[tuple[Callable[[bytes], bool], str, Callable[[Path], FileTable]], ...] = (
    (_begins(b"SIMPLE  ="), "FITS", _fits),
    (_begins(b"\x89HDF\r\n\x1a\n"), "HDF5", _hdf5),
    (_begins(b"PAR1"), "Parquet", _parquet),
    (_begins(b"ARROW1", b"\xff\xff\xff\xff"), "Arrow", _arrow),
    (lambda start: start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"<?xml", b"<VOTABLE")), "VOTable", _votable),
    (_begins(b"# %ECSV"), "ECSV", _ecsv),
)
"""How the first bytes tell a format, and what reads it; whatever is none of these is a text."""
