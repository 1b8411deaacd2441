"""Own tables: a CSV of a million rows into a table, and a positional match of 100,000 positions with five million.

Loading is the whole way of an upload: the packed bytes read, types inferred, rows cast and written, the table seen. The match is the
whole way too, from the own table's file to the new one's. Its peers only find the partners: astropy builds its tree and asks it
(`match_to_catalog_sky`), and DuckDB joins by ranges of declination and right ascension; both are given what they need in memory.
"""

import gzip
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv

from skydesk.access import LOCAL_USER, User, default_policy
from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.own_tables import DuckdbTableStore, FolderGivenFiles
from skydesk.query.model import Column, ColumnType, Table
from skydesk.query.service import QueryService
from skydesk.tables.model import MatchRequest, OwnTable
from skydesk.tables.rows import Progress
from skydesk.tables.service import GivenSource, TablesService
from tests.fakes.duckdb_file import write_duckdb
from tests.fakes.query_history import FakeQueryHistory

from .measure import figure

CSV_ROWS = 1_000_000
MINE, CATALOGUE = 100_000, 5_000_000
FEW = 200
"""Positions that the join by ranges is given: with all of them it does not end within minutes."""

RADIUS_ARCSEC = 1.0
LOAD_TARGET_SECONDS, MATCH_TARGET_SECONDS = 4.0, 1.0
TABLE = Table(
    name="OBJECTS",
    release="BENCH",
    columns=(
        Column(name="COADD_OBJECT_ID", type=ColumnType.INT64),
        Column(name="RA", type=ColumnType.FLOAT64, unit="deg", ucd="pos.eq.ra;meta.main"),
        Column(name="DEC", type=ColumnType.FLOAT64, unit="deg", ucd="pos.eq.dec;meta.main"),
        Column(name="MAG_AUTO_I", type=ColumnType.FLOAT32, unit="mag"),
    ),
)


@dataclass(frozen=True)
class _Survey:
    tables: tuple[Table, ...] = (TABLE,)
    name: str = "bench"
    examples: tuple[Any, ...] = ()


def figures() -> list[dict[str, object]]:
    """Load and match."""
    user = User(name=LOCAL_USER, entitlements=default_policy().entitlements(["advanced"]))
    sky, places = _sky(), np.random.default_rng(2).choice(CATALOGUE, MINE, replace=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_duckdb(folder / "catalog.duckdb", [(TABLE, sky)])
        store = DuckdbTableStore(folder / "tables")
        survey = _Survey()
        catalog = DuckdbCatalog(folder / "catalog.duckdb", survey=survey, own_tables=store)
        try:
            queries = QueryService(catalog, survey=survey, history=FakeQueryHistory())
            tables = TablesService(store, FolderGivenFiles(folder / "given"), queries=queries, catalog=catalog)
            loaded = _load(tables, user)
            matched = _match(tables, user, sky, places)
        finally:
            catalog.close()
    return [loaded, *matched]


def _load(tables: TablesService, user: User) -> dict[str, object]:
    content = _csv()
    begin = time.perf_counter()
    found = tables.inspect(user, content, "a.csv.gz")
    table = _last(tables.load(user, "LOADED", GivenSource(inspection_id=found.id)))
    seconds = time.perf_counter() - begin
    assert table.rows == CSV_ROWS
    return figure("own tables: CSV of 1 M rows into a table", seconds, "s", target=LOAD_TARGET_SECONDS)


def _match(tables: TablesService, user: User, sky: pa.Table, places: Any) -> list[dict[str, object]]:
    ra, dec = (sky[name].to_numpy()[places] + 1e-4 / 3.6 for name in ("RA", "DEC"))
    mine = pa.table({"N": pa.array(places), "RA": ra, "DEC": dec})
    columns = (TABLE.columns[0], *TABLE.columns[1:3])
    columns = (Column(name="N", type=ColumnType.INT64), *columns[1:])
    _last(tables.make(user, "MINE", columns, iter(mine.to_batches())))
    request = MatchRequest(table="MINE", catalog_table="OBJECTS", radius_arcsec=RADIUS_ARCSEC, columns=("COADD_OBJECT_ID",), into="PAIRS")
    seconds, made = _timed(lambda: _last(tables.match(user, request)))
    assert made.rows == MINE
    astropy_seconds, separations = _timed(lambda: _astropy(ra, dec, sky))
    assert (separations <= RADIUS_ARCSEC).all()
    duckdb_seconds, pairs = _timed(lambda: _duckdb(mine.slice(0, FEW), sky))
    assert pairs >= FEW
    ours = "own tables: match of 100 k on 5 M rows"
    return [
        figure(ours, seconds, "s", target=MATCH_TARGET_SECONDS, peer="astropy match_to_catalog_sky", peer_value=astropy_seconds),
        figure(f"{ours}, beside a join by ranges", seconds, "s", peer=f"DuckDB range join of {FEW:,} positions", peer_value=duckdb_seconds),
    ]


def _astropy(ra: Any, dec: Any, sky: pa.Table) -> Any:
    from astropy.coordinates import SkyCoord

    catalogue = SkyCoord(sky["RA"].to_numpy(), sky["DEC"].to_numpy(), unit="deg")
    return SkyCoord(ra, dec, unit="deg").match_to_catalog_sky(catalogue)[1].arcsec


def _duckdb(mine: pa.Table, sky: pa.Table) -> int:
    radius = RADIUS_ARCSEC / 3600
    apart = "pow(s.DEC - m.DEC, 2) + pow((s.RA - m.RA) * cos(radians(m.DEC)), 2)"
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("mine", mine)
        connection.register("sky", sky)
        sql = f"""SELECT count(*) FROM mine m JOIN sky s ON s.DEC BETWEEN m.DEC - {radius} AND m.DEC + {radius}
            AND s.RA BETWEEN m.RA - {radius} / cos(radians(m.DEC)) AND m.RA + {radius} / cos(radians(m.DEC))
            WHERE {apart} <= {radius * radius}"""
        ((count,),) = connection.execute(sql).fetchall()
    return int(count)


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = run()
    return time.perf_counter() - begin, result


def _last(progress: Progress) -> OwnTable:
    *_, table = progress
    assert isinstance(table, OwnTable)
    return table


def _csv() -> bytes:
    random = np.random.default_rng(1)
    table = pa.table(
        {
            "ID": np.arange(CSV_ROWS),
            "RA": random.uniform(0, 60, CSV_ROWS).round(6),
            "DEC": random.uniform(-60, 0, CSV_ROWS).round(6),
            "MAG_AUTO_I": random.normal(22, 1, CSV_ROWS).round(4),
            "NAME": [f"target {n}" for n in range(CSV_ROWS)],
        }
    )
    sink = pa.BufferOutputStream()
    pa.csv.write_csv(table, sink)
    return gzip.compress(sink.getvalue().to_pybytes(), compresslevel=1)


def _sky() -> pa.Table:
    random = np.random.default_rng(3)
    dec = np.degrees(np.arcsin(random.uniform(np.sin(np.radians(-65)), np.sin(np.radians(5)), CATALOGUE)))
    return pa.table(
        {
            "COADD_OBJECT_ID": np.arange(CATALOGUE),
            "RA": random.uniform(0, 100, CATALOGUE),
            "DEC": dec,
            "MAG_AUTO_I": random.normal(22, 1, CATALOGUE).astype(np.float32),
        }
    )
