"""Coverage maps as files: FITS, JSON and ASCII (IVOA MOC 2.0), read with limits, written by mocpy."""

import io
import json
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InvalidRequest
from ..footprint.moc import DEEPEST_ORDER, Moc
from ..footprint.model import MocFormat
from ..grid import IntArray

__all__ = ["LARGEST_MOC_BYTES", "MOST_CELLS", "MocpyFiles"]

LARGEST_MOC_BYTES = 16_000_000
"""Bytes of a file that is read."""

MOST_CELLS = 1_000_000
"""Cells, or ranges of cells, that a file may list."""

_ADVICE = "send it at a lower order, or only the part that you need"
_TOKEN = re.compile(r"\s*(?:(\d{1,2})/|(\d{1,19})(?:-(\d{1,19}))?)[\s,]*")


class MocpyFiles:
    """Implements `skydesk.footprint.ports.MocFiles`."""

    def read(self, content: bytes) -> Moc:
        """Read a map; see `MocFiles.read`."""
        if len(content) > LARGEST_MOC_BYTES:
            raise InvalidRequest(f"the MOC has {len(content):,} bytes, {LARGEST_MOC_BYTES:,} are the most; {_ADVICE}")
        head = content[:80].lstrip()
        if head.startswith(b"SIMPLE  ="):
            return _from_fits(content)
        if head.startswith(b"{"):
            return _from_json(content)
        return _from_ascii(content)

    def write(self, moc: Moc, format: MocFormat) -> bytes:  # noqa: A002
        """Write a map; see `MocFiles.write`."""
        from mocpy import MOC

        made = MOC.from_depth29_ranges(moc.order, moc.ranges.astype(np.uint64))
        if format is not MocFormat.FITS:
            return str(made.to_string(format=format.value, fold=80)).encode()
        with tempfile.TemporaryDirectory(prefix="skydesk-moc-") as folder:
            path = Path(folder) / "moc.fits"
            made.save(path, format="fits")
            return path.read_bytes()


def _from_json(content: bytes) -> Moc:
    _require_few(content.count(b","))
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest('the MOC is no JSON; one looks like {"5": [1, 2], "6": [40]}') from error
    cells = []
    for key, numbers in value.items():
        order = int(key) if key.isascii() and key.isdigit() and len(key) <= 2 else DEEPEST_ORDER + 1
        if order > DEEPEST_ORDER or not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise InvalidRequest(f'the MOC has the entry {key!r:.20}; each is an order from 0 to 29 with a list of cells: "5": [1, 2]')
        cells.append((order, numbers))
    _require_few(sum(len(numbers) for _, numbers in cells))
    return _of_cells(cells)


def _from_ascii(content: bytes) -> Moc:
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidRequest("the file is no MOC: neither FITS nor JSON nor ASCII as in 5/1-3 6/40") from error
    order, finest, place, listed = -1, 0, 0, 0
    ranges: list[tuple[int, int]] = []
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or (order < 0 and not found[1]):
            raise InvalidRequest(f"the file is no MOC: {text[place : place + 20]!r} does not belong there; one looks like 5/1-3 6/40")
        place = found.end()
        if found[1]:
            order = int(found[1])
            finest = max(finest, _checked_order(order))
            continue
        listed += 1
        _require_few(listed)
        first, last = int(found[2]), int(found[3] or found[2])
        ranges.append(_range(order, first, last))
    if order < 0:
        raise InvalidRequest("the file is empty; a MOC looks like 5/1-3 6/40")
    return Moc(finest, ranges)


def _from_fits(content: bytes) -> Moc:
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyUserWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyUserWarning)
            with fits.open(io.BytesIO(content)) as hdus:
                return _from_table(hdus)
    except InvalidRequest:
        raise
    except Exception as error:  # astropy has many ways to say that a file is broken
        raise InvalidRequest(f"the FITS file is broken: {str(error) or type(error).__name__:.100}") from error


