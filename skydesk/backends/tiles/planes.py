"""Planes that need no decoder of our own: pixels as they are, and what fitsio reads for us."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidImage, ServiceUnavailable
from .checksum import CheckedData
from .descriptor import Descriptor
from .fitsio_helper import FitsioHelpers, Unreadable

__all__ = ["HELPERS", "FitsioPlane", "PlainPlane", "check_box"]

HELPERS = FitsioHelpers()
"""Those of this process; none is started before it is needed."""

_MOST_PIXELS = 2**22
_MOST_LOSSES = 3
"""Helpers that one plane may cost before it is given up."""


def check_box(width: int, height: int, dtype: Any, x: int, y: int, out: NDArray[Any]) -> None:
    """Refuse what a caller must not ask for.

    Raises
    ------
    ValueError
        The box leaves the image, or the array is not of the image's type, or not in C order.
    """
    if out.ndim != 2 or out.dtype != dtype or not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError(f"out must be {dtype} in C order with two axes, got {out.dtype}")
    rows, columns = out.shape
    if x < 0 or y < 0 or y + rows > height or x + columns > width:
        raise ValueError(f"columns {x} to {x + columns} and rows {y} to {y + rows} leave {width} x {height} pixels")


class PlainPlane:
    """An uncompressed image: rows are read into place and their bytes turned round."""

    def __init__(
        self, name: str, cards: tuple[bytes, ...], *, file: Descriptor, label: str, begin: int, width: int, height: int, dtype: Any
    ) -> None:
        self.name = name
        self.cards = cards
        self.width = width
        self.height = height
        self.dtype = np.dtype(dtype)
        self._file = file
        self._label = label
        self._begin = begin

    def read(self, x: int, y: int, out: NDArray[Any]) -> None:
        """Fill ``out``; see `TilePlane.read`."""
        check_box(self.width, self.height, self.dtype, x, y, out)
        if out.size == 0:
            return
        size = self.dtype.itemsize
        for number, row in enumerate(out):
            try:
                got = os.preadv(self._file.number, [row.view(np.uint8)], self._begin + ((y + number) * self.width + x) * size)
            except OSError as error:
                raise ServiceUnavailable(f"{self._label} cannot be read: {error.strerror}") from error
            if got < row.nbytes:
                raise InvalidImage(f"{self._label} ends before row {y + number + 1}; the file is cut off")
        if np.little_endian:
            out.byteswap(inplace=True)
        if self._is_shifted:
            kept = out.view(np.uint8 if size == 1 else self.dtype)
            np.bitwise_xor(kept, kept.dtype.type(1 << (8 * size - 1)), out=kept)

    @property
    def _is_shifted(self) -> bool:
        """True where FITS keeps the pixels with the other kind of sign, and BZERO of half the range."""
        return self.dtype in (np.dtype(np.int8), np.dtype(np.uint16), np.dtype(np.uint32))


class FitsioPlane:
    """Anything else that fitsio reads, in a process of its own: other compressions, scaled pixels."""

    def __init__(
        self,
        name: str,
        cards: tuple[bytes, ...],
        *,
        path: Path,
        number: int,
        label: str,
        width: int,
        height: int,
        file: Descriptor,
        data: CheckedData,
        helpers: FitsioHelpers = HELPERS,
    ) -> None:
        self.name = name
        self.cards = cards
        self.width = width
        self.height = height
        self._place = {"path": str(path.absolute()), "identity": file.identity, "number": number}
        self._label = label
        self._data = data
        self._helpers = helpers
        self._losses: list[Unreadable] = []

    @cached_property
    def dtype(self) -> Any:
        """The type that fitsio gives."""
        return self._read(0, 0, (1, 1))

    def read(self, x: int, y: int, out: NDArray[Any]) -> None:
        """Fill ``out``; see `TilePlane.read`."""
        check_box(self.width, self.height, self.dtype, x, y, out)
        if out.size == 0:
            return
        step = max(1, _MOST_PIXELS // out.shape[1])
        for begin in range(0, out.shape[0], step):
            part = out[begin : begin + step]
            self._read(x, y + begin, part.shape, part)

    def _read(self, x: int, y: int, shape: tuple[int, ...], out: NDArray[Any] | None = None) -> Any:
        """Read, unless that has cost too many helpers."""
        if len(self._losses) >= _MOST_LOSSES:
            raise InvalidImage(str(self._losses[0]))
        try:
            self._data.check()
            return self._helpers.read({**self._place, "box": (x, y, *shape)}, self._label, out)
        except Unreadable as error:
            self._losses.append(error)
            raise
        except OSError as error:
            raise ServiceUnavailable(f"{self._label} cannot be read: {error.strerror}") from error
