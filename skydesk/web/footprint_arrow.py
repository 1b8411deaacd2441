"""Checks, densities and positions as Arrow streams."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from ..footprint.model import Checked, Density
from ..grid import FloatArray
from ..query.model import Column, ColumnType
from .arrow import ARROW_STREAM, arrow_stream
from .http import BytesReply

__all__ = ["checked_reply", "density_reply", "positions_reply"]


def checked_reply(checked: Checked, metadata: Mapping[str, Any]) -> BytesReply:
    """Answer with a check's columns; how many are inside is put into the metadata."""
    columns, batch = _checked_to_arrow(checked)
    counts = {name: int(inside.sum()) for name, inside in checked.inside.items()}
    region = {} if checked.in_region is None else {"in_region": int(checked.in_region.sum())}
    return _reply(columns, batch, {"rows": batch.num_rows, "inside": counts, **region, **metadata})


def positions_reply(ra_deg: FloatArray, dec_deg: FloatArray, metadata: Mapping[str, Any]) -> BytesReply:
    """Answer with positions, ICRS, degrees, row by row; what could not be read is null."""
    columns = [
        Column(name=name, type=ColumnType.FLOAT64, unit="deg", ucd=ucd) for name, ucd in (("RA", "pos.eq.ra"), ("DEC", "pos.eq.dec"))
    ]
    arrays = [pa.array(values, pa.float64(), from_pandas=True) for values in (ra_deg, dec_deg)]
    return _reply(columns, pa.RecordBatch.from_arrays(arrays, names=["RA", "DEC"]), {"rows": len(ra_deg), **metadata})


def density_reply(density: Density) -> BytesReply:
    """Answer with a density map."""
    columns = [
        Column(name="pixel", type=ColumnType.INT32, description=f"HEALPix pixel of nside {density.nside}, nested, ICRS"),
        Column(name="value", type=ColumnType.FLOAT32, unit=density.unit or None, description=density.title),
    ]
    if 12 * density.nside**2 > 2**31:
        columns[0] = Column(name="pixel", type=ColumnType.INT64, description=columns[0].description)
    kind = pa.int32() if columns[0].type is ColumnType.INT32 else pa.int64()
    batch = pa.RecordBatch.from_arrays([pa.array(density.pixels, kind), pa.array(density.values, pa.float32())], names=["pixel", "value"])
    metadata: Mapping[str, Any] = {
        "release": density.release,
        "kind": density.kind,
        "title": density.title,
        "unit": density.unit,
        "nside": density.nside,
        "rows": len(density.pixels),
    }
    return _reply(columns, batch, metadata)


def _checked_to_arrow(checked: Checked) -> tuple[list[Column], pa.RecordBatch]:
    described: list[tuple[Column, pa.Array]] = []
    for release, inside in checked.inside.items():
        column = Column(name=f"in_{release}", type=ColumnType.BOOLEAN, description=f"whether a tile of {release} covers the position")
        described.append((column, pa.array(inside)))
    if checked.in_region is not None:
        column = Column(name="in_region", type=ColumnType.BOOLEAN, description="whether the position lies in the region")
        described.append((column, pa.array(checked.in_region)))
    tile = Column(name="TILENAME", type=ColumnType.STRING, ucd="meta.id", description="tile that covers the position")
    described.append((tile, pa.array(checked.tiles.tolist(), pa.string())))
    words = "distance to the edge of the footprint, positive inside; a tile's size stands for anything farther"
    edge = Column(name="edge_arcmin", type=ColumnType.FLOAT64, unit="arcmin", description=words)
    described.append((edge, pa.array(checked.edge_arcmin, from_pandas=True)))
    columns = [column for column, _ in described]
    return columns, pa.RecordBatch.from_arrays([array for _, array in described], names=[column.name for column in columns])


def _reply(columns: list[Column], batch: pa.RecordBatch, metadata: Mapping[str, Any]) -> BytesReply:
    return BytesReply(body=b"".join(arrow_stream(columns, [batch], metadata)), media_type=ARROW_STREAM)
