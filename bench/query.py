"""Query: look-ups by place and by id on 5 M rows, and what a quick page costs beyond the database's own time."""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import duckdb
import numpy as np
import pyarrow as pa
from astropy_healpix import HEALPix

from skydesk.access import VIEWS, User
from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.oracle_sql import SETUP, translate
from skydesk.query.model import Column, ColumnType, Table
from skydesk.query.service import QueryService

ROWS = 5_000_000
REPEATS = 15
NSIDE = 16384
RADIUS_DEG = 1 / 60

TABLE = Table(
    name="OBJECTS",
    release="BENCH",
    columns=(
        Column(name="COADD_OBJECT_ID", type=ColumnType.INT64),
        Column(name="RA", type=ColumnType.FLOAT64, unit="deg"),
        Column(name="DEC", type=ColumnType.FLOAT64, unit="deg"),
        *(Column(name=f"MAG_AUTO_{band}", type=ColumnType.FLOAT32, unit="mag") for band in "GRIZY"),
        Column(name="FLAGS_G", type=ColumnType.INT16),
        Column(name="HPIX_16384", type=ColumnType.INT64),
    ),
)


@dataclass(frozen=True)
class _Survey:
    tables: tuple[Table, ...] = (TABLE,)
    name: str = "bench"
    examples: tuple[Any, ...] = ()


class _NoHistory:
    def add(self, *_: object) -> None:
        pass

    def entries(self, *_: object) -> tuple[Any, ...]:
        return ()

    def clear(self, *_: object) -> None:
        pass


def figures() -> list[dict[str, Any]]:
    """Measure; every figure is the median of several statements, each with constants of its own."""
    with tempfile.TemporaryDirectory(prefix="skydesk-bench-") as folder:
        native, parquet, ids, places = _make(Path(folder))
        catalog = DuckdbCatalog(native, survey=_Survey())
        peer = duckdb.connect(config={"threads": 2})
        peer.execute(f"CREATE VIEW \"OBJECTS\" AS SELECT * FROM read_parquet('{parquet}')")
        for statement in SETUP:
            peer.execute(statement)
        cones, lists = _cones(places), _id_lists(ids)
        found = [
            _against_parquet("cone of 1 arcmin, 5 M rows", catalog, peer, cones),
            _against_parquet("1000 ids, 5 M rows", catalog, peer, lists),
            _translation(lists),
            _quick_page(catalog, cones),
        ]
        catalog.close()
        peer.close()
    return found


