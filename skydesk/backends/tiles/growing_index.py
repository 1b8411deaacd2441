"""A seek index that is made while it is used: first the entries of the tiles that are asked for, and all of them once that pays."""

from collections.abc import Callable
from threading import Lock

import numpy as np

from .seek_index import Entries, SeekIndex

__all__ = ["GrowingIndex"]

_SMALL_ENTRIES = 2**15
"""An index of no more entries than this is made at once; it takes some tens of milliseconds."""

_PART = 4
"""When one tile in so many was asked for, the others are made as well, and the index is kept."""


class GrowingIndex:
    """The entries of one plane that no process has read yet. Safe from several threads.

    The first cutout of a plane waits for the entries of its own rows, some hundredths of the whole, and nothing is made twice. What is
    there lies in memory, a quarter of the index at most; then the rest is made, and the index goes to where it is kept.

    Parameters
    ----------
    tiles
        Compressed tiles of the plane.
    entries
        Entries of each.
    build
        ``build(first, after, entries)`` fills in the entries of tiles from ``first`` to before ``after``.
    keep
        Takes the whole index over.
    """

    def __init__(self, tiles: int, entries: int, build: Callable[[int, int, Entries], None], keep: Callable[[Entries], SeekIndex]) -> None:
        self._entries, self._build, self._keep = entries, build, keep
        self._made: Entries | None = (np.empty(tiles * entries, np.uint32), np.empty(tiles * entries, np.int32))
        self._is_made = np.zeros(tiles, np.bool_)
        self._whole: SeekIndex | None = None
        self._lock = Lock()

    def entries(self, first: int, after: int) -> Entries | None:
        """Give the entries from ``first`` to before ``after``; None where a file that keeps them cannot give them.

        Raises
        ------
        InvalidImage, ServiceUnavailable, OSError
            As ``build`` does.
        """
        with self._lock:
            if self._made is not None:
                made = self._made
                self._make(made, first // self._entries, (after - 1) // self._entries + 1)
                if not self._is_due():
                    return made[0][first:after], made[1][first:after]
                self._make(made, 0, len(self._is_made))
                self._whole, self._made = self._keep(made), None
        return None if self._whole is None else self._whole.entries(first, after)

    def _is_due(self) -> bool:
        tiles, made = self._is_made.size, int(np.count_nonzero(self._is_made))
        return tiles * self._entries <= _SMALL_ENTRIES or _PART * made >= tiles

    def _make(self, made: Entries, first: int, after: int) -> None:
        """Make what is lacking of some tiles, neighbours at once."""
        lacking = np.flatnonzero(~self._is_made[first:after]) + first
        if not lacking.size:
            return
        for run in np.split(lacking, np.flatnonzero(np.diff(lacking) > 1) + 1):
            begin, end = int(run[0]), int(run[-1]) + 1
            self._build(begin, end, made)
            self._is_made[begin:end] = True
