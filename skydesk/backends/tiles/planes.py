"""Planes that need no decoder of our own: pixels as they are, and what fitsio reads for us."""

import os
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidImage, ServiceUnavailable
from .descriptor import Descriptor

__all__ = ["FitsioPlane", "PlainPlane", "check_box"]

_FITSIO = Lock()
"""fitsio's library is not told to be safe from several threads."""


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
    """Anything else that fitsio reads: other compressions, scaled pixels."""

    def __init__(self, name: str, cards: tuple[bytes, ...], *, path: Path, number: int, label: str, width: int, height: int) -> None:
        self.name = name
        self.cards = cards
        self.width = width
        self.height = height
        self._path = path
        self._number = number
        self._label = label

    @cached_property
    def dtype(self) -> Any:
        """The type that fitsio gives."""
        return self._pixels(slice(0, 1), slice(0, 1)).dtype.newbyteorder("=")

    def read(self, x: int, y: int, out: NDArray[Any]) -> None:
        """Fill ``out``; see `TilePlane.read`."""
        check_box(self.width, self.height, self.dtype, x, y, out)
        if out.size == 0:
            return
        rows, columns = out.shape
        pixels = self._pixels(slice(y, y + rows), slice(x, x + columns))
        if pixels.shape != out.shape:
            raise InvalidImage(f"{self._label} gives {pixels.shape} pixels where {out.shape} were asked for")
        out[:] = pixels

    def _pixels(self, rows: slice, columns: slice) -> NDArray[Any]:
        with _FITSIO:
            try:
                extension = self._open[self._number]
                found: NDArray[Any] = extension[rows, columns]
            except (OSError, ValueError, TypeError, LookupError, RuntimeError) as error:
                reason = str(error).strip().splitlines()[-1:] or ["no reason given"]
                raise InvalidImage(f"{self._label} cannot be read: {reason[0]}") from error
        return found

    @cached_property
    def _open(self) -> Any:
        import fitsio

        return fitsio.FITS(str(self._path))
