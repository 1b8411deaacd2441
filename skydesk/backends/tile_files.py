"""The files of a survey's tiles, found by the patterns of the survey file."""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import NotFound, ServiceUnavailable
from ..footprint.model import TileFile
from ..survey import Survey
from ..survey_footprint import FilePattern

__all__ = ["SurveyTileFiles"]

_IMAGE = "image"


class SurveyTileFiles:
    """Implements `skydesk.footprint.ports.TileFiles` for the folder of a survey file.

    Nothing that a user says becomes a path: folders are read, and names are compared.
    """

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._patterns = (FilePattern(kind=_IMAGE, title="Image", path=survey.image_path), *survey.files)

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Kinds of files with their titles, in the order of the survey file."""
        return tuple((pattern.kind, pattern.title) for pattern in self._patterns)

    def files(self, tile: str, release: str) -> tuple[TileFile, ...]:
        """Every file of a tile; see `TileFiles.files`."""
        return tuple(file for file, _ in self._found(tile, release))

    def path(self, tile: str, release: str, name: str) -> Path:
        """The path of one file; see `TileFiles.path`."""
        for file, path in self._found(tile, release):
            if file.name == name:
                return path.resolve()
        raise NotFound(f"the tile {tile} has no file {name[:100]!r} in {release}; its properties list what there is")

    def _found(self, tile: str, release: str) -> Iterator[tuple[TileFile, Path]]:
        tile = self._survey.grid.named(tile).name
        listed: dict[Path, list[os.DirEntry[str]]] = {}
        seen: set[str] = set()
        for pattern in self._patterns:
            for band in self._survey.bands if pattern.has_bands else ("",):
                path = self._survey.folder / pattern.glob(tile, band, release)
                for entry in _matching(path, listed):
                    if entry.name not in seen:
                        seen.add(entry.name)
                        size = entry.stat().st_size
                        file = TileFile(kind=pattern.kind, title=pattern.title, band=band, name=entry.name, size_bytes=size)
                        yield file, Path(entry.path)


def _matching(path: Path, listed: dict[Path, list[os.DirEntry[str]]]) -> list[os.DirEntry[str]]:
    """The files that a pattern names, the latest processing last; its folder is read once."""
    folders = [path.parent] if "*" not in str(path.parent) else sorted(_folders(path.parent))
    found = []
    for folder in folders:
        if folder not in listed:
            listed[folder] = _entries(folder)
        found += [entry for entry in listed[folder] if fnmatchcase(entry.name, path.name)]
    return found


def _folders(pattern: Path) -> Iterator[Path]:
    known = Path(pattern.anchor)
    parts = list(pattern.parts[1:])
    while parts and "*" not in parts[0]:
        known /= parts.pop(0)
    return (folder for folder in known.glob("/".join(parts)) if folder.is_dir())


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if entry.is_file()), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ServiceUnavailable(f"the folder of tiles cannot be read: {(error.strerror or 'unknown reason').lower()}") from error
