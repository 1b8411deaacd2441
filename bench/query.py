"""Look-ups by place and by id on 5 M rows: the whole wait in the query service for a statement that it never saw before.

Statements that differ in a long list of numbers alone are bound once: of the id lists, the first pays for the others.

That is translation, binding, rules, running and fetching; the peer only runs and fetches what was translated. Both have read
the places in question before, as a server that has run for a while has.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import duckdb
import numpy as np
from astropy_healpix import HEALPix

from skydesk.access import User, default_policy
from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.oracle_sql import SETUP, translate
from skydesk.demo_survey.database import write_catalogue
from skydesk.query.model import Column, ColumnType, Table
from skydesk.query.service import QueryService

from .measure import figure, median_ms

ROWS = 5_000_000
REPEATS = 21
TARGET_MS = 10
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
    """Medians of statements with constants of their own."""
    with tempfile.TemporaryDirectory(prefix="skydesk-bench-") as folder:
        native, parquet, ids, places = _make(Path(folder))
        catalog = DuckdbCatalog(native, survey=_Survey())
        peer = duckdb.connect(config={"threads": 2})
        peer.execute(f"CREATE VIEW \"OBJECTS\" AS SELECT * FROM read_parquet('{parquet}')")
        for statement in SETUP:
            peer.execute(statement)
        found = [
            _against_parquet("cone of 1 arcmin, 5 M rows", catalog, peer, _cones(places)),
            _against_parquet("1000 ids, 5 M rows", catalog, peer, _id_lists(ids)),
        ]
        catalog.close()
        peer.close()
    return found


def _make(folder: Path) -> tuple[Path, Path, np.ndarray, np.ndarray]:
    """Write a table as a survey's catalogue is written: sorted by HEALPix, digits as published, ids in no order of places."""
    chance = np.random.default_rng(42)
    ra = np.round(chance.uniform(0, 90, ROWS), 6)
    dec = np.round(np.degrees(np.arcsin(chance.uniform(np.sin(np.radians(-60)), 0, ROWS))), 6)
    hpix = HEALPix(nside=NSIDE, order="nested").lonlat_to_healpix(ra * u.deg, dec * u.deg)
    order = np.argsort(hpix, kind="stable")
    ids = chance.permutation(ROWS) + 1_000_000_000
    columns = {"COADD_OBJECT_ID": ids, "RA": ra[order], "DEC": dec[order], "HPIX_16384": hpix[order]}
    columns |= {f"MAG_AUTO_{band}": np.round(chance.normal(22, 1.5, ROWS), 4) for band in "GRIZY"}
    columns["FLAGS_G"] = chance.integers(0, 4, ROWS)
    native, parquet = folder / "objects.duckdb", folder / "objects.parquet"
    write_catalogue(native, [(TABLE, columns)], rows_a_group=122_880)
    with duckdb.connect(str(native), read_only=True) as connection:
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
    queries, user = (
        QueryService(catalog, survey=_Survey(), history=_NoHistory()),
        User(name="bench", entitlements=default_policy().entitlements(["default"])),
    )
    translated = [translate(sql, {TABLE.name: TABLE.columns}).statement for sql in statements]

    def ours(sql: str) -> int:
        return queries.quick(user, sql).rows

    def theirs(statement: str) -> int:
        return int(peer.sql(statement).to_arrow_table().num_rows)

    for sql, statement in zip(statements, translated, strict=True):
        another = sql.replace("SELECT ", "SELECT 0 AS RUN, ", 1)
        if ours(another) != theirs(statement) or not ours(another):
            raise RuntimeError(f"the two do not agree on: {sql[:200]}")
    peer_value = median_ms(theirs, translated)
    return figure(name, median_ms(ours, statements), target=TARGET_MS, peer="DuckDB on Parquet", peer_value=peer_value)
