"""How deep a pyramid is, and how its coarser pictures are made of the finer ones."""

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import Fault, InvalidRequest, LimitExceeded
from .geometry import FIRST_ORDER, TILE_WIDTH, cell_width_deg

__all__ = ["DEEPEST_ORDER", "Picture", "allsky_picture", "estimated_bytes", "natural_order", "order_within", "parent_picture"]

Picture: TypeAlias = NDArray[np.uint8]
"""Shape (512, 512, 4): red, green, blue, opacity."""

DEEPEST_ORDER = 13
_CELL_BYTES = 700_000
"""Of a picture full of stars and noise."""

_ALL_ORDERS = 4 / 3
_ALLSKY_WIDTH, _ALLSKY_COLUMNS = 64, 27


def natural_order(pixel_scale_arcsec: float) -> int:
    """Give the deepest order whose pixels are not smaller than those of the images."""
    finest = math.log2(cell_width_deg(0) * 3600 / TILE_WIDTH / pixel_scale_arcsec)
    return min(max(FIRST_ORDER, math.floor(finest)), DEEPEST_ORDER)


def estimated_bytes(area_deg2: float, order: int) -> int:
    """Estimate the size of a pyramid whose area is full of stars, bytes."""
    cells = area_deg2 / cell_width_deg(order) ** 2
    return round((cells + 4 * math.sqrt(cells) + 4) * _CELL_BYTES * _ALL_ORDERS)


def order_within(area_deg2: float, pixel_scale_arcsec: float, most_bytes: int, wanted: int | None = None) -> int:
    """Choose the deepest order: the one wanted, or the natural one, or as deep as fits.

    Raises
    ------
    InvalidRequest
        The order wanted is out of range.
    LimitExceeded
        It comes to more bytes than are allowed; or the coarsest one does.
    """
    if wanted is not None and not FIRST_ORDER <= wanted <= DEEPEST_ORDER:
        raise InvalidRequest([Fault(field="order", message=f"must be from {FIRST_ORDER} to {DEEPEST_ORDER}, got {wanted}")])
    order = natural_order(pixel_scale_arcsec) if wanted is None else wanted
    while estimated_bytes(area_deg2, order) > most_bytes:
        if wanted is not None or order == FIRST_ORDER:
            size = estimated_bytes(area_deg2, order)
            raise LimitExceeded(
                f"a colour pyramid down to order {order} may take {size:,} bytes, and a job of yours may make {most_bytes:,}; "
                "ask for a smaller order, or the operator for the pyramid"
            )
        order -= 1
    return order


def parent_picture(children: Sequence[Picture | None]) -> Picture:
    """Average the pictures of a cell's four children, in their order, 2 x 2 pixels to one; None for a child with nothing in it.

    Colours count as much as they are opaque, so that the edge of the survey does not darken.
    """
    whole = np.zeros((2 * TILE_WIDTH, 2 * TILE_WIDTH, 4), np.uint8)
    for number, child in enumerate(children):
        if child is not None:
            row, column = (number & 1) * TILE_WIDTH, (number >> 1) * TILE_WIDTH
            whole[row : row + TILE_WIDTH, column : column + TILE_WIDTH] = child
    return _averaged(whole, 2)


def allsky_picture(pictures: Mapping[int, Picture]) -> Picture:
    """Lay the pictures of order 3 side by side, 64 pixels each, 27 in a row (HiPS 1.0, section 4.3.2)."""
    rows = -(-12 * 4**FIRST_ORDER // _ALLSKY_COLUMNS)
    whole = np.zeros((rows * _ALLSKY_WIDTH, _ALLSKY_COLUMNS * _ALLSKY_WIDTH, 4), np.uint8)
    for cell, picture in pictures.items():
        row, column = (_ALLSKY_WIDTH * place for place in divmod(cell, _ALLSKY_COLUMNS))
        whole[row : row + _ALLSKY_WIDTH, column : column + _ALLSKY_WIDTH] = _averaged(picture, TILE_WIDTH // _ALLSKY_WIDTH)
    return whole


def _averaged(picture: Picture, factor: int) -> Picture:
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    blocks = picture.reshape(height, factor, width, factor, 4)
    opacity = blocks[..., 3].astype(np.uint32)
    total = opacity.sum(axis=(1, 3))
    made = np.empty((height, width, 4), np.uint8)
    most = np.maximum(total, 1)
    for channel in range(3):
        light = (blocks[..., channel] * opacity).sum(axis=(1, 3))
        made[..., channel] = (light + most // 2) // most
    made[..., 3] = (total + factor * factor // 2) // (factor * factor)
    return made
