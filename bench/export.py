"""Export: each format against reading the Arrow batches from DuckDB alone, and peak memory against the number of rows."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from skydesk.backends.writers import FileWriter
from skydesk.query.arrow import schema_of
from skydesk.query.model import Column, ColumnType, ResultMetadata
from skydesk.query.output import parse_output

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
METADATA = ResultMetadata(sql="SELECT ...", survey="bench", release="DR2", created_at=datetime(2026, 1, 1, tzinfo=UTC))


def figures() -> list[dict[str, Any]]:
    """Times of one run each, ratios to the Arrow read of the same file, and peaks of processes of their own."""
    with tempfile.TemporaryDirectory(prefix="skydesk-bench-") as name:
        folder = Path(name)
        _make(folder / "rows.duckdb", ROWS)
        floor_seconds = min(_timed(lambda: sum(batch.num_rows for batch in _batches(folder / "rows.duckdb"))) for _ in range(3))
        rows = [_export(folder, ending, target, floor_seconds) for ending, target in TARGETS.items()]
        _make(folder / "many.duckdb", MANY_ROWS)
        return rows + [_memory(folder, ending) for ending in TARGETS]


def _export(folder: Path, ending: str, target: float, floor_seconds: float) -> dict[str, Any]:
    seconds = min(_timed(lambda: _write(folder, "rows.duckdb", ending)) for _ in range(2))
    return {
        "name": f"export of 1 M rows x 20 columns to {ending}",
        "value": seconds,
        "unit": "s",
        "peer": "reading the Arrow batches",
        "peer_value": floor_seconds,
        "ratio": seconds / floor_seconds,
        "target": f"<= {target}x",
        "ok": seconds <= target * floor_seconds,
    }


def _memory(folder: Path, ending: str) -> dict[str, Any]:
    few, many = (_peak_bytes(folder, source, ending) for source in ("rows.duckdb", "many.duckdb"))
    return {
        "name": f"peak memory of a 5 M row export to {ending}",
        "value": many / 1e6,
        "unit": "MB",
        "peer": "the same of 1 M rows",
        "peer_value": few / 1e6,
        "ratio": many / few,
        "target": "< 700 MB, <= 1.25x",
        "ok": many < 700e6 and many <= 1.25 * few,
    }


def _make(path: Path, count: int) -> None:
    """A table in a DuckDB file of its own, as the catalogue is one."""
    rng = np.random.default_rng(1)
    batch = pa.RecordBatch.from_arrays([_values(rng, column) for column in COLUMNS], schema=schema_of(COLUMNS))
    rows = pa.Table.from_batches([batch] * (count // BATCH_ROWS))
    with duckdb.connect(str(path)) as database:
        database.register("rows", rows)
        database.execute("CREATE TABLE many AS SELECT * FROM rows")


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


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with duckdb.connect(str(path), read_only=True, config={"threads": 2, "memory_limit": "200MB"}) as database:
        yield from database.sql("SELECT * FROM many").to_arrow_reader(BATCH_ROWS)


def _write(folder: Path, source: str, ending: str) -> None:
    FileWriter().write(COLUMNS, _batches(folder / source), folder, parse_output(f"out.{ending}"), METADATA)


def _timed(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _peak_bytes(folder: Path, source: str, ending: str) -> int:
    run = subprocess.run([sys.executable, "-m", "bench.export", str(folder), source, ending], capture_output=True, text=True, check=True)
    return int(run.stdout)


if __name__ == "__main__":
    _write(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    # of this program alone: getrusage's peak begins with that of the process it was forked from
    print(next(int(line.split()[1]) * 1024 for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
