"""Names of a pyramid's files (HiPS 1.0, section 4.1): made, and read from what a client sends."""

import re
from dataclasses import dataclass

from ...errors import NotFound
from .geometry import FIRST_ORDER

__all__ = ["ALLSKY", "MOC_FILE", "PROPERTIES", "CellName", "cell_path", "known_path"]

PROPERTIES, MOC_FILE, ALLSKY = "properties", "Moc.fits", f"Norder{FIRST_ORDER}/Allsky.png"
_DEEPEST = 20
_PER_FOLDER = 10_000
_CELL = re.compile(r"Norder([0-9]{1,2})/Dir([0-9]{1,14})/Npix([0-9]{1,14})\.png")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellName:
    """A cell's picture, by its order and number."""

    order: int
    cell: int

    @property
    def path(self) -> str:
        """Path of the picture in the pyramid."""
        return cell_path(self.order, self.cell)


def cell_path(order: int, cell: int) -> str:
    """Name the picture of a cell: ``Norder6/Dir10000/Npix10302.png``."""
    return f"Norder{order}/Dir{cell // _PER_FOLDER * _PER_FOLDER}/Npix{cell}.png"


def known_path(text: str) -> str:
    """Give the path of a file that a pyramid may have, as it was asked for.

    Raises
    ------
    NotFound
        No pyramid has a file of this name.
    """
    if text in {PROPERTIES, MOC_FILE, ALLSKY}:
        return text
    found = _CELL.fullmatch(text)
    if found is not None:
        order, cell = int(found[1]), int(found[3])
        if FIRST_ORDER <= order <= _DEEPEST and cell < 12 * 4**order and cell_path(order, cell) == text:
            return text
    raise NotFound(f"a pyramid has no file {text[:80]!r}; names are {PROPERTIES}, {MOC_FILE}, {ALLSKY} and {cell_path(6, 10302)}")