def _make(folder: Path) -> tuple[Path, Path, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(42)
    ra, dec = chance.uniform(0, 90, ROWS), np.degrees(np.arcsin(chance.uniform(np.sin(np.radians(-60)), 0, ROWS)))
    hpix = HEALPix(nside=NSIDE, order="nested").lonlat_to_healpix(ra * u.deg, dec * u.deg)
    order = np.argsort(hpix, kind="stable")
    ids = chance.permutation(ROWS) + 1_000_000_000
    arrays = [ids, ra[order], dec[order], *(chance.normal(22, 1.5, ROWS).astype("f4") for _ in range(5))]
    arrays += [chance.integers(0, 4, ROWS).astype("i2"), hpix[order].astype("i8")]
    rows = pa.table({column.name: array for column, array in zip(TABLE.columns, arrays, strict=True)})
    native, parquet = folder / "objects.duckdb", folder / "objects.parquet"
    with duckdb.connect(str(native)) as connection:
        connection.register("rows", rows)
        connection.execute('CREATE TABLE "OBJECTS" AS SELECT * FROM rows')
        connection.execute('CREATE INDEX objects_id ON "OBJECTS" ("COADD_OBJECT_ID")')
        connection.execute(f"COPY \"OBJECTS\" TO '{parquet}' (FORMAT parquet)")
    return native, parquet, ids, np.column_stack([ra, dec])


def _cones(places: np.ndarray) -> list[str]:
    chosen = places[np.random.default_rng(1).choice(len(places), REPEATS, replace=False)]
    return [_cone(float(ra), float(dec)) for ra, dec in chosen]


def _cone(ra: float, dec: float) -> str:
    half = RADIUS_DEG / np.cos(np.radians(dec))
    return (
        f"SELECT COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G FROM OBJECTS WHERE RA BETWEEN {ra - half:.6f} AND {ra + half:.6f} "
        f"AND DEC BETWEEN {dec - RADIUS_DEG:.6f} AND {dec + RADIUS_DEG:.6f} "
        f"AND POWER(SIN((DEC - ({dec:.6f})) * 0.00872664626), 2) + COS(DEC * 0.01745329252) * {np.cos(np.radians(dec)):.9f} "
        f"* POWER(SIN((RA - {ra:.6f}) * 0.00872664626), 2) <= {np.sin(np.radians(RADIUS_DEG / 2)) ** 2:.12e}"
    )


def _id_lists(ids: np.ndarray) -> list[str]:
    chance = np.random.default_rng(2)
    chosen = [chance.choice(ids, 1000, replace=False) for _ in range(REPEATS)]
    return [
        f"SELECT COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G FROM OBJECTS WHERE COADD_OBJECT_ID IN ({', '.join(map(str, some))})"
        for some in chosen
    ]


def _against_parquet(name: str, catalog: DuckdbCatalog, peer: duckdb.DuckDBPyConnection, statements: list[str]) -> dict[str, Any]:
    def ours(sql: str) -> int:
        with catalog.stream(sql) as stream:
            return sum(batch.num_rows for batch in stream)

    def theirs(statement: str) -> int:
        return int(peer.sql(statement).to_arrow_table().num_rows)

    translated = [translate(sql, {TABLE.name: TABLE.columns}).statement for sql in statements]
    for sql, statement in zip(statements, translated, strict=True):
        catalog.check(sql)
        if ours(sql) != theirs(statement) or not ours(sql):
            raise RuntimeError(f"the two do not agree on: {sql[:200]}")
    return _figure(name, _median_ms(ours, statements), "DuckDB on Parquet", _median_ms(theirs, translated), target=10)


def _translation(statements: list[str]) -> dict[str, Any]:
    """What comes before the look-up the first time that a statement is seen."""
    value = _median_ms(lambda sql: translate(sql, {TABLE.name: TABLE.columns}), statements)
    return _figure("translation of 1000 ids", value, None, None, target=None)


def _quick_page(catalog: DuckdbCatalog, statements: list[str]) -> dict[str, Any]:
    """The first time that a statement is seen: translated, bound, run, fetched; less the database's own run of it."""
    queries, user = QueryService(catalog, survey=_Survey(), history=_NoHistory()), User(name="bench", entitlements=VIEWS["default"])
    fresh = [sql.replace("SELECT ", f"SELECT {number} AS RUN, ", 1) for number, sql in enumerate(statements)]

    def own(sql: str) -> None:
        with catalog.stream(sql, max_rows=1001) as stream:
            list(stream)

    pairs = [(_median_ms(lambda sql: queries.quick(user, sql), [sql]), _median_ms(own, [sql])) for sql in fresh]
    beyond, database = statistics.median(whole - inner for whole, inner in pairs), statistics.median(inner for _, inner in pairs)
    return _figure("quick page, service beyond the database", beyond, "database's own time", database, target=20)


def _median_ms(work: Callable[[str], object], statements: list[str]) -> float:
    times = []
    for statement in statements:
        begin = time.perf_counter()
        work(statement)
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def _figure(name: str, value: float, peer: str | None, peer_value: float | None, *, target: float | None) -> dict[str, Any]:
    found = {"name": name, "value": value, "unit": "ms", "target": target, "peer": peer, "peer_value": peer_value}
    found["ratio"] = None if peer_value is None else value / peer_value
    return found if target is None else {**found, "ok": value < target}
