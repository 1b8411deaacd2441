"""Loops over pixels: mean of blocks, and values between pixels; what is blank is NaN."""

import math

import numpy as np
from numpy.typing import NDArray

from ..tiles.bits import compiled

__all__ = ["block_means", "interpolate"]


@compiled("void(float32[:,::1], boolean[:,::1], int64, float32[:,::1])")
def block_means(image: NDArray[np.float32], blank: NDArray[np.bool_], side: int, out: NDArray[np.float32]) -> None:
    """Fill ``out`` with the means of square blocks; blocks at the right and upper edges may be cut off."""
    height, width = image.shape
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            total, count = 0.0, 0
            for y in range(row * side, min((row + 1) * side, height)):
                for x in range(column * side, min((column + 1) * side, width)):
                    if not blank[y, x] and math.isfinite(image[y, x]):
                        total += image[y, x]
                        count += 1
            out[row, column] = np.float32(total / count) if count else np.float32(np.nan)


@compiled("void(float32[:,::1], float64[:,:], float64[:,:], boolean[:,:], float32[:,::1])")
def interpolate(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], wanted: NDArray[np.bool_], out: NDArray[np.float32]
) -> None:
    """Fill the wanted pixels of ``out`` with values at places of an image, from 0; bilinear, the nearest pixel where one of four is blank.

    What lies outside the image stays as it is.
    """
    height, width = image.shape
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            at_x, at_y = x[row, column], y[row, column]
            inside = at_x >= -0.5 and at_x <= width - 0.5 and at_y >= -0.5 and at_y <= height - 0.5
            if not (wanted[row, column] and inside):
                continue
            left, below = math.floor(at_x), math.floor(at_y)
            right_part, upper_part = at_x - left, at_y - below
            first_x, last_x = max(left, 0), min(left + 1, width - 1)
            first_y, last_y = max(below, 0), min(below + 1, height - 1)
            lower = image[first_y, first_x] * (1 - right_part) + image[first_y, last_x] * right_part
            upper = image[last_y, first_x] * (1 - right_part) + image[last_y, last_x] * right_part
            value = lower * (1 - upper_part) + upper * upper_part
            if not math.isfinite(value):
                value = image[last_y if upper_part > 0.5 else first_y, last_x if right_part > 0.5 else first_x]
            out[row, column] = np.float32(value)
