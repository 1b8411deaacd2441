"""``skydesk tables``: the catalogue's tables, and one's own."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .output import print_json, print_rows, print_text, size
from .query import print_columns
from .statement import read_statement

if TYPE_CHECKING:
    from ..client import SkyDesk
    from ..own_tables import OwnTableInfo

__all__ = ["add_commands"]

_SHOW = "show"
_TAKES_A_VALUE = frozenset({"--survey"})
_OF_ALL = frozenset({"--json", "--debug"})


def add_commands(subparsers: Any) -> None:
    """Add ``tables`` and what it can do; without an action it lists the catalogue's tables, or the columns of one."""
    tables = subparsers.add_parser("tables", help="list tables, or the columns of one; load, lend and match tables of your own")
    actions = tables.add_subparsers(metavar="ACTION", required=True)
    show = actions.add_parser(_SHOW, help="list the catalogue's tables, or the columns of one; what happens where no action is given")
    show.add_argument("name", nargs="?", metavar="NAME", help="a table")
    _finish(show, _show)
    _finish(actions.add_parser("list", help="list your own tables, and those that were granted to you"), _list)
    _finish(actions.add_parser("quota", help="tell how much of your quota is used"), _quota)
    for name, words, run in (("load", "make a table of a file or a statement", _load), ("append", "add rows to a table", _append)):
        action = actions.add_parser(name, help=words)
        action.add_argument("name", metavar="TABLE", help="name of the table")
        action.add_argument("source", metavar="SOURCE", help="a file, or a SELECT statement; @FILE reads one from a file")
        action.add_argument("--as", dest="names", nargs="+", default=[], metavar="COLUMN=NAME", help="other names of columns")
        action.add_argument("--leave-out", nargs="+", default=[], metavar="COLUMN", help="columns that are not wanted")
        if name == "load":
            action.add_argument("--types", nargs="+", default=[], metavar="COLUMN=TYPE", help="other types of columns, such as RA=float64")
            action.add_argument("--description", default="", metavar="TEXT", help="what it is")
        _finish(action, run)
    describe = actions.add_parser("describe", help="print an own table's columns, or say what it or one of its columns is")
    describe.add_argument("name", metavar="TABLE")
    describe.add_argument("--description", metavar="TEXT", help="what the table, or with --column the column is")
    describe.add_argument("--column", metavar="NAME", help="say it of this column")
    describe.add_argument("--unit", metavar="UNIT", help="the column's unit")
    describe.add_argument("--ucd", metavar="UCD", help="the column's UCD")
    describe.add_argument("--index", nargs="+", metavar="COLUMN", help="look rows up quickly by just these columns")
    _finish(describe, _describe)
    rename = actions.add_parser("rename", help="give a table another name")
    rename.add_argument("name", metavar="TABLE")
    rename.add_argument("new_name", metavar="NAME")
    _finish(rename, _rename)
    drop = actions.add_parser("drop", help="remove tables for good")
    drop.add_argument("names", nargs="+", metavar="TABLE")
    _finish(drop, _drop)
    for name, words, run in (("grant", "let others read a table", _grant), ("revoke", "let others read a table no more", _revoke)):
        action = actions.add_parser(name, help=words)
        action.add_argument("name", metavar="TABLE")
        action.add_argument("--users", nargs="+", default=[], metavar="USER")
        action.add_argument("--groups", nargs="+", default=[], metavar="GROUP")
        _finish(action, run)
    match = actions.add_parser("match", help="make a table of a table's partners in the catalogue")
    match.add_argument("name", metavar="TABLE", help="an own table with RA and DEC, or OWNER.TABLE")
    match.add_argument("catalog_table", metavar="CATALOGUE_TABLE")
    match.add_argument("into", metavar="NEW_TABLE")
    match.add_argument("--radius-arcsec", type=float, default=1.0, metavar="R", help="default: 1")
    match.add_argument("--all", action="store_true", help="all partners within the radius, not only the nearest")
    match.add_argument("--columns", nargs="+", default=[], metavar="COLUMN", help="columns of the catalogue's table that are wanted")
    _finish(match, _match)
    tables.parse_known_args = _with_action(tables.parse_known_args, frozenset(actions.choices))


def _finish(parser: Any, run: Callable[[argparse.Namespace, "SkyDesk"], int]) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def _with_action(parse: Callable[..., Any], actions: frozenset[str]) -> Callable[..., Any]:
    """Read ``tables`` and ``tables NAME`` as they were before there were actions."""

    def read(arguments: Sequence[str], namespace: Any = None) -> Any:
        given = list(arguments)
        plain = [
            each for n, each in enumerate(given) if each not in _TAKES_A_VALUE | _OF_ALL and (n == 0 or given[n - 1] not in _TAKES_A_VALUE)
        ]
        if plain and (plain[0] in actions or plain[0] in {"-h", "--help"}):
            return parse(given, namespace)
        return parse([_SHOW, *given], namespace)

    return read


