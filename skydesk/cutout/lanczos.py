"""Interpolate between pixels: Lanczos with three lobes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray

__all__ = ["LOBES", "interpolated"]

LOBES = 3


def interpolated(source: NDArray[Any], x: FloatArray, y: FloatArray, *, positive: bool = False) -> FloatArray:
    """Interpolate an image at places between its pixels.

    The kernel is sinc(t) sinc(t / 3) for abs(t) < 3, in x and in y (Duchon 1979), and its weights are divided by their sum, over the
    pixels that are there: beyond the edge and where a pixel is not finite there is none. Where the nearest pixel is not finite, or
    is 0 and ``positive`` holds, the result is that pixel.

    Parameters
    ----------
    source
        Shape (rows, columns).
    x, y
        Column and row, from 0, of shape (n,); inside the image.
    positive
        Let no result be negative, and let no weight come out of nothing: for a plane of weights.

    Returns
    -------
    FloatArray
        Shape (n,).
    """
    left, bottom = np.floor(x).astype(np.int64) - LOBES + 1, np.floor(y).astype(np.int64) - LOBES + 1
    total, weights = np.zeros(len(x)), np.zeros(len(x))
    for step_y in range(2 * LOBES):
        rows = bottom + step_y
        weight_y = _kernel(y - rows)
        for step_x in range(2 * LOBES):
            columns = left + step_x
            there = (rows >= 0) & (rows < source.shape[0]) & (columns >= 0) & (columns < source.shape[1])
            values = np.where(there, source[rows.clip(0, source.shape[0] - 1), columns.clip(0, source.shape[1] - 1)], np.nan)
            weight = np.where(np.isfinite(values), weight_y * _kernel(x - columns), 0.0)
            total += weight * np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
            weights += weight
    nearest = np.asarray(source[_nearest(y, source.shape[0]), _nearest(x, source.shape[1])], np.float64)
    keep = ~np.isfinite(nearest) | (np.abs(weights) < _LEAST_WEIGHT)
    if positive:
        keep |= nearest == 0
    result = np.where(keep, nearest, total / np.where(keep, 1.0, weights))
    return np.maximum(result, 0.0) if positive else result


_LEAST_WEIGHT = 0.1
"""Sum of weights below which too few pixels are there to interpolate between."""


def _kernel(distance: FloatArray) -> FloatArray:
    return np.where(np.abs(distance) < LOBES, np.sinc(distance) * np.sinc(distance / LOBES), 0.0)


def _nearest(place: FloatArray, size: int) -> NDArray[np.int64]:
    return np.floor(place + 0.5).astype(np.int64).clip(0, size - 1)
