"""Positions as people have them in a notebook, made into what the service reads."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import UsageError

__all__ = ["upload_of"]

_WAYS = "SkyCoord, a table, a list of object ids or names, (ra, dec) in degrees, the path of a file, or text"


def upload_of(positions: Any) -> dict[str, Any]:
    """Give the body of ``POST cutout/positions``.

    Parameters
    ----------
    positions
        A SkyCoord; an astropy, pandas or Arrow table or a `Result`; a list or array of object ids; a list of names; ``(ra, dec)``,
        numbers or arrays, or an array of shape (n, 2), ICRS, degrees; the path of a file; or text as one would paste it.

    Raises
    ------
    UsageError
        It is none of these, or the file cannot be read.
    """
    if isinstance(positions, Path) or (isinstance(positions, str) and "\n" not in positions and _is_file(positions)):
        return _of_file(Path(positions))
    if isinstance(positions, str):
        return {"text": positions}
    if isinstance(positions, Mapping):
        positions = pa.table({name: np.atleast_1d(np.asarray(values)) for name, values in positions.items()})
    table = _table(positions)
    if table is not None:
        return {"file_name": "positions.arrow", "content_base64": _encoded(table), "both": True}
    if isinstance(positions, Sequence) and positions and all(isinstance(each, str) for each in positions):
        return {"text": "\n".join(positions)}
    return {"file_name": "positions.arrow", "content_base64": _encoded(_of_numbers(positions))}


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _of_file(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {(error.strerror or 'unknown reason').lower()}") from error
    return {"file_name": path.name, "content_base64": base64.b64encode(content).decode()}


def _table(positions: Any) -> Any:
    """An Arrow table of what has columns; None for what has none."""
    if isinstance(positions, pa.Table):
        return positions
    if hasattr(positions, "to_arrow"):
        return positions.to_arrow()
    if hasattr(positions, "icrs"):
        icrs = positions.icrs
        return _pairs(icrs.ra.deg, icrs.dec.deg)
    if hasattr(positions, "colnames"):
        from .backends.position_tables import arrow_of_astropy

        return arrow_of_astropy(positions)
    if hasattr(positions, "columns") and hasattr(positions, "iloc"):
        return pa.Table.from_pandas(positions, preserve_index=False)
    return None


def _of_numbers(positions: Any) -> Any:
    if isinstance(positions, tuple) and len(positions) == 2:
        return _pairs(*positions)
    try:
        numbers = np.asarray(positions)
    except ValueError as error:
        raise UsageError(f"these are no positions; give {_WAYS}") from error
    if numbers.ndim <= 1 and numbers.dtype.kind in "iu" and numbers.size:
        return pa.table({"COADD_OBJECT_ID": np.atleast_1d(numbers).astype(np.int64)})
    if numbers.ndim == 2 and numbers.shape[1] == 2 and numbers.dtype.kind in "iuf":
        return _pairs(numbers[:, 0], numbers[:, 1])
    raise UsageError(f"{type(positions).__name__} is nothing that positions are read from; give {_WAYS}")


def _pairs(ra_deg: Any, dec_deg: Any) -> Any:
    try:
        ra, dec = (np.atleast_1d(np.asarray(values, np.float64)).ravel() for values in (ra_deg, dec_deg))
    except (TypeError, ValueError) as error:
        raise UsageError(f"right ascension and declination must be numbers, in degrees: {error}") from error
    if len(ra) != len(dec):
        raise UsageError(f"there are {len(ra)} right ascensions and {len(dec)} declinations; give as many of both")
    return pa.table({"RA": ra, "DEC": dec})


def _encoded(table: Any) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return base64.b64encode(sink.getvalue()).decode()
