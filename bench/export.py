"""Export as a worker does it, from catalogue to file, against reading DuckDB's batches alone; and peak memory by number of rows."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.writers import FileWriter
from skydesk.query.arrow import schema_of
from skydesk.query.model import Column, ColumnType, ResultMetadata, Table
from skydesk.query.output import parse_output
from skydesk.settings import SkydeskSettings

from .measure import figure, seconds_of

__all__ = ["figures"]

ROWS = 1_000_000
MANY_ROWS = 5_000_000
BATCH_ROWS = 50_000
TARGETS = {"fits": 6, "vot": 6, "h5": 6, "parquet": 6, "csv": 15}
COLUMNS = (
    Column(name="COADD_OBJECT_ID", type=ColumnType.INT64),
    Column(name="TILENAME", type=ColumnType.STRING),
    Column(name="RA", type=ColumnType.FLOAT64, unit="deg"),
    Column(name="DEC", type=ColumnType.FLOAT64, unit="deg"),
    *(Column(name=f"FLAGS_{band}", type=ColumnType.INT16) for band in "GRIZ"),
    *(Column(name=f"MAG_AUTO_{band}", type=ColumnType.FLOAT32, unit="mag") for band in "GRIZY"),
    *(Column(name=f"MAGERR_AUTO_{band}", type=ColumnType.FLOAT32, unit="mag") for band in "GRIZY"),
    Column(name="HPIX_4096", type=ColumnType.INT64),
    Column(name="NEPOCHS_G", type=ColumnType.INT32),
)
SQL = "SELECT * FROM MANY"
A_FIFTH = f"{SQL} WHERE MOD(COADD_OBJECT_ID, 5) = 0"
"""A million rows out of five, from all over the table."""

METADATA = ResultMetadata(sql=SQL, survey="bench", release="DR2", created_at=datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class _Survey:
    tables: tuple[Table, ...] = (Table(name="MANY", release="DR2", columns=COLUMNS),)


def figures() -> list[dict[str, Any]]:
    """Times of one run each, ratios to the Arrow read of the same file, and peaks of processes of their own."""
    with tempfile.TemporaryDirectory(prefix="skydesk-bench-") as name:
        folder = Path(name)
        _make(folder / "rows.duckdb", ROWS)
        floor_seconds = min(seconds_of(lambda: _read(folder / "rows.duckdb")) for _ in range(3))
        rows = [_export(folder, ending, target, floor_seconds) for ending, target in TARGETS.items()]
        _make(folder / "many.duckdb", MANY_ROWS)
        return rows + [_memory(folder, ending) for ending in TARGETS]


def _export(folder: Path, ending: str, target: float, floor_seconds: float) -> dict[str, Any]:
    seconds = min(seconds_of(lambda: _write(folder / "rows.duckdb", SQL, ending)) for _ in range(2))
    met = seconds <= target * floor_seconds
    name = f"export of 1 M rows x 20 columns to {ending}"
    return figure(name, seconds, "s", target=f"<= {target}x", ok=met, peer="reading the Arrow batches", peer_value=floor_seconds)


def _memory(folder: Path, ending: str) -> dict[str, Any]:
    """Peaks of exports that read the same file.

    DuckDB keeps what it has read of a file up to its memory limit, so the size of the catalogue would tell, not that of the result.
    """
    few, many = (_peak_bytes(folder, sql, ending) / 1e6 for sql in (A_FIFTH, SQL))
    met = many < 700 and many <= 1.25 * few
    name = f"peak memory of a 5 M row export to {ending}"
    return figure(name, many, "MB", target="< 700 MB, <= 1.25x", ok=met, peer="of 1 M rows of the same catalogue", peer_value=few)


def _make(path: Path, count: int) -> None:
    """A table in a DuckDB file of its own, as the catalogue is one."""
    rng = np.random.default_rng(1)
    batch = pa.RecordBatch.from_arrays([_values(rng, column) for column in COLUMNS], schema=schema_of(COLUMNS))
    rows = pa.Table.from_batches([batch] * (count // BATCH_ROWS))
    with duckdb.connect(str(path)) as database:
        database.register("rows", rows)
        database.execute('CREATE TABLE "MANY" AS SELECT * FROM rows')


def _values(rng: np.random.Generator, column: Column) -> pa.Array:
    match column.type:
        case ColumnType.STRING:
            return pa.array([f"DES2130-00{i:02d}" for i in rng.integers(0, 90, BATCH_ROWS)])
        case ColumnType.FLOAT32:
            return pa.array(rng.normal(22, 2, BATCH_ROWS).astype("f4"))
        case ColumnType.FLOAT64:
            return pa.array(np.round(rng.uniform(0, 360, BATCH_ROWS), 6))
        case kind:
            return pa.array(rng.integers(0, 30_000, BATCH_ROWS).astype(kind.value))


def _read(path: Path) -> None:
    """What is least: DuckDB's own batches, with the threads that a worker's catalogue has."""
    with duckdb.connect(str(path), read_only=True, config={"threads": SkydeskSettings().catalog_threads}) as database:
        for _ in database.sql('SELECT * FROM "MANY"').to_arrow_reader(BATCH_ROWS):
            pass


def _write(path: Path, sql: str, ending: str) -> None:
    settings = SkydeskSettings()
    catalog = DuckdbCatalog(
        path,
        survey=_Survey(),
        memory_bytes=settings.catalog_memory_bytes,
        threads=settings.catalog_threads,
        temp_bytes=settings.catalog_temp_bytes,
        connections=2,
    )
    with catalog.stream(sql) as rows:
        FileWriter().write(rows.columns, rows, path.parent, parse_output(f"out.{ending}"), METADATA)
    catalog.close()


def _peak_bytes(folder: Path, sql: str, ending: str) -> int:
    command = [sys.executable, "-m", "bench.export", str(folder / "many.duckdb"), sql, ending]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    _write(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    # of this program alone: getrusage's peak begins with that of the process it was forked from
    print(next(int(line.split()[1]) * 1024 for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
