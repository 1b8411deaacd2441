"""What stands behind the wire fake: DuckDB, asked in Oracle's SQL through SkyDesk's own translation."""

import itertools
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from skydesk.backends.oracle_sql import SETUP, translate
from skydesk.errors import InvalidQuery, QueryRefused
from skydesk.query.model import Column, ColumnType

from .values import WireType, wire_type

__all__ = ["Engine", "OracleError", "ResultColumn", "Rows"]

OWNER = "DES_ADMIN"
_DECLARED = {
    ColumnType.BOOLEAN: "NUMBER(1)",
    ColumnType.INT16: "NUMBER(4)",
    ColumnType.INT32: "NUMBER(9)",
    ColumnType.INT64: "NUMBER(18)",
    ColumnType.FLOAT32: "BINARY_FLOAT",
    ColumnType.FLOAT64: "BINARY_DOUBLE",
    ColumnType.STRING: "VARCHAR2(4000)",
    ColumnType.TIMESTAMP: "TIMESTAMP(6)",
}
_COMPUTED = (
    ("FLOAT", "BINARY_FLOAT"),
    ("DOUBLE", "BINARY_DOUBLE"),
    ("TIMESTAMP", "TIMESTAMP(6)"),
    ("DATE", "DATE"),
    ("VARCHAR", "VARCHAR2(4000)"),
)
_DICTIONARY = re.compile(r"\ball_(tables|tab_columns|tab_comments|col_comments)\b", re.IGNORECASE)
_BIND = re.compile(r"'(?:[^']|'')*'|:(\w+)")
_NOTHING = re.compile(r"\s*(ALTER\s+SESSION|SET\s+TRANSACTION|ROLLBACK|BEGIN)\b", re.IGNORECASE)
_EXPLAIN = re.compile(r"EXPLAIN PLAN SET STATEMENT_ID = '(\w+)' FOR (.*)", re.IGNORECASE | re.DOTALL)
_DISPLAY = re.compile(r"SELECT PLAN_TABLE_OUTPUT FROM TABLE\(DBMS_XPLAN\.DISPLAY\(NULL, :\w+, '\w+'\)\)", re.IGNORECASE)
_STEPS = re.compile(r"SELECT ID, PARENT_ID, OPERATION, .*\sFROM PLAN_TABLE\s.*", re.IGNORECASE | re.DOTALL)
_STEP_COLUMNS = (
    ("ID", "NUMBER"),
    ("PARENT_ID", "NUMBER"),
    ("OPERATION", "VARCHAR2(30)"),
    ("OPTIONS", "VARCHAR2(255)"),
    ("OBJECT_NAME", "VARCHAR2(128)"),
    ("CARDINALITY", "NUMBER"),
    ("COST", "NUMBER"),
)
_MESSAGES = {
    904: 'ORA-00904: "{name}": invalid identifier',
    942: "ORA-00942: table or view does not exist",
    1476: "ORA-01476: divisor is equal to zero",
}


_STEP_ROWS = """
    SELECT unnest(from_json(?, '[{"id": "INTEGER", "parent_id": "INTEGER", "operation": "VARCHAR", "options": "VARCHAR",
    "object_name": "VARCHAR", "cardinality": "BIGINT", "cost": "BIGINT"}]'), recursive := true)"""
_Step = dict[str, Any]


