"""One tile's image in one band, with what its header says."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidImage
from .ports import TileImage, TilePlane
from .projection import TanProjection

__all__ = ["MASK_BLANK", "SMOOTH_PLANES", "Sheet", "blank_plane"]

MASK_BLANK = 1
"""Bit of MSK that says: no data."""

SMOOTH_PLANES = ("SCI", "WGT")
"""Planes of which the pixels between pixels make sense."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A tile's image in one band with what its header says."""

    image: TileImage
    planes: dict[str, TilePlane]
    projection: TanProjection

    @classmethod
    def of(cls, image: TileImage) -> "Sheet":
        """Read what the header says.

        Raises
        ------
        InvalidImage
            There is no image in the file, its planes differ in size, or its WCS is none that can be used; the message names the file.
        """
        planes = {plane.name: plane for plane in image.planes}
        if not planes:
            raise InvalidImage(f"{image.path.name} has no image in it")
        if "SCI" not in planes:
            science = "IMAGE" if "IMAGE" in planes else next(iter(planes))
            planes = {"SCI" if name == science else name: plane for name, plane in planes.items()}
        science_plane = planes["SCI"]
        for name, plane in planes.items():
            if (plane.width, plane.height) != (science_plane.width, science_plane.height):
                sizes = f"{plane.width} x {plane.height}, SCI {science_plane.width} x {science_plane.height}"
                raise InvalidImage(f"{image.path.name}: the planes differ in size; {name} has {sizes} pixels")
        try:
            return cls(image, planes, _projection(science_plane.cards))
        except InvalidImage as error:
            raise InvalidImage(f"{image.path.name}: {error}") from error

    @property
    def width(self) -> int:
        """Columns."""
        return self.planes["SCI"].width

    @property
    def height(self) -> int:
        """Rows."""
        return self.planes["SCI"].height

    def chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """Give those of the planes that the file has, in its order, SCI among them."""
        return tuple(name for name in self.planes if name in names or name == "SCI")

    def read(self, name: str, x: int, y: int, width: int, height: int) -> NDArray[Any]:
        """Read a part of a plane, which lies inside it."""
        plane = self.planes.get(name)
        if plane is None:
            raise InvalidImage(f"{self.image.path.name} has no plane {name}, which the tile beside it has")
        out = np.empty((height, width), plane.dtype)
        plane.read(x, y, out)
        return out.astype(_pixel_type(name, plane), copy=False)


@lru_cache(maxsize=256)
def _projection(cards: tuple[bytes, ...]) -> TanProjection:
    return TanProjection.from_cards(cards)


def _pixel_type(name: str, plane: TilePlane) -> np.dtype[Any]:
    """SCI and WGT are floats, so that they can be blank or between two pixels; other planes are what they are."""
    kind = np.dtype(plane.dtype)
    return np.result_type(kind, np.float32) if name in SMOOTH_PLANES else kind


def blank_plane(name: str, plane: TilePlane, shape: tuple[int, int]) -> NDArray[Any]:
    """Make pixels that no tile covers: NaN, 0 in WGT, and bit 1 set in MSK; 0 in other planes of whole numbers."""
    kind = _pixel_type(name, plane)
    if name == "MSK":
        return np.full(shape, MASK_BLANK, kind)
    return np.full(shape, np.nan if kind.kind == "f" and name != "WGT" else 0, kind)
