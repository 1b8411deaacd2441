"""What a survey file says of its footprint: the list of tiles, the outline, the files beside the images."""

import re
from dataclasses import dataclass
from pathlib import Path

from .query.model import Table
from .toml_reader import Section, fill_text, placeholders

__all__ = ["FilePattern", "FootprintSource", "Outline", "read_file_patterns", "read_footprint"]

Outline = tuple[tuple[tuple[float, float], ...], ...]
"""Polygons: right ascension, 0 <= ra < 360, and declination, degrees, of their vertices."""

_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PLACEHOLDERS = ("release", "tile", "reqnum", "attnum", "band")
_TILES, _COVERAGE = "{release}_TILE_INFO", "{release}_COVERAGE"
_LARGEST_OUTLINE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePattern:
    """One kind of file that tiles have beside their images."""

    kind: str
    """Lower-case word: ``nobkg``."""

    title: str
    path: str
    """Template relative to the survey file's folder with {tile}, and maybe {band}, {release}, {reqnum} and {attnum}."""

    def glob(self, tile: str, band: str, release: str) -> str:
        """Give the pattern that finds the file of a tile; unknown numbers become ``*``."""
        values = {"tile": tile, "band": band, "release": release.lower(), "reqnum": "*", "attnum": "*"}
        return fill_text(self.path, values)

    @property
    def has_bands(self) -> bool:
        """True where there is one file a band."""
        return "band" in placeholders(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class FootprintSource:
    """Where a survey's footprint is told."""

    tiles: str = _TILES
    """Table of a release's tiles, with {release} in it; a survey need not have it."""

    coverage: str = _COVERAGE
    """Table of a release's observed fractions by HEALPix pixel, likewise."""

    outline: Outline = ()
    """What stands in for the list of tiles of a release that has none; empty for nothing."""

    def tiles_of(self, release: str) -> str:
        """Name the table of a release's tiles."""
        return fill_text(self.tiles, {"release": release})

    def coverage_of(self, release: str) -> str:
        """Name the table of a release's observed fractions."""
        return fill_text(self.coverage, {"release": release})


def read_footprint(top: Section, path: Path, tables: tuple[Table, ...]) -> FootprintSource:
    """Read the table ``[footprint]``, which may be missing; note what is wrong in its faults."""
    section = top.section("footprint", required=False)
    names = {}
    for key, usual in (("tiles", _TILES), ("coverage", _COVERAGE)):
        names[key] = section.text(key, usual)
        if key in section.values and not any(table.name == fill_text(names[key], {"release": table.release}) for table in tables):
            section.fault(key, f"names no table of this file, got {names[key]!r}; {{release}} stands for a release's name")
    file = section.text("outline", "")
    section.finish()
    return FootprintSource(tiles=names["tiles"], coverage=names["coverage"], outline=_outline(section, path, file) if file else ())


def read_file_patterns(top: Section) -> tuple[FilePattern, ...]:
    """Read the tables ``[[files]]``, which may be missing; note what is wrong in their faults."""
    patterns: list[FilePattern] = []
    for item in top.sections("files", required=False):
        pattern = FilePattern(kind=item.text("kind"), title=item.text("title"), path=item.text("path"))
        item.finish()
        if pattern.kind and (not _KIND.fullmatch(pattern.kind) or pattern.kind == "image"):
            item.fault("kind", f"must be a lower-case word of at most 32 characters other than image, got {pattern.kind!r}")
        if any(pattern.kind == other.kind for other in patterns):
            item.fault("kind", f"repeats {pattern.kind!r}; name each kind once")
        _check_path(item, pattern.path)
        patterns.append(pattern)
    return tuple(patterns)


def _check_path(item: Section, path: str) -> None:
    try:
        found = placeholders(path)
    except ValueError as error:
        item.fault("path", str(error))
        return
    for name in found:
        if name not in _PLACEHOLDERS:
            item.fault("path", f"{{{name}}} is no placeholder of a file's path; they are {', '.join(_PLACEHOLDERS)}")
    if path and "tile" not in found:
        item.fault("path", f"must have {{tile}} in it, got {path!r}")
    if Path(path).is_absolute() or ".." in Path(path).parts:
        item.fault("path", f"must lie below the survey file's folder, got {path!r}")


def _outline(section: Section, path: Path, file: str) -> Outline:
    """Read polygons: a position a line, polygons parted by blank lines, comments after ``#``."""
    if Path(file).name != file:
        section.fault("outline", f"must be the name of a file beside the survey file, got {file!r}")
        return ()
    place = path.parent / file
    try:
        if place.stat().st_size > _LARGEST_OUTLINE_BYTES:
            section.fault("outline", f"{file} is larger than {_LARGEST_OUTLINE_BYTES // 1000} kB; that is no outline")
            return ()
        lines = [line.partition("#")[0].strip() for line in place.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        section.fault("outline", f"{file} cannot be read: {str(error).lower()}")
        return ()
    polygons: list[list[tuple[float, float]]] = [[]]
    for number, line in enumerate(lines, 1):
        position = _position(line)
        if position is not None:
            polygons[-1].append(position)
        elif line:
            section.fault("outline", f"line {number} of {file} must be right ascension and declination in degrees, got {line[:40]!r}")
            return ()
        elif polygons[-1]:
            polygons.append([])
    return tuple(tuple(polygon) for polygon in polygons if polygon)


def _position(line: str) -> tuple[float, float] | None:
    words = line.replace(",", " ").split()
    try:
        ra, dec = map(float, words)
    except ValueError:
        return None
    return (ra % 360, dec) if -360 <= ra <= 360 and -90 <= dec <= 90 else None
