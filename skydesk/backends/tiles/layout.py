"""How a tile-compressed image lies in its table: what the header says, checked (FITS standard 4.0, section 10.1)."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from .header import Extension, Header

__all__ = ["LARGEST_SIDE", "Layout", "dtype_of", "layout_of"]

LARGEST_SIDE = 2**31 - 1
_LARGEST_TILE = 2**28
_LARGEST_BLOCK = 2**12
_STRIDE = 128
_DITHERS = {"": 0, "NO_DITHER": 0, "SUBTRACTIVE_DITHER_1": 1, "SUBTRACTIVE_DITHER_2": 2}
_COMPRESSIONS = {"RICE_1": "RICE_1", "RICE_ONE": "RICE_1", "GZIP_1": "GZIP_1", "GZIP_2": "GZIP_2"}
_WIDTHS = {"L": 1, "X": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_FORM = re.compile(r"(\d{0,9})([LXBIJKAEDCMPQ])([A-Z]?).*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the table."""

    offset: int
    """Bytes from the begin of a row."""

    code: str
    """Letter of TFORM: P and Q for a descriptor of a place in the heap."""

    element: str
    """Letter of what lies in the heap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A tile-compressed image that is decoded by our own code."""

    header: Header
    compression: str
    """RICE_1, GZIP_1 or GZIP_2."""

    width: int
    height: int
    tile_width: int
    tile_height: int
    dtype: Any
    """Native type of the pixels that are given."""

    quantised: bool
    """True for floats that are kept as whole numbers."""

    pixel_bytes: int
    """BYTEPIX of RICE: 1, 2 or 4."""

    block: int
    """BLOCKSIZE of RICE: pixels that share one mode."""

    dither: int
    """0 for none, 1 and 2 for the methods of these numbers."""

    seed: int
    """ZDITHER0."""

    begin: int
    """Place of the table in the file."""

    row_bytes: int
    heap_begin: int
    """Place of the heap in the file."""

    heap_bytes: int
    columns: dict[str, Column]

    @property
    def is_float(self) -> bool:
        """True for images of floats, quantised or not."""
        return bool(self.dtype.kind == "f")

    @property
    def tiles_across(self) -> int:
        """Tiles beside one another."""
        return -(-self.width // self.tile_width)

    @property
    def tiles(self) -> int:
        """Tiles of the image, rows of the table."""
        return self.tiles_across * -(-self.height // self.tile_height)

    @property
    def stride(self) -> int:
        """Pixels between two entries of the seek index: whole blocks, 128 where that goes."""
        return self.block * -(-_STRIDE // self.block)

    @property
    def entries(self) -> int:
        """Entries of the seek index for one tile."""
        return -(-self.tile_width * self.tile_height // self.stride)


def layout_of(extension: Extension) -> Layout | None:
    """Read how a compressed image lies in its table.

    Returns
    -------
    Layout or None
        None for what the own decoder does not read, but fitsio may.

    Raises
    ------
    InvalidImage
        The header contradicts itself, or is nonsense.
    """
    header = extension.header
    width, height = _size(header)
    tile_width = min(header.integer("ZTILE1", width, least=1), width)
    tile_height = min(header.integer("ZTILE2", 1, least=1), height)
    if tile_width * tile_height > _LARGEST_TILE:
        raise header.fault(f"has tiles of {tile_width} x {tile_height} pixels; more than {_LARGEST_TILE} are not read")
    rows = -(-width // tile_width) * -(-height // tile_height)
    if header.integer("NAXIS2") != rows:
        raise header.fault(f"has {header.integer('NAXIS2')} rows for {rows} tiles")
    row_bytes, heap_bytes = header.integer("NAXIS1"), header.integer("PCOUNT", 0)
    heap_at = header.integer("THEAP", row_bytes * rows, least=row_bytes * rows, most=row_bytes * rows + heap_bytes)
    columns = _columns(header, row_bytes)
    bits, zquantiz = header.integer("ZBITPIX"), header.text("ZQUANTIZ").upper()
    dtype = dtype_of(header, bits)
    compression = _COMPRESSIONS.get(header.text("ZCMPTYPE").upper())
    if compression is None or not _is_plain(header, bits) or zquantiz not in (*_DITHERS, "NONE"):
        return None
    pixel_bytes, block = _rice_options(header)
    if compression == "RICE_1" and not _is_rice(zquantiz, bits, pixel_bytes, block):
        return None
    is_scaled = "ZSCALE" in columns or "ZSCALE" in header
    if columns.get("COMPRESSED_DATA", Column(offset=0, code="", element="")).element != "B":
        raise header.fault("has no column COMPRESSED_DATA of bytes")
    return Layout(
        header=header,
        compression=compression,
        width=width,
        height=height,
        tile_width=tile_width,
        tile_height=tile_height,
        dtype=dtype,
        quantised=bits < 0 and (compression == "RICE_1" or (is_scaled and zquantiz != "NONE")),
        pixel_bytes=pixel_bytes,
        block=block,
        dither=_DITHERS.get(zquantiz, 0),
        seed=header.integer("ZDITHER0", 1, least=1, most=10_000) if _DITHERS.get(zquantiz) else 1,
        begin=extension.begin,
        row_bytes=row_bytes,
        heap_begin=extension.begin + heap_at,
        heap_bytes=row_bytes * rows + heap_bytes - heap_at,
        columns=columns,
    )


def dtype_of(header: Header, bits: int) -> Any:
    """Give the native type of unscaled pixels; an offset of half the range stands for unsigned integers.

    Raises
    ------
    InvalidImage
        The number of bits is none that FITS knows.
    """
    types: dict[int, Any] = {8: np.uint8, 16: np.int16, 32: np.int32, 64: np.int64, -32: np.float32, -64: np.float64}
    if bits not in types:
        raise header.fault(f"has no known type of pixels, got {bits} bits")
    offset = header.number("BZERO", 0)
    shifted: dict[tuple[int, float], Any] = {(8, -128): np.int8, (16, 2**15): np.uint16, (32, 2**31): np.uint32}
    return np.dtype(shifted.get((bits, offset), types[bits]))


def _size(header: Header) -> tuple[int, int]:
    axes = header.integer("ZNAXIS", least=0, most=999)
    if axes != 2:
        raise header.fault(f"has {axes} axes; images of 2 can be cut")
    return header.integer("ZNAXIS1", least=1, most=LARGEST_SIDE), header.integer("ZNAXIS2", least=1, most=LARGEST_SIDE)


def _is_plain(header: Header, bits: int) -> bool:
    """Tell whether pixels are what is kept, but for the offset of unsigned integers and the scaling of quantised floats."""
    scale, zero = header.number("BSCALE", 1), header.number("BZERO", 0)
    return scale == 1 and (zero == 0 or (bits, zero) in ((8, -128), (16, 2**15), (32, 2**31))) and bits != 64


def _is_rice(zquantiz: str, bits: int, pixel_bytes: int, block: int) -> bool:
    """Tell whether the decoder of RICE knows these options."""
    if zquantiz not in _DITHERS or pixel_bytes not in (1, 2, 4) or not 1 <= block <= _LARGEST_BLOCK:
        return False
    return pixel_bytes * 8 >= bits if bits > 0 else pixel_bytes > 1


def _rice_options(header: Header) -> tuple[int, int]:
    """Give BYTEPIX and BLOCKSIZE."""
    options = {"BYTEPIX": 4, "BLOCKSIZE": 32}
    for number in range(1, 10):
        name = header.text(f"ZNAME{number}").upper()
        if name in options:
            options[name] = header.integer(f"ZVAL{number}")
    return options["BYTEPIX"], options["BLOCKSIZE"]


def _columns(header: Header, row_bytes: int) -> dict[str, Column]:
    found: dict[str, Column] = {}
    offset = 0
    for number in range(1, header.integer("TFIELDS", least=1, most=999) + 1):
        form = _FORM.fullmatch(header.text(f"TFORM{number}").strip().upper())
        if form is None:
            raise header.fault(f"has no known format in TFORM{number}, got {header.text(f'TFORM{number}')[:40]!r}")
        count, code = int(form[1] or 1), form[2]
        found[header.text(f"TTYPE{number}").upper()] = Column(offset=offset, code=code if count == 1 else "", element=form[3])
        offset += -(-count // 8) if code == "X" else count * _WIDTHS[code]
    if offset != row_bytes:
        raise header.fault(f"has columns of {offset} bytes in rows of {row_bytes}")
    return found
