"""The tables and columns of a survey file, written out from its patterns."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .query.model import Column, ColumnType, Table
from .toml_reader import Section, expand_pattern, fill_text, read_toml

__all__ = ["read_tables"]

_FLOATS = frozenset({"float32", "float64"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")


def read_tables(top: Section, path: Path, releases: tuple[str, ...], bands: tuple[str, ...]) -> tuple[Table, ...]:
    """Give every table of a survey file, or of the file that it includes; note what is wrong in its faults."""
    include = top.text("include", "")
    ucds, counts = _band_ucds(top, bands), _row_counts(top)
    source = _included(top, path, include) if include else top
    if source is None:
        return ()
    reader = _TableReader(source, releases, bands, ucds)
    tables = reader.tables(counts)
    if source is not top:
        source.finish()
    for name in counts.keys() - {table.name for table in tables}:
        top.fault(f"row_counts.{name}", "is the name of no table")
    return tables


def _included(top: Section, path: Path, include: str) -> Section | None:
    if Path(include).name != include:
        top.fault("include", f"must be the name of a file beside the survey file, got {include!r}")
        return None
    for key in ("tables", "columns"):
        if key in top.values:
            top.fault(key, f"stands here and in the included {include}; keep one of them")
            list(top.sections(key, required=False) if key == "tables" else top.section(key, required=False).names())
    values = read_toml(path.parent / include, top.faults)
    return None if values is None else Section(values, "", top.faults)


def _band_ucds(top: Section, bands: tuple[str, ...]) -> dict[str, str]:
    section = top.section("band_ucds", required=False)
    ucds = {band: section.text(band) for band in section.names()}
    for band in ucds.keys() - set(bands):
        section.fault(band, f"is no band of the survey; they are {', '.join(bands)}")
    return ucds


def _row_counts(top: Section) -> dict[str, int]:
    section = top.section("row_counts", required=False)
    return {name: section.integer(name) for name in section.names()}


class _TableReader:
    """Writes out the table and column patterns of one file."""

    def __init__(self, source: Section, releases: tuple[str, ...], bands: tuple[str, ...], ucds: Mapping[str, str]) -> None:
        self.source, self.releases, self.bands, self.ucds = source, releases, bands, ucds
        self.columns = self._columns(source.section("columns"))
        self.used: set[str] = set()

    def tables(self, counts: Mapping[str, int]) -> tuple[Table, ...]:
        tables: list[Table] = []
        for item in self.source.sections("tables"):
            for table in self._releases_of(item):
                if any(table.name == other.name for other in tables):
                    item.fault("name", f"repeats the table {table.name}; name each table once")
                count = counts.get(table.name)
                tables.append(
                    Table(name=table.name, release=table.release, description=table.description, row_count=count, columns=table.columns)
                )
            item.finish()
        for pattern in self.columns.keys() - self.used:
            self.source.fault(f"columns.{pattern}", "is in no table; take it out or name it in one")
        return tuple(tables)

    def _releases_of(self, item: Section) -> list[Table]:
        pattern, description = item.text("name"), item.text("description", "")
        patterns = item.texts("columns")
        chosen = self._known_releases(item, "releases", None)
        samples = self._known_releases(item, "samples", ())
        tables = []
        for release in chosen:
            name = fill_text(pattern, {"release": release.upper()})
            if not _NAME.fullmatch(name) or name != name.upper():
                item.fault("name", f"must be upper-case letters, digits and underscores with {{release}} at the most, got {pattern!r}")
                break
            columns = self._table_columns(item, patterns, release)
            tables.append(Table(name=name, release=release, description=description, columns=columns))
            if release in samples:
                text = f"A random sample, one in a hundred rows, of {name}"
                tables.append(Table(name=f"{name}_SAMPLE", release=release, description=text, columns=columns))
        return tables

    def _known_releases(self, item: Section, key: str, default: tuple[str, ...] | None) -> tuple[str, ...]:
        named = item.texts(key, default)
        for name in named:
            if name not in self.releases:
                item.fault(key, f"{name!r} is no release of the survey; they are {', '.join(self.releases)}")
        return tuple(name for name in named if name in self.releases)

    def _table_columns(self, item: Section, patterns: tuple[str, ...], release: str) -> tuple[Column, ...]:
        columns: dict[str, Column] = {}
        for pattern in patterns:
            self.used.add(pattern)
            if pattern not in self.columns:
                if release == self.releases[0] or f"columns.{pattern}" not in {fault.field for fault in item.faults}:
                    item.fault("columns", f"{pattern!r} has no entry under [columns]")
                continue
            for column in self.columns[pattern].get(release, ()):
                if column.name in columns:
                    item.fault("columns", f"{pattern!r} repeats the column {column.name}")
                columns[column.name] = column
        return tuple(columns.values())

    def _columns(self, section: Section) -> dict[str, dict[str, tuple[Column, ...]]]:
        found = {}
        for pattern in section.names():
            item = section.section(pattern)
            only = self._known_releases(item, "releases", self.releases)
            kind = item.choice("type", tuple(ColumnType))
            binary = not item.boolean("number")
            if not binary and kind not in _FLOATS:
                item.fault("number", f"is for float32 and float64 only, and the type is {kind}")
            texts = {key: item.text(key, "") for key in ("unit", "ucd", "description")}
            item.finish()
            expanded = {release: self._expanded(item, pattern, kind, texts, release) for release in only}
            found[pattern] = {release: tuple(replace(each, binary=binary) for each in columns) for release, columns in expanded.items()}
        return found

    def _expanded(self, item: Section, pattern: str, kind: str, texts: Mapping[str, str], release: str) -> tuple[Column, ...]:
        try:
            expanded = expand_pattern(pattern, {"band": self.bands, "release": [release]})
        except ValueError as error:
            if release == self.releases[0]:
                item.fault("", str(error))
            return ()
        columns = []
        for name, values in expanded:
            if not _NAME.fullmatch(name):
                item.fault("", f"column name {name!r} must be letters, digits and underscores and begin with a letter")
                break
            known = values | ({"band_ucd": self.ucds.get(values["band"], "")} if "band" in values else {})
            filled = {key: fill_text(text, known).strip(";") for key, text in texts.items()}
            columns.append(
                Column(
                    name=name.upper(),
                    type=ColumnType(kind),
                    unit=filled["unit"] or None,
                    ucd=filled["ucd"] or None,
                    description=filled["description"],
                )
            )
        return tuple(columns)
