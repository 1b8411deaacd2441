"""Rows on their way from a service, batch by batch."""

import json
from collections.abc import Callable, Iterator, Mapping
from io import BufferedReader
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.ipc

from .errors import ServiceUnavailable
from .transport import Transport
from .web.arrow import ERROR_KEY
from .web.errors import error_from_json

__all__ = ["RowReader"]


class RowReader:
    """Rows on their way: use it as a context manager and iterate over its Arrow batches, or `read_all`.

    Leaving the context before the end stops the statement.

    Parameters
    ----------
    transport
        What carries the call.
    body
        Of ``POST query/stream``.
    """

    def __init__(self, transport: Transport, body: Mapping[str, Any]) -> None:
        self._opened = transport.open("POST", "query/stream", body)
        self._source: _Source | None = None
        self._reader: Any = None

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns; units, UCDs and descriptions in the metadata of the fields."""
        return self._reader.schema

    def read_all(self) -> pa.Table:
        """All rows in memory."""
        return pa.Table.from_batches(list(self), schema=self.schema)

    def __enter__(self) -> Self:
        file = self._opened.__enter__()
        self._source = source = _Source(file)
        try:
            # what is wrong at once is met here, not inside Arrow
            file.peek(1)
            self._reader = self._whole(lambda: pa.ipc.open_stream(source))
        except BaseException as error:
            # the transport has better words for a lost connection than Arrow
            if not self._opened.__exit__(type(error), error, error.__traceback__):
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            try:
                batch, said = self._whole(self._reader.read_next_batch_with_custom_metadata)
            except StopIteration:
                return
            # what goes wrong after the first row is told in the metadata of a last, empty batch (docs/api.md)
            if said and ERROR_KEY.encode() in said:
                raise error_from_json(400, json.loads(said[ERROR_KEY.encode()]))
            yield batch

    def _whole(self, read: Callable[[], Any]) -> Any:
        """What Arrow reads; raises what went wrong below it."""
        try:
            return read()
        except (pa.ArrowInvalid, OSError, StopIteration) as error:
            if self._source is not None and self._source.error is not None:
                raise self._source.error from None
            if isinstance(error, StopIteration):
                raise
            raise ServiceUnavailable("the rows broke off, or are none; try again, or submit a job") from error


class _Source:
    """A file for Arrow to read, which keeps back what goes wrong: Arrow would never let go of the exception and all it refers to.

    Parameters
    ----------
    file
        The rows as bytes.
    """

    closed = False

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self.error: BaseException | None = None

    def read(self, size_bytes: int = -1) -> bytes:
        """Read so many bytes, fewer at the end; nothing after an error."""
        try:
            return b"" if self.error is not None else self._file.read(size_bytes)
        except BaseException as error:
            self.error = error
            return b""
