"""``skydesk query``."""

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidQuery, UsageError
from .arguments import count, seconds
from .output import json_text, print_json, print_rows, print_text, size
from .statement import read_statement, with_place

if TYPE_CHECKING:
    import pyarrow as pa

    from ..client import JobHandle, SkyDesk
    from ..query.model import Column, Output

__all__ = ["add_commands", "print_columns"]

_MOST_SHOWN = 10_000
"""Rows that are shown where nothing is said of how many; a terminal is no place for more."""


def add_commands(subparsers: Any) -> None:
    """Add the command."""
    query = subparsers.add_parser("query", help="run a statement", description="Run one SELECT statement on the survey's catalogue.")
    query.add_argument("sql", metavar="SQL", help="the statement; @FILE reads it from a file, - from standard input")
    query.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the rows to a file; its ending says the format")
    what = query.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="only check the statement; print the columns it would return")
    what.add_argument("--explain", action="store_true", help="print how the database would carry it out")
    what.add_argument("--as-job", action="store_true", help="submit it as a job; with -o wait for it and fetch the file")
    query.add_argument("--max-rows", type=count(0), metavar="N", help=f"rows at the most (shown: {_MOST_SHOWN:,} unless you say)")
    query.add_argument("--timeout-seconds", type=seconds, metavar="S", help="stop after so many seconds; a job goes on")
    query.add_argument("--name", help="name of the job")
    query.add_argument("--json", action="store_true", help="print JSON")
    query.set_defaults(run=_query)


def _query(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    sql = read_statement(arguments.sql)
    output = _output(arguments.output) if arguments.output is not None else None
    try:
        if arguments.check:
            print_columns(sky.check(sql), as_json=arguments.json)
        elif arguments.explain:
            _explain(sky, sql, as_json=arguments.json)
        elif arguments.as_job:
            _as_job(sky, sql, output, arguments)
        elif output is not None:
            _to_file(sky, sql, output, arguments)
        elif arguments.json:
            _print_json_rows(sky, sql, arguments)
        else:
            _print_result(sky, sql, arguments)
    except InvalidQuery as error:
        raise with_place(error) from error
    return 0


def _output(path: Path) -> "Output":
    """What to write, of a path whose folder is there and lets us write; the statement is not run for nothing."""
    from ..query.output import parse_output

    output = parse_output(path.name)
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"you may not write in the folder {path.parent}")
    if (path.parent / output.file_name).is_dir():
        raise UsageError(f"{path} is a folder; give the name of a file")
    return output


def _explain(sky: "SkyDesk", sql: str, *, as_json: bool) -> None:
    explanation = sky.explain(sql)
    if as_json:
        print_json({"plan": explanation.plan, "statement": explanation.statement})
    else:
        print_text(f"{explanation.statement}\n\n{explanation.plan}")


def _print_result(sky: "SkyDesk", sql: str, arguments: argparse.Namespace) -> None:
    from ..results import columns_of

    most = _MOST_SHOWN if arguments.max_rows is None else arguments.max_rows
    with sky.stream(sql, max_rows=most + 1 if arguments.max_rows is None else most, limit_seconds=arguments.timeout_seconds) as reader:
        table = reader.read_all()
        columns = columns_of(reader.schema)
    has_more, table = table.num_rows > most, table.slice(0, most)
    numbers = [i for i, column in enumerate(columns) if column.type not in {"string", "timestamp", "boolean"}]
    header = [f"{c.name} [{c.unit}]" if c.unit else c.name for c in columns]
    print_rows(header, ([_text(value) for value in row] for batch in table.to_batches() for row in _rows(batch, columns)), right=numbers)
    if has_more:
        print(f"the first {most:,} rows; for all of them write a file with -o, or say --max-rows", file=sys.stderr)
    else:
        print(f"{table.num_rows:,} row{'' if table.num_rows == 1 else 's'}", file=sys.stderr)


def _print_json_rows(sky: "SkyDesk", sql: str, arguments: argparse.Namespace) -> None:
    """Print a list of objects, all rows, as they come."""
    from ..results import columns_of

    with sky.stream(sql, max_rows=arguments.max_rows, limit_seconds=arguments.timeout_seconds) as reader:
        columns = columns_of(reader.schema)
        names = [column.name for column in columns]
        before = "["
        for batch in reader:
            for row in _rows(batch, columns):
                print(before, json_text(dict(zip(names, row, strict=True))), sep="\n", end="")
                before = ","
    print("[]" if before == "[" else "\n]")


def _rows(batch: "pa.RecordBatch", columns: "tuple[Column, ...]") -> Iterator[tuple[Any, ...]]:
    """Rows of Python values; single precision has no more digits than it can tell apart."""
    values = [_values(array, column) for array, column in zip(batch.columns, columns, strict=True)]
    return zip(*values, strict=True) if values else iter(())


def _values(array: "pa.Array", column: "Column") -> list[Any]:
    values: list[Any] = array.to_pylist()
    if column.type != "float32":
        return values
    import numpy as np

    return [None if value is None else float(str(np.float32(value))) for value in values]


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _to_file(sky: "SkyDesk", sql: str, output: "Output", arguments: argparse.Namespace) -> None:
    from .. import __version__
    from ..backends.writers import FileWriter
    from ..query.model import ResultMetadata
    from ..results import columns_of

    folder = arguments.output.parent
    survey = sky.session()["survey"]["name"]
    metadata = ResultMetadata(sql=sql, survey=survey, release=None, created_at=datetime.now(UTC), skydesk_version=__version__)
    with sky.stream(sql, max_rows=arguments.max_rows, limit_seconds=arguments.timeout_seconds) as reader:
        files = FileWriter().write(columns_of(reader.schema), iter(reader), folder, output, metadata)
    if arguments.json:
        print_json([{"name": file.name, "size_bytes": file.size_bytes, "rows": file.rows} for file in files])
        return
    for file in files:
        print(f"{folder / file.name}: {file.rows:,} rows, {size(file.size_bytes)}", file=sys.stderr)


def _as_job(sky: "SkyDesk", sql: str, output: "Output | None", arguments: argparse.Namespace) -> None:
    file_name = output.file_name if output is not None else "result.parquet"
    job = sky.submit(sql, file_name=file_name, name=arguments.name, max_rows=arguments.max_rows)
    if output is not None or not sky.outlives_this_process:
        _wait(job, arguments)
    if output is not None:
        for path in job.download(arguments.output.parent):
            print(path, file=sys.stderr)
    if arguments.json:
        print_json(job.info)
    else:
        print(job.id)


def _wait(job: "JobHandle", arguments: argparse.Namespace) -> None:
    job.wait(arguments.timeout_seconds, progress=sys.stderr.isatty())


def print_columns(columns: Any, *, as_json: bool) -> None:
    """Print columns with types, units and descriptions."""
    if as_json:
        print_json([{"name": c.name, "type": c.type, "unit": c.unit, "ucd": c.ucd, "description": c.description} for c in columns])
    else:
        print_rows(("COLUMN", "TYPE", "UNIT", "UCD", "DESCRIPTION"), [(c.name, c.type, c.unit, c.ucd, c.description) for c in columns])
