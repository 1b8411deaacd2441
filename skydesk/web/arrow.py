"""Rows as Arrow IPC streams, with what is known of the result in the schema's metadata."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from ..query.arrow import schema_of
from ..query.model import Column
from .errors import error_to_json

__all__ = ["ARROW_STREAM", "ERROR_KEY", "METADATA_KEY", "arrow_stream"]

ARROW_STREAM = "application/vnd.apache.arrow.stream"
"""Media type of an Arrow IPC stream (IANA)."""

METADATA_KEY = "skydesk"

ERROR_KEY = "skydesk-error"
"""Key in the custom metadata of a last, empty batch, under which the error that ended the rows is told."""


def arrow_stream(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], metadata: Mapping[str, Any] | None = None
) -> Iterator[bytes]:
    """Encode batches as they come; no more than one is held.

    Parameters
    ----------
    columns
        The result's columns; the batches have the same, in the same order.
    metadata
        JSON values for the schema's metadata, under the key ``skydesk``.

    Yields
    ------
    bytes
        The schema with the first batch, then a piece a batch, and the end marker only when all batches have come without an error.

    Raises
    ------
    Exception
        What the batches raise: before any byte where that comes before the first batch, else after an empty batch that tells it,
        and without the end marker, so that nobody takes such a stream for a whole one.
    """
    schema = schema_of(columns)
    if metadata is not None:
        schema = schema.with_metadata({METADATA_KEY: json.dumps(metadata, separators=(",", ":"), allow_nan=False)})
    pipe = _Pipe()
    writer = pa.ipc.new_stream(pipe, schema)
    begun = False
    try:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            begun = True
            yield pipe.take()
    except Exception as error:
        if not begun:
            raise
        told = json.dumps(error_to_json(error), allow_nan=False)
        writer.write_batch(pa.RecordBatch.from_pylist([], schema=schema), custom_metadata={ERROR_KEY: told})
        yield pipe.take()
        raise
    writer.close()
    yield pipe.take()


class _Pipe(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        """Everything written since the last call."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken
