"""Rows streamed from the wire fake: what our code adds to the driver's own work, in seconds of this process's processors.

The peer is bare python-oracledb: `fetch_df_batches` of the same statement on a session that stands, in batches of the same size,
each made into an Arrow table. Ours is the catalogue's whole `stream`: looking the statement through, a session of the pool, having
it parsed, and the rows with exactly the columns' types. The wire fake is a process of its own, whose time is not counted; that is
Python and slower than the driver, so the wait, which is given as well, says nothing of an Oracle.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import oracledb
import pyarrow as pa

from skydesk.backends.oracle_catalog import Account, OracleCatalog
from skydesk.demo_survey.database import write_catalogue
from skydesk.query.model import Column, ColumnType, Table
from tests.fakes.oracle_wire import PASSWORD, USER, WireFake
from tests.fakes.oracle_wire.engine import OWNER

from .measure import figure

ROWS = 120_000
BATCH_ROWS = 20_000
REPEATS = 12
TARGET_PERCENT = 15.0
TABLE = Table(
    name="OBJECTS",
    release="BENCH",
    columns=(
        Column(name="COADD_OBJECT_ID", type=ColumnType.INT64),
        Column(name="TILENAME", type=ColumnType.STRING),
        Column(name="RA", type=ColumnType.FLOAT64, unit="deg"),
        Column(name="DEC", type=ColumnType.FLOAT64, unit="deg"),
        *(Column(name=f"MAG_AUTO_{band}", type=ColumnType.FLOAT32, unit="mag") for band in "GRIZY"),
        Column(name="FLAGS_G", type=ColumnType.INT16),
    ),
)
SQL = f"SELECT * FROM {TABLE.name}"


@dataclass(frozen=True)
class _Survey:
    tables: tuple[Table, ...] = (TABLE,)


def figures() -> list[dict[str, object]]:
    """Stream the same rows both ways, in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_catalogue(folder / "catalog.duckdb", [(TABLE, _sky())])
        (folder / "password").write_text(PASSWORD)
        with WireFake(folder / "catalog.duckdb", [TABLE]) as wire:
            account = Account(dsn=wire.dsn, user=USER, password_file=folder / "password", schema=OWNER)
            return _figures(account)


def _sky() -> dict[str, np.ndarray]:
    chance = np.random.default_rng(42)
    columns = {"COADD_OBJECT_ID": np.arange(ROWS) + 1_000_000_000, "TILENAME": np.full(ROWS, "DES2134-0041")}
    columns |= {"RA": chance.uniform(0, 90, ROWS), "DEC": chance.uniform(-60, 0, ROWS)}
    columns |= {f"MAG_AUTO_{band}": chance.normal(22, 1.5, ROWS) for band in "GRIZY"}
    return columns | {"FLAGS_G": chance.integers(0, 4, ROWS)}


def _figures(account: Account) -> list[dict[str, object]]:
    catalog = OracleCatalog(account, survey=_Survey())
    try:
        with oracledb.connect(user=account.user, password=account.password(), dsn=account.dsn) as connection:
            connection.current_schema = account.owner
            _bare(connection)
            _ours(catalog)
            pairs = [(_cost(lambda: _bare(connection)), _cost(lambda: _ours(catalog))) for _ in range(REPEATS)]
    finally:
        catalog.close()
    # the least of each: whatever else the machine does takes processor time from both, and from neither alike
    bare, bare_wait = (min(theirs[at] for theirs, _ in pairs) for at in range(2))
    ours, ours_wait = (min(own[at] for _, own in pairs) for at in range(2))
    return [
        figure("oracle: what ours adds to the driver's work", 100 * (ours / bare - 1), "%", target=TARGET_PERCENT),
        figure(f"oracle: work for {ROWS:,} rows, {len(TABLE.columns)} columns", 1e3 * ours, peer="bare oracledb", peer_value=1e3 * bare),
        figure("oracle: wait for them, of the wire fake", 1e3 * ours_wait, peer="bare oracledb", peer_value=1e3 * bare_wait),
    ]


def _bare(connection: oracledb.Connection) -> None:
    rows = sum(pa.table(frame).num_rows for frame in connection.fetch_df_batches(SQL, size=BATCH_ROWS))
    assert rows == ROWS, rows


def _ours(catalog: OracleCatalog) -> None:
    with catalog.stream(SQL, batch_rows=BATCH_ROWS, limit_seconds=120) as stream:
        rows = sum(batch.num_rows for batch in stream)
    assert rows == ROWS, rows


def _cost(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds of the processors, and of the clock."""
    begin, cpu = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - cpu, time.perf_counter() - begin
