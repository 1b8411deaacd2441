"""Collects the faults of a table without wording more of them than are shown."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import Fault

__all__ = ["FaultList"]


class FaultList:
    """Which rows are at fault, and how to word it for one of them."""

    def __init__(self) -> None:
        self._found: list[tuple[Any, str | None, Callable[[int], str]]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, wrong: Any, field: str | None, message: Callable[[int], str]) -> None:
        """Note the rows of a mask.

        Parameters
        ----------
        wrong
            Booleans, one a row.
        field
            Name of the column as given; None where it is the row.
        message
            Words the fault of a row, counted from 0.
        """
        rows = np.flatnonzero(wrong)
        if len(rows):
            self._found.append((rows, field, message))
            self._count += len(rows)

    def add_row(self, row: int, field: str | None, message: str) -> None:
        """Note one row."""
        self._found.append((np.array([row]), field, lambda _: message))
        self._count += 1

    def first(self, most: int) -> tuple[Fault, ...]:
        """The first faults in the order of rows, in a row in the order in which they were noted; rows count from 1."""
        if not self._found:
            return ()
        rows = np.concatenate([rows for rows, _, _ in self._found])
        which = np.repeat(np.arange(len(self._found)), [len(rows) for rows, _, _ in self._found])
        chosen = np.lexsort((which, rows))[:most]
        return tuple(self._fault(int(rows[i]), int(which[i])) for i in chosen)

    def _fault(self, row: int, which: int) -> Fault:
        _, field, message = self._found[which]
        return Fault(row=row + 1, field=None if field is None else field[:100], message=message(row))
