"""``skydesk query`` and ``skydesk tables``."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidQuery, UsageError
from .output import print_json, print_rows, size

if TYPE_CHECKING:
    from ..client import JobHandle, SkyDesk

__all__ = ["add_commands"]


def add_commands(subparsers: Any) -> None:
    """Add both commands."""
    query = subparsers.add_parser("query", help="run a statement", description="Run one SELECT statement on the survey's catalogue.")
    query.add_argument("sql", metavar="SQL", help="the statement; @FILE reads it from a file, - from standard input")
    query.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the rows to a file; its ending says the format")
    what = query.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="only check the statement; print the columns it would return")
    what.add_argument("--explain", action="store_true", help="print how the database would carry it out")
    what.add_argument("--as-job", action="store_true", help="submit it as a job; with -o wait for it and fetch the file")
    query.add_argument("--max-rows", type=int, metavar="N", help="rows at the most")
    query.add_argument("--timeout-seconds", type=float, metavar="S", help="stop after so many seconds")
    query.add_argument("--name", help="name of the job")
    query.add_argument("--json", action="store_true", help="print JSON")
    query.set_defaults(run=_query)

    tables = subparsers.add_parser("tables", help="list tables, or the columns of one")
    tables.add_argument("name", nargs="?", metavar="NAME", help="a table")
    tables.add_argument("--json", action="store_true", help="print JSON")
    tables.set_defaults(run=_tables)


def _query(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    sql = _statement(arguments.sql)
    try:
        if arguments.check:
            _print_columns(sky.check(sql), as_json=arguments.json)
        elif arguments.explain:
            _explain(sky, sql, as_json=arguments.json)
        elif arguments.as_job:
            _as_job(sky, sql, arguments)
        elif arguments.output is not None:
            _to_file(sky, sql, arguments)
        else:
            _print_result(sky, sql, arguments)
    except InvalidQuery as error:
        raise _with_place(error) from error
    return 0


def _statement(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if not text.startswith("@"):
        return text
    path = Path(text[1:])
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the statement from {path}: {error}") from error


def _with_place(error: InvalidQuery) -> UsageError:
    where = f"line {error.line}, column {error.column}: " if error.line is not None else ""
    hint = f"; {error.hint}" if error.hint else ""
    return UsageError(f"{where}{error}{hint}")


def _explain(sky: "SkyDesk", sql: str, *, as_json: bool) -> None:
    explanation = sky.explain(sql)
    if as_json:
        print_json({"plan": explanation.plan, "statement": explanation.statement})
    else:
        print(explanation.statement, explanation.plan, sep="\n\n")


def _print_result(sky: "SkyDesk", sql: str, arguments: argparse.Namespace) -> None:
    result = sky.query(sql, max_rows=arguments.max_rows, limit_seconds=arguments.timeout_seconds)
    if arguments.json:
        print_json(result.to_arrow().to_pylist())
        return
    table = result.to_arrow()
    numbers = [i for i, column in enumerate(result.columns) if column.type not in {"string", "timestamp", "boolean"}]
    header = [f"{c.name} [{c.unit}]" if c.unit else c.name for c in result.columns]
    rows = ([_text(value) for value in row.values()] for batch in table.to_batches() for row in batch.to_pylist())
    print_rows(header, rows, right=numbers)
    print(f"{len(result):,} row{'' if len(result) == 1 else 's'}", file=sys.stderr)


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _to_file(sky: "SkyDesk", sql: str, arguments: argparse.Namespace) -> None:
    from .. import __version__
    from ..backends.writers import FileWriter
    from ..query.model import ResultMetadata
    from ..query.output import parse_output
    from ..results import columns_of

    output = parse_output(arguments.output.name)
    if not arguments.output.parent.is_dir():
        raise UsageError(f"there is no folder {arguments.output.parent}")
    survey = sky.session()["survey"]["name"]
    metadata = ResultMetadata(sql=sql, survey=survey, release=None, created_at=datetime.now(UTC), skydesk_version=__version__)
    with sky.stream(sql, max_rows=arguments.max_rows, limit_seconds=arguments.timeout_seconds) as reader:
        files = FileWriter().write(columns_of(reader.schema), iter(reader), arguments.output.parent, output, metadata)
    written = [{"name": file.name, "size_bytes": file.size_bytes, "rows": file.rows} for file in files]
    if arguments.json:
        print_json(written)
        return
    for file in files:
        print(f"{arguments.output.parent / file.name}: {file.rows:,} rows, {size(file.size_bytes)}", file=sys.stderr)


def _as_job(sky: "SkyDesk", sql: str, arguments: argparse.Namespace) -> None:
    file_name = arguments.output.name if arguments.output is not None else "result.parquet"
    job = sky.submit(sql, file_name=file_name, name=arguments.name, max_rows=arguments.max_rows)
    if arguments.output is not None or not sky.outlives_this_process:
        _wait(job, arguments)
    if arguments.output is not None:
        job.download(arguments.output.parent)
    if arguments.json:
        print_json(job.info)
    else:
        print(job.id)


def _wait(job: "JobHandle", arguments: argparse.Namespace) -> None:
    job.wait(arguments.timeout_seconds, progress=sys.stderr.isatty())


def _tables(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    if arguments.name is not None:
        table = sky.table(arguments.name)
        _print_columns(table.columns, as_json=arguments.json)
        return 0
    tables = sky.tables()
    if arguments.json:
        print_json([{"name": t.name, "release": t.release, "row_count": t.row_count, "description": t.description} for t in tables])
    else:
        rows = [(t.name, t.release, f"{t.row_count:,}" if t.row_count is not None else "?", t.description) for t in tables]
        print_rows(("TABLE", "RELEASE", "ROWS", "DESCRIPTION"), rows, right=(2,))
    return 0


def _print_columns(columns: Any, *, as_json: bool) -> None:
    if as_json:
        print_json([{"name": c.name, "type": c.type, "unit": c.unit, "ucd": c.ucd, "description": c.description} for c in columns])
    else:
        print_rows(("COLUMN", "TYPE", "UNIT", "UCD", "DESCRIPTION"), [(c.name, c.type, c.unit, c.ucd, c.description) for c in columns])
