"""Positions as files: Parquet between the service and its jobs."""

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..cutout.model import NO_OBJECT, Positions
from ..cutout.position_text import PositionTable
from ..errors import Fault, InternalError, InvalidRequest, NotFound
from .job_manifest import open_plain
from .position_tables import MAX_PLAIN_BYTES, table_of_file

__all__ = ["LocalPositionFiles", "given_from_parquet", "positions_from_parquet", "positions_to_parquet"]

_COLUMNS = ("ra_deg", "dec_deg", "object_id", "overrides")
_GIVEN = re.compile(r"given:\d+:(.*)", re.DOTALL)
_BROKEN = "broken"


class LocalPositionFiles:
    """Reads tables of positions of every format; see `skydesk.cutout.drafts.PositionFiles`."""

    def read(self, content: bytes, file_name: str = "") -> PositionTable:
        """Read a file; see `skydesk.cutout.drafts.PositionFiles.read`."""
        return table_of_file(content, file_name)

    def read_result(self, path: Path) -> PositionTable:
        """Read a result file; see `skydesk.cutout.drafts.PositionFiles.read_result`."""
        try:
            with open_plain(path) as file:
                content = file.read(MAX_PLAIN_BYTES + 1)
        except OSError as error:
            raise NotFound(f"the file {path.name[:100]!r} cannot be read: {error.strerror}") from error
        if len(content) > MAX_PLAIN_BYTES:
            message = f"is larger than {MAX_PLAIN_BYTES >> 20} MiB; select fewer rows or columns"
            raise InvalidRequest([Fault(field="file", message=message)])
        return table_of_file(content, path.name)

    def pack(self, positions: Positions, table: PositionTable | None = None) -> bytes:
        """Write positions; see `skydesk.cutout.drafts.PositionFiles.pack`."""
        return positions_to_parquet(positions, table)


def positions_to_parquet(positions: Positions, given: PositionTable | None = None) -> bytes:
    """Write positions as the input of a job; the same positions give the same bytes.

    Columns are ``ra_deg`` and ``dec_deg`` (degrees, ICRS), ``object_id``, and ``overrides``, a JSON object a row; null stands for
    what is not there.

    Parameters
    ----------
    given
        The table that the positions were read from, to be kept beside them in columns of their own; `given_from_parquet` reads it.
    """
    overrides: list[str | None] = [None] * len(positions)
    for row, own in positions.overrides.items():
        overrides[row] = json.dumps(dict(own), separators=(",", ":"))
    columns = {
        "ra_deg": pa.array(positions.ra_deg, pa.float64(), from_pandas=True),
        "dec_deg": pa.array(positions.dec_deg, pa.float64(), from_pandas=True),
        "object_id": pa.array(positions.object_id, pa.int64(), mask=positions.object_id == NO_OBJECT),
        "overrides": pa.array(overrides, pa.string()),
    }
    if given is not None:
        columns |= {f"given:{place}:{name}": values for place, (name, values) in enumerate(zip(given.columns, given.values, strict=True))}
        if given.broken:
            columns[_BROKEN] = pa.array([given.broken.get(row) for row in range(len(given))], pa.string())
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd")
    return buffer.getvalue()


def positions_from_parquet(content: bytes) -> Positions:
    """Read what `positions_to_parquet` wrote.

    Raises
    ------
    InternalError
        It is something else.
    """
    try:
        table = pq.read_table(io.BytesIO(content), columns=list(_COLUMNS), use_threads=False)
        overrides = {
            row: _values(json.loads(text)) for row, text in enumerate(table["overrides"].cast(pa.string()).to_pylist()) if text is not None
        }
        return Positions(
            ra_deg=_floats(table["ra_deg"]),
            dec_deg=_floats(table["dec_deg"]),
            object_id=table["object_id"].cast(pa.int64()).fill_null(NO_OBJECT).to_numpy().astype(np.int64),
            overrides=overrides,
        )
    except (pa.ArrowException, KeyError, ValueError, OSError) as error:
        raise InternalError(f"the positions of the job cannot be read: {error}") from error


def given_from_parquet(content: bytes) -> PositionTable | None:
    """Read the table that positions were read from; None where it was not kept.

    Raises
    ------
    InternalError
        It is no file of `positions_to_parquet`.
    """
    try:
        table = pq.read_table(io.BytesIO(content), use_threads=False)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise InternalError(f"the positions cannot be read: {error}") from error
    named = [(match[1], table[name].combine_chunks()) for name in table.column_names if (match := _GIVEN.fullmatch(name))]
    if not named:
        return None
    broken = table[_BROKEN].to_pylist() if _BROKEN in table.column_names else []
    return PositionTable(
        columns=tuple(name for name, _ in named),
        values=tuple(values for _, values in named),
        broken={row: message for row, message in enumerate(broken) if message is not None},
    )


def _floats(column: Any) -> Any:
    return column.cast(pa.float64()).fill_null(float("nan")).to_numpy().astype(np.float64)


def _values(overrides: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tuples(value) for name, value in overrides.items()}


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
