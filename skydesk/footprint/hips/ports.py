"""What making and showing pyramids needs from the outside."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ...survey import Survey
from ..membership import TileSet
from ..ports import HealpixSky, MocFiles
from .model import PyramidRequest, PyramidState
from .pyramid import Picture

__all__ = ["Painter", "PyramidPlace", "PyramidServices", "Pyramids"]


class Painter(Protocol):
    """Paints the deepest cells. Safe from several threads."""

    def picture(self, cell: int) -> Picture | None:
        """Paint a cell; None where no tile has anything on it."""


class PyramidPlace(Protocol):
    """Where one pyramid is made; what is finished stays there when the maker is killed. `add` is safe from several threads.

    Every method may raise `ServiceUnavailable`, where the disk is full or cannot be written.
    """

    size_bytes: int
    """Of all cells that are finished."""

    def begin(self, recipe: Mapping[str, Any]) -> int:
        """Go on with what an earlier maker left, if it had the same recipe; gives the number of cells that are finished."""

    def finished(self, order: int) -> Mapping[int, bool]:
        """Tell of the cells of an order that are finished whether there is a picture."""

    def add(self, order: int, cell: int, picture: Picture | None) -> None:
        """Keep a cell; None where it has no picture."""

    def picture(self, order: int, cell: int) -> Picture:
        """Read a cell's picture."""

    def add_picture(self, path: str, picture: Picture) -> None:
        """Keep a picture that is not a cell's."""

    def add_file(self, path: str, content: bytes) -> None:
        """Keep another file."""

    def finish(self) -> None:
        """Show the pyramid, in the place of any earlier one, at once and whole."""


class PyramidServices(Protocol):
    """What the task needs of a worker's services."""

    @property
    def survey(self) -> Survey:
        """The survey."""

    @property
    def threads(self) -> int:
        """How many cells are painted at a time."""

    @property
    def sky(self) -> HealpixSky:
        """Positions and cells."""

    @property
    def mocs(self) -> MocFiles:
        """Writes coverage maps."""

    def open_pyramid(self, request: PyramidRequest) -> AbstractContextManager[PyramidPlace]:
        """Open the place of a pyramid; `Conflict` where another job makes it, `ServiceUnavailable` where there is no folder for it."""

    def open_painter(self, tiles: TileSet, request: PyramidRequest, log: Callable[[str], None]) -> Painter:
        """Make what paints a pyramid's deepest cells; `log` is told of images that are broken."""


class Pyramids(Protocol):
    """The pyramids of a survey that are whole. Safe from several threads."""

    @property
    def place(self) -> str | None:
        """Name of the folder in which the survey's pyramids are kept; None where none are."""

    def state(self, release: str) -> PyramidState | None:
        """Tell of the pyramid of a release; None where there is none."""

    def content(self, release: str, path: str) -> bytes:
        """Read a file of a pyramid.

        Raises
        ------
        NotFound
            It has no such file, or there is no pyramid.
        ServiceUnavailable
            The disk does not answer.
        """
