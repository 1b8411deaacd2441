"""FITS files of cutouts, put together from header bytes that are made once a tile and size."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import __version__
from ...cutout.ports import BandCut
from ...cutout.projection import header_values
from ...errors import InvalidImage
from .cards import END, boolean_card, float_card, integer_card, keyword, padding, text_cards, whole

__all__ = ["fits_file"]

_STRUCTURE = frozenset(
    ["SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "GROUPS", "EXTEND", "BSCALE", "BZERO", "BLANK", "END"]
)
_STALE = frozenset(["DATASUM", "CHECKSUM", "ZDATASUM", "ZHECKSUM", "DATAMIN", "DATAMAX"])
_OWN = ("CUTVERS", "CUTTILE", "CUTREL", "CUTFILE", "CUTX1", "CUTX2", "CUTY1", "CUTY2", "CUTBLANK", "CUTNFROM", "CUTRESAM", "CUTOFFS")
_NUMBERED = ("CUTFROM", "CUTNPIX")
_POSITION = ("RA_CUTOUT", "DEC_CUTOUT")
_BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}
_MOST_TILES = 99


def fits_file(cut: BandCut, planes: Sequence[str]) -> bytes:
    """Make a FITS file.

    Parameters
    ----------
    cut
        The pixels and the headers of the tile that they lie on.
    planes
        Names of planes of the cut: the first is the primary image, the others are image extensions. Names that the cut has not are
        left out.

    Raises
    ------
    InvalidImage
        A plane has pixels that FITS has no form for, or its header is broken.
    """
    tail = _tail(cut)
    parts: list[Any] = []
    for place, name in enumerate(name for name in planes if name in cut.planes):
        pixels = cut.planes[name]
        height, width = pixels.shape
        template = _template(cut.cards[name], name, place == 0, (width, height), pixels.dtype.str, cut.tile, cut.release, cut.path.name)
        data, size = _data(pixels)
        parts += (template.patched(cut.x, cut.y), tail, END, b" " * padding(len(template.head) + len(tail) + len(END)))
        parts += (data, b"\0" * padding(size))
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class _Template:
    """The header of one plane but for what differs between cuts."""

    head: bytes
    moved: tuple[tuple[int, str, int, float], ...]
    """Place, keyword, axis and value of each CRPIX."""

    def patched(self, x: int, y: int) -> bytearray:
        head = bytearray(self.head)
        for at, key, axis, value in self.moved:
            head[at : at + 80] = _moved_card(key, value - (x if axis == 1 else y) + 0.0)
        return head


@lru_cache(maxsize=64)
def _moved_card(key: str, value: float) -> bytes:
    """Make the card of a CRPIX, which the planes of a cut have in common; a zero has no sign, since a cache does not tell it."""
    return float_card(key, value, "reference pixel, moved with the cut")


@lru_cache(maxsize=512)
def _template(
    cards: tuple[bytes, ...], name: str, primary: bool, size: tuple[int, int], kind: str, tile: str, release: str, file: str
) -> _Template:
    """Make what the headers of a plane's cuts of one size have in common."""
    values = header_values(cards)
    head, moved = bytearray(_structure(primary, size, kind)), []
    if "EXTNAME" not in values:
        head += text_cards("EXTNAME", name, "name of the plane")
    for card in _kept(whole(cards), primary):
        key = keyword(card)
        if key[:6] in {"CRPIX1", "CRPIX2"} and len(key) <= 7 and card[8:10] == b"= ":
            moved.append((len(head), key, int(key[5]), _number(key, values[key])))
        head += card
    head += text_cards("CUTVERS", f"SkyDesk {__version__}", "made this cutout")
    head += text_cards("CUTTILE", tile, "tile on whose pixels it lies")
    head += text_cards("CUTREL", release, "data release") if release else b""
    head += text_cards("CUTFILE", file)
    return _Template(bytes(head), tuple(moved))


