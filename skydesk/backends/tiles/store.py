"""The images of a survey's tiles, from its files."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from ...survey import Survey
from .files import ImageFiles
from .image import SurveyImage
from .seek_index import CACHE_BYTES

__all__ = ["SurveyTiles", "open_tiles"]


def open_tiles(survey: Survey, *, cache_folder: Path | None, cache_bytes: int | None = None, open_files: int = 32) -> "SurveyTiles":
    """Open the images of a survey.

    Parameters
    ----------
    survey
        Says where the files are.
    cache_folder
        Where to keep seek indexes, 6 MB a plane of a whole tile; made when it is missing. None to keep them in memory only.
    cache_bytes
        Size of that folder; past it the indexes go that were opened longest ago. None for 16 GiB.
    open_files
        How many files to keep open, those used last; at least 1.

    Raises
    ------
    ValueError
        ``open_files`` is less than 1.
    """
    return SurveyTiles(survey, cache_folder=cache_folder, cache_bytes=cache_bytes, open_files=open_files)


class SurveyTiles:
    """The images of a survey's tiles; see `TileStore` and `open_tiles`.

    Every time an image is asked for, its file is looked at: one that has changed is opened anew, and its index made anew.
    """

    def __init__(self, survey: Survey, *, cache_folder: Path | None, cache_bytes: int | None = None, open_files: int = 32) -> None:
        if open_files < 1:
            raise ValueError(f"open_files must be 1 or more, got {open_files}")
        self._files = ImageFiles(survey)
        self._cache_folder = cache_folder
        self._cache_bytes = CACHE_BYTES if cache_bytes is None else cache_bytes
        self._most = open_files
        self._open: OrderedDict[Path, SurveyImage] = OrderedDict()
        self._lock = Lock()

    def image(self, tile: str, band: str, release: str) -> SurveyImage | None:
        """Open a tile's image; see `TileStore.image`."""
        path = self._files.find(tile, band, release)
        if path is None:
            return None
        try:
            return self._opened(path)
        except FileNotFoundError:
            self._files.forget()
        path = self._files.find(tile, band, release)
        try:
            return None if path is None else self._opened(path)
        except FileNotFoundError:
            return None

    def has_images(self, tile: str, release: str) -> bool:
        """Tell whether the tile has an image in any band."""
        return self._files.has_any(tile, release)

    def close(self) -> None:
        """Let go of the open files; those that a caller still holds stay open until it does as well."""
        with self._lock:
            self._open.clear()
        self._files.forget()

    def __enter__(self) -> "SurveyTiles":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _opened(self, path: Path) -> SurveyImage:
        with self._lock:
            image = self._open.pop(path, None)
            if image is None or not image.is_current():
                image = SurveyImage(path, cache_folder=self._cache_folder, cache_bytes=self._cache_bytes)
            self._open[path] = image
            while len(self._open) > self._most:
                self._open.popitem(last=False)
        return image
