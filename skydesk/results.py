"""Rows that came back, as astropy, pandas and Arrow have them."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .query.model import Column, ColumnType

if TYPE_CHECKING:
    import pandas as pd
    from astropy.table import Table

__all__ = ["Result", "columns_of"]

_PREVIEW_ROWS = 20


class Result:
    """The rows of one query, held in memory as Arrow.

    Parameters
    ----------
    table
        The rows; units, UCDs and descriptions stand in the metadata of the fields.
    sql
        The statement that gave them.
    """

    def __init__(self, table: pa.Table, *, sql: str) -> None:
        self._table = table
        self.sql = sql
        self.columns = columns_of(table.schema)

    @property
    def truncated(self) -> bool:
        """True where the survey has more rows than a quick query shows."""
        return bool(self.metadata.get("truncated", False))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the service said about the run: times in seconds, release, limits."""
        value: Mapping[str, Any] = json.loads((self._table.schema.metadata or {}).get(b"skydesk", b"{}"))
        return value

    def to_arrow(self) -> pa.Table:
        """The rows as a `pyarrow.Table`, nothing copied."""
        return self._table

    def to_pandas(self) -> "pd.DataFrame":
        """The rows as a `pandas.DataFrame`; integers with NULLs become nullable integers, text stays text."""
        import pandas as pd

        nullable = {pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        has_nulls = any(column.null_count for column in self._table.columns)
        frame: pd.DataFrame = self._table.to_pandas(types_mapper=nullable.get if has_nulls else None)
        return frame

    def to_astropy(self) -> "Table":
        """The rows as an `astropy.table.Table` with units, UCDs (in ``meta``) and descriptions; NULLs are masked."""
        from astropy.table import Table

        table = Table({column.name: _astropy_column(self._table[i], column) for i, column in enumerate(self.columns)})
        table.meta["query"] = self.sql
        return table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        return f"<Result: {len(self)} rows of {len(self.columns)} columns>\n{self._preview()}"

    def _repr_html_(self) -> str:
        from astropy.table import Table

        table: Table = Result(self._table.slice(0, _PREVIEW_ROWS), sql=self.sql).to_astropy()
        more = f"<p>the first {_PREVIEW_ROWS} of {len(self):,} rows</p>" if len(self) > _PREVIEW_ROWS else ""
        return f"{table._repr_html_()}{more}"

    def _preview(self) -> str:
        head = Result(self._table.slice(0, _PREVIEW_ROWS), sql=self.sql).to_astropy()
        return "\n".join(head.pformat(max_width=160))


def columns_of(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns that a schema describes in the metadata of its fields."""
    return tuple(_column(field) for field in schema)


def _column(field: pa.Field) -> Column:
    said = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    kind = ColumnType(said["type"]) if said.get("type") in set(ColumnType) else _type_of(field.type)
    return Column(
        name=field.name,
        type=kind,
        unit=said.get("unit") or None,
        ucd=said.get("ucd") or None,
        description=said.get("description", ""),
    )


def _type_of(kind: pa.DataType) -> ColumnType:
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return ColumnType.TIMESTAMP
    return _TYPES.get(kind, ColumnType.STRING)


_TYPES = {
    pa.bool_(): ColumnType.BOOLEAN,
    pa.int16(): ColumnType.INT16,
    pa.int32(): ColumnType.INT32,
    pa.int64(): ColumnType.INT64,
    pa.float32(): ColumnType.FLOAT32,
    pa.float64(): ColumnType.FLOAT64,
}


def _astropy_column(values: pa.ChunkedArray, column: Column) -> Any:
    import numpy as np
    from astropy.table import Column as PlainColumn
    from astropy.table import MaskedColumn
    from astropy.time import Time

    mask = np.asarray(values.is_null())
    fill: Any = {ColumnType.STRING: "", ColumnType.BOOLEAN: False}.get(column.type, 0)
    if column.type is ColumnType.TIMESTAMP:
        stamps = values.cast(pa.timestamp("us")).fill_null(0).to_numpy().astype("datetime64[us]")
        times = Time(stamps, format="datetime64", scale="utc")
        times.format = "isot"
        if mask.any():
            times[mask] = np.ma.masked
        return times
    if column.type is ColumnType.STRING:
        data = np.asarray(values.cast(pa.string()).fill_null(fill).to_numpy(), dtype=str)
    else:
        data = values.fill_null(fill).to_numpy()
    meta = {"ucd": column.ucd} if column.ucd else {}
    kind = MaskedColumn if mask.any() else PlainColumn
    extra = {"mask": mask} if mask.any() else {}
    return kind(data, name=column.name, unit=_unit(column.unit), description=column.description or None, meta=meta, **extra)


def _unit(name: str | None) -> Any:
    from astropy import units

    return units.Unit(name, parse_strict="silent") if name else None