class OracleError(Exception):
    """An error as Oracle says it; ``offset`` counts bytes from the first of the statement."""

    def __init__(self, code: int, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message if message.startswith("ORA-") else f"ORA-{code:05}: {message}"
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultColumn:
    name: str
    kind: WireType


class Rows:
    """Rows of one statement, read from DuckDB as they are wanted."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, columns: Sequence[ResultColumn], batches: Iterator[Any]) -> None:
        self._connection = connection
        self.columns = tuple(columns)
        self._rows = (row for batch in batches for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))
        self._interrupted = False

    def take(self, count: int) -> list[tuple[Any, ...]]:
        """Give the next rows, fewer at the end."""
        taken = []
        for row in itertools.islice(self._rows, count):
            if self._interrupted:
                break
            taken.append(row)
        return taken

    def interrupt(self) -> None:
        self._interrupted = True
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()


class Engine:
    """Tables of a DuckDB file as an Oracle schema.

    Parameters
    ----------
    tables
        Columns by table name; each ``{"name", "type", "description", "oracle"}``, the last its Oracle type where it is not the
        usual one.
    """

    def __init__(self, path: str, tables: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
        self._root = duckdb.connect()
        for statement in SETUP:
            self._root.execute(statement.replace(" TEMP MACRO ", " MACRO "))  # for every cursor of this connection
        self._root.execute(f"ATTACH '{path}' AS content (READ_ONLY)")
        self._columns: dict[str, list[Column]] = {}
        self._types: dict[tuple[str, str], str] = {}
        for table, columns in tables.items():
            self._root.execute(f'CREATE VIEW "{table}" AS SELECT * FROM content."{table}"')
            self._columns[table] = [Column(name=each["name"], type=ColumnType(each["type"])) for each in columns]
            for each in columns:
                self._types[table, each["name"]] = each.get("oracle") or _DECLARED[ColumnType(each["type"])]
        self._make_dictionary(tables)
        self._plans: dict[str, tuple[list[str], list[_Step]]] = {}
        self._lock = threading.Lock()

    def describe(self, sql: str) -> tuple[str, list[ResultColumn]]:
        """Translate a statement; give it in DuckDB's words, and its columns."""
        if _DISPLAY.fullmatch(sql.strip()):
            return "", [ResultColumn(name="PLAN_TABLE_OUTPUT", kind=wire_type("VARCHAR2(300)"))]
        if _STEPS.fullmatch(sql.strip()):
            return "", [ResultColumn(name=name, kind=wire_type(kind)) for name, kind in _STEP_COLUMNS]
        sources: Mapping[str, tuple[str, str]] = {}
        if _DICTIONARY.search(sql):
            statement = _BIND.sub(lambda found: "?" if found[1] else found[0], sql)
            shape = _BIND.sub(lambda found: "'X'" if found[1] else found[0], sql)
        else:
            statement, sources = self._translated(sql)
            shape = statement
        with self._cursor() as connection:
            relation = connection.sql(shape)
            pairs = list(zip(relation.columns, relation.types, strict=True))
        return statement, [ResultColumn(name=name.upper(), kind=self._kind(name, str(kind), sources)) for name, kind in pairs]

    def run(
        self, sql: str, statement: str, columns: Sequence[ResultColumn], binds: Sequence[Any], connection: duckdb.DuckDBPyConnection
    ) -> Rows:
        """Begin a statement that `describe` took."""
        if not statement:
            lines, steps = self._plans.get(str(binds[0]), (["Error: cannot fetch plan"], []))
            statement, binds = ("SELECT unnest(?::VARCHAR[]) AS line", [lines]) if len(columns) == 1 else (_STEP_ROWS, [json.dumps(steps)])
        relation = connection.sql(statement, params=list(binds)) if binds else connection.sql(statement)
        return Rows(connection, columns, iter(relation.to_arrow_reader(2000)))

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own, to be closed."""
        return self._root.cursor()

    def carry_out(self, sql: str) -> bool:
        """Carry out what gives no rows; False where it does."""
        explained = _EXPLAIN.fullmatch(sql.strip())
        if explained:
            statement, _ = self._translated(explained[2])
            with self._cursor() as connection:
                rows = connection.execute(f"EXPLAIN {statement}").fetchall()
                ((_, tree),) = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}").fetchall()
            with self._lock:
                self._plans[explained[1]] = [line for _, text in rows for line in text.splitlines()], list(_steps(json.loads(tree)))
            return True
        return _NOTHING.match(sql) is not None

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self._root.cursor()

    def _translated(self, sql: str) -> tuple[str, Mapping[str, tuple[str, str]]]:
        try:
            translation = translate(sql, self._columns, owners=frozenset({OWNER}))
        except QueryRefused as error:
            raise OracleError(3001, f"unimplemented feature of the wire fake: {error}", _offset(sql, error)) from error
        except InvalidQuery as error:
            raise _as_oracle(sql, error) from error
        return translation.statement, translation.source_of

    def _kind(self, name: str, type_name: str, sources: Mapping[str, tuple[str, str]]) -> WireType:
        declared = self._types.get(sources.get(name, ("", "")))
        if declared is not None:
            return wire_type(declared)
        return wire_type(next((kind for prefix, kind in _COMPUTED if type_name.startswith(prefix)), "NUMBER"))

    def _make_dictionary(self, tables: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
        self._root.execute("CREATE TABLE all_tables (owner VARCHAR, table_name VARCHAR, num_rows BIGINT)")
        self._root.execute("CREATE TABLE all_tab_comments (owner VARCHAR, table_name VARCHAR, comments VARCHAR)")
        self._root.execute(
            "CREATE TABLE all_tab_columns (owner VARCHAR, table_name VARCHAR, column_name VARCHAR, data_type VARCHAR, column_id INT)"
        )
        self._root.execute("CREATE TABLE all_col_comments (owner VARCHAR, table_name VARCHAR, column_name VARCHAR, comments VARCHAR)")
        for table, columns in tables.items():
            self._root.execute(f"INSERT INTO all_tables SELECT '{OWNER}', '{table}', count(*) FROM content.\"{table}\"")
            self._root.execute("INSERT INTO all_tab_comments VALUES (?, ?, ?)", [OWNER, table, f"{table} as the dictionary says"])
            for number, each in enumerate(columns, 1):
                row = [OWNER, table, each["name"], self._types[table, each["name"]], number]
                self._root.execute("INSERT INTO all_tab_columns VALUES (?, ?, ?, ?, ?)", row)
                self._root.execute(
                    "INSERT INTO all_col_comments VALUES (?, ?, ?, ?)", [OWNER, table, each["name"], each.get("description")]
                )


def _steps(tree: Sequence[Mapping[str, Any]]) -> Iterator[_Step]:
    """Rows of PLAN_TABLE for DuckDB's plan, the whole statement first."""
    yield {"id": 0, "parent_id": None, "operation": "SELECT STATEMENT", "cost": 7}
    waiting: list[tuple[int, Mapping[str, Any]]] = [(0, node) for node in reversed(tree)]
    number = 0
    while waiting:
        parent, node = waiting.pop()
        number += 1
        scanned = node["extra_info"].get("Table", "").rpartition(".")[2]
        operation, _, options = ("TABLE ACCESS", "", "FULL") if scanned else node["name"].strip().partition("_")
        rows = node["extra_info"].get("Estimated Cardinality")
        step = {"id": number, "parent_id": parent, "operation": operation, "options": options.replace("_", " "), "object_name": scanned}
        yield step | {"cardinality": None if rows is None else int(rows)}
        waiting += [(number, child) for child in reversed(node["children"])]


def as_oracle(error: duckdb.Error) -> OracleError:
    """Find Oracle's error for one that came up while rows were made."""
    text = str(error)
    found = re.search(r"ORA-(\d{5}): [^\n]*", text)
    if found:
        return OracleError(int(found[1]), found[0])
    if "division by zero" in text.casefold():
        return OracleError(1476, _MESSAGES[1476])
    return OracleError(600, f"internal error code of the wire fake: {text.partition(chr(10))[0]}")


def _as_oracle(sql: str, error: InvalidQuery) -> OracleError:
    text, offset = str(error), _offset(sql, error)
    if text.startswith("unknown table"):
        return OracleError(942, _MESSAGES[942], offset)
    if text.startswith("unknown column") or "is no table or alias" in text:
        return OracleError(904, _MESSAGES[904].format(name=text.removeprefix("unknown column ")), offset)
    return OracleError(900, f"invalid SQL statement ({text})", offset)


def _offset(sql: str, error: InvalidQuery) -> int:
    lines = sql.split("\n")[: (error.line or 1) - 1]
    begin = sum(len(line) + 1 for line in lines) + (error.column or 1) - 1
    return len(sql[:begin].encode())
