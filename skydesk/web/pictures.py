"""Pictures for a gallery out of files that somebody else may have written: small PNGs, and the pixels of a FITS image."""

import io
import math
import re
import threading

import numpy as np
from numpy.typing import NDArray

from ..errors import Fault, InvalidRequest

__all__ = ["grey_of_fits", "thumbnail"]

_MOST_PIXELS = 4096 * 4096
_BLOCK, _CARD = 2880, 80
_MOST_CARDS = 5000
_VALUE = re.compile(rb"(SIMPLE|BITPIX|NAXIS[12]?) *= +([T\d-]+)")
_pillow = threading.Lock()
"""Pillow's guard against bombs is a setting of its module; pictures are small, so one at a time is no loss."""


def thumbnail(content: bytes, size_px: int) -> bytes:
    """Make a PNG no larger than a square of ``size_px`` pixels; one that is small enough is given as it is.

    Raises
    ------
    InvalidRequest
        It is no PNG, broken, or larger than 4096 x 4096 pixels.
    """
    from PIL import Image

    try:
        with _pillow, Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if math.prod(image.size) > _MOST_PIXELS:
                raise _not_shown(f"has {image.size[0]} x {image.size[1]} pixels, which are too many")
            if max(image.size) <= size_px:
                return content
            small = image.convert("L" if image.mode in {"L", "1", "I;16"} else "RGB")
            small.thumbnail((size_px, size_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
            made = io.BytesIO()
            small.save(made, "PNG", compress_level=1)
            return made.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _not_shown("is no PNG") from error


def grey_of_fits(content: bytes) -> NDArray[np.float32]:
    """Read the pixels of a FITS file's primary image, which is float32 of two axes as cutouts are (FITS 4.0, sections 3.1 and 4.4).

    Raises
    ------
    InvalidRequest
        It is something else, cut short, or larger than 4096 x 4096 pixels.
    """
    values: dict[bytes, bytes] = {}
    place = 0
    for place in range(0, min(len(content), _MOST_CARDS * _CARD), _CARD):
        card = content[place : place + _CARD]
        if card.rstrip() == b"END":
            break
        if (found := _VALUE.match(card)) is not None:
            values.setdefault(found[1], found[2])
    try:
        width, height = int(values[b"NAXIS1"]), int(values[b"NAXIS2"])
        known = values[b"SIMPLE"] == b"T" and int(values[b"BITPIX"]) == -32 and int(values[b"NAXIS"]) == 2
    except (KeyError, ValueError) as error:
        raise _not_shown("is no FITS image") from error
    begin = (place // _BLOCK + 1) * _BLOCK
    if not known or width < 1 or height < 1 or width * height > _MOST_PIXELS or begin + 4 * width * height > len(content):
        raise _not_shown("is a FITS image of another kind, too large, or cut short")
    pixels = np.frombuffer(content, ">f4", width * height, begin)
    return pixels.astype(np.float32).reshape(height, width)


def _not_shown(why: str) -> InvalidRequest:
    return InvalidRequest([Fault(field="name", message=f"names a file that cannot be shown: it {why}; ask for the file itself")])
