"""Rows and bytes of one result, counted against what the user may have."""

from collections.abc import Iterator

import pyarrow as pa

from ..errors import LimitExceeded
from .model import Column
from .ports import RowStream

__all__ = ["LimitedRows", "bytes_in_words"]


class LimitedRows:
    """A `RowStream` that counts what passes and refuses to pass on more than is allowed.

    Parameters
    ----------
    rows
        What to count.
    max_rows
        Rows allowed; None for any number.
    max_bytes
        Size of the rows in memory allowed, bytes; None for any size.
    """

    def __init__(self, rows: RowStream, *, max_rows: int | None, max_bytes: int | None) -> None:
        self._inner = rows
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self.rows = 0
        self.size_bytes = 0

    @property
    def columns(self) -> tuple[Column, ...]:
        """The result's columns."""
        return self._inner.columns

    def fraction_done(self) -> float | None:
        """Part of the work that the database has done."""
        return self._inner.fraction_done()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches in order.

        Raises
        ------
        LimitExceeded
            The next batch passes a limit; it is not passed on.
        """
        for batch in self._inner:
            self.rows += batch.num_rows
            self.size_bytes += batch.nbytes
            self._check()
            yield batch

    def _check(self) -> None:
        if self._max_rows is not None and self.rows > self._max_rows:
            raise LimitExceeded(
                f"the result has more than {self._max_rows:,} rows, the most that you may have; "
                "narrow it down with WHERE, or take fewer with FETCH FIRST"
            )
        if self._max_bytes is not None and self.size_bytes > self._max_bytes:
            raise LimitExceeded(
                f"the result is larger than {bytes_in_words(self._max_bytes)}, the most that you may have; select fewer columns or rows"
            )


def bytes_in_words(size_bytes: int) -> str:
    """Write a size for people: ``1.5 GiB``."""
    size = float(size_bytes)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} TiB"
