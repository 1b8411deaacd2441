"""The pyramids of a survey that are whole, as a service shows them."""

from pathlib import Path

from ...errors import NotFound, ServiceUnavailable
from ...footprint.hips.model import PyramidState
from ...footprint.hips.names import PROPERTIES, known_path
from ...footprint.hips.properties import read_properties
from ..job_manifest import open_plain

__all__ = ["PyramidShelf"]


class PyramidShelf:
    """Reads pyramids; a `skydesk.footprint.hips.ports.Pyramids`. Safe from several threads.

    Parameters
    ----------
    folder
        Where the survey's pyramids are, whether it exists or not; None where none are kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @property
    def place(self) -> str | None:
        """Name of the folder in which pyramids are kept; None where none are."""
        return None if self._folder is None else self._folder.name

    def state(self, release: str) -> PyramidState | None:
        """Tell of the pyramid of a release; see `Pyramids.state`."""
        if self._folder is None:
            return None
        path = self._folder / release / PROPERTIES
        try:
            with open_plain(path) as file:
                known = read_properties(file.read().decode())
            changed = path.stat().st_mtime_ns
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(error) from error
        return PyramidState(order=int(known["hips_order"]), version=f"{changed:x}", made_at=known["hips_creation_date"])

    def content(self, release: str, path: str) -> bytes:
        """Read a file of a pyramid; see `Pyramids.content`."""
        name = known_path(path)
        if self._folder is None:
            raise NotFound("this SkyDesk keeps no colour pyramids: image_cache_folder is empty")
        try:
            with open_plain(self._folder / release / name) as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"the colour pyramid of {release} has no {name}: no tile has an image there") from error
        except OSError as error:
            raise _unreadable(error) from error


def _unreadable(error: OSError) -> ServiceUnavailable:
    return ServiceUnavailable(f"the colour pyramids cannot be read: {(error.strerror or 'unknown reason').lower()}")
