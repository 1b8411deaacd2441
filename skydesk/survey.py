"""A survey: releases, bands, tables, tiles, images and examples, as its file says."""

import math
import re
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from .errors import InvalidRequest, InvalidSurvey, NotFound
from .grid import TileGrid
from .query.model import Table
from .survey_footprint import FilePattern, FootprintSource, read_file_patterns, read_footprint
from .survey_tables import read_tables
from .toml_reader import Faults, Section, fill_text, placeholders, read_toml

__all__ = ["Catalogue", "Example", "ObjectTable", "PositionExample", "Release", "Survey", "load_survey", "shipped_survey"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_SHIPPED = ("des", "demo")
_CATALOGUES = ("duckdb", "oracle")
_IMAGE_PLACEHOLDERS = ("release", "tile", "reqnum", "attnum", "band")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One data release."""

    name: str
    title: str
    description: str = ""
    default: bool = False
    """True for the one that is meant where none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One query to begin with."""

    title: str
    description: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionExample:
    """Positions to begin with."""

    title: str
    text: str
    """As one would paste it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Where the tables are."""

    kind: str
    """``duckdb`` or ``oracle``."""

    path: Path | None = None
    """The database file of a ``duckdb`` catalogue; None for one whose place is the service's configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectTable:
    """Where the catalogue says which objects there are, and where."""

    table: str
    """Name with {release} in it."""

    id: str
    """Column of the objects' numbers."""

    ra: str
    """Column of right ascension, ICRS, degrees."""

    dec: str
    """Column of declination, ICRS, degrees."""

    magnitude: str
    """Column of magnitudes with {band} in it, which stands for the band in upper case; empty where there is none."""

    star_magnitude: str
    """Column of the magnitudes by which finding charts choose their helper stars, likewise."""

    def table_of(self, release: str) -> str:
        """Name of a release's table."""
        return fill_text(self.table, {"release": release})

    def magnitude_of(self, band: str) -> str:
        """Name of a band's magnitude column; empty where there is none."""
        return fill_text(self.magnitude, {"band": band.upper()})

    def star_magnitude_of(self, band: str) -> str:
        """Name of a band's column for finding charts; empty where there is none."""
        return fill_text(self.star_magnitude, {"band": band.upper()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A survey as its file describes it."""

    name: str
    title: str
    description: str
    releases: tuple[Release, ...]
    bands: tuple[str, ...]
    """One letter each, in order of wavelength."""

    pixel_scale_arcsec: float
    zero_point_mag: float
    """AB magnitude of one unit of flux, in every band."""

    tables: tuple[Table, ...]
    grid: TileGrid
    image_path: str
    """Template of the images' paths, relative to `folder`, with {tile} and {band}, maybe {release}, {reqnum} and {attnum}."""

    examples: tuple[Example, ...]
    catalogue: Catalogue
    path: Path
    """The file that this was read from."""

    objects: ObjectTable | None = None
    """Where objects are looked up by their numbers; None for a survey without."""

    position_examples: tuple[PositionExample, ...] = ()
    """Positions to begin with."""

    footprint: FootprintSource = field(default_factory=FootprintSource)
    """Where it is told which tiles a release has."""

    files: tuple[FilePattern, ...] = ()
    """Files that tiles have beside their images."""

    @property
    def folder(self) -> Path:
        """The folder of the survey file, to which paths in it are relative."""
        return self.path.parent

    @property
    def default_release(self) -> Release:
        """The release that is meant where none is named."""
        return next(release for release in self.releases if release.default)

    def release(self, name: str | None = None) -> Release:
        """Give a release by name, the default one for None.

        Raises
        ------
        NotFound
            There is none of this name.
        """
        for release in self.releases:
            if release.name == name or (name is None and release.default):
                return release
        raise NotFound(f"no release {name!r}; there are {', '.join(release.name for release in self.releases)}")

    def table(self, name: str) -> Table:
        """Give a table by name; letter case is ignored.

        Raises
        ------
        NotFound
            There is none of this name.
        """
        for table in self.tables:
            if table.name.casefold() == name.casefold():
                return table
        raise NotFound(f"the survey has no table {name!r}")

    def image_glob(self, tile: str, band: str, release: str | None = None) -> str:
        """Give the pattern that finds a tile's image below `folder`; unknown numbers become ``*``."""
        values = {"tile": tile, "band": band, "release": self.release(release).name.lower(), "reqnum": "*", "attnum": "*"}
        return fill_text(self.image_path, values)


def shipped_survey(name: str) -> Path:
    """Give the path of a survey file that comes with SkyDesk: ``des`` or ``demo``.

    Raises
    ------
    NotFound
        None of this name comes with it.
    """
    if name not in _SHIPPED:
        raise NotFound(f"no survey {name!r} comes with SkyDesk; there are {' and '.join(_SHIPPED)}")
    return Path(str(files("skydesk") / "surveys" / f"{name}.toml"))


def load_survey(path: str | Path) -> Survey:
    """Read a survey file.

    Raises
    ------
    InvalidSurvey
        The file is missing, broken or wrong; every fault is named.
    """
    path, faults = Path(path).absolute(), Faults()
    values = read_toml(path, faults)
    if values is None:
        raise InvalidSurvey(faults)
    survey = _survey(Section(values, "", faults), path)
    if faults or survey is None:
        raise InvalidSurvey(faults)
    return survey


def _survey(top: Section, path: Path) -> Survey | None:
    name = top.text("name")
    if name and not re.fullmatch(r"[a-z][a-z0-9-]{0,63}", name):
        top.fault("name", f"must be lower-case letters, digits and hyphens, got {name!r}")
    title, description = top.text("title"), top.text("description", "")
    scale, zero_point = top.number("pixel_scale_arcsec", above=0), top.number("zero_point_mag")
    bands, releases = _bands(top), _releases(top)
    tables = read_tables(top, path, tuple(release.name for release in releases), bands)
    grid = _grid(top.section("tiles"), scale)
    catalogue, image_path = _catalogue(top.section("catalogue"), path), _image_path(top.section("images"))
    objects = _objects(top.section("objects"), tables) if "objects" in top.values else None
    examples, position_examples = _examples(top), _position_examples(top)
    footprint, files = read_footprint(top, path, tables), read_file_patterns(top)
    top.finish()
    if grid is None:
        return None
    return Survey(
        name=name,
        title=title,
        description=description,
        releases=releases,
        bands=bands,
        pixel_scale_arcsec=scale,
        zero_point_mag=zero_point,
        tables=tables,
        grid=grid,
        image_path=image_path,
        examples=examples,
        catalogue=catalogue,
        path=path,
        objects=objects,
        position_examples=position_examples,
        footprint=footprint,
        files=files,
    )


def _bands(top: Section) -> tuple[str, ...]:
    bands = top.texts("bands")
    for number, band in enumerate(bands, 1):
        if len(band) != 1 or not (band.isascii() and band.isalpha()):
            top.fault("bands", f"item {number} must be a single letter, got {band!r}")
    if len({band.upper() for band in bands}) < len(bands):
        top.fault("bands", f"must differ in more than letter case, got {', '.join(bands)}")
    return bands


def _releases(top: Section) -> tuple[Release, ...]:
    releases: list[Release] = []
    for item in top.sections("releases"):
        release = Release(
            name=item.text("name"), title=item.text("title"), description=item.text("description", ""), default=item.boolean("default")
        )
        if release.name and not _NAME.fullmatch(release.name):
            item.fault("name", f"must be letters, digits and underscores and begin with a letter, got {release.name!r}")
        if release.name and any(release.name.casefold() == other.name.casefold() for other in releases):
            item.fault("name", f"repeats {release.name!r}; name each release once")
        releases.append(release)
        item.finish()
    defaults = [release.name for release in releases if release.default]
    if releases and len(defaults) != 1:
        got = f"got {' and '.join(defaults)}" if defaults else "got none"
        top.fault("releases", f"exactly one must have default = true, {got}")
    return tuple(releases)


def _grid(section: Section, scale: float) -> TileGrid | None:
    values: dict[str, Any] = {
        "prefix": section.text("prefix"),
        "first_ra_deg": section.number("first_ra_deg"),
        "first_dec_deg": section.number("first_dec_deg"),
        "last_dec_deg": section.number("last_dec_deg"),
        "step_arcsec": section.number("step_arcsec", above=0),
        "size_pixels": section.integer("size_pixels", least=1),
    }
    section.finish()
    if any(isinstance(value, float) and math.isnan(value) for value in (*values.values(), scale)):
        return None
    try:
        return TileGrid(pixel_scale_arcsec=scale, **values)
    except InvalidRequest as error:
        section.fault("", str(error))
    return None


def _catalogue(section: Section, path: Path) -> Catalogue:
    kind, file = section.choice("kind", _CATALOGUES), section.text("path", "")
    if "kind" in section.values and kind == "duckdb" and not file:
        section.fault("path", "is missing; a duckdb catalogue needs the path of its file, relative to the survey file")
    if kind == "oracle" and file:
        section.fault("path", "does not go with oracle; where that database is belongs to the service's configuration")
    section.finish()
    return Catalogue(kind=kind, path=path.parent / file if file else None)


def _image_path(section: Section) -> str:
    template = section.text("path")
    section.finish()
    try:
        found = placeholders(template)
    except ValueError as error:
        section.fault("path", str(error))
        return template
    for name in found:
        if name not in _IMAGE_PLACEHOLDERS:
            section.fault("path", f"{{{name}}} is no placeholder of an image path; they are {', '.join(_IMAGE_PLACEHOLDERS)}")
    for name in ("tile", "band"):
        if template and name not in found:
            section.fault("path", f"must have {{{name}}} in it, got {template!r}")
    if Path(template).is_absolute() or ".." in Path(template).parts:
        section.fault("path", f"must lie below the survey file's folder, got {template!r}")
    return template


def _objects(section: Section, tables: tuple[Table, ...]) -> ObjectTable:
    objects = ObjectTable(
        table=section.text("table"),
        id=section.text("id"),
        ra=section.text("ra"),
        dec=section.text("dec"),
        magnitude=section.text("magnitude", ""),
        star_magnitude=section.text("star_magnitude", ""),
    )
    section.finish()
    matching = [table for table in tables if table.name == objects.table_of(table.release)]
    if objects.table and not matching:
        section.fault("table", f"names no table of this file, got {objects.table!r}; {{release}} stands for a release's name")
    for key in ("id", "ra", "dec"):
        name = getattr(objects, key)
        if name and any(name not in {column.name for column in table.columns} for table in matching):
            section.fault(key, f"must name a column of {objects.table}, got {name!r}")
    for key in ("magnitude", "star_magnitude"):
        if (name := getattr(objects, key)) and "{band}" not in name:
            section.fault(key, f"must have {{band}} in it, got {name!r}")
    return objects


def _examples(top: Section) -> tuple[Example, ...]:
    examples: list[Example] = []
    for item in top.sections("examples", required=False):
        example = Example(title=item.text("title"), description=item.text("description", ""), sql=item.text("sql"))
        if example.title and any(example.title == other.title for other in examples):
            item.fault("title", f"repeats {example.title!r}; name each example once")
        examples.append(example)
        item.finish()
    return tuple(examples)


def _position_examples(top: Section) -> tuple[PositionExample, ...]:
    examples: list[PositionExample] = []
    for item in top.sections("position_examples", required=False):
        examples.append(PositionExample(title=item.text("title"), text=item.text("text")))
        item.finish()
    return tuple(examples)