def _show(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    if arguments.name is not None:
        print_columns(sky.table(arguments.name).columns, as_json=arguments.json)
        return 0
    tables = sky.tables()
    if arguments.json:
        print_json([{"name": t.name, "release": t.release, "row_count": t.row_count, "description": t.description} for t in tables])
    else:
        rows = [(t.name, t.release, f"{t.row_count:,}" if t.row_count is not None else "?", t.description) for t in tables]
        print_rows(("TABLE", "RELEASE", "ROWS", "DESCRIPTION"), rows, right=(2,))
    return 0


def _list(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    tables = sky.tables.list()
    if arguments.json:
        print_json(list(map(_as_json, tables)))
        return 0
    granted = {table.name: ", ".join(f"{kind} {name}" for kind, name in table.grants) for table in tables if table.own}
    rows = [(t.sql_name, f"{t.rows:,}", size(t.size_bytes), granted.get(t.name, "") if t.own else "", t.description) for t in tables]
    print_rows(("TABLE", "ROWS", "SIZE", "GRANTED TO", "DESCRIPTION"), rows, right=(1, 2))
    return 0


def _quota(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    quota = sky.tables.quota()
    if arguments.json:
        print_json(quota)
    else:
        used, limit = size(quota["used_bytes"]), size(quota["limit_bytes"])
        print_text(f"{used} of {limit}, {quota['tables']:,} of {quota['max_tables']:,} tables")
    return 0


def _load(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    table = sky.tables.load(
        arguments.name,
        _source(arguments.source),
        description=arguments.description,
        types=_pairs(arguments.types, "--types"),
        names=_pairs(arguments.names, "--as"),
        leave_out=arguments.leave_out,
    )
    return _told(arguments, table)


def _append(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    names, leave_out = _pairs(arguments.names, "--as"), arguments.leave_out
    return _told(arguments, sky.tables.append(arguments.name, _source(arguments.source), names=names, leave_out=leave_out))


def _describe(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    words = {key: value for key, value in (("unit", arguments.unit), ("ucd", arguments.ucd)) if value is not None}
    if words and arguments.column is None:
        raise UsageError("a unit and a UCD are a column's; name it with --column")
    if arguments.index is not None:
        sky.tables.index(arguments.name, arguments.index)
    if arguments.column is not None:
        words |= {} if arguments.description is None else {"description": arguments.description}
        sky.tables.describe(arguments.name, columns={arguments.column: words})
    elif arguments.description is not None:
        sky.tables.describe(arguments.name, arguments.description)
    table = sky.tables.get(arguments.name)
    if arguments.json:
        print_json(_as_json(table))
    else:
        if table.description:
            print_text(table.description)
        print_columns(table.columns, as_json=False)
    return 0


def _rename(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    return _told(arguments, sky.tables.rename(arguments.name, arguments.new_name))


def _drop(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    for name in arguments.names:
        sky.tables.drop(name)
    return 0


def _grant(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    return _told(arguments, sky.tables.grant(arguments.name, users=arguments.users, groups=arguments.groups))


def _revoke(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    return _told(arguments, sky.tables.revoke(arguments.name, users=arguments.users, groups=arguments.groups))


def _match(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    table = sky.tables.match(
        arguments.name,
        arguments.catalog_table,
        arguments.into,
        radius_arcsec=arguments.radius_arcsec,
        nearest=not arguments.all,
        columns=arguments.columns,
    )
    return _told(arguments, table)


def _source(text: str) -> Any:
    """A path where there is such a file, else a statement."""
    if text.startswith("@"):
        return read_statement(text)
    if Path(text).is_file() or not text.lstrip("( \n").upper().startswith(("SELECT", "WITH")):
        return Path(text)
    return text


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals or not name or not value:
            raise UsageError(f"{option} takes COLUMN=..., got {text!r:.100}")
        pairs[name] = value
    return pairs


def _told(arguments: argparse.Namespace, table: "OwnTableInfo") -> int:
    if arguments.json:
        print_json(_as_json(table))
    else:
        print(f"{table.name}: {table.rows:,} rows, {len(table.columns)} columns, {size(table.size_bytes)}", file=sys.stderr)
    return 0


def _as_json(table: "OwnTableInfo") -> dict[str, Any]:
    return {
        "owner": table.owner,
        "name": table.name,
        "description": table.description,
        "rows": table.rows,
        "size_bytes": table.size_bytes,
        "columns": [{"name": c.name, "type": c.type, "unit": c.unit, "ucd": c.ucd, "description": c.description} for c in table.columns],
        "indexes": table.indexes,
        "grants": [{"kind": kind, "name": name} for kind, name in table.grants],
        "own": table.own,
    }
