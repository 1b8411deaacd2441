"""What the footprint needs from the outside."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..grid import FloatArray, IntArray
from .model import MocFormat, TileFile
from .regions import Region

if TYPE_CHECKING:
    from .moc import Moc

__all__ = ["HealpixSky", "MocFiles", "TileFiles"]


class HealpixSky(Protocol):
    """Positions and nested HEALPix cells. Safe from several threads."""

    def cells(self, ra_deg: FloatArray, dec_deg: FloatArray, order: int) -> IntArray:
        """Number the cell in which each ICRS position, degrees, lies."""

    def centres(self, cells: IntArray, order: int) -> tuple[FloatArray, FloatArray]:
        """Give the centres of cells: ICRS right ascension and declination, degrees."""

    def covering(self, region: Region, order: int) -> "Moc":
        """Give a map that covers a region; cells of the order that it only touches are in it."""


class MocFiles(Protocol):
    """Reads and writes coverage maps (IVOA MOC 2.0)."""

    def read(self, content: bytes) -> "Moc":
        """Read FITS, JSON or ASCII, whichever it is.

        Raises
        ------
        InvalidRequest
            It is none of them, is broken, of time instead of space, or larger than is taken; nothing large is made of it first.
        """

    def write(self, moc: "Moc", format: MocFormat) -> bytes:  # noqa: A002
        """Write a map."""


class TileFiles(Protocol):
    """Finds the files of a survey's tiles."""

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Kinds of files that tiles may have with their titles, in the order of the survey file."""

    def files(self, tile: str, release: str) -> tuple[TileFile, ...]:
        """Every file of a tile that is there, in the order of the survey file."""

    def path(self, tile: str, release: str, name: str) -> Path:
        """Give the resolved path of one of them.

        Raises
        ------
        NotFound
            The tile has no file of this name.
        """