def _from_table(hdus: Any) -> Moc:
    if len(hdus) < 2:
        raise InvalidRequest("the FITS file has no table, and so no MOC")
    header = hdus[1].header
    dimension, ordering = header.get("MOCDIM", "SPACE"), header.get("ORDERING", "NUNIQ")
    if dimension != "SPACE" or ordering not in {"NUNIQ", "RANGE"}:
        raise InvalidRequest(f"the FITS file is no MOC of space in NUNIQ or RANGE ordering, but {dimension!r:.20} in {ordering!r:.20}")
    order = header.get("MOCORD_S", header.get("MOCORDER"))
    if not isinstance(order, int):
        raise InvalidRequest("the FITS file names no order (MOCORD_S, MOCORDER), and so is no MOC")
    if header.get("XTENSION") != "BINTABLE" or header.get("TFIELDS") != 1:
        raise InvalidRequest("the FITS file's first extension is no table of one column, and so no MOC")
    _require_few(int(header["NAXIS2"]) // (2 if ordering == "RANGE" else 1))
    values = np.asarray(hdus[1].data.field(0)).ravel()
    if values.dtype.kind not in "iu":
        raise InvalidRequest("the FITS file's column does not hold whole numbers, and so no cells of a MOC")
    if len(values) and (values.dtype == np.uint64 and int(values.max()) >= 2**63):
        raise InvalidRequest("the FITS file has numbers beyond every cell of the sky")
    values = values.astype(np.int64)
    if ordering == "RANGE":
        if len(values) % 2:
            raise InvalidRequest("the FITS file's last range has no end")
        return Moc(_checked_order(order), values.reshape(-1, 2))
    return _of_unique(values, order)


def _of_unique(values: IntArray, order: int) -> Moc:
    """Cells as NUNIQ numbers them: 4 x 4^order + cell."""
    if len(values) and int(values.min()) < 4:
        raise InvalidRequest(f"the FITS file has the number {int(values.min())}, which no cell has in NUNIQ ordering; it must be 4 or more")
    orders = (np.frexp(values.astype(np.float64))[1].astype(np.int64) - 3) // 2
    orders -= (np.int64(4) << (2 * orders)) > values  # 2^62 and its like round up
    if len(orders) and int(orders.max()) > DEEPEST_ORDER:
        raise InvalidRequest(f"the FITS file has cells beyond order {DEEPEST_ORDER}")
    cells = values - (np.int64(4) << (2 * orders))
    if (cells >= np.int64(12) << (2 * orders)).any():
        raise InvalidRequest("the FITS file has cells that the sky has not")
    shift = 2 * (DEEPEST_ORDER - orders)
    return Moc(max(_checked_order(order), int(orders.max(initial=0))), np.stack([cells << shift, (cells + 1) << shift], axis=1))


def _of_cells(cells: list[tuple[int, list[int]]]) -> Moc:
    ranges = [_range(order, number, number) for order, numbers in cells for number in numbers]
    return Moc(max((order for order, _ in cells), default=0), ranges)


def _range(order: int, first: int, last: int) -> tuple[int, int]:
    if not 0 <= first <= last < 12 * 4**order:
        shown = str(first) if first == last else f"{first}-{last}"
        raise InvalidRequest(f"the MOC has the cells {shown:.45} of order {order}; they go from 0 to {12 * 4**order - 1}")
    shift = 2 * (DEEPEST_ORDER - order)
    return first << shift, (last + 1) << shift


def _checked_order(order: int) -> int:
    if not 0 <= order <= DEEPEST_ORDER:
        raise InvalidRequest(f"the MOC has the order {order}; orders go from 0 to {DEEPEST_ORDER}")
    return order


def _require_few(count: int) -> None:
    if count > MOST_CELLS:
        raise InvalidRequest(f"the MOC lists {count:,} cells, {MOST_CELLS:,} are the most; {_ADVICE}")
