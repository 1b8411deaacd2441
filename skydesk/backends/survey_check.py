"""Check a survey against its files: the survey file, the catalogue and the images."""

from pathlib import Path

import duckdb

from ..errors import Fault, InvalidSurvey
from ..query.model import ColumnType, Table
from ..survey import Survey, load_survey

__all__ = ["check_survey"]

_TYPES = {
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INT16: "SMALLINT",
    ColumnType.INT32: "INTEGER",
    ColumnType.INT64: "BIGINT",
    ColumnType.FLOAT32: "FLOAT",
    ColumnType.FLOAT64: "DOUBLE",
    ColumnType.STRING: "VARCHAR",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}
_TILE_TABLE = "_TILE_INFO"


def check_survey(path: str | Path) -> list[Fault]:
    """Find everything that is wrong with a survey.

    The survey file must be right. Where its catalogue is a file, that must have the tables and columns with the types that the survey
    file gives, and each tile of a TILE_INFO table must have its image in each band.

    Returns
    -------
    list of Fault
        Empty where all is well.
    """
    try:
        survey = load_survey(path)
    except InvalidSurvey as error:
        return list(error.faults)
    if survey.catalogue.path is None:
        return []
    if not survey.catalogue.path.is_file():
        return [Fault(field="catalogue.path", message=f"no file {survey.catalogue.path}; make the survey again or mend the path")]
    try:
        with duckdb.connect(str(survey.catalogue.path), read_only=True) as connection:
            faults = _catalogue_faults(survey, connection)
            tiles = _tiles(survey, connection)
    except duckdb.Error as error:
        return [Fault(field="catalogue.path", message=f"{survey.catalogue.path} cannot be read as a DuckDB file: {error}")]
    return faults + _image_faults(survey, tiles)


def _catalogue_faults(survey: Survey, connection: duckdb.DuckDBPyConnection) -> list[Fault]:
    kept: dict[str, dict[str, str]] = {}
    query = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index"
    for table, column, kind in connection.execute(query).fetchall():
        kept.setdefault(table, {})[column] = kind
    faults = []
    for table in survey.tables:
        if table.name in kept:
            faults += _table_faults(table, kept[table.name])
        else:
            faults.append(Fault(field=f"tables.{table.name}", message="the catalogue has no such table"))
    named = {table.name for table in survey.tables}
    faults += [Fault(field=f"tables.{name}", message="is in the catalogue but not in the survey file") for name in kept.keys() - named]
    return faults + _row_faults(survey, connection, kept)


def _table_faults(table: Table, kept: dict[str, str]) -> list[Fault]:
    faults = []
    for column in table.columns:
        where, want, got = f"tables.{table.name}.{column.name}", _TYPES[column.type], kept.get(column.name)
        if got is None:
            faults.append(Fault(field=where, message="the catalogue's table has no such column"))
        elif got != want:
            faults.append(Fault(field=where, message=f"is {got} in the catalogue, and {column.type} needs {want}"))
    extra = kept.keys() - {column.name for column in table.columns}
    return faults + [Fault(field=f"tables.{table.name}.{name}", message="is in the catalogue but not in the survey file") for name in extra]


def _row_faults(survey: Survey, connection: duckdb.DuckDBPyConnection, kept: dict[str, dict[str, str]]) -> list[Fault]:
    faults = []
    for table in survey.tables:
        if table.row_count is not None and table.name in kept:
            (rows,) = connection.execute(f'SELECT count(*) FROM "{table.name}"').fetchall()[0]
            if rows != table.row_count:
                message = f"the survey file says {table.row_count} rows and the catalogue has {rows}"
                faults.append(Fault(field=f"row_counts.{table.name}", message=message))
    return faults


def _tiles(survey: Survey, connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Give the release and the name of each tile that the catalogue lists."""
    tiles = []
    have = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    for table in survey.tables:
        if table.name.endswith(_TILE_TABLE) and table.name in have:
            names = connection.execute(f'SELECT DISTINCT TILENAME FROM "{table.name}" ORDER BY TILENAME').fetchall()
            tiles += [(table.release, name) for (name,) in names]
    return tiles


def _image_faults(survey: Survey, tiles: list[tuple[str, str]]) -> list[Fault]:
    patterns = {survey.image_glob(tile, band, release): (tile, band) for release, tile in tiles for band in survey.bands}
    return [
        Fault(field="images.path", message=f"no image of tile {tile} in {band}: nothing matches {survey.folder / pattern}")
        for pattern, (tile, band) in patterns.items()
        if not any(survey.folder.glob(pattern))
    ]