def _structure(primary: bool, size: tuple[int, int], kind: str) -> bytes:
    bitpix, zero = _form(kind)
    head = boolean_card("SIMPLE", True, "conforms to FITS standard") if primary else text_cards("XTENSION", "IMAGE", "image extension")
    head += integer_card("BITPIX", bitpix, "bits per pixel, negative for floating point") + integer_card("NAXIS", 2, "number of axes")
    head += integer_card("NAXIS1", size[0], "width, pixels") + integer_card("NAXIS2", size[1], "height, pixels")
    if primary:
        head += boolean_card("EXTEND", True, "extensions may follow")
    else:
        head += integer_card("PCOUNT", 0, "number of parameters") + integer_card("GCOUNT", 1, "number of groups")
    if zero:
        head += integer_card("BZERO", zero, "offset of unsigned integers") + integer_card("BSCALE", 1)
    return head


def _kept(cards: tuple[bytes, ...], primary: bool) -> list[bytes]:
    """Give the cards that are true of the cut as of the tile; a string's CONTINUE cards go with it."""
    kept, dropping = [], False
    last = max((place for place, card in enumerate(cards) if card.strip()), default=-1)
    for card in cards[: last + 1]:
        key = keyword(card)
        if key != "CONTINUE":
            dropping = key in _STRUCTURE or key in _STALE or key in _OWN or key in _POSITION or (primary and key == "INHERIT")
            dropping |= key[:7] in _NUMBERED and key[7:].isdigit()
        if not dropping:
            kept.append(card)
    return kept


_COUNTS = "".join(
    f"{key:<8}= %20d / {comment}".ljust(80 - 20 + 4)
    for key, comment in (
        ("CUTX1", "first column on the tile, counted from 1"),
        ("CUTX2", "last column on the tile"),
        ("CUTY1", "first row on the tile, counted from 1"),
        ("CUTY2", "last row on the tile"),
        ("CUTBLANK", "pixels that no tile covers"),
        ("CUTNFROM", "pixels that came from other tiles"),
    )
)
"""Cards of whole numbers, to be filled in."""


def _tail(cut: BandCut) -> bytes:
    """Make the cards that each cut has for itself; the same for all planes."""
    height, width = cut.sci.shape
    counts = (cut.x + 1, cut.x + width, cut.y + 1, cut.y + height, cut.blank_pixels, sum(cut.stitched.values()))
    tail = b"".join(
        float_card(key, degrees, "[deg] position asked for, ICRS")
        for key, degrees in zip(_POSITION, (cut.ra_deg, cut.dec_deg), strict=True)
    )
    tail += (_COUNTS % counts).encode("ascii")
    if not cut.stitched:
        return tail
    tail += boolean_card("CUTRESAM", cut.resampled, "T: interpolated (Lanczos, 3 lobes)")
    tail += float_card("CUTOFFS", round(cut.offset_pixels, 4), "[pixel] largest shift of a pixel taken as it is")
    for number, (tile, count) in enumerate(list(cut.stitched.items())[:_MOST_TILES], 1):
        tail += text_cards(f"CUTFROM{number}"[:8], tile, "another tile that pixels came from")
        tail += integer_card(f"CUTNPIX{number}"[:8], count, "pixels from it")
    return tail


def _data(pixels: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Give the bytes of an image as FITS has them, and their number."""
    kind = pixels.dtype
    if _form(kind.str)[1]:
        signed = np.dtype(f"i{kind.itemsize}")
        pixels = (np.ascontiguousarray(pixels).view(signed) ^ np.array(np.iinfo(signed).min, signed)).astype(signed.newbyteorder(">"))
    else:
        pixels = pixels.astype(kind.newbyteorder(">"), order="C")
    return pixels, pixels.nbytes


def _form(kind: str) -> tuple[int, int]:
    """Give BITPIX and BZERO of pixels of a numpy type."""
    dtype = np.dtype(kind)
    code = f"{dtype.kind}{dtype.itemsize}"
    if code in _BITPIX:
        return _BITPIX[code], 0
    if dtype.kind == "u" and f"i{dtype.itemsize}" in _BITPIX:
        return _BITPIX[f"i{dtype.itemsize}"], 1 << (8 * dtype.itemsize - 1)
    raise InvalidImage(f"pixels of type {dtype} cannot be kept in a FITS file")


def _number(key: str, text: str) -> float:
    try:
        return float(text.upper().replace("D", "E"))
    except ValueError:
        raise InvalidImage(f"the header's {key} is no number: {text!r}") from None
