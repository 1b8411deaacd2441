"""A quick page as a lab gets it: over HTTP, through the real handler, of a statement that was never seen before.

What the service adds to the database's own time is the whole of its waiting less one run of the same translated statement
on the same connection settings: translation, binding, rules, history, encoding, the handler and the loopback.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from .measure import figure, median_ms, seconds_of
from .served import Served, serve

__all__ = ["figures"]

REPEATS = 15
TARGET_MS = 20
M2 = """\
SELECT {} AS RUN, COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G G, MAG_AUTO_R R, WAVG_MAG_PSF_G G_PSF, WAVG_MAG_PSF_R R_PSF FROM DR1_MAIN
WHERE RA between 323.36-0.12 and 323.36+0.12 and DEC between -0.82-0.12 and -0.82+0.12
and WAVG_SPREAD_MODEL_I + 3.0*WAVG_SPREADERR_MODEL_I < 0.005 and WAVG_SPREAD_MODEL_I > -1
and IMAFLAGS_ISO_G = 0 and IMAFLAGS_ISO_R = 0 and FLAGS_G < 4 and FLAGS_R < 4"""
EVERYTHING = "SELECT M.* FROM DR2_MAIN M WHERE RA BETWEEN 323.0 AND 324.{:03d}"
IDS = "SELECT COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G FROM DR2_MAIN WHERE COADD_OBJECT_ID IN ({})"


def figures() -> list[dict[str, Any]]:
    """Medians of statements that differ in a constant, each seen for the first time."""
    with tempfile.TemporaryDirectory(prefix="skydesk-bench-") as folder, serve(Path(folder)) as served:
        first = [M2.format(number) for number in range(REPEATS)]
        wide = [EVERYTHING.format(number) for number in range(REPEATS)]
        return [
            _page(served, "quick page of M2, beyond the database", first, 8),
            _page(served, "quick page of 1000 rows x 215 columns, beyond the database", wide, 215),
            _ids(served),
        ]


def _page(served: Served, name: str, statements: list[str], columns: int) -> dict[str, Any]:
    table = _quick(served, statements[0].replace("SELECT", "SELECT ", 1))
    if table.num_columns != columns or table.num_rows != 1000:
        raise RuntimeError(f"a page of 1000 rows x {columns} columns is expected, got {table.shape}")
    beyond = [1e3 * (seconds_of(lambda sql=sql: _quick(served, sql)) - _database_seconds(served, sql)) for sql in statements]  # type: ignore[misc]
    as_json = median_ms(lambda rows: json.dumps(rows.to_pylist()), [table] * 5)
    return figure(name, statistics.median(beyond), target=TARGET_MS, peer="the same page as JSON rows", peer_value=as_json)


def _ids(served: Served) -> dict[str, Any]:
    """The whole wait for a page of 1000 ids; the same list of Oracle's 1000 literals sent as a statement of the database's own."""
    with served.services.catalog.stream("SELECT COADD_OBJECT_ID FROM DR2_MAIN SAMPLE(90) SEED(1)", max_rows=1000 * REPEATS) as rows:
        ids = pa.Table.from_batches(list(rows)).column(0).to_pylist()
    lists = [IDS.format(", ".join(map(str, ids[number::REPEATS]))) for number in range(REPEATS)]
    return figure("quick page of 1000 ids in the demo survey, all in all", median_ms(lambda sql: _quick(served, sql), lists))


def _quick(served: Served, sql: str) -> pa.Table:
    return pa.ipc.open_stream(served.call("POST", "query/quick", json.dumps({"sql": sql}).encode())).read_all()


def _database_seconds(served: Served, sql: str) -> float:
    """Running and fetching alone: the statement was translated and bound before."""
    served.services.catalog.check(sql)
    begin = time.perf_counter()
    with served.services.catalog.stream(sql, max_rows=1001) as rows:
        list(rows)
    return time.perf_counter() - begin
